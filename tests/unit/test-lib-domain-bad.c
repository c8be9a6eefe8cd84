/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls on domains and the host that fail: refused before anything is sent, by
 * the daemon, or because what it answers is garbage.
 */

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "fake-server.h"
#include "protocol/macros.h"

static void quiet(void *data _unused_, virErrorPtr error _unused_)
{
}

static void setup(void)
{
    virSetErrorFunc(NULL, quiet);
}

#define TEXT(literal) ((char *)(uintptr_t)(literal))
#define UUID { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 }

static void assert_failed(const char *call, bool failed, int code)
{
    ck_assert_msg(failed, "%s has not failed", call);
    ck_assert_msg(virGetLastErrorCode() == code, "%s: code %d: %s", call, virGetLastErrorCode(),
                  virGetLastErrorMessage());
    ck_assert_msg(strlen(virGetLastErrorMessage()) > 0, "%s: no message", call);
    virResetLastError();
}

#define FAILS(call, code) assert_failed(#call, (call) == -1, code)
#define FAILS_PTR(call, code) assert_failed(#call, (call) == NULL, code)
#define FAILS_ZERO(call, code) assert_failed(#call, (call) == 0, code)

/* --- every call, each of which is to fail with that code --- */

/* Those whose answer has nothing in it. */
static void answered_by_nothing(virConnectPtr conn, virDomainPtr dom, int conn_code, int code)
{
    FAILS(virDomainUndefine(dom), code);
    FAILS(virDomainUndefineFlags(dom, 0), code);
    FAILS(virDomainSetAutostart(dom, 1), code);
    FAILS(virDomainSetMetadata(dom, VIR_DOMAIN_METADATA_TITLE, "t", NULL, NULL, 0), code);
    FAILS(virDomainSetMaxMemory(dom, 1024), code);
    FAILS(virDomainSetMemory(dom, 1024), code);
    FAILS(virDomainSetMemoryFlags(dom, 1024, 0), code);
    FAILS(virDomainSetVcpus(dom, 1), code);
    FAILS(virDomainSetVcpusFlags(dom, 1, 0), code);
    FAILS(virDomainSuspend(dom), code);
    FAILS(virDomainResume(dom), code);
    FAILS(virDomainShutdown(dom), code);
    FAILS(virDomainShutdownFlags(dom, 0), code);
    FAILS(virDomainReboot(dom, 0), code);
    FAILS(virDomainReset(dom, 0), code);
    FAILS(virDomainInjectNMI(dom, 0), code);
    FAILS(virDomainPMWakeup(dom, 0), code);
    FAILS(virDomainDestroy(dom), code);
    FAILS(virDomainDestroyFlags(dom, 0), code);
    FAILS(virDomainSave(dom, "/x"), code);
    FAILS(virDomainSaveFlags(dom, "/x", 0), code);
    FAILS(virDomainSaveParams(dom, NULL, 0, 0), code);
    FAILS(virDomainRestore(conn, "/x"), conn_code);
    FAILS(virDomainRestoreFlags(conn, "/x", 0), conn_code);
    FAILS(virDomainRestoreParams(conn, NULL, 0, 0), conn_code);
    FAILS(virDomainManagedSave(dom, 0), code);
    FAILS(virDomainManagedSaveRemove(dom, 0), code);
    FAILS(virDomainManagedSaveDefineXML(dom, "<x/>", 0), code);
    FAILS(virDomainSaveImageDefineXML(conn, "/x", "<x/>", 0), conn_code);
    FAILS(virDomainCoreDump(dom, "/x", 0), code);
    FAILS(virDomainCoreDumpWithFormat(dom, "/x", 0, 0), code);
    FAILS(virDomainAbortJob(dom), code);
    FAILS(virDomainAbortJobFlags(dom, 0), code);
}

