/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The <permissions> element, the same in pool and volume XML.  Any thread.
 */
#ifndef VIRTJOBD_PERMS_XML_H
#define VIRTJOBD_PERMS_XML_H

#include <libxml/tree.h>

#include "util/verror.h"
#include "xml/pool_xml.h"
#include "xml/xml_write.h"

#define PERMS_INIT { .mode = PERMS_UNSET, .owner = PERMS_UNSET, .group = PERMS_UNSET }

/* node: the element, NULL = nothing given.  perms is set in full.  0 or -1 with err. */
int perms_parse(xmlNodePtr node, struct perms *perms, struct verror *err);
/* Nothing is written for what is not set. */
void perms_format(struct xml_writer *writer, const struct perms *perms);

#endif
