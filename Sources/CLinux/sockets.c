#define _GNU_SOURCE
#include "clinux.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LAUNCH_VERSION = 1 };

int hw_socket_pair(int packets, int *first, int *second) {
    int ends[2];
    int type = (packets ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_CLOEXEC;
    if (socketpair(AF_UNIX, type, 0, ends) < 0) return -errno;
    *first = ends[0];
    *second = ends[1];
    return 0;
}

// sun_path holds 107 bytes, which data folders pass easily: the folder is named through its descriptor.
static void address_in(struct sockaddr_un *address, int directory, const char *name) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", directory, name);
}

int hw_listen_in(int directory, const char *name) {
    struct sockaddr_un address;
    address_in(&address, directory, name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    unlinkat(directory, name, 0);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 16) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

int hw_connect_in(int directory, const char *name) {
    struct sockaddr_un address;
    address_in(&address, directory, name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    int result;
    do result = connect(fd, (struct sockaddr *)&address, sizeof address);
    while (result < 0 && errno == EINTR);
    if (result < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

int hw_accept(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int64_t hw_send(int fd, const void *bytes, size_t count) {
    ssize_t n;
    do n = send(fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

int64_t hw_receive(int fd, void *buffer, size_t count) {
    ssize_t n;
    do n = recv(fd, buffer, count, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

int hw_send_launch(int channel, int connection, int specification) {
    char version = LAUNCH_VERSION;
    struct iovec part = {&version, 1};
    union {
        char bytes[CMSG_SPACE(2 * sizeof(int))];
        struct cmsghdr align;
    } control;
    memset(&control, 0, sizeof control);
    struct msghdr message = {0};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(2 * sizeof(int));
    int fds[2] = {connection, specification};
    memcpy(CMSG_DATA(header), fds, sizeof fds);
    ssize_t n;
    do n = sendmsg(channel, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

int hw_receive_launch(int channel, int *connection, int *specification) {
    char version = 0;
    struct iovec part = {&version, 1};
    union {
        char bytes[CMSG_SPACE(8 * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr message = {0};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    ssize_t n;
    do n = recvmsg(channel, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0) return -errno;
    int fds[8];
    size_t count = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        if (count > 8) count = 8;
        memcpy(fds, CMSG_DATA(header), count * sizeof(int));
    }
    if (n == 0) return 0;
    if (count == 2 && version == LAUNCH_VERSION) {
        *connection = fds[0];
        *specification = fds[1];
        return 1;
    }
    for (size_t i = 0; i < count; i++) close(fds[i]);
    return -EBADMSG;
}
