/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The copy engine: same bytes, same holes, true progress, resume, cancel, errors. */

#include "storage/io.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include "deny.h"
#include "scratch.h"

#define MIB (1024 * 1024ULL)

static struct job_ctl ctl;
static struct verror err;
static int src, dst;

static void setup(void)
{
    scratch_make();
    job_ctl_init(&ctl);
    src = scratch_open("src");
    dst = scratch_open("dst");
}

static void teardown(void)
{
    (void)close(src);
    (void)close(dst);
    verror_clear(&err);
    job_ctl_done(&ctl);
    scratch_remove();
}

static struct io_copy make_copy(uint64_t size)
{
    return (struct io_copy){
        .src_fd = src, .dst_fd = dst, .size = size, .src_path = "SRC", .dst_path = "DST"
    };
}

static int run(const struct io_copy *copy)
{
    return io_copy(copy, &ctl, NULL, &err);
}

/* The loops below: by read and write, by copy_file_range, with zero detection. */
static struct io_copy make_variant(int i, uint64_t size)
{
    struct io_copy copy = make_copy(size);

    copy.try_reflink = i == 1;
    copy.zero_detect = i == 2;
    return copy;
}

START_TEST(test_copy_odd_size)
{
    struct io_copy copy = make_variant(_i, 5 * MIB + 77);

    scratch_fill(src, 0, 5 * MIB + 77, 1);
    ck_assert_msg(run(&copy) == 0, "%s", verror_text(&err));
    ck_assert(scratch_same(src, dst));
    ck_assert_uint_eq(ctl.done, ctl.total);
    ck_assert_uint_ge(ctl.total, 5 * MIB + 77);
}
END_TEST

START_TEST(test_copy_empty)
{
    struct io_copy copy = make_variant(_i, 0);

    ck_assert_msg(run(&copy) == 0, "%s", verror_text(&err));
    ck_assert_uint_eq(scratch_size(dst), 0);
}
END_TEST

START_TEST(test_copy_keeps_holes)
{
    struct io_copy copy = make_variant(_i, 1024 * MIB);

    ck_assert_int_eq(ftruncate(src, 1024 * (off_t)MIB), 0);
    scratch_fill(src, 3 * MIB, MIB, 1);
    scratch_fill(src, 700 * MIB, 64 * 1024, 2);
    ck_assert_msg(run(&copy) == 0, "%s", verror_text(&err));
    ck_assert_uint_eq(scratch_size(dst), 1024 * MIB);
    ck_assert_uint_lt(scratch_blocks(dst), 2 * MIB);
    ck_assert_uint_lt(ctl.total, 2 * MIB);
    ck_assert_uint_eq(ctl.done, ctl.total);
    ck_assert(scratch_same(src, dst));
}
END_TEST

START_TEST(test_copy_detects_zeros)
{
    struct io_copy copy = make_copy(8 * MIB);
    static const char zeros[MIB];

    scratch_fill(src, 0, 8 * MIB, 1);
    ck_assert_int_eq(pwrite(src, zeros, MIB, 2 * (off_t)MIB), (ssize_t)MIB);
    copy.zero_detect = true;
    ck_assert_msg(run(&copy) == 0, "%s", verror_text(&err));
    ck_assert(scratch_same(src, dst));
    ck_assert_uint_le(scratch_blocks(dst), 7 * MIB + 64 * 1024);
    ck_assert_uint_eq(ctl.done, 8 * MIB);
}
END_TEST

START_TEST(test_copy_cuts_longer_destination)
{
    struct io_copy copy = make_variant(_i, MIB);

    scratch_fill(src, 0, MIB, 1);
    scratch_fill(dst, 0, 3 * MIB, 2);
    ck_assert_msg(run(&copy) == 0, "%s", verror_text(&err));
    ck_assert(scratch_same(src, dst));
}
END_TEST

START_TEST(test_copy_part_of_source)
{
    struct io_copy copy = make_variant(_i, MIB);

    scratch_fill(src, 0, 2 * MIB, 1);
    ck_assert_msg(run(&copy) == 0, "%s", verror_text(&err));
    ck_assert_int_eq(ftruncate(src, (off_t)MIB), 0);
    ck_assert(scratch_same(src, dst));
}
END_TEST

struct reached {
    uint64_t last;
    unsigned int count;
    bool fell;
};

static void on_reached(void *opaque, unsigned int pass, uint64_t offset)
{
    struct reached *reached = opaque;

    reached->fell |= offset < reached->last || pass != 0;
    reached->last = offset;
    reached->count++;
    ck_assert_uint_le(ctl.done, ctl.total);
}

