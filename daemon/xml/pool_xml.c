/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Storage pool XML: from a client's text to a checked definition, and back.
 * Any thread; a definition does not change once it is parsed.
 */

#include "xml/pool_xml.h"

#include <limits.h>
#include <string.h>

#include "util/alloc.h"
#include "util/uuid.h"
#include "xml/job_xml.h"
#include "xml/name_check.h"
#include "xml/perms_xml.h"
#include "xml/xml_read.h"
#include "xml/xml_tree.h"
#include "xml/xml_write.h"

DEFINE_CLEANUP(struct pool_def *, pool_def_unref);
#define _cleanup_pool_def_ _cleanup_(pool_def_unrefp)

/* Types that exist elsewhere: an honest "not here" instead of "no such thing". */
static const char *const foreign_types[] = {
    "fs",   "netfs", "logical",  "disk",    "iscsi", "iscsi-direct", "scsi",
    "mpath", "rbd",  "sheepdog", "gluster", "zfs",   "vstorage",
};

/* Elements of <pool> that the struct holds or that are output only. */
static const char *const known_elements[] = {
    "name", "uuid", "capacity", "allocation", "available", "source", "target",
};

struct pool_def *pool_def_ref(struct pool_def *def)
{
    __atomic_add_fetch(&def->refs, 1, __ATOMIC_RELAXED);
    return def;
}

void pool_def_unref(struct pool_def *def)
{
    if (!def || __atomic_sub_fetch(&def->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    free(def->type);
    free(def->name);
    free(def->target_path);
    free(def->perms.label);
    free(def->source);
    free(def->extra);
    free(def);
}

static int parse_type(xmlNodePtr pool, struct pool_def *def, struct verror *err)
{
    def->type = xml_attribute(pool, "type");
    if (!def->type)
        return verror_set(err, VIR_ERR_XML_ERROR, "storage pool missing type attribute");
    if (strcmp(def->type, "dir") == 0)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(foreign_types); i++)
        if (strcmp(def->type, foreign_types[i]) == 0)
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "storage pools of type '%s'", def->type);
    return verror_set(err, VIR_ERR_XML_ERROR, "unknown storage pool type '%s'",
                      xml_quotable(def->type));
}

static int parse_name(xmlNodePtr pool, struct pool_def *def, struct verror *err)
{
    def->name = xml_text(xml_child(pool, "name"));
    if (!def->name)
        return verror_set(err, VIR_ERR_XML_ERROR, "missing storage pool name element");
    return name_check(def->name, "storage pool name", VIR_ERR_XML_ERROR, err);
}

static int parse_uuid(xmlNodePtr pool, struct pool_def *def, struct verror *err)
{
    _cleanup_free_ char *text = xml_text(xml_child(pool, "uuid"));

    if (!text) {
        uuid_make(def->uuid);
        return 0;
    }
    if (!uuid_parse(text, def->uuid))
        return verror_set(err, VIR_ERR_XML_ERROR, "malformed uuid element '%s'",
                          xml_quotable(text));
    return 0;
}

/* Drops // and /. and a trailing / in place.  ".." stays: its meaning is the file system's. */
static void path_clean(char *path)
{
    const char *in = path;
    char *out = path;

    while (*in) {
        size_t len;

        in += strspn(in, "/");
        len = strcspn(in, "/");
        if (len > 0 && !(len == 1 && in[0] == '.')) {
            *out++ = '/';
            memmove(out, in, len);
            out += len;
        }
        in += len;
    }
    if (out == path)
        *out++ = '/';
    *out = '\0';
}

static int parse_target(xmlNodePtr pool, struct pool_def *def, struct verror *err)
{
    xmlNodePtr target = xml_child(pool, "target");

    def->target_path = xml_text(xml_child(target, "path"));
    if (!def->target_path)
        return verror_set(err, VIR_ERR_XML_ERROR, "missing storage pool target path");
    if (strnlen(def->target_path, PATH_MAX) >= PATH_MAX)
        return verror_set(err, VIR_ERR_XML_ERROR,
                          "storage pool target path is longer than %d bytes", PATH_MAX - 1);
    if (text_check(def->target_path, "storage pool target path", err) < 0)
        return -1;
    if (def->target_path[0] != '/')
        return verror_set(err, VIR_ERR_XML_ERROR, "storage pool target path '%s' is not absolute",
                          def->target_path);
    path_clean(def->target_path);
    return perms_parse(xml_child(target, "permissions"), &def->perms, err);
}

