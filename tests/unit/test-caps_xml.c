/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capabilities as clients read them, and that they promise what provides.h lists. */

#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <libxml/xpath.h>

#include "caps-fixture.h"
#include "hypervisor/qemu/provides.h"

static struct qemu_caps_cache *cache;

static void setup(void)
{
    char path[256];

    fake_setup();
    (void)snprintf(path, sizeof(path), "%s:/usr/bin:/bin", scratch_path);
    ck_assert_int_eq(setenv("PATH", path, 1), 0); /* each test is a process of its own */
    cache = qemu_caps_cache_new(NULL);
}

static void teardown(void)
{
    qemu_caps_cache_free(cache);
    fake_teardown();
}

/* Takes the text over. */
static xmlDocPtr parse(char *xml)
{
    xmlDocPtr doc;

    if (!xml)
        ck_abort_msg("%s", verror_text(&err));
    doc = xmlReadMemory(xml, (int)strlen(xml), "caps", NULL, XML_PARSE_NONET);
    free(xml);
    ck_assert_ptr_nonnull(doc);
    return doc;
}

/* The value of an XPath expression as text. */
static char *value(xmlDocPtr doc, const char *path)
{
    xmlXPathContextPtr context = xmlXPathNewContext(doc);
    _cleanup_free_ char *expression = xasprintf("string(%s)", path);
    xmlXPathObjectPtr object = xmlXPathEvalExpression((const xmlChar *)expression, context);
    char *text;

    ck_assert_ptr_nonnull(object);
    text = xstrdup((const char *)object->stringval);
    xmlXPathFreeObject(object);
    xmlXPathFreeContext(context);
    return text;
}

static void assert_value(xmlDocPtr doc, const char *path, const char *expected)
{
    _cleanup_free_ char *found = value(doc, path);

    if (strcmp(found, expected) != 0)
        ck_abort_msg("%s is '%s', not '%s'", path, found, expected);
}

START_TEST(test_host)
{
    xmlDocPtr doc = parse(qemu_capabilities_xml(cache, &err));
    _cleanup_free_ char *memory = NULL, *cells = NULL;

    assert_value(doc, "count(/capabilities/host/cpu/arch)", "1");
    assert_value(doc, "count(/capabilities/host/cpu/topology[@sockets and @cores and @threads])",
                 "1");
    assert_value(doc, "count(/capabilities/host/topology/cells/cell) = "
                      "/capabilities/host/topology/cells/@num", "true");
    assert_value(doc, "count(//cell[1]/cpus/cpu) = //cell[1]/cpus/@num", "true");
    assert_value(doc, "//secmodel/model", "none");
    memory = value(doc, "//cell[1]/memory[@unit='KiB']");
    ck_assert_int_gt(strtoll(memory, NULL, 10), 1024);
    cells = value(doc, "/capabilities/host/topology/cells/@num");
    ck_assert_int_ge(strtol(cells, NULL, 10), 1);
    xmlFreeDoc(doc);
}
END_TEST

#define GUEST "/capabilities/guest[arch/@name='x86_64']"

START_TEST(test_guest)
{
    xmlDocPtr doc = parse(qemu_capabilities_xml(cache, &err));

    assert_value(doc, "count(" GUEST ")", "1");
    assert_value(doc, GUEST "/os_type", "hvm");
    assert_value(doc, GUEST "/arch/wordsize", "64");
    assert_value(doc, GUEST "/arch/emulator", fake_path);
    /* the default machine first, then its alias */
    assert_value(doc, GUEST "/arch/machine[1]", "pc-i440fx-7.2");
    assert_value(doc, GUEST "/arch/machine[1]/@maxCpus", "255");
    assert_value(doc, GUEST "/arch/machine[2]", "pc");
    assert_value(doc, GUEST "/arch/machine[2]/@canonical", "pc-i440fx-7.2");
    assert_value(doc, GUEST "/arch/machine[.='q35']/@canonical", "pc-q35-7.2");
    assert_value(doc, GUEST "/arch/machine[.='q35']/@maxCpus", "288");
    assert_value(doc, GUEST "/arch/machine[.='pc-q35-2.4']/@deprecated", "yes");
    assert_value(doc, "count(" GUEST "/arch/machine/@deprecated)", "1");
    assert_value(doc, "count(" GUEST "/arch/machine)", "5"); /* and no "none" */
    assert_value(doc, "count(/capabilities/guest[arch/@name!='x86_64' and arch/@name!='i686'])",
                 "0");
    assert_value(doc, "count(" GUEST "/arch/domain[@type='qemu'])", "1");
    assert_value(doc, "count(" GUEST "/arch/domain[@type='kvm'])",
                 qemu_check_kvm(NULL) == 0 ? "1" : "0");
    assert_value(doc, GUEST "/features/acpi/@default", "on");
    assert_value(doc, GUEST "/features/apic/@default", "on");
    xmlFreeDoc(doc);
}
END_TEST

