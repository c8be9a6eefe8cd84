/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* protocol/dname.c: names as libvirt's lists have them, and the patterns of such lists. */

#include <check.h>
#include <string.h>

#include "protocol/dname.h"
#include "protocol/macros.h"

static const struct {
    const char *pattern, *dname;
    bool matches;
} matches[] = {
    { "C=GB,O=Example,CN=admin", "C=GB,O=Example,CN=admin", true },
    { "C=GB,O=Example,CN=admin", "C=GB,O=Example,CN=admins", false },
    { "C=GB,O=Example,CN=admins", "C=GB,O=Example,CN=admin", false },
    { "C=GB,O=Example,CN=Admin", "C=GB,O=Example,CN=admin", false },
    { "CN=admin,O=Example,C=GB", "C=GB,O=Example,CN=admin", false },
    { "*", "", true },
    { "*", "anything, with commas", true },
    { "", "", true },
    { "", "x", false },
    { "?", "", false },
    { "?", "x", true },
    { "?", "\xc3\xa4", true }, /* one character of two bytes */
    { "??", "\xc3\xa4", false },
    { "CN=M?ller", "CN=M\xc3\xbcller", true },
    { "C=GB,*,CN=a?min", "C=GB,O=x,OU=y,CN=admin", true },
    { "C=GB,*,CN=a?min", "C=GB,CN=admin", false },
    { "*CN=a*b*c", "O=x,CN=aXbYbZc", true },
    { "*CN=a*b*c", "O=x,CN=aXbYbZcd", false },
    { "*aab", "aaaaaaaaaaaaaaaaaaaaaaaab", true },
    { "a*", "ba", false },
    { "**", "x", true },
    { "*x*", "abc", false },
    { "[a-z]", "a", false }, /* nothing else is special */
    { "[a-z]", "[a-z]", true },
    { "a\\*", "a\\xyz", true },
    { "O=A\\, B,*", "O=A\\, B,CN=x", true },
};

START_TEST(test_matches)
{
    ck_assert_msg(dname_matches(matches[_i].pattern, matches[_i].dname) == matches[_i].matches,
                  "'%s' and '%s'", matches[_i].pattern, matches[_i].dname);
}
END_TEST

/* What a hostile pattern costs must not grow with the power of its stars. */
START_TEST(test_many_stars)
{
    char dname[4097], pattern[257];

    memset(dname, 'a', sizeof(dname) - 1);
    dname[sizeof(dname) - 1] = '\0';
    for (size_t i = 0; i < sizeof(pattern) - 1; i += 2)
        memcpy(pattern + i, "*a", 2);
    pattern[sizeof(pattern) - 2] = 'b';
    pattern[sizeof(pattern) - 1] = '\0';
    ck_assert(!dname_matches(pattern, dname));
}
END_TEST

static void add(X509_NAME *name, const char *part, const char *value, int len, int set)
{
    ck_assert_int_eq(X509_NAME_add_entry_by_txt(name, part, MBSTRING_UTF8,
                                                (const unsigned char *)value, len, -1, set), 1);
}

static void assert_text(const X509_NAME *name, const char *expected)
{
    _cleanup_free_ char *text = dname_text(name);

    ck_assert_str_eq(text, expected);
}

START_TEST(test_text)
{
    X509_NAME *name = X509_NAME_new();

    assert_text(name, "");
    add(name, "C", "GB", -1, 0);
    add(name, "O", "Example", -1, 0);
    assert_text(name, "C=GB,O=Example");
    add(name, "CN", "admin", -1, 0);
    add(name, "emailAddress", "a@example.org", -1, -1); /* one part of two */
    add(name, "UID", "0", -1, 0);
    assert_text(name, "C=GB,O=Example,CN=admin+EMAIL=a@example.org,UID=0");
    X509_NAME_free(name);
}
END_TEST

/* A name cannot pretend to have other parts than it has. */
START_TEST(test_escapes)
{
    X509_NAME *name = X509_NAME_new();

    add(name, "O", "x,CN=admin", -1, 0);
    add(name, "OU", " a+b\"c\\d<e>f;g ", -1, 0);
    add(name, "OU", "#1 #2", -1, 0);
    add(name, "CN", "a\0b", 3, 0);
    add(name, "CN", "M\xc3\xbcller", -1, 0);
    assert_text(name, "O=x\\,CN=admin,OU=\\ a\\+b\\\"c\\\\d\\<e\\>f\\;g\\ ,OU=\\#1 #2,CN=a\\00b,"
                      "CN=M\xc3\xbcller");
    X509_NAME_free(name);
}
END_TEST

START_TEST(test_unknown_part)
{
    X509_NAME *name = X509_NAME_new();

    add(name, "1.2.3.4", "x", -1, 0);
    assert_text(name, "1.2.3.4=#0c0178");
    X509_NAME_free(name);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dname");
    TCase *tcase = tcase_create("dname");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tcase, test_matches, 0, ARRAY_SIZE(matches));
    tcase_add_test(tcase, test_many_stars);
    tcase_add_test(tcase, test_text);
    tcase_add_test(tcase, test_escapes);
    tcase_add_test(tcase, test_unknown_part);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
