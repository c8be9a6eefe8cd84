/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks of a guest that runs: which had errors, how large they are from now
 * on, and when that they have grown is told; and what is done when a guest
 * ends.  Loop thread.
 */

#include <string.h>

#include "calls/domain_call.h"
#include "hypervisor/qemu/guest.h"
#include "protocol/remote.h"
#include "util/alloc.h"
#include "xml/xml_read.h"

enum {
    ASK_MS = 20000,
    ERROR_UNSPECIFIED = 1, /* virDomainDiskErrorCode */
    ERROR_NO_SPACE = 2,
    RESIZE_BYTES = 1 << 0,
    ERRORS_MAX = REMOTE_DISK_ERRORS_MAX,
    AFFECT_FLAGS = VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG,
};

/* --- errors --- */

/* "/machine/peripheral/virtio-disk0/virtio-backend", "ide0-0-0": is the alias one of the parts? */
static bool names_device(const char *path, const char *alias)
{
    size_t length = strlen(alias);

    for (const char *at = strstr(path, alias); at; at = strstr(at + 1, alias)) {
        if ((at == path || at[-1] == '/') && (at[length] == '\0' || at[length] == '/'))
            return true;
    }
    return false;
}

static const struct domain_disk *find_device(const struct domain_def *def, const json_t *block)
{
    const char *path = json_string_value(json_object_get(block, "qdev"));

    for (size_t i = 0; path && i < def->ndisks; i++) {
        if (def->disks[i].alias && names_device(path, def->disks[i].alias))
            return &def->disks[i];
    }
    return NULL;
}

static void add_error(struct remote_domain_disk_errors_ret *ret, const struct domain_disk *disk,
                      const char *status)
{
    struct remote_disk_error *error = &ret->errors.errors_val[ret->errors.errors_len++];

    error->disk = xstrdup(disk->target);
    error->error = strcmp(status, "nospace") == 0 ? ERROR_NO_SPACE : ERROR_UNSPECIFIED;
}

static void errors_found(void *opaque, json_t *value, struct verror *err)
{
    struct call *call = opaque;
    const struct remote_domain_flags_number_args *args = call->args;
    struct remote_domain_disk_errors_ret *ret = call->ret;
    struct domain *domain = call_domain(call, &args->domain);
    json_t *block;
    size_t i;

    if (err->code)
        verror_move(&call->err, err);
    if (call->err.code) {
        call_fail(call);
        return;
    }
    ret->errors.errors_val = xcalloc(ERRORS_MAX, sizeof(*ret->errors.errors_val));
    json_array_foreach (value, i, block) {
        const char *status = json_string_value(json_object_get(block, "io-status"));
        const struct domain_disk *disk = find_device(domain_def_now(domain), block);

        if (disk && status && strcmp(status, "ok") != 0 && ret->errors.errors_len < args->number &&
            ret->errors.errors_len < ERRORS_MAX)
            add_error(ret, disk, status);
    }
    ret->nerrors = (int)ret->errors.errors_len;
    call_reply(call);
}

static int get_disk_errors(struct call *call)
{
    const struct remote_domain_flags_number_args *args = call->args;
    struct remote_domain_disk_errors_ret *ret = call->ret;
    struct domain *domain;
    struct guest *guest;

    if (call_check_flags(call, args->flags, 0) < 0 ||
        !(domain = call_domain(call, &args->domain)) || !(guest = call_ready_guest(call, domain)))
        return -1;
    if (args->number == 0) { /* how many there could be */
        ret->nerrors = (int)guest->def->ndisks;
        return 0;
    }
    monitor_send(guest->monitor, "query-block", NULL, ASK_MS, errors_found, call);
    return CALL_PENDING;
}

/* --- size --- */

