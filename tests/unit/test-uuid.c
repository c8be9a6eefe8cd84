/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/util/uuid.c: bytes to text and back, and what is no UUID. */

#include <check.h>

#include "scratch.h"
#include "util/uuid.h"

static const char sample[] = "0c25af56-9e1c-4a5b-a1c3-6b1f4b0f6e1f";

START_TEST(test_forms)
{
    static const char *const forms[] = {
        "0c25af56-9e1c-4a5b-a1c3-6b1f4b0f6e1f",
        "0C25AF569E1C4A5BA1C36B1F4B0F6E1F",
        "\n  0c25-af56-9e1c-4a5b-a1c3-6b1f-4b0f-6e1f \t",
    };

    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        unsigned char uuid[16];
        char text[UUID_TEXT_SIZE];

        ck_assert_msg(uuid_parse(forms[i], uuid), "%s", forms[i]);
        uuid_format(uuid, text);
        ck_assert_str_eq(text, sample);
    }
}
END_TEST

START_TEST(test_refused)
{
    static const char *const bad[] = {
        "", " ", "0", "0c25af56-9e1c-4a5b-a1c3-6b1f4b0f6e1", "0c25af56-9e1c-4a5b-a1c3-6b1f4b0f6e1g",
        "0c25af56-9e1c-4a5b-a1c3-6b1f4b0f6e1f0", "-0c25af56-9e1c-4a5b-a1c3-6b1f4b0f6e1f",
        "0c25af56--9e1c-4a5b-a1c3-6b1f4b0f6e1f", "0c25af56 9e1c-4a5b-a1c3-6b1f4b0f6e1f",
        "0c25af56-9e1c-4a5b-a1c3-6b1f4b0f6e1f-",
    };
    unsigned char uuid[16];

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        ck_assert_msg(!uuid_parse(bad[i], uuid), "%s", bad[i]);
}
END_TEST

START_TEST(test_made)
{
    unsigned char one[16] = { 0 }, other[16] = { 0 };

    uuid_make(one);
    uuid_make(other);
    ck_assert_mem_ne(one, other, 16);
    ck_assert_int_eq(one[6] >> 4, 4);
    ck_assert_int_eq(one[8] >> 6, 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("uuid");
    TCase *tcase = tcase_create("uuid");

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, test_forms);
    tcase_add_test(tcase, test_refused);
    tcase_add_test(tcase, test_made);
    return scratch_run(suite);
}
