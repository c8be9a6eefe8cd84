/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times, memory, pages and the map of CPUs, from /proc and /sys; see host_stats.h. */

#include "hypervisor/host_stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hypervisor/host.h"
#include "hypervisor/host_files.h"
#include "util/alloc.h"

/* The line of "cpu" (all) or "cpu3"; NULL: there is none. */
static const char *find_cpu_line(const char *text, int cpu)
{
    char name[24];
    size_t length;

    if (cpu == HOST_STATS_ALL)
        (void)snprintf(name, sizeof(name), "cpu ");
    else
        (void)snprintf(name, sizeof(name), "cpu%d ", cpu);
    length = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) == 0)
            return line + length;
    }
    return NULL;
}

int host_get_cpu_stats(const char *root, int cpu, struct host_stat ret_stats[HOST_CPU_STATS],
                       struct verror *err)
{
    _cleanup_free_ char *text = host_file_read("%s/proc/stat", root);
    const char *line = text && cpu >= HOST_STATS_ALL ? find_cpu_line(text, cpu) : NULL;
    uint64_t user, nice, system, idle, iowait, irq, softirq;
    uint64_t tick = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK);

    if (!text)
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "cannot read /proc/stat");
    if (!line)
        return verror_set(err, VIR_ERR_INVALID_ARG, "there is no CPU %d", cpu);
    if (sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
               " %" SCNu64, &user, &nice, &system, &idle, &iowait, &irq, &softirq) != 7)
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "cannot understand /proc/stat");
    ret_stats[0] = (struct host_stat){ "kernel", (system + irq + softirq) * tick };
    ret_stats[1] = (struct host_stat){ "user", (user + nice) * tick };
    ret_stats[2] = (struct host_stat){ "idle", idle * tick };
    ret_stats[3] = (struct host_stat){ "iowait", iowait * tick };
    return 0;
}

/* "MemFree:  123 kB", at the start of a line or behind "Node 0 "; -1: not there. */
static int memory_line(const char *text, const char *name, uint64_t *ret_kib)
{
    size_t length = strlen(name);

    for (const char *at = strstr(text, name); at; at = strstr(at + length, name)) {
        bool whole = (at == text || at[-1] == '\n' || at[-1] == ' ') && at[length] == ':';

        if (whole && sscanf(at + length + 1, " %" SCNu64, ret_kib) == 1)
            return 0;
    }
    return -1;
}

/* A kernel that knows no NUMA has one cell, which is all. */
static char *read_meminfo(const char *root, int cell)
{
    char *text = NULL;

    if (cell >= 0)
        text = host_file_read("%s/sys/devices/system/node/node%d/meminfo", root, cell);
    return text || cell > 0 ? text : host_file_read("%s/proc/meminfo", root);
}

int host_get_last_cell(const char *root, unsigned int *ret_cell, struct verror *err)
{
    struct host_topology topology;

    if (host_topology_read(root, &topology, err) < 0)
        return -1;
    *ret_cell = 0;
    for (size_t i = 0; i < topology.ncells; i++)
        *ret_cell = topology.cells[i].id > *ret_cell ? topology.cells[i].id : *ret_cell;
    host_topology_clear(&topology);
    return 0;
}

int host_get_memory_stats(const char *root, int cell,
                          struct host_stat ret_stats[HOST_MEMORY_STATS], struct verror *err)
{
    static const struct {
        const char *line, *name;
    } lines[HOST_MEMORY_STATS] = {
        { "MemTotal", "total" }, { "MemFree", "free" }, { "Buffers", "buffers" },
        { "Cached", "cached" },
    };
    int count = cell == HOST_STATS_ALL ? HOST_MEMORY_STATS : HOST_CELL_STATS;
    _cleanup_free_ char *text = cell >= HOST_STATS_ALL ? read_meminfo(root, cell) : NULL;

    if (!text)
        return verror_set(err, VIR_ERR_INVALID_ARG, "there is no memory of cell %d", cell);
    for (int i = 0; i < count; i++) {
        ret_stats[i].name = lines[i].name;
        if (memory_line(text, lines[i].line, &ret_stats[i].value) < 0)
            return verror_set(err, VIR_ERR_INTERNAL_ERROR, "the kernel does not tell %s",
                              lines[i].line);
    }
    return count;
}

int host_get_free_pages(const char *root, int cell, unsigned int page_kib, uint64_t *ret_count,
                        struct verror *err)
{
    unsigned int usual = (unsigned int)sysconf(_SC_PAGESIZE) / 1024;
    struct host_stat stats[HOST_MEMORY_STATS];
    _cleanup_free_ char *dir = NULL, *text = NULL;

    if (page_kib == usual) {
        if (host_get_memory_stats(root, cell, stats, err) < 0)
            return -1;
        *ret_count = stats[1].value / usual;
        return 0;
    }
    dir = cell < 0 ? xasprintf("%s/sys/kernel/mm", root)
                   : xasprintf("%s/sys/devices/system/node/node%d", root, cell);
    text = host_file_read("%s/hugepages/hugepages-%ukB/free_hugepages", dir, page_kib);
    if (!text || sscanf(text, "%" SCNu64, ret_count) != 1)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "page size %u is not available on node %d", page_kib, cell);
    return 0;
}

/* Of a list in /sys, which names at least one; *ret_ids is new. */
static int read_cpu_list(const char *root, const char *name, unsigned int **ret_ids,
                         size_t *ret_count, struct verror *err)
{
    _cleanup_free_ char *text = host_file_read("%s/sys/devices/system/cpu/%s", root, name);

    if (!text || host_list_parse(text, ret_ids, ret_count) < 0)
        return verror_set(err, VIR_ERR_INTERNAL_ERROR,
                          "cannot understand /sys/devices/system/cpu/%s", name);
    return 0;
}

int host_get_cpu_map(const char *root, struct host_cpu_map *ret_map, struct verror *err)
{
    _cleanup_free_ unsigned int *online = NULL, *present = NULL;
    struct host_cpu_map map = { 0 };
    size_t nonline, npresent;

    if (read_cpu_list(root, "online", &online, &nonline, err) < 0 ||
        read_cpu_list(root, "present", &present, &npresent, err) < 0)
        return -1;
    if (npresent == 0 || nonline == 0)
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "the kernel names no CPU");
    map.present = present[npresent - 1] + 1;
    if (online[nonline - 1] >= map.present)
        map.present = online[nonline - 1] + 1;
    map.online = (unsigned int)nonline;
    map.len = (map.present + 7) / 8;
    map.bits = xcalloc(map.len, 1);
    for (size_t i = 0; i < nonline; i++)
        map.bits[online[i] / 8] |= (unsigned char)(1u << online[i] % 8);
    *ret_map = map;
    return 0;
}
