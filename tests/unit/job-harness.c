/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The engine with fake kinds; see job-harness.h. */

#include "job-harness.h"

#include <jansson.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "scratch.h"

struct daemon heart;
const char *heart_dir = scratch_path;

/* guards the trace and the gates, which workers use too */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static char trace[512];
static bool opened[STEP_MAX];
static unsigned int entered[STEP_MAX];

static void note(char letter)
{
    size_t used;

    pthread_mutex_lock(&lock);
    used = strlen(trace);
    if (used < sizeof(trace) - 1) {
        trace[used] = letter;
        trace[used + 1] = '\0';
    }
    pthread_mutex_unlock(&lock);
}

const char *heart_trace(void)
{
    static char copy[sizeof(trace)];

    pthread_mutex_lock(&lock);
    strcpy(copy, trace);
    pthread_mutex_unlock(&lock);
    return copy;
}

void heart_trace_clear(void)
{
    pthread_mutex_lock(&lock);
    trace[0] = '\0';
    pthread_mutex_unlock(&lock);
}

static void set_open(enum fake_step step, bool open)
{
    pthread_mutex_lock(&lock);
    opened[step] = open;
    pthread_cond_broadcast(&moved);
    pthread_mutex_unlock(&lock);
}

void heart_open(enum fake_step step)
{
    set_open(step, true);
}

void heart_close(enum fake_step step)
{
    set_open(step, false);
}

static void wait_a_moment(void)
{
    struct timespec at;

    (void)clock_gettime(CLOCK_REALTIME, &at);
    at.tv_nsec += 2000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    (void)pthread_cond_timedwait(&moved, &lock, &at); /* only so that a cancel is seen */
}

void heart_wait_entered(enum fake_step step, unsigned int times)
{
    bool enough = false;

    heart_until((pthread_mutex_lock(&lock), enough = entered[step] >= times,
                 pthread_mutex_unlock(&lock), enough));
}

/* Worker.  -1 with err where the spec says that this step fails, or when cancelled. */
static int step(const struct fake *fake, enum fake_step which, struct job_ctl *ctl,
                struct verror *err)
{
    bool cancelled = false;

    pthread_mutex_lock(&lock);
    entered[which]++;
    pthread_cond_broadcast(&moved);
    while (fake->block == which && !opened[which] && !cancelled) {
        wait_a_moment();
        cancelled = ctl && !fake->deaf && job_ctl_cancelled(ctl);
    }
    pthread_mutex_unlock(&lock);
    if (cancelled)
        return verror_set(err, VIR_ERR_OPERATION_ABORTED, "cancelled");
    if (fake->fail != which)
        return 0;
    verror_errno(err, ENOSPC, "step %d", (int)which);
    if (err && !err->output)
        err->output = xstrdup("child's last words");
    return -1;
}

/* --- the kinds --- */

static void fake_locks(const void *opaque, struct lock_hold *hold)
{
    const struct fake *fake = opaque;

    lock_hold_want(hold, xstrdup(fake->key), fake->mode);
}

static void fake_finish_locks(const void *opaque, struct lock_hold *hold)
{
    const struct fake *fake = opaque;

    if (fake->finish[0])
        lock_hold_want(hold, xstrdup(fake->finish), fake->mode);
}

static int fake_check(void *opaque, struct verror *err)
{
    note('k');
    return step(opaque, STEP_CHECK, NULL, err);
}

static int fake_prepare(void *opaque, struct verror *err)
{
    struct fake *fake = opaque;

    note('p');
    if (fake->found[0])
        memcpy(fake->key, fake->found, sizeof(fake->key));
    return step(opaque, STEP_PREPARE, NULL, err);
}

static void fake_accepted(void *opaque, uint64_t job_id)
{
    (void)opaque;
    (void)job_id;
    note('v');
}

static int fake_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct fake *fake = opaque;

    (void)job_id;
    note('r');
    job_ctl_step(ctl, "running the fake");
    job_ctl_set_total(ctl, fake->total);
    job_ctl_set_done(ctl, fake->done);
    return step(fake, STEP_RUN, ctl, err);
}

