/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's numbers, from trees of /proc and /sys that are made here, and from the real one. */

#include "hypervisor/host.h"

#include <errno.h>
#include <stdarg.h>

#include "hypervisor/host_arp.h"
#include "hypervisor/host_files.h"
#include "scratch.h"
#include "util/alloc.h"

static struct verror err;

static void setup(void)
{
    scratch_make();
}

static void teardown(void)
{
    verror_clear(&err);
    scratch_remove();
}

/* Writes a file below the made-up root, with the directories above it. */
static void put(const char *text, const char *fmt, ...) _printf_(2, 3);
static void put(const char *text, const char *fmt, ...)
{
    char name[200], path[300];
    va_list args;
    FILE *file;

    va_start(args, fmt);
    (void)vsnprintf(name, sizeof(name), fmt, args);
    va_end(args);
    for (char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        ck_assert(mkdirat(scratch_fd, name, 0755) == 0 || errno == EEXIST);
        *slash = '/';
    }
    (void)snprintf(path, sizeof(path), "%s/%s", scratch_path, name);
    file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void put_number(int value, const char *name, unsigned int cpu)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "%d\n", value);
    put(text, "sys/devices/system/cpu/cpu%u/topology/%s", cpu, name);
}

static void put_cpu(unsigned int id, int socket, int core, const char *siblings)
{
    put_number(socket, "physical_package_id", id);
    put_number(0, "die_id", id);
    put_number(core, "core_id", id);
    put(siblings, "sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", id);
}

static void put_cell(unsigned int id, const char *cpus, const char *distances, int total, int free)
{
    char text[200];

    (void)snprintf(text, sizeof(text),
                   "Node %u MemTotal:       %d kB\nNode %u MemFree:  %d kB\n"
                   "Node %u MemUsed: 1 kB\n",
                   id, total, id, free, id);
    put(text, "sys/devices/system/node/node%u/meminfo", id);
    put(cpus, "sys/devices/system/node/node%u/cpulist", id);
    put(distances, "sys/devices/system/node/node%u/distance", id);
}

/* Two sockets, a node each (0 and 2), two cores with two threads each. */
static void put_large_host(void)
{
    put("0,2\n", "sys/devices/system/node/online");
    put_cell(0, "0-1,4-5\n", "10 21\n", 1000, 300);
    put_cell(2, "2-3,6-7\n", "21 10\n", 2000, 500);
    for (unsigned int id = 0; id < 8; id++)
        put_cpu(id, id % 4 / 2, (int)(id % 2), id % 2 ? "1,5\n" : "0,4\n");
    put("\n", "sys/devices/system/cpu/offline");
    put("processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 23\nmodel\t\t: 49\n"
        "model name\t: AMD EPYC\nstepping\t: 2\nmicrocode\t: 0x10\ncpu MHz\t\t: 2599.998\n"
        "flags\t\t: fpu vme constant_tsc sse4_1 svm svm_lock sha_ni avx\n\n"
        "processor\t: 1\ncpu MHz\t\t: 3000.0\n", "proc/cpuinfo");
}

static struct host_info get_info(void)
{
    struct host_info info;

    if (host_get_info(scratch_path, &info, &err) < 0)
        ck_abort_msg("%s", verror_text(&err));
    return info;
}

static void assert_shape(unsigned int cpus, unsigned int nodes, unsigned int sockets,
                         unsigned int cores, unsigned int threads)
{
    struct host_info info = get_info();

    ck_assert_uint_eq(info.cpus, cpus);
    ck_assert_uint_eq(info.nodes, nodes);
    ck_assert_uint_eq(info.sockets, sockets);
    ck_assert_uint_eq(info.cores, cores);
    ck_assert_uint_eq(info.threads, threads);
}

START_TEST(test_large_host)
{
    struct host_info info;

    put_large_host();
    assert_shape(8, 2, 1, 2, 2);
    info = get_info();
    ck_assert_uint_eq(info.memory_kib, 3000);
    ck_assert_uint_eq(info.mhz, 2599);
    ck_assert_str_ne(info.model, "");
}
END_TEST

