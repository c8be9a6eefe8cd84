/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A growing text and the rules for what goes into it; see xml_write.h. */

#include "xml/xml_write.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "util/alloc.h"
#include "xml/utf8.h"

enum {
    INDENT = 2,
    /* Deeper levels move no further right: a small document must not become a huge one. */
    DEPTH_SHOWN_MAX = 80,
};

static void append(struct xml_writer *writer, const char *bytes, size_t len)
{
    size_t needed = writer->len + len + 1;

    if (needed > writer->size) {
        writer->size = needed < 1024 ? 1024 : needed * 2;
        writer->text = xrealloc(writer->text, writer->size, 1);
    }
    memcpy(writer->text + writer->len, bytes, len);
    writer->len += len;
    writer->text[writer->len] = '\0';
}

void xml_append(struct xml_writer *writer, const char *text)
{
    append(writer, text, strlen(text));
}

void xml_append_indent(struct xml_writer *writer)
{
    int depth = writer->depth < DEPTH_SHOWN_MAX ? writer->depth : DEPTH_SHOWN_MAX;

    for (int i = 0; i < depth * INDENT; i++)
        append(writer, " ", 1);
}

/* What must not stand as itself, in text and attributes alike. */
static const char *escape_of(uint32_t c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '\'':
        return "&apos;";
    case '"':
        return "&quot;";
    case '\t': /* these three a parser would turn into blanks */
        return "&#9;";
    case '\n':
        return "&#10;";
    case '\r':
        return "&#13;";
    default:
        return utf8_is_xml_char(c) ? NULL : "\xef\xbf\xbd";
    }
}

void xml_append_escaped(struct xml_writer *writer, const char *text, bool keep_blanks)
{
    while (*text) {
        uint32_t c = 0; /* where the decoder refuses: no XML character either */
        size_t len = utf8_decode(text, &c);
        const char *escape = len ? escape_of(c) : escape_of(0);

        if (keep_blanks && (c == '\t' || c == '\n'))
            escape = NULL;
        if (writer->as_libxml && (c == '\'' || (keep_blanks && c == '"')))
            escape = NULL;
        if (escape)
            xml_append(writer, escape);
        else
            append(writer, text, len);
        text += len ? len : 1;
    }
}

static void append_tag(struct xml_writer *writer, const char *name, va_list attributes)
{
    xml_append_indent(writer);
    append(writer, "<", 1);
    xml_append(writer, name);
    for (;;) {
        const char *attribute = va_arg(attributes, const char *);
        const char *value = attribute ? va_arg(attributes, const char *) : NULL;

        if (!value)
            return;
        append(writer, " ", 1);
        xml_append(writer, attribute);
        xml_append(writer, "='");
        xml_append_escaped(writer, value, false);
        append(writer, "'", 1);
    }
}

void xml_open(struct xml_writer *writer, const char *name, ...)
{
    va_list attributes;

    va_start(attributes, name);
    append_tag(writer, name, attributes);
    va_end(attributes);
    xml_append(writer, ">\n");
    writer->depth++;
}

void xml_close(struct xml_writer *writer, const char *name)
{
    writer->depth--;
    xml_append_indent(writer);
    xml_append(writer, "</");
    xml_append(writer, name);
    xml_append(writer, ">\n");
}

void xml_empty(struct xml_writer *writer, const char *name, ...)
{
    va_list attributes;

    va_start(attributes, name);
    append_tag(writer, name, attributes);
    va_end(attributes);
    xml_append(writer, "/>\n");
}

void xml_element_attrs(struct xml_writer *writer, const char *name, const char *text, ...)
{
    va_list attributes;

    va_start(attributes, text);
    append_tag(writer, name, attributes);
    va_end(attributes);
    append(writer, ">", 1);
    xml_append_escaped(writer, text, false);
    xml_append(writer, "</");
    xml_append(writer, name);
    xml_append(writer, ">\n");
}

void xml_element(struct xml_writer *writer, const char *name, const char *text)
{
    if (text)
        xml_element_attrs(writer, name, text, NULL);
}

void xml_elementf(struct xml_writer *writer, const char *name, const char *fmt, ...)
{
    char text[128];
    va_list args;

    va_start(args, fmt);
    /* numbers only: never longer than the buffer */
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    xml_element_attrs(writer, name, text, NULL);
}

void xml_element_size(struct xml_writer *writer, const char *name, const char *unit,
                      unsigned long long number)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%llu", number); /* 20 digits at most */
    xml_element_attrs(writer, name, text, "unit", unit, NULL);
}

void xml_raw(struct xml_writer *writer, const char *xml)
{
    if (!xml)
        return;
    xml_append_indent(writer);
    xml_append(writer, xml);
    append(writer, "\n", 1);
}

char *xml_writer_take(struct xml_writer *writer)
{
    char *text = writer->text ? writer->text : xstrdup("");

    *writer = (struct xml_writer)XML_WRITER_INIT;
    return text;
}
