/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The volume calls that make or change one: each checks, makes a spec, starts a job.  Loop
   thread. */

#include <string.h>

#include "calls/job_call.h"
#include "calls/lookup.h"
#include "protocol/remote.h"
#include "storage/vol_chain.h"
#include "storage/vol_jobs.h"
#include "util/alloc.h"

enum {
    CREATE_FLAGS = VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA | VIR_STORAGE_VOL_CREATE_REFLINK |
                   VIR_STORAGE_VOL_CREATE_VALIDATE,
    RESIZE_FLAGS =
        VIR_STORAGE_VOL_RESIZE_ALLOCATE | VIR_STORAGE_VOL_RESIZE_DELTA |
        VIR_STORAGE_VOL_RESIZE_SHRINK,
};

static int start_vol_job(struct call *call, const struct job_kind *kind, struct vol_spec *spec,
                         unsigned int flags, void (*fill)(struct call *call))
{
    struct job_request request = vol_job_request(kind, spec, NULL);

    call_start_job(call, &request, flags & CALL_ASYNC, fill);
    return CALL_PENDING;
}

/* --- create and clone --- */

struct vol_xml_input {
    char *xml;
    struct vol_def *def;
    struct wire_vol *source; /* in the call's arguments, NULL for a create */
    unsigned int flags;
    /* where the new volume is to be: call->opaque has its name */
    struct wire_pool *pool;
};

static void free_xml_input(void *opaque)
{
    struct vol_xml_input *input = opaque;

    vol_def_free(input->def);
    free(input->xml);
    free(input);
}

static int parse_xml(void *opaque, struct verror *err)
{
    struct vol_xml_input *input = opaque;

    if (vol_def_parse(input->xml, &input->def, err) < 0)
        return -1;
    return vol_check_def(input->def, input->flags, input->source, err);
}

/* Which pool and volume the reply is about. */
struct created {
    char uuid[UUID_TEXT_SIZE];
    char name[];
};

static void keep_created(struct call *call, const struct pool *pool, const char *name)
{
    struct created *created = xcalloc(1, sizeof(*created) + strlen(name) + 1);

    strcpy(created->uuid, pool->uuid);
    strcpy(created->name, name);
    call->opaque = created;
}

static void fill_created(struct call *call)
{
    struct remote_vol_ret *ret = call->ret;
    const struct created *created = call->opaque;
    struct pool *pool = pool_find_uuid(call->daemon->storage, created->uuid);
    struct vol *vol = pool ? vol_find_name(pool, created->name) : NULL;

    if (vol)
        vol_to_wire(vol, &ret->vol);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Would a conversion of source by def give back what source is already? */
static bool same_options(const struct vol_def *def, const struct vol *source,
                         const struct pool *pool, unsigned int flags)
{
    const struct vol_info *info = source->info;

    return !(flags & VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA) &&
           (!def->compat || same_text(def->compat, info->compat)) &&
           def->lazy_refcounts == info->lazy_refcounts && def->extended_l2 == info->extended_l2 &&
           (!def->cluster_size || def->cluster_size == info->cluster_size) &&
           same_text(def->backing_path, info->backing_path) &&
           /* a backing path in the image may be relative to its directory */
           (!info->backing_path || source->pool == pool);
}

static int set_source(struct vol_spec *spec, const struct pool *pool, const struct vol *source,
                      unsigned int flags, struct verror *err)
{
    if (source->building)
        return verror_set(err, VIR_ERR_OPERATION_INVALID,
                          "volume '%s' in pool '%s' is still being made", source->info->name,
                          source->pool->def->name);
    if (source->info->format == VOL_FORMAT_DIR)
        return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "volume '%s' is a directory and cannot be cloned", source->info->name);
    spec->source_pool_uuid = xstrdup(source->pool->uuid);
    spec->source_path = xasprintf("%s/%s", source->pool->real_path, source->info->name);
    spec->source_format = source->info->format;
    spec->source_capacity = source->info->capacity;
    spec->source.dev = source->info->dev;
    spec->source.ino = source->info->ino;
    spec->same_options = same_options(spec->def, source, pool, flags);
    vol_chain_note(spec, source);
    return 0;
}