/* A core that is off has no topology; the shape cannot be told, and all CPUs count. */
START_TEST(test_offline_cpus)
{
    put_large_host();
    put_cell(2, "2,6\n", "21 10\n", 2000, 500);
    put("3,7,8-63\n", "sys/devices/system/cpu/offline"); /* room for more than there is */
    put("0\n", "sys/devices/system/cpu/cpu3/online");
    put("0\n", "sys/devices/system/cpu/cpu7/online");
    assert_shape(6, 2, 1, 2, 2);
    put_cell(2, "2\n", "21 10\n", 2000, 500); /* one that is gone altogether */
    assert_shape(5, 1, 1, 7, 1);
}
END_TEST

/* Socket numbers are not in the cells' order, and cores of two sockets are numbered alike. */
START_TEST(test_two_sockets_in_one_node)
{
    put("0\n", "sys/devices/system/node/online");
    put_cell(0, "0-3\n", "10\n", 1000, 300);
    for (unsigned int id = 0; id < 4; id++)
        put_cpu(id, id % 2 ? 7 : 3, (int)(id / 2), "0\n");
    assert_shape(4, 1, 2, 2, 1);
}
END_TEST

START_TEST(test_no_numa)
{
    struct host_info info;
    uint64_t bytes;

    put("0-1\n", "sys/devices/system/cpu/online");
    put_cpu(0, -1, 0, "0\n"); /* a socket the kernel does not know */
    put_cpu(1, -1, 1, "1\n");
    put("MemTotal:  4096 kB\nMemFree:   1024 kB\n", "proc/meminfo");
    assert_shape(2, 1, 1, 2, 1);
    info = get_info();
    ck_assert_uint_eq(info.memory_kib, 4096);
    ck_assert_uint_eq(info.mhz, 0);
    ck_assert_int_eq(host_get_free_memory(scratch_path, &bytes, &err), 0);
    ck_assert_uint_eq(bytes, 1024 * 1024);
}
END_TEST

START_TEST(test_mhz_of_cpufreq)
{
    put_large_host();
    put("processor : 0\nBogoMIPS : 50.00\n", "proc/cpuinfo");
    put("1800000\n", "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq");
    ck_assert_uint_eq(get_info().mhz, 1800);
}
END_TEST

START_TEST(test_nothing_there)
{
    struct host_info info;
    uint64_t bytes;

    ck_assert_int_eq(host_get_info(scratch_path, &info, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_INTERNAL_ERROR);
    ck_assert_int_eq(host_get_free_memory(scratch_path, &bytes, NULL), -1);
    ck_assert_int_eq(host_get_cells_free(scratch_path, 0, 1, &bytes, NULL), -1);
    verror_clear(&err);
    put("what\n", "sys/devices/system/node/online");
    ck_assert_int_eq(host_get_info(scratch_path, &info, &err), -1);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "what"));
}
END_TEST

START_TEST(test_cells_free)
{
    uint64_t bytes[4] = { 7, 7, 7, 7 };

    put_large_host();
    ck_assert_int_eq(host_get_cells_free(scratch_path, 0, 4, bytes, &err), 3);
    ck_assert_uint_eq(bytes[0], 300 * 1024);
    ck_assert_uint_eq(bytes[1], 0); /* no such cell */
    ck_assert_uint_eq(bytes[2], 500 * 1024);
    ck_assert_uint_eq(bytes[3], 7);
    ck_assert_int_eq(host_get_cells_free(scratch_path, 2, 1, bytes, &err), 1);
    ck_assert_uint_eq(bytes[0], 500 * 1024);
    ck_assert_int_eq(host_get_cells_free(scratch_path, 0, 1, bytes, &err), 1);
    ck_assert_uint_eq(bytes[0], 300 * 1024);
    ck_assert_int_eq(host_get_cells_free(scratch_path, 3, 1, bytes, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_INVALID_ARG);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "start cell 3 out of range (0-2)"));
    ck_assert_int_eq(host_get_cells_free(scratch_path, -1, 1, bytes, NULL), -1);
    ck_assert_int_eq(host_get_cells_free(scratch_path, 0, 0, bytes, NULL), -1);
}
END_TEST

