/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Documents that are kept as trees: walked, changed in place, and written in
 * libvirt's form.  Memory that is out ends the daemon, as in alloc.h.  Any
 * thread; a tree belongs to one at a time.
 */
#ifndef VIRTJOBD_XML_TREE_H
#define VIRTJOBD_XML_TREE_H

#include <libxml/tree.h>
#include <stdbool.h>

#include "xml/xml_read.h"
#include "xml/xml_write.h"

/* All child elements of that name, in order; NULL name: all.  No namespace. */
xmlNodePtr xml_first(xmlNodePtr parent, const char *name);
xmlNodePtr xml_next(xmlNodePtr node, const char *name);

/* Is the attribute there with that value? */
bool xml_attribute_is(xmlNodePtr node, const char *name, const char *value);
void xml_attribute_set(xmlNodePtr node, const char *name, const char *value);
void xml_attribute_drop(xmlNodePtr node, const char *name);

/* A new child element, the last one; text may be NULL. */
xmlNodePtr xml_child_add(xmlNodePtr parent, const char *name, const char *text);
/* The same behind a sibling, or before all when that is NULL. */
xmlNodePtr xml_child_add_after(xmlNodePtr parent, xmlNodePtr after, const char *name);
/* Replaces all that is in the element. */
void xml_text_set(xmlNodePtr node, const char *text);
/* Takes the element out and frees it. */
void xml_drop(xmlNodePtr node);

/*
 * The element with all below it.  Blanks between elements are laid out anew, text is kept;
 * comments and processing instructions are left out.
 */
void xml_write_tree(struct xml_writer *writer, xmlNodePtr node);
/*
 * The same as text that stands for itself, the namespaces of its ancestors declared, and laid out
 * for xml_raw() at that depth.  A new string.
 */
char *xml_dump_element(xmlNodePtr node, int depth);

#endif
