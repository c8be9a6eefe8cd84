/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An emulator in fuzz_dir() that need not be started, as what it can do is stored already in a
 * directory of capabilities below it.  It is the only one in PATH.
 */
#ifndef VIRTJOBD_TEST_FUZZ_EMULATOR_H
#define VIRTJOBD_TEST_FUZZ_EMULATOR_H

#include <errno.h>
#include <sys/stat.h>

#include "../unit/qemu-fixture.h"
#include "fuzz.h"

/* name: of the directory.  A reference. */
static inline struct qemu_caps *emulator_put(const char *name)
{
    _cleanup_free_ char *path = fuzz_file("qemu-system-x86_64", "#!/bin/false\n", 13);
    _cleanup_free_ char *dir = xasprintf("%s/%s", fuzz_dir(), name), *identity = NULL;
    struct qemu_caps *caps;

    fuzz_must(chmod(path, 0755) == 0 && (mkdir(dir, 0700) == 0 || errno == EEXIST));
    fuzz_must(setenv("PATH", fuzz_dir(), 1) == 0);
    identity = caps_identity(path, NULL);
    fuzz_must(identity);
    caps = fixture_caps(path, identity);
    caps_save(dir, caps);
    return caps;
}

#endif