START_TEST(test_topology)
{
    struct host_topology topology;

    put_large_host();
    ck_assert_int_eq(host_topology_read(scratch_path, &topology, &err), 0);
    ck_assert_uint_eq(topology.ncells, 2);
    ck_assert_uint_eq(topology.cells[1].id, 2);
    ck_assert_uint_eq(topology.cells[1].memory, 2000 * 1024);
    ck_assert_uint_eq(topology.cells[1].ncpus, 4);
    ck_assert_uint_eq(topology.cells[1].cpus[3].id, 7);
    ck_assert_uint_eq(topology.cells[1].cpus[3].socket, 1);
    ck_assert_uint_eq(topology.cells[1].cpus[3].core, 1);
    ck_assert_str_eq(topology.cells[1].cpus[3].siblings, "1,5");
    ck_assert_uint_eq(topology.cells[1].ndistances, 2);
    ck_assert_uint_eq(topology.cells[1].distances[0], 21);
    ck_assert_uint_eq(topology.cells[1].distances[1], 10);
    host_topology_clear(&topology);
    ck_assert_ptr_null(topology.cells);
}
END_TEST

START_TEST(test_cpu)
{
    struct host_cpu_info cpu;

    put_large_host();
    host_cpu_info_read(scratch_path, &cpu);
    ck_assert_str_eq(cpu.vendor, "AMD");
    ck_assert_uint_eq(cpu.family, 23);
    ck_assert_uint_eq(cpu.model, 49); /* not "model name" */
    ck_assert_uint_eq(cpu.stepping, 2);
    ck_assert_uint_eq(cpu.microcode, 16);
    ck_assert_str_eq(cpu.features[0], "avx");
    ck_assert_str_eq(cpu.features[1], "fpu");
    ck_assert_str_eq(cpu.features[2], "sha-ni");
    ck_assert_str_eq(cpu.features[3], "svm");
    ck_assert_str_eq(cpu.features[4], "vme");
    ck_assert_ptr_null(cpu.features[5]);
    host_cpu_info_clear(&cpu);
    host_cpu_info_read("/nowhere", &cpu);
    ck_assert_ptr_null(cpu.vendor);
    ck_assert_uint_eq(cpu.family, 0);
    ck_assert_ptr_null(cpu.features[0]);
    host_cpu_info_clear(&cpu);
}
END_TEST

static const struct {
    const char *text, *uuid; /* NULL: none */
} uuids[] = {
    { "C5C2DA27-1A8E-4D4A-B428-0F1263BDA44C\n", "c5c2da27-1a8e-4d4a-b428-0f1263bda44c" },
    { "03000200-0400-0500-0006-000700080009", "03000200-0400-0500-0006-000700080009" },
    { "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF\n", NULL },
    { "00000000-0000-0000-0000-000000000000\n", NULL },
    { "Not Settable\n", NULL },
    { "C5C2DA27-1A8E-4D4A-B428-0F1263BDA44\n", NULL },
    { "C5C2DA2701A8E-4D4A-B428-0F1263BDA44C\n", NULL },
    { "G5C2DA27-1A8E-4D4A-B428-0F1263BDA44C\n", NULL },
    { "", NULL },
};

START_TEST(test_uuid)
{
    _cleanup_free_ char *uuid = NULL;

    put(uuids[_i].text, "sys/class/dmi/id/product_uuid");
    uuid = host_get_uuid(scratch_path);
    ck_assert_pstr_eq(uuid, uuids[_i].uuid);
    ck_assert_ptr_null(host_get_uuid("/nowhere"));
}
END_TEST

static const struct {
    const char *text;
    int count; /* -1: no list */
    unsigned int last;
} lists[] = {
    { "0", 1, 0 },       { "0-3", 4, 3 },   { "0-1,4-5", 4, 5 }, { "7,9", 2, 9 },
    { "", 0, 0 },        { "3-1", -1, 0 },  { "1,", -1, 0 },     { ",1", -1, 0 },
    { "1-", -1, 0 },     { "-1", -1, 0 },   { "a", -1, 0 },      { "1 2", -1, 0 },
    { "0-65536", -1, 0 }, { "99999999999999999999", -1, 0 },     { "0-65535,0-65535", -1, 0 },
};

