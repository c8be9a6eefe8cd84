/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Snapshots by QEMU's own jobs; see snapshot_qmp.h.  Workers. */

#include "hypervisor/qemu/snapshot_qmp.h"

#include <inttypes.h>
#include <string.h>

#include "util/alloc.h"

enum { LOOK_MS = 1000, FORGET_MS = 10000 };

static const char *const verbs[] = {
    [SNAPSHOT_QMP_SAVE] = "save",
    [SNAPSHOT_QMP_LOAD] = "load",
    [SNAPSHOT_QMP_DELETE] = "delete",
};

/* Of both jobs and commands: "snapshot-save". */
static char *command_name(const struct snapshot_qmp *qmp)
{
    return xasprintf("snapshot-%s", verbs[qmp->verb]);
}

/* A delete undoes a save of the same job. */
static char *job_name(const struct snapshot_qmp *qmp)
{
    return xasprintf("virtjobd-%s-%" PRIu64, verbs[qmp->verb], qmp->job_id);
}

/* --- disks --- */

/* It may hold snapshots; others have been refused, or have none. */
static bool is_written(const struct domain_disk *disk)
{
    return disk->index && !disk->readonly && (disk->path || disk->pool) && disk->format &&
           strcmp(disk->format, "qcow2") == 0;
}

static json_t *disk_nodes(const struct domain_def *live)
{
    json_t *nodes = json_array();

    for (size_t i = 0; i < live->ndisks; i++) {
        if (is_written(&live->disks[i]))
            json_array_append_new(nodes,
                                  json_sprintf("libvirt-%s-format", live->disks[i].index));
    }
    return nodes;
}

static bool node_has(json_t *nodes, const char *node, const char *name)
{
    json_t *item, *snapshot;
    size_t i, j;

    json_array_foreach(nodes, i, item)
    {
        const char *of = json_string_value(json_object_get(item, "node-name"));

        if (!of || strcmp(of, node) != 0)
            continue;
        json_array_foreach(json_object_get(json_object_get(item, "image"), "snapshots"), j,
                           snapshot)
        {
            const char *has = json_string_value(json_object_get(snapshot, "name"));

            if (has && strcmp(has, name) == 0)
                return true;
        }
    }
    return false;
}

int snapshot_qmp_check(struct guest *guest, const struct domain_def *live, const char *name,
                       bool there, struct job_ctl *ctl, struct verror *err)
{
    json_t *nodes = NULL;
    int rc = 0;

    if (monitor_call(guest->monitor, "query-named-block-nodes", json_pack("{s:b}", "flat", 1), -1,
                     ctl, -1, &nodes, err) < 0)
        return -1;
    for (size_t i = 0; i < live->ndisks && rc == 0; i++) {
        const struct domain_disk *disk = &live->disks[i];
        _cleanup_free_ char *node = xasprintf("libvirt-%s-format", disk->index ? disk->index : "");

        if (is_written(disk) && node_has(nodes, node, name) != there)
            rc = verror_set(err, VIR_ERR_OPERATION_INVALID, "disk '%s' has %s '%s' inside",
                            disk->target, there ? "no snapshot" : "a snapshot", name);
    }
    json_decref(nodes);
    return rc;
}

/* --- its job --- */

int snapshot_qmp_start(const struct snapshot_qmp *qmp, struct job_ctl *ctl, struct verror *err)
{
    _cleanup_free_ char *command = command_name(qmp), *id = job_name(qmp);
    json_t *nodes = disk_nodes(qmp->live);
    json_t *args = json_pack("{s:s, s:s, s:O}", "job-id", id, "tag", qmp->name, "devices", nodes);

    if (qmp->verb != SNAPSHOT_QMP_DELETE)
        json_object_set(args, "vmstate", json_array_get(nodes, 0));
    json_decref(nodes);
    return monitor_call(qmp->guest->monitor, command, args, -1, ctl, -1, NULL, err);
}

