/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A snapshot of a domain: <domainsnapshot> to and from a plain struct.
 * Immutable once it is a domain's, reference-counted, any thread.
 */
#ifndef VIRTJOBD_SNAPSHOT_XML_H
#define VIRTJOBD_SNAPSHOT_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/verror.h"

struct domain_def;

/* virDomainSnapshotState beyond those of a domain. */
enum { SNAPSHOT_STATE_DISKS = 8 };

/* Where the memory or the former contents of a disk are. */
enum snapshot_place {
    SNAPSHOT_PLACE_DEFAULT = 0, /* nothing was said */
    SNAPSHOT_PLACE_NO,          /* it is not part of it */
    SNAPSHOT_PLACE_INTERNAL,
    SNAPSHOT_PLACE_EXTERNAL,
    SNAPSHOT_PLACE_MAX
};

struct snapshot_disk {
    char *name; /* the target: "vda" */
    enum snapshot_place place;
    char *path;   /* external: the file on top from then on, or NULL */
    char *format; /* its format, or NULL */
};

struct snapshot_def {
    int refs;
    char *name;
    char *description; /* or NULL */
    char *parent;      /* its name, or NULL */
    int state;         /* virDomainState as it was, or SNAPSHOT_STATE_DISKS; -1: not said */
    int64_t created;   /* seconds since 1970; means something where state is said */
    enum snapshot_place memory;
    char *memory_file; /* external: where it is, or NULL */
    struct snapshot_disk *disks;
    size_t ndisks;
    char *domain;   /* XML of the domain as it was, or NULL */
    char *inactive; /* its persistent definition, where that was another; or NULL */
    char *xml;      /* how it is kept: the whole but for the parent, which may change; or NULL */
};

struct snapshot_def *snapshot_def_ref(struct snapshot_def *def);
void snapshot_def_unref(struct snapshot_def *def); /* NULL is fine */
/* One of its own to be filled in, with the same contents. */
struct snapshot_def *snapshot_def_copy(const struct snapshot_def *def);

/*
 * What a client or the store says.  whole: as we have written it (or are told to believe it by
 * VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE), with state, time, parent and domain; else these are not
 * read.  A missing name is the time, as libvirt has it.  NULL with err.  Worker.
 */
struct snapshot_def *snapshot_def_parse(const char *xml, bool whole, struct verror *err);
/* -1 with err where an element of it means nothing (VIR_DOMAIN_SNAPSHOT_CREATE_VALIDATE).  Worker. */
int snapshot_xml_validate(const char *xml, struct verror *err);
/* It is finished: def->xml is made.  -1 with err: it could not be read again.  Worker. */
int snapshot_def_seal(struct snapshot_def *def, struct verror *err);
/* In libvirt's form; secrets: passwords are in it.  A new string.  Worker. */
char *snapshot_def_format(const struct snapshot_def *def, bool secrets);

/* All disks of the guest are left to QEMU or none is: has it an external one? */
bool snapshot_def_is_external(const struct snapshot_def *def);
/* The guest went on or stood still in it: its memory is there. */
bool snapshot_def_is_active(const struct snapshot_def *def);

/*
 * disks becomes what is done with each of the domain's, in their order: fallback where nobody says
 * otherwise.  -1 with err.  Any thread.
 */
int snapshot_def_align(struct snapshot_def *def, const struct domain_def *domain,
                       enum snapshot_place fallback, struct verror *err);
/* A new image's path beside the old one, by the snapshot's name; a new string. */
char *snapshot_overlay_path(const char *path, const char *snapshot);

const char *snapshot_place_name(enum snapshot_place place);

#endif
