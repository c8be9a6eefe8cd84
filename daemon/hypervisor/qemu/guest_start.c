/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The jobs that make a guest: create, start, restore.  The road is the same;
 * what differs is where the definition comes from and whether memory is read
 * from an image.  Until the point of no return the guest has not run, and
 * is killed where the job fails or is cancelled.  Functions of a kind run where
 * job.h says.
 */

#include <errno.h>
#include <jansson.h>
#include <libvirtjob/types.h>
#include <string.h>
#include <unistd.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/caps.h"
#include "hypervisor/qemu/migrate.h"
#include "hypervisor/qemu/save_image.h"
#include "hypervisor/snapshot_jobs.h"
#include "util/alloc.h"
#include "util/log.h"
#include "xml/vol_xml.h"
#include "xml/xml_read.h"

enum { QUICK_MS = 30000 };

/* --- loop: may it start? --- */

/* Where a <disk type='volume'> is, or that a file is one that is still being made. */
static int find_volume(struct domain_spec *spec, const struct domain_disk *disk, struct verror *err)
{
    struct storage *storage = spec->domains->daemon->storage;
    struct pool *pool = disk->pool ? pool_find_name(storage, disk->pool) : NULL;
    struct vol *vol = disk->path ? vol_find_path(storage, disk->path) : NULL;

    if (disk->pool && !pool)
        return verror_set(err, VIR_ERR_NO_STORAGE_POOL, "no storage pool with matching name '%s'",
                          disk->pool);
    if (pool && pool_check_active(pool, err) < 0)
        return -1;
    if (pool)
        vol = vol_find_name(pool, disk->volume);
    if (pool && !vol)
        return verror_set(err, VIR_ERR_NO_STORAGE_VOL,
                          "no storage vol with matching name '%s' in pool '%s'", disk->volume,
                          disk->pool);
    if (vol && vol->building)
        return verror_set(err, VIR_ERR_OPERATION_INVALID,
                          "volume '%s', disk '%s' of domain '%s', is being made by job %llu",
                          vol->info->name, disk->target, spec->name,
                          (unsigned long long)vol->building);
    if (!pool)
        return 0;
    spec->volumes = xrealloc(spec->volumes, spec->nvolumes + 1, sizeof(*spec->volumes));
    spec->volumes[spec->nvolumes++] =
        (struct volume_path){ xstrdup(disk->pool), xstrdup(disk->volume), xstrdup(vol->info->path),
                              vol_format_name(vol->info->format) };
    return 0;
}

/* lenient: without one that a start need not have; whether it can, its worker finds out. */
static int find_volumes(struct domain_spec *spec, const struct domain_def *def, bool lenient,
                        struct verror *err)
{
    for (size_t i = 0; i < def->ndisks; i++) {
        if (find_volume(spec, &def->disks[i], err) < 0) {
            if (!lenient || def->disks[i].policy == DISK_MANDATORY)
                return -1;
            verror_clear(err);
        }
    }
    return 0;
}

int spec_find_volumes(struct domain_spec *spec, const struct domain_def *def, struct verror *err)
{
    return find_volumes(spec, def, false, err);
}

static void make_guest(struct domain_spec *spec)
{
    const struct domain *domain = spec_domain(spec);

    if (domain)
        fd_groups_of(domain, &spec->fd_groups);
    spec->guest = guest_new(spec->domains, spec->uuid, spec->name, spec->domains->next_id++);
    spec->guest->starting = true;
}

int guest_start_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    if (!domain)
        return spec_no_domain(spec, err);
    if (domain_check_inactive(domain, err) < 0)
        return -1;
    spec->def = domain_def_ref(domain->config);
    if (find_volumes(spec, spec->def, true, err) < 0)
        return -1;
    if (domain->managed_save && !(spec->flags & VIR_DOMAIN_START_FORCE_BOOT)) {
        spec->path = domain_managed_save_path(spec->domains, spec->uuid);
        spec->from_managed = true;
    }
    make_guest(spec);
    return 0;
}

