/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The specification that all volume jobs share; see vol_spec.h for the thread of each part. */

#include "storage/vol_spec.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"
#include "storage/probe.h"
#include "storage/publish.h"
#include "util/alloc.h"
#include "util/closer.h"
#include "util/log.h"

#define MIB (1024ull * 1024)

struct vol_spec *vol_spec_new(struct pool *pool, const char *name)
{
    struct vol_spec *spec = XNEW(struct vol_spec);

    spec->dirfd = spec->fd = -1;
    spec->storage = pool->storage;
    spec->pool_uuid = xstrdup(pool->uuid);
    spec->pool_name = xstrdup(pool->def->name);
    spec->pool_path = xstrdup(pool->real_path ? pool->real_path : pool->def->target_path);
    spec->shown_path = xasprintf("%s/%s", pool->def->target_path, name);
    spec->name = xstrdup(name);
    return spec;
}

void vol_spec_close(struct vol_spec *spec)
{
    if (spec->fd >= 0)
        close_later(steal_fd(&spec->fd));
    if (spec->dirfd >= 0)
        (void)close(steal_fd(&spec->dirfd)); /* a directory, only read */
}

void vol_spec_free(void *opaque)
{
    struct vol_spec *spec = opaque;

    vol_spec_close(spec);
    free(spec->pool_uuid);
    free(spec->pool_name);
    free(spec->pool_path);
    free(spec->shown_path);
    free(spec->name);
    free(spec->xml);
    free(spec->source_pool_uuid);
    free(spec->source_path);
    free(spec->below);
    vol_def_free(spec->def);
    vol_info_free(spec->info);
    pipe_unref(spec->pipe);
    free(spec->pool_state.perms.label);
    free(spec);
}

/* --- the journal's form: one row a member --- */

enum member_type { MEMBER_TEXT, MEMBER_NUMBER };

struct member {
    const char *name;
    enum member_type type;
    size_t offset;
};

#define TEXT(member) { #member, MEMBER_TEXT, offsetof(struct vol_spec, member) }
#define NUMBER(member) { #member, MEMBER_NUMBER, offsetof(struct vol_spec, member) }
#define IDENTITY(member)                                                              \
    NUMBER(member.dev), NUMBER(member.ino), NUMBER(member.size), NUMBER(member.mtime_ns), \
        NUMBER(member.ctime_ns)

static const struct member members[] = {
    TEXT(pool_uuid),
    TEXT(pool_name),
    TEXT(pool_path),
    TEXT(shown_path),
    TEXT(name),
    NUMBER(flags),
    TEXT(xml),
    TEXT(source_pool_uuid),
    TEXT(source_path),
    NUMBER(source_format),
    NUMBER(source_capacity),
    NUMBER(same_options),
    IDENTITY(source),
    IDENTITY(target),
    NUMBER(format),
    NUMBER(algorithm),
    NUMBER(capacity),
    NUMBER(old_capacity),
    NUMBER(old_allocation),
    NUMBER(offset),
    NUMBER(length),
};

char *vol_spec_save(const void *spec)
{
    json_t *json = json_object();
    char *text;

    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        const void *at = (const char *)spec + members[i].offset;
        json_t *value = NULL;

        if (members[i].type == MEMBER_NUMBER)
            value = json_integer((json_int_t) * (const uint64_t *)at);
        else if (*(char *const *)at)
            value = json_string(*(char *const *)at);
        if (value)
            json_object_set_new(json, members[i].name, value);
    }
    text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

static void load_members(struct vol_spec *spec, const json_t *json)
{
    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        void *at = (char *)spec + members[i].offset;
        const json_t *value = json_object_get(json, members[i].name);

        if (members[i].type == MEMBER_NUMBER)
            *(uint64_t *)at = (uint64_t)json_integer_value(value);
        else
            *(char **)at = xstrdup(json_string_value(value));
    }
}

