#define _GNU_SOURCE
#include "clinux.h"
#include "signals.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

// The child shares the parent's memory until exec (as after vfork), so its failures are simply written into the
// request. It may only make system calls.
static _Noreturn void fail(struct hw_spawn *request, const char *step) {
    request->failure = errno ? errno : EIO;
    request->step = step;
    _exit(127);
}

static int lift(int fd) {
    return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 10);
}

static int limit(int pid, int resource, int64_t value) {
    struct rlimit limits = {(rlim_t)value, (rlim_t)value};
    return value > 0 && syscall(SYS_prlimit64, pid, resource, &limits, NULL) < 0 ? -errno : 0;
}

// A share of the CPUs that the caller may use, beginning with another one for each program.
static int limit_cpus(int pid, int32_t count, uint32_t first) {
    cpu_set_t mine, share;
    if (count <= 0) return 0;
    if (sched_getaffinity(0, sizeof mine, &mine) < 0) return -errno;
    int available = CPU_COUNT(&mine);
    if (count >= available) return 0;
    CPU_ZERO(&share);
    int index = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &mine)) continue;
        int place = (int)((uint32_t)(index++ + available) - first % (uint32_t)available) % available;
        if (place < count) CPU_SET(cpu, &share);
    }
    return sched_setaffinity(pid, sizeof share, &share) < 0 ? -errno : 0;
}

void hw_disable_core_files(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) < 0) return;
    // A limit of 1 also holds where cores are piped to a program, which 0 does not (core(5)).
    limit.rlim_cur = limit.rlim_max < 1 ? limit.rlim_max : 1;
    setrlimit(RLIMIT_CORE, &limit);
}

int hw_limit(int pid, const struct hw_limits *limits) {
    int code = limit(pid, RLIMIT_DATA, limits->memory);
    if (code == 0) code = limit(pid, RLIMIT_NPROC, limits->processes);
    if (code == 0) code = limit_cpus(pid, limits->cpus, limits->first_cpu);
    return code;
}

static __attribute__((noinline)) _Noreturn void child(struct hw_spawn *request, int join) {
    struct sigaction standard;
    memset(&standard, 0, sizeof standard);
    standard.sa_handler = SIG_DFL;
    for (int i = 0; i < ignored_signal_count; i++) sigaction(ignored_signals[i], &standard, NULL);
    if (join && write(join, "0", 1) == 1) request->in_cgroup = 1;
    if (setpgid(0, 0) < 0) fail(request, "setpgid");
    // Lifted above 3 first, so that no dup2 overwrites a descriptor that is still needed.
    int input = lift(request->input), output = lift(request->output), error = lift(request->error);
    int events = lift(request->events);
    if (input < 0 || output < 0 || error < 0) fail(request, "dup");
    if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(error, 2) < 0) fail(request, "dup2");
    if (events >= 0 && dup2(events, 3) < 0) fail(request, "dup2");
    // Where close_range is missing, close-on-exec does it: every descriptor of the monitor has it.
    syscall(SYS_close_range, events >= 0 ? 4 : 3, ~0U, 0);
    umask(022);
    if (request->folder && chdir(request->folder) < 0) fail(request, "chdir");
    int limited = hw_limit(0, &request->limits);
    if (limited < 0) {
        errno = -limited;
        fail(request, "limit");
    }
    // Straight system calls: glibc's wrappers would look for other threads in the memory of the parent.
    if (request->uid >= 0 || request->gid >= 0) {
        if (syscall(SYS_setgroups, request->group_count, request->groups) < 0) fail(request, "setgroups");
        if (request->gid >= 0 && syscall(SYS_setresgid, request->gid, request->gid, request->gid) < 0)
            fail(request, "setgid");
        if (request->uid >= 0 && syscall(SYS_setresuid, request->uid, request->uid, request->uid) < 0)
            fail(request, "setuid");
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(request->path, (char *const *)request->arguments, (char *const *)request->environment);
    fail(request, "exec");
}

#if defined(__x86_64__) || defined(__aarch64__)
// clone3 without a stack of its own, as vfork does it: the system call stands in this function and not in a library's,
// because the child would otherwise return through, and so destroy, a frame that the parent still needs.
static __attribute__((noinline)) long clone_into(struct hw_spawn *request) {
    struct clone_args values;
    memset(&values, 0, sizeof values);
    values.flags = CLONE_VM | CLONE_VFORK | CLONE_INTO_CGROUP;
    values.exit_signal = SIGCHLD;
    values.cgroup = (uint64_t)request->cgroup;
#if defined(__x86_64__)
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(SYS_clone3), "D"(&values), "S"(sizeof values)
                     : "rcx", "r11", "memory");
#else
    register long number __asm__("x8") = SYS_clone3;
    register long result __asm__("x0") = (long)&values;
    register long size __asm__("x1") = sizeof values;
    __asm__ volatile("svc 0" : "+r"(result) : "r"(number), "r"(size) : "memory");
#endif
    if (result == 0) child(request, 0);
    return result;
}
#else
static long clone_into(struct hw_spawn *request) {
    (void)request;
    return -ENOSYS;
}
#endif

static __attribute__((noinline)) long clone_plain(struct hw_spawn *request, int join) {
    pid_t pid = vfork();
    if (pid == 0) child(request, join);
    return pid < 0 ? -errno : pid;
}

int hw_start(struct hw_spawn *request) {
    request->failure = 0;
    request->step = "fork";
    request->in_cgroup = 0;
    // No signal may reach the child while it shares the parent's memory.
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    long pid = -ENOSYS;
    if (request->cgroup >= 0) {
        pid = clone_into(request);
        if (pid >= 0) request->in_cgroup = 1;
    }
    if (pid < 0) {
        int join = request->cgroup >= 0 ? openat(request->cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC) : 0;
        pid = clone_plain(request, join > 0 ? join : 0);
        if (join > 0) close(join);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) {
        request->failure = (int)-pid;
        return (int)pid;
    }
    request->pid = (int)pid;
    if (request->failure) waitpid(request->pid, NULL, __WALL);
    return -request->failure;
}
