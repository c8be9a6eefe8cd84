/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* NUMA cells and the CPUs in them, from /sys; see host.h.  Any thread, no state. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hypervisor/host.h"
#include "hypervisor/host_files.h"
#include "util/alloc.h"

/* "MemFree:   123 kB", behind "Node 0 " or at the start of a line; in bytes, 0: not there */
static uint64_t memory_line(const char *text, const char *name)
{
    const char *at = text ? strstr(text, name) : NULL;
    unsigned long long kib;

    if (!at || sscanf(at + strlen(name), ": %llu kB", &kib) != 1)
        return 0;
    return (uint64_t)kib * 1024;
}

static void read_cpu(const char *root, unsigned int id, struct host_cpu *cpu)
{
    static const char dir[] = "sys/devices/system/cpu";

    cpu->id = id;
    cpu->socket = host_file_number(0, "%s/%s/cpu%u/topology/physical_package_id", root, dir, id);
    cpu->die = host_file_number(0, "%s/%s/cpu%u/topology/die_id", root, dir, id);
    cpu->core = host_file_number(id, "%s/%s/cpu%u/topology/core_id", root, dir, id);
    cpu->siblings = host_file_read("%s/%s/cpu%u/topology/thread_siblings_list", root, dir, id);
    if (!cpu->siblings)
        cpu->siblings = xasprintf("%u", id);
}

/* list: CPUs of a cell that are online; NULL gives none */
static void read_cpus(const char *root, const char *list, struct host_cell *cell)
{
    _cleanup_free_ unsigned int *ids = NULL;
    size_t count;

    if (!list || host_list_parse(list, &ids, &count) < 0)
        return;
    cell->cpus = xcalloc(count + 1, sizeof(*cell->cpus));
    for (cell->ncpus = 0; cell->ncpus < count; cell->ncpus++)
        read_cpu(root, ids[cell->ncpus], &cell->cpus[cell->ncpus]);
}

/* "10 21" */
static void read_distances(const char *root, size_t ncells, struct host_cell *cell)
{
    _cleanup_free_ char *text =
        host_file_read("%s/sys/devices/system/node/node%u/distance", root, cell->id);
    const char *at = text ? text : "";
    int length;

    cell->distances = xcalloc(ncells, sizeof(*cell->distances));
    while (cell->ndistances < ncells &&
           sscanf(at, "%u%n", &cell->distances[cell->ndistances], &length) == 1) {
        cell->ndistances++;
        at += length;
    }
}

static void read_cell(const char *root, unsigned int id, size_t ncells, struct host_cell *cell)
{
    static const char dir[] = "sys/devices/system/node";
    _cleanup_free_ char *list = host_file_read("%s/%s/node%u/cpulist", root, dir, id);
    _cleanup_free_ char *memory = host_file_read("%s/%s/node%u/meminfo", root, dir, id);

    cell->id = id;
    cell->memory = memory_line(memory, "MemTotal");
    cell->free = memory_line(memory, "MemFree");
    read_cpus(root, list, cell);
    read_distances(root, ncells, cell);
}

/* A kernel that knows no NUMA. */
static void read_only_cell(const char *root, struct host_cell *cell)
{
    _cleanup_free_ char *list = host_file_read("%s/sys/devices/system/cpu/online", root);
    _cleanup_free_ char *memory = host_file_read("%s/proc/meminfo", root);

    cell->memory = memory_line(memory, "MemTotal");
    cell->free = memory_line(memory, "MemFree");
    read_cpus(root, list, cell);
}

static unsigned int count_offline(const char *root)
{
    _cleanup_free_ char *text = host_file_read("%s/sys/devices/system/cpu/offline", root);
    _cleanup_free_ unsigned int *ids = NULL;
    unsigned int offline = 0;
    size_t count, i;

    if (!text || host_list_parse(text, &ids, &count) < 0)
        return 0;
    for (i = 0; i < count; i++) {
        /* kernels list as offline what they have room for, too; that has no directory */
        if (host_file_number(2, "%s/sys/devices/system/cpu/cpu%u/online", root, ids[i]) != 2)
            offline++;
    }
    return offline;
}

