/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a program from its start to its end on the calling worker: its output
 * line by line, the tail of its stderr, cancel, reaping.  It has ended when it has
 * died; output that comes later than a moment after (a grandchild kept the pipe)
 * is not waited for.
 */

#include "util/child.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>

#include "util/child_pace.h"
#include "util/child_spawn.h"
#include "util/alloc.h"

enum {
    LINE_MAX_BYTES = 4096, /* where the caller names no other limit */
    TAIL_MAX_BYTES = 4096, /* of stderr */
    DRAIN_MS = 200,        /* for output still in the pipes of a dead child */
};

enum { WAIT_STDOUT, WAIT_STDERR, WAIT_DEATH, WAIT_CANCEL, WAIT_PACE, WAIT_MAX };

/* Why we killed it. */
enum killed { KILLED_NOT = 0, KILLED_CANCEL, KILLED_TIMEOUT, KILLED_OUTPUT };

struct child {
    const struct child_spec *spec;
    struct job_ctl *ctl;
    pid_t pid;
    int pidfd, out, err; /* -1 once at their end */
    int in;              /* our end of its stdin: open until it has died, or -1 */
    int64_t deadline;    /* of the monotonic clock in ms; 0: none */
    enum killed killed;
    bool farewell_said;
    struct child_pace pace; /* of one that is paced */
    char *line;
    size_t line_len, line_size, line_max;
    size_t output; /* of stdout so far */
    char tail[TAIL_MAX_BYTES + 1];
    size_t tail_len;
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(steal_fd(fd));
}

static void kill_group(const struct child *child)
{
    (void)kill(-child->pid, SIGKILL); /* not yet reaped, so the number is still its own */
}

