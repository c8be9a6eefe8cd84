/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Trees changed and written; see xml_tree.h.  Recursion is as deep as the
 * document, which the parser limits to 256.
 */

#include "xml/xml_tree.h"

#include <string.h>

#include "util/alloc.h"

#define TEXT(s) ((const char *)(s))
#define XTEXT(s) ((const xmlChar *)(s))

/* --- walking --- */

static xmlNodePtr first_from(xmlNodePtr node, const char *name)
{
    for (; node; node = node->next)
        if (node->type == XML_ELEMENT_NODE && !node->ns &&
            (!name || strcmp(TEXT(node->name), name) == 0))
            return node;
    return NULL;
}

xmlNodePtr xml_first(xmlNodePtr parent, const char *name)
{
    return parent ? first_from(parent->children, name) : NULL;
}

xmlNodePtr xml_next(xmlNodePtr node, const char *name)
{
    return first_from(node->next, name);
}

bool xml_attribute_is(xmlNodePtr node, const char *name, const char *value)
{
    _cleanup_free_ char *text = xml_attribute(node, name);

    return text && strcmp(text, value) == 0;
}

/* --- changing --- */

static void *must(void *made)
{
    if (!made)
        abort(); /* out of memory, as in alloc.h */
    return made;
}

void xml_attribute_set(xmlNodePtr node, const char *name, const char *value)
{
    must(xmlSetNsProp(node, NULL, XTEXT(name), XTEXT(value)));
}

void xml_attribute_drop(xmlNodePtr node, const char *name)
{
    (void)xmlUnsetNsProp(node, NULL, XTEXT(name)); /* fails where there is none */
}

/* Not by xmlNewChild, which hands the parent's namespace down. */
static xmlNodePtr new_element(xmlNodePtr parent, const char *name)
{
    return must(xmlNewDocNode(parent->doc, NULL, XTEXT(name), NULL));
}

xmlNodePtr xml_child_add(xmlNodePtr parent, const char *name, const char *text)
{
    xmlNodePtr node = must(xmlAddChild(parent, new_element(parent, name)));

    if (text)
        xml_text_set(node, text);
    return node;
}

xmlNodePtr xml_child_add_after(xmlNodePtr parent, xmlNodePtr after, const char *name)
{
    if (!after && !parent->children)
        return xml_child_add(parent, name, NULL);
    if (!after)
        return must(xmlAddPrevSibling(parent->children, new_element(parent, name)));
    return must(xmlAddNextSibling(after, new_element(parent, name)));
}

void xml_text_set(xmlNodePtr node, const char *text)
{
    xmlNodePtr content = must(xmlNewDocText(node->doc, XTEXT(text)));

    while (node->children)
        xml_drop(node->children);
    must(xmlAddChild(node, content));
}

void xml_drop(xmlNodePtr node)
{
    xmlUnlinkNode(node);
    xmlFreeNode(node);
}

/* --- writing --- */

/* What an element has inside, which decides its layout. */
enum content { CONTENT_NONE, CONTENT_ELEMENTS, CONTENT_TEXT };

static bool is_text(const xmlNode *node)
{
    return node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE;
}

static bool keeps_blanks(xmlNodePtr node)
{
    xmlChar *space = xmlGetNsProp(node, XTEXT("space"), XML_XML_NAMESPACE);
    bool keeps = space && strcmp(TEXT(space), "preserve") == 0;

    xmlFree(space);
    return keeps;
}

/* Blanks alone are content where nothing else is and no line ends: somebody meant them. */
static enum content content_of(xmlNodePtr node)
{
    bool elements = false, blanks = false;

    for (xmlNodePtr child = node->children; child; child = child->next) {
        if (child->type == XML_ELEMENT_NODE)
            elements = true;
        else if (!is_text(child) || !child->content)
            continue;
        else if (!xmlIsBlankNode(child))
            return CONTENT_TEXT;
        else if (!strchr(TEXT(child->content), '\n'))
            blanks = true;
    }
    if (node->children && keeps_blanks(node))
        return CONTENT_TEXT;
    if (elements)
        return CONTENT_ELEMENTS;
    return blanks ? CONTENT_TEXT : CONTENT_NONE;
}

static void write_name(struct xml_writer *writer, const xmlNs *ns, const xmlChar *name)
{
    if (ns && ns->prefix) {
        xml_append(writer, TEXT(ns->prefix));
        xml_append(writer, ":");
    }
    xml_append(writer, TEXT(name));
}

