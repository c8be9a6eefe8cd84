/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The jobs that save a guest to a file: save and managed save.  The guest is
 * paused, its state written in one pass; the file is published first, then
 * the guest ends.  Failed or cancelled, the file goes first, then the guest goes
 * on.  A block device has no temporary name: its header says whether it is whole,
 * the journal whether it is this job's.  QEMU writes by itself, so another daemon can take the job
 * up.  Functions of a kind run where job.h says.
 */

#include <errno.h>
#include <fcntl.h>
#include <libvirtjob/types.h>
#include <string.h>
#include <unistd.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/image_file.h"
#include "hypervisor/qemu/migrate.h"
#include "hypervisor/qemu/save_image.h"
#include "util/alloc.h"
#include "util/log.h"

enum {
    QUICK_MS = 30000,
    END_GRACE_MS = 5000, /* for a QEMU whose state is on disk */
};

/* --- loop and worker: may it be saved? --- */

static int save_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    const struct domain *domain;

    if (spec_take_guest(spec, err) < 0)
        return -1;
    domain = spec_domain(spec);
    if (domain->state != VIR_DOMAIN_RUNNING && domain->state != VIR_DOMAIN_PAUSED)
        return verror_set(err, VIR_ERR_OPERATION_INVALID,
                          "domain '%s' can only be saved while it is running or paused",
                          domain->name);
    spec->was_running = domain->state == VIR_DOMAIN_RUNNING;
    domain_def_unref(spec->def);
    spec->def = domain_def_ref(spec->guest->def);
    return 0;
}

static int managed_save_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    const struct domain *domain;

    if (save_check(opaque, err) < 0)
        return -1;
    domain = spec_domain(spec);
    if (!domain->config)
        return verror_set(err, VIR_ERR_OPERATION_INVALID,
                          "cannot do managed save for transient domain '%s'", domain->name);
    free(spec->path);
    spec->path = domain_managed_save_path(spec->domains, spec->uuid);
    return 0;
}

/* Replacement XML: only what the guest cannot see may differ. */
static int check_xml(struct domain_spec *spec, struct verror *err)
{
    struct complete_host host = domains_complete_host(spec->domains);
    struct domain_def *def = domain_complete(&host, spec->xml, false, err);
    int rc = def ? domain_def_check_abi(spec->def, def, err) : -1;

    if (rc == 0) {
        free(spec->xml);
        spec->xml = xstrdup(def->xml);
    }
    domain_def_unref(def);
    return rc;
}

static int save_prepare(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    _cleanup_free_ char *managed = domain_managed_save_path(spec->domains, spec->uuid);

    if (image_file_check_elsewhere(spec->path, managed, err) < 0 ||
        (spec->xml && check_xml(spec, err) < 0))
        return -1;
    return image_file_check(spec->path, err);
}

static int managed_save_prepare(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;

    return image_file_check(spec->path, err);
}

/* --- worker: the work --- */

/* What the guest is to do when it is restored. */
static bool runs_when_restored(const struct domain_spec *spec)
{
    if (spec->flags & (VIR_DOMAIN_SAVE_RUNNING | VIR_DOMAIN_SAVE_PAUSED))
        return spec->flags & VIR_DOMAIN_SAVE_RUNNING;
    return spec->was_running;
}

static int pause_guest(struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    if (!spec->was_running)
        return 0;
    atomic_store(&spec->guest->pause_reason, VIR_DOMAIN_PAUSED_SAVE);
    job_ctl_step(ctl, "pausing the guest");
    return monitor_call(spec->guest->monitor, "stop", NULL, -1, ctl, QUICK_MS, NULL, err);
}

static int write_header(struct domain_spec *spec, struct verror *err)
{
    struct save_image image = {
        .xml = spec->xml ? spec->xml
                         : domain_def_format(
                               spec->def, VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_MIGRATABLE, NULL),
        .was_running = runs_when_restored(spec),
    };
    int rc = save_image_begin(spec->file->fd, spec->file->target, &image, err);

    if (!spec->xml)
        free(image.xml);
    return rc;
}

/* An older image on a device is gone before the journal says that what is there is this job's. */
static int drop_older(const struct image_file *file, struct verror *err)
{
    if (file->is_block && fdatasync(file->fd) < 0)
        return verror_errno(err, errno, "cannot write '%s' to disk", file->target);
    return 0;
}

static int begin(struct domain_spec *spec, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    spec->file = image_file_create(spec->path, job_id, ctl, err);
    if (!spec->file || pause_guest(spec, ctl, err) < 0 || write_header(spec, err) < 0 ||
        drop_older(spec->file, err) < 0)
        return -1;
    if (migrate_out_start(spec->guest, spec->file->fd, ctl, err) < 0)
        return -1;
    return image_file_begin(spec->file, ctl, err);
}

static int save_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;

    if (!spec->file && begin(spec, job_id, ctl, err) < 0)
        return -1;
    job_ctl_step(ctl, "writing the guest's memory");
    if (migrate_out_wait(spec->guest, ctl, err) < 0)
        return -1;
    job_ctl_step(ctl, "syncing the file");
    return save_image_seal(spec->file->fd, spec->file->target, err);
}

/* --- the point of no return --- */

static int save_decide(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;

    if (spec->guest->exited)
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "the guest has ended while it was saved");
    spec->guest->end_reason = VIR_DOMAIN_SHUTOFF_SAVED;
    return 0;
}

static int end_guest(struct domain_spec *spec, struct job_ctl *ctl)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    job_ctl_step(ctl, "ending the guest");
    if (process_end(&spec->guest->process, END_GRACE_MS, false, &err) < 0)
        log_error("%s", verror_text(&err)); /* saved it is */
    return 0;
}

