/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The client library's functions that find, define and describe domains and the
 * host: with good arguments and with bad ones.  Those of saves, restores and
 * dumps are in api-guests.c, of jobs in api-jobs.c.  Started by api-domains.sh,
 * which has the daemon: api-domains URI READ-ONLY-URI DIRECTORY.
 */

#include <stdatomic.h>
#include <stdio.h>

#include "tests/api.h"

#define UNKNOWN_FLAG (1u << 29)
#define UUID_NONE "6f7a0d63-c7c5-4c8b-a3c6-6a4e7c1f5b11"

static void free_domains(virDomainPtr *domains, int count)
{
    CHECK(domains[count] == NULL);
    for (int i = 0; i < count; i++)
        OK(virDomainFree(domains[i]));
    free(domains);
}

/* --- objects --- */

static void try_objects(virDomainPtr dom)
{
    unsigned char uuid[VIR_UUID_BUFLEN], none[VIR_UUID_BUFLEN] = { 1 };
    char text[VIR_UUID_STRING_BUFLEN];
    virDomainPtr found;

    OK(virDomainGetUUID(dom, uuid));
    OK(virDomainGetUUIDString(dom, text));
    SAME(virDomainGetName(dom), "g");
    CHECK(virDomainGetConnect(dom) == conn);
    CHECK((found = virDomainLookupByName(conn, "g")));
    OK(virDomainRef(found));
    OK(virDomainFree(found));
    OK(virDomainFree(found));
    CHECK((found = virDomainLookupByUUID(conn, uuid)));
    OK(virDomainFree(found));
    CHECK((found = virDomainLookupByUUIDString(conn, text)));
    SAME(virDomainGetName(found), "g");
    OK(virDomainFree(found));

    IS_NULL(virDomainLookupByName(conn, "none"), VIR_ERR_NO_DOMAIN);
    IS_NULL(virDomainLookupByName(conn, ""), VIR_ERR_NO_DOMAIN);
    IS_NULL(virDomainLookupByUUID(conn, none), VIR_ERR_NO_DOMAIN);
    IS_NULL(virDomainLookupByUUIDString(conn, UUID_NONE), VIR_ERR_NO_DOMAIN);
    IS_NULL(virDomainLookupByUUIDString(conn, "x"), VIR_ERR_INVALID_ARG);
    IS_NULL(virDomainLookupByUUIDString(conn, NULL), VIR_ERR_INVALID_ARG);
    IS_NULL(virDomainLookupByUUID(conn, NULL), VIR_ERR_INVALID_ARG);
    IS_NULL(virDomainLookupByName(conn, NULL), VIR_ERR_INVALID_ARG);
    IS_NULL(virDomainLookupByID(conn, -1), VIR_ERR_INVALID_ARG);
    IS_NULL(virDomainLookupByID(conn, 1 << 30), VIR_ERR_NO_DOMAIN);
    IS_NULL(virDomainLookupByName(NULL, "g"), VIR_ERR_INVALID_CONN);
    IS_NULL(virDomainLookupByID(NULL, 1), VIR_ERR_INVALID_CONN);
    IS_NULL(virDomainGetName(NULL), VIR_ERR_INVALID_DOMAIN);
    IS_NULL(virDomainGetConnect(NULL), VIR_ERR_INVALID_DOMAIN);
    FAILS(virDomainGetUUID(dom, NULL), VIR_ERR_INVALID_ARG);
    FAILS(virDomainGetUUIDString(dom, NULL), VIR_ERR_INVALID_ARG);
    FAILS(virDomainRef(NULL), VIR_ERR_INVALID_DOMAIN);
    FAILS(virDomainFree(NULL), VIR_ERR_INVALID_DOMAIN);
    CHECK(virDomainGetID(NULL) == (unsigned int)-1);
    CHECK(virGetLastErrorCode() == VIR_ERR_INVALID_DOMAIN);
    CHECK(virDomainGetID(dom) == (unsigned int)-1 && virGetLastError() == NULL);
}

