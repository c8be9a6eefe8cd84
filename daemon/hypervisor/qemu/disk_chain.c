/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files below a disk image.  The disk's own format is what the XML says, a
 * backing file's what the image above it says: one that is found out by looking
 * would let a guest that writes to a raw disk choose a format, and with it a
 * file of the host to read.  Workers; owns nothing between calls.
 */

#include "hypervisor/qemu/disk_chain.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "storage/probe_image.h"
#include "util/alloc.h"

/* Formats that QEMU opens without a secret, by our number. */
static const char *const qemu_names[VOL_FORMAT_MAX] = {
    [VOL_FORMAT_RAW] = "raw",   [VOL_FORMAT_QCOW2] = "qcow2",
    [VOL_FORMAT_QCOW] = "qcow", [VOL_FORMAT_QED] = "qed",
    [VOL_FORMAT_VMDK] = "vmdk", [VOL_FORMAT_VDI] = "vdi",
    [VOL_FORMAT_VPC] = "vpc",   [VOL_FORMAT_VHDX] = "vhdx",
    [VOL_FORMAT_ISO] = "raw", /* QEMU has no such format; its bytes are the disk's */
};

_Static_assert(VOL_FORMAT_MAX == 11, "a new volume format: can QEMU open it?");

/* The next image to look at, and why. */
struct link {
    char *path;
    char *named;       /* as the image above says it */
    int format;        /* enum vol_format */
    const char *above; /* path of the image that names it, NULL: the disk itself */
    int fd;            /* it is open already, and stays so; else -1 */
};

const char *disk_chain_format(const char *name)
{
    for (size_t i = 0; name && i < VOL_FORMAT_MAX; i++)
        if (qemu_names[i] && strcmp(qemu_names[i], name) == 0)
            return qemu_names[i];
    return NULL;
}

void disk_chain_clear(struct disk_chain *chain)
{
    for (size_t i = 0; i < chain->n; i++) {
        free(chain->images[i].path);
        free(chain->images[i].named);
    }
    free(chain->images);
    *chain = (struct disk_chain){ 0 };
}

static int link_errno(const struct link *link, int errnum, struct verror *err)
{
    if (link->above)
        return verror_errno(err, errnum, "cannot open '%s', the backing file of '%s'", link->path,
                            link->above);
    return verror_errno(err, errnum, "cannot open '%s'", link->path);
}

/* Only its existence matters of a raw one, which root may be unable to read (NFS). */
static int link_open(const struct link *link, struct disk_image *image, struct verror *err)
{
    int flags = link->format == VOL_FORMAT_RAW ? O_PATH : O_RDONLY | O_NONBLOCK | O_NOCTTY;
    _cleanup_close_ int fd = link->fd >= 0 ? fcntl(link->fd, F_DUPFD_CLOEXEC, 0)
                                           : open(link->path, flags | O_CLOEXEC);
    struct stat st; /* nothing was waited for, as of a fifo */

    if (fd < 0 || fstat(fd, &st) < 0)
        return link_errno(link, errno, err);
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "'%s' is neither a file nor a block device", link->path);
    image->is_block = S_ISBLK(st.st_mode);
    image->dev = image->is_block ? st.st_rdev : st.st_dev;
    image->ino = image->is_block ? 0 : st.st_ino;
    return steal_fd(&fd);
}

static int check_loop(const struct disk_chain *chain, const struct disk_image *image,
                      const struct link *link, struct verror *err)
{
    for (size_t i = 0; i < chain->n; i++)
        if (chain->images[i].dev == image->dev && chain->images[i].ino == image->ino)
            return verror_set(err, VIR_ERR_OPERATION_FAILED,
                              "the backing files of '%s' are a loop: '%s' names '%s', which is "
                              "above it",
                              chain->images[0].path, link->above, link->path);
    if (chain->n >= DISK_CHAIN_MAX)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "'%s' has more than %d backing files below it: '%s' names '%s'",
                          chain->images[0].path, DISK_CHAIN_MAX - 1, link->above, link->path);
    return 0;
}

/* The backing name as an absolute path, a new string. */
static char *resolve(const char *image, const char *name, struct verror *err)
{
    static const char file[] = "file:";
    const char *rest = strncmp(name, file, sizeof(file) - 1) == 0 ? name + sizeof(file) - 1 : name;

    /* QEMU's rule: "scheme:…" before any slash is no file name, "json:" among them */
    if (rest[strcspn(rest, ":/")] == ':' || !*rest) {
        (void)verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                         "the backing file '%s' of '%s' is no file", name, image);
        return NULL;
    }
    if (*rest == '/')
        return xstrdup(rest);
    return xasprintf("%.*s%s", (int)(strrchr(image, '/') + 1 - image), image, rest);
}

