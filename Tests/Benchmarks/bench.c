#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const int64_t limit_ns = 60 * 1000000000LL;

int64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

void pause_ms(long milliseconds) {
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

void fail(const char *what) {
    fprintf(stderr, "%s: %s\n", what, errno ? strerror(errno) : "not as expected");
    exit(1);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double percentile(double *samples, size_t count, double part) {
    qsort(samples, count, sizeof *samples, ascending);
    return samples[(size_t)(part * (double)(count - 1) + 0.5)];
}

static const char *variable(const char *name) {
    const char *value = getenv(name);
    if (!value) fail(name);
    return value;
}

redisContext *connect_redis(void) {
    redisContext *redis = redisConnectUnix(variable("BENCH_SOCKET"));
    if (!redis || redis->err) fail("connecting to Redis");
    return redis;
}

static redisReply *checked(redisReply *reply) {
    if (!reply) fail("Redis");
    if (reply->type == REDIS_REPLY_ERROR) {
        fprintf(stderr, "Redis: %s\n", reply->str);
        exit(1);
    }
    return reply;
}

redisReply *command(redisContext *redis, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    redisReply *reply = redisvCommand(redis, format, arguments);
    va_end(arguments);
    return checked(reply);
}

void perform(redisContext *redis, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    redisReply *reply = redisvCommand(redis, format, arguments);
    va_end(arguments);
    freeReplyObject(checked(reply));
}

void load_script(redisContext *redis, const char *text, char sha[41]) {
    redisReply *reply = command(redis, "SCRIPT LOAD %s", text);
    snprintf(sha, 41, "%s", reply->str);
    freeReplyObject(reply);
}

void new_id(char id[64]) {
    static int count;
    snprintf(id, 64, "B%012llX%08X%05X", (unsigned long long)now_ns(), (unsigned)getpid(), (unsigned)count++);
}

void append_admit(redisContext *redis, const char *id, const char *type, const char *payload, const char *options) {
    char resource[96], key[160];
    snprintf(resource, sizeof resource, "r-%s", id);
    snprintf(key, sizeof key, "%s:%s", type, resource);
    // In the order of Scripts/admit.lua: inbox, document, id, type, resource, node, server, priority, key, limit,
    // delay, runAt, onConflict, idempotencyKey, startDeadline, replyTo, requestId, dependencies, then fields.
    const char *arguments[] = {
        "EVALSHA", variable("BENCH_ADMIT"), "1", "hoistway:meta", "", "", id, type, resource, "", "", "5", key, "1",
        "0", "0", "queue", "", "0", "", id, "0", "maxAttempts", "1", "payload", payload, "options", options,
    };
    int count = (int)(sizeof arguments / sizeof *arguments) - (options ? 0 : 2);
    if (redisAppendCommandArgv(redis, count, arguments, NULL) != REDIS_OK) fail("enqueue");
}

void await_admit(redisContext *redis) {
    redisReply *reply = NULL;
    if (redisGetReply(redis, (void **)&reply) != REDIS_OK) fail("enqueue");
    checked(reply);
    if (reply->elements < 1 || reply->element[0]->integer != 0) fail("enqueue: the script refused");
    freeReplyObject(reply);
}

void await_field(redisContext *redis, const char *key, const char *field, const char *value) {
    for (int64_t end = now_ns() + limit_ns;; pause_ms(1)) {
        redisReply *reply = command(redis, "HGET %s %s", key, field);
        int is_there = reply->str && strcmp(reply->str, value) == 0;
        freeReplyObject(reply);
        if (is_there) return;
        if (now_ns() > end) fail(key);
    }
}

void await_end(redisContext *redis, const char *id) {
    for (int64_t end = now_ns() + 10 * limit_ns;; pause_ms(1)) {
        redisReply *reply = command(redis, "HEXISTS hoistway:job:%s completedAt", id);
        int has_ended = reply->integer == 1;
        freeReplyObject(reply);
        if (has_ended) return;
        if (now_ns() > end) fail(id);
    }
}

pid_t spawn_logged(const char *path, const char *log) {
    extern char **environ;
    int file = open(log, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) fail(log);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, file, 1);
    posix_spawn_file_actions_adddup2(&actions, file, 2);
    char *arguments[] = {(char *)path, NULL};
    pid_t pid;
    errno = posix_spawn(&pid, path, &actions, NULL, arguments, environ);
    if (errno) fail(path);
    posix_spawn_file_actions_destroy(&actions);
    close(file);
    return pid;
}

int open_fifo(void) {
    int fifo = open(variable("BENCH_FIFO"), O_RDWR | O_CLOEXEC);
    if (fifo < 0) fail("fifo");
    return fifo;
}

void read_fifo(int fifo, void *into, size_t size) {
    struct pollfd waiting = {.fd = fifo, .events = POLLIN};
    if (poll(&waiting, 1, (int)(limit_ns / 1000000)) != 1) fail("nothing came from the recipe");
    if (read(fifo, into, size) != (ssize_t)size) fail("fifo");
}
