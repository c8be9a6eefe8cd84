/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/storage/vol_change.c and vol_resize.c: volumes that are no longer what the pool's list
 * says, before their job is accepted, while it waits, when it is undone.
 */

#include "storage/vol_jobs.h"

#include "config.h"
#include "scratch.h"
#include "storage/probe.h"
#include "storage/qemu_img.h"
#include "util/alloc.h"
#include "util/child.h"
#include "util/closer.h"

#define MIB (1024 * 1024ull)

static struct daemon heart;
static struct storage storage;
static struct job_ctl ctl;
static struct verror err;

/* The journal: its last checkpoint that was on disk before the work went on, NULL = none. */
static char *durable;

static int keep_durable(void *opaque, const char *json, struct verror *journal_err)
{
    (void)opaque;
    (void)journal_err;
    free(durable);
    durable = xstrdup(json);
    return 0;
}

static const struct job_ctl_journal journal = { .checkpoint_durable = keep_durable };

static void setup(void)
{
    scratch_make();
    heart.config = config_new(true);
    heart.storage = &storage;
    storage.daemon = &heart;
    job_ctl_init(&ctl);
    ctl.journal = &journal;
    ck_assert_msg(child_start(&err) == 0, "%s", verror_text(&err));
}

static void teardown(void)
{
    child_stop();
    close_later_drain();
    job_ctl_done(&ctl);
    free(STEAL_PTR(durable));
    verror_clear(&err);
    config_free(heart.config);
    scratch_remove();
}

static char *path_of(const char *name)
{
    return xasprintf("%s/%s", scratch_path, name);
}

static void make_image(const char *name, enum vol_format format, uint64_t capacity)
{
    _cleanup_free_ char *path = path_of(name);
    struct qemu_img_target target = {
        .path = path, .format = format, .capacity = capacity, .backing_format = -1
    };
    struct job_ctl own;

    (void)close(scratch_open(name));
    job_ctl_init(&own);
    ck_assert_msg(qemu_img_create(&target, &own, &err) == 0, "%s", verror_text(&err));
    job_ctl_done(&own);
}

/* Behind the job's back. */
static void set_capacity(enum vol_format format, uint64_t capacity)
{
    _cleanup_free_ char *path = path_of("v");
    struct job_ctl own;

    job_ctl_init(&own);
    ck_assert_msg(qemu_img_resize(path, -1, format, capacity, true, false, &own, &err) == 0, "%s",
                  verror_text(&err));
    job_ctl_done(&own);
}

static struct vol_info *look(void)
{
    struct vol_info *info = NULL;

    ck_assert_msg(probe_entry(scratch_fd, scratch_path, "v", &info, &err) == 0, "%s",
                  verror_text(&err));
    return info;
}

static uint64_t capacity_now(void)
{
    struct vol_info *info = look();
    uint64_t capacity = info->capacity;

    vol_info_free(info);
    return capacity;
}

/* For volume "v" as it is listed, which is as it is now. */
static struct vol_spec *new_spec(uint64_t capacity)
{
    struct vol_info *info = look();
    _cleanup_free_ char *json =
        xasprintf("{\"pool_uuid\":\"u\",\"pool_name\":\"p\",\"pool_path\":\"%s\","
                  "\"shown_path\":\"%s/v\",\"name\":\"v\",\"format\":%d,\"capacity\":%llu,"
                  "\"old_capacity\":%llu,\"target.dev\":%llu,\"target.ino\":%llu}",
                  scratch_path, scratch_path, (int)info->format, (unsigned long long)capacity,
                  (unsigned long long)info->capacity, (unsigned long long)info->dev,
                  (unsigned long long)info->ino);
    struct vol_spec *spec = vol_spec_load(&heart, json, &err);

    ck_assert_msg(spec != NULL, "%s", verror_text(&err));
    vol_info_free(info);
    return spec;
}

static void check(int rc)
{
    ck_assert_msg(rc == 0, "%s", verror_text(&err));
}