/* Then it dies; the first reason is the one that is told. */
static void kill_child(struct child *child, enum killed why)
{
    if (!child->killed)
        child->killed = why;
    kill_group(child);
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What it says. */

static void say_farewell(struct child *child)
{
    const struct child_spec *spec = child->spec;

    if (!spec->enough || child->farewell_said || !spec->enough(spec->opaque))
        return;
    child->farewell_said = true;
    (void)!write(child->in, spec->farewell, strlen(spec->farewell)); /* EPIPE: it has left */
}

static void line_end(struct child *child)
{
    if (child->line_len) {
        child->line[child->line_len] = '\0';
        if (child->spec->line)
            child->spec->line(child->spec->opaque, child->line);
        say_farewell(child);
    }
    child->line_len = 0;
}

static void line_add(struct child *child, char c)
{
    if (child->line_len + 1 >= child->line_max)
        return;
    if (child->line_len + 1 >= child->line_size) { /* one more for the end of the text */
        child->line_size = child->line_size ? child->line_size * 2 : LINE_MAX_BYTES;
        child->line = xrealloc(child->line, child->line_size, 1);
    }
    child->line[child->line_len++] = c;
}

static void take_stdout(struct child *child, const char *data, size_t length)
{
    size_t max = child->spec->output_max, i;

    child->output += length;
    if (max && child->output > max) {
        kill_child(child, KILLED_OUTPUT);
        return;
    }
    for (i = 0; i < length; i++) {
        if (data[i] == '\n' || data[i] == '\r')
            line_end(child);
        else
            line_add(child, data[i]);
    }
}

/* Keeps the last of it, as printable text. */
static void take_stderr(struct child *child, const char *data, size_t length)
{
    size_t keep, i;

    if (length > TAIL_MAX_BYTES) {
        data += length - TAIL_MAX_BYTES;
        length = TAIL_MAX_BYTES;
    }
    keep = TAIL_MAX_BYTES - length < child->tail_len ? TAIL_MAX_BYTES - length : child->tail_len;
    memmove(child->tail, child->tail + child->tail_len - keep, keep);
    for (i = 0; i < length; i++) {
        unsigned char c = (unsigned char)data[i];

        child->tail[keep + i] = c == '\r' ? '\n' : (iscntrl(c) && c != '\n') || !c ? '?' : (char)c;
    }
    child->tail_len = keep + length;
    child->tail[child->tail_len] = '\0';
}

/* Reads once; at its end the descriptor is closed. */
static void read_output(struct child *child, int *fd,
                        void (*take)(struct child *, const char *, size_t))
{
    char data[4096];
    ssize_t n = read(*fd, data, sizeof(data));

    if (n > 0)
        take(child, data, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        close_fd(fd);
}

/* Its life. */

/* For poll(); -1: without end. */
static int ms_left(const struct child *child)
{
    int64_t left = child->deadline - now_ms();

    if (!child->deadline || child->killed)
        return -1;
    return left > 0 ? (int)left : 0;
}

/* Also keeps it to its pace. */
static int ms_to_next_look(struct child *child)
{
    int left = ms_left(child), pace = -1;

    if (child->spec->paced && !child->killed)
        pace = child_pace_look(&child->pace);
    return left < 0 || (pace >= 0 && pace < left) ? pace : left;
}

/* Reads until it dies; a cancel or the time limit kills it, and then it dies. */
static void follow(struct child *child, int cancel_fd)
{
    for (;;) {
        struct pollfd fds[WAIT_MAX] = {
            [WAIT_STDOUT] = { .fd = child->out, .events = POLLIN },
            [WAIT_STDERR] = { .fd = child->err, .events = POLLIN },
            [WAIT_DEATH] = { .fd = child->pidfd, .events = POLLIN },
            [WAIT_CANCEL] = { .fd = child->killed ? -1 : cancel_fd, .events = POLLIN },
            [WAIT_PACE] = { .fd = child->killed ? -1 : child->pace.change_fd, .events = POLLIN },
        };

        if (poll(fds, WAIT_MAX, ms_to_next_look(child)) < 0)
            continue; /* EINTR; nothing else can happen with these arguments */
        if (fds[WAIT_CANCEL].revents)
            kill_child(child, KILLED_CANCEL);
        else if (ms_left(child) == 0)
            kill_child(child, KILLED_TIMEOUT);
        if (fds[WAIT_STDOUT].revents)
            read_output(child, &child->out, take_stdout);
        if (fds[WAIT_STDERR].revents)
            read_output(child, &child->err, take_stderr);
        if (fds[WAIT_DEATH].revents)
            return;
    }
}

/* What a dead child left in its pipes. */
static void drain(struct child *child)
{
    int64_t end = now_ms() + DRAIN_MS;

    while (child->out >= 0 || child->err >= 0) {
        struct pollfd fds[] = {
            { .fd = child->out, .events = POLLIN },
            { .fd = child->err, .events = POLLIN },
        };
        int64_t left = end - now_ms();
        int n = left > 0 ? poll(fds, ARRAY_SIZE(fds), (int)left) : 0;

        if (n == 0)
            return;
        if (n > 0 && fds[0].revents)
            read_output(child, &child->out, take_stdout);
        if (n > 0 && fds[1].revents)
            read_output(child, &child->err, take_stderr);
    }
}

static siginfo_t reap(struct child *child)
{
    siginfo_t info = { 0 };

    kill_group(child); /* also what it has left running, before its number may be used again */
    while (waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED) < 0 && errno == EINTR)
        ;
    job_ctl_child(child->ctl, 0);
    return info;
}

/* How it went. */

static const char *last_line(struct child *child)
{
    char *newline;

    while (child->tail_len && isspace((unsigned char)child->tail[child->tail_len - 1]))
        child->tail[--child->tail_len] = '\0';
    newline = strrchr(child->tail, '\n');
    return newline ? newline + 1 : child->tail;
}

static int report_killed(const struct child *child, struct verror *err)
{
    const char *program = child->spec->argv[0];

    if (child->killed == KILLED_CANCEL)
        return verror_set(err, VIR_ERR_OPERATION_ABORTED, "canceled by client");
    if (child->killed == KILLED_TIMEOUT)
        return verror_set(err, VIR_ERR_OPERATION_TIMEOUT, "%s did not end within %d ms", program,
                          child->spec->timeout_ms);
    return verror_set(err, VIR_ERR_OPERATION_FAILED, "%s wrote more than %zu bytes", program,
                      child->spec->output_max);
}

static int report(struct child *child, const siginfo_t *info, struct verror *err)
{
    const char *program = child->spec->argv[0], *line;

    /* one that ended before the kill reached it has done its work, if all of it was read */
    if (info->si_code == CLD_EXITED && info->si_status == 0 && child->killed != KILLED_OUTPUT)
        return 0;
    if (child->killed)
        return report_killed(child, err);
    line = last_line(child);
    if (child->tail_len && !err->output)
        err->output = xstrdup(child->tail);
    if (info->si_code != CLD_EXITED)
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "%s was killed by signal %d (%s)%s%s",
                          program, info->si_status, strsignal(info->si_status),
                          *line ? ": " : "", line);
    if (*line)
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "%s failed: %s", program, line);
    return verror_set(err, VIR_ERR_OPERATION_FAILED, "%s ended with status %d", program,
                      info->si_status);
}

