/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The long jobs that move the data of a disk: QEMU's block job is started,
 * watched, and told to take effect once our journal says that it may.  It goes
 * on over a restart of the daemon.  While it does, the guest may be changed; its
 * definitions are held only for the moment in which they follow.  Functions of
 * a kind run where job.h says.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/block_hold.h"
#include "hypervisor/qemu/block_job.h"
#include "hypervisor/snapshot_jobs.h"
#include "util/alloc.h"
#include "util/log.h"

enum { LOOK_MS = 100, END_MS = 60000, CANCEL_MS = 20000 };

/* --- before it is accepted --- */

static void block_locks(const void *opaque, struct lock_hold *hold)
{
    const struct domain_spec *spec = opaque;

    lock_hold_want(hold, xasprintf("disks:%s", spec->uuid), LOCK_DISK_JOB);
    lock_hold_want(hold, xasprintf("disk:%s:%s", spec->uuid, spec->block->target),
                   LOCK_DOMAIN_CHANGE);
    if (spec->block->type == BLOCK_JOB_COPY && spec->block->dest.path)
        lock_hold_want(hold, xasprintf("path:%s", spec->block->dest.path), LOCK_FILE_WRITE);
}

static int block_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;

    if (spec_take_up_guest(spec, err) < 0)
        return -1;
    domain_def_unref(spec->block->live);
    spec->block->live = domain_def_ref(spec->guest->def);
    return 0;
}

static int block_prepare(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct block_job *block = spec->block;

    if (block_job_plan(block, err) < 0)
        return -1;
    return block->type == BLOCK_JOB_COPY ? block_target_check(block, err) : 0;
}

static int block_admit(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct block_job *block = spec->block;

    if (block->type == BLOCK_JOB_COPY) {
        unsigned int index = block_job_next_index(spec->guest, block->images.next_index);

        free(block->dest.index);
        block->dest.index = xasprintf("%u", index);
    }
    return block_hold_target(spec->guest, block, err);
}

static void take_config(const struct domain_spec *spec)
{
    const struct domain *domain = spec_domain(spec);

    if (domain && !domain->guest && domain->config)
        spec->block->config = domain_def_ref(domain->config);
}

static void block_accepted(void *opaque, uint64_t job_id)
{
    struct domain_spec *spec = opaque;
    struct block_job *block = spec->block;

    block->id = job_id;
    if (spec->taken_up) {
        if (block_check(spec, NULL) < 0) {
            take_config(spec); /* a guest that is gone: recover sees to it */
            return;
        }
        block->begun = true;
    }
    block_job_link(spec->guest, block);
}

/* --- starting --- */

/* Images that QEMU has only read so far, and what is copied to, are written to from now on. */
static size_t written_files(const struct block_job *block, struct owner_file *files)
{
    const struct disk_xml_image *images = block->images.images;
    size_t n = 0;

    if (block->type == BLOCK_JOB_COPY)
        files[n++] = (struct owner_file){ block->dest.path, false };
    if (block->type == BLOCK_JOB_COMMIT || block->type == BLOCK_JOB_ACTIVE_COMMIT)
        files[n++] = (struct owner_file){ images[block->base_at].path, false };
    if (block->type == BLOCK_JOB_COMMIT && block->top_at > 1)
        files[n++] = (struct owner_file){ images[block->top_at - 1].path, false };
    return n;
}

static int own_files(struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    struct block_job *block = spec->block;
    struct owners *owners = spec->domains->owners;
    const struct owner_policy *policy = &spec->domains->policy;
    struct owner_file files[2];
    size_t n = written_files(block, files);
    char *taken = NULL;

    if (n == 0)
        return block_job_keep(block, ctl, err);
    free(STEAL_PTR(block->owner_memory));
    if (owners_plan(owners, policy, files, n, &block->owner_memory, err) < 0 ||
        block_job_keep(block, ctl, err) < 0)
        return -1;
    free(STEAL_PTR(block->owner_memory)); /* on an error it has been given back */
    if (owners_take(owners, policy, files, n, &taken, err) < 0)
        return -1;
    block->owner_memory = taken;
    return block_job_keep(block, ctl, err);
}

