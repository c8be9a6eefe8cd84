/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the tests of probing share: a pool's directory of its own for every
 * test, files put into it, and the whole removed in any case.
 */
#ifndef VIRTJOBD_TEST_PROBE_FIXTURE_H
#define VIRTJOBD_TEST_PROBE_FIXTURE_H

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "storage/probe.h"
#include "util/alloc.h"

DEFINE_CLEANUP(struct vol_info *, vol_info_free);
#define _cleanup_vol_info_ _cleanup_(vol_info_freep)

static int remove_tree(const char *path)
{
    _cleanup_free_ char *command = xasprintf("rm -rf '%s'", path);

    return system(command);
}

/* A pool's directory of its own for every test, below one that suite_run() removes. */
static char all_pools[] = "/tmp/virtjobd-probe-XXXXXX";
static char pool[64];
static int pool_fd = -1;

static void setup(void)
{
    (void)snprintf(pool, sizeof(pool), "%s/XXXXXX", all_pools);
    ck_assert_ptr_nonnull(mkdtemp(pool));
    pool_fd = open(pool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(pool_fd, 0);
}

static void teardown(void)
{
    (void)close(pool_fd);
    ck_assert_int_eq(remove_tree(pool), 0);
}

static void put(const char *name, off_t offset, const void *bytes, size_t len)
{
    _cleanup_close_ int fd = openat(pool_fd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, bytes, len, offset), (ssize_t)len);
}

static struct vol_info *probe(const char *name)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct vol_info *info = NULL;

    ck_assert_msg(probe_entry(pool_fd, pool, name, &info, &err) == 0, "%s: %s", name,
                  verror_text(&err));
    return info;
}

static TCase *tcase_with_pool(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, setup, teardown);
    suite_add_tcase(suite, tcase);
    return tcase;
}

/* Runs the suite and removes what failed tests left. */
static int suite_run(Suite *suite)
{
    SRunner *runner;
    int failed;

    if (!mkdtemp(all_pools)) {
        perror(all_pools);
        return EXIT_FAILURE;
    }
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed || remove_tree(all_pools) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
