// What the benchmark programs share: a monotonic clock, percentiles, and the little of Redis they need.
#ifndef BENCH_H
#define BENCH_H

#include <hiredis/hiredis.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Nanoseconds of CLOCK_MONOTONIC.
int64_t now_ns(void);
void pause_ms(long milliseconds);

/// Prints the message and errno, and ends the program.
_Noreturn void fail(const char *what);

/// Value at `part` (0…1) of the samples, which it sorts.
double percentile(double *samples, size_t count, double part);

/// Connects to the unix socket named by BENCH_SOCKET.
redisContext *connect_redis(void);
/// Sends a command and waits for its reply; an error reply ends the program. The caller frees it.
redisReply *command(redisContext *redis, const char *format, ...);
/// The same for commands whose reply says nothing.
void perform(redisContext *redis, const char *format, ...);
/// Loads a script and keeps its digest.
void load_script(redisContext *redis, const char *text, char sha[41]);

/// A job id never used before in this run.
void new_id(char id[64]);
/// Sends, without waiting, what `hoistway enqueue` sends: the script `admit` (digest in BENCH_ADMIT) with the
/// arguments of a document that has a type, a resource of its own and `options`, a JSON object or NULL.
void append_admit(redisContext *redis, const char *id, const char *type, const char *payload, const char *options);
/// Reads the reply of the oldest command sent so; an error, or a script that refused, ends the program.
void await_admit(redisContext *redis);

/// Waits until a field of a hash has a value; 60 s without it end the program.
void await_field(redisContext *redis, const char *key, const char *field, const char *value);
/// Waits until a job ended in `done` or `error`.
void await_end(redisContext *redis, const char *id);

/// Starts a program with stdout and stderr in a fresh log file, as the bare limits do.
pid_t spawn_logged(const char *path, const char *log);

/// Opens the named pipe in BENCH_FIFO, through which recipes tell the benchmark what they see.
int open_fifo(void);
/// Reads exactly `size` bytes from it; 60 s without them end the program.
void read_fifo(int fifo, void *into, size_t size);

#endif