/* g is active, idle is not, t is transient and paused. */
static void try_lists(virDomainPtr active)
{
    static const struct {
        unsigned int flags;
        int count;
    } filters[] = {
        { 0, 3 },
        { VIR_CONNECT_LIST_DOMAINS_ACTIVE, 2 },
        { VIR_CONNECT_LIST_DOMAINS_INACTIVE, 1 },
        { VIR_CONNECT_LIST_DOMAINS_ACTIVE | VIR_CONNECT_LIST_DOMAINS_INACTIVE, 3 },
        { VIR_CONNECT_LIST_DOMAINS_PERSISTENT, 2 },
        { VIR_CONNECT_LIST_DOMAINS_TRANSIENT, 1 },
        { VIR_CONNECT_LIST_DOMAINS_TRANSIENT | VIR_CONNECT_LIST_DOMAINS_RUNNING, 0 },
        { VIR_CONNECT_LIST_DOMAINS_RUNNING, 1 },
        { VIR_CONNECT_LIST_DOMAINS_PAUSED, 1 },
        { VIR_CONNECT_LIST_DOMAINS_SHUTOFF, 1 },
        { VIR_CONNECT_LIST_DOMAINS_PAUSED | VIR_CONNECT_LIST_DOMAINS_SHUTOFF, 2 },
        { VIR_CONNECT_LIST_DOMAINS_OTHER, 0 },
        { VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE, 0 },
        { VIR_CONNECT_LIST_DOMAINS_NO_MANAGEDSAVE, 3 },
        { VIR_CONNECT_LIST_DOMAINS_AUTOSTART, 0 },
        { VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART, 3 },
        { VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT, 0 },
        { VIR_CONNECT_LIST_DOMAINS_NO_SNAPSHOT, 3 },
        { VIR_CONNECT_LIST_DOMAINS_HAS_CHECKPOINT, 0 },
        { VIR_CONNECT_LIST_DOMAINS_NO_CHECKPOINT, 3 },
    };
    virDomainPtr *domains, found;
    char *names[4];
    int ids[4];

    for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
        CHECK(virConnectListAllDomains(conn, NULL, filters[i].flags) == filters[i].count);
        CHECK(virConnectListAllDomains(conn, &domains, filters[i].flags) == filters[i].count);
        free_domains(domains, filters[i].count);
    }
    FAILS(virConnectListAllDomains(conn, NULL, UNKNOWN_FLAG), VIR_ERR_INVALID_ARG);
    FAILS(virConnectListAllDomains(conn, &domains, UNKNOWN_FLAG), VIR_ERR_INVALID_ARG);
    CHECK(domains == NULL);
    FAILS(virConnectListAllDomains(NULL, NULL, 0), VIR_ERR_INVALID_CONN);

    CHECK(virConnectNumOfDomains(conn) == 2);
    CHECK(virConnectListDomains(conn, ids, 4) == 2);
    CHECK(virConnectListDomains(conn, ids, 1) == 1);
    CHECK(virConnectListDomains(conn, ids, 0) == 0);
    CHECK((found = virDomainLookupByID(conn, (int)virDomainGetID(active))));
    SAME(virDomainGetName(found), "g");
    OK(virDomainFree(found));
    FAILS(virConnectListDomains(conn, NULL, 4), VIR_ERR_INVALID_ARG);
    FAILS(virConnectListDomains(conn, ids, -1), VIR_ERR_INVALID_ARG);
    FAILS(virConnectNumOfDomains(NULL), VIR_ERR_INVALID_CONN);
    CHECK(virConnectNumOfDefinedDomains(conn) == 1);
    CHECK(virConnectListDefinedDomains(conn, names, 4) == 1);
    SAME(names[0], "idle");
    free(names[0]);
    CHECK(virConnectListDefinedDomains(conn, names, 0) == 0);
    FAILS(virConnectListDefinedDomains(conn, NULL, 1), VIR_ERR_INVALID_ARG);
    FAILS(virConnectListDefinedDomains(conn, names, -1), VIR_ERR_INVALID_ARG);
    FAILS(virConnectNumOfDefinedDomains(NULL), VIR_ERR_INVALID_CONN);
}

/* --- definitions --- */

