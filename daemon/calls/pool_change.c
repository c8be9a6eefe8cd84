/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The storage pool calls that change a pool: each checks, makes a spec, starts a job.  Loop
   thread. */

#include <string.h>

#include "calls/job_call.h"
#include "calls/lookup.h"
#include "protocol/remote.h"
#include "storage/pool_driver.h"
#include "storage/pool_jobs.h"
#include "util/alloc.h"

/* Build flags a pool type here can make sense of. */
enum {
    BUILD_FLAGS = VIR_STORAGE_POOL_BUILD_NO_OVERWRITE | VIR_STORAGE_POOL_BUILD_OVERWRITE,
    CREATE_FLAGS = VIR_STORAGE_POOL_CREATE_WITH_BUILD |
                   VIR_STORAGE_POOL_CREATE_WITH_BUILD_OVERWRITE |
                   VIR_STORAGE_POOL_CREATE_WITH_BUILD_NO_OVERWRITE,
};

static int check_exclusive(struct call *call, unsigned int flags, unsigned int both)
{
    if ((flags & both) != both)
        return 0;
    return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                      "overwrite and no-overwrite flags exclude each other in function %s",
                      call->proc->api);
}

static int start_pool_job(struct call *call, const struct job_kind *kind, struct pool_spec *spec,
                          bool async, void (*fill)(struct call *call))
{
    struct job_request request = pool_job_request(kind, spec, NULL);

    call_start_job(call, &request, async, fill);
    return CALL_PENDING;
}

/* The common road of calls on a pool that is there. */
static int change_pool(struct call *call, const struct wire_pool *wire,
                       const struct job_kind *kind, unsigned int build_flags, bool with_build,
                       bool async)
{
    struct pool *pool = call_pool(call, wire);
    struct pool_spec *spec;

    if (!pool)
        return -1;
    spec = pool_spec_new(call->daemon->storage, pool->def);
    spec->flags = build_flags;
    spec->with_build = with_build;
    return start_pool_job(call, kind, spec, async, NULL);
}

/* --- from XML: define, create --- */

struct pool_xml_input {
    char *xml;
    unsigned int flags;
    struct pool_def *def;
};

static void free_xml_input(void *opaque)
{
    struct pool_xml_input *input = opaque;

    if (input->def)
        pool_def_unref(input->def);
    free(input->xml);
    free(input);
}

static int parse_xml(void *opaque, struct verror *err)
{
    struct pool_xml_input *input = opaque;

    return pool_def_parse(input->xml, &input->def, err);
}

static int offload_xml(struct call *call, void (*then)(struct call *call, void *input))
{
    const struct remote_xml_args *args = call->args;
    struct pool_xml_input *input = XNEW(struct pool_xml_input);
    struct offload offload = {
        .input = input,
        .free_input = free_xml_input,
        .work = parse_xml,
        .then = then,
    };

    input->xml = xstrdup(args->xml);
    input->flags = args->flags;
    call_offload(call, &offload);
    return CALL_PENDING;
}

/* The object as it is now: by its UUID, which call->opaque keeps. */
static void fill_pool(struct call *call)
{
    struct remote_pool_ret *ret = call->ret;
    struct pool *pool = pool_find_uuid(call->daemon->storage, call->opaque);

    if (pool)
        pool_to_wire(pool, &ret->pool);
}

static void keep_uuid(struct call *call, const struct pool_def *def)
{
    char *uuid = xmalloc(UUID_TEXT_SIZE);

    uuid_format(def->uuid, uuid);
    call->opaque = uuid;
}

static void start_from_xml(struct call *call, struct pool_def *def, const struct job_kind *kind,
                           unsigned int flags)
{
    struct pool_spec *spec = pool_spec_new(call->daemon->storage, def);

    spec->with_build = flags & CREATE_FLAGS;
    if (flags & VIR_STORAGE_POOL_CREATE_WITH_BUILD_NO_OVERWRITE)
        spec->flags = VIR_STORAGE_POOL_BUILD_NO_OVERWRITE;
    if (flags & VIR_STORAGE_POOL_CREATE_WITH_BUILD_OVERWRITE)
        spec->flags = VIR_STORAGE_POOL_BUILD_OVERWRITE;
    keep_uuid(call, def);
    start_pool_job(call, kind, spec, flags & CALL_ASYNC, fill_pool);
}

static void define_parsed(struct call *call, void *opaque)
{
    struct pool_xml_input *input = opaque;

    start_from_xml(call, input->def, &pool_job_define, 0);
}

static void create_parsed(struct call *call, void *opaque)
{
    struct pool_xml_input *input = opaque;

    start_from_xml(call, input->def, &pool_job_create, input->flags);
}

static int define_xml(struct call *call)
{
    const struct remote_xml_args *args = call->args;

    if (call_check_flags(call, args->flags, VIR_STORAGE_POOL_DEFINE_VALIDATE) < 0)
        return -1;
    return offload_xml(call, define_parsed);
}

static int check_create_flags(struct call *call, unsigned int flags)
{
    if (call_check_flags(call, flags, CREATE_FLAGS | CALL_ASYNC) < 0)
        return -1;
    return check_exclusive(call, flags,
                           VIR_STORAGE_POOL_CREATE_WITH_BUILD_OVERWRITE |
                               VIR_STORAGE_POOL_CREATE_WITH_BUILD_NO_OVERWRITE);
}

static int create_xml(struct call *call)
{
    const struct remote_xml_args *args = call->args;

    if (check_create_flags(call, args->flags) < 0)
        return -1;
    return offload_xml(call, create_parsed);
}

/* --- on a pool that is there --- */

