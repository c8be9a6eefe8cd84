/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who uses which file, and whose it was.  A file is changed by its first user
 * and given back by its last; meanwhile an entry of the registry stands for it.
 * The mutex is never held while a file is touched, as that may take for ever: an
 * entry that is being changed is marked, and only those who want the same file wait.
 * Workers.
 */

#include "hypervisor/qemu/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <string.h>
#include <uthash.h>

#include "hypervisor/qemu/owner_internal.h"
#include "util/alloc.h"
#include "util/log.h"

/* A file, while a guest has it. */
struct entry {
    UT_hash_handle hh;
    struct owner_key key;
    unsigned int users;
    bool busy;    /* someone changes it, and holds it by that */
    bool changed; /* by us: */
    uid_t to;     /* whose it has become */
    uid_t uid;    /* whose it was */
    gid_t gid;
};

struct owners {
    pthread_mutex_t lock; /* guards all of it; nothing else is locked while it is held */
    pthread_cond_t idle;  /* an entry is no longer busy */
    struct entry *entries;
};

/* What owners_take works with for all files of a guest. */
struct taking {
    struct owners *owners;
    const struct owner_policy *policy;
    struct owner_user user;
    bool change; /* owners may be changed at all */
};

struct owners *owners_new(void)
{
    struct owners *owners = XNEW(struct owners);

    (void)pthread_mutex_init(&owners->lock, NULL);
    (void)pthread_cond_init(&owners->idle, NULL);
    return owners;
}

void owners_free(struct owners *owners)
{
    struct entry *entry, *next;

    if (!owners)
        return;
    HASH_ITER(hh, owners->entries, entry, next)
    {
        HASH_DEL(owners->entries, entry);
        free(entry);
    }
    (void)pthread_cond_destroy(&owners->idle);
    (void)pthread_mutex_destroy(&owners->lock);
    free(owners);
}

/* --- the registry --- */

/* Of that file, no longer busy; NULL unless create. */
static struct entry *entry_find_locked(struct owners *owners, const struct owner_key *key,
                                       bool create)
{
    struct entry *entry;

    for (;;) {
        HASH_FIND(hh, owners->entries, key, sizeof(*key), entry);
        if (!entry || !entry->busy)
            break;
        (void)pthread_cond_wait(&owners->idle, &owners->lock);
    }
    if (!entry && create) {
        entry = XNEW(struct entry);
        entry->key = *key;
        HASH_ADD(hh, owners->entries, key, sizeof(entry->key), entry);
    }
    return entry;
}

/* The caller alone may look at it and change it until entry_release.  NULL unless create. */
static struct entry *entry_hold(struct owners *owners, const struct owner_key *key, bool create)
{
    struct entry *entry;

    (void)pthread_mutex_lock(&owners->lock);
    entry = entry_find_locked(owners, key, create);
    if (entry)
        entry->busy = true;
    (void)pthread_mutex_unlock(&owners->lock);
    return entry;
}

/* Gone when nobody uses it. */
static void entry_release(struct owners *owners, struct entry *entry)
{
    (void)pthread_mutex_lock(&owners->lock);
    entry->busy = false;
    if (entry->users == 0) {
        HASH_DEL(owners->entries, entry);
        free(entry);
    }
    (void)pthread_cond_broadcast(&owners->idle);
    (void)pthread_mutex_unlock(&owners->lock);
}

/* --- the memory: rows of JSON --- */

static json_t *row_new(const char *path, const struct entry *entry)
{
    json_t *row = json_pack("{s:s, s:I, s:I}", "path", path, "dev", (json_int_t)entry->key.dev,
                            "ino", (json_int_t)entry->key.ino);

    /* without these: used, not changed */
    if (row && entry->changed) {
        (void)json_object_set_new(row, "uid", json_integer(entry->uid));
        (void)json_object_set_new(row, "gid", json_integer(entry->gid));
        (void)json_object_set_new(row, "to", json_integer(entry->to));
    }
    return row;
}

/* A row as an entry that stands nowhere; the path is the row's.  NULL: no row of ours. */
static const char *row_read(const json_t *row, struct entry *ret_entry)
{
    const json_t *uid = json_object_get(row, "uid");

    *ret_entry = (struct entry){
        .key = { .dev = (uint64_t)json_integer_value(json_object_get(row, "dev")),
                 .ino = (uint64_t)json_integer_value(json_object_get(row, "ino")) },
        .changed = json_is_integer(uid),
        .uid = (uid_t)json_integer_value(uid),
        .gid = (gid_t)json_integer_value(json_object_get(row, "gid")),
        .to = (uid_t)json_integer_value(json_object_get(row, "to")),
    };
    return json_string_value(json_object_get(row, "path"));
}

static bool has_row(const json_t *rows, const struct owner_key *key)
{
    struct entry entry;
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        if (row_read(row, &entry) && memcmp(&entry.key, key, sizeof(*key)) == 0)
            return true;
    }
    return false;
}

/* --- giving back --- */

