/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading XML that a client sent: a parser that fetches nothing, expands
 * nothing and prints nothing, and helpers that take values out of the tree.
 * Any thread; a document belongs to the thread that parsed it.
 */
#ifndef VIRTJOBD_XML_READ_H
#define VIRTJOBD_XML_READ_H

#include <stdbool.h>
#include <stdint.h>

#include <libxml/tree.h>

#include "util/verror.h"

/*
 * Longer documents are refused unread: a tree takes thirty times the memory of its text,
 * and all workers may be parsing at once.
 */
#define XML_DOCUMENT_MAX (1u << 20)

DEFINE_CLEANUP(xmlDocPtr, xmlFreeDoc);
#define _cleanup_xml_doc_ _cleanup_(xmlFreeDocp)

/*
 * Parses a document that must have this root element; NULL: any.  what ("storage pool
 * definition") stands in the message.  NULL with err, VIR_ERR_XML_ERROR.
 */
xmlDocPtr xml_read_document(const char *text, const char *what, const char *root,
                            struct verror *err);

/* Is this an element of that name, without a namespace? */
bool xml_is_element(const xmlNode *node, const char *name);

/* The first child element of that name, or NULL; node may be NULL. */
xmlNodePtr xml_child(xmlNodePtr node, const char *name);
xmlNodePtr xml_child_of_child(xmlNodePtr node, const char *child, const char *grandchild);

/* A new string, or NULL when the element or attribute is missing or empty; node may be NULL. */
char *xml_text(xmlNodePtr node);
char *xml_attribute(xmlNodePtr node, const char *name);

/*
 * A size with an optional unit attribute, in bytes, at most INT64_MAX.
 * libvirt's units, in any case: B, byte(s), K to E with or without iB
 * (powers of 1024), KB to EB (powers of 1000).  -1 with err, which names the
 * element.
 */
int xml_read_size(xmlNodePtr node, uint64_t *ret_bytes, struct verror *err);
/* The same where no unit means that one, which is in the table. */
int xml_read_size_unit(xmlNodePtr node, const char *fallback, uint64_t *ret_bytes,
                       struct verror *err);

/* For messages: the text itself when it is short and fits a line, else a word for it. */
const char *xml_quotable(const char *text);

/* A whole number in that base, blanks around it allowed. */
bool xml_parse_number(const char *text, int base, uint64_t *ret_number);

#endif
