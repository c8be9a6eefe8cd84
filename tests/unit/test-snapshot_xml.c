/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/xml/snapshot_xml.c: <domainsnapshot> read, written, and matched with a domain's disks. */

#include "domain-fixture.h"
#include "scratch.h"
#include "xml/snapshot_xml.h"
#include "xml/xml_read.h"

DEFINE_CLEANUP(struct snapshot_def *, snapshot_def_unref);
#define _cleanup_snapshot_ _cleanup_(snapshot_def_unrefp)

#define HEAD "<domainsnapshot>\n  <name>before</name>\n"
#define PAST                                                                                       \
    "  <state>running</state>\n  <parent>\n    <name>older</name>\n  </parent>\n"                  \
    "  <creationTime>1234567890</creationTime>\n"

static struct snapshot_def *must(const char *xml, bool whole)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct snapshot_def *def = snapshot_def_parse(xml, whole, &err);

    ck_assert_msg(def != NULL, "%s in %s", verror_text(&err), xml);
    return def;
}

static void refused(const char *xml, bool whole, int code, const char *text)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_snapshot_ struct snapshot_def *def = snapshot_def_parse(xml, whole, &err);

    ck_assert_msg(!def, "taken: %s", xml);
    ck_assert_int_eq(err.code, code);
    ck_assert_msg(strstr(err.message, text), "'%s' does not say '%s'", err.message, text);
}

START_TEST(test_same)
{
    static const char xml[] = HEAD
        "  <description>a &amp; b</description>\n" PAST "  <memory snapshot='internal'/>\n"
        "  <disks>\n    <disk name='vda' snapshot='internal'/>\n"
        "    <disk name='vdb' snapshot='external' type='file'>\n      <driver type='qcow2'/>\n"
        "      <source file='/x/y.qcow2'/>\n    </disk>\n"
        "    <disk name='sda' snapshot='no'/>\n  </disks>\n"
        "  <domain type='qemu'>\n    <name>small</name>\n  </domain>\n"
        "  <inactiveDomain type='kvm'>\n    <name>small</name>\n  </inactiveDomain>\n"
        "</domainsnapshot>\n";
    _cleanup_snapshot_ struct snapshot_def *def = must(xml, true), *copy = snapshot_def_copy(def);
    _cleanup_free_ char *text = snapshot_def_format(def, true), *again = NULL;

    ck_assert_str_eq(text, xml);
    again = snapshot_def_format(copy, true);
    ck_assert_str_eq(again, xml);
    ck_assert_int_eq(def->state, VIR_DOMAIN_RUNNING);
    ck_assert_int_eq(def->created, 1234567890);
    ck_assert(snapshot_def_is_active(def) && snapshot_def_is_external(def));
}
END_TEST

/* What it is kept as has no parent, which may become another. */
START_TEST(test_seal)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_snapshot_ struct snapshot_def *def = must(HEAD PAST "</domainsnapshot>", true);

    ck_assert_int_eq(snapshot_def_seal(def, &err), 0);
    ck_assert_ptr_null(strstr(def->xml, "older"));
    ck_assert_str_eq(def->parent, "older");
    free(def->domain);
    def->domain = xmalloc(XML_DOCUMENT_MAX + 100);
    (void)sprintf(def->domain, "<domain><name>%*s</name></domain>", (int)XML_DOCUMENT_MAX - 60, "x");
    ck_assert_int_eq(snapshot_def_seal(def, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_CONFIG_UNSUPPORTED);
}
END_TEST

/* A domain as deep as one may be would be too deep inside of a snapshot. */
START_TEST(test_seal_deep)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_snapshot_ struct snapshot_def *def = must(HEAD PAST "</domainsnapshot>", true);
    xmlDocPtr doc;
    char *end;

    enum { DEEPEST = 256 };

    def->domain = xmalloc(10 * DEEPEST + 100);
    end = stpcpy(def->domain, "<domain>");
    for (int i = 0; i < DEEPEST; i++)
        end = stpcpy(end, "<a>");
    for (int i = 0; i < DEEPEST; i++)
        end = stpcpy(end, "</a>");
    (void)stpcpy(end, "</domain>");
    doc = xml_read_document(def->domain, "domain definition", "domain", &err);
    ck_assert_msg(doc != NULL, "%s", verror_text(&err));
    xmlFreeDoc(doc);
    ck_assert_int_eq(snapshot_def_seal(def, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_XML_ERROR);
}
END_TEST

