/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/xml/checkpoint_xml.c: <domaincheckpoint> read, written, matched with a domain's disks. */

#include "domain-fixture.h"
#include "scratch.h"
#include "xml/checkpoint_xml.h"
#include "xml/xml_read.h"

DEFINE_CLEANUP(struct checkpoint_def *, checkpoint_def_unref);
#define _cleanup_checkpoint_ _cleanup_(checkpoint_def_unrefp)

#define HEAD "<domaincheckpoint>\n  <name>before</name>\n"
#define TAIL "</domaincheckpoint>"
#define PAST                                                                                       \
    "  <parent>\n    <name>older</name>\n  </parent>\n  <creationTime>1234567890</creationTime>\n"

static struct checkpoint_def *must(const char *xml, bool whole)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct checkpoint_def *def = checkpoint_def_parse(xml, whole, &err);

    ck_assert_msg(def != NULL, "%s in %s", verror_text(&err), xml);
    return def;
}

static void refused(const char *xml, bool whole, int code, const char *text)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_checkpoint_ struct checkpoint_def *def = checkpoint_def_parse(xml, whole, &err);

    ck_assert_msg(!def, "taken: %s", xml);
    ck_error(&err, code, text);
}

START_TEST(test_same)
{
    static const char xml[] = HEAD
        "  <description>a &amp; b</description>\n" PAST
        "  <disks>\n    <disk name='vda' checkpoint='bitmap' bitmap='before'/>\n"
        "    <disk name='sda' checkpoint='no'/>\n  </disks>\n"
        "  <domain type='qemu'>\n    <name>small</name>\n  </domain>\n" TAIL "\n";
    _cleanup_checkpoint_ struct checkpoint_def *def = must(xml, true);
    _cleanup_checkpoint_ struct checkpoint_def *copy = checkpoint_def_copy(def);
    _cleanup_free_ char *text = checkpoint_def_format(def, true, true), *again = NULL, *bare = NULL;

    ck_assert_str_eq(text, xml);
    again = checkpoint_def_format(copy, true, true);
    ck_assert_str_eq(again, xml);
    ck_assert_int_eq(def->created, 1234567890);
    bare = checkpoint_def_format(def, true, false);
    ck_assert_ptr_null(strstr(bare, "<domain "));
}
END_TEST

/* What has been written since is shown, and no part of it. */
START_TEST(test_size)
{
    _cleanup_checkpoint_ struct checkpoint_def *def =
        must(HEAD "<creationTime>1</creationTime><disks><disk name='vda' bitmap='b' size='7'/></disks>"
                  TAIL,
             true);
    _cleanup_free_ char *without = checkpoint_def_format(def, false, true), *with = NULL;

    ck_assert_ptr_null(strstr(without, "size"));
    def->disks[0].has_size = true;
    with = checkpoint_def_format(def, false, true);
    ck_assert_ptr_nonnull(strstr(with, "<disk name='vda' checkpoint='bitmap' bitmap='b' size='0'/>"));
}
END_TEST

/* What it is kept as has no parent, which may become another. */
START_TEST(test_seal)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_checkpoint_ struct checkpoint_def *def = must(HEAD PAST TAIL, true);

    ck_assert_int_eq(checkpoint_def_seal(def, &err), 0);
    ck_assert_ptr_null(strstr(def->xml, "older"));
    ck_assert_str_eq(def->parent, "older");
    free(def->domain);
    def->domain = xmalloc(XML_DOCUMENT_MAX + 100);
    (void)sprintf(def->domain, "<domain><name>%*s</name></domain>", (int)XML_DOCUMENT_MAX - 60, "x");
    ck_assert_int_eq(checkpoint_def_seal(def, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_CONFIG_UNSUPPORTED);
}
END_TEST

START_TEST(test_secrets)
{
    _cleanup_checkpoint_ struct checkpoint_def *def =
        must(HEAD PAST "<domain><devices><graphics type='vnc' passwd='hush'/></devices></domain>" TAIL,
             true);
    _cleanup_free_ char *all = checkpoint_def_format(def, true, true);
    _cleanup_free_ char *some = checkpoint_def_format(def, false, true);

    ck_assert_ptr_nonnull(strstr(all, "hush"));
    ck_assert_ptr_null(strstr(some, "hush"));
}
END_TEST

/* What is made is named by the time if the client has no name for it, and has no past. */
START_TEST(test_new)
{
    _cleanup_checkpoint_ struct checkpoint_def *def =
        must("<domaincheckpoint>" PAST "<domain/>" TAIL, false);

    ck_assert_uint_gt(strlen(def->name), 0);
    ck_assert_uint_eq(strspn(def->name, "0123456789"), strlen(def->name));
    ck_assert_int_eq(def->created, 0);
    ck_assert_ptr_null(def->parent);
    ck_assert_ptr_null(def->domain);
}
END_TEST

