/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/xml/xml_read.c: hostile documents, silence, sizes, many threads. */

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/alloc.h"
#include "xml/xml_read.h"

static void assert_refused(const char *text, const char *reason)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    ck_assert_ptr_null(xml_read_document(text, "test", "a", &err));
    ck_assert_int_eq(err.code, VIR_ERR_XML_ERROR);
    ck_assert_msg(strstr(err.message, reason) != NULL, "'%s' lacks '%s'", err.message, reason);
    ck_assert_ptr_null(strchr(err.message, '\n'));
}

START_TEST(test_refused)
{
    assert_refused("", "test is empty");
    assert_refused("hello", "test, line 1: ");
    assert_refused("<a>\n<b>\n</a>", "test, line 3: ");
    assert_refused("<a/><a/>", "line 1");
    assert_refused("<b/>", "unexpected root element <b>, expecting <a>");
    assert_refused("<a xmlns='urn:x'/>", "unexpected root element");
    assert_refused("<a>&nothing;</a>", "nothing");
    assert_refused("<a>\xff</a>", "line 1");
    assert_refused("<a>\x01</a>", "line 1");
    assert_refused("<?xml version='1.0' encoding='no-such'?><a/>", "line 1");
}
END_TEST

START_TEST(test_document_type_refused)
{
    static const char reason[] = "a document type declaration is not accepted";

    assert_refused("<!DOCTYPE a><a/>", reason);
    assert_refused("\n<!DOCTYPE a SYSTEM 'http://example.org/a.dtd'><a/>", "line 2: a document");
    assert_refused("<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", reason);
    assert_refused("<!DOCTYPE a [<!ENTITY % b '<!ENTITY c \"d\">'> %b;]><a>&c;</a>", reason);
}
END_TEST

START_TEST(test_limits)
{
    _cleanup_free_ char *text = xmalloc(XML_DOCUMENT_MAX + 2), *deep = xcalloc(1, 3000 * 3 + 1);
    _cleanup_free_ char *name = xcalloc(1, 1003);

    memset(text, ' ', XML_DOCUMENT_MAX + 1);
    memcpy(text, "<a/>", 4);
    text[XML_DOCUMENT_MAX + 1] = '\0';
    assert_refused(text, "longer than");
    for (int i = 0; i < 3000; i++)
        memcpy(deep + (size_t)i * 3, "<a>", 3);
    assert_refused(deep, "depth");
    memset(name, 'b', 1002);
    memcpy(name, "<", 1);
    memcpy(name + 1000, "/>", 2);
    assert_refused(name, "(long text)");
}
END_TEST

/* libxml2's habit is to print: nothing of it may reach the daemon's stderr. */
START_TEST(test_silent)
{
    int saved = dup(STDERR_FILENO);
    FILE *file = tmpfile();

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(dup2(fileno(file), STDERR_FILENO), 0);
    assert_refused("<a>\n<b", "line 2");
    assert_refused("<a xmlns='not a uri' xmlns:b='://'><b:c></a>", "line 1");
    assert_refused("<!DOCTYPE a SYSTEM 'x'><a/>", "line 1");
    assert_refused("<?xml version='1.0' encoding='SHIFT_JIS'?><a>\x80\x80</a>", "conversion failed");
    (void)fflush(stderr);
    ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    ck_assert_int_eq(ftell(file), 0);
    (void)fclose(file);
    (void)close(saved);
}
END_TEST

static int read_size(const char *unit, const char *number, uint64_t *bytes)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_free_ char *text =
        unit ? xasprintf("<a><size unit='%s'>%s</size></a>", unit, number)
             : xasprintf("<a><size>%s</size></a>", number);
    _cleanup_xml_doc_ xmlDocPtr doc = xml_read_document(text, "test", "a", &err);

    ck_assert_ptr_nonnull(doc);
    if (xml_read_size(xml_child(xmlDocGetRootElement(doc), "size"), bytes, &err) == 0)
        return 0;
    ck_assert_ptr_nonnull(strstr(err.message, "size")); /* it names the element */
    return err.code;
}