static int make_target(struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    struct block_job *block = spec->block;

    if (block->type != BLOCK_JOB_COPY)
        return 0;
    if (spec->taken_up && block_target_check(block, err) < 0)
        return -1; /* it was the last daemon that has looked */
    (void)block_target_is_new(block);
    job_ctl_step(ctl, "making the file");
    if (block_job_keep(block, ctl, err) < 0)
        return -1;
    return block_target_make(block, spec->guest, ctl, err);
}

static int block_begin(struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    struct block_job *block = spec->block;

    if (make_target(spec, ctl, err) < 0 || own_files(spec, ctl, err) < 0)
        return -1;
    job_ctl_step(ctl, "starting QEMU's block job");
    if (block_job_name_base(block, err) < 0)
        return -1;
    if (block->type == BLOCK_JOB_COPY && block_target_add_nodes(block, spec->guest, ctl, err) < 0)
        return -1;
    if (block_bitmaps_check(block, spec->guest, ctl, err) < 0)
        return -1;
    return block_qmp_start(block, spec->guest, ctl, err);
}

/* --- running --- */

static void tell_speed(struct domain_spec *spec, struct job_ctl *ctl, uint64_t *told)
{
    uint64_t speed = job_ctl_speed(ctl);
    _cleanup_free_ char *name = NULL;
    json_t *args;

    if (speed == *told)
        return;
    name = block_job_name(spec->block);
    args = json_pack("{s:s, s:I}", "device", name, "speed", (json_int_t)speed);
    if (monitor_call(spec->guest->monitor, "block-job-set-speed", args, -1, ctl, LOOK_MS * 20, NULL,
                     NULL) == 0)
        *told = speed; /* else at the next look */
}

/* 1: it goes on, 0: what is to come is publish's, -1 with err. */
static int judge(struct block_job *block, const struct block_status *status, struct verror *err)
{
    if (!status->found)
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "QEMU has lost its block job");
    if (status->concluded && status->error[0])
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "QEMU's block job has failed: %s",
                          status->error);
    if (status->ready)
        atomic_store(&block->ready, true);
    if (status->ready && block->by_itself)
        atomic_store(&block->wish, BLOCK_JOB_PIVOT);
    if (status->pending || status->concluded)
        return 0;
    return !(status->ready && atomic_load(&block->wish) != BLOCK_JOB_GO_ON);
}

/* A copy that is whole is kept so until somebody says what is to become of it. */
static void take_progress(const struct block_job *block, struct job_ctl *ctl)
{
    job_ctl_set_total(ctl, atomic_load(&block->end));
    job_ctl_set_done(ctl, atomic_load(&block->cur));
}

static int block_watch(struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    static const char *const names[] = { "JOB_STATUS_CHANGE", NULL };
    struct block_job *block = spec->block;
    uint64_t told = spec->taken_up ? UINT64_MAX : job_ctl_speed(ctl);
    int rc;

    job_ctl_step(ctl, "moving the data");
    for (;;) {
        unsigned long mark = monitor_event_mark(spec->guest->monitor);
        _cleanup_verror_ struct verror late = VERROR_INIT;
        struct block_status status;

        tell_speed(spec, ctl, &told);
        if (block_qmp_look(block, spec->guest, ctl, &status, err) < 0)
            return -1;
        take_progress(block, ctl);
        rc = judge(block, &status, err);
        if (rc <= 0)
            return rc;
        if (monitor_wait_event(spec->guest->monitor, names, mark, ctl, LOOK_MS, NULL, &late) < 0 &&
            late.code != VIR_ERR_OPERATION_TIMEOUT) {
            verror_move(err, &late);
            return -1;
        }
    }
}

static int block_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct block_status status = { 0 };

    (void)job_id;
    if (!spec->guest || !spec->block->live)
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "the guest has ended");
    if (spec->block->done)
        return 0;
    if (spec->block->images.n == 0 && block_job_plan(spec->block, err) < 0)
        return -1;
    if (spec->taken_up && block_qmp_look(spec->block, spec->guest, ctl, &status, err) < 0)
        return -1;
    if (!status.found && block_begin(spec, ctl, err) < 0)
        return -1;
    if (block_watch(spec, ctl, err) < 0)
        return -1;
    return block_job_keep(spec->block, ctl, err); /* with what it is to come to */
}

