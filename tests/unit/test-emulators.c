/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding emulators by architecture. */

#include "hypervisor/qemu/emulators.h"

#include <errno.h>

#include "hypervisor/qemu/caps.h"
#include "scratch.h"

static struct verror err;

static void setup(void)
{
    scratch_make();
}

static void teardown(void)
{
    verror_clear(&err);
    scratch_remove();
}

static void install(const char *name, mode_t mode)
{
    int fd = scratch_open(name);

    ck_assert_int_eq(fchmod(fd, mode), 0);
    (void)close(fd);
}

/* The scratch directory between two others. */
static void search(const char *before, const char *after)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s%s%s", before, scratch_path, after);
    ck_assert_int_eq(setenv("PATH", path, 1), 0); /* each test is a process of its own */
}

static void assert_found(const char *arch, const char *name)
{
    _cleanup_free_ char *found = qemu_find_emulator(arch, &err);
    char path[256];

    if (!found)
        ck_abort_msg("%s", verror_text(&err));
    (void)snprintf(path, sizeof(path), "%s/%s", scratch_path, name);
    ck_assert_str_eq(found, path);
}

/* tricore: nobody has it, so no usual place interferes */
static void assert_not_found(void)
{
    ck_assert_ptr_null(qemu_find_emulator("tricore", &err));
    ck_assert_int_eq(err.code, VIR_ERR_CONFIG_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "tricore"));
    verror_clear(&err);
}

START_TEST(test_in_path)
{
    install("qemu-system-x86_64", 0755);
    install("qemu-system-i386", 0755);
    install("qemu-system-arm", 0755);
    install("qemu-system-ppc64", 0755);
    search("/nowhere:", "");
    assert_found("x86_64", "qemu-system-x86_64");
    assert_found("i686", "qemu-system-i386");
    assert_found("armv7l", "qemu-system-arm");
    assert_found("armv6l", "qemu-system-arm");
    assert_found("ppc64le", "qemu-system-ppc64");
    search("", ":/usr/bin");
    assert_found("x86_64", "qemu-system-x86_64");
}
END_TEST

START_TEST(test_not_there)
{
    search("", "");
    assert_not_found();
    ck_assert_int_eq(setenv("PATH", "", 1), 0);
    assert_not_found();
    ck_assert_int_eq(unsetenv("PATH"), 0);
    assert_not_found();
}
END_TEST

START_TEST(test_not_a_program)
{
    char path[256];

    search("", "");
    install("qemu-system-tricore", 0644);
    assert_not_found();
    ck_assert_int_eq(unlinkat(scratch_fd, "qemu-system-tricore", 0), 0);
    (void)snprintf(path, sizeof(path), "%s/qemu-system-tricore", scratch_path);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    assert_not_found();
}
END_TEST

/* What is run never depends on the working directory. */
START_TEST(test_relative_entry)
{
    install("qemu-system-tricore", 0755);
    ck_assert_int_eq(chdir(scratch_path), 0);
    ck_assert_int_eq(setenv("PATH", ".::", 1), 0);
    assert_not_found();
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

/* The very name that is found: another name of the same file may lead elsewhere a moment later. */
START_TEST(test_is_found)
{
    char found[256], link[256];

    install("qemu-system-tricore", 0755);
    search("/nowhere:", "");
    (void)snprintf(found, sizeof(found), "%s/qemu-system-tricore", scratch_path);
    (void)snprintf(link, sizeof(link), "%s/link", scratch_path);
    ck_assert_int_eq(symlink(found, link), 0);
    ck_assert_int_eq(qemu_check_is_found(found, &err), 0);
    ck_assert_int_eq(qemu_check_is_found(link, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_ACCESS_DENIED);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), link));
    ck_assert_int_eq(qemu_check_is_found("", NULL), -1);
}
END_TEST

START_TEST(test_unknown)
{
    static const char *const names[] = { "", "i386", "X86_64", "../x86_64", "z80" };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        ck_assert_ptr_null(qemu_find_emulator(names[i], &err));
        ck_assert_int_eq(err.code, VIR_ERR_INVALID_ARG);
        verror_clear(&err);
    }
}
END_TEST

START_TEST(test_names)
{
    for (size_t i = 0; i < qemu_narches; i++) {
        const struct qemu_arch *arch = &qemu_arches[i];

        ck_assert_ptr_eq(qemu_arch_find(arch->name), arch);
        ck_assert_str_eq(qemu_arch_find_qemu(arch->qemu)->qemu, arch->qemu);
        ck_assert(arch->wordsize == 32 || arch->wordsize == 64);
    }
    ck_assert_str_eq(qemu_arch_find_qemu("i386")->name, "i686");
    ck_assert_str_eq(qemu_arch_find_qemu("arm")->name, "armv7l");
    ck_assert_str_eq(qemu_arch_find_qemu("ppc64")->name, "ppc64");
    ck_assert_ptr_null(qemu_arch_find_qemu("z80"));
    ck_assert_ptr_nonnull(qemu_arch_find(qemu_host_arch()));
}
END_TEST

START_TEST(test_kvm)
{
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

    if (fd >= 0) {
        ck_assert_int_eq(qemu_check_kvm(&err), 0);
        (void)close(fd);
        return;
    }
    ck_assert_int_eq(qemu_check_kvm(&err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_CONFIG_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "/dev/kvm"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("emulators");
    TCase *tcase = tcase_create("emulators");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_in_path);
    tcase_add_test(tcase, test_not_there);
    tcase_add_test(tcase, test_not_a_program);
    tcase_add_test(tcase, test_relative_entry);
    tcase_add_test(tcase, test_is_found);
    tcase_add_test(tcase, test_unknown);
    tcase_add_test(tcase, test_names);
    tcase_add_test(tcase, test_kvm);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
