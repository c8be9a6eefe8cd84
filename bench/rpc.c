/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How fast is a call that is answered from memory, compared with a bare epoll
 * echo server that moves packets of the same sizes in the same run?  And what
 * does an idle connection cost?  Raw sockets, no client library.
 *
 *   bench/rpc --socket PATH [--rounds N] [--millis N] [--idle N]
 *
 * Each round measures echo server and daemon one after the other, in turns
 * first, and gives a ratio; the medians of all rounds are printed.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "protocol/frame.h"
#include "protocol/macros.h"
#include "protocol/remote.h"

enum {
    REQUEST = FRAME_MIN,          /* CONNECT_GET_LIB_VERSION has no arguments */
    ANSWER = FRAME_MIN + 8,        /* and an unsigned hyper as its result */
    WINDOW = 32,                  /* calls in flight when pipelined */
    MANY = 64,                    /* connections at once */
    BUFFER = 65536,
    MAX_ROUNDS = 101,
    MAX_FDS = 8192,
    PATIENCE_MS = 5000,
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "rpc: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static double now(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void write_all(int fd, const void *data, size_t len)
{
    for (size_t sent = 0; sent < len;) {
        ssize_t n = send(fd, (const char *)data + sent, len - sent, MSG_NOSIGNAL);

        if (n < 0)
            die("send");
        sent += (size_t)n;
    }
}

static size_t read_some(int fd, void *data, size_t len)
{
    ssize_t n = read(fd, data, len);

    if (n == 0)
        errno = ECONNRESET;
    if (n <= 0)
        die("read");
    return (size_t)n;
}

static void read_all(int fd, void *data, size_t len)
{
    for (size_t got = 0; got < len;)
        got += read_some(fd, (char *)data + got, len - got);
}

/* --- the server to compare with: epoll_wait, read, write, and nothing else --- */

static void echo_answer(int epoll_fd, int fd, size_t *pending)
{
    static char buffer[BUFFER];
    static char replies[BUFFER / REQUEST * ANSWER + ANSWER];
    ssize_t n = read(fd, buffer, sizeof(buffer));

    if (n <= 0) {
        (void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        (void)close(fd);
        *pending = 0;
        return;
    }
    *pending += (size_t)n;
    write_all(fd, replies, *pending / REQUEST * ANSWER);
    *pending %= REQUEST;
}

static _Noreturn void echo_serve(int listen_fd)
{
    static size_t pending[MAX_FDS];
    struct epoll_event events[MANY], add = { .events = EPOLLIN, .data.fd = listen_fd };
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);

    if (epoll_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &add) < 0)
        die("epoll");
    for (;;) {
        int n = epoll_wait(epoll_fd, events, MANY, -1);

        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;

            if (fd != listen_fd) {
                echo_answer(epoll_fd, fd, &pending[fd]);
                continue;
            }
            add.data.fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
            if (add.data.fd < 0 || add.data.fd >= MAX_FDS ||
                epoll_ctl(epoll_fd, EPOLL_CTL_ADD, add.data.fd, &add) < 0)
                die("accept");
        }
    }
}

/* An abstract address: nothing to remove afterwards. */
static void echo_address(struct sockaddr_un *ret_address, socklen_t *ret_len)
{
    *ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    *ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
                           (size_t)sprintf(ret_address->sun_path + 1, "virtjobd-bench-rpc-%d",
                                           (int)getpid()));
}

static pid_t echo_start(void)
{
    struct sockaddr_un address;
    socklen_t len;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pid_t pid;

    echo_address(&address, &len);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, MANY) < 0)
        die("echo server");
    pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        echo_serve(fd);
    }
    (void)close(fd);
    return pid;
}

/* --- the client --- */

struct target {
    const char *name;
    struct sockaddr_un address;
    socklen_t address_len;
    bool is_daemon;
};

static size_t make_call(char *out, int procedure, const void *payload, size_t len)
{
    static uint32_t serial;
    const struct frame_header header = {
        .program = REMOTE_PROGRAM_NUMBER,
        .version = REMOTE_PROGRAM_VERSION,
        .procedure = procedure,
        .serial = serial++,
    };

    frame_encode_header(out, &header, len);
    if (len > 0)
        memcpy(out + FRAME_MIN, payload, len);
    return FRAME_MIN + len;
}

