/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/storage/pool.c and what the kinds of pool_jobs.c do to its objects:
 * adding, redefining and removing pools, and a refresh that meets names which
 * changed meanwhile or are being made.
 */

#include "storage/pool.h"

#include "job-harness.h"
#include "scratch.h"
#include "storage/pool_jobs.h"

static struct storage *storage;
static unsigned int refused, ended; /* requests of run() */
static enum job_state ended_as;

static void setup(void)
{
    refused = ended = 0;
    heart_setup();
    storage = storage_new(&heart); /* sets the kinds of storage */
    heart.storage = storage;
}

static void teardown(void)
{
    storage_free(storage);
    heart_teardown();
}

static struct pool_def *def_new(const char *name, const char *uuid, const char *path)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_free_ char *xml =
        xasprintf("<pool type='dir'><name>%s</name><uuid>%s</uuid><target><path>%s</path>"
                  "</target></pool>",
                  name, uuid, path);
    struct pool_def *def = NULL;

    ck_assert_msg(pool_def_parse(xml, &def, &err) == 0, "%s", verror_text(&err));
    return def;
}

#define UUID_A "aaaaaaaa-0000-4000-8000-000000000001"
#define UUID_B "bbbbbbbb-0000-4000-8000-000000000002"

static struct pool *add(const char *name, const char *uuid, const char *path, bool persistent)
{
    struct pool_def *def = def_new(name, uuid, path);
    struct pool *pool = pool_add(storage, def, persistent);

    pool_def_unref(def);
    return pool;
}

static struct vol_info *info_new(const struct pool *pool, const char *name, uint64_t capacity)
{
    struct vol_info *info = XNEW(struct vol_info);

    info->name = xstrdup(name);
    info->path = xasprintf("%s/%s", pool->def->target_path, name);
    info->capacity = capacity;
    info->backing_format = -1;
    return info;
}

/* --- pools --- */

START_TEST(finding)
{
    struct pool *a = add("a", UUID_A, "/p/a", true), *b = add("b", UUID_B, "/p/b", false);

    ck_assert_ptr_eq(pool_find_name(storage, "a"), a);
    ck_assert_ptr_eq(pool_find_uuid(storage, UUID_B), b);
    ck_assert_ptr_eq(pool_find_path(storage, "/p/a"), a);
    ck_assert_ptr_null(pool_find_name(storage, "c"));
    ck_assert_ptr_null(pool_find_path(storage, "/p"));
    pool_activate(b, b->def, xstrdup("/real/b"), 7, 8);
    ck_assert_ptr_eq(pool_find_path(storage, "/real/b"), b);
    ck_assert_ptr_eq(pool_find_directory(storage, 7, 8, a), b);
    ck_assert_ptr_null(pool_find_directory(storage, 7, 8, b));
    ck_assert_ptr_null(pool_find_directory(storage, 7, 9, a));
    pool_remove(a);
    ck_assert_ptr_null(pool_find_name(storage, "a"));
    ck_assert_ptr_null(pool_find_uuid(storage, UUID_A));
    ck_assert_ptr_null(pool_find_path(storage, "/p/a"));
    ck_assert_ptr_eq(pool_find_name(storage, "b"), b);
}
END_TEST

/* A definition changes an inactive pool at once, a running one when it stops. */
START_TEST(redefining)
{
    struct pool *pool = add("a", UUID_A, "/one", true);
    struct pool_def *two = def_new("a", UUID_A, "/two"), *three = def_new("a", UUID_A, "/three");

    pool_set_config(pool, two);
    ck_assert_str_eq(pool->def->target_path, "/two");
    pool_activate(pool, pool->def, xstrdup("/two"), 1, 2);
    pool_set_config(pool, three);
    ck_assert_str_eq(pool->def->target_path, "/two");
    ck_assert_ptr_eq(pool_find_name(storage, "a"), pool);
    pool_set_inactive(pool);
    ck_assert_str_eq(pool->def->target_path, "/three");
    ck_assert(!pool->active);
    ck_assert_ptr_null(pool->real_path);
    ck_assert_ptr_eq(pool_find_name(storage, "a"), pool);
    pool_def_unref(two);
    pool_def_unref(three);
}
END_TEST

