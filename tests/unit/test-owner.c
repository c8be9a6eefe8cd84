/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose disk files are, while guests use them and after; as root and as anyone. */

#include "hypervisor/qemu/owner.h"

#include <errno.h>
#include <pthread.h>
#include <sys/fsuid.h>
#include <sys/sysmacros.h>

#include "scratch.h"
#include "util/alloc.h"

enum { QEMU_UID = 65533, QEMU_GID = 65532, THEIR_UID = 12345, THEIR_GID = 12346 };

static struct verror err;
static struct owners *owners;

static void setup(void)
{
    scratch_make();
    ck_assert_int_eq(fchmod(scratch_fd, 0755), 0);
    owners = owners_new();
}

static void teardown(void)
{
    owners_free(owners);
    verror_clear(&err);
    scratch_remove();
}

static char *path_of(const char *name)
{
    return xasprintf("%s/%s", scratch_path, name);
}

static void put(const char *name, mode_t mode, uid_t uid, gid_t gid)
{
    (void)close(scratch_open(name));
    ck_assert_int_eq(fchownat(scratch_fd, name, uid, gid, 0), 0);
    ck_assert_int_eq(fchmodat(scratch_fd, name, mode, 0), 0);
}

static void assert_owner(const char *name, uid_t uid, gid_t gid)
{
    struct stat st;

    ck_assert_int_eq(fstatat(scratch_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
    ck_assert_msg(st.st_uid == uid && st.st_gid == gid, "'%s' belongs to %u:%u", name, st.st_uid,
                  st.st_gid);
}

static struct owner_policy policy_of_qemu(void)
{
    return (struct owner_policy){
        .uid = QEMU_UID, .gid = QEMU_GID, .dynamic = true, .remember = true
    };
}

/* "disk" is written, "-disk" is read.  The memory, or NULL with err. */
static char *take(const struct owner_policy *policy, const char *first, const char *second)
{
    const char *names[] = { first, second };
    struct owner_file files[2];
    char *memory = NULL;
    size_t n = second ? 2 : 1;
    int r;

    for (size_t i = 0; i < n; i++) {
        files[i].readonly = names[i][0] == '-';
        files[i].path = path_of(names[i] + files[i].readonly);
    }
    r = owners_take(owners, policy, files, n, &memory, &err);
    for (size_t i = 0; i < n; i++)
        free(files[i].path);
    ck_assert((r == 0) == (memory != NULL));
    ck_assert_uint_eq((uid_t)setfsuid((uid_t)-1), geteuid()); /* whatever came of it */
    ck_assert_uint_eq((gid_t)setfsgid((gid_t)-1), getegid());
    return memory;
}

static char *must_take(const char *first, const char *second)
{
    struct owner_policy policy = policy_of_qemu();
    char *memory = take(&policy, first, second);

    ck_assert_msg(memory != NULL, "%s", verror_text(&err));
    return memory;
}

static void give_back(char *memory)
{
    owners_give_back(owners, memory);
    free(memory);
}

static void assert_refused(const struct owner_policy *policy, const char *first,
                           const char *second, int errnum, const char *text)
{
    ck_assert_ptr_null(take(policy, first, second));
    ck_assert_msg(err.sys_errno == errnum && strstr(verror_text(&err), text), "%s",
                  verror_text(&err));
    verror_clear(&err);
}

/* --- as root --- */

START_TEST(test_given_and_back)
{
    char *memory;

    put("disk", 0600, THEIR_UID, THEIR_GID);
    memory = must_take("disk", NULL);
    assert_owner("disk", QEMU_UID, QEMU_GID);
    ck_assert_ptr_nonnull(strstr(memory, "\"uid\":12345"));
    give_back(memory);
    assert_owner("disk", THEIR_UID, THEIR_GID);
    owners_give_back(owners, NULL);
    owners_give_back(owners, "garbage");
}
END_TEST

START_TEST(test_not_remembered)
{
    struct owner_policy policy = policy_of_qemu();
    char *memory;

    policy.remember = false;
    put("disk", 0600, THEIR_UID, THEIR_GID);
    memory = take(&policy, "disk", NULL);
    assert_owner("disk", QEMU_UID, QEMU_GID);
    give_back(memory);
    assert_owner("disk", 0, 0);
}
END_TEST

START_TEST(test_not_dynamic)
{
    struct owner_policy policy = policy_of_qemu();

    policy.dynamic = false;
    put("disk", 0600, THEIR_UID, THEIR_GID);
    assert_refused(&policy, "disk", NULL, EACCES, "cannot write '");
    ck_assert_int_eq(fchmodat(scratch_fd, "disk", 0644, 0), 0);
    assert_refused(&policy, "disk", NULL, EACCES, "mode 0644");
    give_back(take(&policy, "-disk", NULL));
    ck_assert_int_eq(fchmodat(scratch_fd, "disk", 0666, 0), 0);
    give_back(take(&policy, "disk", NULL));
    ck_assert(!err.code);
    assert_owner("disk", THEIR_UID, THEIR_GID);
}
END_TEST

/* By the first, and by the last, in whatever order they end. */
START_TEST(test_shared)
{
    char *a, *b, *c;

    put("disk", 0600, THEIR_UID, THEIR_GID);
    a = must_take("disk", NULL);
    b = must_take("disk", NULL);
    c = must_take("-disk", NULL);
    give_back(_i ? b : a);
    assert_owner("disk", QEMU_UID, QEMU_GID);
    give_back(c);
    assert_owner("disk", QEMU_UID, QEMU_GID);
    give_back(_i ? a : b);
    assert_owner("disk", THEIR_UID, THEIR_GID);
}
END_TEST

START_TEST(test_same_file_twice)
{
    char *memory;

    put("disk", 0600, THEIR_UID, THEIR_GID);
    ck_assert_int_eq(linkat(scratch_fd, "disk", scratch_fd, "name", 0), 0);
    memory = _i ? must_take("-disk", "name") : must_take("disk", "-name");
    assert_owner("disk", QEMU_UID, QEMU_GID);
    give_back(memory);
    assert_owner("disk", THEIR_UID, THEIR_GID);
}
END_TEST

/* Readable to all stays; readable to its owner alone does not. */
START_TEST(test_readonly)
{
    char *memory;

    put("open", 0644, THEIR_UID, THEIR_GID);
    put("closed", 0600, THEIR_UID, THEIR_GID);
    memory = must_take("-open", "-closed");
    assert_owner("open", THEIR_UID, THEIR_GID);
    assert_owner("closed", QEMU_UID, QEMU_GID);
    give_back(memory);
    assert_owner("open", THEIR_UID, THEIR_GID);
    assert_owner("closed", THEIR_UID, THEIR_GID);
}
END_TEST

/* Read by one and then written by another: changed by the second. */
START_TEST(test_readonly_then_written)
{
    char *reader, *writer;

    put("disk", 0644, THEIR_UID, THEIR_GID);
    reader = must_take("-disk", NULL);
    writer = must_take("disk", NULL);
    assert_owner("disk", QEMU_UID, QEMU_GID);
    give_back(_i ? reader : writer);
    assert_owner("disk", QEMU_UID, QEMU_GID);
    give_back(_i ? writer : reader);
    assert_owner("disk", THEIR_UID, THEIR_GID);
}
END_TEST

START_TEST(test_already_theirs)
{
    char *memory;

    put("disk", 0600, QEMU_UID, THEIR_GID);
    memory = must_take("disk", NULL);
    assert_owner("disk", QEMU_UID, THEIR_GID);
    give_back(memory);
    assert_owner("disk", QEMU_UID, THEIR_GID);
}
END_TEST

/* What was taken before an error is given back, what others use stays. */
START_TEST(test_error_undoes)
{
    struct owner_policy policy = policy_of_qemu();
    char *memory;

    put("a", 0600, THEIR_UID, THEIR_GID);
    assert_refused(&policy, "a", "missing", ENOENT, "/missing'");
    assert_owner("a", THEIR_UID, THEIR_GID);
    put("unwritable", 0400, THEIR_UID, THEIR_GID); /* to its owner, too */
    assert_refused(&policy, "a", "unwritable", EACCES, "cannot write '");
    assert_owner("a", THEIR_UID, THEIR_GID);
    assert_owner("unwritable", THEIR_UID, THEIR_GID);
    memory = must_take("a", NULL);
    assert_refused(&policy, "a", "missing", ENOENT, "/missing'");
    assert_owner("a", QEMU_UID, QEMU_GID);
    give_back(memory);
    assert_owner("a", THEIR_UID, THEIR_GID);
}
END_TEST

/* The way is named that is closed, and nothing is changed behind it; also behind a symlink. */
START_TEST(test_closed_directory)
{
    struct owner_policy policy = policy_of_qemu();

    ck_assert_int_eq(mkdirat(scratch_fd, "x", 0755), 0);
    ck_assert_int_eq(mkdirat(scratch_fd, "x/closed", 0700), 0);
    put("x/closed/disk", 0666, THEIR_UID, THEIR_GID);
    ck_assert_int_eq(symlinkat("x/closed/disk", scratch_fd, "link"), 0);
    assert_refused(&policy, "x/closed/disk", NULL, EACCES, "/x/closed' on the way to '");
    assert_refused(&policy, "link", NULL, EACCES, "/x/closed' on the way to '");
    assert_owner("x/closed/disk", THEIR_UID, THEIR_GID);
    ck_assert_int_eq(fchownat(scratch_fd, "x/closed", 0, QEMU_GID, 0), 0);
    ck_assert_int_eq(fchmodat(scratch_fd, "x/closed", 0710, 0), 0);
    give_back(must_take("x/closed/disk", NULL)); /* by its group */
}
END_TEST

START_TEST(test_symlinks)
{
    struct owner_policy policy = policy_of_qemu();
    char *memory;

    put("disk", 0600, THEIR_UID, THEIR_GID);
    ck_assert_int_eq(symlinkat("disk", scratch_fd, "link"), 0);
    ck_assert_int_eq(symlinkat("link", scratch_fd, "second"), 0);
    memory = must_take("second", NULL);
    assert_owner("disk", QEMU_UID, QEMU_GID);
    assert_owner("link", 0, 0);
    give_back(memory);
    assert_owner("disk", THEIR_UID, THEIR_GID);
    ck_assert_int_eq(fchownat(scratch_fd, "link", QEMU_UID, QEMU_GID, AT_SYMLINK_NOFOLLOW), 0);
    assert_refused(&policy, "second", NULL, 0, "belongs to QEMU's user");
    assert_owner("disk", THEIR_UID, THEIR_GID);
    ck_assert_int_eq(symlinkat("loop", scratch_fd, "loop"), 0);
    assert_refused(&policy, "loop", NULL, ELOOP, "/loop'");
}
END_TEST

/* Only the file that was taken, and only from QEMU's user. */
START_TEST(test_changed_meanwhile)
{
    char *memory;

    put("disk", 0600, THEIR_UID, THEIR_GID);
    memory = must_take("disk", NULL);
    ck_assert_int_eq(renameat(scratch_fd, "disk", scratch_fd, "old"), 0);
    put("disk", 0600, QEMU_UID, QEMU_GID);
    give_back(memory);
    assert_owner("disk", QEMU_UID, QEMU_GID);
    memory = must_take("disk", NULL);
    give_back(memory);
    put("other", 0600, THEIR_UID, THEIR_GID);
    memory = must_take("other", NULL);
    put("other", 0600, 777, 777);
    give_back(memory);
    assert_owner("other", 777, 777);
    memory = must_take("other", NULL);
    ck_assert_int_eq(unlinkat(scratch_fd, "other", 0), 0);
    give_back(memory); /* gone: nothing to do */
}
END_TEST

/* Swapped for a symlink to a file of QEMU's user: that one is not handed to anybody. */
START_TEST(test_not_led_astray_on_return)
{
    char *memory;

    put("victim", 0600, QEMU_UID, QEMU_GID);
    put("disk", 0600, THEIR_UID, THEIR_GID);
    memory = must_take("disk", NULL);
    ck_assert_int_eq(unlinkat(scratch_fd, "disk", 0), 0);
    ck_assert_int_eq(symlinkat("victim", scratch_fd, "disk"), 0);
    give_back(memory);
    assert_owner("victim", QEMU_UID, QEMU_GID);
}
END_TEST

START_TEST(test_restart)
{
    char *a, *b;

    put("disk", 0644, THEIR_UID, THEIR_GID);
    a = must_take("-disk", NULL);
    b = must_take("disk", NULL);
    owners_free(owners);
    owners = owners_new();
    owners_remember(owners, _i ? a : b);
    owners_remember(owners, _i ? b : a);
    owners_remember(owners, NULL);
    owners_remember(owners, "[{}, 7]");
    give_back(_i ? b : a);
    assert_owner("disk", QEMU_UID, QEMU_GID);
    give_back(_i ? a : b);
    assert_owner("disk", THEIR_UID, THEIR_GID);
}
END_TEST

/* "disk" is written, "-disk" is read: what taking them would remember. */
static char *plan(const char *first, const char *second)
{
    struct owner_policy policy = policy_of_qemu();
    struct owner_file files[] = { { path_of(first + (first[0] == '-')), first[0] == '-' },
                                  { path_of(second + (second[0] == '-')), second[0] == '-' } };
    char *memory = NULL;

    ck_assert_int_eq(owners_plan(owners, &policy, files, 2, &memory, &err), 0);
    free(files[0].path);
    free(files[1].path);
    return memory;
}

static const struct {
    const char *first, *second;
    const char *other; /* what another guest has meanwhile */
} plans[] = {
    { "a", "b", NULL },  { "a", "-b", NULL },    { "-a", "-open", NULL }, { "-a", "b", NULL },
    { "-a", "a", NULL }, { "theirs", "a", NULL }, { "a", "b", "a" },       { "-open", "b", "open" },
};

/* A plan changes nothing, and is what is then remembered. */
START_TEST(test_planned)
{
    _cleanup_free_ char *planned = NULL;
    char *memory, *other;

    put("a", 0600, THEIR_UID, THEIR_GID);
    put("b", 0600, THEIR_UID, THEIR_UID);
    put("open", 0644, THEIR_UID, THEIR_GID);
    put("theirs", 0600, QEMU_UID, QEMU_GID);
    other = plans[_i].other ? must_take(plans[_i].other, NULL) : NULL;
    planned = plan(plans[_i].first, plans[_i].second);
    if (!other)
        assert_owner("a", THEIR_UID, THEIR_GID);
    assert_owner("b", THEIR_UID, THEIR_UID);
    memory = must_take(plans[_i].first, plans[_i].second);
    ck_assert_str_eq(planned, memory);
    give_back(memory);
    give_back(other);
    assert_owner("a", THEIR_UID, THEIR_GID);
    assert_owner("b", THEIR_UID, THEIR_UID);
}
END_TEST

/* The daemon ended when it had changed one of two. */
START_TEST(test_taken_in_part)
{
    char *planned, *memory;

    put("a", 0600, THEIR_UID, THEIR_GID);
    put("b", 0600, THEIR_UID, THEIR_UID);
    planned = plan("a", "b");
    memory = must_take("a", NULL);
    free(memory);
    owners_free(owners);
    owners = owners_new();
    owners_remember(owners, planned);
    give_back(planned);
    assert_owner("a", THEIR_UID, THEIR_GID);
    assert_owner("b", THEIR_UID, THEIR_UID);
    planned = plan("missing", "d\xff");
    ck_assert_str_eq(planned, "[]");
    free(planned);
}
END_TEST

/* A guest that nobody told of: its own word counts. */
START_TEST(test_never_remembered)
{
    char *memory;

    put("disk", 0600, THEIR_UID, THEIR_GID);
    memory = must_take("disk", NULL);
    owners_free(owners);
    owners = owners_new();
    give_back(memory);
    assert_owner("disk", THEIR_UID, THEIR_GID);
}
END_TEST

START_TEST(test_block_device)
{
    char *memory;

    if (mknodat(scratch_fd, "dev", S_IFBLK | 0600, makedev(7, 200)) < 0) {
        printf("not tested: block devices, which may not be made here\n");
        return;
    }
    memory = must_take("dev", NULL);
    assert_owner("dev", QEMU_UID, QEMU_GID);
    ck_assert_ptr_nonnull(strstr(memory, "\"ino\":0"));
    give_back(memory);
    assert_owner("dev", 0, 0);
}
END_TEST

static void *take_many_times(void *memory_out)
{
    struct owner_policy policy = policy_of_qemu();
    _cleanup_free_ char *path = path_of("disk");
    struct owner_file file = { .path = path };
    bool *good = memory_out;

    for (int i = 0; i < 200; i++) {
        struct verror own = VERROR_INIT;
        char *memory = NULL;
        struct stat st;

        *good = *good && owners_take(owners, &policy, &file, 1, &memory, &own) == 0 &&
                stat(path, &st) == 0 && st.st_uid == QEMU_UID;
        owners_give_back(owners, memory);
        free(memory);
        verror_clear(&own);
    }
    return NULL;
}

/* Whoever has it, has it; and at the end it is back. */
START_TEST(test_many_at_once)
{
    bool good[4] = { true, true, true, true };
    pthread_t threads[4];

    put("disk", 0600, THEIR_UID, THEIR_GID);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_many_times, &good[i]), 0);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert(good[i]);
    }
    assert_owner("disk", THEIR_UID, THEIR_GID);
}
END_TEST

