/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The start of a guest's QEMU by the spawning thread (util/child_spawn.h): its
 * user's groups, its environment and the descriptors are made ready here, where
 * one may allocate.  Workers; owns nothing between calls.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "hypervisor/qemu/owner.h"
#include "hypervisor/qemu/process.h"
#include "util/alloc.h"
#include "util/child.h"
#include "util/child_spawn.h"

/*
 * What QEMU and its libraries need and no more: the daemon's own (its sockets' numbers,
 * its service manager's address) is not a guest's.
 */
static char **make_environment(const struct process_spec *spec)
{
    static const struct {
        const char *name;
        bool of_user; /* the daemon's user's: only if QEMU is that user too */
    } passed[] = {
        { "PATH", false },
        { "TMPDIR", false },
        { "LD_LIBRARY_PATH", false },
        { "LD_PRELOAD", false },
        { "HOME", true },
        { "USER", true },
        { "LOGNAME", true },
        { "XDG_RUNTIME_DIR", true },
    };
    bool same_user = spec->uid == (uid_t)-1;
    size_t n = 0, nmore = 0;
    char **envp;

    while (spec->env && spec->env[nmore])
        nmore++;
    envp = xcalloc(ARRAY_SIZE(passed) + nmore + 3, sizeof(*envp));
    for (size_t i = 0; i < nmore; i++) /* the first of a name is the one that counts */
        envp[n++] = xstrdup(spec->env[i]);
    envp[n++] = xstrdup("LC_ALL=C"); /* its messages go into our errors */
    for (size_t i = 0; i < ARRAY_SIZE(passed); i++) {
        const char *value = getenv(passed[i].name);

        if (value && (same_user || !passed[i].of_user))
            envp[n++] = xasprintf("%s=%s", passed[i].name, value);
    }
    if (!same_user)
        envp[n++] = xasprintf("HOME=%s", spec->cwd);
    return envp;
}

static void free_environment(char **envp)
{
    for (size_t i = 0; envp[i]; i++)
        free(envp[i]);
    free(envp);
}

DEFINE_CLEANUP(char **, free_environment);

/* One that runs but cannot be told from others later is no use. */
static int identify(pid_t pid, struct process_id *ret_id, struct verror *err)
{
    uint64_t start = child_start_time(pid); /* also of one that has ended again: it is not reaped */

    if (start == 0) {
        (void)kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "/proc does not have process %ld",
                          (long)pid);
    }
    *ret_id = (struct process_id){ .pid = pid, .start = start };
    return 0;
}

static int run(const struct process_spec *spec, struct child_exec *exec, struct process_id *ret_id,
               struct verror *err)
{
    _cleanup_close_ int null = open("/dev/null", O_RDONLY | O_CLOEXEC), status = -1;
    struct child_failure failure;
    int ends[2];
    pid_t pid;

    if (null < 0 || pipe2(ends, O_CLOEXEC) < 0)
        return verror_errno(err, errno, "cannot run '%s'", spec->argv[0]);
    status = ends[0];
    exec->in = null;
    exec->status = ends[1];
    pid = child_spawn(exec);
    (void)close(ends[1]);
    if (pid < 0)
        return verror_errno(err, -pid, "cannot run '%s'", spec->argv[0]);
    if (child_await_exec(pid, status, &failure) < 0)
        return verror_errno(err, failure.errnum, "cannot run '%s': cannot %s", spec->argv[0],
                            child_step_name(failure.step));
    return identify(pid, ret_id, err);
}

int process_spawn(const struct process_spec *spec, struct process_id *ret_id, struct verror *err)
{
    _cleanup_(free_environmentp) char **envp = make_environment(spec);
    _cleanup_free_ int *fds = xcalloc(spec->nfds + 1, sizeof(*fds));
    _cleanup_free_ gid_t *groups = NULL;
    struct child_detach detach = {
        .cwd = spec->cwd,
        .listen_fd = spec->listen_fd,
        .change_user = spec->uid != (uid_t)-1,
        .uid = spec->uid,
        .gid = spec->gid,
    };
    struct child_exec exec = {
        .path = spec->argv[0],
        .argv = spec->argv,
        .envp = envp,
        .out = spec->log_fd,
        .err = spec->log_fd,
        .keep_fds = fds,
        .nkeep_fds = spec->nfds,
        .detach = &detach,
    };

    if (detach.change_user && spec->gid == (gid_t)-1) /* it would keep the daemon's */
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "user %lu without a group",
                          (unsigned long)spec->uid);
    if (detach.change_user &&
        owner_find_groups(spec->uid, spec->gid, &groups, &detach.ngroups, err) < 0)
        return -1;
    detach.groups = groups;
    if (spec->nfds)
        memcpy(fds, spec->fds, spec->nfds * sizeof(*fds));
    if (spec->listen_fd >= 0)
        fds[exec.nkeep_fds++] = spec->listen_fd;
    return run(spec, &exec, ret_id, err);
}
