// libmicrohttpd behind functions that Swift can call: its macros and variadics.
#ifndef CMICROHTTPD_H
#define CMICROHTTPD_H
#include <microhttpd.h>
#endif