START_TEST(stopping)
{
    struct pool *kept = add("a", UUID_A, "/a", true), *gone = add("b", UUID_B, "/b", false);

    pool_activate(kept, kept->def, xstrdup("/a"), 1, 1);
    pool_activate(gone, gone->def, xstrdup("/b"), 1, 2);
    vol_put(kept, info_new(kept, "v", 1));
    vol_put(gone, info_new(gone, "v", 1));
    pool_set_inactive(kept);
    pool_set_inactive(gone); /* transient */
    ck_assert_ptr_eq(pool_find_name(storage, "a"), kept);
    ck_assert_ptr_null(pool_find_name(storage, "b"));
    ck_assert_ptr_null(vol_find_path(storage, "/a/v"));
    ck_assert_ptr_null(vol_find_path(storage, "/b/v"));
}
END_TEST

/* --- volumes and refreshes --- */

START_TEST(volumes)
{
    struct pool *pool = add("a", UUID_A, "/a", true);
    struct vol *vol = vol_put(pool, info_new(pool, "v", 1));

    ck_assert_ptr_eq(vol_find_name(pool, "v"), vol);
    ck_assert_ptr_eq(vol_find_path(storage, "/a/v"), vol);
    vol = vol_put(pool, info_new(pool, "v", 2)); /* replaces */
    ck_assert_uint_eq(HASH_CNT(hh_name, pool->vols), 1);
    ck_assert_uint_eq(vol_find_name(pool, "v")->info->capacity, 2);
    ck_assert_ptr_eq(vol_find_path(storage, "/a/v"), vol);
    vol_remove(vol);
    ck_assert_ptr_null(vol_find_name(pool, "v"));
    ck_assert_ptr_null(vol_find_path(storage, "/a/v"));
}
END_TEST

static uint64_t capacity_of(struct pool *pool, const char *name)
{
    struct vol *vol = vol_find_name(pool, name);

    return vol ? vol->info->capacity : 0;
}

/* What was found replaces what was there, but for what changed since the refresh began. */
START_TEST(merging)
{
    struct pool *pool = add("a", UUID_A, "/a", true);
    struct vol_info *found[5];

    vol_put(pool, info_new(pool, "stays", 1));
    vol_put(pool, info_new(pool, "vanished", 1));
    vol_put(pool, info_new(pool, "deleted", 1));
    vol_put(pool, info_new(pool, "resized", 1));
    vol_put(pool, info_new(pool, "in-the-making", 1))->building = 42;
    pool_begin_refresh(pool);
    vol_remove(vol_find_name(pool, "deleted"));
    vol_put(pool, info_new(pool, "resized", 3));
    vol_put(pool, info_new(pool, "made-meanwhile", 3));
    found[0] = info_new(pool, "stays", 2);
    found[1] = info_new(pool, "deleted", 2); /* seen before it went */
    found[2] = info_new(pool, "resized", 2);
    found[3] = info_new(pool, "new", 2);
    found[4] = info_new(pool, "in-the-making", 2);
    pool_merge(pool, found, 5);
    ck_assert_uint_eq(capacity_of(pool, "stays"), 2);
    ck_assert_uint_eq(capacity_of(pool, "vanished"), 0);
    ck_assert_uint_eq(capacity_of(pool, "deleted"), 0);
    ck_assert_uint_eq(capacity_of(pool, "resized"), 3);
    ck_assert_uint_eq(capacity_of(pool, "made-meanwhile"), 3);
    ck_assert_uint_eq(capacity_of(pool, "new"), 2);
    ck_assert_uint_eq(capacity_of(pool, "in-the-making"), 1);
    ck_assert_uint_eq(vol_find_name(pool, "in-the-making")->building, 42);
    ck_assert_uint_eq(HASH_CNT(hh_name, pool->vols), 5);
    ck_assert_uint_eq(HASH_CNT(hh_path, storage->vols_by_path), 5);
    pool_end_refresh(pool);
    ck_assert_ptr_null(pool->touched);
}
END_TEST