static int fake_decide(void *opaque, struct verror *err)
{
    note('d');
    return step(opaque, STEP_DECIDE, NULL, err);
}

static int fake_publish(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    (void)job_id;
    note('b');
    job_ctl_step(ctl, "publishing the fake");
    return step(opaque, STEP_PUBLISH, NULL, err);
}

static int fake_begin(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    if (fake_run(opaque, job_id, ctl, err) < 0)
        return -1;
    return job_ctl_begin(ctl, "{}", err);
}

static void fake_undo(void *opaque, uint64_t job_id)
{
    struct verror err = VERROR_INIT;

    (void)job_id;
    note('u');
    (void)step(opaque, STEP_UNDO, NULL, &err);
    verror_clear(&err);
}

static void fake_commit(void *opaque, struct store_txn *txn)
{
    const struct fake *fake = opaque;
    struct store_object row = {
        .kind = (char *)"pool",
        .uuid = (char *)(uintptr_t)fake->key, /* only read */
        .name = (char *)(uintptr_t)fake->key,
    };

    note('c');
    store_put_object(txn, &row);
}

static void fake_begin_commit(void *opaque, struct store_txn *txn)
{
    note('w');
    fake_commit(opaque, txn);
}

static void fake_begun(void *opaque)
{
    (void)opaque;
    note('g');
}

static void fake_ended(void *opaque, bool done)
{
    (void)opaque;
    note(done ? 'E' : 'e');
}

static bool fake_resumable(const void *opaque)
{
    const struct fake *fake = opaque;

    return fake->resumable;
}

static enum job_recovery fake_recover(void *opaque, uint64_t job_id, const char *checkpoint,
                                      struct verror *err)
{
    struct fake *fake = opaque;
    enum job_recovery recovery = fake->recovery;

    (void)job_id;
    note(checkpoint ? 'X' : 'x');
    (void)step(fake, STEP_RECOVER, NULL, err);
    return recovery;
}

static char *fake_save(const void *opaque)
{
    const struct fake *fake = opaque;

    return xasprintf("{\"key\":\"%s\",\"mode\":%d,\"recovery\":%d,\"block\":%d,\"fail\":%d,"
                     "\"spoiled\":%d}",
                     fake->key, (int)fake->mode, (int)fake->recovery, (int)fake->block,
                     (int)fake->fail, (int)fake->spoiled);
}

static void *fake_load(struct daemon *daemon, const char *text, struct verror *err)
{
    struct fake *fake = XNEW(struct fake);
    json_t *json = json_loads(text, 0, NULL);
    int mode = 0, recovery = 0, block = 0, fail = 0, spoiled = 1;
    const char *key = "";

    ck_assert_ptr_eq(daemon, &heart);
    if (json_unpack(json, "{s:s, s:i, s:i, s:i, s:i, s:i}", "key", &key, "mode", &mode, "recovery",
                    &recovery, "block", &block, "fail", &fail, "spoiled", &spoiled) < 0)
        spoiled = 1;
    (void)snprintf(fake->key, sizeof(fake->key), "%s", key);
    fake->mode = (enum lock_mode)mode;
    fake->recovery = (enum job_recovery)recovery;
    fake->block = (enum fake_step)block;
    fake->fail = (enum fake_step)fail;
    json_decref(json);
    if (!spoiled)
        return fake;
    free(fake);
    verror_set(err, VIR_ERR_INTERNAL_ERROR, "the fake cannot be read");
    return NULL;
}

static void fake_free(void *opaque)
{
    note('f');
    free(opaque);
}

#define FAKE_SPEC .spec_save = fake_save, .spec_load = fake_load, .spec_free = fake_free

const struct job_kind fake_long = {
    .name = "fake-long",
    .lane = LANE_BULK,
    .is_long = true,
    .locks = fake_locks,
    .check = fake_check,
    .prepare = fake_prepare,
    .accepted = fake_accepted,
    .run = fake_run,
    .finish_locks = fake_finish_locks,
    .decide = fake_decide,
    .publish = fake_publish,
    .undo = fake_undo,
    .commit = fake_commit,
    .ended = fake_ended,
    .resumable = fake_resumable,
    .recover = fake_recover,
    FAKE_SPEC,
};

