/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The domain objects in memory.  Owned by the loop thread; nothing else reads
 * or changes them.  Workers are handed specs (domain_jobs.h) and guests
 * (qemu/guest.h), never these.
 */
#ifndef VIRTJOBD_DOMAIN_H
#define VIRTJOBD_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "daemon.h"
#include "hypervisor/checkpoints.h"
#include "hypervisor/domains.h"
#include "hypervisor/snapshots.h"
#include "storage/pool.h" /* uuid_format */
#include "util/verror.h"
#include "xml/domain_def.h"

struct guest;
struct store_txn;

struct domain {
    struct domains *domains;
    char uuid[UUID_TEXT_SIZE];
    char *name;
    struct domain_def *config; /* persistent definition; NULL = transient */
    struct guest *guest;       /* its run that is under way or being made (a reference); NULL = none */
    int state, reason;         /* virDomainState and why */
    bool autostart;
    bool managed_save;         /* there is an image it starts from */
    struct moments snapshots, checkpoints;
    bool updated;              /* defined anew since the guest started */
    uint64_t told_job;         /* a job whose outcome a client of libvirt's has been told, or 0 */
    UT_hash_handle hh_uuid, hh_name;
};

/* NULL = there is none. */
struct domain *domain_find_uuid(struct domains *domains, const char *uuid);
struct domain *domain_find_name(struct domains *domains, const char *name);
struct domain *domain_find_id(struct domains *domains, int id);
/* In order of their names. */
void domains_each(struct domains *domains, void (*each)(void *opaque, struct domain *domain),
                  void *opaque);

/* It has a guest, or is about to: virDomainIsActive(). */
bool domain_is_active(const struct domain *domain);
int domain_id(const struct domain *domain); /* -1 = inactive */
const char *domain_name(const struct domain *domain);
/* What runs, else the persistent definition; never NULL. */
struct domain_def *domain_def_now(const struct domain *domain);
/* -1 with VIR_ERR_OPERATION_INVALID: "domain is not running", "domain is already running". */
int domain_check_active(const struct domain *domain, struct verror *err);
int domain_check_inactive(const struct domain *domain, struct verror *err);
/* Memory that it has, or will have, KiB: what its balloon has left it, where that is known. */
uint64_t domain_memory_kib(const struct domain *domain);
/* CPU time that its QEMU has used, ns; 0 while inactive. */
uint64_t domain_cpu_time(const struct domain *domain);
/* Where its managed save image is or would be; a new string. */
char *domain_managed_save_path(const struct domains *domains, const char *uuid);

/*
 * Ends the guest, whatever it does: a job on it is cancelled and waited for, a second at most,
 * then QEMU is told to end and soon killed.  graceful: QEMU is not killed; one that stays is
 * VIR_ERR_RESOURCE_BUSY after some seconds.  done is called once, the end committed.
 * -1 with err: it is not running.
 */
int domain_destroy(struct domain *domain, bool graceful,
                   void (*done)(void *opaque, struct verror *err), void *opaque,
                   struct verror *err);

/* --- the registry's own: domain.c, for the kinds and the guests --- */

/* Adds an inactive one under that name. */
struct domain *domain_add(struct domains *domains, const char *uuid, const char *name);
/* Forgets it.  Its guest must be gone. */
void domain_remove(struct domain *domain);
/* The persistent definition becomes def (a reference is taken); NULL: it is transient from now
   on. */
void domain_set_config(struct domain *domain, struct domain_def *def);
/* Its state is that from now on; logged, journalled for a running one. */
void domain_set_state(struct domain *domain, int state, int reason);
/* The whole row as it is now, or its removal where nothing is left of it. */
void domain_put_row(struct domain *domain, struct store_txn *txn);
/* The same with a guest (NULL = none) and state that are to be. */
void domain_put_row_of(struct domain *domain, const struct guest *guest, int state, int reason,
                       struct store_txn *txn);
/* The same with a persistent definition (NULL = none) that is to be. */
void domain_put_row_with(struct domain *domain, struct domain_def *config, struct store_txn *txn);
void domain_save_row(struct domain *domain); /* a transaction of its own; nobody waits for it */

#endif
