/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every function of the library that calls the daemon for a connection, a
 * pool, a volume or a job, against one that knows every procedure: the
 * arguments that arrive have the procedure's shape to the last byte, and what
 * comes back has every field in its place.  For the others see test-lib-domain.c.
 */

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "fake-rows.h"
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
#define UUID_TEXT "00010203-0405-0607-0809-0a0b0c0d0e0f"

/* --- the answers --- */

static char *two_names[] = { TEXT("first"), TEXT("second") };
static wire_pool two_pools[] = { { TEXT("first"), UUID }, { TEXT("second"), UUID } };
static wire_vol two_vols[] = {
    { TEXT("p"), TEXT("first"), TEXT("/p/first") },
    { TEXT("p"), TEXT("second"), TEXT("/p/second") },
};
static char *message = TEXT("operation failed: disk full"), *step = TEXT("copy"),
            *note = TEXT("cancelling");
static wire_error job_failure = {
    .code = VIR_ERR_OPERATION_FAILED,
    .domain = VIR_FROM_STORAGE,
    .message = &message,
    .level = VIR_ERR_ERROR,
    .int1 = 28,
};

#define SAMPLE_RECORD(number)                                                       \
    {                                                                               \
        .id = (number), .kind = JOB_TARGET_VOL, .name = TEXT("v"), .pool = TEXT("p"), \
        .uuid = UUID, .operation = TEXT("vol-clone"), .phase = VIR_JOB_PHASE_RUNNING, \
        .info = { VIR_JOB_BOUNDED, VIR_JOB_RUNNING, 11, 12, 13 }, .done = 14,       \
        .total = 1ULL << 40, .rate = 16, .queued_at = 17, .started_at = 18,         \
        .ended_at = 19, .started_by = TEXT("uid 0"), .note = &note,                 \
        .error_code = VIR_ERR_OPERATION_FAILED, .error_message = &message,          \
        .error_step = &step, .speed = 20                                            \
    }

static remote_int_ret ret_int = { 2 };
static remote_uhyper_ret ret_uhyper = { 8002002 };
static remote_text_ret ret_text = { TEXT("text") };
static remote_names_ret ret_names = { { 2, two_names } };
static remote_domain_ret ret_domain = { { TEXT("d"), UUID, -1 } };
static remote_pool_ret ret_pool = { { TEXT("p"), UUID } };
static remote_vol_ret ret_vol = { { TEXT("p"), TEXT("v"), TEXT("/p/v") } };
static remote_pool_list_ret ret_pools = { { 2, two_pools }, 2 };
static remote_vol_list_ret ret_vols = { { 2, two_vols }, 2 };
static remote_pool_info_ret ret_pool_info = { VIR_STORAGE_POOL_RUNNING, 1ULL << 60, 7, 8 };
static remote_vol_info_ret ret_vol_info = { VIR_STORAGE_VOL_BLOCK, 1ULL << 60, 7 };
static job_info_ret ret_info = { { VIR_JOB_UNBOUNDED, VIR_JOB_FAILED, 5, 6, 7 } };
static job_error_ret ret_error = { &job_failure };
static job_record_ret ret_record = { SAMPLE_RECORD(77) };
static job_wait_ret ret_wait = { 1, { VIR_JOB_BOUNDED, VIR_JOB_COMPLETE, 5, 0, 100 } };

/* --- the procedures --- */

union call_args {
    remote_pool_clone_args clone;
    remote_pool_flags_args pool_flags;
    remote_vol_flags_args vol_flags;
    remote_vol_wipe_args wipe;
    remote_vol_resize_args resize;
    remote_pool_int_args pool_int;
    remote_find_sources_args sources;
    job_target_args target;
    job_wait_args wait;
    job_list_args list;
    job_set_speed_args speed;
};

#define args (*(union call_args *)fake_args)