void *vol_spec_load(struct daemon *daemon, const char *text, struct verror *err)
{
    json_t *json = json_loads(text, 0, NULL);
    struct vol_spec *spec = XNEW(struct vol_spec);

    spec->dirfd = spec->fd = -1;
    spec->storage = daemon->storage;
    load_members(spec, json);
    json_decref(json);
    if (spec->pool_uuid && spec->pool_name && spec->pool_path && spec->shown_path && spec->name &&
        (!spec->source_path || spec->source_pool_uuid) &&
        (!spec->xml || vol_def_parse(spec->xml, &spec->def, err) == 0))
        return spec;
    verror_set(err, VIR_ERR_INTERNAL_ERROR, "the journal's volume specification is not readable");
    vol_spec_free(spec);
    return NULL;
}

struct job_request vol_job_request(const struct job_kind *kind, struct vol_spec *spec,
                                   const char *started_by)
{
    return (struct job_request){
        .kind = kind,
        .spec = spec,
        .object_kind = JOB_OBJECT_VOL,
        .name = spec->name,
        .pool = spec->pool_name,
        .uuid = spec->pool_uuid,
        .started_by = started_by,
    };
}

/* --- worker --- */

static int64_t timespec_ns(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int file_identity_of(int fd, const char *path, struct file_identity *ret, struct verror *err)
{
    struct stat st;
    int flags = fcntl(fd, F_GETFL);
    bool block;
    off_t size;

    if (flags < 0 || fstat(fd, &st) < 0)
        return verror_errno(err, errno, "cannot look at '%s'", path);
    block = S_ISBLK(st.st_mode);
    if (!(flags & O_PATH) && !block && !S_ISREG(st.st_mode))
        return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "'%s' is neither a file nor a block device", path);
    /* of a device fstat knows no size */
    size = block && !(flags & O_PATH) ? lseek(fd, 0, SEEK_END) : st.st_size;
    if (size < 0)
        return verror_errno(err, errno, "cannot find the size of '%s'", path);
    *ret = (struct file_identity){ .dev = block ? st.st_rdev : st.st_dev,
                                   .ino = block ? 0 : st.st_ino,
                                   .size = (uint64_t)size,
                                   .mtime_ns = timespec_ns(st.st_mtim),
                                   .ctime_ns = timespec_ns(st.st_ctim) };
    return 0;
}

bool file_identity_is_block(const struct file_identity *identity)
{
    return identity->dev && !identity->ino;
}

bool file_identity_same(const struct file_identity *a, const struct file_identity *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           (!a->mtime_ns || !b->mtime_ns || a->mtime_ns == b->mtime_ns) &&
           (!a->ctime_ns || !b->ctime_ns || a->ctime_ns == b->ctime_ns);
}

static char *checkpoint_text(const struct vol_spec *spec, unsigned int pass, uint64_t offset)
{
    return xasprintf("{\"pass\":%u,\"offset\":%llu,\"dev\":%llu,\"ino\":%llu}", pass,
                     (unsigned long long)offset, (unsigned long long)spec->temp.dev,
                     (unsigned long long)spec->temp.ino);
}

static void checkpoint_reached(void *opaque, unsigned int pass, uint64_t offset)
{
    struct vol_spec *spec = opaque;
    _cleanup_free_ char *json = checkpoint_text(spec, pass, offset);

    job_ctl_checkpoint(spec->ctl, json);
}

void vol_spec_journal(struct vol_spec *spec)
{
    checkpoint_reached(spec, (unsigned int)spec->resume_pass, spec->resume_offset);
}

int vol_spec_journal_durable(struct vol_spec *spec, struct verror *err)
{
    _cleanup_free_ char *json =
        checkpoint_text(spec, (unsigned int)spec->resume_pass, spec->resume_offset);

    return job_ctl_checkpoint_durable(spec->ctl, json, err);
}

struct io_checkpoint vol_spec_checkpoint(struct vol_spec *spec)
{
    return (struct io_checkpoint){
        .reached = checkpoint_reached,
        .opaque = spec,
        .every = spec->storage->daemon->config->checkpoint_megabytes * MIB,
    };
}

