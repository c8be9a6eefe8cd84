/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that guests are saved and dumped to; see image_file.h.  Workers, no state. */

#include "hypervisor/qemu/image_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

#include "util/alloc.h"
#include "util/closer.h"
#include "xml/perms_xml.h"

/* Where the file will be: what is there already may be reached by a symlink. */
static char *find_target(const char *path)
{
    char *real = realpath(path, NULL);

    return real ? real : xstrdup(path);
}

static int open_dir_of(const char *target, struct verror *err)
{
    _cleanup_free_ char *copy = xstrdup(target);
    const char *dir = dirname(copy);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return verror_errno(err, errno, "cannot open directory '%s' for '%s'", dir, target);
    return fd;
}

static const char *base_of(const char *target)
{
    const char *slash = strrchr(target, '/');

    return slash ? slash + 1 : target;
}

/* 1: a block device, 0: a regular file or nothing yet. */
static int look_at(const char *target, struct verror *err)
{
    struct stat st;

    if (stat(target, &st) < 0) {
        if (errno == ENOENT)
            return 0;
        return verror_errno(err, errno, "cannot look at '%s'", target);
    }
    if (S_ISBLK(st.st_mode))
        return 1;
    if (S_ISREG(st.st_mode))
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_FAILED,
                      "'%s' is neither a regular file nor a block device", target);
}

static int check_path(const char *path, struct verror *err)
{
    if (path[0] != '/')
        return verror_set(err, VIR_ERR_INVALID_ARG, "path '%s' is not absolute", path);
    if (!*base_of(path))
        return verror_set(err, VIR_ERR_INVALID_ARG, "path '%s' names a directory", path);
    return 0;
}

int image_file_check(const char *path, struct verror *err)
{
    _cleanup_free_ char *target = NULL;
    _cleanup_close_ int dirfd = -1;

    if (check_path(path, err) < 0)
        return -1;
    target = find_target(path);
    dirfd = open_dir_of(target, err);
    return dirfd < 0 || look_at(target, err) < 0 ? -1 : 0;
}

int image_file_check_elsewhere(const char *path, const char *managed, struct verror *err)
{
    _cleanup_free_ char *target = find_target(path), *kept = xstrdup(managed);
    _cleanup_free_ char *dir = realpath(dirname(target), NULL);
    _cleanup_free_ char *kept_dir = realpath(dirname(kept), NULL);

    if (!dir || !kept_dir || strcmp(dir, kept_dir) != 0)
        return 0;
    return verror_set(err, VIR_ERR_INVALID_ARG,
                      "'%s' is where managed save images are, which have calls of their own", path);
}

static struct image_file *image_file_new(const char *path, uint64_t job_id)
{
    struct image_file *file = XNEW(struct image_file);

    file->path = xstrdup(path);
    file->target = find_target(path);
    file->dirfd = file->fd = -1;
    publish_temp_name(file->temp, job_id);
    return file;
}

void image_file_close(struct image_file *file)
{
    if (!file)
        return;
    if (file->fd >= 0)
        close_later(file->fd);
    if (file->dirfd >= 0)
        (void)close(file->dirfd); /* a directory */
    free(file->path);
    free(file->target);
    free(file);
}

static int note_identity(struct image_file *file, struct verror *err)
{
    struct stat st;

    if (fstat(file->fd, &st) < 0)
        return verror_errno(err, errno, "cannot look at '%s'", file->target);
    file->dev = file->is_block ? st.st_rdev : st.st_dev;
    file->ino = file->is_block ? 0 : st.st_ino;
    return 0;
}

json_t *image_file_to_json(const struct image_file *file)
{
    return json_pack("{s:I, s:I, s:b}", "dev", (json_int_t)file->dev, "ino", (json_int_t)file->ino,
                     "begun", (int)file->begun);
}

static char *checkpoint_of(const struct image_file *file)
{
    json_t *json = image_file_to_json(file);
    char *text = json_dumps(json, JSON_COMPACT);

    json_decref(json);
    return text;
}

/* Before the guest is touched: without it the next daemon would take it that nothing has begun. */
static int journal_file(const struct image_file *file, struct job_ctl *ctl, struct verror *err)
{
    _cleanup_free_ char *text = checkpoint_of(file);

    return job_ctl_checkpoint_durable(ctl, text, err);
}

