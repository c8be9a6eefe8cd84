/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The client library's functions for the jobs of domains: those that run, are
 * cancelled, have ended or never were, on guests that are there and that are
 * gone, and from eight threads on one connection.  Started by api-domains.sh,
 * which has the daemon: api-jobs URI READ-ONLY-URI DIRECTORY.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/api.h"

#define UNKNOWN_FLAG (1u << 29)

enum { THREADS = 8, ROUNDS = 50, WAIT_MS = 60000 };
enum { INVALID = VIR_ERR_OPERATION_INVALID, BAD_ARG = VIR_ERR_INVALID_ARG };
enum { NO_GUEST = VIR_ERR_INVALID_DOMAIN, NO_DOMAIN = VIR_ERR_NO_DOMAIN };

static char *image; /* where guests are saved to */

/* --- one domain --- */

/* A save that cannot end, as QEMU does not run. */
static void begin_held_save(virDomainPtr dom)
{
    (void)unlink(image);
    guest_hold(dom);
    OK(virDomainSaveFlags(dom, image, VIR_DOMAIN_SAVE_ASYNC));
}

/* Whether it was stopped for the save at all is QEMU's pace. */
static void check_nothing_saved(virDomainPtr dom)
{
    int state = -1;

    OK(virDomainGetState(dom, &state, NULL, 0));
    CHECK(state == VIR_DOMAIN_RUNNING);
    CHECK(access(image, F_OK) < 0);
}

static void try_running_job(virDomainPtr dom)
{
    _cleanup_free_ char *xml = NULL;
    virDomainControlInfo control;
    virTypedParameterPtr params = NULL;
    int type = -1, count = 0, operation = -1;
    unsigned long long number = 0;
    virJobInfo info;

    begin_held_save(dom);
    OK(virDomainGetJobInfo(dom, &info));
    CHECK(info.state == VIR_JOB_RUNNING && info.percentComplete < 100);
    CHECK(virDomainWaitJob(dom, &info, 0) == 1);
    CHECK(info.state == VIR_JOB_RUNNING);
    CHECK((xml = virDomainGetXMLDesc(dom, 0)));
    HAS(xml, "domain-save");
    OK(virDomainGetControlInfo(dom, &control, 0));
    CHECK(control.state == VIR_DOMAIN_CONTROL_JOB);
    OK(virDomainGetJobStats(dom, &type, &params, &count, 0));
    CHECK(type == VIR_DOMAIN_JOB_BOUNDED || type == VIR_DOMAIN_JOB_UNBOUNDED);
    CHECK(virTypedParamsGetInt(params, count, VIR_DOMAIN_JOB_OPERATION, &operation) == 1);
    CHECK(operation == VIR_DOMAIN_JOB_OPERATION_SAVE);
    CHECK(virTypedParamsGetULLong(params, count, "virtjob.id", &number) == 1 && number > 0);
    virTypedParamsFree(params, count);
    FAILS(virDomainSave(dom, image), INVALID);
    HAS(virGetLastErrorMessage(), "job ");
    FAILS(virDomainSaveFlags(dom, image, VIR_DOMAIN_SAVE_ASYNC), INVALID);
    FAILS(virDomainManagedSave(dom, 0), INVALID);
    FAILS(virDomainCoreDump(dom, image, 0), INVALID);
    OK(virDomainCancelJob(dom));
    guest_release(dom);
    JOB_IS(dom, "domain-save", VIR_JOB_CANCELLED);
    FAILS(virDomainCancelJob(dom), INVALID);
    FAILS(virDomainAbortJob(dom), INVALID);
    FAILS(virDomainAbortJobFlags(dom, 0), INVALID);
    FAILS(virDomainAbortJobFlags(dom, 1), BAD_ARG);
    check_nothing_saved(dom);
}

static void try_cancelling(virDomainPtr dom)
{
    virJobRecordPtr record;

    begin_held_save(dom);
    OK(virDomainAbortJob(dom));
    guest_release(dom);
    JOB_IS(dom, "domain-save", VIR_JOB_CANCELLED);
    begin_held_save(dom);
    OK(virDomainAbortJobFlags(dom, 0));
    guest_release(dom);
    JOB_IS(dom, "domain-save", VIR_JOB_CANCELLED);
    check_nothing_saved(dom);
    begin_held_save(dom);
    CHECK((record = virDomainGetJobRecord(dom, 0)));
    OK(virConnectCancelJob(conn, record->id, 0));
    guest_release(dom);
    CHECK(virConnectWaitJob(conn, record->id, NULL, WAIT_MS) == 0);
    virJobRecordFree(record);
    JOB_IS(dom, "domain-save", VIR_JOB_CANCELLED);
    begin_held_save(dom);
    OK(virDomainDestroy(dom)); /* which cancels it */
    JOB_IS(dom, "domain-save", VIR_JOB_CANCELLED);
    IN_STATE(dom, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_DESTROYED);
    CHECK(access(image, F_OK) < 0);
}

