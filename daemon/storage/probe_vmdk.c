/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VMware's disks: a sparse extent with a descriptor inside, the older COWD, or
 * a text file that lists its extents.  Worker threads.
 */

#include <string.h>

#include "storage/probe_image.h"
#include "util/alloc.h"

enum {
    SECTOR = 512,
    DESCRIPTOR_MAX = 20 << 10, /* QEMU reads no more either */
};

#define DESCRIPTOR_START "# Disk DescriptorFile"

/* Extents, which even one with a descriptor inside may list. */
static void set_format(struct image_facts *facts)
{
    facts->format = VOL_FORMAT_VMDK;
    facts->names_files = true;
}

static bool sectors_to_bytes(uint64_t sectors, uint64_t *ret_bytes)
{
    return !__builtin_mul_overflow(sectors, (uint64_t)SECTOR, ret_bytes);
}

/* The descriptor as a string: up to max bytes, or to the file's end. */
static char *read_descriptor(const struct image *image, uint64_t offset, uint64_t max)
{
    uint64_t len = offset < image->size ? image->size - offset : 0;
    _cleanup_free_ char *text = NULL;

    if (len > max)
        len = max;
    if (len > DESCRIPTOR_MAX)
        len = DESCRIPTOR_MAX;
    if (len == 0)
        return NULL;
    text = xcalloc(1, len + 1);
    return image_read(image, offset, text, len) ? STEAL_PTR(text) : NULL;
}

/* The value of KEY="value" at the start of a line, within one line. */
static char *descriptor_value(const char *text, const char *key)
{
    for (const char *line = text; line; line = strchr(line, '\n')) {
        size_t len;

        line += *line == '\n';
        if (strncmp(line, key, strlen(key)) != 0)
            continue;
        line += strlen(key);
        len = strcspn(line, "\"\r\n");
        return line[len] == '"' ? xstrndup(line, len) : NULL;
    }
    return NULL;
}

static bool read_parent(const char *descriptor, struct image_facts *facts)
{
    char *parent = descriptor_value(descriptor, "parentFileNameHint=\"");

    if (!parent)
        return true;
    facts->backing = parent;
    return *parent && strlen(parent) <= BACKING_PATH_MAX;
}

bool image_read_vmdk_sparse(const struct image *image, struct image_facts *facts)
{
    enum { HEADER = 79 };
    const unsigned char *head = image->head;
    _cleanup_free_ char *descriptor = NULL;
    uint64_t offset, max;

    if (image->head_len < HEADER || memcmp(head, "KDMV", 4) != 0 || le32(head + 4) < 1 ||
        le32(head + 4) > 3 || !sectors_to_bytes(le64(head + 12), &facts->capacity))
        return false;
    set_format(facts);
    if (le64(head + 28) == 0)
        return true; /* one extent of several: the descriptor is a file of its own */
    if (!sectors_to_bytes(le64(head + 28), &offset) || !sectors_to_bytes(le64(head + 36), &max))
        return false;
    descriptor = read_descriptor(image, offset, max);
    return descriptor && read_parent(descriptor, facts);
}

bool image_read_vmdk_cowd(const struct image *image, struct image_facts *facts)
{
    if (image->head_len < SECTOR || memcmp(image->head, "COWD", 4) != 0 ||
        le32(image->head + 4) != 1)
        return false;
    set_format(facts);
    return sectors_to_bytes(le32(image->head + 12), &facts->capacity);
}

/* The sectors of a line such as 'RW 4192256 SPARSE "disk-s001.vmdk"', 0 for any other line. */
static uint64_t extent_sectors(const char *line)
{
    static const char *const accesses[] = { "RW ", "RDONLY ", "NOACCESS " };

    for (size_t i = 0; i < ARRAY_SIZE(accesses); i++) {
        size_t len = strlen(accesses[i]);

        if (strncmp(line, accesses[i], len) == 0 && line[len] >= '0' && line[len] <= '9')
            return strtoull(line + len, NULL, 10); /* too large stays too large, and is caught */
    }
    return 0;
}

/* The disk is as large as its extents together. */
static bool add_extents(const char *descriptor, uint64_t *ret_bytes)
{
    uint64_t sectors = 0;

    for (const char *line = descriptor; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (__builtin_add_overflow(sectors, extent_sectors(line), &sectors))
            return false;
    }
    return sectors_to_bytes(sectors, ret_bytes);
}

bool image_read_vmdk_descriptor(const struct image *image, struct image_facts *facts)
{
    _cleanup_free_ char *descriptor = NULL;

    if (image->head_len < strlen(DESCRIPTOR_START) ||
        memcmp(image->head, DESCRIPTOR_START, strlen(DESCRIPTOR_START)) != 0)
        return false;
    descriptor = read_descriptor(image, 0, DESCRIPTOR_MAX);
    if (!descriptor || !add_extents(descriptor, &facts->capacity))
        return false;
    set_format(facts);
    return read_parent(descriptor, facts);
}
