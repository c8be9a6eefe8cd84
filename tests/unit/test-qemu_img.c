/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The real qemu-img, driven: every option, ugly names, progress, cancel, its errors. */

#include "storage/qemu_img.h"

#include <inttypes.h>
#include <pthread.h>

#include "scratch.h"
#include "util/alloc.h"
#include "util/child.h"

#define MIB (1024 * 1024ULL)

static struct job_ctl ctl;
static struct verror err;
static char path_a[256], path_b[256], path_c[256];

static void setup(void)
{
    scratch_make();
    job_ctl_init(&ctl);
    /* each would mean something else to qemu-img were it not absolute */
    (void)snprintf(path_a, sizeof(path_a), "%s/nbd:a,fmt=raw 'x'", scratch_path);
    (void)snprintf(path_b, sizeof(path_b), "%s/-o json:{}\xc3\xa9", scratch_path);
    (void)snprintf(path_c, sizeof(path_c), "%s/c,,size=7\\", scratch_path);
    ck_assert_msg(child_start(&err) == 0, "%s", verror_text(&err));
}

static void teardown(void)
{
    child_stop();
    verror_clear(&err);
    job_ctl_done(&ctl);
    scratch_remove();
}

static int open_new(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    return fd;
}

static struct qemu_img_target make_target(const char *path, enum vol_format format,
                                          uint64_t capacity)
{
    return (struct qemu_img_target){
        .path = path, .format = format, .capacity = capacity, .backing_format = -1
    };
}

/* The qcow2 header, big-endian, as its specification lays it out. */
static uint64_t header_field(int fd, off_t offset, size_t bytes)
{
    unsigned char raw[8];
    uint64_t value = 0;
    size_t i;

    ck_assert_int_eq(pread(fd, raw, bytes, offset), (ssize_t)bytes);
    for (i = 0; i < bytes; i++)
        value = value << 8 | raw[i];
    return value;
}

#define HEADER_VERSION 4, 4
#define HEADER_CLUSTER_BITS 20, 4
#define HEADER_SIZE 24, 8
#define HEADER_COMPATIBLE 80, 8

static void check(int r)
{
    ck_assert_msg(r == 0, "%s", verror_text(&err));
}

START_TEST(test_create)
{
    _cleanup_close_ int fd = open_new(path_a);
    struct qemu_img_target target = make_target(path_a, VOL_FORMAT_QCOW2, 100 * MIB + 512);

    target.compat = "1.1";
    target.lazy_refcounts = true;
    target.cluster_size = 128 * 1024;
    target.preallocate_metadata = true;
    check(qemu_img_create(&target, &ctl, &err));
    ck_assert_uint_eq(header_field(fd, HEADER_VERSION), 3);
    ck_assert_uint_eq(header_field(fd, HEADER_CLUSTER_BITS), 17);
    ck_assert_uint_eq(header_field(fd, HEADER_SIZE), 100 * MIB + 512);
    ck_assert_uint_eq(header_field(fd, HEADER_COMPATIBLE), 1);
    ck_assert_uint_ge(scratch_size(fd), 100 * MIB); /* metadata place all clusters */
}
END_TEST

START_TEST(test_create_old_compat)
{
    _cleanup_close_ int fd = open_new(path_a);
    struct qemu_img_target target = make_target(path_a, VOL_FORMAT_QCOW2, MIB);

    target.compat = "0.10";
    check(qemu_img_create(&target, &ctl, &err));
    ck_assert_uint_eq(header_field(fd, HEADER_VERSION), 2);
}
END_TEST

START_TEST(test_create_full)
{
    _cleanup_close_ int fd = open_new(path_a);
    struct qemu_img_target target =
        make_target(path_a, _i ? VOL_FORMAT_QCOW2 : VOL_FORMAT_RAW, 16 * MIB);

    target.preallocate_full = true;
    target.extended_l2 = _i;
    check(qemu_img_create(&target, &ctl, &err));
    ck_assert_uint_ge(scratch_blocks(fd), 16 * MIB);
}
END_TEST