START_TEST(test_secrets)
{
    _cleanup_snapshot_ struct snapshot_def *def =
        must(HEAD PAST "<domain><devices><graphics type='vnc' passwd='hush'/></devices></domain>"
                       "</domainsnapshot>",
             true);
    _cleanup_free_ char *all = snapshot_def_format(def, true);
    _cleanup_free_ char *some = snapshot_def_format(def, false);

    ck_assert_ptr_nonnull(strstr(all, "hush"));
    ck_assert_ptr_null(strstr(some, "hush"));
}
END_TEST

/* What is made is named by the time if the client has no name for it, and says nothing of the past. */
START_TEST(test_new)
{
    _cleanup_snapshot_ struct snapshot_def *def =
        must("<domainsnapshot>" PAST "<domain/></domainsnapshot>", false);

    ck_assert_uint_gt(strlen(def->name), 0);
    ck_assert_uint_eq(strspn(def->name, "0123456789"), strlen(def->name));
    ck_assert_int_eq(def->state, -1);
    ck_assert_ptr_null(def->parent);
    ck_assert_ptr_null(def->domain);
}
END_TEST

START_TEST(test_refused)
{
#define DISKS(inside) HEAD "<disks>" inside "</disks></domainsnapshot>"
    refused("<domain/>", false, VIR_ERR_XML_ERROR, "domainsnapshot");
    refused("<domainsnapshot>", false, VIR_ERR_XML_ERROR, "");
    refused("<domainsnapshot><name>.x</name></domainsnapshot>", false, VIR_ERR_XML_DETAIL, "'.'");
    refused("<domainsnapshot><name>a/b</name></domainsnapshot>", false, VIR_ERR_XML_DETAIL, "'/'");
    refused(HEAD "<memory snapshot='some'/></domainsnapshot>", false, VIR_ERR_XML_ERROR, "'some'");
    refused(HEAD "<memory snapshot='no' file='/x'/></domainsnapshot>", false, VIR_ERR_XML_ERROR,
            "external");
    refused(DISKS("<disk/>"), false, VIR_ERR_XML_ERROR, "missing name");
    refused(DISKS("<disk name='vda' snapshot='default'/>"), false, VIR_ERR_XML_ERROR, "default");
    refused(DISKS("<disk name='vda' type='network'/>"), false, VIR_ERR_CONFIG_UNSUPPORTED,
            "network");
    refused(DISKS("<disk name='vda'><source file='x'/></disk>"), false, VIR_ERR_XML_ERROR,
            "not absolute");
    refused(HEAD "</domainsnapshot>", true, VIR_ERR_XML_ERROR, "creationTime");
    refused(HEAD "<creationTime>1</creationTime></domainsnapshot>", true, VIR_ERR_XML_ERROR,
            "missing state");
    refused(HEAD "<creationTime>1</creationTime><state>asleep</state></domainsnapshot>", true,
            VIR_ERR_XML_ERROR, "asleep");
    refused("<domainsnapshot>" PAST "</domainsnapshot>", true, VIR_ERR_XML_ERROR, "name");
}
END_TEST

