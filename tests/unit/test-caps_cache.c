/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Emulators that are known: in memory, on disk, changed meanwhile, asked for by many at once. */

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "caps-fixture.h"

static struct qemu_caps_cache *cache;
static char state_dir[128];

static void setup(void)
{
    fake_setup();
    (void)snprintf(state_dir, sizeof(state_dir), "%s/state", scratch_path);
    cache = qemu_caps_cache_new(state_dir);
}

static void teardown(void)
{
    qemu_caps_cache_free(cache);
    fake_teardown();
}

static struct qemu_caps *get(void)
{
    struct qemu_caps *caps = qemu_caps_get(cache, fake_path, NULL, &err);

    if (!caps)
        ck_abort_msg("%s", verror_text(&err));
    return caps;
}

/* As after a restart of the daemon. */
static void forget(void)
{
    qemu_caps_cache_free(cache);
    cache = qemu_caps_cache_new(state_dir);
}

START_TEST(test_asked_once)
{
    struct qemu_caps *first = get(), *second = get();

    ck_assert_ptr_eq(first, second);
    ck_assert_int_eq(fake_starts(), fake_starts_each());
    qemu_caps_unref(first);
    qemu_caps_unref(second);
}
END_TEST

/* A guest's start must not feel it. */
START_TEST(test_known_is_fast)
{
    enum { ROUNDS = 1000 };
    double started;

    qemu_caps_unref(get());
    started = scratch_now();
    for (int i = 0; i < ROUNDS; i++)
        qemu_caps_unref(get());
    ck_assert(scratch_now() - started < 1); /* 1 ms each, and that much only for valgrind's sake */
}
END_TEST

/* The caller's reference is its own. */
START_TEST(test_outlives_cache)
{
    struct qemu_caps *caps = get();

    qemu_caps_cache_free(cache);
    cache = NULL;
    ck_assert_str_eq(qemu_caps_machine(caps, "q35"), "pc-q35-7.2");
    qemu_caps_unref(caps);
}
END_TEST

START_TEST(test_changed)
{
    struct qemu_caps *before = get(), *after;

    ck_assert(qemu_caps_has_sandbox(before));
    fake_install();
    fake_behave("no-sandbox");
    after = get();
    ck_assert(!qemu_caps_has_sandbox(after));
    ck_assert(qemu_caps_has_sandbox(before)); /* whoever has it keeps it */
    ck_assert_int_eq(fake_starts(), 2 * fake_starts_each());
    qemu_caps_unref(before);
    qemu_caps_unref(after);
    forget();
    qemu_caps_unref(get());
    ck_assert_int_eq(fake_starts(), 2 * fake_starts_each());
}
END_TEST

/* Everything that a probe finds is found again in the file. */
static void assert_same_cpus(const struct caps_cpus *a, const struct caps_cpus *b)
{
    ck_assert_uint_eq(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        ck_assert_str_eq(a->items[i].name, b->items[i].name);
        ck_assert_int_eq(a->items[i].usable, b->items[i].usable);
        ck_assert_int_eq(a->items[i].deprecated, b->items[i].deprecated);
    }
}

static void assert_same_machine(const struct caps_machine *a, const struct caps_machine *b)
{
    ck_assert_str_eq(a->name, b->name);
    ck_assert_pstr_eq(a->alias, b->alias);
    ck_assert_pstr_eq(a->default_cpu, b->default_cpu);
    ck_assert_pstr_eq(a->ram_id, b->ram_id);
    ck_assert_uint_eq(a->max_vcpus, b->max_vcpus);
    ck_assert_int_eq(a->is_default, b->is_default);
    ck_assert_int_eq(a->deprecated, b->deprecated);
}

