/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changes to one definition: a copy of its document is changed and looked at
 * as if a client had sent it; see domain_def.h.  Any thread.
 */

#include <string.h>

#include "util/alloc.h"
#include "xml/domain_def.h"
#include "xml/utf8.h"
#include "xml/xml_tree.h"

/* The order of <domain>'s first elements. */
static const char *const head_elements[] = {
    "name", "uuid", "genid", "title", "description", "metadata",
};

/* The element, made where it belongs if it is not there. */
static xmlNodePtr head_element(xmlNodePtr domain, const char *name)
{
    xmlNodePtr node = xml_child(domain, name), after = NULL;

    if (node)
        return node;
    for (size_t i = 0; strcmp(head_elements[i], name) != 0; i++) {
        xmlNodePtr before = xml_child(domain, head_elements[i]);

        if (before)
            after = before;
    }
    return xml_child_add_after(domain, after, name);
}

/* Could the text come back as it is? */
static int check_text(const char *text, const char *what, struct verror *err)
{
    while (*text) {
        uint32_t c;
        size_t len = utf8_decode(text, &c);

        if (len == 0 || !utf8_is_xml_char(c))
            return verror_set(err, VIR_ERR_INVALID_ARG, "metadata %s cannot stand in XML", what);
        text += len;
    }
    return 0;
}

struct domain_def *domain_def_renamed(const struct domain_def *def, const char *name,
                                      struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(def);

    xml_text_set(head_element(xmlDocGetRootElement(doc), "name"), name);
    return domain_def_from_doc(doc, err);
}

/* --- title and description --- */

static int check_no_namespace(const char *key, const char *uri, struct verror *err)
{
    if (key || uri)
        return verror_set(err, VIR_ERR_INVALID_ARG,
                          "%s of a title or a description must be NULL", key ? "key" : "uri");
    return 0;
}

static int set_text(xmlNodePtr domain, const char *element, const char *value, struct verror *err)
{
    bool is_title = strcmp(element, "title") == 0;

    if (!value || !*value) {
        xmlNodePtr node = xml_child(domain, element);

        if (node)
            xml_drop(node);
        return 0;
    }
    if (check_text(value, element, err) < 0)
        return -1;
    if (is_title && strchr(value, '\n'))
        return verror_set(err, VIR_ERR_INVALID_ARG, "metadata title can't contain newlines");
    xml_text_set(head_element(domain, element), value);
    return 0;
}

/* --- elements in a namespace of somebody's own --- */

static bool is_in(const xmlNs *ns, const char *uri)
{
    return ns && strcmp((const char *)ns->href, uri) == 0;
}

static bool is_metadata(const xmlNode *node, const char *uri)
{
    return node->type == XML_ELEMENT_NODE && is_in(node->ns, uri);
}

/* Walks a tree in the order of the document; NULL behind the last. */
static xmlNodePtr tree_next(xmlNodePtr node, xmlNodePtr root)
{
    if (node->children)
        return node->children;
    while (node != root && !node->next)
        node = node->parent;
    return node == root ? NULL : node->next;
}

/* All elements that are in the namespace `from` (NULL: in none) go to `to`. */
static void move_elements(xmlNodePtr root, const char *from, xmlNsPtr to)
{
    for (xmlNodePtr node = root; node; node = tree_next(node, root))
        if (node->type == XML_ELEMENT_NODE && (from ? is_in(node->ns, from) : !node->ns))
            xmlSetNs(node, to);
}

static bool has_attributes_in(xmlNodePtr root, const char *uri)
{
    for (xmlNodePtr node = root; node; node = tree_next(node, root))
        for (const xmlAttr *attribute = node->type == XML_ELEMENT_NODE ? node->properties : NULL;
             attribute; attribute = attribute->next)
            if (is_in(attribute->ns, uri))
                return true;
    return false;
}

/* Is anything below in another namespace without saying so by a prefix? */
static bool has_other_default(xmlNodePtr root, const char *uri)
{
    for (xmlNodePtr node = root; node; node = tree_next(node, root))
        for (const xmlNs *ns = node->type == XML_ELEMENT_NODE ? node->nsDef : NULL; ns;
             ns = ns->next)
            if (!ns->prefix && !is_in(ns, uri))
                return true;
    return false;
}

