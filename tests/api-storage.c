/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every function of the client library for connections, pools, volumes and
 * their jobs, on a real daemon: with good arguments and with bad ones, and from
 * eight threads on one connection.  Started by api-storage.sh, which has the
 * daemon: api-storage URI READ-ONLY-URI EMPTY-DIRECTORY.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/api.h"

#define MIB (1024ull * 1024)

enum { THREADS = 8, ROUNDS = 50 };

static const char *uri, *ro_uri, *base;

/* --- the connection --- */

static void try_connection(void)
{
    static const char bad[] = "qemu+unix:///session?socket=/nonexistent/sock";
    unsigned long version = 0;
    virConnectPtr other;

    CHECK(virConnectOpen(bad) == NULL && virGetLastErrorCode() != VIR_ERR_OK);
    CHECK(virConnectOpen("nonsense://") == NULL);
    CHECK(virConnectOpenAuth(uri, virConnectAuthPtrDefault, 1u << 20) == NULL);
    other = virConnectOpenAuth(uri, virConnectAuthPtrDefault, 0);
    CHECK(other);
    OK(virConnectRef(other));
    CHECK(virConnectClose(other) == 1);
    CHECK(virConnectClose(other) == 0);

    api_free_text(virConnectGetURI(conn));
    api_free_text(virConnectGetHostname(conn));
    SAME(virConnectGetType(conn), "QEMU");
    OK(virConnectGetVersion(conn, &version));
    OK(virConnectGetLibVersion(conn, &version));
    CHECK(version > 0);
    CHECK(virConnectIsAlive(conn) == 1);
    CHECK(virConnectIsSecure(conn) == 1);
    CHECK(virConnectIsEncrypted(conn) == 0);
    CHECK(virConnectSetKeepAlive(conn, 0, 0) >= -1);
    FAILS(virConnectClose(NULL), VIR_ERR_INVALID_CONN);
    FAILS(virConnectGetVersion(conn, NULL), VIR_ERR_INVALID_ARG);
    IS_NULL(virConnectGetURI(NULL), VIR_ERR_INVALID_CONN);
}

static void try_errors(void)
{
    virErrorPtr saved;
    virError copy;

    IS_NULL(virStoragePoolLookupByName(conn, "none"), VIR_ERR_NO_STORAGE_POOL);
    CHECK(virGetLastErrorDomain() == VIR_FROM_STORAGE);
    saved = virSaveLastError();
    CHECK(saved && saved->code == VIR_ERR_NO_STORAGE_POOL);
    CHECK(virCopyLastError(&copy) == VIR_ERR_NO_STORAGE_POOL);
    SAME(copy.message, saved->message);
    virResetError(&copy);
    virResetLastError();
    CHECK(virGetLastError() == NULL && virGetLastErrorCode() == VIR_ERR_OK);
    OK(virSetError(saved));
    CHECK(virGetLastErrorCode() == VIR_ERR_NO_STORAGE_POOL);
    virFreeError(saved);
    CHECK(virConnectNumOfStoragePools(conn) >= 0);
    CHECK(virGetLastError() == NULL); /* a call that succeeds forgets the one before */
    CHECK(virCopyLastError(NULL) == -1);
}

/* --- pools --- */

static char *pool_text(const char *name)
{
    char *xml = NULL;

    CHECK(asprintf(&xml,
                   "<pool type='dir'><name>%s</name><target><path>%s/%s</path></target></pool>",
                   name, base, name) > 0);
    return xml;
}

static virStoragePoolPtr define_pool(const char *name)
{
    _cleanup_free_ char *xml = pool_text(name);
    virStoragePoolPtr pool = virStoragePoolDefineXML(conn, xml, 0);

    CHECK(pool);
    return pool;
}