/* --- its end --- */

static void finish_locks(const void *opaque, struct lock_hold *hold)
{
    domain_locks(opaque, hold);
}

/* The snapshot that goes with the images, if it is still known. */
static void take_snapshot(struct domain_spec *spec, const struct domain *domain)
{
    const char *name = spec->block->snapshot;
    struct moment *snapshot = name ? moment_find(&domain->snapshots, name) : NULL;

    if (!snapshot || spec->snapshot)
        return;
    spec->snapshot = XNEW(struct snapshot_work);
    spec->snapshot->def = snapshot_def_ref(snapshot->def);
    doomed_find(&spec->snapshot->doomed, &domain->snapshots, snapshot, false, false);
}

static int block_decide(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct block_job *block = spec->block;
    struct domain *domain = spec_domain(spec);

    if (!domain || domain->guest != spec->guest || spec->guest->exited)
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "the guest has ended");
    domain_def_unref(block->live);
    domain_def_unref(block->config);
    block->live = domain_def_ref(spec->guest->def);
    block->config = domain->config ? domain_def_ref(domain->config) : NULL;
    take_snapshot(spec, domain);
    return block_hold_target(spec->guest, block, err);
}

static bool stays_as_it_was(const struct block_job *block)
{
    return atomic_load(&block->wish) == BLOCK_JOB_FINISH;
}

/*
 * Its bitmaps first: from then on what the guest writes is marked where it goes on.  A daemon that
 * is killed in between leaves some that say too much at most, should nothing come of the job.
 */
static int finish_qemu(struct domain_spec *spec, struct verror *err)
{
    struct block_job *block = spec->block;
    struct guest *guest = spec->guest;
    struct block_status status;
    int rc = 0;

    block->told = true; /* whatever is heard of it */
    if (block_qmp_look(block, guest, NULL, &status, err) < 0)
        return -1;
    if ((status.pending || (status.ready && !stays_as_it_was(block))) &&
        block_bitmaps_move(block, guest, err) < 0)
        return -1;
    if (status.pending)
        rc = block_qmp_tell(block, guest, "job-finalize", "id", NULL, err);
    else if (status.ready && stays_as_it_was(block))
        rc = block_qmp_tell(block, guest, "block-job-cancel", "device", NULL, err);
    else if (status.ready)
        rc = block_qmp_tell(block, guest, "job-complete", "id", NULL, err);
    return rc < 0 ? -1 : block_qmp_wait_end(block, guest, END_MS, err);
}

/* QEMU lets go of images that the disk has no more once its job is dismissed. */
static void clear_qemu(struct domain_spec *spec, size_t first, size_t end)
{
    struct block_job *block = spec->block;

    (void)block_qmp_tell(block, spec->guest, "job-dismiss", "id", NULL, NULL);
    if (stays_as_it_was(block))
        block_nodes_delete(spec->guest, block->dest.index);
    for (size_t i = first; i < end; i++)
        block_nodes_delete(spec->guest, block->images.images[i].index);
}

static const struct guest_file *find_file(const struct guest *guest, const char *path)
{
    for (size_t i = 0; path && i < guest->nfiles; i++)
        if (strcmp(guest->files[i].path, path) == 0)
            return &guest->files[i];
    return NULL;
}

static void find_leftovers(struct domain_spec *spec, size_t first, size_t end)
{
    struct block_job *block = spec->block;

    if (!block->deletes)
        return;
    block->forgets =
        spec->snapshot && !snapshot_merges_are_left(spec->snapshot->def, spec->new_live);
    block->leftovers = leftovers_new();
    for (size_t i = first; i < end; i++) {
        const struct guest_file *file = find_file(spec->guest, block->images.images[i].path);

        if (file)
            leftovers_add(block->leftovers, file->path, file->dev, file->ino);
    }
    if (block->forgets)
        snapshot_memory_leaves(spec, block->leftovers);
}

