/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/jobs/pace.c: the token bucket, and that an engine keeps to it.  Slow machines only
   wait. */

#include "jobs/pace.h"

#include <pthread.h>

#include "scratch.h"
#include "storage/io.h"

#define KIB 1024ULL
#define MIB (1024 * KIB)

static struct job_ctl ctl;
static struct job_pace pace;
static struct verror err;
static atomic_bool over;
static atomic_uint_fast64_t checkpoint_at;

static void setup(void)
{
    scratch_make();
    job_ctl_init(&ctl);
    pace = (struct job_pace){ .speed = 0 };
    atomic_store(&over, false);
    atomic_store(&checkpoint_at, 0);
}

static void teardown(void)
{
    verror_clear(&err);
    job_ctl_done(&ctl);
    scratch_remove();
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void nap(void)
{
    static const struct timespec moment = { .tv_nsec = 2 * 1000 * 1000 };

    (void)nanosleep(&moment, NULL);
}

START_TEST(no_limit)
{
    ck_assert_int_eq(job_pace_delay(&pace, &ctl), 0);
    job_pace_moved(&pace, UINT64_MAX);
    ck_assert_int_eq(job_pace_delay(&pace, &ctl), 0);
    ck_assert_int_eq(job_pace_wait(&pace, &ctl, &err), 0);
    ck_assert_uint_eq(job_pace_piece(&ctl, UINT64_MAX), UINT64_MAX);
    ck_assert_int_eq(atomic_load(&ctl.pace_fd), -1); /* nothing was waited for */
}
END_TEST

START_TEST(pieces)
{
    job_ctl_set_speed(&ctl, 1);
    ck_assert_uint_eq(job_pace_piece(&ctl, MIB), 4096);
    ck_assert_uint_eq(job_pace_piece(&ctl, 7), 7);
    job_ctl_set_speed(&ctl, 20 * MIB + 1);
    ck_assert_uint_eq(job_pace_piece(&ctl, 64 * MIB), MIB);
    job_ctl_set_speed(&ctl, INT64_MAX);
    ck_assert_uint_eq(job_pace_piece(&ctl, 64 * MIB), 64 * MIB);
}
END_TEST

START_TEST(owed)
{
    int delay;

    job_ctl_set_speed(&ctl, MIB);
    ck_assert_int_eq(job_pace_delay(&pace, &ctl), 0);
    job_pace_moved(&pace, 1000 * MIB);
    delay = job_pace_delay(&pace, &ctl);
    ck_assert_int_gt(delay, 0);
    ck_assert_int_le(delay, 1000 * 1000);
    job_ctl_set_speed(&ctl, 1); /* another speed, another ledger */
    ck_assert_int_eq(job_pace_delay(&pace, &ctl), 0);
    job_pace_moved(&pace, MIB);
    ck_assert_int_eq(job_pace_delay(&pace, &ctl), 3600 * 1000);
    job_ctl_set_paused(&ctl, true);
    ck_assert_int_eq(job_pace_delay(&pace, &ctl), -1);
    job_ctl_set_speed(&ctl, 0);
    ck_assert_int_eq(job_pace_delay(&pace, &ctl), -1);
    job_ctl_set_paused(&ctl, false);
    ck_assert_int_eq(job_pace_delay(&pace, &ctl), 0);
}
END_TEST

/* Two MiB at four a second, less what may be saved up and the last piece. */
START_TEST(no_faster_than_its_speed)
{
    int64_t start = now_ms();
    uint64_t moved = 0;

    job_ctl_set_speed(&ctl, 4 * MIB);
    while (moved < 2 * MIB) {
        uint64_t piece = job_pace_piece(&ctl, MIB);

        ck_assert_int_eq(job_pace_wait(&pace, &ctl, &err), 0);
        job_pace_moved(&pace, piece);
        moved += piece;
    }
    ck_assert_int_ge(now_ms() - start, 300);
}
END_TEST

static void *wait_in_thread(void *opaque)
{
    int *rc = opaque;

    *rc = job_pace_wait(&pace, &ctl, &err);
    atomic_store(&over, true);
    return NULL;
}

static int wait_woken_by(void (*wake)(void))
{
    pthread_t thread;
    int rc = 1;

    ck_assert_int_eq(pthread_create(&thread, NULL, wait_in_thread, &rc), 0);
    while (atomic_load(&ctl.pace_fd) < 0)
        nap();
    for (int i = 0; i < 20; i++) {
        ck_assert(!atomic_load(&over));
        nap();
    }
    wake();
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    return rc;
}

static void wake_by_speed(void)
{
    job_ctl_set_speed(&ctl, 0);
}

static void wake_by_resume(void)
{
    job_ctl_set_paused(&ctl, false);
}

static void wake_by_cancel(void)
{
    job_ctl_cancel(&ctl);
}

static void owe_for_years(void)
{
    job_ctl_set_speed(&ctl, 1);
    ck_assert_int_eq(job_pace_delay(&pace, &ctl), 0);
    job_pace_moved(&pace, 1ULL << 40);
}

START_TEST(woken)
{
    owe_for_years();
    ck_assert_int_eq(wait_woken_by(wake_by_speed), 0);
}
END_TEST

START_TEST(resumed)
{
    job_ctl_set_paused(&ctl, true);
    ck_assert_int_eq(wait_woken_by(wake_by_resume), 0);
}
END_TEST

static void wake_by_abandoning(void)
{
    job_ctl_abandon(&ctl);
}

/* Nor does a pause that comes later. */
START_TEST(abandoned)
{
    owe_for_years();
    job_ctl_set_paused(&ctl, true);
    ck_assert_int_eq(wait_woken_by(wake_by_abandoning), 0);
    job_ctl_set_paused(&ctl, true);
    ck_assert_int_eq(job_pace_wait(&pace, &ctl, &err), 0);
}
END_TEST

START_TEST(cancelled)
{
    if (_i)
        owe_for_years();
    else
        job_ctl_set_paused(&ctl, true);
    ck_assert_int_eq(wait_woken_by(wake_by_cancel), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_ABORTED);
}
END_TEST

/* --- an engine --- */

static void reached(void *opaque, unsigned int pass, uint64_t offset)
{
    (void)opaque;
    (void)pass;
    atomic_store(&checkpoint_at, offset);
}

static void *copy_in_thread(void *opaque)
{
    /* none is due by its bytes: the one that comes is the pause's */
    static const struct io_checkpoint checkpoint = { .reached = reached, .every = 1ULL << 40 };

    return io_copy(opaque, &ctl, &checkpoint, &err) < 0 ? opaque : NULL;
}

START_TEST(copy_is_held)
{
    int src = scratch_open("src"), dst = scratch_open("dst");
    struct io_copy copy = { .src_fd = src, .dst_fd = dst, .size = 8 * MIB, .try_reflink = _i,
                            .src_path = "SRC", .dst_path = "DST" };
    pthread_t thread;
    uint64_t done;
    void *failed;

    scratch_fill(src, 0, 8 * MIB, 1);
    job_ctl_set_speed(&ctl, 256 * KIB); /* half a minute: time enough to hold it */
    ck_assert_int_eq(pthread_create(&thread, NULL, copy_in_thread, &copy), 0);
    while (atomic_load(&ctl.done) == 0)
        nap();
    job_ctl_set_paused(&ctl, true);
    if (atomic_load(&ctl.done) < 8 * MIB) { /* where blocks are shared it is one step */
        while (atomic_load(&checkpoint_at) == 0)
            nap();
        done = atomic_load(&ctl.done);
        ck_assert_uint_eq(done, atomic_load(&checkpoint_at));
        ck_assert_uint_lt(done, 8 * MIB);
        for (int i = 0; i < 50; i++) {
            nap();
            ck_assert_uint_eq(atomic_load(&ctl.done), done);
        }
    }
    job_ctl_set_speed(&ctl, 0);
    job_ctl_set_paused(&ctl, false);
    ck_assert_int_eq(pthread_join(thread, &failed), 0);
    ck_assert_msg(!failed, "%s", verror_text(&err));
    ck_assert(scratch_same(src, dst));
    (void)close(src);
    (void)close(dst);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pace");
    TCase *tcase = tcase_create("pace");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, no_limit);
    tcase_add_test(tcase, pieces);
    tcase_add_test(tcase, owed);
    tcase_add_test(tcase, no_faster_than_its_speed);
    tcase_add_test(tcase, woken);
    tcase_add_test(tcase, resumed);
    tcase_add_test(tcase, abandoned);
    tcase_add_loop_test(tcase, cancelled, 0, 2);
    tcase_add_loop_test(tcase, copy_is_held, 0, 2);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