static void try_pool_lists(void)
{
    virStoragePoolPtr *pools = NULL;
    char *names[4];
    int count;

    CHECK(virConnectNumOfStoragePools(conn) == 1);
    CHECK(virConnectNumOfDefinedStoragePools(conn) == 1);
    CHECK(virConnectListStoragePools(conn, names, 4) == 1);
    SAME(names[0], "p");
    free(names[0]);
    CHECK(virConnectListDefinedStoragePools(conn, names, 4) == 1);
    SAME(names[0], "idle");
    free(names[0]);
    FAILS(virConnectListStoragePools(conn, names, -1), VIR_ERR_INVALID_ARG);
    FAILS(virConnectListStoragePools(conn, NULL, 1), VIR_ERR_INVALID_ARG);
    count = virConnectListAllStoragePools(conn, &pools, 0);
    CHECK(count == 2 && pools[count] == NULL);
    for (int i = 0; i < count; i++)
        OK(virStoragePoolFree(pools[i]));
    free(pools);
    CHECK(virConnectListAllStoragePools(conn, NULL, VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE) == 1);
    FAILS(virConnectListAllStoragePools(conn, NULL, 1u << 29), VIR_ERR_INVALID_ARG);
    api_free_text(virConnectGetStoragePoolCapabilities(conn, 0));
    IS_NULL(virConnectGetStoragePoolCapabilities(conn, 1), VIR_ERR_INVALID_ARG);
    CHECK(virConnectFindStoragePoolSources(conn, "dir", NULL, 0) == NULL);
}

static void try_pool_lookups(virStoragePoolPtr pool)
{
    unsigned char uuid[VIR_UUID_BUFLEN], other[VIR_UUID_BUFLEN] = { 1 };
    char text[VIR_UUID_STRING_BUFLEN];
    _cleanup_free_ char *path = NULL;
    virStoragePoolPtr found;

    OK(virStoragePoolGetUUID(pool, uuid));
    OK(virStoragePoolGetUUIDString(pool, text));
    FAILS(virStoragePoolGetUUID(pool, NULL), VIR_ERR_INVALID_ARG);
    SAME(virStoragePoolGetName(pool), "p");
    CHECK(virStoragePoolGetConnect(pool) == conn);
    CHECK((found = virStoragePoolLookupByUUID(conn, uuid)));
    OK(virStoragePoolRef(found));
    OK(virStoragePoolFree(found));
    OK(virStoragePoolFree(found));
    CHECK((found = virStoragePoolLookupByUUIDString(conn, text)));
    OK(virStoragePoolFree(found));
    CHECK((found = virStoragePoolLookupByName(conn, "p")));
    OK(virStoragePoolFree(found));
    CHECK(asprintf(&path, "%s/p", base) > 0);
    CHECK((found = virStoragePoolLookupByTargetPath(conn, path)));
    OK(virStoragePoolFree(found));
    IS_NULL(virStoragePoolLookupByUUID(conn, other), VIR_ERR_NO_STORAGE_POOL);
    IS_NULL(virStoragePoolLookupByUUIDString(conn, "x"), VIR_ERR_INVALID_ARG);
    IS_NULL(virStoragePoolLookupByTargetPath(conn, "/nonexistent"), VIR_ERR_NO_STORAGE_POOL);
    IS_NULL(virStoragePoolLookupByName(conn, NULL), VIR_ERR_INVALID_ARG);
    IS_NULL(virStoragePoolLookupByName(NULL, "p"), VIR_ERR_INVALID_CONN);
    FAILS(virStoragePoolFree(NULL), VIR_ERR_INVALID_STORAGE_POOL);
}

