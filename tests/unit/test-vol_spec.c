/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/storage/vol_spec.c: every member through the journal and back, rows
 * that are not what they should be, resume points, and what is locked.
 */

#include "storage/vol_jobs.h"

#include <jansson.h>

#include "config.h"
#include "scratch.h"
#include "util/alloc.h"

static struct daemon heart;
static struct storage storage;

static const char vol_xml_text[] =
    "<volume><name>v</name><capacity>1048576</capacity>"
    "<target><format type='qcow2'/></target>"
    "<backingStore><path>/base.img</path><format type='raw'/></backingStore></volume>";

static void setup(void)
{
    heart.config = config_new(true);
    heart.storage = &storage;
    storage.daemon = &heart;
}

static void teardown(void)
{
    config_free(heart.config);
}

/* Each text and number of the journalled part, another value each. */
static char *every_member(void)
{
    static const char *const numbers[] = {
        "flags", "source_format", "source_capacity", "same_options", "source.dev", "source.ino",
        "source.size", "source.mtime_ns", "source.ctime_ns", "target.dev", "target.ino",
        "target.size", "target.mtime_ns", "target.ctime_ns", "format", "algorithm", "capacity",
        "old_capacity", "old_allocation", "offset", "length",
    };
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "pool_uuid", "uuid",
                             "pool_name", "pool \"p\"", "pool_path", "/real/p\xc3\xa4th",
                             "shown_path", "/shown/v", "name", "v", "xml", vol_xml_text,
                             "source_pool_uuid", "uuid 2", "source_path", "/src/with\nnewline");
    char *text;

    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        /* large ones too: dev and ino use all 64 bits, which the journal keeps as signed */
        json_int_t value = i % 3 == 0 ? (json_int_t)(UINT64_MAX - i) : (json_int_t)(1000 + i);

        ck_assert_int_eq(json_object_set_new(json, numbers[i], json_integer(value)), 0);
    }
    text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

START_TEST(round_trip)
{
    _cleanup_free_ char *text = every_member(), *again = NULL;
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct vol_spec *spec = vol_spec_load(&heart, text, &err);
    json_t *before = json_loads(text, 0, NULL), *after;

    ck_assert_msg(spec != NULL, "%s", verror_text(&err));
    ck_assert_ptr_eq(spec->storage, &storage);
    ck_assert_str_eq(spec->pool_name, "pool \"p\"");
    ck_assert_str_eq(spec->source_path, "/src/with\nnewline");
    ck_assert_uint_eq(spec->flags, UINT64_MAX);
    ck_assert_uint_eq(spec->old_allocation, UINT64_MAX - 18);
    ck_assert_uint_eq(spec->target.dev, UINT64_MAX - 9);
    ck_assert_uint_eq(spec->target.ino, 1010);
    ck_assert_int_eq(spec->target.ctime_ns, 1013);
    ck_assert_int_eq(spec->fd, -1);
    ck_assert_int_eq(spec->dirfd, -1);
    ck_assert(!spec->resuming && !spec->visible && !spec->have_pool_state);
    ck_assert_ptr_nonnull(spec->def);
    ck_assert_str_eq(spec->def->backing_path, "/base.img");
    again = vol_spec_save(spec);
    after = json_loads(again, 0, NULL);
    ck_assert_msg(json_equal(before, after), "%s\n%s", text, again);
    json_decref(before);
    json_decref(after);
    vol_spec_free(spec);
}
END_TEST

/* What a wipe leaves unset stays unset. */
START_TEST(round_trip_of_little)
{
    static const char text[] = "{\"pool_uuid\":\"u\",\"pool_name\":\"p\",\"pool_path\":\"/p\","
                               "\"shown_path\":\"/p/v\",\"name\":\"v\"}";
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct vol_spec *spec = vol_spec_load(&heart, text, &err);
    _cleanup_free_ char *again = NULL;
    struct vol_spec *second;

    ck_assert_ptr_nonnull(spec);
    ck_assert_ptr_null(spec->def);
    ck_assert_ptr_null(spec->source_path);
    again = vol_spec_save(spec);
    second = vol_spec_load(&heart, again, &err);
    ck_assert_ptr_nonnull(second);
    ck_assert_ptr_null(second->xml);
    ck_assert_uint_eq(second->target.ino, 0);
    vol_spec_free(spec);
    vol_spec_free(second);
}
END_TEST

#define LITTLE "\"pool_uuid\":\"u\",\"pool_name\":\"p\",\"pool_path\":\"/p\",\"shown_path\":\"/p/v\""

