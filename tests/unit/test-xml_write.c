/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/xml/xml_write.c and job_xml.c: documents that are always well-formed. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "xml/job_xml.h"
#include "xml/xml_read.h"
#include "xml/xml_write.h"

START_TEST(test_layout)
{
    struct xml_writer writer = XML_WRITER_INIT;
    _cleanup_free_ char *text = NULL;

    xml_open(&writer, "a", "x", "1", "y", "2", NULL);
    xml_element(&writer, "b", "text");
    xml_element(&writer, "not", NULL);
    xml_open(&writer, "c", NULL);
    xml_empty(&writer, "d", "left", NULL, NULL);
    xml_raw(&writer, "<e/>");
    xml_raw(&writer, NULL);
    xml_close(&writer, "c");
    xml_element_size(&writer, "f", "bytes", UINT64_MAX);
    xml_elementf(&writer, "g", "0%o", 0755);
    xml_element_attrs(&writer, "h", "<", "x", "1", "y", "2", "left", NULL, NULL);
    xml_close(&writer, "a");
    text = xml_writer_take(&writer);
    ck_assert_str_eq(text, "<a x='1' y='2'>\n"
                           "  <b>text</b>\n"
                           "  <c>\n"
                           "    <d/>\n"
                           "    <e/>\n"
                           "  </c>\n"
                           "  <f unit='bytes'>18446744073709551615</f>\n"
                           "  <g>0755</g>\n"
                           "  <h x='1' y='2'>&lt;</h>\n"
                           "</a>\n");
}
END_TEST

/* Whatever a name holds, a parser gives it back. */
START_TEST(test_escapes_come_back)
{
    static const char nasty[] = "<&>'\"\t\r\n]]> \xc3\xbc \xf0\x9f\x98\x80";
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct xml_writer writer = XML_WRITER_INIT;
    _cleanup_free_ char *text = NULL, *attribute = NULL, *content = NULL;
    _cleanup_xml_doc_ xmlDocPtr doc = NULL;

    xml_open(&writer, "a", "x", nasty, NULL);
    xml_element(&writer, "b", nasty);
    xml_close(&writer, "a");
    text = xml_writer_take(&writer);
    doc = xml_read_document(text, "test", "a", &err);
    ck_assert_msg(doc != NULL, "%s", verror_text(&err));
    attribute = xml_attribute(xmlDocGetRootElement(doc), "x");
    content = xml_text(xml_child(xmlDocGetRootElement(doc), "b"));
    ck_assert_str_eq(attribute, nasty);
    ck_assert_str_eq(content, nasty);
}
END_TEST

START_TEST(test_what_xml_cannot_hold_is_replaced)
{
    struct xml_writer writer = XML_WRITER_INIT;
    _cleanup_free_ char *text = NULL;

    xml_element(&writer, "a", "1\x01" "2\xff" "3\xc3");
    text = xml_writer_take(&writer);
    ck_assert_str_eq(text, "<a>1\xef\xbf\xbd" "2\xef\xbf\xbd" "3\xef\xbf\xbd</a>\n");
}
END_TEST

START_TEST(test_long_text)
{
    enum { LEN = 100000 };
    struct xml_writer writer = XML_WRITER_INIT;
    _cleanup_free_ char *text = NULL, *longest = calloc(1, LEN + 1);

    memset(longest, '&', LEN);
    xml_element(&writer, "a", longest);
    text = xml_writer_take(&writer);
    ck_assert_uint_eq(strlen(text), strlen("<a></a>\n") + (size_t)LEN * strlen("&amp;"));
    free(xml_writer_take(&writer)); /* empty again, and still a string */
}
END_TEST

START_TEST(test_job_element)
{
    _cleanup_free_ char *text = job_xml_format(12, "vol-clone", "running", 40);

    ck_assert_str_eq(text, "<virtjob:job xmlns:virtjob='https://virtjobd.org/xml/job/1.0' id='12' "
                           "operation='vol-clone' state='running' percent='40'/>");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("xml_write");
    TCase *tcase = tcase_create("xml_write");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, test_layout);
    tcase_add_test(tcase, test_escapes_come_back);
    tcase_add_test(tcase, test_what_xml_cannot_hold_is_replaced);
    tcase_add_test(tcase, test_long_text);
    tcase_add_test(tcase, test_job_element);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