/* --- as anyone --- */

START_TEST(test_kinds_refused)
{
    struct owner_policy policy = { .uid = (uid_t)-1, .gid = (gid_t)-1 };

    ck_assert_int_eq(mkdirat(scratch_fd, "dir", 0755), 0);
    ck_assert_int_eq(mkfifoat(scratch_fd, "fifo", 0666), 0);
    assert_refused(&policy, "dir", NULL, 0, "neither a file nor a block device");
    assert_refused(&policy, "-fifo", NULL, 0, "neither a file nor a block device");
    assert_refused(&policy, "missing", NULL, ENOENT, "/missing'");
    assert_refused(&policy, "d\xff", NULL, 0, "is not UTF-8");
}
END_TEST

/* The daemon's own user: nothing is changed, access is checked. */
START_TEST(test_own_user)
{
    struct owner_policy policy = { .uid = (uid_t)-1, .gid = (gid_t)-1, .dynamic = true,
                                   .remember = true };
    struct owner_file shadow = { .path = (char *)"/etc/shadow" };
    char *memory;

    put("disk", 0600, geteuid(), getegid());
    memory = take(&policy, "disk", NULL);
    ck_assert_msg(memory != NULL, "%s", verror_text(&err));
    ck_assert_ptr_null(strstr(memory, "uid"));
    give_back(memory);
    assert_owner("disk", geteuid(), getegid());
    if (geteuid() == 0)
        return; /* who may do all */
    ck_assert_int_eq(owners_take(owners, &policy, &shadow, 1, &memory, &err), -1);
    ck_assert_int_eq(err.sys_errno, EACCES);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "'/etc/shadow', which belongs to user 'root'"));
    ck_assert_int_eq(fchmodat(scratch_fd, "disk", 0400, 0), 0);
    verror_clear(&err);
    assert_refused(&policy, "disk", NULL, EACCES, "cannot write '");
    give_back(take(&policy, "-disk", NULL));
}
END_TEST