static void start_create(struct call *call, struct vol_xml_input *input, struct pool *pool)
{
    struct vol_spec *spec = vol_spec_new(pool, input->def->name);
    struct vol *source = NULL;

    spec->flags = input->flags & CREATE_FLAGS;
    spec->only_volumes = !call_may_reach_host(call);
    spec->xml = STEAL_PTR(input->xml);
    spec->def = STEAL_PTR(input->def);
    if (input->source &&
        (!(source = call_vol(call, input->source)) ||
         set_source(spec, pool, source, input->flags, &call->err) < 0)) {
        vol_spec_free(spec);
        call_fail(call);
        return;
    }
    keep_created(call, pool, spec->name);
    start_vol_job(call, source ? &vol_job_clone : &vol_job_create, spec, input->flags,
                  fill_created);
}

static void create_parsed(struct call *call, void *opaque)
{
    struct vol_xml_input *input = opaque;
    struct pool *pool = call_active_pool(call, input->pool);

    if (pool && vol_find_name(pool, input->def->name)) {
        verror_set(&call->err, VIR_ERR_STORAGE_VOL_EXIST, "storage volume '%s' exists already",
                   input->def->name);
        pool = NULL;
    }
    if (pool)
        start_create(call, input, pool);
    else
        call_fail(call);
}

static int offload_create(struct call *call, struct wire_pool *pool, const char *xml,
                          struct wire_vol *source, unsigned int flags)
{
    struct vol_xml_input *input;
    struct offload offload = {
        .free_input = free_xml_input,
        .work = parse_xml,
        .then = create_parsed,
    };

    if (call_check_flags(call, flags, CREATE_FLAGS | CALL_ASYNC) < 0 ||
        !call_active_pool(call, pool))
        return -1;
    offload.input = input = XNEW(struct vol_xml_input);
    input->xml = xstrdup(xml);
    input->pool = pool;
    input->source = source;
    input->flags = flags;
    call_offload(call, &offload);
    return CALL_PENDING;
}

static int create_xml(struct call *call)
{
    struct remote_pool_xml_args *args = call->args;

    return offload_create(call, &args->pool, args->xml, NULL, args->flags);
}

static int create_xml_from(struct call *call)
{
    struct remote_pool_clone_args *args = call->args;

    return offload_create(call, &args->pool, args->xml, &args->source, args->flags);
}

/* --- on a volume that is there --- */

static struct vol_spec *change_spec(struct vol *vol)
{
    struct vol_spec *spec = vol_spec_new(vol->pool, vol->info->name);

    spec->format = vol->info->format;
    spec->target.dev = vol->info->dev;
    spec->target.ino = vol->info->ino;
    spec->old_capacity = vol->info->capacity;
    spec->old_allocation = vol->info->allocation;
    return spec;
}

static int delete(struct call *call)
{
    const struct remote_vol_flags_args *args = call->args;
    struct vol *vol = call_vol(call, &args->vol);
    struct vol_spec *spec;

    if (!vol || call_check_flags(call, args->flags, VIR_STORAGE_VOL_DELETE_ZEROED | CALL_ASYNC) < 0)
        return -1;
    spec = change_spec(vol);
    spec->flags = args->flags & VIR_STORAGE_VOL_DELETE_ZEROED;
    return start_vol_job(call, &vol_job_delete, spec, args->flags, NULL);
}

static int start_wipe(struct call *call, const struct wire_vol *wire, unsigned int algorithm,
                      unsigned int flags)
{
    struct vol *vol = call_vol(call, wire);
    struct vol_spec *spec;

    if (!vol || call_check_flags(call, flags, CALL_ASYNC) < 0)
        return -1;
    if (io_wipe_passes(algorithm) == 0)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "wiping algorithm %u is not known in function %s", algorithm,
                          call->proc->api);
    spec = change_spec(vol);
    spec->algorithm = algorithm;
    return start_vol_job(call, &vol_job_wipe, spec, flags, NULL);
}

static int wipe(struct call *call)
{
    const struct remote_vol_flags_args *args = call->args;

    return start_wipe(call, &args->vol, VIR_STORAGE_VOL_WIPE_ALG_ZERO, args->flags);
}

