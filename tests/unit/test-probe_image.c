/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/storage/probe_*.c: images as attackers write them, and as qemu-img does. */

#include <stdarg.h>
#include <string.h>

#include "probe-fixture.h"
#include "storage/probe_image.h"

static void run(const char *fmt, ...) _printf_(1, 2);
static void run(const char *fmt, ...)
{
    char command[1024];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(command, sizeof(command), fmt, args);
    va_end(args);
    ck_assert_msg(system(command) == 0, "%s", command);
}

/* Bytes of a header, big-endian first. */
static void set_be(unsigned char *p, int len, uint64_t value)
{
    for (int i = len - 1; i >= 0; i--, value >>= 8)
        p[i] = (unsigned char)value;
}

static void set_le(unsigned char *p, int len, uint64_t value)
{
    for (int i = 0; i < len; i++, value >>= 8)
        p[i] = (unsigned char)value;
}

/* A qcow2 header with sane values, to be spoilt one by one. */
enum { QCOW2_HEADER = 104, CLUSTER = 65536 };

static void qcow2_make(unsigned char head[CLUSTER], int version, const char *backing)
{
    memset(head, 0, CLUSTER);
    set_be(head, 4, 0x514649fb);
    set_be(head + 4, 4, (uint64_t)version);
    set_be(head + 20, 4, 16);
    set_be(head + 24, 8, 1 << 30);
    set_be(head + 96, 4, 4);
    set_be(head + 100, 4, QCOW2_HEADER);
    if (!backing)
        return;
    set_be(head + 8, 8, 1024);
    set_be(head + 16, 4, strlen(backing));
    memcpy(head + 1024, backing, strlen(backing));
}

static enum vol_format format_of(const unsigned char *head, size_t len)
{
    _cleanup_vol_info_ struct vol_info *info = NULL;

    (void)unlinkat(pool_fd, "x", 0);
    put("x", 0, head, len);
    info = probe("x");
    ck_assert(info->format != VOL_FORMAT_RAW || info->capacity == len);
    ck_assert(info->format != VOL_FORMAT_RAW || !info->backing_path);
    return info->format;
}

START_TEST(test_qcow2_distrusted)
{
    static const struct {
        int offset, len;
        uint64_t value;
        enum vol_format format;
    } cases[] = {
        { 0, 4, 0x514649fb, VOL_FORMAT_QCOW2 },
        { 4, 4, 2, VOL_FORMAT_QCOW2 },
        { 4, 4, 4, VOL_FORMAT_RAW },
        { 4, 4, 0, VOL_FORMAT_RAW },
        { 8, 8, UINT64_MAX, VOL_FORMAT_RAW }, /* where the backing name is */
        { 8, 8, CLUSTER, VOL_FORMAT_RAW },
        { 8, 8, 0, VOL_FORMAT_QCOW2 },
        { 16, 4, UINT32_MAX, VOL_FORMAT_RAW }, /* its length */
        { 16, 4, BACKING_PATH_MAX + 1, VOL_FORMAT_RAW },
        { 16, 4, 0, VOL_FORMAT_QCOW2 },
        { 20, 4, 8, VOL_FORMAT_RAW }, /* cluster bits */
        { 20, 4, 22, VOL_FORMAT_RAW },
        { 20, 4, UINT32_MAX, VOL_FORMAT_RAW },
        { 24, 8, UINT64_MAX, VOL_FORMAT_RAW }, /* size */
        { 24, 8, UINT64_C(1) << 63, VOL_FORMAT_RAW },
        { 32, 4, 3, VOL_FORMAT_RAW }, /* encryption */
        { 72, 8, UINT64_C(1) << 40, VOL_FORMAT_RAW }, /* incompatible features */
        { 100, 4, 0, VOL_FORMAT_RAW }, /* header length */
        { 100, 4, UINT32_MAX, VOL_FORMAT_RAW },
        { 100, 4, 1024, VOL_FORMAT_QCOW2 },
        { 104, 8, UINT64_C(0xe2792acaffffffff), VOL_FORMAT_QCOW2 }, /* an endless extension */
        { 1024, 1, 0, VOL_FORMAT_RAW }, /* an empty name */
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        static unsigned char head[CLUSTER];

        qcow2_make(head, 3, "base");
        set_be(head + cases[i].offset, cases[i].len, cases[i].value);
        ck_assert_msg(format_of(head, CLUSTER) == cases[i].format, "case %zu", i);
    }
}
END_TEST

