// Time of the recipe `flood` under a worker, from its first byte to the end of the job, with 20 secrets to mask.
// logging TYPE: prints seconds. The values are in the worker's environment, BENCH_SECRET_1 to BENCH_SECRET_20.
#include "bench.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
    if (argc != 2) fail("logging TYPE");
    char id[64], options[2048] = "{\"secrets\":{";
    for (int number = 1; number <= 20; number++) {
        char one[96];
        snprintf(one, sizeof one, "%s\"S%d\":\"env:BENCH_SECRET_%d\"", number == 1 ? "" : ",", number, number);
        strcat(options, one);
    }
    strcat(options, "}}");
    int fifo = open_fifo();
    redisContext *redis = connect_redis();
    new_id(id);
    append_admit(redis, id, argv[1], "{}", options);
    await_admit(redis);
    int64_t start;
    read_fifo(fifo, &start, sizeof start);
    await_end(redis, id);
    double seconds = (now_ns() - start) / 1e9;
    char key[128];
    snprintf(key, sizeof key, "hoistway:job:%s", id);
    await_field(redis, key, "status", "done");
    printf("%.3f\n", seconds);
}
