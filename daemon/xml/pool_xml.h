/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Storage pool XML to and from a plain struct.  Parsing runs on a worker (the
 * text came from a client), formatting on any thread.
 */
#ifndef VIRTJOBD_POOL_XML_H
#define VIRTJOBD_POOL_XML_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/verror.h"

/* An owner, group or mode the XML did not give. */
#define PERMS_UNSET ((uint32_t)-1)

struct perms {
    uint32_t mode;  /* permission bits */
    uint32_t owner, group;
    char *label;    /* SELinux label as given, kept and given back; or NULL */
};

/* Immutable once parsed; reference-counted, any thread. */
struct pool_def {
    int refs;
    char *type;         /* "dir" */
    char *name;
    unsigned char uuid[16]; /* made up when the XML has none */
    char *target_path;  /* absolute, cleaned of //, trailing / and . */
    struct perms perms;
    char *source;       /* the <source> element as given, when it says anything: a directory uses
                           none of it, it is kept and given back; or NULL */
    char *extra;        /* elements we do not know, as XML text, kept and given back; or NULL */
};

struct pool_def *pool_def_ref(struct pool_def *def);
void pool_def_unref(struct pool_def *def);

/* What the running pool adds to its XML. */
struct pool_xml_state {
    uint64_t capacity, allocation, available; /* bytes */
    struct perms perms;   /* of the directory as it is; PERMS_UNSET = not known */
    const char *job_xml;  /* our own element, see job_xml.h, or NULL */
};

/* -1 with err (VIR_ERR_XML_ERROR, _CONFIG_UNSUPPORTED, …). */
int pool_def_parse(const char *xml, struct pool_def **ret_def, struct verror *err);
/* state NULL = the inactive form.  A new string. */
char *pool_def_format(const struct pool_def *def, const struct pool_xml_state *state);

#endif