/* Opens the daemon's own URI; false where no answer comes. */
static bool open_connection(int fd)
{
    static const uint32_t no_name_no_flags[2];
    char packet[FRAME_MIN + sizeof(no_name_no_flags)];
    struct frame_header header;
    struct pollfd pollfd = { .fd = fd, .events = POLLIN };

    write_all(fd, packet,
              make_call(packet, REMOTE_PROC_CONNECT_OPEN, no_name_no_flags,
                        sizeof(no_name_no_flags)));
    if (poll(&pollfd, 1, PATIENCE_MS) != 1)
        return false;
    read_all(fd, packet, FRAME_MIN);
    if (frame_decode_header(packet, FRAME_MIN, &header) < 0 || header.status != FRAME_OK) {
        fprintf(stderr, "rpc: the daemon refuses to open a connection\n");
        exit(EXIT_FAILURE);
    }
    return true;
}

static int connect_to(const struct target *target)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&target->address, target->address_len) < 0)
        die(target->name);
    if (target->is_daemon && !open_connection(fd)) {
        errno = ETIMEDOUT;
        die(target->name);
    }
    return fd;
}

static void send_calls(int fd, size_t n)
{
    char packets[WINDOW * REQUEST];
    size_t len = 0;

    for (size_t i = 0; i < n; i++)
        len += make_call(packets + len, REMOTE_PROC_CONNECT_GET_LIB_VERSION, NULL, 0);
    write_all(fd, packets, len);
}

static double one_at_a_time(const struct target *target, double seconds)
{
    _cleanup_close_ int fd = connect_to(target);
    double start = now(), end = start + seconds;
    char reply[ANSWER];
    size_t calls = 0;

    do {
        for (int i = 0; i < 100; i++, calls++) {
            send_calls(fd, 1);
            read_all(fd, reply, sizeof(reply));
        }
    } while (now() < end);
    return (double)calls / (now() - start);
}

static double pipelined(const struct target *target, double seconds)
{
    _cleanup_close_ int fd = connect_to(target);
    double start = now(), end = start + seconds;
    char replies[WINDOW * ANSWER];
    size_t calls = 0, have = 0, in_flight = WINDOW;

    send_calls(fd, WINDOW);
    while (in_flight > 0) {
        size_t n;

        have += read_some(fd, replies, sizeof(replies));
        n = have / ANSWER;
        have %= ANSWER;
        calls += n;
        if (now() < end)
            send_calls(fd, n);
        else
            in_flight -= n;
    }
    return (double)calls / (now() - start);
}

static double many_connections(const struct target *target, double seconds)
{
    int fds[MANY], in_flight = MANY;
    _cleanup_close_ int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event events[MANY];
    double start, end;
    size_t calls = 0;

    for (int i = 0; i < MANY; i++) {
        struct epoll_event add = { .events = EPOLLIN };

        add.data.fd = fds[i] = connect_to(target);
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fds[i], &add) < 0)
            die("epoll");
    }
    start = now();
    end = start + seconds;
    for (int i = 0; i < MANY; i++)
        send_calls(fds[i], 1);
    while (in_flight > 0) {
        int n = epoll_wait(epoll_fd, events, MANY, -1);
        bool more = now() < end;

        for (int i = 0; i < n; i++) {
            char reply[ANSWER];

            read_all(events[i].data.fd, reply, sizeof(reply));
            calls++;
            if (more)
                send_calls(events[i].data.fd, 1);
            else
                in_flight--;
        }
    }
    end = now();
    for (int i = 0; i < MANY; i++)
        (void)close(fds[i]);
    return (double)calls / (end - start);
}

