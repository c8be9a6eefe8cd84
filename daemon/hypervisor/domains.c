/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The domains of this daemon from its start to its end: reads definitions and
 * guests from the store, finds the QEMUs that are still there and connects to
 * them, starts what is marked autostart.  Loop thread, but for looking.
 */

#include "hypervisor/domains.h"

#include <errno.h>
#include <event2/event.h>
#include <libvirtjob/types.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "hypervisor/internal.h"
#include "hypervisor/qemu/agent_ask.h"
#include "hypervisor/qemu/backup.h"
#include "hypervisor/qemu/block_job.h"
#include "hypervisor/qemu/caps.h"
#include "hypervisor/qemu/command.h"
#include "hypervisor/qemu/networks.h"
#include "jobs/job.h"
#include "util/alloc.h"
#include "util/log.h"
#include "xml/xml_read.h"

/* So long a stuck host holds up the start of the daemon. */
enum { START_WAIT_SECONDS = 10 };

static const struct job_kind *const kinds[] = {
    &domain_job_define,
    &domain_job_undefine,
    &domain_job_create,
    &domain_job_start,
    &domain_job_save,
    &domain_job_managed_save,
    &domain_job_restore,
    &domain_job_dump,
    &domain_job_suspend,
    &domain_job_resume,
    &domain_job_shutdown,
    &domain_job_reboot,
    &domain_job_reset,
    &domain_job_inject_nmi,
    &domain_job_wakeup,
    &domain_job_send_key,
    &domain_job_block_resize,
    &domain_job_backup,
    &domain_job_backup_pull,
    &domain_job_block_pull,
    &domain_job_block_commit,
    &domain_job_block_copy,
    &domain_job_dirty_rate,
    &domain_job_set_action,
    &domain_job_pin_vcpu,
    &domain_job_pin_emulator,
    &domain_job_set_iotune,
    &domain_job_add_iothread,
    &domain_job_del_iothread,
    &domain_job_pin_iothread,
    &domain_job_set_iothread,
    &domain_job_rename,
    &domain_job_set_metadata,
    &domain_job_set_memory,
    &domain_job_set_vcpus,
    &domain_job_set_vcpu,
    &domain_job_set_autostart,
    &domain_job_managed_save_remove,
    &domain_job_snapshot_create,
    &domain_job_snapshot_redefine,
    &domain_job_snapshot_delete,
    &domain_job_snapshot_merge,
    &domain_job_snapshot_revert,
    &domain_job_snapshot_start,
    &domain_job_checkpoint_create,
    &domain_job_checkpoint_redefine,
    &domain_job_checkpoint_delete,
    NULL,
};

/* --- making --- */

static int find_policy(const struct daemon *daemon, struct owner_policy *policy, struct verror *err)
{
    const struct config *config = daemon->config;

    *policy = (struct owner_policy){ .uid = (uid_t)-1,
                                     .gid = (gid_t)-1,
                                     .dynamic = config->dynamic_ownership,
                                     .remember = config->remember_owner };
    if (geteuid() != 0) /* who is not root can start guests only as himself */
        return 0;
    if (config->user && owner_find_user(config->user, &policy->uid, &policy->gid, err) < 0)
        return -1;
    if (config->group && owner_find_group(config->group, &policy->gid, err) < 0)
        return -1;
    if (policy->gid != (gid_t)-1 && policy->uid == (uid_t)-1)
        policy->uid = geteuid();
    return 0;
}

static int make_directories(const struct daemon *daemon, struct verror *err)
{
    static const char *const names[] = { "save", "dump", "capabilities" };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        _cleanup_free_ char *path = xasprintf("%s/%s", daemon->state_dir, names[i]);

        if (mkdir(path, 0700) < 0 && errno != EEXIST)
            return verror_errno(err, errno, "cannot make directory '%s'", path);
    }
    return 0;
}

struct domains *domains_new(struct daemon *daemon, struct verror *err)
{
    struct domains *domains = XNEW(struct domains);
    _cleanup_free_ char *caps_dir = xasprintf("%s/capabilities", daemon->state_dir);

    domains->daemon = daemon;
    domains->next_id = 1;
    domains->owners = owners_new();
    domains->caps = qemu_caps_cache_new(caps_dir);
    if (network_map_check(daemon->config->networks, err) < 0 ||
        find_policy(daemon, &domains->policy, err) < 0 || make_directories(daemon, err) < 0 ||
        !(domains->monitors = monitors_new(daemon->base, err)) ||
        !(domains->agents = agent_desk_new(domains, err))) {
        domains_free(domains);
        return NULL;
    }
    jobs_add_kinds(daemon->jobs, kinds);
    return domains;
}

void domains_stop(struct domains *domains)
{
    if (!domains)
        return;
    agent_desk_stop(domains->agents);
    monitors_stop(domains->monitors);
}

