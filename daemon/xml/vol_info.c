/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a volume is, as a value and as the XML that clients read.  Elements
 * stand in the order that libvirt prints them in.  Any thread.
 */

#include <string.h>

#include "util/alloc.h"
#include "xml/perms_xml.h"
#include "xml/vol_xml.h"
#include "xml/xml_write.h"

void vol_info_free(struct vol_info *info)
{
    if (!info)
        return;
    free(info->name);
    free(info->path);
    free(info->perms.label);
    free(info->compat);
    free(info->backing_path);
    free(info);
}

struct vol_info *vol_info_copy(const struct vol_info *info)
{
    struct vol_info *copy = XNEW(struct vol_info);

    *copy = *info;
    copy->name = xstrdup(info->name);
    copy->path = xstrdup(info->path);
    copy->perms.label = xstrdup(info->perms.label);
    copy->compat = xstrdup(info->compat);
    copy->backing_path = xstrdup(info->backing_path);
    return copy;
}

static const char *type_name(const struct vol_info *info)
{
    if (info->format == VOL_FORMAT_DIR)
        return "dir";
    return info->block ? "block" : "file";
}

static void format_time(struct xml_writer *writer, const char *name, const struct timespec *time)
{
    if (time->tv_nsec >= 0)
        xml_elementf(writer, name, "%lld.%09ld", (long long)time->tv_sec, time->tv_nsec);
}

static void format_timestamps(struct xml_writer *writer, const struct vol_info *info)
{
    if (!info->ctime.tv_sec)
        return; /* it is still being made */
    xml_open(writer, "timestamps", NULL);
    format_time(writer, "atime", &info->atime);
    format_time(writer, "mtime", &info->mtime);
    format_time(writer, "ctime", &info->ctime);
    format_time(writer, "btime", &info->btime);
    xml_close(writer, "timestamps");
}

static void format_features(struct xml_writer *writer, const struct vol_info *info)
{
    if (!info->lazy_refcounts && !info->extended_l2)
        return;
    xml_open(writer, "features", NULL);
    if (info->lazy_refcounts)
        xml_empty(writer, "lazy_refcounts", NULL);
    if (info->extended_l2)
        xml_empty(writer, "extended_l2", NULL);
    xml_close(writer, "features");
}

static void format_target(struct xml_writer *writer, const struct vol_info *info)
{
    xml_open(writer, "target", NULL);
    xml_element(writer, "path", info->path);
    xml_empty(writer, "format", "type", vol_format_name(info->format), NULL);
    perms_format(writer, &info->perms);
    format_timestamps(writer, info);
    /* LUKS says it by its format: such a volume is handled as the bytes it is made of */
    if (info->encrypted && info->format != VOL_FORMAT_LUKS)
        xml_empty(writer, "encryption", "format", "default", NULL);
    xml_element(writer, "compat", info->compat);
    if (info->cluster_size)
        xml_element_size(writer, "clusterSize", "B", info->cluster_size);
    if (info->nocow)
        xml_empty(writer, "nocow", NULL);
    format_features(writer, info);
    xml_close(writer, "target");
}

static void format_backing(struct xml_writer *writer, const struct vol_info *info)
{
    if (!info->backing_path)
        return;
    xml_open(writer, "backingStore", NULL);
    xml_element(writer, "path", info->backing_path);
    if (info->backing_format >= 0)
        xml_empty(writer, "format", "type",
                  vol_format_name((enum vol_format)info->backing_format), NULL);
    xml_close(writer, "backingStore");
}

char *vol_info_format(const struct vol_info *info, const char *job_xml)
{
    struct xml_writer writer = XML_WRITER_INIT;

    xml_open(&writer, "volume", "type", type_name(info), NULL);
    xml_element(&writer, "name", info->name);
    xml_element(&writer, "key", info->path);
    xml_element_size(&writer, "capacity", "bytes", info->capacity);
    xml_element_size(&writer, "allocation", "bytes", info->allocation);
    xml_element_size(&writer, "physical", "bytes", info->physical);
    format_target(&writer, info);
    format_backing(&writer, info);
    xml_raw(&writer, job_xml);
    xml_close(&writer, "volume");
    return xml_writer_take(&writer);
}
