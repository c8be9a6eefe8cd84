/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The texts a user keeps with a domain: title, description, XML of their own. */

#include <string.h>

#include "daemon/util/alloc.h"
#include "tools/dom.h"
#include "tools/editor.h"
#include "tools/flags.h"
#include "tools/text.h"

/* One such text. */
struct target {
    struct cli *cli;
    virDomainPtr dom;
    int type;        /* virDomainMetadataType */
    const char *key; /* of an element, else NULL */
    const char *uri; /* of an element, else NULL */
    unsigned int flags;
    const char *called; /* "title", … */
};

/* A new string; NULL when there is none and the error's code is ..._NO_DOMAIN_METADATA. */
static char *target_read(const struct target *target)
{
    unsigned int flags = target->flags;

    if (flags & VIR_DOMAIN_AFFECT_CONFIG)
        flags &= ~(unsigned int)VIR_DOMAIN_AFFECT_LIVE; /* only one can be read */
    return virDomainGetMetadata(target->dom, target->type, target->uri, flags);
}

/* An empty text is none. */
static int target_write(const struct target *target, const char *text)
{
    if (virDomainSetMetadata(target->dom, target->type, *text ? text : NULL, target->key,
                             target->uri, target->flags) < 0)
        return cli_fail("cannot set the %s of domain '%s'", target->called,
                        virDomainGetName(target->dom));
    return CLI_DONE;
}

static int target_fail(const struct target *target)
{
    return cli_fail("cannot get the %s of domain '%s'", target->called,
                    virDomainGetName(target->dom));
}

static char *text_get(void *opaque)
{
    const struct target *target = opaque;
    char *text = target_read(target);

    if (!text && virGetLastErrorCode() == VIR_ERR_NO_DOMAIN_METADATA)
        return xstrdup("");
    if (!text)
        (void)target_fail(target);
    return text;
}

static int desc_put(void *opaque, const char *text)
{
    const struct target *target = opaque;
    int r = target_write(target, text);

    if (r == CLI_DONE)
        cli_say(target->cli, "Domain %s updated successfully", target->called);
    return r;
}

/* What an editor left: a file ends with a newline, the text does not. */
static int desc_edited_put(void *opaque, const char *text)
{
    _cleanup_free_ char *copy = xstrdup(text);
    size_t len = strlen(copy);

    while (len > 0 && copy[len - 1] == '\n')
        copy[--len] = '\0';
    return desc_put(opaque, copy);
}

static int metadata_put(void *opaque, const char *text)
{
    const struct target *target = opaque;
    int r = target_write(target, text);

    if (r == CLI_DONE)
        cli_say(target->cli, "Metadata modified");
    return r;
}

static int target_edit(struct target *target, int (*put)(void *opaque, const char *text),
                       const char *suffix, const char *unchanged)
{
    _cleanup_free_ char *what =
        xasprintf("the %s of domain '%s'", target->called, virDomainGetName(target->dom));

    return edit_run(&(struct edit){ .cli = target->cli,
                                    .what = what,
                                    .unchanged = unchanged,
                                    .suffix = suffix,
                                    .get = text_get,
                                    .put = put,
                                    .opaque = target });
}

int dom_desc_check(const struct args *args)
{
    int r = dom_impact_check(args);

    return r == CLI_DONE ? OPTIONS_EXCLUDE(args, "edit", "new-desc") : r;
}

static int desc_show(const struct target *target)
{
    _cleanup_free_ char *text = target_read(target);

    if (text)
        cli_print(text);
    else if (virGetLastErrorCode() == VIR_ERR_NO_DOMAIN_METADATA)
        cli_say(target->cli, "No %s for domain: %s", target->called, virDomainGetName(target->dom));
    else
        return target_fail(target);
    return CLI_DONE;
}

int dom_desc(struct cli *cli, const struct args *args)
{
    bool title = args_flag(args, "title");
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    struct target target = { .cli = cli,
                             .dom = dom,
                             .type = title ? VIR_DOMAIN_METADATA_TITLE
                                           : VIR_DOMAIN_METADATA_DESCRIPTION,
                             .flags = args_flags(args, dom_impact_flags),
                             .called = title ? "title" : "description" };
    _cleanup_free_ char *text = NULL;

    if (!dom)
        return CLI_FAILED;
    if (args_flag(args, "edit"))
        return target_edit(&target, desc_edited_put, ".txt",
                           title ? "Domain title not changed" : "Domain description not changed");
    if (!args_flag(args, "new-desc"))
        return desc_show(&target);
    text = text_join(args_words(args, "new-desc"), " ");
    return desc_put(&target, text);
}

int dom_metadata_check(const struct args *args)
{
    int r = dom_impact_check(args);

    if (r == CLI_DONE)
        r = OPTIONS_EXCLUDE(args, "edit", "set", "remove");
    if (r == CLI_DONE && (args_flag(args, "edit") || args_flag(args, "set")) &&
        !args_flag(args, "key"))
        r = cli_usage("a namespace key is needed to change metadata: add --key");
    return r;
}

static int metadata_remove(const struct target *target)
{
    int r = target_write(target, "");

    if (r == CLI_DONE)
        cli_say(target->cli, "Metadata removed");
    return r;
}

int dom_metadata(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    struct target target = { .cli = cli,
                             .dom = dom,
                             .type = VIR_DOMAIN_METADATA_ELEMENT,
                             .key = args_text(args, "key"),
                             .uri = args_text(args, "uri"),
                             .flags = args_flags(args, dom_impact_flags),
                             .called = "metadata" };
    _cleanup_free_ char *text = NULL;

    if (!dom)
        return CLI_FAILED;
    if (args_flag(args, "edit"))
        return target_edit(&target, metadata_put, ".xml", "Metadata not changed");
    if (args_flag(args, "remove"))
        return metadata_remove(&target);
    if (args_flag(args, "set"))
        return metadata_put(&target, args_text(args, "set"));
    text = target_read(&target);
    if (!text)
        return target_fail(&target);
    cli_print(text);
    return CLI_DONE;
}