static int save_publish(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;

    (void)job_id;
    if (image_file_publish(spec->file, spec->flags & VIR_DOMAIN_SAVE_BYPASS_CACHE, err) < 0)
        return -1;
    return end_guest(spec, ctl);
}

static int discard_image(struct domain_spec *spec, uint64_t job_id, struct verror *err)
{
    image_file_discard(spec->path, job_id);
    if (!spec->file || !spec->file->is_block || !spec->file->begun)
        return 0;
    return save_image_unseal(spec->file->fd, spec->file->target, err);
}

/* The file first: a guest that goes on and its image must not both live. */
static void save_undo(void *opaque, uint64_t job_id)
{
    struct domain_spec *spec = opaque;
    _cleanup_verror_ struct verror err = VERROR_INIT;
    bool discarded = discard_image(spec, job_id, &err) == 0;

    if (!discarded)
        log_error("the image of domain '%s' stays: %s", spec->name, verror_text(&err));
    if (!spec->guest || !spec->guest->monitor || !process_is_alive(&spec->guest->process))
        return;
    migrate_out_stop(spec->guest);
    if (!spec->was_running || !discarded)
        return;
    atomic_store(&spec->guest->resume_reason, VIR_DOMAIN_RUNNING_SAVE_CANCELED);
    if (monitor_call(spec->guest->monitor, "cont", NULL, -1, NULL, QUICK_MS, NULL, &err) < 0)
        log_error("domain '%s' is left paused: %s", spec->name, verror_text(&err));
}

static void save_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;

    if (!spec->guest)
        return;
    if (!done) {
        if (spec->guest->end_reason == VIR_DOMAIN_SHUTOFF_SAVED)
            spec->guest->end_reason = VIR_DOMAIN_SHUTOFF_CRASHED;
        return;
    }
    spec->guest->end_reason = VIR_DOMAIN_SHUTOFF_SAVED;
    if (!process_is_alive(&spec->guest->process))
        guest_gone(spec->guest); /* its end is known here before the loop hears of it */
}

static void managed_save_ended(void *opaque, bool done)
{
    struct domain *domain = spec_domain(opaque);

    if (done && domain)
        domain->managed_save = true;
    save_ended(opaque, done);
}

/* --- taken up by the next daemon --- */

static void save_accepted(void *opaque, uint64_t job_id)
{
    struct domain_spec *spec = opaque;

    (void)job_id;
    if (spec->taken_up)
        (void)spec_take_guest(spec, NULL); /* a guest that is gone: recover sees to it */
}

/* Without a word of it in the journal the image is another's, or an earlier one. */
static bool block_is_sealed(const struct image_file *file)
{
    struct save_image image = { 0 };
    int fd;

    if (!file->is_block || !file->begun)
        return false;
    fd = save_image_open(file->target, false, &image, NULL);
    if (fd >= 0)
        (void)close(fd); /* it was only read */
    save_image_clear(&image);
    return fd >= 0;
}

/*
 * QEMU writes it, or has written it.  That its last migration is over says nothing as long as the
 * journal does not say that it was this one: it may have been a dump, or how the guest was
 * restored.
 */
static bool has_begun(const struct domain_spec *spec, struct verror *err)
{
    _cleanup_verror_ struct verror why = VERROR_INIT;
    _cleanup_free_ char *status = migrate_status(spec->guest, &why);

    if (status)
        return spec->file->begun || migrate_is_under_way(status);
    if (spec->file->begun && why.code == VIR_ERR_OPERATION_TIMEOUT)
        return true; /* it is too busy to say so */
    verror_move(err, &why);
    return false;
}

static enum job_recovery save_recover(void *opaque, uint64_t job_id, const char *checkpoint,
                                      struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct job_ctl ctl;

    job_ctl_init(&ctl);
    if (image_file_is_published(spec->path, job_id, checkpoint)) {
        if (spec->guest)
            (void)end_guest(spec, &ctl);
        return JOB_RECOVER_DONE;
    }
    spec->file = image_file_find(spec->path, job_id, checkpoint);
    if (!spec->guest && spec->file && block_is_sealed(spec->file))
        return JOB_RECOVER_DONE;
    if (!spec->guest) {
        verror_set(err, VIR_ERR_OPERATION_FAILED, "interrupted: the guest has ended");
        return JOB_RECOVER_UNDO;
    }
    return spec->file && has_begun(spec, err) ? JOB_RECOVER_RUN : JOB_RECOVER_UNDO;
}

static const char *save_unlimited(const void *opaque, enum job_limit limit)
{
    (void)opaque;
    return limit == JOB_LIMIT_SPEED ? NULL
                                    : "QEMU cannot hold the writing of a guest's state; it takes "
                                      "a low speed";
}

static bool save_resumable(const void *opaque)
{
    (void)opaque;
    return true;
}

#define SAVE_KIND(word, check_fn, prepare_fn, ended_fn)                                            \
    .name = word, .lane = LANE_BULK, .is_long = true, .locks = domain_disks_locks,                  \
    .check = check_fn,                                                                             \
    .prepare = prepare_fn, .accepted = save_accepted, .run = save_run, .decide = save_decide,    \
    .publish = save_publish, .undo = save_undo, .ended = ended_fn, .resumable = save_resumable,    \
    .unlimited = save_unlimited, .recover = save_recover,                                          \
    DOMAIN_SPEC_FUNCTIONS_WITH(domain_spec_load_image)

const struct job_kind domain_job_save = {
    SAVE_KIND("domain-save", save_check, save_prepare, save_ended),
};
const struct job_kind domain_job_managed_save = {
    SAVE_KIND("domain-managedsave", managed_save_check, managed_save_prepare, managed_save_ended),
};
