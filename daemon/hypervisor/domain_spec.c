/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The specification that all domain jobs share: made, kept in the journal,
 * freed; and what most kinds check and lock.  Loop thread.
 */

#include <jansson.h>
#include <string.h>

#include "hypervisor/checkpoint_jobs.h"
#include "hypervisor/internal.h"
#include "hypervisor/qemu/backup.h"
#include "hypervisor/qemu/block_job.h"
#include "hypervisor/qemu/image_file.h"
#include "hypervisor/snapshot_jobs.h"
#include "util/alloc.h"
#include "xml/xml_read.h"

static struct domain_spec *spec_new(struct domains *domains, const char *uuid, const char *name)
{
    struct domain_spec *spec = XNEW(struct domain_spec);

    spec->domains = domains;
    strcpy(spec->uuid, uuid);
    spec->name = xstrdup(name);
    return spec;
}

struct domain_spec *domain_spec_new(struct domain *domain)
{
    return spec_new(domain->domains, domain->uuid, domain->name);
}

struct domain_spec *domain_spec_from_def(struct domains *domains, struct domain_def *def)
{
    char uuid[UUID_TEXT_SIZE];
    struct domain_spec *spec;

    uuid_format(def->uuid, uuid);
    spec = spec_new(domains, uuid, def->name);
    spec->def = domain_def_ref(def);
    return spec;
}

static void free_volumes(struct domain_spec *spec)
{
    for (size_t i = 0; i < spec->nvolumes; i++) {
        free(spec->volumes[i].pool);
        free(spec->volumes[i].volume);
        free(spec->volumes[i].path);
    }
    free(spec->volumes);
}

void domain_spec_free(void *opaque)
{
    struct domain_spec *spec = opaque;

    domain_def_unref(spec->def);
    domain_def_unref(spec->live);
    domain_def_unref(spec->new_config);
    domain_def_unref(spec->new_live);
    backup_unref(spec->backup);
    block_job_unref(spec->block);
    snapshot_work_free(spec->snapshot);
    checkpoint_work_free(spec->checkpoint);
    guest_unref(spec->guest);
    image_file_close(spec->file);
    json_decref(spec->arguments);
    free_volumes(spec);
    fd_group_list_clear(&spec->fd_groups);
    disk_drops_clear(&spec->drops);
    if (spec->doc)
        xmlFreeDoc(spec->doc);
    free(spec->name);
    free(spec->path);
    free(spec->xml);
    free(spec->cpus);
    free(spec->device);
    free(spec->new_name);
    free(spec->metadata);
    free(spec->metadata_key);
    free(spec->metadata_uri);
    free(spec);
}

/* --- the journal --- */

