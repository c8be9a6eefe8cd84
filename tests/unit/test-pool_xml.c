/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/xml/pool_xml.c: what is taken, what is refused, and that nothing gets lost. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "xml/job_xml.h"
#include "xml/pool_xml.h"

DEFINE_CLEANUP(struct pool_def *, pool_def_unref);
#define _cleanup_pool_def_ _cleanup_(pool_def_unrefp)

static struct pool_def *parse(const char *xml)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct pool_def *def = NULL;

    ck_assert_msg(pool_def_parse(xml, &def, &err) == 0, "%s", verror_text(&err));
    return def;
}

static char *read_data(const char *name)
{
    _cleanup_free_ char *path = xasprintf("%s/xml/%s", TEST_DATA, name);
    FILE *file = fopen(path, "re");
    char *text = xcalloc(1, 65536);

    ck_assert_msg(file != NULL, "%s", path);
    ck_assert_uint_lt(fread(text, 1, 65535, file), 65535);
    (void)fclose(file);
    return text;
}

START_TEST(test_small)
{
    _cleanup_free_ char *xml = read_data("pool-dir-small.xml");
    _cleanup_pool_def_ struct pool_def *def = parse(xml), *other = parse(xml);

    ck_assert_str_eq(def->type, "dir");
    ck_assert_str_eq(def->name, "p");
    ck_assert_str_eq(def->target_path, "/srv/images");
    ck_assert_int_eq(def->uuid[6] >> 4, 4);
    ck_assert_mem_ne(def->uuid, other->uuid, 16);
    ck_assert_uint_eq(def->perms.mode, PERMS_UNSET);
    ck_assert_uint_eq(def->perms.owner, PERMS_UNSET);
    ck_assert_ptr_null(def->extra);
    ck_assert_ptr_null(def->source);
}
END_TEST

/* libvirt's own dump of an inactive pool: every byte comes back. */
START_TEST(test_round_trip)
{
    _cleanup_free_ char *xml = read_data("pool-dir-full.xml"), *again = NULL;
    _cleanup_pool_def_ struct pool_def *def = parse(xml);

    ck_assert_uint_eq(def->perms.mode, 0711);
    ck_assert_uint_eq(def->perms.group, 107);
    ck_assert_str_eq(def->perms.label, "system_u:object_r:virt_image_t:s0");
    again = pool_def_format(def, NULL);
    ck_assert_str_eq(again, xml);
}
END_TEST

START_TEST(test_unknown_is_kept)
{
    _cleanup_free_ char *xml = read_data("pool-extra.xml"), *once = NULL, *twice = NULL;
    _cleanup_pool_def_ struct pool_def *def = parse(xml), *again = NULL;

    ck_assert_str_eq(def->name, "b\xc3\xbcro & co");
    ck_assert_str_eq(def->target_path, "/srv/images/x");
    once = pool_def_format(def, NULL);
    ck_assert_ptr_nonnull(strstr(once, "\n    <host name='nowhere'/>\n  </source>"));
    ck_assert_ptr_nonnull(strstr(once, "\n  <features>\n    <cow state='no'/>\n  </features>\n"));
    ck_assert_ptr_nonnull(strstr(once, "team='storage'>a &lt; b</app:owner>"));
    ck_assert_ptr_nonnull(strstr(once, "xmlns:app='http://example.org/?app=1&amp;v=2'"));
    ck_assert_ptr_null(strstr(once, "virtjob:job")); /* our own never comes back */
    again = parse(once);
    twice = pool_def_format(again, NULL);
    ck_assert_str_eq(once, twice);
}
END_TEST

START_TEST(test_active_form)
{
    _cleanup_free_ char *xml = read_data("pool-dir-full.xml"), *text = NULL, *job = NULL;
    _cleanup_pool_def_ struct pool_def *def = parse(xml), *again = NULL;
    struct pool_xml_state state = {
        .capacity = 1000, .allocation = 400, .available = 600,
        .perms = { .mode = 0755, .owner = 1, .group = PERMS_UNSET },
    };

    job = job_xml_format(3, "pool-refresh", "running", 50);
    state.job_xml = job;
    text = pool_def_format(def, &state);
    ck_assert_ptr_nonnull(strstr(text, "  <capacity unit='bytes'>1000</capacity>\n"
                                       "  <allocation unit='bytes'>400</allocation>\n"
                                       "  <available unit='bytes'>600</available>\n"));
    ck_assert_ptr_nonnull(strstr(text, "      <mode>0755</mode>\n"
                                       "      <owner>1</owner>\n"
                                       "      <group>107</group>\n"
                                       "      <label>system_u:"));
    ck_assert_ptr_nonnull(strstr(text, "</target>\n  <virtjob:job "));
    again = parse(text);
    ck_assert_ptr_null(again->extra);
    ck_assert_mem_eq(again->uuid, def->uuid, 16);
}
END_TEST

START_TEST(test_paths)
{
    static const struct {
        const char *given, *clean;
    } cases[] = {
        { "/", "/" },           { "//", "/" },           { "/.", "/" },
        { "/a", "/a" },         { "/a/", "/a" },         { "//a///b//", "/a/b" },
        { "/./a/././b/.", "/a/b" }, { "/a/../b", "/a/../b" }, { "/.a/b..", "/.a/b.." },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *xml =
            xasprintf("<pool type='dir'><name>p</name><target><path>%s</path></target></pool>",
                      cases[i].given);
        _cleanup_pool_def_ struct pool_def *def = parse(xml);

        ck_assert_str_eq(def->target_path, cases[i].clean);
    }
}
END_TEST

#define TARGET "<target><path>/p</path></target>"