/* A header full of extensions that say nothing is not read to its end. */
START_TEST(test_qcow2_many_extensions)
{
    static unsigned char head[CLUSTER];
    _cleanup_vol_info_ struct vol_info *info = NULL;

    qcow2_make(head, 3, NULL);
    for (int i = QCOW2_HEADER; i < CLUSTER - 16; i += 8)
        set_be(head + i, 4, 1);
    set_be(head + 8, 8, CLUSTER - 8);
    set_be(head + 16, 4, 4);
    memcpy(head + CLUSTER - 8, "base", 4);
    put("x", 0, head, CLUSTER);
    info = probe("x");
    ck_assert_int_eq(info->format, VOL_FORMAT_QCOW2);
    ck_assert_int_eq(info->backing_format, -1);
    ck_assert_ptr_nonnull(info->backing_path);
}
END_TEST

START_TEST(test_backing_names)
{
    static const struct {
        const char *stored;
        bool below_pool; /* resolved against it, else as stored */
    } cases[] = {
        { "/abs/base", false },
        { "base", true },
        { "../other/base", true },
        { "json:{\"driver\":\"file\"}", false },
        { "nbd://host/export", false },
        { "dir/with:colon", true },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        static unsigned char head[CLUSTER];
        _cleanup_vol_info_ struct vol_info *info = NULL;
        _cleanup_free_ char *expected =
            cases[i].below_pool ? xasprintf("%s/%s", pool, cases[i].stored)
                                : xstrdup(cases[i].stored);

        qcow2_make(head, 3, cases[i].stored);
        put("x", 0, head, CLUSTER);
        info = probe("x");
        ck_assert_str_eq(info->backing_path, expected);
    }
}
END_TEST

START_TEST(test_qcow_distrusted)
{
    unsigned char head[512] = { 0 };

    set_be(head, 4, 0x514649fb);
    set_be(head + 4, 4, 1);
    set_be(head + 24, 8, 4096);
    head[32] = 12;
    ck_assert_int_eq(format_of(head, sizeof(head)), VOL_FORMAT_QCOW);
    set_be(head + 8, 8, UINT64_MAX - 10);
    set_be(head + 16, 4, 100);
    ck_assert_int_eq(format_of(head, sizeof(head)), VOL_FORMAT_RAW);
    set_be(head + 8, 8, 0);
    head[32] = 60;
    ck_assert_int_eq(format_of(head, sizeof(head)), VOL_FORMAT_RAW);
}
END_TEST

START_TEST(test_qed_distrusted)
{
    unsigned char head[4096] = "QED";

    set_le(head + 48, 8, 4096);
    ck_assert_int_eq(format_of(head, sizeof(head)), VOL_FORMAT_QED);
    set_le(head + 16, 8, 1); /* a backing file without a name */
    ck_assert_int_eq(format_of(head, sizeof(head)), VOL_FORMAT_RAW);
    set_le(head + 56, 4, UINT32_MAX);
    set_le(head + 60, 4, 10);
    ck_assert_int_eq(format_of(head, sizeof(head)), VOL_FORMAT_RAW);
    set_le(head + 16, 8, UINT64_C(1) << 50);
    ck_assert_int_eq(format_of(head, sizeof(head)), VOL_FORMAT_RAW);
}
END_TEST

START_TEST(test_vmdk_descriptor)
{
    static const char text[] = "# Disk DescriptorFile\n"
                               "version=1\n\n"
                               "RW 2048 SPARSE \"a-s001.vmdk\"\n"
                               "\n\nRDONLY 1024 FLAT \"a-f002.vmdk\" 0\n"
                               "XRW 77 FLAT \"no\"\n"
                               "parentFileNameHint=\"parent.vmdk\"\n";
    static const char overflow[] = "# Disk DescriptorFile\nRW 18446744073709551615 FLAT \"a\" 0\n";
    _cleanup_free_ char *parent = xasprintf("%s/parent.vmdk", pool);
    _cleanup_vol_info_ struct vol_info *info = NULL;

    put("x", 0, text, sizeof(text) - 1);
    info = probe("x");
    ck_assert_int_eq(info->format, VOL_FORMAT_VMDK);
    ck_assert_uint_eq(info->capacity, 3072 * 512);
    ck_assert_str_eq(info->backing_path, parent);
    ck_assert_int_eq(format_of((const unsigned char *)overflow, sizeof(overflow) - 1),
                     VOL_FORMAT_RAW);
}
END_TEST