START_TEST(test_guest_without_kvm)
{
    xmlDocPtr doc;

    fake_behave("no-kvm");
    doc = parse(qemu_capabilities_xml(cache, &err));
    assert_value(doc, "count(" GUEST "/arch/domain)", "1");
    assert_value(doc, GUEST "/arch/domain/@type", "qemu");
    xmlFreeDoc(doc);
}
END_TEST

/* Others than the broken one are still there. */
START_TEST(test_broken_emulator)
{
    xmlDocPtr doc;

    fake_behave("exit");
    doc = parse(qemu_capabilities_xml(cache, &err));
    assert_value(doc, "count(" GUEST ")", "0");
    assert_value(doc, "count(/capabilities/host)", "1");
    ck_assert_int_eq(err.code, 0);
    xmlFreeDoc(doc);
}
END_TEST

/* Domain capabilities. */

static char *domain(const char *arch, const char *machine, const char *type)
{
    return qemu_domain_capabilities_xml(cache, fake_path, arch, machine, type, &err);
}

START_TEST(test_domain)
{
    xmlDocPtr doc = parse(domain(NULL, "q35", "qemu"));

    assert_value(doc, "/domainCapabilities/path", fake_path);
    assert_value(doc, "/domainCapabilities/domain", "qemu");
    assert_value(doc, "/domainCapabilities/machine", "pc-q35-7.2");
    assert_value(doc, "/domainCapabilities/arch", "x86_64");
    assert_value(doc, "/domainCapabilities/vcpu/@max", "288");
    assert_value(doc, "/domainCapabilities/os/@supported", "yes");
    assert_value(doc, "/domainCapabilities/os/loader/@supported", "no");
    assert_value(doc, "//mode[@name='host-passthrough']/@supported", "no");
    assert_value(doc, "//mode[@name='maximum']/@supported", "no");
    assert_value(doc, "//mode[@name='host-model']/@supported", "no");
    assert_value(doc, "//mode[@name='custom']/@supported", "yes");
    assert_value(doc, "//mode[@name='custom']/model[.='qemu64']/@usable", "yes");
    assert_value(doc, "//mode[@name='custom']/model[.='qemu64']/@vendor", "unknown");
    assert_value(doc, "//mode[@name='custom']/model[.='Icelake-Client']/@vendor", "Intel");
    assert_value(doc, "//mode[@name='custom']/model[.='Icelake-Client']/@usable", "no");
    assert_value(doc, "//mode[@name='custom']/model[.='Icelake-Client']/@deprecated", "yes");
    assert_value(doc, "count(//mode[@name='custom']/model)", "2"); /* no versions, no max */
    assert_value(doc, "//hostdev/@supported", "no");
    assert_value(doc, "//tpm/@supported", "no");
    assert_value(doc, "//features/backingStoreInput/@supported", "yes");
    assert_value(doc, "//features/sev/@supported", "no");
    xmlFreeDoc(doc);
}
END_TEST

START_TEST(test_domain_kvm)
{
    xmlDocPtr doc;
    const char *vcpus = "/domainCapabilities/vcpu/@max <= 288";

    if (qemu_check_kvm(NULL) < 0) {
        ck_assert_ptr_null(domain(NULL, "q35", "kvm"));
        ck_assert_int_eq(err.code, VIR_ERR_CONFIG_UNSUPPORTED);
        ck_assert_ptr_nonnull(strstr(verror_text(&err), "/dev/kvm"));
        return;
    }
    doc = parse(domain(NULL, "q35", NULL)); /* KVM is the better one */
    assert_value(doc, "/domainCapabilities/domain", "kvm");
    assert_value(doc, vcpus, "true");
    assert_value(doc, "//mode[@name='host-passthrough']/@supported", "yes");
    assert_value(doc, "//mode[@name='host-passthrough']/enum/value[1]", "on");
    assert_value(doc, "//mode[@name='custom']/model[.='qemu64']/@usable", "no");
    xmlFreeDoc(doc);
}
END_TEST

