/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which process is which across a restart of the daemon: pid, start time and
 * boot together name one for good.  Any thread; owns the text of the boot id.
 */

#include "util/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

enum {
    BOOT_ID_MAX = 64,
    STAT_MAX = 1024,
    STAT_STATE = 3, /* fields in /proc/PID/stat, see proc(5); the first behind the name */
    STAT_UTIME = 14,
    STAT_STIME = 15,
    STAT_STARTTIME = 22,
    STRAY_WAIT_MS = 10000, /* one stuck in the kernel longer writes to a file that is unlinked */
};

static char boot_id[BOOT_ID_MAX];

/* Text of a small file without its last newline, "" on failure. */
static void read_small(const char *path, char *buf, size_t size)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

    buf[n > 0 ? n : 0] = '\0';
    buf[strcspn(buf, "\n")] = '\0';
}

static void boot_id_read(void)
{
    read_small("/proc/sys/kernel/random/boot_id", boot_id, sizeof(boot_id));
}

const char *child_boot_id(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, boot_id_read);
    return boot_id;
}

bool child_times(pid_t pid, struct child_times *ret_times)
{
    char path[64], stat[STAT_MAX];
    uint64_t numbers[STAT_STARTTIME + 1] = { 0 };
    char *field;
    int i;

    (void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
    read_small(path, stat, sizeof(stat));
    field = strrchr(stat, ')'); /* the name before it may hold anything */
    for (i = STAT_STATE; field && i <= STAT_STARTTIME; i++) {
        field = strchr(field + 1, ' ');
        if (field)
            numbers[i] = strtoull(field + 1, NULL, 10);
    }
    if (!field)
        return false;
    *ret_times = (struct child_times){
        .start = numbers[STAT_STARTTIME],
        .cpu = numbers[STAT_UTIME] + numbers[STAT_STIME],
    };
    return true;
}

uint64_t child_start_time(pid_t pid)
{
    struct child_times times;

    return child_times(pid, &times) ? times.start : 0;
}

void child_kill_stray(pid_t pid, uint64_t start, const char *boot)
{
    _cleanup_close_ int pidfd = -1;
    struct pollfd gone;

    if (pid <= 1 || !*boot || strcmp(boot, child_boot_id()) != 0)
        return;
    pidfd = pidfd_open(pid, 0);
    /* after the open: what is checked is what the descriptor holds */
    if (pidfd < 0 || child_start_time(pid) != start)
        return;
    (void)kill(-pid, SIGKILL); /* its group, which has its pid while it is there */
    (void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
    gone = (struct pollfd){ .fd = pidfd, .events = POLLIN };
    while (poll(&gone, 1, STRAY_WAIT_MS) < 0 && errno == EINTR)
        ;
}