START_TEST(test_copy_checkpoints)
{
    struct reached reached = { 0 };
    struct io_checkpoint checkpoint = { on_reached, &reached, 4 * MIB };
    struct io_copy copy = make_variant(_i, 32 * MIB);

    scratch_fill(src, 0, 32 * MIB, 1);
    ck_assert_int_eq(io_copy(&copy, &ctl, &checkpoint, &err), 0);
    if (_i == 1 && reached.count == 0)
        return; /* one reflink: nothing to resume */
    ck_assert(!reached.fell);
    ck_assert_uint_ge(reached.count, 3);
    ck_assert_uint_le(reached.count, 8);
    ck_assert_uint_le(reached.last, 32 * MIB);
}
END_TEST

START_TEST(test_copy_resumes)
{
    struct io_copy copy = make_variant(_i, 16 * MIB);

    scratch_fill(src, 0, 4 * MIB, 1);
    scratch_fill(src, 8 * MIB, 8 * MIB, 1);
    scratch_fill(dst, 0, 10 * MIB, 9); /* below the offset: ours to keep */
    copy.offset = 10 * MIB;
    ck_assert_msg(run(&copy) == 0, "%s", verror_text(&err));
    ck_assert_uint_eq(ctl.total, 12 * MIB);
    ck_assert_uint_eq(ctl.done, 12 * MIB);
    scratch_fill(src, 0, 10 * MIB, 9);
    ck_assert(scratch_same(src, dst));
}
END_TEST

START_TEST(test_copy_source_too_short)
{
    struct io_copy copy = make_variant(_i, 2 * MIB);

    scratch_fill(src, 0, MIB, 1);
    ck_assert_int_eq(run(&copy), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_FAILED);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "changed size while it was read"));
}
END_TEST

static void shrink_source(void *opaque, unsigned int pass, uint64_t offset)
{
    (void)opaque;
    (void)pass;
    (void)offset;
    ck_assert_int_eq(ftruncate(src, 5 * (off_t)MIB), 0);
}

START_TEST(test_copy_source_shrinks)
{
    struct io_checkpoint checkpoint = { shrink_source, NULL, MIB };
    struct io_copy copy = make_variant(_i, 32 * MIB);

    if (_i == 1)
        copy.offset = 4096; /* no reflink: that could not be interrupted */
    scratch_fill(src, 0, 32 * MIB, 1);
    ck_assert_int_eq(io_copy(&copy, &ctl, &checkpoint, &err), -1);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "'SRC' changed size"));
}
END_TEST

/* RLIMIT_FSIZE stands for a full disk: the same short write, the same kind of error. */
START_TEST(test_copy_write_error)
{
    struct io_copy copy = make_variant(_i, 8 * MIB);
    struct rlimit limit = { 3 * MIB + 4097, 3 * MIB + 4097 };

    scratch_fill(src, 0, 8 * MIB, 1);
    ck_assert_int_eq(ftruncate(dst, 8 * (off_t)MIB), 0);
    copy.offset = 4096;
    ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(run(&copy), -1);
    ck_assert_int_eq(err.code, VIR_ERR_SYSTEM_ERROR);
    ck_assert_int_eq(err.sys_errno, EFBIG);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "'DST'"));
    ck_assert_uint_lt(ctl.done, ctl.total);
}
END_TEST

static const int kernel_copy_errors[] = { EXDEV, EOPNOTSUPP, EINVAL, ENOSYS };

static void deny_kernel_copy(void *opaque, unsigned int pass, uint64_t offset)
{
    (void)pass;
    (void)offset;
    deny_syscall(SYS_copy_file_range, DENY_ANY, *(const int *)opaque);
}

/* copy_file_range works for the first 4 MiB, then no more. */
START_TEST(test_copy_kernel_copy_fails_midway)
{
    int errnum = kernel_copy_errors[_i];
    struct io_checkpoint checkpoint = { deny_kernel_copy, &errnum, 4 * MIB };
    struct io_copy copy = make_variant(1, 32 * MIB + 3);

    scratch_fill(src, 0, 32 * MIB + 3, 1);
    scratch_fill(dst, 0, 4096, 1);
    copy.offset = 4096; /* no reflink */
    ck_assert_msg(io_copy(&copy, &ctl, &checkpoint, &err) == 0, "%s", verror_text(&err));
    ck_assert(scratch_same(src, dst));
    ck_assert_uint_eq(ctl.done, ctl.total);
}
END_TEST

START_TEST(test_copy_without_seek_data)
{
    struct io_copy copy = make_variant(_i, 16 * MIB);

    scratch_fill(src, 4 * MIB, MIB, 1);
    ck_assert_int_eq(ftruncate(src, 16 * (off_t)MIB), 0);
    deny_syscall(SYS_lseek, SEEK_DATA, EINVAL);
    copy.offset = _i == 1 ? 4096 : 0;
    ck_assert_msg(run(&copy) == 0, "%s", verror_text(&err));
    ck_assert(scratch_same(src, dst));
    ck_assert_uint_eq(ctl.done, 16 * MIB);
}
END_TEST