static void try_pool_state(virStoragePoolPtr pool)
{
    virStoragePoolInfo info;
    int autostart = -1;

    OK(virStoragePoolGetInfo(pool, &info));
    CHECK(info.state == VIR_STORAGE_POOL_RUNNING && info.capacity > 0);
    CHECK(info.capacity >= info.available);
    FAILS(virStoragePoolGetInfo(pool, NULL), VIR_ERR_INVALID_ARG);
    FAILS(virStoragePoolGetInfo(NULL, &info), VIR_ERR_INVALID_STORAGE_POOL);
    OK(virStoragePoolSetAutostart(pool, 1));
    OK(virStoragePoolGetAutostart(pool, &autostart));
    CHECK(autostart == 1);
    OK(virStoragePoolSetAutostart(pool, 0));
    CHECK(virStoragePoolIsActive(pool) == 1);
    CHECK(virStoragePoolIsPersistent(pool) == 1);
    api_free_text(virStoragePoolGetXMLDesc(pool, 0));
    api_free_text(virStoragePoolGetXMLDesc(pool, VIR_STORAGE_XML_INACTIVE));
    IS_NULL(virStoragePoolGetXMLDesc(pool, 1u << 20), VIR_ERR_INVALID_ARG);
}

/* --- jobs of a pool --- */

static void try_pool_jobs(virStoragePoolPtr pool, virStoragePoolPtr idle)
{
    virJobRecordPtr record;
    virJobInfo info;
    virError error;

    FAILS(virStoragePoolGetJobInfo(idle, &info), VIR_ERR_OPERATION_INVALID);
    OK(virStoragePoolRefresh(pool, VIR_STORAGE_POOL_REFRESH_ASYNC));
    OK(virStoragePoolWaitJob(pool, &info, 10000));
    CHECK(info.state == VIR_JOB_COMPLETE && info.percentComplete == 100);
    OK(virStoragePoolGetJobInfo(pool, &info));
    CHECK(info.state == VIR_JOB_COMPLETE);
    FAILS(virStoragePoolCancelJob(pool), VIR_ERR_OPERATION_INVALID);
    CHECK((record = virStoragePoolGetJobRecord(pool, 0)));
    SAME(record->operation, "pool-refresh");
    SAME(record->name, "p");
    virJobRecordFree(record);
    CHECK(virStoragePoolGetJobRecord(pool, 1) == NULL);
    OK(virStoragePoolCreate(idle, VIR_STORAGE_POOL_CREATE_ASYNC)); /* no directory: it fails */
    OK(virStoragePoolWaitJob(idle, &info, 10000));
    CHECK(info.state == VIR_JOB_FAILED);
    memset(&error, 0, sizeof(error));
    OK(virStoragePoolGetJobError(idle, &error));
    CHECK(error.code == VIR_ERR_SYSTEM_ERROR && strstr(error.message, "No such file"));
    virResetError(&error);
    FAILS(virStoragePoolWaitJob(NULL, &info, 0), VIR_ERR_INVALID_STORAGE_POOL);
}

/* --- volumes --- */

static virStorageVolPtr make_vol(virStoragePoolPtr pool, const char *name, unsigned int flags)
{
    _cleanup_free_ char *xml = NULL;
    virStorageVolPtr vol;

    CHECK(asprintf(&xml,
                   "<volume><name>%s</name><capacity unit='MiB'>2</capacity>"
                   "<allocation>0</allocation></volume>",
                   name) > 0);
    vol = virStorageVolCreateXML(pool, xml, flags);
    CHECK(vol);
    return vol;
}