static const struct mode {
    const char *name;
    double (*measure)(const struct target *target, double seconds);
    double aim; /* 0 = none */
} modes[] = {
    { "one connection, one at a time", one_at_a_time, 0.7 },
    { "one connection, 32 in flight", pipelined, 0.4 },
    { "64 connections", many_connections, 0 },
};

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof(*values), compare);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void run_mode(const struct mode *mode, const struct target *echo,
                     const struct target *daemon, size_t rounds, double seconds)
{
    double echo_rates[MAX_ROUNDS], daemon_rates[MAX_ROUNDS], ratios[MAX_ROUNDS];

    for (size_t i = 0; i < rounds; i++) {
        bool echo_first = i % 2 == 0;

        if (echo_first)
            echo_rates[i] = mode->measure(echo, seconds);
        daemon_rates[i] = mode->measure(daemon, seconds);
        if (!echo_first)
            echo_rates[i] = mode->measure(echo, seconds);
        ratios[i] = daemon_rates[i] / echo_rates[i];
    }
    printf("%-32s %12.0f %12.0f %8.2f", mode->name, median(echo_rates, rounds),
           median(daemon_rates, rounds), median(ratios, rounds));
    if (mode->aim > 0)
        printf("   (aim %.1f)", mode->aim);
    printf("\n");
}

/* --- memory --- */

static pid_t daemon_pid(const struct target *daemon)
{
    _cleanup_close_ int fd = connect_to(daemon);
    struct ucred cred;
    socklen_t len = sizeof(cred);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
        die("SO_PEERCRED");
    return cred.pid;
}

/* KiB resident, 0 where that cannot be seen. */
static long resident(pid_t pid)
{
    char path[64], line[256];
    FILE *file;
    long kib = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    file = fopen(path, "re");
    while (file && !kib && fgets(line, sizeof(line), file))
        (void)sscanf(line, "VmRSS: %ld kB", &kib);
    if (file)
        (void)fclose(file);
    return kib;
}

static void run_idle(const struct target *daemon, size_t n)
{
    static int fds[MAX_FDS];
    pid_t pid = daemon_pid(daemon);
    long before = resident(pid), after;

    for (size_t i = 0; i < n; i++)
        fds[i] = connect_to(daemon);
    after = resident(pid);
    printf("%zu idle connections: resident %ld KiB -> %ld KiB, %.0f bytes each   (aim < 16384)\n",
           n, before, after, (double)(after - before) * 1024 / (double)n);
    for (size_t i = 0; i < n; i++)
        (void)close(fds[i]);
}

static _Noreturn void usage(void)
{
    fprintf(stderr, "usage: rpc --socket PATH [--rounds N] [--millis N] [--idle N]\n");
    exit(2);
}

static long number(const char *text, long max)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (end == text || *end || value < 1 || value > max)
        usage();
    return value;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "socket", required_argument, NULL, 's' },
        { "rounds", required_argument, NULL, 'r' },
        { "millis", required_argument, NULL, 'm' },
        { "idle", required_argument, NULL, 'i' },
        { 0 },
    };
    struct target echo = { .name = "echo server" };
    struct target daemon = { .name = "daemon", .is_daemon = true,
                             .address_len = sizeof(daemon.address) };
    size_t rounds = 9, idle = 1000;
    double seconds = 0.5;
    struct rlimit limit;
    pid_t pid;

    daemon.address.sun_family = AF_UNIX;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) >= 0;) {
        if (c == 's' && strlen(optarg) < sizeof(daemon.address.sun_path))
            strcpy(daemon.address.sun_path, optarg);
        else if (c == 'r')
            rounds = (size_t)number(optarg, MAX_ROUNDS);
        else if (c == 'm')
            seconds = (double)number(optarg, 60000) / 1000;
        else if (c == 'i')
            idle = (size_t)number(optarg, MAX_FDS - 100);
        else
            usage();
    }
    if (!daemon.address.sun_path[0] || optind != argc)
        usage();
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* --idle says so where it was not enough */
    }
    echo_address(&echo.address, &echo.address_len);
    pid = echo_start();
    run_idle(&daemon, idle);
    printf("calls a second, medians of %zu rounds\n%-32s %12s %12s %8s\n", rounds, "", "echo",
           "daemon", "ratio");
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
        run_mode(&modes[i], &echo, &daemon, rounds, seconds);
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    return EXIT_SUCCESS;
}
