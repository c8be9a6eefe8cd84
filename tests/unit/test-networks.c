/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The config's map of network names: what it says, and what is no such map. */

#include "hypervisor/qemu/networks.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/macros.h"

static struct verror err;

static void teardown(void)
{
    verror_clear(&err);
}

START_TEST(test_found)
{
    static const struct {
        const char *map, *name, *bridge; /* bridge NULL: user mode */
    } cases[] = {
        { "default=user", "default", NULL },
        { "default=user lan=bridge:br0", "lan", "br0" },
        { " lan=bridge:br0,\n\tdefault=user ", "default", NULL },
        { "a=user ab=bridge:br1 abc=user", "ab", "br1" },
        { "x=bridge:abcdefghijklmno", "x", "abcdefghijklmno" }, /* the longest there is */
        { "=user a=user", "a", NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct network_target target;

        ck_assert_msg(network_find(cases[i].map, cases[i].name, &target, &err) == 0, "%s: %s",
                      cases[i].map, verror_text(&err));
        if (cases[i].bridge)
            ck_assert_pstr_eq(target.bridge, cases[i].bridge);
        else
            ck_assert_ptr_null(target.bridge);
        network_target_clear(&target);
        ck_assert_ptr_null(target.bridge);
    }
}
END_TEST

START_TEST(test_not_found)
{
    static const char *const maps[] = { NULL, "", " ,", "defaul=user", "default2=user", "user" };

    for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
        struct network_target target;

        ck_assert_int_eq(network_find(maps[i], "default", &target, &err), -1);
        ck_assert_int_eq(err.code, VIR_ERR_CONFIG_UNSUPPORTED);
        ck_assert_ptr_nonnull(strstr(verror_text(&err), "'default'"));
        ck_assert_ptr_nonnull(strstr(verror_text(&err), "\"networks\""));
        verror_clear(&err);
    }
}
END_TEST

/* An entry that is asked for and says nothing is no other target. */
START_TEST(test_found_bad)
{
    struct network_target target;

    ck_assert_int_eq(network_find("a=nat", "a", &target, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_CONF_SYNTAX);
}
END_TEST

START_TEST(test_check)
{
    static const struct {
        const char *map, *reason; /* reason NULL: it is one */
    } cases[] = {
        { "", NULL },
        { "default=user", NULL },
        { "default=user, lan=bridge:br0", NULL },
        { "default", "'default' is neither" },
        { "default=", "'default=' is neither" },
        { "=user", "'=user' is neither" },
        { "a=users", "'a=users' is neither" },
        { "a=bridge:", "'a=bridge:' is neither" },
        { "a=bridge:br/0", "is neither" },
        { "a=bridge:..", "is neither" },
        { "a=bridge:.", "is neither" },
        { "a=bridge:b:r", "is neither" },
        { "a=bridge:abcdefghijklmnop", "is neither" },
        { "a=user b=user a=bridge:br0", "'a' is there twice" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int r = network_map_check(cases[i].map, &err);

        if (!cases[i].reason) {
            ck_assert_msg(r == 0, "%s: %s", cases[i].map, verror_text(&err));
            continue;
        }
        ck_assert_msg(r == -1, "%s", cases[i].map);
        ck_assert_int_eq(err.code, VIR_ERR_CONF_SYNTAX);
        ck_assert_msg(strstr(verror_text(&err), cases[i].reason) != NULL, "%s: %s", cases[i].map,
                      verror_text(&err));
        verror_clear(&err);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("networks");
    TCase *tcase = tcase_create("networks");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_test(tcase, test_found);
    tcase_add_test(tcase, test_not_found);
    tcase_add_test(tcase, test_found_bad);
    tcase_add_test(tcase, test_check);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
