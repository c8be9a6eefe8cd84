/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much a disk may move: <iotune>, its parts under libvirt's names, which
 * are those of the typed parameters too.  Any thread.
 */
#ifndef VIRTJOBD_DOMAIN_IOTUNE_H
#define VIRTJOBD_DOMAIN_IOTUNE_H

#include "xml/domain_def.h"
#include "xml/xml_tree.h"

/* One limit: what libvirt calls it, and QEMU. */
struct iotune_field {
    const char *name, *qmp;
};

enum {
    IOTUNE_BYTES = 0,          /* total, read, write; as the others */
    IOTUNE_IOPS = 3,
    IOTUNE_BYTES_MAX = 6,
    IOTUNE_IOPS_MAX = 9,
    IOTUNE_SIZE_IOPS = 12,
    IOTUNE_BYTES_MAX_LENGTH = 13,
    IOTUNE_IOPS_MAX_LENGTH = 16,
    IOTUNE_FIELDS = 19,
};
extern const struct iotune_field iotune_fields[IOTUNE_FIELDS];

/* No limit can be higher; libvirt's bound. */
#define IOTUNE_MAX 1000000000000000ull

struct iotune {
    uint64_t values[IOTUNE_FIELDS]; /* 0: none */
    char *group; /* of disks that share the limits; NULL: it is alone */
};

/* -1: no limit has that name. */
int iotune_find(const char *name);
void iotune_clear(struct iotune *tune);
void iotune_copy(struct iotune *to, const struct iotune *from);
bool iotune_is_empty(const struct iotune *tune); /* no limit, whatever the group */
bool iotune_equals(const struct iotune *a, const struct iotune *b);
/* Limits that contradict each other, or are too high; -1 with err of that code. */
int iotune_check_totals(const struct iotune *tune, int code, struct verror *err);
int iotune_check(const struct iotune *tune, struct verror *err);

/* Of a <disk>; all zero where it has none.  -1 with err. */
int iotune_read(xmlNodePtr disk, struct iotune *ret_tune, struct verror *err);
/* All disks of a domain: each one's limits, and that a group has the same ones throughout. */
int iotune_check_domain(xmlNodePtr domain, struct verror *err);
/* The <disk> of that target, or NULL. */
xmlNodePtr domain_find_disk(xmlNodePtr domain, const char *target);
/* The first <disk> of a group, or NULL. */
xmlNodePtr domain_find_iotune_group(xmlNodePtr domain, const char *group);
/* A definition in which that disk has these limits, as have others of its group; NULL with err. */
struct domain_def *domain_def_set_iotune(const struct domain_def *def, const char *target,
                                         const struct iotune *tune, struct verror *err);

#endif
