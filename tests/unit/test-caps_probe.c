/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asking emulators: a fake one that behaves well or badly, programs that are none, and QEMU. */

#include <errno.h>

#include "caps-fixture.h"

static struct job_ctl ctl;

static void setup(void)
{
    fake_setup();
    job_ctl_init(&ctl);
}

static void teardown(void)
{
    job_ctl_done(&ctl);
    fake_teardown();
}

static struct qemu_caps *probe(const char *emulator, int timeout_ms)
{
    return caps_probe(emulator, "identity", timeout_ms, &ctl, &err);
}

static struct qemu_caps *probe_fake(const char *behaviour)
{
    struct qemu_caps *caps;

    fake_behave(behaviour);
    caps = probe(fake_path, 30000);
    if (!caps)
        ck_abort_msg("%s", verror_text(&err));
    return caps;
}

static void assert_machine(const struct qemu_caps *caps, const char *asked, const char *name,
                           unsigned int vcpus, const char *cpu, const char *ram)
{
    const char *found = qemu_caps_machine_default_cpu(caps, asked);

    ck_assert_str_eq(qemu_caps_machine(caps, asked), name);
    ck_assert_uint_eq(qemu_caps_machine_max_vcpus(caps, asked), vcpus);
    ck_assert_pstr_eq(found, cpu);
    ck_assert_str_eq(qemu_caps_machine_ram_id(caps, asked), ram);
}

START_TEST(test_answers)
{
    struct qemu_caps *caps = probe_fake("well");

    ck_assert_str_eq(qemu_caps_emulator(caps), fake_path);
    ck_assert_str_eq(qemu_caps_arch(caps), "x86_64");
    ck_assert_uint_eq(qemu_caps_version(caps), 7002022);
    assert_machine(caps, "q35", "pc-q35-7.2", 288, "qemu64", "pc.ram");
    assert_machine(caps, "pc-q35-7.2", "pc-q35-7.2", 288, "qemu64", "pc.ram");
    assert_machine(caps, "pc-q35-2.4", "pc-q35-2.4", 255, "qemu64", "pc.ram");
    assert_machine(caps, NULL, "pc-i440fx-7.2", 255, "qemu64", "pc.ram");
    assert_machine(caps, "none", "none", 1, NULL, "ram");
    ck_assert_ptr_null(qemu_caps_machine(caps, "pc-q35-99"));
    ck_assert_ptr_null(qemu_caps_machine(caps, ""));
    ck_assert_uint_eq(qemu_caps_machine_max_vcpus(caps, "nothing"), 0);
    ck_assert_ptr_null(qemu_caps_machine_default_cpu(caps, "nothing"));
    ck_assert_ptr_null(qemu_caps_machine_ram_id(caps, "nothing"));
    ck_assert(qemu_caps_has_device(caps, "virtio-blk-pci"));
    ck_assert(qemu_caps_has_device(caps, "rng-random"));
    ck_assert(!qemu_caps_has_device(caps, "virtio-blk-pc"));
    ck_assert(!qemu_caps_has_device(caps, "virtio-gpu-pci"));
    ck_assert(qemu_caps_has_kvm(caps));
    ck_assert(qemu_caps_has_tcg(caps));
    ck_assert(qemu_caps_has_sandbox(caps));
    ck_assert(caps->has_vnc);
    qemu_caps_unref(caps);
}
END_TEST

START_TEST(test_cpus)
{
    struct qemu_caps *caps = probe_fake("well");

    ck_assert(qemu_caps_has_cpu(caps, "qemu64", false));
    ck_assert(qemu_caps_has_cpu(caps, "qemu64", true));
    ck_assert(!qemu_caps_has_cpu(caps, "host", false));
    ck_assert(!qemu_caps_has_cpu(caps, "qemu128", true));
    ck_assert(caps_find_cpu(&caps->tcg_cpus, "qemu64")->usable);
    ck_assert(!caps_find_cpu(&caps->tcg_cpus, "Icelake-Client")->usable);
    ck_assert(caps_find_cpu(&caps->tcg_cpus, "Icelake-Client")->deprecated);
    ck_assert_int_eq(fake_starts(), fake_starts_each());
    if (qemu_check_kvm(NULL) == 0) {
        ck_assert(qemu_caps_has_cpu(caps, "host", true));
        ck_assert(!caps_find_cpu(&caps->kvm_cpus, "qemu64")->usable);
    } else {
        ck_assert_uint_eq(caps->kvm_cpus.count, 0);
    }
    qemu_caps_unref(caps);
}
END_TEST

