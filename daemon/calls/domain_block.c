/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The calls about block jobs: those that start one are answered once it is
 * under way, as libvirt's are; what becomes of it events tell, and libvirt's
 * calls or ours.  Loop thread, but for a client's XML.
 */

#include <string.h>

#include "calls/domain_call.h"
#include "hypervisor/qemu/backup.h"
#include "hypervisor/qemu/block_job.h"
#include "protocol/remote.h"
#include "util/alloc.h"
#include "xml/name_check.h"
#include "xml/xml_tree.h"

/* libvirt's numbers. */
enum {
    PULL_BYTES = 1 << 6,
    REBASE_SHALLOW = 1 << 0,
    REBASE_REUSE = 1 << 1,
    REBASE_COPY_RAW = 1 << 2,
    REBASE_COPY = 1 << 3,
    REBASE_RELATIVE = 1 << 4,
    REBASE_COPY_DEV = 1 << 5,
    REBASE_BYTES = 1 << 6,
    REBASE_FLAGS = (1 << 7) - 1,
    REBASE_COPY_FLAGS = REBASE_SHALLOW | REBASE_REUSE | REBASE_COPY_RAW | REBASE_COPY_DEV,
    COMMIT_SHALLOW = 1 << 0,
    COMMIT_DELETE = 1 << 1,
    COMMIT_ACTIVE = 1 << 2,
    COMMIT_RELATIVE = 1 << 3,
    COMMIT_BYTES = 1 << 4,
    COMMIT_FLAGS = (1 << 5) - 1,
    COPY_SHALLOW = 1 << 0,
    COPY_REUSE = 1 << 1,
    COPY_TRANSIENT = 1 << 2,
    COPY_SYNCHRONOUS = 1 << 3,
    COPY_FLAGS = (1 << 4) - 1,
    ABORT_ASYNC = 1 << 0,
    ABORT_PIVOT = 1 << 1,
    INFO_BYTES = 1 << 0,
    SPEED_BYTES = 1 << 0,
};

/* --- what all have in common --- */

/* MiB a second, or bytes. */
static int take_bandwidth(struct call *call, uint64_t bandwidth, bool bytes, uint64_t *ret)
{
    if (bandwidth > (bytes ? (uint64_t)INT64_MAX : (uint64_t)INT64_MAX >> 20))
        return verror_set(&call->err, VIR_ERR_OVERFLOW, "bandwidth must be less than %llu",
                          (unsigned long long)INT64_MAX >> (bytes ? 0 : 20));
    *ret = bytes ? bandwidth : bandwidth << 20;
    return 0;
}

/* A disk of a guest that runs, by target or path. */
struct disk_of {
    struct domain *domain;
    struct guest *guest;
    const struct domain_disk *disk;
};

static int find_disk(struct call *call, const struct wire_domain *wire, const char *name,
                     struct disk_of *ret)
{
    if (!(ret->domain = call_domain(call, wire)) ||
        !(ret->guest = call_ready_guest(call, ret->domain)) ||
        !(ret->disk = call_find_disk(call, ret->guest->def, name)))
        return -1;
    return 0;
}

static const struct backup_part *find_backup(const struct disk_of *of)
{
    const struct backup *backup = of->guest->backup;

    return backup && backup->is_shown ? backup_find_part(backup, of->disk->target) : NULL;
}

static bool is_copy(const struct block_job *block)
{
    return block &&
           (block->type == BLOCK_JOB_COPY || block->type == BLOCK_JOB_ACTIVE_COMMIT);
}

static int check_idle(struct call *call, const struct disk_of *of)
{
    const struct block_job *block = block_job_find(of->guest, of->disk->target);

    if (!block && !find_backup(of))
        return 0;
    return verror_set(&call->err,
                      is_copy(block) ? VIR_ERR_BLOCK_COPY_ACTIVE : VIR_ERR_OPERATION_UNSUPPORTED,
                      "disk '%s' already in active block job", of->disk->target);
}

