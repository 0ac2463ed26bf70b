// libmicrohttpd behind functions that Swift can call: its macros and variadics.
#ifndef CMICROHTTPD_H
#define CMICROHTTPD_H
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

// What a daemon is started with; `context` is the first argument of every callback.
struct cmicrohttpd_options {
  int listener;
  unsigned connections_max;
  unsigned connections_per_address_max;  // 0: no limit
  unsigned idle_timeout_seconds;
  size_t connection_memory;
  void *context;
  void *(*request_line)(void *context, const char *target, struct MHD_Connection *connection);
  MHD_AccessHandlerCallback handle;
  MHD_RequestCompletedCallback completed;
  MHD_NotifyConnectionCallback connection_changed;
  // Called before libmicrohttpd refuses a request by itself. One for all daemons of a process.
  void (*refusing)(void *context, unsigned status);
};

// Starts a daemon without threads: the caller polls its epoll descriptor. NULL on failure.
struct MHD_Daemon *cmicrohttpd_start(const struct cmicrohttpd_options *options);
int cmicrohttpd_epoll(struct MHD_Daemon *daemon);

int cmicrohttpd_socket(struct MHD_Connection *connection);
// What the connection callback stored for this connection.
void *cmicrohttpd_context(struct MHD_Connection *connection);
// Bytes of the request line and the header fields.
size_t cmicrohttpd_head_bytes(struct MHD_Connection *connection);
// Writes the peer's numeric address; IPv4 in its own notation even on an IPv6 socket.
void cmicrohttpd_peer(struct MHD_Connection *connection, char *text, size_t capacity);

// A response with a copy of `bytes`.
struct MHD_Response *cmicrohttpd_response(const void *bytes, size_t count);

// A response of unknown length, which `read` fills piece by piece; `free` releases `context`.
// To a HEAD request, which gets no body, the connection is closed after it.
struct MHD_Response *cmicrohttpd_streamed_response(
    int to_head, MHD_ContentReaderCallback read, void *context, MHD_ContentReaderFreeCallback free);
// What `read` returns at the end of the body, and where it breaks off.
extern const ssize_t cmicrohttpd_body_end;
extern const ssize_t cmicrohttpd_body_broken_off;

// A listening socket shared through SO_REUSEPORT, or the negated errno.
// `address` is numeric; NULL means every address, of both families where the host has IPv6.
int cmicrohttpd_listen(const char *address, uint16_t port, int backlog);
// The port that a socket is bound to, or the negated errno.
int cmicrohttpd_port(int listener);
#endif
