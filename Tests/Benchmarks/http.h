// A small HTTP/1.1 client of many connections on the loopback, for the figures of the API.
#ifndef HTTP_H
#define HTTP_H

#include <stddef.h>
#include <stdint.h>

/// A connection that sends the same request again and again, and reads what is answered.
struct exchange {
    int socket;
    /// Bytes of the head in `head`, while it is not whole.
    size_t head_size;
    char head[4096];
    enum { in_head, in_length, in_chunk_size, in_chunk, behind_chunk, in_trailer } state;
    /// What is left of a body of known length, or of a chunk.
    uint64_t left;
    int status;
    /// Bytes of bodies so far, without what frames them.
    uint64_t body;
    /// Answers that are whole.
    uint64_t answers;
};

/// Connects to a port of the loopback; the socket does not block.
void connect_http(struct exchange *exchange, int port);
/// Text of a GET request, which the caller frees.
char *get_request(const char *path);
/// Sends a request, which must fit into the socket's buffer.
void send_request(struct exchange *exchange, const char *request);
/// Reads what there is; anything but 200 with a body framed by length or in chunks ends the program.
/// Returns how many answers became whole.
int receive(struct exchange *exchange);

#endif
