/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QEMU's migration to and from files; see migrate.h.  Workers. */

#include "hypervisor/qemu/migrate.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hypervisor/internal.h"
#include "util/alloc.h"

enum {
    QUICK_MS = 30000,
    LOOK_MS = 100,       /* between two looks at the progress */
    STATUS_MS = 2000,    /* a QEMU that reads its memory may not answer for long */
    STOP_WAIT_MS = 5000, /* for a migration to stop once it was told to */
    SETTLE_MS = 20,      /* between two looks at what takes QEMU a moment */
};

/* What the descriptor is called in QEMU. */
#define FD_NAME "virtjobd"

/* QEMU's default is made for networks; this is as much as it takes. */
#define BANDWIDTH_MAX (INT64_MAX / (1 << 20) << 20)
/* It counts in tenths of a second, and takes a tenth of 0 for no limit. */
#define BANDWIDTH_MIN 10
#define TOLD_NOTHING UINT64_MAX

static int give_fd(struct guest *guest, int fd, struct job_ctl *ctl, struct verror *err)
{
    return monitor_call(guest->monitor, "getfd", json_pack("{s:s}", "fdname", FD_NAME), fd, ctl,
                        QUICK_MS, NULL, err);
}

/* Its events, so that nobody has to wait for the next look. */
static int want_events(struct guest *guest, struct job_ctl *ctl, struct verror *err)
{
    json_t *arguments =
        json_pack("{s:[{s:s, s:b}]}", "capabilities", "capability", "events", "state", 1);

    return monitor_call(guest->monitor, "migrate-set-capabilities", arguments, -1, ctl, QUICK_MS,
                        NULL, err);
}

/* --- out --- */

char *migrate_status(struct guest *guest, struct verror *err)
{
    json_t *reply = NULL;
    const char *status;
    char *copy;

    if (monitor_call(guest->monitor, "query-migrate", NULL, -1, NULL, STATUS_MS, &reply, err) < 0)
        return NULL;
    status = json_string_value(json_object_get(reply, "status"));
    copy = xstrdup(status ? status : "none");
    json_decref(reply);
    return copy;
}

/* The speed of the job, as far as QEMU can keep to it; *told is what it was told last. */
static int tell_speed(struct guest *guest, struct job_ctl *ctl, uint64_t *told, struct verror *err)
{
    uint64_t speed = job_ctl_speed(ctl), bandwidth = speed;
    json_t *limits;

    if (speed == *told)
        return 0;
    if (speed == 0 || speed > BANDWIDTH_MAX)
        bandwidth = BANDWIDTH_MAX;
    else if (speed < BANDWIDTH_MIN)
        bandwidth = BANDWIDTH_MIN;
    limits = json_pack("{s:I}", "max-bandwidth", (json_int_t)bandwidth);
    if (monitor_call(guest->monitor, "migrate-set-parameters", limits, -1, ctl, QUICK_MS, NULL,
                     err) < 0)
        return -1;
    *told = speed;
    return 0;
}

int migrate_out_start(struct guest *guest, int fd, struct job_ctl *ctl, struct verror *err)
{
    uint64_t told = TOLD_NOTHING;

    if (want_events(guest, ctl, err) < 0 || tell_speed(guest, ctl, &told, err) < 0 ||
        give_fd(guest, fd, ctl, err) < 0)
        return -1;
    return monitor_call(guest->monitor, "migrate", json_pack("{s:s}", "uri", "fd:" FD_NAME), -1,
                        ctl, QUICK_MS, NULL, err);
}

static uint64_t number_of(const json_t *object, const char *name)
{
    json_int_t number = json_integer_value(json_object_get(object, name));

    return number > 0 ? (uint64_t)number : 0;
}

static void take_progress(const json_t *reply, struct job_ctl *ctl)
{
    const json_t *ram = json_object_get(reply, "ram");
    uint64_t total = number_of(ram, "total"), remaining = number_of(ram, "remaining");

    if (!total)
        return;
    job_ctl_set_total(ctl, total);
    job_ctl_set_done(ctl, total > remaining ? total - remaining : 0);
}

/* 1: it goes on, 0: it is whole, -1 with err. */
static int take_status(const json_t *reply, struct job_ctl *ctl, struct verror *err)
{
    const char *status = json_string_value(json_object_get(reply, "status"));
    const char *why = json_string_value(json_object_get(reply, "error-desc"));

    take_progress(reply, ctl);
    if (status && strcmp(status, "completed") == 0)
        return 0;
    if (!status || strcmp(status, "failed") == 0 || strcmp(status, "cancelled") == 0)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "QEMU could not write the guest's state: %s",
                          why      ? why
                          : status ? status
                                   : "it has not begun");
    return 1;
}

static bool is_settled(struct guest *guest)
{
    json_t *reply = NULL;
    const char *status;
    bool settled;

    if (monitor_call(guest->monitor, "query-status", NULL, -1, NULL, STATUS_MS, &reply, NULL) < 0)
        return true; /* what comes next gets the same error, and has somebody to tell */
    status = json_string_value(json_object_get(reply, "status"));
    settled = !status || strcmp(status, "finish-migrate") != 0;
    json_decref(reply);
    return settled;
}

