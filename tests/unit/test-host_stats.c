/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the host tells of times, memory, pages, CPUs and itself, from a tree made here. */

#include "hypervisor/host_ksm.h"
#include "hypervisor/host_stats.h"

#include <errno.h>

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

static void put(const char *path, const char *text)
{
    _cleanup_free_ char *name = xstrdup(path);
    int fd;

    for (char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        ck_assert(mkdirat(scratch_fd, name, 0755) == 0 || errno == EEXIST);
        *slash = '/';
    }
    fd = scratch_open(name);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    ck_assert_int_eq(close(fd), 0);
}

START_TEST(test_cpu_stats)
{
    struct host_stat stats[HOST_CPU_STATS];
    uint64_t tick = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK);

    put("proc/stat", "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 9 9 9 9 9 9 9 0 0 0\n"
                     "cpu11 10 20 30 40 50 60 70 0 0 0\nintr 1\n");
    ck_assert_int_eq(host_get_cpu_stats(scratch_path, HOST_STATS_ALL, stats, &err), 0);
    ck_assert_str_eq(stats[0].name, "kernel");
    ck_assert_uint_eq(stats[0].value, (3 + 6 + 7) * tick);
    ck_assert_str_eq(stats[1].name, "user");
    ck_assert_uint_eq(stats[1].value, 3 * tick);
    ck_assert_str_eq(stats[2].name, "idle");
    ck_assert_uint_eq(stats[2].value, 4 * tick);
    ck_assert_str_eq(stats[3].name, "iowait");
    ck_assert_uint_eq(stats[3].value, 5 * tick);
    ck_assert_int_eq(host_get_cpu_stats(scratch_path, 11, stats, &err), 0);
    ck_assert_uint_eq(stats[2].value, 40 * tick);
    ck_assert_int_eq(host_get_cpu_stats(scratch_path, 1, stats, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_INVALID_ARG);
    ck_assert_int_eq(host_get_cpu_stats(scratch_path, -2, stats, &err), -1);
}
END_TEST

START_TEST(test_memory)
{
    struct host_stat stats[HOST_MEMORY_STATS];
    uint64_t count;

    put("proc/meminfo", "MemTotal: 4000 kB\nMemFree:  1024 kB\nMemAvailable: 9 kB\n"
                        "Buffers: 30 kB\nSwapCached: 1 kB\nCached: 20 kB\n");
    put("sys/devices/system/node/node1/meminfo",
        "Node 1 MemTotal:  2000 kB\nNode 1 MemFree:  512 kB\n");
    put("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "7\n");
    put("sys/devices/system/node/node1/hugepages/hugepages-2048kB/free_hugepages", "3\n");
    ck_assert_int_eq(host_get_memory_stats(scratch_path, HOST_STATS_ALL, stats, &err), 4);
    ck_assert_str_eq(stats[3].name, "cached");
    ck_assert_uint_eq(stats[3].value, 20);
    ck_assert_int_eq(host_get_memory_stats(scratch_path, 1, stats, &err), 2);
    ck_assert_uint_eq(stats[0].value, 2000);
    ck_assert_uint_eq(stats[1].value, 512);
    ck_assert_int_eq(host_get_memory_stats(scratch_path, 0, stats, &err), 2);
    ck_assert_uint_eq(stats[1].value, 1024);
    ck_assert_int_eq(host_get_free_pages(scratch_path, 1, 2048, &count, &err), 0);
    ck_assert_uint_eq(count, 3);
    ck_assert_int_eq(host_get_free_pages(scratch_path, HOST_STATS_ALL, 2048, &count, &err), 0);
    ck_assert_uint_eq(count, 7);
    ck_assert_int_eq(host_get_free_pages(scratch_path, 1,
                                         (unsigned int)sysconf(_SC_PAGESIZE) / 1024, &count, &err),
                     0);
    ck_assert_uint_eq(count, 512u * 1024 / (unsigned long)sysconf(_SC_PAGESIZE));
    ck_assert_int_eq(err.code, 0);
    ck_assert_int_eq(host_get_free_pages(scratch_path, 1, 64, &count, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_FAILED);
    verror_clear(&err);
    ck_assert_int_eq(host_get_memory_stats(scratch_path, 2, stats, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_INVALID_ARG);
}
END_TEST

START_TEST(test_cpu_map)
{
    struct host_cpu_map map;

    put("sys/devices/system/cpu/online", "0-1,9\n");
    put("sys/devices/system/cpu/present", "0-10\n");
    ck_assert_int_eq(host_get_cpu_map(scratch_path, &map, &err), 0);
    ck_assert_uint_eq(map.present, 11);
    ck_assert_uint_eq(map.online, 3);
    ck_assert_uint_eq(map.len, 2);
    ck_assert_mem_eq(map.bits, "\x03\x02", 2);
    free(map.bits);
}
END_TEST

START_TEST(test_sysinfo)
{
    _cleanup_free_ char *xml = NULL;

    ck_assert_ptr_null(host_sysinfo_xml(scratch_path, &err));
    ck_assert_int_eq(err.code, VIR_ERR_CONFIG_UNSUPPORTED);
    verror_clear(&err);
    put("sys/class/dmi/id/bios_vendor", "Firm & Co  \n");
    put("sys/class/dmi/id/bios_release", " \n");
    put("sys/class/dmi/id/product_name", "Box\n");
    put("sys/class/dmi/id/product_uuid", "u\n");
    xml = host_sysinfo_xml(scratch_path, &err);
    ck_assert_ptr_nonnull(xml);
    ck_assert_str_eq(xml, "<sysinfo type='smbios'>\n"
                          "  <bios>\n"
                          "    <entry name='vendor'>Firm &amp; Co</entry>\n"
                          "  </bios>\n"
                          "  <system>\n"
                          "    <entry name='product'>Box</entry>\n"
                          "    <entry name='uuid'>u</entry>\n"
                          "  </system>\n"
                          "</sysinfo>\n");
}
END_TEST

START_TEST(test_ksm)
{
    uint64_t value = 0;

    ck_assert(!host_ksm_get(scratch_path, 0, &value));
    put("sys/kernel/mm/ksm/pages_to_scan", "100\n");
    ck_assert(host_ksm_get(scratch_path, 0, &value));
    ck_assert_uint_eq(value, 100);
    ck_assert_int_eq(host_ksm_set(scratch_path, 0, 205, &err), 0);
    ck_assert(host_ksm_get(scratch_path, 0, &value));
    ck_assert_uint_eq(value, 205);
    ck_assert_int_eq(host_ksm_set(scratch_path, 1, 1, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_SYSTEM_ERROR);
    ck_assert_ptr_nonnull(strstr(err.message, "failed to set shm_sleep_millisecs"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("host_stats");
    TCase *tcase = tcase_create("host_stats");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_cpu_stats);
    tcase_add_test(tcase, test_memory);
    tcase_add_test(tcase, test_cpu_map);
    tcase_add_test(tcase, test_sysinfo);
    tcase_add_test(tcase, test_ksm);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
