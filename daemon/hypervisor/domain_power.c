/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Short operations on a running guest by one command to QEMU: suspend, resume,
 * shutdown, reboot, reset, wake-up, NMI, keys, the size of a disk, how fast memory
 * is written.  What the domain is afterwards QEMU's events say; see
 * qemu/guest_events.c.  Functions of a kind run where job.h says.
 */

#include <libvirtjob/types.h>

#include "hypervisor/internal.h"
#include "util/alloc.h"

/* A guest whose QEMU does not answer holds up only calls on itself, and those not for ever. */
enum { COMMAND_MS = 20000 };

static int power_command(struct domain_spec *spec, const char *command, struct job_ctl *ctl,
                         struct verror *err)
{
    json_t *arguments = STEAL_PTR(spec->arguments);

    return monitor_call(spec->guest->monitor, command, arguments, -1, ctl, COMMAND_MS, NULL, err);
}

static int check_running(void *opaque, struct verror *err)
{
    return spec_take_up_guest(opaque, err);
}

/* --- suspend, resume --- */

static int suspend_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    const struct domain *domain;

    if (check_running(opaque, err) < 0)
        return -1;
    domain = spec_domain(spec);
    if (domain->state == VIR_DOMAIN_PMSUSPENDED)
        return verror_set(err, VIR_ERR_OPERATION_INVALID, "domain '%s' is pmsuspended",
                          domain->name);
    if (domain->state == VIR_DOMAIN_CRASHED)
        return verror_set(err, VIR_ERR_OPERATION_INVALID, "domain '%s' has crashed", domain->name);
    return 0;
}

static int suspend_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;

    (void)job_id;
    atomic_store(&spec->guest->pause_reason, VIR_DOMAIN_PAUSED_USER);
    return power_command(spec, "stop", ctl, err);
}

static int resume_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    const struct domain *domain;

    if (check_running(opaque, err) < 0)
        return -1;
    domain = spec_domain(spec);
    if (domain->state == VIR_DOMAIN_RUNNING)
        return verror_set(err, VIR_ERR_OPERATION_INVALID, "domain '%s' is already running",
                          domain->name);
    if (domain->state == VIR_DOMAIN_PMSUSPENDED)
        return verror_set(err, VIR_ERR_OPERATION_INVALID, "domain '%s' is pmsuspended",
                          domain->name);
    if (domain->state == VIR_DOMAIN_CRASHED)
        return verror_set(err, VIR_ERR_OPERATION_INVALID, "domain '%s' has crashed; reset it first",
                          domain->name);
    return 0;
}

static int resume_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;

    (void)job_id;
    atomic_store(&spec->guest->resume_reason, VIR_DOMAIN_RUNNING_UNPAUSED);
    return power_command(spec, "cont", ctl, err);
}

/* --- the power button --- */

static int shutdown_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    (void)job_id;
    return power_command(opaque, "system_powerdown", ctl, err);
}

/* A shutdown that is asked for after a reboot is one. */
static int shutdown_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;

    if (check_running(opaque, err) < 0)
        return -1;
    spec->guest->reboot_on_shutdown = false;
    return 0;
}

static int reboot_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;

    if (check_running(opaque, err) < 0)
        return -1;
    spec->guest->reboot_on_shutdown = true;
    return 0;
}

static int reset_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    (void)job_id;
    return power_command(opaque, "system_reset", ctl, err);
}

/* One that has crashed stands still after its reset until it is resumed. */
static void reset_ended(void *opaque, bool done)
{
    struct domain *domain = spec_domain(opaque);

    if (done && domain && domain->guest && domain->state == VIR_DOMAIN_CRASHED)
        domain_set_state(domain, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_CRASHED);
}

/* --- other buttons --- */

static int nmi_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    (void)job_id;
    return power_command(opaque, "inject-nmi", ctl, err);
}

static int wakeup_check(void *opaque, struct verror *err)
{
    const struct domain *domain;

    if (check_running(opaque, err) < 0)
        return -1;
    domain = spec_domain(opaque);
    if (domain->state == VIR_DOMAIN_PMSUSPENDED)
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_INVALID, "domain '%s' is not pmsuspended",
                      domain->name);
}

static int wakeup_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    (void)job_id;
    return power_command(opaque, "system_wakeup", ctl, err);
}

static int send_key_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    (void)job_id;
    return power_command(opaque, "send-key", ctl, err);
}

/* A block job on that disk is in its way. */
static void disk_locks(const void *opaque, struct lock_hold *hold)
{
    const struct domain_spec *spec = opaque;

    domain_locks(opaque, hold);
    lock_hold_want(hold, xasprintf("disk:%s:%s", spec->uuid, spec->path), LOCK_DOMAIN_CHANGE);
}

static int block_resize_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    (void)job_id;
    return power_command(opaque, "block_resize", ctl, err);
}

static int dirty_rate_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    (void)job_id;
    return power_command(opaque, "calc-dirty-rate", ctl, err);
}

#define POWER_KIND_WITH(word, locks_fn, check_fn, run_fn)                                          \
    .name = word, .lane = LANE_CONTROL, .locks = locks_fn, .check = check_fn, .run = run_fn,       \
    DOMAIN_SPEC_FUNCTIONS
#define POWER_KIND(word, check_fn, run_fn) POWER_KIND_WITH(word, domain_locks, check_fn, run_fn)

const struct job_kind domain_job_suspend = {
    POWER_KIND("domain-suspend", suspend_check, suspend_run),
};
const struct job_kind domain_job_resume = {
    POWER_KIND("domain-resume", resume_check, resume_run),
};
const struct job_kind domain_job_shutdown = {
    POWER_KIND("domain-shutdown", shutdown_check, shutdown_run),
};
const struct job_kind domain_job_reboot = {
    POWER_KIND("domain-reboot", reboot_check, shutdown_run),
};
const struct job_kind domain_job_reset = {
    POWER_KIND("domain-reset", check_running, reset_run),
    .ended = reset_ended,
};
const struct job_kind domain_job_inject_nmi = {
    POWER_KIND("domain-inject-nmi", check_running, nmi_run),
};
const struct job_kind domain_job_wakeup = {
    POWER_KIND("domain-wakeup", wakeup_check, wakeup_run),
};
const struct job_kind domain_job_send_key = {
    POWER_KIND("domain-send-key", check_running, send_key_run),
};
const struct job_kind domain_job_block_resize = {
    POWER_KIND_WITH("domain-block-resize", disk_locks, check_running, block_resize_run),
};
const struct job_kind domain_job_dirty_rate = {
    POWER_KIND("domain-dirty-rate", check_running, dirty_rate_run),
};
