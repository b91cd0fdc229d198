// enqueue TYPE COUNT PAYLOAD_BYTES: enqueues jobs, each of a resource of its own.
#include "bench.h"

#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
    if (argc != 4) fail("enqueue TYPE COUNT PAYLOAD_BYTES");
    int count = atoi(argv[2]), size = atoi(argv[3]);
    char *payload = calloc((size_t)size + 32, 1);
    strcpy(payload, "{\"text\":\"");
    while ((int)strlen(payload) < size - 2) strcat(payload, "x");
    strcat(payload, "\"}");
    redisContext *redis = connect_redis();
    for (int index = 0; index < count; index++) {
        char id[64];
        new_id(id);
        append_admit(redis, id, argv[1], payload, NULL);
    }
    for (int index = 0; index < count; index++) await_admit(redis);
}
