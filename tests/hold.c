/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preloaded into the daemon under test: makes its system calls on the files
 * below $HOLD_PATH wait, slow or fail, so that a test can kill it in the very
 * place it means.  A rule is a file $HOLD_RULES/CALL of three words:
 *
 *     hold 0 SKIP     say so by making CALL.held, and wait until the rule is gone
 *     after 0 SKIP    the same, once the call has been made
 *     fail ERRNO SKIP fail so instead of making the call
 *     delay USEC SKIP wait so long before each call
 *
 * SKIP calls go through before the rule counts.  If there is a file
 * $HOLD_RULES/log, each call is noted there: CALL OFFSET LENGTH.  Any thread.
 */

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

struct rule {
    char action[16];
    int value;
    unsigned int skip;
};

static bool is_ours(const char *path)
{
    const char *ours = getenv("HOLD_PATH");

    return ours && getenv("HOLD_RULES") && strncmp(path, ours, strlen(ours)) == 0;
}

static bool is_our_fd(int fd)
{
    char link[64], path[4096] = "";

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    return readlink(link, path, sizeof(path) - 1) > 0 && is_ours(path);
}

static int open_rule(const char *call, const char *suffix, int flags)
{
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/%s%s", getenv("HOLD_RULES"), call, suffix);
    return open(path, flags | O_CLOEXEC, 0600);
}

static bool read_rule(const char *call, struct rule *ret)
{
    char text[64] = "";
    int fd = open_rule(call, "", O_RDONLY);
    ssize_t n;

    if (fd < 0)
        return false;
    n = read(fd, text, sizeof(text) - 1);
    (void)close(fd); /* it was only read */
    return n > 0 && sscanf(text, "%15s %d %u", ret->action, &ret->value, &ret->skip) == 3;
}

static void pause_us(long us)
{
    struct timespec time = { us / 1000000, us % 1000000 * 1000 };

    (void)nanosleep(&time, NULL); /* too short is no harm */
}

static void hold(const char *call)
{
    struct rule rule;
    int fd = open_rule(call, ".held", O_WRONLY | O_CREAT);

    if (fd >= 0)
        (void)close(fd); /* it is empty */
    while (read_rule(call, &rule))
        pause_us(1000);
}

static void note(const char *call, uint64_t offset, uint64_t length)
{
    char line[128];
    int fd = open_rule("log", "", O_WRONLY | O_APPEND);

    if (fd < 0)
        return;
    (void)!write(fd, line,
                 (size_t)snprintf(line, sizeof(line), "%s %llu %llu\n", call,
                                  (unsigned long long)offset, (unsigned long long)length));
    (void)close(fd); /* a lost note fails the test that reads it */
}

/* Before the call: false = it is to fail, with errno set.  ret_after: to be held behind it. */
static bool enter(const char *call, atomic_uint *count, uint64_t offset, uint64_t length,
                  bool *ret_after)
{
    struct rule rule = { .skip = 0 };

    note(call, offset, length);
    if (!read_rule(call, &rule) || atomic_fetch_add(count, 1) < rule.skip)
        return true;
    if (strcmp(rule.action, "hold") == 0)
        hold(call);
    *ret_after = strcmp(rule.action, "after") == 0;
    if (strcmp(rule.action, "delay") == 0)
        pause_us(rule.value);
    if (strcmp(rule.action, "fail") != 0)
        return true;
    errno = rule.value;
    return false;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* One call: where it works, what is told of it, and what stands for its failure. */
#define WRAP(type, name, params, args, ours, offset, length, failure)                    \
    EXPORT type name params                                                             \
    {                                                                                   \
        static atomic_uint count;                                                       \
        bool after = false;                                                             \
        int before = errno; /* readdir tells its end by leaving it alone */             \
        type result;                                                                    \
                                                                                        \
        if (!(ours))                                                                    \
            return REAL(name) args;                                                     \
        if (!enter(#name, &count, (uint64_t)(offset), (uint64_t)(length), &after))      \
            return failure;                                                             \
        errno = before;                                                                 \
        result = REAL(name) args;                                                       \
        before = errno;                                                                 \
        if (after)                                                                      \
            hold(#name);                                                                \
        errno = before;                                                                 \
        return result;                                                                  \
    }

WRAP(ssize_t, copy_file_range,
     (int in, off64_t *in_offset, int out, off64_t *out_offset, size_t length,
      unsigned int flags),
     (in, in_offset, out, out_offset, length, flags), is_our_fd(out),
     out_offset ? *out_offset : 0, length, -1)
WRAP(ssize_t, pread, (int fd, void *buf, size_t length, off_t offset), (fd, buf, length, offset),
     is_our_fd(fd), offset, length, -1)
WRAP(ssize_t, pwrite, (int fd, const void *buf, size_t length, off_t offset),
     (fd, buf, length, offset), is_our_fd(fd), offset, length, -1)
WRAP(int, fallocate, (int fd, int mode, off_t offset, off_t length), (fd, mode, offset, length),
     is_our_fd(fd), offset, length, -1)
WRAP(int, ftruncate, (int fd, off_t length), (fd, length), is_our_fd(fd), 0, length, -1)
WRAP(int, fsync, (int fd), (fd), is_our_fd(fd), 0, 0, -1)
WRAP(int, fdatasync, (int fd), (fd), is_our_fd(fd), 0, 0, -1)
WRAP(int, fchownat, (int fd, const char *name, uid_t uid, gid_t gid, int flags),
     (fd, name, uid, gid, flags), is_our_fd(fd), 0, 0, -1)
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), is_our_fd(fd), 0, 0, -1)
WRAP(struct dirent *, readdir, (DIR *dir), (dir), is_our_fd(dirfd(dir)), 0, 0, NULL)
WRAP(int, renameat2, (int from_fd, const char *from, int to_fd, const char *to, unsigned int flags),
     (from_fd, from, to_fd, to, flags), is_our_fd(to_fd), 0, 0, -1)
WRAP(int, unlinkat, (int fd, const char *name, int flags), (fd, name, flags), is_our_fd(fd), 0, 0,
     -1)
WRAP(int, unlink, (const char *path), (path), is_ours(path), 0, 0, -1)
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), is_ours(path), 0, 0, -1)
WRAP(int, rmdir, (const char *path), (path), is_ours(path), 0, 0, -1)
/* qemu-img's */
WRAP(ssize_t, pwrite64, (int fd, const void *buf, size_t length, off64_t offset),
     (fd, buf, length, offset), is_our_fd(fd), offset, length, -1)
WRAP(ssize_t, pwritev64, (int fd, const struct iovec *iov, int niov, off64_t offset),
     (fd, iov, niov, offset), is_our_fd(fd), offset, 0, -1)
WRAP(int, ftruncate64, (int fd, off64_t length), (fd, length), is_our_fd(fd), 0, length, -1)
WRAP(int, fallocate64, (int fd, int mode, off64_t offset, off64_t length),
     (fd, mode, offset, length), is_our_fd(fd), offset, length, -1)