/* Names are kept for as long as any refresh is under way, and not longer. */
START_TEST(two_refreshes)
{
    struct pool *pool = add("a", UUID_A, "/a", true);
    struct vol_info *found;

    vol_put(pool, info_new(pool, "before", 1));
    ck_assert_ptr_null(pool->touched);
    pool_begin_refresh(pool);
    pool_begin_refresh(pool);
    vol_put(pool, info_new(pool, "between", 1));
    pool_end_refresh(pool);
    found = info_new(pool, "between", 2);
    pool_merge(pool, &found, 1);
    ck_assert_uint_eq(capacity_of(pool, "between"), 1);
    pool_end_refresh(pool);
    ck_assert_ptr_null(pool->touched);
    pool_end_refresh(pool); /* of a pool of that UUID that is gone */
    ck_assert_uint_eq(pool->refreshing, 0);
    pool_remove(pool);
}
END_TEST

START_TEST(state)
{
    struct pool *pool = add("a", UUID_A, "/a", true);
    struct pool_xml_state found = { .capacity = 3, .allocation = 1, .available = 2,
                                    .perms = { 0711, 1, 2, (char *)"label" }, .job_xml = "x" };
    _cleanup_free_ char *inactive = NULL, *active = NULL;

    inactive = pool_xml(pool, false);
    ck_assert_ptr_null(strstr(inactive, "<mode>"));
    pool_activate(pool, pool->def, xstrdup("/a"), 1, 1);
    pool_set_state(pool, &found);
    pool_set_state(pool, &found); /* its label is a copy */
    active = pool_xml(pool, false);
    ck_assert_ptr_nonnull(strstr(active, "<mode>0711</mode>"));
    ck_assert_ptr_null(pool->state.job_xml);
}
END_TEST

/* --- through jobs --- */

static void refused_cb(void *opaque, struct verror *err)
{
    (void)opaque;
    ck_assert_int_ne(err->code, 0);
    refused++;
}

static void ended_cb(void *opaque, struct job *job)
{
    (void)opaque;
    ended_as = job_state(job);
    ended++;
}

static void run(const struct job_kind *kind, struct pool_def *def)
{
    struct pool_spec *spec = pool_spec_new(storage, def);
    struct job_request request = pool_job_request(kind, spec, "tester");
    unsigned int before = refused + ended;

    request.refused = refused_cb;
    request.ended = ended_cb;
    job_start(heart.jobs, &request);
    heart_until(refused + ended > before);
}

/* A transient pool survives that it is started or made a second time. */
START_TEST(transient_pool_stays)
{
    struct pool_def *def = def_new("t", UUID_A, heart_dir);
    struct pool *pool;

    run(&pool_job_create, def);
    ck_assert_uint_eq(ended, 1);
    ck_assert_int_eq(ended_as, JOB_COMPLETE);
    pool = pool_find_uuid(storage, UUID_A);
    ck_assert(pool && pool->active && !pool->building && !pool->config_def);
    ck_assert_ptr_nonnull(vol_find_name(pool, "virtjobd.db")); /* it was looked at */
    run(&pool_job_create, def);
    run(&pool_job_start, def);
    ck_assert_uint_eq(refused, 2);
    ck_assert_ptr_eq(pool_find_uuid(storage, UUID_A), pool);
    ck_assert(pool->active);
    run(&pool_job_refresh, def);
    ck_assert_int_eq(ended_as, JOB_COMPLETE);
    run(&pool_job_stop, def);
    ck_assert_ptr_null(pool_find_uuid(storage, UUID_A));
    pool_def_unref(def);
}
END_TEST

/* One that cannot be started was never there. */
START_TEST(failed_create_leaves_nothing)
{
    struct pool_def *def = def_new("t", UUID_A, "/nonexistent/directory");
    _cleanup_free_ char *rows = NULL;

    run(&pool_job_create, def);
    ck_assert(refused || ended_as == JOB_FAILED);
    ck_assert_ptr_null(pool_find_uuid(storage, UUID_A));
    rows = heart_sql_text("SELECT count(*) FROM objects");
    ck_assert_str_eq(rows, "0");
    pool_def_unref(def);
}
END_TEST

