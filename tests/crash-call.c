/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls that virtjob has no command for, one a run, for the crash tests:
 *
 *   crash-call URI delete-zeroed POOL VOL   async; prints the job's id
 *   crash-call URI clone POOL VOL NEW       sync; prints the error's code, 0 = none
 *   crash-call URI lookup POOL VOL          prints the error's code, 0 = it is there
 *   crash-call URI cancel ID                waits for its end; prints the milliseconds that took
 *   crash-call URI error ID                 prints code, errno, step and message of that job
 *
 * Exits 0 when it could ask, whatever the answer.
 */

#include <libvirtjob/libvirtjob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int last_code(void)
{
    virErrorPtr err = virGetLastError();

    return err ? err->code : 0;
}

static int cannot(const char *what)
{
    (void)fprintf(stderr, "cannot %s: %s\n", what, virGetLastErrorMessage());
    return EXIT_FAILURE;
}

static int delete_zeroed(virStorageVolPtr vol)
{
    virJobRecordPtr record;

    if (virStorageVolDelete(vol, VIR_STORAGE_VOL_DELETE_ZEROED | VIR_STORAGE_VOL_DELETE_ASYNC) < 0)
        return cannot("delete it");
    record = virStorageVolGetJobRecord(vol, 0);
    if (!record)
        return cannot("ask for its job");
    (void)printf("%llu\n", record->id);
    virJobRecordFree(record);
    return EXIT_SUCCESS;
}

static int clone_sync(virStoragePoolPtr pool, virStorageVolPtr vol, const char *name)
{
    char xml[512];
    virStorageVolPtr made;

    (void)snprintf(xml, sizeof(xml),
                   "<volume><name>%s</name><capacity>0</capacity>"
                   "<target><format type='raw'/></target></volume>",
                   name);
    made = virStorageVolCreateXMLFrom(pool, xml, vol, 0);
    (void)printf("%d\n", made ? 0 : last_code());
    if (made)
        virStorageVolFree(made);
    return EXIT_SUCCESS;
}

static int on_volume(virStoragePoolPtr pool, const char *command, const char *name, char **more)
{
    virStorageVolPtr vol = virStorageVolLookupByName(pool, name);
    int status = EXIT_FAILURE;

    if (strcmp(command, "lookup") == 0) {
        (void)printf("%d\n", vol ? 0 : last_code());
        status = EXIT_SUCCESS;
    } else if (!vol) {
        status = cannot("find the volume");
    } else if (strcmp(command, "delete-zeroed") == 0) {
        status = delete_zeroed(vol);
    } else if (strcmp(command, "clone") == 0 && *more) {
        status = clone_sync(pool, vol, *more);
    }
    if (vol)
        virStorageVolFree(vol);
    return status;
}

static int tell_error(virConnectPtr conn, const char *id)
{
    virError err;

    memset(&err, 0, sizeof(err));
    if (virConnectGetJobError(conn, strtoull(id, NULL, 10), &err) < 0)
        return cannot("ask for the error");
    (void)printf("%d|%d|%s|%s\n", err.code, err.int1, err.str1 ? err.str1 : "",
                 err.message ? err.message : "");
    virResetError(&err);
    return EXIT_SUCCESS;
}

static double now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int cancel(virConnectPtr conn, const char *text)
{
    unsigned long long id = strtoull(text, NULL, 10);
    virJobInfo info;
    double start = now_ms();

    if (virConnectCancelJob(conn, id, 0) < 0)
        return cannot("cancel it");
    if (virConnectWaitJob(conn, id, &info, -1) < 0)
        return cannot("wait for it");
    (void)printf("%.1f\n", now_ms() - start);
    return info.state == VIR_JOB_CANCELLED ? EXIT_SUCCESS : cannot("see it cancelled");
}

int main(int argc, char **argv)
{
    virConnectPtr conn = argc > 3 ? virConnectOpen(argv[1]) : NULL;
    virStoragePoolPtr pool = NULL;
    int status = EXIT_FAILURE;

    if (argc <= 3)
        return 2;
    if (!conn)
        return cannot("connect");
    if (strcmp(argv[2], "error") == 0)
        status = tell_error(conn, argv[3]);
    else if (strcmp(argv[2], "cancel") == 0)
        status = cancel(conn, argv[3]);
    else if (argc > 4 && (pool = virStoragePoolLookupByName(conn, argv[3])))
        status = on_volume(pool, argv[2], argv[4], argv + 5);
    else
        status = cannot("find the pool");
    if (pool)
        virStoragePoolFree(pool);
    virConnectClose(conn);
    return status;
}
