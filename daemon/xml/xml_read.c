/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one place that lets libxml2 near a client's text.  Every parser context
 * is private to its call, so any number of threads may read at once.
 */

#include "xml/xml_read.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>

#include <libxml/parser.h>

#include "util/alloc.h"

/* What went wrong first in one parser run; hangs on the context's _private. */
struct parse_failure {
    int line;
    char *reason;
};

static pthread_once_t library_once = PTHREAD_ONCE_INIT;

/* The first complaint is the cause, what follows are its effects. */
static void failure_note(struct parse_failure *failure, int line, const char *reason)
{
    size_t len;

    if (failure->reason)
        return;
    len = strcspn(reason, "\n");
    failure->line = line;
    failure->reason = xstrndup(reason, len);
}

static void parse_error_cb(void *opaque, xmlErrorPtr error)
{
    xmlParserCtxtPtr ctxt = opaque;

    if (error->level >= XML_ERR_ERROR)
        failure_note(ctxt->_private, error->line,
                     error->message ? error->message : "unknown error");
}

static void ignore_error_cb(_unused_ void *opaque, _unused_ xmlErrorPtr error)
{
}

/* Called at '<!DOCTYPE name', before any entity in it has been looked at. */
static void doctype_cb(void *opaque, _unused_ const xmlChar *name,
                       _unused_ const xmlChar *external_id, _unused_ const xmlChar *system_id)
{
    xmlParserCtxtPtr ctxt = opaque;

    failure_note(ctxt->_private, ctxt->input ? ctxt->input->line : 1,
                 "a document type declaration is not accepted");
    xmlStopParser(ctxt);
}

static xmlDocPtr document_parse(const char *text, size_t len, struct parse_failure *failure)
{
    xmlParserCtxtPtr ctxt;
    xmlDocPtr doc;

    (void)pthread_once(&library_once, xmlInitParser); /* cannot fail with a valid once */
    ctxt = xmlNewParserCtxt();
    if (!ctxt)
        abort(); /* out of memory, as in alloc.h */
    ctxt->_private = failure;
    ctxt->sax->serror = parse_error_cb;
    ctxt->sax->internalSubset = doctype_cb;
    /* of this thread: what decodes other encodings knows no context, and would write to stderr */
    xmlSetStructuredErrorFunc(ctxt, parse_error_cb);

    /*
     * NOENT has nothing to expand, as no entity is ever declared; without it the name of a
     * namespace would keep its &amp; half decoded (libxml2 2.9).
     */
    doc = xmlCtxtReadMemory(ctxt, text, (int)len, NULL, NULL,
                            XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_NOENT);
    xmlSetStructuredErrorFunc(NULL, ignore_error_cb);
    if (doc && (!ctxt->wellFormed || failure->reason)) {
        xmlFreeDoc(doc);
        doc = NULL;
    }
    xmlFreeParserCtxt(ctxt);
    return doc;
}

xmlDocPtr xml_read_document(const char *text, const char *what, const char *root,
                            struct verror *err)
{
    struct parse_failure failure = { .line = 1 };
    _cleanup_free_ char *reason = NULL;
    _cleanup_xml_doc_ xmlDocPtr doc = NULL;
    xmlNodePtr node;
    size_t len = strnlen(text, XML_DOCUMENT_MAX + 1);

    if (len > XML_DOCUMENT_MAX) {
        verror_set(err, VIR_ERR_XML_ERROR, "%s is longer than %u bytes", what, XML_DOCUMENT_MAX);
        return NULL;
    }
    if (len == 0) {
        verror_set(err, VIR_ERR_XML_ERROR, "%s is empty", what);
        return NULL;
    }
    doc = document_parse(text, len, &failure);
    reason = failure.reason;
    if (!doc) {
        verror_set(err, VIR_ERR_XML_ERROR, "%s, line %d: %s", what, failure.line,
                   reason ? reason : "not well-formed");
        return NULL;
    }
    node = xmlDocGetRootElement(doc);
    if (root && !xml_is_element(node, root)) {
        verror_set(err, VIR_ERR_XML_ERROR, "unexpected root element <%s>, expecting <%s>",
                   node ? xml_quotable((const char *)node->name) : "", root);
        return NULL;
    }
    return STEAL_PTR(doc);
}

