/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A copy of the fake emulator in a directory of its own, and where the real one
 * is.  For tests that include scratch.h; no threads of its own.
 */
#ifndef VIRTJOBD_TEST_CAPS_FIXTURE_H
#define VIRTJOBD_TEST_CAPS_FIXTURE_H

#include "hypervisor/qemu/caps_data.h"
#include "scratch.h"
#include "util/alloc.h"
#include "util/child.h"

static char fake_path[128]; /* of the copy */
static struct verror err;

/* One rename: the script is never seen half-written, nor busy. */
static inline void fake_install(void)
{
    const char *srcdir = getenv("srcdir");
    _cleanup_free_ char *command =
        xasprintf("cp '%s/tests/data/qemu/fake-qemu' '%s.new' && mv '%s.new' '%s'",
                  srcdir ? srcdir : ".", fake_path, fake_path, fake_path);

    ck_assert_int_eq(system(command), 0);
}

static inline void fake_setup(void)
{
    scratch_make();
    (void)snprintf(fake_path, sizeof(fake_path), "%s/qemu-system-x86_64", scratch_path);
    fake_install();
    ck_assert_int_eq(unsetenv("FAKE_QEMU"), 0);
    ck_assert_int_eq(child_start(&err), 0);
}

static inline void fake_teardown(void)
{
    child_stop();
    verror_clear(&err);
    scratch_remove();
}

static inline _unused_ void fake_behave(const char *how)
{
    ck_assert_int_eq(setenv("FAKE_QEMU", how, 1), 0);
}

/* How often it was started. */
static inline _unused_ int fake_starts(void)
{
    _cleanup_free_ char *path = xasprintf("%s.starts", fake_path);
    FILE *file = fopen(path, "re");
    int c, lines = 0;

    if (!file)
        return 0;
    while ((c = getc(file)) != EOF)
        lines += c == '\n';
    (void)fclose(file);
    return lines;
}

/* Starts of one probe: a second one where KVM can be asked too. */
static inline _unused_ int fake_starts_each(void)
{
    return qemu_check_kvm(NULL) == 0 ? 2 : 1;
}

#endif
