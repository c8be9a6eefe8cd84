/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a domain has of its past, its snapshots and its checkpoints: a tree by the names
 * of parents, and which of them the domain goes on from.  Each has a row of its own in
 * the store.  What they are is their definition's.  Loop thread.
 */
#ifndef VIRTJOBD_MOMENTS_H
#define VIRTJOBD_MOMENTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <uthash.h>

#include "util/verror.h"

struct domain;
struct domains;
struct store;
struct store_txn;

enum { MOMENTS_MAX = 1024 }; /* of a domain: each may be compared with all others */

/* What the tree knows of a definition; borrowed from it. */
struct moment_key {
    const char *name;
    const char *parent; /* its name, or NULL */
    const char *xml;    /* as it is kept, without the parent */
};

struct moment {
    void *def; /* struct snapshot_def, struct checkpoint_def; a reference */
    struct moment_key key;
    struct moment *parent; /* NULL: a root */
    size_t nchildren;
    size_t depth; /* below its root */
    UT_hash_handle hh;
};

/* A bit of a list's flags; those of a group exclude each other, and none of it means all. */
struct moment_filter {
    unsigned int bit, group;
    bool (*matches)(const struct moment *moment);
};

/* Which of the two they are. */
struct moment_type {
    const char *name; /* of rows, and in messages: "snapshot" */
    int no_such;      /* VIR_ERR_NO_DOMAIN_… */
    struct moment_key (*key)(const void *def);
    void *(*parse)(const char *xml, struct verror *err); /* of a row */
    void *(*ref)(void *def);
    void (*unref)(void *def);
    /* Another one that is the same below that parent (NULL: none). */
    void *(*moved)(const void *def, const char *parent);
    struct moments *(*of)(struct domain *domain);
    const struct moment_filter *filters;
    size_t nfilters;
    unsigned int topological; /* the bit that sorts a list */
};

struct moments {
    const struct moment_type *type;
    struct domain *domain;  /* whose they are */
    struct moment *by_name; /* in the order in which they came */
    struct moment *current; /* or NULL */
};

struct moment *moment_find(const struct moments *moments, const char *name);
/* NULL with err: there is none. */
struct moment *moment_must_find(const struct moments *moments, const char *name,
                                struct verror *err);
size_t moments_count(const struct moments *moments);
/* Is it above the other one, at any distance? */
bool moment_is_above(const struct moment *above, const struct moment *moment);
/* Leaves, or what has children: for lists. */
bool moment_is_leaf(const struct moment *moment);
bool moment_has_children(const struct moment *moment);

/* Bits that all types have. */
enum {
    MOMENTS_ROOTS = 1 << 0,       /* of a domain's: the uppermost alone */
    MOMENTS_DESCENDANTS = 1 << 0, /* of one's: also those below its children */
};
/*
 * Those below `below` (NULL: all of the domain) that flags of the type mean.  A new array of
 * *ret_n.
 */
struct moment **moments_list(const struct moments *moments, const struct moment *below,
                             unsigned int flags, size_t *ret_n);

/* May one of that name and parent be put there, by who says so himself?  -1 with err. */
int moments_check_parent(const struct moments *moments, const struct moment_key *key,
                         struct verror *err);
/* Is there room for one more?  -1 with err. */
int moments_check_room(const struct moments *moments, struct verror *err);

/* It is one of the domain's from now on, in the place of one of its name; def is referenced. */
struct moment *moment_put(struct moments *moments, void *def);
/* Forgets it; those below it have to be another's, or gone, already. */
void moment_drop(struct moments *moments, struct moment *moment);
void moments_clear(struct moments *moments);

/* Rows of definitions; current: as it is to be. */
void moment_put_row(const struct moments *moments, const void *def, bool current,
                    struct store_txn *txn);
/* The one the domain goes on from becomes this (NULL: none): its row, and that of the last. */
void moments_put_current_row(const struct moments *moments, const void *def,
                             struct store_txn *txn);
void moments_delete_rows(const struct moments *moments, struct store_txn *txn);

/* Start-up: all rows of a type, once the domains are there.  -1 with err. */
int moments_load(const struct moment_type *type, struct domains *domains, struct store *store,
                 struct verror *err);

/* --- several that go at once --- */

struct doomed {
    char **names; /* those below before those above */
    size_t n;
};

/* That one, unless below_only, and where below all that descend from it. */
void doomed_find(struct doomed *doomed, const struct moments *moments, struct moment *moment,
                 bool below, bool below_only);
bool doomed_has(const struct doomed *doomed, const char *name);
void doomed_clear(struct doomed *doomed);
json_t *doomed_to_json(const struct doomed *doomed);
void doomed_from_json(const json_t *json, struct doomed *ret);
/* Their rows go, and others get the nearest parent that stays. */
void doomed_commit(const struct doomed *doomed, struct moments *moments, struct store_txn *txn);
/* And they themselves. */
void doomed_drop(const struct doomed *doomed, struct moments *moments);

#endif
