/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/util/child_pace.c: a child that is stopped and continued as its job is. */

#include "util/child_pace.h"

#include <pthread.h>
#include <stdio.h>

#include "scratch.h"
#include "util/child.h"

static struct job_ctl ctl;
static struct verror err;
static atomic_int child_pid;
static atomic_ulong nlines;
static atomic_bool ended;

static void note_child(void *opaque, pid_t pid)
{
    (void)opaque;
    atomic_store(&child_pid, pid);
}

static const struct job_ctl_journal journal = { .child = note_child };

static void setup(void)
{
    job_ctl_init(&ctl);
    ctl.journal = &journal;
    atomic_store(&nlines, 0);
    atomic_store(&ended, false);
    ck_assert_int_eq(child_start(&err), 0);
}

static void teardown(void)
{
    child_stop();
    verror_clear(&err);
    job_ctl_done(&ctl);
}

static void nap(void)
{
    static const struct timespec moment = { .tv_nsec = 2 * 1000 * 1000 };

    ck_assert_msg(!atomic_load(&ended), "it has ended: %s", verror_text(&err));
    (void)nanosleep(&moment, NULL);
}

static void take_line(void *opaque, char *line)
{
    (void)opaque;
    (void)line;
    atomic_fetch_add(&nlines, 1);
}

/* It says something without end. */
static void *run_in_thread(void *opaque)
{
    static const char *const argv[] = { "sh", "-c", "while :; do echo line; done", NULL };
    struct child_spec spec = { .argv = argv, .line = take_line, .paced = true };

    *(int *)opaque = child_run(&spec, &ctl, &err);
    atomic_store(&ended, true);
    return NULL;
}

static char child_state(void)
{
    char path[64], text[256] = "";
    const char *after;
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", atomic_load(&child_pid));
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(text, sizeof(text), file));
    (void)fclose(file);
    after = strrchr(text, ')');
    ck_assert_ptr_nonnull(after);
    return after[2];
}

static void wait_for_lines(unsigned long more)
{
    unsigned long before = atomic_load(&nlines);

    while (atomic_load(&nlines) < before + more)
        nap();
}

static void wait_until_stopped(void)
{
    while (child_state() != 'T')
        nap();
}

static void end(pthread_t thread, const int *rc)
{
    job_ctl_cancel(&ctl);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(*rc, -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_ABORTED);
    ck_assert_int_eq(atomic_load(&child_pid), 0); /* reaped, though it was stopped */
}

START_TEST(paused)
{
    pthread_t thread;
    int rc = 1;

    ck_assert_int_eq(pthread_create(&thread, NULL, run_in_thread, &rc), 0);
    wait_for_lines(10);
    job_ctl_set_paused(&ctl, true);
    wait_until_stopped();
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(child_state(), 'T');
        nap();
    }
    job_ctl_set_paused(&ctl, false);
    wait_for_lines(100000);
    job_ctl_set_paused(&ctl, true);
    wait_until_stopped();
    end(thread, &rc);
}
END_TEST

START_TEST(limited)
{
    pthread_t thread;
    int rc = 1;

    job_ctl_set_speed(&ctl, 1); /* what it has said already takes it hours */
    ck_assert_int_eq(pthread_create(&thread, NULL, run_in_thread, &rc), 0);
    while (atomic_load(&child_pid) <= 0)
        nap();
    wait_until_stopped();
    job_ctl_set_speed(&ctl, 0);
    wait_for_lines(100000);
    job_ctl_set_speed(&ctl, 1);
    wait_until_stopped();
    end(thread, &rc);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("child_pace");
    TCase *tcase = tcase_create("child_pace");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, paused);
    tcase_add_test(tcase, limited);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