static void of_connection(virConnectPtr conn, int code)
{
    unsigned long long cells[1];
    virSecurityModel model;
    virDomainPtr *domains;
    virNodeInfo node;
    char *names[1], **list;
    int ids[1];

    FAILS(virConnectNumOfDomains(conn), code);
    FAILS(virConnectListDomains(conn, ids, 1), code);
    FAILS(virConnectNumOfDefinedDomains(conn), code);
    FAILS(virConnectListDefinedDomains(conn, names, 1), code);
    FAILS(virConnectListAllDomains(conn, NULL, 0), code);
    FAILS(virConnectListAllDomains(conn, &domains, 0), code);
    FAILS_PTR(virDomainLookupByID(conn, 1), code);
    FAILS_PTR(virDomainLookupByName(conn, "x"), code);
    FAILS_PTR(virDomainDefineXML(conn, "<x/>"), code);
    FAILS_PTR(virDomainDefineXMLFlags(conn, "<x/>", 0), code);
    FAILS_PTR(virDomainCreateXML(conn, "<x/>", 0), code);
    FAILS_PTR(virDomainSaveImageGetXMLDesc(conn, "/x", 0), code);
    FAILS_PTR(virConnectGetCapabilities(conn), code);
    FAILS_PTR(virConnectGetDomainCapabilities(conn, NULL, NULL, NULL, NULL, 0), code);
    FAILS(virConnectGetCPUModelNames(conn, "x", NULL, 0), code);
    FAILS(virConnectGetCPUModelNames(conn, "x", &list, 0), code);
    FAILS(virConnectGetMaxVcpus(conn, NULL), code);
    FAILS(virNodeGetInfo(conn, &node), code);
    FAILS_ZERO(virNodeGetFreeMemory(conn), code);
    FAILS(virNodeGetCellsFreeMemory(conn, cells, 0, 1), code);
    FAILS(virNodeGetSecurityModel(conn, &model), code);
}

static void of_domain(virDomainPtr dom, int code)
{
    virTypedParameterPtr params;
    virDomainControlInfo control;
    virSecurityLabel label;
    virDomainInfo info;
    char **list, *text;
    int number, count;

    FAILS(virDomainCreate(dom), code);
    FAILS(virDomainCreateFlags(dom, 0), code);
    FAILS(virDomainCreateWithFlags(dom, 0), code);
    FAILS(virDomainGetAutostart(dom, &number), code);
    FAILS(virDomainRename(dom, "x", 0), code);
    FAILS_PTR(virDomainGetMetadata(dom, VIR_DOMAIN_METADATA_TITLE, NULL, 0), code);
    FAILS(virDomainHasManagedSaveImage(dom, 0), code);
    FAILS_PTR(virDomainManagedSaveGetXMLDesc(dom, 0), code);
    FAILS(virDomainGetInfo(dom, &info), code);
    FAILS(virDomainGetState(dom, &number, &count, 0), code);
    FAILS_PTR(virDomainGetXMLDesc(dom, 0), code);
    FAILS_PTR(virDomainGetOSType(dom), code);
    FAILS_ZERO(virDomainGetMaxMemory(dom), code);
    FAILS(virDomainGetMaxVcpus(dom), code);
    FAILS(virDomainGetVcpusFlags(dom, 0), code);
    FAILS(virDomainGetBlockInfo(dom, "vda", &(virDomainBlockInfo){ 0 }, 0), code);
    FAILS(virDomainIsActive(dom), code);
    FAILS(virDomainIsPersistent(dom), code);
    FAILS(virDomainIsUpdated(dom), code);
    FAILS(virDomainGetControlInfo(dom, &control, 0), code);
    FAILS(virDomainGetMessages(dom, &list, 0), code);
    FAILS(virDomainGetSecurityLabel(dom, &label), code);
    FAILS(virDomainQemuMonitorCommand(dom, "x", &text, 0), code);
    FAILS(virDomainGetJobStats(dom, &number, &params, &count, 0), code);
}

/* --- refused before anything is sent --- */

