/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/xml/domain_format.c: nothing gets lost, and every flag of virDomainGetXMLDesc. */

#include "domain-fixture.h"
#include "scratch.h"
#include "xml/job_xml.h"

/* What a definition holds is byte for byte what libvirt's clients would see. */
START_TEST(test_round_trip)
{
    static const char *const names[] = { "domain-q35.xml", "domain-q35-live.xml" };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        _cleanup_free_ char *xml = domain_data(names[i]), *text = NULL;
        _cleanup_domain_def_ struct domain_def *def = domain_must(xml);

        ck_assert_str_eq(def->xml, xml);
        text = domain_def_format(def, VIR_DOMAIN_XML_SECURE, NULL);
        ck_assert_str_eq(text, xml);
    }
}
END_TEST

START_TEST(test_document_format)
{
    _cleanup_free_ char *xml = domain_data("domain-q35.xml"), *text = NULL;
    _cleanup_domain_def_ struct domain_def *def = domain_must(xml);
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(def);

    text = domain_doc_format(doc);
    ck_assert_str_eq(text, xml);
}
END_TEST

/* Elements in a namespace of QEMU's own, as virt-install's --qemu-commandline writes them. */
START_TEST(test_foreign_namespace)
{
    static const char extra[] = "  <qemu:commandline>\n"
                                "    <qemu:arg value='-snapshot'/>\n"
                                "    <qemu:env name='A' value='b &apos;c&apos;'/>\n"
                                "  </qemu:commandline>\n";
    _cleanup_free_ char *small = xasprintf(DOMAIN_SMALL, extra, ""), *xml = NULL, *text = NULL;
    _cleanup_domain_def_ struct domain_def *def = NULL;

    xml = text_replace(small, "type='qemu'",
                       "type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'");
    def = domain_must(xml);
    text = domain_def_format(def, 0, NULL);
    ck_assert_str_eq(text, xml);
}
END_TEST

START_TEST(test_not_secure)
{
    _cleanup_free_ char *xml = domain_data("domain-q35.xml"), *text = NULL, *expected = NULL;
    _cleanup_domain_def_ struct domain_def *def = domain_must(xml);

    text = domain_def_format(def, 0, NULL);
    expected = text_replace(xml, " passwd='sesame'", "");
    ck_assert_str_eq(text, expected);
}
END_TEST

START_TEST(test_inactive)
{
    _cleanup_free_ char *live = domain_data("domain-q35-live.xml");
    _cleanup_free_ char *inactive = domain_data("domain-q35.xml"), *text = NULL;
    _cleanup_domain_def_ struct domain_def *def = domain_must(live);

    text = domain_def_format(def, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE, NULL);
    ck_assert_str_eq(text, inactive);
}
END_TEST

/* Somebody wrote these into a definition, so they are no leftovers of a run. */
START_TEST(test_inactive_keeps_what_was_asked_for)
{
    static const char devices[] =
        "    <graphics type='vnc' port='5907' autoport='yes'/>\n"
        "    <channel type='unix'>\n"
        "      <source mode='bind' path='/run/mine/org.example'/>\n"
        "      <target type='virtio' name='org.example'/>\n"
        "    </channel>\n";
    _cleanup_free_ char *xml = xasprintf(DOMAIN_SMALL, "", devices), *text = NULL;
    _cleanup_domain_def_ struct domain_def *def = domain_must(xml);

    text = domain_def_format(def, VIR_DOMAIN_XML_INACTIVE, NULL);
    ck_assert_str_eq(text, xml);
}
END_TEST

/* libvirt 9 shows the whole of what it would start again: passwords, but nothing implicit. */
START_TEST(test_migratable)
{
    _cleanup_free_ char *live = domain_data("domain-q35-live.xml");
    _cleanup_free_ char *inactive = domain_data("domain-q35.xml");
    _cleanup_free_ char *no_keyboard =
        text_replace(inactive, "    <input type='keyboard' bus='ps2'/>\n", "");
    _cleanup_free_ char *expected =
        text_replace(no_keyboard, "    <audio id='1' type='none'/>\n", "");
    _cleanup_domain_def_ struct domain_def *def = domain_must(live);
    _cleanup_free_ char *text = domain_def_format(def, VIR_DOMAIN_XML_MIGRATABLE, NULL);

    ck_assert_str_eq(text, expected);
}
END_TEST

START_TEST(test_update_cpu)
{
    _cleanup_free_ char *xml = domain_data("domain-q35-live.xml"), *text = NULL;
    _cleanup_domain_def_ struct domain_def *def = domain_must(xml);

    text = domain_def_format(def, VIR_DOMAIN_XML_UPDATE_CPU | VIR_DOMAIN_XML_SECURE, NULL);
    ck_assert_str_eq(text, xml);
}
END_TEST

START_TEST(test_job_element)
{
    _cleanup_free_ char *job = job_xml_format(7, "domain-save", "running", 12), *text = NULL;
    _cleanup_free_ char *xml = xasprintf(DOMAIN_SMALL, "", ""), *expected = NULL, *end = NULL;
    _cleanup_domain_def_ struct domain_def *def = domain_must(xml), *again = NULL;

    text = domain_def_format(def, 0, job);
    end = xasprintf("</devices>\n  %s\n</domain>", job);
    expected = text_replace(xml, "</devices>\n</domain>", end);
    ck_assert_str_eq(text, expected);
    again = domain_must(text);
    ck_assert_str_eq(again->name, "small");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("domain_format");
    TCase *tcase = tcase_create("domain_format");

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, test_round_trip);
    tcase_add_test(tcase, test_document_format);
    tcase_add_test(tcase, test_foreign_namespace);
    tcase_add_test(tcase, test_not_secure);
    tcase_add_test(tcase, test_inactive);
    tcase_add_test(tcase, test_inactive_keeps_what_was_asked_for);
    tcase_add_test(tcase, test_migratable);
    tcase_add_test(tcase, test_update_cpu);
    tcase_add_test(tcase, test_job_element);
    return scratch_run(suite);
}
