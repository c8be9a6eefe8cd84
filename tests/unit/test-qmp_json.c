/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/hypervisor/qemu/qmp_json.c: numbers, bounds, garbage, and what of it can be shown. */

#include "hypervisor/qemu/qmp_json.h"

#include <check.h>
#include <string.h>

#include "util/alloc.h"

#define DUMP (JSON_COMPACT | JSON_ENCODE_ANY)

static const struct {
    const char *text, *dump;
} good[] = {
    { "{}", "{}" },
    { " {\"a\": [1, -2, 3.5, null, true, \"x\"]} ", "{\"a\":[1,-2,3.5,null,true,\"x\"]}" },
    { "{\"x\":9223372036854775807}", "{\"x\":9223372036854775807}" },
    { "{\"x\":-9223372036854775808}", "{\"x\":-9223372036854775808}" },
    { "{\"x\":9223372036854775808}", "{\"x\":9.2233720368547758e18}" },
    { "{\"x\":18446744073709551615}", "{\"x\":1.8446744073709552e19}" },
    { "{\"x\":-9223372036854775809}", "{\"x\":-9.2233720368547758e18}" },
    /* only that one becomes a real; what looks like one in a string stays */
    { "{\"a\":7,\"b\":18446744073709551615,\"c\":\"18446744073709551615 \\\" 99999999999999999999\","
      "\"d\":[18446744073709551615,8],\"e\":-1e3}",
      "{\"a\":7,\"b\":1.8446744073709552e19,\"c\":\"18446744073709551615 \\\" "
      "99999999999999999999\",\"d\":[1.8446744073709552e19,8],\"e\":-1000.0}" },
    { "[18446744073709551615]", "[1.8446744073709552e19]" },
    { "{\"\\u00e4\":\"\xc3\xa4 {[,\"}", "{\"\xc3\xa4\":\"\xc3\xa4 {[,\"}" },
};

START_TEST(test_good)
{
    _cleanup_free_ char *why = NULL, *dump = NULL;
    json_t *value = qmp_decode(good[_i].text, strlen(good[_i].text), QMP_VALUES_MAX, 0, &why);

    ck_assert_msg(value != NULL, "%s: %s", good[_i].text, why);
    dump = json_dumps(value, DUMP);
    ck_assert_str_eq(dump, good[_i].dump);
    json_decref(value);
}
END_TEST

#define TEXT(text) text, sizeof(text) - 1

static const struct {
    const char *text;
    size_t len;
    const char *why;
} bad[] = {
    { TEXT(""), "not JSON: ''" },
    { TEXT("hello"), "not JSON: 'hello'" },
    { TEXT("{\"a\":1"), "not JSON: '{\"a\":1'" },
    { TEXT("{\"a\":1} x"), "not JSON: '{\"a\":1} x'" },
    { TEXT("{\"a\":\"\0\"}"), "not JSON: '{\"a\":\"\\x00\"}'" },
    { TEXT("\0"), "not JSON: '\\x00'" },
    { TEXT("{\"a\":\"\xff\xfe\"}"), "not JSON: '{\"a\":\"\\xff\\xfe\"}'" },
    { TEXT("{\"a\":\"\xc0\xaf\"}"), "not JSON: '{\"a\":\"\\xc0\\xaf\"}'" },
    { TEXT("{\"a\":\"\xed\xa0\x80\"}"), "not JSON: '{\"a\":\"\\xed\\xa0\\x80\"}'" },
    { TEXT("{\"a\":\"\\ud800\"}"), "not JSON: '{\"a\":\"\\ud800\"}'" },
    { TEXT("{\"a\":\"\\u0000\"}"), "not JSON: '{\"a\":\"\\u0000\"}'" },
    { TEXT("\x1b[2J\x7f"), "not JSON: '\\x1b[2J\\x7f'" },
    { TEXT("{\"a\":1e999}"), "not JSON: '{\"a\":1e999}'" },
    { TEXT("{\"a\":18446744073709551615"), "not JSON: …'\":18446744073709551615.0'" },
};

START_TEST(test_bad)
{
    _cleanup_free_ char *text = xmalloc(bad[_i].len + 1), *why = NULL;

    /* an own copy, so that a sanitizer sees who reads past it */
    memcpy(text, bad[_i].text, bad[_i].len);
    text[bad[_i].len] = '\0';
    ck_assert_ptr_null(qmp_decode(text, bad[_i].len, QMP_VALUES_MAX, 0, &why));
    ck_assert_str_eq(why, bad[_i].why);
}
END_TEST

/* The piece that is shown is the one where the trouble is. */
START_TEST(test_quotes_the_place)
{
    _cleanup_free_ char *text = xmalloc(2002), *why = NULL;

    memset(text, 'a', 2000);
    memcpy(text, "{\"a\":\"", 6);
    memcpy(text + 1000, "\",?here", 7);
    strcpy(text + 2000, "}");
    ck_assert_ptr_null(qmp_decode(text, strlen(text), QMP_VALUES_MAX, 0, &why));
    ck_assert_ptr_nonnull(strstr(why, "?here"));
    ck_assert_int_eq(strncmp(why, "not JSON: …'", strlen("not JSON: …'")), 0);
    ck_assert_str_eq(why + strlen(why) - strlen("…'"), "…'");
    ck_assert_uint_lt(strlen(why), 100);
}
END_TEST