static struct fake_row rows[] = {
    { FAKE_REMOTE(CONNECT_GET_TYPE), NO_ARGS, RET(remote_text_ret, ret_text), false },
    { FAKE_REMOTE(CONNECT_GET_VERSION), NO_ARGS, RET(remote_uhyper_ret, ret_uhyper), false },
    { FAKE_REMOTE(CONNECT_GET_LIB_VERSION), NO_ARGS, RET(remote_uhyper_ret, ret_uhyper), false },
    { FAKE_REMOTE(CONNECT_GET_HOSTNAME), NO_ARGS, RET(remote_text_ret, ret_text), false },
    { FAKE_REMOTE(CONNECT_IS_SECURE), NO_ARGS, RET(remote_int_ret, ret_int), false },
    { FAKE_REMOTE(DOMAIN_LOOKUP_BY_NAME), ARGS(remote_text_args),
      RET(remote_domain_ret, ret_domain), false },
    { FAKE_REMOTE(DOMAIN_LOOKUP_BY_UUID), ARGS(remote_uuid_args),
      RET(remote_domain_ret, ret_domain), false },
    { FAKE_REMOTE(CONNECT_NUM_OF_STORAGE_POOLS), NO_ARGS, RET(remote_int_ret, ret_int), false },
    { FAKE_REMOTE(CONNECT_LIST_STORAGE_POOLS), ARGS(remote_int_args),
      RET(remote_names_ret, ret_names), false },
    { FAKE_REMOTE(CONNECT_NUM_OF_DEFINED_STORAGE_POOLS), NO_ARGS, RET(remote_int_ret, ret_int),
      false },
    { FAKE_REMOTE(CONNECT_LIST_DEFINED_STORAGE_POOLS), ARGS(remote_int_args),
      RET(remote_names_ret, ret_names), false },
    { FAKE_REMOTE(CONNECT_FIND_STORAGE_POOL_SOURCES), ARGS(remote_find_sources_args),
      RET(remote_text_ret, ret_text), false },
    { FAKE_REMOTE(STORAGE_POOL_CREATE_XML), ARGS(remote_xml_args), RET(remote_pool_ret, ret_pool),
      false },
    { FAKE_REMOTE(STORAGE_POOL_DEFINE_XML), ARGS(remote_xml_args), RET(remote_pool_ret, ret_pool),
      false },
    { FAKE_REMOTE(STORAGE_POOL_CREATE), ARGS(remote_pool_flags_args), NO_RET, false },
    { FAKE_REMOTE(STORAGE_POOL_BUILD), ARGS(remote_pool_flags_args), NO_RET, false },
    { FAKE_REMOTE(STORAGE_POOL_DESTROY), ARGS(remote_pool_args), NO_RET, false },
    { FAKE_REMOTE(STORAGE_POOL_DELETE), ARGS(remote_pool_flags_args), NO_RET, false },
    { FAKE_REMOTE(STORAGE_POOL_UNDEFINE), ARGS(remote_pool_args), NO_RET, false },
    { FAKE_REMOTE(STORAGE_POOL_REFRESH), ARGS(remote_pool_flags_args), NO_RET, false },
    { FAKE_REMOTE(STORAGE_POOL_LOOKUP_BY_NAME), ARGS(remote_text_args),
      RET(remote_pool_ret, ret_pool), false },
    { FAKE_REMOTE(STORAGE_POOL_LOOKUP_BY_UUID), ARGS(remote_uuid_args),
      RET(remote_pool_ret, ret_pool), false },
    { FAKE_REMOTE(STORAGE_POOL_LOOKUP_BY_VOLUME), ARGS(remote_vol_args),
      RET(remote_pool_ret, ret_pool), false },
    { FAKE_REMOTE(STORAGE_POOL_LOOKUP_BY_TARGET_PATH), ARGS(remote_text_args),
      RET(remote_pool_ret, ret_pool), false },
    { FAKE_REMOTE(STORAGE_POOL_GET_INFO), ARGS(remote_pool_args),
      RET(remote_pool_info_ret, ret_pool_info), false },
    { FAKE_REMOTE(STORAGE_POOL_GET_XML_DESC), ARGS(remote_pool_flags_args),
      RET(remote_text_ret, ret_text), false },
    { FAKE_REMOTE(STORAGE_POOL_GET_AUTOSTART), ARGS(remote_pool_args), RET(remote_int_ret, ret_int),
      false },
    { FAKE_REMOTE(STORAGE_POOL_SET_AUTOSTART), ARGS(remote_pool_int_args), NO_RET, false },
    { FAKE_REMOTE(STORAGE_POOL_IS_ACTIVE), ARGS(remote_pool_args), RET(remote_int_ret, ret_int),
      false },
    { FAKE_REMOTE(STORAGE_POOL_IS_PERSISTENT), ARGS(remote_pool_args), RET(remote_int_ret, ret_int),
      false },
    { FAKE_REMOTE(STORAGE_POOL_NUM_OF_VOLUMES), ARGS(remote_pool_args),
      RET(remote_int_ret, ret_int), false },
    { FAKE_REMOTE(STORAGE_POOL_LIST_VOLUMES), ARGS(remote_pool_int_args),
      RET(remote_names_ret, ret_names), false },
    { FAKE_REMOTE(STORAGE_VOL_CREATE_XML), ARGS(remote_pool_xml_args), RET(remote_vol_ret, ret_vol),
      false },
    { FAKE_REMOTE(STORAGE_VOL_CREATE_XML_FROM), ARGS(remote_pool_clone_args),
      RET(remote_vol_ret, ret_vol), false },
    { FAKE_REMOTE(STORAGE_VOL_DELETE), ARGS(remote_vol_flags_args), NO_RET, false },
    { FAKE_REMOTE(STORAGE_VOL_WIPE), ARGS(remote_vol_flags_args), NO_RET, false },
    { FAKE_REMOTE(STORAGE_VOL_WIPE_PATTERN), ARGS(remote_vol_wipe_args), NO_RET, false },
    { FAKE_REMOTE(STORAGE_VOL_RESIZE), ARGS(remote_vol_resize_args), NO_RET, false },
    { FAKE_REMOTE(STORAGE_VOL_LOOKUP_BY_NAME), ARGS(remote_pool_text_args),
      RET(remote_vol_ret, ret_vol), false },
    { FAKE_REMOTE(STORAGE_VOL_LOOKUP_BY_KEY), ARGS(remote_text_args), RET(remote_vol_ret, ret_vol),
      false },
    { FAKE_REMOTE(STORAGE_VOL_LOOKUP_BY_PATH), ARGS(remote_text_args), RET(remote_vol_ret, ret_vol),
      false },
    { FAKE_REMOTE(STORAGE_VOL_GET_INFO), ARGS(remote_vol_args),
      RET(remote_vol_info_ret, ret_vol_info), false },
    { FAKE_REMOTE(STORAGE_VOL_GET_INFO_FLAGS), ARGS(remote_vol_flags_args),
      RET(remote_vol_info_ret, ret_vol_info), false },
    { FAKE_REMOTE(STORAGE_VOL_GET_XML_DESC), ARGS(remote_vol_flags_args),
      RET(remote_text_ret, ret_text), false },
    { FAKE_REMOTE(STORAGE_VOL_GET_PATH), ARGS(remote_vol_args), RET(remote_text_ret, ret_text),
      false },
    { FAKE_REMOTE(CONNECT_LIST_ALL_STORAGE_POOLS), ARGS(remote_list_all_args),
      RET(remote_pool_list_ret, ret_pools), false },
    { FAKE_REMOTE(STORAGE_POOL_LIST_ALL_VOLUMES), ARGS(remote_pool_list_all_args),
      RET(remote_vol_list_ret, ret_vols), false },
    { FAKE_REMOTE(CONNECT_GET_STORAGE_POOL_CAPABILITIES), ARGS(remote_flags_args),
      RET(remote_text_ret, ret_text), false },
    { FAKE_JOB(GET_INFO), ARGS(job_target_args), RET(job_info_ret, ret_info), false },
    { FAKE_JOB(CANCEL), ARGS(job_target_args), NO_RET, false },
    { FAKE_JOB(GET_ERROR), ARGS(job_target_args), RET(job_error_ret, ret_error), false },
    { FAKE_JOB(GET_RECORD), ARGS(job_target_args), RET(job_record_ret, ret_record), false },
    { FAKE_JOB(SET_SPEED), ARGS(job_set_speed_args), NO_RET, false },
    { FAKE_JOB(PAUSE), ARGS(job_target_args), NO_RET, false },
    { FAKE_JOB(RESUME), ARGS(job_target_args), NO_RET, false },
    { FAKE_JOB(WAIT), ARGS(job_wait_args), RET(job_wait_ret, ret_wait), false },
};

