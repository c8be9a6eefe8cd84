/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The calls about the daemon itself.  Loop thread. */

#include "calls/call.h"
#include "protocol/job.h"

static void reloaded_cb(void *opaque, const struct verror *err)
{
    struct call *call = opaque;

    if (!err->code) {
        call_reply(call);
        return;
    }
    verror_copy(&call->err, err);
    call_fail(call);
}

static int daemon_reload(struct call *call)
{
    const struct job_daemon_reload_args *args = call->args;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    call->daemon->reload(call->daemon, reloaded_cb, call);
    return CALL_PENDING;
}

static const struct proc procs[] = {
    { .number = JOB_PROC_DAEMON_RELOAD,
      .api = "virConnectDaemonReload",
      .access = ACCESS_WRITE,
      .class = CLASS_CHANGE,
      .error_domain = VIR_FROM_REMOTE,
      PROC_ARGS(job_daemon_reload_args),
      .handler = daemon_reload },
};

const struct proc_table calls_daemon = { procs, ARRAY_SIZE(procs) };