struct image_file *image_file_create(const char *path, uint64_t job_id, struct job_ctl *ctl,
                                     struct verror *err)
{
    struct image_file *file = image_file_new(path, job_id);
    int block = look_at(file->target, err);

    file->is_block = block > 0;
    if (block >= 0)
        file->dirfd = open_dir_of(file->target, err);
    if (file->dirfd >= 0 && file->is_block) {
        file->fd = open(file->target, O_RDWR | O_CLOEXEC);
        if (file->fd < 0)
            verror_errno(err, errno, "cannot open '%s'", file->target);
    } else if (file->dirfd >= 0) {
        file->fd = publish_create(file->dirfd, file->temp, err);
    }
    if (file->fd >= 0 && note_identity(file, err) == 0 && journal_file(file, ctl, err) == 0)
        return file;
    image_file_close(file);
    return NULL;
}

int image_file_begin(struct image_file *file, struct job_ctl *ctl, struct verror *err)
{
    _cleanup_free_ char *text = NULL;

    file->begun = true;
    if (file->is_block)
        return journal_file(file, ctl, err);
    text = checkpoint_of(file);
    job_ctl_checkpoint(ctl, text);
    return 0;
}

struct identity {
    dev_t dev;
    ino_t ino;
    bool begun;
};

static bool read_journal(const char *checkpoint, struct identity *ret)
{
    json_t *json = checkpoint ? json_loads(checkpoint, 0, NULL) : NULL;
    json_int_t dev = 0, ino = 0;
    int begun = 0;
    bool found =
        json_unpack(json, "{s:I, s:I, s:b}", "dev", &dev, "ino", &ino, "begun", &begun) == 0;

    json_decref(json);
    *ret = (struct identity){ (dev_t)dev, (ino_t)ino, begun };
    return found;
}

struct image_file *image_file_find(const char *path, uint64_t job_id, const char *checkpoint)
{
    struct image_file *file;
    struct identity was;

    if (!read_journal(checkpoint, &was))
        return NULL;
    file = image_file_new(path, job_id);
    file->is_block = was.ino == 0;
    file->begun = was.begun;
    file->dirfd = open_dir_of(file->target, NULL);
    file->fd = file->is_block ? open(file->target, O_RDWR | O_CLOEXEC)
                              : openat(file->dirfd, file->temp, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (file->fd >= 0 && note_identity(file, NULL) == 0 && file->dev == was.dev &&
        file->ino == was.ino)
        return file;
    image_file_close(file);
    return NULL;
}

bool image_file_is_published(const char *path, uint64_t job_id, const char *checkpoint)
{
    _cleanup_free_ char *target = find_target(path);
    struct identity was;
    struct stat st;

    if (!read_journal(checkpoint, &was) || was.ino == 0 || stat(target, &st) < 0 ||
        st.st_dev != was.dev || st.st_ino != was.ino)
        return false;
    image_file_discard(path, job_id); /* what it has replaced */
    return true;
}

int image_file_publish(struct image_file *file, bool drop_cache, struct verror *err)
{
    if (file->is_block && fdatasync(file->fd) < 0)
        return verror_errno(err, errno, "cannot sync '%s'", file->target);
    if (!file->is_block &&
        publish_replace(file->dirfd, file->temp, file->fd, base_of(file->target), err) < 0)
        return -1;
    if (drop_cache)
        (void)posix_fadvise(file->fd, 0, 0, POSIX_FADV_DONTNEED); /* an advice */
    return 0;
}

int image_file_publish_new(struct image_file *file, struct verror *err)
{
    static const struct perms perms = PERMS_INIT;

    return publish_commit(file->dirfd, file->temp, file->fd, base_of(file->target), &perms, err);
}

void image_file_unpublish(const struct image_file *file)
{
    const char *name = base_of(file->target);

    if (publish_is_done(file->dirfd, name, file->dev, file->ino) > 0)
        publish_discard(file->dirfd, name);
}

void image_file_discard(const char *path, uint64_t job_id)
{
    _cleanup_free_ char *target = find_target(path);
    _cleanup_close_ int dirfd = open_dir_of(target, NULL);
    char temp[PUBLISH_TEMP_MAX];

    publish_temp_name(temp, job_id);
    if (dirfd >= 0)
        publish_discard(dirfd, temp);
}
