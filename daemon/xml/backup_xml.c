/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <domainbackup> documents; see backup_xml.h.  Any thread. */

#include "xml/backup_xml.h"

#include <string.h>
#include <sys/un.h>

#include "util/alloc.h"
#include "xml/moment_xml.h"
#include "xml/name_check.h"
#include "xml/xml_tree.h"

enum { EXPORT_NAME_MAX = 1023 }; /* of a bitmap, in QEMU; of an export NBD allows more */

static const char *const mode_names[BACKUP_MODE_MAX] = {
    [BACKUP_MODE_FULL] = "full",
    [BACKUP_MODE_INCREMENTAL] = "incremental",
};

/* --- the struct --- */

static void clear_disk(struct backup_disk *disk)
{
    free(disk->name);
    free(disk->incremental);
    free(disk->export_name);
    free(disk->export_bitmap);
    free(disk->file.path);
    free(disk->file.format);
    free(disk->file.index);
}

static void free_disks(struct backup_def *def)
{
    for (size_t i = 0; i < def->ndisks; i++)
        clear_disk(&def->disks[i]);
    free(def->disks);
}

void backup_def_free(struct backup_def *def)
{
    if (!def)
        return;
    free_disks(def);
    free(def->incremental);
    free(def->socket);
    free(def->host);
    free(def->port);
    free(def);
}

/* --- reading --- */

static int bad(struct verror *err, const char *what, const char *of, const char *value)
{
    return verror_set(err, VIR_ERR_XML_INVALID_SCHEMA, "%s%s%s: '%s'", what, of ? " of disk " : "",
                      of ? of : "", xml_quotable(value));
}

/* One of two words, the first of which is what nothing means. */
static int read_choice(xmlNodePtr node, const char *name, const char *first, const char *second,
                       bool *ret_second, struct verror *err)
{
    _cleanup_free_ char *text = xml_attribute(node, name);

    *ret_second = text && strcmp(text, second) == 0;
    if (!text || *ret_second || strcmp(text, first) == 0)
        return 0;
    return bad(err, name, NULL, text);
}

static int read_tcp(xmlNodePtr node, struct backup_def *def, struct verror *err)
{
    uint64_t port = 0;

    def->host = xml_attribute(node, "name");
    def->port = xml_attribute(node, "port");
    if (!def->host)
        return verror_set(err, VIR_ERR_XML_INVALID_SCHEMA, "the backup's server has no name");
    if (text_check(def->host, "name of the backup's server", err) < 0)
        return -1;
    if (!def->port)
        return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "<domainbackup> must specify TCP port for now");
    if (!xml_parse_number(def->port, 10, &port) || port == 0 || port > 65535)
        return bad(err, "invalid port", NULL, def->port);
    free(def->port);
    def->port = xasprintf("%u", (unsigned int)port);
    return 0;
}

static int read_unix(xmlNodePtr node, struct backup_def *def, struct verror *err)
{
    struct sockaddr_un address;

    def->socket = xml_attribute(node, "socket");
    if (!def->socket || def->socket[0] != '/')
        return bad(err, "the socket needs an absolute path", NULL, def->socket ? def->socket : "");
    if (text_check(def->socket, "path of the backup's socket", err) < 0)
        return -1;
    if (strlen(def->socket) < sizeof(address.sun_path))
        return 0;
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                      "the path of the backup's socket is longer than %zu bytes",
                      sizeof(address.sun_path) - 1);
}

static int read_server(xmlNodePtr root, struct backup_def *def, struct verror *err)
{
    xmlNodePtr node = xml_child(root, "server");
    bool is_unix, tls;

    if (!node && def->is_pull)
        return verror_set(err, VIR_ERR_XML_INVALID_SCHEMA, "a backup that is pulled has no server");
    if (!node)
        return 0;
    if (!def->is_pull)
        return verror_set(err, VIR_ERR_XML_INVALID_SCHEMA, "a backup that is pushed has a server");
    if (read_choice(node, "transport", "tcp", "unix", &is_unix, err) < 0 ||
        read_choice(node, "tls", "no", "yes", &tls, err) < 0)
        return -1;
    if (tls)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "TLS for the server of a backup is not provided");
    return is_unix ? read_unix(node, def, err) : read_tcp(node, def, err);
}

