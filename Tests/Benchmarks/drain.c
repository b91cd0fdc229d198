// How fast a ready worker ends queued jobs.
// drain TYPE COUNT PID: enqueues while the worker with this process id is stopped, lets it go on, and prints jobs per second
// until the last one is done.
#include "bench.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static long long size(redisContext *redis, const char *key) {
    redisReply *reply = command(redis, "ZCARD %s", key);
    long long count = reply->integer;
    freeReplyObject(reply);
    return count;
}

int main(int argc, char **argv) {
    if (argc != 4) fail("drain TYPE COUNT PID");
    int count = atoi(argv[2]), worker = atoi(argv[3]);
    redisContext *redis = connect_redis(), *watch = connect_redis();
    long long before = size(watch, "hoistway:index:done");
    if (kill(worker, SIGSTOP) != 0) fail("SIGSTOP");
    for (int index = 0; index < count; index++) {
        char id[64];
        new_id(id);
        append_admit(redis, id, argv[1], "{}", NULL);
    }
    for (int index = 0; index < count; index++) await_admit(redis);
    int64_t start = now_ns();
    if (kill(worker, SIGCONT) != 0) fail("SIGCONT");
    while (size(watch, "hoistway:index:done") - before < count) {
        if (size(watch, "hoistway:index:error") > 0) fail("a job ended in error");
        if (now_ns() - start > 300 * 1000000000LL) fail("drain");
        pause_ms(5);
    }
    printf("%.1f\n", count / ((now_ns() - start) / 1e9));
}
