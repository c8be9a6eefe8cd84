/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small helpers on trees; see complete_internal.h.  Any thread. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hypervisor/qemu/complete_internal.h"
#include "util/alloc.h"

int tree_number(xmlNodePtr node, const char *attribute, unsigned int max,
                unsigned int *ret_number, struct verror *err)
{
    _cleanup_free_ char *text = xml_attribute(node, attribute);
    uint64_t number;

    if (!text)
        return 0;
    if (!xml_parse_number(text, strncmp(text, "0x", 2) == 0 ? 16 : 10, &number) || number > max)
        return verror_set(err, VIR_ERR_XML_ERROR,
                          "invalid value '%s' of attribute %s of element %s, at most %u",
                          xml_quotable(text), attribute, (const char *)node->name, max);
    *ret_number = (unsigned int)number;
    return 1;
}

unsigned int tree_number_or(xmlNodePtr node, const char *attribute, unsigned int fallback)
{
    (void)tree_number(node, attribute, UINT32_MAX, &fallback, NULL); /* as it says */
    return fallback;
}

bool tree_has(xmlNodePtr node, const char *attribute)
{
    return xmlHasNsProp(node, (const xmlChar *)attribute, NULL) != NULL;
}

void tree_setf(xmlNodePtr node, const char *attribute, const char *fmt, ...)
{
    char value[64];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(value, sizeof(value), fmt, args); /* numbers only: it fits */
    va_end(args);
    xml_attribute_set(node, attribute, value);
}

void tree_default(xmlNodePtr node, const char *attribute, const char *value)
{
    if (!tree_has(node, attribute))
        xml_attribute_set(node, attribute, value);
}

xmlNodePtr tree_need(xmlNodePtr parent, const char *child)
{
    xmlNodePtr node = xml_child(parent, child);

    return node ? node : xml_child_add(parent, child, NULL);
}

xmlNodePtr tree_copy(xmlNodePtr node, xmlNodePtr parent)
{
    xmlNodePtr copy = xmlDocCopyNode(node, parent->doc, 1);

    if (!copy || !xmlAddChild(parent, copy))
        abort(); /* out of memory, as in alloc.h */
    return copy;
}

bool tree_is_word(const char *text, const char *words)
{
    size_t len = strlen(text);

    if (len == 0 || strchr(text, ' '))
        return false;
    for (const char *p = strstr(words, text); p; p = strstr(p + 1, text))
        if ((p == words || p[-1] == ' ') && (p[len] == '\0' || p[len] == ' '))
            return true;
    return false;
}

static void move(xmlNodePtr node, xmlNodePtr parent)
{
    xmlUnlinkNode(node);
    if (!xmlAddChild(parent, node))
        abort(); /* out of memory, as in alloc.h */
}

void tree_sort(xmlNodePtr parent, const char *const *names, size_t n)
{
    size_t count = xmlChildElementCount(parent), i = 0;
    _cleanup_free_ xmlNodePtr *nodes = xcalloc(count + 1, sizeof(*nodes));

    for (xmlNodePtr node = parent->children; node; node = node->next)
        if (node->type == XML_ELEMENT_NODE)
            nodes[i++] = node;
    for (size_t name = 0; name < n; name++)
        for (i = 0; i < count; i++)
            if (nodes[i] && xml_is_element(nodes[i], names[name])) {
                move(nodes[i], parent);
                nodes[i] = NULL;
            }
    for (i = 0; i < count; i++)
        if (nodes[i])
            move(nodes[i], parent);
}

static bool same_group(const struct tree_place *a, const struct tree_place *b)
{
    if (!a->group || !b->group)
        return !a->group && !b->group;
    return strcmp(a->group, b->group) == 0;
}

static bool sorts_behind(const struct tree_place *a, const struct tree_place *b)
{
    return a->index == b->index ? a->is_second && !b->is_second : a->index > b->index;
}

static size_t find_place(const struct tree_place *places, size_t n, const struct tree_place *place)
{
    size_t position = n;
    bool found = false;

    for (size_t i = n; i-- > 0;) {
        if (!same_group(&places[i], place))
            continue;
        if (sorts_behind(&places[i], place))
            position = i;
        else if (!found)
            position = i + 1;
        found = true;
    }
    return position;
}

void tree_place_all(xmlNodePtr parent, const char *element,
                    void (*place_of)(xmlNodePtr node, struct tree_place *ret))
{
    struct tree_place *places = xcalloc(xmlChildElementCount(parent) + 1, sizeof(*places));
    size_t n = 0;

    for (xmlNodePtr node = xml_first(parent, element); node; node = xml_next(node, element)) {
        struct tree_place place = { .node = node };
        size_t at;

        place_of(node, &place);
        at = find_place(places, n, &place);
        memmove(places + at + 1, places + at, (n - at) * sizeof(*places));
        places[at] = place;
        n++;
    }
    for (size_t i = 0; i < n; i++) {
        move(places[i].node, parent);
        free(places[i].group);
    }
    free(places);
}

xmlNodePtr tree_address(xmlNodePtr device, const char *type)
{
    xmlNodePtr address = xml_child(device, "address");

    return address && xml_attribute_is(address, "type", type) ? address : NULL;
}

xmlNodePtr tree_address_new(xmlNodePtr device, const char *type)
{
    xmlNodePtr address = xml_child_add(device, "address", NULL);

    xml_attribute_set(address, "type", type);
    return address;
}

int tree_pci_address(xmlNodePtr device, struct pci_address *ret, struct verror *err)
{
    xmlNodePtr address = tree_address(device, "pci");
    struct pci_address found = { 0 };
    unsigned int domain = 0;

    /* <address type='pci'/> without more asks for one */
    if (!address || !(tree_has(address, "bus") || tree_has(address, "slot")))
        return 0;
    if (tree_number(address, "domain", 0, &domain, err) < 0 ||
        tree_number(address, "bus", COMPLETE_INDEX_MAX, &found.bus, err) < 0 ||
        tree_number(address, "slot", 31, &found.slot, err) < 0 ||
        tree_number(address, "function", 7, &found.function, err) < 0)
        return -1;
    *ret = found;
    return 1;
}