static void try_vol_reads(virStoragePoolPtr pool, virStorageVolPtr vol)
{
    _cleanup_free_ char *path = virStorageVolGetPath(vol);
    virStorageVolInfo info;
    virStorageVolPtr found;
    virStoragePoolPtr its;

    CHECK(path);
    SAME(virStorageVolGetName(vol), "v");
    SAME(virStorageVolGetKey(vol), path);
    CHECK(virStorageVolGetConnect(vol) == conn);
    CHECK((found = virStorageVolLookupByName(pool, "v")));
    OK(virStorageVolRef(found));
    OK(virStorageVolFree(found));
    OK(virStorageVolFree(found));
    CHECK((found = virStorageVolLookupByKey(conn, path)));
    OK(virStorageVolFree(found));
    CHECK((found = virStorageVolLookupByPath(conn, path)));
    CHECK((its = virStoragePoolLookupByVolume(found)));
    SAME(virStoragePoolGetName(its), "p");
    OK(virStoragePoolFree(its));
    OK(virStorageVolFree(found));
    OK(virStorageVolGetInfo(vol, &info));
    CHECK(info.type == VIR_STORAGE_VOL_FILE && info.capacity == 2 * MIB && info.allocation == 0);
    OK(virStorageVolGetInfoFlags(vol, &info, VIR_STORAGE_VOL_GET_PHYSICAL));
    CHECK(info.allocation == 2 * MIB);
    api_free_text(virStorageVolGetXMLDesc(vol, 0));

    IS_NULL(virStorageVolLookupByName(pool, "none"), VIR_ERR_NO_STORAGE_VOL);
    IS_NULL(virStorageVolLookupByName(NULL, "v"), VIR_ERR_INVALID_STORAGE_POOL);
    IS_NULL(virStorageVolLookupByKey(conn, "none"), VIR_ERR_NO_STORAGE_VOL);
    IS_NULL(virStorageVolLookupByPath(conn, "/none"), VIR_ERR_NO_STORAGE_VOL);
    IS_NULL(virStorageVolLookupByPath(conn, NULL), VIR_ERR_INVALID_ARG);
    FAILS(virStorageVolGetInfo(vol, NULL), VIR_ERR_INVALID_ARG);
    FAILS(virStorageVolGetInfoFlags(vol, &info, 1u << 20), VIR_ERR_INVALID_ARG);
    IS_NULL(virStorageVolGetXMLDesc(vol, 1), VIR_ERR_INVALID_ARG);
    FAILS(virStorageVolFree(NULL), VIR_ERR_INVALID_STORAGE_VOL);
}

static void try_vol_lists(virStoragePoolPtr pool, virStoragePoolPtr idle)
{
    virStorageVolPtr *vols = NULL;
    char *names[4];

    CHECK(virStoragePoolNumOfVolumes(pool) == 1);
    CHECK(virStoragePoolListVolumes(pool, names, 4) == 1);
    SAME(names[0], "v");
    free(names[0]);
    CHECK(virStoragePoolListAllVolumes(pool, &vols, 0) == 1);
    SAME(virStorageVolGetName(vols[0]), "v");
    OK(virStorageVolFree(vols[0]));
    free(vols);
    FAILS(virStoragePoolListAllVolumes(pool, NULL, 1), VIR_ERR_INVALID_ARG);
    FAILS(virStoragePoolNumOfVolumes(idle), VIR_ERR_OPERATION_INVALID);
    FAILS(virStoragePoolListVolumes(idle, names, 4), VIR_ERR_OPERATION_INVALID);
}

