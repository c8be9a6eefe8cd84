/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of disks, read, checked, and written into a copy of a document; see domain_iotune.h. */

#include "xml/domain_iotune.h"

#include <string.h>

#include "util/alloc.h"

const struct iotune_field iotune_fields[IOTUNE_FIELDS] = {
    { "total_bytes_sec", "bps" },
    { "read_bytes_sec", "bps_rd" },
    { "write_bytes_sec", "bps_wr" },
    { "total_iops_sec", "iops" },
    { "read_iops_sec", "iops_rd" },
    { "write_iops_sec", "iops_wr" },
    { "total_bytes_sec_max", "bps_max" },
    { "read_bytes_sec_max", "bps_rd_max" },
    { "write_bytes_sec_max", "bps_wr_max" },
    { "total_iops_sec_max", "iops_max" },
    { "read_iops_sec_max", "iops_rd_max" },
    { "write_iops_sec_max", "iops_wr_max" },
    { "size_iops_sec", "iops_size" },
    { "total_bytes_sec_max_length", "bps_max_length" },
    { "read_bytes_sec_max_length", "bps_rd_max_length" },
    { "write_bytes_sec_max_length", "bps_wr_max_length" },
    { "total_iops_sec_max_length", "iops_max_length" },
    { "read_iops_sec_max_length", "iops_rd_max_length" },
    { "write_iops_sec_max_length", "iops_wr_max_length" },
};

int iotune_find(const char *name)
{
    for (int i = 0; i < IOTUNE_FIELDS; i++) {
        if (strcmp(iotune_fields[i].name, name) == 0)
            return i;
    }
    return -1;
}

void iotune_clear(struct iotune *tune)
{
    free(tune->group);
    *tune = (struct iotune){ 0 };
}

void iotune_copy(struct iotune *to, const struct iotune *from)
{
    *to = *from;
    to->group = xstrdup(from->group);
}

bool iotune_is_empty(const struct iotune *tune)
{
    for (int i = 0; i < IOTUNE_FIELDS; i++) {
        if (tune->values[i])
            return false;
    }
    return true;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : !a && !b;
}

bool iotune_equals(const struct iotune *a, const struct iotune *b)
{
    return memcmp(a->values, b->values, sizeof(a->values)) == 0 && same_text(a->group, b->group);
}

/* --- what goes together --- */

/* A limit on all is not to be set beside one on what is read or written. */
int iotune_check_totals(const struct iotune *tune, int code, struct verror *err)
{
    static const struct {
        int first;
        const char *name;
    } kinds[] = {
        { IOTUNE_BYTES, "bytes_sec" },
        { IOTUNE_IOPS, "iops_sec" },
        { IOTUNE_BYTES_MAX, "bytes_sec_max" },
        { IOTUNE_IOPS_MAX, "iops_sec_max" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        const uint64_t *values = &tune->values[kinds[i].first];

        if (values[0] && (values[1] || values[2]))
            return verror_set(err, code,
                              "total and read/write of %s cannot be set at the same time",
                              kinds[i].name);
    }
    return 0;
}

/* value: where the limit is that must be set for it. */
static int check_needed(const struct iotune *tune, int value, int needed, struct verror *err)
{
    if (!tune->values[value] || tune->values[needed])
        return 0;
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                      "value '%s' cannot be set if '%s' is not set", iotune_fields[value].name, iotune_fields[needed].name);
}

static int check_burst(const struct iotune *tune, int limit, int max, int length,
                       struct verror *err)
{
    if (check_needed(tune, max, limit, err) < 0 || check_needed(tune, length, max, err) < 0)
        return -1;
    if (!tune->values[max] || tune->values[max] >= tune->values[limit])
        return 0;
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                      "value '%s' cannot be smaller than '%s'", iotune_fields[max].name,
                      iotune_fields[limit].name);
}

int iotune_check(const struct iotune *tune, struct verror *err)
{
    for (int i = 0; i < IOTUNE_FIELDS; i++) {
        if (tune->values[i] > IOTUNE_MAX)
            return verror_set(err, VIR_ERR_ARGUMENT_UNSUPPORTED,
                              "block I/O throttle limit value must be no more than %llu",
                              IOTUNE_MAX);
    }
    for (int i = 0; i < 3; i++) {
        if (check_burst(tune, IOTUNE_BYTES + i, IOTUNE_BYTES_MAX + i, IOTUNE_BYTES_MAX_LENGTH + i,
                        err) < 0 ||
            check_burst(tune, IOTUNE_IOPS + i, IOTUNE_IOPS_MAX + i, IOTUNE_IOPS_MAX_LENGTH + i,
                        err) < 0)
            return -1;
    }
    return 0;
}

/* --- reading --- */

