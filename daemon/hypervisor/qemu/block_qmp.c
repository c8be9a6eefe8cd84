/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Block jobs as QEMU has them: started, looked at, told what to do.  None goes
 * away by itself, so that each end is seen, whichever daemon sees it; and none
 * takes effect before our journal says that it may.  Workers.
 */

#include <inttypes.h>
#include <string.h>

#include "hypervisor/qemu/block_job.h"
#include "jobs/ctl.h"
#include "util/alloc.h"
#include "util/clock.h"

enum { COMMAND_MS = 20000, LOOK_MS = 200 };

/* --- starting --- */

static json_t *format_name(const struct disk_xml_image *image)
{
    return json_sprintf("libvirt-%s-format", image->index);
}

/* An image that says where the one below it is gets the name we know: QEMU's own may be no path. */
static void add_base(const struct block_job *block, json_t *args)
{
    const struct disk_xml_image *base;

    if (block->base_at >= block->images.n)
        return;
    base = &block->images.images[block->base_at];
    json_object_set_new(args, "base-node", format_name(base));
    if (block->base_name)
        json_object_set_new(args, "backing-file", json_string(block->base_name));
}

static json_t *mirror_args(const struct block_job *block, json_t *args)
{
    json_object_set_new(args, "target", format_name(&block->dest));
    json_object_set_new(args, "sync", json_string(block->shallow ? "top" : "full"));
    if (block->granularity)
        json_object_set_new(args, "granularity", json_integer((json_int_t)block->granularity));
    if (block->buf_size)
        json_object_set_new(args, "buf-size", json_integer((json_int_t)block->buf_size));
    if (block->sync_writes)
        json_object_set_new(args, "copy-mode", json_string("write-blocking"));
    return args;
}

int block_qmp_start(struct block_job *block, struct guest *guest, struct job_ctl *ctl,
                    struct verror *err)
{
    static const char *const commands[] = {
        [BLOCK_JOB_PULL] = "block-stream",
        [BLOCK_JOB_COPY] = "blockdev-mirror",
        [BLOCK_JOB_COMMIT] = "block-commit",
        [BLOCK_JOB_ACTIVE_COMMIT] = "block-commit",
    };
    bool waits = block->type == BLOCK_JOB_COPY || block->type == BLOCK_JOB_ACTIVE_COMMIT;
    _cleanup_free_ char *name = block_job_name(block);
    /* one that waits until it is told to end takes effect when it is told; the others are asked */
    json_t *args =
        json_pack("{s:s, s:o, s:I, s:b, s:b}", "job-id", name, "device",
                  format_name(&block->images.images[0]), "speed", (json_int_t)job_ctl_speed(ctl),
                  "auto-dismiss", 0, "auto-finalize", (int)waits);

    if (block->type == BLOCK_JOB_COPY)
        args = mirror_args(block, args);
    else
        add_base(block, args);
    if (block->type == BLOCK_JOB_COMMIT)
        json_object_set_new(args, "top-node", format_name(&block->images.images[block->top_at]));
    return monitor_call(guest->monitor, commands[block->type], args, -1, ctl, COMMAND_MS, NULL,
                        err);
}

/* --- looking --- */

static void take_job(struct block_job *block, const json_t *job, struct block_status *ret)
{
    const char *status = json_string_value(json_object_get(job, "status"));
    const char *error = json_string_value(json_object_get(job, "error"));
    json_int_t cur = json_integer_value(json_object_get(job, "current-progress"));
    json_int_t end = json_integer_value(json_object_get(job, "total-progress"));

    if (!status)
        return;
    ret->found = true;
    ret->ready = strcmp(status, "ready") == 0 || strcmp(status, "standby") == 0;
    ret->pending = strcmp(status, "pending") == 0;
    ret->concluded = strcmp(status, "concluded") == 0;
    (void)snprintf(ret->error, sizeof(ret->error), "%s", error ? error : "");
    atomic_store(&block->cur, cur > 0 ? (uint64_t)cur : 0);
    atomic_store(&block->end, end > 0 ? (uint64_t)end : 0);
}

int block_qmp_look(struct block_job *block, struct guest *guest, struct job_ctl *ctl,
                   struct block_status *ret, struct verror *err)
{
    _cleanup_free_ char *name = block_job_name(block);
    json_t *reply = NULL, *job;
    size_t i;

    *ret = (struct block_status){ 0 };
    if (monitor_call(guest->monitor, "query-jobs", NULL, -1, ctl, COMMAND_MS, &reply, err) < 0)
        return -1;
    json_array_foreach(reply, i, job)
    {
        const char *id = json_string_value(json_object_get(job, "id"));

        if (id && strcmp(id, name) == 0)
            take_job(block, job, ret);
    }
    json_decref(reply);
    return 0;
}

int block_qmp_tell(const struct block_job *block, struct guest *guest, const char *command,
                   const char *argument, struct job_ctl *ctl, struct verror *err)
{
    _cleanup_free_ char *name = block_job_name(block);

    return monitor_call(guest->monitor, command, json_pack("{s:s}", argument, name), -1, ctl,
                        COMMAND_MS, NULL, err);
}

int block_qmp_wait_end(struct block_job *block, struct guest *guest, int ms, struct verror *err)
{
    static const char *const names[] = { "JOB_STATUS_CHANGE", NULL };
    int64_t until = clock_mono_ms() + ms;

    for (;;) {
        unsigned long mark = monitor_event_mark(guest->monitor);
        struct block_status status;

        if (block_qmp_look(block, guest, NULL, &status, err) < 0)
            return -1;
        if (!status.found)
            return verror_set(err, VIR_ERR_OPERATION_FAILED, "QEMU has lost its block job");
        if (status.concluded && status.error[0])
            return verror_set(err, VIR_ERR_OPERATION_FAILED, "QEMU's block job has failed: %s",
                              status.error);
        if (status.concluded)
            return 0;
        if (clock_mono_ms() > until)
            return verror_set(err, VIR_ERR_OPERATION_TIMEOUT, "QEMU's block job does not end");
        (void)monitor_wait_event(guest->monitor, names, mark, NULL, LOOK_MS, NULL, NULL);
    }
}
