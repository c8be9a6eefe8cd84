/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * -d: the command returns when the daemon serves, with its exit status when it
 * cannot.  Until then the daemon keeps the terminal, so that errors are seen.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lifecycle.h"
#include "util/alloc.h"
#include "util/log.h"

/* The parent: one byte means ready, the end of the pipe that the child is gone. */
static void wait_and_exit(int fd, pid_t child) __attribute__((noreturn));
static void wait_and_exit(int fd, pid_t child)
{
    ssize_t len;
    int status;
    char byte;

    do
        len = read(fd, &byte, 1);
    while (len < 0 && errno == EINTR);
    if (len == 1)
        _exit(EXIT_SUCCESS);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            _exit(EXIT_FAILURE);
    _exit(WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
}

int background_start(struct lifecycle *life, struct verror *err)
{
    int fds[2];
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return verror_errno(err, errno, "cannot make a pipe");
    pid = fork();
    if (pid > 0) {
        (void)close(fds[1]); /* else the end of the child would not be seen */
        wait_and_exit(fds[0], pid);
    }
    (void)close(fds[0]); /* nothing was written */
    if (pid < 0) {
        int errnum = errno;

        (void)close(fds[1]);
        return verror_errno(err, errnum, "cannot fork");
    }
    life->ready_fd = fds[1];
    if (setsid() < 0)
        return verror_errno(err, errno, "cannot start a session");
    return 0;
}

/* The log moves to the journal, or where there is none to a file. */
static int open_log(const struct lifecycle *life)
{
    _cleanup_free_ char *path = xasprintf("%s/virtjobd.log", life->daemon.log_dir);

    if (access("/run/systemd/journal/socket", W_OK) == 0) {
        log_setup(settings_log_level(life), true);
        return open("/dev/null", O_RDWR | O_CLOEXEC);
    }
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

void background_ready(struct lifecycle *life)
{
    if (life->ready_fd < 0)
        return;
    _cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC), log = open_log(life);

    if (log < 0)
        log_warn("cannot open a log file in '%s': %m", life->daemon.log_dir);
    if (chdir("/") < 0)
        log_warn("cannot leave the current directory: %m");
    if (null >= 0) {
        (void)dup2(null, STDIN_FILENO); /* both can only fail on a bad descriptor */
        (void)dup2(null, STDOUT_FILENO);
    }
    if (log >= 0 || null >= 0)
        (void)dup2(log >= 0 ? log : null, STDERR_FILENO);
    (void)!write(life->ready_fd, "", 1); /* fails if the parent was killed: nobody waits then */
    (void)close(life->ready_fd);
    life->ready_fd = -1;
}