/* Declarations of the namespace, once no element uses them and if no attribute does. */
static void drop_declarations(xmlNodePtr root, const char *uri, const xmlNs *keep)
{
    if (has_attributes_in(root, uri))
        return;
    for (xmlNodePtr node = root; node; node = tree_next(node, root)) {
        xmlNsPtr *at = &node->nsDef;

        if (node->type != XML_ELEMENT_NODE)
            continue;
        while (*at) {
            xmlNsPtr ns = *at;

            if (ns == keep || !is_in(ns, uri)) {
                at = &ns->next;
                continue;
            }
            *at = ns->next;
            xmlFreeNs(ns);
        }
    }
}

/* A prefix that means two things would move elements from one to the other. */
static int check_prefix(xmlNodePtr root, const char *key, const char *uri, struct verror *err)
{
    for (xmlNodePtr node = root; node; node = tree_next(node, root))
        for (const xmlNs *ns = node->type == XML_ELEMENT_NODE ? node->nsDef : NULL; ns;
             ns = ns->next)
            if (ns->prefix && strcmp((const char *)ns->prefix, key) == 0 && !is_in(ns, uri))
                return verror_set(err, VIR_ERR_INVALID_ARG,
                                  "metadata declares the key '%s' for another uri", key);
    return 0;
}

/* Puts what is in no namespace into the one of the key, as libvirt does. */
static int wrap(xmlNodePtr root, const char *key, const char *uri, struct verror *err)
{
    xmlNsPtr ns;

    if (root->ns && !is_in(root->ns, uri))
        return verror_set(err, VIR_ERR_INVALID_ARG,
                          "metadata element <%s> is in another namespace than the uri '%s'",
                          xml_quotable((const char *)root->name), xml_quotable(uri));
    if (check_prefix(root, key, uri, err) < 0)
        return -1;
    for (ns = root->nsDef; ns; ns = ns->next)
        if (ns->prefix && strcmp((const char *)ns->prefix, key) == 0)
            break;
    if (!ns)
        ns = xmlNewNs(root, (const xmlChar *)uri, (const xmlChar *)key);
    if (!ns)
        abort(); /* out of memory, as in alloc.h: the prefix was free */
    move_elements(root, NULL, ns);
    move_elements(root, uri, ns);
    drop_declarations(root, uri, ns);
    return 0;
}

static int check_key(const char *key, const char *uri, struct verror *err)
{
    if (!key || !*key)
        return verror_set(err, VIR_ERR_INVALID_ARG, "metadata needs a key");
    if (xmlValidateNCName((const xmlChar *)key, 0) != 0 || strcmp(key, "xml") == 0 ||
        strcmp(key, "xmlns") == 0)
        return verror_set(err, VIR_ERR_INVALID_ARG, "metadata key '%s' cannot be a prefix in XML",
                          xml_quotable(key));
    return check_text(uri, "uri", err);
}

static int add_element(xmlNodePtr domain, const char *value, const char *key, const char *uri,
                       struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr given = NULL;
    xmlNodePtr copy;

    if (check_key(key, uri, err) < 0)
        return -1;
    given = xml_read_document(value, "metadata", NULL, err);
    if (!given || wrap(xmlDocGetRootElement(given), key, uri, err) < 0)
        return -1;
    copy = xmlDocCopyNode(xmlDocGetRootElement(given), domain->doc, 1);
    if (!copy || !xmlAddChild(head_element(domain, "metadata"), copy))
        abort(); /* out of memory, as in alloc.h */
    return 0;
}

static void drop_elements(xmlNodePtr domain, const char *uri)
{
    xmlNodePtr metadata = xml_child(domain, "metadata"), next;

    for (xmlNodePtr node = metadata ? metadata->children : NULL; node; node = next) {
        next = node->next;
        if (is_metadata(node, uri))
            xml_drop(node);
    }
    if (metadata && !xmlFirstElementChild(metadata))
        xml_drop(metadata);
}