START_TEST(test_sizes)
{
    static const struct {
        const char *unit, *number;
        uint64_t bytes;
        int code;
    } cases[] = {
        { NULL, "0", 0, 0 },
        { NULL, " 512\n", 512, 0 },
        { "B", "7", 7, 0 },
        { "bytes", "7", 7, 0 },
        { "byte", "7", 7, 0 },
        { "k", "1", 1024, 0 },
        { "K", "1", 1024, 0 },
        { "KB", "1", 1000, 0 },
        { "KiB", "1", 1024, 0 },
        { "M", "3", 3145728, 0 },
        { "MB", "3", 3000000, 0 },
        { "G", "1", 1073741824, 0 },
        { "gib", "1", 1073741824, 0 },
        { "TB", "1", 1000000000000, 0 },
        { "PiB", "1", 1125899906842624, 0 },
        { "EB", "9", 9000000000000000000, 0 },
        { "EiB", "7", 8070450532247928832, 0 },
        { NULL, "9223372036854775807", INT64_MAX, 0 },
        { NULL, "9223372036854775808", 0, VIR_ERR_OVERFLOW },
        { "EiB", "8", 0, VIR_ERR_OVERFLOW },
        { "EiB", "16", 0, VIR_ERR_OVERFLOW },
        { "KiB", "18014398509481985", 0, VIR_ERR_OVERFLOW },
        { NULL, "99999999999999999999", 0, VIR_ERR_XML_ERROR },
        { NULL, "", 0, VIR_ERR_XML_ERROR },
        { NULL, "-1", 0, VIR_ERR_XML_ERROR },
        { NULL, "+1", 0, VIR_ERR_XML_ERROR },
        { NULL, "1.5", 0, VIR_ERR_XML_ERROR },
        { NULL, "0x10", 0, VIR_ERR_XML_ERROR },
        { NULL, "8G", 0, VIR_ERR_XML_ERROR },
        { NULL, "1 1", 0, VIR_ERR_XML_ERROR },
        { "X", "1", 0, VIR_ERR_XML_ERROR },
        { "KiBB", "1", 0, VIR_ERR_XML_ERROR },
        { "Kb ", "1", 0, VIR_ERR_XML_ERROR },
        { "bit", "1", 0, VIR_ERR_XML_ERROR },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t bytes = 0;

        ck_assert_msg(read_size(cases[i].unit, cases[i].number, &bytes) == cases[i].code &&
                          bytes == cases[i].bytes,
                      "%s %s", cases[i].number, cases[i].unit ? cases[i].unit : "");
    }
}
END_TEST

/* Memory of a domain is in KiB where nothing else is said, and only there. */
START_TEST(test_size_without_unit)
{
    _cleanup_xml_doc_ xmlDocPtr doc =
        xml_read_document("<a><b>3</b><c unit='bytes'>3</c></a>", "test", NULL, NULL);
    xmlNodePtr root = xmlDocGetRootElement(doc);
    uint64_t bytes = 0;

    ck_assert_int_eq(xml_read_size_unit(xml_child(root, "b"), "KiB", &bytes, NULL), 0);
    ck_assert_uint_eq(bytes, 3072);
    ck_assert_int_eq(xml_read_size_unit(xml_child(root, "c"), "KiB", &bytes, NULL), 0);
    ck_assert_uint_eq(bytes, 3);
    ck_assert_int_eq(xml_read_size(xml_child(root, "b"), &bytes, NULL), 0);
    ck_assert_uint_eq(bytes, 3);
}
END_TEST

START_TEST(test_any_root)
{
    _cleanup_xml_doc_ xmlDocPtr plain = xml_read_document("<x/>", "test", NULL, NULL);
    _cleanup_xml_doc_ xmlDocPtr other = xml_read_document("<p:x xmlns:p='u'/>", "test", NULL, NULL);

    ck_assert_ptr_nonnull(plain);
    ck_assert_ptr_nonnull(other);
    ck_assert_ptr_null(xml_read_document("<p:x xmlns:p='u'/>", "test", "x", NULL));
}
END_TEST

/* NULL, or its argument when something went wrong. */
static void *parse_often(void *opaque)
{
    const bool *good = opaque;

    for (int i = 0; i < 200; i++) {
        _cleanup_verror_ struct verror err = VERROR_INIT;
        _cleanup_xml_doc_ xmlDocPtr doc =
            xml_read_document(*good ? "<a><b/></a>" : "<a>\n\n</b>", "test", "a", &err);

        if (*good != (doc != NULL) || (!*good && !strstr(err.message, "line 3")))
            return opaque;
    }
    return NULL;
}

START_TEST(test_threads)
{
    enum { THREADS = 8 };
    static bool good[THREADS] = { true, false, true, false, true, false, true, false };
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, parse_often, &good[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        void *wrong;

        ck_assert_int_eq(pthread_join(threads[i], &wrong), 0);
        ck_assert_ptr_null(wrong);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("xml_read");
    TCase *tcase = tcase_create("xml_read");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, test_refused);
    tcase_add_test(tcase, test_document_type_refused);
    tcase_add_test(tcase, test_limits);
    tcase_add_test(tcase, test_silent);
    tcase_add_test(tcase, test_sizes);
    tcase_add_test(tcase, test_size_without_unit);
    tcase_add_test(tcase, test_any_root);
    tcase_add_test(tcase, test_threads);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