/* KVM alone: one start is enough, and its models are those of KVM. */
START_TEST(test_without_tcg)
{
    struct qemu_caps *caps = probe_fake("no-tcg");

    ck_assert(qemu_caps_has_kvm(caps));
    ck_assert(!qemu_caps_has_tcg(caps));
    ck_assert_int_eq(fake_starts(), 1);
    ck_assert_uint_eq(caps->tcg_cpus.count, 0);
    ck_assert(qemu_caps_has_cpu(caps, "host", true));
    qemu_caps_unref(caps);
}
END_TEST

START_TEST(test_without_kvm)
{
    struct qemu_caps *caps = probe_fake("no-kvm");

    ck_assert(!qemu_caps_has_kvm(caps));
    ck_assert(qemu_caps_has_tcg(caps));
    ck_assert_int_eq(fake_starts(), 1);
    /* a definition for KVM is made on a host without, too */
    ck_assert(qemu_caps_has_cpu(caps, "qemu64", true));
    qemu_caps_unref(caps);
}
END_TEST

START_TEST(test_without_sandbox)
{
    struct qemu_caps *caps = probe_fake("no-sandbox");

    ck_assert(!qemu_caps_has_sandbox(caps));
    qemu_caps_unref(caps);
}
END_TEST

/* A wrapper may say something first; and who has quit need not say so. */
START_TEST(test_chatter)
{
    qemu_caps_unref(probe_fake("chatter"));
    qemu_caps_unref(probe_fake("cut"));
}
END_TEST

static const struct {
    const char *behaviour;
    int timeout_ms, code;
    const char *text;
} failures[] = {
    { "exit", 30000, VIR_ERR_OPERATION_FAILED, "failed: the reason" },
    { "silent", 30000, VIR_ERR_OPERATION_FAILED, "is no QEMU" },
    { "hang", 400, VIR_ERR_OPERATION_TIMEOUT, "did not end within" },
    { "html", 400, VIR_ERR_OPERATION_FAILED, "does not begin with a QMP greeting" },
    { "endless", 30000, VIR_ERR_OPERATION_FAILED, "wrote more than" },
    { "garbage", 30000, VIR_ERR_OPERATION_FAILED, "writes what is no QMP" },
    { "refuse", 30000, VIR_ERR_OPERATION_FAILED, "refuses query-target: will not" },
    { "strange", 30000, VIR_ERR_OPERATION_FAILED, "query-target that makes no sense" },
    { "no-machines", 30000, VIR_ERR_OPERATION_FAILED, "query-machines that makes no sense" },
};

START_TEST(test_failure)
{
    fake_behave(failures[_i].behaviour);
    ck_assert_ptr_null(probe(fake_path, failures[_i].timeout_ms));
    ck_assert_int_eq(err.code, failures[_i].code);
    if (!strstr(verror_text(&err), failures[_i].text))
        ck_abort_msg("%s", verror_text(&err));
    if (strcmp(failures[_i].behaviour, "exit") == 0)
        ck_assert_str_eq(err.output, "first\nthe reason");
}
END_TEST

START_TEST(test_cancel)
{
    double started = scratch_now();

    fake_behave("hang");
    job_ctl_cancel(&ctl);
    ck_assert_ptr_null(probe(fake_path, 60000));
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_ABORTED);
    ck_assert(scratch_now() - started < 30);
}
END_TEST

/* Programs that are no emulator. */
START_TEST(test_other_programs)
{
    static const char *const programs[] = { "/bin/true", "/bin/false", "/bin/cat", "/bin/sh" };

    for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
        ck_assert_ptr_null(probe(programs[i], 30000));
        ck_assert_int_eq(err.code, VIR_ERR_OPERATION_FAILED);
        ck_assert_ptr_nonnull(strstr(verror_text(&err), programs[i]));
        verror_clear(&err);
    }
}
END_TEST

