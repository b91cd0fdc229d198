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

int main(int argc, char **argv) {
    if (argc != 6) fail("following PORT PATH FOLLOWERS TIMES BYTES");
    size_t count = (size_t)atoll(argv[3]), left = count;
    uint64_t times = (uint64_t)atoll(argv[4]), least = (uint64_t)atoll(argv[5]), bytes = 0;
    char *request = get_request(argv[2]);
    struct exchange *exchanges = calloc(count, sizeof *exchanges);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    for (size_t index = 0; index < count; index++) {
        connect_http(&exchanges[index], atoi(argv[1]));
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &exchanges[index]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, exchanges[index].socket, &event);
    }
    int64_t begin = now_ns();
    for (size_t index = 0; index < count; index++) send_request(&exchanges[index], request);
    while (left > 0) {
        struct epoll_event events[64];
        int ready = epoll_wait(epoll, events, 64, 60000);
        if (ready == 0) fail("nothing within 60 s");
        for (int index = 0; index < ready; index++) {
            struct exchange *exchange = events[index].data.ptr;
            if (receive(exchange) == 0) continue;
            if (exchange->answers < times) {
                send_request(exchange, request);
                continue;
            }
            left--;
            epoll_ctl(epoll, EPOLL_CTL_DEL, exchange->socket, NULL);
            bytes += exchange->body;
            errno = 0;
            if (exchange->body < least * times) fail("a follower that did not get all");
        }
    }
    printf("%.2f\n", (double)bytes / 1e6 / ((double)(now_ns() - begin) / 1e9));
}
