/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An external snapshot of a guest that runs is deleted: a worker finds which of its
 * images its disks lie on, then each disk has a block job that commits its image into the one
 * below.  The last of them forgets the snapshot.  Loop thread, but for work.
 */

#include "calls/domain_snapshot_call.h"

#include <string.h>

#include "calls/job_group.h"
#include "hypervisor/qemu/block_job.h"
#include "hypervisor/qemu/guest.h"
#include "hypervisor/snapshot_jobs.h"
#include "util/alloc.h"

struct merge_input {
    char *uuid;
    bool async;
    struct snapshot_def *def; /* a reference */
    struct domain_def *live;  /* a reference */
    struct snapshot_merges merges;
};

static void free_input(void *opaque)
{
    struct merge_input *input = opaque;

    free(input->uuid);
    snapshot_def_unref(input->def);
    domain_def_unref(input->live);
    snapshot_merges_clear(&input->merges);
    free(input);
}

/* Worker. */
static int find_merges(void *opaque, struct verror *err)
{
    struct merge_input *input = opaque;
    struct job_ctl ctl;
    int rc;

    job_ctl_init(&ctl);
    rc = snapshot_merges_find(input->def, input->live, NULL, 0, true, &ctl, &input->merges, err);
    job_ctl_done(&ctl);
    return rc;
}

/* As libvirt's events call the disk: by the image that it has now. */
static const char *source_of(const struct domain_def *live, const char *target)
{
    for (size_t i = 0; i < live->ndisks; i++)
        if (strcmp(live->disks[i].target, target) == 0)
            return live->disks[i].path;
    return NULL;
}

static void start_merge(struct job_group *group, struct domain *domain,
                        const struct merge_input *input, const struct snapshot_merge *merge)
{
    struct domain_spec *spec = domain_spec_new(domain);
    struct job_request request = domain_job_request(&domain_job_block_commit, spec, NULL);
    _cleanup_free_ char *share = xasprintf("block:%s:%s", domain->uuid, merge->target);

    spec->block =
        block_job_new(BLOCK_JOB_COMMIT, merge->target, source_of(input->live, merge->target));
    spec->block->top = xstrdup(merge->image.path);
    spec->block->only_below = true;
    spec->block->active = !merge->above.path;
    spec->block->by_itself = true;
    spec->block->deletes = true;
    spec->block->snapshot = xstrdup(input->def->name);
    request.pool = merge->target;
    request.share = share;
    job_group_start(group, &request);
}

/* It has no images, or all are gone already: so is the rest. */
static void forget(struct call *call, struct domain *domain, const struct merge_input *input)
{
    struct domain_spec *spec = snapshot_spec_new(domain, snapshot_def_ref(input->def),
                                                 VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY);

    spec->snapshot->memory_goes = true;
    (void)call_start_domain_job(call, &domain_job_snapshot_delete, spec, input->async, NULL);
}

static void found(struct call *call, void *opaque)
{
    const struct merge_input *input = opaque;
    struct domain *domain = domain_find_uuid(call->daemon->domains, input->uuid);
    struct job_group *group;

    if (!domain || !domain->guest || domain->guest->def != input->live) {
        verror_set(&call->err, VIR_ERR_OPERATION_INVALID,
                   "the domain has changed while its images were looked at");
        call_fail(call);
        return;
    }
    if (input->merges.n == 0) {
        forget(call, domain, input);
        return;
    }
    group = job_group_new(call, input->merges.n, input->async);
    for (size_t i = 0; i < input->merges.n; i++)
        start_merge(group, domain, input, &input->merges.list[i]);
    job_group_close(group);
}

int call_merge_snapshot(struct call *call, struct domain *domain, struct moment *snapshot,
                        bool async)
{
    struct offload offload = {
        .free_input = free_input,
        .work = find_merges,
        .then = found,
    };
    struct guest *guest = call_ready_guest(call, domain);
    struct merge_input *input;

    if (!guest || snapshot_check_alone(domain, snapshot, &call->err) < 0)
        return -1;
    offload.input = input = XNEW(struct merge_input);
    input->uuid = xstrdup(domain->uuid);
    input->async = async;
    input->def = snapshot_def_ref(snapshot->def);
    input->live = domain_def_ref(guest->def);
    call_offload(call, &offload);
    return CALL_PENDING;
}
