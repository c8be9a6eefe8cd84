/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The spawning thread.  Children are sent SIGKILL when the thread that forked
 * them ends (PR_SET_PDEATHSIG goes by thread), so it is one that lives as long
 * as the daemon, not a worker.  It only forks; waiting is the worker's.  A child that
 * is to outlive the daemon does so from its exec on: one that dies half prepared
 * with the daemon leaves nothing that nobody knows of.
 */

#include "util/child_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/child.h"

enum {
    LISTEN_BACKLOG = 1, /* the daemon alone connects */
    DETACHED_UMASK = 0077, /* what a guest's QEMU makes is nobody else's */
};

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

/* SIGKILL when the spawner ends; a change of user clears it. */
static void die_with(pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() != parent)
        _exit(127); /* the daemon died before the prctl */
}

static bool change_user(const struct child_detach *detach, pid_t parent)
{
    if (!detach->change_user)
        return true;
    if (setgroups(detach->ngroups, detach->groups) < 0 ||
        setresgid(detach->gid, detach->gid, detach->gid) < 0 ||
        setresuid(detach->uid, detach->uid, detach->uid) < 0)
        return false;
    die_with(parent);
    return true;
}

/* CHILD_STEP_EXEC: all done. */
static enum child_step prepare_detached(const struct child_detach *detach, pid_t parent)
{
    /* while it may enter every directory: the new user needs only what it opens in there */
    if (chdir(detach->cwd) < 0)
        return CHILD_STEP_CWD;
    (void)umask(DETACHED_UMASK);
    if (!change_user(detach, parent))
        return CHILD_STEP_USER;
    /* SO_PEERCRED tells who called this, not who calls accept */
    if (detach->listen_fd >= 0 && listen(detach->listen_fd, LISTEN_BACKLOG) < 0)
        return CHILD_STEP_LISTEN;
    return CHILD_STEP_EXEC;
}

static enum child_step prepare(const struct child_exec *exec, pid_t parent)
{
    enum child_step step = CHILD_STEP_EXEC;

    if (!arrange_fds(exec))
        return CHILD_STEP_FDS;
    if (exec->detach)
        step = prepare_detached(exec->detach, parent);
    if (step == CHILD_STEP_EXEC)
        reset_signals();
    return step;
}

static _Noreturn void child_exec_or_exit(const struct child_exec *exec, pid_t parent)
{
    struct child_failure failure;

    /* neither can fail in a new child */
    if (exec->detach)
        (void)setsid();
    else
        (void)setpgid(0, 0); /* the group is what a cancel kills */
    die_with(parent);
    failure.step = prepare(exec, parent);
    if (failure.step == CHILD_STEP_EXEC) {
        if (exec->detach || exec->outlives)
            (void)prctl(PR_SET_PDEATHSIG, 0); /* from here on it lives by itself */
        (void)execve(exec->path, exec->argv, exec->envp);
    }
    failure.errnum = errno;
    (void)!write(exec->status, &failure, sizeof(failure)); /* nobody else could be told */
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
    /* here too, so that a cancel may kill the group at once; the child's own may have come first.
       A group's leader could not make a session. */
    if (!exec->detach)
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

int child_await_exec(pid_t pid, int status, struct child_failure *ret_failure)
{
    struct child_failure failure;
    ssize_t n;

    do {
        n = read(status, &failure, sizeof(failure)); /* whole: it is less than PIPE_BUF */
    } while (n < 0 && errno == EINTR);
    if (n != sizeof(failure))
        return 0;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    *ret_failure = failure;
    return -1;
}

const char *child_step_name(enum child_step step)
{
    static const char *const names[] = {
        [CHILD_STEP_FDS] = "pass on its descriptors",
        [CHILD_STEP_CWD] = "enter its directory",
        [CHILD_STEP_USER] = "become its user",
        [CHILD_STEP_LISTEN] = "listen on its socket",
        [CHILD_STEP_EXEC] = "execute it",
    };

    _Static_assert(ARRAY_SIZE(names) == CHILD_STEP_MAX, "a step needs a name");
    return names[step];
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
