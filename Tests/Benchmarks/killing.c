// From the request to kill to the death of the whole tree of the recipe `tree`: itself, its child, its grandchild.
// killing script TYPE COUNT:  requested by the script that `hoistway kill` calls (digest in BENCH_KILL)
// killing control TYPE COUNT: requested by the control list
// killing bare TREE COUNT:    the bare limit: one round trip, kill, waitpid
// Prints the median and the 99th percentile in microseconds.
#define _GNU_SOURCE
#include "bench.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void await_death(const int *pidfds) {
    for (int index = 0; index < 3; index++) {
        struct pollfd waiting = {.fd = pidfds[index], .events = POLLIN};
        if (poll(&waiting, 1, 30000) != 1) fail("a process of the tree outlived its kill");
    }
}

static void start_bare(const char *tree) {
    extern char **environ;
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    char *arguments[] = {(char *)tree, NULL};
    pid_t pid;
    if (posix_spawn(&pid, tree, NULL, &attributes, arguments, environ) != 0) fail(tree);
    posix_spawnattr_destroy(&attributes);
}

int main(int argc, char **argv) {
    if (argc != 4) fail("killing script|control|bare TYPE|TREE COUNT");
    int is_bare = strcmp(argv[1], "bare") == 0, is_script = strcmp(argv[1], "script") == 0;
    int count = atoi(argv[3]);
    double *samples = calloc((size_t)count, sizeof *samples);
    int fifo = open_fifo();
    redisContext *redis = connect_redis();
    const char *script = getenv("BENCH_KILL");
    if (is_script && !script) fail("BENCH_KILL");
    for (int index = 0; index < count; index++) {
        char id[64], key[128];
        new_id(id);
        snprintf(key, sizeof key, "hoistway:job:%s", id);
        if (is_bare) {
            start_bare(argv[2]);
        } else {
            append_admit(redis, id, argv[2], "{}", NULL);
            await_admit(redis);
        }
        pid_t pids[3];
        read_fifo(fifo, pids, sizeof pids);
        int pidfds[3];
        for (int each = 0; each < 3; each++) {
            pidfds[each] = (int)syscall(SYS_pidfd_open, pids[each], 0);
            if (pidfds[each] < 0) fail("pidfd_open");
        }
        if (!is_bare) await_field(redis, key, "status", "running");
        pause_ms(10 + index % 7);
        int64_t start = now_ns();
        if (is_bare) {
            perform(redis, "PING");
            if (kill(-pids[0], SIGKILL) != 0) fail("kill");
            if (waitpid(pids[0], NULL, 0) != pids[0]) fail("waitpid");
        } else if (is_script) {
            perform(redis, "EVALSHA %s 1 hoistway:meta %s KILL %s null null %s", script, id, "", "");
        } else {
            char text[256];
            snprintf(text, sizeof text, "{\"command\":\"kill\",\"id\":\"%s\",\"signal\":\"KILL\"}", id);
            perform(redis, "RPUSH hoistway:control %s", text);
        }
        await_death(pidfds);
        samples[index] = (now_ns() - start) / 1e3;
        for (int each = 0; each < 3; each++) close(pidfds[each]);
        if (!is_bare) await_end(redis, id);
    }
    printf("%.1f %.1f\n", percentile(samples, (size_t)count, 0.5), percentile(samples, (size_t)count, 0.99));
}
