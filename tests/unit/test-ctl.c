/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/jobs/ctl.c: counters, the cancel token and its descriptor, the journal's hooks. */

#include "jobs/ctl.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "scratch.h"
#include "util/verror.h"

static struct job_ctl ctl;

static void setup(void)
{
    job_ctl_init(&ctl);
}

static void teardown(void)
{
    job_ctl_done(&ctl);
}

static bool is_readable(int fd, int timeout_ms)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

    return poll(&poll_fd, 1, timeout_ms) == 1;
}

START_TEST(fresh)
{
    ck_assert_uint_eq(atomic_load(&ctl.done), 0);
    ck_assert_uint_eq(atomic_load(&ctl.total), 0);
    ck_assert(!job_ctl_cancelled(&ctl));
    ck_assert_int_eq(atomic_load(&ctl.cancel_fd), -1);
    ck_assert_ptr_null(atomic_load(&ctl.step));
    ck_assert_ptr_null(atomic_load(&ctl.waiting_for));
}
END_TEST

START_TEST(counters)
{
    job_ctl_set_total(&ctl, UINT64_MAX);
    job_ctl_add(&ctl, 5);
    job_ctl_add(&ctl, 7);
    ck_assert_uint_eq(atomic_load(&ctl.done), 12);
    ck_assert_uint_eq(atomic_load(&ctl.total), UINT64_MAX);
    job_ctl_set_done(&ctl, 3);
    ck_assert_uint_eq(atomic_load(&ctl.done), 3);
    job_ctl_step(&ctl, "a step");
    job_ctl_waiting(&ctl, "/a/path");
    ck_assert_str_eq(atomic_load(&ctl.step), "a step");
    ck_assert_str_eq(atomic_load(&ctl.waiting_for), "/a/path");
}
END_TEST

START_TEST(cancel_then_fd)
{
    int fd;

    job_ctl_cancel(&ctl);
    ck_assert(job_ctl_cancelled(&ctl));
    fd = job_ctl_cancel_fd(&ctl);
    ck_assert_int_ge(fd, 0);
    ck_assert(is_readable(fd, 0));
}
END_TEST

START_TEST(fd_then_cancel)
{
    int fd = job_ctl_cancel_fd(&ctl);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(job_ctl_cancel_fd(&ctl), fd); /* the same for everybody */
    ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    ck_assert(!is_readable(fd, 0));
    job_ctl_cancel(&ctl);
    ck_assert(is_readable(fd, 0));
    job_ctl_cancel(&ctl); /* again is harmless, and it stays readable */
    ck_assert(is_readable(fd, 0));
}
END_TEST

START_TEST(done_closes)
{
    int fd = job_ctl_cancel_fd(&ctl);

    job_ctl_done(&ctl);
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
    ck_assert_int_eq(atomic_load(&ctl.cancel_fd), -1);
}
END_TEST

/* Whichever comes first, the one who polls is woken. */
static void *wait_for_cancel(void *opaque)
{
    struct job_ctl *shared = opaque;
    int fd = job_ctl_cancel_fd(shared);

    if (fd < 0 || !is_readable(fd, 10000))
        return NULL;
    return shared;
}

START_TEST(race_of_fd_and_cancel)
{
    for (int i = 0; i < 500; i++) {
        struct job_ctl shared;
        pthread_t thread;
        void *woken = NULL;

        job_ctl_init(&shared);
        ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_cancel, &shared), 0);
        job_ctl_cancel(&shared);
        ck_assert_int_eq(pthread_join(thread, &woken), 0);
        ck_assert_ptr_eq(woken, &shared);
        job_ctl_done(&shared);
    }
}
END_TEST

static const char *checkpoint;
static pid_t child;

static void note_checkpoint(void *opaque, const char *json)
{
    ck_assert_ptr_eq(opaque, &ctl);
    checkpoint = json;
}

static int note_durable(void *opaque, const char *json, struct verror *err)
{
    note_checkpoint(opaque, json);
    return verror_set(err, VIR_ERR_OPERATION_FAILED, "the disk is full");
}

static int note_begin(void *opaque, const char *json, struct verror *err)
{
    (void)err;
    note_checkpoint(opaque, json);
    return 0;
}

static void note_child(void *opaque, pid_t pid)
{
    ck_assert_ptr_eq(opaque, &ctl);
    child = pid;
}

START_TEST(journal)
{
    static const struct job_ctl_journal all = { note_checkpoint, note_durable, note_begin,
                                                 note_child };
    static const struct job_ctl_journal none = { 0 };
    struct verror err = VERROR_INIT;

    job_ctl_checkpoint(&ctl, "lost"); /* without a journal nothing happens */
    job_ctl_child(&ctl, 1);
    ctl.journal = &none;
    job_ctl_checkpoint(&ctl, "lost");
    job_ctl_child(&ctl, 1);
    ck_assert_int_eq(job_ctl_checkpoint_durable(&ctl, "lost", &err), 0);
    ck_assert_int_eq(job_ctl_begin(&ctl, "lost", &err), 0);
    ck_assert_ptr_null(checkpoint);
    ck_assert_int_eq(child, 0);
    ctl.journal = &all;
    ctl.journal_opaque = &ctl;
    job_ctl_checkpoint(&ctl, "{}");
    job_ctl_child(&ctl, 42);
    ck_assert_str_eq(checkpoint, "{}");
    ck_assert_int_eq(child, 42);
    ck_assert_int_eq(job_ctl_checkpoint_durable(&ctl, "{\"a\": 1}", &err), -1);
    ck_assert_str_eq(checkpoint, "{\"a\": 1}");
    ck_assert_str_eq(verror_text(&err), "operation failed: the disk is full");
    ck_assert_int_eq(job_ctl_begin(&ctl, "{\"b\": 2}", &err), 0);
    ck_assert_str_eq(checkpoint, "{\"b\": 2}");
    verror_clear(&err);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ctl");
    TCase *tcase = tcase_create("ctl");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, fresh);
    tcase_add_test(tcase, counters);
    tcase_add_test(tcase, cancel_then_fd);
    tcase_add_test(tcase, fd_then_cancel);
    tcase_add_test(tcase, done_closes);
    tcase_add_test(tcase, race_of_fd_and_cancel);
    tcase_add_test(tcase, journal);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
