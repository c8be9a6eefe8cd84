/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <domaincheckpoint> documents; see checkpoint_xml.h.  Any thread. */

#include "xml/checkpoint_xml.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "util/alloc.h"
#include "xml/moment_xml.h"
#include "xml/xml_tree.h"

static const char *const place_names[CHECKPOINT_PLACE_MAX] = {
    [CHECKPOINT_PLACE_NO] = "no",
    [CHECKPOINT_PLACE_BITMAP] = "bitmap",
};

/* --- the struct --- */

struct checkpoint_def *checkpoint_def_ref(struct checkpoint_def *def)
{
    __atomic_add_fetch(&def->refs, 1, __ATOMIC_RELAXED);
    return def;
}

static void free_disks(struct checkpoint_def *def)
{
    for (size_t i = 0; i < def->ndisks; i++) {
        free(def->disks[i].name);
        free(def->disks[i].bitmap);
    }
    free(def->disks);
    def->disks = NULL;
    def->ndisks = 0;
}

void checkpoint_def_unref(struct checkpoint_def *def)
{
    if (!def || __atomic_sub_fetch(&def->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    free_disks(def);
    free(def->name);
    free(def->description);
    free(def->parent);
    free(def->domain);
    free(def->xml);
    free(def);
}

/* Its strings are copied. */
static void add_disk(struct checkpoint_def *def, const struct checkpoint_disk *disk)
{
    struct checkpoint_disk *copy;

    def->disks = xrealloc(def->disks, def->ndisks + 1, sizeof(*def->disks));
    copy = &def->disks[def->ndisks++];
    *copy = *disk;
    copy->name = xstrdup(disk->name);
    copy->bitmap = xstrdup(disk->bitmap);
}

struct checkpoint_def *checkpoint_def_copy(const struct checkpoint_def *def)
{
    struct checkpoint_def *copy = XNEW(struct checkpoint_def);

    *copy = (struct checkpoint_def){
        .refs = 1,
        .name = xstrdup(def->name),
        .description = xstrdup(def->description),
        .parent = xstrdup(def->parent),
        .created = def->created,
        .domain = xstrdup(def->domain),
        .xml = xstrdup(def->xml),
    };
    for (size_t i = 0; i < def->ndisks; i++)
        add_disk(copy, &def->disks[i]);
    return copy;
}

const struct checkpoint_disk *checkpoint_def_disk(const struct checkpoint_def *def,
                                                  const char *target)
{
    for (size_t i = 0; i < def->ndisks; i++)
        if (strcmp(def->disks[i].name, target) == 0)
            return &def->disks[i];
    return NULL;
}

/* --- reading --- */

static int find_place(const char *name)
{
    for (int i = 0; i < CHECKPOINT_PLACE_MAX; i++)
        if (place_names[i] && strcmp(place_names[i], name) == 0)
            return i;
    return -1;
}

/* Whoever names a disk and says no more wants it. */
static int read_place(xmlNodePtr node, struct checkpoint_disk *disk, struct verror *err)
{
    _cleanup_free_ char *text = xml_attribute(node, "checkpoint");
    int place = text ? find_place(text) : CHECKPOINT_PLACE_BITMAP;

    if (place < 0)
        return verror_set(err, VIR_ERR_XML_INVALID_SCHEMA,
                          "unknown disk checkpoint setting '%s' of disk '%s'", xml_quotable(text),
                          disk->name);
    disk->place = (enum checkpoint_place)place;
    return 0;
}

static int read_disk(xmlNodePtr node, struct checkpoint_disk *disk, struct verror *err)
{
    disk->name = xml_attribute(node, "name");
    if (!disk->name)
        return verror_set(err, VIR_ERR_XML_INVALID_SCHEMA,
                          "missing name from disk checkpoint element");
    if (read_place(node, disk, err) < 0)
        return -1;
    disk->bitmap = xml_attribute(node, "bitmap");
    if (!disk->bitmap)
        return 0;
    if (disk->place == CHECKPOINT_PLACE_NO)
        return verror_set(err, VIR_ERR_XML_INVALID_SCHEMA,
                          "disk '%s' is not part of the checkpoint, and has no bitmap '%s'",
                          disk->name, xml_quotable(disk->bitmap));
    return moment_check_name(disk->bitmap, "bitmap", VIR_ERR_XML_INVALID_SCHEMA, err);
}

static int read_disks(xmlNodePtr root, struct checkpoint_def *def, struct verror *err)
{
    xmlNodePtr disks = xml_child(root, "disks");

    for (xmlNodePtr node = xml_first(disks, "disk"); node; node = xml_next(node, "disk")) {
        if (def->ndisks == MOMENT_DISKS_MAX)
            return verror_set(err, VIR_ERR_XML_ERROR, "more than %d disks", MOMENT_DISKS_MAX);
        def->disks = xrealloc(def->disks, def->ndisks + 1, sizeof(*def->disks));
        def->disks[def->ndisks] = (struct checkpoint_disk){ 0 };
        if (read_disk(node, &def->disks[def->ndisks++], err) < 0)
            return -1;
    }
    return 0;
}

static int read_past(xmlNodePtr root, struct checkpoint_def *def, struct verror *err)
{
    _cleanup_free_ char *created = xml_text(xml_child(root, "creationTime"));
    uint64_t seconds;

    if (!created || !xml_parse_number(created, 10, &seconds) || seconds > INT64_MAX)
        return verror_set(err, VIR_ERR_XML_ERROR,
                          "missing creationTime from existing checkpoint");
    def->created = (int64_t)seconds;
    def->parent = xml_text(xml_child_of_child(root, "parent", "name"));
    def->domain = moment_read_domain(root, "domain");
    return 0;
}

static const struct moment_element known[] = {
    { "domaincheckpoint",
      { "name", "description", "creationTime", "disks", "parent", "domain" } },
    { "parent", { "name" } },
    { "disks", { "disk" } },
    { "disk", { NULL } },
};

static int read_all(xmlNodePtr root, bool whole, struct checkpoint_def *def, struct verror *err)
{
    if (moment_validate(known, ARRAY_SIZE(known), root, err) < 0)
        return -1;
    def->name = xml_text(xml_child(root, "name"));
    if (!def->name && whole)
        return verror_set(err, VIR_ERR_XML_ERROR, "a redefined checkpoint must have a name");
    if (!def->name)
        def->name = xasprintf("%lld", (long long)time(NULL));
    if (moment_check_name(def->name, "checkpoint", VIR_ERR_XML_INVALID_SCHEMA, err) < 0)
        return -1;
    def->description = xml_text(xml_child(root, "description"));
    if (read_disks(root, def, err) < 0)
        return -1;
    return whole ? read_past(root, def, err) : 0;
}

struct checkpoint_def *checkpoint_def_parse(const char *xml, bool whole, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc =
        xml_read_document(xml, "domain checkpoint", "domaincheckpoint", err);
    struct checkpoint_def *def;

    if (!doc)
        return NULL;
    def = XNEW(struct checkpoint_def);
    def->refs = 1;
    if (read_all(xmlDocGetRootElement(doc), whole, def, err) == 0)
        return def;
    checkpoint_def_unref(def);
    return NULL;
}

/* --- writing --- */

static void write_disk(struct xml_writer *writer, const struct checkpoint_disk *disk)
{
    _cleanup_free_ char *size = disk->has_size ? xasprintf("%" PRIu64, disk->size) : NULL;

    xml_empty(writer, "disk", "name", disk->name, "checkpoint", place_names[disk->place], "bitmap",
              disk->bitmap, "size", size, NULL);
}

static void write_disks(struct xml_writer *writer, const struct checkpoint_def *def)
{
    if (def->ndisks == 0)
        return;
    xml_open(writer, "disks", NULL);
    for (size_t i = 0; i < def->ndisks; i++)
        write_disk(writer, &def->disks[i]);
    xml_close(writer, "disks");
}

static char *format(const struct checkpoint_def *def, const char *parent, const char *domain,
                    bool secrets)
{
    struct xml_writer writer = XML_WRITER_INIT;

    xml_open(&writer, "domaincheckpoint", NULL);
    xml_element(&writer, "name", def->name);
    xml_element(&writer, "description", def->description);
    if (parent) {
        xml_open(&writer, "parent", NULL);
        xml_element(&writer, "name", parent);
        xml_close(&writer, "parent");
    }
    xml_elementf(&writer, "creationTime", "%lld", (long long)def->created);
    write_disks(&writer, def);
    moment_write_domain(&writer, domain, "domain", secrets);
    xml_close(&writer, "domaincheckpoint");
    return xml_writer_take(&writer);
}

char *checkpoint_def_format(const struct checkpoint_def *def, bool secrets, bool domain)
{
    return format(def, def->parent, domain ? def->domain : NULL, secrets);
}

int checkpoint_def_seal(struct checkpoint_def *def, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = NULL;

    free(def->xml);
    def->xml = format(def, NULL, def->domain, true);
    if (strlen(def->xml) > XML_DOCUMENT_MAX)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "checkpoint '%s' with its domain's XML is longer than %u bytes",
                          def->name, XML_DOCUMENT_MAX);
    doc = xml_read_document(def->xml, "domain checkpoint", "domaincheckpoint", err);
    return doc ? 0 : -1; /* its domain's is deeper in it than alone */
}

/* --- disks of a domain --- */

static const struct checkpoint_disk *find_said(const struct checkpoint_def *def,
                                               const struct domain_def *domain,
                                               const struct domain_disk *disk)
{
    for (size_t i = 0; i < def->ndisks; i++)
        if (moment_find_disk(domain, def->disks[i].name) == disk)
            return &def->disks[i];
    return NULL;
}

/* Nobody writes to it. */
static bool is_still(const struct domain_disk *disk)
{
    return (!disk->path && !disk->pool) || disk->readonly;
}

static int check_said(const struct checkpoint_def *def, const struct domain_def *domain,
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
        if (is_still(disk) && def->disks[i].place != CHECKPOINT_PLACE_NO)
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "disk '%s' is empty or readonly",
                              disk->target);
    }
    return 0;
}

