// Linux calls that Swift cannot import: variadic functions, macros, and what glibc has no wrapper for.
// Unless said otherwise a function answers -errno when it fails; nothing here prints, exits or keeps state.
#ifndef HOISTWAY_CLINUX_H
#define HOISTWAY_CLINUX_H

#include <spawn.h>
#include <stddef.h>
#include <stdint.h>

// Time, in milliseconds.
int64_t hw_boottime_ms(void);
int64_t hw_realtime_ms(void);

// Arguments of this process, kept by a constructor.
int hw_argument_count(void);
const char *hw_argument(int index);

// Text of an errno.
const char *hw_error_text(int error);
int hw_eagain(void);
int hw_enospc(void);
int hw_enoent(void);
int hw_eexist(void);
int hw_ebadmsg(void);

// Files. Every descriptor made here is close-on-exec. `directory` is a descriptor or, for absolute paths, -1.
int hw_open_read(int directory, const char *path);
int hw_open_directory(const char *path);
// Creates with mode 0600. `append` opens for appending, otherwise for reading and writing.
int hw_open_create(int directory, const char *path, int append);
// Opens for writing at the end; never creates.
int hw_open_append(int directory, const char *path);
// Like hw_open_create, but an earlier content is dropped.
int hw_open_truncate(int directory, const char *path);
int64_t hw_read(int fd, void *buffer, size_t count);
int64_t hw_read_at(int fd, void *buffer, size_t count, int64_t offset);
int64_t hw_write(int fd, const void *bytes, size_t count);
// Reads a whole (small) file, at most `capacity` bytes.
int64_t hw_read_file(int directory, const char *path, void *buffer, size_t capacity);
int64_t hw_file_size(int fd);
// 1 there, 0 not there.
int hw_exists(int directory, const char *path);
int hw_truncate(int fd, int64_t size);
int hw_rename(int directory, const char *from, const char *to);
int hw_unlink(int directory, const char *path);
int hw_make_directory(const char *path, unsigned int mode);
int hw_remove_directory(const char *path);
int hw_change_owner(const char *path, int64_t uid, int64_t gid);
// 1 when a regular file that this process may execute.
int hw_is_executable(const char *path);
int hw_close(int fd);
// Takes LOCK_EX without waiting: 0 taken, -EWOULDBLOCK held by another.
int hw_lock(int fd);
int hw_unlock(int fd);
// Locks one byte of a file, which need not reach so far, for as long as this open of it lasts: 0 taken, -EAGAIN or
// -EACCES held by another.
int hw_lock_byte(int fd, int64_t offset);
// A second descriptor, 3 or more and close-on-exec.
int hw_duplicate(int fd);
// pipe2(O_CLOEXEC); the reading end does not block. `size`, unless 0, is set where the kernel allows it.
int hw_pipe(int *reading, int *writing, int size);
// Bytes that wait in a pipe or socket.
int hw_bytes_waiting(int fd);
// A memory file with this content, positioned at its start.
int hw_memory_file(const void *bytes, size_t count);

// Sockets.
// SOCK_SEQPACKET when `packets`, else SOCK_STREAM. Both ends close-on-exec.
int hw_socket_pair(int packets, int *first, int *second);
// A unix stream socket bound to `name` in the folder `directory`, listening, non-blocking.
int hw_listen_in(int directory, const char *name);
// Connects to such a socket. -ENOENT and -ECONNREFUSED: nobody listens.
int hw_connect_in(int directory, const char *name);
int hw_accept(int listener);
// send(MSG_NOSIGNAL | MSG_DONTWAIT).
int64_t hw_send(int fd, const void *bytes, size_t count);
// recv(MSG_DONTWAIT); 0 is the end.
int64_t hw_receive(int fd, void *buffer, size_t count);
// One packet with protocol version and two descriptors, as the launcher wants it.
int hw_send_launch(int channel, int connection, int specification);
// Receives such a packet: 1 received, 0 the other end is closed, -EBADMSG anything else was sent.
int hw_receive_launch(int channel, int *connection, int *specification);

