/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest and the agent inside it: which channel it has, and whether anybody is at the other end,
 * as QEMU tells.  See agent.h for the talking.  Loop thread.
 */

#include <libvirtjob/types.h>
#include <string.h>

#include "config.h"
#include "hypervisor/internal.h"
#include "hypervisor/qemu/agent.h"
#include "util/alloc.h"
#include "util/log.h"

enum { COMMAND_MS = 10000 };

/* NULL: it has no channel that we can connect to. */
static struct agent *guest_agent(struct guest *guest)
{
    const struct daemon *daemon = guest->domains->daemon;

    if (!guest->agent && guest->def->agent_path && !guest->exited)
        guest->agent = agent_new(daemon->base, guest->def->agent_path,
                                 (int)daemon->config->job_wait_seconds * 1000);
    return guest->agent;
}

static void set_port(struct guest *guest, bool open)
{
    struct agent *agent = guest_agent(guest);

    if (!agent || agent_is_there(agent) == open)
        return;
    log_debug("domain '%s': its agent has %s", guest->def->name, open ? "come" : "gone");
    agent_set_port(agent, open);
}

static const struct {
    const char *event;
    enum agent_sign sign;
} signs[] = {
    { "SHUTDOWN", AGENT_SIGN_SHUTDOWN },
    { "RESET", AGENT_SIGN_RESET },
    { "SUSPEND", AGENT_SIGN_SUSPEND },
    { "SUSPEND_DISK", AGENT_SIGN_SUSPEND },
};

void guest_agent_event(struct guest *guest, const char *name, const json_t *data)
{
    const char *id = json_string_value(json_object_get(data, "id"));
    const char *alias = guest->def->agent_alias;

    if (strcmp(name, "VSERPORT_CHANGE") == 0 && id && alias && strcmp(id, alias) == 0)
        set_port(guest, json_is_true(json_object_get(data, "open")));
    for (size_t i = 0; guest->agent && i < ARRAY_SIZE(signs); i++) {
        if (strcmp(name, signs[i].event) == 0)
            agent_saw(guest->agent, signs[i].sign);
    }
}

static void take_chardev(struct guest *guest, const json_t *chardev)
{
    _cleanup_free_ char *wanted = xasprintf("char%s", guest->def->agent_alias);
    const char *label = json_string_value(json_object_get(chardev, "label"));

    if (label && strcmp(label, wanted) == 0)
        set_port(guest, json_is_true(json_object_get(chardev, "frontend-open")));
}

static void chardevs_cb(void *opaque, json_t *value, struct verror *err)
{
    struct guest *guest = opaque;
    size_t i;
    json_t *chardev;

    if (err->code)
        log_warn("domain '%s' does not tell whether its agent is there: %s", guest->def->name,
                 verror_text(err));
    json_array_foreach(value, i, chardev)
    {
        if (guest->def->agent_alias)
            take_chardev(guest, chardev);
    }
    guest_unref(guest);
}

void guest_agent_presume(struct guest *guest)
{
    set_port(guest, guest->monitor != NULL);
}

void guest_agent_sync(struct guest *guest)
{
    if (guest_agent(guest))
        monitor_send(guest->monitor, "query-chardev", NULL, COMMAND_MS, chardevs_cb,
                     guest_ref(guest));
}

void guest_agent_close(struct guest *guest)
{
    agent_free(STEAL_PTR(guest->agent));
}

struct agent *domain_agent(const struct domain *domain, struct verror *err)
{
    struct guest *guest = domain->guest;

    if (domain_check_active(domain, err) < 0)
        return NULL;
    if (guest->starting || domain->state != VIR_DOMAIN_RUNNING) {
        verror_set(err, VIR_ERR_OPERATION_INVALID,
                   "domain '%s' does not run now, so its agent cannot answer",
                   domain_name(domain));
        return NULL;
    }
    if (!guest->def->agent_alias) {
        verror_set(err, VIR_ERR_ARGUMENT_UNSUPPORTED, "QEMU guest agent is not configured");
        return NULL;
    }
    if (guest->agent && agent_is_there(guest->agent))
        return guest->agent;
    verror_set(err, VIR_ERR_AGENT_UNRESPONSIVE, "QEMU guest agent is not connected");
    return NULL;
}