START_TEST(test_no_objects)
{
    of_connection(NULL, VIR_ERR_INVALID_CONN);
    of_domain(NULL, VIR_ERR_INVALID_DOMAIN);
    answered_by_nothing(NULL, NULL, VIR_ERR_INVALID_CONN, VIR_ERR_INVALID_DOMAIN);
    assert_failed("virDomainGetID", virDomainGetID(NULL) == (unsigned int)-1,
                  VIR_ERR_INVALID_DOMAIN);
}
END_TEST

/* Answers the lookup of a domain with id 7, which every script here begins with. */
static void look_up_script(int fd)
{
    remote_domain_ret ret = { { TEXT("d"), UUID, 7 } };
    struct frame_header call;

    fake_handshake(fd);
    call = fake_expect(fd, FAKE_REMOTE(DOMAIN_LOOKUP_BY_NAME), NULL, NULL);
    fake_reply(fd, &call, FAKE_XDR(remote_domain_ret), &ret);
}

static virDomainPtr start(fake_script *script)
{
    virConnectPtr conn;
    virDomainPtr dom;

    (void)fake_start(script);
    conn = fake_open();
    dom = virDomainLookupByName(conn, "d");
    ck_assert_ptr_nonnull(dom);
    ck_assert_int_eq(virConnectClose(conn), 1); /* the domain's reference holds it */
    return dom;
}

static void stop(virDomainPtr dom)
{
    ck_assert_int_eq(virDomainFree(dom), 0);
    fake_stop();
}

static void nothing_more_script(int fd)
{
    look_up_script(fd);
    fake_goodbye(fd); /* and nothing of all that is refused arrives here */
}

START_TEST(test_objects_of_another_kind)
{
    virDomainPtr dom = start(nothing_more_script);
    virConnectPtr conn = virDomainGetConnect(dom);

    of_connection((virConnectPtr)dom, VIR_ERR_INVALID_CONN);
    of_domain((virDomainPtr)conn, VIR_ERR_INVALID_DOMAIN);
    answered_by_nothing((virConnectPtr)dom, (virDomainPtr)conn, VIR_ERR_INVALID_CONN,
                        VIR_ERR_INVALID_DOMAIN);
    stop(dom);
}
END_TEST

