/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/calls/access.c, access_who.c: which identity a pattern fits, which rule decides.  And
 * the rows of all programs: none has forgotten what it is done to, and what.
 */

#include <check.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "calls/call.h"
#include "util/alloc.h"

static gid_t groups[] = { 20, 30 };
static const struct identity local = {
    .is_local = true,
    .uid = 0,
    .gid = 10,
    .groups = groups,
    .ngroups = 2,
    .unit = (char *)"a@1.service",
};
static const struct identity nobody = { 0 };

static struct identity remote_at(const char *address)
{
    return (struct identity){ .address = (char *)(uintptr_t)address,
                              .x509_dname = (char *)"C=GB,O=A\\, B Ltd,CN=host one",
                              .sasl_user = (char *)"alice@EXAMPLE.ORG" };
}

static bool fits(const char *pattern, const struct identity *identity)
{
    struct verror err = VERROR_INIT;
    struct access_who *who = access_who_parse(pattern, &err);
    bool result;

    ck_assert_msg(who != NULL, "%s: %s", pattern, verror_text(&err));
    result = access_who_matches(who, identity);
    access_who_free(who);
    return result;
}

START_TEST(test_local)
{
    ck_assert(fits("*", &local));
    ck_assert(fits("*", &nobody));
    ck_assert(fits("uid=0", &local));
    ck_assert(!fits("uid=1", &local));
    ck_assert(fits("user=root", &local));
    ck_assert(fits("gid=10", &local));
    ck_assert(fits("gid=20", &local));
    ck_assert(fits("gid=30", &local));
    ck_assert(!fits("gid=40", &local));
    ck_assert(!fits("group=root", &local));
    ck_assert(fits("unit=a@*.service", &local));
    ck_assert(!fits("unit=*.scope", &local));
    ck_assert(fits("  uid=0\tgid=20 unit='a@1.service' ", &local));
    ck_assert(!fits("uid=0 gid=40", &local));
    /* who is not local is not uid 0, and who has no name fits no name */
    ck_assert(!fits("uid=0", &nobody));
    ck_assert(!fits("gid=0", &nobody));
    ck_assert(!fits("unit=*", &nobody));
    ck_assert(!fits("dn=*", &local));
    ck_assert(!fits("sasl=*", &local));
    ck_assert(!fits("address=0.0.0.0/0", &local));
}
END_TEST

START_TEST(test_names)
{
    struct identity alice = remote_at("192.0.2.7:4711");

    ck_assert(fits("sasl=alice@EXAMPLE.ORG", &alice));
    ck_assert(fits("sasl=*@EXAMPLE.ORG", &alice));
    ck_assert(!fits("sasl=alice", &alice));
    ck_assert(fits("dn='C=GB,O=A\\, B Ltd,CN=host one'", &alice));
    ck_assert(fits("dn='*,CN=host *' sasl=alice*", &alice));
    ck_assert(!fits("dn='C=GB,*,CN=host'", &alice));
}
END_TEST

START_TEST(test_addresses)
{
    struct identity four = remote_at("192.0.2.7:4711"), six = remote_at("[2001:db8::7]:4711");
    struct identity mapped = remote_at("[::ffff:192.0.2.7]:1"),
                    local_link = remote_at("[fe80::1%eth0]:1");

    ck_assert(fits("address=192.0.2.7", &four));
    ck_assert(!fits("address=192.0.2.70", &four));
    ck_assert(fits("address=192.0.2.0/29", &four));
    ck_assert(!fits("address=192.0.2.0/30", &four));
    ck_assert(fits("address=0.0.0.0/0", &four));
    ck_assert(!fits("address=0.0.0.0/0", &six));
    ck_assert(fits("address=192.0.2.7", &mapped));
    ck_assert(fits("address=2001:db8::/32", &six));
    ck_assert(!fits("address=2001:db9::/32", &six));
    ck_assert(fits("address=::/0", &six));
    ck_assert(fits("address=fe80::/10", &local_link));
}
END_TEST

static void assert_bad_pattern(const char *pattern, const char *reason)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    ck_assert_ptr_null(access_who_parse(pattern, &err));
    ck_assert_int_eq(err.code, VIR_ERR_CONF_SYNTAX);
    ck_assert_msg(strstr(verror_text(&err), reason) != NULL, "%s: %s", pattern, verror_text(&err));
}

START_TEST(test_bad_patterns)
{
    assert_bad_pattern("", "neither");
    assert_bad_pattern("* uid=0", "neither");
    assert_bad_pattern("uid", "none of");
    assert_bad_pattern("uid 0", "none of");
    assert_bad_pattern("UID=0", "none of");
    assert_bad_pattern("ui=0", "none of");
    assert_bad_pattern("uid=", "has no value");
    assert_bad_pattern("uid=-1", "is no number");
    assert_bad_pattern("uid=1x", "is no number");
    assert_bad_pattern("uid=4294967295", "is no number");
    assert_bad_pattern("user=no such", "no user is named 'no'");
    assert_bad_pattern("group='no such'", "no group is named 'no such'");
    assert_bad_pattern("dn='C=GB", "no closing apostrophe");
    assert_bad_pattern("address=192.0.2", "is no address");
    assert_bad_pattern("address=192.0.2.0/33", "is no address");
    assert_bad_pattern("address=192.0.2.0/x", "is no address");
    assert_bad_pattern("address=::/129", "is no address");
    assert_bad_pattern("address=host.example.org", "is no address");
}
END_TEST