static void try_ended_job(virDomainPtr dom)
{
    enum { COMPLETED = VIR_DOMAIN_JOB_STATS_COMPLETED };
    enum { KEEP = VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED };
    virTypedParameterPtr params = NULL;
    int type = -1, count = -1;

    OK(virDomainGetJobStats(dom, &type, &params, &count, 0));
    CHECK(type == VIR_DOMAIN_JOB_NONE && count == 0);
    virTypedParamsFree(params, count);
    for (unsigned int flags = COMPLETED | KEEP; flags >= COMPLETED; flags -= KEEP) {
        OK(virDomainGetJobStats(dom, &type, &params, &count, flags));
        CHECK(type == VIR_DOMAIN_JOB_CANCELLED && count > 0);
        virTypedParamsFree(params, count);
        if (flags == COMPLETED)
            break;
    }
    OK(virDomainGetJobStats(dom, &type, &params, &count, COMPLETED)); /* it is told once */
    CHECK(type == VIR_DOMAIN_JOB_NONE && count == 0);
    virTypedParamsFree(params, count);
    FAILS(virDomainGetJobStats(dom, &type, &params, &count, KEEP), BAD_ARG);
    FAILS(virDomainGetJobStats(dom, &type, &params, &count, UNKNOWN_FLAG), BAD_ARG);
    FAILS(virDomainGetJobStats(dom, NULL, &params, &count, 0), BAD_ARG);
    FAILS(virDomainGetJobStats(dom, &type, NULL, &count, 0), BAD_ARG);
    FAILS(virDomainGetJobStats(dom, &type, &params, NULL, 0), BAD_ARG);
    FAILS(virDomainGetJobStats(NULL, &type, &params, &count, 0), NO_GUEST);
}

static void try_no_job(virDomainPtr fresh)
{
    virError error = { 0 };
    virJobInfo info;

    FAILS(virDomainGetJobInfo(fresh, &info), INVALID);
    FAILS(virDomainGetJobError(fresh, &error), INVALID);
    FAILS(virDomainWaitJob(fresh, &info, 0), INVALID);
    FAILS(virDomainCancelJob(fresh), INVALID);
    FAILS(virDomainAbortJob(fresh), INVALID);
    IS_NULL(virDomainGetJobRecord(fresh, 0), INVALID);
    IS_NULL(virDomainGetJobRecord(fresh, 1), BAD_ARG);
    FAILS(virDomainGetJobInfo(fresh, NULL), BAD_ARG);
    FAILS(virDomainGetJobError(fresh, NULL), BAD_ARG);
    FAILS(virDomainGetJobInfo(NULL, &info), NO_GUEST);
    FAILS(virDomainGetJobError(NULL, &error), NO_GUEST);
    FAILS(virDomainWaitJob(NULL, &info, 0), NO_GUEST);
    FAILS(virDomainCancelJob(NULL), NO_GUEST);
    FAILS(virDomainAbortJob(NULL), NO_GUEST);
    FAILS(virDomainAbortJobFlags(NULL, 0), NO_GUEST);
    IS_NULL(virDomainGetJobRecord(NULL, 0), NO_GUEST);
}

