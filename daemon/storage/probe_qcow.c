/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * QEMU's own formats: qcow2 (version 2 and 3), qcow and QED.  Offsets are
 * those of QEMU's format documents.  Worker threads.
 */

#include <string.h>

#include "storage/probe_image.h"
#include "util/alloc.h"

/* qcow and qcow2 share their first bytes. */
#define QCOW_MAGIC 0x514649fbu /* "QFI\xfb" */

enum {
    QCOW2_V2_HEADER = 72,
    QCOW2_V3_HEADER = 104,
    QCOW2_CLUSTER_BITS_MIN = 9,
    QCOW2_CLUSTER_BITS_MAX = 21,
    QCOW2_CLUSTER_BITS_MIN_EXTENDED_L2 = 14,
    QCOW2_CRYPT_MAX = 2, /* none, AES, LUKS */
    QCOW2_COMPATIBLE_LAZY_REFCOUNTS = 1 << 0,
    QCOW2_INCOMPATIBLE_DATA_FILE = 1 << 2,
    QCOW2_INCOMPATIBLE_EXTENDED_L2 = 1 << 4,
    /* dirty, corrupt, external data file, compression type, extended L2 */
    QCOW2_INCOMPATIBLE_KNOWN = 0x1f,
};

#define QCOW2_EXTENSION_BACKING_FORMAT 0xe2792acau
/* QEMU writes four at most; a header full of empty ones must not cost a read each. */
#define QCOW2_EXTENSIONS_MAX 64

/* The format named by a backing file's header extension, -1 = unknown to us. */
static int qcow2_read_format_name(const struct image *image, uint64_t offset, uint32_t len)
{
    char name[16];

    if (len == 0 || len >= sizeof(name) || !image_read(image, offset, name, len))
        return -1;
    name[len] = '\0';
    return vol_format_from_name(name);
}

/* Header extensions: type, length, data padded to eight bytes, up to a type 0 or to end. */
static int qcow2_backing_format(const struct image *image, uint64_t offset, uint64_t end)
{
    for (int i = 0; i < QCOW2_EXTENSIONS_MAX; i++) {
        unsigned char extension[8];
        uint32_t type, len;

        if (offset + sizeof(extension) > end ||
            !image_read(image, offset, extension, sizeof(extension)))
            return -1;
        type = be32(extension);
        len = be32(extension + 4);
        offset += sizeof(extension);
        if (type == 0 || len > end - offset)
            return -1;
        if (type == QCOW2_EXTENSION_BACKING_FORMAT)
            return qcow2_read_format_name(image, offset, len);
        offset += ((uint64_t)len + 7) & ~(uint64_t)7;
    }
    return -1;
}

static bool qcow2_read_backing(const struct image *image, uint64_t header_len,
                               struct image_facts *facts)
{
    uint64_t offset = be64(image->head + 8);
    uint32_t len = be32(image->head + 16);

    if (offset == 0 || len == 0)
        return true;
    if (offset > facts->cluster_size || len > facts->cluster_size - offset)
        return false; /* it must lie in the first cluster */
    facts->backing = image_read_name(image, offset, len);
    if (!facts->backing)
        return false;
    facts->backing_format = qcow2_backing_format(image, header_len, offset);
    return true;
}

static bool qcow2_read_v3(const struct image *image, struct image_facts *facts)
{
    const unsigned char *head = image->head;
    uint64_t incompatible = be64(head + 72);
    uint64_t compatible = be64(head + 80);
    uint32_t header_len = be32(head + 100);

    if (image->head_len < QCOW2_V3_HEADER || (incompatible & ~(uint64_t)QCOW2_INCOMPATIBLE_KNOWN) ||
        header_len < QCOW2_V3_HEADER || header_len > facts->cluster_size)
        return false;
    facts->compat = "1.1";
    facts->lazy_refcounts = compatible & QCOW2_COMPATIBLE_LAZY_REFCOUNTS;
    facts->names_files = incompatible & QCOW2_INCOMPATIBLE_DATA_FILE;
    facts->extended_l2 = incompatible & QCOW2_INCOMPATIBLE_EXTENDED_L2;
    if (facts->extended_l2 &&
        facts->cluster_size < UINT64_C(1) << QCOW2_CLUSTER_BITS_MIN_EXTENDED_L2)
        return false;
    return qcow2_read_backing(image, header_len, facts);
}

bool image_read_qcow2(const struct image *image, struct image_facts *facts)
{
    const unsigned char *head = image->head;
    uint32_t version = be32(head + 4), cluster_bits = be32(head + 20), crypt = be32(head + 32);

    if (image->head_len < QCOW2_V2_HEADER || be32(head) != QCOW_MAGIC || version < 2 ||
        version > 3 || cluster_bits < QCOW2_CLUSTER_BITS_MIN ||
        cluster_bits > QCOW2_CLUSTER_BITS_MAX || crypt > QCOW2_CRYPT_MAX)
        return false;
    facts->format = VOL_FORMAT_QCOW2;
    facts->capacity = be64(head + 24);
    facts->cluster_size = UINT64_C(1) << cluster_bits;
    facts->encrypted = crypt != 0;
    if (version == 3)
        return qcow2_read_v3(image, facts);
    facts->compat = "0.10";
    return qcow2_read_backing(image, QCOW2_V2_HEADER, facts);
}

bool image_read_qcow(const struct image *image, struct image_facts *facts)
{
    enum { HEADER = 48, CLUSTER_BITS_MIN = 9, CLUSTER_BITS_MAX = 16, CRYPT_MAX = 1 };
    const unsigned char *head = image->head;
    uint64_t backing = be64(head + 8);
    uint32_t crypt = be32(head + 36);

    if (image->head_len < HEADER || be32(head) != QCOW_MAGIC || be32(head + 4) != 1 ||
        head[32] < CLUSTER_BITS_MIN || head[32] > CLUSTER_BITS_MAX || crypt > CRYPT_MAX)
        return false;
    facts->format = VOL_FORMAT_QCOW;
    facts->capacity = be64(head + 24);
    facts->encrypted = crypt != 0;
    if (backing == 0 || be32(head + 16) == 0)
        return true;
    facts->backing = image_read_name(image, backing, be32(head + 16));
    return facts->backing != NULL;
}

bool image_read_qed(const struct image *image, struct image_facts *facts)
{
    enum { HEADER = 64, FEATURE_BACKING = 1 << 0, FEATURE_BACKING_RAW = 1 << 2 };
    static const char magic[4] = { 'Q', 'E', 'D', '\0' };
    const unsigned char *head = image->head;
    uint64_t features = le64(head + 16);

    if (image->head_len < HEADER || memcmp(head, magic, sizeof(magic)) != 0 || (features & ~7ull))
        return false;
    facts->format = VOL_FORMAT_QED;
    facts->capacity = le64(head + 48);
    if (!(features & FEATURE_BACKING))
        return true;
    facts->backing = image_read_name(image, le32(head + 56), le32(head + 60));
    if (features & FEATURE_BACKING_RAW)
        facts->backing_format = VOL_FORMAT_RAW;
    return facts->backing != NULL;
}
