/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's QEMU save image:
 *
 *   0   magic, 16 bytes
 *   16  19 words of 32 bits in the writer's byte order: version, length of the data,
 *       was it running, compression, offset of the cookie in the data (0 = none), unused
 *   92  data: XML, NUL, cookie, NUL, zeros - room for other XML later
 *       QEMU's migration stream
 *
 * The magic says how far it is.  It lies in the first sector, which a disk writes
 * whole or not at all, so its change is one step.  Workers; owns nothing between calls.
 */

#include "hypervisor/qemu/save_image.h"

#include <byteswap.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "hypervisor/qemu/save_image_internal.h"
#include "util/alloc.h"

enum {
    IMAGE_VERSION = 2,
    COMPRESSION_MAX = 5, /* zstd */
    DATA_MAX = 64 * 1024 * 1024,
    ROOM = 64 * 1024,    /* as libvirt leaves */
    STREAM_ALIGN = 4096, /* whole pages for QEMU to write, and to share when the file is copied */
};

static const char *const magics[] = {
    [IMAGE_WHOLE] = "LibvirtQemudSave",
    [IMAGE_PARTIAL] = "LibvirtQemudPart",
    [IMAGE_SPENT] = "VirtjobdSpentImg", /* ours: to libvirt it is no image */
};

void save_image_clear(struct save_image *image)
{
    free(image->xml);
    free(image->cookie);
    *image = (struct save_image){ 0 };
}

int save_image_put(int fd, const char *path, const void *bytes, size_t len, struct verror *err)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = pwrite(fd, (const char *)bytes + done, len - done, (off_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return verror_errno(err, n < 0 ? errno : EIO, "cannot write to '%s'", path);
        done += (size_t)n;
    }
    return 0;
}

/* --- writing --- */

size_t save_image_data_size(const struct save_image *image)
{
    return strlen(image->xml) + 1 + (image->cookie ? strlen(image->cookie) + 1 : 0);
}

uint64_t save_image_stream_for(const struct save_image *image)
{
    uint64_t end = sizeof(struct image_header) + save_image_data_size(image) + ROOM;

    return (end + STREAM_ALIGN - 1) / STREAM_ALIGN * STREAM_ALIGN;
}

char *save_image_head(const struct save_image *image, const struct image_header *old,
                      enum image_magic magic, uint64_t stream)
{
    char *head = xcalloc(1, stream);
    struct image_header header = *old;
    size_t xml_size = strlen(image->xml) + 1;

    memcpy(header.magic, magics[magic], sizeof(header.magic));
    header.words[IMAGE_VERSION_WORD] = IMAGE_VERSION;
    header.words[IMAGE_DATA_LEN] = (uint32_t)(stream - sizeof(header));
    header.words[IMAGE_WAS_RUNNING] = image->was_running;
    header.words[IMAGE_COOKIE] = image->cookie ? (uint32_t)xml_size : 0;
    memcpy(head, &header, sizeof(header));
    memcpy(head + sizeof(header), image->xml, xml_size);
    if (image->cookie)
        memcpy(head + sizeof(header) + xml_size, image->cookie, strlen(image->cookie));
    return head;
}

int save_image_check_size(const char *path, const struct save_image *image, struct verror *err)
{
    if (save_image_stream_for(image) - sizeof(struct image_header) <= DATA_MAX)
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_FAILED,
                      "the XML of %zu bytes is too large for save image '%s'",
                      save_image_data_size(image), path);
}

int save_image_begin(int fd, const char *path, const struct save_image *image, struct verror *err)
{
    struct image_header header = { 0 };
    uint64_t stream = save_image_stream_for(image);
    _cleanup_free_ char *head = NULL;

    if (save_image_check_size(path, image, err) < 0)
        return -1;
    header.words[IMAGE_COMPRESSION] = (uint32_t)image->compression;
    head = save_image_head(image, &header, IMAGE_PARTIAL, stream);
    if (save_image_put(fd, path, head, stream, err) < 0)
        return -1;
    if (lseek(fd, (off_t)stream, SEEK_SET) < 0)
        return verror_errno(err, errno, "cannot write to '%s'", path);
    return 0;
}

