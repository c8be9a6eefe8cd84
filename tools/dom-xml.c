/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XML of domains, or what is selected of it, printed. */

#include <stdio.h>

#include "tools/dom.h"
#include "tools/xml.h"

int dom_xml_check(const struct args *args)
{
    if (args_flag(args, "wrap") && !args_flag(args, "xpath"))
        return cli_usage("option --wrap needs --xpath");
    return CLI_DONE;
}

int dom_xml_print(const struct args *args, const char *xml)
{
    const char *xpath = args_text(args, "xpath");
    _cleanup_free_ char *selected = NULL;

    if (!xpath) {
        cli_print(xml);
        return CLI_DONE;
    }
    selected = xml_select(xml, xpath, args_flag(args, "wrap"));
    if (!selected)
        return CLI_FAILED;
    fputs(selected, stdout);
    return CLI_DONE;
}