static const char *const hostile[] = {
    "", "{", "null", "[]", "7", "\"text\"", "{}", "\xff",
    "{" LITTLE "}",                                        /* no name */
    "{" LITTLE ",\"name\":7}",                             /* of another type */
    "{" LITTLE ",\"name\":null}",
    "{" LITTLE ",\"name\":\"a\\u0000b\"}",                 /* a NUL within */
    "{" LITTLE ",\"name\":\"v\",\"xml\":\"<volume\"}",     /* broken XML */
    "{" LITTLE ",\"name\":\"v\",\"xml\":\"\"}",
    "{" LITTLE ",\"name\":\"v\",\"xml\":\"<pool/>\"}",
    "{" LITTLE ",\"name\":\"v\",\"source_path\":\"/s\"}",  /* of which pool? */
};

START_TEST(hostile_rows)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    ck_assert_ptr_null(vol_spec_load(&heart, hostile[_i], &err));
    ck_assert_int_ne(err.code, 0);
}
END_TEST

/* Rows that are sound, but lack what the one kind needs. */
START_TEST(half_rows)
{
    static const char no_xml[] = "{" LITTLE ",\"name\":\"v\"}";
    _cleanup_free_ char *no_source =
        xasprintf("{" LITTLE ",\"name\":\"v\",\"xml\":\"%s\"}",
                  "<volume><name>v</name><capacity>1</capacity></volume>");
    _cleanup_verror_ struct verror err = VERROR_INIT;
    void *spec;

    ck_assert_ptr_null(vol_job_create.spec_load(&heart, no_xml, &err));
    ck_assert_int_eq(err.code, VIR_ERR_INTERNAL_ERROR);
    verror_clear(&err);
    ck_assert_ptr_null(vol_job_clone.spec_load(&heart, no_xml, &err));
    ck_assert_int_eq(err.code, VIR_ERR_INTERNAL_ERROR);
    verror_clear(&err);
    ck_assert_ptr_null(vol_job_clone.spec_load(&heart, no_source, &err));
    ck_assert_int_eq(err.code, VIR_ERR_INTERNAL_ERROR);
    verror_clear(&err);
    spec = vol_job_create.spec_load(&heart, no_source, &err);
    ck_assert_ptr_nonnull(spec);
    vol_spec_free(spec);
    spec = vol_job_wipe.spec_load(&heart, no_xml, &err);
    ck_assert_ptr_nonnull(spec);
    vol_spec_free(spec);
}
END_TEST

/* --- resume points --- */

static char *journalled;

static void keep_checkpoint(void *opaque, const char *json)
{
    (void)opaque;
    free(journalled);
    journalled = xstrdup(json);
}

static struct vol_spec *little_spec(void)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct vol_spec *spec = vol_spec_load(&heart, "{" LITTLE ",\"name\":\"v\"}", &err);

    ck_assert_ptr_nonnull(spec);
    return spec;
}

START_TEST(resume_point)
{
    static const struct job_ctl_journal journal = { .checkpoint = keep_checkpoint };
    struct vol_spec *spec = little_spec(), *next = little_spec();
    struct io_checkpoint checkpoint;
    struct job_ctl ctl;

    heart.config->checkpoint_megabytes = 3;
    job_ctl_init(&ctl);
    ctl.journal = &journal;
    spec->ctl = &ctl;
    spec->temp = (struct file_identity){ .dev = 1ull << 40, .ino = INT64_MAX };
    checkpoint = vol_spec_checkpoint(spec);
    ck_assert_uint_eq(checkpoint.every, 3 * 1024 * 1024);
    checkpoint.reached(checkpoint.opaque, 2, 1ull << 62);
    ck_assert(vol_spec_set_resume(next, journalled));
    ck_assert(next->resuming);
    ck_assert_uint_eq(next->resume_pass, 2);
    ck_assert_uint_eq(next->resume_offset, 1ull << 62);
    ck_assert_uint_eq(next->temp.dev, 1ull << 40);
    ck_assert_uint_eq(next->temp.ino, INT64_MAX);
    next->ctl = &ctl;
    vol_spec_journal(next); /* where it starts from now */
    ck_assert(vol_spec_set_resume(spec, journalled));
    ck_assert_uint_eq(spec->resume_offset, 1ull << 62);
    job_ctl_done(&ctl);
    free(STEAL_PTR(journalled));
    vol_spec_free(spec);
    vol_spec_free(next);
}
END_TEST

START_TEST(no_resume_point)
{
    static const char *const points[] = { NULL, "", "{", "\xff" };

    for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
        struct vol_spec *spec = little_spec();

        ck_assert(!vol_spec_set_resume(spec, points[i]));
        ck_assert(!spec->resuming);
        ck_assert_uint_eq(spec->resume_offset, 0);
        vol_spec_free(spec);
    }
}
END_TEST

