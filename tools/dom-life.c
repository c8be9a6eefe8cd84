/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains started, which is a job, paused, and brought to their end. */

#include <string.h>

#include "daemon/util/alloc.h"
#include "tools/dom.h"
#include "tools/follow.h"
#include "tools/xml.h"

int dom_create(struct cli *cli, const struct args *args)
{
    static const struct flag_row rows[] = {
        { "paused", VIR_DOMAIN_START_PAUSED },
        { "validate", VIR_DOMAIN_START_VALIDATE },
        { NULL, 0 },
    };
    const char *file = args_text(args, "file");
    _cleanup_free_ char *xml = xml_read_file(file);
    _cleanup_domain_ virDomainPtr dom = NULL;

    if (!xml || long_job_prepare(cli, args) != CLI_DONE)
        return CLI_FAILED;
    dom = virDomainCreateXML(cli->conn, xml, VIR_DOMAIN_CREATE_XML_ASYNC | args_flags(args, rows));
    if (!dom)
        return cli_fail("cannot create a domain from '%s'", file);
    return long_job_finish(cli, args, virDomainGetJobRecord(dom, 0),
                           "Domain '%s' created from %s", virDomainGetName(dom), file);
}

int dom_start(struct cli *cli, const struct args *args)
{
    static const struct flag_row rows[] = {
        { "paused", VIR_DOMAIN_START_PAUSED },
        { "bypass-cache", VIR_DOMAIN_START_BYPASS_CACHE },
        { "force-boot", VIR_DOMAIN_START_FORCE_BOOT },
        { NULL, 0 },
    };
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);

    if (!dom || long_job_prepare(cli, args) != CLI_DONE)
        return CLI_FAILED;
    if (virDomainCreateFlags(dom, VIR_DOMAIN_CREATE_ASYNC | args_flags(args, rows)) < 0)
        return cli_fail("cannot start domain '%s'", virDomainGetName(dom));
    return long_job_finish(cli, args, virDomainGetJobRecord(dom, 0), "Domain '%s' started",
                           virDomainGetName(dom));
}

/* A call that is done when it returns, with the flags that its options made. */
static int short_call(struct cli *cli, const struct args *args,
                      int (*call)(virDomainPtr dom, unsigned int flags), unsigned int flags,
                      const char *verb, const char *done)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);

    if (!dom)
        return CLI_FAILED;
    if (call(dom, flags) < 0)
        return cli_fail("cannot %s domain '%s'", verb, virDomainGetName(dom));
    cli_say(cli, "Domain '%s' %s", virDomainGetName(dom), done);
    return CLI_DONE;
}

/* The numbers are the same for shutdown and reboot. */
static const struct {
    const char *name;
    unsigned int flag;
} stop_modes[] = {
    { "acpi", VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN },
    { "agent", VIR_DOMAIN_SHUTDOWN_GUEST_AGENT },
    { "initctl", VIR_DOMAIN_SHUTDOWN_INITCTL },
    { "signal", VIR_DOMAIN_SHUTDOWN_SIGNAL },
    { "paravirt", VIR_DOMAIN_SHUTDOWN_PARAVIRT },
};
const char *const dom_stop_modes[] = { "acpi", "agent", "initctl", "signal", "paravirt", NULL };
_Static_assert((int)VIR_DOMAIN_SHUTDOWN_PARAVIRT == (int)VIR_DOMAIN_REBOOT_PARAVIRT,
               "the modes of shutdown and reboot are numbered alike");

/* The flags of --mode acpi,agent,...; -1 and told when one is unknown. */
static int stop_flags(const struct args *args, unsigned int *ret_flags)
{
    _cleanup_free_ char *copy = xstrdup(args_text(args, "mode"));
    char *rest = copy;
    char *mode;

    *ret_flags = 0;
    while ((mode = strsep(&rest, ","))) {
        size_t i = 0;

        while (i < ARRAY_SIZE(stop_modes) && strcmp(stop_modes[i].name, mode) != 0)
            i++;
        if (i == ARRAY_SIZE(stop_modes)) {
            (void)cli_usage("'%s' is no mode of '%s'", mode, args->command->name);
            return -1;
        }
        *ret_flags |= stop_modes[i].flag;
    }
    return 0;
}

int dom_stop_check(const struct args *args)
{
    unsigned int ignored;

    return stop_flags(args, &ignored) < 0 ? CLI_USAGE : CLI_DONE;
}

int dom_shutdown(struct cli *cli, const struct args *args)
{
    unsigned int flags;

    if (stop_flags(args, &flags) < 0)
        return CLI_USAGE;
    return short_call(cli, args, virDomainShutdownFlags, flags, "shut down",
                      "is being shutdown");
}

int dom_reboot(struct cli *cli, const struct args *args)
{
    unsigned int flags;

    if (stop_flags(args, &flags) < 0)
        return CLI_USAGE;
    return short_call(cli, args, virDomainReboot, flags, "reboot", "is being rebooted");
}

int dom_reset(struct cli *cli, const struct args *args)
{
    return short_call(cli, args, virDomainReset, 0, "reset", "was reset");
}

int dom_inject_nmi(struct cli *cli, const struct args *args)
{
    return short_call(cli, args, virDomainInjectNMI, 0, "interrupt", "got an NMI");
}

int dom_wakeup(struct cli *cli, const struct args *args)
{
    return short_call(cli, args, virDomainPMWakeup, 0, "wake up", "successfully woken up");
}

int dom_destroy(struct cli *cli, const struct args *args)
{
    static const struct flag_row rows[] = {
        { "graceful", VIR_DOMAIN_DESTROY_GRACEFUL },
        { "remove-logs", VIR_DOMAIN_DESTROY_REMOVE_LOGS },
        { NULL, 0 },
    };

    return short_call(cli, args, virDomainDestroyFlags, args_flags(args, rows), "destroy",
                      "destroyed");
}

static int suspend(virDomainPtr dom, unsigned int flags)
{
    (void)flags;
    return virDomainSuspend(dom);
}

static int resume(virDomainPtr dom, unsigned int flags)
{
    (void)flags;
    return virDomainResume(dom);
}

int dom_suspend(struct cli *cli, const struct args *args)
{
    return short_call(cli, args, suspend, 0, "suspend", "suspended");
}

int dom_resume(struct cli *cli, const struct args *args)
{
    return short_call(cli, args, resume, 0, "resume", "resumed");
}