/* To whom it was, if it still is the file it was and QEMU's user's. */
static void restore(const char *path, const struct entry *entry)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct owner_target target;

    if (owner_open(path, entry->to, &target, &err) < 0) {
        if (err.sys_errno != ENOENT) /* else removed meanwhile: nobody's now */
            log_warn("cannot give '%s' back to user %lu: %s", path, (unsigned long)entry->uid,
                     verror_text(&err));
        return;
    }
    if (memcmp(&target.key, &entry->key, sizeof(target.key)) != 0)
        log_info("'%s' is another file now and is left as it is", path);
    else if (target.uid != entry->to)
        log_info("'%s' belongs to user %lu by now and is left as it is", path,
                 (unsigned long)target.uid);
    else if (fchownat(target.fd, "", entry->uid, entry->gid, AT_EMPTY_PATH) < 0)
        log_warn("cannot give '%s' back to user %lu: %s", path, (unsigned long)entry->uid,
                 strerror(errno));
    (void)close(target.fd);
}

static void give_row_back(struct owners *owners, const json_t *row)
{
    struct entry remembered, *entry;
    const char *path = row_read(row, &remembered);

    if (!path)
        return;
    entry = entry_hold(owners, &remembered.key, false);
    if (!entry) { /* nobody was told of this guest: its own word counts */
        if (remembered.changed)
            restore(path, &remembered);
        return;
    }
    entry->users--;
    if (entry->users == 0 && entry->changed)
        restore(path, entry);
    entry_release(owners, entry);
}

static void give_rows_back(struct owners *owners, const json_t *rows)
{
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        give_row_back(owners, row);
    }
}

void owners_give_back(struct owners *owners, const char *memory)
{
    json_t *rows = memory ? json_loads(memory, 0, NULL) : NULL;

    if (memory && !json_is_array(rows))
        log_warn("cannot read whose the files of a guest were: %s", memory);
    give_rows_back(owners, rows);
    json_decref(rows);
}

void owners_remember(struct owners *owners, const char *memory)
{
    json_t *rows = memory ? json_loads(memory, 0, NULL) : NULL;
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        struct entry remembered, *entry;

        if (!row_read(row, &remembered))
            continue;
        entry = entry_hold(owners, &remembered.key, true);
        entry->users++;
        if (remembered.changed && !entry->changed) {
            entry->changed = true;
            entry->uid = remembered.uid;
            entry->gid = remembered.gid;
            entry->to = remembered.to;
        }
        entry_release(owners, entry);
    }
    json_decref(rows);
}

/* --- taking --- */

static int mode_of(const struct owner_file *file)
{
    return file->readonly ? R_OK : R_OK | W_OK;
}

static int refuse(const struct taking *taking, const struct owner_file *file,
                  const struct owner_target *target, int errnum, struct verror *err)
{
    uid_t uid = taking->user.uid == (uid_t)-1 ? geteuid() : taking->user.uid;
    _cleanup_free_ char *user = owner_user_name(uid), *owner = owner_user_name(target->uid);

    return verror_errno(err, errnum,
                        "QEMU's user '%s' cannot %s '%s', which belongs to user '%s' and has mode "
                        "%04o",
                        user, file->readonly ? "read" : "write", file->path, owner,
                        (unsigned int)target->mode);
}

static int check_directories(const struct taking *taking, const struct owner_file *file,
                             struct verror *err)
{
    _cleanup_free_ char *closed = owner_closed_directory(&taking->user, file->path), *user = NULL;

    if (!closed)
        return 0;
    user = owner_user_name(taking->user.uid == (uid_t)-1 ? geteuid() : taking->user.uid);
    return verror_errno(err, EACCES, "QEMU's user '%s' cannot enter '%s' on the way to '%s'", user,
                        closed, file->path);
}

/* One that is only read stays whose it is where QEMU's user may read it anyway. */
static bool must_change(const struct taking *taking, const struct owner_file *file,
                        const struct owner_target *target)
{
    return taking->change && target->uid != taking->policy->uid &&
           !(file->readonly && owner_access(&taking->user, target, R_OK) == 0);
}

static void note_change(const struct owner_policy *policy, const struct owner_target *target,
                        struct entry *entry)
{
    if (!entry->changed) { /* else to another, under another configuration: whose it was is known */
        entry->uid = policy->remember ? target->uid : 0;
        entry->gid = policy->remember ? target->gid : 0;
    }
    entry->changed = true;
    entry->to = policy->uid;
}

static int change(const struct taking *taking, const struct owner_file *file,
                  const struct owner_target *target, struct entry *entry, struct verror *err)
{
    const struct owner_policy *policy = taking->policy;

    if (fchownat(target->fd, "", policy->uid, policy->gid, AT_EMPTY_PATH) < 0)
        return verror_errno(err, errno, "cannot give '%s' to QEMU's user", file->path);
    note_change(policy, target, entry);
    return 0;
}

/* The entry is held.  On an error the file is as it was. */
static int take_held(const struct taking *taking, const struct owner_file *file,
                     struct owner_target *target, struct entry *entry, struct verror *err)
{
    bool was_changed = entry->changed;
    int r;

