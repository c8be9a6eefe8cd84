/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The client library's functions for the life of guests, for saves, restores
 * and dumps, and for the jobs these are: with good arguments and with bad ones,
 * on guests that are there and that are gone, and from eight threads on one
 * connection.  Started by api-domains.sh, which has the daemon: api-guests URI
 * READ-ONLY-URI DIRECTORY.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/api.h"

#define UNKNOWN_FLAG (1u << 29)
#define NO_ID ((unsigned int)-1)

enum { THREADS = 8, ROUNDS = 50, WAIT_MS = 60000 };
enum { INVALID = VIR_ERR_OPERATION_INVALID, BAD_ARG = VIR_ERR_INVALID_ARG };
enum { NO_GUEST = VIR_ERR_INVALID_DOMAIN, NO_DOMAIN = VIR_ERR_NO_DOMAIN };

static char *image;    /* where guests are saved to */
static char *no_image; /* a file that is none */

#define IN_STATE(dom, state, reason) check_state(__LINE__, dom, state, reason)

static void check_state(int line, virDomainPtr dom, int want, int want_reason)
{
    int state = -1, reason = -1;
    char text[100];

    OK(virDomainGetState(dom, &state, &reason, 0));
    (void)snprintf(text, sizeof(text), "state %d, reason %d, not %d, %d", state, reason, want,
                   want_reason);
    if (state != want || reason != want_reason)
        api_failed(__FILE__, line, text);
}

/* The domain's last job, when it has ended. */
#define JOB_IS(dom, operation, state) check_job(__LINE__, dom, operation, state)

static void check_job(int line, virDomainPtr dom, const char *operation, int state)
{
    virJobRecordPtr record;
    virJobInfo info;

    CHECK(virDomainWaitJob(dom, &info, WAIT_MS) == 0);
    if (info.state != state)
        api_failed(__FILE__, line, "the job's end");
    OK(virDomainGetJobInfo(dom, &info));
    CHECK(info.state == state);
    CHECK(state != VIR_JOB_COMPLETE || info.percentComplete == 100);
    CHECK((record = virDomainGetJobRecord(dom, 0)));
    if (strcmp(record->operation, operation) != 0)
        api_failed(__FILE__, line, record->operation);
    SAME(record->name, virDomainGetName(dom));
    CHECK(record->objectKind == VIR_JOB_OBJECT_DOMAIN && !record->pool);
    CHECK(record->info.state == state);
    virJobRecordFree(record);
}

static void check_job_error(virDomainPtr dom, int code, const char *text)
{
    virError error = { 0 };

    OK(virDomainGetJobError(dom, &error));
    CHECK(error.code == code);
    HAS(error.message, text);
    virResetError(&error);
}

/* --- life --- */

static void try_start(virDomainPtr dom)
{
    virDomainPtr found;

    FAILS(virDomainCreateFlags(dom, UNKNOWN_FLAG), BAD_ARG);
    FAILS(virDomainCreateWithFlags(dom, VIR_DOMAIN_START_AUTODESTROY),
          VIR_ERR_ARGUMENT_UNSUPPORTED);
    FAILS(virDomainCreate(NULL), NO_GUEST);
    FAILS(virDomainCreateFlags(NULL, 0), NO_GUEST);
    FAILS(virDomainCreateWithFlags(NULL, 0), NO_GUEST);
    OK(virDomainCreate(dom));
    CHECK(virDomainGetID(dom) != NO_ID);
    CHECK((found = virDomainLookupByID(conn, (int)virDomainGetID(dom))));
    SAME(virDomainGetName(found), "g");
    OK(virDomainFree(found));
    JOB_IS(dom, "domain-start", VIR_JOB_COMPLETE);
    FAILS(virDomainCreate(dom), INVALID);
    FAILS(virDomainCreateFlags(dom, VIR_DOMAIN_CREATE_ASYNC), INVALID);
    IN_STATE(dom, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED);
    guest_booted("g");
}