START_TEST(life_of_a_persistent_pool)
{
    _cleanup_free_ char *path = xasprintf("%s/images", heart_dir);
    struct pool_def *def = def_new("p", UUID_A, path), *same = def_new("q", UUID_B, path);
    struct pool *pool;

    run(&pool_job_define, def);
    pool = pool_find_name(storage, "p");
    ck_assert(pool && !pool->active && pool->config_def);
    run(&pool_job_define, same); /* another pool on its directory */
    ck_assert_uint_eq(refused, 1);
    run(&pool_job_start, def); /* there is nothing yet */
    ck_assert_int_eq(ended_as, JOB_FAILED);
    ck_assert_ptr_eq(pool_find_name(storage, "p"), pool);
    run(&pool_job_build, def);
    ck_assert_int_eq(ended_as, JOB_COMPLETE);
    run(&pool_job_start, def);
    ck_assert(pool->active);
    run(&pool_job_undefine, def); /* not while it runs */
    run(&pool_job_delete, def);
    ck_assert_uint_eq(refused, 3);
    run(&pool_job_stop, def);
    ck_assert(!pool->active);
    run(&pool_job_refresh, def); /* only while it runs */
    ck_assert_uint_eq(refused, 4);
    run(&pool_job_delete, def);
    ck_assert_int_eq(ended_as, JOB_COMPLETE);
    ck_assert_int_eq(access(path, F_OK), -1);
    run(&pool_job_undefine, def);
    ck_assert_ptr_null(pool_find_name(storage, "p"));
    pool_def_unref(def);
    pool_def_unref(same);
}
END_TEST

/* Every kind's specification survives the journal, and nonsense does not get in. */
START_TEST(spec_round_trip)
{
    static const char *const bad[] = { "", "{", "[]", "{}", "{\"xml\":\"<pool\"}", "\xff",
                                       "{\"xml\":\"<pool/>\",\"flags\":0,\"with_build\":false,"
                                       "\"mode\":0,\"owner\":0,\"group\":0}" };
    struct pool_def *def = def_new("p", UUID_A, "/p");
    struct pool_spec *spec = pool_spec_new(storage, def), *again;
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_free_ char *text = NULL;

    spec->flags = 0x80000001;
    spec->with_build = true;
    spec->trace.created = xstrdup("/p/\xc3\xa4");
    spec->trace.mode = 0755;
    text = pool_job_build.spec_save(spec);
    again = pool_job_build.spec_load(&heart, text, &err);
    ck_assert_msg(again != NULL, "%s: %s", text, verror_text(&err));
    ck_assert_uint_eq(again->flags, 0x80000001);
    ck_assert(again->with_build);
    ck_assert_str_eq(again->trace.created, "/p/\xc3\xa4");
    ck_assert_uint_eq(again->trace.mode, 0755);
    ck_assert_uint_eq(again->trace.owner, PERMS_UNSET);
    ck_assert_str_eq(again->uuid, UUID_A);
    ck_assert_str_eq(again->def->target_path, "/p");
    pool_spec_free(again);
    pool_spec_free(spec);
    pool_def_unref(def);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        _cleanup_verror_ struct verror bad_err = VERROR_INIT;

        ck_assert_ptr_null(pool_job_build.spec_load(&heart, bad[i], &bad_err));
        ck_assert_int_ne(bad_err.code, 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pool");
    TCase *tcase = tcase_create("pool");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, finding);
    tcase_add_test(tcase, redefining);
    tcase_add_test(tcase, stopping);
    tcase_add_test(tcase, volumes);
    tcase_add_test(tcase, merging);
    tcase_add_test(tcase, two_refreshes);
    tcase_add_test(tcase, state);
    tcase_add_test(tcase, transient_pool_stays);
    tcase_add_test(tcase, failed_create_leaves_nothing);
    tcase_add_test(tcase, life_of_a_persistent_pool);
    tcase_add_test(tcase, spec_round_trip);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