static bool is_known(const xmlNode *node)
{
    for (size_t i = 0; i < ARRAY_SIZE(known_elements); i++)
        if (xml_is_element(node, known_elements[i]))
            return true;
    return node->ns && strcmp((const char *)node->ns->href, JOB_XML_NAMESPACE) == 0;
}

static void parse_kept(xmlNodePtr pool, struct pool_def *def)
{
    struct xml_writer extra = { .depth = 1 };
    xmlNodePtr source = xml_child(pool, "source");
    size_t len;

    if (source && xmlFirstElementChild(source))
        def->source = xml_dump_element(source, 1);
    for (xmlNodePtr node = pool->children; node; node = node->next) {
        _cleanup_free_ char *text = NULL;

        if (node->type != XML_ELEMENT_NODE || is_known(node))
            continue;
        text = xml_dump_element(node, 1);
        xml_raw(&extra, text);
    }
    if (!extra.text)
        return;
    def->extra = xml_writer_take(&extra);
    len = strlen(def->extra);
    def->extra[len - 1] = '\0';             /* the newline and the indent that the */
    memmove(def->extra, def->extra + 2, len - 2); /* formatter writes around it */
}

int pool_def_parse(const char *xml, struct pool_def **ret_def, struct verror *err)
{
    _cleanup_pool_def_ struct pool_def *def = XNEW(struct pool_def);
    _cleanup_xml_doc_ xmlDocPtr doc = NULL;
    xmlNodePtr pool;

    def->refs = 1;
    doc = xml_read_document(xml, "storage pool definition", "pool", err);
    if (!doc)
        return -1;
    pool = xmlDocGetRootElement(doc);
    if (parse_type(pool, def, err) < 0 || parse_name(pool, def, err) < 0 ||
        parse_uuid(pool, def, err) < 0 || parse_target(pool, def, err) < 0)
        return -1;
    parse_kept(pool, def);
    *ret_def = STEAL_PTR(def);
    return 0;
}

/* What the directory is, and what the definition asks for where that is not known. */
static struct perms perms_now(const struct perms *asked, const struct perms *found)
{
    struct perms now = *found;

    if (now.mode == PERMS_UNSET)
        now.mode = asked->mode;
    if (now.owner == PERMS_UNSET)
        now.owner = asked->owner;
    if (now.group == PERMS_UNSET)
        now.group = asked->group;
    if (!now.label)
        now.label = asked->label;
    return now;
}

static void format_source(struct xml_writer *writer, const struct pool_def *def)
{
    if (def->source) {
        xml_raw(writer, def->source);
        return;
    }
    xml_open(writer, "source", NULL);
    xml_close(writer, "source");
}

char *pool_def_format(const struct pool_def *def, const struct pool_xml_state *state)
{
    struct perms perms = state ? perms_now(&def->perms, &state->perms) : def->perms;
    struct xml_writer writer = XML_WRITER_INIT;
    char uuid[UUID_TEXT_SIZE];

    xml_open(&writer, "pool", "type", def->type, NULL);
    xml_element(&writer, "name", def->name);
    uuid_format(def->uuid, uuid);
    xml_element(&writer, "uuid", uuid);
    xml_element_size(&writer, "capacity", "bytes", state ? state->capacity : 0);
    xml_element_size(&writer, "allocation", "bytes", state ? state->allocation : 0);
    xml_element_size(&writer, "available", "bytes", state ? state->available : 0);
    format_source(&writer, def);
    xml_open(&writer, "target", NULL);
    xml_element(&writer, "path", def->target_path);
    perms_format(&writer, &perms);
    xml_close(&writer, "target");
    xml_raw(&writer, def->extra);
    xml_raw(&writer, state ? state->job_xml : NULL);
    xml_close(&writer, "pool");
    return xml_writer_take(&writer);
}
