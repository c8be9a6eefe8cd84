/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * QEMU's life as a process: which one it is (a pidfd whose start time fits, so
 * that a number used again is never taken for it), its end, and what /proc
 * tells of it.  Any thread, unless process.h says otherwise; owns nothing
 * between calls.
 */

#include "hypervisor/qemu/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>

#include "util/alloc.h"
#include "util/child.h"

DEFINE_CLEANUP(DIR *, closedir);

enum {
    KILL_WAIT_MS = 10000, /* longer is stuck in the kernel: a dead disk */
    FDINFO_MAX = 1024,    /* pos and ino are in its first lines */
};

/* -1 where it is gone. */
static int open_process(const struct process_id *id)
{
    _cleanup_close_ int pidfd = -1;

    if (id->pid <= 0 || id->start == 0)
        return -1;
    pidfd = pidfd_open(id->pid, 0);
    /* after the open: what is checked is what the descriptor holds */
    if (pidfd < 0 || child_start_time(id->pid) != id->start)
        return -1;
    return steal_fd(&pidfd);
}

int process_open(const struct process_id *id, struct verror *err)
{
    int pidfd = open_process(id);

    if (pidfd < 0)
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "process %ld has ended", (long)id->pid);
    return pidfd;
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Has it ended within that time? */
static bool wait_end(int pidfd, int timeout_ms)
{
    int64_t end = now_ms() + timeout_ms;
    struct pollfd gone = { .fd = pidfd, .events = POLLIN };
    int n;

    do {
        int64_t left = end - now_ms();

        n = poll(&gone, 1, left > 0 ? (int)left : 0);
    } while (n < 0 && errno == EINTR);
    return n > 0;
}

bool process_is_alive(const struct process_id *id)
{
    _cleanup_close_ int pidfd = open_process(id);

    return pidfd >= 0 && !wait_end(pidfd, 0); /* a zombie is there, but has ended */
}

/* By descriptor, as its number may be another's a moment later. */
static void reap(int pidfd)
{
    siginfo_t info;

    while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) < 0 && errno == EINTR)
        ; /* ECHILD: one from before a restart; init reaps it */
}

void process_reap(const struct process_id *id)
{
    _cleanup_close_ int pidfd = open_process(id);

    if (pidfd >= 0)
        reap(pidfd);
}

/* It may have ended before, which is what is wanted. */
static bool signal_and_wait(int pidfd, int sig, int timeout_ms)
{
    (void)pidfd_send_signal(pidfd, sig, NULL, 0);
    return wait_end(pidfd, timeout_ms);
}

int process_end(const struct process_id *id, int grace_ms, bool graceful, struct verror *err)
{
    _cleanup_close_ int pidfd = open_process(id);
    bool ended;

    if (pidfd < 0)
        return 0;
    ended = (graceful || grace_ms > 0) && signal_and_wait(pidfd, SIGTERM, grace_ms);
    if (!ended && graceful)
        return verror_set(err, VIR_ERR_RESOURCE_BUSY,
                          "process %ld has not ended within %d ms of SIGTERM", (long)id->pid,
                          grace_ms);
    if (!ended && !signal_and_wait(pidfd, SIGKILL, KILL_WAIT_MS))
        return verror_set(err, VIR_ERR_RESOURCE_BUSY,
                          "process %ld has not ended within %d ms of SIGKILL: it is stuck in the "
                          "kernel",
                          (long)id->pid, KILL_WAIT_MS);
    reap(pidfd);
    return 0;
}

uint64_t process_cpu_time(const struct process_id *id)
{
    static const uint64_t second = 1000000000;
    struct child_times times;
    long ticks = sysconf(_SC_CLK_TCK);

    if (id->pid <= 0 || ticks <= 0 || !child_times(id->pid, &times) || times.start != id->start)
        return 0;
    return times.cpu * (second / (uint64_t)ticks);
}

/* --- open files --- */

/* A line "name:\tNUMBER" of a fdinfo; false where it has none. */
static bool fdinfo_number(const char *text, const char *name, uint64_t *ret_number)
{
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, strlen(name)) == 0) {
            *ret_number = strtoull(line + strlen(name), NULL, 10);
            return true;
        }
    }
    return false;
}

static bool is_file(int fds, const char *name, dev_t dev, ino_t ino)
{
    struct statx stx;

    /* what is known of it here and now: a dead server does not hold us */
    return statx(fds, name, AT_STATX_DONT_SYNC, STATX_INO, &stx) == 0 && stx.stx_ino == ino &&
           makedev(stx.stx_dev_major, stx.stx_dev_minor) == dev;
}

/* Its offset if that descriptor is the file's, else -1. */
static int64_t descriptor_offset(int process, int fds, const char *name, dev_t dev, ino_t ino)
{
    _cleanup_free_ char *path = xasprintf("fdinfo/%s", name);
    _cleanup_close_ int fd = openat(process, path, O_RDONLY | O_CLOEXEC);
    char text[FDINFO_MAX];
    uint64_t pos, number;
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (n <= 0)
        return -1;
    text[n] = '\0';
    if (fdinfo_number(text, "ino:", &number) && number != ino)
        return -1; /* most of them, since Linux 5.14 */
    if (!is_file(fds, name, dev, ino) || !fdinfo_number(text, "pos:", &pos))
        return -1;
    return (int64_t)pos;
}

int64_t process_file_offset(const struct process_id *id, dev_t dev, ino_t ino)
{
    _cleanup_free_ char *path = xasprintf("/proc/%ld", (long)id->pid);
    _cleanup_close_ int process = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_(closedirp) DIR *dir = NULL;
    const struct dirent *entry;
    int64_t furthest = -1;
    int fds;

    /* the directory is that process's for good, so it is enough to check after */
    if (process < 0 || id->pid <= 0 || child_start_time(id->pid) != id->start)
        return -1;
    fds = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    dir = fds < 0 ? NULL : fdopendir(fds);
    if (!dir) {
        if (fds >= 0)
            (void)close(fds);
        return -1;
    }
    while ((entry = readdir(dir))) {
        int64_t offset =
            entry->d_name[0] == '.' ? -1 : descriptor_offset(process, fds, entry->d_name, dev, ino);

        if (offset > furthest)
            furthest = offset;
    }
    return furthest;
}

/* --- its log --- */

enum { LOG_TAIL_MAX = 2048 };

static char *printable(char *text, size_t len)
{
    size_t i;

    while (len && strchr(" \t\r\n", text[len - 1]))
        len--;
    text[len] = '\0';
    for (i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' && text[i] != '\n')
            text[i] = text[i] == '\t' ? ' ' : '?';
    return text;
}

char *log_tail(const char *path, off_t offset)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    char text[LOG_TAIL_MAX + 1], *start = text;
    bool cut;
    struct stat st;
    ssize_t n;

    if (fd < 0 || fstat(fd, &st) < 0)
        return xstrdup("");
    cut = st.st_size - offset > LOG_TAIL_MAX;
    n = pread(fd, text, LOG_TAIL_MAX, cut ? st.st_size - LOG_TAIL_MAX : offset);
    if (n <= 0)
        return xstrdup("");
    text[n] = '\0';
    if (cut && memchr(text, '\n', (size_t)n))
        start = (char *)memchr(text, '\n', (size_t)n) + 1; /* whole lines */
    return xstrdup(printable(start, (size_t)(text + n - start)));
}