START_TEST(test_create_refuses)
{
    struct qemu_img_target target = make_target("relative", VOL_FORMAT_QCOW2, MIB);

    ck_assert_int_eq(qemu_img_create(&target, &ctl, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_INTERNAL_ERROR);
    verror_clear(&err);
    target = make_target(path_a, VOL_FORMAT_DIR, MIB);
    ck_assert_int_eq(qemu_img_create(&target, &ctl, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_UNSUPPORTED);
    verror_clear(&err);
    target = make_target(path_a, VOL_FORMAT_QCOW2, MIB);
    target.compat = "1.1,data_file=/etc/passwd";
    ck_assert_int_eq(qemu_img_create(&target, &ctl, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_CONFIG_UNSUPPORTED);
    verror_clear(&err);
    target = make_target(path_a, VOL_FORMAT_QCOW2, MIB);
    target.backing_path = path_b; /* its format must be said */
    ck_assert_int_eq(qemu_img_create(&target, &ctl, &err), -1);
    ck_assert_int_eq(access(path_a, F_OK), -1);
}
END_TEST

START_TEST(test_error_of_qemu_img)
{
    struct qemu_img_target target = make_target(path_a, VOL_FORMAT_QCOW2, MIB);

    target.cluster_size = 1000;
    ck_assert_int_eq(qemu_img_create(&target, &ctl, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_FAILED);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "qemu-img"));
    ck_assert_ptr_nonnull(strstr(err.output, "luster size"));
}
END_TEST

/* raw to qcow2 and back: the same bytes, and progress that ends at its total. */
START_TEST(test_convert_round_trip)
{
    _cleanup_close_ int raw = open_new(path_a), image = open_new(path_b), back = open_new(path_c);
    struct qemu_img_target target = make_target(path_b, VOL_FORMAT_QCOW2, 64 * MIB);

    ck_assert_int_eq(ftruncate(raw, 64 * (off_t)MIB), 0);
    scratch_fill(raw, MIB, 5 * MIB, 1);
    scratch_fill(raw, 40 * MIB, 12345, 2);
    check(qemu_img_convert(path_a, VOL_FORMAT_RAW, &target, &ctl, &err));
    ck_assert_uint_eq(header_field(image, HEADER_SIZE), 64 * MIB);
    ck_assert_uint_ge(ctl.total, 5 * MIB);
    ck_assert_uint_eq(ctl.done, ctl.total);
    target = make_target(path_c, VOL_FORMAT_RAW, 64 * MIB);
    check(qemu_img_convert(path_b, VOL_FORMAT_QCOW2, &target, &ctl, &err));
    ck_assert(scratch_same(raw, back));
    ck_assert_uint_lt(scratch_blocks(back), 8 * MIB);
}
END_TEST

START_TEST(test_convert_grows)
{
    _cleanup_close_ int raw = open_new(path_a), image = open_new(path_b);
    struct qemu_img_target target =
        make_target(path_b, _i ? VOL_FORMAT_QCOW2 : VOL_FORMAT_RAW, 32 * MIB);

    scratch_fill(raw, 0, 2 * MIB, 1);
    target.preallocate_full = true;
    check(qemu_img_convert(path_a, VOL_FORMAT_RAW, &target, &ctl, &err));
    ck_assert_uint_eq(_i ? header_field(image, HEADER_SIZE) : scratch_size(image), 32 * MIB);
    ck_assert_uint_ge(scratch_blocks(image), 32 * MIB);
}
END_TEST

/* With a backing file only the difference is stored, and the format of it is not guessed. */
START_TEST(test_backing)
{
    _cleanup_close_ int base = open_new(path_a), overlay = open_new(path_b);
    _cleanup_close_ int back = open_new(path_c);
    struct qemu_img_target target = make_target(path_b, VOL_FORMAT_QCOW2, 8 * MIB);

    scratch_fill(base, 0, 8 * MIB, 1);
    target.backing_path = path_a;
    target.backing_format = VOL_FORMAT_RAW;
    check(qemu_img_create(&target, &ctl, &err));
    ck_assert_uint_lt(scratch_size(overlay), MIB);
    target = make_target(path_c, VOL_FORMAT_RAW, 8 * MIB);
    check(qemu_img_convert(path_b, VOL_FORMAT_QCOW2, &target, &ctl, &err));
    ck_assert(scratch_same(base, back));
}
END_TEST

/* A guest's raw disk that begins like an image is copied, not believed. */
START_TEST(test_raw_is_not_probed)
{
    _cleanup_close_ int disk = open_new(path_a), back = open_new(path_b);
    struct qemu_img_target target = make_target(path_a, VOL_FORMAT_QCOW2, 512 * MIB);

    check(qemu_img_create(&target, &ctl, &err));
    ck_assert_int_eq(ftruncate(disk, (off_t)MIB), 0); /* whole sectors, as disks have */
    target = make_target(path_b, VOL_FORMAT_RAW, 0);
    check(qemu_img_convert(path_a, VOL_FORMAT_RAW, &target, &ctl, &err));
    ck_assert(scratch_same(disk, back));
}
END_TEST

START_TEST(test_resize)
{
    _cleanup_close_ int fd = open_new(path_a);
    enum vol_format format = _i ? VOL_FORMAT_QCOW2 : VOL_FORMAT_RAW;
    struct qemu_img_target target = make_target(path_a, format, 8 * MIB);

    check(qemu_img_create(&target, &ctl, &err));
    check(qemu_img_resize(path_a, 0, format, 24 * MIB, false, true, &ctl, &err));
    ck_assert_uint_eq(_i ? header_field(fd, HEADER_SIZE) : scratch_size(fd), 24 * MIB);
    ck_assert_uint_ge(scratch_blocks(fd), 16 * MIB);
    ck_assert_int_eq(qemu_img_resize(path_a, 0, format, 4 * MIB, false, false, &ctl, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_FAILED);
    verror_clear(&err);
    check(qemu_img_resize(path_a, 0, format, 4 * MIB, true, false, &ctl, &err));
    ck_assert_uint_eq(_i ? header_field(fd, HEADER_SIZE) : scratch_size(fd), 4 * MIB);
}
END_TEST

static void *convert_thread(void *opaque)
{
    return qemu_img_convert(path_a, VOL_FORMAT_RAW, opaque, &ctl, &err) == 0 ? NULL : &err;
}

START_TEST(test_cancel)
{
    _cleanup_close_ int raw = open_new(path_a), image = open_new(path_b);
    struct qemu_img_target target = make_target(path_b, VOL_FORMAT_QCOW2, 512 * MIB);
    pthread_t thread;
    void *result;
    double asked;

    scratch_fill_large(raw, 512 * MIB);
    ck_assert_int_eq(pthread_create(&thread, NULL, convert_thread, &target), 0);
    while (ctl.total == 0 || ctl.done < ctl.total / 20)
        (void)sched_yield();
    asked = scratch_now();
    job_ctl_cancel(&ctl);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_nonnull(result);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_ABORTED);
    ck_assert_msg(scratch_now() - asked < 1, "took %.3f s", scratch_now() - asked);
    ck_assert_uint_lt(ctl.done, ctl.total);
    ck_assert_uint_gt(scratch_size(image), 0);
}
END_TEST

/* Only those that record are told of; a name may look like an option. */
START_TEST(test_bitmaps)
{
    struct qemu_img_target target = make_target(path_b, VOL_FORMAT_QCOW2, 8 * MIB);
    _cleanup_close_ int fd = open_new(path_b);
    _cleanup_free_ char *disable = xasprintf("qemu-img bitmap -f qcow2 --disable '%s' off", path_b);
    _cleanup_free_ char *text = NULL;
    json_t *bitmaps = NULL;
    uint64_t size = 0;

    ck_assert_int_eq(qemu_img_create(&target, &ctl, &err), 0);
    ck_assert_int_eq(qemu_img_bitmaps(path_b, "qcow2", &ctl, &size, &bitmaps, &err), 0);
    ck_assert_uint_eq(size, 8 * MIB);
    ck_assert_uint_eq(json_array_size(bitmaps), 0);
    json_decref(bitmaps);
    ck_assert_int_eq(qemu_img_bitmap_add(path_b, fd, "off", 65536, &ctl, &err), 0);
    ck_assert_int_eq(qemu_img_bitmap_add(path_b, -1, "--help", 4096, &ctl, &err), 0);
    ck_assert_int_eq(system(disable), 0);
    ck_assert_int_eq(qemu_img_bitmaps(path_b, "qcow2", &ctl, &size, &bitmaps, &err), 0);
    text = json_dumps(bitmaps, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(bitmaps);
    ck_assert_str_eq(text, "[{\"flags\":[\"auto\"],\"granularity\":4096,\"name\":\"--help\"}]");
    ck_assert_int_eq(qemu_img_bitmap_add(path_b, fd, "off", 65536, &ctl, &err), -1);
    ck_assert_msg(strstr(verror_text(&err), "already exists") != NULL, "%s", verror_text(&err));
    ck_assert_msg(strstr(verror_text(&err), "/proc/self") == NULL, "%s", verror_text(&err));
    ck_assert_int_eq(qemu_img_has_bitmap(path_b, "--help", &ctl, &err), 1);
    ck_assert_int_eq(qemu_img_bitmap_remove(path_b, false, "--help", fd, &ctl, &err), 0);
    ck_assert_int_eq(qemu_img_has_bitmap(path_b, "--help", &ctl, &err), 0);
    ck_assert_int_eq(qemu_img_has_bitmap(path_b, NULL, &ctl, &err), 1); /* the one that is off */
    ck_assert_int_eq(qemu_img_bitmap_remove(path_b, false, "--help", fd, &ctl, &err), -1);
    verror_clear(&err);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("qemu_img");
    TCase *tcase = tcase_create("qemu_img");

    if (system("qemu-img --version >/dev/null 2>&1") != 0) {
        puts("skipped: there is no qemu-img (Debian: qemu-utils)");
        return 77;
    }
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_create);
    tcase_add_test(tcase, test_create_old_compat);
    tcase_add_loop_test(tcase, test_create_full, 0, 2);
    tcase_add_test(tcase, test_create_refuses);
    tcase_add_test(tcase, test_error_of_qemu_img);
    tcase_add_test(tcase, test_convert_round_trip);
    tcase_add_loop_test(tcase, test_convert_grows, 0, 2);
    tcase_add_test(tcase, test_backing);
    tcase_add_test(tcase, test_raw_is_not_probed);
    tcase_add_loop_test(tcase, test_resize, 0, 2);
    tcase_add_test(tcase, test_bitmaps);
    tcase_add_test(tcase, test_cancel);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
