/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The long jobs that make a backup of a running guest: begun in QEMU, watched, and
 * ended; they go on over a restart of the daemon, and the guest may be changed
 * meanwhile.  One that is pushed ends by itself; one that is pulled is ended by whoever
 * has fetched what he wants, which is a cancel.  Functions of a kind run where job.h says.
 */

#include <string.h>

#include "hypervisor/checkpoints.h"
#include "hypervisor/internal.h"
#include "hypervisor/qemu/backup.h"
#include "hypervisor/qemu/bitmaps.h"
#include "hypervisor/qemu/block_hold.h"
#include "hypervisor/qemu/block_job.h"
#include "hypervisor/qemu/disk_bitmaps.h"
#include "util/alloc.h"
#include "util/log.h"

enum { LOOK_MS = 100 };

/* --- before it is accepted --- */

/* No job on a disk of it, which has planned what becomes of the bitmaps that are there. */
static void want_checkpoint(const struct domain_spec *spec, struct lock_hold *hold)
{
    const struct checkpoint_def *checkpoint = spec->backup->checkpoint;

    for (size_t i = 0; checkpoint && i < checkpoint->ndisks; i++) {
        const struct checkpoint_disk *disk = &checkpoint->disks[i];

        if (disk->bitmap && !backup_find_part(spec->backup, disk->name))
            lock_hold_want(hold, xasprintf("disk:%s:%s", spec->uuid, disk->name),
                           LOCK_DOMAIN_CHANGE);
    }
}

/* So there is one at a time, and no checkpoint goes away below it. */
static void backup_locks(const void *opaque, struct lock_hold *hold)
{
    const struct domain_spec *spec = opaque;
    const struct backup *backup = spec->backup;

    lock_hold_want(hold, xasprintf("checkpoints:%s", spec->uuid), LOCK_DOMAIN_CHANGE);
    lock_hold_want(hold, xasprintf("disks:%s", spec->uuid), LOCK_DISK_JOB);
    for (size_t i = 0; i < backup->nparts; i++) {
        const struct backup_disk *disk = backup->parts[i].disk;

        lock_hold_want(hold, xasprintf("disk:%s:%s", spec->uuid, disk->name), LOCK_DOMAIN_CHANGE);
        lock_hold_want(hold, xasprintf("path:%s", disk->file.path), LOCK_FILE_WRITE);
    }
    if (backup->def->socket) /* QEMU removes what is there; so does its end */
        lock_hold_want(hold, xasprintf("path:%s", backup->def->socket), LOCK_FILE_WRITE);
    want_checkpoint(spec, hold);
}

static int check_since(const struct domain *domain, const struct backup *backup, struct verror *err)
{
    for (size_t i = 0; i < backup->nparts; i++) {
        const struct backup_disk *disk = backup->parts[i].disk;

        if (disk->incremental && !moment_find(&domain->checkpoints, disk->incremental))
            return verror_set(err, VIR_ERR_NO_DOMAIN_CHECKPOINT,
                              "Checkpoint '%s' for incremental backup of disk '%s' not found",
                              disk->incremental, disk->name);
    }
    return 0;
}

static int take_guest(struct domain_spec *spec, struct verror *err)
{
    if (spec_take_up_guest(spec, err) < 0)
        return -1;
    domain_def_unref(spec->backup->live);
    spec->backup->live = domain_def_ref(spec->guest->def);
    domain_def_unref(spec->def); /* into the journal, for its undo */
    spec->def = domain_def_ref(spec->guest->def);
    return 0;
}

static int backup_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);
    struct checkpoint_def *checkpoint = spec->backup->checkpoint;

    if (take_guest(spec, err) < 0 || check_since(domain, spec->backup, err) < 0)
        return -1;
    return checkpoint ? checkpoint_check_new(domain, checkpoint, err) : 0;
}

