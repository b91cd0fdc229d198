// Writes BENCH_BYTES bytes of 80-byte lines; one line of a hundred holds one of the secrets.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { line_size = 80, lines = 2000 };

int main(void) {
    static char text[line_size * lines + 1];
    for (int number = 0; number < lines; number++) {
        char *line = text + number * line_size;
        int length = number % 100 == 99
            ? sprintf(line, "[%5d] logging in with secret-value-number-%02d of the registry", number, number / 100 % 20 + 1)
            : sprintf(line, "[%5d] copying layer sha256:9f86d081884c7d65 of the image to /srv/app", number);
        memset(line + length, '.', (size_t)(line_size - 1 - length));
        line[line_size - 1] = '\n';
    }
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    int64_t now = time.tv_sec * 1000000000LL + time.tv_nsec;
    int fifo = open(BENCH_FIFO, O_WRONLY | O_NONBLOCK);
    if (fifo >= 0 && write(fifo, &now, sizeof now) < 0) return 1;
    for (long long left = BENCH_BYTES; left > 0;) {
        size_t size = left < line_size * lines ? (size_t)left : line_size * lines;
        ssize_t written = write(1, text, size);
        if (written < 0) return 1;
        left -= written;
        // A short write would begin the next one in the middle of a line.
        while (written % line_size != 0) {
            ssize_t more = write(1, text + written, (size_t)(line_size - written % line_size));
            if (more < 0) return 1;
            written += more;
            left -= more;
        }
    }
}