static const struct {
    const char *name;
    bool found;
    unsigned int uid, gid; /* 4711 is nobody's */
} users[] = {
    { "root", true, 0, 0 },     { "+0", true, 0, 0 },
    { "0", true, 0, 0 },        { "+4711", true, 4711, 4711 },
    { "4711", true, 4711, 4711 }, { "no-such-user", false, 0, 0 },
    { "", false, 0, 0 },        { "+", false, 0, 0 },
    { "+root", false, 0, 0 },   { "-1", false, 0, 0 },
    { "+-1", false, 0, 0 },     { "4294967295", false, 0, 0 },
    { "1x", false, 0, 0 },      { "99999999999999999999", false, 0, 0 },
};

START_TEST(test_names)
{
    uid_t uid = 7;
    gid_t gid = 7, group = 7;

    if (!users[_i].found) {
        ck_assert_int_eq(owner_find_user(users[_i].name, &uid, &gid, &err), -1);
        ck_assert_ptr_nonnull(strstr(verror_text(&err), "user = \""));
        verror_clear(&err);
        ck_assert_int_eq(owner_find_group(users[_i].name, &group, &err), -1);
        ck_assert_ptr_nonnull(strstr(verror_text(&err), "group = \""));
        ck_assert(uid == 7 && gid == 7 && group == 7);
        return;
    }
    ck_assert_int_eq(owner_find_user(users[_i].name, &uid, &gid, &err), 0);
    ck_assert_uint_eq(uid, users[_i].uid);
    ck_assert_uint_eq(gid, users[_i].gid);
    ck_assert_int_eq(owner_find_group(users[_i].name, &group, &err), 0);
    ck_assert_uint_eq(group, users[_i].gid);
}
END_TEST

