// starting exit PROGRAM ARGUMENT…:  milliseconds from the start of a program to its end, median of 20
// starting ready PROGRAM ARGUMENT…: milliseconds from the start of a worker to its record in state `running`;
//                                   the worker is stopped then
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static pid_t start(char **arguments) {
    extern char **environ;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    pid_t pid;
    if (posix_spawn(&pid, arguments[0], &actions, NULL, arguments, environ) != 0) fail(arguments[0]);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

/// Whether any worker's record says that it takes jobs.
static int is_ready(redisContext *redis) {
    redisReply *workers = command(redis, "SMEMBERS hoistway:workers");
    int ready = 0;
    for (size_t index = 0; index < workers->elements; index++) {
        redisReply *state = command(redis, "HGET hoistway:worker:%s state", workers->element[index]->str);
        if (state->str && strcmp(state->str, "running") == 0) ready = 1;
        freeReplyObject(state);
    }
    freeReplyObject(workers);
    return ready;
}

int main(int argc, char **argv) {
    if (argc < 3) fail("starting exit|ready PROGRAM ARGUMENT…");
    if (strcmp(argv[1], "exit") == 0) {
        double samples[20];
        for (int index = 0; index < 20; index++) {
            int64_t begun = now_ns();
            waitpid(start(argv + 2), NULL, 0);
            samples[index] = (now_ns() - begun) / 1e6;
        }
        printf("%.2f\n", percentile(samples, 20, 0.5));
        return 0;
    }
    redisContext *redis = connect_redis();
    int64_t begun = now_ns();
    pid_t worker = start(argv + 2);
    while (!is_ready(redis)) {
        if (waitpid(worker, NULL, WNOHANG) == worker) fail("the worker ended");
        if (now_ns() - begun > 30 * 1000000000LL) fail("the worker does not get ready");
    }
    double taken = (now_ns() - begun) / 1e6;
    // The record is written a moment before signals have their effect.
    pause_ms(300);
    kill(worker, SIGTERM);
    waitpid(worker, NULL, 0);
    printf("%.2f\n", taken);
}
