/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of volume formats and what each can do.  Constant data, any thread. */

#include <string.h>

#include "xml/vol_xml.h"

static const struct {
    const char *name;
    bool backing; /* QEMU can make one with a backing file */
} formats[VOL_FORMAT_MAX] = {
    [VOL_FORMAT_RAW] = { .name = "raw" },
    [VOL_FORMAT_QCOW2] = { .name = "qcow2", .backing = true },
    [VOL_FORMAT_QCOW] = { .name = "qcow", .backing = true },
    [VOL_FORMAT_QED] = { .name = "qed", .backing = true },
    [VOL_FORMAT_VMDK] = { .name = "vmdk", .backing = true },
    [VOL_FORMAT_VDI] = { .name = "vdi" },
    [VOL_FORMAT_VPC] = { .name = "vpc" },
    [VOL_FORMAT_VHDX] = { .name = "vhdx" },
    [VOL_FORMAT_LUKS] = { .name = "luks" },
    [VOL_FORMAT_ISO] = { .name = "iso" },
    [VOL_FORMAT_DIR] = { .name = "dir" },
};

_Static_assert(VOL_FORMAT_MAX == 11, "a new volume format needs a row");

const char *vol_format_name(enum vol_format format)
{
    return formats[format].name;
}

int vol_format_from_name(const char *name)
{
    for (int i = 0; i < VOL_FORMAT_MAX; i++)
        if (strcmp(formats[i].name, name) == 0)
            return i;
    return -1;
}

bool vol_format_has_backing(enum vol_format format)
{
    return formats[format].backing;
}