const struct job_kind fake_short = {
    .name = "fake-short",
    .locks = fake_locks,
    .check = fake_check,
    .run = fake_run,
    .undo = fake_undo,
    .commit = fake_commit,
    .ended = fake_ended,
    FAKE_SPEC,
};

const struct job_kind fake_beginner = {
    .name = "fake-beginner",
    .is_long = true,
    .locks = fake_locks,
    .run = fake_begin,
    .begin_commit = fake_begin_commit,
    .begun = fake_begun,
    .undo = fake_undo,
    .ended = fake_ended,
    FAKE_SPEC,
};

const struct job_kind fake_bare = {
    .name = "fake-bare",
    .locks = fake_locks,
    FAKE_SPEC,
};

const struct job_kind fake_refresh = {
    .name = "fake-refresh",
    .is_long = true,
    .joins_queue = true,
    .counts_files = true,
    .locks = fake_locks,
    .check = fake_check,
    .accepted = fake_accepted,
    .run = fake_run,
    .ended = fake_ended,
    FAKE_SPEC,
};

const struct job_kind fake_instant = {
    .name = "fake-instant",
    .is_long = true,
    .locks = fake_locks,
    .ended = fake_ended,
    FAKE_SPEC,
};

const struct job_kind fake_delete = {
    .name = "fake-delete",
    .is_long = true,
    .ends_soon = true,
    .locks = fake_locks,
    .publish = fake_publish,
    .ended = fake_ended,
    .recover = fake_recover,
    FAKE_SPEC,
};

const struct job_kind fake_soon = {
    .name = "fake-soon",
    .is_long = true,
    .ends_soon = true,
    .locks = fake_locks,
    .run = fake_run,
    .undo = fake_undo,
    .ended = fake_ended,
    FAKE_SPEC,
};

static const struct job_kind *const kinds[] = {
    &fake_soon, &fake_long, &fake_short, &fake_beginner, &fake_bare, &fake_refresh, &fake_instant, &fake_delete, NULL,
};

/* --- up and down --- */

static char *database(void)
{
    return xasprintf("%s/virtjobd.db", scratch_path);
}

void heart_up(void)
{
    static const struct workers_width widths[LANE_MAX] = { { 4, 2 }, { 2, 2 } };
    _cleanup_free_ char *path = database();
    _cleanup_verror_ struct verror err = VERROR_INIT;

    heart = (struct daemon){ .base = event_base_new(), .config = config_new(true) };
    heart.store = store_open(path, heart.base, &err);
    ck_assert_msg(heart.store != NULL, "%s", verror_text(&err));
    heart.workers = workers_new(heart.base, widths);
    heart.jobs = jobs_new(&heart);
    jobs_add_kinds(heart.jobs, kinds);
}

/* In the order of the daemon's own end. */
void heart_down(void)
{
    for (int i = 0; i < STEP_MAX; i++)
        heart_open((enum fake_step)i); /* nothing is stuck at the end of a test */
    ck_assert(workers_free(heart.workers, 60000));
    heart.workers = NULL;
    store_close(heart.store);
    heart.store = NULL;
    jobs_free(heart.jobs);
    config_free(heart.config);
    event_base_free(heart.base);
    heart = (struct daemon){ 0 };
    for (int i = 0; i < STEP_MAX; i++)
        heart_close((enum fake_step)i);
}

static void take_row(void *opaque, const struct store_job *row)
{
    (void)opaque;
    (void)jobs_recover(heart.jobs, row);
}

void heart_recover(void)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    ck_assert_int_eq(store_load_jobs(heart.store, take_row, NULL, &err), 0);
    jobs_recover_start(heart.jobs);
}

void heart_setup(void)
{
    scratch_make();
    memset(entered, 0, sizeof(entered));
    memset(opened, 0, sizeof(opened));
    heart_trace_clear();
    heart_up();
}

void heart_teardown(void)
{
    heart_down();
    scratch_remove();
}

static void tick_cb(evutil_socket_t fd, short what, void *opaque)
{
    (void)fd;
    (void)what;
    (void)opaque;
}

