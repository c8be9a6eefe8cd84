/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The domain objects and their rows in the store; see domain.h.  Loop thread. */

#include "hypervisor/domain.h"

#include <libvirtjob/types.h>
#include <string.h>

#include "hypervisor/internal.h"
#include "store/store.h"
#include "util/alloc.h"
#include "util/log.h"

/* --- finding --- */

struct domain *domain_find_uuid(struct domains *domains, const char *uuid)
{
    struct domain *domain;

    HASH_FIND(hh_uuid, domains->by_uuid, uuid, strlen(uuid), domain);
    return domain;
}

struct domain *domain_find_name(struct domains *domains, const char *name)
{
    struct domain *domain;

    HASH_FIND(hh_name, domains->by_name, name, strlen(name), domain);
    return domain;
}

struct domain *domain_find_id(struct domains *domains, int id)
{
    struct domain *domain, *next;

    HASH_ITER(hh_uuid, domains->by_uuid, domain, next)
    {
        if (domain->guest && domain->guest->id == id)
            return domain;
    }
    return NULL;
}

static int compare_names(const struct domain *a, const struct domain *b)
{
    return strcmp(domain_name(a), domain_name(b));
}

void domains_each(struct domains *domains, void (*each)(void *opaque, struct domain *domain),
                  void *opaque)
{
    struct domain *domain, *next;

    HASH_SRT(hh_name, domains->by_name, compare_names);
    HASH_ITER(hh_name, domains->by_name, domain, next)
    each(opaque, domain);
}

/* --- asking --- */

bool domain_is_active(const struct domain *domain)
{
    return domain->guest != NULL;
}

int domain_id(const struct domain *domain)
{
    return domain->guest ? domain->guest->id : -1;
}

struct domain_def *domain_def_now(const struct domain *domain)
{
    return domain->guest ? domain->guest->def : domain->config;
}

const char *domain_name(const struct domain *domain)
{
    return domain->name;
}

int domain_check_active(const struct domain *domain, struct verror *err)
{
    if (domain->guest)
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_INVALID, "domain '%s' is not running",
                      domain_name(domain));
}

int domain_check_inactive(const struct domain *domain, struct verror *err)
{
    if (!domain->guest)
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_INVALID, "domain '%s' is already running",
                      domain_name(domain));
}

uint64_t domain_memory_kib(const struct domain *domain)
{
    if (domain->guest && domain->guest->balloon_kib)
        return domain->guest->balloon_kib;
    return domain_def_now(domain)->current_kib;
}

uint64_t domain_cpu_time(const struct domain *domain)
{
    if (!domain->guest || domain->guest->starting)
        return 0; /* its process is still its worker's */
    return process_cpu_time(&domain->guest->process);
}

char *domain_managed_save_path(const struct domains *domains, const char *uuid)
{
    return xasprintf("%s/save/%s.save", domains->daemon->state_dir, uuid);
}

/* --- changing --- */

struct domain *domain_add(struct domains *domains, const char *uuid, const char *name)
{
    struct domain *domain = XNEW(struct domain);

    domain->domains = domains;
    strcpy(domain->uuid, uuid);
    domain->name = xstrdup(name);
    domain->snapshots = (struct moments){ .type = &snapshot_moments, .domain = domain };
    domain->checkpoints = (struct moments){ .type = &checkpoint_moments, .domain = domain };
    domain->state = VIR_DOMAIN_SHUTOFF;
    domain->reason = VIR_DOMAIN_SHUTOFF_UNKNOWN;
    HASH_ADD(hh_uuid, domains->by_uuid, uuid[0], strlen(domain->uuid), domain);
    HASH_ADD_KEYPTR(hh_name, domains->by_name, domain->name, strlen(domain->name), domain);
    return domain;
}

void domain_remove(struct domain *domain)
{
    struct domains *domains = domain->domains;

    HASH_DELETE(hh_uuid, domains->by_uuid, domain);
    HASH_DELETE(hh_name, domains->by_name, domain);
    domain_def_unref(domain->config);
    guest_unref(domain->guest);
    moments_clear(&domain->snapshots);
    moments_clear(&domain->checkpoints);
    free(domain->name);
    free(domain);
}

static void domain_set_name(struct domain *domain, const char *name)
{
    struct domains *domains = domain->domains;

    HASH_DELETE(hh_name, domains->by_name, domain);
    free(domain->name);
    domain->name = xstrdup(name);
    HASH_ADD_KEYPTR(hh_name, domains->by_name, domain->name, strlen(domain->name), domain);
}

void domain_set_config(struct domain *domain, struct domain_def *def)
{
    struct domain_def *old = domain->config;

    domain->config = def ? domain_def_ref(def) : NULL;
    domain_def_unref(old);
    if (def && strcmp(def->name, domain->name) != 0)
        domain_set_name(domain, def->name);
}

static const char *const state_names[] = {
    [VIR_DOMAIN_NOSTATE] = "in no state", [VIR_DOMAIN_RUNNING] = "running",
    [VIR_DOMAIN_BLOCKED] = "blocked",     [VIR_DOMAIN_PAUSED] = "paused",
    [VIR_DOMAIN_SHUTDOWN] = "going down", [VIR_DOMAIN_SHUTOFF] = "shut off",
    [VIR_DOMAIN_CRASHED] = "crashed",     [VIR_DOMAIN_PMSUSPENDED] = "suspended",
};

void domain_set_state(struct domain *domain, int state, int reason)
{
    if (domain->state == state && domain->reason == reason)
        return;
    domain->state = state;
    domain->reason = reason;
    log_info("domain '%s' is %s (reason %d)", domain->name, state_names[state], reason);
    if (domain->guest && domain->guest->starting)
        return; /* what becomes of it is known at its job's end */
    if (domain->guest)
        domain_save_row(domain);
    domain_tell_state(domain, state, reason);
}

/* --- its row --- */

void domain_put_row_of(struct domain *domain, const struct guest *guest, int state, int reason,
                       struct store_txn *txn)
{
    struct store_object row = { .autostart = domain->autostart, .active = guest };

    if (!domain->config && !guest) {
        store_delete_object(txn, "domain", domain->uuid);
        moments_delete_rows(&domain->snapshots, txn);
        moments_delete_rows(&domain->checkpoints, txn);
        return;
    }
    row.kind = xstrdup("domain");
    row.uuid = xstrdup(domain->uuid);
    row.name = xstrdup(domain->name);
    row.config_xml = domain->config ? xstrdup(domain->config->xml) : NULL;
    row.live_xml = guest ? xstrdup(guest->def->xml) : NULL;
    row.runtime = guest ? guest_save(guest, state, reason) : NULL;
    store_put_object(txn, &row);
    store_object_clear(&row);
}

void domain_put_row(struct domain *domain, struct store_txn *txn)
{
    const struct guest *guest = domain->guest && !domain->guest->starting ? domain->guest : NULL;

    domain_put_row_of(domain, guest, domain->state, domain->reason, txn);
}

void domain_put_row_with(struct domain *domain, struct domain_def *config, struct store_txn *txn)
{
    struct domain_def *old = domain->config;

    domain->config = config;
    domain_put_row(domain, txn);
    domain->config = old;
}

void domain_save_row(struct domain *domain)
{
    struct store_txn *txn = store_begin(domain->domains->daemon->store);

    domain_put_row(domain, txn);
    store_commit(txn, NULL, NULL); /* lost, the guest is asked what it does at the next start */
}
