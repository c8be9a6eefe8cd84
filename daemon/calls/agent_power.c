/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest asked to end or to start over: by its agent, by the power button, or
 * by the one when the other will not.  Loop thread.
 */

#include "calls/agent_call.h"
#include "hypervisor/qemu/guest.h"
#include "util/alloc.h"

struct power_call {
    struct agent_call base;
    const struct job_kind *by_button;
};

static int press_button(struct call *call, const struct job_kind *kind)
{
    struct domain *domain = call_domain(call, call->args);

    if (!domain)
        return -1;
    return call_start_domain_job(call, kind, domain_spec_new(domain), false, NULL);
}

static int agent_failed(struct call *call, struct verror *err)
{
    const struct power_call *power = call->opaque;

    if (power->by_button && !client_is_gone(call->client))
        return press_button(call, power->by_button);
    verror_move(&call->err, err);
    return -1;
}

/* A command that went well is not answered: the guest goes down, or starts over. */
static int ask_agent(struct call *call, struct domain *domain, bool reboot,
                     const struct job_kind *by_button)
{
    struct agent_command command = {
        .name = "guest-shutdown",
        .arguments = json_pack("{s:s}", "mode", reboot ? "reboot" : "powerdown"),
        .sign = reboot ? AGENT_SIGN_RESET : AGENT_SIGN_SHUTDOWN,
        .wait = AGENT_POWER_SECONDS,
    };
    struct power_call *power = XNEW(struct power_call);

    power->base.failed = agent_failed;
    power->by_button = by_button;
    call->opaque = power;
    if (domain->guest)
        domain->guest->reboot_on_shutdown = false; /* the guest itself knows which it is */
    return call_agent(call, &command, agent_obeyed);
}

/* Of the ways to ask a guest; no flag: any way will do. */
static int check_ways(struct call *call, unsigned int flags)
{
    static const char *const names[] = { "acpi", "agent", "initctl", "signal", "paravirt" };

    if (!flags ||
        flags & (VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN | VIR_DOMAIN_SHUTDOWN_GUEST_AGENT))
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (flags & (1u << i))
            verror_set(&call->err, VIR_ERR_ARGUMENT_UNSUPPORTED,
                       "mode '%s' in function %s: only 'acpi' and 'agent' are provided", names[i],
                       call->proc->api);
    }
    return -1;
}

int agent_power(struct call *call, unsigned int flags, const struct job_kind *by_button)
{
    bool reboot = by_button == &domain_job_reboot;
    bool button = !flags || flags & VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN;
    struct domain *domain;

    if (check_ways(call, flags) < 0 || !(domain = call_domain(call, call->args)))
        return -1;
    if (button && (!domain_agent(domain, NULL) || flags == VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN))
        return press_button(call, by_button);
    return ask_agent(call, domain, reboot, button ? by_button : NULL);
}
