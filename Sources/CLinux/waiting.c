#define _GNU_SOURCE
#include "clinux.h"
#include "signals.h"
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_ms(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t hw_boottime_ms(void) { return clock_ms(CLOCK_BOOTTIME); }
int64_t hw_realtime_ms(void) { return clock_ms(CLOCK_REALTIME); }

int hw_epoll_create(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int control(int epoll, int operation, int fd, uint32_t events) {
    struct epoll_event event = {0};
    event.events = (events & 1 ? EPOLLIN : 0) | (events & 4 ? EPOLLOUT : 0);
    event.data.fd = fd;
    return epoll_ctl(epoll, operation, fd, &event) < 0 ? -errno : 0;
}

int hw_epoll_add(int epoll, int fd, uint32_t events) { return control(epoll, EPOLL_CTL_ADD, fd, events); }
int hw_epoll_change(int epoll, int fd, uint32_t events) { return control(epoll, EPOLL_CTL_MOD, fd, events); }
int hw_epoll_remove(int epoll, int fd) { return control(epoll, EPOLL_CTL_DEL, fd, 0); }

int hw_epoll_wait(int epoll, int *fds, uint32_t *events, int capacity, int timeout_ms) {
    struct epoll_event ready[16];
    int count = epoll_wait(epoll, ready, capacity < 16 ? capacity : 16, timeout_ms);
    if (count < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) {
        fds[i] = ready[i].data.fd;
        events[i] = (ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? 1 : 0) | (ready[i].events & EPOLLOUT ? 4 : 0);
    }
    return count;
}

int hw_timer_create(void) {
    int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int hw_timer_set(int timer, int64_t boottime_ms) {
    struct itimerspec setting = {0};
    setting.it_value.tv_sec = boottime_ms / 1000;
    setting.it_value.tv_nsec = boottime_ms % 1000 * 1000000;
    return timerfd_settime(timer, TFD_TIMER_ABSTIME, &setting, NULL) < 0 ? -errno : 0;
}

static sigset_t waited_for(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    return set;
}

void hw_signals_prepare(void) {
    // The kernel's structure, of which zeros are SIG_DFL: a library keeps two signals to itself (nptl(7)), but passes on
    // that whoever started the worker ignored them.
    unsigned long standard[4] = {0};
    for (int number = 1; number <= 64; number++) syscall(SYS_rt_sigaction, number, standard, NULL, (size_t)8);
    struct sigaction action = {0};
    action.sa_handler = SIG_IGN;
    for (int i = 0; i < ignored_signal_count; i++) sigaction(ignored_signals[i], &action, NULL);
    sigset_t set = waited_for();
    sigprocmask(SIG_SETMASK, &set, NULL);
}

int hw_signals_create(void) {
    sigset_t set = waited_for();
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int hw_signals_next(int fd) {
    struct signalfd_siginfo information;
    return read(fd, &information, sizeof information) == sizeof information ? (int)information.ssi_signo : 0;
}