static int backup_prepare(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct backup *backup = spec->backup;

    if (backup_plan(backup, err) < 0 || backup_files_check(backup, err) < 0)
        return -1;
    return backup->checkpoint ? checkpoint_complete(backup->checkpoint, backup->live, err) : 0;
}

static void hold_files(struct backup *backup)
{
    for (size_t i = 0; i < backup->nparts; i++)
        backup->held[i] = backup->parts[i].file;
}

static int backup_admit(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct backup *backup = spec->backup;
    unsigned int next = 1;

    for (size_t i = 0; i < backup->nparts; i++)
        if (backup->parts[i].images.next_index > next)
            next = backup->parts[i].images.next_index;
    next = block_job_next_index(spec->guest, next);
    for (size_t i = 0; i < backup->nparts; i++) {
        free(backup->parts[i].disk->file.index);
        backup->parts[i].disk->file.index = xasprintf("%u", next++);
    }
    free(backup->xml);
    backup->xml = backup_def_format(backup->def);
    hold_files(backup);
    return block_hold_backup(spec->guest, backup, err);
}

static void backup_accepted(void *opaque, uint64_t job_id)
{
    struct domain_spec *spec = opaque;

    spec->backup->id = job_id;
    if (spec->taken_up && take_guest(spec, NULL) < 0)
        return; /* a guest that is gone: recover sees to it */
    backup_unref(spec->guest->backup);
    spec->guest->backup = backup_ref(spec->backup);
}

/* --- what the next daemon must know --- */

static char *checkpoint_of(const struct backup *backup)
{
    json_t *json = json_pack("{s:b, s:b, s:b, s:b, s:s*}", "served", backup->served, "started",
                             backup->started, "begun", backup->begun, "done", backup->done,
                             "owners", backup->owner_memory);
    json_t *files = json_array();
    char *text;

    for (size_t i = 0; i < backup->nparts; i++) {
        const struct target_state *file = &backup->parts[i].file;

        json_array_append_new(files, json_pack("{s:b, s:I, s:I}", "made", file->made, "dev",
                                               (json_int_t)file->dev, "ino",
                                               (json_int_t)file->ino));
    }
    json_object_set_new(json, "files", files);
    text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

static int keep(const struct backup *backup, struct job_ctl *ctl, struct verror *err)
{
    _cleanup_free_ char *text = checkpoint_of(backup);

    return job_ctl_checkpoint_durable(ctl, text, err);
}

static void remember(struct backup *backup, const char *checkpoint)
{
    json_t *json = checkpoint ? json_loads(checkpoint, 0, NULL) : NULL, *file;
    size_t i;

    backup->served = json_is_true(json_object_get(json, "served"));
    backup->started = json_is_true(json_object_get(json, "started"));
    backup->begun = backup->resumed = json_is_true(json_object_get(json, "begun"));
    backup->done = json_is_true(json_object_get(json, "done"));
    free(backup->owner_memory);
    backup->owner_memory = xstrdup(json_string_value(json_object_get(json, "owners")));
    json_array_foreach(json_object_get(json, "files"), i, file)
    {
        if (i >= backup->nparts)
            break;
        backup->parts[i].file = (struct target_state){
            .made = json_is_true(json_object_get(file, "made")),
            .dev = (uint64_t)json_integer_value(json_object_get(file, "dev")),
            .ino = (uint64_t)json_integer_value(json_object_get(file, "ino")),
        };
    }
    json_decref(json);
}

/* --- starting --- */

/* Else nobody knows whether it does what it was told, once it comes to that. */
static bool was_refused(const struct verror *err)
{
    return err->code != VIR_ERR_OPERATION_ABORTED && err->code != VIR_ERR_OPERATION_TIMEOUT;
}

static int serve(struct backup *backup, struct guest *guest, struct job_ctl *ctl,
                 struct verror *err)
{
    if (!backup->def->is_pull)
        return 0;
    job_ctl_step(ctl, "starting QEMU's NBD server");
    backup->served = true;
    if (keep(backup, ctl, err) == 0 && backup_qmp_serve(backup, guest, ctl, err) == 0)
        return 0;
    backup->served = !was_refused(err); /* one that somebody else has started goes on */
    return -1;
}

static int tell_begun(struct backup *backup, struct job_ctl *ctl, struct verror *err)
{
    _cleanup_free_ char *text = NULL;

    backup->begun = true;
    text = checkpoint_of(backup);
    return job_ctl_begin(ctl, text, err);
}

/* All that can be found wrong is, before what its undo takes for its own can be there. */
static int start(struct backup *backup, struct guest *guest, struct job_ctl *ctl,
                 struct verror *err)
{
    json_t *steps = backup_qmp_steps(backup, guest, ctl, err);

    if (!steps)
        return -1;
    backup->started = true;
    if (keep(backup, ctl, err) < 0) {
        json_decref(steps);
        return -1;
    }
    if (bitmaps_transact(guest, steps, ctl, err) == 0)
        return 0;
    backup->started = !was_refused(err);
    return -1;
}

/* Who asked for it is told once it is on disk that it has begun, with its checkpoint. */
static int backup_begin(struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    struct backup *backup = spec->backup;

    job_ctl_step(ctl, "making the files");
    if (backup_files_make(backup, spec->guest, ctl, keep, err) < 0 ||
        backup_files_own(backup, spec->domains, ctl, keep, err) < 0 ||
        backup_files_add_nodes(backup, spec->guest, ctl, err) < 0 ||
        serve(backup, spec->guest, ctl, err) < 0)
        return -1;
    job_ctl_step(ctl, "starting QEMU's jobs");
    if (start(backup, spec->guest, ctl, err) < 0)
        return -1;
    if (backup->def->is_pull && backup_qmp_export(backup, spec->guest, ctl, err) < 0)
        return -1;
    if (tell_begun(backup, ctl, err) == 0)
        return 0;
    backup->begun = false;
    return -1;
}

static void backup_begin_commit(void *opaque, struct store_txn *txn)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    if (domain && spec->backup->checkpoint && !spec->backup->resumed)
        moments_put_current_row(&domain->checkpoints, spec->backup->checkpoint, txn);
}

