/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <domainsnapshot> documents; see snapshot_xml.h.  Any thread. */

#include "xml/snapshot_xml.h"

#include <string.h>
#include <time.h>

#include "util/alloc.h"
#include "xml/moment_xml.h"
#include "xml/name_check.h"
#include "xml/xml_tree.h"

static const char *const state_names[] = {
    [VIR_DOMAIN_NOSTATE] = "nostate",   [VIR_DOMAIN_RUNNING] = "running",
    [VIR_DOMAIN_BLOCKED] = "blocked",   [VIR_DOMAIN_PAUSED] = "paused",
    [VIR_DOMAIN_SHUTDOWN] = "shutdown", [VIR_DOMAIN_SHUTOFF] = "shutoff",
    [VIR_DOMAIN_CRASHED] = "crashed",   [VIR_DOMAIN_PMSUSPENDED] = "pmsuspended",
    [SNAPSHOT_STATE_DISKS] = "disk-snapshot",
};

static const char *const place_names[SNAPSHOT_PLACE_MAX] = {
    [SNAPSHOT_PLACE_DEFAULT] = "default",
    [SNAPSHOT_PLACE_NO] = "no",
    [SNAPSHOT_PLACE_INTERNAL] = "internal",
    [SNAPSHOT_PLACE_EXTERNAL] = "external",
};

const char *snapshot_place_name(enum snapshot_place place)
{
    return place_names[place];
}

/* --- the struct --- */

struct snapshot_def *snapshot_def_ref(struct snapshot_def *def)
{
    __atomic_add_fetch(&def->refs, 1, __ATOMIC_RELAXED);
    return def;
}

static void free_disks(struct snapshot_def *def)
{
    for (size_t i = 0; i < def->ndisks; i++) {
        free(def->disks[i].name);
        free(def->disks[i].path);
        free(def->disks[i].format);
    }
    free(def->disks);
    def->disks = NULL;
    def->ndisks = 0;
}

