/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The volume calls that only read; those that change one are in vol_change.c.
 * Info and XML take a fresh look at the file, since guests write to it: on a
 * worker, for at most a second, else the last known values answer.  Loop thread.
 */

#include <string.h>

#include "calls/job_call.h"
#include "calls/lookup.h"
#include "protocol/remote.h"
#include "storage/probe.h"
#include "storage/publish.h"
#include "util/alloc.h"

/* --- lookups --- */

static int reply_vol(struct call *call, const struct vol *vol)
{
    struct remote_vol_ret *ret = call->ret;

    vol_to_wire(vol, &ret->vol);
    return 0;
}

static int lookup_by_name(struct call *call)
{
    const struct remote_pool_text_args *args = call->args;
    struct pool *pool = call_active_pool(call, &args->pool);
    struct vol *vol;

    if (!pool)
        return -1;
    vol = vol_find_name(pool, args->value);
    if (!vol)
        return verror_set(&call->err, VIR_ERR_NO_STORAGE_VOL,
                          "no storage vol with matching name '%s'", args->value);
    return reply_vol(call, vol);
}

static int lookup_by_key(struct call *call)
{
    const struct remote_text_args *args = call->args;
    struct vol *vol = vol_find_path(call->daemon->storage, args->value);

    if (!vol)
        return verror_set(&call->err, VIR_ERR_NO_STORAGE_VOL,
                          "no storage vol with matching key %s", args->value);
    return reply_vol(call, vol);
}

/* Without repeated slashes and "/./": no disk is asked, so symlinks stay what they are. */
static char *clean_path(const char *path)
{
    char *clean = xmalloc(strlen(path) + 1), *out = clean;

    while (*path) {
        if (path[0] == '/' && path[1] == '/')
            path++;
        else if (path[0] == '/' && path[1] == '.' && (path[2] == '/' || path[2] == '\0'))
            path += 2;
        else
            *out++ = *path++;
    }
    *out = '\0';
    return clean;
}

/* By the path it is shown under, or under the pool's canonical directory. */
static struct vol *find_by_path(struct storage *storage, char *path)
{
    struct vol *vol = vol_find_path(storage, path);
    char *slash = strrchr(path, '/');
    struct pool *pool;

    if (vol || !slash || slash == path)
        return vol;
    *slash = '\0';
    pool = pool_find_path(storage, path);
    *slash = '/';
    return pool ? vol_find_name(pool, slash + 1) : NULL;
}

static int lookup_by_path(struct call *call)
{
    const struct remote_text_args *args = call->args;
    _cleanup_free_ char *path = clean_path(args->value);
    struct vol *vol = find_by_path(call->daemon->storage, path);

    if (!vol)
        return verror_set(&call->err, VIR_ERR_NO_STORAGE_VOL,
                          "no storage vol with matching path '%s'", args->value);
    return reply_vol(call, vol);
}

static int get_path(struct call *call)
{
    const struct remote_vol_args *args = call->args;
    struct remote_text_ret *ret = call->ret;
    struct vol *vol = call_vol(call, &args->vol);

    if (!vol)
        return -1;
    ret->value = xstrdup(vol->info->path);
    return 0;
}

/* --- a fresh look --- */

struct look {
    char *real_path, *name; /* directory and entry */
    struct vol_info *info;  /* what was found, or NULL */
    void (*fill)(struct call *call, struct vol *vol, const struct vol_info *info);
};

static void free_look(void *opaque)
{
    struct look *look = opaque;

    free(look->real_path);
    free(look->name);
    vol_info_free(look->info);
    free(look);
}

static int look_on_disk(void *opaque, struct verror *err)
{
    struct look *look = opaque;
    _cleanup_close_ int dirfd = publish_open_dir(look->real_path, err);
    int rc;

    if (dirfd < 0)
        return -1;
    rc = probe_entry(dirfd, look->real_path, look->name, &look->info, err);
    if (rc <= 0)
        return rc;
    return verror_set(err, VIR_ERR_NO_STORAGE_VOL, "there is no file '%s/%s' any more",
                      look->real_path, look->name);
}

static const struct wire_vol *call_wire_vol(const struct call *call)
{
    /* the volume is the first member of the arguments of all calls that look */
    return call->args;
}

static void answer_look(struct call *call, struct look *look, const struct vol_info *found)
{
    struct vol *vol = call_vol(call, call_wire_vol(call));

    if (!vol) {
        call_fail(call);
        return;
    }
    look->fill(call, vol, found && !vol->building ? found : vol->info);
    call_reply(call);
}