/* NULL with call->err. */
static struct block_job *new_job(struct call *call, enum block_job_type type,
                                 const struct disk_of *of)
{
    _cleanup_free_ char *path = NULL;
    bool is_raw;

    if (check_idle(call, of) < 0 || call_disk_image(call, of->disk, &path, &is_raw) < 0)
        return NULL;
    return block_job_new(type, of->disk->target, path);
}

static int start(struct call *call, struct domain *domain, const struct job_kind *kind,
                 struct block_job *block, uint64_t speed)
{
    struct domain_spec *spec = domain_spec_new(domain);
    struct job_request request = domain_job_request(kind, spec, NULL);
    _cleanup_free_ char *share = xasprintf("block:%s:%s", domain->uuid, block->target);

    spec->block = block;
    request.pool = block->target;
    request.share = share;
    request.speed = speed;
    call_start_begun_job(call, &request);
    return CALL_PENDING;
}

/* --- pull, commit --- */

static int start_pull(struct call *call, const struct wire_domain *wire, const char *path,
                      const char *base, bool relative, uint64_t speed)
{
    struct disk_of of;
    struct block_job *block;

    if (find_disk(call, wire, path, &of) < 0 || !(block = new_job(call, BLOCK_JOB_PULL, &of)))
        return -1;
    block->base = xstrdup(base);
    block->relative = relative;
    return start(call, of.domain, &domain_job_block_pull, block, speed);
}

static int block_pull(struct call *call)
{
    const struct remote_domain_block_job_args *args = call->args;
    uint64_t speed = 0;

    if (call_check_flags(call, args->flags, PULL_BYTES) < 0 ||
        take_bandwidth(call, args->bandwidth, args->flags & PULL_BYTES, &speed) < 0)
        return -1;
    return start_pull(call, &args->domain, args->path, NULL, false, speed);
}

/*
 * An image below would be written to by a descriptor for reading, and then be the disk's by its
 * path; the topmost one has no name that could be removed.
 */
static int check_passed(struct call *call, const struct domain_disk *disk, unsigned int flags)
{
    if (flags & COMMIT_DELETE && call_check_path(call, disk) < 0)
        return -1;
    for (size_t i = 0; i < disk->nbacking; i++)
        if (disk->backing_fdgroups[i])
            return verror_set(&call->err, VIR_ERR_OPERATION_UNSUPPORTED,
                              "%s is not supported for FD passed images: '%s' below disk '%s'",
                              call->proc->api, disk->backing[i], disk->target);
    return 0;
}

static int block_commit(struct call *call)
{
    const struct remote_domain_block_commit_args *args = call->args;
    struct block_job *block;
    struct disk_of of;
    uint64_t speed = 0;

    if (call_check_flags(call, args->flags, COMMIT_FLAGS) < 0 ||
        take_bandwidth(call, args->bandwidth, args->flags & COMMIT_BYTES, &speed) < 0 ||
        find_disk(call, &args->domain, args->disk, &of) < 0 ||
        check_passed(call, of.disk, args->flags) < 0 ||
        !(block = new_job(call, BLOCK_JOB_COMMIT, &of)))
        return -1;
    block->base = xstrdup(args->base ? *args->base : NULL);
    block->top = xstrdup(args->top ? *args->top : NULL);
    block->only_below = args->flags & COMMIT_SHALLOW;
    block->active = args->flags & COMMIT_ACTIVE;
    block->relative = args->flags & COMMIT_RELATIVE;
    block->deletes = args->flags & COMMIT_DELETE;
    return start(call, of.domain, &domain_job_block_commit, block, speed);
}

/* --- copy --- */

/* As libvirt: a definition that starts without the mirror would start from what is behind it. */
static int check_transient(struct call *call, const struct domain *domain, unsigned int flags)
{
    if (flags & COPY_TRANSIENT || !domain->config)
        return 0;
    return verror_set(&call->err, VIR_ERR_OPERATION_INVALID, "domain is not transient");
}