static void every_call_script(int fd)
{
    fake_serve(fd, rows, ARRAY_SIZE(rows));
}

/* --- the calls, by kind --- */

static void assert_text(char *text)
{
    ck_assert_pstr_eq(text, "text");
    free(text);
}

static void assert_names(char **names, int count)
{
    ck_assert_int_eq(count, 2);
    ck_assert_str_eq(names[0], "first");
    ck_assert_str_eq(names[1], "second");
    free(names[0]);
    free(names[1]);
}

static void call_connect(virConnectPtr conn)
{
    unsigned long version = 0;
    const char *type;

    type = virConnectGetType(conn);
    ck_assert_pstr_eq(type, "text");
    ck_assert_ptr_eq(virConnectGetType(conn), type);
    ck_assert_int_eq(virConnectGetVersion(conn, &version), 0);
    ck_assert_uint_eq(version, 8002002);
    version = 0;
    ck_assert_int_eq(virConnectGetLibVersion(conn, &version), 0);
    ck_assert_uint_eq(version, 8002002);
    assert_text(virConnectGetHostname(conn));
    ck_assert_int_eq(virConnectIsAlive(conn), 1);
    ck_assert_int_eq(virConnectIsSecure(conn), 2);
    ck_assert_int_eq(virConnectIsEncrypted(conn), 0);
    ck_assert_int_eq(virConnectRef(conn), 0);
    ck_assert_int_eq(virConnectClose(conn), 3); /* the opener's, a pool's, a volume's */
}

