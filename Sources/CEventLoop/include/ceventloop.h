// What Swift's Glibc module leaves out of epoll, eventfd and signalfd.
#ifndef CEVENTLOOP_H
#define CEVENTLOOP_H
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#endif
