/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's QEMU as a process: started in a session of its own, as the
 * configured user, so that it outlives the daemon; found again by pid, start
 * time and boot; ended.
 */
#ifndef VIRTJOBD_QEMU_PROCESS_H
#define VIRTJOBD_QEMU_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/verror.h"

struct qemu_command;

/* Who a process is, in one boot: whoever keeps it keeps child_boot_id() beside it. */
struct process_id {
    pid_t pid;       /* 0 = none */
    uint64_t start;  /* clock ticks since boot, as child_start_time() */
};

struct process_spec {
    char *const *argv;
    char *const *env;     /* "NAME=value", beside what every QEMU gets; NULL or NULL-terminated */
    const int *fds;       /* inherited under the same numbers; everything else is closed */
    size_t nfds;
    int listen_fd;        /* bound, and listened on by the child before exec, so that SO_PEERCRED
                             names it; also inherited; -1 = none */
    const char *cwd;      /* the guest's runtime directory */
    int log_fd;           /* stdout and stderr; stdin is /dev/null */
    uid_t uid;            /* (uid_t)-1: as the daemon */
    gid_t gid;            /* supplementary groups as initgroups(3) */
};

/*
 * Returns once the program has been executed (or could not be).  -1 with err, which names the
 * step that failed.  argv[0] is a path.  Until it is executed it dies with the daemon, from then
 * on never.  umask 0077; of the daemon's environment it gets PATH and little else.  Worker.
 */
int process_spawn(const struct process_spec *spec, struct process_id *ret_id, struct verror *err);

/* pidfd of that very process, or -1: it is gone (err says so); of one not reaped it is readable.
   Any thread. */
int process_open(const struct process_id *id, struct verror *err);
/* Runs: not ended, reaped or not. */
bool process_is_alive(const struct process_id *id);
/* Reaps it if it is our child and has ended; never blocks.  Loop, when the pidfd is readable. */
void process_reap(const struct process_id *id);
/*
 * Worker: SIGTERM, grace_ms, then SIGKILL; waits for its end, at most 10 s behind the kill.
 * grace_ms 0: SIGKILL at once; graceful: no SIGKILL, VIR_ERR_RESOURCE_BUSY when it stays.
 * Ended before is fine.  Reaps it if it is our child.
 */
int process_end(const struct process_id *id, int grace_ms, bool graceful, struct verror *err);
/* CPU time of the guest's process, ns; 0 = gone.  Any thread. */
uint64_t process_cpu_time(const struct process_id *id);
/* How far the process has got in that open file, bytes: /proc/PID/fdinfo; -1 = it does not have it
   open. */
int64_t process_file_offset(const struct process_id *id, dev_t dev, ino_t ino);

/* A unix socket bound to dir/name, however long the path (bound through /proc/self/fd); an old one
   is replaced.  Mode 0600 and owner uid:gid unless -1.  -1 with err.  Worker. */
int socket_bind(const char *dir, const char *name, uid_t uid, gid_t gid, struct verror *err);
/* Connected, non-blocking; -1 with err. */
int socket_connect(const char *dir, const char *name, struct verror *err);

/* The last lines of a guest's log from offset on, for errors; a new string, "" = nothing. */
char *log_tail(const char *path, off_t offset);

#endif
