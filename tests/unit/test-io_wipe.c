/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Wipes: the passes of each standard, what is left behind, resume, cancel. */

#include "storage/io.h"

#include <errno.h>

#include "scratch.h"
#include "storage/io_wipe_patterns.h"

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

static struct io_wipe make_wipe(unsigned int algorithm, uint64_t size)
{
    return (struct io_wipe){ .fd = file, .size = size, .algorithm = algorithm, .path = "FILE" };
}

/* What a file of size bytes ends as: a byte, or -1 for bytes that are random. */
struct outcome {
    unsigned int passes;
    int last;
};
static const struct outcome outcomes[VIR_STORAGE_VOL_WIPE_ALG_LAST] = {
    [VIR_STORAGE_VOL_WIPE_ALG_ZERO] = { 1, 0x00 },
    [VIR_STORAGE_VOL_WIPE_ALG_NNSA] = { 4, 0x00 },
    [VIR_STORAGE_VOL_WIPE_ALG_DOD] = { 4, 0xff },
    [VIR_STORAGE_VOL_WIPE_ALG_BSI] = { 9, 0x7f },
    [VIR_STORAGE_VOL_WIPE_ALG_GUTMANN] = { 35, -1 },
    [VIR_STORAGE_VOL_WIPE_ALG_SCHNEIER] = { 7, -1 },
    [VIR_STORAGE_VOL_WIPE_ALG_PFITZNER7] = { 7, -1 },
    [VIR_STORAGE_VOL_WIPE_ALG_PFITZNER33] = { 33, -1 },
    [VIR_STORAGE_VOL_WIPE_ALG_RANDOM] = { 1, -1 },
    [VIR_STORAGE_VOL_WIPE_ALG_TRIM] = { 1, 0x00 },
};

/* Random bytes: each value about as often as any other. */
static bool looks_random(const unsigned char *buf, size_t length)
{
    size_t counts[256] = { 0 }, i;

    for (i = 0; i < length; i++)
        counts[buf[i]]++;
    for (i = 0; i < 256; i++) {
        if (counts[i] < length / 256 / 2 || counts[i] > length / 256 * 2)
            return false;
    }
    return true;
}

/* The pattern again and again, the last one cut off.  One check: each costs a system call. */
static bool repeats(const unsigned char *buf, size_t length, const unsigned char *pattern,
                    size_t size)
{
    return memcmp(buf, pattern, size) == 0 && memcmp(buf, buf + size, length - size) == 0;
}

START_TEST(test_each_algorithm)
{
    enum { SIZE = 1024 * 1024 + 1234 };
    static unsigned char buf[SIZE];
    struct io_wipe wipe = make_wipe((unsigned int)_i, SIZE);
    const struct outcome *outcome = &outcomes[_i];

    scratch_fill(file, 0, SIZE, 1);
    if (io_wipe(&wipe, &ctl, NULL, &err) < 0) {
        /* only a file system that cannot punch holes may refuse, and only this */
        ck_assert_int_eq(_i, VIR_STORAGE_VOL_WIPE_ALG_TRIM);
        ck_assert_int_eq(err.code, VIR_ERR_OPERATION_UNSUPPORTED);
        return;
    }
    ck_assert_uint_eq(io_wipe_passes((unsigned int)_i), outcome->passes);
    ck_assert_uint_eq(ctl.total, outcome->passes * (uint64_t)scratch_size(file));
    ck_assert_uint_eq(ctl.done, ctl.total);
    ck_assert_uint_eq(scratch_size(file), SIZE);
    ck_assert_int_eq(pread(file, buf, SIZE, 0), SIZE);
    if (outcome->last < 0)
        ck_assert(looks_random(buf, SIZE));
    else
        ck_assert(repeats(buf, SIZE, &(unsigned char){ (unsigned char)outcome->last }, 1));
    if (_i == VIR_STORAGE_VOL_WIPE_ALG_TRIM)
        ck_assert_uint_eq(scratch_blocks(file), 0);
    else
        ck_assert_uint_ge(scratch_blocks(file), MIB);
}
END_TEST

