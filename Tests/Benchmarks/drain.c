// How fast a ready worker ends queued jobs.
// drain TYPE COUNT: pauses the type, enqueues, resumes, and prints jobs per second until the last one is done.
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void order(redisContext *redis, const char *what, const char *type) {
    char text[256], reply_to[64];
    new_id(reply_to);
    snprintf(text, sizeof text, "{\"command\":\"%s\",\"type\":\"%s\",\"replyTo\":\"%s\"}", what, type, reply_to);
    perform(redis, "RPUSH hoistway:control %s", text);
    redisReply *reply = command(redis, "BLPOP %s 30", reply_to);
    if (reply->elements != 2 || !strstr(reply->element[1]->str, "\"ok\":true")) fail(what);
    freeReplyObject(reply);
}

static long long size(redisContext *redis, const char *key) {
    redisReply *reply = command(redis, "ZCARD %s", key);
    long long count = reply->integer;
    freeReplyObject(reply);
    return count;
}

int main(int argc, char **argv) {
    if (argc != 3) fail("drain TYPE COUNT");
    int count = atoi(argv[2]);
    redisContext *redis = connect_redis(), *watch = connect_redis();
    long long before = size(watch, "hoistway:index:done");
    order(redis, "pause", argv[1]);
    for (int index = 0; index < count; index++) {
        char id[64];
        new_id(id);
        append_admit(redis, id, argv[1], "{}", NULL);
    }
    for (int index = 0; index < count; index++) await_admit(redis);
    int64_t start = now_ns();
    // Resuming takes several scripts, which the worker need not wait for.
    char resume[256];
    snprintf(resume, sizeof resume, "{\"command\":\"resume\",\"type\":\"%s\"}", argv[1]);
    perform(redis, "RPUSH hoistway:control %s", resume);
    while (size(watch, "hoistway:index:done") - before < count) {
        if (size(watch, "hoistway:index:error") > 0) fail("a job ended in error");
        if (now_ns() - start > 300 * 1000000000LL) fail("drain");
        pause_ms(5);
    }
    printf("%.1f\n", count / ((now_ns() - start) / 1e9));
}
