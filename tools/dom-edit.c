/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The XML of a domain, or in an image of one, in the user's editor. */

#include "daemon/util/alloc.h"
#include "tools/dom.h"
#include "tools/editor.h"

/* Whose XML it is. */
struct target {
    struct cli *cli;
    virDomainPtr dom;   /* or NULL */
    const char *file;   /* or NULL */
    unsigned int flags; /* of the call that puts it back */
};

/* Opens the editor. */
static int target_edit(struct target *target, char *(*get)(void *opaque),
                       int (*put)(void *opaque, const char *text), const char *what,
                       const char *unchanged)
{
    return edit_run(&(struct edit){ .cli = target->cli,
                                    .what = what,
                                    .unchanged = unchanged,
                                    .suffix = ".xml",
                                    .get = get,
                                    .put = put,
                                    .opaque = target });
}

static char *definition_get(void *opaque)
{
    struct target *target = opaque;
    char *xml = virDomainGetXMLDesc(target->dom, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);

    if (!xml)
        (void)cli_fail("cannot get the XML of domain '%s'", virDomainGetName(target->dom));
    return xml;
}

static int definition_put(void *opaque, const char *xml)
{
    struct target *target = opaque;
    _cleanup_domain_ virDomainPtr defined =
        virDomainDefineXMLFlags(target->cli->conn, xml, target->flags);

    if (!defined)
        return cli_fail("cannot define domain '%s'", virDomainGetName(target->dom));
    cli_say(target->cli, "Domain '%s' XML configuration edited.", virDomainGetName(defined));
    return CLI_DONE;
}

int dom_edit(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    struct target target = { .cli = cli, .dom = dom };
    _cleanup_free_ char *what = NULL;
    _cleanup_free_ char *unchanged = NULL;

    if (!dom)
        return CLI_FAILED;
    if (!args_flag(args, "skip-validate"))
        target.flags = VIR_DOMAIN_DEFINE_VALIDATE;
    what = xasprintf("the configuration of domain '%s'", virDomainGetName(dom));
    unchanged = xasprintf("Domain '%s' XML configuration not changed.", virDomainGetName(dom));
    return target_edit(&target, definition_get, definition_put, what, unchanged);
}

static char *image_get(void *opaque)
{
    struct target *target = opaque;
    char *xml = virDomainSaveImageGetXMLDesc(target->cli->conn, target->file,
                                             VIR_DOMAIN_SAVE_IMAGE_XML_SECURE);

    if (!xml)
        (void)cli_fail("cannot get the XML in '%s'", target->file);
    return xml;
}

static int image_put(void *opaque, const char *xml)
{
    struct target *target = opaque;

    if (virDomainSaveImageDefineXML(target->cli->conn, target->file, xml, target->flags) < 0)
        return cli_fail("cannot change the XML in '%s'", target->file);
    cli_say(target->cli, "State file %s edited.", target->file);
    return CLI_DONE;
}

int dom_image_edit(struct cli *cli, const struct args *args)
{
    struct target target = { .cli = cli,
                             .file = args_text(args, "file"),
                             .flags = args_flags(args, dom_resume_flags) };
    _cleanup_free_ char *what = xasprintf("the XML in '%s'", target.file);
    _cleanup_free_ char *unchanged =
        xasprintf("Saved image %s XML configuration not changed.", target.file);

    return target_edit(&target, image_get, image_put, what, unchanged);
}

static char *managedsave_get(void *opaque)
{
    struct target *target = opaque;
    char *xml = virDomainManagedSaveGetXMLDesc(target->dom, VIR_DOMAIN_SAVE_IMAGE_XML_SECURE);

    if (!xml)
        (void)cli_fail("cannot get the XML in the managed save image of domain '%s'",
                       virDomainGetName(target->dom));
    return xml;
}

static int managedsave_put(void *opaque, const char *xml)
{
    struct target *target = opaque;
    const char *name = virDomainGetName(target->dom);

    if (virDomainManagedSaveDefineXML(target->dom, xml, target->flags) < 0)
        return cli_fail("cannot change the XML in the managed save image of domain '%s'", name);
    cli_say(target->cli, "Managed save image of domain '%s' XML configuration edited.", name);
    return CLI_DONE;
}

int dom_managedsave_edit(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    struct target target = { .cli = cli, .dom = dom, .flags = args_flags(args, dom_resume_flags) };
    _cleanup_free_ char *what = NULL;
    _cleanup_free_ char *unchanged = NULL;

    if (!dom)
        return CLI_FAILED;
    what = xasprintf("the managed save image of domain '%s'", virDomainGetName(dom));
    unchanged = xasprintf("Managed save image of domain '%s' XML configuration not changed.",
                          virDomainGetName(dom));
    return target_edit(&target, managedsave_get, managedsave_put, what, unchanged);
}
