/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Definitions of domains: made, removed, renamed, started with the daemon. */

#include "tools/dom.h"
#include "tools/flags.h"
#include "tools/xml.h"

int dom_define(struct cli *cli, const struct args *args)
{
    unsigned int flags = args_flag(args, "validate") ? VIR_DOMAIN_DEFINE_VALIDATE : 0;
    const char *file = args_text(args, "file");
    _cleanup_free_ char *xml = xml_read_file(file);
    _cleanup_domain_ virDomainPtr dom = NULL;

    if (!xml)
        return CLI_FAILED;
    dom = virDomainDefineXMLFlags(cli->conn, xml, flags);
    if (!dom)
        return cli_fail("cannot define a domain from '%s'", file);
    cli_say(cli, "Domain '%s' defined from %s", virDomainGetName(dom), file);
    return CLI_DONE;
}

int dom_undefine_check(const struct args *args)
{
    int r = OPTIONS_EXCLUDE(args, "nvram", "keep-nvram");

    return r == CLI_DONE ? OPTIONS_EXCLUDE(args, "tpm", "keep-tpm") : r;
}

int dom_undefine(struct cli *cli, const struct args *args)
{
    static const struct flag_row rows[] = {
        { "managed-save", VIR_DOMAIN_UNDEFINE_MANAGED_SAVE },
        { "snapshots-metadata", VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA },
        { "checkpoints-metadata", VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA },
        { "nvram", VIR_DOMAIN_UNDEFINE_NVRAM },
        { "keep-nvram", VIR_DOMAIN_UNDEFINE_KEEP_NVRAM },
        { "tpm", VIR_DOMAIN_UNDEFINE_TPM },
        { "keep-tpm", VIR_DOMAIN_UNDEFINE_KEEP_TPM },
        { NULL, 0 },
    };
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);

    if (!dom)
        return CLI_FAILED;
    if (virDomainUndefineFlags(dom, args_flags(args, rows)) < 0)
        return cli_fail("cannot undefine domain '%s'", virDomainGetName(dom));
    cli_say(cli, "Domain '%s' has been undefined", virDomainGetName(dom));
    return CLI_DONE;
}

int dom_rename(struct cli *cli, const struct args *args)
{
    const char *name = args_text(args, "new-name");
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);

    if (!dom)
        return CLI_FAILED;
    if (virDomainRename(dom, name, 0) < 0)
        return cli_fail("cannot rename domain '%s' to '%s'", virDomainGetName(dom), name);
    cli_say(cli, "Domain successfully renamed");
    return CLI_DONE;
}

int dom_autostart(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    bool on = !args_flag(args, "disable");

    if (!dom)
        return CLI_FAILED;
    if (virDomainSetAutostart(dom, on) < 0)
        return cli_fail("cannot %smark domain '%s' as autostarted", on ? "" : "un",
                        virDomainGetName(dom));
    cli_say(cli, "Domain '%s' %smarked as autostarted", virDomainGetName(dom), on ? "" : "un");
    return CLI_DONE;
}
