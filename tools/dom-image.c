/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The XML in save images: shown, and replaced. */

#include "tools/dom.h"
#include "tools/xml.h"

static unsigned int xml_flags(const struct args *args)
{
    return args_flag(args, "security-info") ? VIR_DOMAIN_SAVE_IMAGE_XML_SECURE : 0;
}

int dom_image_dumpxml(struct cli *cli, const struct args *args)
{
    const char *file = args_text(args, "file");
    _cleanup_free_ char *xml = virDomainSaveImageGetXMLDesc(cli->conn, file, xml_flags(args));

    if (!xml)
        return cli_fail("cannot get the XML in '%s'", file);
    return dom_xml_print(args, xml);
}

int dom_image_define(struct cli *cli, const struct args *args)
{
    const char *file = args_text(args, "file");
    _cleanup_free_ char *xml = xml_read_file(args_text(args, "xml"));

    if (!xml)
        return CLI_FAILED;
    if (virDomainSaveImageDefineXML(cli->conn, file, xml, args_flags(args, dom_resume_flags)) < 0)
        return cli_fail("cannot change the XML in '%s'", file);
    cli_say(cli, "State file %s updated.", file);
    return CLI_DONE;
}

int dom_managedsave_dumpxml(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    _cleanup_free_ char *xml = NULL;

    if (!dom)
        return CLI_FAILED;
    xml = virDomainManagedSaveGetXMLDesc(dom, xml_flags(args));
    if (!xml)
        return cli_fail("cannot get the XML in the managed save image of domain '%s'",
                        virDomainGetName(dom));
    return dom_xml_print(args, xml);
}

int dom_managedsave_define(struct cli *cli, const struct args *args)
{
    _cleanup_free_ char *xml = xml_read_file(args_text(args, "xml"));
    _cleanup_domain_ virDomainPtr dom = xml ? dom_of(cli, args) : NULL;

    if (!dom)
        return CLI_FAILED;
    if (virDomainManagedSaveDefineXML(dom, xml, args_flags(args, dom_resume_flags)) < 0)
        return cli_fail("cannot change the XML in the managed save image of domain '%s'",
                        virDomainGetName(dom));
    cli_say(cli, "Managed save state file of domain '%s' updated.", virDomainGetName(dom));
    return CLI_DONE;
}