static void assert_pool(virStoragePoolPtr pool)
{
    char uuid[VIR_UUID_STRING_BUFLEN];

    ck_assert_msg(pool != NULL, "%s", virGetLastErrorMessage());
    ck_assert_str_eq(virStoragePoolGetName(pool), "p");
    ck_assert_int_eq(virStoragePoolGetUUIDString(pool, uuid), 0);
    ck_assert_str_eq(uuid, UUID_TEXT);
    ck_assert_int_eq(virStoragePoolFree(pool), 0);
}

static void find_pools(virConnectPtr conn, virStorageVolPtr vol)
{
    static const unsigned char uuid[VIR_UUID_BUFLEN] = UUID;
    virStoragePoolPtr *pools;
    char *names[2];

    ck_assert_int_eq(virConnectNumOfStoragePools(conn), 2);
    assert_names(names, virConnectListStoragePools(conn, names, 2));
    ck_assert_int_eq(virConnectNumOfDefinedStoragePools(conn), 2);
    assert_names(names, virConnectListDefinedStoragePools(conn, names, 2));
    ck_assert_int_eq(virConnectListStoragePools(conn, names, 1), -1); /* the answer has two */
    ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_RPC);
    ck_assert_int_eq(virConnectListAllStoragePools(conn, NULL, 0), 2);
    ck_assert_int_eq(virConnectListAllStoragePools(conn, &pools, 0), 2);
    ck_assert_str_eq(virStoragePoolGetName(pools[1]), "second");
    ck_assert_ptr_null(pools[2]);
    ck_assert_int_eq(virStoragePoolFree(pools[0]), 0);
    ck_assert_int_eq(virStoragePoolFree(pools[1]), 0);
    free(pools);
    assert_text(virConnectFindStoragePoolSources(conn, "dir", NULL, 0));
    ck_assert_ptr_null(args.sources.spec);
    assert_text(virConnectFindStoragePoolSources(conn, "dir", "<source/>", 3));
    ck_assert_str_eq(args.sources.type, "dir");
    ck_assert_str_eq(*args.sources.spec, "<source/>");
    ck_assert_uint_eq(args.sources.flags, 3);
    assert_text(virConnectGetStoragePoolCapabilities(conn, 0));
    assert_pool(virStoragePoolLookupByName(conn, "p"));
    assert_pool(virStoragePoolLookupByUUID(conn, uuid));
    assert_pool(virStoragePoolLookupByUUIDString(conn, UUID_TEXT));
    assert_pool(virStoragePoolLookupByVolume(vol));
    assert_pool(virStoragePoolLookupByTargetPath(conn, "/p"));
    assert_pool(virStoragePoolDefineXML(conn, "<pool/>", 0));
    assert_pool(virStoragePoolCreateXML(conn, "<pool/>", VIR_STORAGE_POOL_CREATE_ASYNC));
}