static void assert_same(const struct qemu_caps *a, const struct qemu_caps *b)
{
    ck_assert_str_eq(a->emulator, b->emulator);
    ck_assert_str_eq(a->identity, b->identity);
    ck_assert_str_eq(a->arch, b->arch);
    ck_assert_uint_eq(a->version, b->version);
    ck_assert_int_eq(a->has_tcg, b->has_tcg);
    ck_assert_int_eq(a->has_kvm, b->has_kvm);
    ck_assert_int_eq(a->has_vnc, b->has_vnc);
    ck_assert_int_eq(a->has_sandbox, b->has_sandbox);
    ck_assert_uint_eq(a->nmachines, b->nmachines);
    for (size_t i = 0; i < a->nmachines; i++)
        assert_same_machine(&a->machines[i], &b->machines[i]);
    ck_assert_uint_eq(a->ntypes, b->ntypes);
    for (size_t i = 0; i < a->ntypes; i++)
        ck_assert_str_eq(a->types[i], b->types[i]);
    assert_same_cpus(&a->tcg_cpus, &b->tcg_cpus);
    assert_same_cpus(&a->kvm_cpus, &b->kvm_cpus);
}

START_TEST(test_kept)
{
    static const char *const behaviours[] = { "well", "no-kvm", "no-tcg", "no-sandbox" };
    struct qemu_caps *probed, *loaded;
    int starts;

    fake_behave(behaviours[_i]);
    probed = get();
    starts = fake_starts();
    forget();
    loaded = get();
    ck_assert_int_eq(fake_starts(), starts);
    ck_assert_ptr_ne(probed, loaded);
    assert_same(probed, loaded);
    qemu_caps_unref(probed);
    qemu_caps_unref(loaded);
}
END_TEST

/* The one file that is there; a new string. */
static char *stored_path(void)
{
    _cleanup_free_ char *command = xasprintf("ls -A %s", state_dir);
    char name[256] = "", more[256];
    FILE *list = popen(command, "re");
    char *path;

    ck_assert_ptr_nonnull(list);
    ck_assert_ptr_nonnull(fgets(name, sizeof(name), list));
    ck_assert_ptr_null(fgets(more, sizeof(more), list)); /* no temporary file */
    ck_assert_int_eq(pclose(list), 0);
    name[strcspn(name, "\n")] = '\0';
    path = xasprintf("%s/%s", state_dir, name);
    return path;
}

static char *read_text(const char *path)
{
    char *text = xcalloc(1, 1 << 20);
    FILE *file = fopen(path, "re");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_gt(fread(text, 1, (1 << 20) - 1, file), 0);
    (void)fclose(file);
    return text;
}

static void write_text(const char *path, const char *text, size_t length)
{
    FILE *file = fopen(path, "we");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, length, file), length);
    ck_assert_int_eq(fclose(file), 0);
}

/* What is in the file is not believed: it is asked for again, and written again. */
static void assert_replaced(const char *path)
{
    int starts = fake_starts();
    struct qemu_caps *caps;

    forget();
    caps = get();
    ck_assert_int_eq(fake_starts(), starts + fake_starts_each());
    ck_assert_str_eq(qemu_caps_machine(caps, NULL), "pc-i440fx-7.2");
    qemu_caps_unref(caps);
    forget();
    qemu_caps_unref(get());
    ck_assert_int_eq(fake_starts(), starts + fake_starts_each());
    ck_assert_int_eq(access(path, R_OK), 0);
}

START_TEST(test_cut_file)
{
    _cleanup_free_ char *path = NULL, *text = NULL;

    qemu_caps_unref(get());
    path = stored_path();
    text = read_text(path);
    write_text(path, text, 0);
    assert_replaced(path);
    write_text(path, text, strlen(text) / 2);
    assert_replaced(path);
    write_text(path, text, strlen(text) - 1);
    assert_replaced(path);
}
END_TEST

