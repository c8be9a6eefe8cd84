/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Volume XML of a client: everything that can be wrong with the text alone is
 * found here, before anything is made.  Worker threads.
 */

#include "xml/vol_xml.h"

#include <string.h>

#include "util/alloc.h"
#include "xml/name_check.h"
#include "xml/perms_xml.h"
#include "xml/xml_read.h"

enum {
    CLUSTER_MIN = 512,
    CLUSTER_MAX = 2 << 20,
    CLUSTER_MIN_EXTENDED_L2 = 16 << 10,
};

DEFINE_CLEANUP(struct vol_def *, vol_def_free);
#define _cleanup_vol_def_ _cleanup_(vol_def_freep)

/* All are taken: what is made in a directory is a file, whatever the source of a clone was. */
static const char *const volume_types[] = {
    "file", "block", "dir", "network", "netdir", "ploop",
};

void vol_def_free(struct vol_def *def)
{
    if (!def)
        return;
    free(def->name);
    free(def->perms.label);
    free(def->compat);
    free(def->backing_path);
    free(def);
}

int vol_name_check(const char *name, struct verror *err)
{
    if (name_check(name, "volume name", VIR_ERR_OPERATION_INVALID, err) < 0)
        return -1;
    if (strncmp(name, TEMP_NAME_PREFIX, strlen(TEMP_NAME_PREFIX)) == 0)
        return verror_set(err, VIR_ERR_XML_ERROR,
                          "volume name '%s' is kept for temporary files: it starts with '%s'", name,
                          TEMP_NAME_PREFIX);
    return 0;
}

static int parse_type(xmlNodePtr volume, struct verror *err)
{
    _cleanup_free_ char *type = xml_attribute(volume, "type");

    for (size_t i = 0; type && i < ARRAY_SIZE(volume_types); i++)
        if (strcmp(type, volume_types[i]) == 0)
            return 0;
    if (!type)
        return 0;
    return verror_set(err, VIR_ERR_XML_ERROR, "unknown volume type '%s'", xml_quotable(type));
}

static int parse_name(xmlNodePtr volume, struct vol_def *def, struct verror *err)
{
    def->name = xml_text(xml_child(volume, "name"));
    if (!def->name)
        return verror_set(err, VIR_ERR_XML_ERROR, "missing volume name element");
    return vol_name_check(def->name, err);
}

/* 1: given, 0: not given, -1 with err. */
static int parse_size(xmlNodePtr parent, const char *name, uint64_t *ret_bytes, struct verror *err)
{
    xmlNodePtr node = xml_child(parent, name);

    if (!node)
        return 0;
    return xml_read_size(node, ret_bytes, err) < 0 ? -1 : 1;
}

static int parse_sizes(xmlNodePtr volume, struct vol_def *def, struct verror *err)
{
    int capacity = parse_size(volume, "capacity", &def->capacity, err);
    int allocation = parse_size(volume, "allocation", &def->allocation, err);

    def->has_capacity = capacity > 0;
    def->has_allocation = allocation > 0;
    return capacity < 0 || allocation < 0 ? -1 : 0;
}

/* The <format> of a volume or of its backing file. */
static int parse_format(xmlNodePtr parent, enum vol_format *ret_format, bool *ret_given,
                        struct verror *err)
{
    _cleanup_free_ char *name = xml_attribute(xml_child(parent, "format"), "type");
    int format;

    if (!name)
        return 0;
    format = vol_format_from_name(name);
    if (format < 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "unknown volume format type '%s'",
                          xml_quotable(name));
    *ret_format = (enum vol_format)format;
    *ret_given = true;
    return 0;
}

static int parse_compat(xmlNodePtr target, struct vol_def *def, struct verror *err)
{
    def->compat = xml_text(xml_child(target, "compat"));
    if (def->compat && strcmp(def->compat, "0.10") != 0 && strcmp(def->compat, "1.1") != 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "compat level '%s' (known are 0.10 and 1.1)", xml_quotable(def->compat));
    return 0;
}

/* One we do not know would be missing from the volume without a word. */
static int parse_features(xmlNodePtr features, struct vol_def *def, struct verror *err)
{
    for (xmlNodePtr node = features ? features->children : NULL; node; node = node->next) {
        if (node->type != XML_ELEMENT_NODE)
            continue;
        if (xml_is_element(node, "lazy_refcounts"))
            def->lazy_refcounts = true;
        else if (xml_is_element(node, "extended_l2"))
            def->extended_l2 = true;
        else
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "feature '%s' of a volume",
                              xml_quotable((const char *)node->name));
    }
    return 0;
}

