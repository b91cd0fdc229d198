#define _GNU_SOURCE
#include "http.h"
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void connect_http(struct exchange *exchange, int port) {
    memset(exchange, 0, sizeof *exchange);
    exchange->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(exchange->socket, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    int on = 1;
    setsockopt(exchange->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(exchange->socket, F_SETFL, O_NONBLOCK);
}

char *get_request(const char *path) {
    char *request;
    if (asprintf(&request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path) < 0) fail("asprintf");
    return request;
}

void send_request(struct exchange *exchange, const char *request) {
    size_t size = strlen(request);
    if (send(exchange->socket, request, size, MSG_NOSIGNAL) != (ssize_t)size) fail("send");
}

/// Reads the head that is whole.
static void begin_body(struct exchange *exchange) {
    exchange->head[exchange->head_size] = 0;
    if (sscanf(exchange->head, "HTTP/1.1 %d", &exchange->status) != 1 || exchange->status != 200) {
        errno = 0;
        fprintf(stderr, "%s\n", exchange->head);
        fail("answer");
    }
    exchange->head_size = 0;
    const char *length = strcasestr(exchange->head, "\r\ncontent-length:");
    if (length) {
        exchange->left = strtoull(length + strlen("\r\ncontent-length:"), NULL, 10);
        exchange->state = in_length;
    } else if (strcasestr(exchange->head, "\r\ntransfer-encoding: chunked")) {
        exchange->left = 0;
        exchange->state = in_chunk_size;
    } else {
        errno = 0;
        fail("an answer without a length");
    }
}

/// Takes one byte of a line that frames chunks. Returns whether the answer is whole.
static int take_framing(struct exchange *exchange, char byte) {
    if (exchange->state == in_chunk_size && byte != '\n') {
        int digit = byte >= '0' && byte <= '9' ? byte - '0' : (byte | 32) >= 'a' && (byte | 32) <= 'f' ? (byte | 32) - 'a' + 10 : -1;
        if (digit >= 0) exchange->left = exchange->left << 4 | (uint64_t)digit;
        return 0;
    }
    if (exchange->state == in_chunk_size) {
        exchange->state = exchange->left > 0 ? in_chunk : in_trailer;
        return 0;
    }
    if (byte != '\n') return 0;
    if (exchange->state == in_trailer) return 1;
    exchange->left = 0;
    exchange->state = in_chunk_size;
    return 0;
}

static int take(struct exchange *exchange, const char *bytes, size_t count) {
    int whole = 0;
    for (size_t index = 0; index < count;) {
        if (exchange->state == in_head) {
            if (exchange->head_size + 1 >= sizeof exchange->head) fail("a long head");
            exchange->head[exchange->head_size++] = bytes[index++];
            if (exchange->head_size < 4 || memcmp(exchange->head + exchange->head_size - 4, "\r\n\r\n", 4) != 0) continue;
            begin_body(exchange);
            if (exchange->state != in_length || exchange->left > 0) continue;
        } else if (exchange->state == in_length || exchange->state == in_chunk) {
            size_t part = count - index < exchange->left ? count - index : (size_t)exchange->left;
            exchange->left -= part;
            exchange->body += part;
            index += part;
            if (exchange->left > 0) continue;
            if (exchange->state == in_chunk) {
                exchange->state = behind_chunk;
                continue;
            }
        } else if (!take_framing(exchange, bytes[index++])) {
            continue;
        }
        exchange->state = in_head;
        whole++;
    }
    exchange->answers += (uint64_t)whole;
    return whole;
}

int receive(struct exchange *exchange) {
    static char buffer[1 << 18];
    int whole = 0;
    // One read at a time: the next one has to be told by epoll, which serves all alike.
    ssize_t count = recv(exchange->socket, buffer, sizeof buffer, 0);
    if (count > 0) whole = take(exchange, buffer, (size_t)count);
    else if (count == 0 || errno != EAGAIN) fail("a connection ended");
    return whole;
}