static void try_vol_changes(virStoragePoolPtr pool, virStorageVolPtr vol)
{
    virStorageVolInfo info;
    virStorageVolPtr clone;

    OK(virStorageVolResize(vol, 3 * MIB, 0));
    OK(virStorageVolResize(vol, MIB, VIR_STORAGE_VOL_RESIZE_DELTA));
    OK(virStorageVolGetInfo(vol, &info));
    CHECK(info.capacity == 4 * MIB);
    FAILS(virStorageVolResize(vol, MIB, 0), VIR_ERR_INVALID_ARG);
    FAILS(virStorageVolResize(vol, MIB, 1u << 20), VIR_ERR_INVALID_ARG);
    OK(virStorageVolWipe(vol, 0));
    OK(virStorageVolWipePattern(vol, VIR_STORAGE_VOL_WIPE_ALG_RANDOM, 0));
    FAILS(virStorageVolWipe(vol, 1), VIR_ERR_INVALID_ARG);
    FAILS(virStorageVolWipePattern(vol, 1000, 0), VIR_ERR_INVALID_ARG);
    clone = virStorageVolCreateXMLFrom(pool, "<volume><name>c</name></volume>", vol, 0);
    CHECK(clone);
    IS_NULL(virStorageVolCreateXMLFrom(pool, "<volume><name>c</name></volume>", vol, 0),
            VIR_ERR_STORAGE_VOL_EXIST);
    IS_NULL(virStorageVolCreateXMLFrom(pool, "<volume/>", vol, 0), VIR_ERR_XML_ERROR);
    IS_NULL(virStorageVolCreateXML(pool, "no XML", 0), VIR_ERR_XML_ERROR);
    IS_NULL(virStorageVolCreateXML(pool, NULL, 0), VIR_ERR_INVALID_ARG);
    IS_NULL(virStorageVolCreateXML(pool, "<volume/>", 1u << 20), VIR_ERR_INVALID_ARG);
    OK(virStorageVolDelete(clone, VIR_STORAGE_VOL_DELETE_ZEROED));
    FAILS(virStorageVolDelete(clone, 0), VIR_ERR_NO_STORAGE_VOL);
    FAILS(virStorageVolDelete(vol, 1u << 20), VIR_ERR_INVALID_ARG);
    OK(virStorageVolFree(clone));
}

/* --- jobs of a volume, and of the daemon --- */

/* So much data that 35 passes over it take longer than the calls below. */
static void fill(virStorageVolPtr vol)
{
    static const char data[MIB] = { 1 };
    _cleanup_free_ char *path = virStorageVolGetPath(vol);
    FILE *file = fopen(path, "r+");

    CHECK(file);
    for (int i = 0; i < 64; i++)
        CHECK(fwrite(data, sizeof(data), 1, file) == 1);
    CHECK(fclose(file) == 0);
}

static void try_vol_jobs(virStoragePoolPtr pool)
{
    virStorageVolPtr vol = make_vol(pool, "j", VIR_STORAGE_VOL_CREATE_XML_ASYNC);
    virJobRecordPtr record, *records = NULL;
    virJobInfo info;
    virError error = { 0 };
    int count;

    OK(virStorageVolWaitJob(vol, &info, 10000));
    CHECK(info.state == VIR_JOB_COMPLETE);
    fill(vol);
    OK(virStorageVolWipePattern(vol, VIR_STORAGE_VOL_WIPE_ALG_GUTMANN, VIR_STORAGE_VOL_WIPE_ASYNC));
    OK(virStorageVolGetJobInfo(vol, &info));
    CHECK(info.state == VIR_JOB_RUNNING);
    FAILS(virStorageVolDelete(vol, 0), VIR_ERR_OPERATION_INVALID);
    CHECK((record = virStorageVolGetJobRecord(vol, 0)));
    SAME(record->operation, "vol-wipe");
    SAME(record->pool, "p");
    OK(virConnectCancelJob(conn, record->id, 0));
    (void)virStorageVolCancelJob(vol); /* may be repeated, or come too late */
    OK(virStorageVolWaitJob(vol, &info, 10000));
    CHECK(info.state == VIR_JOB_CANCELLED);
    OK(virConnectWaitJob(conn, record->id, &info, 0));
    CHECK(info.state == VIR_JOB_CANCELLED);
    OK(virStorageVolGetJobError(vol, &error));
    virResetError(&error);
    OK(virConnectGetJobError(conn, record->id, &error));
    virResetError(&error);
    FAILS(virConnectCancelJob(conn, record->id, 0), VIR_ERR_OPERATION_INVALID);
    virJobRecordFree(virConnectGetJobRecord(conn, record->id, 0));
    virJobRecordFree(record);
    CHECK(virConnectGetJobRecord(conn, 1ull << 60, 0) == NULL);
    FAILS(virConnectCancelJob(conn, 1ull << 60, 0), virGetLastErrorCode());
    count = virConnectListAllJobs(conn, &records, 0);
    CHECK(count >= 3);
    for (int i = 0; i < count; i++)
        virJobRecordFree(records[i]);
    free(records);
    OK(virStorageVolDelete(vol, 0));
    OK(virStorageVolFree(vol));
}

