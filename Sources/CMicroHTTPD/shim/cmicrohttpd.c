#define _GNU_SOURCE
#include "cmicrohttpd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void (*refusing)(void *context, unsigned status);

// That libmicrohttpd refuses a request by itself, it says in its log alone.
static void on_message(void *context, const char *format, va_list arguments) {
  static const char refusal[] = "Error processing request (HTTP response code is %u";
  if (!strncmp(format, refusal, sizeof refusal - 1)) refusing(context, va_arg(arguments, unsigned));
}

struct MHD_Daemon *cmicrohttpd_start(const struct cmicrohttpd_options *options) {
  refusing = options->refusing;
  // Strictness stays at MHD's default: the stricter levels answer in HTML or close without a word,
  // and the server's own checks cover what they refuse.
  return MHD_start_daemon(
      MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, options->handle, options->context,
      MHD_OPTION_EXTERNAL_LOGGER, on_message, options->context,
      MHD_OPTION_LISTEN_SOCKET, options->listener,
      MHD_OPTION_CONNECTION_LIMIT, options->connections_max,
      MHD_OPTION_PER_IP_CONNECTION_LIMIT, options->connections_per_address_max,
      MHD_OPTION_CONNECTION_TIMEOUT, options->idle_timeout_seconds,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, options->connection_memory,
      MHD_OPTION_URI_LOG_CALLBACK, options->request_line, options->context,
      MHD_OPTION_NOTIFY_COMPLETED, options->completed, options->context,
      MHD_OPTION_NOTIFY_CONNECTION, options->connection_changed, options->context,
      MHD_OPTION_END);
}

int cmicrohttpd_epoll(struct MHD_Daemon *daemon) {
  const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
  return info ? info->epoll_fd : -1;
}

int cmicrohttpd_socket(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info ? info->connect_fd : -1;
}

void *cmicrohttpd_context(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info ? info->socket_context : NULL;
}

size_t cmicrohttpd_head_bytes(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  return info ? info->header_size : 0;
}

void cmicrohttpd_peer(struct MHD_Connection *connection, char *text, size_t capacity) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  text[0] = 0;
  if (!info || !info->client_addr) return;
  if (info->client_addr->sa_family == AF_INET) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)info->client_addr;
    inet_ntop(AF_INET, &v4->sin_addr, text, capacity);
  } else if (info->client_addr->sa_family == AF_INET6) {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)info->client_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
      inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], text, capacity);
    else
      inet_ntop(AF_INET6, &v6->sin6_addr, text, capacity);
  }
}

struct MHD_Response *cmicrohttpd_response(const void *bytes, size_t count) {
  return MHD_create_response_from_buffer(
      count, (void *)(bytes ? bytes : ""), count ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT);
}

const ssize_t cmicrohttpd_body_end = MHD_CONTENT_READER_END_OF_STREAM;
const ssize_t cmicrohttpd_body_broken_off = MHD_CONTENT_READER_END_WITH_ERROR;

struct MHD_Response *cmicrohttpd_streamed_response(
    int to_head, MHD_ContentReaderCallback read, void *context, MHD_ContentReaderFreeCallback free) {
  // The block is for HTTP/1.0 alone: chunks are made in the connection's own memory.
  struct MHD_Response *response =
      MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1024, read, context, free);
  // Version 0.9.75 sends the last chunk even to a HEAD request, unless chunks are ruled out.
  if (response && to_head)
    MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
  return response;
}

// Fills in an address of either family; returns its length, or 0 if the text is no address.
static socklen_t parse(const char *address, uint16_t port, struct sockaddr_storage *storage) {
  memset(storage, 0, sizeof *storage);
  struct sockaddr_in *v4 = (struct sockaddr_in *)storage;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)storage;
  if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    return sizeof *v4;
  }
  if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    return sizeof *v6;
  }
  return 0;
}

static int listen_on(const char *address, uint16_t port, int backlog, int both_families) {
  struct sockaddr_storage storage;
  socklen_t length = parse(address, port, &storage);
  if (!length) return -EINVAL;
  int one = 1, v6_only = !both_families;
  int listener = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0) return -errno;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (storage.ss_family == AF_INET6)
    setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only);
  if (setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) ||
      bind(listener, (struct sockaddr *)&storage, length) || listen(listener, backlog)) {
    int failure = errno;
    close(listener);
    return -failure;
  }
  return listener;
}

int cmicrohttpd_listen(const char *address, uint16_t port, int backlog) {
  if (address) return listen_on(address, port, backlog, 0);
  int listener = listen_on("::", port, backlog, 1);
  if (listener == -EAFNOSUPPORT || listener == -EADDRNOTAVAIL)
    return listen_on("0.0.0.0", port, backlog, 0);
  return listener;
}

int cmicrohttpd_port(int listener) {
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;
  if (getsockname(listener, (struct sockaddr *)&storage, &length)) return -errno;
  return ntohs(storage.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&storage)->sin6_port
                                             : ((struct sockaddr_in *)&storage)->sin_port);
}