START_TEST(test_domain_defaults)
{
    xmlDocPtr doc;

    fake_behave("no-kvm");
    doc = parse(qemu_domain_capabilities_xml(cache, NULL, "x86_64", NULL, NULL, &err));
    assert_value(doc, "/domainCapabilities/path", fake_path);
    assert_value(doc, "/domainCapabilities/domain", "qemu");
    assert_value(doc, "/domainCapabilities/machine", "pc-i440fx-7.2");
    xmlFreeDoc(doc);
    doc = parse(domain("i686", NULL, NULL)); /* its 32-bit kin */
    assert_value(doc, "/domainCapabilities/arch", "i686");
    xmlFreeDoc(doc);
}
END_TEST

/* Only what the fake has of the list: each row is in the document, or rightly not. */
static void assert_rows(xmlDocPtr doc, const struct qemu_caps *caps, const char *machine)
{
    for (size_t i = 0; i < qemu_nprovides; i++) {
        const struct provide *row = &qemu_provides[i];
        _cleanup_free_ char *path =
            xasprintf("count(//%s[@supported='yes']/enum[@name='%s']/value[.='%s'])",
                      row->group, row->list, row->value);
        bool provided = qemu_provides_value(caps, machine, row->group, row->list, row->value);

        if (strcmp(row->group, "cpu") != 0)
            assert_value(doc, path, provided ? "1" : "0");
    }
}

START_TEST(test_devices)
{
    static const char *const machines[] = { "pc-q35-7.2", "pc-i440fx-7.2" };
    struct qemu_caps *caps = qemu_caps_get(cache, fake_path, NULL, &err);

    for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
        xmlDocPtr doc = parse(domain(NULL, machines[i], "qemu"));

        assert_rows(doc, caps, machines[i]);
        assert_value(doc, "count(//devices/*)", "9");
        assert_value(doc, "count(//video/enum/value)", "2"); /* VGA and none */
        assert_value(doc, "count(//disk/enum[@name='bus']/value)", "2");
        assert_value(doc, "//graphics/enum/value", "vnc");
            assert_value(doc, "count(//channel/enum/value)", "2");
        xmlFreeDoc(doc);
    }
    qemu_caps_unref(caps);
}
END_TEST

START_TEST(test_provides)
{
    _cleanup_free_ char *emulator = qemu_find_emulator("i686", NULL); /* not the fake */
    struct qemu_caps *caps;

    if (!emulator) {
        (void)fprintf(stderr, "left out: no qemu-system-i386\n");
        return;
    }
    caps = qemu_caps_get(cache, emulator, NULL, &err);
    ck_assert_ptr_nonnull(caps);
    ck_assert(qemu_provides_value(caps, "pc-i440fx-7.2", "disk", "bus", "ide"));
    ck_assert(!qemu_provides_value(caps, "pc-q35-7.2", "disk", "bus", "ide"));
    ck_assert(!qemu_provides_value(caps, "q35", "disk", "bus", "ide"));
    ck_assert(qemu_provides_value(caps, "q35", "disk", "bus", "sata"));
    ck_assert(qemu_provides_value(caps, "q35", "video", "modelType", "vga"));
    ck_assert(!qemu_provides_value(caps, "q35", "video", "modelType", "xen"));
    ck_assert(!qemu_provides_value(caps, "q35", "tpm", "model", "tpm-tis"));
    ck_assert(qemu_provides_value(caps, "q35", "cpu", "mode", "maximum"));
    ck_assert(qemu_provides_value(caps, "q35", "disk", "model", "virtio-non-transitional"));
    qemu_caps_unref(caps);
}
END_TEST

/* libvirt's own idea of such documents. */
static void assert_valid(const char *schema, char *xml)
{
    _cleanup_free_ char *path = xasprintf("/usr/share/libvirt/schemas/%s.rng", schema);
    xmlDocPtr doc = parse(xml);

    if (access(path, R_OK) == 0) {
        xmlRelaxNGParserCtxtPtr parser = xmlRelaxNGNewParserCtxt(path);
        xmlRelaxNGPtr rules = xmlRelaxNGParse(parser);
        xmlRelaxNGValidCtxtPtr context = xmlRelaxNGNewValidCtxt(rules);

        ck_assert_ptr_nonnull(rules);
        ck_assert_int_eq(xmlRelaxNGValidateDoc(context, doc), 0);
        xmlRelaxNGFreeValidCtxt(context);
        xmlRelaxNGFree(rules);
        xmlRelaxNGFreeParserCtxt(parser);
    } else {
        (void)fprintf(stderr, "not compared with a schema: no %s\n", path);
    }
    xmlFreeDoc(doc);
}