/*
 * What QEMU has done cannot be taken back: whatever may fail comes before it.  That it is done is
 * on disk before QEMU forgets it, so that another daemon goes on from there.
 */
static int block_publish(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct block_job *block = spec->block;
    _cleanup_verror_ struct verror lost = VERROR_INIT;
    size_t first = 0, end = 0;

    (void)job_id;
    job_ctl_step(ctl, "ending QEMU's block job");
    if (!stays_as_it_was(block) &&
        block_job_outcome(block, &spec->new_live, &spec->new_config, &first, &end, err) < 0)
        return -1;
    if (!block->done && finish_qemu(spec, err) < 0)
        return -1;
    block->done = true;
    take_progress(block, ctl);
    if (block_job_keep(block, ctl, &lost) < 0)
        log_warn("domain '%s': %s", spec->name, verror_text(&lost));
    clear_qemu(spec, first, end);
    if (!stays_as_it_was(block)) {
        find_leftovers(spec, first, end);
        block_hold_outcome(spec->guest, block, first, end);
        return 0;
    }
    owners_give_back(spec->domains->owners, block->owner_memory);
    free(STEAL_PTR(block->owner_memory));
    return 0;
}

/* --- undone --- */

/* False: it had ended as it was to, before it was told. */
static bool cancel_qemu(struct domain_spec *spec, const struct block_status *status)
{
    struct block_job *block = spec->block;
    struct guest *guest = spec->guest;
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_free_ char *name = block_job_name(block);
    int rc;

    if (status->pending)
        rc = block_qmp_tell(block, guest, "job-cancel", "id", NULL, &err);
    else
        rc = monitor_call(guest->monitor, "block-job-cancel",
                          json_pack("{s:s, s:b}", "device", name, "force", 1), -1, NULL, CANCEL_MS,
                          NULL, &err);
    if (rc < 0)
        log_warn("domain '%s': %s", spec->name, verror_text(&err));
    return block_qmp_wait_end(block, guest, CANCEL_MS, NULL) < 0; /* as failed, as it was told */
}

/*
 * False: for all that is known the guest has gone over to the copy.  A job that was ready and is
 * no more has been forgotten once it was done.
 */
static bool stop_qemu(struct domain_spec *spec)
{
    struct block_job *block = spec->block;
    bool pivots = atomic_load(&block->wish) == BLOCK_JOB_PIVOT;
    struct block_status status;

    if (block_qmp_look(block, spec->guest, NULL, &status, NULL) < 0)
        return !pivots;
    if (pivots && (!status.found || (status.concluded && !status.error[0])))
        return false;
    if (status.found && !status.concluded && !cancel_qemu(spec, &status) && pivots)
        return false;
    if (status.found)
        (void)block_qmp_tell(block, spec->guest, "job-dismiss", "id", NULL, NULL);
    if (block->type == BLOCK_JOB_COPY && block->dest.index)
        block_nodes_delete(spec->guest, block->dest.index);
    return true;
}

static void block_undo(void *opaque, uint64_t job_id)
{
    struct domain_spec *spec = opaque;
    struct block_job *block = spec->block;
    bool pivots = atomic_load(&block->wish) == BLOCK_JOB_PIVOT;
    bool unused = !block->done && !(pivots && block->told); /* else the guest has written to it */

    (void)job_id;
    if (spec->guest && spec->guest->monitor && process_is_alive(&spec->guest->process))
        unused = stop_qemu(spec) && !block->done;
    if (!unused) {
        log_error("domain '%s': '%s' stays, the guest may be using it", spec->name,
                  block->dest.path ? block->dest.path : block->source);
        return;
    }
    owners_give_back(spec->domains->owners, block->owner_memory);
    free(STEAL_PTR(block->owner_memory));
    block_target_remove(block);
}

/* --- told --- */

static void block_commit(void *opaque, struct store_txn *txn)
{
    struct domain_spec *spec = opaque;
    bool live = block_hold_is_running(spec->guest);

    if (live)
        block_hold_swap(spec->guest, spec->block);
    spec_change_commit(spec, txn);
    if (spec->block->forgets)
        snapshot_delete_commit(spec, txn);
    if (live)
        block_hold_swap(spec->guest, spec->block);
}

