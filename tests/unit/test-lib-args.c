/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the library refuses before any call is made: objects and arguments that are none. */

#include <check.h>
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

#define UUID_TEXT "00010203-0405-0607-0809-0a0b0c0d0e0f"
#define TEXT(literal) ((char *)(uintptr_t)(literal))

static void assert_refused(bool failed, int code)
{
    ck_assert(failed);
    ck_assert_int_eq(virGetLastErrorCode(), code);
    virResetLastError();
}

#define REFUSED(call, code) assert_refused((call) == -1, code)
#define REFUSED_PTR(call, code) assert_refused((call) == NULL, code)

START_TEST(test_null_objects)
{
    virJobInfo info;

    REFUSED(virConnectClose(NULL), VIR_ERR_INVALID_CONN);
    REFUSED(virConnectRef(NULL), VIR_ERR_INVALID_CONN);
    REFUSED_PTR(virConnectGetURI(NULL), VIR_ERR_INVALID_CONN);
    REFUSED_PTR(virConnectGetType(NULL), VIR_ERR_INVALID_CONN);
    REFUSED(virConnectSetKeepAlive(NULL, 5, 5), VIR_ERR_INVALID_CONN);
    REFUSED(virConnectListAllJobs(NULL, NULL, 0), VIR_ERR_INVALID_CONN);
    REFUSED(virConnectWaitJob(NULL, 1, &info, 0), VIR_ERR_INVALID_CONN);
    REFUSED_PTR(virStoragePoolLookupByName(NULL, "p"), VIR_ERR_INVALID_CONN);
    REFUSED_PTR(virDomainLookupByUUIDString(NULL, UUID_TEXT), VIR_ERR_INVALID_CONN);
    REFUSED(virStoragePoolFree(NULL), VIR_ERR_INVALID_STORAGE_POOL);
    REFUSED_PTR(virStoragePoolGetName(NULL), VIR_ERR_INVALID_STORAGE_POOL);
    REFUSED(virStoragePoolBuild(NULL, 0), VIR_ERR_INVALID_STORAGE_POOL);
    REFUSED_PTR(virStorageVolCreateXML(NULL, "<volume/>", 0), VIR_ERR_INVALID_STORAGE_POOL);
    REFUSED(virStoragePoolGetJobInfo(NULL, &info), VIR_ERR_INVALID_STORAGE_POOL);
    REFUSED(virStorageVolFree(NULL), VIR_ERR_INVALID_STORAGE_VOL);
    REFUSED_PTR(virStorageVolGetKey(NULL), VIR_ERR_INVALID_STORAGE_VOL);
    REFUSED(virStorageVolCancelJob(NULL), VIR_ERR_INVALID_STORAGE_VOL);
    REFUSED_PTR(virStoragePoolLookupByVolume(NULL), VIR_ERR_INVALID_STORAGE_VOL);
    REFUSED(virDomainFree(NULL), VIR_ERR_INVALID_DOMAIN);
    REFUSED(virDomainWaitJob(NULL, &info, 0), VIR_ERR_INVALID_DOMAIN);
    virJobRecordFree(NULL);
    REFUSED(virConnectListAllClients(NULL, NULL, 0), VIR_ERR_INVALID_CONN);
    REFUSED(virConnectCloseClient(NULL, 1, 0), VIR_ERR_INVALID_CONN);
    virClientRecordFree(NULL);
}
END_TEST

static void lookups_script(int fd)
{
    struct frame_header call;

    fake_handshake(fd);
    call = fake_expect(fd, FAKE_REMOTE(STORAGE_POOL_LOOKUP_BY_NAME), NULL, NULL);
    fake_reply(fd, &call, FAKE_XDR(remote_pool_ret),
               &(remote_pool_ret){ .pool = { .name = TEXT("p") } });
    fake_goodbye(fd); /* and nothing of all that is refused arrives here */
}

START_TEST(test_bad_arguments)
{
    virStoragePoolPtr pool;
    virConnectPtr conn;
    _cleanup_free_ char *text = malloc(WIRE_STRING_MAX + 2);

    memset(text, 't', WIRE_STRING_MAX + 1);
    text[WIRE_STRING_MAX + 1] = '\0';
    (void)fake_start(lookups_script);
    conn = fake_open();
    pool = virStoragePoolLookupByName(conn, "p");
    REFUSED_PTR(virStoragePoolLookupByName(conn, NULL), VIR_ERR_INVALID_ARG);
    REFUSED_PTR(virStoragePoolLookupByName(conn, text), VIR_ERR_INVALID_ARG);
    REFUSED_PTR(virStoragePoolLookupByUUID(conn, NULL), VIR_ERR_INVALID_ARG);
    REFUSED_PTR(virStoragePoolLookupByUUIDString(conn, NULL), VIR_ERR_INVALID_ARG);
    REFUSED_PTR(virStoragePoolLookupByUUIDString(conn, "none"), VIR_ERR_INVALID_ARG);
    REFUSED_PTR(virStoragePoolDefineXML(conn, NULL, 0), VIR_ERR_INVALID_ARG);
    REFUSED_PTR(virConnectFindStoragePoolSources(conn, NULL, NULL, 0), VIR_ERR_INVALID_ARG);
    REFUSED_PTR(virStorageVolLookupByPath(conn, NULL), VIR_ERR_INVALID_ARG);
    REFUSED_PTR(virStorageVolLookupByName(pool, NULL), VIR_ERR_INVALID_ARG);
    REFUSED_PTR(virStorageVolCreateXML(pool, NULL, 0), VIR_ERR_INVALID_ARG);
    REFUSED_PTR(virStorageVolCreateXMLFrom(pool, "<volume/>", NULL, 0),
                VIR_ERR_INVALID_STORAGE_VOL);
    REFUSED(virStoragePoolListVolumes(pool, NULL, 1), VIR_ERR_INVALID_ARG);
    REFUSED(virStoragePoolListVolumes(pool, &text, -1), VIR_ERR_INVALID_ARG);
    REFUSED(virStoragePoolGetInfo(pool, NULL), VIR_ERR_INVALID_ARG);
    REFUSED(virStoragePoolGetUUID(pool, NULL), VIR_ERR_INVALID_ARG);
    REFUSED(virStoragePoolGetUUIDString(pool, NULL), VIR_ERR_INVALID_ARG);
    REFUSED(virStoragePoolGetAutostart(pool, NULL), VIR_ERR_INVALID_ARG);
    REFUSED(virConnectGetVersion(conn, NULL), VIR_ERR_INVALID_ARG);
    REFUSED(virGetVersion(NULL, NULL, NULL), VIR_ERR_INVALID_ARG);
    /* an object of another kind is none of this kind */
    REFUSED(virStorageVolDelete((virStorageVolPtr)pool, 0), VIR_ERR_INVALID_STORAGE_VOL);
    REFUSED(virStoragePoolBuild((virStoragePoolPtr)conn, 0), VIR_ERR_INVALID_STORAGE_POOL);
    REFUSED(virConnectIsAlive((virConnectPtr)pool), VIR_ERR_INVALID_CONN);
    ck_assert_int_eq(virStoragePoolFree(pool), 0);
    ck_assert_int_eq(virConnectClose(conn), 0);
    fake_stop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lib-args");
    TCase *tcase = tcase_create("args");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_null_objects);
    tcase_add_test(tcase, test_bad_arguments);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);

    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