// Waiting.
int hw_epoll_create(void);
// events: 1 readable, 4 writable, 0 none (hang-ups are always told).
int hw_epoll_add(int epoll, int fd, uint32_t events);
int hw_epoll_change(int epoll, int fd, uint32_t events);
int hw_epoll_remove(int epoll, int fd);
// Fills fds and events (as above; a hang-up or an error counts as readable). timeout -1 waits for ever.
int hw_epoll_wait(int epoll, int *fds, uint32_t *events, int capacity, int timeout_ms);
// A timer on CLOCK_BOOTTIME, set to an absolute time, 0 = off.
int hw_timer_create(void);
int hw_timer_set(int timer, int64_t boottime_ms);
// Ignores HUP, INT and PIPE, gives all other signals their default action, and blocks SIGCHLD and SIGTERM.
// Forked processes keep this; hw_start undoes it.
void hw_signals_prepare(void);
// A signalfd for the two that are blocked.
int hw_signals_create(void);
// The next signal number, 0 when none waits.
int hw_signals_next(int fd);

// Processes.
int hw_pid(void);
int hw_fork(void);
_Noreturn void hw_exit(int code);
int hw_new_session(void);
int hw_become_subreaper(void);
// Has this process killed when its parent ends, or no more. 0 when the parent is not `parent` any more.
int hw_die_with(int parent);
void hw_outlive_parent(void);
// Has a process that is spawned close every descriptor from `first` on.
int hw_spawn_closing_from(posix_spawn_file_actions_t *actions, int first);
// Closes every descriptor from `first` on, except two (-1: none).
void hw_close_all_from(int first, int except, int other);
// Makes descriptors 0, 1 and 2 /dev/null where `standard` (bit 0, 1, 2) says so.
void hw_null_standard(int standard);
// Reaps one child: its pid; 0 children live; -ECHILD none at all. *code is the exit code or -1, *signal the signal or 0.
int hw_reap(int *code, int *signal);
int hw_pidfd_open(int pid);
int hw_pidfd_send(int pidfd, int signal);
// Number of a signal named like TERM; 0 unknown. The name of a number, or NULL.
int hw_signal_number(const char *name);
const char *hw_signal_name(int number);
// The pids in /proc, as many as fit; the count.
int hw_list_processes(int *pids, int capacity);
// Thread ids of a process.
int hw_list_threads(int pid, int *tids, int capacity);
// Removes empty cgroups below a cgroup folder, then itself.
int hw_remove_cgroup(const char *path);

// What a program may use where no cgroup limits it; 0: no limit.
struct hw_limits {
    int64_t memory;     // bytes of data of each process (RLIMIT_DATA)
    int64_t processes;  // of its user, itself included (RLIMIT_NPROC; root has no limit)
    int32_t cpus;       // how many CPUs it may run on
    uint32_t first_cpu; // the first of them, among those that this process may run on
};
// Limits a process and all that it starts from now on; 0 as pid: the caller. 0 or -errno.
int hw_limit(int pid, const struct hw_limits *limits);

// No core files of this process and of all that it starts: they would hold secrets.
void hw_disable_core_files(void);

struct hw_spawn {
    const char *path;
    const char *const *arguments;    // ended by NULL
    const char *const *environment;  // ended by NULL
    const char *folder;              // may be NULL
    int input, output, error;
    int events;                      // becomes descriptor 3; -1 none
    int64_t uid, gid;                // -1: kept
    const uint32_t *groups;
    size_t group_count;
    int cgroup;                      // descriptor of a cgroup folder; -1 none
    struct hw_limits limits;
    // Answers.
    int pid;
    int failure;                     // errno, 0 when the program runs
    const char *step;                // what failed: "fork", "chdir", "setuid", "exec" …
    int in_cgroup;
};
// Starts a program in a process group of its own, with descriptors 0…3 only, default signal actions and an empty mask.
// Returns when the program runs or could not be started: 0 or -errno.
int hw_start(struct hw_spawn *request);

// For the worker.

// Whether systemd made a cgroup folder for a unit with Delegate=yes.
int hw_is_delegated(const char *folder);
// Starts `path launcher` in a session of its own; descriptor 0 is `channel`, 1 and 2 are `log`. Its pid.
int hw_start_launcher(const char *path, int channel, int log);

#endif