static int block_resize(struct call *call)
{
    const struct remote_domain_block_resize_args *args = call->args;
    uint64_t bytes = args->size;
    const struct domain_disk *disk;
    struct domain_spec *spec;
    struct domain *domain;
    struct guest *guest;

    if (call_check_flags(call, args->flags, RESIZE_BYTES) < 0)
        return -1;
    if ((!(args->flags & RESIZE_BYTES) && __builtin_mul_overflow(bytes, 1024, &bytes)) ||
        bytes > INT64_MAX)
        return verror_set(&call->err, VIR_ERR_OVERFLOW, "a disk of %llu %s is too large",
                          (unsigned long long)args->size,
                          args->flags & RESIZE_BYTES ? "bytes" : "KiB");
    if (!(domain = call_domain(call, &args->domain)) ||
        !(guest = call_ready_guest(call, domain)) ||
        !(disk = call_find_disk(call, guest->def, args->disk)))
        return -1;
    if (!disk->index)
        return verror_set(&call->err, VIR_ERR_OPERATION_INVALID,
                          "disk '%s' does not currently have a source assigned", disk->target);
    spec = domain_spec_new(domain);
    spec->path = xstrdup(disk->target);
    spec->arguments =
        json_pack("{s:o, s:I}", "node-name",
                  json_sprintf("libvirt-%s-format", disk->index), "size", (json_int_t)bytes);
    return call_start_domain_job(call, &domain_job_block_resize, spec, false, NULL);
}

/* --- thresholds --- */

static void threshold_set_cb(void *opaque, json_t *value, struct verror *err)
{
    struct call *call = opaque;

    (void)value;
    if (err->code) {
        verror_move(&call->err, err);
        call_fail(call);
    } else {
        call_reply(call);
    }
}

/* "vda", or "vda[1]" where that is its topmost image. */
static const struct domain_disk *find_top(struct call *call, const struct domain_def *def,
                                          const char *name)
{
    for (size_t i = 0; i < def->ndisks; i++) {
        const struct domain_disk *disk = &def->disks[i];
        _cleanup_free_ char *top = disk->index ? xasprintf("%s[%s]", disk->target, disk->index)
                                               : NULL;

        if (top && (strcmp(name, disk->target) == 0 || strcmp(name, top) == 0))
            return disk;
    }
    verror_set(&call->err, VIR_ERR_INVALID_ARG,
               "block device '%s' was not found, or is no image that the guest writes to",
               xml_quotable(name));
    return NULL;
}

static int set_threshold(struct call *call)
{
    const struct remote_domain_block_threshold_args *args = call->args;
    const struct domain_disk *disk;
    struct domain *domain;
    struct guest *guest;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    if (args->threshold > INT64_MAX)
        return verror_set(&call->err, VIR_ERR_OVERFLOW, "a threshold of %llu bytes",
                          (unsigned long long)args->threshold);
    if (!(domain = call_domain(call, &args->domain)) ||
        !(guest = call_ready_guest(call, domain)) ||
        !(disk = find_top(call, guest->def, args->dev)))
        return -1;
    monitor_send(guest->monitor, "block-set-write-threshold",
                 json_pack("{s:o, s:I}", "node-name",
                           json_sprintf("libvirt-%s-storage", disk->index), "write-threshold",
                           (json_int_t)args->threshold),
                 ASK_MS, threshold_set_cb, call);
    return CALL_PENDING;
}

/* --- ends --- */

static int set_lifecycle_action(struct call *call)
{
    const struct remote_domain_action_args *args = call->args;
    struct domain_spec *spec;
    struct domain *domain;

    if (call_check_flags(call, args->flags, AFFECT_FLAGS) < 0 ||
        !(domain = call_domain(call, &args->domain)))
        return -1;
    spec = domain_spec_new(domain);
    spec->number = args->event;
    spec->format = (int)args->action;
    spec->flags = args->flags;
    return call_start_domain_job(call, &domain_job_set_action, spec, false, NULL);
}

static const struct proc procs[] = {
    DOMAIN_ROW(READ, GET_DISK_ERRORS, "virDomainGetDiskErrors", READ, MEMORY, get_disk_errors,
        PROC_ARGS(remote_domain_flags_number_args), PROC_RET(remote_domain_disk_errors_ret)),
    DOMAIN_ROW(CHANGE, BLOCK_RESIZE, "virDomainBlockResize", WRITE, CHANGE, block_resize,
        PROC_ARGS(remote_domain_block_resize_args)),
    DOMAIN_ROW(CHANGE, SET_BLOCK_THRESHOLD, "virDomainSetBlockThreshold", WRITE, CHANGE,
        set_threshold, PROC_ARGS(remote_domain_block_threshold_args)),
    DOMAIN_ROW(CHANGE, SET_LIFECYCLE_ACTION, "virDomainSetLifecycleAction", WRITE, CHANGE,
        set_lifecycle_action, PROC_ARGS(remote_domain_action_args)),
};

const struct proc_table calls_domain_disk_state = { procs, ARRAY_SIZE(procs) };