static const struct job_kind *const resize = &vol_job_resize;

/* The loops below: with an image and with raw bytes. */
static const enum vol_format formats[] = { VOL_FORMAT_QCOW2, VOL_FORMAT_RAW };

/* What had grown before it was asked for stays so: as a guest's disk does by domblockresize. */
START_TEST(grown_before)
{
    struct vol_spec *spec;

    make_image("v", formats[_i], 16 * MIB);
    spec = new_spec(32 * MIB);
    set_capacity(formats[_i], 32 * MIB);
    check(resize->prepare(spec, &err));
    ck_assert_uint_eq(spec->old_capacity, 32 * MIB);
    resize->undo(spec, 1);
    ck_assert_uint_eq(capacity_now(), 32 * MIB);
    ck_assert_uint_eq(spec->info->capacity, 32 * MIB);
    vol_spec_free(spec);
}
END_TEST

/* Nor is it cut when it has grown while the job waited for a worker. */
START_TEST(grown_while_queued)
{
    struct vol_spec *spec;

    make_image("v", formats[_i / 2], 16 * MIB);
    spec = new_spec(32 * MIB);
    check(resize->prepare(spec, &err));
    set_capacity(formats[_i / 2], 32 * MIB);
    if (_i % 2)
        check(resize->run(spec, 1, &ctl, &err));
    resize->undo(spec, 1);
    ck_assert_ptr_null(durable);
    ck_assert_uint_eq(capacity_now(), 32 * MIB);
    vol_spec_free(spec);
}
END_TEST

/* What the job itself has grown is taken back; before that, the journal knows that it will. */
START_TEST(grown_by_the_job)
{
    struct vol_spec *spec;

    make_image("v", formats[_i], 16 * MIB);
    spec = new_spec(32 * MIB);
    check(resize->prepare(spec, &err));
    check(resize->run(spec, 1, &ctl, &err));
    ck_assert_ptr_nonnull(durable);
    ck_assert_uint_eq(capacity_now(), 32 * MIB);
    resize->undo(spec, 1);
    ck_assert_uint_eq(capacity_now(), 16 * MIB);
    ck_assert_uint_eq(spec->info->capacity, 16 * MIB);
    resize->undo(spec, 1); /* once more is harmless */
    ck_assert_uint_eq(capacity_now(), 16 * MIB);
    vol_spec_free(spec);
}
END_TEST

/* The same by the next daemon, from what the journal has. */
START_TEST(undone_after_a_restart)
{
    _cleanup_free_ char *saved = NULL;
    struct vol_spec *spec;

    make_image("v", formats[_i], 16 * MIB);
    spec = new_spec(32 * MIB);
    check(resize->prepare(spec, &err));
    saved = resize->spec_save(spec);
    check(resize->run(spec, 1, &ctl, &err));
    vol_spec_free(spec);
    spec = resize->spec_load(&heart, saved, &err);
    (void)resize->recover(spec, 1, durable, &err);
    resize->undo(spec, 1);
    ck_assert_uint_eq(capacity_now(), 16 * MIB);
    vol_spec_free(spec);
}
END_TEST

/* Another file of the new size, in the place of the one that has grown, is not touched. */
START_TEST(replaced_after_growing)
{
    struct vol_spec *spec;

    make_image("v", formats[_i], 16 * MIB);
    spec = new_spec(32 * MIB);
    check(resize->prepare(spec, &err));
    check(resize->run(spec, 1, &ctl, &err));
    vol_spec_close(spec); /* as after a restart */
    make_image("other", formats[_i], 32 * MIB);
    ck_assert_int_eq(renameat(scratch_fd, "other", scratch_fd, "v"), 0);
    ck_assert_int_eq(resize->recover(spec, 1, durable, &err),
                     _i == 0 ? JOB_RECOVER_UNDO : JOB_RECOVER_RUN);
    resize->undo(spec, 1);
    ck_assert_uint_eq(capacity_now(), 32 * MIB);
    vol_spec_free(spec);
}
END_TEST