START_TEST(test_vmdk_distrusted)
{
    unsigned char head[512] = "KDMV", cowd[512] = "COWD";

    set_le(head + 4, 4, 1);
    set_le(head + 12, 8, 2048);
    ck_assert_int_eq(format_of(head, sizeof(head)), VOL_FORMAT_VMDK);
    set_le(head + 28, 8, UINT64_MAX); /* the descriptor's place */
    ck_assert_int_eq(format_of(head, sizeof(head)), VOL_FORMAT_RAW);
    set_le(head + 28, 8, 1 << 20);
    set_le(head + 36, 8, 20);
    ck_assert_int_eq(format_of(head, sizeof(head)), VOL_FORMAT_RAW);
    set_le(head + 28, 8, 0);
    set_le(head + 12, 8, UINT64_MAX / 100);
    ck_assert_int_eq(format_of(head, sizeof(head)), VOL_FORMAT_RAW);
    set_le(cowd + 4, 4, 1);
    set_le(cowd + 12, 4, 2048);
    ck_assert_int_eq(format_of(cowd, sizeof(cowd)), VOL_FORMAT_VMDK);
}
END_TEST

START_TEST(test_vhdx_distrusted)
{
    enum { SIZE = 512 << 10, TABLE = 192 << 10, META = 256 << 10 };
    static const unsigned char region[16] = { 0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b,
                                              0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e };
    static const unsigned char item[16] = { 0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48,
                                            0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4, 0xb8 };
    _cleanup_free_ unsigned char *file = xcalloc(1, SIZE);

    memcpy(file, "vhdxfile", 8);
    ck_assert_int_eq(format_of(file, SIZE), VOL_FORMAT_RAW); /* no tables at all */
    memcpy(file + TABLE, "regi", 4);
    set_le(file + TABLE + 8, 4, 100);
    memcpy(file + TABLE + 16 + 32 * 70, region, 16); /* beyond the first batch */
    set_le(file + TABLE + 16 + 32 * 70 + 16, 8, META);
    memcpy(file + META, "metadata", 8);
    set_le(file + META + 10, 2, 1);
    memcpy(file + META + 32, item, 16);
    set_le(file + META + 32 + 16, 4, 65536);
    set_le(file + META + 32 + 20, 4, 8);
    set_le(file + META + 65536, 8, 1 << 30);
    ck_assert_int_eq(format_of(file, SIZE), VOL_FORMAT_VHDX);
    set_le(file + META + 32 + 16, 4, UINT32_MAX);
    ck_assert_int_eq(format_of(file, SIZE), VOL_FORMAT_RAW);
    set_le(file + META + 32 + 16, 4, 65536);
    set_le(file + TABLE + 16 + 32 * 70 + 16, 8, UINT64_MAX - 20);
    ck_assert_int_eq(format_of(file, SIZE), VOL_FORMAT_RAW);
    set_le(file + TABLE + 8, 4, UINT32_MAX);
    ck_assert_int_eq(format_of(file, SIZE), VOL_FORMAT_RAW);
}
END_TEST

START_TEST(test_luks_and_iso)
{
    unsigned char luks[1024] = "LUKS\xba\xbe";
    _cleanup_vol_info_ struct vol_info *encrypted = NULL, *iso = NULL;

    luks[7] = 3;
    ck_assert_int_eq(format_of(luks, sizeof(luks)), VOL_FORMAT_RAW);
    luks[7] = 1;
    ck_assert_int_eq(format_of(luks, sizeof(luks)), VOL_FORMAT_LUKS);
    luks[7] = 2;
    put("luks", 0, luks, sizeof(luks));
    encrypted = probe("luks");
    ck_assert_int_eq(encrypted->format, VOL_FORMAT_LUKS);
    ck_assert(encrypted->encrypted);
    ck_assert_uint_eq(encrypted->capacity, sizeof(luks)); /* the bytes of the file */
    put("iso", 0x8001, "CD001", 5);
    iso = probe("iso");
    ck_assert_int_eq(iso->format, VOL_FORMAT_ISO);
    ck_assert_uint_eq(iso->capacity, 0x8006);
}
END_TEST

