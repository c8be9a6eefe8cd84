/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Other XML in an existing save image.  The XML has one place, and a crash while
 * it is written there would leave half of each: a guest lost.  So a file is
 * replaced by a new one, whose stream is shared with the old where the file system
 * can, else copied.  In place go a changed state alone, which lies in the first
 * sector, and a block device, which has no name to replace.  Workers.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "hypervisor/qemu/save_image_internal.h"
#include "storage/publish.h"
#include "util/alloc.h"
#include "xml/vol_xml.h"

enum { PIECE = 1024 * 1024 };

/* An image that is being rewritten. */
struct rewrite {
    const char *path;
    int fd;
    struct image_header header;
    struct save_image old;
    const struct save_image *image;
};

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static int sync_file(int fd, const char *path, struct verror *err)
{
    return fsync(fd) < 0 ? verror_errno(err, errno, "cannot write '%s' to disk", path) : 0;
}

/* The XML stays where it is, and the cookie wherever its writer put it. */
static int write_state(struct rewrite *rewrite, struct verror *err)
{
    rewrite->header.words[IMAGE_WAS_RUNNING] = rewrite->image->was_running;
    if (save_image_put(rewrite->fd, rewrite->path, &rewrite->header, sizeof(rewrite->header), err) <
        0)
        return -1;
    return sync_file(rewrite->fd, rewrite->path, err);
}

/* For kernels and file systems without copy_file_range.  Bytes copied, or -1. */
static ssize_t copy_piece(int src, off_t *src_pos, int dst, off_t *dst_pos, size_t len)
{
    _cleanup_free_ char *buf = xmalloc(PIECE);
    ssize_t n = pread(src, buf, len < PIECE ? len : PIECE, *src_pos);
    ssize_t written = n > 0 ? pwrite(dst, buf, (size_t)n, *dst_pos) : n;

    if (written > 0) {
        *src_pos += written;
        *dst_pos += written;
    }
    return written;
}

/* -errno; a source that is shorter than it was is EIO. */
static int copy_range(int src, uint64_t src_at, int dst, uint64_t dst_at, uint64_t len)
{
    off_t src_pos = (off_t)src_at, dst_pos = (off_t)dst_at, end = (off_t)(src_at + len);
    bool by_kernel = true;

    while (src_pos < end) {
        size_t left = (size_t)(end - src_pos);
        ssize_t n = by_kernel ? copy_file_range(src, &src_pos, dst, &dst_pos, left, 0)
                              : copy_piece(src, &src_pos, dst, &dst_pos, left);

        if (n > 0 || (n < 0 && errno == EINTR))
            continue;
        if (!by_kernel)
            return n < 0 ? -errno : -EIO;
        if (n < 0 && errno == ENOSPC)
            return -ENOSPC;
        by_kernel = false; /* whatever it was, reading and writing will tell */
    }
    return 0;
}

/* The old stream, and before it what image says. */
static int fill(const struct rewrite *rewrite, int fd, struct verror *err)
{
    const struct save_image *old = &rewrite->old;
    bool fits = sizeof(struct image_header) + save_image_data_size(rewrite->image) <= old->stream;
    uint64_t stream = fits ? old->stream : save_image_stream_for(rewrite->image);
    _cleanup_free_ char *head =
        save_image_head(rewrite->image, &rewrite->header, IMAGE_WHOLE, stream);
    /* from its first byte where it stays: whole pages, which may be shared */
    uint64_t from = fits ? 0 : old->stream, to = fits ? 0 : stream;
    int r = copy_range(rewrite->fd, from, fd, to, old->size - from);

    if (r < 0)
        return verror_errno(err, r, "cannot copy '%s'", rewrite->path);
    return save_image_put(fd, rewrite->path, head, stream, err);
}

/* Whose it was; a daemon without the right to do that keeps what it makes. */
static int keep_owner(const struct rewrite *rewrite, int fd, struct verror *err)
{
    struct stat st;

    if (fstat(rewrite->fd, &st) < 0 || (fchown(fd, st.st_uid, st.st_gid) < 0 && errno != EPERM) ||
        fchmod(fd, st.st_mode & 07777) < 0)
        return verror_errno(err, errno, "cannot keep the owner of '%s'", rewrite->path);
    return 0;
}

static int replace(const struct rewrite *rewrite, int dirfd, const char *temp, const char *name,
                   struct verror *err)
{
    _cleanup_close_ int fd = publish_create(dirfd, temp, err);

    if (fd < 0)
        return -1;
    if (fill(rewrite, fd, err) < 0 || keep_owner(rewrite, fd, err) < 0 ||
        sync_file(fd, rewrite->path, err) < 0) {
        publish_discard(dirfd, temp);
        return -1;
    }
    if (renameat(dirfd, temp, dirfd, name) < 0) {
        (void)verror_errno(err, errno, "cannot replace '%s'", rewrite->path);
        publish_discard(dirfd, temp);
        return -1;
    }
    return sync_file(dirfd, rewrite->path, err);
}

/* By a new file beside it: the real one, where path is a symlink. */
static int write_new(const struct rewrite *rewrite, ino_t ino, struct verror *err)
{
    _cleanup_free_ char *real = realpath(rewrite->path, NULL);
    char temp[PUBLISH_TEMP_MAX], *slash = real ? strrchr(real, '/') : NULL;
    _cleanup_close_ int dirfd = -1;

    if (!slash)
        return verror_errno(err, errno, "cannot find '%s'", rewrite->path);
    *slash = '\0';
    dirfd = open(slash == real ? "/" : real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0)
        return verror_errno(err, errno, "cannot open the directory of '%s'", rewrite->path);
    /* the same name each time, so that what a crash leaves is replaced by the next try */
    (void)snprintf(temp, sizeof(temp), TEMP_NAME_PREFIX "image-%" PRIu64, (uint64_t)ino);
    return replace(rewrite, dirfd, temp, slash + 1, err);
}

static int write_device(const struct rewrite *rewrite, struct verror *err)
{
    _cleanup_free_ char *head = NULL;

    if (sizeof(struct image_header) + save_image_data_size(rewrite->image) > rewrite->old.stream)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "the XML of %zu bytes does not fit in front of the memory in '%s'",
                          save_image_data_size(rewrite->image), rewrite->path);
    head = save_image_head(rewrite->image, &rewrite->header, IMAGE_WHOLE, rewrite->old.stream);
    if (save_image_put(rewrite->fd, rewrite->path, head, rewrite->old.stream, err) < 0)
        return -1;
    return sync_file(rewrite->fd, rewrite->path, err);
}

static int rewrite_run(struct rewrite *rewrite, struct verror *err)
{
    struct stat st;

    if (same_text(rewrite->old.xml, rewrite->image->xml) &&
        same_text(rewrite->old.cookie, rewrite->image->cookie))
        return write_state(rewrite, err);
    if (save_image_check_size(rewrite->path, rewrite->image, err) < 0)
        return -1;
    if (fstat(rewrite->fd, &st) < 0)
        return verror_errno(err, errno, "cannot read '%s'", rewrite->path);
    return S_ISBLK(st.st_mode) ? write_device(rewrite, err) : write_new(rewrite, st.st_ino, err);
}

int save_image_rewrite(const char *path, const struct save_image *image, struct verror *err)
{
    struct rewrite rewrite = { .path = path, .fd = -1, .image = image };
    int r;

    rewrite.fd = save_image_load(path, true, &rewrite.header, &rewrite.old, err);
    if (rewrite.fd < 0)
        return -1;
    r = rewrite_run(&rewrite, err);
    save_image_clear(&rewrite.old);
    (void)close(rewrite.fd);
    return r;
}
