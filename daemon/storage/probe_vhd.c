/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Microsoft's disks: VHD ("vpc" to QEMU), which keeps its header at the end
 * and often a copy at the start, and VHDX, which keeps everything in regions
 * found through tables.  Worker threads.
 */

#include <string.h>

#include "storage/probe_image.h"

enum {
    SECTOR = 512,
    VHD_FIXED = 2,
    VHD_DYNAMIC = 3,
    VHD_DIFFERENCING = 4,
};

/* The one's complement of the sum of all bytes but the checksum's own. */
static bool vhd_checksum_ok(const unsigned char footer[SECTOR])
{
    enum { AT = 64, LEN = 4 };
    uint32_t sum = 0;

    for (int i = 0; i < SECTOR; i++)
        if (i < AT || i >= AT + LEN)
            sum += footer[i];
    return be32(footer + AT) == ~sum;
}

/* Virtual PC goes by geometry, Hyper-V and others by the size: QEMU asks who made the image. */
static uint64_t vhd_capacity(const unsigned char footer[SECTOR])
{
    static const char sized_by_footer[][5] = { "win ", "qem2", "d2v " };
    const uint64_t max_geometry = UINT64_C(65535) * 16 * 255;
    uint64_t sectors = (uint64_t)be16(footer + 56) * footer[58] * footer[59];
    const unsigned char *creator = footer + 28;
    bool by_footer = memcmp(creator, "tap", 3) == 0 || sectors == max_geometry;

    for (size_t i = 0; i < sizeof(sized_by_footer) / sizeof(sized_by_footer[0]); i++)
        by_footer = by_footer || memcmp(creator, sized_by_footer[i], 4) == 0;
    return by_footer ? be64(footer + 48) : sectors * SECTOR;
}

static bool vhd_read_footer(const unsigned char footer[SECTOR], struct image_facts *facts)
{
    if (memcmp(footer, "conectix", 8) != 0 || !vhd_checksum_ok(footer))
        return false;
    facts->format = VOL_FORMAT_VPC;
    facts->capacity = vhd_capacity(footer);
    return true;
}

bool image_read_vpc(const struct image *image, struct image_facts *facts)
{
    unsigned char footer[SECTOR];
    uint32_t type;

    if (image->head_len >= SECTOR && vhd_read_footer(image->head, facts)) {
        type = be32(image->head + 60);
        return type == VHD_DYNAMIC || type == VHD_DIFFERENCING;
    }
    /* a fixed disk: plain data, then the footer */
    return image->size >= 2 * SECTOR && image->size % SECTOR == 0 &&
           image_read(image, image->size - SECTOR, footer, SECTOR) &&
           vhd_read_footer(footer, facts) && be32(footer + 60) == VHD_FIXED;
}

/* GUIDs as they lie in the file. */
static const unsigned char vhdx_metadata_region[16] = {
    0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b, 0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e,
};
static const unsigned char vhdx_disk_size_item[16] = {
    0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48, 0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4, 0xb8,
};

enum { VHDX_ENTRY = 32, VHDX_ENTRIES_MAX = 2047 };

/* Finds the entry with that GUID in a table of 32-byte entries. */
static bool vhdx_find(const struct image *image, uint64_t offset, uint32_t count,
                      const unsigned char guid[16], unsigned char entry[VHDX_ENTRY])
{
    enum { BATCH = 64 };
    unsigned char entries[BATCH * VHDX_ENTRY];

    if (count > VHDX_ENTRIES_MAX)
        return false;
    while (count > 0) {
        uint32_t batch = count < BATCH ? count : BATCH;

        if (!image_read(image, offset, entries, (size_t)batch * VHDX_ENTRY))
            return false;
        for (uint32_t i = 0; i < batch; i++)
            if (memcmp(entries + (size_t)i * VHDX_ENTRY, guid, 16) == 0) {
                memcpy(entry, entries + (size_t)i * VHDX_ENTRY, VHDX_ENTRY);
                return true;
            }
        offset += (uint64_t)batch * VHDX_ENTRY;
        count -= batch;
    }
    return false;
}

/* Region table -> metadata region -> item "virtual disk size". */
static bool vhdx_disk_size(const struct image *image, uint64_t *ret_size)
{
    enum { REGION_TABLE = 192 << 10, REGION_HEADER = 16, METADATA_HEADER = 32 };
    unsigned char head[METADATA_HEADER], entry[VHDX_ENTRY], size[8];
    uint64_t metadata;

    if (!image_read(image, REGION_TABLE, head, REGION_HEADER) || memcmp(head, "regi", 4) != 0 ||
        !vhdx_find(image, REGION_TABLE + REGION_HEADER, le32(head + 8), vhdx_metadata_region,
                   entry))
        return false;
    metadata = le64(entry + 16);
    if (metadata > image->size || !image_read(image, metadata, head, METADATA_HEADER) ||
        memcmp(head, "metadata", 8) != 0 ||
        !vhdx_find(image, metadata + METADATA_HEADER, le16(head + 10), vhdx_disk_size_item, entry))
        return false;
    if (le32(entry + 20) != sizeof(size) ||
        !image_read(image, metadata + le32(entry + 16), size, sizeof(size)))
        return false;
    *ret_size = le64(size);
    return true;
}

bool image_read_vhdx(const struct image *image, struct image_facts *facts)
{
    if (image->head_len < SECTOR || memcmp(image->head, "vhdxfile", 8) != 0)
        return false;
    facts->format = VOL_FORMAT_VHDX;
    return vhdx_disk_size(image, &facts->capacity);
}