static void try_define(void)
{
    _cleanup_free_ char *xml = guest_text("d", "halt", 0), *other = NULL;
    virDomainPtr dom = virDomainDefineXMLFlags(conn, xml, VIR_DOMAIN_DEFINE_VALIDATE);
    char uuid[VIR_UUID_STRING_BUFLEN];

    CHECK(dom);
    OK(virDomainGetUUIDString(dom, uuid));
    IS_NULL(virDomainDefineXML(conn, xml), VIR_ERR_OPERATION_FAILED); /* it gets another UUID */
    HAS(virGetLastErrorMessage(), uuid);
    CHECK(asprintf(&other,
                   "<domain type='qemu'><name>e</name><uuid>%s</uuid>"
                   "<memory>16384</memory><os><type>hvm</type></os></domain>",
                   uuid) > 0);
    IS_NULL(virDomainDefineXML(conn, other), VIR_ERR_OPERATION_FAILED);
    HAS(virGetLastErrorMessage(), "'d'");
    IS_NULL(virDomainDefineXML(conn, "no XML"), VIR_ERR_XML_ERROR);
    IS_NULL(virDomainDefineXML(conn, ""), VIR_ERR_XML_ERROR);
    IS_NULL(virDomainDefineXML(conn, "<domain/>"), VIR_ERR_XML_ERROR);
    IS_NULL(virDomainDefineXML(conn, "<domain type='qemu'><name>x</name></domain>"),
            VIR_ERR_XML_ERROR);
    IS_NULL(virDomainDefineXML(conn, "<domain type='xen'><name>x</name><memory>4096</memory>"
                                     "<os><type>hvm</type></os></domain>"),
            VIR_ERR_CONFIG_UNSUPPORTED);
    IS_NULL(virDomainDefineXML(conn, NULL), VIR_ERR_INVALID_ARG);
    IS_NULL(virDomainDefineXML(NULL, xml), VIR_ERR_INVALID_CONN);
    IS_NULL(virDomainDefineXMLFlags(conn, xml, UNKNOWN_FLAG), VIR_ERR_INVALID_ARG);
    IS_NULL(virDomainDefineXMLFlags(conn, NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainUndefineFlags(dom, UNKNOWN_FLAG), VIR_ERR_INVALID_ARG);
    FAILS(virDomainUndefineFlags(dom, VIR_DOMAIN_UNDEFINE_NVRAM | VIR_DOMAIN_UNDEFINE_KEEP_NVRAM),
          VIR_ERR_INVALID_ARG);
    FAILS(virDomainUndefine(NULL), VIR_ERR_INVALID_DOMAIN);
    OK(virDomainUndefineFlags(dom, VIR_DOMAIN_UNDEFINE_MANAGED_SAVE));
    FAILS(virDomainUndefine(dom), VIR_ERR_NO_DOMAIN);
    FAILS(virDomainUndefineFlags(dom, 0), VIR_ERR_NO_DOMAIN);
    FAILS(virDomainCreate(dom), VIR_ERR_NO_DOMAIN);
    OK(virDomainFree(dom));
}

static void try_autostart(virDomainPtr dom, virDomainPtr transient)
{
    int autostart = -1;

    OK(virDomainGetAutostart(dom, &autostart));
    CHECK(autostart == 0);
    OK(virDomainSetAutostart(dom, 7)); /* any number but 0 */
    OK(virDomainGetAutostart(dom, &autostart));
    CHECK(autostart == 1);
    CHECK(virConnectListAllDomains(conn, NULL, VIR_CONNECT_LIST_DOMAINS_AUTOSTART) == 1);
    OK(virDomainSetAutostart(dom, 0));
    OK(virDomainGetAutostart(dom, &autostart));
    CHECK(autostart == 0);
    FAILS(virDomainGetAutostart(dom, NULL), VIR_ERR_INVALID_ARG);
    FAILS(virDomainGetAutostart(NULL, &autostart), VIR_ERR_INVALID_DOMAIN);
    FAILS(virDomainSetAutostart(NULL, 1), VIR_ERR_INVALID_DOMAIN);
    FAILS(virDomainSetAutostart(transient, 1), VIR_ERR_OPERATION_INVALID);
}

static void try_rename(virDomainPtr idle, virDomainPtr active)
{
    virDomainPtr found;

    FAILS(virDomainRename(active, "h", 0), VIR_ERR_OPERATION_INVALID);
    FAILS(virDomainRename(idle, "g", 0), VIR_ERR_OPERATION_INVALID);
    FAILS(virDomainRename(idle, NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainRename(idle, "h", UNKNOWN_FLAG), VIR_ERR_INVALID_ARG);
    FAILS(virDomainRename(NULL, "h", 0), VIR_ERR_INVALID_DOMAIN);
    CHECK(virDomainRename(idle, "", 0) == -1);
    CHECK(virDomainRename(idle, "a/b", 0) == -1);
    OK(virDomainRename(idle, "h", 0));
    SAME(virDomainGetName(idle), "idle");
    IS_NULL(virDomainLookupByName(conn, "idle"), VIR_ERR_NO_DOMAIN);
    CHECK((found = virDomainLookupByName(conn, "h")));
    OK(virDomainRename(idle, "idle", 0)); /* it still means this domain */
    OK(virDomainFree(found));
}

static void try_metadata(virDomainPtr active, virDomainPtr idle)
{
    enum { ELEMENT = VIR_DOMAIN_METADATA_ELEMENT, TITLE = VIR_DOMAIN_METADATA_TITLE };
    enum { LIVE = VIR_DOMAIN_AFFECT_LIVE, CONFIG = VIR_DOMAIN_AFFECT_CONFIG };
    char *text;

    IS_NULL(virDomainGetMetadata(idle, TITLE, NULL, 0), VIR_ERR_NO_DOMAIN_METADATA);
    OK(virDomainSetMetadata(idle, TITLE, "grüße", NULL, NULL, 0));
    CHECK((text = virDomainGetMetadata(idle, TITLE, NULL, CONFIG)));
    SAME(text, "grüße");
    free(text);
    OK(virDomainSetMetadata(idle, TITLE, NULL, NULL, NULL, 0));
    IS_NULL(virDomainGetMetadata(idle, TITLE, NULL, 0), VIR_ERR_NO_DOMAIN_METADATA);
    OK(virDomainSetMetadata(active, VIR_DOMAIN_METADATA_DESCRIPTION, "a\nb", NULL, NULL, LIVE));
    IS_NULL(virDomainGetMetadata(active, VIR_DOMAIN_METADATA_DESCRIPTION, NULL, CONFIG),
            VIR_ERR_NO_DOMAIN_METADATA);
    OK(virDomainSetMetadata(active, ELEMENT, "<e a='1'/>", "k", "urn:u", LIVE | CONFIG));
    for (unsigned int from = LIVE; from <= CONFIG; from <<= 1) {
        CHECK((text = virDomainGetMetadata(active, ELEMENT, "urn:u", from)));
        HAS(text, "a=");
        free(text);
    }
    OK(virDomainSetMetadata(active, ELEMENT, NULL, NULL, "urn:u", LIVE | CONFIG));
    IS_NULL(virDomainGetMetadata(active, ELEMENT, "urn:u", 0), VIR_ERR_NO_DOMAIN_METADATA);

    FAILS(virDomainSetMetadata(idle, TITLE, "a\nb", NULL, NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainSetMetadata(idle, TITLE, "a", "k", NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainSetMetadata(idle, ELEMENT, "<e/>", "k", NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainSetMetadata(idle, ELEMENT, "<e/>", NULL, "urn:u", 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainSetMetadata(idle, ELEMENT, "<e", "k", "urn:u", 0), VIR_ERR_XML_ERROR);
    FAILS(virDomainSetMetadata(idle, 9, "a", NULL, NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainSetMetadata(idle, TITLE, "a", NULL, NULL, UNKNOWN_FLAG), VIR_ERR_INVALID_ARG);
    FAILS(virDomainSetMetadata(idle, TITLE, "a", NULL, NULL, LIVE), VIR_ERR_OPERATION_INVALID);
    FAILS(virDomainSetMetadata(NULL, TITLE, "a", NULL, NULL, 0), VIR_ERR_INVALID_DOMAIN);
    IS_NULL(virDomainGetMetadata(idle, 9, NULL, 0), VIR_ERR_INVALID_ARG);
    IS_NULL(virDomainGetMetadata(idle, ELEMENT, NULL, 0), VIR_ERR_INVALID_ARG);
    IS_NULL(virDomainGetMetadata(idle, TITLE, NULL, LIVE), VIR_ERR_OPERATION_INVALID);
    IS_NULL(virDomainGetMetadata(active, TITLE, NULL, LIVE | CONFIG), VIR_ERR_INVALID_ARG);
    IS_NULL(virDomainGetMetadata(idle, TITLE, NULL, UNKNOWN_FLAG), VIR_ERR_INVALID_ARG);
    IS_NULL(virDomainGetMetadata(NULL, TITLE, NULL, 0), VIR_ERR_INVALID_DOMAIN);
}

/* --- what there is to know --- */

static void try_facts(virDomainPtr active, virDomainPtr idle, virDomainPtr transient)
{
    virDomainInfo info;
    int state = -1, reason = -1;
    char *type;

    OK(virDomainGetInfo(active, &info));
    CHECK(info.state == VIR_DOMAIN_RUNNING && info.cpuTime > 0);
    CHECK(info.maxMem == 16 * 1024 && info.memory == 16 * 1024 && info.nrVirtCpu == 1);
    OK(virDomainGetInfo(idle, &info));
    CHECK(info.state == VIR_DOMAIN_SHUTOFF && info.cpuTime == 0 && info.maxMem == 16 * 1024);
    OK(virDomainGetState(active, &state, &reason, 0));
    CHECK(state == VIR_DOMAIN_RUNNING && reason == VIR_DOMAIN_RUNNING_BOOTED);
    OK(virDomainGetState(transient, &state, &reason, 0));
    CHECK(state == VIR_DOMAIN_PAUSED && reason == VIR_DOMAIN_PAUSED_USER);
    OK(virDomainGetState(active, &state, NULL, 0));
    CHECK((type = virDomainGetOSType(idle)));
    SAME(type, "hvm");
    free(type);
    CHECK(virDomainGetMaxMemory(active) == 16 * 1024);
    CHECK(virDomainGetMaxVcpus(active) == 1 && virDomainGetMaxVcpus(idle) == 1);
    CHECK(virDomainGetVcpusFlags(active, 0) == 1);
    CHECK(virDomainGetVcpusFlags(active, VIR_DOMAIN_VCPU_LIVE | VIR_DOMAIN_VCPU_MAXIMUM) == 1);
    CHECK(virDomainGetVcpusFlags(idle, VIR_DOMAIN_VCPU_CONFIG) == 1);
    CHECK(virDomainIsActive(active) == 1 && virDomainIsActive(idle) == 0);
    CHECK(virDomainIsPersistent(idle) == 1 && virDomainIsPersistent(transient) == 0);
    CHECK(virDomainIsUpdated(active) == 0);

    FAILS(virDomainGetInfo(idle, NULL), VIR_ERR_INVALID_ARG);
    FAILS(virDomainGetInfo(NULL, &info), VIR_ERR_INVALID_DOMAIN);
    FAILS(virDomainGetState(idle, NULL, NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainGetState(idle, &state, NULL, UNKNOWN_FLAG), VIR_ERR_INVALID_ARG);
    FAILS(virDomainGetState(NULL, &state, NULL, 0), VIR_ERR_INVALID_DOMAIN);
    FAILS(virDomainGetVcpusFlags(idle, VIR_DOMAIN_VCPU_LIVE), VIR_ERR_OPERATION_INVALID);
    FAILS(virDomainGetVcpusFlags(transient, VIR_DOMAIN_VCPU_CONFIG), VIR_ERR_OPERATION_INVALID);
    FAILS(virDomainGetVcpusFlags(active, VIR_DOMAIN_VCPU_LIVE | VIR_DOMAIN_VCPU_CONFIG),
          VIR_ERR_INVALID_ARG);
    FAILS(virDomainGetVcpusFlags(active, VIR_DOMAIN_VCPU_GUEST), VIR_ERR_ARGUMENT_UNSUPPORTED);
    FAILS(virDomainGetVcpusFlags(active, UNKNOWN_FLAG), VIR_ERR_INVALID_ARG);
    FAILS(virDomainGetMaxVcpus(NULL), VIR_ERR_INVALID_DOMAIN);
    FAILS(virDomainIsActive(NULL), VIR_ERR_INVALID_DOMAIN);
    FAILS(virDomainIsPersistent(NULL), VIR_ERR_INVALID_DOMAIN);
    FAILS(virDomainIsUpdated(NULL), VIR_ERR_INVALID_DOMAIN);
    IS_NULL(virDomainGetOSType(NULL), VIR_ERR_INVALID_DOMAIN);
    CHECK(virDomainGetMaxMemory(NULL) == 0 && virGetLastErrorCode() == VIR_ERR_INVALID_DOMAIN);
}

static void try_texts(virDomainPtr active, virDomainPtr idle)
{
    virDomainControlInfo control;
    virSecurityLabel label;
    char **messages = NULL, *xml;

    CHECK((xml = virDomainGetXMLDesc(active, 0)));
    HAS(xml, "<domain type='qemu' id='");
    free(xml);
    CHECK((xml = virDomainGetXMLDesc(active, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE)));
    HAS(xml, "<domain type='qemu'>");
    free(xml);
    api_free_text(virDomainGetXMLDesc(idle, VIR_DOMAIN_XML_MIGRATABLE | VIR_DOMAIN_XML_UPDATE_CPU));
    IS_NULL(virDomainGetXMLDesc(idle, UNKNOWN_FLAG), VIR_ERR_INVALID_ARG);
    IS_NULL(virDomainGetXMLDesc(NULL, 0), VIR_ERR_INVALID_DOMAIN);
    OK(virDomainGetControlInfo(active, &control, 0));
    CHECK(control.state == VIR_DOMAIN_CONTROL_OK && control.details == 0);
    FAILS(virDomainGetControlInfo(idle, &control, 0), VIR_ERR_OPERATION_INVALID);
    FAILS(virDomainGetControlInfo(active, NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainGetControlInfo(active, &control, 1), VIR_ERR_INVALID_ARG);
    FAILS(virDomainGetControlInfo(NULL, &control, 0), VIR_ERR_INVALID_DOMAIN);
    CHECK(virDomainGetMessages(active, &messages, 0) == 0);
    CHECK(messages && messages[0] == NULL);
    free(messages);
    FAILS(virDomainGetMessages(active, NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainGetMessages(active, &messages, UNKNOWN_FLAG), VIR_ERR_INVALID_ARG);
    FAILS(virDomainGetMessages(NULL, &messages, 0), VIR_ERR_INVALID_DOMAIN);
    OK(virDomainGetSecurityLabel(active, &label));
    SAME(label.label, "");
    FAILS(virDomainGetSecurityLabel(active, NULL), VIR_ERR_INVALID_ARG);
    FAILS(virDomainGetSecurityLabel(NULL, &label), VIR_ERR_INVALID_DOMAIN);
}

static void try_monitor(virDomainPtr active, virDomainPtr idle)
{
    static const char query[] = "{\"execute\":\"query-status\",\"id\":\"mine\"}";
    static const char bad[] = "{\"execute\":\"no-such-command\"}";
    enum { HMP = VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP };
    char *answer = NULL;

    OK(virDomainQemuMonitorCommand(active, query, &answer, 0));
    HAS(answer, "\"running\"");
    free(answer);
    OK(virDomainQemuMonitorCommand(active, bad, &answer, 0)); /* an answer, too */
    HAS(answer, "CommandNotFound");
    free(answer);
    OK(virDomainQemuMonitorCommand(active, "info status", &answer, HMP));
    HAS(answer, "VM status: running");
    free(answer);
    OK(virDomainQemuMonitorCommand(active, "nonsense", &answer, HMP));
    HAS(answer, "unknown command");
    free(answer);
    answer = NULL;
    FAILS(virDomainQemuMonitorCommand(active, "no JSON", &answer, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainQemuMonitorCommand(active, "[]", &answer, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainQemuMonitorCommand(idle, query, &answer, 0), VIR_ERR_OPERATION_INVALID);
    FAILS(virDomainQemuMonitorCommand(active, query, &answer, UNKNOWN_FLAG), VIR_ERR_INVALID_ARG);
    FAILS(virDomainQemuMonitorCommand(active, NULL, &answer, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainQemuMonitorCommand(active, query, NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virDomainQemuMonitorCommand(NULL, query, &answer, 0), VIR_ERR_INVALID_DOMAIN);
    CHECK(answer == NULL);
}

/* --- the host --- */

static void free_names(char **names, int count)
{
    CHECK(names[count] == NULL);
    for (int i = 0; i < count; i++)
        api_free_text(names[i]);
    free(names);
}

static void try_guest_kinds(void)
{
    char **models = NULL, *xml;
    int count;

    CHECK((xml = virConnectGetCapabilities(conn)));
    HAS(xml, "<os_type>hvm</os_type>");
    free(xml);
    CHECK((xml = virConnectGetDomainCapabilities(conn, NULL, "x86_64", "q35", "qemu", 0)));
    HAS(xml, "<domain>qemu</domain>");
    free(xml);
    api_free_text(virConnectGetDomainCapabilities(conn, NULL, NULL, NULL, NULL, 0));
    count = virConnectGetCPUModelNames(conn, "x86_64", &models, 0);
    CHECK(count > 0 && virConnectGetCPUModelNames(conn, "x86_64", NULL, 0) == count);
    free_names(models, count);
    CHECK(virConnectGetMaxVcpus(conn, "qemu") > 0);
    CHECK(virConnectGetMaxVcpus(conn, NULL) > 0);

    IS_NULL(virConnectGetCapabilities(NULL), VIR_ERR_INVALID_CONN);
    IS_NULL(virConnectGetDomainCapabilities(conn, NULL, "vax", NULL, NULL, 0), VIR_ERR_INVALID_ARG);
    IS_NULL(virConnectGetDomainCapabilities(conn, NULL, NULL, "nonsense", NULL, 0),
            VIR_ERR_INVALID_ARG);
    IS_NULL(virConnectGetDomainCapabilities(conn, NULL, NULL, NULL, "xen", 0), VIR_ERR_INVALID_ARG);
    CHECK(virConnectGetDomainCapabilities(conn, "/nonexistent", NULL, NULL, NULL, 0) == NULL);
    IS_NULL(virConnectGetDomainCapabilities(conn, NULL, NULL, NULL, NULL, 1), VIR_ERR_INVALID_ARG);
    FAILS(virConnectGetCPUModelNames(conn, "vax", &models, 0), VIR_ERR_INVALID_ARG);
    CHECK(models == NULL);
    FAILS(virConnectGetCPUModelNames(conn, NULL, NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virConnectGetCPUModelNames(conn, "x86_64", NULL, 1), VIR_ERR_INVALID_ARG);
    FAILS(virConnectGetMaxVcpus(conn, "xen"), VIR_ERR_INVALID_ARG);
    FAILS(virConnectGetMaxVcpus(NULL, NULL), VIR_ERR_INVALID_CONN);
}

static void try_node(void)
{
    unsigned long long cells[64] = { 0 }, free_bytes;
    virSecurityModel model;
    virNodeInfo info;
    int count;

    OK(virNodeGetInfo(conn, &info));
    CHECK(info.model[0] && info.cpus > 0 && info.memory > 0 && info.nodes > 0);
    CHECK(info.sockets > 0 && info.cores > 0 && info.threads > 0);
    free_bytes = virNodeGetFreeMemory(conn);
    CHECK(free_bytes > 0 && free_bytes / 1024 <= info.memory);
    count = virNodeGetCellsFreeMemory(conn, cells, 0, 64);
    CHECK(count == (int)info.nodes && cells[0] > 0);
    CHECK(virNodeGetCellsFreeMemory(conn, cells, 0, 1) == 1);
    OK(virNodeGetSecurityModel(conn, &model));
    SAME(model.model, "none");
    SAME(model.doi, "0");

    FAILS(virNodeGetInfo(conn, NULL), VIR_ERR_INVALID_ARG);
    FAILS(virNodeGetInfo(NULL, &info), VIR_ERR_INVALID_CONN);
    CHECK(virNodeGetFreeMemory(NULL) == 0 && virGetLastErrorCode() == VIR_ERR_INVALID_CONN);
    FAILS(virNodeGetCellsFreeMemory(conn, NULL, 0, 1), VIR_ERR_INVALID_ARG);
    FAILS(virNodeGetCellsFreeMemory(conn, cells, -1, 1), VIR_ERR_INVALID_ARG);
    FAILS(virNodeGetCellsFreeMemory(conn, cells, 0, 0), VIR_ERR_INVALID_ARG);
    FAILS(virNodeGetCellsFreeMemory(conn, cells, 100000, 1), VIR_ERR_INVALID_ARG);
    FAILS(virNodeGetSecurityModel(conn, NULL), VIR_ERR_INVALID_ARG);
    FAILS(virNodeGetSecurityModel(NULL, &model), VIR_ERR_INVALID_CONN);
}

/* --- read-only --- */

static void try_read_only(const char *ro_uri)
{
    virConnectPtr ro = virConnectOpenReadOnly(ro_uri);
    _cleanup_free_ char *xml = guest_text("n", "halt", 0);
    virDomainPtr dom;
    virDomainInfo info;
    char *answer = NULL;

    CHECK(ro);
    CHECK((dom = virDomainLookupByName(ro, "g")));
    OK(virDomainGetInfo(dom, &info));
    api_free_text(virDomainGetXMLDesc(dom, VIR_DOMAIN_XML_INACTIVE));
    api_free_text(virConnectGetCapabilities(ro));
    IS_NULL(virDomainGetXMLDesc(dom, VIR_DOMAIN_XML_SECURE), VIR_ERR_OPERATION_DENIED);
    IS_NULL(virDomainGetXMLDesc(dom, VIR_DOMAIN_XML_MIGRATABLE), VIR_ERR_OPERATION_DENIED);
    IS_NULL(virDomainDefineXML(ro, xml), VIR_ERR_OPERATION_DENIED);
    IS_NULL(virDomainCreateXML(ro, xml, 0), VIR_ERR_OPERATION_DENIED);
    IS_NULL(virConnectGetDomainCapabilities(ro, NULL, NULL, NULL, NULL, 0),
            VIR_ERR_OPERATION_DENIED);
    IS_NULL(virDomainSaveImageGetXMLDesc(ro, "/dev/null", 0), VIR_ERR_OPERATION_DENIED);
    FAILS(virDomainSaveImageDefineXML(ro, "/dev/null", xml, 0), VIR_ERR_OPERATION_DENIED);
    FAILS(virDomainRestore(ro, "/dev/null"), VIR_ERR_OPERATION_DENIED);
    FAILS(virDomainRestoreFlags(ro, "/dev/null", 0), VIR_ERR_OPERATION_DENIED);
    FAILS(virDomainUndefine(dom), VIR_ERR_OPERATION_DENIED);
    FAILS(virDomainSetAutostart(dom, 1), VIR_ERR_OPERATION_DENIED);
    FAILS(virDomainRename(dom, "x", 0), VIR_ERR_OPERATION_DENIED);
    FAILS(virDomainSetMetadata(dom, VIR_DOMAIN_METADATA_TITLE, "x", NULL, NULL, 0),
          VIR_ERR_OPERATION_DENIED);
    FAILS(virDomainCreate(dom), VIR_ERR_OPERATION_DENIED);
    FAILS(virDomainSuspend(dom), VIR_ERR_OPERATION_DENIED);
    FAILS(virDomainResume(dom), VIR_ERR_OPERATION_DENIED);
    FAILS(virDomainShutdown(dom), VIR_ERR_OPERATION_DENIED);
    FAILS(virDomainReboot(dom, 0), VIR_ERR_OPERATION_DENIED);
    FAILS(virDomainReset(dom, 0), VIR_ERR_OPERATION_DENIED);
    FAILS(virDomainDestroy(dom), VIR_ERR_OPERATION_DENIED);
    FAILS(virDomainSave(dom, "/dev/null"), VIR_ERR_OPERATION_DENIED);
    FAILS(virDomainManagedSave(dom, 0), VIR_ERR_OPERATION_DENIED);
    FAILS(virDomainManagedSaveRemove(dom, 0), VIR_ERR_OPERATION_DENIED);
    FAILS(virDomainCoreDump(dom, "/dev/null", 0), VIR_ERR_OPERATION_DENIED);
    FAILS(virDomainAbortJob(dom), VIR_ERR_OPERATION_DENIED);
    FAILS(virDomainCancelJob(dom), VIR_ERR_OPERATION_DENIED);
    FAILS(virDomainQemuMonitorCommand(dom, "{}", &answer, 0), VIR_ERR_OPERATION_DENIED);
    OK(virDomainFree(dom));
    CHECK(virConnectClose(ro) == 0);
}

/* --- all of it --- */

static void try_domains(const char *ro_uri)
{
    virDomainPtr active = guest_define("g", "halt", 0), idle = guest_define("idle", "halt", 0);
    _cleanup_free_ char *xml = guest_text("t", "halt", 0);
    virDomainPtr transient;

    try_objects(active);
    try_define();
    OK(virDomainCreate(active));
    guest_booted("g");
    CHECK((transient = virDomainCreateXML(conn, xml, VIR_DOMAIN_START_PAUSED)));
    try_lists(active);
    try_autostart(idle, transient);
    try_rename(idle, active);
    try_facts(active, idle, transient);
    try_texts(active, idle);
    try_metadata(active, idle);
    try_monitor(active, idle);
    try_read_only(ro_uri);
    OK(virDomainDestroy(transient));
    OK(virDomainDestroy(active));
    OK(virDomainUndefine(active));
    OK(virDomainUndefine(idle));
    OK(virDomainFree(transient));
    OK(virDomainFree(active));
    OK(virDomainFree(idle));
}

int main(int argc, char **argv)
{
    atomic_uint told = 0;

    if (argc != 4) {
        (void)fprintf(stderr, "usage: api-domains URI READ-ONLY-URI DIRECTORY\n");
        return 2;
    }
    api_dir = argv[3];
    virSetErrorFunc(&told, api_quiet);
    conn = virConnectOpen(argv[1]);
    CHECK(conn);
    try_guest_kinds();
    try_node();
    try_domains(argv[2]);
    CHECK(told > 0);
    CHECK(virConnectClose(conn) == 0);
    return 0;
}
