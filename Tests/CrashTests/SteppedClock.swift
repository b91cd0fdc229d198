import Glibc
import TestSupport
import Testing

/// A wall clock that a file steps, for programs that are started with its environment. Clocks that never step are left alone,
/// and what the kernel does with times as well, as when a real clock is set.
struct SteppedClock {
    private static let source = """
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <stdlib.h>
        #include <sys/syscall.h>
        #include <sys/time.h>
        #include <time.h>
        #include <unistd.h>

        static long step(void) {
          char text[32] = "";
          const char *path = getenv("STEPPED_CLOCK");
          int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
          if (file < 0) return 0;
          if (read(file, text, sizeof text - 1) < 0) text[0] = 0;
          close(file);
          return atol(text);
        }

        int clock_gettime(clockid_t clock, struct timespec *now) {
          int result = syscall(SYS_clock_gettime, clock, now);
          if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += step();
          return result;
        }

        int gettimeofday(struct timeval *now, void *zone) {
          struct timespec time;
          clock_gettime(CLOCK_REALTIME, &time);
          now->tv_sec = time.tv_sec;
          now->tv_usec = time.tv_nsec / 1000;
          return 0;
        }

        time_t time(time_t *result) {
          struct timespec now;
          clock_gettime(CLOCK_REALTIME, &now);
          if (result) *result = now.tv_sec;
          return now.tv_sec;
        }
        """

    private let library: String
    private let file: String

    /// - Parameter folder: where its files lie.
    init(_ name: String, in folder: String) async throws {
        file = "\(folder)/\(name)"
        library = "\(file).so"
        try SteppedClock.write(SteppedClock.source, to: "\(file).c")
        let built = try await Program.run(["-shared", "-fPIC", "-O1", "-o", library, "\(file).c"], of: "/usr/bin/cc")
        try #require(built.status == 0, "\(built.errors)")
        try step(by: 0)
    }

    var environment: [String: String] { ["LD_PRELOAD": library, "STEPPED_CLOCK": file] }

    /// - Parameter seconds: how far it is from the true time from now on.
    func step(by seconds: Int) throws { try SteppedClock.write(String(seconds), to: file) }

    private static func write(_ text: String, to path: String) throws {
        let file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0o600)
        try #require(file >= 0)
        defer { close(file) }
        try #require(Glibc.write(file, text, text.utf8.count) == text.utf8.count)
    }
}
