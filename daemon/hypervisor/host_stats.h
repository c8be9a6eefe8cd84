/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the host has done and has left: times of CPUs, memory, pages, and which CPUs there are.
 * root as in host.h.  No state, any thread.
 */
#ifndef VIRTJOBD_HOST_STATS_H
#define VIRTJOBD_HOST_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/verror.h"

/* One number by libvirt's name of it. */
struct host_stat {
    const char *name; /* static */
    uint64_t value;
};

enum { HOST_CPU_STATS = 4, HOST_MEMORY_STATS = 4, HOST_CELL_STATS = 2, HOST_STATS_ALL = -1 };

/* Of one CPU, or HOST_STATS_ALL: kernel, user, idle, iowait in ns since boot. */
int host_get_cpu_stats(const char *root, int cpu, struct host_stat ret_stats[HOST_CPU_STATS],
                       struct verror *err);
/*
 * KiB: total and free of one cell, or of HOST_STATS_ALL buffers and cached too.  How many there
 * are, or -1 with err.
 */
int host_get_memory_stats(const char *root, int cell,
                          struct host_stat ret_stats[HOST_MEMORY_STATS], struct verror *err);
/* How many pages of that many KiB are free in a cell (HOST_STATS_ALL: everywhere). */
int host_get_free_pages(const char *root, int cell, unsigned int page_kib, uint64_t *ret_count,
                        struct verror *err);
/* The highest number of a cell. */
int host_get_last_cell(const char *root, unsigned int *ret_cell, struct verror *err);

/* A CPU map on the wire: a bit for each, CPU 0 is the lowest bit of the first byte. */
struct host_cpu_map {
    unsigned char *bits; /* of those online; new */
    size_t len;
    unsigned int online, present; /* how many; the highest number of one that is there, and 1 */
};
int host_get_cpu_map(const char *root, struct host_cpu_map *ret_map, struct verror *err);

/* The host's <sysinfo> as its firmware tells; a new string, NULL with err: it does not. */
char *host_sysinfo_xml(const char *root, struct verror *err);

#endif