START_TEST(test_list)
{
    unsigned int *ids = NULL;
    size_t count = 0;
    int r = host_list_parse(lists[_i].text, &ids, &count);

    ck_assert_int_eq(r, lists[_i].count < 0 ? -1 : 0);
    if (lists[_i].count >= 0)
        ck_assert_uint_eq(count, (size_t)lists[_i].count);
    if (lists[_i].count > 0)
        ck_assert_uint_eq(ids[count - 1], lists[_i].last);
    free(ids);
}
END_TEST

/* The machine these tests run on. */
START_TEST(test_real_host)
{
    struct host_info info;
    uint64_t bytes, cells[64];
    int n;

    ck_assert_int_eq(host_get_info("", &info, &err), 0);
    ck_assert_int_eq((long)info.cpus, sysconf(_SC_NPROCESSORS_ONLN));
    ck_assert_uint_ge(info.nodes * info.sockets * info.cores * info.threads, info.cpus);
    ck_assert_uint_gt(info.memory_kib, 1024);
    ck_assert_int_eq(host_get_free_memory("", &bytes, &err), 0);
    ck_assert_uint_le(bytes / 1024, info.memory_kib);
    n = host_get_cells_free("", 0, 64, cells, &err);
    ck_assert_int_ge(n, 1);
}
END_TEST

START_TEST(test_max_vcpus)
{
    int kvm = host_get_max_vcpus("kvm", &err);

    ck_assert(kvm > 0 || err.code == VIR_ERR_CONFIG_UNSUPPORTED);
    verror_clear(&err);
    ck_assert_int_eq(host_get_max_vcpus("qemu", &err), 255);
    ck_assert_int_eq(host_get_max_vcpus("QEMU", &err), 255);
    ck_assert_int_eq(host_get_max_vcpus(NULL, &err), 255);
    ck_assert_int_eq(host_get_max_vcpus("xen", &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_INVALID_ARG);
    verror_clear(&err);
    ck_assert_int_eq(host_get_max_vcpus("", &err), -1);
}
END_TEST

static size_t find_arp(const char *mac, size_t max, const char *wanted)
{
    char path[300];
    struct host_arp arp;
    size_t len;

    (void)snprintf(path, sizeof(path), "%s/arp", scratch_path);
    ck_assert_int_eq(host_arp_find(path, mac, max, &arp, &err), 0);
    if (wanted)
        ck_assert_str_eq(arp.addresses[arp.len - 1], wanted);
    len = arp.len;
    free(arp.addresses);
    return len;
}

START_TEST(test_arp)
{
    struct host_arp arp;

    put("IP address       HW type     Flags       HW address            Mask     Device\n"
        "192.0.2.1        0x1         0x2         52:54:00:aa:00:01     *        br0\n"
        "192.0.2.2        0x1         0x2         52:54:00:aa:00:02     *        br0\n"
        "192.0.2.3        0x1         0x6         52:54:00:aa:00:01     *        br1\n"
        "192.0.2.4        0x1         0x0         52:54:00:aa:00:01     *        br0\n"
        "192.0.2.5        0x1\n", "arp");
    ck_assert_uint_eq(find_arp("52:54:00:AA:00:01", 9, "192.0.2.3"), 2);
    ck_assert_uint_eq(find_arp("52:54:00:aa:00:01", 1, "192.0.2.1"), 1);
    ck_assert_uint_eq(find_arp("52:54:00:aa:00:03", 9, NULL), 0);
    ck_assert_int_eq(host_arp_find("/nonexistent/arp", "x", 1, &arp, &err), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("host");
    TCase *tcase = tcase_create("host");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_large_host);
    tcase_add_test(tcase, test_offline_cpus);
    tcase_add_test(tcase, test_two_sockets_in_one_node);
    tcase_add_test(tcase, test_no_numa);
    tcase_add_test(tcase, test_mhz_of_cpufreq);
    tcase_add_test(tcase, test_nothing_there);
    tcase_add_test(tcase, test_cells_free);
    tcase_add_test(tcase, test_topology);
    tcase_add_test(tcase, test_cpu);
    tcase_add_loop_test(tcase, test_uuid, 0, (int)ARRAY_SIZE(uuids));
    tcase_add_loop_test(tcase, test_list, 0, (int)ARRAY_SIZE(lists));
    tcase_add_test(tcase, test_real_host);
    tcase_add_test(tcase, test_max_vcpus);
    tcase_add_test(tcase, test_arp);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
