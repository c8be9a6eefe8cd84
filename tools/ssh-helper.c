/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virtjob-ssh-helper: what a client's ssh starts on the daemon's host.  Carries
 * bytes between its standard input and output and the daemon's socket until the
 * daemon closes it.  Called as libvirt calls virt-ssh-helper, or as it calls nc.
 */

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client-lib/internal.h"
#include "client-lib/transport.h"
#include "client-lib/uri.h"

enum { EXIT_USAGE = 2 };

/* --- one direction --- */

struct pipe_half {
    int from, to; /* from is -1 once it has ended */
    char data[65536];
    size_t begin, end; /* of what is still to be written */
};

static bool is_wanted(const struct pipe_half *half)
{
    return half->begin < half->end;
}

/* 0, 1 at the end of what it reads, or -1 with errno. */
static int take(struct pipe_half *half)
{
    ssize_t n = read(half->from, half->data, sizeof(half->data));

    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -1;
    half->begin = 0;
    half->end = (size_t)n;
    return n == 0;
}

/* Never blocks, or the other direction would: a pipe that poll() calls writable takes PIPE_BUF. */
static int give(struct pipe_half *half)
{
    const char *data = half->data + half->begin;
    size_t len = half->end - half->begin;
    ssize_t n = send(half->to, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n < 0 && errno == ENOTSOCK)
        n = write(half->to, data, len < PIPE_BUF ? len : PIPE_BUF);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -1;
    half->begin += (size_t)n;
    return 0;
}

static int fail(const char *what)
{
    fprintf(stderr, "virtjob-ssh-helper: %s: %s\n", what, strerror(errno));
    return EXIT_FAILURE;
}

/* --- both --- */

/* The client has gone: the daemon is to know, and closes its end. */
static void end_input(struct pipe_half *in, int sock)
{
    in->from = -1;
    (void)shutdown(sock, SHUT_WR); /* else it is closed already */
}

static int carry(int sock)
{
    static struct pipe_half in, out;

    in = (struct pipe_half){ .from = STDIN_FILENO, .to = sock };
    out = (struct pipe_half){ .from = sock, .to = STDOUT_FILENO };
    for (;;) {
        struct pollfd polled[] = {
            { .fd = is_wanted(&in) ? -1 : in.from, .events = POLLIN },
            { .fd = is_wanted(&in) ? in.to : -1, .events = POLLOUT },
            { .fd = is_wanted(&out) ? -1 : out.from, .events = POLLIN },
            { .fd = is_wanted(&out) ? out.to : -1, .events = POLLOUT },
        };
        int ended;

        if (poll(polled, ARRAY_SIZE(polled), -1) < 0 && errno != EINTR)
            return fail("cannot wait");
        if (polled[0].revents && (ended = take(&in)) != 0) {
            if (ended < 0)
                return fail("cannot read from the client");
            end_input(&in, sock);
        }
        if (polled[1].revents && give(&in) < 0)
            return fail("cannot write to the daemon");
        if (polled[2].revents && (ended = take(&out)) != 0)
            return ended > 0 ? EXIT_SUCCESS : fail("cannot read from the daemon");
        if (polled[3].revents && give(&out) < 0)
            return fail("cannot write to the client");
    }
}

/* --- which socket --- */

struct options {
    bool readonly;
    const char *socket; /* of -U */
};

static int usage(void)
{
    fputs("usage: virtjob-ssh-helper [-r] URI\n"
          "       virtjob-ssh-helper [-q SECONDS] -U SOCKET\n", stderr);
    return EXIT_USAGE;
}

static int options_parse(struct options *options, int argc, char **argv)
{
    int c;

    while ((c = getopt(argc, argv, "rq:U:")) != -1) {
        if (c == 'r')
            options->readonly = true;
        else if (c == 'U')
            options->socket = optarg;
        else if (c != 'q') /* of nc: how long to go on after the input's end; as long as it takes */
            return -1;
    }
    return argc - optind == (options->socket ? 0 : 1) ? 0 : -1;
}

/* A new string; NULL: raised. */
static char *socket_of(const char *text, bool readonly)
{
    struct uri uri = { 0 };
    char *path = uri_parse(text, &uri) < 0 ? NULL : unix_socket_path(&uri, readonly);

    uri_done(&uri);
    return path;
}

/* It is told by raised(), where it ends the program. */
static void keep_error(_unused_ void *opaque, _unused_ virErrorPtr error)
{
}

static int raised(void)
{
    fprintf(stderr, "virtjob-ssh-helper: %s\n", virGetLastErrorMessage());
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct options options = { 0 };
    _cleanup_free_ char *path = NULL;
    int sock;

    virSetErrorFunc(NULL, keep_error);
    if (options_parse(&options, argc, argv) < 0)
        return usage();
    path = options.socket ? strdup(options.socket) : socket_of(argv[optind], options.readonly);
    if (!path)
        return raised();
    sock = unix_connect(path);
    return sock < 0 ? raised() : carry(sock);
}