static void try_steering(virDomainPtr dom)
{
    OK(virDomainSuspend(dom));
    OK(virDomainSuspend(dom));
    IN_STATE(dom, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER);
    OK(virDomainResume(dom));
    IN_STATE(dom, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED);
    guest_forget("g");
    OK(virDomainReset(dom, 0));
    guest_booted("g");
    FAILS(virDomainReset(dom, 1), BAD_ARG);
    guest_forget("g");
    OK(virDomainReboot(dom, VIR_DOMAIN_REBOOT_ACPI_POWER_BTN));
    guest_booted("g"); /* anew */
    guest_reaches(dom, VIR_DOMAIN_RUNNING);
    IN_STATE(dom, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED);
    FAILS(virDomainReboot(dom, VIR_DOMAIN_REBOOT_GUEST_AGENT), VIR_ERR_ARGUMENT_UNSUPPORTED);
    FAILS(virDomainReboot(dom, UNKNOWN_FLAG), BAD_ARG);
    FAILS(virDomainShutdownFlags(dom, VIR_DOMAIN_SHUTDOWN_SIGNAL), VIR_ERR_ARGUMENT_UNSUPPORTED);
    FAILS(virDomainShutdownFlags(dom, UNKNOWN_FLAG), BAD_ARG);
    OK(virDomainShutdownFlags(dom, VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN));
    guest_reaches(dom, VIR_DOMAIN_SHUTOFF);
    IN_STATE(dom, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SHUTDOWN);
    OK(virDomainCreateWithFlags(dom, VIR_DOMAIN_START_PAUSED));
    IN_STATE(dom, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER);
    guest_forget("g");
    OK(virDomainResume(dom));
    guest_booted("g");
    OK(virDomainShutdown(dom));
    guest_reaches(dom, VIR_DOMAIN_SHUTOFF);
}

static void try_steering_none(virDomainPtr inactive)
{
    FAILS(virDomainSuspend(inactive), INVALID);
    FAILS(virDomainResume(inactive), INVALID);
    FAILS(virDomainReset(inactive, 0), INVALID);
    FAILS(virDomainReboot(inactive, 0), INVALID);
    FAILS(virDomainShutdown(inactive), INVALID);
    FAILS(virDomainShutdownFlags(inactive, 0), INVALID);
    FAILS(virDomainDestroy(inactive), INVALID);
    FAILS(virDomainDestroyFlags(inactive, 0), INVALID);
    FAILS(virDomainDestroyFlags(inactive, UNKNOWN_FLAG), BAD_ARG);
    FAILS(virDomainSave(inactive, image), INVALID);
    FAILS(virDomainManagedSave(inactive, 0), INVALID);
    FAILS(virDomainCoreDump(inactive, image, VIR_DUMP_MEMORY_ONLY), INVALID);
    FAILS(virDomainSuspend(NULL), NO_GUEST);
    FAILS(virDomainResume(NULL), NO_GUEST);
    FAILS(virDomainReset(NULL, 0), NO_GUEST);
    FAILS(virDomainReboot(NULL, 0), NO_GUEST);
    FAILS(virDomainShutdown(NULL), NO_GUEST);
    FAILS(virDomainShutdownFlags(NULL, 0), NO_GUEST);
    FAILS(virDomainDestroy(NULL), NO_GUEST);
    FAILS(virDomainDestroyFlags(NULL, 0), NO_GUEST);
}