START_TEST(test_refused)
{
    static const struct {
        const char *xml;
        int code;
        const char *reason;
    } cases[] = {
        { "<volume/>", VIR_ERR_XML_ERROR, "unexpected root element <volume>" },
        { "<pool>" TARGET "</pool>", VIR_ERR_XML_ERROR, "missing type" },
        { "<pool type='x'>" TARGET "</pool>", VIR_ERR_XML_ERROR, "unknown storage pool type 'x'" },
        { "<pool type='iscsi-direct'/>", VIR_ERR_CONFIG_UNSUPPORTED, "'iscsi-direct'" },
        { "<pool type='fs'/>", VIR_ERR_CONFIG_UNSUPPORTED, "'fs'" },
        { "<pool type='vstorage'/>", VIR_ERR_CONFIG_UNSUPPORTED, "'vstorage'" },
        { "<pool type='dir'>" TARGET "</pool>", VIR_ERR_XML_ERROR, "missing storage pool name" },
        { "<pool type='dir'><name/>" TARGET "</pool>", VIR_ERR_XML_ERROR, "missing storage pool" },
        { "<pool type='dir'><name>a/b</name>" TARGET "</pool>", VIR_ERR_XML_ERROR, "'/'" },
        { "<pool type='dir'><name>..</name>" TARGET "</pool>", VIR_ERR_XML_ERROR, "'..'" },
        { "<pool type='dir'><name>a\nb</name>" TARGET "</pool>", VIR_ERR_XML_ERROR, "control" },
        { "<pool type='dir'><name>p</name></pool>", VIR_ERR_XML_ERROR,
          "missing storage pool target" },
        { "<pool type='dir'><name>p</name><target><path>a/b</path></target></pool>",
          VIR_ERR_XML_ERROR, "'a/b' is not absolute" },
        { "<pool type='dir'><name>p</name><target><path>/a&#10;b</path></target></pool>",
          VIR_ERR_XML_ERROR, "control" },
        { "<pool type='dir'><name>p</name><uuid>123</uuid>" TARGET "</pool>", VIR_ERR_XML_ERROR,
          "malformed uuid element '123'" },
        { "<pool type='dir'><name>p</name><uuid>0c25af56-9e1c-4a5b-a1c3-6b1f4b0f6e11f</uuid>" TARGET
          "</pool>", VIR_ERR_XML_ERROR, "malformed uuid" },
        { "<pool type='dir'><name>p</name><uuid>0c25af56-9e1c-4a5b-a1c3-6b1f4b0f6e1g</uuid>" TARGET
          "</pool>", VIR_ERR_XML_ERROR, "malformed uuid" },
        { "<pool type='dir'><name>p</name><target><path>/p</path><permissions><mode>0899</mode>"
          "</permissions></target></pool>", VIR_ERR_XML_ERROR, "malformed octal mode" },
        { "<pool type='dir'><name>p</name><target><path>/p</path><permissions><mode>07777</mode>"
          "</permissions></target></pool>", VIR_ERR_XML_ERROR, "malformed octal mode" },
        { "<pool type='dir'><name>p</name><target><path>/p</path><permissions><owner>root</owner>"
          "</permissions></target></pool>", VIR_ERR_XML_ERROR, "malformed owner element" },
        { "<pool type='dir'><name>p</name><target><path>/p</path><permissions>"
          "<group>4294967295</group></permissions></target></pool>", VIR_ERR_XML_ERROR,
          "malformed group element" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_verror_ struct verror err = VERROR_INIT;
        struct pool_def *def = NULL;

        ck_assert_msg(pool_def_parse(cases[i].xml, &def, &err) == -1, "%s", cases[i].xml);
        ck_assert_ptr_null(def);
        ck_assert_int_eq(err.code, cases[i].code);
        ck_assert_msg(strstr(err.message, cases[i].reason) != NULL, "%s: %s", cases[i].xml,
                      err.message);
    }
}
END_TEST

START_TEST(test_long_refused)
{
    enum { LONG = 5000 };
    _cleanup_free_ char *longest = xcalloc(1, LONG + 1), *name = NULL, *path = NULL;
    _cleanup_verror_ struct verror err = VERROR_INIT, err2 = VERROR_INIT;
    struct pool_def *def = NULL;

    memset(longest, 'x', LONG);
    path = xasprintf("<pool type='dir'><name>p</name><target><path>/%s</path></target></pool>",
                     longest);
    ck_assert_int_eq(pool_def_parse(path, &def, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "longer than 4095"));
    longest[256] = '\0';
    name = xasprintf("<pool type='dir'><name>%s</name>" TARGET "</pool>", longest);
    ck_assert_int_eq(pool_def_parse(name, &def, &err2), -1);
    ck_assert_ptr_nonnull(strstr(err2.message, "longer than 255"));
}
END_TEST

START_TEST(test_reference_counts)
{
    struct pool_def *def = parse("<pool type='dir'><name>p</name>" TARGET "</pool>");

    ck_assert_ptr_eq(pool_def_ref(def), def);
    pool_def_unref(def);
    ck_assert_str_eq(def->name, "p");
    pool_def_unref(def);
    pool_def_unref(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pool_xml");
    TCase *tcase = tcase_create("pool_xml");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, test_small);
    tcase_add_test(tcase, test_round_trip);
    tcase_add_test(tcase, test_unknown_is_kept);
    tcase_add_test(tcase, test_active_form);
    tcase_add_test(tcase, test_paths);
    tcase_add_test(tcase, test_refused);
    tcase_add_test(tcase, test_long_refused);
    tcase_add_test(tcase, test_reference_counts);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