static enum block_job_status status_of(const struct domain_spec *spec, bool done)
{
    const struct job *job = jobs_find_id(spec->domains->daemon->jobs, spec->block->id);

    if (done)
        return stays_as_it_was(spec->block) ? BLOCK_JOB_CANCELED : BLOCK_JOB_COMPLETED;
    return job && job_state(job) == JOB_CANCELLED ? BLOCK_JOB_CANCELED : BLOCK_JOB_FAILED;
}

static void block_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;
    struct block_job *block = spec->block;
    struct domain *domain = spec_domain(spec);
    bool running = spec->guest && block_hold_is_running(spec->guest);

    if (done)
        spec_change_ended(spec, done);
    if (done && block->forgets)
        snapshot_delete_ended(spec, done);
    if (done && block->leftovers)
        leftovers_remove(STEAL_PTR(block->leftovers), spec->domains->daemon, spec->uuid);
    if (!spec->guest)
        return;
    if (done && running)
        block_hold_swap(spec->guest, block);
    if (!running && done)
        block_hold_give_back(spec->domains, STEAL_PTR(block->owner_memory));
    block->nheld = 0;
    if (block_job_unlink(spec->guest, block) && running && domain && block->begun)
        block_job_tell(domain, block, status_of(spec, done));
    if (running)
        block_hold_again(spec->guest);
}

/* --- after a restart --- */

/* The guest went on with the other image before it ended: so must the next one. */
static bool has_pivoted(struct domain_spec *spec, struct verror *err)
{
    struct block_job *block = spec->block;

    if (spec->guest || !block->done || atomic_load(&block->wish) != BLOCK_JOB_PIVOT ||
        block_job_outcome_alone(block, &spec->new_config, err) < 0 || !spec->new_config)
        return false;
    owners_give_back(spec->domains->owners, block->owner_memory);
    free(STEAL_PTR(block->owner_memory));
    return true;
}

static enum job_recovery block_recover(void *opaque, uint64_t job_id, const char *checkpoint,
                                       struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct block_status status;

    (void)job_id;
    block_job_remember(spec->block, checkpoint);
    owners_remember(spec->domains->owners, spec->block->owner_memory);
    if (!spec->guest || !spec->block->live) {
        if (has_pivoted(spec, err))
            return JOB_RECOVER_DONE;
        verror_set(err, VIR_ERR_OPERATION_FAILED, "interrupted: the guest has ended");
        return JOB_RECOVER_UNDO;
    }
    if (block_job_plan(spec->block, err) < 0 ||
        block_qmp_look(spec->block, spec->guest, NULL, &status, err) < 0)
        return JOB_RECOVER_UNDO;
    return status.found || spec->block->done ? JOB_RECOVER_RUN : JOB_RECOVER_UNDO;
}

static bool block_resumable(const void *opaque)
{
    (void)opaque;
    return true;
}

static const char *block_unlimited(const void *opaque, enum job_limit limit)
{
    (void)opaque;
    return limit == JOB_LIMIT_SPEED ? NULL
                                    : "QEMU's block jobs are not paused; it takes a low speed";
}

#define BLOCK_KIND(word)                                                                           \
    .name = word, .lane = LANE_STREAM, .is_long = true, .locks = block_locks,                      \
    .check = block_check, .prepare = block_prepare, .admit = block_admit,                          \
    .accepted = block_accepted, .run = block_run, .finish_locks = finish_locks,                    \
    .decide = block_decide, .publish = block_publish, .undo = block_undo, .commit = block_commit,  \
    .ended = block_ended, .resumable = block_resumable, .unlimited = block_unlimited,              \
    .recover = block_recover, .spec_save = block_spec_save, .spec_load = block_spec_load,          \
    .spec_free = domain_spec_free

const struct job_kind domain_job_block_pull = { BLOCK_KIND("domain-block-pull") };
const struct job_kind domain_job_block_commit = { BLOCK_KIND("domain-block-commit") };
const struct job_kind domain_job_block_copy = { BLOCK_KIND("domain-block-copy") };
