/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The XML that virtjob writes, and the files it reads. */

#include "tools/xml.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void check_text(char *text, const char *expected)
{
    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(text_is_escaped)
{
    _cleanup_xml_ struct xml xml;

    xml_open(&xml, "volume");
    xml_add(&xml, xml.root, "name", "a<&>\"b");
    xml_set(&xml, xml_add(&xml, xml.root, "format", NULL), "type", "x'\"<&");
    check_text(xml_text(&xml), "<volume>\n"
                               "  <name>a&lt;&amp;&gt;\"b</name>\n"
                               "  <format type=\"x'&quot;&lt;&amp;\"/>\n"
                               "</volume>\n");
}
END_TEST

START_TEST(what_xml_cannot_hold_is_refused)
{
    static const char *const rows[] = { "a\033", "a\xff", "\x01" };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_xml_ struct xml xml;

        xml_open(&xml, "volume");
        xml_add(&xml, xml.root, "name", rows[i]);
        ck_assert_ptr_null(xml_text(&xml));
    }
}
END_TEST

START_TEST(a_new_name_touches_nothing_else)
{
    check_text(xml_rename("<volume type='file'>\n"
                          "  <!-- <name>not me</name> -->\n"
                          "  <target><name>nor me</name></target>\n"
                          "  <name>a</name>\n"
                          "</volume>",
                          "b&c <d>"),
               "<volume type=\"file\">\n"
               "  <!-- <name>not me</name> -->\n"
               "  <target><name>nor me</name></target>\n"
               "  <name>b&amp;c &lt;d&gt;</name>\n"
               "</volume>\n");
}
END_TEST

START_TEST(no_name_can_be_put_where_none_is)
{
    ck_assert_ptr_null(xml_rename("<volume><nam>a</nam></volume>", "b"));
    ck_assert_ptr_null(xml_rename("<volume><name>a</volume>", "b"));
    ck_assert_ptr_null(xml_rename("", "b"));
    ck_assert_ptr_null(xml_rename("<volume><name>a</name></volume>", "b\xff"));
}
END_TEST

static char dir[64];

/* A file of that content; the caller removes it and the folder. */
static char *file_make(const char *data, size_t len, off_t size)
{
    char *path = NULL;
    int fd;

    strcpy(dir, "/tmp/test-cli-xml-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_gt(asprintf(&path, "%s/file", dir), 0);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
    if (size > 0)
        ck_assert_int_eq(ftruncate(fd, size), 0);
    ck_assert_int_eq(close(fd), 0);
    return path;
}

static void file_remove(char *path)
{
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rmdir(dir), 0);
    free(path);
}

START_TEST(a_file_is_read_whole)
{
    static char large[100000];
    char *path;

    memset(large, 'x', sizeof(large) - 1);
    path = file_make(large, sizeof(large) - 1, 0);
    check_text(xml_read_file(path), large);
    file_remove(path);
}
END_TEST

START_TEST(an_empty_file_is_empty)
{
    char *path = file_make("", 0, 0);

    check_text(xml_read_file(path), "");
    file_remove(path);
}
END_TEST

START_TEST(a_huge_file_is_refused)
{
    char *path = file_make("", 0, 11 << 20);

    ck_assert_ptr_null(xml_read_file(path));
    file_remove(path);
}
END_TEST

START_TEST(a_zero_byte_is_refused)
{
    char *path = file_make("<a\0/>", 5, 0);

    ck_assert_ptr_null(xml_read_file(path));
    file_remove(path);
}
END_TEST

START_TEST(no_file_is_an_error)
{
    ck_assert_ptr_null(xml_read_file("/nonexistent/file"));
    ck_assert_ptr_null(xml_read_file("/"));
}
END_TEST

static void check_child(const char *xml, const char *expected)
{
    char *text = xml_child_text(xml, "uuid");

    if (expected)
        ck_assert_str_eq(text, expected);
    else
        ck_assert_ptr_null(text);
    free(text);
}

START_TEST(a_child_is_read)
{
    check_child("<domain><name>n</name><uuid>u&amp;v</uuid><uuid>w</uuid></domain>", "u&v");
    check_child("<domain><os><uuid>u</uuid></os></domain>", NULL);
    check_child("<domain><uuid/></domain>", "");
    check_child("<uuid>u</uuid>", NULL);
    check_child("<domain><uuid>u</domain>", NULL);
    check_child("", NULL);
}
END_TEST

START_TEST(nodes_are_selected)
{
    static const char xml[] = "<domain type='x'><name>n</name><clock offset='utc'/></domain>";
    static const struct {
        const char *xpath;
        bool wrap;
        const char *expected; /* NULL = refused */
    } rows[] = {
        { "//clock", false, "<clock offset=\"utc\"/>\n" },
        { "//name|//clock", true,
          "<nodes>\n  <name>n</name>\n  <clock offset=\"utc\"/>\n</nodes>\n" },
        { "//@type", false, " type=\"x\"\n" },
        { "//name/text()", false, "n\n" },
        { "//none", false, "" },
        { "//none", true, "<nodes/>\n" },
        { "string(//name)", false, NULL },
        { "//[", false, NULL },
        { "", false, NULL },
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        char *text = xml_select(xml, rows[i].xpath, rows[i].wrap);

        if (rows[i].expected)
            ck_assert_str_eq(text, rows[i].expected);
        else
            ck_assert_ptr_null(text);
        free(text);
    }
    ck_assert_ptr_null(xml_select("<domain>", "//clock", false));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli-xml");
    TCase *tcase = tcase_create("cli-xml");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, text_is_escaped);
    tcase_add_test(tcase, what_xml_cannot_hold_is_refused);
    tcase_add_test(tcase, a_new_name_touches_nothing_else);
    tcase_add_test(tcase, no_name_can_be_put_where_none_is);
    tcase_add_test(tcase, a_file_is_read_whole);
    tcase_add_test(tcase, an_empty_file_is_empty);
    tcase_add_test(tcase, a_huge_file_is_refused);
    tcase_add_test(tcase, a_zero_byte_is_refused);
    tcase_add_test(tcase, no_file_is_an_error);
    tcase_add_test(tcase, a_child_is_read);
    tcase_add_test(tcase, nodes_are_selected);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