static char *nested(size_t depth, const char *open, const char *close)
{
    char *text = xmalloc(depth * (strlen(open) + strlen(close)) + 2), *at = text;

    for (size_t i = 0; i < depth; i++)
        at = stpcpy(at, open);
    at = stpcpy(at, "1");
    for (size_t i = 0; i < depth; i++)
        at = stpcpy(at, close);
    return text;
}

static void check_depth(const char *open, const char *close)
{
    _cleanup_free_ char *deep = nested(QMP_DEPTH_MAX, open, close);
    _cleanup_free_ char *deeper = nested(QMP_DEPTH_MAX + 1, open, close);
    _cleanup_free_ char *deepest = nested(1000000, open, close);
    _cleanup_free_ char *why = NULL, *why_too = NULL;
    json_t *value = qmp_decode(deep, strlen(deep), QMP_VALUES_MAX, 0, &why);

    ck_assert_ptr_nonnull(value);
    json_decref(value);
    ck_assert_ptr_null(qmp_decode(deeper, strlen(deeper), QMP_VALUES_MAX, 0, &why));
    ck_assert_ptr_nonnull(strstr(why, "nested too deeply"));
    ck_assert_ptr_null(qmp_decode(deepest, strlen(deepest), QMP_VALUES_MAX, 0, &why_too));
    ck_assert_ptr_nonnull(strstr(why_too, "nested too deeply"));
}

START_TEST(test_depth)
{
    check_depth("[", "]");
    check_depth("{\"a\":", "}");
}
END_TEST

static char *list_of(size_t n)
{
    char *text = xmalloc(n * 2 + 2);
    char *at = text;

    *at++ = '[';
    for (size_t i = 0; i < n; i++)
        at = mempcpy(at, i + 1 < n ? "1," : "1]", 2);
    *at = '\0';
    return text;
}

START_TEST(test_many_values)
{
    size_t max = _i ? QMP_VALUES_MAX : QMP_VALUES_FEW;
    _cleanup_free_ char *most = list_of(max), *more = list_of(max + 1), *why = NULL;
    json_t *value = qmp_decode(most, strlen(most), max, 0, &why);

    ck_assert_uint_eq(json_array_size(value), max);
    json_decref(value);
    ck_assert_ptr_null(qmp_decode(more, strlen(more), max, 0, &why));
    ck_assert_ptr_nonnull(strstr(why, "too many values"));
}
END_TEST

START_TEST(test_duplicates)
{
    static const char text[] = "{\"a\":1,\"a\":2}";
    _cleanup_free_ char *why = NULL;
    json_t *value = qmp_decode(text, strlen(text), QMP_VALUES_MAX, 0, &why);

    ck_assert_ptr_nonnull(value);
    json_decref(value);
    ck_assert_ptr_null(
        qmp_decode(text, strlen(text), QMP_VALUES_MAX, JSON_REJECT_DUPLICATES, &why));
    ck_assert_ptr_nonnull(why);
}
END_TEST

static const struct {
    const char *text;
    size_t len, max;
    const char *shown;
} printable[] = {
    { TEXT(""), 10, "" },
    { TEXT("plain"), 10, "plain" },
    { TEXT("plain"), 5, "plain" },
    { TEXT("plain"), 4, "plai…" },
    { TEXT("plain"), 0, "…" },
    { TEXT("a\xc3\xa4"), 2, "a…" },
    { TEXT("a\xc3\xa4"), 3, "a\xc3\xa4" },
    { TEXT("\n\t\x01"), 10, "\\x0a\\x09\\x01" },
    { TEXT("\xc2\x9b"), 10, "\\xc2\\x9b" }, /* a terminal takes it as a control sequence */
    { TEXT("a\0b"), 10, "a\\x00b" },
    { TEXT("\xe2\x82"), 10, "\\xe2\\x82" },
};

START_TEST(test_printable)
{
    _cleanup_free_ char *shown = qmp_printable(printable[_i].text, printable[_i].len,
                                               printable[_i].max);

    ck_assert_str_eq(shown, printable[_i].shown);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("qmp_json");
    TCase *tcase = tcase_create("qmp_json");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, test_good, 0, ARRAY_SIZE(good));
    tcase_add_loop_test(tcase, test_bad, 0, ARRAY_SIZE(bad));
    tcase_add_test(tcase, test_quotes_the_place);
    tcase_add_test(tcase, test_depth);
    tcase_add_loop_test(tcase, test_many_values, 0, 2);
    tcase_add_test(tcase, test_duplicates);
    tcase_add_loop_test(tcase, test_printable, 0, ARRAY_SIZE(printable));
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