/* Of the long kinds; what the worker made of it is found out anew. */
char *domain_spec_save(const void *opaque)
{
    const struct domain_spec *spec = opaque;
    json_t *json = json_pack("{s:s, s:s, s:I, s:s*, s:s*, s:s*, s:s*, s:i, s:b, s:b, s:b}", "uuid",
                             spec->uuid, "name", spec->name, "flags", (json_int_t)spec->flags,
                             "def", spec->def ? spec->def->xml : NULL, "live",
                             spec->live ? spec->live->xml : NULL, "path", spec->path, "xml",
                             spec->xml, "format", spec->format, "visible", spec->visible,
                             "from_managed", spec->from_managed, "was_running", spec->was_running);
    char *text;

    if (spec->live && spec->guest) /* a guest that this job makes */
        json_object_set_new(json, "guest", guest_to_json(spec->guest));
    text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

struct domain_def *spec_def_from_text(const char *xml, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = xml_read_document(xml, "domain definition", "domain", err);

    return doc ? domain_def_from_doc(doc, err) : NULL;
}

static int load_guest(struct domain_spec *spec, json_t *json, struct verror *err)
{
    bool same_boot;

    if (!json)
        return 0;
    spec->guest = guest_from_json(spec->domains, spec->uuid, json, &same_boot, err);
    if (!spec->guest)
        return -1;
    spec->guest->starting = true;
    if (spec->guest->id >= spec->domains->next_id)
        spec->domains->next_id = spec->guest->id + 1;
    if (spec->live)
        spec->guest->def = domain_def_ref(spec->live);
    return 0;
}

static struct domain_spec *spec_from_json(struct domains *domains, json_t *json, struct verror *err)
{
    const char *uuid, *name, *def = NULL, *live = NULL, *path = NULL, *xml = NULL;
    int format = 0, visible = 0, from_managed = 0, was_running = 0;
    json_int_t flags = 0;
    struct domain_spec *spec;

    if (json_unpack(json, "{s:s, s:s, s:I, s?s, s?s, s?s, s?s, s:i, s:b, s:b, s:b}", "uuid", &uuid,
                    "name", &name, "flags", &flags, "def", &def, "live", &live, "path", &path,
                    "xml", &xml, "format", &format, "visible", &visible, "from_managed",
                    &from_managed, "was_running", &was_running) < 0 ||
        strlen(uuid) != UUID_TEXT_SIZE - 1) {
        verror_set(err, VIR_ERR_INTERNAL_ERROR,
                   "the journal's domain specification is not readable");
        return NULL;
    }
    spec = spec_new(domains, uuid, name);
    spec->flags = (unsigned int)flags;
    spec->path = xstrdup(path);
    spec->xml = xstrdup(xml);
    spec->format = format;
    spec->visible = visible;
    spec->from_managed = from_managed;
    spec->was_running = was_running;
    spec->taken_up = true;
    if ((!def || (spec->def = spec_def_from_text(def, err))) &&
        (!live || (spec->live = spec_def_from_text(live, err))) &&
        load_guest(spec, json_object_get(json, "guest"), err) == 0)
        return spec;
    domain_spec_free(spec);
    return NULL;
}

void *domain_spec_load(struct daemon *daemon, const char *text, struct verror *err)
{
    json_t *json = json_loads(text, 0, NULL);
    struct domain_spec *spec = spec_from_json(daemon->domains, json, err);

    json_decref(json);
    return spec;
}

/* What a kind cannot do without must be there, else the row is not taken up. */
static struct domain_spec *load_if(struct domain_spec *spec, bool whole, struct verror *err)
{
    if (!spec || whole)
        return spec;
    verror_set(err, VIR_ERR_INTERNAL_ERROR, "the journal's domain specification is not whole");
    domain_spec_free(spec);
    return NULL;
}

void *domain_spec_load_start(struct daemon *daemon, const char *text, struct verror *err)
{
    struct domain_spec *spec = domain_spec_load(daemon, text, err);

    return load_if(spec, spec && spec->def && spec->live && spec->guest, err);
}

void *domain_spec_load_image(struct daemon *daemon, const char *text, struct verror *err)
{
    struct domain_spec *spec = domain_spec_load(daemon, text, err);

    return load_if(spec, spec && spec->path && !spec->guest, err);
}

/* --- what most kinds need --- */

struct job_request domain_job_request(const struct job_kind *kind, struct domain_spec *spec,
                                      const char *started_by)
{
    return (struct job_request){
        .kind = kind,
        .spec = spec,
        .object_kind = JOB_OBJECT_DOMAIN,
        .name = spec->name,
        .pool = "",
        .uuid = spec->uuid,
        .started_by = started_by,
    };
}

struct domain *spec_domain(const struct domain_spec *spec)
{
    return domain_find_uuid(spec->domains, spec->uuid);
}

int spec_no_domain(const struct domain_spec *spec, struct verror *err)
{
    return verror_set(err, VIR_ERR_NO_DOMAIN, "no domain with matching uuid '%s' (%s)", spec->uuid,
                      spec->name);
}

void domain_locks(const void *opaque, struct lock_hold *hold)
{
    const struct domain_spec *spec = opaque;

    lock_hold_want(hold, xasprintf("domain:%s", spec->uuid), LOCK_DOMAIN_CHANGE);
}

void domain_disks_locks(const void *opaque, struct lock_hold *hold)
{
    const struct domain_spec *spec = opaque;

    domain_locks(opaque, hold);
    lock_hold_want(hold, xasprintf("disks:%s", spec->uuid), LOCK_DOMAIN_CHANGE);
}

/*
 * Two that are made at once may have different UUIDs and yet one name: the second waits, and
 * then finds that the first is there.
 */
void domain_new_locks(const void *opaque, struct lock_hold *hold)
{
    const struct domain_spec *spec = opaque;

    domain_locks(opaque, hold);
    lock_hold_want(hold, xasprintf("domain name:%s", spec->new_name ? spec->new_name : spec->name),
                   LOCK_DOMAIN_CHANGE);
}

int spec_check_persistent(const struct domain_spec *spec, struct verror *err)
{
    const struct domain *domain = spec_domain(spec);

    if (!domain)
        return spec_no_domain(spec, err);
    if (domain->config)
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_INVALID, "domain '%s' is transient", domain->name);
}

int spec_take_guest(struct domain_spec *spec, struct verror *err)
{
    struct domain *domain = spec_domain(spec);

    if (!domain)
        return spec_no_domain(spec, err);
    if (domain_check_active(domain, err) < 0)
        return -1;
    if (domain->guest->exited || domain->guest->starting)
        return verror_set(err, VIR_ERR_OPERATION_INVALID, "domain '%s' is not running",
                          domain->name);
    if (!domain->guest->monitor)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "the monitor of domain '%s' is lost; it can only be destroyed",
                          domain->name);
    if (!spec->guest)
        spec->guest = guest_ref(domain->guest);
    return 0;
}

int spec_take_up_guest(struct domain_spec *spec, struct verror *err)
{
    const struct domain *domain;

    if (spec_take_guest(spec, err) < 0)
        return -1;
    domain = spec_domain(spec);
    if (domain->state == VIR_DOMAIN_SHUTDOWN)
        return verror_set(err, VIR_ERR_OPERATION_INVALID, "domain '%s' is being shut down",
                          domain->name);
    return 0;
}

int spec_check_clash(const struct domain_spec *spec, struct verror *err)
{
    struct domain *by_name = domain_find_name(spec->domains, spec->def->name);
    struct domain *by_uuid = spec_domain(spec);

    if (by_name && by_name != by_uuid)
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "domain '%s' already exists with uuid %s",
                          spec->def->name, by_name->uuid);
    if (by_uuid && strcmp(by_uuid->name, spec->def->name) != 0)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "domain '%s' is already defined with uuid %s", by_uuid->name,
                          by_uuid->uuid);
    return 0;
}
