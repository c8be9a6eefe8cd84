/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * This machine: CPUs, NUMA cells, memory, as /proc and /sys tell at the time
 * of the call (a few files for each CPU, which is what a worker is for, though
 * none of them waits for a disk).  root is what stands before "/proc" and
 * "/sys": "" but in tests.  No state, any thread.
 */
#ifndef VIRTJOBD_HOST_H
#define VIRTJOBD_HOST_H

#include <stddef.h>
#include <stdint.h>

#include "util/verror.h"

/* --- for virNodeGetInfo and its kin --- */

struct host_info {
    char model[32]; /* architecture, as uname(2) has it */
    uint64_t memory_kib;
    unsigned int cpus; /* online */
    unsigned int mhz;  /* 0: unknown */
    /*
     * The machine's shape, offline CPUs included: nodes, sockets in each, cores in each, threads
     * in each.  One that cannot be told so is 1, 1, all CPUs, 1.
     */
    unsigned int nodes, sockets, cores, threads;
};

int host_get_info(const char *root, struct host_info *ret_info, struct verror *err);
int host_get_free_memory(const char *root, uint64_t *ret_bytes, struct verror *err);
/*
 * Free memory in bytes of cells start, start + 1, … into ret_bytes, of which there are max.
 * How many were filled in, or -1 with err: there is no cell start.
 */
int host_get_cells_free(const char *root, int start, int max, uint64_t *ret_bytes,
                        struct verror *err);
/* Most vCPUs for "kvm", "qemu" or NULL (as "qemu"); -1 with err: no such type, or no KVM. */
int host_get_max_vcpus(const char *type, struct verror *err);

/* --- in detail --- */

struct host_cpu {
    unsigned int id, socket, die, core;
    char *siblings; /* threads of its core: "0-1" */
};

struct host_cell {
    unsigned int id;
    uint64_t memory, free; /* bytes */
    struct host_cpu *cpus; /* online ones */
    size_t ncpus;
    unsigned int *distances; /* to each cell, in their order */
    size_t ndistances;
};

struct host_topology {
    struct host_cell *cells; /* at least one */
    size_t ncells;
    unsigned int offline; /* CPUs that are there but not in use */
};

int host_topology_read(const char *root, struct host_topology *ret_topology, struct verror *err);
void host_topology_clear(struct host_topology *topology);
/* nodes, sockets, cores, threads and cpus of a host_info */
void host_topology_count(const struct host_topology *topology, struct host_info *info);

/* The first CPU, which is like the others.  Members that are unknown are NULL or 0. */
struct host_cpu_info {
    char *vendor; /* as libvirt says: "Intel", "AMD", … */
    unsigned int family, model, stepping, microcode;
    unsigned int mhz;
    char **features; /* libvirt's names of those that have one, sorted, NULL-terminated */
};

void host_cpu_info_read(const char *root, struct host_cpu_info *ret_cpu);
void host_cpu_info_clear(struct host_cpu_info *cpu);

/* The system's UUID as its firmware has it, in lower case; a new string, NULL: unknown. */
char *host_get_uuid(const char *root);

#endif
