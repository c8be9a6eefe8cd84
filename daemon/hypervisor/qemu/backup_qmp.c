/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A backup as QEMU has it: all disks begin in one transaction, with the bitmaps
 * that say what is to be copied and those of a checkpoint; looked at, served, ended.
 * No job of QEMU's goes away by itself, so that whichever daemon looks sees its end.
 * Workers.
 */

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "hypervisor/checkpoints.h"
#include "hypervisor/qemu/backup.h"
#include "hypervisor/qemu/bitmaps.h"
#include "hypervisor/qemu/socket_clients.h"
#include "jobs/ctl.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/log.h"

enum { COMMAND_MS = 20000, END_MS = 20000, CLIENT_MS = 15000, LOOK_MS = 200 };

static json_t *node_of(const char *index)
{
    return json_sprintf("libvirt-%s-format", index);
}

static const struct disk_xml_image *top_of(const struct backup_part *part)
{
    return &part->images.images[0];
}

/* --- what was written since a checkpoint --- */

static void free_nodes(char **nodes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(nodes[i]);
    free(nodes);
}

/* Of all images of the disk, from the topmost. */
static char **nodes_of(const struct backup_part *part)
{
    char **nodes = xcalloc(part->images.n + 1, sizeof(*nodes));

    for (size_t i = 0; i < part->images.n; i++)
        nodes[i] = xasprintf("libvirt-%s-format", part->images.images[i].index);
    return nodes;
}

/* Where its own bitmap lies: one that is exported, in what is exported. */
static char *bitmap_node(const struct backup *backup, const struct backup_part *part)
{
    return xasprintf("libvirt-%s-format",
                     backup->def->is_pull ? part->disk->file.index : top_of(part)->index);
}

/*
 * One that says what all of them say together.  It records what is written until the backup begins;
 * one that is exported must not record, and is made once nothing is written any more.
 */
static void add_merges(const struct backup *backup, const struct backup_part *part,
                       const struct bitmaps *bitmaps, char *const *nodes, json_t *steps)
{
    const char *since = part->disk->incremental;
    _cleanup_free_ char *node = bitmap_node(backup, part), *own = backup_bitmap_name(backup, part);
    const struct bitmap *top = bitmaps_get(bitmaps, nodes[0], since);
    json_t *made = bitmap_step_add(node, own, false, top ? top->granularity : 0);

    if (backup->def->is_pull)
        json_object_set_new(json_object_get(made, "data"), "disabled", json_true());
    json_array_append_new(steps, made);
    for (size_t i = 0; i < part->images.n && bitmaps_get(bitmaps, nodes[i], since); i++)
        json_array_append_new(steps, bitmap_step_merge(node, own, nodes[i], since));
}

static int add_bitmap(const struct backup *backup, const struct backup_part *part,
                      const struct bitmaps *bitmaps, json_t *steps, struct verror *err)
{
    char **nodes = nodes_of(part);
    bool whole = bitmaps_are_whole(bitmaps, (const char *const *)nodes, part->images.n,
                                   part->disk->incremental);

    if (whole)
        add_merges(backup, part, bitmaps, nodes, steps);
    free_nodes(nodes, part->images.n);
    if (whole)
        return 0;
    return verror_set(err, VIR_ERR_CHECKPOINT_INCONSISTENT,
                      "missing or broken bitmap '%s' for disk '%s'", part->disk->incremental,
                      part->disk->name);
}

/* --- the transaction --- */

static json_t *step_backup(const struct backup *backup, const struct backup_part *part,
                           uint64_t speed)
{
    bool is_pull = backup->def->is_pull, is_part = !is_pull && part->disk->incremental;
    _cleanup_free_ char *name = backup_job_name(backup, part);
    _cleanup_free_ char *bitmap = is_part ? backup_bitmap_name(backup, part) : NULL;
    const char *sync = is_pull ? "none" : is_part ? "bitmap" : "full";
    json_t *data = json_pack("{s:s, s:o, s:o, s:s, s:b, s:I}", "job-id", name, "device",
                             node_of(top_of(part)->index), "target",
                             node_of(part->disk->file.index), "sync", sync, "auto-dismiss", 0,
                             "speed", (json_int_t)speed);

    if (is_part) {
        json_object_set_new(data, "bitmap", json_string(bitmap));
        json_object_set_new(data, "bitmap-mode", json_string("never"));
    }
    return json_pack("{s:s, s:o}", "type", "blockdev-backup", "data", data);
}

static uint64_t share_of(uint64_t speed, size_t n)
{
    return speed && n > 1 ? (speed + n - 1) / n : speed;
}

/*
 * From its backup on QEMU holds up what the guest writes to a disk, until all is done: bitmaps that
 * are made behind that say exactly what was written before, or will be after.
 */
