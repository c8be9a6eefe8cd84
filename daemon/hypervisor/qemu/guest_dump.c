/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The job that dumps a guest's core.  Memory-only dumps come from QEMU through
 * a pipe: it has no command to stop one, but ends it when nobody reads.  Others
 * are its migration stream.  A dump does not survive its daemon.  Functions of
 * a kind run where job.h says.
 */

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libvirtjob/types.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/image_file.h"
#include "hypervisor/qemu/migrate.h"
#include "jobs/pace.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/log.h"

enum {
    QUICK_MS = 30000,
    LOOK_MS = 200,
    END_MS = 60000,  /* from the end of the bytes to QEMU's word that it is done */
    STOP_MS = 10000, /* from the end of the reader to the same */
    PIPE_SIZE = 1 << 20,
};

/* --- may it be dumped? --- */

/* One that is QEMU's migration needs the disks to stay as they are. */
static void dump_locks(const void *opaque, struct lock_hold *hold)
{
    const struct domain_spec *spec = opaque;

    if (spec->flags & VIR_DUMP_MEMORY_ONLY)
        domain_locks(opaque, hold);
    else
        domain_disks_locks(opaque, hold);
}

static int dump_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;

    if (spec_take_up_guest(spec, err) < 0)
        return -1;
    spec->was_running = spec_domain(spec)->state == VIR_DOMAIN_RUNNING;
    return 0;
}

static const char *const format_names[VIR_DOMAIN_CORE_DUMP_FORMAT_LAST] = {
    [VIR_DOMAIN_CORE_DUMP_FORMAT_RAW] = "elf",
    [VIR_DOMAIN_CORE_DUMP_FORMAT_KDUMP_ZLIB] = "kdump-zlib",
    [VIR_DOMAIN_CORE_DUMP_FORMAT_KDUMP_LZO] = "kdump-lzo",
    [VIR_DOMAIN_CORE_DUMP_FORMAT_KDUMP_SNAPPY] = "kdump-snappy",
    [VIR_DOMAIN_CORE_DUMP_FORMAT_WIN_DMP] = "win-dmp",
};

/* Which formats there are depends on the guest and on how QEMU was built. */
static int check_format(const struct domain_spec *spec, struct verror *err)
{
    json_t *reply = NULL, *item;
    bool found = false;
    size_t i;

    if (!(spec->flags & VIR_DUMP_MEMORY_ONLY))
        return 0;
    if (monitor_call(spec->guest->monitor, "query-dump-guest-memory-capability", NULL, -1, NULL,
                     QUICK_MS, &reply, err) < 0)
        return -1;
    json_array_foreach(json_object_get(reply, "formats"), i, item)
    {
        const char *name = json_string_value(item);

        found = found || (name && strcmp(name, format_names[spec->format]) == 0);
    }
    json_decref(reply);
    if (found)
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                      "QEMU cannot dump domain '%s' in format '%s'", spec->name,
                      format_names[spec->format]);
}

static int dump_prepare(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    _cleanup_free_ char *managed = domain_managed_save_path(spec->domains, spec->uuid);

    if (image_file_check_elsewhere(spec->path, managed, err) < 0)
        return -1;
    return image_file_check(spec->path, err) < 0 ? -1 : check_format(spec, err);
}

/* --- memory only: a pipe --- */

static void take_progress(struct guest *guest, struct job_ctl *ctl)
{
    json_t *reply = NULL;
    json_int_t total, completed;

    if (monitor_call(guest->monitor, "query-dump", NULL, -1, ctl, LOOK_MS, &reply, NULL) < 0)
        return; /* it is busy */
    total = json_integer_value(json_object_get(reply, "total"));
    completed = json_integer_value(json_object_get(reply, "completed"));
    json_decref(reply);
    if (total > 0) {
        job_ctl_set_total(ctl, (uint64_t)total);
        job_ctl_set_done(ctl, (uint64_t)completed);
    }
}

/* 1: bytes are there (or their end), 0: not yet, -1 with err: cancelled. */
static int wait_bytes(int reader, struct job_ctl *ctl, struct verror *err)
{
    struct pollfd fds[] = { { .fd = reader, .events = POLLIN },
                            { .fd = job_ctl_cancel_fd(ctl), .events = POLLIN } };

    if (poll(fds, ARRAY_SIZE(fds), LOOK_MS) < 0 && errno != EINTR)
        return verror_errno(err, errno, "cannot wait for QEMU");
    if (job_ctl_cancelled(ctl))
        return verror_set(err, VIR_ERR_OPERATION_ABORTED, "the dump was cancelled");
    return fds[0].revents != 0;
}

/* From the pipe into the file until its end. */
static int drain(struct guest *guest, int reader, const struct image_file *file,
                 struct job_ctl *ctl, struct verror *err)
{
    struct job_pace pace = { .speed = 0 };
    int64_t looked_at = 0;