/* Its start. */

/* execvp's search, done before the fork, where it may allocate.  A new string or NULL. */
static char *find_program(const char *name)
{
    const char *path = getenv("PATH"), *end;

    if (strchr(name, '/'))
        return xstrdup(name);
    if (!path || !*path)
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    for (;; path = end + 1) {
        _cleanup_free_ char *file = NULL;

        end = strchrnul(path, ':');
        file = xasprintf("%.*s/%s", (int)(end - path), path, name);
        /* no entry that is not absolute: what is run never depends on where we stand */
        if (*path == '/' && access(file, X_OK) == 0)
            return STEAL_PTR(file);
        if (!*end)
            return NULL;
    }
}

/* Ours, but that messages come in English: we read them.  The array is new, its texts are not. */
static char **make_environment(void)
{
    static char c_locale[] = "LC_ALL=C";
    size_t n = 0, kept = 0, i;
    char **envp;

    while (environ && environ[n])
        n++;
    envp = xcalloc(n + 2, sizeof(*envp));
    for (i = 0; i < n; i++) {
        if (strncmp(environ[i], "LC_ALL=", strlen("LC_ALL=")) != 0)
            envp[kept++] = environ[i];
    }
    envp[kept] = c_locale;
    return envp;
}

struct pipes {
    int in[2], out[2], err[2], status[2]; /* in[1] is -1 where stdin is /dev/null */
};

static void pipes_close(struct pipes *pipes)
{
    int *fds[] = { &pipes->in[0],  &pipes->in[1],  &pipes->out[0],    &pipes->out[1],
                   &pipes->err[0], &pipes->err[1], &pipes->status[0], &pipes->status[1] };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(fds); i++)
        close_fd(fds[i]);
}

/* The input is in the pipe before anybody reads, so that nobody has to wait in order to write. */
static int input_open(int in[2], const char *input)
{
    size_t length = input ? strlen(input) : 0;
    ssize_t n;

    if (!input) {
        in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        return in[0] < 0 ? -1 : 0;
    }
    if (pipe2(in, O_CLOEXEC) < 0 || fcntl(in[1], F_SETFL, O_NONBLOCK) < 0)
        return -1;
    n = write(in[1], input, length);
    if (n >= 0 && (size_t)n < length)
        errno = E2BIG;
    return n == (ssize_t)length ? 0 : -1;
}

static int pipes_open(struct pipes *pipes, const char *input)
{
    *pipes = (struct pipes){ { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 } };
    if (input_open(pipes->in, input) < 0 || pipe2(pipes->out, O_CLOEXEC) < 0 ||
        pipe2(pipes->err, O_CLOEXEC) < 0 || pipe2(pipes->status, O_CLOEXEC) < 0)
        return -1;
    /* ours alone: the flag is the end's, not the pipe's */
    return fcntl(pipes->out[0], F_SETFL, O_NONBLOCK) < 0 ||
                   fcntl(pipes->err[0], F_SETFL, O_NONBLOCK) < 0
               ? -1
               : 0;
}