static virStorageVolPtr clone_at(virStoragePoolPtr pool, virStorageVolPtr vol,
                                 unsigned long long speed)
{
    virStorageVolPtr clone;

    OK(virConnectSetJobSpeed(conn, 0, speed, 0));
    CHECK((clone = virStorageVolCreateXMLFrom(pool, "<volume><name>slow</name></volume>", vol,
                                              VIR_STORAGE_VOL_CREATE_XML_ASYNC)));
    OK(virConnectSetJobSpeed(conn, 0, 0, 0));
    return clone;
}

static unsigned long long done_of(virStorageVolPtr vol, int phase, unsigned long long speed)
{
    virJobRecordPtr record = virStorageVolGetJobRecord(vol, 0);
    unsigned long long done;

    CHECK(record);
    CHECK(record->info.state == VIR_JOB_RUNNING);
    CHECK(record->phase == phase);
    CHECK(record->speed == speed);
    done = record->bytesDone;
    virJobRecordFree(record);
    return done;
}

static void try_bad_speeds(virStoragePoolPtr pool, virStorageVolPtr vol, unsigned long long id)
{
    FAILS(virStorageVolSetJobSpeed(vol, -1ull, 0), VIR_ERR_OVERFLOW);
    FAILS(virConnectSetJobSpeed(conn, id, 1ull << 63, 0), VIR_ERR_OVERFLOW);
    FAILS(virConnectSetJobSpeed(conn, 0, 1ull << 63, 0), VIR_ERR_OVERFLOW);
    FAILS(virStorageVolSetJobSpeed(vol, MIB, 1), VIR_ERR_INVALID_ARG);
    FAILS(virConnectPauseJob(conn, id, 1), VIR_ERR_INVALID_ARG);
    FAILS(virConnectResumeJob(conn, id, 1), VIR_ERR_INVALID_ARG);
    FAILS(virStorageVolSetJobSpeed(NULL, MIB, 0), VIR_ERR_INVALID_STORAGE_VOL);
    FAILS(virStoragePoolSetJobSpeed(NULL, MIB, 0), VIR_ERR_INVALID_STORAGE_POOL);
    FAILS(virDomainSetJobSpeed(NULL, MIB, 0), VIR_ERR_INVALID_DOMAIN);
    FAILS(virConnectPauseJob(NULL, id, 0), VIR_ERR_INVALID_CONN);
    FAILS(virStoragePoolSetJobSpeed(pool, MIB, 0), VIR_ERR_OPERATION_INVALID); /* it has ended */
    FAILS(virConnectSetJobSpeed(conn, 1ull << 60, MIB, 0), VIR_ERR_OPERATION_INVALID);
    FAILS(virConnectPauseJob(conn, 1ull << 60, 0), VIR_ERR_OPERATION_INVALID);
}