START_TEST(test_schemas)
{
    assert_valid("capability", qemu_capabilities_xml(cache, &err));
    assert_valid("domaincaps", domain(NULL, "q35", NULL));
    assert_valid("domaincaps", domain(NULL, "pc", "qemu"));
}
END_TEST

START_TEST(test_provided_machines)
{
    static const char *const provided[] = { "pc", "q35", "pc-q35-7.2", "pc-i440fx-7.2", "pc-1.0" };
    static const char *const others[] = { "", "none", "isapc", "microvm", "p", "pcx", "virt" };

    for (size_t i = 0; i < ARRAY_SIZE(provided); i++)
        ck_assert(qemu_provides_machine(provided[i]));
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        ck_assert(!qemu_provides_machine(others[i]));
    ck_assert(qemu_provides_arch("x86_64"));
    ck_assert(qemu_provides_arch("i686"));
    ck_assert(!qemu_provides_arch("aarch64"));
}
END_TEST

static const struct {
    const char *arch, *machine, *type, *behaviour;
    int code;
    const char *text;
} refusals[] = {
    { "z80", NULL, NULL, "well", VIR_ERR_INVALID_ARG, "unknown architecture 'z80'" },
    { "aarch64", NULL, NULL, "well", VIR_ERR_INVALID_ARG, "is for architecture 'x86_64', not" },
    { NULL, "pc-q35-99", NULL, "well", VIR_ERR_INVALID_ARG, "machine 'pc-q35-99' is not" },
    { NULL, "none", NULL, "well", VIR_ERR_CONFIG_UNSUPPORTED, "machine type 'none'" },
    { NULL, "", NULL, "well", VIR_ERR_INVALID_ARG, "machine '' is not" },
    { NULL, NULL, "xen", "well", VIR_ERR_INVALID_ARG, "virtualization type 'xen'" },
    { NULL, NULL, "", "well", VIR_ERR_INVALID_ARG, "virtualization type ''" },
    { NULL, NULL, "kvm", "no-kvm", VIR_ERR_INVALID_ARG, "does not support virtualization" },
    { NULL, NULL, "qemu", "no-tcg", VIR_ERR_INVALID_ARG, "does not support virtualization" },
    { NULL, NULL, NULL, "exit", VIR_ERR_OPERATION_FAILED, "the reason" },
};

START_TEST(test_refused)
{
    fake_behave(refusals[_i].behaviour);
    ck_assert_ptr_null(domain(refusals[_i].arch, refusals[_i].machine, refusals[_i].type));
    ck_assert_int_eq(err.code, refusals[_i].code);
    if (!strstr(verror_text(&err), refusals[_i].text))
        ck_abort_msg("%s", verror_text(&err));
}
END_TEST

START_TEST(test_no_emulator)
{
    ck_assert_ptr_null(
        qemu_domain_capabilities_xml(cache, "/nowhere/qemu", NULL, NULL, NULL, &err));
    ck_assert_int_eq(err.code, VIR_ERR_SYSTEM_ERROR);
    verror_clear(&err);
    /* nobody has it installed */
    ck_assert_ptr_null(qemu_domain_capabilities_xml(cache, NULL, "tricore", NULL, NULL, &err));
    ck_assert_int_eq(err.code, VIR_ERR_CONFIG_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "qemu-system-tricore"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("caps_xml");
    TCase *tcase = tcase_create("caps_xml");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_host);
    tcase_add_test(tcase, test_guest);
    tcase_add_test(tcase, test_guest_without_kvm);
    tcase_add_test(tcase, test_broken_emulator);
    tcase_add_test(tcase, test_domain);
    tcase_add_test(tcase, test_domain_kvm);
    tcase_add_test(tcase, test_domain_defaults);
    tcase_add_test(tcase, test_devices);
    tcase_add_test(tcase, test_provides);
    tcase_add_test(tcase, test_schemas);
    tcase_add_test(tcase, test_provided_machines);
    tcase_add_loop_test(tcase, test_refused, 0, (int)ARRAY_SIZE(refusals));
    tcase_add_test(tcase, test_no_emulator);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
