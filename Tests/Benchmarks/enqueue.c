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
    // So many at once that the round trips do not count, and so few that they need little memory.
    for (int sent = 0, batch; sent < count; sent += batch) {
        batch = count - sent < 1000 ? count - sent : 1000;
        for (int index = 0; index < batch; index++) {
            char id[64];
            new_id(id);
            append_admit(redis, id, argv[1], payload, NULL);
        }
        for (int index = 0; index < batch; index++) await_admit(redis);
    }
}