static int sync_image(int fd, const char *path, struct verror *err)
{
    return fdatasync(fd) < 0 ? verror_errno(err, errno, "cannot write '%s' to disk", path) : 0;
}

static int put_magic(int fd, const char *path, enum image_magic magic, struct verror *err)
{
    if (save_image_put(fd, path, magics[magic], IMAGE_MAGIC_SIZE, err) < 0)
        return -1;
    return sync_image(fd, path, err);
}

/* What stands before is on disk first. */
static int set_magic(int fd, const char *path, enum image_magic magic, struct verror *err)
{
    return sync_image(fd, path, err) < 0 ? -1 : put_magic(fd, path, magic, err);
}

int save_image_seal(int fd, const char *path, struct verror *err)
{
    return set_magic(fd, path, IMAGE_WHOLE, err);
}

/* --- reading --- */

/* As many bytes as there are. */
static ssize_t read_at(int fd, void *bytes, size_t len, off_t offset)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = pread(fd, (char *)bytes + done, len - done, offset + (off_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static int truncated(const char *path, struct verror *err)
{
    return verror_set(err, VIR_ERR_OPERATION_FAILED, "save image '%s' is truncated", path);
}

static int check_magic(const char *path, const struct image_header *header, struct verror *err)
{
    if (memcmp(header->magic, magics[IMAGE_WHOLE], IMAGE_MAGIC_SIZE) == 0)
        return 0;
    if (memcmp(header->magic, magics[IMAGE_PARTIAL], IMAGE_MAGIC_SIZE) == 0)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "save image '%s' is only partly written: its save has not ended, or has "
                          "been interrupted",
                          path);
    if (memcmp(header->magic, magics[IMAGE_SPENT], IMAGE_MAGIC_SIZE) == 0)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "save image '%s' is spent: its guest has been restored from it and has "
                          "run on since",
                          path);
    return verror_set(err, VIR_ERR_OPERATION_FAILED, "'%s' is not a save image", path);
}

/* One of a machine of the other byte order is turned into ours. */
static int check_version(const char *path, struct image_header *header, struct verror *err)
{
    uint32_t version = header->words[IMAGE_VERSION_WORD];

    if (bswap_32(version) == IMAGE_VERSION) {
        for (size_t i = 0; i < IMAGE_WORDS; i++)
            header->words[i] = bswap_32(header->words[i]);
        version = IMAGE_VERSION;
    }
    if (version != IMAGE_VERSION)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "save image '%s' is of version %u or of an unknown byte order; version "
                          "%d is supported",
                          path, version, IMAGE_VERSION);
    return 0;
}

/* All numbers in it were written by whoever could write the file. */
static int check_numbers(const char *path, const struct image_header *header, uint64_t size,
                         struct verror *err)
{
    uint32_t data_len = header->words[IMAGE_DATA_LEN], cookie = header->words[IMAGE_COOKIE];

    if (data_len == 0 || data_len > DATA_MAX)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "save image '%s': the length of its XML, %u, cannot be", path, data_len);
    if (cookie >= data_len)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "save image '%s': its cookie lies at %u, beyond its data", path, cookie);
    if (header->words[IMAGE_COMPRESSION] > COMPRESSION_MAX)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "save image '%s' is compressed in an unknown way, %u", path,
                          header->words[IMAGE_COMPRESSION]);
    /* without a byte of stream it is none */
    return size <= sizeof(*header) + data_len ? truncated(path, err) : 0;
}

static int read_header(int fd, const char *path, uint64_t size, struct image_header *ret_header,
                       struct verror *err)
{
    struct image_header header = { 0 };
    ssize_t n = read_at(fd, &header, sizeof(header), 0);