void snapshot_def_unref(struct snapshot_def *def)
{
    if (!def || __atomic_sub_fetch(&def->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    free_disks(def);
    free(def->name);
    free(def->description);
    free(def->parent);
    free(def->memory_file);
    free(def->domain);
    free(def->inactive);
    free(def->xml);
    free(def);
}

static void add_disk(struct snapshot_def *def, const struct snapshot_disk *disk)
{
    def->disks = xrealloc(def->disks, def->ndisks + 1, sizeof(*def->disks));
    def->disks[def->ndisks++] = (struct snapshot_disk){ xstrdup(disk->name), disk->place,
                                                        xstrdup(disk->path),
                                                        xstrdup(disk->format) };
}

struct snapshot_def *snapshot_def_copy(const struct snapshot_def *def)
{
    struct snapshot_def *copy = XNEW(struct snapshot_def);

    *copy = (struct snapshot_def){
        .refs = 1,
        .name = xstrdup(def->name),
        .description = xstrdup(def->description),
        .parent = xstrdup(def->parent),
        .state = def->state,
        .created = def->created,
        .memory = def->memory,
        .memory_file = xstrdup(def->memory_file),
        .domain = xstrdup(def->domain),
        .inactive = xstrdup(def->inactive),
        .xml = xstrdup(def->xml),
    };
    for (size_t i = 0; i < def->ndisks; i++)
        add_disk(copy, &def->disks[i]);
    return copy;
}

bool snapshot_def_is_external(const struct snapshot_def *def)
{
    if (def->memory == SNAPSHOT_PLACE_EXTERNAL)
        return true;
    for (size_t i = 0; i < def->ndisks; i++) {
        if (def->disks[i].place == SNAPSHOT_PLACE_EXTERNAL)
            return true;
    }
    return false;
}

bool snapshot_def_is_active(const struct snapshot_def *def)
{
    return def->state == VIR_DOMAIN_RUNNING || def->state == VIR_DOMAIN_PAUSED;
}

/* --- reading --- */

static int find_name(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (names[i] && strcmp(names[i], name) == 0)
            return (int)i;
    return -1;
}

static int read_place(xmlNodePtr node, const char *what, enum snapshot_place *ret,
                      struct verror *err)
{
    _cleanup_free_ char *text = xml_attribute(node, "snapshot");
    int place = text ? find_name(place_names, SNAPSHOT_PLACE_MAX, text) : SNAPSHOT_PLACE_DEFAULT;

    if (place < 0 || (text && place == SNAPSHOT_PLACE_DEFAULT))
        return verror_set(err, VIR_ERR_XML_ERROR, "unknown snapshot location '%s' of %s",
                          xml_quotable(text), what);
    *ret = (enum snapshot_place)place;
    return 0;
}

static int read_memory(xmlNodePtr root, struct snapshot_def *def, struct verror *err)
{
    xmlNodePtr node = xml_child(root, "memory");
    _cleanup_free_ char *file = xml_attribute(node, "file");

    if (read_place(node, "the memory", &def->memory, err) < 0)
        return -1;
    if (file && def->memory == SNAPSHOT_PLACE_DEFAULT)
        def->memory = SNAPSHOT_PLACE_EXTERNAL;
    if (file && def->memory != SNAPSHOT_PLACE_EXTERNAL)
        return verror_set(err, VIR_ERR_XML_ERROR, "memory filename '%s' requires external snapshot",
                          xml_quotable(file));
    if (def->memory == SNAPSHOT_PLACE_EXTERNAL && !file)
        return verror_set(err, VIR_ERR_XML_ERROR, "external memory snapshots require a filename");
    if (file && file[0] != '/')
        return verror_set(err, VIR_ERR_XML_ERROR, "memory snapshot file path (%s) must be absolute",
                          xml_quotable(file));
    def->memory_file = STEAL_PTR(file);
    return 0;
}

/* Of what is made only files are; what is redefined may have been made elsewhere. */
static int read_source(xmlNodePtr node, bool whole, struct snapshot_disk *disk, struct verror *err)
{
    _cleanup_free_ char *type = xml_attribute(node, "type");
    bool is_block = type && strcmp(type, "block") == 0;

    disk->path = xml_attribute(xml_child(node, "source"), is_block ? "dev" : "file");
    disk->format = xml_attribute(xml_child(node, "driver"), "type");
    if (type && strcmp(type, "file") != 0 && !whole)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "disk '%s': new images of type '%s' are not provided", disk->name,
                          xml_quotable(type));
    if (disk->path && disk->path[0] != '/')
        return verror_set(err, VIR_ERR_XML_ERROR,
                          "disk '%s': the path '%s' of its new image is not absolute", disk->name,
                          xml_quotable(disk->path));
    if (disk->path && text_check(disk->path, "path of a new image", err) < 0)
        return -1;
    if (disk->path && disk->place == SNAPSHOT_PLACE_DEFAULT)
        disk->place = SNAPSHOT_PLACE_EXTERNAL;
    return 0;
}

static int read_disk(xmlNodePtr node, bool whole, struct snapshot_disk *disk, struct verror *err)
{
    disk->name = xml_attribute(node, "name");
    if (!disk->name)
        return verror_set(err, VIR_ERR_XML_ERROR, "missing name from disk snapshot element");
    if (read_place(node, "a disk", &disk->place, err) < 0)
        return -1;
    return read_source(node, whole, disk, err);
}

static int read_disks(xmlNodePtr root, bool whole, struct snapshot_def *def, struct verror *err)
{
    xmlNodePtr disks = xml_child(root, "disks");

    for (xmlNodePtr node = xml_first(disks, "disk"); node; node = xml_next(node, "disk")) {
        if (def->ndisks == MOMENT_DISKS_MAX)
            return verror_set(err, VIR_ERR_XML_ERROR, "more than %d disks", MOMENT_DISKS_MAX);
        def->disks = xrealloc(def->disks, def->ndisks + 1, sizeof(*def->disks));
        def->disks[def->ndisks] = (struct snapshot_disk){ 0 };
        if (read_disk(node, whole, &def->disks[def->ndisks++], err) < 0)
            return -1;
    }
    return 0;
}

static int read_past(xmlNodePtr root, struct snapshot_def *def, struct verror *err)
{
    _cleanup_free_ char *state = xml_text(xml_child(root, "state"));
    _cleanup_free_ char *created = xml_text(xml_child(root, "creationTime"));
    uint64_t seconds;

    if (!created || !xml_parse_number(created, 10, &seconds) || seconds > INT64_MAX)
        return verror_set(err, VIR_ERR_XML_ERROR, "missing creationTime from existing snapshot");
    if (!state)
        return verror_set(err, VIR_ERR_XML_ERROR, "missing state from existing snapshot");
    def->created = (int64_t)seconds;
    def->state = find_name(state_names, ARRAY_SIZE(state_names), state);
    if (def->state <= 0)
        return verror_set(err, VIR_ERR_XML_ERROR, "Invalid state '%s' in domain snapshot XML",
                          xml_quotable(state));
    def->parent = xml_text(xml_child_of_child(root, "parent", "name"));
    def->domain = moment_read_domain(root, "domain");
    def->inactive = moment_read_domain(root, "inactiveDomain");
    return 0;
}

static int read_all(xmlNodePtr root, bool whole, struct snapshot_def *def, struct verror *err)
{
    def->name = xml_text(xml_child(root, "name"));
    if (!def->name && whole)
        return verror_set(err, VIR_ERR_XML_ERROR, "a redefined snapshot must have a name");
    if (!def->name)
        def->name = xasprintf("%lld", (long long)time(NULL));
    if (moment_check_name(def->name, "snapshot", VIR_ERR_XML_DETAIL, err) < 0)
        return -1;
    def->description = xml_text(xml_child(root, "description"));
    if (read_memory(root, def, err) < 0 || read_disks(root, whole, def, err) < 0)
        return -1;
    return whole ? read_past(root, def, err) : 0;
}

struct snapshot_def *snapshot_def_parse(const char *xml, bool whole, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc =
        xml_read_document(xml, "domain snapshot", "domainsnapshot", err);
    struct snapshot_def *def;

    if (!doc)
        return NULL;
    def = XNEW(struct snapshot_def);
    def->refs = 1;
    def->state = -1;
    if (read_all(xmlDocGetRootElement(doc), whole, def, err) == 0)
        return def;
    snapshot_def_unref(def);
    return NULL;
}

/* --- what means nothing --- */

static const struct moment_element known[] = {
    { "domainsnapshot",
      { "name", "description", "state", "creationTime", "memory", "disks", "parent", "domain",
        "inactiveDomain", "active", "cookie" } },
    { "parent", { "name" } },
    { "memory", { NULL } },
    { "disks", { "disk" } },
    { "disk", { "driver", "source" } },
};

int snapshot_xml_validate(const char *xml, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc =
        xml_read_document(xml, "domain snapshot", "domainsnapshot", err);

    if (!doc)
        return -1;
    return moment_validate(known, ARRAY_SIZE(known), xmlDocGetRootElement(doc), err);
}

/* --- writing --- */

static void write_disk(struct xml_writer *writer, const struct snapshot_disk *disk)
{
    const char *place =
        disk->place == SNAPSHOT_PLACE_DEFAULT ? NULL : snapshot_place_name(disk->place);

    if (disk->place != SNAPSHOT_PLACE_EXTERNAL) {
        xml_empty(writer, "disk", "name", disk->name, "snapshot", place, NULL);
        return;
    }
    xml_open(writer, "disk", "name", disk->name, "snapshot", place, "type", "file", NULL);
    if (disk->format)
        xml_empty(writer, "driver", "type", disk->format, NULL);
    if (disk->path)
        xml_empty(writer, "source", "file", disk->path, NULL);
    xml_close(writer, "disk");
}

static void write_disks(struct xml_writer *writer, const struct snapshot_def *def)
{
    if (def->ndisks == 0)
        return;
    xml_open(writer, "disks", NULL);
    for (size_t i = 0; i < def->ndisks; i++)
        write_disk(writer, &def->disks[i]);
    xml_close(writer, "disks");
}

static char *format(const struct snapshot_def *def, const char *parent, bool secrets)
{
    struct xml_writer writer = XML_WRITER_INIT;

    xml_open(&writer, "domainsnapshot", NULL);
    xml_element(&writer, "name", def->name);
    xml_element(&writer, "description", def->description);
    if (def->state > 0)
        xml_element(&writer, "state", state_names[def->state]);
    if (parent) {
        xml_open(&writer, "parent", NULL);
        xml_element(&writer, "name", parent);
        xml_close(&writer, "parent");
    }
    if (def->state >= 0)
        xml_elementf(&writer, "creationTime", "%lld", (long long)def->created);
    if (def->memory != SNAPSHOT_PLACE_DEFAULT)
        xml_empty(&writer, "memory", "snapshot", snapshot_place_name(def->memory), "file",
                  def->memory_file, NULL);
    write_disks(&writer, def);
    moment_write_domain(&writer, def->domain, "domain", secrets);
    moment_write_domain(&writer, def->inactive, "inactiveDomain", secrets);
    xml_close(&writer, "domainsnapshot");
    return xml_writer_take(&writer);
}

char *snapshot_def_format(const struct snapshot_def *def, bool secrets)
{
    return format(def, def->parent, secrets);
}

int snapshot_def_seal(struct snapshot_def *def, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = NULL;

    free(def->xml);
    def->xml = format(def, NULL, true);
    if (strlen(def->xml) > XML_DOCUMENT_MAX)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "snapshot '%s' with its domain's XML is longer than %u bytes", def->name,
                          XML_DOCUMENT_MAX);
    doc = xml_read_document(def->xml, "domain snapshot", "domainsnapshot", err);
    return doc ? 0 : -1; /* its domain's is deeper in it than alone */
}

