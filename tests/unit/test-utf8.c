/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/xml/utf8.c: what is a character, and which may stand in XML. */

#include <check.h>
#include <stdlib.h>

#include "protocol/macros.h"
#include "xml/utf8.h"

START_TEST(test_decode)
{
    static const struct {
        const char *text;
        size_t len; /* 0 = refused */
        uint32_t c;
    } cases[] = {
        { "a", 1, 'a' },
        { "\xc3\xbc", 2, 0xfc },
        { "\xe2\x82\xac", 3, 0x20ac },
        { "\xf0\x9f\x98\x80", 4, 0x1f600 },
        { "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
        { "\x80", 0, 0 },             /* a continuation on its own */
        { "\xc3", 0, 0 },             /* cut off by the end */
        { "\xe2\x82", 0, 0 },
        { "\xc3" "a", 0, 0 },
        { "\xc0\xaf", 0, 0 },         /* an overlong '/' */
        { "\xe0\x80\xaf", 0, 0 },
        { "\xed\xa0\x80", 0, 0 },     /* a surrogate */
        { "\xf4\x90\x80\x80", 0, 0 }, /* beyond Unicode */
        { "\xff", 0, 0 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint32_t c = 0;

        ck_assert_uint_eq(utf8_decode(cases[i].text, &c), cases[i].len);
        ck_assert_uint_eq(c, cases[i].c);
    }
}
END_TEST

START_TEST(test_kinds)
{
    ck_assert(utf8_is_control('\n') && utf8_is_control(0x7f) && utf8_is_control(0x85));
    ck_assert(!utf8_is_control(' ') && !utf8_is_control(0xa0));
    ck_assert(utf8_is_xml_char('\t') && utf8_is_xml_char(0x1f600));
    ck_assert(!utf8_is_xml_char(1) && !utf8_is_xml_char(0xffff) && !utf8_is_xml_char(0xd800));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("utf8");
    TCase *tcase = tcase_create("utf8");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, test_decode);
    tcase_add_test(tcase, test_kinds);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