static int check_dest(struct call *call, const char *path)
{
    if (!call_may_reach_host(call)) {
        verror_set(&call->err, VIR_ERR_ACCESS_DENIED, "access denied to '%s'", path);
        call_record_unreached(call);
        return -1;
    }
    if (text_check(path, "the destination", &call->err) < 0) /* of a rebase: no XML has held it */
        return -1;
    if (*path == '/')
        return 0;
    return verror_set(&call->err, VIR_ERR_INVALID_ARG, "the destination '%s' is not absolute",
                      xml_quotable(path));
}

struct copy_params {
    uint64_t bandwidth, granularity, buf_size;
};

static int take_param(struct call *call, const struct wire_param *param, struct copy_params *ret)
{
    const struct {
        const char *name;
        wire_param_type type;
        uint64_t *value;
    } known[] = {
        { "bandwidth", WIRE_PARAM_ULLONG, &ret->bandwidth },
        { "granularity", WIRE_PARAM_UINT, &ret->granularity },
        { "buf-size", WIRE_PARAM_ULLONG, &ret->buf_size },
    };

    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (strcmp(param->field, known[i].name) != 0)
            continue;
        if (param->value.type != known[i].type)
            return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                              "parameter '%s' in function %s is of another type", param->field,
                              call->proc->api);
        *known[i].value = param->value.type == WIRE_PARAM_UINT ? param->value.wire_param_value_u.ui
                                                               : param->value.wire_param_value_u.ul;
        return 0;
    }
    return verror_set(&call->err, VIR_ERR_INVALID_ARG, "parameter '%s' is not known in function %s",
                      xml_quotable(param->field), call->proc->api);
}

static int take_params(struct call *call, const struct remote_domain_block_copy_args *args,
                       struct copy_params *ret)
{
    for (u_int i = 0; i < args->params.params_len; i++)
        if (take_param(call, &args->params.params_val[i], ret) < 0)
            return -1;
    if (ret->bandwidth > INT64_MAX || ret->buf_size > INT64_MAX)
        return verror_set(&call->err, VIR_ERR_OVERFLOW,
                          "bandwidth and buffer must be less than %llu",
                          (unsigned long long)INT64_MAX);
    if (ret->granularity && (ret->granularity & (ret->granularity - 1)))
        return verror_set(&call->err, VIR_ERR_INVALID_ARG, "granularity must be power of 2");
    return 0;
}

struct dest_xml {
    char *xml;
    struct disk_xml_image image;
};

static void free_dest(void *opaque)
{
    struct dest_xml *dest = opaque;

    free(dest->xml);
    free(dest->image.path);
    free(dest->image.format);
    free(dest);
}

/* Worker: of a <disk> only where it is and in which format. */
static int parse_dest(void *opaque, struct verror *err)
{
    struct dest_xml *dest = opaque;
    _cleanup_xml_doc_ xmlDocPtr doc = xml_read_document(dest->xml, "disk", "disk", err);
    xmlNodePtr disk;
    _cleanup_free_ char *type = NULL;

    if (!doc)
        return -1;
    disk = xmlDocGetRootElement(doc);
    type = xml_attribute(disk, "type");
    if (type && strcmp(type, "file") != 0 && strcmp(type, "block") != 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "a destination of type '%s'",
                          xml_quotable(type));
    dest->image.is_block = type && strcmp(type, "block") == 0;
    dest->image.path =
        xml_attribute(xml_child(disk, "source"), dest->image.is_block ? "dev" : "file");
    dest->image.format = xml_attribute(xml_child(disk, "driver"), "type");
    if (!dest->image.path)
        return verror_set(err, VIR_ERR_XML_ERROR, "the destination has no source");
    return 0;
}

struct call_copy {
    const struct wire_domain *domain;
    const char *path;
    struct disk_xml_image *image; /* taken over */
    unsigned int flags;           /* COPY_… */
    struct copy_params params;
};

