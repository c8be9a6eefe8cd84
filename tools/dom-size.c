/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much memory and how many CPUs a domain has: set, and the CPUs counted. */

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "tools/dom.h"
#include "tools/flags.h"
#include "tools/size.h"

/* --- memory --- */

/* KiB where nothing else is said, as virsh takes it. */
static int parse_kib(const char *text, unsigned long *ret_kib)
{
    unsigned long long number;

    if (size_parse(text, &number) < 0)
        return cli_usage("'%s' is no size", text);
    if (!isdigit((unsigned char)text[strlen(text) - 1]))
        number = number / 1024 + (number % 1024 != 0);
    if (number > ULONG_MAX)
        return cli_usage("'%s' is too large", text);
    *ret_kib = (unsigned long)number;
    return CLI_DONE;
}

int dom_size_check(const struct args *args)
{
    unsigned long ignored;
    int r = dom_impact_check(args);

    return r == CLI_DONE ? parse_kib(args_text(args, "size"), &ignored) : r;
}

static int set_memory(struct cli *cli, const struct args *args, unsigned int flags,
                      const char *called)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    unsigned long kib;

    if (!dom)
        return CLI_FAILED;
    if (parse_kib(args_text(args, "size"), &kib) != CLI_DONE)
        return CLI_USAGE;
    if (virDomainSetMemoryFlags(dom, kib, flags | args_flags(args, dom_impact_flags)) < 0)
        return cli_fail("cannot set the %s of domain '%s'", called, virDomainGetName(dom));
    return CLI_DONE;
}

int dom_setmem(struct cli *cli, const struct args *args)
{
    return set_memory(cli, args, 0, "memory");
}

int dom_setmaxmem(struct cli *cli, const struct args *args)
{
    return set_memory(cli, args, VIR_DOMAIN_MEM_MAXIMUM, "maximum memory");
}

/* --- CPUs --- */

static const struct flag_row vcpu_flags[] = {
    { "live", VIR_DOMAIN_VCPU_LIVE },
    { "config", VIR_DOMAIN_VCPU_CONFIG },
    { "maximum", VIR_DOMAIN_VCPU_MAXIMUM },
    { "guest", VIR_DOMAIN_VCPU_GUEST },
    { NULL, 0 },
};

int dom_setvcpus_check(const struct args *args)
{
    unsigned long long count = args_number(args, "count", 0);
    int r = dom_impact_check(args);

    if (r == CLI_DONE && (count == 0 || count > UINT_MAX))
        r = cli_usage("'%s' is no number of CPUs", args_text(args, "count"));
    return r;
}

int dom_setvcpus(struct cli *cli, const struct args *args)
{
    static const struct flag_row hotplug[] = {
        { "hotpluggable", VIR_DOMAIN_VCPU_HOTPLUGGABLE },
        { NULL, 0 },
    };
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);

    if (!dom)
        return CLI_FAILED;
    if (virDomainSetVcpusFlags(dom, (unsigned int)args_number(args, "count", 0),
                               args_flags(args, vcpu_flags) | args_flags(args, hotplug)) < 0)
        return cli_fail("cannot set the number of CPUs of domain '%s'", virDomainGetName(dom));
    return CLI_DONE;
}

int dom_vcpucount_check(const struct args *args)
{
    int r = dom_impact_check(args);

    if (r == CLI_DONE)
        r = OPTIONS_EXCLUDE(args, "live", "config");
    if (r == CLI_DONE)
        r = OPTIONS_EXCLUDE(args, "maximum", "active", "guest");
    return r;
}

/* The line of one number; none where there is no such thing, as a transient domain's definition. */
static void count_print(virDomainPtr dom, const char *which, const char *where, unsigned int flags)
{
    int count = virDomainGetVcpusFlags(dom, flags);

    if (count >= 0)
        printf("%-12s %-12s %3d\n", which, where, count);
}

static int counts_print(virDomainPtr dom)
{
    enum { MAXIMUM = VIR_DOMAIN_VCPU_MAXIMUM };
    int active = virDomainIsActive(dom), persistent = virDomainIsPersistent(dom);

    if (active < 0 || persistent < 0)
        return cli_fail("cannot count the CPUs of domain '%s'", virDomainGetName(dom));
    if (persistent)
        count_print(dom, "maximum", "config", VIR_DOMAIN_VCPU_CONFIG | MAXIMUM);
    if (active)
        count_print(dom, "maximum", "live", VIR_DOMAIN_VCPU_LIVE | MAXIMUM);
    if (persistent)
        count_print(dom, "current", "config", VIR_DOMAIN_VCPU_CONFIG);
    if (active)
        count_print(dom, "current", "live", VIR_DOMAIN_VCPU_LIVE);
    return CLI_DONE;
}

int dom_vcpucount(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    unsigned int flags = args_flags(args, vcpu_flags);
    int count;

    if (!dom)
        return CLI_FAILED;
    if (!flags && !args_flag(args, "current") && !args_flag(args, "active"))
        return counts_print(dom);
    count = virDomainGetVcpusFlags(dom, flags);
    if (count < 0)
        return cli_fail("cannot count the CPUs of domain '%s'", virDomainGetName(dom));
    printf("%d\n", count);
    return CLI_DONE;
}