static const struct {
    const char *from, *to;
} edits[] = {
    { "\"format\":1", "\"format\":0" },
    { "\"format\":1", "\"format\":\"1\"" },
    { "\"emulator\":\"", "\"emulator\":\"/other" },
    { "\"identity\":\"file ", "\"identity\":\"file 1" },
    { "\"arch\":\"x86_64\"", "\"arch\":\"z80\"" },
    { "\"arch\":", "\"no-arch\":" },
    { "\"version\":", "\"version\":-" },
    { "\"machines\":[", "\"machines\":[7," },
    { "\"machines\":[", "\"machines\":[],\"others\":[" },
    { "\"machines\":", "\"others\":" },
    { "\"none\",null", "\"none\",7" },
    { "\"ram\",1,", "\"ram\",0," },
    { "\"ram\",1,", "\"ram\",4294967297," },
    { "\"types\":[", "\"types\":[null," },
    { "\"types\":[", "\"types\":[{}," },
    { "\"types\":", "\"others\":" },
    { "\"tcg-cpus\":[", "\"tcg-cpus\":[[1]," },
    { "\"tcg-cpus\":", "\"others\":" },
    { "\"kvm-cpus\":[", "\"kvm-cpus\":{},\"others\":[" },
    { "{", "[{" },
};

START_TEST(test_foreign_file)
{
    _cleanup_free_ char *path = NULL, *text = NULL, *edited = NULL;
    const char *at;

    qemu_caps_unref(get());
    path = stored_path();
    text = read_text(path);
    at = strstr(text, edits[_i].from);
    ck_assert_ptr_nonnull(at);
    edited = xasprintf("%.*s%s%s", (int)(at - text), text, edits[_i].to,
                       at + strlen(edits[_i].from));
    write_text(path, edited, strlen(edited));
    assert_replaced(path);
}
END_TEST

/* Neither is a link followed, nor a pipe waited for. */
START_TEST(test_not_a_file)
{
    _cleanup_free_ char *path = NULL, *aside = NULL;

    qemu_caps_unref(get());
    path = stored_path();
    aside = xasprintf("%s/aside", scratch_path);
    ck_assert_int_eq(rename(path, aside), 0);
    ck_assert_int_eq(symlink(aside, path), 0);
    assert_replaced(path);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    assert_replaced(path);
}
END_TEST

/* What cannot be kept works all the same. */
START_TEST(test_nowhere_to_write)
{
    write_text(state_dir, "x", 1);
    qemu_caps_unref(get());
    qemu_caps_cache_free(cache);
    cache = qemu_caps_cache_new(NULL);
    qemu_caps_unref(get());
    qemu_caps_unref(get());
    ck_assert_int_eq(fake_starts(), 2 * fake_starts_each());
}
END_TEST

/* An error is not kept. */
START_TEST(test_failure_then_well)
{
    fake_behave("exit");
    ck_assert_ptr_null(qemu_caps_get(cache, fake_path, NULL, &err));
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "the reason"));
    ck_assert_ptr_null(qemu_caps_get(cache, fake_path, NULL, NULL));
    verror_clear(&err);
    fake_behave("well");
    qemu_caps_unref(get());
}
END_TEST

START_TEST(test_missing)
{
    ck_assert_int_eq(unlink(fake_path), 0);
    ck_assert_ptr_null(qemu_caps_get(cache, fake_path, NULL, &err));
    ck_assert_int_eq(err.code, VIR_ERR_SYSTEM_ERROR);
    ck_assert_int_eq(err.sys_errno, ENOENT);
}
END_TEST

/* Several at once. */

struct asker {
    pthread_t thread;
    struct job_ctl ctl;
    struct qemu_caps *caps;
    struct verror err;
};

static void *ask(void *opaque)
{
    struct asker *asker = opaque;

    asker->caps = qemu_caps_get(cache, fake_path, &asker->ctl, &asker->err);
    return NULL;
}

static void ask_start(struct asker *asker)
{
    *asker = (struct asker){ 0 };
    job_ctl_init(&asker->ctl);
    ck_assert_int_eq(pthread_create(&asker->thread, NULL, ask, asker), 0);
}

static void ask_end(struct asker *asker)
{
    ck_assert_int_eq(pthread_join(asker->thread, NULL), 0);
    job_ctl_done(&asker->ctl);
}

static void ask_clear(struct asker *asker)
{
    qemu_caps_unref(asker->caps);
    verror_clear(&asker->err);
}

static void await_starts(int count)
{
    const struct timespec moment = { .tv_nsec = 1000000 };

    while (fake_starts() < count)
        (void)nanosleep(&moment, NULL);
}