static int spawn(struct child *child, struct pipes *pipes, struct verror *err)
{
    const struct child_spec *spec = child->spec;
    _cleanup_free_ char *path = find_program(spec->argv[0]);
    _cleanup_free_ char **envp = make_environment();
    struct child_exec exec = {
        .path = path,
        .argv = (char *const *)spec->argv, /* exec's own prototype; it changes nothing */
        .envp = envp,
        .in = pipes->in[0],
        .out = pipes->out[1],
        .err = pipes->err[1],
        .status = pipes->status[1],
        .keep_fds = spec->keep_fds,
        .nkeep_fds = spec->nkeep_fds,
        .outlives = spec->outlives,
    };
    struct child_failure failure;

    if (!path)
        return verror_errno(err, ENOENT, "cannot run '%s'", spec->argv[0]);
    child->pid = child_spawn(&exec);
    if (child->pid < 0)
        return verror_errno(err, -child->pid, "cannot run '%s'", spec->argv[0]);
    close_fd(&pipes->out[1]);
    close_fd(&pipes->err[1]);
    close_fd(&pipes->status[1]);
    if (child_await_exec(child->pid, pipes->status[0], &failure) < 0)
        return verror_errno(err, failure.errnum, "cannot run '%s'", spec->argv[0]);
    child->in = steal_fd(&pipes->in[1]);
    child->out = steal_fd(&pipes->out[0]);
    child->err = steal_fd(&pipes->err[0]);
    return 0;
}

static int child_open(struct child *child, struct verror *err)
{
    struct pipes pipes;
    int r;

    if (pipes_open(&pipes, child->spec->input) < 0)
        r = verror_errno(err, errno, "cannot run '%s'", child->spec->argv[0]);
    else
        r = spawn(child, &pipes, err);
    pipes_close(&pipes);
    if (r < 0)
        return -1;
    child->pidfd = pidfd_open(child->pid, 0);
    if (child->pidfd < 0) {
        r = errno;
        kill_group(child);
        while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
            ;
        return verror_errno(err, r, "cannot follow '%s'", child->spec->argv[0]);
    }
    return 0;
}

int child_run(const struct child_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    _cleanup_free_ struct child *child = XNEW(struct child); /* large for a stack */
    int cancel_fd = job_ctl_cancel_fd(ctl), r = -1;
    int pace_fd = spec->paced ? job_ctl_pace_fd(ctl) : -1;
    siginfo_t info;

    child->spec = spec;
    child->ctl = ctl;
    child->line_max = spec->line_max ? spec->line_max : LINE_MAX_BYTES;
    child->deadline = spec->timeout_ms ? now_ms() + spec->timeout_ms : 0;
    child->pidfd = child->in = child->out = child->err = -1;
    child->pace.io_fd = child->pace.change_fd = -1;
    if (cancel_fd < 0 || (spec->paced && pace_fd < 0))
        return verror_errno(err, errno, "cannot run '%s'", spec->argv[0]);
    if (child_open(child, err) == 0) {
        if (!spec->outlives)
            job_ctl_child(ctl, child->pid);
        if (spec->paced)
            child_pace_open(&child->pace, child->pid, ctl, pace_fd);
        follow(child, cancel_fd);
        if (!child->killed)
            drain(child);
        info = reap(child);
        if (!child->killed) /* else it is half a line */
            line_end(child);
        r = report(child, &info, err);
    }
    close_fd(&child->in);
    close_fd(&child->out);
    close_fd(&child->err);
    close_fd(&child->pidfd);
    close_fd(&child->pace.io_fd);
    free(child->line);
    return r;
}