    owner_look_again(target); /* another guest may have given it back since it was opened */
    if (must_change(taking, file, target) && change(taking, file, target, entry, err) < 0)
        return -1;
    r = owner_access(&taking->user, target, mode_of(file));
    if (r == 0)
        return 0;
    (void)refuse(taking, file, target, r, err);
    if (entry->changed && !was_changed) {
        restore(file->path, entry);
        entry->changed = false;
    }
    return -1;
}

static int take_target(const struct taking *taking, const struct owner_file *file,
                       struct owner_target *target, json_t *rows, struct verror *err)
{
    struct entry *entry;
    int r;

    if (check_directories(taking, file, err) < 0)
        return -1;
    if (has_row(rows, &target->key)) { /* twice in one guest: as it was taken the first time */
        r = owner_access(&taking->user, target, mode_of(file));
        return r < 0 ? refuse(taking, file, target, r, err) : 0;
    }
    entry = entry_hold(taking->owners, &target->key, true);
    r = take_held(taking, file, target, entry, err);
    if (r == 0) {
        entry->users++;
        (void)json_array_append_new(rows, row_new(file->path, entry));
    }
    entry_release(taking->owners, entry);
    return r;
}

static int take_file(const struct taking *taking, const struct owner_file *file, json_t *rows,
                     struct verror *err)
{
    json_t *path = json_string(file->path);
    struct owner_target target;
    int r;

    json_decref(path);
    if (!path) /* it could not be remembered */
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "the path '%s' is not UTF-8",
                          file->path);
    if (owner_open(file->path, taking->user.uid, &target, err) < 0)
        return -1;
    r = take_target(taking, file, &target, rows, err);
    (void)close(target.fd);
    return r;
}

/* Those that are written first: a file that is named twice is taken for both. */
static int take_files(const struct taking *taking, const struct owner_file *files, size_t nfiles,
                      json_t *rows, struct verror *err)
{
    for (int readonly = 0; readonly < 2; readonly++)
        for (size_t i = 0; i < nfiles; i++)
            if (files[i].readonly == (readonly == 1) && take_file(taking, &files[i], rows, err) < 0)
                return -1;
    return 0;
}

static int taking_begin(struct taking *taking, struct owners *owners,
                        const struct owner_policy *policy, struct verror *err)
{
    *taking = (struct taking){
        .owners = owners,
        .policy = policy,
        .user = { .uid = policy->uid, .gid = policy->gid },
        .change = policy->uid != (uid_t)-1 && policy->dynamic,
    };
    if (policy->uid == (uid_t)-1)
        return 0;
    return owner_find_groups(policy->uid, policy->gid, &taking->user.groups, &taking->user.ngroups,
                             err);
}

int owners_take(struct owners *owners, const struct owner_policy *policy,
                const struct owner_file *files, size_t nfiles, char **ret_memory,
                struct verror *err)
{
    struct taking taking;
    json_t *rows;
    int r;

    if (taking_begin(&taking, owners, policy, err) < 0)
        return -1;
    rows = json_array();
    r = take_files(&taking, files, nfiles, rows, err);
    if (r == 0)
        *ret_memory = json_dumps(rows, JSON_COMPACT);
    else
        give_rows_back(owners, rows);
    json_decref(rows);
    free(taking.user.groups);
    return r;
}

/* --- what would be taken --- */

/* As it is now, what others have made of it included. */
static json_t *plan_target(const struct taking *taking, const struct owner_file *file,
                           struct owner_target *target)
{
    struct entry *known = entry_hold(taking->owners, &target->key, false);
    struct entry entry = known ? *known : (struct entry){ .key = target->key };

    owner_look_again(target);
    if (must_change(taking, file, target))
        note_change(taking->policy, target, &entry);
    if (known)
        entry_release(taking->owners, known);
    return row_new(file->path, &entry);
}

static void plan_file(const struct taking *taking, const struct owner_file *file, json_t *rows)
{
    struct owner_target target;

    if (owner_open(file->path, taking->user.uid, &target, NULL) < 0)
        return;
    if (!has_row(rows, &target.key))
        (void)json_array_append_new(rows, plan_target(taking, file, &target)); /* NULL: no UTF-8 */
    (void)close(target.fd);
}

int owners_plan(struct owners *owners, const struct owner_policy *policy,
                const struct owner_file *files, size_t nfiles, char **ret_memory,
                struct verror *err)
{
    struct taking taking;
    json_t *rows;

    if (taking_begin(&taking, owners, policy, err) < 0)
        return -1;
    rows = json_array();
    for (int readonly = 0; readonly < 2; readonly++) /* in the order of take_files */
        for (size_t i = 0; i < nfiles; i++)
            if (files[i].readonly == (readonly == 1))
                plan_file(&taking, &files[i], rows);
    *ret_memory = json_dumps(rows, JSON_COMPACT);
    json_decref(rows);
    free(taking.user.groups);
    return 0;
}
