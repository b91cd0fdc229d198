// Three generations that wait to be killed; their process ids go into the named pipe.
#include <fcntl.h>
#include <unistd.h>

int main(void) {
    pid_t pids[3] = {getpid()};
    int link[2];
    if (pipe(link) != 0) return 1;
    pids[1] = fork();
    if (pids[1] == 0) {
        pid_t grandchild = fork();
        if (grandchild != 0 && write(link[1], &grandchild, sizeof grandchild) < 0) return 1;
        for (;;) pause();
    }
    if (read(link[0], &pids[2], sizeof pids[2]) != sizeof pids[2]) return 1;
    int fifo = open(BENCH_FIFO, O_WRONLY);
    if (write(fifo, pids, sizeof pids) != sizeof pids) return 1;
    for (;;) pause();
}