static void try_transient(void)
{
    _cleanup_free_ char *xml = guest_text("t", "halt", 0), *bad = guest_text("b", "broken", 0);
    _cleanup_free_ char *none = guest_text("b", "nonexistent", 0);
    virDomainPtr dom = virDomainCreateXML(conn, xml, VIR_DOMAIN_CREATE_XML_ASYNC);
    virDomainInfo info;

    CHECK(dom); /* as soon as the job is accepted */
    JOB_IS(dom, "domain-create", VIR_JOB_COMPLETE);
    CHECK(virDomainIsPersistent(dom) == 0);
    IS_NULL(virDomainCreateXML(conn, xml, 0), VIR_ERR_OPERATION_FAILED);
    IS_NULL(virDomainCreateXML(conn, xml, VIR_DOMAIN_CREATE_XML_ASYNC), VIR_ERR_OPERATION_FAILED);
    OK(virDomainDestroyFlags(dom, VIR_DOMAIN_DESTROY_GRACEFUL | VIR_DOMAIN_DESTROY_REMOVE_LOGS));
    CHECK(virDomainGetID(dom) == NO_ID);
    FAILS(virDomainGetInfo(dom, &info), NO_DOMAIN);
    FAILS(virDomainDestroy(dom), NO_DOMAIN);
    JOB_IS(dom, "domain-create", VIR_JOB_COMPLETE); /* the domain is gone, its job is not */
    OK(virDomainFree(dom));

    CHECK((dom = virDomainCreateXML(conn, bad, VIR_DOMAIN_CREATE_XML_ASYNC)));
    JOB_IS(dom, "domain-create", VIR_JOB_FAILED);
    check_job_error(dom, VIR_ERR_INTERNAL_ERROR, "invalid kernel header"); /* QEMU's last words */
    IS_NULL(virDomainLookupByName(conn, "b"), NO_DOMAIN);
    OK(virDomainFree(dom));
    IS_NULL(virDomainCreateXML(conn, bad, 0), VIR_ERR_INTERNAL_ERROR);
    HAS(virGetLastErrorMessage(), "invalid kernel header");
    IS_NULL(virDomainCreateXML(conn, none, VIR_DOMAIN_CREATE_XML_ASYNC), VIR_ERR_SYSTEM_ERROR);
    IS_NULL(virDomainCreateXML(conn, "<domain/>", 0), VIR_ERR_XML_ERROR);
    IS_NULL(virDomainCreateXML(conn, NULL, 0), BAD_ARG);
    IS_NULL(virDomainCreateXML(NULL, xml, 0), VIR_ERR_INVALID_CONN);
    IS_NULL(virDomainCreateXML(conn, xml, UNKNOWN_FLAG), BAD_ARG);
    IS_NULL(virDomainCreateXML(conn, xml, VIR_DOMAIN_START_AUTODESTROY),
            VIR_ERR_ARGUMENT_UNSUPPORTED);
}

/* --- save and restore --- */

static void try_save(virDomainPtr dom)
{
    OK(virDomainSave(dom, image));
    CHECK(access(image, R_OK) == 0);
    CHECK(virDomainGetID(dom) == NO_ID);
    IN_STATE(dom, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SAVED);
    JOB_IS(dom, "domain-save", VIR_JOB_COMPLETE);
    OK(virDomainRestore(conn, image));
    JOB_IS(dom, "domain-restore", VIR_JOB_COMPLETE);
    IN_STATE(dom, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_RESTORED);
    FAILS(virDomainRestore(conn, image), INVALID);
    OK(virDomainSaveFlags(dom, image, VIR_DOMAIN_SAVE_PAUSED | VIR_DOMAIN_SAVE_ASYNC));
    JOB_IS(dom, "domain-save", VIR_JOB_COMPLETE);
    OK(virDomainRestoreFlags(conn, image, VIR_DOMAIN_RESTORE_ASYNC));
    JOB_IS(dom, "domain-restore", VIR_JOB_COMPLETE);
    IN_STATE(dom, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER);
    OK(virDomainSaveFlags(dom, image, VIR_DOMAIN_SAVE_BYPASS_CACHE));
    OK(virDomainRestoreFlags(conn, image, VIR_DOMAIN_SAVE_BYPASS_CACHE | VIR_DOMAIN_SAVE_RUNNING));
    IN_STATE(dom, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_RESTORED);
}