    if (n < 0)
        return verror_errno(err, errno, "cannot read '%s'", path);
    if (check_magic(path, &header, err) < 0)
        return -1;
    if ((size_t)n < sizeof(header))
        return truncated(path, err);
    if (check_version(path, &header, err) < 0 || check_numbers(path, &header, size, err) < 0)
        return -1;
    *ret_header = header;
    return 0;
}

/* A text that begins at offset and has its end before end.  NULL: it has none. */
static char *take_text(const char *data, size_t offset, size_t end)
{
    size_t len = strnlen(data + offset, end - offset);

    return len == 0 || len == end - offset ? NULL : xstrndup(data + offset, len);
}

static int read_data(int fd, const char *path, const struct image_header *header,
                     struct save_image *image, struct verror *err)
{
    size_t data_len = header->words[IMAGE_DATA_LEN], cookie = header->words[IMAGE_COOKIE];
    _cleanup_free_ char *data = xmalloc(data_len);
    ssize_t n = read_at(fd, data, data_len, sizeof(*header));

    if (n < 0)
        return verror_errno(err, errno, "cannot read '%s'", path);
    if ((size_t)n < data_len)
        return truncated(path, err);
    image->xml = take_text(data, 0, cookie ? cookie : data_len);
    if (!image->xml)
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "save image '%s' has no XML with an end",
                          path);
    if (cookie)
        image->cookie = take_text(data, cookie, data_len);
    if (cookie && !image->cookie)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "save image '%s' has no cookie with an end", path);
    return 0;
}

static int read_image(int fd, const char *path, struct image_header *header,
                      struct save_image *image, struct verror *err)
{
    struct stat st;
    off_t size;

    if (fstat(fd, &st) < 0)
        return verror_errno(err, errno, "cannot read '%s'", path);
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "'%s' is not a save image", path);
    size = lseek(fd, 0, SEEK_END); /* of devices too */
    if (size < 0)
        return verror_errno(err, errno, "cannot tell the size of '%s'", path);
    if (read_header(fd, path, (uint64_t)size, header, err) < 0 ||
        read_data(fd, path, header, image, err) < 0)
        return -1;
    image->was_running = header->words[IMAGE_WAS_RUNNING] != 0;
    image->compression = (int)header->words[IMAGE_COMPRESSION];
    image->stream = sizeof(*header) + header->words[IMAGE_DATA_LEN];
    image->size = (uint64_t)size;
    if (lseek(fd, (off_t)image->stream, SEEK_SET) < 0)
        return verror_errno(err, errno, "cannot read '%s'", path);
    return 0;
}

int save_image_load(const char *path, bool writable, struct image_header *ret_header,
                    struct save_image *ret, struct verror *err)
{
    /* a fifo does not hold us */
    int flags = (writable ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    _cleanup_close_ int fd = open(path, flags);
    struct save_image image = { 0 };

    if (fd < 0)
        return verror_errno(err, errno, "cannot open save image '%s'", path);
    if (read_image(fd, path, ret_header, &image, err) < 0) {
        save_image_clear(&image);
        return -1;
    }
    *ret = image;
    return steal_fd(&fd);
}

int save_image_open(const char *path, bool writable, struct save_image *ret, struct verror *err)
{
    struct image_header header;

    return save_image_load(path, writable, &header, ret, err);
}

/* One that cannot be read is restored by nobody. */
int save_image_unseal(int fd, const char *path, struct verror *err)
{
    char magic[IMAGE_MAGIC_SIZE];

    if (read_at(fd, magic, sizeof(magic), 0) < (ssize_t)sizeof(magic) ||
        memcmp(magic, magics[IMAGE_WHOLE], sizeof(magic)) != 0)
        return 0;
    return put_magic(fd, path, IMAGE_PARTIAL, err);
}

int save_image_spend(const char *path, struct verror *err)
{
    struct save_image image = { 0 };
    _cleanup_close_ int fd = save_image_open(path, true, &image, err);

    save_image_clear(&image);
    return fd < 0 ? -1 : set_magic(fd, path, IMAGE_SPENT, err);
}
