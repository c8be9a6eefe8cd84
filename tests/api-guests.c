/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The client library's functions for the life of guests, for saves, restores
 * and dumps: with good arguments and with bad ones.  Started by api-domains.sh,
 * which has the daemon: api-guests URI READ-ONLY-URI DIRECTORY.
 */

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/api.h"

#define UNKNOWN_FLAG (1u << 29)
#define NO_ID ((unsigned int)-1)

enum { INVALID = VIR_ERR_OPERATION_INVALID, BAD_ARG = VIR_ERR_INVALID_ARG };
enum { NO_GUEST = VIR_ERR_INVALID_DOMAIN, NO_DOMAIN = VIR_ERR_NO_DOMAIN };

static char *image;    /* where guests are saved to */
static char *no_image; /* a file that is none */

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

/* --- its screen --- */

static void check_greeting(int sock)
{
    char text[13] = "";

    CHECK(recv(sock, text, 12, MSG_WAITALL) == 12);
    SAME(text, "RFB 003.008\n");
    (void)close(sock);
}

/* Guest with a screen, a new string. */
static char *with_screen(const char *name)
{
    _cleanup_free_ char *xml = guest_text(name, "halt", 0);
    const char *at = strstr(xml, "<memballoon");
    char *text = NULL;

    CHECK(at);
    CHECK(asprintf(&text, "%.*s<graphics type='vnc'><listen type='none'/></graphics>%s",
                   (int)(at - xml), xml, at) > 0);
    return text;
}

static void try_screen(virDomainPtr without)
{
    _cleanup_free_ char *xml = with_screen("s");
    virDomainPtr dom = virDomainCreateXML(conn, xml, 0);
    int pair[2], sock, file = open("/dev/null", O_RDONLY | O_CLOEXEC);

    CHECK(dom);
    OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
    OK(virDomainOpenGraphics(dom, 0, pair[1], 0));
    check_greeting(pair[0]);
    OK(sock = virDomainOpenGraphicsFD(dom, 0, VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH));
    check_greeting(sock);
    FAILS(virDomainOpenGraphics(dom, 1, pair[1], 0), VIR_ERR_INTERNAL_ERROR);
    FAILS(virDomainOpenGraphics(dom, 0, pair[1], UNKNOWN_FLAG), BAD_ARG);
    FAILS(virDomainOpenGraphics(dom, 0, file, 0), BAD_ARG);
    FAILS(virDomainOpenGraphics(NULL, 0, pair[1], 0), NO_GUEST);
    FAILS(virDomainOpenGraphicsFD(dom, 1, 0), VIR_ERR_INTERNAL_ERROR);
    FAILS(virDomainOpenGraphicsFD(dom, 0, UNKNOWN_FLAG), BAD_ARG);
    FAILS(virDomainOpenGraphicsFD(without, 0, 0), VIR_ERR_INTERNAL_ERROR);
    OK(virDomainDestroy(dom));
    FAILS(virDomainOpenGraphicsFD(dom, 0, 0), NO_DOMAIN);
    OK(virDomainFree(dom));
    (void)close(pair[1]);
    (void)close(file);
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

/* --- all of it --- */

static void try_guests(void)
{
    virDomainPtr dom = guest_define("g", "tick", 0);

    try_steering_none(dom);
    try_start(dom);
    try_steering(dom);
    try_transient();
    OK(virDomainCreate(dom));
    try_screen(dom);
    try_save(dom);
    try_save_badly(dom);
    try_params(dom);
    try_image_xml(dom);
    try_managed(dom);
    try_dump(dom);
    OK(virDomainUndefine(dom));
    OK(virDomainFree(dom));
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
    CHECK(virConnectClose(conn) == 0);
    free(image);
    free(no_image);
    return 0;
}