int host_topology_read(const char *root, struct host_topology *ret_topology, struct verror *err)
{
    _cleanup_free_ char *online = host_file_read("%s/sys/devices/system/node/online", root);
    _cleanup_free_ unsigned int *ids = NULL;
    struct host_topology topology = { 0 };
    size_t count = 0, ncpus = 0;

    if (online && host_list_parse(online, &ids, &count) < 0)
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "cannot understand '%s' as NUMA nodes",
                          online);
    topology.ncells = count ? count : 1;
    topology.cells = xcalloc(topology.ncells, sizeof(*topology.cells));
    if (!count)
        read_only_cell(root, &topology.cells[0]);
    for (size_t i = 0; i < count; i++)
        read_cell(root, ids[i], count, &topology.cells[i]);
    topology.offline = count_offline(root);
    for (size_t i = 0; i < topology.ncells; i++)
        ncpus += topology.cells[i].ncpus;
    if (!ncpus) {
        host_topology_clear(&topology);
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "cannot find the CPUs of this host in /sys");
    }
    *ret_topology = topology;
    return 0;
}

static void clear_cell(struct host_cell *cell)
{
    for (size_t i = 0; i < cell->ncpus; i++)
        free(cell->cpus[i].siblings);
    free(cell->cpus);
    free(cell->distances);
}

void host_topology_clear(struct host_topology *topology)
{
    for (size_t i = 0; i < topology->ncells; i++)
        clear_cell(&topology->cells[i]);
    free(topology->cells);
    *topology = (struct host_topology){ 0 };
}

/* Its shape. */

static unsigned int max(unsigned int a, unsigned int b)
{
    return a > b ? a : b;
}

/* How many CPUs before this one are of the same socket, or of the same core. */
static unsigned int count_before(const struct host_cell *cell, size_t index, bool core)
{
    const struct host_cpu *cpu = &cell->cpus[index];
    unsigned int count = 0;

    for (size_t i = 0; i < index; i++) {
        const struct host_cpu *other = &cell->cpus[i];

        if (other->socket == cpu->socket &&
            (!core || (other->die == cpu->die && other->core == cpu->core)))
            count++;
    }
    return count;
}

static unsigned int count_cores(const struct host_cell *cell, unsigned int socket)
{
    unsigned int cores = 0;

    for (size_t i = 0; i < cell->ncpus; i++)
        cores += cell->cpus[i].socket == socket && count_before(cell, i, true) == 0;
    return cores;
}

static void count_cell(const struct host_cell *cell, struct host_info *info)
{
    unsigned int sockets = 0;

    for (size_t i = 0; i < cell->ncpus; i++) {
        info->threads = max(info->threads, count_before(cell, i, true) + 1);
        if (count_before(cell, i, false) == 0) {
            sockets++;
            info->cores = max(info->cores, count_cores(cell, cell->cpus[i].socket));
        }
    }
    info->sockets = max(info->sockets, sockets);
}

void host_topology_count(const struct host_topology *topology, struct host_info *info)
{
    unsigned int all;

    info->cpus = info->nodes = info->sockets = info->cores = info->threads = 0;
    for (size_t i = 0; i < topology->ncells; i++) {
        const struct host_cell *cell = &topology->cells[i];

        info->cpus += (unsigned int)cell->ncpus;
        info->nodes++;
        count_cell(cell, info);
    }
    all = info->cpus + topology->offline;
    /* clients multiply the four, and take the product for the highest number a CPU may have */
    if (info->nodes * info->sockets * info->cores * info->threads != all) {
        info->nodes = info->sockets = info->threads = 1;
        info->cores = all;
    }
}
