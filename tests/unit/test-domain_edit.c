/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/xml/domain_edit.c: names, titles, descriptions and other people's elements. */

#include "domain-fixture.h"
#include "scratch.h"

enum {
    DESCRIPTION = VIR_DOMAIN_METADATA_DESCRIPTION,
    TITLE = VIR_DOMAIN_METADATA_TITLE,
    ELEMENT = VIR_DOMAIN_METADATA_ELEMENT,
};

/* A changed definition, which must be had; takes the old one. */
static struct domain_def *set(struct domain_def *def, int type, const char *value, const char *key,
                              const char *uri)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct domain_def *changed = domain_def_set_metadata(def, type, value, key, uri, &err);

    ck_assert_msg(changed != NULL, "%s", verror_text(&err));
    domain_def_unref(def);
    return changed;
}

static void check_get(const struct domain_def *def, int type, const char *uri,
                      const char *expected)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_free_ char *text = domain_def_get_metadata(def, type, uri, &err);

    ck_assert_msg(text != NULL, "%s", verror_text(&err));
    ck_assert_str_eq(text, expected);
}

static void check_missing(const struct domain_def *def, int type, const char *uri)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    ck_assert_ptr_null(domain_def_get_metadata(def, type, uri, &err));
    ck_error(&err, VIR_ERR_NO_DOMAIN_METADATA, "Requested metadata element is not present");
}

START_TEST(test_rename)
{
    _cleanup_free_ char *xml = domain_data("domain-q35.xml"), *expected = NULL;
    _cleanup_domain_def_ struct domain_def *def = domain_must(xml), *renamed = NULL;

    renamed = domain_def_renamed(def, "web <2>", NULL);
    ck_assert_str_eq(renamed->name, "web <2>");
    expected = text_replace(xml, "<name>web1<", "<name>web &lt;2&gt;<");
    ck_assert_str_eq(renamed->xml, expected);
    ck_assert_str_eq(def->name, "web1"); /* the old one is as it was */
    ck_assert_str_eq(def->xml, xml);
}
END_TEST

START_TEST(test_rename_refused)
{
    static const char *const bad[] = { "", " ", "a/b", "a\nb", "..", "a\xff", "a\x01" };
    _cleanup_domain_def_ struct domain_def *def = domain_with("");

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        _cleanup_verror_ struct verror err = VERROR_INIT;

        ck_assert_ptr_null(domain_def_renamed(def, bad[i], &err));
        ck_error(&err, VIR_ERR_XML_ERROR, "name");
    }
}
END_TEST

START_TEST(test_texts)
{
    _cleanup_free_ char *small = xasprintf(DOMAIN_SMALL, "", ""), *expected = NULL;
    _cleanup_domain_def_ struct domain_def *def = domain_must(small);

    check_missing(def, TITLE, NULL);
    check_missing(def, DESCRIPTION, NULL);
    def = set(def, DESCRIPTION, "two\nlines & more", NULL, NULL);
    def = set(def, TITLE, "first", NULL, NULL);
    def = set(def, TITLE, "A <title>", NULL, NULL);
    check_get(def, TITLE, NULL, "A <title>");
    check_get(def, DESCRIPTION, NULL, "two\nlines & more");
    ck_assert_str_eq(def->title, "A <title>");
    expected = text_replace(small, "</uuid>\n",
                            "</uuid>\n"
                            "  <title>A &lt;title&gt;</title>\n"
                            "  <description>two\nlines &amp; more</description>\n");
    ck_assert_str_eq(def->xml, expected);

    def = set(def, TITLE, NULL, NULL, NULL);
    def = set(def, TITLE, NULL, NULL, NULL); /* twice is no error */
    check_missing(def, TITLE, NULL);
    def = set(def, DESCRIPTION, "", NULL, NULL);
    check_missing(def, DESCRIPTION, NULL);
    ck_assert_str_eq(def->xml, small);
}
END_TEST