START_TEST(test_validate)
{
    static const struct {
        const char *inside;
        bool good;
    } cases[] = {
        { PAST "<memory snapshot='no'/><domain><anything/></domain><cookie><x/></cookie>", true },
        { "<disks><disk name='vda'><driver/><source file='/x'/></disk></disks>", true },
        { "<descripton>a slip</descripton>", false },
        { "<disks><disc name='vda'/></disks>", false },
        { "<disks><disk name='vda'><sauce/></disk></disks>", false },
        { "<parent><nam/></parent>", false },
        { "<memory><x/></memory>", false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_verror_ struct verror err = VERROR_INIT;
        _cleanup_free_ char *xml = xasprintf(HEAD "%s</domainsnapshot>", cases[i].inside);

        ck_assert_msg((snapshot_xml_validate(xml, &err) == 0) == cases[i].good, "%s: %s", xml,
                      verror_text(&err));
    }
}
END_TEST

/* --- disks --- */

#define DISK(target, inside)                                                                       \
    "<disk type='file'><driver type='qcow2'/><source file='/i/" target "'/><target dev='" target  \
    "'/>" inside "</disk>"
#define THREE                                                                                      \
    DISK("vda", "") DISK("vdb", "<readonly/>")                                                     \
    "<disk type='file' device='cdrom'><target dev='sda'/></disk>"                                  \
    "<disk type='file' snapshot='no'><source file='/i/vdc'/><target dev='vdc'/></disk>"

static void aligned(const char *disks, enum snapshot_place fallback, const char *expected)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_domain_def_ struct domain_def *domain = domain_with(THREE);
    _cleanup_free_ char *xml = xasprintf(HEAD "%s</domainsnapshot>", disks), *said = xstrdup("");
    _cleanup_snapshot_ struct snapshot_def *def = must(xml, false);

    ck_assert_msg(snapshot_def_align(def, domain, fallback, &err) == 0, "%s", verror_text(&err));
    for (size_t i = 0; i < def->ndisks; i++) {
        char *longer = xasprintf("%s%s=%s%s%s ", said, def->disks[i].name,
                                 snapshot_place_name(def->disks[i].place),
                                 def->disks[i].path ? ":" : "",
                                 def->disks[i].path ? def->disks[i].path : "");

        free(said);
        said = longer;
    }
    ck_assert_str_eq(said, expected);
}

START_TEST(test_align)
{
    aligned("", SNAPSHOT_PLACE_INTERNAL, "vda=internal vdb=no sda=no vdc=no ");
    aligned("<disks><disk name='vda' snapshot='no'/><disk name='/i/vdc' snapshot='external'/>"
            "</disks>",
            SNAPSHOT_PLACE_INTERNAL, "vda=no vdb=no sda=no vdc=external ");
    aligned("<disks><disk name='vda'><source file='/n'/></disk></disks>", SNAPSHOT_PLACE_EXTERNAL,
            "vda=external:/n vdb=no sda=no vdc=no ");
}
END_TEST

static void misaligned(const char *disks, const char *text)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_domain_def_ struct domain_def *domain = domain_with(THREE);
    _cleanup_free_ char *xml =
        xasprintf(HEAD "<disks>%s</disks></domainsnapshot>", disks);
    _cleanup_snapshot_ struct snapshot_def *def = must(xml, false);

    ck_assert_int_eq(snapshot_def_align(def, domain, SNAPSHOT_PLACE_INTERNAL, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_CONFIG_UNSUPPORTED);
    ck_assert_msg(strstr(err.message, text), "%s", err.message);
}

START_TEST(test_misaligned)
{
    misaligned("<disk name='vdz'/>", "no disk named 'vdz'");
    misaligned("<disk name='vda'/><disk name='/i/vda'/>", "specified twice");
}
END_TEST

START_TEST(test_overlay)
{
    static const struct {
        const char *path, *overlay;
    } cases[] = {
        { "/i/a.qcow2", "/i/a.new" },
        { "/i/a", "/i/a.new" },
        { "/i.d/a", "/i.d/a.new" },
        { "/i/a.b.c", "/i/a.b.new" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *overlay = snapshot_overlay_path(cases[i].path, "new");

        ck_assert_str_eq(overlay, cases[i].overlay);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("snapshot_xml");
    TCase *tcase = tcase_create("all");

    tcase_add_test(tcase, test_same);
    tcase_add_test(tcase, test_seal);
    tcase_add_test(tcase, test_seal_deep);
    tcase_add_test(tcase, test_secrets);
    tcase_add_test(tcase, test_new);
    tcase_add_test(tcase, test_refused);
    tcase_add_test(tcase, test_validate);
    tcase_add_test(tcase, test_align);
    tcase_add_test(tcase, test_misaligned);
    tcase_add_test(tcase, test_overlay);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
