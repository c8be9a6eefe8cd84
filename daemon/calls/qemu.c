/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * QEMU's monitor, past the daemon: the calls of the QEMU program.  What the
 * client writes goes to QEMU as it is, and QEMU's answer back, errors included.
 * Loop thread; a QEMU that hangs keeps the call until its time is over.
 */

#include <jansson.h>

#include "calls/domain_call.h"
#include "hypervisor/qemu/guest.h"
#include "hypervisor/qemu/monitor.h"
#include "protocol/qemu.h"
#include "util/alloc.h"

enum { MONITOR_HMP = 1 << 0, ANSWER_MS = 30000 };

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
};

const struct proc_table calls_qemu = { procs, ARRAY_SIZE(procs) };