START_TEST(test_element)
{
    _cleanup_free_ char *small = xasprintf(DOMAIN_SMALL, "", ""), *expected = NULL;
    _cleanup_domain_def_ struct domain_def *def = domain_must(small);

    check_missing(def, ELEMENT, "urn:x");
    def = set(def, ELEMENT, "<a b=\"1\"><c/><d>t</d></a>", "k", "urn:x");
    def = set(def, ELEMENT, "<other/>", "k", "urn:y");
    check_get(def, ELEMENT, "urn:x", "<a b=\"1\">\n  <c/>\n  <d>t</d>\n</a>");
    check_get(def, ELEMENT, "urn:y", "<other/>");
    expected = text_replace(small, "</uuid>\n",
                            "</uuid>\n"
                            "  <metadata>\n"
                            "    <k:a xmlns:k=\"urn:x\" b=\"1\">\n"
                            "      <k:c/>\n"
                            "      <k:d>t</k:d>\n"
                            "    </k:a>\n"
                            "    <k:other xmlns:k=\"urn:y\"/>\n"
                            "  </metadata>\n");
    ck_assert_str_eq(def->xml, expected);

    def = set(def, ELEMENT, "<new/>", "j", "urn:x"); /* the uri counts, not the key */
    check_get(def, ELEMENT, "urn:x", "<new/>");
    def = set(def, ELEMENT, NULL, NULL, "urn:x");
    def = set(def, ELEMENT, NULL, NULL, "urn:x");
    check_missing(def, ELEMENT, "urn:x");
    check_get(def, ELEMENT, "urn:y", "<other/>");
    def = set(def, ELEMENT, NULL, "k", "urn:y");
    ck_assert_str_eq(def->xml, small);
}
END_TEST

/* What other owners wrote stays, in its own words. */
START_TEST(test_element_among_others)
{
    _cleanup_free_ char *xml = domain_data("domain-q35.xml");
    _cleanup_domain_def_ struct domain_def *def = domain_must(xml);

    def = set(def, ELEMENT, "<a/>", "k", "urn:x");
    def = set(def, TITLE, "t", NULL, NULL);
    check_get(def, ELEMENT, "http://libosinfo.org/xmlns/libvirt/domain/1.0",
              "<libosinfo>\n  <os id=\"http://debian.org/debian/12\"/>\n</libosinfo>");
    /* with an attribute in its namespace it would not be the same without the prefix */
    check_get(def, ELEMENT, "urn:example:app",
              "<app:note xmlns:app=\"urn:example:app\" app:by=\"ops\">mixed <app:b>text</app:b> "
              "stays, twice</app:note>");
}
END_TEST

/* A uri is any text. */
START_TEST(test_element_strange_uri)
{
    static const char *const uris[] = { "http://x/?a=1&b='2'", "&amp;" };
    _cleanup_domain_def_ struct domain_def *def = domain_with("");

    for (size_t i = 0; i < ARRAY_SIZE(uris); i++) {
        def = set(def, ELEMENT, "<a/>", "k", uris[i]);
        check_get(def, ELEMENT, uris[i], "<a/>");
        def = set(def, ELEMENT, NULL, NULL, uris[i]);
        check_missing(def, ELEMENT, uris[i]);
    }
}
END_TEST