static void write_value(struct xml_writer *writer, const char *value)
{
    const char *quote = writer->as_libxml ? "\"" : "'";

    xml_append(writer, "=");
    xml_append(writer, quote);
    xml_append_escaped(writer, value, false);
    xml_append(writer, quote);
}

static void write_attribute(struct xml_writer *writer, xmlAttrPtr attribute)
{
    xmlChar *value = xmlNodeListGetString(attribute->doc, attribute->children, 1);

    xml_append(writer, " ");
    write_name(writer, attribute->ns, attribute->name);
    write_value(writer, value ? TEXT(value) : "");
    xmlFree(value);
}

static void write_namespaces(struct xml_writer *writer, const xmlNode *node)
{
    for (const xmlNs *ns = node->nsDef; ns; ns = ns->next) {
        xml_append(writer, ns->prefix ? " xmlns:" : " xmlns");
        if (ns->prefix)
            xml_append(writer, TEXT(ns->prefix));
        write_value(writer, ns->href ? TEXT(ns->href) : "");
    }
}

/* <domain type='kvm' xmlns:qemu='…'> but <app:note xmlns:app='…' by='ops'>: as libvirt does. */
static void write_start(struct xml_writer *writer, xmlNodePtr node)
{
    xml_append(writer, "<");
    write_name(writer, node->ns, node->name);
    if (node->ns)
        write_namespaces(writer, node);
    for (xmlAttrPtr attribute = node->properties; attribute; attribute = attribute->next)
        write_attribute(writer, attribute);
    if (!node->ns)
        write_namespaces(writer, node);
}

static void write_end(struct xml_writer *writer, xmlNodePtr node)
{
    xml_append(writer, "</");
    write_name(writer, node->ns, node->name);
    xml_append(writer, ">");
}

/* A comment alone is nothing that is written. */
static bool is_empty(const xmlNode *node)
{
    for (const xmlNode *child = node->children; child; child = child->next)
        if (is_text(child) || child->type == XML_ELEMENT_NODE)
            return false;
    return true;
}

/* Among text, where a blank more would be one that nobody wrote. */
static void write_inline(struct xml_writer *writer, xmlNodePtr node)
{
    if (is_text(node)) {
        xml_append_escaped(writer, node->content ? TEXT(node->content) : "", true);
        return;
    }
    if (node->type != XML_ELEMENT_NODE)
        return;
    write_start(writer, node);
    if (is_empty(node)) {
        xml_append(writer, "/>");
        return;
    }
    xml_append(writer, ">");
    for (xmlNodePtr child = node->children; child; child = child->next)
        write_inline(writer, child);
    write_end(writer, node);
}

static void write_children(struct xml_writer *writer, xmlNodePtr node)
{
    bool as_libxml = writer->as_libxml;

    /* libvirt keeps the elements of others as libxml2 writes them */
    writer->as_libxml = as_libxml || (!node->ns && strcmp(TEXT(node->name), "metadata") == 0);
    writer->depth++;
    for (xmlNodePtr child = node->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE)
            xml_write_tree(writer, child);
    writer->depth--;
    writer->as_libxml = as_libxml;
}

void xml_write_tree(struct xml_writer *writer, xmlNodePtr node)
{
    enum content content = content_of(node);

    xml_append_indent(writer);
    if (content == CONTENT_TEXT) {
        write_inline(writer, node);
        xml_append(writer, "\n");
        return;
    }
    write_start(writer, node);
    if (content == CONTENT_NONE) {
        xml_append(writer, "/>\n");
        return;
    }
    xml_append(writer, ">\n");
    write_children(writer, node);
    xml_append_indent(writer);
    write_end(writer, node);
    xml_append(writer, "\n");
}

/* Not by xmlNodeDump(), which writes the '&' of a namespace as it is. */
char *xml_dump_element(xmlNodePtr node, int depth)
{
    struct xml_writer writer = { .depth = depth };
    /* a copy declares the namespaces that its ancestors declared for it */
    xmlNodePtr copy = must(xmlDocCopyNode(node, node->doc, 1));
    char *text, *start;

    xml_write_tree(&writer, copy);
    xmlFreeNode(copy);
    text = xml_writer_take(&writer);
    start = strchr(text, '<');
    memmove(text, start, strlen(start) + 1);
    text[strlen(text) - 1] = '\0'; /* its newline */
    return text;
}