static void backup_begun(void *opaque)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    if (domain && spec->backup->checkpoint && !spec->backup->resumed)
        checkpoint_made(domain, spec->backup->checkpoint);
    spec->backup->is_shown = true;
    hold_files(spec->backup);
    if (block_hold_is_running(spec->guest))
        block_hold_again(spec->guest);
}

/* --- running --- */

/* 1: it goes on, 0: all is copied, -1 with err. */
static int judge(const struct backup *backup, struct verror *err)
{
    bool goes_on = false;

    for (size_t i = 0; i < backup->nparts; i++) {
        const struct backup_part *part = &backup->parts[i];

        if (!part->found)
            return verror_set(err, VIR_ERR_OPERATION_FAILED,
                              "QEMU has lost its backup of disk '%s'", part->disk->name);
        if (part->concluded && (part->error[0] || backup->def->is_pull))
            return verror_set(err, VIR_ERR_OPERATION_FAILED,
                              "QEMU's backup of disk '%s' has failed: %s", part->disk->name,
                              part->error[0] ? part->error : "it has ended");
        goes_on |= !part->concluded;
    }
    return goes_on;
}

static void take_progress(const struct backup *backup, struct job_ctl *ctl)
{
    if (!backup->def->is_pull) /* what is put aside says nothing of how far its clients are */
        job_ctl_set_total(ctl, backup_end(backup));
    job_ctl_set_done(ctl, backup_cur(backup));
}