static void try_save_badly(virDomainPtr dom)
{
    enum { BOTH = VIR_DOMAIN_SAVE_RUNNING | VIR_DOMAIN_SAVE_PAUSED };
    enum { SAVE_ASYNC = VIR_DOMAIN_SAVE_ASYNC, RESTORE_ASYNC = VIR_DOMAIN_RESTORE_ASYNC };
    int id = (int)virDomainGetID(dom);

    FAILS(virDomainSave(dom, NULL), BAD_ARG);
    FAILS(virDomainSave(NULL, image), NO_GUEST);
    FAILS(virDomainSaveFlags(dom, image, BOTH), BAD_ARG);
    FAILS(virDomainSaveFlags(dom, image, UNKNOWN_FLAG), BAD_ARG);
    FAILS(virDomainSaveFlags(dom, NULL, 0), BAD_ARG);
    FAILS(virDomainSaveFlags(NULL, image, 0), NO_GUEST);
    FAILS(virDomainSave(dom, "/nonexistent/image"), VIR_ERR_SYSTEM_ERROR);
    FAILS(virDomainSaveFlags(dom, "/nonexistent/image", SAVE_ASYNC), VIR_ERR_SYSTEM_ERROR);
    FAILS(virDomainManagedSave(dom, BOTH), BAD_ARG);
    FAILS(virDomainManagedSave(dom, UNKNOWN_FLAG), BAD_ARG);
    FAILS(virDomainManagedSave(NULL, 0), NO_GUEST);
    CHECK((int)virDomainGetID(dom) == id);

    FAILS(virDomainRestore(conn, NULL), BAD_ARG);
    FAILS(virDomainRestore(NULL, image), VIR_ERR_INVALID_CONN);
    FAILS(virDomainRestore(conn, "/nonexistent"), VIR_ERR_SYSTEM_ERROR);
    FAILS(virDomainRestore(conn, no_image), VIR_ERR_OPERATION_FAILED);
    FAILS(virDomainRestoreFlags(conn, "/nonexistent", RESTORE_ASYNC), VIR_ERR_SYSTEM_ERROR);
    FAILS(virDomainRestoreFlags(conn, image, BOTH), BAD_ARG);
    FAILS(virDomainRestoreFlags(conn, image, UNKNOWN_FLAG), BAD_ARG);
    FAILS(virDomainRestoreFlags(conn, NULL, 0), BAD_ARG);
    FAILS(virDomainRestoreFlags(NULL, image, 0), VIR_ERR_INVALID_CONN);
}

static char *with_title(const char *xml, const char *title)
{
    const char *at = strstr(xml, "<memory");
    char *text = NULL;

    CHECK(at);
    CHECK(asprintf(&text, "%.*s<title>%s</title>%s", (int)(at - xml), xml, title, at) > 0);
    return text;
}

static void add_param(virTypedParameterPtr *params, int *count, const char *name, const char *value)
{
    int room = *count;

    OK(virTypedParamsAddString(params, count, &room, name, value));
}

static void try_params(virDomainPtr dom)
{
    _cleanup_free_ char *xml = virDomainGetXMLDesc(dom, VIR_DOMAIN_XML_MIGRATABLE), *mine = NULL;
    virTypedParameterPtr params = NULL;
    int count = 0;
    char *title;

    CHECK(xml && (mine = with_title(xml, "mine")));
    add_param(&params, &count, VIR_DOMAIN_SAVE_PARAM_DXML, mine);
    FAILS(virDomainRestoreParams(conn, params, count, 0), BAD_ARG); /* no file */
    add_param(&params, &count, VIR_DOMAIN_SAVE_PARAM_FILE, image);
    FAILS(virDomainSaveParams(dom, params, count, UNKNOWN_FLAG), BAD_ARG);
    FAILS(virDomainSaveParams(dom, NULL, 1, 0), BAD_ARG);
    FAILS(virDomainSaveParams(dom, params, -1, 0), BAD_ARG);
    FAILS(virDomainSaveParams(NULL, params, count, 0), NO_GUEST);
    FAILS(virDomainRestoreParams(NULL, params, count, 0), VIR_ERR_INVALID_CONN);
    FAILS(virDomainRestoreParams(conn, params, count, UNKNOWN_FLAG), BAD_ARG);
    OK(virDomainSaveParams(dom, params, count, VIR_DOMAIN_SAVE_ASYNC));
    JOB_IS(dom, "domain-save", VIR_JOB_COMPLETE);
    OK(virDomainRestoreParams(conn, params, count, VIR_DOMAIN_RESTORE_ASYNC));
    JOB_IS(dom, "domain-restore", VIR_JOB_COMPLETE);
    CHECK((title = virDomainGetMetadata(dom, VIR_DOMAIN_METADATA_TITLE, NULL, 0)));
    SAME(title, "mine");
    free(title);
    add_param(&params, &count, "unknown", "x");
    FAILS(virDomainSaveParams(dom, params, count, 0), BAD_ARG);
    virTypedParamsFree(params, count);
}