/* create, restore: from a definition of the client's, which a domain of that name may have too. */
static int create_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    if (spec_check_clash(spec, err) < 0 || (domain && domain_check_inactive(domain, err) < 0) ||
        find_volumes(spec, spec->def, true, err) < 0)
        return -1;
    make_guest(spec);
    return 0;
}

/* --- worker: what the disk can tell --- */

/* Whether it runs in the end, and from a managed save also what it is. */
static int look_at_image(struct domain_spec *spec, struct verror *err)
{
    struct complete_host host = domains_complete_host(spec->domains);
    struct save_image image = { 0 };
    int fd = save_image_open(spec->path, false, &image, err);

    if (fd < 0)
        return -1;
    (void)close(fd); /* it was only read */
    spec->was_running = image.was_running;
    if (spec->flags & VIR_DOMAIN_SAVE_RUNNING && !spec->from_managed)
        spec->was_running = true;
    if (spec->from_managed) {
        domain_def_unref(spec->def);
        spec->def = domain_complete(&host, image.xml, false, err);
        if (spec->flags & VIR_DOMAIN_START_PAUSED)
            spec->was_running = false;
    } else if (spec->flags & VIR_DOMAIN_SAVE_PAUSED) {
        spec->was_running = false;
    }
    save_image_clear(&image);
    return spec->def ? 0 : -1;
}

int guest_start_prepare(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct complete_host host = domains_complete_host(spec->domains);
    struct live_sources sources;

    if (spec->path && look_at_image(spec, err) < 0)
        return -1;
    sources = (struct live_sources){
        .volumes = spec->volumes,
        .nvolumes = spec->nvolumes,
        .fd_groups = &spec->fd_groups,
        .incoming = spec->path || (spec->snapshot && spec->snapshot->to_active),
        .drops = &spec->drops,
    };
    if (!spec->path)
        spec->was_running = !(spec->flags & VIR_DOMAIN_START_PAUSED);
    if (spec->def->virt == DOMAIN_VIRT_KVM && qemu_check_kvm(err) < 0)
        return -1;
    spec->doc =
        domain_make_live(&host, spec->def, spec->guest->id, spec->guest->dir, &sources, err);
    if (!spec->doc || !(spec->live = domain_def_from_doc(spec->doc, err)))
        return -1;
    return guest_find_files(spec->guest, spec->live, &sources, err);
}

/* --- loop: accepted --- */

int guest_start_admit(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;

    spec->guest->def = domain_def_ref(spec->live);
    return guest_hold_files(spec->guest, err);
}

static void retake(struct domain_spec *spec)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (find_volumes(spec, spec->def, true, &err) < 0 || guest_hold_files(spec->guest, &err) < 0)
        log_warn("domain '%s': %s", spec->name, verror_text(&err));
}

/* It is in lookups and lists from here on; after a restart its definition may be there already. */
void guest_start_accepted(void *opaque, uint64_t job_id)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    (void)job_id;
    if (!spec->guest)
        return;
    if (!domain) {
        domain = domain_add(spec->domains, spec->uuid, spec->name);
        spec->visible = true;
    }
    if (spec->taken_up)
        retake(spec);
    if (domain->guest)
        return; /* the journal was meddled with */
    domain->guest = guest_ref(spec->guest);
    domain_set_state(domain, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_STARTING_UP);
}

/* --- worker: the guest --- */

/* For the next daemon, should this one end: what QEMU was given and what it made up. */
static void journal_guest(const struct domain_spec *spec, struct job_ctl *ctl)
{
    json_t *json =
        json_pack("{s:s*, s:s}", "owners", spec->guest->owner_memory, "live", spec->new_live->xml);
    _cleanup_free_ char *text = json_dumps(json, JSON_COMPACT);

    json_decref(json);
    job_ctl_checkpoint(ctl, text);
}