/* Shorter than it was a moment ago: what is not there any more is not believed. */
START_TEST(test_shrunk)
{
    static unsigned char head[CLUSTER];
    struct image_facts facts;
    int fd;

    qcow2_make(head, 3, "base");
    for (size_t len = 0; len < 1030; len += 7) {
        (void)unlinkat(pool_fd, "x", 0);
        put("x", 0, head, len + 1);
        fd = openat(pool_fd, "x", O_RDONLY | O_CLOEXEC);
        image_probe(fd, UINT64_C(1) << 40, &facts);
        ck_assert_int_eq(facts.format, len + 1 < 1028 ? VOL_FORMAT_RAW : VOL_FORMAT_QCOW2);
        free(facts.backing);
        (void)close(fd);
    }
}
END_TEST

/* Every header with every one of its bytes broken, twice: no crash, no leak, no hang. */
START_TEST(test_broken_bytes)
{
    static unsigned char head[CLUSTER];

    for (int at = 0; at < 112; at++)
        for (int value = 0x7f; value <= 0xff; value += 0x80) {
            qcow2_make(head, 3, "base");
            head[at] = (unsigned char)value;
            (void)format_of(head, 2048);
        }
}
END_TEST

/* What qemu-img itself makes and says. */
static void assert_made(const char *name, enum vol_format format)
{
    _cleanup_free_ char *command =
        xasprintf("qemu-img info -U --output=json -f %s '%s/%s' | "
                  "sed -n '/^    \"virtual-size\": /s/[^0-9]//gp'",
                  vol_format_name(format), pool, name);
    _cleanup_vol_info_ struct vol_info *info = probe(name);
    unsigned long long size = 0;
    FILE *pipe = popen(command, "re");

    ck_assert_ptr_nonnull(pipe);
    ck_assert_int_eq(fscanf(pipe, "%llu", &size), 1);
    (void)pclose(pipe);
    ck_assert_int_eq(info->format, format);
    ck_assert_msg(info->capacity == size, "%s: %llu, qemu-img: %llu", name,
                  (unsigned long long)info->capacity, size);
}

START_TEST(test_qemu_img_sizes)
{
    static const struct {
        const char *name, *options;
        enum vol_format format;
    } cases[] = {
        { "a.qcow2", "-f qcow2", VOL_FORMAT_QCOW2 },
        { "b.qcow2", "-f qcow2 -o compat=0.10,cluster_size=2M", VOL_FORMAT_QCOW2 },
        { "c.qcow2", "-f qcow2 -o data_file=$pool/data.raw", VOL_FORMAT_QCOW2 },
        { "d.qcow2", "-f qcow2 -o compression_type=zstd", VOL_FORMAT_QCOW2 },
        { "a.qcow", "-f qcow", VOL_FORMAT_QCOW },
        { "a.qed", "-f qed", VOL_FORMAT_QED },
        { "a.vdi", "-f vdi", VOL_FORMAT_VDI },
        { "b.vdi", "-f vdi -o static=on", VOL_FORMAT_VDI },
        { "a.vpc", "-f vpc", VOL_FORMAT_VPC },
        { "b.vpc", "-f vpc -o force_size=on", VOL_FORMAT_VPC },
        { "a.vhdx", "-f vhdx", VOL_FORMAT_VHDX },
        { "a.vmdk", "-f vmdk", VOL_FORMAT_VMDK },
        { "b.vmdk", "-f vmdk -o subformat=streamOptimized", VOL_FORMAT_VMDK },
        { "c.vmdk", "-f vmdk -o subformat=monolithicFlat", VOL_FORMAT_VMDK },
        { "d.vmdk", "-f vmdk -o subformat=twoGbMaxExtentSparse", VOL_FORMAT_VMDK },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        run("pool='%s'; qemu-img create -q %s \"$pool/%s\" 5000M", pool, cases[i].options,
            cases[i].name);
        assert_made(cases[i].name, cases[i].format);
    }
}
END_TEST

/* QEMU does not recognise these by content; other programs make them and do. */
START_TEST(test_qemu_img_fixed_vpc)
{
    _cleanup_vol_info_ struct vol_info *info = NULL;

    run("qemu-img create -q -f vpc -o subformat=fixed,force_size=on '%s/a' 10M", pool);
    info = probe("a");
    ck_assert_int_eq(info->format, VOL_FORMAT_VPC);
    ck_assert_uint_eq(info->capacity, 10 << 20);
}
END_TEST