static void try_image_xml(virDomainPtr dom)
{
    _cleanup_free_ char *xml = NULL, *mine = NULL, *now = NULL;

    OK(virDomainSave(dom, image));
    CHECK((xml = virDomainSaveImageGetXMLDesc(conn, image, VIR_DOMAIN_SAVE_IMAGE_XML_SECURE)));
    CHECK((mine = with_title(xml, "edited")));
    IS_NULL(virDomainSaveImageGetXMLDesc(conn, image, UNKNOWN_FLAG), BAD_ARG);
    IS_NULL(virDomainSaveImageGetXMLDesc(conn, NULL, 0), BAD_ARG);
    IS_NULL(virDomainSaveImageGetXMLDesc(NULL, image, 0), VIR_ERR_INVALID_CONN);
    IS_NULL(virDomainSaveImageGetXMLDesc(conn, no_image, 0), VIR_ERR_OPERATION_FAILED);
    FAILS(virDomainSaveImageDefineXML(conn, image, mine, UNKNOWN_FLAG), BAD_ARG);
    FAILS(virDomainSaveImageDefineXML(conn, image, NULL, 0), BAD_ARG);
    FAILS(virDomainSaveImageDefineXML(conn, NULL, mine, 0), BAD_ARG);
    FAILS(virDomainSaveImageDefineXML(NULL, image, mine, 0), VIR_ERR_INVALID_CONN);
    FAILS(virDomainSaveImageDefineXML(conn, image, "<domain/>", 0), VIR_ERR_XML_ERROR);
    OK(virDomainSaveImageDefineXML(conn, image, mine, VIR_DOMAIN_SAVE_PAUSED));
    CHECK((now = virDomainSaveImageGetXMLDesc(conn, image, 0)));
    HAS(now, "<title>edited</title>");
    OK(virDomainRestore(conn, image));
    IN_STATE(dom, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER);
}

static void try_managed(virDomainPtr dom)
{
    _cleanup_free_ char *xml = NULL, *mine = NULL;

    CHECK(virDomainHasManagedSaveImage(dom, 0) == 0);
    IS_NULL(virDomainManagedSaveGetXMLDesc(dom, 0), INVALID);
    OK(virDomainManagedSave(dom, VIR_DOMAIN_SAVE_ASYNC));
    JOB_IS(dom, "domain-managedsave", VIR_JOB_COMPLETE);
    CHECK(virDomainHasManagedSaveImage(dom, 0) == 1);
    FAILS(virDomainUndefine(dom), INVALID);
    CHECK((xml = virDomainManagedSaveGetXMLDesc(dom, 0)));
    CHECK((mine = with_title(xml, "managed")));
    FAILS(virDomainManagedSaveDefineXML(dom, mine, UNKNOWN_FLAG), BAD_ARG);
    FAILS(virDomainManagedSaveDefineXML(dom, NULL, 0), BAD_ARG);
    FAILS(virDomainManagedSaveDefineXML(NULL, mine, 0), NO_GUEST);
    IS_NULL(virDomainManagedSaveGetXMLDesc(dom, UNKNOWN_FLAG), BAD_ARG);
    IS_NULL(virDomainManagedSaveGetXMLDesc(NULL, 0), NO_GUEST);
    OK(virDomainManagedSaveDefineXML(dom, mine, VIR_DOMAIN_SAVE_RUNNING));
    OK(virDomainCreateFlags(dom, VIR_DOMAIN_CREATE_ASYNC));
    JOB_IS(dom, "domain-start", VIR_JOB_COMPLETE);
    IN_STATE(dom, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_RESTORED);
    OK(virDomainManagedSave(dom, 0));
    FAILS(virDomainManagedSaveRemove(dom, 1), BAD_ARG);
    FAILS(virDomainHasManagedSaveImage(dom, 1), BAD_ARG);
    OK(virDomainManagedSaveRemove(dom, 0));
    OK(virDomainManagedSaveRemove(dom, 0)); /* there is none */
    CHECK(virDomainHasManagedSaveImage(dom, 0) == 0);
    FAILS(virDomainManagedSaveRemove(NULL, 0), NO_GUEST);
    FAILS(virDomainHasManagedSaveImage(NULL, 0), NO_GUEST);
}