START_TEST(test_unknown_algorithm)
{
    struct io_wipe wipe = make_wipe(VIR_STORAGE_VOL_WIPE_ALG_LAST, MIB);

    ck_assert_uint_eq(io_wipe_passes(VIR_STORAGE_VOL_WIPE_ALG_LAST), 0);
    ck_assert_int_eq(io_wipe(&wipe, &ctl, NULL, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_INVALID_ARG);
}
END_TEST

/* The paper's list, told a second time: 4 random, 27 patterns, 4 random. */
START_TEST(test_gutmann_table)
{
    const unsigned int algorithm = VIR_STORAGE_VOL_WIPE_ALG_GUTMANN;
    unsigned int pass;

    for (pass = 0; pass < 35; pass++) {
        const struct wipe_pass *row = wipe_pass_find(algorithm, pass);
        bool random = pass < 4 || pass >= 31;

        ck_assert_int_eq(row->kind, random ? WIPE_RANDOM : WIPE_BYTES);
        if (pass >= 9 && pass < 25)
            ck_assert_uint_eq(row->bytes[0], (pass - 9) * 0x11);
    }
    ck_assert_uint_eq(wipe_pass_find(algorithm, 4)->bytes[0], 0x55);
    ck_assert_uint_eq(wipe_pass_find(algorithm, 5)->bytes[0], 0xaa);
    ck_assert_mem_eq(wipe_pass_find(algorithm, 6)->bytes, "\x92\x49\x24", 3);
    ck_assert_mem_eq(wipe_pass_find(algorithm, 7)->bytes, "\x49\x24\x92", 3);
    ck_assert_mem_eq(wipe_pass_find(algorithm, 25)->bytes, "\x92\x49\x24", 3);
    ck_assert_mem_eq(wipe_pass_find(algorithm, 28)->bytes, "\x6d\xb6\xdb", 3);
    ck_assert_mem_eq(wipe_pass_find(algorithm, 30)->bytes, "\xdb\x6d\xb6", 3);
}
END_TEST

/* The pattern of three goes on across chunks: pass 6 is on disk when pass 7 is announced. */
static void on_pass(void *opaque, unsigned int pass, uint64_t offset)
{
    static const unsigned char pattern[3] = { 0x92, 0x49, 0x24 };
    static unsigned char buf[3 * 1024 * 1024 + 7];
    bool *seen = opaque;

    if (pass != 7 || offset != 0)
        return;
    ck_assert_int_eq(pread(file, buf, sizeof(buf), 0), (ssize_t)sizeof(buf));
    ck_assert(repeats(buf, sizeof(buf), pattern, sizeof(pattern)));
    *seen = true;
}

START_TEST(test_pattern_phase)
{
    bool seen = false;
    struct io_checkpoint checkpoint = { on_pass, &seen, 1024 * MIB };
    struct io_wipe wipe = make_wipe(VIR_STORAGE_VOL_WIPE_ALG_GUTMANN, 3 * MIB + 7);

    scratch_fill(file, 0, 3 * MIB + 7, 1);
    ck_assert_int_eq(io_wipe(&wipe, &ctl, &checkpoint, &err), 0);
    ck_assert(seen);
}
END_TEST

START_TEST(test_holes_stay)
{
    struct io_wipe wipe = make_wipe((unsigned int)_i, 1024 * MIB);
    unsigned char byte = 1;

    ck_assert_int_eq(ftruncate(file, 1024 * (off_t)MIB), 0);
    scratch_fill(file, 500 * MIB, MIB, 1);
    ck_assert_msg(io_wipe(&wipe, &ctl, NULL, &err) == 0, "%s", verror_text(&err));
    ck_assert_uint_lt(scratch_blocks(file), 2 * MIB);
    ck_assert_uint_eq(scratch_size(file), 1024 * MIB);
    ck_assert_int_eq(pread(file, &byte, 1, 100 * (off_t)MIB), 1);
    ck_assert_uint_eq(byte, 0);
    if (_i == VIR_STORAGE_VOL_WIPE_ALG_ZERO)
        ck_assert_uint_eq(ctl.total, MIB);
}
END_TEST

/* Passes and bytes before the resume point are not touched again. */
START_TEST(test_resume)
{
    struct io_wipe wipe = make_wipe(VIR_STORAGE_VOL_WIPE_ALG_BSI, 4 * MIB);
    unsigned char bytes[2];

    scratch_fill(file, 0, 4 * MIB, 1);
    ck_assert_int_eq(pwrite(file, "K", 1, 0), 1);
    wipe.pass = 8;
    wipe.offset = 2 * MIB;
    ck_assert_int_eq(io_wipe(&wipe, &ctl, NULL, &err), 0);
    ck_assert_int_eq(pread(file, bytes, 1, 0), 1);
    ck_assert_uint_eq(bytes[0], 'K');
    ck_assert_int_eq(pread(file, bytes, 1, 3 * (off_t)MIB), 1);
    ck_assert_uint_eq(bytes[0], 0x7f);
    ck_assert_uint_eq(ctl.done, 36 * MIB);
}
END_TEST

struct spoil {
    unsigned int pass;
};

static void spoil_before_verify(void *opaque, unsigned int pass, uint64_t offset)
{
    (void)offset;
    if (pass == ((struct spoil *)opaque)->pass)
        ck_assert_int_eq(pwrite(file, "x", 1, MIB + 5), 1);
}

START_TEST(test_verify_finds_a_difference)
{
    struct spoil spoil = { 3 };
    struct io_checkpoint checkpoint = { spoil_before_verify, &spoil, 1024 * MIB };
    struct io_wipe wipe = make_wipe(VIR_STORAGE_VOL_WIPE_ALG_NNSA, 2 * MIB);

    scratch_fill(file, 0, 2 * MIB, 1);
    ck_assert_int_eq(io_wipe(&wipe, &ctl, &checkpoint, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_FAILED);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "does not read back"));
}
END_TEST

