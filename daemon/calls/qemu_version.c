/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See qemu_version.h.  The handler runs on the loop thread, the child on a control worker. */

#include "calls/qemu_version.h"

#include <stdio.h>

#include "calls/job_call.h"
#include "protocol/remote.h"
#include "util/alloc.h"
#include "util/child.h"

uint64_t qemu_version_parse(const char *line)
{
    unsigned int major, minor, micro;

    if (sscanf(line, "qemu-img version %u.%u.%u", &major, &minor, &micro) != 3)
        return 0;
    return major * 1000000ull + minor * 1000ull + micro;
}

static void probe_line(void *opaque, char *line)
{
    uint64_t *version = opaque;

    if (!*version)
        *version = qemu_version_parse(line);
}

/* Worker.  Clients go on where a version is not supported, and only there. */
static int probe_run(void *input, struct verror *err)
{
    static const char *const argv[] = { "qemu-img", "--version", NULL };
    const struct child_spec spec = { .argv = argv, .line = probe_line, .opaque = input };
    _cleanup_verror_ struct verror why = VERROR_INIT;
    struct job_ctl ctl;
    int rc;

    job_ctl_init(&ctl);
    rc = child_run(&spec, &ctl, &why);
    job_ctl_done(&ctl);
    if (rc == 0 && *(uint64_t *)input)
        return 0;
    verror_set(&why, VIR_ERR_INTERNAL_ERROR, "cannot read the output of qemu-img");
    return verror_set(err, VIR_ERR_NO_SUPPORT, "virConnectGetVersion: %s", verror_text(&why));
}

static void probe_done(struct call *call, void *input)
{
    struct remote_uhyper_ret *ret = call->ret;

    ret->value = *(uint64_t *)input;
    call_reply(call);
}

int connect_get_version(struct call *call)
{
    /* the key keeps a client that asks all the time from taking every worker */
    const struct offload offload = {
        .key = (char[]){ "qemu-img" },
        .input = XNEW(uint64_t),
        .free_input = free,
        .work = probe_run,
        .then = probe_done,
    };

    call_offload(call, &offload);
    return CALL_PENDING;
}
