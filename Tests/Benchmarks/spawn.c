// The bare limit of a drain: posix_spawn("/bin/true") with a fresh log file each, at the best number in flight.
// spawn FOLDER COUNT: prints processes per second and the number in flight.
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

static double rate(const char *folder, int count, int in_flight) {
    char path[4096];
    int64_t start = now_ns();
    for (int begun = 0, running = 0; begun < count || running > 0;) {
        if (begun < count && running < in_flight) {
            snprintf(path, sizeof path, "%s/%d-%d", folder, in_flight, begun++);
            spawn_logged("/bin/true", path);
            running++;
        } else {
            if (wait(NULL) < 0) fail("wait");
            running--;
        }
    }
    return count / ((now_ns() - start) / 1e9);
}

int main(int argc, char **argv) {
    if (argc != 3 || mkdir(argv[1], 0700) != 0) fail("spawn FOLDER COUNT");
    int counts[] = {1, 2, 4, 8};
    double best = 0;
    int best_count = 0;
    for (int index = 0; index < 4; index++) {
        double found = rate(argv[1], atoi(argv[2]), counts[index]);
        if (found > best) {
            best = found;
            best_count = counts[index];
        }
    }
    printf("%.1f %d\n", best, best_count);
}