/* QEMU tells of a migration's end before it is done with it, and refuses "cont" until then. */
static void settle(struct guest *guest)
{
    static const char *const names[] = { "MIGRATION", NULL };

    for (int waited = 0; waited < STOP_WAIT_MS && !is_settled(guest); waited += SETTLE_MS) {
        unsigned long mark = monitor_event_mark(guest->monitor);

        (void)monitor_wait_event(guest->monitor, names, mark, NULL, SETTLE_MS, NULL, NULL);
    }
}

int migrate_out_wait(struct guest *guest, struct job_ctl *ctl, struct verror *err)
{
    static const char *const names[] = { "MIGRATION", NULL };
    uint64_t told = TOLD_NOTHING; /* another daemon may have begun it */
    int rc = 1;

    while (rc > 0) {
        unsigned long mark = monitor_event_mark(guest->monitor);
        _cleanup_verror_ struct verror late = VERROR_INIT;
        json_t *reply = NULL;

        (void)tell_speed(guest, ctl, &told, NULL); /* QEMU is busy: at the next look */
        if (monitor_call(guest->monitor, "query-migrate", NULL, -1, ctl, STATUS_MS, &reply,
                         &late) == 0)
            rc = take_status(reply, ctl, err);
        else if (late.code != VIR_ERR_OPERATION_TIMEOUT) {
            verror_move(err, &late);
            rc = -1;
        }
        json_decref(reply);
        verror_clear(&late);
        if (rc > 0 &&
            monitor_wait_event(guest->monitor, names, mark, ctl, LOOK_MS, NULL, &late) < 0 &&
            late.code != VIR_ERR_OPERATION_TIMEOUT) {
            verror_move(err, &late);
            rc = -1;
        }
    }
    if (rc == 0)
        settle(guest);
    return rc;
}

bool migrate_is_under_way(const char *status)
{
    return strcmp(status, "setup") == 0 || strcmp(status, "active") == 0 ||
           strcmp(status, "device") == 0 || strcmp(status, "pre-switchover") == 0 ||
           strcmp(status, "cancelling") == 0;
}

void migrate_out_stop(struct guest *guest)
{
    static const char *const names[] = { "MIGRATION", NULL };

    for (int waited = 0; waited < STOP_WAIT_MS; waited += LOOK_MS) {
        unsigned long mark = monitor_event_mark(guest->monitor);
        _cleanup_free_ char *status = migrate_status(guest, NULL);

        if (!status || !migrate_is_under_way(status))
            break;
        if (strcmp(status, "cancelling") != 0)
            (void)monitor_call(guest->monitor, "migrate_cancel", NULL, -1, NULL, STATUS_MS, NULL,
                               NULL); /* whether it did, the next look tells */
        (void)monitor_wait_event(guest->monitor, names, mark, NULL, LOOK_MS, NULL, NULL);
    }
    settle(guest);
}

/* --- in --- */

int migrate_in_start(struct guest *guest, int fd, struct job_ctl *ctl, struct verror *err)
{
    if (want_events(guest, ctl, err) < 0 || give_fd(guest, fd, ctl, err) < 0)
        return -1;
    return monitor_call(guest->monitor, "migrate-incoming",
                        json_pack("{s:s}", "uri", "fd:" FD_NAME), -1, ctl, QUICK_MS, NULL, err);
}

/* Where QEMU is in the file: our descriptor shares its position, after a restart another does not.
 */
static uint64_t position(struct guest *guest, int fd, uint64_t start)
{
    struct stat st;
    off_t at = lseek(fd, 0, SEEK_CUR);
    int64_t theirs;

    if (at > 0 && (uint64_t)at > start)
        return (uint64_t)at;
    theirs = fstat(fd, &st) == 0 ? process_file_offset(&guest->process, st.st_dev, st.st_ino) : -1;
    return theirs > 0 && (uint64_t)theirs > start ? (uint64_t)theirs : start;
}

/* 1: it still reads, 0: it is done, -1 with err. */
static int in_status(struct guest *guest, struct job_ctl *ctl, struct verror *err)
{
    _cleanup_verror_ struct verror late = VERROR_INIT;
    json_t *reply = NULL;
    const char *status;
    int rc;

    if (monitor_call(guest->monitor, "query-status", NULL, -1, ctl, STATUS_MS, &reply, &late) < 0) {
        if (late.code == VIR_ERR_OPERATION_TIMEOUT)
            return 1;
        verror_move(err, &late);
        return -1;
    }
    status = json_string_value(json_object_get(reply, "status"));
    rc = status && strcmp(status, "inmigrate") == 0;
    json_decref(reply);
    return rc;
}

int migrate_in_wait(struct guest *guest, int fd, uint64_t start, uint64_t size, struct job_ctl *ctl,
                    struct verror *err)
{
    static const char *const names[] = { "MIGRATION", NULL };
    int rc = 1;

    job_ctl_set_total(ctl, size - start);
    while (rc > 0) {
        unsigned long mark = monitor_event_mark(guest->monitor);
        _cleanup_verror_ struct verror late = VERROR_INIT;

        job_ctl_set_done(ctl, position(guest, fd, start) - start);
        rc = in_status(guest, ctl, err);
        if (rc > 0 &&
            monitor_wait_event(guest->monitor, names, mark, ctl, LOOK_MS, NULL, &late) < 0 &&
            late.code != VIR_ERR_OPERATION_TIMEOUT) {
            verror_move(err, &late);
            rc = -1;
        }
    }
    return rc;
}
