/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The little XML that virtjob writes itself; see xml.h. */

#include "tools/xml.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/xmlsave.h>
#include <libxml/xpath.h>

#include "daemon/util/alloc.h"
#include "tools/cli.h"

/* More than any description needs; the daemon takes less. */
#define XML_FILE_MAX (10u << 20)

static const xmlChar *xstr(const char *text)
{
    return (const xmlChar *)text;
}

/* libxml2 allocates by itself; without memory there is nothing left to do. */
static void *xml_checked(void *ptr)
{
    if (!ptr)
        abort();
    return ptr;
}

void xml_open(struct xml *xml, const char *root)
{
    xml->doc = xml_checked(xmlNewDoc(xstr("1.0")));
    xml->root = xml_checked(xmlNewDocNode(xml->doc, NULL, xstr(root), NULL));
    xml->bad = NULL;
    xmlDocSetRootElement(xml->doc, xml->root);
}

void xml_close(struct xml *xml)
{
    xmlFreeDoc(xml->doc);
}

/* XML has no way to write most control characters, nor bytes that are not UTF-8. */
static bool is_text(const char *text)
{
    const char *p;

    for (p = text; *p; p++)
        if (iscntrl((unsigned char)*p) && !strchr("\t\n\r", *p))
            return false;
    return xmlCheckUTF8(xstr(text)) == 1;
}

static const char *text_checked(struct xml *xml, const char *text)
{
    if (!text || is_text(text))
        return text;
    if (!xml->bad)
        xml->bad = text;
    return "";
}

xmlNodePtr xml_add(struct xml *xml, xmlNodePtr parent, const char *name, const char *text)
{
    return xml_checked(xmlNewTextChild(parent, NULL, xstr(name), xstr(text_checked(xml, text))));
}

void xml_set(struct xml *xml, xmlNodePtr node, const char *name, const char *value)
{
    xml_checked(xmlNewProp(node, xstr(name), xstr(text_checked(xml, value))));
}

static char *node_text(xmlDocPtr doc, xmlNodePtr node)
{
    xmlBufferPtr buffer = xml_checked(xmlBufferCreate());
    char *text;

    if (xmlNodeDump(buffer, doc, node, 0, 1) < 0)
        abort();
    text = xasprintf("%s\n", (const char *)xmlBufferContent(buffer));
    xmlBufferFree(buffer);
    return text;
}

char *xml_text(const struct xml *xml)
{
    if (xml->bad) {
        cli_error("'%s' is not text that XML can hold", xml->bad);
        return NULL;
    }
    return node_text(xml->doc, xml->root);
}

static xmlDocPtr xml_parse(const char *text)
{
    return xmlReadMemory(text, (int)strlen(text), NULL, "UTF-8",
                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

/* The first element of that name in the root; NULL also when there is no document. */
static xmlNodePtr child_find(xmlDocPtr doc, const char *name)
{
    xmlNodePtr node = doc ? xmlDocGetRootElement(doc) : NULL;

    for (node = node ? node->children : NULL; node; node = node->next)
        if (node->type == XML_ELEMENT_NODE && xmlStrEqual(node->name, xstr(name)))
            break;
    return node;
}

char *xml_rename(const char *text, const char *name)
{
    struct xml checked = { 0 };
    xmlDocPtr doc = xml_parse(text);
    xmlNodePtr node = child_find(doc, "name");
    char *renamed = NULL;

    if (node && text_checked(&checked, name) == name) {
        xmlNodeSetContent(node, NULL);
        xmlNodeAddContent(node, xstr(name)); /* unlike the other it takes plain text */
        renamed = node_text(doc, xmlDocGetRootElement(doc));
    }
    xmlFreeDoc(doc);
    return renamed;
}

char *xml_child_text(const char *text, const char *name)
{
    xmlDocPtr doc = xml_parse(text);
    xmlNodePtr node = child_find(doc, name);
    xmlChar *content = node ? xml_checked(xmlNodeGetContent(node)) : NULL;
    char *copy = xstrdup((const char *)content);

    xmlFree(content);
    xmlFreeDoc(doc);
    return copy;
}

static void xpath_error_ignore(void *opaque, xmlErrorPtr error)
{
    (void)opaque;
    (void)error; /* the result tells */
}

/* The nodes as text, a new string. */
static char *nodes_text(xmlDocPtr doc, const xmlNodeSet *nodes, bool wrap)
{
    xmlBufferPtr buffer = xml_checked(xmlBufferCreate());
    char *text;
    int i;

    for (i = 0; nodes && i < nodes->nodeNr; i++) {
        if (wrap)
            xmlBufferCCat(buffer, "  ");
        if (xmlNodeDump(buffer, doc, nodes->nodeTab[i], 1, 1) < 0)
            abort();
        xmlBufferCCat(buffer, "\n");
    }
    if (!wrap)
        text = xstrdup((const char *)xmlBufferContent(buffer));
    else if (xmlBufferLength(buffer) == 0)
        text = xstrdup("<nodes/>\n");
    else
        text = xasprintf("<nodes>\n%s</nodes>\n", (const char *)xmlBufferContent(buffer));
    xmlBufferFree(buffer);
    return text;
}

char *xml_select(const char *text, const char *xpath, bool wrap)
{
    xmlDocPtr doc = xml_parse(text);
    xmlXPathContextPtr context = doc ? xml_checked(xmlXPathNewContext(doc)) : NULL;
    xmlXPathObjectPtr found = NULL;
    char *selected = NULL;

    if (context) {
        context->error = xpath_error_ignore;
        found = xmlXPathEval(xstr(xpath), context);
    }
    if (found && found->type == XPATH_NODESET)
        selected = nodes_text(doc, found->nodesetval, wrap);
    else
        cli_error("'%s' is no XPath expression that selects nodes", xpath);
    xmlXPathFreeObject(found);
    xmlXPathFreeContext(context);
    xmlFreeDoc(doc);
    return selected;
}

char *xml_read_file(const char *path)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    _cleanup_free_ char *text = NULL;
    size_t used = 0, room = 0;
    ssize_t n = fd < 0 ? -1 : 1;

    while (n > 0 && used <= XML_FILE_MAX) {
        if (room - used < 4096) {
            room = room ? room * 2 : 16384;
            text = xrealloc(text, room, 1);
        }
        n = read(fd, text + used, room - used - 1);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n > 0)
            used += (size_t)n;
    }
    if (n < 0) {
        cli_error("cannot read '%s': %s", path, strerror(errno));
        return NULL;
    }
    if (used > XML_FILE_MAX) {
        cli_error("'%s' is larger than a description may be (10 MiB)", path);
        return NULL;
    }
    text[used] = '\0';
    if (strlen(text) != used) {
        cli_error("'%s' is not a text: it has a zero byte", path);
        return NULL;
    }
    return STEAL_PTR(text);
}