static int find_steps(const struct backup *backup, const struct bitmaps *bitmaps, uint64_t speed,
                      json_t *steps, struct verror *err)
{
    bool is_pull = backup->def->is_pull;

    for (size_t i = 0; i < backup->nparts; i++) {
        const struct backup_part *part = &backup->parts[i];

        if (is_pull)
            json_array_append_new(steps, step_backup(backup, part, 0));
        if (part->disk->incremental && add_bitmap(backup, part, bitmaps, steps, err) < 0)
            return -1;
        if (!is_pull)
            json_array_append_new(steps,
                                  step_backup(backup, part, share_of(speed, backup->nparts)));
    }
    if (!backup->checkpoint)
        return 0;
    return checkpoint_steps_create(backup->checkpoint, backup->live, bitmaps, steps, err);
}

json_t *backup_qmp_steps(const struct backup *backup, struct guest *guest, struct job_ctl *ctl,
                         struct verror *err)
{
    struct bitmaps bitmaps;
    json_t *steps;
    int rc;

    if (bitmaps_find(guest, ctl, &bitmaps, err) < 0)
        return NULL;
    steps = json_array();
    rc = find_steps(backup, &bitmaps, job_ctl_speed(ctl), steps, err);
    bitmaps_clear(&bitmaps);
    if (rc == 0)
        return steps;
    json_decref(steps);
    return NULL;
}

/* --- served --- */

int backup_qmp_serve(struct backup *backup, struct guest *guest, struct job_ctl *ctl,
                     struct verror *err)
{
    const struct backup_def *def = backup->def;
    json_t *address;

    if (def->socket)
        address = json_pack("{s:s, s:{s:s}}", "type", "unix", "data", "path", def->socket);
    else
        address = json_pack("{s:s, s:{s:s, s:s}}", "type", "inet", "data", "host", def->host,
                            "port", def->port);
    return monitor_call(guest->monitor, "nbd-server-start", json_pack("{s:o}", "addr", address), -1,
                        ctl, COMMAND_MS, NULL, err);
}

static json_t *export_args(const struct backup *backup, const struct backup_part *part)
{
    _cleanup_free_ char *name = backup_job_name(backup, part);
    json_t *args = json_pack("{s:s, s:s, s:o, s:s, s:b}", "type", "nbd", "id", name, "node-name",
                             node_of(part->disk->file.index), "name", part->disk->export_name,
                             "writable", 0);

    if (part->disk->incremental)
        json_object_set_new(args, "bitmaps", json_pack("[s]", part->disk->export_bitmap));
    return args;
}

int backup_qmp_export(struct backup *backup, struct guest *guest, struct job_ctl *ctl,
                      struct verror *err)
{
    for (size_t i = 0; i < backup->nparts; i++)
        if (monitor_call(guest->monitor, "block-export-add",
                         export_args(backup, &backup->parts[i]), -1, ctl, COMMAND_MS, NULL,
                         err) < 0)
            return -1;
    return 0;
}

/* --- looking --- */

static void take_job(struct backup_part *part, const json_t *job)
{
    const char *status = json_string_value(json_object_get(job, "status"));
    const char *error = json_string_value(json_object_get(job, "error"));
    json_int_t cur = json_integer_value(json_object_get(job, "current-progress"));
    json_int_t end = json_integer_value(json_object_get(job, "total-progress"));

    part->found = true;
    part->concluded = status && strcmp(status, "concluded") == 0;
    (void)snprintf(part->error, sizeof(part->error), "%s", error ? error : "");
    atomic_store(&part->cur, cur > 0 ? (uint64_t)cur : 0);
    atomic_store(&part->end, end > 0 ? (uint64_t)end : 0);
}

int backup_qmp_look(struct backup *backup, struct guest *guest, struct job_ctl *ctl,
                    struct verror *err)
{
    json_t *reply = NULL, *job;
    size_t i;

    if (monitor_call(guest->monitor, "query-jobs", NULL, -1, ctl, COMMAND_MS, &reply, err) < 0)
        return -1;
    for (size_t at = 0; at < backup->nparts; at++) {
        struct backup_part *part = &backup->parts[at];
        _cleanup_free_ char *name = backup_job_name(backup, part);

        part->found = part->concluded = false;
        json_array_foreach(reply, i, job)
        {
            const char *id = json_string_value(json_object_get(job, "id"));

            if (id && strcmp(id, name) == 0)
                take_job(part, job);
        }
    }
    json_decref(reply);
    return 0;
}

bool backup_qmp_set_speed(const struct backup *backup, struct guest *guest, uint64_t speed,
                          struct job_ctl *ctl)
{
    size_t running = 0;
    bool all = true;

    for (size_t i = 0; i < backup->nparts; i++)
        running += backup->parts[i].found && !backup->parts[i].concluded;
    for (size_t i = 0; i < backup->nparts; i++) {
        const struct backup_part *part = &backup->parts[i];
        _cleanup_free_ char *name = backup_job_name(backup, part);

        if (!part->found || part->concluded)
            continue;
        all &= monitor_call(guest->monitor, "block-job-set-speed",
                            json_pack("{s:s, s:I}", "device", name, "speed",
                                      (json_int_t)share_of(speed, running)),
                            -1, ctl, COMMAND_MS, NULL, NULL) == 0;
    }
    return all;
}