static int read_mode(xmlNodePtr node, struct backup_disk *disk, struct verror *err)
{
    _cleanup_free_ char *text = xml_attribute(node, "backupmode");

    disk->incremental = xml_attribute(node, "incremental");
    while (text && disk->mode < BACKUP_MODE_MAX &&
           (!mode_names[disk->mode] || strcmp(mode_names[disk->mode], text) != 0))
        disk->mode++;
    if (disk->mode == BACKUP_MODE_MAX)
        return bad(err, "unknown backupmode", disk->name, text);
    if (disk->mode == BACKUP_MODE_FULL && disk->incremental)
        return bad(err, "a full backup has no checkpoint", disk->name, disk->incremental);
    return 0;
}

static int check_export(const struct backup_def *def, const char *disk, const char *name,
                        struct verror *err)
{
    if (!name)
        return 0;
    if (!def->is_pull)
        return bad(err, "what is pushed is not exported", disk, name);
    if (strlen(name) > EXPORT_NAME_MAX)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "the name of an export of disk '%s' is longer than %d bytes", disk,
                          EXPORT_NAME_MAX);
    return text_check(name, "name of an export", err);
}

static int read_export(xmlNodePtr node, const struct backup_def *def, struct backup_disk *disk,
                       struct verror *err)
{
    disk->export_name = xml_attribute(node, "exportname");
    disk->export_bitmap = xml_attribute(node, "exportbitmap");
    if (check_export(def, disk->name, disk->export_name, err) < 0)
        return -1;
    return check_export(def, disk->name, disk->export_bitmap, err);
}

static int read_file(xmlNodePtr node, const struct backup_def *def, bool whole,
                     struct backup_disk *disk, struct verror *err)
{
    xmlNodePtr own = xml_child(node, def->is_pull ? "scratch" : "target");

    if (xml_child(node, def->is_pull ? "target" : "scratch"))
        return bad(err, "it is not for this mode", disk->name, def->is_pull ? "target" : "scratch");
    if (read_choice(node, "type", "file", "block", &disk->file.is_block, err) < 0)
        return -1;
    disk->file.path = xml_attribute(own, disk->file.is_block ? "dev" : "file");
    disk->file.format = xml_attribute(xml_child(node, "driver"), "type");
    if (whole)
        disk->file.index = xml_attribute(node, "index");
    if (def->is_pull && disk->file.format && strcmp(disk->file.format, "qcow2") != 0)
        return bad(err, "what is put aside is qcow2", disk->name, disk->file.format);
    if (disk->file.path && disk->file.path[0] != '/')
        return bad(err, "the path is not absolute", disk->name, disk->file.path);
    return disk->file.path ? text_check(disk->file.path, "path of a backup", err) : 0;
}

static int read_disk(xmlNodePtr node, const struct backup_def *def, bool whole,
                     struct backup_disk *disk, struct verror *err)
{
    bool is_out;

    disk->name = xml_attribute(node, "name");
    if (!disk->name)
        return verror_set(err, VIR_ERR_XML_INVALID_SCHEMA, "missing name from disk backup element");
    if (text_check(disk->name, "name of a disk", err) < 0 ||
        read_choice(node, "backup", "yes", "no", &is_out, err) < 0)
        return -1;
    disk->is_in = !is_out;
    if (is_out)
        return 0;
    if (read_mode(node, disk, err) < 0 || read_export(node, def, disk, err) < 0)
        return -1;
    return read_file(node, def, whole, disk, err);
}

static int read_disks(xmlNodePtr root, bool whole, struct backup_def *def, struct verror *err)
{
    xmlNodePtr disks = xml_child(root, "disks");

    for (xmlNodePtr node = xml_first(disks, "disk"); node; node = xml_next(node, "disk")) {
        if (def->ndisks == MOMENT_DISKS_MAX)
            return verror_set(err, VIR_ERR_XML_ERROR, "more than %d disks", MOMENT_DISKS_MAX);
        def->disks = xrealloc(def->disks, def->ndisks + 1, sizeof(*def->disks));
        def->disks[def->ndisks] = (struct backup_disk){ 0 };
        if (read_disk(node, def, whole, &def->disks[def->ndisks++], err) < 0)
            return -1;
    }
    return 0;
}