static void assert_pool_flags(unsigned int flags)
{
    ck_assert_str_eq(args.pool_flags.pool.name, "p");
    ck_assert_int_eq(args.pool_flags.pool.uuid[15], 15);
    ck_assert_uint_eq(args.pool_flags.flags, flags);
}

static void call_pool(virConnectPtr conn, virStoragePoolPtr pool)
{
    virStoragePoolInfo info;
    unsigned char uuid[VIR_UUID_BUFLEN];
    char *names[3];
    int autostart = 0;

    ck_assert_int_eq(virStoragePoolBuild(pool, VIR_STORAGE_POOL_BUILD_OVERWRITE), 0);
    assert_pool_flags(VIR_STORAGE_POOL_BUILD_OVERWRITE);
    ck_assert_int_eq(virStoragePoolCreate(pool, VIR_STORAGE_POOL_CREATE_ASYNC), 0);
    assert_pool_flags(VIRTJOB_ASYNC_BIT);
    ck_assert_int_eq(virStoragePoolDelete(pool, VIR_STORAGE_POOL_DELETE_ZEROED), 0);
    assert_pool_flags(VIR_STORAGE_POOL_DELETE_ZEROED);
    ck_assert_int_eq(virStoragePoolRefresh(pool, VIR_STORAGE_POOL_REFRESH_ASYNC), 0);
    assert_pool_flags(VIRTJOB_ASYNC_BIT);
    ck_assert_int_eq(virStoragePoolDestroy(pool), 0);
    ck_assert_int_eq(virStoragePoolUndefine(pool), 0);
    ck_assert_int_eq(virStoragePoolGetUUID(pool, uuid), 0);
    ck_assert_int_eq(uuid[15], 15);
    ck_assert_int_eq(virStoragePoolGetInfo(pool, &info), 0);
    ck_assert_int_eq(info.state, VIR_STORAGE_POOL_RUNNING);
    ck_assert_uint_eq(info.capacity, 1ULL << 60);
    ck_assert_uint_eq(info.allocation, 7);
    ck_assert_uint_eq(info.available, 8);
    assert_text(virStoragePoolGetXMLDesc(pool, VIR_STORAGE_XML_INACTIVE));
    assert_pool_flags(VIR_STORAGE_XML_INACTIVE);
    ck_assert_int_eq(virStoragePoolGetAutostart(pool, &autostart), 0);
    ck_assert_int_eq(autostart, 2);
    ck_assert_int_eq(virStoragePoolSetAutostart(pool, 1), 0);
    ck_assert_int_eq(args.pool_int.value, 1);
    ck_assert_int_eq(virStoragePoolIsActive(pool), 2);
    ck_assert_int_eq(virStoragePoolIsPersistent(pool), 2);
    ck_assert_int_eq(virStoragePoolNumOfVolumes(pool), 2);
    assert_names(names, virStoragePoolListVolumes(pool, names, 3));
    ck_assert_int_eq(args.pool_int.value, 3);
    ck_assert_ptr_eq(virStoragePoolGetConnect(pool), conn);
    ck_assert_int_eq(virStoragePoolRef(pool), 0);
    ck_assert_int_eq(virStoragePoolFree(pool), 0);
}

static void assert_vol(virStorageVolPtr vol)
{
    ck_assert_msg(vol != NULL, "%s", virGetLastErrorMessage());
    ck_assert_str_eq(virStorageVolGetName(vol), "v");
    ck_assert_str_eq(virStorageVolGetKey(vol), "/p/v");
    ck_assert_int_eq(virStorageVolFree(vol), 0);
}