/* Namespaces of the value's own. */
START_TEST(test_element_namespaces)
{
    static const struct {
        const char *given, *inside, *got;
    } cases[] = {
        { "<z:a xmlns:z='urn:x'><z:b/><q/></z:a>",
          "<k:a xmlns:k=\"urn:x\">\n      <k:b/>\n      <k:q/>\n    </k:a>",
          "<a>\n  <b/>\n  <q/>\n</a>" },
        { "<a xmlns='urn:x'><b/></a>", "<k:a xmlns:k=\"urn:x\">\n      <k:b/>\n    </k:a>",
          "<a>\n  <b/>\n</a>" },
        { "<k:a xmlns:k='urn:x'><b/></k:a>",
          "<k:a xmlns:k=\"urn:x\">\n      <k:b/>\n    </k:a>", "<a>\n  <b/>\n</a>" },
        { "<a><o:b xmlns:o='urn:o' o:p='1'/></a>",
          "<k:a xmlns:k=\"urn:x\">\n      <o:b xmlns:o=\"urn:o\" o:p=\"1\"/>\n    </k:a>",
          "<a>\n  <o:b xmlns:o=\"urn:o\" o:p=\"1\"/>\n</a>" },
        { "<a><b xmlns='urn:o'><c xmlns=''/></b></a>",
          "<k:a xmlns:k=\"urn:x\">\n      <b xmlns=\"urn:o\">\n        <k:c xmlns=\"\"/>\n"
          "      </b>\n    </k:a>",
          "<k:a xmlns:k=\"urn:x\">\n  <b xmlns=\"urn:o\">\n    <k:c xmlns=\"\"/>\n  </b>\n</k:a>" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_domain_def_ struct domain_def *def = domain_with("");
        _cleanup_free_ char *metadata =
            xasprintf("  <metadata>\n    %s\n  </metadata>\n", cases[i].inside);

        def = set(def, ELEMENT, cases[i].given, "k", "urn:x");
        ck_assert_msg(strstr(def->xml, metadata) != NULL, "%s", def->xml);
        check_get(def, ELEMENT, "urn:x", cases[i].got);
    }
}
END_TEST

START_TEST(test_set_refused)
{
    static const struct {
        int type;
        const char *value, *key, *uri;
        int code;
        const char *reason;
    } cases[] = {
        { TITLE, "a\nb", NULL, NULL, VIR_ERR_INVALID_ARG, "title can't contain newlines" },
        { TITLE, "a\x01", NULL, NULL, VIR_ERR_INVALID_ARG, "title cannot stand in XML" },
        { DESCRIPTION, "a\xff", NULL, NULL, VIR_ERR_INVALID_ARG, "description cannot stand" },
        { TITLE, "a", "k", NULL, VIR_ERR_INVALID_ARG, "key" },
        { DESCRIPTION, "a", NULL, "urn:x", VIR_ERR_INVALID_ARG, "uri" },
        { ELEMENT, "<a/>", "k", NULL, VIR_ERR_INVALID_ARG, "needs a uri" },
        { ELEMENT, "<a/>", "k", "", VIR_ERR_INVALID_ARG, "needs a uri" },
        { ELEMENT, NULL, "k", NULL, VIR_ERR_INVALID_ARG, "needs a uri" },
        { ELEMENT, "<a/>", NULL, "urn:x", VIR_ERR_INVALID_ARG, "needs a key" },
        { ELEMENT, "<a/>", "", "urn:x", VIR_ERR_INVALID_ARG, "needs a key" },
        { ELEMENT, "<a/>", "a b", "urn:x", VIR_ERR_INVALID_ARG, "key 'a b'" },
        { ELEMENT, "<a/>", "a:b", "urn:x", VIR_ERR_INVALID_ARG, "key 'a:b'" },
        { ELEMENT, "<a/>", "1", "urn:x", VIR_ERR_INVALID_ARG, "key '1'" },
        { ELEMENT, "<a/>", "xml", "urn:x", VIR_ERR_INVALID_ARG, "key 'xml'" },
        { ELEMENT, "<a/>", "xmlns", "urn:x", VIR_ERR_INVALID_ARG, "key 'xmlns'" },
        { ELEMENT, "<a/>", "k", "urn:\xff", VIR_ERR_INVALID_ARG, "uri cannot stand" },
        { ELEMENT, "<a/>", "k", "http://www.w3.org/XML/1998/namespace", VIR_ERR_XML_ERROR, "xml" },
        { ELEMENT, "<a/>", "k", "two words", VIR_ERR_XML_ERROR, "not a valid URI" },
        { ELEMENT, "", "k", "urn:x", VIR_ERR_XML_ERROR, "metadata is empty" },
        { ELEMENT, "text", "k", "urn:x", VIR_ERR_XML_ERROR, "metadata, line 1" },
        { ELEMENT, "<a/><b/>", "k", "urn:x", VIR_ERR_XML_ERROR, "metadata, line 1" },
        { ELEMENT, "<!DOCTYPE a><a/>", "k", "urn:x", VIR_ERR_XML_ERROR, "document type" },
        { ELEMENT, "<z:a xmlns:z='urn:z'/>", "k", "urn:x", VIR_ERR_INVALID_ARG,
          "another namespace" },
        { ELEMENT, "<a xmlns:k='urn:z'/>", "k", "urn:x", VIR_ERR_INVALID_ARG, "key 'k'" },
        { ELEMENT, "<a><b xmlns:k='urn:z'><c/></b></a>", "k", "urn:x", VIR_ERR_INVALID_ARG,
          "key 'k'" },
        { 3, "a", NULL, NULL, VIR_ERR_INVALID_ARG, "unknown metadata type '3'" },
        { -1, NULL, NULL, NULL, VIR_ERR_INVALID_ARG, "unknown metadata type '-1'" },
    };
    _cleanup_domain_def_ struct domain_def *def = domain_with("");

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_verror_ struct verror err = VERROR_INIT;

        ck_assert_msg(domain_def_set_metadata(def, cases[i].type, cases[i].value, cases[i].key,
                                              cases[i].uri, &err) == NULL,
                      "case %zu", i);
        ck_error(&err, cases[i].code, cases[i].reason);
    }
}
END_TEST