static int launch(struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    struct launch launch = {
        .guest = spec->guest,
        .volumes = spec->volumes,
        .nvolumes = spec->nvolumes,
        .fd_groups = &spec->fd_groups,
        .incoming = spec->path,
    };

    if (!spec->doc)
        spec->doc = domain_def_to_doc(spec->live);
    launch.doc = spec->doc;
    if (guest_launch(&launch, ctl, err) < 0)
        return -1;
    spec->new_live = domain_def_from_doc(spec->doc, err);
    if (!spec->new_live)
        return -1;
    journal_guest(spec, ctl);
    return 0;
}

static int read_image(struct domain_spec *spec, bool begun, struct job_ctl *ctl, struct verror *err)
{
    struct save_image image = { 0 };
    int fd = save_image_open(spec->path, false, &image, err), rc = -1;

    job_ctl_step(ctl, "reading the saved memory");
    if (fd >= 0 && image.compression)
        verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                   "the memory in '%s' is compressed; only raw images can be restored", spec->path);
    else if (fd >= 0 && (begun || migrate_in_start(spec->guest, fd, ctl, err) == 0))
        rc = migrate_in_wait(spec->guest, fd, image.stream, image.size, ctl, err);
    if (fd >= 0)
        (void)close(fd); /* QEMU has its own */
    save_image_clear(&image);
    return rc;
}

/*
 * A guest with less <currentMemory> than <memory> is asked to give the rest back once its driver
 * is up.  One without a balloon keeps it all.
 */
static void set_balloon(struct domain_spec *spec, struct job_ctl *ctl)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    json_t *args;

    if (spec->live->current_kib >= spec->live->memory_kib)
        return;
    args = json_pack("{s:I}", "value", (json_int_t)spec->live->current_kib * 1024);
    if (monitor_call(spec->guest->monitor, "balloon", args, -1, ctl, QUICK_MS, NULL, &err) < 0)
        log_info("domain '%s' has all its memory: %s", spec->name, verror_text(&err));
}

/* QEMU reads already, for a daemon that has ended.  One too busy to say so does. */
static bool has_begun(struct guest *guest)
{
    _cleanup_free_ char *status = migrate_status(guest, NULL);

    return !status || strcmp(status, "none") != 0;
}

int guest_start_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;
    bool found = spec->guest->monitor; /* started by the last daemon */

    (void)job_id;
    if (!found && launch(spec, ctl, err) < 0)
        return -1;
    if (spec->path)
        return read_image(spec, found && has_begun(spec->guest), ctl, err);
    set_balloon(spec, ctl);
    return 0;
}

/* --- the point of no return --- */

static void take_live(struct domain_spec *spec)
{
    struct guest *guest = spec->guest;

    if (!spec->new_live)
        return;
    domain_def_unref(guest->def);
    guest->def = STEAL_PTR(spec->new_live);
}

int guest_start_decide(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;

    take_live(spec);
    return guest_watch(spec->guest, err);
}

static int cont(struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    job_ctl_step(ctl, "starting the guest's CPUs");
    return monitor_call(spec->guest->monitor, "cont", NULL, -1, NULL, QUICK_MS, NULL, err);
}

/* A managed image that was read must never be read again once the guest goes on. */
int guest_start_publish(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;

    (void)job_id;
    if (spec->from_managed && save_image_spend(spec->path, err) < 0)
        return -1;
    spec->spent = spec->from_managed;
    return spec->was_running ? cont(spec, ctl, err) : 0;
}

void guest_start_undo(void *opaque, uint64_t job_id)
{
    struct domain_spec *spec = opaque;

    (void)job_id;
    guest_abort(spec->guest);
}

