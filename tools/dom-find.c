/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what a user calls a domain to the domain. */

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "daemon/util/alloc.h"
#include "tools/dom.h"
#include "tools/text.h"

/* A number that may be an id; -1 = it is none. */
static int id_parse(const char *text)
{
    unsigned long value;
    char *end;

    if (!isdigit((unsigned char)text[0]))
        return -1;
    errno = 0;
    value = strtoul(text, &end, 10);
    return *end || errno || value > INT_MAX ? -1 : (int)value;
}

virDomainPtr dom_lookup(struct cli *cli, const char *name)
{
    virDomainPtr dom = NULL;
    int id = id_parse(name);

    if (id >= 0)
        dom = virDomainLookupByID(cli->conn, id);
    if (!dom && text_is_uuid(name))
        dom = virDomainLookupByUUIDString(cli->conn, name);
    return dom ? dom : virDomainLookupByName(cli->conn, name);
}

virDomainPtr dom_of(struct cli *cli, const struct args *args)
{
    const char *name = args_text(args, "domain");
    virDomainPtr dom = dom_lookup(cli, name);

    if (!dom)
        (void)cli_fail("cannot find domain '%s'", name);
    return dom;
}

char *dom_id_text(virDomainPtr dom)
{
    unsigned int id = virDomainGetID(dom);

    return id == DOM_NO_ID ? xstrdup("-") : xasprintf("%u", id);
}