/* What was asked for was reckoned from the list: it must not become a cut, nor another size. */
START_TEST(asked_for_by_an_old_list)
{
    static const unsigned int flags[] = { 0, VIR_STORAGE_VOL_RESIZE_DELTA };
    struct vol_spec *spec;

    make_image("v", formats[_i / 2], 16 * MIB);
    spec = new_spec(24 * MIB);
    spec->flags = flags[_i % 2];
    set_capacity(formats[_i / 2], (_i % 2 ? 20 : 32) * MIB);
    ck_assert_int_eq(resize->prepare(spec, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_INVALID);
    ck_assert_msg(strstr(verror_text(&err), "refresh") != NULL, "%s", verror_text(&err));
    vol_spec_free(spec);
}
END_TEST

/* An image in the place of raw bytes is not cut as if it were some; nor the other way round. */
START_TEST(of_another_format_now)
{
    struct vol_spec *spec;

    make_image("v", formats[_i], 16 * MIB);
    spec = new_spec(8 * MIB);
    spec->flags = VIR_STORAGE_VOL_RESIZE_SHRINK;
    make_image("other", formats[1 - _i], 16 * MIB);
    ck_assert_int_eq(renameat(scratch_fd, "other", scratch_fd, "v"), 0);
    ck_assert_int_eq(resize->prepare(spec, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_INVALID);
    vol_spec_free(spec);
}
END_TEST

/* What a guest has written to a raw disk says nothing. */
START_TEST(raw_that_looks_like_an_image)
{
    struct vol_spec *spec;

    (void)close(scratch_open("v"));
    set_capacity(VOL_FORMAT_RAW, 16 * MIB);
    spec = new_spec(32 * MIB);
    make_image("v", VOL_FORMAT_QCOW2, 16 * MIB);
    set_capacity(VOL_FORMAT_RAW, 16 * MIB);
    check(resize->prepare(spec, &err));
    check(resize->run(spec, 1, &ctl, &err));
    vol_spec_free(spec);
}
END_TEST

/* What has taken the volume's name while it was zeroed stays; what is gone has been deleted. */
START_TEST(replaced_while_deleting)
{
    const struct job_kind *kind = &vol_job_delete;
    struct vol_spec *spec;

    make_image("v", VOL_FORMAT_RAW, MIB);
    spec = new_spec(0);
    spec->flags = VIR_STORAGE_VOL_DELETE_ZEROED;
    check(kind->prepare(spec, &err));
    check(kind->run(spec, 1, &ctl, &err));
    ck_assert_int_eq(unlinkat(scratch_fd, "v", 0), 0);
    if (_i == 0) {
        make_image("v", VOL_FORMAT_RAW, 2 * MIB);
        ck_assert_int_eq(kind->publish(spec, 1, &ctl, &err), -1);
        ck_assert_int_eq(err.code, VIR_ERR_OPERATION_FAILED);
        ck_assert_uint_eq(capacity_now(), 2 * MIB);
    } else {
        check(kind->publish(spec, 1, &ctl, &err));
    }
    vol_spec_free(spec);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vol_change");
    TCase *tcase = tcase_create("resize");
    const int count = (int)ARRAY_SIZE(formats);

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, grown_before, 0, count);
    tcase_add_loop_test(tcase, grown_while_queued, 0, 2 * count);
    tcase_add_loop_test(tcase, grown_by_the_job, 0, count);
    tcase_add_loop_test(tcase, undone_after_a_restart, 0, count);
    tcase_add_loop_test(tcase, replaced_after_growing, 0, count);
    tcase_add_loop_test(tcase, asked_for_by_an_old_list, 0, 2 * count);
    tcase_add_loop_test(tcase, of_another_format_now, 0, count);
    tcase_add_test(tcase, raw_that_looks_like_an_image);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("delete");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, replaced_while_deleting, 0, 2);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