static struct checkpoint_disk disk_of(const struct checkpoint_def *def,
                                      const struct domain_def *domain,
                                      const struct domain_disk *disk)
{
    const struct checkpoint_disk *said = find_said(def, domain, disk);
    struct checkpoint_disk full = { .name = disk->target, .place = CHECKPOINT_PLACE_NO };

    if (said)
        full.place = said->place;
    else if (def->ndisks == 0 && !is_still(disk))
        full.place = CHECKPOINT_PLACE_BITMAP;
    if (full.place == CHECKPOINT_PLACE_BITMAP)
        full.bitmap = said && said->bitmap ? said->bitmap : def->name;
    return full;
}

int checkpoint_def_align(struct checkpoint_def *def, const struct domain_def *domain,
                         struct verror *err)
{
    struct checkpoint_def whole = { 0 };

    if (domain->ndisks == 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "domain must have at least one disk to perform checkpoints");
    if (check_said(def, domain, err) < 0)
        return -1;
    for (size_t i = 0; i < domain->ndisks; i++) {
        struct checkpoint_disk full = disk_of(def, domain, &domain->disks[i]);

        add_disk(&whole, &full);
    }
    free_disks(def);
    def->disks = whole.disks;
    def->ndisks = whole.ndisks;
    return 0;
}