/* 1: it goes on; 0: it has ended well; -1 with err. */
static int job_outcome(json_t *jobs, const char *id, struct verror *err)
{
    json_t *job;
    size_t i;

    json_array_foreach(jobs, i, job)
    {
        const char *of = json_string_value(json_object_get(job, "id"));
        const char *status = json_string_value(json_object_get(job, "status"));
        const char *why = json_string_value(json_object_get(job, "error"));

        if (!of || strcmp(of, id) != 0)
            continue;
        if (!status || strcmp(status, "concluded") != 0)
            return 1;
        return why ? verror_set(err, VIR_ERR_OPERATION_FAILED, "QEMU: %s", why) : 0;
    }
    return verror_set(err, VIR_ERR_OPERATION_FAILED, "QEMU does not know job '%s'", id);
}

static int look(const struct snapshot_qmp *qmp, struct job_ctl *ctl, struct verror *err)
{
    _cleanup_free_ char *id = job_name(qmp);
    json_t *jobs = NULL;
    int rc;

    if (monitor_call(qmp->guest->monitor, "query-jobs", NULL, -1, ctl, -1, &jobs, err) < 0)
        return -1;
    rc = job_outcome(jobs, id, err);
    json_decref(jobs);
    return rc;
}

int snapshot_qmp_wait(const struct snapshot_qmp *qmp, struct job_ctl *ctl, struct verror *err)
{
    static const char *const names[] = { "JOB_STATUS_CHANGE", NULL };
    int rc = 1;

    while (rc > 0) {
        unsigned long mark = monitor_event_mark(qmp->guest->monitor);
        _cleanup_verror_ struct verror late = VERROR_INIT;

        rc = look(qmp, ctl, err);
        if (rc > 0 &&
            monitor_wait_event(qmp->guest->monitor, names, mark, ctl, LOOK_MS, NULL, &late) < 0 &&
            late.code != VIR_ERR_OPERATION_TIMEOUT) {
            verror_move(err, &late);
            rc = -1;
        }
    }
    return rc;
}

int snapshot_qmp_run(const struct snapshot_qmp *qmp, struct job_ctl *ctl, struct verror *err)
{
    int rc = snapshot_qmp_start(qmp, ctl, err);

    if (rc == 0) {
        rc = snapshot_qmp_wait(qmp, ctl, err);
        snapshot_qmp_forget(qmp);
    }
    return rc;
}

bool snapshot_qmp_is_known(const struct snapshot_qmp *qmp)
{
    _cleanup_free_ char *id = job_name(qmp);
    json_t *jobs = NULL, *job;
    bool known = false;
    size_t i;

    if (monitor_call(qmp->guest->monitor, "query-jobs", NULL, -1, NULL, -1, &jobs, NULL) < 0)
        return false;
    json_array_foreach(jobs, i, job)
    {
        const char *of = json_string_value(json_object_get(job, "id"));

        known = known || (of && strcmp(of, id) == 0);
    }
    json_decref(jobs);
    return known;
}

void snapshot_qmp_forget(const struct snapshot_qmp *qmp)
{
    _cleanup_free_ char *id = job_name(qmp);

    (void)monitor_call(qmp->guest->monitor, "job-dismiss", json_pack("{s:s}", "id", id), -1, NULL,
                       -1, NULL, NULL); /* one that stays known does no harm */
}

static void forgotten(void *opaque, json_t *value, struct verror *err)
{
    (void)opaque;
    (void)value;
    (void)err; /* as above */
}

void snapshot_qmp_forget_later(struct guest *guest, enum snapshot_qmp_verb verb, uint64_t job_id)
{
    const struct snapshot_qmp qmp = { .verb = verb, .job_id = job_id };
    _cleanup_free_ char *id = job_name(&qmp);

    monitor_send(guest->monitor, "job-dismiss", json_pack("{s:s}", "id", id), FORGET_MS, forgotten,
                 NULL);
}