START_TEST(test_groups)
{
    _cleanup_free_ gid_t *groups = NULL, *bare = NULL;
    size_t n = 0;

    ck_assert_int_eq(owner_find_groups(0, 4711, &groups, &n, &err), 0);
    ck_assert_uint_ge(n, 1);
    ck_assert_uint_eq(groups[0], 4711);
    ck_assert_int_eq(owner_find_groups(4711, 12, &bare, &n, &err), 0);
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(bare[0], 12);
}
END_TEST

static void add_root_tests(TCase *tcase)
{
    if (geteuid() != 0) {
        printf("not tested: other owners, which only root can set\n");
        return;
    }
    tcase_add_test(tcase, test_given_and_back);
    tcase_add_test(tcase, test_not_remembered);
    tcase_add_test(tcase, test_not_dynamic);
    tcase_add_loop_test(tcase, test_shared, 0, 2);
    tcase_add_loop_test(tcase, test_same_file_twice, 0, 2);
    tcase_add_test(tcase, test_readonly);
    tcase_add_loop_test(tcase, test_readonly_then_written, 0, 2);
    tcase_add_test(tcase, test_already_theirs);
    tcase_add_test(tcase, test_error_undoes);
    tcase_add_test(tcase, test_closed_directory);
    tcase_add_test(tcase, test_symlinks);
    tcase_add_test(tcase, test_changed_meanwhile);
    tcase_add_test(tcase, test_not_led_astray_on_return);
    tcase_add_loop_test(tcase, test_restart, 0, 2);
    tcase_add_loop_test(tcase, test_planned, 0, (int)ARRAY_SIZE(plans));
    tcase_add_test(tcase, test_taken_in_part);
    tcase_add_test(tcase, test_never_remembered);
    tcase_add_test(tcase, test_block_device);
    tcase_add_test(tcase, test_many_at_once);
}

int main(void)
{
    Suite *suite = suite_create("owner");
    TCase *tcase = tcase_create("owner");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    add_root_tests(tcase);
    tcase_add_test(tcase, test_kinds_refused);
    tcase_add_test(tcase, test_own_user);
    tcase_add_loop_test(tcase, test_names, 0, (int)ARRAY_SIZE(users));
    tcase_add_test(tcase, test_groups);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
