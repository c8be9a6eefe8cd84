/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The calls that look into save images and change them; see domain_image.h.
 * Loop thread, but for the work on the files.
 */

#include "calls/domain_image.h"

#include <libgen.h>
#include <string.h>
#include <unistd.h>

#include "hypervisor/qemu/image_file.h"
#include "hypervisor/qemu/save_image.h"
#include "protocol/remote.h"
#include "util/alloc.h"
#include "util/audit.h"
#include "xml/xml_read.h"

enum { STATE_FLAGS = VIR_DOMAIN_SAVE_RUNNING | VIR_DOMAIN_SAVE_PAUSED };

const struct flag_pair domain_image_states[] = {
    { VIR_DOMAIN_SAVE_RUNNING, VIR_DOMAIN_SAVE_PAUSED, "running", "paused" },
};
const size_t domain_image_nstates = ARRAY_SIZE(domain_image_states);

struct domain_image *domain_image_new(struct call *call, const char *path, const char *xml,
                                      unsigned int flags)
{
    struct domain_image *image;

    if (path[0] != '/') {
        verror_set(&call->err, VIR_ERR_INVALID_ARG, "path '%s' is not absolute", path);
        return NULL;
    }
    image = XNEW(struct domain_image);
    image->jobs = call->daemon->jobs;
    image->host = domains_complete_host(call->daemon->domains);
    image->path = xstrdup(path);
    image->xml = xstrdup(xml);
    image->flags = flags;
    return image;
}

static void free_image(void *opaque)
{
    struct domain_image *image = opaque;

    if (image->held)
        jobs_release(image->jobs, &image->hold);
    domain_def_unref(image->def);
    free(image->path);
    free(image->managed);
    free(image->xml);
    free(image->text);
    free(image);
}

static int offload(struct call *call, struct domain_image *image, enum lane lane,
                   int (*work)(void *image, struct verror *err),
                   void (*then)(struct call *call, void *image))
{
    /* a disk that hangs holds up those who ask for its files, and them alone */
    _cleanup_free_ char *dir = xstrdup(image->path);
    _cleanup_free_ char *key = xasprintf("image:%s", dirname(dir));
    const struct offload offload = {
        .lane = lane,
        .key = key,
        .input = image,
        .free_input = free_image,
        .work = work,
        .then = then,
    };

    call_offload(call, &offload);
    return CALL_PENDING;
}

int domain_image_offload(struct call *call, struct domain_image *image,
                         int (*work)(void *image, struct verror *err),
                         void (*then)(struct call *call, void *image))
{
    return offload(call, image, LANE_CONTROL, work, then);
}

/* --- workers --- */

/* What stands before the stream; the image stays as it is. */
static int read_header(const char *path, struct save_image *ret_header, struct verror *err)
{
    int fd = save_image_open(path, false, ret_header, err);

    if (fd < 0)
        return -1;
    (void)close(fd); /* it was only read */
    return 0;
}

/* The definition in header, or the client's if that may take its place. */
static struct domain_def *find_def(const struct domain_image *image,
                                   const struct save_image *header, struct verror *err)
{
    struct domain_def *own = domain_complete(&image->host, header->xml, false, err);
    struct domain_def *given = NULL;

    if (!own || !image->xml)
        return own;
    given = domain_complete(&image->host, image->xml, false, err);
    if (given && domain_def_check_abi(own, given, err) < 0) {
        domain_def_unref(given);
        given = NULL;
    }
    domain_def_unref(own);
    return given;
}

int domain_image_read(void *opaque, struct verror *err)
{
    struct domain_image *image = opaque;
    struct save_image header = { 0 };

    if (read_header(image->path, &header, err) < 0)
        return -1;
    image->def = find_def(image, &header, err);
    save_image_clear(&header);
    return image->def ? 0 : -1;
}

/* As it was saved, not as it would be completed today. */
static int show_xml(void *opaque, struct verror *err)
{
    struct domain_image *image = opaque;
    struct save_image header = { 0 };
    xmlDocPtr doc = NULL;

    if (read_header(image->path, &header, err) < 0)
        return -1;
    doc = xml_read_document(header.xml, "the domain in the image", "domain", err);
    save_image_clear(&header);
    if (!doc)
        return -1;
    image->def = domain_def_from_doc(doc, err);
    xmlFreeDoc(doc);
    if (!image->def)
        return -1;
    image->text = domain_def_format(image->def,
                                    image->flags & VIR_DOMAIN_SAVE_IMAGE_XML_SECURE ?
                                        VIR_DOMAIN_XML_SECURE :
                                        0,
                                    NULL);
    return 0;
}

static int rewrite(struct domain_image *image, struct save_image *header, struct verror *err)
{
    if (image->xml) {
        image->def = find_def(image, header, err);
        if (!image->def)
            return -1;
        free(header->xml);
        header->xml = domain_def_format(image->def,
                                        VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_MIGRATABLE, NULL);
    }
    if (image->flags & STATE_FLAGS)
        header->was_running = image->flags & VIR_DOMAIN_SAVE_RUNNING;
    return save_image_rewrite(image->path, header, err);
}

static int change_image(void *opaque, struct verror *err)
{
    struct domain_image *image = opaque;
    struct save_image header = { 0 };
    int rc = 0;

    if (image->managed)
        rc = image_file_check_elsewhere(image->path, image->managed, err);
    if (rc == 0)
        rc = read_header(image->path, &header, err);
    if (rc == 0)
        rc = rewrite(image, &header, err);
    save_image_clear(&header);
    return rc;
}

/* --- any image --- */

static void answer_xml(struct call *call, void *opaque)
{
    struct domain_image *image = opaque;
    struct remote_text_ret *ret = call->ret;

    ret->value = STEAL_PTR(image->text);
    call_reply(call);
}