bool xml_is_element(const xmlNode *node, const char *name)
{
    return node && node->type == XML_ELEMENT_NODE && !node->ns &&
           strcmp((const char *)node->name, name) == 0;
}

xmlNodePtr xml_child(xmlNodePtr node, const char *name)
{
    for (xmlNodePtr child = node ? node->children : NULL; child; child = child->next)
        if (xml_is_element(child, name))
            return child;
    return NULL;
}

xmlNodePtr xml_child_of_child(xmlNodePtr node, const char *child, const char *grandchild)
{
    return xml_child(xml_child(node, child), grandchild);
}

/* Our own copy of libxml2's string, which it frees by its own means. */
static char *take_string(xmlChar *text)
{
    char *copy = NULL;

    if (text && *text)
        copy = xstrdup((const char *)text);
    xmlFree(text);
    return copy;
}

char *xml_text(xmlNodePtr node)
{
    return node ? take_string(xmlNodeGetContent(node)) : NULL;
}

char *xml_attribute(xmlNodePtr node, const char *name)
{
    return node ? take_string(xmlGetNoNsProp(node, (const xmlChar *)name)) : NULL;
}

const char *xml_quotable(const char *text)
{
    static const size_t longest = 80;

    if (strnlen(text, longest + 1) > longest)
        return "(long text)";
    for (const char *p = text; *p; p++)
        if (iscntrl((unsigned char)*p))
            return "(text with control characters)";
    return text;
}

bool xml_parse_number(const char *text, int base, uint64_t *ret_number)
{
    unsigned long long number;
    char *end;

    while (isspace((unsigned char)*text))
        text++;
    if (!isdigit((unsigned char)*text)) /* strtoull would take a sign and wrap round */
        return false;
    errno = 0;
    number = strtoull(text, &end, base);
    if (errno)
        return false;
    while (isspace((unsigned char)*end))
        end++;
    if (*end)
        return false;
    *ret_number = number;
    return true;
}

/* How many bytes a unit is; 0 = there is no such unit. */
static uint64_t unit_bytes(const char *unit)
{
    static const char powers[] = "kmgtpe";
    const char *power;
    uint64_t base, bytes = 1;

    if (strcasecmp(unit, "b") == 0 || strcasecmp(unit, "byte") == 0 ||
        strcasecmp(unit, "bytes") == 0)
        return 1;
    power = *unit ? strchr(powers, tolower((unsigned char)*unit)) : NULL;
    if (!power)
        return 0;
    if (!unit[1] || strcasecmp(unit + 1, "ib") == 0)
        base = 1024;
    else if (strcasecmp(unit + 1, "b") == 0)
        base = 1000;
    else
        return 0;
    for (const char *p = powers; p <= power; p++)
        bytes *= base;
    return bytes;
}

int xml_read_size(xmlNodePtr node, uint64_t *ret_bytes, struct verror *err)
{
    return xml_read_size_unit(node, "bytes", ret_bytes, err);
}

int xml_read_size_unit(xmlNodePtr node, const char *fallback, uint64_t *ret_bytes,
                       struct verror *err)
{
    const char *name = (const char *)node->name;
    _cleanup_free_ char *text = xml_text(node);
    _cleanup_free_ char *unit = xml_attribute(node, "unit");
    uint64_t scale = unit_bytes(unit ? unit : fallback);
    uint64_t bytes;

    if (!scale)
        return verror_set(err, VIR_ERR_XML_ERROR, "unknown unit '%s' of element %s",
                          xml_quotable(unit), name);
    if (!text || !xml_parse_number(text, 10, &bytes))
        return verror_set(err, VIR_ERR_XML_ERROR, "malformed %s element '%s'", name,
                          text ? xml_quotable(text) : "");
    if (__builtin_mul_overflow(bytes, scale, &bytes) || bytes > INT64_MAX)
        return verror_set(err, VIR_ERR_OVERFLOW, "%s '%s%s%s' is too large", name,
                          xml_quotable(text), unit ? " " : "", unit ? unit : "");
    *ret_bytes = bytes;
    return 0;
}
