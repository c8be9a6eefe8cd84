/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which image format is it: the table of readers, the bounded reads they
 * stand on, and the formats that need only a few lines.  Worker threads.
 */

#include "storage/probe_image.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "util/alloc.h"

enum { SECTOR = 512 };

/* Tried in order; the first that takes the image wins. */
static image_reader *const readers[] = {
    image_read_qcow2,
    image_read_qcow,
    image_read_qed,
    image_read_vmdk_sparse,
    image_read_vmdk_cowd,
    image_read_vmdk_descriptor,
    image_read_vdi,
    image_read_vhdx,
    image_read_luks,
    image_read_iso,
    image_read_vpc, /* the last: it may look at the end of the file */
};

/* As many bytes as there are, up to len. */
static size_t read_up_to(int fd, uint64_t offset, void *bytes, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = pread(fd, (char *)bytes + done, len - done, (off_t)(offset + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break; /* shorter than it was, or a bad sector: what is not read is not believed */
        done += (size_t)n;
    }
    return done;
}

bool image_read(const struct image *image, uint64_t offset, void *bytes, size_t len)
{
    if (offset > INT64_MAX - len)
        return false;
    if (offset + len <= image->head_len) {
        memcpy(bytes, image->head + offset, len);
        return true;
    }
    return read_up_to(image->fd, offset, bytes, len) == len;
}

char *image_read_name(const struct image *image, uint64_t offset, uint64_t len)
{
    char name[BACKING_PATH_MAX];

    if (len == 0 || len > sizeof(name) || !image_read(image, offset, name, len) || !name[0])
        return NULL;
    return xstrndup(name, len);
}

static void facts_reset(struct image_facts *facts, uint64_t size)
{
    *facts = (struct image_facts){
        .format = VOL_FORMAT_RAW, .capacity = size, .backing_format = -1
    };
}

void image_probe(int fd, uint64_t size, struct image_facts *facts)
{
    struct image image = { .fd = fd, .size = size };

    image.head_len = read_up_to(fd, 0, image.head, sizeof(image.head));
    facts_reset(facts, size);
    for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
        if (readers[i](&image, facts) && facts->capacity <= INT64_MAX)
            return;
        free(facts->backing);
        facts_reset(facts, size);
    }
}

/* VirtualBox: a text, the signature at 64, the size of the disk at 368 (version 1.1). */
bool image_read_vdi(const struct image *image, struct image_facts *facts)
{
    const unsigned char *head = image->head;

    if (image->head_len < SECTOR || le32(head + 64) != 0xbeda107f || le32(head + 68) != 0x00010001)
        return false;
    facts->format = VOL_FORMAT_VDI;
    facts->capacity = le64(head + 368);
    return true;
}

/*
 * LUKS 1 and 2.  Capacity is the whole file, header included: without its key
 * such a volume is only ever copied, grown and wiped as the bytes it is.
 */
bool image_read_luks(const struct image *image, struct image_facts *facts)
{
    static const unsigned char magic[6] = "LUKS\xba\xbe";
    unsigned version = be16(image->head + sizeof(magic));

    if (image->head_len < SECTOR || memcmp(image->head, magic, sizeof(magic)) != 0 ||
        (version != 1 && version != 2))
        return false;
    facts->format = VOL_FORMAT_LUKS;
    facts->encrypted = true;
    return true;
}

/* ISO 9660: the first volume descriptor, sixteen sectors of 2048 bytes in. */
bool image_read_iso(const struct image *image, struct image_facts *facts)
{
    enum { DESCRIPTOR = 0x8001 };
    static const char magic[5] = { 'C', 'D', '0', '0', '1' };
    char found[sizeof(magic)];

    if (image->size < DESCRIPTOR + sizeof(magic) ||
        !image_read(image, DESCRIPTOR, found, sizeof(found)) ||
        memcmp(found, magic, sizeof(magic)) != 0)
        return false;
    facts->format = VOL_FORMAT_ISO;
    return true;
}