static int parse_target(xmlNodePtr volume, struct vol_def *def, struct verror *err)
{
    xmlNodePtr target = xml_child(volume, "target");

    if (xml_child(target, "encryption"))
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "making encrypted volumes");
    if (parse_format(target, &def->format, &def->has_format, err) < 0 ||
        perms_parse(xml_child(target, "permissions"), &def->perms, err) < 0 ||
        parse_compat(target, def, err) < 0 ||
        parse_size(target, "clusterSize", &def->cluster_size, err) < 0 ||
        parse_features(xml_child(target, "features"), def, err) < 0)
        return -1;
    def->nocow = xml_child(target, "nocow") != NULL;
    return 0;
}

/* An empty <backingStore/>, or one with a format only, is no backing store. */
static int parse_backing(xmlNodePtr volume, struct vol_def *def, struct verror *err)
{
    xmlNodePtr backing = xml_child(volume, "backingStore");

    def->backing_path = xml_text(xml_child(backing, "path"));
    if (!def->backing_path)
        return 0;
    if (strnlen(def->backing_path, BACKING_PATH_MAX + 1) > BACKING_PATH_MAX)
        return verror_set(err, VIR_ERR_XML_ERROR, "backing store path is longer than %d bytes",
                          BACKING_PATH_MAX);
    if (text_check(def->backing_path, "backing store path", err) < 0)
        return -1;
    return parse_format(backing, &def->backing_format, &def->has_backing_format, err);
}

static int check_cluster_size(const struct vol_def *def, struct verror *err)
{
    uint64_t size = def->cluster_size;

    if (size == 0)
        return 0;
    if (size < CLUSTER_MIN || size > CLUSTER_MAX || (size & (size - 1)) != 0)
        return verror_set(err, VIR_ERR_XML_ERROR,
                          "clusterSize %llu is not a power of two from %d to %d",
                          (unsigned long long)size, CLUSTER_MIN, CLUSTER_MAX);
    if (def->extended_l2 && size < CLUSTER_MIN_EXTENDED_L2)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "extended_l2 with clusterSize %llu: it needs at least %d",
                          (unsigned long long)size, CLUSTER_MIN_EXTENDED_L2);
    return 0;
}

/* Things that only qcow2 has. */
static const char *qcow2_only_element(const struct vol_def *def)
{
    if (def->compat)
        return "compat";
    if (def->lazy_refcounts)
        return "lazy_refcounts";
    if (def->extended_l2)
        return "extended_l2";
    return def->cluster_size ? "clusterSize" : NULL;
}

/* Elements that each are fine, but not together. */
static int check_together(const struct vol_def *def, struct verror *err)
{
    const char *format = vol_format_name(def->format);
    const char *element = qcow2_only_element(def);

    if (element && def->format != VOL_FORMAT_QCOW2)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "%s in a volume of format '%s': only qcow2 has it", element, format);
    if (def->compat && strcmp(def->compat, "0.10") == 0 &&
        (def->lazy_refcounts || def->extended_l2))
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "%s with compat level 0.10",
                          def->lazy_refcounts ? "lazy_refcounts" : "extended_l2");
    if (def->backing_path && !vol_format_has_backing(def->format))
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "a backing store for a volume of format '%s'", format);
    return check_cluster_size(def, err);
}

int vol_def_parse(const char *xml, struct vol_def **ret_def, struct verror *err)
{
    _cleanup_vol_def_ struct vol_def *def = XNEW(struct vol_def);
    _cleanup_xml_doc_ xmlDocPtr doc = NULL;
    xmlNodePtr volume;

    doc = xml_read_document(xml, "storage volume definition", "volume", err);
    if (!doc)
        return -1;
    volume = xmlDocGetRootElement(doc);
    if (parse_type(volume, err) < 0 || parse_name(volume, def, err) < 0 ||
        parse_sizes(volume, def, err) < 0 || parse_target(volume, def, err) < 0 ||
        parse_backing(volume, def, err) < 0 || check_together(def, err) < 0)
        return -1;
    *ret_def = STEAL_PTR(def);
    return 0;
}