static int wipe_pattern(struct call *call)
{
    const struct remote_vol_wipe_args *args = call->args;

    return start_wipe(call, &args->vol, args->algorithm, args->flags);
}

/* The new capacity in bytes, by what is asked for and what is there. */
static int new_capacity(struct call *call, const struct vol *vol, uint64_t *ret)
{
    const struct remote_vol_resize_args *args = call->args;
    uint64_t now = vol->info->capacity, wanted = args->capacity;

    if (args->flags & VIR_STORAGE_VOL_RESIZE_DELTA) {
        if (args->flags & VIR_STORAGE_VOL_RESIZE_SHRINK) {
            if (wanted > now)
                return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                                  "volume '%s' cannot be made %llu bytes smaller than %llu",
                                  vol->info->name, (unsigned long long)wanted,
                                  (unsigned long long)now);
            wanted = now - wanted;
        } else if (__builtin_add_overflow(now, wanted, &wanted)) {
            wanted = UINT64_MAX;
        }
    }
    if (wanted > INT64_MAX)
        return verror_set(&call->err, VIR_ERR_OVERFLOW, "capacity %llu is too large",
                          (unsigned long long)wanted);
    *ret = wanted;
    return 0;
}

static int check_resize(struct call *call, const struct vol *vol, uint64_t capacity)
{
    const struct remote_vol_resize_args *args = call->args;

    if (capacity < vol->info->capacity && !(args->flags & VIR_STORAGE_VOL_RESIZE_SHRINK))
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "can't shrink capacity below current capacity unless shrink flag "
                          "explicitly specified");
    if (capacity < vol->info->capacity && (args->flags & VIR_STORAGE_VOL_RESIZE_ALLOCATE))
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "a volume that shrinks cannot be allocated");
    if (capacity == 0 && vol->info->format != VOL_FORMAT_RAW)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG, "capacity 0 makes no '%s' volume",
                          vol_format_name(vol->info->format));
    return 0;
}

static int resize(struct call *call)
{
    const struct remote_vol_resize_args *args = call->args;
    struct vol *vol = call_vol(call, &args->vol);
    struct vol_spec *spec;
    uint64_t capacity = 0;

    if (!vol || call_check_flags(call, args->flags, RESIZE_FLAGS | CALL_ASYNC) < 0 ||
        new_capacity(call, vol, &capacity) < 0 || check_resize(call, vol, capacity) < 0)
        return -1;
    spec = change_spec(vol);
    spec->flags = args->flags & RESIZE_FLAGS;
    spec->capacity = capacity;
    spec->only_volumes = !call_may_reach_host(call);
    return start_vol_job(call, &vol_job_resize, spec, args->flags, NULL);
}

#define ROW(proc, function, changer, ...)                                                 \
    {                                                                                     \
        .number = REMOTE_PROC_STORAGE_VOL_##proc, .api = function,                        \
        PROC_ON(VOLUME, CHANGE),                                                          \
        .access = ACCESS_WRITE, .class = CLASS_CHANGE, .error_domain = VIR_FROM_STORAGE,  \
        .handler = changer, __VA_ARGS__                                                   \
    }

static const struct proc procs[] = {
    ROW(CREATE_XML, "virStorageVolCreateXML", create_xml, PROC_ARGS(remote_pool_xml_args),
        PROC_RET(remote_vol_ret)),
    ROW(CREATE_XML_FROM, "virStorageVolCreateXMLFrom", create_xml_from,
        PROC_ARGS(remote_pool_clone_args), PROC_RET(remote_vol_ret)),
    ROW(DELETE, "virStorageVolDelete", delete, PROC_ARGS(remote_vol_flags_args)),
    ROW(WIPE, "virStorageVolWipe", wipe, PROC_ARGS(remote_vol_flags_args)),
    ROW(WIPE_PATTERN, "virStorageVolWipePattern", wipe_pattern,
        PROC_ARGS(remote_vol_wipe_args)),
    ROW(RESIZE, "virStorageVolResize", resize, PROC_ARGS(remote_vol_resize_args)),
};

const struct proc_table calls_vol_change = { procs, ARRAY_SIZE(procs) };