static int copy_to(struct call *call, struct call_copy *copy)
{
    struct block_job *block;
    struct disk_of of;

    if (find_disk(call, copy->domain, copy->path, &of) < 0 ||
        check_transient(call, of.domain, copy->flags) < 0 ||
        check_dest(call, copy->image->path) < 0 || !(block = new_job(call, BLOCK_JOB_COPY, &of)))
        return -1;
    block->dest.path = STEAL_PTR(copy->image->path);
    block->dest.format = STEAL_PTR(copy->image->format);
    block->dest.is_block = copy->image->is_block;
    block->shallow = copy->flags & COPY_SHALLOW;
    block->reuse = copy->flags & COPY_REUSE;
    block->sync_writes = copy->flags & COPY_SYNCHRONOUS;
    block->granularity = copy->params.granularity;
    block->buf_size = copy->params.buf_size;
    return start(call, of.domain, &domain_job_block_copy, block, copy->params.bandwidth);
}

static void copy_parsed(struct call *call, void *opaque)
{
    const struct remote_domain_block_copy_args *args = call->args;
    struct dest_xml *dest = opaque;
    struct call_copy copy = { &args->domain, args->path, &dest->image, args->flags, { 0 } };

    if (take_params(call, args, &copy.params) < 0 || copy_to(call, &copy) < 0)
        call_fail(call);
}

static int block_copy(struct call *call)
{
    const struct remote_domain_block_copy_args *args = call->args;
    struct dest_xml *dest;
    struct copy_params params = { 0 };
    struct offload offload = { .free_input = free_dest, .work = parse_dest, .then = copy_parsed };
    struct disk_of of;

    if (call_check_flags(call, args->flags, COPY_FLAGS) < 0 ||
        take_params(call, args, &params) < 0 || find_disk(call, &args->domain, args->path, &of) < 0)
        return -1;
    dest = XNEW(struct dest_xml);
    dest->xml = xstrdup(args->destxml);
    offload.input = dest;
    call_offload(call, &offload);
    return CALL_PENDING;
}

/* The older way: base is where to. */
static int rebase_copy(struct call *call, const struct remote_domain_block_rebase_args *args,
                       uint64_t speed)
{
    struct disk_xml_image image = {
        .path = xstrdup(args->base ? *args->base : ""),
        .format = args->flags & REBASE_COPY_RAW ? xstrdup("raw") : NULL,
        .is_block = args->flags & REBASE_COPY_DEV,
    };
    struct call_copy copy = {
        .domain = &args->domain,
        .path = args->path,
        .image = &image,
        .flags = (args->flags & REBASE_SHALLOW ? COPY_SHALLOW : 0) |
                 (args->flags & REBASE_REUSE ? COPY_REUSE : 0),
        .params = { .bandwidth = speed },
    };
    int rc = copy_to(call, &copy);

    free(image.path);
    free(image.format);
    return rc;
}

static int block_rebase(struct call *call)
{
    const struct remote_domain_block_rebase_args *args = call->args;
    uint64_t speed = 0;

    if (call_check_flags(call, args->flags, REBASE_FLAGS) < 0 ||
        take_bandwidth(call, args->bandwidth, args->flags & REBASE_BYTES, &speed) < 0)
        return -1;
    if (args->flags & REBASE_COPY)
        return rebase_copy(call, args, speed);
    if (args->flags & REBASE_COPY_FLAGS)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "flags 0x%x in function %s need the copy flag",
                          args->flags & REBASE_COPY_FLAGS, call->proc->api);
    if (args->flags & REBASE_RELATIVE && !args->base)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "the relative flag needs a base in function %s", call->proc->api);
    return start_pull(call, &args->domain, args->path, args->base ? *args->base : NULL,
                      args->flags & REBASE_RELATIVE, speed);
}

/* --- one that is under way --- */

