/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See qemu_version.h.  The handler runs on the loop thread, the child on a control worker. */

#include "calls/qemu_version.h"

#include <stdio.h>

#include "calls/call.h"
#include "jobs/ctl.h"
#include "jobs/workers.h"
#include "protocol/remote.h"
#include "util/alloc.h"
#include "util/child.h"

struct probe {
    struct work work;
    struct call *call;
    struct job_ctl ctl;
    uint64_t version;
    struct verror err;
};

uint64_t qemu_version_parse(const char *line)
{
    unsigned int major, minor, micro;

    if (sscanf(line, "qemu-img version %u.%u.%u", &major, &minor, &micro) != 3)
        return 0;
    return major * 1000000ull + minor * 1000ull + micro;
}

static void probe_line(void *opaque, char *line)
{
    struct probe *probe = opaque;

    if (!probe->version)
        probe->version = qemu_version_parse(line);
}

static void probe_run(struct work *work)
{
    static const char *const argv[] = { "qemu-img", "--version", NULL };
    struct probe *probe = container_of(work, struct probe, work);
    const struct child_spec spec = { .argv = argv, .line = probe_line, .opaque = probe };

    if (child_run(&spec, &probe->ctl, &probe->err) == 0 && !probe->version)
        verror_set(&probe->err, VIR_ERR_INTERNAL_ERROR,
                   "cannot read QEMU's version in the output of qemu-img");
}

static void probe_done(struct work *work)
{
    struct probe *probe = container_of(work, struct probe, work);
    struct call *call = probe->call;
    struct remote_uhyper_ret *ret = call->ret;

    ret->value = probe->version;
    if (probe->err.code) {
        /* clients go on where a version is not supported, and only there */
        verror_set(&call->err, VIR_ERR_NO_SUPPORT, "%s: %s", call->proc->api,
                   verror_text(&probe->err));
        call_fail(call);
    } else {
        call_reply(call);
    }
    verror_clear(&probe->err);
    job_ctl_done(&probe->ctl);
    free(probe);
}

/* The client does not wait for it any more: neither do we. */
static void probe_gone(struct call *call)
{
    struct probe *probe = call->opaque;

    job_ctl_cancel(&probe->ctl);
}

int connect_get_version(struct call *call)
{
    struct probe *probe = XNEW(struct probe);

    probe->work = (struct work){ .run = probe_run, .done = probe_done };
    probe->call = call;
    job_ctl_init(&probe->ctl);
    call->opaque = probe;
    call->gone = probe_gone;
    /* the key keeps a client that asks all the time from taking every worker */
    workers_submit(call->daemon->workers, LANE_CONTROL, "qemu-img", &probe->work);
    return CALL_PENDING;
}
