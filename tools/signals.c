/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SIGINT and SIGTERM as bytes in a pipe; see signals.h. */

#include "tools/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "protocol/macros.h"
#include "tools/cli.h"

#define SIGNALS_UNTIL_EXIT 3

/* The handler can be told of them in no other way. */
static int signal_pipe[2] = { -1, -1 };
static volatile sig_atomic_t signals_seen;
static char last_words[128];

static void signal_cb(int number)
{
    int saved = errno;

    (void)number;
    (void)!write(signal_pipe[1], "", 1); /* full: there are unread signals enough */
    if (++signals_seen >= SIGNALS_UNTIL_EXIT) {
        (void)!write(STDERR_FILENO, last_words, strlen(last_words)); /* we leave either way */
        _exit(CLI_FAILED);
    }
    errno = saved;
}

int signals_catch(const char *left)
{
    static const int numbers[] = { SIGINT, SIGTERM };
    struct sigaction action = { .sa_handler = signal_cb, .sa_flags = SA_RESTART };
    struct sigaction old;
    size_t i;

    (void)snprintf(last_words, sizeof(last_words), "\nerror: left at once; %s\n", left);
    if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    sigemptyset(&action.sa_mask);
    for (i = 0; i < ARRAY_SIZE(numbers); i++) {
        if (sigaction(numbers[i], NULL, &old) < 0)
            return -errno;
        if (old.sa_handler != SIG_IGN && sigaction(numbers[i], &action, NULL) < 0)
            return -errno;
    }
    return 0;
}

unsigned int signals_take(void)
{
    char bytes[16];
    ssize_t n = read(signal_pipe[0], bytes, sizeof(bytes));

    return n > 0 ? (unsigned int)n : 0;
}

bool signals_wait(int timeout_ms)
{
    struct pollfd polled = { .fd = signal_pipe[0], .events = POLLIN };

    return poll(&polled, 1, timeout_ms) > 0;
}

bool signals_wait_beside(int fd)
{
    struct pollfd polled[] = { { .fd = signal_pipe[0], .events = POLLIN },
                               { .fd = fd, .events = POLLIN } };

    while (poll(polled, ARRAY_SIZE(polled), -1) < 0 && errno == EINTR)
        ;
    return signals_take() > 0;
}