static struct access_rules *rules_new(const struct access_rule_text *texts, size_t n)
{
    struct access_rules *rules = access_rules_new();
    struct verror err = VERROR_INIT;

    for (size_t i = 0; i < n; i++)
        ck_assert_msg(access_rules_add(rules, &texts[i], &err) == 0, "%s", verror_text(&err));
    return rules;
}

static bool allows(const struct access_rules *rules, const struct identity *who,
                   enum call_object object, enum call_operation operation)
{
    return (access_rules_allow(rules, who) & access_bit(object, operation)) != 0;
}

START_TEST(test_first_rule_decides)
{
    static const struct access_rule_text texts[] = {
        { .who = "uid=0", .deny = "data", .on = "volume" },
        { .who = "uid=0", .allow = "*", .on = "volume domain" },
        { .who = "*", .allow = "read, control" },
    };
    struct access_rules *rules = rules_new(texts, ARRAY_SIZE(texts));
    _cleanup_free_ char *denied = NULL, *silent = NULL;

    ck_assert(!allows(rules, &local, OBJECT_VOLUME, OPERATION_DATA));
    ck_assert(allows(rules, &local, OBJECT_VOLUME, OPERATION_CHANGE));
    ck_assert(allows(rules, &local, OBJECT_DOMAIN, OPERATION_DATA));
    ck_assert(allows(rules, &local, OBJECT_POOL, OPERATION_CONTROL));
    ck_assert(!allows(rules, &local, OBJECT_POOL, OPERATION_CHANGE));
    ck_assert(allows(rules, &nobody, OBJECT_DOMAIN, OPERATION_READ));
    ck_assert(!allows(rules, &nobody, OBJECT_DOMAIN, OPERATION_MONITOR));
    ck_assert(allows(rules, &nobody, OBJECT_CONNECT, OPERATION_GREET));
    ck_assert(!allows(rules, &local, OBJECT_UNSET, OPERATION_UNSET));
    denied = access_rules_explain(rules, &local, OBJECT_VOLUME, OPERATION_DATA);
    ck_assert_str_eq(denied, "by rule 1 of access_rules (deny data on volume for uid=0)");
    silent = access_rules_explain(rules, &nobody, OBJECT_DOMAIN, OPERATION_MONITOR);
    ck_assert_str_eq(silent, "by access_rules, none of which allows it");
    access_rules_free(rules);
}
END_TEST

START_TEST(test_no_rules)
{
    struct access_rules *rules = access_rules_new();

    ck_assert(access_rules_are_empty(rules));
    for (int object = 0; object < OBJECT_MAX; object++)
        for (int operation = 0; operation < OPERATION_MAX; operation++)
            ck_assert(allows(rules, &nobody, object, operation));
    ck_assert(!access_rules_name(rules, &local));
    access_rules_free(rules);
}
END_TEST

static void assert_row(const struct proc *proc)
{
    ck_assert_msg(proc->object > OBJECT_UNSET && proc->object < OBJECT_MAX,
                  "%s (%d) has no kind of object: PROC_ON()", proc->api, proc->number);
    ck_assert_msg(proc->operation > OPERATION_UNSET && proc->operation < OPERATION_MAX,
                  "%s (%d) has no operation: PROC_ON()", proc->api, proc->number);
    /* a call that no rule is asked for can do nothing but greet */
    if (proc->operation == OPERATION_GREET)
        ck_assert_msg(proc->access == ACCESS_PREAUTH || proc->access == ACCESS_PREOPEN,
                      "%s (%d) greets after the opening", proc->api, proc->number);
    /* what only reads needs no more than reading, and what a reader may not call is not free */
    if (proc->access == ACCESS_READ)
        ck_assert_msg(proc->operation == OPERATION_READ, "%s (%d) is open to readers", proc->api,
                      proc->number);
}

START_TEST(test_every_row)
{
    size_t n = 0;

    for (size_t i = 0; i < daemon_nprograms; i++)
        for (size_t j = 0; j < daemon_programs[i].table->n; j++, n++)
            assert_row(&daemon_programs[i].table->procs[j]);
    ck_assert_uint_gt(n, 150);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("access");
    TCase *tcase = tcase_create("access");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, test_local);
    tcase_add_test(tcase, test_names);
    tcase_add_test(tcase, test_addresses);
    tcase_add_test(tcase, test_bad_patterns);
    tcase_add_test(tcase, test_first_rule_decides);
    tcase_add_test(tcase, test_no_rules);
    tcase_add_test(tcase, test_every_row);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
