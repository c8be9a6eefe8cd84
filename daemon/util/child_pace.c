/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A child that keeps to a speed; see child_pace.h.  Workers. */

#include "util/child_pace.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* It runs freely for so long, which bounds how far it gets ahead. */
enum { LOOK_MS = 5 };

void child_pace_open(struct child_pace *pace, pid_t pid, struct job_ctl *ctl, int pace_fd)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/%d/io", (int)pid);
    *pace = (struct child_pace){
        .ctl = ctl,
        .pid = pid,
        .io_fd = open(path, O_RDONLY | O_CLOEXEC), /* without it the job's own progress counts */
        .change_fd = pace_fd,
    };
}

static uint64_t counter(const char *text, const char *name)
{
    const char *line = strstr(text, name);

    return line ? strtoull(line + strlen(name), NULL, 10) : 0;
}

/* Read or written, whichever is more: what comes compressed on one side is not on the other. */
static uint64_t bytes_moved(const struct child_pace *pace)
{
    char text[512];
    ssize_t n = pace->io_fd < 0 ? -1 : pread(pace->io_fd, text, sizeof(text) - 1, 0);
    uint64_t in, out;

    if (n <= 0)
        return atomic_load_explicit(&pace->ctl->done, memory_order_relaxed);
    text[n] = '\0';
    in = counter(text, "rchar: ");
    out = counter(text, "wchar: ");
    return in > out ? in : out;
}

int child_pace_look(struct child_pace *pace)
{
    uint64_t moved;
    int delay;

    job_pace_seen(pace->change_fd);
    if (job_ctl_speed(pace->ctl)) {
        moved = bytes_moved(pace);
        job_pace_moved(&pace->pace, moved > pace->moved ? moved - pace->moved : 0);
        pace->moved = moved;
    }
    delay = job_pace_delay(&pace->pace, pace->ctl);
    if ((delay != 0) != pace->stopped) {
        pace->stopped = delay != 0;
        (void)kill(-pace->pid, pace->stopped ? SIGSTOP : SIGCONT); /* not reaped: still its own */
    }
    if (pace->stopped)
        return delay;
    return job_ctl_speed(pace->ctl) ? LOOK_MS : -1;
}