/* --- disks of a domain --- */

static const struct snapshot_disk *find_said(const struct snapshot_def *def,
                                             const struct domain_def *domain,
                                             const struct domain_disk *disk)
{
    for (size_t i = 0; i < def->ndisks; i++)
        if (moment_find_disk(domain, def->disks[i].name) == disk)
            return &def->disks[i];
    return NULL;
}

static int check_said(const struct snapshot_def *def, const struct domain_def *domain,
                      struct verror *err)
{
    for (size_t i = 0; i < def->ndisks; i++) {
        const struct domain_disk *disk = moment_find_disk(domain, def->disks[i].name);

        if (!disk)
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "no disk named '%s'",
                              def->disks[i].name);
        if (find_said(def, domain, disk) != &def->disks[i])
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "disk '%s' specified twice",
                              disk->target);
    }
    return 0;
}

/* What nobody writes to is as it was anyway. */
static enum snapshot_place place_of(const struct snapshot_disk *said,
                                    const struct domain_disk *disk, enum snapshot_place fallback)
{
    int own = disk->snapshot ? find_name(place_names, SNAPSHOT_PLACE_MAX, disk->snapshot) : -1;

    if (said && said->place != SNAPSHOT_PLACE_DEFAULT)
        return said->place;
    if ((!disk->path && !disk->pool) || (!said && disk->readonly))
        return SNAPSHOT_PLACE_NO;
    if (own == SNAPSHOT_PLACE_NO)
        return SNAPSHOT_PLACE_NO;
    return fallback;
}

int snapshot_def_align(struct snapshot_def *def, const struct domain_def *domain,
                       enum snapshot_place fallback, struct verror *err)
{
    struct snapshot_def whole = { 0 };

    if (check_said(def, domain, err) < 0)
        return -1;
    for (size_t i = 0; i < domain->ndisks; i++) {
        const struct domain_disk *disk = &domain->disks[i];
        const struct snapshot_disk *said = find_said(def, domain, disk);
        struct snapshot_disk full = { .name = disk->target,
                                      .place = place_of(said, disk, fallback) };

        if (said && full.place == SNAPSHOT_PLACE_EXTERNAL) {
            full.path = said->path;
            full.format = said->format;
        }
        add_disk(&whole, &full);
    }
    free_disks(def);
    def->disks = whole.disks;
    def->ndisks = whole.ndisks;
    return 0;
}

char *snapshot_overlay_path(const char *path, const char *snapshot)
{
    const char *base = strrchr(path, '/'), *dot = strrchr(base ? base : path, '.');

    return xasprintf("%.*s.%s", dot ? (int)(dot - path) : (int)strlen(path), path, snapshot);
}