bool vol_spec_set_resume(struct vol_spec *spec, const char *checkpoint)
{
    json_t *json = checkpoint ? json_loads(checkpoint, 0, NULL) : NULL;

    spec->resuming = json != NULL;
    spec->resume_pass = (uint64_t)json_integer_value(json_object_get(json, "pass"));
    spec->resume_offset = (uint64_t)json_integer_value(json_object_get(json, "offset"));
    spec->temp.dev = (uint64_t)json_integer_value(json_object_get(json, "dev"));
    spec->temp.ino = (uint64_t)json_integer_value(json_object_get(json, "ino"));
    json_decref(json);
    return spec->resuming;
}

int vol_spec_look(struct vol_spec *spec, struct verror *err)
{
    _cleanup_close_ int dirfd = publish_open_dir(spec->pool_path, err);
    int rc;

    if (dirfd < 0)
        return -1;
    vol_info_free(STEAL_PTR(spec->info));
    rc = probe_entry(dirfd, spec->pool_path, spec->name, &spec->info, err);
    if (rc < 0)
        return -1;
    if (rc == 0) {
        /* clients know the path by the name the pool was given, which may be a symlink */
        free(spec->info->path);
        spec->info->path = xstrdup(spec->shown_path);
    }
    spec->have_pool_state = probe_pool(spec->pool_path, &spec->pool_state, err) == 0;
    return spec->have_pool_state ? 0 : -1;
}

/* --- loop --- */

/* A volume is known by its canonical path, however the XML spells it. */
static char *backing_key(const struct vol_spec *spec)
{
    const struct vol *vol = vol_find_path(spec->storage, spec->def->backing_path);

    if (vol && vol->pool->real_path)
        return xasprintf("path:%s/%s", vol->pool->real_path, vol->info->name);
    return xasprintf("path:%s", spec->def->backing_path);
}

void vol_locks(const void *opaque, struct lock_hold *hold)
{
    const struct vol_spec *spec = opaque;

    lock_hold_want(hold, xasprintf("pool:%s", spec->pool_uuid), LOCK_POOL_USE);
    lock_hold_want(hold, xasprintf("path:%s/%s", spec->pool_path, spec->name), LOCK_FILE_WRITE);
    if (spec->target.dev)
        lock_hold_want(hold, lock_file_key(spec->target.dev, spec->target.ino), LOCK_FILE_WRITE);
    if (spec->source_path) {
        lock_hold_want(hold, xasprintf("pool:%s", spec->source_pool_uuid), LOCK_POOL_USE);
        lock_hold_want(hold, xasprintf("path:%s", spec->source_path), LOCK_FILE_READ);
        if (spec->source.dev)
            lock_hold_want(hold, lock_file_key(spec->source.dev, spec->source.ino), LOCK_FILE_READ);
    }
    for (size_t i = 0; i < spec->nbelow; i++)
        lock_hold_want(hold, lock_file_key(spec->below[i].dev, spec->below[i].ino), LOCK_FILE_READ);
    if (spec->def && spec->def->backing_path)
        lock_hold_want(hold, backing_key(spec), LOCK_FILE_READ);
}

static struct pool *spec_pool(const struct vol_spec *spec)
{
    return pool_find_uuid(spec->storage, spec->pool_uuid);
}

int vol_check_pool_active(void *opaque, struct verror *err)
{
    struct vol_spec *spec = opaque;
    struct pool *pool = spec_pool(spec);

    if (!pool)
        return verror_set(err, VIR_ERR_NO_STORAGE_POOL,
                          "no storage pool with matching uuid '%s' (%s)", spec->pool_uuid,
                          spec->pool_name);
    return pool_check_active(pool, err);
}

void vol_take_result(struct vol_spec *spec)
{
    struct pool *pool = spec_pool(spec);

    if (!pool || !pool->active)
        return;
    if (spec->info)
        vol_put(pool, STEAL_PTR(spec->info));
    if (spec->have_pool_state)
        pool_set_state(pool, &spec->pool_state);
}
