/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/hypervisor/qemu/image_file.c: a file that takes another's place, and daemons that die. */

#include "hypervisor/qemu/image_file.h"

#include <check.h>
#include <stdio.h>

#include "scratch.h"
#include "util/alloc.h"
#include "util/closer.h"

static struct job_ctl ctl;
static struct verror err;
static char *path, *journalled;

static int keep_durable(void *opaque, const char *json, struct verror *journal_err)
{
    (void)opaque;
    (void)journal_err;
    free(journalled);
    journalled = xstrdup(json);
    return 0;
}

static const struct job_ctl_journal journal = { .checkpoint_durable = keep_durable };

static void setup(void)
{
    scratch_make();
    job_ctl_init(&ctl);
    ctl.journal = &journal;
    path = xasprintf("%s/image", scratch_path);
}

static void teardown(void)
{
    close_later_drain();
    job_ctl_done(&ctl);
    free(STEAL_PTR(journalled));
    free(STEAL_PTR(path));
    verror_clear(&err);
    scratch_remove();
}

static uint64_t size_of(const char *name) /* 0: it is not there */
{
    struct stat st;

    return fstatat(scratch_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : (uint64_t)st.st_size;
}

/* An older file of 300 bytes has the name; the job's has 5000. */
static struct image_file *create(void)
{
    _cleanup_close_ int old = scratch_open("image");
    struct image_file *file;

    scratch_fill(old, 0, 300, 7);
    file = image_file_create(path, 5, &ctl, &err);
    ck_assert_msg(file != NULL, "%s", verror_text(&err));
    scratch_fill(file->fd, 0, 5000, 1);
    return file;
}

/* Killed before: the older one has its name still, and that of the job is undone. */
START_TEST(killed_before_publishing)
{
    struct image_file *file = create();

    ck_assert(!image_file_is_published(path, 5, journalled));
    ck_assert(!image_file_is_published(path, 5, NULL));
    ck_assert_uint_eq(size_of(file->temp), 5000);
    image_file_discard(path, 5);
    ck_assert_uint_eq(size_of(file->temp), 0);
    ck_assert_uint_eq(size_of("image"), 300);
    image_file_close(file);
}
END_TEST

/* Killed amid it, the two have their names exchanged: nothing stays of the older one. */
START_TEST(killed_while_publishing)
{
    struct image_file *file = create();

    if (renameat2(scratch_fd, file->temp, scratch_fd, "image", RENAME_EXCHANGE) < 0)
        printf("not tested: this file system cannot exchange names\n");
    else {
        ck_assert(image_file_is_published(path, 5, journalled));
        ck_assert_uint_eq(size_of(file->temp), 0);
        ck_assert_uint_eq(size_of("image"), 5000);
    }
    image_file_close(file);
}
END_TEST

START_TEST(published)
{
    struct image_file *file = create();

    ck_assert_msg(image_file_publish(file, false, &err) == 0, "%s", verror_text(&err));
    ck_assert_uint_eq(size_of(file->temp), 0);
    ck_assert(image_file_is_published(path, 5, journalled));
    ck_assert_uint_eq(size_of("image"), 5000);
    image_file_close(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("image_file");
    TCase *tcase = tcase_create("image_file");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, killed_before_publishing);
    tcase_add_test(tcase, killed_while_publishing);
    tcase_add_test(tcase, published);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
