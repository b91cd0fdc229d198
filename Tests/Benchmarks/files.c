// files FOLDER COUNT: microseconds that a new file takes in a folder of its own, which says how the disk is disposed.
#include "bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc != 3 || mkdir(argv[1], 0700) != 0) fail("files FOLDER COUNT");
    int count = atoi(argv[2]);
    char path[4096];
    int64_t start = now_ns();
    for (int index = 0; index < count; index++) {
        snprintf(path, sizeof path, "%s/%d", argv[1], index);
        int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        if (file < 0) fail(path);
        close(file);
    }
    printf("%.1f\n", (now_ns() - start) / 1e3 / count);
}