START_TEST(test_qemu_img_features)
{
    _cleanup_vol_info_ struct vol_info *full = NULL, *old = NULL, *plain = NULL;

    run("cd '%s' && qemu-img create -q -f qcow2 "
        "-o lazy_refcounts=on,extended_l2=on,cluster_size=128k full 1M && "
        "qemu-img create -q -f qcow2 -o compat=0.10 old 1M && "
        "qemu-img create -q -f qcow2 plain 1M", pool);
    full = probe("full");
    ck_assert(full->lazy_refcounts && full->extended_l2);
    ck_assert_uint_eq(full->cluster_size, 128 << 10);
    ck_assert_str_eq(full->compat, "1.1");
    old = probe("old");
    ck_assert_str_eq(old->compat, "0.10");
    plain = probe("plain");
    ck_assert(!plain->lazy_refcounts && !plain->extended_l2 && !plain->encrypted);
    ck_assert_uint_eq(plain->cluster_size, 65536);
}
END_TEST

START_TEST(test_qemu_img_backing)
{
    static const struct {
        const char *name, *options;
        int format;
    } cases[] = {
        { "a", "-f qcow2 -F raw", VOL_FORMAT_RAW },
        { "b", "-f qcow2 -o compat=0.10 -F raw", VOL_FORMAT_RAW },
        { "c", "-f qed -F raw", VOL_FORMAT_RAW },
        { "d", "-f qcow -F raw", -1 }, /* no place for it in the format */
    };
    _cleanup_free_ char *base = xasprintf("%s/base", pool);

    run("qemu-img create -q -f raw '%s' 1M", base);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_vol_info_ struct vol_info *info = NULL;

        run("cd '%s' && qemu-img create -q %s -b base %s", pool, cases[i].options, cases[i].name);
        info = probe(cases[i].name);
        ck_assert_str_eq(info->backing_path, base);
        ck_assert_msg(info->backing_format == cases[i].format, "%s", cases[i].name);
    }
    run("cd '%s' && qemu-img create -q -f vmdk base.vmdk 1M && "
        "qemu-img create -q -f vmdk -b base.vmdk -F vmdk over.vmdk", pool);
    assert_made("over.vmdk", VOL_FORMAT_VMDK);
}
END_TEST

/* With AES: making LUKS measures the processor, which fails on a busy machine. */
START_TEST(test_qemu_img_encrypted)
{
    _cleanup_vol_info_ struct vol_info *info = NULL;

    run("qemu-img create -q --object secret,id=s,data=x -f qcow2 "
        "-o encrypt.format=aes,encrypt.key-secret=s '%s/a' 1M", pool);
    info = probe("a");
    ck_assert(info->encrypted && info->format == VOL_FORMAT_QCOW2);
}
END_TEST

static void add_format_tests(TCase *tcase)
{
    tcase_add_test(tcase, test_qcow2_distrusted);
    tcase_add_test(tcase, test_qcow2_many_extensions);
    tcase_add_test(tcase, test_backing_names);
    tcase_add_test(tcase, test_qcow_distrusted);
    tcase_add_test(tcase, test_qed_distrusted);
    tcase_add_test(tcase, test_vmdk_descriptor);
    tcase_add_test(tcase, test_vmdk_distrusted);
    tcase_add_test(tcase, test_vhdx_distrusted);
    tcase_add_test(tcase, test_luks_and_iso);
    tcase_add_test(tcase, test_shrunk);
    tcase_add_test(tcase, test_broken_bytes);
}

static void add_qemu_img_tests(TCase *tcase)
{
    if (system("qemu-img --version >/dev/null 2>&1") != 0) {
        printf("not tested: images made by qemu-img, which is not installed\n");
        return;
    }
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test_qemu_img_sizes);
    tcase_add_test(tcase, test_qemu_img_fixed_vpc);
    tcase_add_test(tcase, test_qemu_img_features);
    tcase_add_test(tcase, test_qemu_img_backing);
    tcase_add_test(tcase, test_qemu_img_encrypted);
}

int main(void)
{
    Suite *suite = suite_create("probe_image");

    add_format_tests(tcase_with_pool(suite, "formats"));
    add_qemu_img_tests(tcase_with_pool(suite, "qemu-img"));
    return suite_run(suite);
}