static void find_vols(virConnectPtr conn, virStoragePoolPtr pool, virStorageVolPtr vol)
{
    virStorageVolPtr *vols;

    ck_assert_int_eq(virStoragePoolListAllVolumes(pool, NULL, 0), 2);
    ck_assert_int_eq(virStoragePoolListAllVolumes(pool, &vols, 0), 2);
    ck_assert_str_eq(virStorageVolGetKey(vols[1]), "/p/second");
    ck_assert_ptr_null(vols[2]);
    ck_assert_int_eq(virStorageVolFree(vols[0]), 0);
    ck_assert_int_eq(virStorageVolFree(vols[1]), 0);
    free(vols);
    assert_vol(virStorageVolLookupByName(pool, "v"));
    assert_vol(virStorageVolLookupByKey(conn, "/p/v"));
    assert_vol(virStorageVolLookupByPath(conn, "/p/v"));
    assert_vol(virStorageVolCreateXML(pool, "<volume/>", 1));
    assert_vol(virStorageVolCreateXMLFrom(pool, "<volume/>", vol,
                                          VIR_STORAGE_VOL_CREATE_XML_ASYNC |
                                              VIR_STORAGE_VOL_CREATE_REFLINK));
    ck_assert_str_eq(args.clone.pool.name, "p");
    ck_assert_str_eq(args.clone.xml, "<volume/>");
    ck_assert_str_eq(args.clone.source.key, "/p/v");
    ck_assert_uint_eq(args.clone.flags, VIRTJOB_ASYNC_BIT | 2);
}

static void call_vol(virConnectPtr conn, virStorageVolPtr vol)
{
    virStorageVolInfo info;

    ck_assert_int_eq(virStorageVolDelete(vol, VIR_STORAGE_VOL_DELETE_ASYNC), 0);
    ck_assert_uint_eq(args.vol_flags.flags, VIRTJOB_ASYNC_BIT);
    ck_assert_int_eq(virStorageVolWipe(vol, 0), 0);
    ck_assert_int_eq(virStorageVolWipePattern(vol, VIR_STORAGE_VOL_WIPE_ALG_DOD, 5), 0);
    ck_assert_uint_eq(args.wipe.algorithm, VIR_STORAGE_VOL_WIPE_ALG_DOD);
    ck_assert_uint_eq(args.wipe.flags, 5);
    ck_assert_int_eq(virStorageVolResize(vol, 1ULL << 50, VIR_STORAGE_VOL_RESIZE_SHRINK), 0);
    ck_assert_uint_eq(args.resize.capacity, 1ULL << 50);
    ck_assert_uint_eq(args.resize.flags, VIR_STORAGE_VOL_RESIZE_SHRINK);
    assert_text(virStorageVolGetPath(vol));
    assert_text(virStorageVolGetXMLDesc(vol, 0));
    ck_assert_int_eq(virStorageVolGetInfo(vol, &info), 0);
    ck_assert_int_eq(info.type, VIR_STORAGE_VOL_BLOCK);
    ck_assert_uint_eq(info.capacity, 1ULL << 60);
    ck_assert_uint_eq(info.allocation, 7);
    ck_assert_int_eq(virStorageVolGetInfoFlags(vol, &info, VIR_STORAGE_VOL_GET_PHYSICAL), 0);
    ck_assert_uint_eq(args.vol_flags.flags, VIR_STORAGE_VOL_GET_PHYSICAL);
    ck_assert_ptr_eq(virStorageVolGetConnect(vol), conn);
    ck_assert_int_eq(virStorageVolRef(vol), 0);
    ck_assert_int_eq(virStorageVolFree(vol), 0);
}

static virDomainPtr find_domain(virConnectPtr conn)
{
    static const unsigned char uuid[VIR_UUID_BUFLEN] = UUID;
    char text[VIR_UUID_STRING_BUFLEN];
    unsigned char copy[VIR_UUID_BUFLEN];
    virDomainPtr dom = virDomainLookupByUUID(conn, uuid);

    ck_assert_ptr_nonnull(dom);
    ck_assert_int_eq(virDomainFree(dom), 0);
    dom = virDomainLookupByUUIDString(conn, UUID_TEXT);
    ck_assert_ptr_nonnull(dom);
    ck_assert_int_eq(virDomainRef(dom), 0);
    ck_assert_int_eq(virDomainFree(dom), 0);
    ck_assert_int_eq(virDomainFree(dom), 0);
    dom = virDomainLookupByName(conn, "d");
    ck_assert_ptr_nonnull(dom);
    ck_assert_str_eq(virDomainGetName(dom), "d");
    ck_assert_int_eq(virDomainGetUUID(dom, copy), 0);
    ck_assert_mem_eq(copy, uuid, sizeof(uuid));
    ck_assert_int_eq(virDomainGetUUIDString(dom, text), 0);
    ck_assert_str_eq(text, UUID_TEXT);
    ck_assert_ptr_eq(virDomainGetConnect(dom), conn);
    return dom;
}