static void try_speed_and_pause(virStoragePoolPtr pool)
{
    virStorageVolPtr vol = make_vol(pool, "j", 0), slow;
    virJobRecordPtr record;
    unsigned long long done;
    virJobInfo info;

    fill(vol);
    slow = clone_at(pool, vol, MIB); /* a minute */
    while (virStorageVolWaitJob(slow, &info, 20) == 1 && info.percentComplete == 0)
        continue;
    CHECK((record = virStorageVolGetJobRecord(slow, 0)));
    CHECK(record->speed == MIB && record->bytesDone < 32 * (unsigned long long)MIB);
    try_bad_speeds(pool, slow, record->id);
    OK(virStorageVolSetJobSpeed(slow, 2 * MIB, 0));
    OK(virConnectPauseJob(conn, record->id, 0));
    OK(virConnectPauseJob(conn, record->id, 0));
    done = done_of(slow, VIR_JOB_PHASE_PAUSED, 2 * MIB);
    for (int i = 0; i < 10; i++) { /* one piece may have been on its way */
        CHECK(virStorageVolWaitJob(slow, NULL, 20) == 1);
        CHECK(done_of(slow, VIR_JOB_PHASE_PAUSED, 2 * MIB) <= done + MIB / 4);
    }
    OK(virConnectSetJobSpeed(conn, record->id, 0, 0));
    CHECK(done_of(slow, VIR_JOB_PHASE_PAUSED, 0) <= done + MIB / 4);
    OK(virConnectResumeJob(conn, record->id, 0));
    CHECK(virStorageVolWaitJob(slow, &info, 30000) == 0);
    CHECK(info.state == VIR_JOB_COMPLETE);
    FAILS(virStorageVolSetJobSpeed(slow, MIB, 0), VIR_ERR_OPERATION_INVALID);
    FAILS(virConnectPauseJob(conn, record->id, 0), VIR_ERR_OPERATION_INVALID);
    FAILS(virConnectResumeJob(conn, record->id, 0), VIR_ERR_OPERATION_INVALID);
    virJobRecordFree(record);
    OK(virStorageVolDelete(slow, 0));
    OK(virStorageVolFree(slow));
    OK(virStorageVolDelete(vol, 0));
    OK(virStorageVolFree(vol));
}

/* --- a domain that is not there --- */

static void try_domains(void)
{
    unsigned char uuid[VIR_UUID_BUFLEN] = { 1 };

    IS_NULL(virDomainLookupByName(conn, "none"), VIR_ERR_NO_DOMAIN);
    IS_NULL(virDomainLookupByUUID(conn, uuid), VIR_ERR_NO_DOMAIN);
    IS_NULL(virDomainLookupByUUIDString(conn, "6f7a0d63-c7c5-4c8b-a3c6-6a4e7c1f5b11"),
            VIR_ERR_NO_DOMAIN);
    FAILS(virDomainFree(NULL), VIR_ERR_INVALID_DOMAIN);
    FAILS(virDomainCancelJob(NULL), VIR_ERR_INVALID_DOMAIN);
}

/* --- read-only --- */

static void try_read_only(void)
{
    virConnectPtr ro = virConnectOpenReadOnly(ro_uri);
    virStoragePoolPtr pool;
    virStorageVolPtr vol;

    CHECK(ro);
    CHECK((pool = virStoragePoolLookupByName(ro, "p")));
    CHECK((vol = virStorageVolLookupByName(pool, "v")));
    CHECK(virStoragePoolDestroy(pool) == -1);
    CHECK(virGetLastErrorCode() == VIR_ERR_OPERATION_DENIED);
    CHECK(virStorageVolDelete(vol, 0) == -1);
    CHECK(virGetLastErrorCode() == VIR_ERR_OPERATION_DENIED);
    OK(virStorageVolFree(vol));
    OK(virStoragePoolFree(pool));
    CHECK(virConnectClose(ro) == 0);
}

/* --- eight threads, one connection --- */