static int read_field(xmlNodePtr node, struct iotune *tune, struct verror *err)
{
    int field = iotune_find((const char *)node->name);
    _cleanup_free_ char *text = xml_text(node);

    if (xml_is_element(node, "group_name")) {
        free(tune->group);
        tune->group = STEAL_PTR(text);
        return 0;
    }
    if (field < 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "element %s of element iotune is not provided",
                          xml_quotable((const char *)node->name));
    if (xml_parse_number(text ? text : "", 10, &tune->values[field]))
        return 0;
    return verror_set(err, VIR_ERR_XML_ERROR, "disk iotune field '%s' must be an integer",
                      iotune_fields[field].name);
}

int iotune_read(xmlNodePtr disk, struct iotune *ret_tune, struct verror *err)
{
    xmlNodePtr node = xml_first(xml_child(disk, "iotune"), NULL);
    struct iotune tune = { 0 };

    for (; node; node = xml_next(node, NULL)) {
        if (read_field(node, &tune, err) < 0) {
            iotune_clear(&tune);
            return -1;
        }
    }
    *ret_tune = tune;
    return 0;
}

static xmlNodePtr first_disk(xmlNodePtr domain)
{
    return xml_first(xml_child(domain, "devices"), "disk");
}

/* All that come behind it in the same group. */
static int check_group(xmlNodePtr disk, const struct iotune *tune, struct verror *err)
{
    for (xmlNodePtr node = xml_next(disk, "disk"); tune->group && node;
         node = xml_next(node, "disk")) {
        struct iotune other;
        bool differs;

        if (iotune_read(node, &other, err) < 0)
            return -1;
        differs = same_text(other.group, tune->group) && !iotune_equals(&other, tune);
        iotune_clear(&other);
        if (differs)
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "different iotunes for disks of the iotune group '%s'",
                              xml_quotable(tune->group));
    }
    return 0;
}

int iotune_check_domain(xmlNodePtr domain, struct verror *err)
{
    for (xmlNodePtr node = first_disk(domain); node; node = xml_next(node, "disk")) {
        struct iotune tune;
        int r;

        if (iotune_read(node, &tune, err) < 0)
            return -1;
        r = iotune_check_totals(&tune, VIR_ERR_CONFIG_UNSUPPORTED, err);
        if (r == 0)
            r = iotune_check(&tune, err);
        if (r == 0)
            r = check_group(node, &tune, err);
        iotune_clear(&tune);
        if (r < 0)
            return -1;
    }
    return 0;
}

/* --- writing --- */

static void add_number(xmlNodePtr node, int field, uint64_t value)
{
    _cleanup_free_ char *text = xasprintf("%llu", (unsigned long long)value);

    if (value)
        (void)xml_child_add(node, iotune_fields[field].name, text);
}

/* libvirt's order: the group's name stands before the lengths. */
static void write_iotune(xmlNodePtr disk, const struct iotune *tune)
{
    xmlNodePtr node = xml_child(disk, "iotune"), after = xml_child(disk, "target");

    if (node)
        xml_drop(node);
    if (iotune_is_empty(tune) && !tune->group)
        return;
    node = xml_child_add_after(disk, after, "iotune");
    for (int i = 0; i < IOTUNE_BYTES_MAX_LENGTH; i++)
        add_number(node, i, tune->values[i]);
    if (tune->group)
        (void)xml_child_add(node, "group_name", tune->group);
    for (int i = IOTUNE_BYTES_MAX_LENGTH; i < IOTUNE_FIELDS; i++)
        add_number(node, i, tune->values[i]);
}

xmlNodePtr domain_find_disk(xmlNodePtr domain, const char *target)
{
    for (xmlNodePtr node = first_disk(domain); node; node = xml_next(node, "disk")) {
        if (xml_attribute_is(xml_child(node, "target"), "dev", target))
            return node;
    }
    return NULL;
}

static bool is_in_group(xmlNodePtr disk, const char *group)
{
    _cleanup_free_ char *own = xml_text(xml_child_of_child(disk, "iotune", "group_name"));

    return group && own && strcmp(own, group) == 0;
}

xmlNodePtr domain_find_iotune_group(xmlNodePtr domain, const char *group)
{
    xmlNodePtr node = first_disk(domain);

    while (node && !is_in_group(node, group))
        node = xml_next(node, "disk");
    return node;
}

struct domain_def *domain_def_set_iotune(const struct domain_def *def, const char *target,
                                         const struct iotune *tune, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(def);
    xmlNodePtr domain = xmlDocGetRootElement(doc), disk = domain_find_disk(domain, target);

    for (xmlNodePtr node = first_disk(domain); node; node = xml_next(node, "disk")) {
        if (node == disk || is_in_group(node, tune->group))
            write_iotune(node, tune);
    }
    return domain_def_from_doc(doc, err);
}
