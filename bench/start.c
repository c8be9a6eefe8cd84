/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How long does a client wait for the start of an async job?  Clones a small
 * sparse volume again and again on a running daemon and compares the median
 * time to the reply with what the journal cannot do without: writing and
 * syncing as many bytes, in the same run, in the directory given.
 *
 *   bench/start URI POOL DIR
 */

#include <fcntl.h>
#include <libvirtjob/libvirtjob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 200, JOURNAL_BYTES = 3 * 4096 };

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof(*values), compare);
    return values[ROUNDS / 2];
}

static void fail(const char *what)
{
    fprintf(stderr, "bench/start: %s: %s\n", what, virGetLastErrorMessage());
    exit(EXIT_FAILURE);
}

static virStorageVolPtr make(virStoragePoolPtr pool, const char *name, virStorageVolPtr source)
{
    char xml[256];
    virStorageVolPtr vol;

    snprintf(xml, sizeof(xml),
             "<volume><name>%s</name><capacity>1048576</capacity><allocation>0</allocation>"
             "</volume>",
             name);
    if (source)
        vol = virStorageVolCreateXMLFrom(pool, xml, source, VIR_STORAGE_VOL_CREATE_XML_ASYNC);
    else
        vol = virStorageVolCreateXML(pool, xml, 0);
    if (!vol)
        fail(name);
    return vol;
}

static double time_start(virStoragePoolPtr pool, virStorageVolPtr source)
{
    virJobInfo info;
    double before = now_ms(), elapsed;
    virStorageVolPtr vol = make(pool, "bench-start-clone", source);

    elapsed = now_ms() - before;
    if (virStorageVolWaitJob(vol, &info, -1) < 0 || virStorageVolDelete(vol, 0) < 0)
        fail("bench-start-clone");
    virStorageVolFree(vol);
    return elapsed;
}

static double time_sync(int fd, int round)
{
    static const char bytes[JOURNAL_BYTES];
    double before = now_ms();

    if (pwrite(fd, bytes, sizeof(bytes), (off_t)round * JOURNAL_BYTES) != sizeof(bytes) ||
        fdatasync(fd) < 0) {
        perror("bench/start: the file to compare with");
        exit(EXIT_FAILURE);
    }
    return now_ms() - before;
}

int main(int argc, char **argv)
{
    double starts[ROUNDS], syncs[ROUNDS], start, sync_only;
    char path[4096];
    virConnectPtr conn;
    virStoragePoolPtr pool = NULL;
    virStorageVolPtr source;
    int fd;

    if (argc != 4) {
        fprintf(stderr, "usage: bench/start URI POOL DIR\n");
        return 2;
    }
    snprintf(path, sizeof(path), "%s/bench-start.XXXXXX", argv[3]);
    fd = mkstemp(path);
    if (fd < 0 || unlink(path) < 0) {
        perror(path);
        return EXIT_FAILURE;
    }
    if (!(conn = virConnectOpen(argv[1])) || !(pool = virStoragePoolLookupByName(conn, argv[2])))
        fail(argv[2]);
    source = make(pool, "bench-start-source", NULL);
    for (int i = 0; i < ROUNDS; i++) {
        starts[i] = time_start(pool, source);
        syncs[i] = time_sync(fd, i);
    }
    start = median(starts);
    sync_only = median(syncs);
    printf("async start to reply: median %.3f ms; write and fdatasync of %d bytes: %.3f ms\n"
           "beyond the sync: %.3f ms (aim: under 2)\n",
           start, JOURNAL_BYTES, sync_only, start - sync_only);
    if (virStorageVolDelete(source, 0) < 0)
        fail("bench-start-source");
    virStorageVolFree(source);
    virStoragePoolFree(pool);
    virConnectClose(conn);
    close(fd);
    return EXIT_SUCCESS;
}