static int backup_watch(struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    static const char *const names[] = { "JOB_STATUS_CHANGE", NULL };
    struct backup *backup = spec->backup;
    struct monitor *monitor = spec->guest->monitor;
    uint64_t told = spec->taken_up ? UINT64_MAX : job_ctl_speed(ctl);

    job_ctl_step(ctl, backup->def->is_pull ? "serving the data" : "copying the data");
    for (;;) {
        unsigned long mark = monitor_event_mark(monitor);
        _cleanup_verror_ struct verror late = VERROR_INIT;
        uint64_t speed = job_ctl_speed(ctl);
        int rc;

        if (backup_qmp_look(backup, spec->guest, ctl, err) < 0)
            return -1;
        take_progress(backup, ctl);
        rc = judge(backup, err);
        if (rc <= 0)
            return rc;
        if (!backup->def->is_pull && speed != told &&
            backup_qmp_set_speed(backup, spec->guest, speed, ctl))
            told = speed; /* else at the next look */
        if (monitor_wait_event(monitor, names, mark, ctl, LOOK_MS, NULL, &late) < 0 &&
            late.code != VIR_ERR_OPERATION_TIMEOUT) {
            verror_move(err, &late);
            return -1;
        }
    }
}

/* What QEMU has copied is in the files once it has closed them. */
static int backup_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct backup *backup = spec->backup;

    (void)job_id;
    if (backup->done)
        return 0;
    if (!spec->guest || !backup->live)
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "the guest has ended");
    if (backup->parts[0].images.n == 0 && backup_plan(backup, err) < 0)
        return -1;
    if (spec->taken_up && !backup->begun && backup_files_check(backup, err) < 0)
        return -1; /* it was the last daemon that has looked */
    if ((backup->begun ? tell_begun(backup, ctl, err) : backup_begin(spec, ctl, err)) < 0)
        return -1;
    if (backup_watch(spec, ctl, err) < 0) {
        job_ctl_set_total(ctl, backup_end(backup)); /* with what was put aside of it */
        return -1;
    }
    job_ctl_step(ctl, "closing the files");
    backup_qmp_close(backup, spec->guest);
    backup->done = true;
    return keep(backup, ctl, err);
}

/* --- its end --- */

static bool is_alive(const struct domain_spec *spec)
{
    return spec->guest && spec->guest->monitor && process_is_alive(&spec->guest->process);
}

static int backup_publish(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;

    (void)job_id;
    (void)err;
    job_ctl_step(ctl, "ending QEMU's jobs");
    if (is_alive(spec))
        backup_qmp_forget(spec->backup, spec->guest);
    backup_files_give_back(spec->backup, spec->domains);
    return 0;
}

static int remove_from_images(struct domain_spec *spec, const struct disk_bitmaps *bitmaps,
                              struct job_ctl *ctl, struct verror *err)
{
    struct bitmap_places places;
    int rc = bitmap_places_find(bitmaps, spec->def, NULL, 0, ctl, &places, err);

    if (rc == 0)
        rc = bitmap_places_remove(&places, ctl, err);
    bitmap_places_clear(&places);
    return rc;
}

/* None of that name was there before. */
static void undo_checkpoint(struct domain_spec *spec)
{
    struct disk_bitmaps bitmaps = { 0 };
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct job_ctl ctl;
    int rc;

    job_ctl_init(&ctl);
    disk_bitmaps_add_all(&bitmaps, spec->backup->checkpoint);
    rc = is_alive(spec) ? disk_bitmaps_remove(&bitmaps, spec->guest, spec->def, &ctl, &err)
                        : remove_from_images(spec, &bitmaps, &ctl, &err);
    disk_bitmaps_clear(&bitmaps);
    job_ctl_done(&ctl);
    if (rc < 0)
        log_error("bitmap '%s' may stay in the images of domain '%s': %s",
                  spec->backup->checkpoint->name, spec->name, verror_text(&err));
}

/* What has begun has its checkpoint, whatever becomes of it. */
static void backup_undo(void *opaque, uint64_t job_id)
{
    struct domain_spec *spec = opaque;
    struct backup *backup = spec->backup;

    (void)job_id;
    if (is_alive(spec)) {
        backup_qmp_stop(backup, spec->guest);
        backup_qmp_close(backup, spec->guest);
        backup_qmp_forget(backup, spec->guest);
    }
    if (backup->started && !backup->begun && backup->checkpoint)
        undo_checkpoint(spec);
    backup_files_give_back(backup, spec->domains);
    backup_files_remove(backup);
}