void domains_free(struct domains *domains)
{
    struct domain *domain, *next;

    if (!domains)
        return;
    HASH_ITER(hh_uuid, domains->by_uuid, domain, next)
    domain_remove(domain);
    if (domains->start_timer)
        event_free(domains->start_timer);
    monitors_free(domains->monitors);
    agent_desk_free(domains->agents);
    qemu_caps_cache_free(domains->caps);
    owners_free(domains->owners);
    free(domains);
}

struct qemu_caps_cache *domains_caps(const struct domains *domains)
{
    return domains->caps;
}

struct complete_host domains_complete_host(const struct domains *domains)
{
    return (struct complete_host){ .caps = domains->caps,
                                   .networks = domains->daemon->config->networks };
}

bool domains_are_idle(const struct domains *domains)
{
    struct domain *domain, *next;

    HASH_ITER(hh_uuid, domains->by_uuid, domain, next)
    {
        if (domain->guest)
            return false;
    }
    return true;
}

/* --- reading the store --- */

static struct domain_def *read_def(const struct store_object *row, const char *xml)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_xml_doc_ xmlDocPtr doc = NULL;
    struct domain_def *def = NULL;

    if (!xml)
        return NULL;
    doc = xml_read_document(xml, "domain definition", "domain", &err);
    if (doc)
        def = domain_def_from_doc(doc, &err);
    if (!def)
        log_error("domain '%s' in the store is not readable: %s", row->name, verror_text(&err));
    return def;
}

/*
 * NULL: there is none to be read.  Whose its files were is known before any guest's are given back:
 * two may have had one.
 */
static struct guest *load_guest(struct domains *domains, const char *uuid,
                                const struct store_object *row, int *ret_state, int *ret_reason,
                                bool *ret_same_boot)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct domain_def *live = read_def(row, row->live_xml);
    struct guest *guest = NULL;

    if (live)
        guest = guest_load(domains, uuid, row->runtime, ret_state, ret_reason, ret_same_boot, &err);
    if (live && !guest)
        log_error("domain '%s' in the store: %s", row->name, verror_text(&err));
    if (!guest) {
        domain_def_unref(live);
        return NULL;
    }
    guest->def = live;
    if (guest->id >= domains->next_id)
        domains->next_id = guest->id + 1;
    owners_remember(domains->owners, guest->owner_memory);
    return guest;
}

/* It is looked for later; an earlier boot's is gone for sure, and its files are given back. */
static void load_guest_of(struct domain *domain, const struct store_object *row)
{
    int state = VIR_DOMAIN_PAUSED, reason = VIR_DOMAIN_PAUSED_UNKNOWN;
    bool same_boot = false;

    domain->guest =
        load_guest(domain->domains, domain->uuid, row, &state, &reason, &same_boot);
    if (!domain->guest)
        return;
    domain->state = state;
    domain->reason = reason;
    if (same_boot)
        return;
    domain->guest->process = (struct process_id){ 0 };
    domain->guest->end_reason = VIR_DOMAIN_SHUTOFF_UNKNOWN;
}

static void load_domain(void *opaque, const struct store_object *row)
{
    struct domains *domains = opaque;
    struct domain *domain;
    _cleanup_free_ char *image = NULL;

    if (strlen(row->uuid) != UUID_TEXT_SIZE - 1)
        return;
    domain = domain_add(domains, row->uuid, row->name);
    image = domain_managed_save_path(domains, domain->uuid);
    domain->config = read_def(row, row->config_xml);
    domain->autostart = row->autostart;
    domain->managed_save = access(image, F_OK) == 0;
    if (row->active)
        load_guest_of(domain, row);
    if (!domain->config && !domain->guest) {
        domain_save_row(domain); /* that is, removes it */
        domain_remove(domain);
    }
}

struct left {
    struct domains *domains;
    struct guest **guests;
    size_t n;
};

/* One that has ended, and that the last daemon had not taken everything from. */
static void load_left(void *opaque, const struct store_object *row)
{
    struct left *left = opaque;
    char uuid[UUID_TEXT_SIZE];
    int state, reason;
    bool same_boot;
    struct guest *guest;

    (void)snprintf(uuid, sizeof(uuid), "%s", row->uuid); /* the rest of it is the guest's number */
    guest = load_guest(left->domains, uuid, row, &state, &reason, &same_boot);
    if (!guest)
        return;
    left->guests = xrealloc(left->guests, left->n + 1, sizeof(struct guest *));
    left->guests[left->n++] = guest;
}