/* A timer bounds the wait, so that a deadline is seen and nothing hangs. */
void heart_turn(void)
{
    static const struct timeval tick = { .tv_usec = 20000 };

    ck_assert_int_eq(event_base_once(heart.base, -1, EV_TIMEOUT, tick_cb, NULL, &tick), 0);
    ck_assert_int_eq(event_base_loop(heart.base, EVLOOP_ONCE), 0);
}

/* --- callers --- */

static void party_accepted(void *opaque, struct job *job)
{
    struct party *party = opaque;

    note('A');
    party->accepted++;
    party->id = job_id(job);
}

static void party_keep(struct party *party, const struct verror *err)
{
    party->code = err->code;
    party->sys_errno = err->sys_errno;
    (void)snprintf(party->text, sizeof(party->text), "%s", verror_text(err));
    (void)snprintf(party->step, sizeof(party->step), "%s", err->step ? err->step : "");
    (void)snprintf(party->output, sizeof(party->output), "%s", err->output ? err->output : "");
}

static void party_refused(void *opaque, struct verror *err)
{
    struct party *party = opaque;

    note('R');
    party->refused++;
    party_keep(party, err);
}

static void party_ended(void *opaque, struct job *job)
{
    struct party *party = opaque;

    note('N');
    party->ended++;
    party->state = job_state(job);
    party_keep(party, job_error(job));
}

struct fake *fake_new(const char *key)
{
    struct fake *fake = XNEW(struct fake);

    (void)snprintf(fake->key, sizeof(fake->key), "%s", key);
    fake->mode = LOCK_POOL_CHANGE;
    return fake;
}

void fake_start(const struct job_kind *kind, struct fake *fake, const char *name,
                struct party *party)
{
    _cleanup_free_ char *uuid = xasprintf("u-%s", name);
    struct job_request request = {
        .kind = kind,
        .spec = fake,
        .object_kind = JOB_OBJECT_POOL,
        .name = name,
        .pool = "",
        .uuid = uuid,
        .started_by = "tester",
        .async = party->async,
        .accepted = party_accepted,
        .refused = party_refused,
        .ended = party_ended,
        .opaque = party,
    };

    job_start(heart.jobs, &request);
}

static void cancel_answered(void *opaque, struct verror *err)
{
    unsigned int *answered = opaque;

    ck_assert_int_eq(err->code, 0);
    ++*answered;
}

int fake_cancel(uint64_t id, unsigned int *answered, struct verror *err)
{
    struct job *job = jobs_find_id(heart.jobs, id);

    ck_assert_ptr_nonnull(job);
    return job_cancel(job, cancel_answered, answered, err);
}

/* --- the database from outside --- */

static sqlite3 *open_database(void)
{
    _cleanup_free_ char *path = database();
    sqlite3 *db = NULL;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    (void)sqlite3_busy_timeout(db, 60000); /* never fails on an open database */
    return db;
}

void heart_sql(const char *sql)
{
    sqlite3 *db = open_database();
    char *message = NULL;

    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK, "%s: %s", sql,
                  message);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

char *heart_sql_text(const char *sql)
{
    sqlite3 *db = open_database();
    sqlite3_stmt *stmt = NULL;
    char *text = NULL;

    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK, "%s: %s", sql,
                  sqlite3_errmsg(db));
    if (sqlite3_step(stmt) == SQLITE_ROW)
        text = xstrdup((const char *)sqlite3_column_text(stmt, 0));
    ck_assert_int_eq(sqlite3_finalize(stmt), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
    return text ? text : xstrdup("");
}

/* --- its disk --- */

static void set_file_size_limit(rlim_t size)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

void heart_disk_full(void)
{
    _cleanup_free_ char *path = database(), *log = xasprintf("%s-wal", path);
    struct stat st;

    ck_assert_ptr_ne(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
    /* longer than what check writes down meanwhile, which the limit goes for, too */
    heart_sql("CREATE TABLE ballast (bytes BLOB); INSERT INTO ballast VALUES (zeroblob(1 << 20));"
              "DROP TABLE ballast");
    ck_assert_int_eq(stat(log, &st), 0);
    set_file_size_limit((rlim_t)st.st_size);
}

void heart_disk_room(void)
{
    set_file_size_limit(RLIM_INFINITY);
}