static int set_element(xmlNodePtr domain, const char *value, const char *key, const char *uri,
                       struct verror *err)
{
    if (!uri || !*uri)
        return verror_set(err, VIR_ERR_INVALID_ARG, "metadata needs a uri");
    drop_elements(domain, uri);
    return value ? add_element(domain, value, key, uri, err) : 0;
}

/* What went in must come out: not nested too deep together with what is around it, for one. */
static int check_readable(const struct domain_def *def, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = NULL;

    doc = xml_read_document(def->xml, "domain definition with this metadata", "domain", err);
    return doc ? 0 : -1;
}

/* --- both --- */

static int set_metadata(xmlNodePtr domain, int type, const char *value, const char *key,
                        const char *uri, struct verror *err)
{
    switch (type) {
    case VIR_DOMAIN_METADATA_DESCRIPTION:
    case VIR_DOMAIN_METADATA_TITLE:
        if (check_no_namespace(key, uri, err) < 0)
            return -1;
        return set_text(domain, type == VIR_DOMAIN_METADATA_TITLE ? "title" : "description",
                        value, err);
    case VIR_DOMAIN_METADATA_ELEMENT:
        return set_element(domain, value, key, uri, err);
    default:
        return verror_set(err, VIR_ERR_INVALID_ARG, "unknown metadata type '%d'", type);
    }
}

struct domain_def *domain_def_set_metadata(const struct domain_def *def, int type,
                                           const char *value, const char *key, const char *uri,
                                           struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(def);
    struct domain_def *changed;

    if (set_metadata(xmlDocGetRootElement(doc), type, value, key, uri, err) < 0)
        return NULL;
    changed = domain_def_from_doc(doc, err);
    if (changed && check_readable(changed, err) < 0) {
        domain_def_unref(changed);
        changed = NULL;
    }
    return changed;
}

/* The element as its owner gave it: without the prefix, if it means the same without. */
static char *unwrapped(xmlNodePtr node, const char *uri)
{
    struct xml_writer writer = { .as_libxml = true };
    xmlNodePtr copy = xmlDocCopyNode(node, node->doc, 1);
    char *text;

    if (!copy)
        abort(); /* out of memory, as in alloc.h */
    if (!has_attributes_in(copy, uri) && !has_other_default(copy, uri)) {
        move_elements(copy, uri, NULL);
        drop_declarations(copy, uri, NULL);
    }
    xml_write_tree(&writer, copy);
    xmlFreeNode(copy);
    text = xml_writer_take(&writer);
    text[strlen(text) - 1] = '\0'; /* its newline */
    return text;
}

static char *get_element(const struct domain_def *def, const char *uri, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = NULL;
    xmlNodePtr metadata;

    if (!uri || !*uri) {
        verror_set(err, VIR_ERR_INVALID_ARG, "metadata needs a uri");
        return NULL;
    }
    doc = domain_def_to_doc(def);
    metadata = xml_child(xmlDocGetRootElement(doc), "metadata");
    for (xmlNodePtr node = metadata ? metadata->children : NULL; node; node = node->next)
        if (is_metadata(node, uri))
            return unwrapped(node, uri);
    return NULL;
}

char *domain_def_get_metadata(const struct domain_def *def, int type, const char *uri,
                              struct verror *err)
{
    char *text = NULL;

    if (type == VIR_DOMAIN_METADATA_ELEMENT)
        text = get_element(def, uri, err);
    else if (type != VIR_DOMAIN_METADATA_TITLE && type != VIR_DOMAIN_METADATA_DESCRIPTION)
        verror_set(err, VIR_ERR_INVALID_ARG, "unknown metadata type '%d'", type);
    else if (check_no_namespace(NULL, uri, err) == 0)
        text = xstrdup(type == VIR_DOMAIN_METADATA_TITLE ? def->title : def->description);
    if (!text) /* the first error wins */
        verror_set(err, VIR_ERR_NO_DOMAIN_METADATA, "Requested metadata element is not present");
    return text;
}
