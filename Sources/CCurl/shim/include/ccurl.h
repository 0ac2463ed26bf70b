// libcurl behind functions that Swift can call: its macros and variadics.
#ifndef CCURL_H
#define CCURL_H
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

CURLcode ccurl_global_init(void);

CURLcode ccurl_set_number(CURL *easy, CURLoption option, long value);
CURLcode ccurl_set_size(CURL *easy, CURLoption option, curl_off_t value);
CURLcode ccurl_set_text(CURL *easy, CURLoption option, const char *value);
CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, void *value);
CURLcode ccurl_set_headers(CURL *easy, struct curl_slist *headers);
// The callbacks of a transfer; `context` is their last argument, or their first.
CURLcode ccurl_set_callbacks(CURL *easy, void *context, curl_write_callback body,
                             curl_write_callback header, curl_opensocket_callback open);

long ccurl_number(CURL *easy, CURLINFO info);
const char *ccurl_text(CURL *easy, CURLINFO info);
// What was stored under CURLOPT_PRIVATE.
void *ccurl_context(CURL *easy);

CURLMcode ccurl_multi_set_number(CURLM *multi, CURLMoption option, long value);
CURLMcode ccurl_multi_set_callbacks(CURLM *multi, void *context, curl_socket_callback socket,
                                    curl_multi_timer_callback timer);
// The next transfer that has ended, and how; NULL if there is none.
CURL *ccurl_multi_next_ended(CURLM *multi, CURLcode *result);

// The address in its full length, which the declared type of the field cuts off.
const struct sockaddr *ccurl_address(const struct curl_sockaddr *address);
// An unconnected socket for a resolved address, or CURL_SOCKET_BAD.
curl_socket_t ccurl_open(const struct curl_sockaddr *address);
#endif