static void *one_thread(void *opaque)
{
    int number = *(int *)opaque;
    virStoragePoolPtr pool = virStoragePoolLookupByName(conn, "p");
    char name[32], missing[32];

    CHECK(pool);
    (void)snprintf(name, sizeof(name), "thread-%d", number);
    (void)snprintf(missing, sizeof(missing), "missing-%d", number);
    for (int i = 0; i < ROUNDS; i++) {
        virStorageVolInfo info;
        virStorageVolPtr vol = make_vol(pool, name, 0);

        IS_NULL(virStorageVolLookupByName(pool, missing), VIR_ERR_NO_STORAGE_VOL);
        CHECK(strstr(virGetLastErrorMessage(), missing)); /* ours, whatever the others do */
        OK(virStorageVolGetInfo(vol, &info));
        CHECK(virGetLastError() == NULL);
        SAME(virStorageVolGetName(vol), name);
        OK(virStorageVolDelete(vol, 0));
        OK(virStorageVolFree(vol));
    }
    OK(virStoragePoolFree(pool));
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

static void try_pools_and_volumes(void)
{
    virStoragePoolPtr pool = define_pool("p"), idle = define_pool("idle"), transient;
    _cleanup_free_ char *xml = pool_text("transient");
    virStorageVolPtr vol;

    OK(virStoragePoolBuild(pool, 0));
    FAILS(virStoragePoolRefresh(pool, 0), VIR_ERR_OPERATION_INVALID);
    OK(virStoragePoolCreate(pool, 0));
    FAILS(virStoragePoolCreate(pool, 0), VIR_ERR_OPERATION_INVALID);
    FAILS(virStoragePoolBuild(pool, 0), VIR_ERR_OPERATION_INVALID);
    FAILS(virStoragePoolBuild(idle, 1u << 20), VIR_ERR_INVALID_ARG);
    FAILS(virStoragePoolUndefine(pool), VIR_ERR_OPERATION_INVALID);
    IS_NULL(virStoragePoolDefineXML(conn, "<pool/>", 0), VIR_ERR_XML_ERROR);
    IS_NULL(virStoragePoolDefineXML(conn, NULL, 0), VIR_ERR_INVALID_ARG);
    IS_NULL(virStoragePoolCreateXML(conn, xml, 1u << 20), VIR_ERR_INVALID_ARG);
    OK(virStoragePoolRefresh(pool, 0));
    try_pool_lists();
    try_pool_lookups(pool);
    try_pool_state(pool);
    try_pool_jobs(pool, idle);
    vol = make_vol(pool, "v", 0);
    try_vol_reads(pool, vol);
    try_vol_lists(pool, idle);
    try_vol_changes(pool, vol);
    try_vol_jobs(pool);
    try_speed_and_pause(pool);
    try_read_only();
    try_threads();
    OK(virStorageVolDelete(vol, 0));
    OK(virStorageVolFree(vol));
    transient = virStoragePoolCreateXML(conn, xml, VIR_STORAGE_POOL_CREATE_WITH_BUILD);
    CHECK(transient && virStoragePoolIsPersistent(transient) == 0);
    OK(virStoragePoolDestroy(transient));
    FAILS(virStoragePoolDestroy(transient), VIR_ERR_NO_STORAGE_POOL);
    OK(virStoragePoolFree(transient));
    OK(virStoragePoolDestroy(pool));
    FAILS(virStoragePoolDestroy(pool), VIR_ERR_OPERATION_INVALID);
    FAILS(virStoragePoolDelete(pool, 1u << 20), VIR_ERR_INVALID_ARG);
    OK(virStoragePoolDelete(pool, 0));
    OK(virStoragePoolUndefine(pool));
    OK(virStoragePoolUndefine(idle));
    FAILS(virStoragePoolUndefine(idle), VIR_ERR_NO_STORAGE_POOL);
    OK(virStoragePoolFree(pool));
    OK(virStoragePoolFree(idle));
}

int main(int argc, char **argv)
{
    atomic_uint told = 0;
    unsigned long version = 0;

    if (argc != 4) {
        (void)fprintf(stderr, "usage: api-storage URI READ-ONLY-URI DIRECTORY\n");
        return 2;
    }
    uri = argv[1];
    ro_uri = argv[2];
    base = argv[3];
    OK(virInitialize());
    OK(virGetVersion(&version, NULL, NULL));
    virSetErrorFunc(&told, api_quiet);
    conn = virConnectOpen(uri);
    CHECK(conn);
    try_connection();
    try_errors();
    CHECK(told > 0);
    try_domains();
    try_pools_and_volumes();
    CHECK(virConnectClose(conn) == 0);
    return 0;
}
