/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <permissions>: octal mode, numeric owner and group, SELinux label as it is. */

#include "xml/perms_xml.h"

#include <string.h>

#include "xml/xml_read.h"

/* An id; libvirt's own -1 means "not given". */
static int id_parse(xmlNodePtr node, uint32_t *ret_id, struct verror *err)
{
    _cleanup_free_ char *text = xml_text(node);
    uint64_t id;

    if (!node)
        return 0;
    if (text && strcmp(text, "-1") == 0)
        return 0;
    if (!text || !xml_parse_number(text, 10, &id) || id >= PERMS_UNSET)
        return verror_set(err, VIR_ERR_XML_ERROR, "malformed %s element", (const char *)node->name);
    *ret_id = (uint32_t)id;
    return 0;
}

static int mode_parse(xmlNodePtr node, uint32_t *ret_mode, struct verror *err)
{
    _cleanup_free_ char *text = xml_text(node);
    uint64_t mode;

    if (!node)
        return 0;
    if (!text || !xml_parse_number(text, 8, &mode) || mode > 0777)
        return verror_set(err, VIR_ERR_XML_ERROR, "malformed octal mode");
    *ret_mode = (uint32_t)mode;
    return 0;
}

int perms_parse(xmlNodePtr node, struct perms *perms, struct verror *err)
{
    *perms = (struct perms)PERMS_INIT;
    if (mode_parse(xml_child(node, "mode"), &perms->mode, err) < 0 ||
        id_parse(xml_child(node, "owner"), &perms->owner, err) < 0 ||
        id_parse(xml_child(node, "group"), &perms->group, err) < 0)
        return -1;
    perms->label = xml_text(xml_child(node, "label"));
    return 0;
}

void perms_format(struct xml_writer *writer, const struct perms *perms)
{
    if (perms->mode == PERMS_UNSET && perms->owner == PERMS_UNSET &&
        perms->group == PERMS_UNSET && !perms->label)
        return;
    xml_open(writer, "permissions", NULL);
    if (perms->mode != PERMS_UNSET)
        xml_elementf(writer, "mode", "0%o", perms->mode);
    if (perms->owner != PERMS_UNSET)
        xml_elementf(writer, "owner", "%u", perms->owner);
    if (perms->group != PERMS_UNSET)
        xml_elementf(writer, "group", "%u", perms->group);
    xml_element(writer, "label", perms->label);
    xml_close(writer, "permissions");
}