static int status_of(const struct domain_spec *spec, bool done)
{
    const struct job *job = jobs_find_id(spec->domains->daemon->jobs, spec->backup->id);

    if (done)
        return BLOCK_JOB_COMPLETED;
    return job && job_state(job) == JOB_CANCELLED ? BLOCK_JOB_CANCELED : BLOCK_JOB_FAILED;
}

static void backup_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    if (!spec->guest)
        return;
    if (spec->guest->backup == spec->backup) {
        spec->guest->backup = NULL;
        if (domain && spec->backup->is_shown && block_hold_is_running(spec->guest))
            backup_tell(domain, spec->backup, status_of(spec, done));
        backup_unref(spec->backup);
    }
    if (block_hold_is_running(spec->guest))
        block_hold_again(spec->guest);
}

/* --- after a restart --- */

/* What nobody was told of is undone. */
static enum job_recovery backup_recover(void *opaque, uint64_t job_id, const char *checkpoint,
                                        struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct backup *backup = spec->backup;

    (void)job_id;
    remember(backup, checkpoint);
    owners_remember(spec->domains->owners, backup->owner_memory);
    if (!spec->guest || !backup->live)
        verror_set(err, VIR_ERR_OPERATION_FAILED, "interrupted: the guest has ended");
    else if (backup_plan(backup, err) == 0 && backup->begun)
        return JOB_RECOVER_RUN;
    return backup->done ? JOB_RECOVER_RUN : JOB_RECOVER_UNDO;
}

static bool backup_resumable(const void *opaque)
{
    (void)opaque;
    return true;
}

static const char *push_unlimited(const void *opaque, enum job_limit limit)
{
    (void)opaque;
    return limit == JOB_LIMIT_SPEED ? NULL : "QEMU's backups are not paused; it takes a low speed";
}

static const char *pull_unlimited(const void *opaque, enum job_limit limit)
{
    (void)opaque;
    (void)limit;
    return "its clients fetch what is served as fast as they like";
}

static char *backup_spec_save(const void *opaque)
{
    const struct domain_spec *spec = opaque;
    _cleanup_free_ char *text = domain_spec_save(opaque);
    json_t *json = json_loads(text, 0, NULL);
    char *whole;

    json_object_set_new(json, "backup", backup_to_json(spec->backup));
    whole = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return whole;
}

static void *backup_spec_load(struct daemon *daemon, const char *text, struct verror *err)
{
    struct domain_spec *spec = domain_spec_load(daemon, text, err);
    json_t *json = spec ? json_loads(text, 0, NULL) : NULL;

    if (!spec)
        return NULL;
    spec->backup = backup_from_json(json_object_get(json, "backup"), err);
    json_decref(json);
    if (spec->backup)
        return spec;
    domain_spec_free(spec);
    return NULL;
}

#define BACKUP_KIND(word, unlimited_fn)                                                            \
    .name = word, .lane = LANE_STREAM, .is_long = true, .ends_soon = true,                         \
    .locks = backup_locks, .check = backup_check, .prepare = backup_prepare,                       \
    .admit = backup_admit, .accepted = backup_accepted, .run = backup_run,                         \
    .begin_commit = backup_begin_commit, .begun = backup_begun, .publish = backup_publish,         \
    .undo = backup_undo, .ended = backup_ended, .resumable = backup_resumable,                     \
    .unlimited = unlimited_fn, .recover = backup_recover, .spec_save = backup_spec_save,           \
    .spec_load = backup_spec_load, .spec_free = domain_spec_free

const struct job_kind domain_job_backup = { BACKUP_KIND("domain-backup", push_unlimited) };
const struct job_kind domain_job_backup_pull = { BACKUP_KIND("domain-backup-pull",
                                                             pull_unlimited) };