/* A transient domain is gone once it is saved, and its job tells how that went. */
static void try_saved_away(void)
{
    _cleanup_free_ char *xml = guest_text("away", "halt", 64);
    virDomainPtr dom, found;

    guest_forget("away");
    CHECK((dom = virDomainCreateXML(conn, xml, 0)));
    guest_booted("away");
    OK(virDomainSaveFlags(dom, image, VIR_DOMAIN_SAVE_ASYNC));
    JOB_IS(dom, "domain-save", VIR_JOB_COMPLETE);
    FAILS(virDomainIsActive(dom), NO_DOMAIN);
    IS_NULL(virDomainLookupByName(conn, "away"), NO_DOMAIN);
    FAILS(virDomainCancelJob(dom), INVALID);
    OK(virDomainRestoreFlags(conn, image, VIR_DOMAIN_RESTORE_ASYNC));
    CHECK((found = virDomainLookupByName(conn, "away"))); /* as soon as that returns */
    JOB_IS(found, "domain-restore", VIR_JOB_COMPLETE);
    IN_STATE(dom, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_RESTORED);
    CHECK(virDomainIsPersistent(dom) == 0);
    OK(virDomainFree(found));
    OK(virDomainSave(dom, image));
    OK(virDomainRestoreFlags(conn, image, VIR_DOMAIN_RESTORE_ASYNC));
    CHECK((found = virDomainLookupByName(conn, "away")));
    if (virDomainCancelJob(found) == 0) { /* or it came too late */
        CHECK(virDomainWaitJob(found, NULL, WAIT_MS) == 0);
        CHECK(access(image, R_OK) == 0);
    } else {
        CHECK(virGetLastErrorCode() == INVALID);
    }
    if (virDomainDestroy(dom) < 0)
        CHECK(virGetLastErrorCode() == NO_DOMAIN);
    IS_NULL(virDomainLookupByName(conn, "away"), NO_DOMAIN);
    OK(virDomainFree(found));
    OK(virDomainFree(dom));
}

/* --- eight threads, one connection --- */

static void one_life(virDomainPtr dom)
{
    OK(virDomainCreateFlags(dom, VIR_DOMAIN_CREATE_ASYNC));
    JOB_IS(dom, "domain-start", VIR_JOB_COMPLETE);
    OK(virDomainSuspend(dom));
    OK(virDomainManagedSave(dom, VIR_DOMAIN_SAVE_ASYNC));
    JOB_IS(dom, "domain-managedsave", VIR_JOB_COMPLETE);
    OK(virDomainCreate(dom));
    IN_STATE(dom, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER);
    OK(virDomainDestroy(dom));
}

static void *one_thread(void *opaque)
{
    int number = *(int *)opaque;
    char name[32], missing[32];
    virDomainPtr dom;

    (void)snprintf(name, sizeof(name), "thread-%d", number);
    (void)snprintf(missing, sizeof(missing), "missing-%d", number);
    dom = guest_define(name, "halt", 0);
    for (int i = 0; i < ROUNDS; i++) {
        virDomainPtr found = virDomainLookupByName(conn, name);
        virDomainInfo info;

        CHECK(found);
        IS_NULL(virDomainLookupByName(conn, missing), NO_DOMAIN);
        HAS(virGetLastErrorMessage(), missing); /* ours, whatever the others do */
        OK(virDomainGetInfo(found, &info));
        CHECK(virGetLastError() == NULL && info.state == VIR_DOMAIN_SHUTOFF);
        OK(virDomainSetMetadata(found, VIR_DOMAIN_METADATA_TITLE, name, NULL, NULL, 0));
        OK(virDomainFree(found));
    }
    one_life(dom);
    OK(virDomainUndefine(dom));
    OK(virDomainFree(dom));
    return NULL;
}

static void try_threads(void)
{
    pthread_t threads[THREADS];
    int numbers[THREADS];

    virResetLastError();
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        CHECK(pthread_create(&threads[i], NULL, one_thread, &numbers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(virGetLastError() == NULL); /* nothing of theirs came here */
}

/* --- all of it --- */

static void try_jobs(void)
{
    virDomainPtr dom = guest_define("g", "tick", 0);

    try_no_job(dom);
    OK(virDomainCreate(dom));
    try_running_job(dom);
    try_cancelling(dom);
    try_ended_job(dom);
    OK(virDomainUndefine(dom));
    JOB_IS(dom, "domain-save", VIR_JOB_CANCELLED);
    OK(virDomainFree(dom));
    try_saved_away();
}

int main(int argc, char **argv)
{
    atomic_uint told = 0;

    if (argc != 4) {
        (void)fprintf(stderr, "usage: api-jobs URI READ-ONLY-URI DIRECTORY\n");
        return 2;
    }
    api_dir = argv[3];
    image = guest_path("image");
    virSetErrorFunc(&told, api_quiet);
    conn = virConnectOpen(argv[1]);
    CHECK(conn);
    try_jobs();
    try_threads();
    CHECK(virConnectClose(conn) == 0);
    free(image);
    return 0;
}
