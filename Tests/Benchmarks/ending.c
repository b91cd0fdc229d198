// How fast a worker ends what is queued.
// ending FROM TO: prints jobs per second from the moment when FROM jobs were done until TO are.
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

static void await_done(redisContext *redis, long long count) {
    for (int64_t end = now_ns() + 300 * 1000000000LL;; pause_ms(2)) {
        redisReply *reply = command(redis, "ZCARD hoistway:index:done");
        long long done = reply->integer;
        freeReplyObject(reply);
        if (done >= count) return;
        if (now_ns() > end) fail("ending");
    }
}

int main(int argc, char **argv) {
    if (argc != 3) fail("ending FROM TO");
    long long from = atoll(argv[1]), to = atoll(argv[2]);
    redisContext *redis = connect_redis();
    await_done(redis, from);
    int64_t start = now_ns();
    await_done(redis, to);
    printf("%.1f\n", (double)(to - from) / ((double)(now_ns() - start) / 1e9));
}