    for (;;) {
        int rc = job_pace_wait(&pace, ctl, err) < 0 ? -1 : wait_bytes(reader, ctl, err);
        ssize_t n;

        if (rc < 0)
            return -1;
        if (clock_mono_ms() - looked_at >= LOOK_MS) {
            take_progress(guest, ctl);
            looked_at = clock_mono_ms();
        }
        if (rc == 0)
            continue;
        n = splice(reader, NULL, file->fd, NULL, job_pace_piece(ctl, PIPE_SIZE),
                   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (n == 0)
            return 0;
        if (n > 0)
            job_pace_moved(&pace, (uint64_t)n);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return verror_errno(err, errno, "cannot write '%s'", file->target);
    }
}

/* QEMU's own word how it went. */
static int wait_completed(struct guest *guest, unsigned long mark, struct job_ctl *ctl, int ms,
                          struct verror *err)
{
    static const char *const names[] = { "DUMP_COMPLETED", NULL };
    json_t *data = NULL;
    const char *why;
    int rc = monitor_wait_event(guest->monitor, names, mark, ctl, ms, &data, err);

    if (rc < 0)
        return -1;
    why = json_string_value(json_object_get(data, "error"));
    rc = why ? verror_set(err, VIR_ERR_OPERATION_FAILED, "QEMU could not dump the guest: %s", why)
             : 0;
    json_decref(data);
    return rc;
}

static int begin_dump(const struct domain_spec *spec, int writer, struct job_ctl *ctl,
                      struct verror *err)
{
    json_t *arguments =
        json_pack("{s:b, s:s, s:b, s:s}", "paging", 0, "protocol", "fd:virtjobd-dump", "detach", 1,
                  "format", format_names[spec->format]);

    if (monitor_call(spec->guest->monitor, "getfd", json_pack("{s:s}", "fdname", "virtjobd-dump"),
                     writer, ctl, QUICK_MS, NULL, err) < 0) {
        json_decref(arguments);
        return -1;
    }
    return monitor_call(spec->guest->monitor, "dump-guest-memory", arguments, -1, ctl, QUICK_MS,
                        NULL, err);
}

static int dump_memory(struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    struct guest *guest = spec->guest;
    unsigned long mark = monitor_event_mark(guest->monitor);
    int ends[2], rc;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return verror_errno(err, errno, "cannot make a pipe");
    (void)fcntl(ends[0], F_SETPIPE_SZ, PIPE_SIZE); /* a smaller one is only slower */
    atomic_store(&guest->pause_reason, VIR_DOMAIN_PAUSED_DUMP);
    rc = begin_dump(spec, ends[1], ctl, err);
    (void)close(ends[1]); /* QEMU has it now, or nobody */
    if (rc == 0) {
        rc = drain(guest, ends[0], spec->file, ctl, err);
        (void)close(ends[0]); /* not at its end, this ends QEMU's dump */
        if (rc == 0)
            rc = wait_completed(guest, mark, ctl, END_MS, err);
        else
            (void)wait_completed(guest, mark, NULL, STOP_MS, NULL); /* it failed, as was wanted */
    } else {
        (void)close(ends[0]);
    }
    return rc;
}

/* --- all of it: the migration stream --- */

static int dump_state(struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    if (migrate_out_start(spec->guest, spec->file->fd, ctl, err) < 0)
        return -1;
    return migrate_out_wait(spec->guest, ctl, err);
}

static int pause_guest(struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    if (!spec->was_running || spec->flags & VIR_DUMP_LIVE)
        return 0;
    atomic_store(&spec->guest->pause_reason, VIR_DOMAIN_PAUSED_DUMP);
    return monitor_call(spec->guest->monitor, "stop", NULL, -1, ctl, QUICK_MS, NULL, err);
}

static int dump_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;

    spec->file = image_file_create(spec->path, job_id, ctl, err);
    job_ctl_step(ctl, "dumping the guest");
    if (!spec->file || pause_guest(spec, ctl, err) < 0)
        return -1;
    return spec->flags & VIR_DUMP_MEMORY_ONLY ? dump_memory(spec, ctl, err)
                                              : dump_state(spec, ctl, err);
}

/* --- afterwards --- */

/* A migration, also one that went well, leaves the guest paused, and so may a dump. */
static int go_on(struct domain_spec *spec, struct verror *err)
{
    struct guest *guest = spec->guest;

    if (!spec->was_running)
        return 0;
    atomic_store(&guest->resume_reason, VIR_DOMAIN_RUNNING_UNPAUSED);
    return monitor_call(guest->monitor, "cont", NULL, -1, NULL, QUICK_MS, NULL, err);
}

/* What was asked for behind the dump. */
static int dump_after(struct domain_spec *spec, struct verror *err)
{
    struct guest *guest = spec->guest;

    if (spec->flags & VIR_DUMP_CRASH)
        return process_end(&guest->process, 0, false, err);
    if (spec->flags & VIR_DUMP_RESET &&
        monitor_call(guest->monitor, "system_reset", NULL, -1, NULL, QUICK_MS, NULL, err) < 0)
        return -1;
    return go_on(spec, err);
}

