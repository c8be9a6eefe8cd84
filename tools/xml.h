/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The little XML that virtjob reads and writes itself: descriptions made from
 * options, and the name and the UUID in those of others.
 */
#ifndef VIRTJOB_XML_H
#define VIRTJOB_XML_H

#include <stdbool.h>

#include <libxml/tree.h>

#include "protocol/macros.h"

struct xml {
    xmlDocPtr doc;
    xmlNodePtr root;
    const char *bad; /* the first text that XML cannot hold, or NULL */
};

void xml_open(struct xml *xml, const char *root);
void xml_close(struct xml *xml);
#define _cleanup_xml_ _cleanup_(xml_close)

/* <name>text</name>; text may be NULL for an element that only holds others. */
xmlNodePtr xml_add(struct xml *xml, xmlNodePtr parent, const char *name, const char *text);
void xml_set(struct xml *xml, xmlNodePtr node, const char *name, const char *value);
/* The document, a new string; NULL and an error told when a text was bad. */
char *xml_text(const struct xml *xml);

/* A description with another <name>; NULL when it is none. */
char *xml_rename(const char *text, const char *name);

/* What the first element of that name in the root holds, a new string; NULL when there is none. */
char *xml_child_text(const char *text, const char *name);

/*
 * What an XPath expression selects, one a line, or with wrap as the children of
 * <nodes>; a new string.  NULL and an error told when it is no such expression.
 */
char *xml_select(const char *text, const char *xpath, bool wrap);

/* The file's whole text, a new string; NULL and an error told. */
char *xml_read_file(const char *path);

#endif
