#define _GNU_SOURCE
#include "clinux.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define RETRY(call) ({ long r_; do r_ = (call); while (r_ < 0 && errno == EINTR); r_ < 0 ? -errno : r_; })

const char *hw_error_text(int error) {
    return strerror(error);
}

int hw_eagain(void) { return EAGAIN; }
int hw_enospc(void) { return ENOSPC; }
int hw_enoent(void) { return ENOENT; }
int hw_eexist(void) { return EEXIST; }
int hw_ebadmsg(void) { return EBADMSG; }

int hw_open_read(int directory, const char *path) {
    return (int)RETRY(openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOCTTY));
}

int hw_open_directory(const char *path) {
    return (int)RETRY(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

int hw_open_create(int directory, const char *path, int append) {
    int flags = append ? O_WRONLY | O_APPEND : O_RDWR;
    return (int)RETRY(openat(directory, path, flags | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
}

int hw_is_delegated(const char *folder) {
    char value = 0;
    return (getxattr(folder, "user.delegate", &value, 1) == 1 && value == '1')
        || (getxattr(folder, "trusted.delegate", &value, 1) == 1 && value == '1');
}

int hw_open_append(int directory, const char *path) {
    return (int)RETRY(openat(directory, path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW));
}

int hw_open_truncate(int directory, const char *path) {
    return (int)RETRY(openat(directory, path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
}

int64_t hw_read(int fd, void *buffer, size_t count) {
    return RETRY(read(fd, buffer, count));
}

int64_t hw_read_at(int fd, void *buffer, size_t count, int64_t offset) {
    return RETRY(pread(fd, buffer, count, offset));
}

int64_t hw_write(int fd, const void *bytes, size_t count) {
    return RETRY(write(fd, bytes, count));
}

int64_t hw_read_file(int directory, const char *path, void *buffer, size_t capacity) {
    int fd = hw_open_read(directory, path);
    if (fd < 0) return fd;
    size_t total = 0;
    int64_t got = 0;
    while (total < capacity && (got = hw_read(fd, (char *)buffer + total, capacity - total)) > 0) total += (size_t)got;
    close(fd);
    return got < 0 ? got : (int64_t)total;
}

int64_t hw_file_size(int fd) {
    struct stat information;
    return fstat(fd, &information) < 0 ? -errno : information.st_size;
}

int hw_exists(int directory, const char *path) {
    return faccessat(directory, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int hw_truncate(int fd, int64_t size) {
    return (int)RETRY(ftruncate(fd, size));
}

int hw_rename(int directory, const char *from, const char *to) {
    return renameat(directory, from, directory, to) < 0 ? -errno : 0;
}

int hw_unlink(int directory, const char *path) {
    return unlinkat(directory, path, 0) < 0 ? -errno : 0;
}

int hw_make_directory(const char *path, unsigned int mode) {
    return mkdir(path, mode) < 0 ? -errno : 0;
}

int hw_remove_directory(const char *path) {
    return rmdir(path) < 0 ? -errno : 0;
}

int hw_change_owner(const char *path, int64_t uid, int64_t gid) {
    return lchown(path, (uid_t)uid, (gid_t)gid) < 0 ? -errno : 0;
}

int hw_is_executable(const char *path) {
    struct stat information;
    return stat(path, &information) == 0 && S_ISREG(information.st_mode) && access(path, X_OK) == 0;
}

int hw_close(int fd) {
    return close(fd) < 0 ? -errno : 0;
}

int hw_lock(int fd) {
    return (int)RETRY(flock(fd, LOCK_EX | LOCK_NB));
}

int hw_unlock(int fd) {
    return (int)RETRY(flock(fd, LOCK_UN));
}

int hw_lock_byte(int fd, int64_t offset) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
    return (int)RETRY(fcntl(fd, F_OFD_SETLK, &lock));
}

int hw_duplicate(int fd) {
    return (int)RETRY(fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

int hw_pipe(int *reading, int *writing, int size) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    if (size > 0) fcntl(ends[1], F_SETPIPE_SZ, size);
    *reading = ends[0];
    *writing = ends[1];
    return 0;
}

int hw_bytes_waiting(int fd) {
    int count = 0;
    return ioctl(fd, FIONREAD, &count) < 0 ? -errno : count;
}

int hw_memory_file(const void *bytes, size_t count) {
    int fd = memfd_create("hoistway", MFD_CLOEXEC);
    if (fd < 0) return -errno;
    size_t written = 0;
    while (written < count) {
        int64_t n = hw_write(fd, (const char *)bytes + written, count - written);
        if (n < 0) {
            close(fd);
            return (int)n;
        }
        written += (size_t)n;
    }
    lseek(fd, 0, SEEK_SET);
    return fd;
}
