/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The memory of an external snapshot, as a part of the job that makes snapshots: the
 * guest's state in a file of its own, in the form of a saved guest.  The guest stands still
 * from the end of it until its new images are in place, so that both are of one
 * moment.  Workers.
 */

#include <errno.h>
#include <libvirtjob/types.h>
#include <string.h>
#include <sys/stat.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/image_file.h"
#include "hypervisor/qemu/migrate.h"
#include "hypervisor/qemu/save_image.h"
#include "hypervisor/snapshot_jobs.h"
#include "util/alloc.h"
#include "util/log.h"

enum { QUICK_MS = 30000 };

/* --- before it is accepted --- */

/* As with the new images, nothing is written over. */
int snapshot_memory_check(const struct domain_spec *spec, struct verror *err)
{
    _cleanup_free_ char *managed = domain_managed_save_path(spec->domains, spec->uuid);
    const char *path = spec->snapshot->def->memory_file;
    struct stat st;

    if (image_file_check_elsewhere(path, managed, err) < 0 || image_file_check(path, err) < 0)
        return -1;
    if (lstat(path, &st) == 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "memory snapshot file '%s' already exists", path);
    if (errno == ENOENT)
        return 0;
    return verror_errno(err, errno, "cannot look at '%s'", path);
}

/* --- the work --- */

/* QEMU pauses a guest that was to go on meanwhile once all is written. */
static int pause_guest(struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    if (!spec->was_running)
        return 0;
    atomic_store(&spec->guest->pause_reason, VIR_DOMAIN_PAUSED_SNAPSHOT);
    if (spec->flags & VIR_DOMAIN_SNAPSHOT_CREATE_LIVE)
        return 0;
    job_ctl_step(ctl, "pausing the guest");
    return monitor_call(spec->guest->monitor, "stop", NULL, -1, ctl, QUICK_MS, NULL, err);
}

static int write_header(struct domain_spec *spec, struct verror *err)
{
    _cleanup_free_ char *xml =
        domain_def_format(spec->def, VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_MIGRATABLE, NULL);
    const struct save_image image = { .xml = xml, .was_running = spec->was_running };

    return save_image_begin(spec->file->fd, spec->file->target, &image, err);
}

int snapshot_memory_write(struct domain_spec *spec, uint64_t job_id, struct job_ctl *ctl,
                          struct verror *err)
{
    spec->file = image_file_create(spec->snapshot->def->memory_file, job_id, ctl, err);
    if (!spec->file || pause_guest(spec, ctl, err) < 0 || write_header(spec, err) < 0)
        return -1;
    job_ctl_step(ctl, "writing the guest's memory");
    if (migrate_out_start(spec->guest, spec->file->fd, ctl, err) < 0 ||
        migrate_out_wait(spec->guest, ctl, err) < 0)
        return -1;
    job_ctl_step(ctl, "syncing the file");
    return save_image_seal(spec->file->fd, spec->file->target, err);
}

/* --- its end --- */

static void resume(struct domain_spec *spec)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (!spec->was_running)
        return;
    atomic_store(&spec->guest->resume_reason, VIR_DOMAIN_RUNNING_UNPAUSED);
    if (monitor_call(spec->guest->monitor, "cont", NULL, -1, NULL, QUICK_MS, NULL, &err) < 0)
        log_error("domain '%s' is left paused: %s", spec->name, verror_text(&err));
}

static bool guest_answers(const struct domain_spec *spec)
{
    return spec->guest && spec->guest->monitor && process_is_alive(&spec->guest->process);
}

void snapshot_memory_done(struct domain_spec *spec)
{
    if (!(spec->flags & VIR_DOMAIN_SNAPSHOT_CREATE_HALT) && guest_answers(spec))
        resume(spec);
}

void snapshot_memory_undo(struct domain_spec *spec, uint64_t job_id)
{
    image_file_discard(spec->snapshot->def->memory_file, job_id);
    if (spec->file)
        image_file_unpublish(spec->file);
    if (!guest_answers(spec))
        return;
    migrate_out_stop(spec->guest);
    resume(spec);
}

/* --- deleted --- */

void snapshot_memory_leaves(const struct domain_spec *spec, struct leftovers *leftovers)
{
    _cleanup_free_ char *managed = domain_managed_save_path(spec->domains, spec->uuid);

    leftovers_add_memory(leftovers, spec->snapshot->def->memory_file, managed);
}

/* --- after a restart --- */

bool snapshot_memory_is_there(const struct domain_spec *spec, uint64_t job_id,
                              const char *checkpoint)
{
    return image_file_is_published(spec->snapshot->def->memory_file, job_id, checkpoint);
}
