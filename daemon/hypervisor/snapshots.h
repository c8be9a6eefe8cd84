/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The snapshots of a domain as the daemon knows them: a tree by the names of
 * parents, and which of them the domain goes on from.  Each has a row of its own
 * in the store.  Loop thread.
 */
#ifndef VIRTJOBD_SNAPSHOTS_H
#define VIRTJOBD_SNAPSHOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <uthash.h>

#include "xml/snapshot_xml.h"

struct domain;
struct domains;
struct store;
struct store_txn;

enum { SNAPSHOTS_MAX = 1024 }; /* of a domain: each may be compared with all others */

struct snapshot {
    struct snapshot_def *def; /* a reference */
    struct snapshot *parent;  /* NULL: a root */
    size_t nchildren;
    size_t depth; /* below its root */
    UT_hash_handle hh;
};

struct snapshots {
    struct snapshot *by_name; /* in the order in which they came */
    struct snapshot *current; /* or NULL */
};

struct snapshot *snapshot_find(const struct domain *domain, const char *name);
size_t snapshots_count(const struct domain *domain);
/* Is it above the other one, at any distance? */
bool snapshot_is_above(const struct snapshot *above, const struct snapshot *snapshot);

/*
 * VIR_DOMAIN_SNAPSHOT_LIST_*: those below `below` (NULL: all of the domain).  roots_only: of those
 * only the uppermost.  A new array of *ret_n.
 */
struct snapshot **snapshots_list(const struct domain *domain, const struct snapshot *below,
                                 unsigned int flags, size_t *ret_n);

/* It is one of the domain's from now on, in the place of one of its name; def is referenced. */
struct snapshot *snapshot_put(struct domain *domain, struct snapshot_def *def);
void snapshots_set_current(struct domain *domain, struct snapshot *snapshot); /* or NULL */
/* Forgets it; those below it have to be another's, or gone, already. */
void snapshot_drop(struct domain *domain, struct snapshot *snapshot);
void snapshots_clear(struct domain *domain);

/* Their rows; current: as it is to be.  All of a domain's go with snapshots_delete_rows(). */
void snapshot_put_row(const struct domain *domain, const struct snapshot_def *def, bool current,
                      struct store_txn *txn);
void snapshot_delete_row(const struct domain *domain, const char *name, struct store_txn *txn);
void snapshots_delete_rows(const struct domain *domain, struct store_txn *txn);

/* Start-up: all rows, once the domains are there.  -1 with err. */
int snapshots_load(struct domains *domains, struct store *store, struct verror *err);

#endif
