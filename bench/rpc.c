/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How fast is a call that is answered from memory, compared with a bare epoll
 * echo server that moves packets of the same sizes in the same run?  And what
 * does an idle connection cost?  Raw sockets, no client library.
 *
 *   bench/rpc --socket PATH [--rounds N] [--millis N] [--idle N]
 *   bench/rpc --tls PORT --pki DIR --pid PID ...
 *
 * With --tls both are spoken to over TLS, at this port of 127.0.0.1 the daemon; in DIR are
 * clientcert.pem, clientkey.pem, servercert.pem, serverkey.pem.
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

#include "bench/link.h"
#include "protocol/macros.h"
#include "protocol/remote.h"

enum {
    WINDOW = 32, /* calls in flight when pipelined */
    MAX_ROUNDS = 101,
    PATIENCE_MS = 5000,
};

static double now(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* --- whom to measure --- */

struct target {
    const char *name;
    struct sockaddr_storage address;
    socklen_t address_len;
    SSL_CTX *tls; /* NULL = plain */
    bool is_daemon;
};

/* Abstract, so that nothing is to be removed afterwards; with TLS any free port. */
static void echo_address(struct target *echo)
{
    struct sockaddr_un *address = (struct sockaddr_un *)&echo->address;

    if (echo->tls) {
        *(struct sockaddr_in *)&echo->address = (struct sockaddr_in){
            .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
        };
        echo->address_len = sizeof(struct sockaddr_in);
        return;
    }
    address->sun_family = AF_UNIX;
    echo->address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
                                    (size_t)sprintf(address->sun_path + 1,
                                                    "virtjobd-bench-rpc-%d", (int)getpid()));
}

/* server: its context, where the target has TLS. */
static pid_t echo_start(struct target *echo, SSL_CTX *server)
{
    int fd;
    pid_t pid;

    echo_address(echo);
    fd = socket(echo->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&echo->address, echo->address_len) < 0 ||
        listen(fd, MANY) < 0 ||
        getsockname(fd, (struct sockaddr *)&echo->address, &echo->address_len) < 0)
        die("echo server");
    pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        echo_serve(fd, server);
    }
    (void)close(fd);
    return pid;
}

/* --- the client --- */

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
static bool open_connection(const struct link *link)
{
    static const uint32_t no_name_no_flags[2];
    char packet[FRAME_MIN + sizeof(no_name_no_flags)];
    struct frame_header header;
    struct pollfd pollfd = { .fd = link->fd, .events = POLLIN };

    link_write(link, packet,
               make_call(packet, REMOTE_PROC_CONNECT_OPEN, no_name_no_flags,
                         sizeof(no_name_no_flags)));
    if (poll(&pollfd, 1, PATIENCE_MS) != 1)
        return false;
    link_read(link, packet, FRAME_MIN);
    if (frame_decode_header(packet, FRAME_MIN, &header) < 0 || header.status != FRAME_OK) {
        fprintf(stderr, "rpc: the daemon refuses to open a connection\n");
        exit(EXIT_FAILURE);
    }
    return true;
}

static struct link connect_to(const struct target *target)
{
    int fd = socket(target->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct link link = { .fd = fd };
    char verified;

    if (fd < 0 || connect(fd, (const struct sockaddr *)&target->address, target->address_len) < 0)
        die(target->name);
    if (target->tls)
        link = link_tls(target->tls, fd, SSL_connect);
    if (target->tls && target->is_daemon)
        link_read(&link, &verified, 1); /* once it has accepted our certificate */
    if (target->is_daemon && !open_connection(&link)) {
        errno = ETIMEDOUT;
        die(target->name);
    }
    return link;
}

static void send_calls(const struct link *link, size_t n)
{
    char packets[WINDOW * REQUEST];
    size_t len = 0;

    for (size_t i = 0; i < n; i++)
        len += make_call(packets + len, REMOTE_PROC_CONNECT_GET_LIB_VERSION, NULL, 0);
    link_write(link, packets, len);
}

static double one_at_a_time(const struct target *target, double seconds)
{
    struct link link = connect_to(target);
    double start = now(), end = start + seconds;
    char reply[ANSWER];
    size_t calls = 0;

    do {
        for (int i = 0; i < 100; i++, calls++) {
            send_calls(&link, 1);
            link_read(&link, reply, sizeof(reply));
        }
    } while (now() < end);
    end = now();
    link_close(&link);
    return (double)calls / (end - start);
}

static double pipelined(const struct target *target, double seconds)
{
    struct link link = connect_to(target);
    double start = now(), end = start + seconds;
    char replies[WINDOW * ANSWER];
    size_t calls = 0, have = 0, in_flight = WINDOW;

    send_calls(&link, WINDOW);
    while (in_flight > 0) {
        size_t n;

        have += link_read_some(&link, replies, sizeof(replies));
        n = have / ANSWER;
        have %= ANSWER;
        calls += n;
        if (now() < end)
            send_calls(&link, n);
        else
            in_flight -= n;
    }
    end = now();
    link_close(&link);
    return (double)calls / (end - start);
}

static double many_connections(const struct target *target, double seconds)
{
    struct link links[MANY];
    int in_flight = MANY;
    _cleanup_close_ int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event events[MANY];
    double start, end;
    size_t calls = 0;

    for (int i = 0; i < MANY; i++) {
        struct epoll_event add = { .events = EPOLLIN, .data.ptr = &links[i] };

        links[i] = connect_to(target);
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, links[i].fd, &add) < 0)
            die("epoll");
    }
    start = now();
    end = start + seconds;
    for (int i = 0; i < MANY; i++)
        send_calls(&links[i], 1);
    while (in_flight > 0) {
        int n = epoll_wait(epoll_fd, events, MANY, -1);
        bool more = now() < end;

        for (int i = 0; i < n; i++) {
            const struct link *link = events[i].data.ptr;
            char reply[ANSWER];

            link_read(link, reply, sizeof(reply));
            calls++;
            if (more)
                send_calls(link, 1);
            else
                in_flight--;
        }
    }
    end = now();
    for (int i = 0; i < MANY; i++)
        link_close(&links[i]);
    return (double)calls / (end - start);
}