/* What its identity depends on. */

static char *identity(void)
{
    char *text = caps_identity(fake_path, &err);

    ck_assert_ptr_nonnull(text);
    return text;
}

START_TEST(test_identity)
{
    const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
    _cleanup_free_ char *first = identity(), *same = identity(), *touched = NULL, *moved = NULL;

    ck_assert_str_eq(first, same);
    ck_assert_int_eq(utimensat(AT_FDCWD, fake_path, times, 0), 0);
    touched = identity();
    ck_assert_str_ne(first, touched);
    fake_install();
    moved = identity();
    ck_assert_str_ne(first, moved);
    ck_assert_str_ne(touched, moved);
}
END_TEST

START_TEST(test_no_identity)
{
    char missing[160];

    (void)snprintf(missing, sizeof(missing), "%s/missing", scratch_path);
    ck_assert_ptr_null(caps_identity(missing, &err));
    ck_assert_int_eq(err.sys_errno, ENOENT);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), missing));
    verror_clear(&err);
    ck_assert_ptr_null(caps_identity(scratch_path, &err)); /* a directory */
    ck_assert_int_eq(err.sys_errno, EACCES);
    verror_clear(&err);
    ck_assert_int_eq(chmod(fake_path, 0644), 0);
    ck_assert_ptr_null(caps_identity(fake_path, &err));
    ck_assert_int_eq(err.sys_errno, EACCES);
    verror_clear(&err);
    ck_assert_ptr_null(caps_identity("qemu-system-x86_64", &err));
    ck_assert_int_eq(err.code, VIR_ERR_INVALID_ARG);
}
END_TEST

/* The real one. */
START_TEST(test_qemu)
{
    _cleanup_free_ char *emulator = qemu_find_emulator("x86_64", NULL);
    struct qemu_caps *caps;
    const char *q35;

    if (!emulator) {
        (void)fprintf(stderr, "the part with a real QEMU is left out: no qemu-system-x86_64\n");
        return;
    }
    caps = probe(emulator, 30000);
    if (!caps)
        ck_abort_msg("%s", verror_text(&err));
    ck_assert_str_eq(qemu_caps_arch(caps), "x86_64");
    ck_assert_uint_ge(qemu_caps_version(caps), 4000000);
    q35 = qemu_caps_machine(caps, "q35");
    ck_assert_ptr_nonnull(q35);
    ck_assert(strncmp(q35, "pc-q35-", 7) == 0);
    ck_assert_str_eq(qemu_caps_machine_ram_id(caps, "q35"), "pc.ram");
    ck_assert_str_eq(qemu_caps_machine_default_cpu(caps, "q35"), "qemu64");
    ck_assert_uint_ge(qemu_caps_machine_max_vcpus(caps, "q35"), 255);
    ck_assert(qemu_caps_has_device(caps, "virtio-blk-pci"));
    ck_assert(qemu_caps_has_device(caps, "rng-random"));
    ck_assert(!qemu_caps_has_device(caps, "virtio-blk-unheard-of"));
    ck_assert(qemu_caps_has_cpu(caps, "qemu64", true));
    ck_assert(!qemu_caps_has_cpu(caps, "qemu65", false));
    qemu_caps_unref(caps);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("caps_probe");
    TCase *tcase = tcase_create("caps_probe");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_answers);
    tcase_add_test(tcase, test_cpus);
    tcase_add_test(tcase, test_without_tcg);
    tcase_add_test(tcase, test_without_kvm);
    tcase_add_test(tcase, test_without_sandbox);
    tcase_add_test(tcase, test_chatter);
    tcase_add_loop_test(tcase, test_failure, 0, (int)ARRAY_SIZE(failures));
    tcase_add_test(tcase, test_cancel);
    tcase_add_test(tcase, test_other_programs);
    tcase_add_test(tcase, test_identity);
    tcase_add_test(tcase, test_no_identity);
    tcase_add_test(tcase, test_qemu);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