/* --- ended --- */

/* What may not be there any more. */
static void tell(struct guest *guest, const char *command, json_t *args)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (monitor_call(guest->monitor, command, args, -1, NULL, COMMAND_MS, NULL, &err) < 0)
        log_debug("domain '%s': %s: %s", guest->uuid, command, verror_text(&err));
}

static void tell_of_parts(struct backup *backup, struct guest *guest, const char *command)
{
    for (size_t i = 0; i < backup->nparts; i++) {
        _cleanup_free_ char *name = backup_job_name(backup, &backup->parts[i]);

        if (backup->parts[i].found)
            tell(guest, command, json_pack("{s:s}", "id", name));
    }
}

static bool is_running(struct backup *backup, struct guest *guest)
{
    if (backup_qmp_look(backup, guest, NULL, NULL) < 0)
        return false;
    for (size_t i = 0; i < backup->nparts; i++)
        if (backup->parts[i].found && !backup->parts[i].concluded)
            return true;
    return false;
}

static void wait_end(struct backup *backup, struct guest *guest)
{
    static const char *const names[] = { "JOB_STATUS_CHANGE", NULL };
    int64_t until = clock_mono_ms() + END_MS;

    for (;;) {
        unsigned long mark = monitor_event_mark(guest->monitor);

        if (!is_running(backup, guest))
            return;
        if (clock_mono_ms() > until) {
            log_warn("domain '%s': QEMU's backup does not end", guest->uuid);
            return;
        }
        (void)monitor_wait_event(guest->monitor, names, mark, NULL, LOOK_MS, NULL, NULL);
    }
}

static bool has_clients(const struct backup *backup, const struct guest *guest)
{
    const struct backup_def *def = backup->def;

    return socket_has_clients(guest->process.pid, def->socket,
                              def->port ? strtoul(def->port, NULL, 10) : 0);
}

/*
 * A QEMU that ends its server waits for whoever has connected and not yet said what it wants, and
 * the guest stands still meanwhile: in some for ever.  It gives them ten seconds itself, so nobody
 * else is let in, and what is left then is a server without exports rather than a dead guest.
 */
static void stop_server(const struct backup *backup, struct guest *guest)
{
    int64_t until = clock_mono_ms() + CLIENT_MS;

    backup_files_remove_socket(backup);
    while (has_clients(backup, guest)) {
        if (clock_mono_ms() > until) {
            log_warn("domain '%s': QEMU's NBD server stays, as a client does", guest->uuid);
            return;
        }
        (void)poll(NULL, 0, LOOK_MS);
    }
    tell(guest, "nbd-server-stop", NULL);
}

/* Clients go first: what they read would not be what was there. */
static void stop_serving(struct backup *backup, struct guest *guest)
{
    for (size_t i = 0; i < backup->nparts; i++) {
        _cleanup_free_ char *name = backup_job_name(backup, &backup->parts[i]);

        tell(guest, "block-export-del", json_pack("{s:s, s:s}", "id", name, "mode", "hard"));
    }
    if (backup->served)
        stop_server(backup, guest);
}

void backup_qmp_stop(struct backup *backup, struct guest *guest)
{
    if (backup->def->is_pull)
        stop_serving(backup, guest);
    if (is_running(backup, guest)) {
        tell_of_parts(backup, guest, "job-cancel");
        wait_end(backup, guest);
    }
}

void backup_qmp_close(struct backup *backup, struct guest *guest)
{
    for (size_t i = 0; i < backup->nparts; i++)
        if (backup->parts[i].disk->file.index)
            block_nodes_delete(guest, backup->parts[i].disk->file.index);
}

/* Another one went with what was exported. */
static void remove_bitmap(const struct backup *backup, const struct backup_part *part,
                          struct guest *guest, const struct bitmaps *bitmaps)
{
    _cleanup_free_ char *own = backup_job_name(backup, part), *node = NULL;

    if (part->images.n == 0)
        return;
    node = xasprintf("libvirt-%s-format", top_of(part)->index);
    if (bitmaps_get(bitmaps, node, own))
        tell(guest, "block-dirty-bitmap-remove",
             json_pack("{s:s, s:s}", "node", node, "name", own));
}

void backup_qmp_forget(struct backup *backup, struct guest *guest)
{
    struct bitmaps bitmaps;

    if (backup_qmp_look(backup, guest, NULL, NULL) == 0)
        tell_of_parts(backup, guest, "job-dismiss");
    if (backup->def->is_pull || bitmaps_find(guest, NULL, &bitmaps, NULL) < 0)
        return;
    for (size_t i = 0; i < backup->nparts; i++)
        remove_bitmap(backup, &backup->parts[i], guest, &bitmaps);
    bitmaps_clear(&bitmaps);
}