static const struct moment_element known[] = {
    { "domainbackup", { "incremental", "server", "disks" } },
    { "incremental", { NULL } },
    { "server", { NULL } },
    { "disks", { "disk" } },
    { "disk", { "driver", "target", "scratch" } },
    { "driver", { NULL } },
    { "target", { NULL } },
    { "scratch", { NULL } },
};

static int read_all(xmlNodePtr root, bool whole, struct backup_def *def, struct verror *err)
{
    if (moment_validate(known, ARRAY_SIZE(known), root, err) < 0 ||
        read_choice(root, "mode", "push", "pull", &def->is_pull, err) < 0)
        return -1;
    def->incremental = xml_text(xml_child(root, "incremental"));
    if (read_server(root, def, err) < 0)
        return -1;
    return read_disks(root, whole, def, err);
}

struct backup_def *backup_def_parse(const char *xml, bool whole, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = xml_read_document(xml, "domain backup", "domainbackup", err);
    struct backup_def *def;

    if (!doc)
        return NULL;
    def = XNEW(struct backup_def);
    if (read_all(xmlDocGetRootElement(doc), whole, def, err) == 0)
        return def;
    backup_def_free(def);
    return NULL;
}

/* --- writing --- */

/* Those that have a value come first: the first that has none ends them. */
static void close_ranks(const char *(*pairs)[2], size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        const char *name = pairs[i][0], *value = pairs[i][1];

        pairs[i][0] = pairs[i][1] = NULL;
        if (!value)
            continue;
        pairs[kept][0] = name;
        pairs[kept++][1] = value;
    }
}

static void open_disk(struct xml_writer *writer, const struct backup_disk *disk)
{
    const char *rest[][2] = {
        { "incremental", disk->incremental },
        { "exportname", disk->export_name },
        { "exportbitmap", disk->export_bitmap },
        { "index", disk->file.index },
    };

    close_ranks(rest, ARRAY_SIZE(rest));
    xml_open(writer, "disk", "name", disk->name, "backup", "yes", "type",
             disk->file.is_block ? "block" : "file", "backupmode",
             mode_names[disk->mode], rest[0][0], rest[0][1], rest[1][0], rest[1][1],
             rest[2][0], rest[2][1], rest[3][0], rest[3][1], NULL);
}

static void write_disk(struct xml_writer *writer, const struct backup_def *def,
                       const struct backup_disk *disk)
{
    const struct disk_xml_image *file = &disk->file;

    if (!disk->is_in) {
        xml_empty(writer, "disk", "name", disk->name, "backup", "no", NULL);
        return;
    }
    open_disk(writer, disk);
    if (file->format)
        xml_empty(writer, "driver", "type", file->format, NULL);
    if (file->path)
        xml_empty(writer, def->is_pull ? "scratch" : "target", file->is_block ? "dev" : "file",
                  file->path, NULL);
    xml_close(writer, "disk");
}

static void write_server(struct xml_writer *writer, const struct backup_def *def)
{
    if (def->socket)
        xml_empty(writer, "server", "transport", "unix", "socket", def->socket, NULL);
    else if (def->is_pull)
        xml_empty(writer, "server", "transport", "tcp", "name", def->host, "port", def->port, NULL);
}

char *backup_def_format(const struct backup_def *def)
{
    struct xml_writer writer = XML_WRITER_INIT;

    xml_open(&writer, "domainbackup", "mode", def->is_pull ? "pull" : "push", NULL);
    xml_element(&writer, "incremental", def->incremental);
    write_server(&writer, def);
    if (def->ndisks > 0) {
        xml_open(&writer, "disks", NULL);
        for (size_t i = 0; i < def->ndisks; i++)
            write_disk(&writer, def, &def->disks[i]);
        xml_close(&writer, "disks");
    }
    xml_close(&writer, "domainbackup");
    return xml_writer_take(&writer);
}

/* --- disks of a domain --- */

static struct backup_disk *find_said(const struct backup_def *def, const struct domain_def *domain,
                                     const struct domain_disk *disk)
{
    for (size_t i = 0; i < def->ndisks; i++)
        if (moment_find_disk(domain, def->disks[i].name) == disk)
            return &def->disks[i];
    return NULL;
}

static bool is_empty(const struct domain_disk *disk)
{
    return !disk->path && !disk->pool;
}

