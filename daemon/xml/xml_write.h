/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing XML: two blanks a level, attributes in single quotes as libvirt's
 * clients are used to, every text escaped.  What XML cannot hold (control
 * characters, broken UTF-8 in a name from a disk) becomes U+FFFD, so that a
 * document is always well-formed.  Cannot fail.  Any thread.
 *
 *     struct xml_writer writer = XML_WRITER_INIT;
 *     xml_open(&writer, "target", NULL);
 *     xml_element(&writer, "path", path);
 *     xml_close(&writer, "target");
 *     return xml_writer_take(&writer);
 */
#ifndef VIRTJOBD_XML_WRITE_H
#define VIRTJOBD_XML_WRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/macros.h"

struct xml_writer {
    char *text; /* NUL-terminated once anything was written */
    size_t len, size;
    int depth;
    bool as_libxml; /* double quotes, and of quotes only those escaped that must be */
};

#define XML_WRITER_INIT { 0 }

/*
 * Attributes come as pairs of name and value behind the element's name and end
 * with NULL; a pair whose value is NULL ends them too.
 */
void xml_open(struct xml_writer *writer, const char *name, ...) __attribute__((sentinel));
void xml_close(struct xml_writer *writer, const char *name);
/* <name a='b'/> */
void xml_empty(struct xml_writer *writer, const char *name, ...) __attribute__((sentinel));
/* <name>text</name>; nothing at all when text is NULL */
void xml_element(struct xml_writer *writer, const char *name, const char *text);
/* <name a='b'>text</name> */
void xml_element_attrs(struct xml_writer *writer, const char *name, const char *text, ...)
    __attribute__((sentinel));
void xml_elementf(struct xml_writer *writer, const char *name, const char *fmt, ...)
    _printf_(3, 4);
/* <name unit='unit'>number</name> */
void xml_element_size(struct xml_writer *writer, const char *name, const char *unit,
                      unsigned long long number);
/* Pieces of one element, for xml_tree.c: as they are, blanks up to the depth, escaped text. */
void xml_append(struct xml_writer *writer, const char *text);
void xml_append_indent(struct xml_writer *writer);
/* keep_blanks: tabs and newlines stand for themselves, which only content may do. */
void xml_append_escaped(struct xml_writer *writer, const char *text, bool keep_blanks);

/* Text that is XML already, on a line of its own; nothing when NULL. */
void xml_raw(struct xml_writer *writer, const char *xml);

/* The text, now the caller's; the writer is empty again. */
char *xml_writer_take(struct xml_writer *writer);

#endif
