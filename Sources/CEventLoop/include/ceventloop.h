// What Swift's Glibc module leaves out: epoll, eventfd, signalfd and the allocator's options.
#ifndef CEVENTLOOP_H
#define CEVENTLOOP_H
#include <malloc.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#endif