/* --- which file --- */

START_TEST(identity)
{
    static const struct file_identity base = { 1, 2, 3, 4, 5 };
    struct file_identity other = base;

    ck_assert(file_identity_same(&base, &other));
    for (int i = 0; i < 5; i++) {
        other = base;
        switch (i) {
        case 0: other.dev++; break;
        case 1: other.ino++; break;
        case 2: other.size++; break;
        case 3: other.mtime_ns++; break;
        default: other.ctime_ns++; break;
        }
        ck_assert(!file_identity_same(&base, &other));
    }
    other = base;
    other.mtime_ns = other.ctime_ns = 0; /* not compared */
    ck_assert(file_identity_same(&base, &other));
    ck_assert(file_identity_same(&other, &base));
}
END_TEST

/* What has no bytes is only looked at, by a descriptor that is for nothing else. */
START_TEST(identity_of)
{
    static const char null[] = "/dev/null";
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_close_ int named = open(null, O_PATH | O_CLOEXEC);
    _cleanup_close_ int opened = open(null, O_RDWR | O_CLOEXEC);
    _cleanup_close_ int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    struct file_identity found;
    struct stat st;

    ck_assert_int_eq(file_identity_of(named, null, &found, &err), 0);
    ck_assert_int_eq(fstat(named, &st), 0);
    ck_assert_uint_eq(found.ino, st.st_ino);
    ck_assert_int_eq(file_identity_of(opened, null, &found, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_UNSUPPORTED);
    ck_assert_int_eq(file_identity_of(file, "exe", &found, &err), 0);
    ck_assert_int_eq(fstat(file, &st), 0);
    ck_assert_uint_eq(found.dev, st.st_dev);
    ck_assert_uint_eq(found.ino, st.st_ino);
    ck_assert_uint_eq(found.size, (uint64_t)st.st_size);
    ck_assert(!file_identity_is_block(&found));
}
END_TEST

/* --- what is held --- */

static bool wants(const struct lock_hold *hold, const char *key, enum lock_mode mode)
{
    for (size_t i = 0; i < hold->nwants; i++) {
        if (strcmp(hold->wants[i].key, key) == 0 && hold->wants[i].mode == mode)
            return true;
    }
    return false;
}

START_TEST(locks)
{
    _cleanup_free_ char *text = every_member();
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct vol_spec *spec = vol_spec_load(&heart, text, &err);
    struct locks *all = locks_new();
    struct lock_hold hold = { 0 };

    vol_locks(spec, &hold);
    ck_assert_uint_eq(hold.nwants, 7);
    ck_assert(wants(&hold, "pool:uuid", LOCK_POOL_USE));
    ck_assert(wants(&hold, "path:/real/p\xc3\xa4th/v", LOCK_FILE_WRITE));
    ck_assert(wants(&hold, "inode:18446744073709551606:1010", LOCK_FILE_WRITE));
    ck_assert(wants(&hold, "pool:uuid 2", LOCK_POOL_USE));
    ck_assert(wants(&hold, "path:/src/with\nnewline", LOCK_FILE_READ));
    ck_assert(wants(&hold, "path:/base.img", LOCK_FILE_READ));
    locks_release(all, &hold);
    locks_free(all);
    vol_spec_free(spec);
}
END_TEST

/* A device, as guests hold it; and nothing where there is no file. */
START_TEST(locks_of_devices)
{
    struct vol_spec *spec = little_spec();
    struct locks *all = locks_new();
    struct lock_hold hold = { 0 };

    vol_locks(spec, &hold);
    ck_assert_uint_eq(hold.nwants, 2);
    lock_hold_forget(&hold);
    spec->target = (struct file_identity){ .dev = 1793 };
    vol_locks(spec, &hold);
    ck_assert_uint_eq(hold.nwants, 3);
    ck_assert(wants(&hold, "inode:1793:0", LOCK_FILE_WRITE));
    locks_release(all, &hold);
    locks_free(all);
    vol_spec_free(spec);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vol_spec");
    TCase *tcase = tcase_create("vol_spec");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, round_trip);
    tcase_add_test(tcase, round_trip_of_little);
    tcase_add_loop_test(tcase, hostile_rows, 0, (int)ARRAY_SIZE(hostile));
    tcase_add_test(tcase, half_rows);
    tcase_add_test(tcase, resume_point);
    tcase_add_test(tcase, no_resume_point);
    tcase_add_test(tcase, identity);
    tcase_add_test(tcase, identity_of);
    tcase_add_test(tcase, locks);
    tcase_add_test(tcase, locks_of_devices);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
