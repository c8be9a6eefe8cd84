/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One domain described. */

#include <stdio.h>

#include "daemon/util/alloc.h"
#include "tools/dom-text.h"
#include "tools/dom.h"
#include "tools/text.h"

/* All that the calls say of a domain, got before anything is printed. */
struct facts {
    char uuid[VIR_UUID_STRING_BUFLEN];
    char *os_type;
    virDomainInfo info;
    int persistent;
    int autostart;
    int managed_save;
    virSecurityModel model;
    virSecurityLabel label;
    char **messages;
    int message_count;
};

static void facts_done(struct facts *facts)
{
    int i;

    free(facts->os_type);
    for (i = 0; i < facts->message_count; i++)
        free(facts->messages[i]);
    free(facts->messages);
}
#define _cleanup_facts_ _cleanup_(facts_done)

static int facts_get(struct cli *cli, virDomainPtr dom, struct facts *facts)
{
    facts->os_type = virDomainGetOSType(dom);
    facts->persistent = virDomainIsPersistent(dom);
    facts->managed_save = virDomainHasManagedSaveImage(dom, 0);
    facts->message_count = virDomainGetMessages(dom, &facts->messages, 0);
    if (!facts->os_type || facts->persistent < 0 || facts->managed_save < 0 ||
        facts->message_count < 0)
        return -1;
    if (virDomainGetUUIDString(dom, facts->uuid) < 0 || virDomainGetInfo(dom, &facts->info) < 0 ||
        virDomainGetAutostart(dom, &facts->autostart) < 0 ||
        virNodeGetSecurityModel(cli->conn, &facts->model) < 0)
        return -1;
    if (facts->model.model[0] && virDomainGetID(dom) != DOM_NO_ID)
        return virDomainGetSecurityLabel(dom, &facts->label);
    return 0;
}

static void line_print(const char *key, const char *value)
{
    _cleanup_free_ char *line = xstrdup(value);

    text_make_line(line);
    printf("%-15s %s\n", key, line);
}

static void security_print(const struct facts *facts)
{
    if (!facts->model.model[0])
        return;
    line_print("Security model:", facts->model.model);
    line_print("Security DOI:", facts->model.doi);
    if (facts->label.label[0])
        printf("%-15s %s (%s)\n", "Security label:", facts->label.label,
               facts->label.enforcing ? "enforcing" : "permissive");
}

int dom_info(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    _cleanup_facts_ struct facts facts = { 0 };
    _cleanup_free_ char *id = NULL;
    int i;

    if (!dom)
        return CLI_FAILED;
    if (facts_get(cli, dom, &facts) < 0)
        return cli_fail("cannot ask for domain '%s'", virDomainGetName(dom));
    id = dom_id_text(dom);
    printf("%-15s %s\n", "Id:", id);
    printf("%-15s %s\n", "Name:", virDomainGetName(dom));
    printf("%-15s %s\n", "UUID:", facts.uuid);
    line_print("OS Type:", facts.os_type);
    printf("%-15s %s\n", "State:", dom_state_text(facts.info.state));
    printf("%-15s %hu\n", "CPU(s):", facts.info.nrVirtCpu);
    if (facts.info.cpuTime > 0)
        printf("%-15s %.1fs\n", "CPU time:", (double)facts.info.cpuTime / 1000000000.0);
    printf("%-15s %lu KiB\n", "Max memory:", facts.info.maxMem);
    printf("%-15s %lu KiB\n", "Used memory:", facts.info.memory);
    printf("%-15s %s\n", "Persistent:", facts.persistent ? "yes" : "no");
    printf("%-15s %s\n", "Autostart:", facts.autostart ? "enable" : "disable");
    printf("%-15s %s\n", "Managed save:", facts.managed_save ? "yes" : "no");
    security_print(&facts);
    for (i = 0; i < facts.message_count; i++)
        line_print(i == 0 ? "Messages:" : "", facts.messages[i]);
    return CLI_DONE;
}

int dom_state(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    int state, reason;

    if (!dom)
        return CLI_FAILED;
    if (virDomainGetState(dom, &state, &reason, 0) < 0)
        return cli_fail("cannot get the state of domain '%s'", virDomainGetName(dom));
    if (args_flag(args, "reason"))
        printf("%s (%s)\n", dom_state_text(state), dom_reason_text(state, reason));
    else
        printf("%s\n", dom_state_text(state));
    return CLI_DONE;
}

int dom_control(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    virDomainControlInfo info;

    if (!dom)
        return CLI_FAILED;
    if (virDomainGetControlInfo(dom, &info, 0) < 0)
        return cli_fail("cannot get the control state of domain '%s'", virDomainGetName(dom));
    if (info.state == VIR_DOMAIN_CONTROL_OK || info.state == VIR_DOMAIN_CONTROL_ERROR)
        printf("%s\n", dom_control_text(info.state));
    else
        printf("%s (%.3fs)\n", dom_control_text(info.state), (double)info.stateTime / 1000.0);
    return CLI_DONE;
}

int dom_dumpxml(struct cli *cli, const struct args *args)
{
    static const struct flag_row rows[] = {
        { "inactive", VIR_DOMAIN_XML_INACTIVE },
        { "security-info", VIR_DOMAIN_XML_SECURE },
        { "update-cpu", VIR_DOMAIN_XML_UPDATE_CPU },
        { "migratable", VIR_DOMAIN_XML_MIGRATABLE },
        { NULL, 0 },
    };
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    _cleanup_free_ char *xml = NULL;

    if (!dom)
        return CLI_FAILED;
    xml = virDomainGetXMLDesc(dom, args_flags(args, rows));
    if (!xml)
        return cli_fail("cannot get the XML of domain '%s'", virDomainGetName(dom));
    return dom_xml_print(args, xml);
}

int dom_id(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    _cleanup_free_ char *id = dom ? dom_id_text(dom) : NULL;

    if (!dom)
        return CLI_FAILED;
    printf("%s\n", id);
    return CLI_DONE;
}

int dom_name(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);

    if (!dom)
        return CLI_FAILED;
    printf("%s\n", virDomainGetName(dom));
    return CLI_DONE;
}

int dom_uuid(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    char uuid[VIR_UUID_STRING_BUFLEN];

    if (!dom)
        return CLI_FAILED;
    if (virDomainGetUUIDString(dom, uuid) < 0)
        return cli_fail("cannot get the UUID of domain '%s'", virDomainGetName(dom));
    printf("%s\n", uuid);
    return CLI_DONE;
}
