// How fast a server answers on several connections, each of which asks again once it was answered.
// polling PORT PATH CONNECTIONS SECONDS: prints answers per second, after a second of warming up.
#define _GNU_SOURCE
#include "bench.h"
#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

int main(int argc, char **argv) {
    if (argc != 5) fail("polling PORT PATH CONNECTIONS SECONDS");
    int count = atoi(argv[3]);
    int64_t span = atoll(argv[4]) * 1000000000LL;
    char *request = get_request(argv[2]);
    struct exchange *exchanges = calloc((size_t)count, sizeof *exchanges);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int index = 0; index < count; index++) {
        connect_http(&exchanges[index], atoi(argv[1]));
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &exchanges[index]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, exchanges[index].socket, &event);
        send_request(&exchanges[index], request);
    }
    uint64_t answers = 0, before = 0;
    int64_t begin = 0, warm = now_ns() + 1000000000LL;
    for (;;) {
        struct epoll_event events[64];
        int ready = epoll_wait(epoll, events, 64, 10000);
        if (ready == 0) fail("no answer within 10 s");
        for (int index = 0; index < ready; index++) {
            if (receive(events[index].data.ptr) == 0) continue;
            answers++;
            send_request(events[index].data.ptr, request);
        }
        int64_t now = now_ns();
        if (begin == 0 && now >= warm) {
            begin = now;
            before = answers;
        }
        if (begin > 0 && now - begin >= span) {
            printf("%.0f\n", (double)(answers - before) / ((double)(now - begin) / 1e9));
            return 0;
        }
    }
}