/* --- jobs --- */

static void assert_record(virJobRecordPtr record, int kind)
{
    ck_assert_msg(record != NULL, "%s", virGetLastErrorMessage());
    ck_assert_int_eq(args.target.target.kind, kind);
    ck_assert_uint_eq(record->id, 77);
    ck_assert_int_eq(record->objectKind, VIR_JOB_OBJECT_STORAGE_VOL);
    ck_assert_str_eq(record->name, "v");
    ck_assert_str_eq(record->pool, "p");
    ck_assert_int_eq(record->uuid[15], 15);
    ck_assert_str_eq(record->operation, "vol-clone");
    ck_assert_int_eq(record->phase, VIR_JOB_PHASE_RUNNING);
    ck_assert_int_eq(record->info.percentComplete, 13);
    ck_assert_uint_eq(record->bytesDone, 14);
    ck_assert_uint_eq(record->bytesTotal, 1ULL << 40);
    ck_assert_uint_eq(record->rate, 16);
    ck_assert_int_eq(record->queuedAt, 17);
    ck_assert_int_eq(record->startedAt, 18);
    ck_assert_int_eq(record->endedAt, 19);
    ck_assert_str_eq(record->startedBy, "uid 0");
    ck_assert_str_eq(record->note, "cancelling");
    ck_assert_int_eq(record->errorCode, VIR_ERR_OPERATION_FAILED);
    ck_assert_str_eq(record->errorMessage, message);
    ck_assert_str_eq(record->errorStep, "copy");
    ck_assert_ptr_null(record->errorOutput);
    ck_assert_uint_eq(record->speed, 20);
    virJobRecordFree(record);
}

static void assert_info(int result, const virJobInfo *info, int kind)
{
    ck_assert_int_eq(result, 0);
    ck_assert_int_eq(args.target.target.kind, kind);
    ck_assert_int_eq(info->type, VIR_JOB_UNBOUNDED);
    ck_assert_int_eq(info->state, VIR_JOB_FAILED);
    ck_assert_uint_eq(info->runningTime, 5);
    ck_assert_uint_eq(info->remainingTime, 6);
    ck_assert_int_eq(info->percentComplete, 7);
}

static void assert_error(int result, virErrorPtr error, int kind)
{
    ck_assert_int_eq(result, 0);
    ck_assert_int_eq(args.target.target.kind, kind);
    ck_assert_int_eq(error->code, VIR_ERR_OPERATION_FAILED);
    ck_assert_int_eq(error->domain, VIR_FROM_STORAGE);
    ck_assert_str_eq(error->message, message);
    ck_assert_int_eq(error->int1, 28);
    ck_assert_ptr_null(virGetLastError());
    virResetError(error);
}

static void assert_waited(int result, const virJobInfo *info, int kind, int timeout_ms)
{
    ck_assert_int_eq(result, 0);
    ck_assert_int_eq(args.wait.target.kind, kind);
    ck_assert_int_eq(args.wait.timeout_ms, timeout_ms);
    ck_assert_int_eq(info->state, VIR_JOB_COMPLETE);
    ck_assert_int_eq(info->percentComplete, 100);
}