static void cancel_now(void *opaque, unsigned int pass, uint64_t offset)
{
    (void)opaque;
    (void)pass;
    (void)offset;
    job_ctl_cancel(&ctl);
}

START_TEST(test_cancel)
{
    struct io_checkpoint checkpoint = { cancel_now, NULL, 2 * MIB };
    struct io_wipe wipe = make_wipe((unsigned int)_i, 16 * MIB);

    scratch_fill(file, 0, 16 * MIB, 1);
    ck_assert_int_eq(io_wipe(&wipe, &ctl, &checkpoint, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_ABORTED);
    ck_assert_uint_le(ctl.done, 4 * MIB);
}
END_TEST

START_TEST(test_write_error_names_path)
{
    _cleanup_close_ int readonly = openat(scratch_fd, "file", O_RDONLY | O_CLOEXEC);
    struct io_wipe wipe = make_wipe(VIR_STORAGE_VOL_WIPE_ALG_ZERO, MIB);

    scratch_fill(file, 0, MIB, 1);
    wipe.fd = readonly;
    ck_assert_int_eq(io_wipe(&wipe, &ctl, NULL, &err), -1);
    ck_assert_int_eq(err.sys_errno, EBADF);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "'FILE'"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io_wipe");
    TCase *tcase = tcase_create("wipe");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, test_each_algorithm, 0, VIR_STORAGE_VOL_WIPE_ALG_LAST);
    tcase_add_test(tcase, test_unknown_algorithm);
    tcase_add_test(tcase, test_gutmann_table);
    tcase_add_test(tcase, test_pattern_phase);
    tcase_add_loop_test(tcase, test_holes_stay, 0, VIR_STORAGE_VOL_WIPE_ALG_BSI);
    tcase_add_test(tcase, test_resume);
    tcase_add_test(tcase, test_verify_finds_a_difference);
    tcase_add_loop_test(tcase, test_cancel, VIR_STORAGE_VOL_WIPE_ALG_ZERO,
                        VIR_STORAGE_VOL_WIPE_ALG_DOD);
    tcase_add_test(tcase, test_write_error_names_path);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