static void looked(struct call *call, void *opaque)
{
    struct look *look = opaque;
    struct vol *vol = call_vol(call, call_wire_vol(call));

    if (look->info && vol && !vol->building) {
        free(look->info->path);
        look->info->path = xstrdup(vol->info->path);
        vol_put(vol->pool, vol_info_copy(look->info));
    }
    verror_clear(&call->err); /* answer_look says it again */
    answer_look(call, look, look->info);
}

static void look_late(struct call *call, void *opaque)
{
    answer_look(call, opaque, NULL);
}

static int start_look(struct call *call,
                      void (*fill)(struct call *call, struct vol *vol,
                                   const struct vol_info *info))
{
    struct vol *vol = call_vol(call, call_wire_vol(call));
    struct look *look;
    struct offload offload = {
        .free_input = free_look,
        .work = look_on_disk,
        .then = looked,
        .late = look_late,
    };

    if (!vol)
        return -1;
    if (vol->building) { /* there is no file of that name yet */
        fill(call, vol, vol->info);
        return 0;
    }
    offload.input = look = XNEW(struct look);
    look->real_path = xstrdup(vol->pool->real_path);
    look->name = xstrdup(vol->info->name);
    look->fill = fill;
    offload.key = vol->pool->uuid;
    call_offload(call, &offload);
    return CALL_PENDING;
}

static void fill_info(struct call *call, struct vol *vol, const struct vol_info *info)
{
    struct remote_vol_info_ret *ret = call->ret;

    ret->type = info->format == VOL_FORMAT_DIR ? VIR_STORAGE_VOL_DIR : VIR_STORAGE_VOL_FILE;
    ret->capacity = info->capacity;
    ret->allocation = vol->building ? vol_allocation(vol) : info->allocation;
}

static void fill_physical(struct call *call, struct vol *vol, const struct vol_info *info)
{
    struct remote_vol_info_ret *ret = call->ret;

    fill_info(call, vol, info);
    ret->allocation = info->physical;
}

static void fill_xml(struct call *call, struct vol *vol, const struct vol_info *info)
{
    struct remote_text_ret *ret = call->ret;

    ret->value = vol_xml(vol, info);
}

static int get_info(struct call *call)
{
    return start_look(call, fill_info);
}

static int get_info_flags(struct call *call)
{
    const struct remote_vol_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, VIR_STORAGE_VOL_GET_PHYSICAL) < 0)
        return -1;
    return start_look(call,
                      args->flags & VIR_STORAGE_VOL_GET_PHYSICAL ? fill_physical : fill_info);
}

static int get_xml_desc(struct call *call)
{
    const struct remote_vol_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    return start_look(call, fill_xml);
}

#define ROW(proc, function, kind, reader, ...)                                            \
    {                                                                                     \
        .number = REMOTE_PROC_STORAGE_VOL_##proc, .api = function, .access = ACCESS_READ, \
        PROC_ON(VOLUME, READ),                                                            \
        .class = CLASS_##kind, .error_domain = VIR_FROM_STORAGE, .handler = reader,       \
        __VA_ARGS__                                                                       \
    }

static const struct proc procs[] = {
    ROW(LOOKUP_BY_NAME, "virStorageVolLookupByName", MEMORY, lookup_by_name,
        PROC_ARGS(remote_pool_text_args), PROC_RET(remote_vol_ret)),
    ROW(LOOKUP_BY_KEY, "virStorageVolLookupByKey", MEMORY, lookup_by_key,
        PROC_ARGS(remote_text_args), PROC_RET(remote_vol_ret)),
    ROW(LOOKUP_BY_PATH, "virStorageVolLookupByPath", MEMORY, lookup_by_path,
        PROC_ARGS(remote_text_args), PROC_RET(remote_vol_ret)),
    ROW(GET_PATH, "virStorageVolGetPath", MEMORY, get_path, PROC_ARGS(remote_vol_args),
        PROC_RET(remote_text_ret)),
    ROW(GET_INFO, "virStorageVolGetInfo", DISK, get_info, PROC_ARGS(remote_vol_args),
        PROC_RET(remote_vol_info_ret)),
    ROW(GET_INFO_FLAGS, "virStorageVolGetInfoFlags", DISK, get_info_flags,
        PROC_ARGS(remote_vol_flags_args), PROC_RET(remote_vol_info_ret)),
    ROW(GET_XML_DESC, "virStorageVolGetXMLDesc", DISK, get_xml_desc,
        PROC_ARGS(remote_vol_flags_args), PROC_RET(remote_text_ret)),
};

const struct proc_table calls_vol = { procs, ARRAY_SIZE(procs) };