/* The six calls of each kind of object; they differ in nothing but the target. */
#define CALL_JOBS(prefix, object, wanted)                                               \
    do {                                                                                \
        virJobInfo info;                                                                \
        virError error;                                                                 \
                                                                                        \
        assert_info(prefix##GetJobInfo(object, &info), &info, wanted);                  \
        ck_assert_int_eq(prefix##CancelJob(object), 0);                                 \
        ck_assert_int_eq(args.target.target.kind, wanted);                              \
        ck_assert_int_eq(prefix##SetJobSpeed(object, 5ULL << 33, 0), 0);                \
        ck_assert_int_eq(args.speed.target.kind, wanted);                               \
        ck_assert_uint_eq(args.speed.speed, 5ULL << 33);                                \
        assert_error(prefix##GetJobError(object, &error), &error, wanted);              \
        assert_record(prefix##GetJobRecord(object, 0), wanted);                         \
        assert_waited(prefix##WaitJob(object, &info, -1), &info, wanted, -1);           \
        ck_assert_int_eq(prefix##WaitJob(object, NULL, 250), 0);                        \
        ck_assert_int_eq(args.wait.timeout_ms, 250);                                    \
        ck_assert_int_eq(prefix##WaitJob(object, &info, -2), -1);                       \
        ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_INVALID_ARG);                   \
        ck_assert_int_eq(prefix##GetJobInfo(object, NULL), -1);                         \
        ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_INVALID_ARG);                   \
        ck_assert_int_eq(prefix##GetJobError(object, NULL), -1);                        \
        ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_INVALID_ARG);                   \
    } while (0)

static void call_jobs_by_id(virConnectPtr conn)
{
    virJobInfo info;
    virError error;

    assert_record(virConnectGetJobRecord(conn, 1ULL << 33, 0), JOB_TARGET_ID);
    ck_assert_uint_eq(args.target.target.job_target_u.id, 1ULL << 33);
    ck_assert_int_eq(virConnectCancelJob(conn, 77, 0), 0);
    ck_assert_int_eq(virConnectSetJobSpeed(conn, 77, 1000, 0), 0);
    ck_assert_uint_eq(args.speed.target.job_target_u.id, 77);
    ck_assert_uint_eq(args.speed.speed, 1000);
    ck_assert_int_eq(virConnectPauseJob(conn, 78, 0), 0);
    ck_assert_uint_eq(args.target.target.job_target_u.id, 78);
    ck_assert_int_eq(virConnectResumeJob(conn, 79, 0), 0);
    ck_assert_uint_eq(args.target.target.job_target_u.id, 79);
    assert_error(virConnectGetJobError(conn, 77, &error), &error, JOB_TARGET_ID);
    assert_waited(virConnectWaitJob(conn, 77, &info, 0), &info, JOB_TARGET_ID, 0);
}

START_TEST(test_every_call)
{
    virStoragePoolPtr pool;
    virStorageVolPtr vol;
    virConnectPtr conn;
    virDomainPtr dom;

    (void)fake_start(every_call_script);
    conn = fake_open();
    pool = virStoragePoolLookupByName(conn, "p");
    ck_assert_ptr_nonnull(pool);
    vol = virStorageVolLookupByName(pool, "v");
    ck_assert_ptr_nonnull(vol);
    call_connect(conn);
    find_pools(conn, vol);
    call_pool(conn, pool);
    find_vols(conn, pool, vol);
    call_vol(conn, vol);
    dom = find_domain(conn);
    CALL_JOBS(virDomain, dom, JOB_TARGET_DOMAIN);
    CALL_JOBS(virStoragePool, pool, JOB_TARGET_POOL);
    CALL_JOBS(virStorageVol, vol, JOB_TARGET_VOL);
    call_jobs_by_id(conn);
    ck_assert_int_eq(virDomainFree(dom), 0);
    ck_assert_int_eq(virStorageVolFree(vol), 0);
    ck_assert_int_eq(virStoragePoolFree(pool), 0);
    ck_assert_int_eq(virConnectClose(conn), 0);
    fake_stop();
    fake_assert_seen(rows, ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_version)
{
    unsigned long version = 0, type_version = 0;
    unsigned int major, minor, release;

    ck_assert_int_eq(sscanf(VERSION, "%u.%u.%u", &major, &minor, &release), 3);
    ck_assert_int_eq(virGetVersion(&version, "qemu", &type_version), 0);
    ck_assert_uint_eq(version, major * 1000000 + minor * 1000 + release);
    ck_assert_uint_eq(type_version, version);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lib-api");
    TCase *tcase = tcase_create("api");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_every_call);
    tcase_add_test(tcase, test_version);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);

    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