static void try_dump(virDomainPtr dom)
{
    enum { ELF = VIR_DUMP_MEMORY_ONLY, ASYNC = VIR_DOMAIN_CORE_DUMP_ASYNC };
    enum { RAW = VIR_DOMAIN_CORE_DUMP_FORMAT_RAW, ZLIB = VIR_DOMAIN_CORE_DUMP_FORMAT_KDUMP_ZLIB };
    _cleanup_free_ char *to = guest_path("dump");

    OK(virDomainCreate(dom));
    OK(virDomainCoreDump(dom, to, ELF | VIR_DUMP_LIVE));
    CHECK(access(to, R_OK) == 0);
    JOB_IS(dom, "domain-dump", VIR_JOB_COMPLETE);
    OK(virDomainCoreDump(dom, to, ASYNC)); /* QEMU's own format, over the file that is there */
    JOB_IS(dom, "domain-dump", VIR_JOB_COMPLETE);
    OK(virDomainCoreDumpWithFormat(dom, to, ZLIB, ELF | ASYNC));
    JOB_IS(dom, "domain-dump", VIR_JOB_COMPLETE);
    OK(virDomainCoreDumpWithFormat(dom, to, RAW, ELF | VIR_DUMP_RESET));
    IN_STATE(dom, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED);

    FAILS(virDomainCoreDump(dom, NULL, 0), BAD_ARG);
    FAILS(virDomainCoreDump(NULL, to, 0), NO_GUEST);
    FAILS(virDomainCoreDump(dom, to, UNKNOWN_FLAG), BAD_ARG);
    FAILS(virDomainCoreDump(dom, to, VIR_DUMP_LIVE | VIR_DUMP_CRASH), BAD_ARG);
    FAILS(virDomainCoreDump(dom, "/nonexistent/dump", ELF), VIR_ERR_SYSTEM_ERROR);
    FAILS(virDomainCoreDumpWithFormat(dom, to, VIR_DOMAIN_CORE_DUMP_FORMAT_LAST, ELF), BAD_ARG);
    FAILS(virDomainCoreDumpWithFormat(dom, to, ZLIB, 0), VIR_ERR_OPERATION_UNSUPPORTED);
    FAILS(virDomainCoreDumpWithFormat(dom, NULL, RAW, ELF), BAD_ARG);
    FAILS(virDomainCoreDumpWithFormat(NULL, to, RAW, ELF), NO_GUEST);
    OK(virDomainCoreDump(dom, to, ELF | VIR_DUMP_CRASH));
    IN_STATE(dom, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_CRASHED);
    CHECK(unlink(to) == 0);
}

/* --- jobs --- */

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

static void try_guests(void)
{
    virDomainPtr dom = guest_define("g", "tick", 0);

    try_no_job(dom);
    try_steering_none(dom);
    try_start(dom);
    try_steering(dom);
    try_transient();
    OK(virDomainCreate(dom));
    try_save(dom);
    try_save_badly(dom);
    try_params(dom);
    try_image_xml(dom);
    try_managed(dom);
    try_dump(dom);
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
        (void)fprintf(stderr, "usage: api-guests URI READ-ONLY-URI DIRECTORY\n");
        return 2;
    }
    api_dir = argv[3];
    image = guest_path("image");
    no_image = guest_path("kernel-broken-0");
    virSetErrorFunc(&told, api_quiet);
    conn = virConnectOpen(argv[1]);
    CHECK(conn);
    try_guests();
    try_threads();
    CHECK(virConnectClose(conn) == 0);
    free(image);
    free(no_image);
    return 0;
}