static int create(struct call *call)
{
    const struct remote_pool_flags_args *args = call->args;
    unsigned int build_flags = 0;

    if (check_create_flags(call, args->flags) < 0 ||
        (args->flags & CREATE_FLAGS && call_check_right(call, OPERATION_CHANGE, "build flags") < 0))
        return -1;
    if (args->flags & VIR_STORAGE_POOL_CREATE_WITH_BUILD_NO_OVERWRITE)
        build_flags = VIR_STORAGE_POOL_BUILD_NO_OVERWRITE;
    if (args->flags & VIR_STORAGE_POOL_CREATE_WITH_BUILD_OVERWRITE)
        build_flags = VIR_STORAGE_POOL_BUILD_OVERWRITE;
    return change_pool(call, &args->pool, &pool_job_start, build_flags,
                       args->flags & CREATE_FLAGS, args->flags & CALL_ASYNC);
}

static int build(struct call *call)
{
    const struct remote_pool_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, BUILD_FLAGS | CALL_ASYNC) < 0 ||
        check_exclusive(call, args->flags, BUILD_FLAGS) < 0)
        return -1;
    return change_pool(call, &args->pool, &pool_job_build, args->flags & BUILD_FLAGS, false,
                       args->flags & CALL_ASYNC);
}

static int destroy(struct call *call)
{
    const struct remote_pool_args *args = call->args;

    return change_pool(call, &args->pool, &pool_job_stop, 0, false, false);
}

static int delete(struct call *call)
{
    const struct remote_pool_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, CALL_ASYNC) < 0)
        return -1;
    return change_pool(call, &args->pool, &pool_job_delete, 0, false, args->flags & CALL_ASYNC);
}

static int undefine(struct call *call)
{
    const struct remote_pool_args *args = call->args;

    return change_pool(call, &args->pool, &pool_job_undefine, 0, false, false);
}

static int refresh(struct call *call)
{
    const struct remote_pool_flags_args *args = call->args;
    struct pool *pool = call_active_pool(call, &args->pool);

    if (!pool || call_check_flags(call, args->flags, CALL_ASYNC) < 0)
        return -1;
    return change_pool(call, &args->pool, &pool_job_refresh, 0, false, args->flags & CALL_ASYNC);
}

/* --- autostart: a row in the store, nothing any job relies on --- */

struct autostart_change {
    struct call *call;
    char uuid[UUID_TEXT_SIZE];
    bool autostart;
};

static void autostart_durable_cb(void *opaque, struct verror *err)
{
    struct autostart_change *change = opaque;
    struct call *call = change->call;
    struct pool *pool = pool_find_uuid(call->daemon->storage, change->uuid);

    if (err->code) {
        verror_move(&call->err, err);
        call_fail(call);
    } else {
        if (pool)
            pool->autostart = change->autostart;
        call_reply(call);
    }
    free(change);
}

static int set_autostart(struct call *call)
{
    const struct remote_pool_int_args *args = call->args;
    struct pool *pool = call_pool(call, &args->pool);
    struct autostart_change *change;
    struct store_txn *txn;

    if (!pool)
        return -1;
    if (!pool->config_def)
        return verror_set(&call->err, VIR_ERR_OPERATION_INVALID,
                          "storage pool '%s' is transient and cannot be autostarted",
                          pool->def->name);
    change = XNEW(struct autostart_change);
    change->call = call;
    strcpy(change->uuid, pool->uuid);
    change->autostart = args->value;
    txn = store_begin(call->daemon->store);
    pool_put_row(txn, pool->uuid, pool->config_def, pool->active ? pool->def : NULL,
                 change->autostart, pool->active);
    store_commit(txn, autostart_durable_cb, change);
    return CALL_PENDING;
}

#define ROW(what, proc, function, changer, ...)                                           \
    {                                                                                     \
        .number = REMOTE_PROC_STORAGE_POOL_##proc, .api = function,                       \
        PROC_ON(POOL, what),                                                              \
        .access = ACCESS_WRITE, .class = CLASS_CHANGE, .error_domain = VIR_FROM_STORAGE,  \
        .handler = changer, __VA_ARGS__                                                   \
    }

static const struct proc procs[] = {
    ROW(CHANGE, CREATE_XML, "virStoragePoolCreateXML", create_xml, PROC_ARGS(remote_xml_args),
        PROC_RET(remote_pool_ret)),
    ROW(CHANGE, DEFINE_XML, "virStoragePoolDefineXML", define_xml, PROC_ARGS(remote_xml_args),
        PROC_RET(remote_pool_ret)),
    ROW(CONTROL, CREATE, "virStoragePoolCreate", create, PROC_ARGS(remote_pool_flags_args)),
    ROW(CHANGE, BUILD, "virStoragePoolBuild", build, PROC_ARGS(remote_pool_flags_args)),
    ROW(CONTROL, DESTROY, "virStoragePoolDestroy", destroy, PROC_ARGS(remote_pool_args)),
    ROW(CHANGE, DELETE, "virStoragePoolDelete", delete, PROC_ARGS(remote_pool_flags_args)),
    ROW(CHANGE, UNDEFINE, "virStoragePoolUndefine", undefine, PROC_ARGS(remote_pool_args)),
    ROW(CONTROL, REFRESH, "virStoragePoolRefresh", refresh, PROC_ARGS(remote_pool_flags_args)),
    ROW(CHANGE, SET_AUTOSTART, "virStoragePoolSetAutostart", set_autostart,
        PROC_ARGS(remote_pool_int_args)),
};

const struct proc_table calls_pool_change = { procs, ARRAY_SIZE(procs) };