static void answer_changed(struct call *call, void *opaque)
{
    const struct domain_image *image = opaque;

    AUDIT(AUDIT_ACTS, "image-define", { "object", image->path },
          { "identity", client_identity(call->client) });
    call_reply(call);
}

static int get_xml_desc(struct call *call)
{
    const struct remote_text_flags_args *args = call->args;
    struct domain_image *image;

    if (call_check_flags(call, args->flags, VIR_DOMAIN_SAVE_IMAGE_XML_SECURE) < 0 ||
        !(image = domain_image_new(call, args->value, NULL, args->flags)))
        return -1;
    return domain_image_offload(call, image, show_xml, answer_xml);
}

static int check_state_flags(struct call *call, unsigned int flags)
{
    if (call_check_flags(call, flags, STATE_FLAGS) < 0)
        return -1;
    return call_check_exclusive(call, flags, domain_image_states, domain_image_nstates);
}

/*
 * The stream may have to be copied behind a longer head.  Nothing is locked: a domain's own images
 * are changed by managed_define_xml().
 */
static int define_xml(struct call *call)
{
    const struct remote_save_image_define_args *args = call->args;
    struct domain_image *image;

    if (check_state_flags(call, args->flags) < 0 ||
        !(image = domain_image_new(call, args->file, args->xml, args->flags)))
        return -1;
    image->managed = domain_managed_save_path(call->daemon->domains, "");
    return offload(call, image, LANE_BULK, change_image, answer_changed);
}

/* --- a domain's own --- */

static struct domain_image *managed_image(struct call *call, const struct wire_domain *wire,
                                          const char *xml, unsigned int flags)
{
    const struct domain *domain = call_domain(call, wire);
    _cleanup_free_ char *path = NULL;

    if (!domain)
        return NULL;
    if (!domain->managed_save) {
        verror_set(&call->err, VIR_ERR_OPERATION_INVALID,
                   "domain '%s' does not have managed save image", domain_name(domain));
        return NULL;
    }
    path = domain_managed_save_path(call->daemon->domains, domain->uuid);
    return domain_image_new(call, path, xml, flags);
}

static int managed_get_xml_desc(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;
    struct domain_image *image;

    if (call_check_flags(call, args->flags, VIR_DOMAIN_SAVE_IMAGE_XML_SECURE) < 0)
        return -1;
    if (args->flags & VIR_DOMAIN_SAVE_IMAGE_XML_SECURE && !call_may(call, OPERATION_DATA))
        return verror_set(&call->err, VIR_ERR_OPERATION_DENIED, "%s with secure flag",
                          call->proc->api);
    image = managed_image(call, &args->domain, NULL, args->flags);
    return image ? domain_image_offload(call, image, show_xml, answer_xml) : -1;
}

static char *describe_change(struct lock_hold *hold)
{
    (void)hold;
    return xstrdup("its managed save image is being changed");
}

/* The domain must not start from it, or be saved over it, meanwhile. */
static int hold_domain(struct call *call, struct domain_image *image,
                       const struct wire_domain *wire)
{
    _cleanup_free_ char *what = xasprintf("domain '%s'", wire->name);
    char uuid[UUID_TEXT_SIZE];

    uuid_format((const unsigned char *)wire->uuid, uuid);
    lock_hold_want(&image->hold, xasprintf("domain:%s", uuid), LOCK_DOMAIN_CHANGE);
    image->hold.is_long = true;
    image->hold.describe = describe_change;
    if (jobs_hold(image->jobs, &image->hold, what, &call->err) < 0)
        return -1;
    image->held = true;
    return 0;
}

static int managed_define_xml(struct call *call)
{
    const struct remote_domain_text_opt_flags_args *args = call->args;
    struct domain_image *image;

    if (check_state_flags(call, args->flags) < 0)
        return -1;
    image = managed_image(call, &args->domain, args->value ? *args->value : NULL, args->flags);
    if (!image)
        return -1;
    if (hold_domain(call, image, &args->domain) < 0) {
        free_image(image);
        return -1;
    }
    return offload(call, image, LANE_BULK, change_image, answer_changed);
}

#define ROW(what, proc, function, who, kind, handle, ...)                                 \
    {                                                                                     \
        .number = REMOTE_PROC_DOMAIN_##proc, .api = function, .access = ACCESS_##who,     \
        PROC_ON(DOMAIN, what),                                                            \
        .class = CLASS_##kind, .error_domain = VIR_FROM_QEMU, .handler = handle,          \
        __VA_ARGS__                                                                       \
    }

static const struct proc procs[] = {
    ROW(DATA, SAVE_IMAGE_GET_XML_DESC, "virDomainSaveImageGetXMLDesc", WRITE, DISK, get_xml_desc,
        PROC_ARGS(remote_text_flags_args), PROC_RET(remote_text_ret)),
    ROW(CHANGE, SAVE_IMAGE_DEFINE_XML, "virDomainSaveImageDefineXML", WRITE, CHANGE, define_xml,
        PROC_ARGS(remote_save_image_define_args)),
    ROW(READ, MANAGED_SAVE_GET_XML_DESC, "virDomainManagedSaveGetXMLDesc", READ, DISK,
        managed_get_xml_desc, PROC_ARGS(remote_domain_flags_args), PROC_RET(remote_text_ret)),
    ROW(CHANGE, MANAGED_SAVE_DEFINE_XML, "virDomainManagedSaveDefineXML", WRITE, CHANGE,
        managed_define_xml, PROC_ARGS(remote_domain_text_opt_flags_args)),
};

const struct proc_table calls_domain_image = { procs, ARRAY_SIZE(procs) };