static void let_go(void)
{
    _cleanup_free_ char *path = xasprintf("%s.go", fake_path);

    write_text(path, "", 0);
}

START_TEST(test_many_at_once)
{
    struct asker askers[8];

    fake_behave("slow");
    for (size_t i = 0; i < ARRAY_SIZE(askers); i++)
        ask_start(&askers[i]);
    await_starts(1);
    let_go();
    for (size_t i = 0; i < ARRAY_SIZE(askers); i++) {
        ask_end(&askers[i]);
        ck_assert_ptr_nonnull(askers[i].caps);
        ck_assert_ptr_eq(askers[i].caps, askers[0].caps);
    }
    ck_assert_int_eq(fake_starts(), fake_starts_each());
    for (size_t i = 0; i < ARRAY_SIZE(askers); i++)
        ask_clear(&askers[i]);
}
END_TEST

/* One that waits may leave; the other goes on. */
START_TEST(test_waiter_cancelled)
{
    struct asker first, second;

    fake_behave("slow");
    ask_start(&first);
    await_starts(1);
    ask_start(&second);
    job_ctl_cancel(&second.ctl);
    ask_end(&second);
    ck_assert_ptr_null(second.caps);
    ck_assert_int_eq(second.err.code, VIR_ERR_OPERATION_ABORTED);
    let_go();
    ask_end(&first);
    ck_assert_ptr_nonnull(first.caps);
    ask_clear(&first);
    ask_clear(&second);
}
END_TEST

/* The one that asks may leave; one that waits asks in its place. */
START_TEST(test_asker_cancelled)
{
    struct asker first, second;

    fake_behave("slow");
    ask_start(&first);
    await_starts(1);
    ask_start(&second);
    job_ctl_cancel(&first.ctl);
    ask_end(&first);
    ck_assert_int_eq(first.err.code, VIR_ERR_OPERATION_ABORTED);
    await_starts(2);
    let_go();
    ask_end(&second);
    ck_assert_ptr_nonnull(second.caps);
    ask_clear(&first);
    ask_clear(&second);
}
END_TEST

static pid_t fake_pid(void)
{
    _cleanup_free_ char *path = xasprintf("%s.starts", fake_path), *text = read_text(path);
    pid_t pid = (pid_t)strtol(text, NULL, 10);

    ck_assert_int_gt(pid, 1);
    return pid;
}

/* All who wait for one that fails are told why, without each trying again. */
START_TEST(test_failure_is_shared)
{
    struct asker askers[4];

    fake_behave("slow");
    for (size_t i = 0; i < ARRAY_SIZE(askers); i++)
        ask_start(&askers[i]);
    await_starts(1);
    ck_assert_int_eq(unlink(fake_path), 0); /* who comes from now on fails by itself */
    ck_assert_int_eq(kill(fake_pid(), SIGKILL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(askers); i++) {
        ask_end(&askers[i]);
        ck_assert_ptr_null(askers[i].caps);
        ck_assert_int_ne(askers[i].err.code, 0);
        ask_clear(&askers[i]);
    }
    ck_assert_int_eq(fake_starts(), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("caps_cache");
    TCase *tcase = tcase_create("caps_cache");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_asked_once);
    tcase_add_test(tcase, test_known_is_fast);
    tcase_add_test(tcase, test_outlives_cache);
    tcase_add_test(tcase, test_changed);
    tcase_add_loop_test(tcase, test_kept, 0, 4);
    tcase_add_test(tcase, test_cut_file);
    tcase_add_loop_test(tcase, test_foreign_file, 0, (int)ARRAY_SIZE(edits));
    tcase_add_test(tcase, test_not_a_file);
    tcase_add_test(tcase, test_nowhere_to_write);
    tcase_add_test(tcase, test_failure_then_well);
    tcase_add_test(tcase, test_missing);
    tcase_add_test(tcase, test_many_at_once);
    tcase_add_test(tcase, test_waiter_cancelled);
    tcase_add_test(tcase, test_asker_cancelled);
    tcase_add_test(tcase, test_failure_is_shared);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
