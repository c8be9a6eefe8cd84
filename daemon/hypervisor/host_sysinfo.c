/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the firmware calls this machine, from /sys/class/dmi; see host_stats.h. */

#include <string.h>

#include "hypervisor/host_files.h"
#include "hypervisor/host_stats.h"
#include "util/alloc.h"
#include "xml/xml_write.h"

/* Rows of one block stand together.  Serial numbers and the UUID only root may read. */
static const struct {
    const char *block, *entry, *file;
} entries[] = {
    { "bios", "vendor", "bios_vendor" },
    { "bios", "version", "bios_version" },
    { "bios", "date", "bios_date" },
    { "bios", "release", "bios_release" },
    { "system", "manufacturer", "sys_vendor" },
    { "system", "product", "product_name" },
    { "system", "version", "product_version" },
    { "system", "serial", "product_serial" },
    { "system", "uuid", "product_uuid" },
    { "system", "sku", "product_sku" },
    { "system", "family", "product_family" },
    { "baseBoard", "manufacturer", "board_vendor" },
    { "baseBoard", "product", "board_name" },
    { "baseBoard", "version", "board_version" },
    { "baseBoard", "serial", "board_serial" },
    { "baseBoard", "asset", "board_asset_tag" },
    { "chassis", "manufacturer", "chassis_vendor" },
    { "chassis", "version", "chassis_version" },
    { "chassis", "serial", "chassis_serial" },
    { "chassis", "asset", "chassis_asset_tag" },
};

/* Firmware pads its texts. */
static char *read_entry(const char *root, const char *file)
{
    char *text = host_file_read("%s/sys/class/dmi/id/%s", root, file);
    size_t len = text ? strlen(text) : 0;

    while (len && text[len - 1] == ' ')
        text[--len] = '\0';
    if (len)
        return text;
    free(text);
    return NULL;
}

char *host_sysinfo_xml(const char *root, struct verror *err)
{
    struct xml_writer writer = XML_WRITER_INIT;
    const char *block = NULL;

    xml_open(&writer, "sysinfo", "type", "smbios", NULL);
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        _cleanup_free_ char *text = read_entry(root, entries[i].file);

        if (!text)
            continue;
        if (!block || strcmp(block, entries[i].block) != 0) {
            if (block)
                xml_close(&writer, block);
            block = entries[i].block;
            xml_open(&writer, block, NULL);
        }
        xml_element_attrs(&writer, "entry", text, "name", entries[i].entry, NULL);
    }
    if (block)
        xml_close(&writer, block);
    xml_close(&writer, "sysinfo");
    if (block)
        return xml_writer_take(&writer);
    free(xml_writer_take(&writer));
    (void)verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "Host SMBIOS information is not available");
    return NULL;
}
