#define _GNU_SOURCE
#include "clinux.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int argument_count;
static char **arguments;

__attribute__((constructor)) static void keep_arguments(int count, char **values) {
    argument_count = count;
    arguments = values;
}

int hw_argument_count(void) { return argument_count; }

const char *hw_argument(int index) {
    return index >= 0 && index < argument_count ? arguments[index] : NULL;
}

int hw_pid(void) { return getpid(); }

int hw_fork(void) {
    int pid = fork();
    return pid < 0 ? -errno : pid;
}

void hw_exit(int code) { _exit(code); }

int hw_new_session(void) { return setsid() < 0 ? -errno : 0; }

int hw_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ? -errno : 0; }

int hw_die_with(int parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    return getppid() == parent;
}

void hw_outlive_parent(void) { prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0); }

static void close_between(unsigned int first, unsigned int last) {
    if (first > last || syscall(SYS_close_range, first, last, 0) == 0) return;
    unsigned int end = last < 65536 ? last : 65536;
    for (unsigned int fd = first; fd <= end; fd++) close((int)fd);
}

void hw_close_all_from(int first, int except, int other) {
    int low = except < other ? except : other, high = except < other ? other : except;
    unsigned int next = (unsigned int)first;
    if (low >= first) {
        close_between(next, (unsigned int)low - 1);
        next = (unsigned int)low + 1;
    }
    if (high >= first) {
        close_between(next, (unsigned int)high - 1);
        next = (unsigned int)high + 1;
    }
    close_between(next, ~0U);
}

void hw_null_standard(int standard) {
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    for (int target = 0; target < 3; target++)
        if (standard & 1 << target) dup2(fd, target);
    if (fd > 2) close(fd);
}

int hw_reap(int *code, int *signal) {
    int status = 0;
    int pid = waitpid(-1, &status, WNOHANG | __WALL);
    if (pid < 0) return -errno;
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    *signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return pid;
}

int hw_pidfd_open(int pid) {
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    return fd < 0 ? -errno : fd;
}

int hw_pidfd_send(int pidfd, int signal) {
    return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

int hw_signal_number(const char *name) {
    if (strncmp(name, "SIG", 3) == 0) name += 3;
    for (int number = 1; number < NSIG; number++) {
        const char *candidate = sigabbrev_np(number);
        if (candidate && strcmp(candidate, name) == 0) return number;
    }
    return 0;
}

const char *hw_signal_name(int number) { return sigabbrev_np(number); }

static int list_numbers(const char *path, int *numbers, int capacity) {
    DIR *folder = opendir(path);
    if (!folder) return -errno;
    int count = 0;
    struct dirent *entry;
    while (count < capacity && (entry = readdir(folder)))
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') numbers[count++] = atoi(entry->d_name);
    closedir(folder);
    return count;
}

int hw_list_processes(int *pids, int capacity) { return list_numbers("/proc", pids, capacity); }

int hw_list_threads(int pid, int *tids, int capacity) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    return list_numbers(path, tids, capacity);
}

static int remove_cgroup(const char *path, int depth) {
    if (rmdir(path) == 0 || errno == ENOENT) return 0;
    int error = errno;
    DIR *folder = depth < 16 ? opendir(path) : NULL;
    if (!folder) return -error;
    struct dirent *entry;
    while ((entry = readdir(folder))) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
        char child[4096];
        if (snprintf(child, sizeof child, "%s/%s", path, entry->d_name) < (int)sizeof child)
            remove_cgroup(child, depth + 1);
    }
    closedir(folder);
    return rmdir(path) < 0 ? -errno : 0;
}

int hw_remove_cgroup(const char *path) { return remove_cgroup(path, 0); }

int hw_spawn_closing_from(posix_spawn_file_actions_t *actions, int first) {
    return -posix_spawn_file_actions_addclosefrom_np(actions, first);
}

int hw_start_launcher(const char *path, int channel, int log) {
    // The descriptors are lifted first: a dup2 onto 0…2 must not hit one that is still to be copied.
    int input = fcntl(channel, F_DUPFD_CLOEXEC, 3), output = fcntl(log, F_DUPFD_CLOEXEC, 3);
    if (input < 0 || output < 0) {
        int error = errno;
        if (input >= 0) close(input);
        if (output >= 0) close(output);
        return -error;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_adddup2(&actions, output, 2);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    char *const values[] = {(char *)path, "launcher", NULL};
    char *const environment[] = {NULL};
    pid_t pid = 0;
    int error = posix_spawn(&pid, path, &actions, &attributes, values, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(input);
    close(output);
    return error ? -error : pid;
}