static int dump_decide(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;

    (void)err;
    if (spec->flags & VIR_DUMP_CRASH)
        spec->guest->end_reason = VIR_DOMAIN_SHUTOFF_CRASHED;
    return 0;
}

static int dump_publish(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;
    _cleanup_verror_ struct verror after = VERROR_INIT;

    (void)job_id;
    job_ctl_step(ctl, "syncing the file");
    if (image_file_publish(spec->file, spec->flags & VIR_DUMP_BYPASS_CACHE, err) < 0)
        return -1;
    if (dump_after(spec, &after) < 0) /* the dump is whole, whatever the guest does */
        log_error("domain '%s', dumped to '%s': %s", spec->name, spec->path, verror_text(&after));
    return 0;
}

static void dump_undo(void *opaque, uint64_t job_id)
{
    struct domain_spec *spec = opaque;
    _cleanup_verror_ struct verror err = VERROR_INIT;

    image_file_discard(spec->path, job_id);
    if (!spec->guest || !spec->guest->monitor || !process_is_alive(&spec->guest->process))
        return;
    if (!(spec->flags & VIR_DUMP_MEMORY_ONLY))
        migrate_out_stop(spec->guest);
    if (go_on(spec, &err) < 0)
        log_error("domain '%s' is left paused: %s", spec->name, verror_text(&err));
}

static void dump_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;

    if (done && spec->guest && spec->flags & VIR_DUMP_CRASH &&
        !process_is_alive(&spec->guest->process))
        guest_gone(spec->guest);
}

/* --- after a restart --- */

static void dump_accepted(void *opaque, uint64_t job_id)
{
    struct domain_spec *spec = opaque;

    (void)job_id;
    if (spec->taken_up)
        (void)spec_take_guest(spec, NULL); /* a guest that is gone: recover sees to it */
}

static const char *dump_unlimited(const void *opaque, enum job_limit limit)
{
    const struct domain_spec *spec = opaque;

    if (limit == JOB_LIMIT_SPEED || spec->flags & VIR_DUMP_MEMORY_ONLY)
        return NULL;
    return "QEMU cannot hold the writing of a guest's state; it takes a low speed";
}

static enum job_recovery dump_recover(void *opaque, uint64_t job_id, const char *checkpoint,
                                      struct verror *err)
{
    struct domain_spec *spec = opaque;

    if (!image_file_is_published(spec->path, job_id, checkpoint))
        return JOB_RECOVER_UNDO;
    if (spec->guest && dump_after(spec, err) < 0)
        log_error("domain '%s', dumped to '%s': %s", spec->name, spec->path, verror_text(err));
    return JOB_RECOVER_DONE;
}

const struct job_kind domain_job_dump = {
    .name = "domain-dump",
    .lane = LANE_BULK,
    .is_long = true,
    .locks = dump_locks,
    .check = dump_check,
    .prepare = dump_prepare,
    .accepted = dump_accepted,
    .run = dump_run,
    .decide = dump_decide,
    .publish = dump_publish,
    .undo = dump_undo,
    .ended = dump_ended,
    .unlimited = dump_unlimited,
    .recover = dump_recover,
    DOMAIN_SPEC_FUNCTIONS_WITH(domain_spec_load_image),
};

/* --- a guest that has panicked --- */

struct crash_dump {
    struct guest *guest; /* a reference */
    bool restart;
};

static void crash_dump_over(struct crash_dump *dump)
{
    guest_crash_over(dump->guest, dump->restart);
    guest_unref(dump->guest);
    free(dump);
}

static void crash_refused(void *opaque, struct verror *err)
{
    struct crash_dump *dump = opaque;

    log_error("domain '%s' has crashed and cannot be dumped: %s", dump->guest->def->name,
              verror_text(err));
    crash_dump_over(dump);
}

static void crash_dumped(void *opaque, struct job *job)
{
    struct crash_dump *dump = opaque;

    if (job_state(job) != JOB_COMPLETE)
        log_error("domain '%s' has crashed and was not dumped: %s", dump->guest->def->name,
                  verror_text(job_error(job)));
    crash_dump_over(dump);
}

void guest_dump_crashed(struct guest *guest, bool restart)
{
    struct domain *domain = domain_find_uuid(guest->domains, guest->uuid);
    struct domain_spec *spec = domain_spec_new(domain);
    struct job_request request = domain_job_request(&domain_job_dump, spec, "virtjobd");
    struct crash_dump *dump = XNEW(struct crash_dump);
    char when[32] = "";
    time_t now = time(NULL);
    struct tm tm;

    if (gmtime_r(&now, &tm))
        (void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
    spec->flags = VIR_DUMP_MEMORY_ONLY;
    spec->path = xasprintf("%s/dump/%s-%s", guest->domains->daemon->state_dir, guest->uuid, when);
    dump->guest = guest_ref(guest);
    dump->restart = restart;
    request.refused = crash_refused;
    request.ended = crash_dumped;
    request.opaque = dump;
    job_start(guest->domains->daemon->jobs, &request);
}