/* The link below, as facts tell; path NULL at the end of the chain. */
static int next_link(const struct image_facts *facts, const char *above, struct link *link,
                     struct verror *err)
{
    if (!facts->backing)
        return 0;
    /* as libvirt: QEMU would look for itself, and believe what a guest wrote */
    if (facts->backing_format < 0)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "format of backing image '%s' of image '%s' was not specified in the "
                          "image metadata, or is unknown (qemu-img rebase -u -F sets it)",
                          facts->backing, above);
    link->path = resolve(above, facts->backing, err);
    link->format = facts->backing_format;
    link->above = above;
    link->named = xstrdup(facts->backing);
    return link->path ? 0 : -1;
}

/* Where a client's own descriptor stands in its file is not changed. */
static int image_size(int fd, bool is_block, uint64_t *ret_size)
{
    struct stat st;

    if (is_block)
        return ioctl(fd, BLKGETSIZE64, ret_size);
    if (fstat(fd, &st) < 0)
        return -1;
    *ret_size = (uint64_t)st.st_size;
    return 0;
}

/* What lies below an image that is not raw. */
static int read_image(int fd, const struct disk_image *image, const struct link *link,
                      struct link *next, struct verror *err)
{
    _cleanup_free_ char *backing = NULL;
    struct image_facts facts;
    uint64_t size = 0;

    if (image_size(fd, image->is_block, &size) < 0)
        return verror_errno(err, errno, "cannot tell the size of '%s'", image->path);
    image_probe(fd, size, &facts);
    backing = facts.backing;
    if ((int)facts.format != link->format)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "'%s' is not an image of format '%s', as %s says", image->path,
                          image->format, link->above ? link->above : "the domain's XML");
    if (facts.encrypted)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "'%s' is encrypted, and this driver has no secrets", image->path);
    return next_link(&facts, image->path, next, err);
}

/* Adds the image that link names; *next is the link below. */
static int chain_add(struct disk_chain *chain, struct link *link, struct link *next,
                     struct verror *err)
{
    struct disk_image image = { .format = qemu_names[link->format] };
    _cleanup_close_ int fd = -1;

    if (!image.format)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "format '%s' of '%s' is not provided",
                          vol_format_name((enum vol_format)link->format), link->path);
    fd = link_open(link, &image, err);
    if (fd < 0 || check_loop(chain, &image, link, err) < 0)
        return -1;
    image.path = STEAL_PTR(link->path);
    image.named = STEAL_PTR(link->named);
    chain->images = xrealloc(chain->images, chain->n + 1, sizeof(*chain->images));
    chain->images[chain->n++] = image;
    if (strcmp(image.format, "raw") == 0)
        return 0;
    return read_image(fd, &image, link, next, err);
}

char *disk_chain_relative(const struct disk_chain *chain, size_t at)
{
    char *name = xstrdup("");

    for (size_t i = 1; i <= at && i < chain->n && name; i++) {
        const char *slash = strrchr(name, '/'), *named = chain->images[i].named;
        char *next = NULL;

        if (*named != '/')
            next = xasprintf("%.*s%s", slash ? (int)(slash + 1 - name) : 0, name, named);
        free(name);
        name = next;
    }
    return name;
}

int disk_chain_find(const char *path, const char *format, struct disk_chain *ret_chain,
                    struct verror *err)
{
    return disk_chain_find_open(-1, path, format, ret_chain, err);
}

int disk_chain_find_open(int fd, const char *path, const char *format,
                         struct disk_chain *ret_chain, struct verror *err)
{
    struct link link = {
        .format = format ? vol_format_from_name(format) : VOL_FORMAT_RAW,
        .fd = fd,
    };
    struct disk_chain chain = { 0 };
    int r = 0;

    if (path[0] != '/')
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "the path '%s' of a disk is not absolute", path);
    if (link.format < 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "format '%s' of '%s' is not provided",
                          format, path);
    link.path = xstrdup(path);
    while (r == 0 && link.path) {
        struct link next = { .fd = -1 };

        r = chain_add(&chain, &link, &next, err);
        free(link.path);
        free(link.named);
        link = next;
    }
    free(link.path);
    free(link.named);
    if (r < 0) {
        disk_chain_clear(&chain);
        return -1;
    }
    *ret_chain = chain;
    return 0;
}
