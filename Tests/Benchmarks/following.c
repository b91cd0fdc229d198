// How fast followers get a stream that ends.
// following PORT PATH FOLLOWERS TIMES BYTES: each follower, all at once, takes the stream so many times; prints megabytes
// per second of all together. One that got less than BYTES ends the program.
#define _GNU_SOURCE
#include "bench.h"
#include "http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

// A stream is a connection's last answer.
static void follow(struct exchange *exchange, int port, const char *request, int epoll) {
    uint64_t body = exchange->body, answers = exchange->answers;
    connect_http(exchange, port);
    exchange->body = body;
    exchange->answers = answers;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = exchange};
    epoll_ctl(epoll, EPOLL_CTL_ADD, exchange->socket, &event);
    send_request(exchange, request);
}

int main(int argc, char **argv) {
    if (argc != 6) fail("following PORT PATH FOLLOWERS TIMES BYTES");
    size_t count = (size_t)atoll(argv[3]), left = count;
    uint64_t times = (uint64_t)atoll(argv[4]), least = (uint64_t)atoll(argv[5]), bytes = 0;
    char *request = get_request(argv[2]);
    struct exchange *exchanges = calloc(count, sizeof *exchanges);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int port = atoi(argv[1]);
    int64_t begin = now_ns();
    for (size_t index = 0; index < count; index++) follow(&exchanges[index], port, request, epoll);
    while (left > 0) {
        struct epoll_event events[64];
        int ready = epoll_wait(epoll, events, 64, 60000);
        if (ready == 0) fail("nothing within 60 s");
        for (int index = 0; index < ready; index++) {
            struct exchange *exchange = events[index].data.ptr;
            if (receive(exchange) == 0) continue;
            close(exchange->socket);
            if (exchange->answers < times) {
                follow(exchange, port, request, epoll);
                continue;
            }
            left--;
            bytes += exchange->body;
            errno = 0;
            if (exchange->body < least * times) fail("a follower that did not get all");
        }
    }
    printf("%.2f\n", (double)bytes / 1e6 / ((double)(now_ns() - begin) / 1e9));
}