START_TEST(test_copy_without_sync_file_range)
{
    struct io_copy copy = make_variant(_i, 32 * MIB);

    scratch_fill(src, 0, 32 * MIB, 1);
    deny_syscall(SYS_sync_file_range, DENY_ANY, EINVAL);
    ck_assert_msg(run(&copy) == 0, "%s", verror_text(&err));
    ck_assert(scratch_same(src, dst));
}
END_TEST

/* The disk is full when data are written back, not when they are copied (NFS, thin volumes). */
START_TEST(test_copy_write_back_error)
{
    struct io_copy copy = make_variant(_i, 32 * MIB);

    scratch_fill(src, 0, 32 * MIB, 1);
    copy.offset = 4096;
    deny_syscall(SYS_sync_file_range, DENY_ANY, ENOSPC);
    ck_assert_int_eq(run(&copy), -1);
    ck_assert_int_eq(err.sys_errno, ENOSPC);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "'DST'"));
}
END_TEST

START_TEST(test_copy_need_reflink)
{
    struct io_copy copy = make_copy(MIB);

    scratch_fill(src, 0, MIB, 1);
    copy.need_reflink = true;
    if (run(&copy) == 0) /* this file system can */
        ck_assert(scratch_same(src, dst));
    else
        ck_assert_int_eq(err.code, VIR_ERR_OPERATION_UNSUPPORTED);
}
END_TEST

START_TEST(test_copy_across_file_systems)
{
    struct io_copy copy = make_copy(4 * MIB + 5);
    _cleanup_close_ int shm = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (shm < 0)
        return; /* then this cannot be tried here; the fallback has its own tests */
    scratch_fill(src, 0, 4 * MIB + 5, 1);
    copy.dst_fd = shm;
    copy.try_reflink = true;
    ck_assert_msg(run(&copy) == 0, "%s", verror_text(&err));
    ck_assert(scratch_same(src, shm));
}
END_TEST

START_TEST(test_copy_cancelled_before)
{
    struct io_copy copy = make_variant(_i, MIB);

    scratch_fill(src, 0, MIB, 1);
    job_ctl_cancel(&ctl);
    ck_assert_int_eq(run(&copy), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_ABORTED);
    ck_assert_uint_eq(scratch_size(dst), 0);
}
END_TEST

static void *copy_thread(void *opaque)
{
    return run(opaque) == 0 ? NULL : &err;
}

/* 100 ms is the promise to users; the engine aims at 20, a loaded machine has its own pauses. */
START_TEST(test_copy_cancelled_midway)
{
    struct io_copy copy = make_variant(_i, 4096 * MIB);
    pthread_t thread;
    void *result;
    double asked;

    scratch_fill_large(src, 512 * MIB);
    ck_assert_int_eq(ftruncate(src, 4096 * (off_t)MIB), 0);
    copy.offset = 4096;
    ck_assert_int_eq(pthread_create(&thread, NULL, copy_thread, &copy), 0);
    while (ctl.total == 0 || ctl.done < ctl.total / 4)
        (void)sched_yield();
    asked = scratch_now();
    job_ctl_cancel(&ctl);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_nonnull(result);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_ABORTED);
    ck_assert_msg(scratch_now() - asked < 0.1, "took %.3f s", scratch_now() - asked);
    ck_assert_uint_lt(ctl.done, ctl.total);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io_copy");
    TCase *tcase = tcase_create("copy");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, test_copy_odd_size, 0, 3);
    tcase_add_loop_test(tcase, test_copy_empty, 0, 3);
    tcase_add_loop_test(tcase, test_copy_keeps_holes, 0, 3);
    tcase_add_test(tcase, test_copy_detects_zeros);
    tcase_add_loop_test(tcase, test_copy_cuts_longer_destination, 0, 2);
    tcase_add_loop_test(tcase, test_copy_part_of_source, 0, 3);
    tcase_add_loop_test(tcase, test_copy_checkpoints, 0, 3);
    tcase_add_loop_test(tcase, test_copy_resumes, 0, 3);
    tcase_add_loop_test(tcase, test_copy_source_too_short, 0, 3);
    tcase_add_loop_test(tcase, test_copy_source_shrinks, 0, 3);
    tcase_add_loop_test(tcase, test_copy_write_error, 0, 3);
    tcase_add_loop_test(tcase, test_copy_kernel_copy_fails_midway, 0,
                        ARRAY_SIZE(kernel_copy_errors));
    tcase_add_loop_test(tcase, test_copy_without_seek_data, 0, 3);
    tcase_add_loop_test(tcase, test_copy_without_sync_file_range, 0, 3);
    tcase_add_loop_test(tcase, test_copy_write_back_error, 0, 3);
    tcase_add_test(tcase, test_copy_need_reflink);
    tcase_add_test(tcase, test_copy_across_file_systems);
    tcase_add_loop_test(tcase, test_copy_cancelled_before, 0, 3);
    tcase_add_loop_test(tcase, test_copy_cancelled_midway, 0, 3);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
