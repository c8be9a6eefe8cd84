/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Real blocks for a file, and not a byte changed. */

#include "storage/io.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "deny.h"
#include "scratch.h"

#define MIB (1024 * 1024ULL)

static struct job_ctl ctl;
static struct verror err;
static int file;

static void setup(void)
{
    scratch_make();
    job_ctl_init(&ctl);
    file = scratch_open("file");
}

static void teardown(void)
{
    (void)close(file);
    verror_clear(&err);
    job_ctl_done(&ctl);
    scratch_remove();
}

static int run(uint64_t offset, uint64_t size)
{
    return io_allocate(file, offset, size, "FILE", &ctl, NULL, &err);
}

START_TEST(test_allocate_new)
{
    ck_assert_msg(run(0, 200 * MIB + 100) == 0, "%s", verror_text(&err));
    ck_assert_uint_eq(scratch_size(file), 200 * MIB + 100);
    ck_assert_uint_ge(scratch_blocks(file), 200 * MIB);
    ck_assert_uint_eq(ctl.done, 200 * MIB + 100);
    ck_assert_uint_eq(ctl.total, ctl.done);
}
END_TEST

START_TEST(test_allocate_keeps_data)
{
    _cleanup_close_ int copy = scratch_open("copy");

    scratch_fill(file, 5 * MIB + 3, 2 * MIB, 1);
    scratch_fill(copy, 5 * MIB + 3, 2 * MIB, 1);
    ck_assert_int_eq(ftruncate(copy, 20 * (off_t)MIB), 0);
    ck_assert_msg(run(0, 20 * MIB) == 0, "%s", verror_text(&err));
    ck_assert_uint_ge(scratch_blocks(file), 20 * MIB);
    ck_assert(scratch_same(file, copy));
}
END_TEST

/* Zeros into the holes only, and behind the end. */
START_TEST(test_allocate_by_writing)
{
    _cleanup_close_ int copy = scratch_open("copy");

    scratch_fill(file, MIB, 2 * MIB + 5, 1);
    scratch_fill(copy, MIB, 2 * MIB + 5, 1);
    ck_assert_int_eq(ftruncate(copy, 9 * (off_t)MIB + 1), 0);
    deny_syscall(SYS_fallocate, DENY_ANY, EOPNOTSUPP);
    if (_i)
        deny_syscall(SYS_lseek, SEEK_DATA, EINVAL);
    ck_assert_msg(run(0, 9 * MIB + 1) == 0, "%s", verror_text(&err));
    ck_assert(scratch_same(file, copy));
    ck_assert_uint_ge(scratch_blocks(file), _i ? 8 * MIB : 9 * MIB);
    ck_assert_uint_eq(ctl.done, 9 * MIB + 1);
}
END_TEST

START_TEST(test_allocate_never_lengthens)
{
    ck_assert_int_eq(ftruncate(file, 20 * (off_t)MIB), 0);
    ck_assert_int_eq(run(0, 4 * MIB), 0);
    ck_assert_uint_eq(scratch_size(file), 20 * MIB);
    ck_assert_uint_lt(scratch_blocks(file), 5 * MIB);
}
END_TEST

START_TEST(test_allocate_from_offset)
{
    ck_assert_int_eq(run(16 * MIB, 32 * MIB), 0);
    ck_assert_uint_eq(scratch_size(file), 32 * MIB);
    ck_assert_uint_lt(scratch_blocks(file), 17 * MIB);
    ck_assert_uint_eq(ctl.done, 32 * MIB);
}
END_TEST

START_TEST(test_allocate_nothing)
{
    ck_assert_int_eq(run(0, 0), 0);
    ck_assert_int_eq(run(MIB, MIB), 0);
}
END_TEST

START_TEST(test_allocate_cancelled)
{
    job_ctl_cancel(&ctl);
    ck_assert_int_eq(run(0, MIB), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_ABORTED);
    ck_assert_uint_eq(scratch_size(file), 0);
}
END_TEST

START_TEST(test_allocate_no_space)
{
    struct rlimit limit = { MIB, MIB };

    ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(run(0, 4 * MIB), -1);
    ck_assert_int_eq(err.code, VIR_ERR_SYSTEM_ERROR);
    ck_assert_int_eq(err.sys_errno, EFBIG);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "'FILE'"));
}
END_TEST

static void on_reached(void *opaque, unsigned int pass, uint64_t offset)
{
    uint64_t *last = opaque;

    ck_assert_uint_eq(pass, 0);
    ck_assert_uint_gt(offset, *last);
    ck_assert_uint_ge(scratch_size(file), offset);
    *last = offset;
}

START_TEST(test_allocate_checkpoints)
{
    uint64_t last = 0;
    struct io_checkpoint checkpoint = { on_reached, &last, 64 * MIB };

    ck_assert_int_eq(io_allocate(file, 0, 512 * MIB, "FILE", &ctl, &checkpoint, &err), 0);
    ck_assert_uint_ge(last, 64 * MIB);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io_allocate");
    TCase *tcase = tcase_create("allocate");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_allocate_new);
    tcase_add_test(tcase, test_allocate_keeps_data);
    tcase_add_loop_test(tcase, test_allocate_by_writing, 0, 2);
    tcase_add_test(tcase, test_allocate_never_lengthens);
    tcase_add_test(tcase, test_allocate_from_offset);
    tcase_add_test(tcase, test_allocate_nothing);
    tcase_add_test(tcase, test_allocate_cancelled);
    tcase_add_test(tcase, test_allocate_no_space);
    tcase_add_test(tcase, test_allocate_checkpoints);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
