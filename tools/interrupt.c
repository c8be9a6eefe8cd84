/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A signal while bytes are moved; see interrupt.h. */

#include "tools/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "tools/signals.h"

/* So long the thread that moves the bytes has to end the job itself, which costs no connection. */
enum { GRACE_MS = 300 };

static bool is_over(const struct interrupt *interrupt, int timeout_ms)
{
    struct pollfd polled = { .fd = interrupt->over_fd, .events = POLLIN };

    return poll(&polled, 1, timeout_ms) > 0;
}

/*
 * By a connection of its own: on the other one the call would wait behind bytes that the daemon
 * does not take.  That asks nobody who it is; without it there is the other one.
 */
static void cancel(const struct interrupt *interrupt)
{
    virConnectPtr conn = cli_connection_beside(interrupt->cli);

    (void)virConnectCancelJob(conn ? conn : interrupt->cli->conn, interrupt->job, 0);
    if (conn)
        (void)virConnectClose(conn);
}

static void *watch(void *opaque)
{
    const struct interrupt *interrupt = opaque;

    if (!signals_wait_beside(interrupt->over_fd))
        return NULL;
    (void)eventfd_write(interrupt->seen_fd, 1); /* cannot fail on a new one */
    if (!is_over(interrupt, GRACE_MS) && interrupt->job != 0)
        cancel(interrupt); /* refused, it ends by itself */
    return NULL;
}

static void close_all(struct interrupt *interrupt)
{
    if (interrupt->seen_fd >= 0)
        (void)close(interrupt->seen_fd);
    if (interrupt->over_fd >= 0)
        (void)close(interrupt->over_fd);
}

int interrupt_start(struct interrupt *interrupt, const struct cli *cli, unsigned long long job)
{
    int r;

    interrupt->cli = cli;
    interrupt->job = job;
    interrupt->seen_fd = eventfd(0, EFD_CLOEXEC);
    interrupt->over_fd = eventfd(0, EFD_CLOEXEC);
    r = interrupt->seen_fd < 0 || interrupt->over_fd < 0
            ? errno
            : pthread_create(&interrupt->thread, NULL, watch, interrupt);
    if (r != 0)
        close_all(interrupt);
    return -r;
}

bool interrupt_wait(const struct interrupt *interrupt, int fd, short events)
{
    struct pollfd polled[] = { { .fd = fd, .events = events },
                               { .fd = interrupt->seen_fd, .events = POLLIN } };

    while (poll(polled, ARRAY_SIZE(polled), -1) < 0 && errno == EINTR)
        ;
    return polled[1].revents == 0;
}

bool interrupt_seen(const struct interrupt *interrupt)
{
    struct pollfd polled = { .fd = interrupt->seen_fd, .events = POLLIN };

    return poll(&polled, 1, 0) > 0;
}

void interrupt_stop(struct interrupt *interrupt)
{
    (void)eventfd_write(interrupt->over_fd, 1); /* cannot fail on a new one */
    (void)pthread_join(interrupt->thread, NULL);
    close_all(interrupt);
}
