/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of documents of snapshots and checkpoints; see moment_xml.h.  Any thread. */

#include "xml/moment_xml.h"

#include <string.h>

#include "util/alloc.h"
#include "xml/domain_strip.h"
#include "xml/name_check.h"
#include "xml/xml_tree.h"

int moment_check_name(const char *name, const char *what, int code, struct verror *err)
{
    _cleanup_free_ char *kind = xasprintf("%s name", what);

    if (strchr(name, '/'))
        return verror_set(err, code, "invalid %s '%s': name can't contain '/'", kind, name);
    if (name[0] == '.')
        return verror_set(err, code, "invalid %s '%s': name can't start with '.'", kind, name);
    return name_check(name, kind, code, err);
}

/* --- the domain --- */

char *moment_read_domain(xmlNodePtr root, const char *element)
{
    xmlNodePtr node = xml_child(root, element);
    struct xml_writer writer = XML_WRITER_INIT;

    if (!node)
        return NULL;
    xmlNodeSetName(node, BAD_CAST "domain");
    xml_write_tree(&writer, node);
    return xml_writer_take(&writer);
}

void moment_write_domain(struct xml_writer *writer, const char *xml, const char *element,
                         bool secrets)
{
    _cleanup_xml_doc_ xmlDocPtr doc =
        xml ? xml_read_document(xml, "domain definition", "domain", NULL) : NULL;
    xmlNodePtr root;

    if (!doc)
        return;
    root = xmlDocGetRootElement(doc);
    if (!secrets)
        domain_strip_secrets(root);
    xmlNodeSetName(root, BAD_CAST element);
    xml_write_tree(writer, root);
}

/* --- what means nothing --- */

static bool is_known_in(const struct moment_element *row, xmlNodePtr node)
{
    for (const char *const *name = row->children; *name; name++)
        if (xml_is_element(node, *name))
            return true;
    return false;
}

/* Only as deep as the table: no element in it may stand in itself. */
int moment_validate(const struct moment_element *known, size_t n, xmlNodePtr root,
                    struct verror *err)
{
    size_t row = 0;

    while (row < n && !xml_is_element(root, known[row].parent))
        row++;
    if (row == n)
        return 0;
    for (xmlNodePtr node = xml_first(root, NULL); node; node = xml_next(node, NULL)) {
        if (!is_known_in(&known[row], node))
            return verror_set(err, VIR_ERR_XML_INVALID_SCHEMA,
                              "Did not expect element %s in element %s",
                              xml_quotable((const char *)node->name), known[row].parent);
        if (moment_validate(known, n, node, err) < 0)
            return -1;
    }
    return 0;
}

/* --- disks --- */

const struct domain_disk *moment_find_disk(const struct domain_def *domain, const char *name)
{
    for (size_t i = 0; i < domain->ndisks; i++)
        if (strcmp(domain->disks[i].target, name) == 0)
            return &domain->disks[i];
    for (size_t i = 0; i < domain->ndisks; i++)
        if (domain->disks[i].path && strcmp(domain->disks[i].path, name) == 0)
            return &domain->disks[i];
    return NULL;
}
