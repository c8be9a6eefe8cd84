/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * QEMU's monitor and the guest's agent, past the daemon: the QEMU program.
 * What the client writes goes there as it is, and the answer back; QEMU's errors
 * included, while the agent's are those of the call.  Loop thread; a QEMU that
 * hangs keeps the call until its time is over.
 */

#include <jansson.h>
#include <string.h>

#include "calls/agent_call.h"
#include "hypervisor/qemu/guest.h"
#include "hypervisor/qemu/monitor.h"
#include "hypervisor/qemu/qmp_json.h"
#include "protocol/qemu.h"
#include "util/alloc.h"

enum { MONITOR_HMP = 1 << 0, ANSWER_MS = 30000, NAME_SHOWN = 64 };

static void answer(struct call *call, char *text)
{
    struct qemu_monitor_command_ret *ret = call->ret;

    ret->result = text;
    call_reply(call);
}

static void fail(struct call *call, struct verror *err)
{
    verror_move(&call->err, err);
    call_fail(call);
}

/* The whole reply, as it came. */
static void raw_done(void *opaque, json_t *reply, struct verror *err)
{
    struct call *call = opaque;

    if (err->code)
        fail(call, err);
    else
        answer(call, json_dumps(reply, JSON_COMPACT));
}

/* The text that a person would have seen. */
static void human_done(void *opaque, json_t *value, struct verror *err)
{
    struct call *call = opaque;

    if (err->code)
        fail(call, err);
    else
        answer(call, xstrdup(json_is_string(value) ? json_string_value(value) : ""));
}

static int monitor_command(struct call *call)
{
    const struct qemu_monitor_command_args *args = call->args;
    const struct domain *domain;
    struct monitor *monitor;

    if (call_check_flags(call, args->flags, MONITOR_HMP) < 0 ||
        !(domain = call_domain(call, &args->domain)) ||
        domain_check_active(domain, &call->err) < 0)
        return -1;
    if (domain->guest->starting)
        return verror_set(&call->err, VIR_ERR_OPERATION_INVALID,
                          "domain '%s' is still being started", domain_name(domain));
    monitor = domain->guest->monitor;
    if (!monitor || !monitor_is_open(monitor))
        return verror_set(&call->err, VIR_ERR_OPERATION_FAILED,
                          "the monitor of domain '%s' is not connected", domain_name(domain));
    if (args->flags & MONITOR_HMP)
        monitor_send(monitor, "human-monitor-command",
                     json_pack("{s:s}", "command-line", args->command), ANSWER_MS, human_done,
                     call);
    else if (monitor_send_raw(monitor, args->command, call->nfds ? call->fds[0] : -1, ANSWER_MS,
                              raw_done, call, &call->err) < 0)
        return -1;
    return CALL_PENDING;
}

/* QEMU takes one descriptor with a command, "add-fd" for one. */
static int monitor_command_with_files(struct call *call)
{
    const struct qemu_monitor_command_args *args = call->args;

    if (args->flags & MONITOR_HMP && call->nfds > 0)
        return verror_set(&call->err, VIR_ERR_ARGUMENT_UNSUPPORTED,
                          "a file descriptor with a command of the human monitor in function %s",
                          call->proc->api);
    if (call->nfds > 1)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "at most 1 fd can be passed to qemu along with a command");
    return monitor_command(call);
}

/* A guest that somebody else has started: none of its files and devices would be known. */
static int attach(struct call *call)
{
    const struct qemu_attach_args *args = call->args;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    return verror_set(&call->err, VIR_ERR_NO_SUPPORT, "%s", call->proc->api);
}

/* --- the agent --- */

static int agent_answered(struct call *call, json_t *value)
{
    struct qemu_agent_command_ret *ret = call->ret;

    ret->result = xmalloc(sizeof(*ret->result));
    *ret->result = value ? json_dumps(value, JSON_COMPACT) : xstrdup(""); /* not waited for */
    return 0;
}

/* What the text executes, for errors; a new string, NULL with call->err where it is no command. */
static char *command_name(struct call *call, const char *text)
{
    _cleanup_free_ char *why = NULL;
    json_t *command = qmp_decode(text, strlen(text), QMP_VALUES_FEW, 0, &why);
    const char *name = json_string_value(json_object_get(command, "execute"));
    char *copy = NULL;

    if (name)
        copy = qmp_printable(name, strlen(name), NAME_SHOWN);
    else
        verror_set(&call->err, VIR_ERR_INVALID_ARG, "the command for the guest agent is %s",
                   why ? why : "no object that has an 'execute'");
    json_decref(command);
    return copy;
}

static int agent_command(struct call *call)
{
    const struct qemu_agent_command_args *args = call->args;
    struct agent_command command = {
        .line = args->command,
        .wait = args->timeout,
        .forget = args->timeout == 0,
    };
    _cleanup_free_ char *name = NULL;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    if (args->timeout < AGENT_WAIT_EVER)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "guest agent timeout '%d' is less than the minimum '%d'", args->timeout,
                          AGENT_WAIT_EVER);
    if (call_check_agent(call) < 0 || !(name = command_name(call, args->command)))
        return -1;
    command.name = name;
    if (command.forget)
        command.wait = AGENT_WAIT_DEFAULT; /* that it is there must be seen even so */
    return call_agent(call, &command, agent_answered);
}

static const struct proc procs[] = {
    { .number = QEMU_PROC_DOMAIN_ATTACH,
      .api = "virDomainQemuAttach",
      PROC_ON(DOMAIN, CHANGE),
      .access = ACCESS_WRITE,
      .class = CLASS_MEMORY,
      .error_domain = VIR_FROM_QEMU,
      PROC_ARGS(qemu_attach_args),
      PROC_RET(qemu_attach_ret),
      .handler = attach },
    { .number = QEMU_PROC_DOMAIN_MONITOR_COMMAND,
      .api = "virDomainQemuMonitorCommand",
      PROC_ON(DOMAIN, MONITOR),
      .access = ACCESS_WRITE,
      .class = CLASS_CHANGE,
      .error_domain = VIR_FROM_QEMU,
      PROC_ARGS(qemu_monitor_command_args),
      PROC_RET(qemu_monitor_command_ret),
      .handler = monitor_command },
    { .number = QEMU_PROC_DOMAIN_MONITOR_COMMAND_WITH_FILES,
      .api = "virDomainQemuMonitorCommandWithFiles",
      PROC_ON(DOMAIN, MONITOR),
      .access = ACCESS_WRITE,
      .class = CLASS_CHANGE,
      .error_domain = VIR_FROM_QEMU,
      .max_fds = FDS_MAX,
      PROC_ARGS(qemu_monitor_command_args),
      PROC_RET(qemu_monitor_command_ret),
      .handler = monitor_command_with_files },
    { .number = QEMU_PROC_DOMAIN_AGENT_COMMAND,
      .api = "virDomainQemuAgentCommand",
      PROC_ON(DOMAIN, MONITOR),
      .access = ACCESS_WRITE,
      .class = CLASS_CHANGE,
      .error_domain = VIR_FROM_QEMU,
      PROC_ARGS(qemu_agent_command_args),
      PROC_RET(qemu_agent_command_ret),
      .handler = agent_command },
};

const struct proc_table calls_qemu = { procs, ARRAY_SIZE(procs) };
