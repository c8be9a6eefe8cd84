/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --live, --config and --current, which many commands on domains have. */

#include "tools/dom.h"
#include "tools/flags.h"

const struct flag_row dom_impact_flags[] = {
    { "live", VIR_DOMAIN_AFFECT_LIVE },
    { "config", VIR_DOMAIN_AFFECT_CONFIG },
    { NULL, 0 },
};

int dom_impact_check(const struct args *args)
{
    int r = OPTIONS_EXCLUDE(args, "current", "live");

    return r == CLI_DONE ? OPTIONS_EXCLUDE(args, "current", "config") : r;
}