static const struct mode {
    const char *name;
    double (*measure)(const struct target *target, double seconds);
    double aim, tls_aim; /* 0 = none */
} modes[] = {
    { "one connection, one at a time", one_at_a_time, 0.7, 0.6 },
    { "one connection, 32 in flight", pipelined, 0.4, 0 },
    { "64 connections", many_connections, 0, 0 },
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
    double aim = daemon->tls ? mode->tls_aim : mode->aim;
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
    if (aim > 0)
        printf("   (aim %.1f)", aim);
    printf("\n");
}

/* --- memory --- */

static pid_t daemon_pid(const struct target *daemon)
{
    struct link link = connect_to(daemon);
    struct ucred cred;
    socklen_t len = sizeof(cred);

    if (getsockopt(link.fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
        die("SO_PEERCRED");
    link_close(&link);
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

static void run_idle(const struct target *daemon, pid_t pid, size_t n)
{
    static struct link links[MAX_FDS];
    long before = resident(pid), after;

    for (size_t i = 0; i < n; i++)
        links[i] = connect_to(daemon);
    after = resident(pid);
    printf("%zu idle connections: resident %ld KiB -> %ld KiB, %.0f bytes each   (aim < 16384)\n",
           n, before, after, (double)(after - before) * 1024 / (double)n);
    for (size_t i = 0; i < n; i++)
        link_close(&links[i]);
}

static _Noreturn void usage(void)
{
    fprintf(stderr, "usage: rpc {--socket PATH | --tls PORT --pki DIR --pid PID}"
                    " [--rounds N] [--millis N] [--idle N]\n");
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

struct settings {
    const char *socket, *pki;
    in_port_t port;
    pid_t pid;
    size_t rounds, idle;
    double seconds;
};

static struct settings parse(int argc, char **argv)
{
    static const struct option options[] = {
        { "socket", required_argument, NULL, 's' },
        { "tls", required_argument, NULL, 't' },
        { "pki", required_argument, NULL, 'k' },
        { "pid", required_argument, NULL, 'p' },
        { "rounds", required_argument, NULL, 'r' },
        { "millis", required_argument, NULL, 'm' },
        { "idle", required_argument, NULL, 'i' },
        { 0 },
    };
    struct settings settings = { .rounds = 9, .idle = 1000, .seconds = 0.5 };

    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) >= 0;) {
        switch (c) {
        case 's': settings.socket = optarg; break;
        case 't': settings.port = (in_port_t)number(optarg, 65535); break;
        case 'k': settings.pki = optarg; break;
        case 'p': settings.pid = (pid_t)number(optarg, INT32_MAX); break;
        case 'r': settings.rounds = (size_t)number(optarg, MAX_ROUNDS); break;
        case 'm': settings.seconds = (double)number(optarg, 60000) / 1000; break;
        case 'i': settings.idle = (size_t)number(optarg, MAX_FDS - 100); break;
        default: usage();
        }
    }
    if (optind != argc || !settings.socket == !settings.port ||
        (settings.port && (!settings.pki || !settings.pid)))
        usage();
    return settings;
}

static void find_daemon(struct target *daemon, const struct settings *settings)
{
    struct sockaddr_un *local = (struct sockaddr_un *)&daemon->address;

    if (settings->port) {
        *(struct sockaddr_in *)&daemon->address = (struct sockaddr_in){
            .sin_family = AF_INET,
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
            .sin_port = htons(settings->port),
        };
        daemon->address_len = sizeof(struct sockaddr_in);
        return;
    }
    if (strlen(settings->socket) >= sizeof(local->sun_path))
        usage();
    local->sun_family = AF_UNIX;
    strcpy(local->sun_path, settings->socket);
    daemon->address_len = sizeof(*local);
}

int main(int argc, char **argv)
{
    struct settings settings = parse(argc, argv);
    struct target echo = { .name = "echo server" };
    struct target daemon = { .name = "daemon", .is_daemon = true };
    struct rlimit limit;
    pid_t pid;

    find_daemon(&daemon, &settings);
    if (settings.pki)
        echo.tls = daemon.tls = link_tls_client(settings.pki);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* --idle says so where it was not enough */
    }
    pid = echo_start(&echo, settings.pki ? echo_tls_server(settings.pki) : NULL);
    run_idle(&daemon, settings.pid ? settings.pid : daemon_pid(&daemon), settings.idle);
    printf("calls a second, medians of %zu rounds\n%-32s %12s %12s %8s\n", settings.rounds, "",
           "echo", "daemon", "ratio");
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
        run_mode(&modes[i], &echo, &daemon, settings.rounds, settings.seconds);
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    return EXIT_SUCCESS;
}
