/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the documents of snapshots and checkpoints have in common: their names, the
 * domain as it was in them, which disks they mean.  Any thread.
 */
#ifndef VIRTJOBD_MOMENT_XML_H
#define VIRTJOBD_MOMENT_XML_H

#include <stddef.h>

#include "xml/domain_def.h"
#include "xml/xml_write.h"

enum { MOMENT_DISKS_MAX = 2048 }; /* as of a domain */

/* It may become part of a file's name.  what: "snapshot"; -1 with err: code. */
int moment_check_name(const char *name, const char *what, int code, struct verror *err);

/* An element of the document as one that stands for itself: a new string, or NULL. */
char *moment_read_domain(xmlNodePtr root, const char *element);
/* The other way; nothing for NULL. */
void moment_write_domain(struct xml_writer *writer, const char *xml, const char *element,
                         bool secrets);

/* What may stand in an element. */
struct moment_element {
    const char *parent;
    const char *children[12];
};
/* -1 with VIR_ERR_XML_INVALID_SCHEMA: an element means nothing.  Those without a row are
   others' to know. */
int moment_validate(const struct moment_element *known, size_t n, xmlNodePtr root,
                    struct verror *err);

/* By its target or its path; NULL: there is none. */
const struct domain_disk *moment_find_disk(const struct domain_def *domain, const char *name);

#endif
