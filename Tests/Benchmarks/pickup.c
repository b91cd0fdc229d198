// From a push to the first instruction of the recipe `stamp`, while the worker idles.
// pickup enqueue TYPE COUNT: pushed by the script that enqueues
// pickup rpush TYPE COUNT:   pushed to the inbox
// pickup queue STAMP COUNT:  the bare limit, the smallest possible queue with a consumer of its own
// Prints the median and the 99th percentile in microseconds.
#define _GNU_SOURCE
#include "bench.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *bare_script =
    "redis.call('HSET', 'bench:job:' .. ARGV[1], 'id', ARGV[1], 'type', 'stamp', 'status', 'pending', 'priority', '5',"
    " 'resourceId', 'r', 'payload', '{}', 'attempt', '0', 'maxAttempts', '1', 'createdAt', ARGV[2], 'updatedAt', ARGV[2])"
    " return redis.call('LPUSH', 'bench:queue', ARGV[1])";

/// Takes ids from the list, runs the recipe with a log file of its own and records its start and its end.
static _Noreturn void consume(const char *stamp) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    redisContext *redis = connect_redis();
    for (;;) {
        redisReply *reply = command(redis, "BLMOVE bench:queue bench:taken RIGHT LEFT 0");
        char log[4096];
        snprintf(log, sizeof log, "%s/%s.log", getenv("BENCH_FOLDER"), reply->str);
        pid_t pid = spawn_logged(stamp, log);
        perform(redis, "HSET bench:job:%s status running pid %d", reply->str, (int)pid);
        if (waitpid(pid, NULL, 0) != pid) fail("waitpid");
        perform(redis, "HSET bench:job:%s status done exitCode 0", reply->str);
        freeReplyObject(reply);
    }
}

int main(int argc, char **argv) {
    if (argc != 4) fail("pickup enqueue|rpush|queue TYPE|STAMP COUNT");
    int is_bare = strcmp(argv[1], "queue") == 0, is_raw = strcmp(argv[1], "rpush") == 0;
    int count = atoi(argv[3]);
    double *samples = calloc((size_t)count, sizeof *samples);
    int fifo = open_fifo();
    redisContext *redis = connect_redis();
    char sha[41] = "";
    pid_t consumer = 0;
    if (is_bare) {
        load_script(redis, bare_script, sha);
        consumer = fork();
        if (consumer == 0) consume(argv[2]);
    }
    const int warm_up = 10;
    for (int index = -warm_up; index < count; index++) {
        char id[64], key[128], document[256];
        new_id(id);
        snprintf(key, sizeof key, "%s:job:%s", is_bare ? "bench" : "hoistway", id);
        snprintf(document, sizeof document, "{\"id\":\"%s\",\"resourceId\":\"r-%s\",\"payload\":{}}", id, id);
        int64_t start = now_ns();
        if (is_bare) {
            perform(redis, "EVALSHA %s 0 %s %s", sha, id, "2026-01-15T08:00:00.123Z");
        } else if (is_raw) {
            perform(redis, "RPUSH hoistway:inbox:%s %s", argv[2], document);
        } else {
            append_admit(redis, id, argv[2], "{}", NULL);
            await_admit(redis);
        }
        int64_t begun;
        read_fifo(fifo, &begun, sizeof begun);
        if (index >= 0) samples[index] = (begun - start) / 1e3;
        await_field(redis, key, "status", "done");
        // The worker is to be idle again, and not at the same beat each time.
        pause_ms(8 + index % 5);
    }
    if (consumer) kill(consumer, SIGKILL);
    printf("%.1f %.1f\n", percentile(samples, (size_t)count, 0.5), percentile(samples, (size_t)count, 0.99));
}