START_TEST(test_refused)
{
#define DISKS(inside) HEAD "<disks>" inside "</disks>" TAIL
    enum { SCHEMA = VIR_ERR_XML_INVALID_SCHEMA };

    refused("<domain/>", false, VIR_ERR_XML_ERROR, "domaincheckpoint");
    refused("<domaincheckpoint>", false, VIR_ERR_XML_ERROR, "");
    refused("<domaincheckpoint><name>.x</name>" TAIL, false, SCHEMA, "'.'");
    refused("<domaincheckpoint><name>a/b</name>" TAIL, false, SCHEMA, "'/'");
    refused(HEAD "<descripton/>" TAIL, false, SCHEMA, "descripton");
    refused(DISKS("<disc name='vda'/>"), false, SCHEMA, "disc");
    refused(DISKS("<disk/>"), false, SCHEMA, "missing name");
    refused(DISKS("<disk name='vda' checkpoint='default'/>"), false, SCHEMA, "default");
    refused(DISKS("<disk name='vda' checkpoint='no' bitmap='x'/>"), false, SCHEMA, "no bitmap 'x'");
    refused(DISKS("<disk name='vda' bitmap='a/b'/>"), false, SCHEMA, "bitmap name");
    refused(HEAD TAIL, true, VIR_ERR_XML_ERROR, "creationTime");
    refused("<domaincheckpoint>" PAST TAIL, true, VIR_ERR_XML_ERROR, "name");
}
END_TEST

/* --- disks --- */

#define DISK(target, inside)                                                                       \
    "<disk type='file'><driver type='qcow2'/><source file='/i/" target "'/><target dev='" target  \
    "'/>" inside "</disk>"
#define FOUR                                                                                       \
    DISK("vda", "") DISK("vdb", "<readonly/>")                                                     \
    "<disk type='file' device='cdrom'><target dev='sda'/></disk>" DISK("vdc", "")

static void aligned(const char *disks, const char *expected)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_domain_def_ struct domain_def *domain = domain_with(FOUR);
    _cleanup_free_ char *xml = xasprintf(HEAD "%s" TAIL, disks), *said = xstrdup("");
    _cleanup_checkpoint_ struct checkpoint_def *def = must(xml, false);

    ck_assert_msg(checkpoint_def_align(def, domain, &err) == 0, "%s", verror_text(&err));
    for (size_t i = 0; i < def->ndisks; i++) {
        const struct checkpoint_disk *disk = &def->disks[i];
        char *longer = xasprintf("%s%s=%s ", said, disk->name, disk->bitmap ? disk->bitmap : "-");

        ck_assert((disk->place == CHECKPOINT_PLACE_BITMAP) == (disk->bitmap != NULL));
        ck_assert_ptr_eq(checkpoint_def_disk(def, disk->name), disk);
        free(said);
        said = longer;
    }
    ck_assert_str_eq(said, expected);
}

START_TEST(test_align)
{
    aligned("", "vda=before vdb=- sda=- vdc=before ");
    aligned("<disks><disk name='/i/vdc'/></disks>", "vda=- vdb=- sda=- vdc=before ");
    aligned("<disks><disk name='vda' checkpoint='no'/></disks>", "vda=- vdb=- sda=- vdc=- ");
    aligned("<disks><disk name='sda' checkpoint='no'/><disk name='vda' bitmap='mine'/></disks>",
            "vda=mine vdb=- sda=- vdc=- ");
}
END_TEST

static void misaligned(const char *devices, const char *disks, const char *text)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_domain_def_ struct domain_def *domain = domain_with(devices);
    _cleanup_free_ char *xml = xasprintf(HEAD "<disks>%s</disks>" TAIL, disks);
    _cleanup_checkpoint_ struct checkpoint_def *def = must(xml, false);

    ck_assert_int_eq(checkpoint_def_align(def, domain, &err), -1);
    ck_error(&err, VIR_ERR_CONFIG_UNSUPPORTED, text);
}

START_TEST(test_misaligned)
{
    misaligned(FOUR, "<disk name='vdz'/>", "no disk named 'vdz'");
    misaligned(FOUR, "<disk name='vda'/><disk name='/i/vda'/>", "specified twice");
    misaligned(FOUR, "<disk name='vdb'/>", "empty or readonly");
    misaligned(FOUR, "<disk name='sda'/>", "empty or readonly");
    misaligned("", "", "at least one disk");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("checkpoint_xml");
    TCase *tcase = tcase_create("all");

    tcase_add_test(tcase, test_same);
    tcase_add_test(tcase, test_size);
    tcase_add_test(tcase, test_seal);
    tcase_add_test(tcase, test_secrets);
    tcase_add_test(tcase, test_new);
    tcase_add_test(tcase, test_refused);
    tcase_add_test(tcase, test_align);
    tcase_add_test(tcase, test_misaligned);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
