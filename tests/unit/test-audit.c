/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/util/audit.c: the form of a record, and when there is none. */

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "capture.h"
#include "util/audit.h"
#include "util/log.h"

static void setup(void)
{
    capture_stderr();
    log_setup(LOG_ERROR_, 0); /* records do not go by it */
    audit_set(AUDIT_ACTS, 1);
}

static void assert_ends(const char *end)
{
    const char *text = captured();

    ck_assert_uint_ge(strlen(text), strlen(end));
    ck_assert_str_eq(text + strlen(text) - strlen(end), end);
}

START_TEST(test_record)
{
    AUDIT(AUDIT_ACTS, "job-start", { "job", "7" }, { "error", NULL }, { "object", "volume 'a b'" });
    assert_ends(": audit: what=job-start job=\"7\" object=\"volume 'a b'\"\n");
}
END_TEST

/* What a client chose can neither end a field nor a line. */
START_TEST(test_quoting)
{
    AUDIT(AUDIT_ACTS, "denied", { "reason", "a\" job=\"8\\\nb" });
    assert_ends(": audit: what=denied reason=\"a\\\" job=\\\"8\\\\\\x0ab\"\n");
}
END_TEST

START_TEST(test_levels)
{
    AUDIT(AUDIT_CONNECTIONS, "connected", { "identity", "x" });
    audit_set(AUDIT_NONE, 1);
    AUDIT(AUDIT_ACTS, "denied", { "identity", "x" });
    audit_set(AUDIT_CONNECTIONS, 0);
    AUDIT(AUDIT_ACTS, "denied", { "identity", "x" });
    ck_assert_str_eq(captured(), "");
    audit_set(AUDIT_CONNECTIONS, 1);
    AUDIT(AUDIT_CONNECTIONS, "connected", { "identity", "x" });
    assert_ends(": audit: what=connected identity=\"x\"\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("audit");
    TCase *tcase = tcase_create("audit");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, setup, release_stderr);
    tcase_add_test(tcase, test_record);
    tcase_add_test(tcase, test_quoting);
    tcase_add_test(tcase, test_levels);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