/* Workers give back once all are loaded: until then the loop alone has the owners. */
static int load_all(struct domains *domains, struct verror *err)
{
    struct store *store = domains->daemon->store;
    struct left left = { .domains = domains };
    int rc = store_load_objects(store, "domain", load_domain, domains, err);

    if (rc == 0)
        rc = moments_load(&snapshot_moments, domains, store, err);
    if (rc == 0)
        rc = moments_load(&checkpoint_moments, domains, store, err);
    if (rc == 0)
        rc = store_load_objects(store, GUEST_LEFT_KIND, load_left, &left, err);
    for (size_t i = 0; i < left.n; i++) {
        if (rc == 0)
            guest_left(left.guests[i]);
        guest_unref(left.guests[i]);
    }
    free(left.guests);
    return rc;
}

/* --- looking for its guests --- */

struct look {
    struct work work;
    struct guest *guest; /* a reference */
    bool found;
    struct verror err;
};

static void start_over(struct domains *domains)
{
    void (*ready)(void *opaque) = domains->ready;

    if (!ready)
        return;
    domains->ready = NULL;
    event_del(domains->start_timer);
    ready(domains->ready_opaque);
}

static void look_over(struct domains *domains)
{
    if (--domains->starting == 0)
        start_over(domains);
}

static void start_timer_cb(evutil_socket_t fd, short what, void *opaque)
{
    struct domains *domains = opaque;

    (void)fd;
    (void)what;
    log_warn("%u guests are not found yet; going on without them", domains->starting);
    start_over(domains);
}

static void look_run(struct work *work)
{
    struct look *look = container_of(work, struct look, work);
    struct guest *guest = look->guest;

    look->found = process_is_alive(&guest->process);
    if (look->found)
        (void)guest_connect(guest, &look->err); /* without, it can at least be destroyed */
}

static void take_ports(const struct guest *guest)
{
    for (size_t i = 0; i < guest->nvnc_ports; i++)
        vnc_port_mark(guest->vnc_ports[i]);
}

static void adopt(struct look *look)
{
    struct guest *guest = look->guest;
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (!look->found || guest_watch(guest, &err) < 0) {
        log_warn("domain '%s' has ended while virtjobd was away", guest->def->name);
        guest->exited = true;
        guest_gone(guest);
        return;
    }
    if (guest_hold_files(guest, &err) < 0)
        log_warn("%s", verror_text(&err));
    if (look->err.code)
        log_error("domain '%s' runs, but cannot be spoken to: %s", guest->def->name,
                  verror_text(&look->err));
    else
        log_info("domain '%s' runs on as process %d", guest->def->name, (int)guest->process.pid);
    guest_agent_presume(guest);
    guest_sync_state(guest);
}

static void looked(struct work *work)
{
    struct look *look = container_of(work, struct look, work);
    struct domains *domains = look->guest->domains;

    adopt(look);
    guest_unref(look->guest);
    verror_clear(&look->err);
    free(look);
    look_over(domains);
}

static void look_for(struct domains *domains, struct guest *guest)
{
    struct look *look = XNEW(struct look);

    take_ports(guest);
    look->guest = guest_ref(guest);
    look->work.run = look_run;
    look->work.done = looked;
    domains->starting++;
    workers_submit(domains->daemon->workers, LANE_CONTROL, guest->uuid, &look->work);
}

int domains_start(struct domains *domains, void (*ready)(void *opaque), void *opaque,
                  struct verror *err)
{
    static const struct timeval wait = { .tv_sec = START_WAIT_SECONDS };
    struct domain *domain, *next;

    if (load_all(domains, err) < 0)
        return -1;
    domains->ready = ready;
    domains->ready_opaque = opaque;
    domains->start_timer = evtimer_new(domains->daemon->base, start_timer_cb, domains);
    evtimer_add(domains->start_timer, &wait);
    domains->starting = 1; /* ourselves, until all are on their way */
    HASH_ITER(hh_uuid, domains->by_uuid, domain, next)
    {
        if (domain->guest)
            look_for(domains, domain->guest);
    }
    look_over(domains);
    return 0;
}

/* --- autostart --- */

static void autostart_refused(void *opaque, struct verror *err)
{
    (void)opaque;
    log_error("cannot autostart a domain: %s", verror_text(err));
}

static void autostart_ended(void *opaque, struct job *job)
{
    (void)opaque;
    if (job_state(job) != JOB_COMPLETE)
        log_error("%s failed: %s", job_title(job), verror_text(job_error(job)));
}

static void autostart(void *opaque, struct domain *domain)
{
    struct job_request request;

    (void)opaque;
    if (!domain->autostart || domain->guest)
        return;
    request = domain_job_request(&domain_job_start, domain_spec_new(domain), "virtjobd");
    request.refused = autostart_refused;
    request.ended = autostart_ended;
    job_start(domain->domains->daemon->jobs, &request);
}

void domains_autostart(struct domains *domains)
{
    domains_each(domains, autostart, NULL);
}