START_TEST(test_get_refused)
{
    _cleanup_domain_def_ struct domain_def *def = domain_with("");
    static const struct {
        int type;
        const char *uri, *reason;
    } cases[] = {
        { ELEMENT, NULL, "needs a uri" },
        { ELEMENT, "", "needs a uri" },
        { TITLE, "urn:x", "uri" },
        { 3, NULL, "unknown metadata type '3'" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_verror_ struct verror err = VERROR_INIT;

        ck_assert_ptr_null(domain_def_get_metadata(def, cases[i].type, cases[i].uri, &err));
        ck_error(&err, VIR_ERR_INVALID_ARG, cases[i].reason);
    }
}
END_TEST

/* Deep enough on its own, too deep inside a domain: refused here, not at the next start. */
START_TEST(test_what_could_not_be_read_again_is_refused)
{
    enum { LEVELS = 256 };
    _cleanup_domain_def_ struct domain_def *def = domain_with("");
    _cleanup_free_ char *deep = xcalloc(LEVELS * 7 + 1, 1), *longest = xcalloc(XML_DOCUMENT_MAX, 1);
    _cleanup_verror_ struct verror err = VERROR_INIT;
    char *at = deep;

    for (int i = 0; i < LEVELS; i++)
        at = stpcpy(at, "<x>");
    for (int i = 0; i < LEVELS; i++)
        at = stpcpy(at, "</x>");
    ck_assert_ptr_null(domain_def_set_metadata(def, ELEMENT, deep, "k", "urn:x", &err));
    ck_error(&err, VIR_ERR_XML_ERROR, "depth");

    memset(longest, 'x', XML_DOCUMENT_MAX - 1);
    ck_assert_ptr_null(domain_def_set_metadata(def, DESCRIPTION, longest, NULL, NULL, &err));
    ck_error(&err, VIR_ERR_XML_ERROR, "longer than");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("domain_edit");
    TCase *tcase = tcase_create("domain_edit");

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, test_rename);
    tcase_add_test(tcase, test_rename_refused);
    tcase_add_test(tcase, test_texts);
    tcase_add_test(tcase, test_element);
    tcase_add_test(tcase, test_element_among_others);
    tcase_add_test(tcase, test_element_strange_uri);
    tcase_add_test(tcase, test_element_namespaces);
    tcase_add_test(tcase, test_set_refused);
    tcase_add_test(tcase, test_get_refused);
    tcase_add_test(tcase, test_what_could_not_be_read_again_is_refused);
    return scratch_run(suite);
}
