/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program whose standard input and output lead to the daemon: one of the user's own, or ssh
 * that starts virtjob-ssh-helper(1) or netcat on the daemon's host.  Its standard error is ours,
 * so that what it says is seen.  Any thread; the process ends with the connection.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"
#include "transport.h"

enum {
    END_TURNS = 50, /* so often a process that has no connection any more is looked for, */
    END_TURN_MS = 20, /* then it is told to end, and at last killed */
};

static bool has_ended(pid_t pid)
{
    static const struct timespec turn = { .tv_nsec = END_TURN_MS * 1000000 };

    for (int i = 0; i < END_TURNS; i++) {
        pid_t r = waitpid(pid, NULL, WNOHANG);

        if (r == pid || (r < 0 && errno != EINTR)) /* or the program waits for all its children */
            return true;
        (void)nanosleep(&turn, NULL); /* woken early: looks early */
    }
    return false;
}

static void process_done(struct transport *transport)
{
    pid_t pid = (pid_t)(intptr_t)transport->state;

    (void)close(transport->fd); /* what was not sent is lost either way */
    if (has_ended(pid))
        return;
    (void)kill(pid, SIGTERM);
    if (has_ended(pid))
        return;
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

static const char *process_why(const struct transport *transport _unused_)
{
    return "lost the connection to the daemon: the program that leads to it has ended";
}

static void init_process(struct transport *transport, int fd, pid_t pid, bool encrypted)
{
    static const struct transport_ops ops = {
        .read = transport_receive,
        .write = transport_send,
        .why = process_why,
        .done = process_done,
    };
    static const struct transport_ops encrypted_ops = {
        .encrypted = true,
        .read = transport_receive,
        .write = transport_send,
        .why = process_why,
        .done = process_done,
    };

    *transport = (struct transport){ .ops = encrypted ? &encrypted_ops : &ops,
                                     .fd = fd,
                                     .state = (void *)(intptr_t)pid };
}

/*
 * Whatever we have blocked, caught or ignored, the child begins afresh, but that a terminal's
 * interrupt is ours alone: it reaches both, and what we then have to tell the daemon goes through
 * the child.  Ignored and not blocked, so that ssh can still be interrupted while it asks for a
 * password.
 */
static void set_child_signals(void)
{
    struct sigaction action = { .sa_handler = SIG_DFL };
    sigset_t none;

    (void)sigemptyset(&action.sa_mask);
    for (int number = 1; number <= SIGRTMAX; number++)
        (void)sigaction(number, &action, NULL); /* of some it cannot be changed */
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGQUIT, &action, NULL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child, where other threads may have held any lock: calls of the kernel only. */
_Noreturn static void run_child(char *const argv[], int fd, int failure_fd)
{
    int failed;

    set_child_signals();
    /* fd may be one of the two already, and closes at exec then */
    if (dup2(fd, STDIN_FILENO) >= 0 && dup2(fd, STDOUT_FILENO) >= 0 &&
        fcntl(STDIN_FILENO, F_SETFD, 0) == 0 && fcntl(STDOUT_FILENO, F_SETFD, 0) == 0)
        (void)execvp(argv[0], argv);
    failed = errno;
    (void)!write(failure_fd, &failed, sizeof(failed)); /* a pipe has room for it */
    _exit(127);
}

/* What the child has failed with before it became the program; 0: it has become it. */
static int read_failure(int fd)
{
    int failed = 0;
    ssize_t n;

    do
        n = read(fd, &failed, sizeof(failed));
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof(failed) ? failed : 0;
}

/* Our handlers do not run in the child: it is born with all signals blocked. */
static int fork_blocked(pid_t *ret_pid)
{
    sigset_t all, old;
    int failed;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    *ret_pid = fork();
    failed = errno;
    if (*ret_pid != 0)
        (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return *ret_pid < 0 ? failed : 0;
}

/* Both ends of the child are fd.  0 or errno. */
static int spawn(char *const argv[], int fd, pid_t *ret_pid)
{
    int failure_fds[2], failed;
    pid_t pid = -1;

    if (pipe2(failure_fds, O_CLOEXEC) < 0)
        return errno;
    failed = fork_blocked(&pid);
    if (!failed && pid == 0)
        run_child(argv, fd, failure_fds[1]);
    (void)close(failure_fds[1]);
    if (!failed) {
        failed = read_failure(failure_fds[0]);
        if (failed)
            (void)waitpid(pid, NULL, 0);
    }
    (void)close(failure_fds[0]);
    *ret_pid = pid;
    return failed;
}

static int open_process(char *const argv[], bool encrypted, struct transport *ret_transport)
{
    int fds[2], failed;
    pid_t pid = -1;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return error_raise_errno(VIR_FROM_RPC, errno, "cannot make a socket");
    failed = spawn(argv, fds[1], &pid);
    (void)close(fds[1]); /* the child has it */
    if (failed) {
        (void)close(fds[0]);
        return error_raise_errno(VIR_FROM_RPC, failed, "cannot run '%s'", argv[0]);
    }
    init_process(ret_transport, fds[0], pid, encrypted);
    return 0;
}

int ext_open(const struct uri *uri, struct transport *ret_transport)
{
    char *argv[] = { uri->command, NULL };

    return open_process(argv, false, ret_transport);
}

/* --- ssh --- */

/* The text as one word of a shell. */
static void put_word(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else
            fputc(*text, out);
    }
    fputc('\'', out);
}

static void put_helper(FILE *out, const struct uri *uri, bool readonly)
{
    fputs("exec virtjob-ssh-helper ", out);
    if (uri->socket)
        fputs("-U ", out);
    else if (readonly)
        fputs("-r ", out);
    put_word(out, uri->socket ? uri->socket : uri->name);
}

/* Which end of input ends nc: some need to be told, and some do not know the option. */
static void put_netcat(FILE *out, const struct uri *uri, bool readonly)
{
    const char *nc = uri->netcat ? uri->netcat : "nc";

    fputs("if ", out);
    put_word(out, nc);
    fputs(" -q 2>&1 | grep -q 'requires an argument'; then q=-q0; else q=; fi; exec ", out);
    put_word(out, nc);
    fputs(" $q -U ", out);
    if (uri->socket)
        put_word(out, uri->socket);
    else
        put_word(out, readonly ? RUNSTATEDIR "/virtjobd/virtjobd-sock-ro" :
                                 RUNSTATEDIR "/virtjobd/virtjobd-sock");
}

/* Where another user's session daemon has its socket, only a program over there can tell. */
static bool netcat_can(const struct uri *uri)
{
    return uri->socket || strcmp(uri->path, "/session") != 0;
}

static void put_script(FILE *out, const struct uri *uri, bool readonly)
{
    const char *proxy = uri->proxy ? uri->proxy : uri->netcat ? "netcat" : "auto";

    if (strcmp(proxy, "netcat") == 0) {
        put_netcat(out, uri, readonly);
    } else if (strcmp(proxy, "native") == 0 || !netcat_can(uri)) {
        put_helper(out, uri, readonly);
    } else {
        fputs("if command -v virtjob-ssh-helper >/dev/null 2>&1; then ", out);
        put_helper(out, uri, readonly);
        fputs("; fi; ", out);
        put_netcat(out, uri, readonly);
    }
}

/* Two shells read it: the user's own, whichever that is, and the one that it starts. */
char *ssh_remote_command(const struct uri *uri, bool readonly)
{
    char *script = NULL, *command = NULL;
    size_t size;
    FILE *out;

    if (uri->proxy && strcmp(uri->proxy, "netcat") == 0 && !netcat_can(uri)) {
        (void)error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_REMOTE,
                          "invalid argument: proxy=netcat does not find the daemon of a session; "
                          "give its socket with socket=PATH");
        return NULL;
    }
    out = open_memstream(&script, &size);
    if (out) {
        put_script(out, uri, readonly);
        if (fclose(out) == 0 && (out = open_memstream(&command, &size))) {
            fputs("sh -c ", out);
            put_word(out, script);
            if (fclose(out) != 0)
                free(STEAL_PTR(command));
        }
    }
    free(script);
    if (!command)
        (void)error_raise_no_memory();
    return command;
}

int ssh_open(const struct uri *uri, bool readonly, struct transport *ret_transport)
{
    _cleanup_free_ char *command = ssh_remote_command(uri, readonly);
    char *argv[24];
    size_t n = 0;

    if (!command)
        return -1;
    argv[n++] = uri->command ? uri->command : unconst("ssh");
    argv[n++] = unconst("-T");
    argv[n++] = unconst("-e");
    argv[n++] = unconst("none");
    if (uri->port) {
        argv[n++] = unconst("-p");
        argv[n++] = uri->port;
    }
    if (uri->user) {
        argv[n++] = unconst("-l");
        argv[n++] = uri->user;
    }
    if (uri->keyfile) {
        argv[n++] = unconst("-i");
        argv[n++] = uri->keyfile;
    }
    if (uri->no_tty)
        argv[n++] = unconst("-oBatchMode=yes");
    if (uri->no_verify)
        argv[n++] = unconst("-oStrictHostKeyChecking=no");
    argv[n++] = unconst("--");
    argv[n++] = uri->host;
    argv[n++] = command;
    argv[n] = NULL;
    return open_process(argv, true, ret_transport);
}
