// libcurl behind functions that Swift can call: its macros and variadics.
#ifndef CCURL_H
#define CCURL_H
#include <curl/curl.h>
#endif