static void ended_state(const struct domain_spec *spec, int *ret_state, int *ret_reason)
{
    *ret_state = spec->was_running ? VIR_DOMAIN_RUNNING : VIR_DOMAIN_PAUSED;
    if (spec->snapshot && spec->snapshot->to_active)
        *ret_reason = spec->was_running ? VIR_DOMAIN_RUNNING_FROM_SNAPSHOT
                                        : VIR_DOMAIN_PAUSED_FROM_SNAPSHOT;
    else if (spec->was_running)
        *ret_reason = spec->path ? VIR_DOMAIN_RUNNING_RESTORED : VIR_DOMAIN_RUNNING_BOOTED;
    else
        *ret_reason = VIR_DOMAIN_PAUSED_USER;
}

void guest_start_commit(void *opaque, struct store_txn *txn)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);
    int state, reason;

    ended_state(spec, &state, &reason);
    if (domain)
        domain_put_row_of(domain, spec->guest, state, reason, txn);
}

/* The image it has started from, or that it was told not to. */
static void drop_managed_image(const struct domain_spec *spec, struct domain *domain)
{
    _cleanup_free_ char *path = domain_managed_save_path(spec->domains, spec->uuid);

    if (!domain->managed_save)
        return;
    domain->managed_save = false;
    if (unlink(path) < 0 && errno != ENOENT)
        log_warn("cannot remove '%s': %s", path, strerror(errno));
}

static void tell_drops(const struct domain_spec *spec, const struct domain *domain)
{
    enum { MISSING_ON_START = 0, DROP_MISSING_ON_START = 1 }; /* virDomainEventDiskChangeReason */

    for (size_t i = 0; i < spec->drops.n; i++) {
        const struct disk_drop *drop = &spec->drops.drops[i];
        const struct domain_event event = {
            .id = DOMAIN_EVENT_DISK_CHANGE,
            .what = drop->whole ? DROP_MISSING_ON_START : MISSING_ON_START,
            .path = drop->path,
            .alias = drop->alias,
        };

        domain_tell(domain, &event);
    }
}

static void started(struct domain_spec *spec, struct domain *domain)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    int state, reason;

    take_live(spec);
    ended_state(spec, &state, &reason);
    if (guest_watch(spec->guest, &err) < 0)
        spec->guest->exited = true;
    domain_set_state(domain, state, reason);
    tell_drops(spec, domain);
    domain_tell_started(domain, spec->snapshot ? DOMAIN_STARTED_FROM_SNAPSHOT
                                : spec->path   ? DOMAIN_STARTED_RESTORED
                                               : DOMAIN_STARTED_BOOTED);
    if (spec->from_managed || (!spec->path && spec->flags & VIR_DOMAIN_START_FORCE_BOOT))
        drop_managed_image(spec, domain);
    guest_started(spec->guest);
    guest_sync_state(spec->guest); /* what it did before it was known to run */
}

/* Destroyed past the point of no return, it has ended as one that ran. */
static void never_started(struct domain_spec *spec, struct domain *domain)
{
    bool destroyed = spec->guest->end_reason == VIR_DOMAIN_SHUTOFF_DESTROYED;

    if (destroyed && spec->spent)
        drop_managed_image(spec, domain); /* it could not start from it again */
    domain_set_state(domain, VIR_DOMAIN_SHUTOFF,
                     destroyed ? VIR_DOMAIN_SHUTOFF_DESTROYED : VIR_DOMAIN_SHUTOFF_FAILED);
    if (!domain->config && spec->visible)
        domain_remove(domain); /* transient: it exists only while it runs */
}

void guest_start_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    if (!spec->guest)
        return;
    if (done && domain) {
        started(spec, domain);
        return;
    }
    guest_never_ran(spec->guest);
    if (domain && !domain->guest)
        never_started(spec, domain);
}

/* --- taken up by the next daemon --- */

/* The checkpoint knows more of the owners than the spec does. */
static void take_owners(struct guest *guest, const char *owners)
{
    free(guest->owner_memory);
    guest->owner_memory = xstrdup(owners);
}

