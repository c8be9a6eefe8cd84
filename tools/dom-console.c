/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The terminal and a guest's serial port.  This thread takes what the guest
 * says, a second one what is typed.
 */

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <unistd.h>

#include "tools/dom.h"
#include "tools/flags.h"

enum { ESCAPE = 0x1d /* ^] */, CHUNK = 4096 };

static const struct flag_row console_rows[] = {
    { "force", VIR_DOMAIN_CONSOLE_FORCE },
    { "safe", VIR_DOMAIN_CONSOLE_SAFE },
    { NULL, 0 },
};

struct console {
    virStreamPtr stream;
    bool terminal;
    struct termios before; /* how the terminal was */
    int over_fd;           /* readable: the guest's side has ended */
};

static int terminal_raw(struct console *console)
{
    struct termios raw;

    console->terminal = isatty(STDIN_FILENO);
    if (!console->terminal)
        return 0;
    if (tcgetattr(STDIN_FILENO, &console->before) < 0)
        return -1;
    raw = console->before;
    cfmakeraw(&raw);
    return tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
}

static void terminal_restore(const struct console *console)
{
    if (console->terminal)
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &console->before); /* nothing else is left to do */
}

/* False: the stream has failed, which the other thread sees too. */
static bool send_typed(struct console *console, const char *typed, size_t len)
{
    while (len > 0) {
        int n = virStreamSend(console->stream, typed, len);

        if (n < 0)
            return false;
        typed += n;
        len -= (size_t)n;
    }
    return true;
}

/*
 * The user wants no more, while the other thread waits for what the guest says: with the
 * process its connection ends, and with that the daemon's side of the console.
 */
static _Noreturn void leave(const struct console *console)
{
    terminal_restore(console);
    (void)!write(STDOUT_FILENO, "\n", 1); /* the prompt gets a line of its own */
    _exit(CLI_DONE);
}

static void *typing(void *opaque)
{
    struct console *console = opaque;
    struct pollfd polled[] = { { .fd = STDIN_FILENO, .events = POLLIN },
                               { .fd = console->over_fd, .events = POLLIN } };
    char typed[CHUNK];

    for (;;) {
        const char *escape;
        ssize_t n;

        if (poll(polled, ARRAY_SIZE(polled), -1) < 0 && errno != EINTR)
            break;
        if (polled[1].revents)
            return NULL;
        if (!polled[0].revents)
            continue;
        n = read(STDIN_FILENO, typed, sizeof(typed));
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0 && !console->terminal)
            return NULL; /* all is sent; the guest may still have something to say */
        if (n <= 0)
            break;
        escape = console->terminal ? memchr(typed, ESCAPE, (size_t)n) : NULL;
        if (!send_typed(console, typed, escape ? (size_t)(escape - typed) : (size_t)n))
            return NULL;
        if (escape)
            break;
    }
    leave(console);
}

static int show(struct console *console)
{
    char said[CHUNK];
    int n;

    while ((n = virStreamRecv(console->stream, said, sizeof(said))) > 0) {
        ssize_t pos = 0, written;

        for (; pos < n; pos += written) {
            written = write(STDOUT_FILENO, said + pos, (size_t)(n - pos));
            if (written < 0 && errno == EINTR)
                written = 0;
            else if (written < 0)
                return 0; /* nobody looks any more */
        }
    }
    return n;
}

/* Until the guest has ended, or the user leaves. */
static int talk(struct console *console)
{
    pthread_t typist;
    int r = pthread_create(&typist, NULL, typing, console);

    if (r != 0) {
        errno = r;
        return -1;
    }
    r = show(console);
    (void)eventfd_write(console->over_fd, 1); /* cannot fail on a new one */
    (void)pthread_join(typist, NULL);
    return r;
}

static int run_console(struct cli *cli, struct console *console, virDomainPtr dom)
{
    int r;

    cli_say(cli, "Connected to domain '%s'%s", virDomainGetName(dom),
            isatty(STDIN_FILENO) ? "\nEscape character is ^]" : "");
    (void)fflush(stdout); /* before what the guest says, which is not buffered */
    console->over_fd = eventfd(0, EFD_CLOEXEC);
    if (console->over_fd < 0 || terminal_raw(console) < 0) {
        cli_error("cannot set up the terminal: %s", strerror(errno));
        return CLI_FAILED;
    }
    r = talk(console);
    terminal_restore(console);
    (void)close(console->over_fd);
    if (r < 0)
        return cli_fail("lost the console of domain '%s'", virDomainGetName(dom));
    (void)virStreamFinish(console->stream); /* the guest is gone: nothing hangs on it */
    return CLI_DONE;
}

int dom_console(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    struct console console = { .over_fd = -1 };
    int result;

    if (!dom)
        return CLI_FAILED;
    console.stream = virStreamNew(cli->conn, 0);
    if (!console.stream || virDomainOpenConsole(dom, args_text(args, "devname"), console.stream,
                                                args_flags(args, console_rows)) < 0)
        result = cli_fail("cannot open the console of domain '%s'", virDomainGetName(dom));
    else
        result = run_console(cli, &console, dom);
    if (console.stream)
        (void)virStreamFree(console.stream);
    return result;
}