static struct job *job_of(struct call *call, const struct block_job *block)
{
    return block ? jobs_find_id(call->daemon->jobs, block->id) : NULL;
}

static int no_job(struct call *call, const char *path)
{
    return verror_set(&call->err, VIR_ERR_INVALID_ARG, "disk %s does not have an active block job",
                      path);
}

static void fill_backup(const struct backup_part *part, struct remote_domain_block_job_info_ret *ret)
{
    ret->found = 1;
    ret->type = BACKUP_EVENT_TYPE;
    ret->cur = atomic_load(&part->cur);
    ret->end = atomic_load(&part->end);
}

static int get_info(struct call *call)
{
    const struct remote_domain_text_flags_args *args = call->args;
    struct remote_domain_block_job_info_ret *ret = call->ret;
    struct job_snapshot now;
    struct block_job *block;
    struct disk_of of;
    struct job *job;

    if (call_check_flags(call, args->flags, INFO_BYTES) < 0 ||
        find_disk(call, &args->domain, args->value, &of) < 0)
        return -1;
    block = block_job_find(of.guest, of.disk->target);
    job = job_of(call, block);
    if (!job && find_backup(&of))
        fill_backup(find_backup(&of), ret);
    if (!job)
        return 0; /* found: no, unless it is a backup */
    job_snapshot(job, &now);
    ret->found = 1;
    ret->type = (int)block->type;
    ret->bandwidth =
        args->flags & INFO_BYTES ? now.speed : now.speed / (1 << 20) + (now.speed % (1 << 20) != 0);
    ret->cur = atomic_load(&block->cur);
    ret->end = atomic_load(&block->end);
    /* both the same is what says that it is ready */
    if (atomic_load(&block->ready))
        ret->cur = ret->end = ret->end ? ret->end : 1;
    else if (ret->cur >= ret->end && ret->end > 0)
        ret->cur = ret->end - 1;
    else if (ret->end == 0)
        ret->end = 1;
    return 0;
}

static int set_speed(struct call *call)
{
    const struct remote_domain_block_job_args *args = call->args;
    struct disk_of of;
    struct job *job;
    uint64_t speed = 0;

    if (call_check_flags(call, args->flags, SPEED_BYTES) < 0 ||
        take_bandwidth(call, args->bandwidth, args->flags & SPEED_BYTES, &speed) < 0 ||
        find_disk(call, &args->domain, args->path, &of) < 0)
        return -1;
    job = job_of(call, block_job_find(of.guest, of.disk->target));
    if (!job)
        return no_job(call, args->path);
    return job_set_speed(job, speed, call_durable_cb, call, &call->err) < 0 ? -1 : CALL_PENDING;
}

/* Until it has ended, a call that does not want to wait is not answered. */
struct end_wait {
    struct job_waiter waiter;
    struct call *call;
    bool pivot;
};

static void ended_cb(struct job_waiter *waiter, struct job *job)
{
    struct end_wait *wait = container_of(waiter, struct end_wait, waiter);

    if (wait->pivot && job_state(job) != JOB_COMPLETE) {
        verror_copy(&wait->call->err, job_error(job));
        verror_set(&wait->call->err, VIR_ERR_OPERATION_ABORTED, "%s was cancelled", job_title(job));
        call_fail(wait->call);
    } else {
        call_reply(wait->call);
    }
    free(wait);
}

static int wait_for_end(struct call *call, struct job *job, bool pivot)
{
    struct end_wait *wait = XNEW(struct end_wait);

    *wait = (struct end_wait){ .waiter.ended = ended_cb, .call = call, .pivot = pivot };
    job_wait(job, &wait->waiter);
    return CALL_PENDING;
}