static void bad_arguments_of_connection(virConnectPtr conn)
{
    unsigned long long cells[1];
    char *names[1];
    int ids[1];

    FAILS(virConnectListDomains(conn, NULL, 1), VIR_ERR_INVALID_ARG);
    FAILS(virConnectListDomains(conn, ids, -1), VIR_ERR_INVALID_ARG);
    FAILS(virConnectListDefinedDomains(conn, NULL, 1), VIR_ERR_INVALID_ARG);
    FAILS(virConnectListDefinedDomains(conn, names, -1), VIR_ERR_INVALID_ARG);
    FAILS_PTR(virDomainLookupByID(conn, -1), VIR_ERR_INVALID_ARG);
    FAILS_PTR(virDomainLookupByName(conn, NULL), VIR_ERR_INVALID_ARG);
    FAILS_PTR(virDomainLookupByUUID(conn, NULL), VIR_ERR_INVALID_ARG);
    FAILS_PTR(virDomainDefineXML(conn, NULL), VIR_ERR_INVALID_ARG);
    FAILS_PTR(virDomainDefineXMLFlags(conn, NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS_PTR(virDomainCreateXML(conn, NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainRestore(conn, NULL), VIR_ERR_INVALID_ARG);
    FAILS(virDomainRestore(conn, ""), VIR_ERR_INVALID_ARG);
    FAILS(virDomainRestoreFlags(conn, NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainRestoreParams(conn, NULL, 1, 0), VIR_ERR_INVALID_ARG);
    FAILS_PTR(virDomainSaveImageGetXMLDesc(conn, NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainSaveImageDefineXML(conn, NULL, "<x/>", 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainSaveImageDefineXML(conn, "/x", NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virConnectGetCPUModelNames(conn, NULL, NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virNodeGetInfo(conn, NULL), VIR_ERR_INVALID_ARG);
    FAILS(virNodeGetCellsFreeMemory(conn, NULL, 0, 1), VIR_ERR_INVALID_ARG);
    FAILS(virNodeGetCellsFreeMemory(conn, cells, -1, 1), VIR_ERR_INVALID_ARG);
    FAILS(virNodeGetCellsFreeMemory(conn, cells, 0, 0), VIR_ERR_INVALID_ARG);
    FAILS(virNodeGetCellsFreeMemory(conn, cells, 0, -1), VIR_ERR_INVALID_ARG);
    FAILS(virNodeGetSecurityModel(conn, NULL), VIR_ERR_INVALID_ARG);
}

static void bad_arguments_of_domain(virDomainPtr dom)
{
    virTypedParameterPtr params;
    char *text;
    int number, count;

    FAILS(virDomainGetUUID(dom, NULL), VIR_ERR_INVALID_ARG);
    FAILS(virDomainGetUUIDString(dom, NULL), VIR_ERR_INVALID_ARG);
    FAILS(virDomainGetAutostart(dom, NULL), VIR_ERR_INVALID_ARG);
    FAILS(virDomainRename(dom, NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainSave(dom, NULL), VIR_ERR_INVALID_ARG);
    FAILS(virDomainSave(dom, ""), VIR_ERR_INVALID_ARG);
    FAILS(virDomainSaveFlags(dom, NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainSaveParams(dom, NULL, 1, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainManagedSaveDefineXML(dom, NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainCoreDump(dom, NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainCoreDumpWithFormat(dom, NULL, 0, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainGetInfo(dom, NULL), VIR_ERR_INVALID_ARG);
    FAILS(virDomainGetState(dom, NULL, &number, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainGetControlInfo(dom, NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainGetMessages(dom, NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainGetSecurityLabel(dom, NULL), VIR_ERR_INVALID_ARG);
    FAILS(virDomainQemuMonitorCommand(dom, NULL, &text, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainQemuMonitorCommand(dom, "x", NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainGetJobStats(dom, NULL, &params, &count, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainGetJobStats(dom, &number, NULL, &count, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainGetJobStats(dom, &number, &params, NULL, 0), VIR_ERR_INVALID_ARG);
}

START_TEST(test_bad_arguments)
{
    virDomainPtr dom = start(nothing_more_script);

    bad_arguments_of_connection(virDomainGetConnect(dom));
    bad_arguments_of_domain(dom);
    stop(dom);
}
END_TEST

/* A relative path means nothing where the working directory is gone. */
START_TEST(test_no_working_directory)
{
    virDomainPtr dom = start(nothing_more_script);
    char dir[] = "/tmp/lib-domain-bad-XXXXXX";
    int before = open(".", O_PATH | O_CLOEXEC);

    ck_assert_int_ge(before, 0);
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(chdir(dir), 0);
    ck_assert_int_eq(rmdir(dir), 0);
    FAILS(virDomainSave(dom, "image"), VIR_ERR_SYSTEM_ERROR);
    FAILS(virDomainRestore(virDomainGetConnect(dom), "image"), VIR_ERR_SYSTEM_ERROR);
    ck_assert_int_eq(fchdir(before), 0);
    ck_assert_int_eq(close(before), 0);
    stop(dom);
}
END_TEST

/* --- the daemon fails every call --- */

/* Answers every call until the client says good-bye. */
static void answer_all(int fd, void (*answer)(int fd, const struct frame_header *call))
{
    struct fake_call call;

    look_up_script(fd);
    while (fake_read(fd, &call)) {
        if (call.header.procedure == REMOTE_PROC_CONNECT_CLOSE)
            fake_reply(fd, &call.header, NULL, NULL);
        else
            answer(fd, &call.header);
        fake_call_done(&call);
    }
}

static void answer_no_domain(int fd, const struct frame_header *call)
{
    fake_fail(fd, call, VIR_ERR_NO_DOMAIN, VIR_FROM_QEMU, "Domain not found: 'd'");
}

static void failing_script(int fd)
{
    answer_all(fd, answer_no_domain);
}

START_TEST(test_daemon_fails)
{
    virDomainPtr dom = start(failing_script);
    virConnectPtr conn = virDomainGetConnect(dom);

    of_connection(conn, VIR_ERR_NO_DOMAIN);
    of_domain(dom, VIR_ERR_NO_DOMAIN);
    answered_by_nothing(conn, dom, VIR_ERR_NO_DOMAIN, VIR_ERR_NO_DOMAIN);
    ck_assert_uint_eq(virDomainGetID(dom), 7); /* nothing was started or ended */
    stop(dom);
}
END_TEST

/* --- the daemon answers with garbage --- */

static void answer_with(int fd, const struct frame_header *call, const void *payload, size_t len)
{
    char packet[4096];
    struct frame_header header = *call;
    _cleanup_free_ void *empty = NULL;
    uint32_t size = htonl((uint32_t)(FRAME_MIN + len));
    size_t empty_len;

    header.type = FRAME_REPLY;
    empty = fake_packet(&header, NULL, NULL, &empty_len);
    ck_assert_uint_eq(empty_len, FRAME_MIN);
    ck_assert_uint_le(FRAME_MIN + len, sizeof(packet));
    memcpy(packet, empty, FRAME_MIN);
    memcpy(packet, &size, sizeof(size));
    memcpy(packet + FRAME_MIN, payload, len);
    fake_write(fd, packet, FRAME_MIN + len);
}

static void answer_too_short(int fd, const struct frame_header *call)
{
    answer_with(fd, call, "\0\0\0", 3);
}

static void short_script(int fd)
{
    answer_all(fd, answer_too_short);
}

START_TEST(test_too_short)
{
    virDomainPtr dom = start(short_script);

    of_connection(virDomainGetConnect(dom), VIR_ERR_RPC);
    of_domain(dom, VIR_ERR_RPC);
    ck_assert_uint_eq(virDomainGetID(dom), 7);
    stop(dom);
}
END_TEST

/* A count, a length or a presence that no call has: 0xffffffff wherever one is read. */
static void answer_huge(int fd, const struct frame_header *call)
{
    char payload[1024];

    memset(payload, 0xff, sizeof(payload));
    answer_with(fd, call, payload, sizeof(payload));
}

static void huge_script(int fd)
{
    answer_all(fd, answer_huge);
}

START_TEST(test_huge_counts)
{
    virDomainPtr dom = start(huge_script);
    virConnectPtr conn = virDomainGetConnect(dom);
    virTypedParameterPtr params = NULL;
    virSecurityModel model;
    virSecurityLabel label;
    virDomainPtr *domains;
    char **list, *names[1];
    int ids[1], type = 5, count = 5;

    FAILS(virConnectListDomains(conn, ids, 1), VIR_ERR_RPC);
    FAILS(virConnectListDefinedDomains(conn, names, 1), VIR_ERR_RPC);
    FAILS(virConnectListAllDomains(conn, &domains, 0), VIR_ERR_RPC);
    ck_assert_ptr_null(domains);
    FAILS(virConnectGetCPUModelNames(conn, "x", &list, 0), VIR_ERR_RPC);
    ck_assert_ptr_null(list);
    FAILS(virDomainGetMessages(dom, &list, 0), VIR_ERR_RPC);
    ck_assert_ptr_null(list);
    FAILS(virDomainGetJobStats(dom, &type, &params, &count, 0), VIR_ERR_RPC);
    ck_assert(type == 5 && count == 5 && !params);
    FAILS(virNodeGetSecurityModel(conn, &model), VIR_ERR_RPC);
    FAILS(virDomainGetSecurityLabel(dom, &label), VIR_ERR_RPC);
    FAILS_PTR(virDomainGetXMLDesc(dom, 0), VIR_ERR_RPC);
    FAILS(virDomainCreate(dom), VIR_ERR_RPC);
    ck_assert_uint_eq(virDomainGetID(dom), 7);
    stop(dom);
}
END_TEST

/* Statistics as they must not be: words of the payload, and what is wrong with it. */
static const struct {
    const char *what;
    uint32_t words[40];
    size_t count;
} bad_stats[] = {
    { "65 parameters", { 1, 65 }, 40 },
    { "two where there is one", { 1, 2, 1, 'x' << 24, 1, 5 }, 6 },
    { "type 0", { 1, 1, 1, 'x' << 24, 0, 5 }, 6 },
    { "type 8", { 1, 1, 1, 'x' << 24, 8, 5 }, 6 },
    { "type -1", { 1, 1, 1, 'x' << 24, 0xffffffff, 5 }, 6 },
    { "type 8 behind a text", { 1, 2, 1, 'x' << 24, 7, 1, 'y' << 24, 1, 'x' << 24, 8, 5 }, 11 },
    { "a name of 80 bytes", { 1, 1, 80, [23] = 1 }, 25 },
    { "a text without its end", { 1, 1, 1, 'x' << 24, 7, 5, 'y' << 24 }, 7 },
    { "half a number", { 1, 1, 1, 'x' << 24, 4, 5 }, 6 },
};

static size_t stats_next; /* which of them is answered; the test waits for each */

static void answer_stats(int fd, const struct frame_header *call)
{
    uint32_t words[40];

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        words[i] = htonl(bad_stats[stats_next].words[i]);
    answer_with(fd, call, words, bad_stats[stats_next].count * sizeof(*words));
}

static void stats_script(int fd)
{
    answer_all(fd, answer_stats);
}

START_TEST(test_bad_stats)
{
    virDomainPtr dom = start(stats_script);

    for (size_t i = 0; i < ARRAY_SIZE(bad_stats); i++) {
        virTypedParameterPtr params = NULL;
        int type = 0, count = 0;

        stats_next = i;
        assert_failed(bad_stats[i].what,
                      virDomainGetJobStats(dom, &type, &params, &count, 0) == -1, VIR_ERR_RPC);
        ck_assert_ptr_null(params);
    }
    stop(dom);
}
END_TEST

/* More than was asked for: an answer of three. */
static void answer_three(int fd, const struct frame_header *call)
{
    uint32_t ids[] = { htonl(3), htonl(1), htonl(2), htonl(3) };
    uint32_t names[] = { htonl(3), 0, 0, 0 };

    if (call->procedure == REMOTE_PROC_CONNECT_LIST_DOMAINS)
        answer_with(fd, call, ids, sizeof(ids));
    else
        answer_with(fd, call, names, sizeof(names));
}

static void three_script(int fd)
{
    answer_all(fd, answer_three);
}

START_TEST(test_more_than_asked_for)
{
    virDomainPtr dom = start(three_script);
    virConnectPtr conn = virDomainGetConnect(dom);
    char *names[3] = { NULL };
    int ids[3] = { 0, 0, 77 };

    FAILS(virConnectListDomains(conn, ids, 2), VIR_ERR_RPC);
    ck_assert_int_eq(ids[2], 77);
    FAILS(virConnectListDomains(conn, NULL, 0), VIR_ERR_RPC);
    FAILS(virConnectListDefinedDomains(conn, names, 2), VIR_ERR_RPC);
    ck_assert_int_eq(virConnectListDomains(conn, ids, 3), 3);
    ck_assert_int_eq(ids[2], 3);
    ck_assert_int_eq(virConnectListDefinedDomains(conn, names, 3), 3);
    for (int i = 0; i < 3; i++)
        free(names[i]);
    stop(dom);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lib-domain-bad");
    TCase *tcase = tcase_create("bad");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_no_objects);
    tcase_add_test(tcase, test_objects_of_another_kind);
    tcase_add_test(tcase, test_bad_arguments);
    tcase_add_test(tcase, test_no_working_directory);
    tcase_add_test(tcase, test_daemon_fails);
    tcase_add_test(tcase, test_too_short);
    tcase_add_test(tcase, test_huge_counts);
    tcase_add_test(tcase, test_bad_stats);
    tcase_add_test(tcase, test_more_than_asked_for);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);

    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
