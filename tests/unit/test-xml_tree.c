/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/xml/xml_tree.c: documents changed and written, and nothing that means something lost. */

#include <check.h>

#include "scratch.h"
#include "util/alloc.h"
#include "xml/xml_tree.h"

static xmlDocPtr parse(const char *xml)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    xmlDocPtr doc = xml_read_document(xml, "test", NULL, &err);

    ck_assert_msg(doc != NULL, "%s", verror_text(&err));
    return doc;
}

static char *format(xmlDocPtr doc)
{
    struct xml_writer writer = XML_WRITER_INIT;

    xml_write_tree(&writer, xmlDocGetRootElement(doc));
    return xml_writer_take(&writer);
}

START_TEST(test_layout)
{
    static const struct {
        const char *given, *written;
    } cases[] = {
        { "<a/>", "<a/>\n" },
        { "<a></a>", "<a/>\n" },
        { "<a>\n  </a>", "<a/>\n" },
        { "<a> </a>", "<a> </a>\n" },
        { "<a x=\"1\" y='2'><b><c/>\n\n\n<d>t</d></b></a>",
          "<a x='1' y='2'>\n  <b>\n    <c/>\n    <d>t</d>\n  </b>\n</a>\n" },
        { "<a>text <b>bold\n <i/></b> on</a>", "<a>text <b>bold\n <i/></b> on</a>\n" },
        { "<a xml:space='preserve'> <b/> </a>", "<a xml:space='preserve'> <b/> </a>\n" },
        { "<a x='&quot;'><metadata y='1'><b x='&quot;&apos;'>'&quot;</b></metadata><c x='\"'/></a>",
          "<a x='&quot;'>\n  <metadata y='1'>\n    <b x=\"&quot;'\">'\"</b>\n  </metadata>\n"
          "  <c x='&quot;'/>\n</a>\n" },
        { "<?xml version='1.0'?><!-- c --><a><!-- c --><?pi x?><b/></a>",
          "<a>\n  <b/>\n</a>\n" },
        { "<a>one<!-- c -->two</a>", "<a>onetwo</a>\n" },
        { "<a>one<b><!-- c --></b><c> </c></a>", "<a>one<b/><c> </c></a>\n" },
        { "<a><![CDATA[<&>]]></a>", "<a>&lt;&amp;&gt;</a>\n" },
        { "<a>l\n\tl&#13;&apos;&quot;</a>", "<a>l\n\tl&#13;&apos;&quot;</a>\n" },
        { "<a x='&#9;&#10;&lt;&amp;&quot;&apos;&#xe9;'/>",
          "<a x='&#9;&#10;&lt;&amp;&quot;&apos;\xc3\xa9'/>\n" },
        { "<a><p:b xmlns:p='u' k='1' p:l='2'><p:c/></p:b></a>",
          "<a>\n  <p:b xmlns:p='u' k='1' p:l='2'>\n    <p:c/>\n  </p:b>\n</a>\n" },
        { "<a><b xmlns='u&amp;v'><c xmlns=''/></b></a>",
          "<a>\n  <b xmlns='u&amp;v'>\n    <c xmlns=''/>\n  </b>\n</a>\n" },
        { "<a x='1' xmlns:q='u'><q:arg value='-x'/></a>",
          "<a x='1' xmlns:q='u'>\n  <q:arg value='-x'/>\n</a>\n" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_xml_doc_ xmlDocPtr doc = parse(cases[i].given), again = NULL;
        _cleanup_free_ char *once = format(doc), *twice = NULL;

        ck_assert_str_eq(once, cases[i].written);
        again = parse(once);
        twice = format(again);
        ck_assert_str_eq(twice, once);
    }
}
END_TEST

START_TEST(test_walk)
{
    _cleanup_xml_doc_ xmlDocPtr doc =
        parse("<a xmlns:q='u'>t<b n='1'/><q:b/><!-- --><c/><b n='2'/></a>");
    xmlNodePtr root = xmlDocGetRootElement(doc), node = xml_first(root, "b");

    ck_assert(xml_attribute_is(node, "n", "1"));
    ck_assert(!xml_attribute_is(node, "n", "2"));
    ck_assert(!xml_attribute_is(node, "m", "1"));
    ck_assert(xml_is_element(xml_next(node, NULL), "c"));
    node = xml_next(node, "b");
    ck_assert(xml_attribute_is(node, "n", "2"));
    ck_assert_ptr_null(xml_next(node, NULL));
    ck_assert_ptr_null(xml_first(node, NULL));
    ck_assert_ptr_null(xml_first(NULL, NULL));
    ck_assert_ptr_null(xml_first(root, "d"));
}
END_TEST

START_TEST(test_change)
{
    _cleanup_xml_doc_ xmlDocPtr doc = parse("<a><b x='1' y='2'>t<c/></b></a>");
    xmlNodePtr root = xmlDocGetRootElement(doc), b = xml_child(root, "b");
    _cleanup_free_ char *text = NULL;

    xml_attribute_set(b, "x", "<3>");
    xml_attribute_drop(b, "y");
    xml_attribute_drop(b, "none");
    xml_text_set(b, "a & b");
    (void)xml_child_add(root, "last", "");
    (void)xml_child_add(xml_child_add_after(root, NULL, "first"), "in", "t");
    (void)xml_child_add_after(xml_child(root, "last"), NULL, "only");
    (void)xml_child_add_after(root, b, "behind");
    text = format(doc);
    ck_assert_str_eq(text, "<a>\n"
                           "  <first>\n"
                           "    <in>t</in>\n"
                           "  </first>\n"
                           "  <b x='&lt;3&gt;'>a &amp; b</b>\n"
                           "  <behind/>\n"
                           "  <last>\n"
                           "    <only/>\n"
                           "  </last>\n"
                           "</a>\n");
    xml_drop(b);
    ck_assert_ptr_null(xml_child(root, "b"));
}
END_TEST

/* Elements that stand in somebody's namespace hand it to no child that is put in. */
START_TEST(test_no_namespace_is_inherited)
{
    _cleanup_xml_doc_ xmlDocPtr doc = parse("<a xmlns='u'/>");
    xmlNodePtr child = xml_child_add(xmlDocGetRootElement(doc), "b", NULL);

    ck_assert_ptr_null(child->ns);
}
END_TEST

/* Made by hand, as the parser stops at 256: no deeper than the stack, no wider than a screen. */
START_TEST(test_deep)
{
    enum { LEVELS = 10000 };
    _cleanup_xml_doc_ xmlDocPtr doc = parse("<a/>");
    xmlNodePtr node = xmlDocGetRootElement(doc);
    _cleanup_free_ char *text = NULL;
    size_t len;

    for (int i = 0; i < LEVELS; i++)
        node = xml_child_add(node, "a", NULL);
    text = format(doc);
    len = strlen(text);
    ck_assert_uint_lt(len, 2 * LEVELS * (160 + strlen("</a>\n")));
    ck_assert_str_eq(text + len - strlen("\n  </a>\n</a>\n"), "\n  </a>\n</a>\n");
}
END_TEST

/* Namespaces declared by an ancestor, what is special in them, entities, CDATA: what is dumped
   parses to the same again. */
START_TEST(test_dump_stands_alone)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_xml_doc_ xmlDocPtr doc = NULL, again = NULL;
    _cleanup_free_ char *dumped = NULL, *content = NULL;

    doc = xml_read_document("<a xmlns:n='urn:n?a&amp;b'><b n:x='1'>&lt;<n:c/><![CDATA[&]]></b></a>",
                            "test", "a", &err);
    ck_assert_ptr_nonnull(doc);
    dumped = xml_dump_element(xml_child(xmlDocGetRootElement(doc), "b"), 1);
    again = xml_read_document(dumped, "dumped", "b", &err);
    ck_assert_msg(again != NULL, "%s: %s", dumped, verror_text(&err));
    content = xml_text(xmlDocGetRootElement(again));
    ck_assert_str_eq(content, "<&");
    ck_assert_ptr_nonnull(xmlSearchNs(again, xmlDocGetRootElement(again), (const xmlChar *)"n"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("xml_tree");
    TCase *tcase = tcase_create("xml_tree");

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, test_layout);
    tcase_add_test(tcase, test_walk);
    tcase_add_test(tcase, test_change);
    tcase_add_test(tcase, test_no_namespace_is_inherited);
    tcase_add_test(tcase, test_deep);
    tcase_add_test(tcase, test_dump_stands_alone);
    return scratch_run(suite);
}