static int check_pivot(struct call *call, const struct block_job *block)
{
    if (block->type != BLOCK_JOB_COPY && block->type != BLOCK_JOB_ACTIVE_COMMIT)
        return verror_set(&call->err, VIR_ERR_OPERATION_INVALID,
                          "job type '%s' does not support pivot",
                          block->type == BLOCK_JOB_PULL ? "pull" : "commit");
    if (atomic_load(&block->ready))
        return 0;
    return verror_set(&call->err, VIR_ERR_BLOCK_COPY_ACTIVE, "disk '%s' not ready for pivot yet",
                      block->target);
}

static void cancel_asked_cb(void *opaque, struct verror *err)
{
    (void)opaque;
    (void)err; /* the end is waited for, which comes as well */
}

static int cancel(struct call *call, struct job *job, bool async)
{
    if (async)
        return call_cancel_job(call, job);
    if (job_cancel(job, cancel_asked_cb, NULL, &call->err) < 0)
        return -1;
    job_audit_cancel(job, client_identity(call->client));
    return wait_for_end(call, job, false);
}

/* A copy that is whole is left as it is now; what is not is taken back. */
static int abort_job(struct call *call)
{
    const struct remote_domain_text_flags_args *args = call->args;
    bool pivot = args->flags & ABORT_PIVOT, async = args->flags & ABORT_ASYNC;
    int nothing = BLOCK_JOB_GO_ON;
    struct block_job *block;
    struct disk_of of;
    struct job *job;

    if (call_check_flags(call, args->flags, ABORT_ASYNC | ABORT_PIVOT) < 0 ||
        find_disk(call, &args->domain, args->value, &of) < 0)
        return -1;
    block = block_job_find(of.guest, of.disk->target);
    job = job_of(call, block);
    if (!job)
        return no_job(call, args->value);
    if (pivot && check_pivot(call, block) < 0)
        return -1;
    if (!pivot && (block->type != BLOCK_JOB_COPY || !atomic_load(&block->ready)))
        return cancel(call, job, async);
    if (job_is_being_undone(job) ||
        !atomic_compare_exchange_strong(&block->wish, &nothing,
                                        pivot ? BLOCK_JOB_PIVOT : BLOCK_JOB_FINISH))
        return verror_set(&call->err, VIR_ERR_OPERATION_INVALID,
                          "block job on disk '%s' is still being ended", block->target);
    return async ? 0 : wait_for_end(call, job, true);
}

static const struct proc procs[] = {
    DOMAIN_ROW(CHANGE, BLOCK_PULL, "virDomainBlockPull", WRITE, CHANGE, block_pull,
        PROC_ARGS(remote_domain_block_job_args)),
    DOMAIN_ROW(CHANGE, BLOCK_REBASE, "virDomainBlockRebase", WRITE, CHANGE, block_rebase,
        PROC_ARGS(remote_domain_block_rebase_args)),
    DOMAIN_ROW(CHANGE, BLOCK_COMMIT, "virDomainBlockCommit", WRITE, CHANGE, block_commit,
        PROC_ARGS(remote_domain_block_commit_args)),
    DOMAIN_ROW(CHANGE, BLOCK_COPY, "virDomainBlockCopy", WRITE, CHANGE, block_copy,
        PROC_ARGS(remote_domain_block_copy_args)),
    DOMAIN_ROW(CHANGE, BLOCK_JOB_ABORT, "virDomainBlockJobAbort", WRITE, CHANGE, abort_job,
        PROC_ARGS(remote_domain_text_flags_args)),
    DOMAIN_ROW(READ, GET_BLOCK_JOB_INFO, "virDomainGetBlockJobInfo", READ, MEMORY, get_info,
        PROC_ARGS(remote_domain_text_flags_args), PROC_RET(remote_domain_block_job_info_ret)),
    DOMAIN_ROW(CHANGE, BLOCK_JOB_SET_SPEED, "virDomainBlockJobSetSpeed", WRITE, CHANGE, set_speed,
        PROC_ARGS(remote_domain_block_job_args)),
};

const struct proc_table calls_domain_block = { procs, ARRAY_SIZE(procs) };
