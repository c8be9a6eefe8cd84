/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The spawning thread.  Children are sent SIGKILL when the thread that forked
 * them ends (PR_SET_PDEATHSIG goes by thread), so it is one that lives as long
 * as the daemon, not a worker.  It only forks; waiting is the worker's.
 */

#include "util/child_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "util/child.h"

/* On the asker's stack until answered. */
struct request {
    struct request *next;
    const struct child_exec *exec;
    pid_t pid; /* or -errno */
    bool answered;
};

/* lock guards all of it; nothing else is locked while it is held. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t asked, answered;
    struct request *queue; /* in any order: an answer takes less than a millisecond */
    pthread_t thread;
    bool running, ending;
} spawner = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .asked = PTHREAD_COND_INITIALIZER,
    .answered = PTHREAD_COND_INITIALIZER,
};

/* The child's side, up to exec. */

static void reset_signals(void)
{
    struct sigaction action = { .sa_handler = SIG_DFL };
    sigset_t none;
    int sig;

    for (sig = 1; sig < NSIG; sig++)
        (void)sigaction(sig, &action, NULL); /* SIGKILL and SIGSTOP refuse, and are fine */
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool arrange_fds(const struct child_exec *exec)
{
    size_t i;

    if (dup2(exec->in, 0) < 0 || dup2(exec->out, 1) < 0 || dup2(exec->err, 2) < 0)
        return false;
    /* all of ours are born so; this is for those of libraries (ENOSYS before Linux 5.11) */
    (void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    for (i = 0; i < exec->nkeep_fds; i++) {
        if (fcntl(exec->keep_fds[i], F_SETFD, 0) < 0)
            return false;
    }
    return true;
}

static _Noreturn void child_exec_or_exit(const struct child_exec *exec, pid_t parent)
{
    int errnum;

    (void)setpgid(0, 0); /* cannot fail in a new child; the group is what a cancel kills */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() != parent)
        _exit(127); /* the daemon died before the prctl */
    if (arrange_fds(exec)) {
        reset_signals();
        (void)execve(exec->path, exec->argv, exec->envp);
    }
    errnum = errno;
    (void)!write(exec->status, &errnum, sizeof(errnum)); /* nobody else could be told */
    _exit(127);
}

/* The daemon's side. */

static pid_t spawn(const struct child_exec *exec)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid == 0)
        child_exec_or_exit(exec, parent);
    if (pid < 0)
        return -errno;
    /* here too, so that a cancel may kill the group at once; the child's own may have come first */
    (void)setpgid(pid, pid);
    return pid;
}

static void *spawner_main(void *unused _unused_)
{
    (void)pthread_setname_np(pthread_self(), "spawner");
    (void)pthread_mutex_lock(&spawner.lock);
    for (;;) {
        struct request *request;

        while (!spawner.queue && !spawner.ending)
            (void)pthread_cond_wait(&spawner.asked, &spawner.lock);
        request = spawner.queue;
        if (!request)
            break;
        spawner.queue = request->next;
        request->pid = spawn(request->exec);
        request->answered = true;
        (void)pthread_cond_broadcast(&spawner.answered);
    }
    (void)pthread_mutex_unlock(&spawner.lock);
    return NULL;
}

pid_t child_spawn(const struct child_exec *exec)
{
    struct request request = { .exec = exec, .pid = -ESRCH };

    (void)pthread_mutex_lock(&spawner.lock);
    if (spawner.running && !spawner.ending) {
        request.next = spawner.queue;
        spawner.queue = &request;
        (void)pthread_cond_signal(&spawner.asked);
        while (!request.answered)
            (void)pthread_cond_wait(&spawner.answered, &spawner.lock);
    }
    (void)pthread_mutex_unlock(&spawner.lock);
    return request.pid;
}

int child_start(struct verror *err)
{
    sigset_t all, old;
    int r;

    /* all signals blocked also between fork and exec: no handler of ours runs in a child */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    (void)pthread_mutex_lock(&spawner.lock);
    r = pthread_create(&spawner.thread, NULL, spawner_main, NULL);
    spawner.running = r == 0;
    spawner.ending = false;
    (void)pthread_mutex_unlock(&spawner.lock);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return r ? verror_errno(err, r, "cannot start the thread that starts programs") : 0;
}

void child_stop(void)
{
    (void)pthread_mutex_lock(&spawner.lock);
    if (!spawner.running) {
        (void)pthread_mutex_unlock(&spawner.lock);
        return;
    }
    spawner.ending = true;
    (void)pthread_cond_signal(&spawner.asked);
    (void)pthread_mutex_unlock(&spawner.lock);
    (void)pthread_join(spawner.thread, NULL);
    spawner.running = false; /* main alone starts and stops */
}