static bool read_journal(struct domain_spec *spec, const char *checkpoint)
{
    json_t *json = checkpoint ? json_loads(checkpoint, 0, NULL) : NULL;
    const char *owners = NULL, *live = NULL;
    bool found = json_unpack(json, "{s?s, s:s}", "owners", &owners, "live", &live) == 0;

    if (found) {
        _cleanup_xml_doc_ xmlDocPtr doc =
            xml_read_document(live, "domain definition", "domain", NULL);

        spec->new_live = doc ? domain_def_from_doc(doc, NULL) : NULL;
        take_owners(spec->guest, owners);
    } else if (checkpoint) { /* it ended before QEMU had answered: the owners alone */
        take_owners(spec->guest, checkpoint);
    }
    json_decref(json);
    return found && spec->new_live;
}

/* "running", …; a new string or NULL. */
static char *query_status(struct guest *guest)
{
    json_t *reply = NULL;
    char *status = NULL;

    if (monitor_call(guest->monitor, "query-status", NULL, -1, NULL, QUICK_MS, &reply, NULL) == 0)
        status = xstrdup(json_string_value(json_object_get(reply, "status")));
    json_decref(reply);
    return status;
}

static bool image_is_spent(const struct domain_spec *spec)
{
    struct save_image image = { 0 };
    int fd = save_image_open(spec->path, false, &image, NULL);

    if (fd >= 0)
        (void)close(fd); /* it was only read */
    save_image_clear(&image);
    return fd < 0;
}

enum job_recovery guest_start_recover(void *opaque, uint64_t job_id, const char *checkpoint,
                                       struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct guest *guest = spec->guest;
    bool journalled = read_journal(spec, checkpoint);
    _cleanup_free_ char *status = NULL;

    (void)job_id;
    owners_remember(spec->domains->owners, guest->owner_memory);
    if (!journalled || !guest_find_process(guest) || guest_connect(guest, NULL) < 0)
        return JOB_RECOVER_UNDO;
    status = query_status(guest);
    if (!status)
        return JOB_RECOVER_UNDO;
    if (strcmp(status, "running") == 0)
        return JOB_RECOVER_DONE;
    if (!spec->path) /* one that has run may have stopped meanwhile, and is no less started */
        return strcmp(status, "prelaunch") == 0 ? JOB_RECOVER_UNDO : JOB_RECOVER_DONE;
    if (!spec->from_managed || strcmp(status, "inmigrate") == 0 || !image_is_spent(spec))
        return JOB_RECOVER_RUN;
    if (spec->was_running &&
        monitor_call(guest->monitor, "cont", NULL, -1, NULL, QUICK_MS, NULL, err) < 0)
        return JOB_RECOVER_UNDO;
    return JOB_RECOVER_DONE;
}

static bool start_resumable(const void *opaque)
{
    const struct domain_spec *spec = opaque;

    return spec->path; /* QEMU reads on by itself */
}

static const char *start_unlimited(const void *opaque, enum job_limit limit)
{
    const struct domain_spec *spec = opaque;

    (void)limit;
    return spec->path ? "QEMU reads a saved state by itself, as fast as it can"
                      : "the start of a guest moves no bytes";
}

#define START_KIND(word, locks_fn, check_fn)                                                       \
    .name = word, .lane = LANE_BULK, .is_long = true, .locks = locks_fn, .check = check_fn,        \
    .prepare = guest_start_prepare, .admit = guest_start_admit, .accepted = guest_start_accepted,  \
    .run = guest_start_run, .decide = guest_start_decide, .publish = guest_start_publish,          \
    .undo = guest_start_undo, .commit = guest_start_commit, .ended = guest_start_ended,            \
    .resumable = start_resumable, .recover = guest_start_recover,                            \
    .unlimited = start_unlimited, DOMAIN_SPEC_FUNCTIONS_WITH(domain_spec_load_start)

const struct job_kind domain_job_create = {
    START_KIND("domain-create", domain_new_locks, create_check),
};
const struct job_kind domain_job_start = {
    START_KIND("domain-start", domain_locks, guest_start_check),
};
const struct job_kind domain_job_restore = {
    START_KIND("domain-restore", domain_new_locks, create_check),
};