static int check_said(const struct backup_def *def, const struct domain_def *domain,
                      struct verror *err)
{
    for (size_t i = 0; i < def->ndisks; i++) {
        const struct backup_disk *said = &def->disks[i];
        const struct domain_disk *disk = moment_find_disk(domain, said->name);

        if (!disk)
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "no disk named '%s'", said->name);
        if (find_said(def, domain, disk) != said)
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "disk '%s' specified twice",
                              disk->target);
        if (said->is_in && is_empty(disk))
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "disk '%s' has no media",
                              disk->target);
        if (said->is_in && disk->readonly)
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "backup of readonly disk '%s' makes no sense", disk->target);
    }
    return 0;
}

/* What is to be done is said in full. */
static int complete_disk(const struct backup_def *def, struct backup_disk *disk, struct verror *err)
{
    if (disk->mode != BACKUP_MODE_FULL && !disk->incremental)
        disk->incremental = xstrdup(def->incremental);
    if (disk->mode == BACKUP_MODE_INCREMENTAL && !disk->incremental)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "'incremental' backup mode of disk '%s' requires setting 'incremental' "
                          "field for disk or backup",
                          disk->name);
    if (disk->mode == BACKUP_MODE_DEFAULT)
        disk->mode = disk->incremental ? BACKUP_MODE_INCREMENTAL : BACKUP_MODE_FULL;
    if (!disk->file.format)
        disk->file.format = xstrdup("qcow2");
    if (!def->is_pull)
        return 0;
    if (!disk->export_name)
        disk->export_name = xstrdup(disk->name);
    if (disk->incremental && !disk->export_bitmap)
        disk->export_bitmap = xasprintf("backup-%s", disk->name);
    return 0;
}

/* What was said of it leaves def's list. */
static struct backup_disk take_disk(struct backup_def *def, const struct domain_def *domain,
                                    const struct domain_disk *disk)
{
    struct backup_disk *said = find_said(def, domain, disk);
    struct backup_disk taken = { .is_in = def->ndisks == 0 && !is_empty(disk) && !disk->readonly };

    if (said) {
        taken = *said;
        *said = (struct backup_disk){ .name = xstrdup(disk->target) }; /* it is still found */
    }
    free(taken.name);
    taken.name = xstrdup(disk->target);
    return taken;
}

int backup_def_align(struct backup_def *def, const struct domain_def *domain, struct verror *err)
{
    struct backup_def whole = { 0 };
    bool any = false;
    int rc = 0;

    if (check_said(def, domain, err) < 0)
        return -1;
    whole.disks = xcalloc(domain->ndisks + 1, sizeof(*whole.disks));
    for (size_t i = 0; i < domain->ndisks; i++) {
        struct backup_disk *disk = &whole.disks[whole.ndisks++];

        *disk = take_disk(def, domain, &domain->disks[i]);
        any |= disk->is_in;
        if (rc == 0 && disk->is_in)
            rc = complete_disk(def, disk, err);
    }
    free_disks(def);
    def->disks = whole.disks;
    def->ndisks = whole.ndisks;
    if (rc == 0 && !any)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "no disks selected for backup");
    return rc;
}

int backup_disk_default_path(struct backup_disk *disk, const char *image, bool is_block,
                             const char *suffix, struct verror *err)
{
    if (disk->file.path)
        return 0;
    if (is_block || disk->file.is_block)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "refusing to generate file name for disk '%s'", disk->name);
    disk->file.path = xasprintf("%s.%s", image, suffix);
    return 0;
}

static bool is_same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static int check_pair(const struct backup_disk *a, const struct backup_disk *b, struct verror *err)
{
    if (is_same(a->file.path, b->file.path))
        return verror_set(err, VIR_ERR_INVALID_ARG, "disks '%s' and '%s' have one store '%s'",
                          a->name, b->name, a->file.path);
    if (is_same(a->export_name, b->export_name))
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "disks '%s' and '%s' have one export '%s'", a->name, b->name,
                          xml_quotable(a->export_name));
    return 0;
}

int backup_def_check_apart(const struct backup_def *def, struct verror *err)
{
    for (size_t i = 0; i < def->ndisks; i++)
        for (size_t j = 0; j < i; j++)
            if (def->disks[i].is_in && def->disks[j].is_in &&
                check_pair(&def->disks[j], &def->disks[i], err) < 0)
                return -1;
    return 0;
}
