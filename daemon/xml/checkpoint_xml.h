/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A checkpoint of a domain: <domaincheckpoint> to and from a plain struct.
 * Immutable once it is a domain's, reference-counted, any thread.
 */
#ifndef VIRTJOBD_CHECKPOINT_XML_H
#define VIRTJOBD_CHECKPOINT_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/verror.h"

struct domain_def;

/* What records of a disk what is written to it from then on. */
enum checkpoint_place {
    CHECKPOINT_PLACE_DEFAULT = 0, /* nothing was said */
    CHECKPOINT_PLACE_NO,          /* nothing: it is not part of it */
    CHECKPOINT_PLACE_BITMAP,      /* a bitmap in its images */
    CHECKPOINT_PLACE_MAX
};

struct checkpoint_disk {
    char *name; /* the target: "vda" */
    enum checkpoint_place place;
    char *bitmap;  /* its name, or NULL: not said, or there is none */
    bool has_size; /* written only */
    uint64_t size; /* bytes that were written since */
};

struct checkpoint_def {
    int refs;
    char *name;
    char *description; /* or NULL */
    char *parent;      /* its name, or NULL */
    int64_t created;   /* seconds since 1970; 0: not said */
    struct checkpoint_disk *disks;
    size_t ndisks;
    char *domain; /* XML of the domain as it was, or NULL */
    char *xml;    /* how it is kept: the whole but for the parent, which may change; or NULL */
};

struct checkpoint_def *checkpoint_def_ref(struct checkpoint_def *def);
void checkpoint_def_unref(struct checkpoint_def *def); /* NULL is fine */
/* One of its own to be filled in, with the same contents. */
struct checkpoint_def *checkpoint_def_copy(const struct checkpoint_def *def);

/*
 * What a client or the store says.  whole: as we have written it (or are told to believe it by
 * VIR_DOMAIN_CHECKPOINT_CREATE_REDEFINE), with time, parent and domain; else these are not read.
 * A missing name is the time, as libvirt has it.  What means nothing in such a document is
 * refused, as libvirt does, with VIR_ERR_XML_INVALID_SCHEMA.  NULL with err.  Worker.
 */
struct checkpoint_def *checkpoint_def_parse(const char *xml, bool whole, struct verror *err);
/* It is finished: def->xml is made.  -1 with err: it could not be read again.  Worker. */
int checkpoint_def_seal(struct checkpoint_def *def, struct verror *err);
/* In libvirt's form; secrets: with passwords; domain: with the domain.  A new string.  Worker. */
char *checkpoint_def_format(const struct checkpoint_def *def, bool secrets, bool domain);

/*
 * disks becomes what is done with each of the domain's, in their order: of those that nobody has
 * named a bitmap where none is named at all, else nothing.  -1 with err.  Any thread.
 */
int checkpoint_def_align(struct checkpoint_def *def, const struct domain_def *domain,
                         struct verror *err);
/* That of a target, or NULL. */
const struct checkpoint_disk *checkpoint_def_disk(const struct checkpoint_def *def,
                                                  const char *target);

#endif
