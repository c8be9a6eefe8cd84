/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* New volumes: from a file, from options, from another volume.  Each is a job. */

#include <stdio.h>

#include "daemon/util/alloc.h"
#include "tools/follow.h"
#include "tools/pool.h"
#include "tools/vol.h"
#include "tools/xml.h"

/* The flags by the options given; not every command has the last two. */
static unsigned int create_flags(const struct args *args, bool reflink, bool validate)
{
    unsigned int flags = VIR_STORAGE_VOL_CREATE_XML_ASYNC;

    if (args_flag(args, "prealloc-metadata"))
        flags |= VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA;
    if (reflink && args_flag(args, "reflink"))
        flags |= VIR_STORAGE_VOL_CREATE_REFLINK;
    if (validate && args_flag(args, "validate"))
        flags |= VIR_STORAGE_VOL_CREATE_VALIDATE;
    return flags;
}

int vol_create(struct cli *cli, const struct args *args)
{
    const char *file = args_text(args, "file");
    _cleanup_pool_ virStoragePoolPtr pool = pool_of(cli, args);
    _cleanup_free_ char *xml = pool ? xml_read_file(file) : NULL;
    _cleanup_vol_ virStorageVolPtr vol = NULL;

    if (!xml || long_job_prepare(cli, args) != CLI_DONE)
        return CLI_FAILED;
    vol = virStorageVolCreateXML(pool, xml, create_flags(args, false, true));
    if (!vol)
        return cli_fail("cannot create a volume from '%s' in pool '%s'", file,
                        virStoragePoolGetName(pool));
    return long_job_finish(cli, args, virStorageVolGetJobRecord(vol, 0), "Vol %s created from %s",
                           virStorageVolGetName(vol), file);
}

/* The path of --backing-vol: a name in the same pool, a key or a path; a new string. */
static char *backing_path(struct cli *cli, virStoragePoolPtr pool, const char *backing)
{
    _cleanup_vol_ virStorageVolPtr vol = virStorageVolLookupByName(pool, backing);
    char *path;

    if (!vol)
        vol = vol_find(cli, backing, NULL);
    if (!vol)
        return NULL;
    path = virStorageVolGetPath(vol);
    if (!path)
        (void)cli_fail("cannot get the path of volume '%s'", backing);
    return path;
}

/* <backingStore>; -1 and told when there is no such volume. */
static int backing_add(struct cli *cli, struct xml *xml, virStoragePoolPtr pool,
                       const struct args *args)
{
    const char *backing = args_text(args, "backing-vol");
    const char *format = args_text(args, "backing-vol-format");
    _cleanup_free_ char *path = NULL;
    xmlNodePtr store;

    if (!backing)
        return 0;
    path = backing_path(cli, pool, backing);
    if (!path)
        return -1;
    store = xml_add(xml, xml->root, "backingStore", NULL);
    xml_add(xml, store, "path", path);
    if (format)
        xml_set(xml, xml_add(xml, store, "format", NULL), "type", format);
    return 0;
}

static void size_add(struct xml *xml, const struct args *args, const char *name)
{
    _cleanup_free_ char *bytes = xasprintf("%llu", args_size(args, name, 0));

    xml_add(xml, xml->root, name, bytes);
}

/* The description that the options make, a new string. */
static char *description_make(struct cli *cli, virStoragePoolPtr pool, const struct args *args)
{
    const char *format = args_text(args, "format");
    _cleanup_xml_ struct xml xml;

    xml_open(&xml, "volume");
    xml_add(&xml, xml.root, "name", args_text(args, "name"));
    size_add(&xml, args, "capacity");
    if (args_text(args, "allocation"))
        size_add(&xml, args, "allocation");
    if (format)
        xml_set(&xml, xml_add(&xml, xml_add(&xml, xml.root, "target", NULL), "format", NULL),
                "type", format);
    if (backing_add(cli, &xml, pool, args) < 0)
        return NULL;
    return xml_text(&xml);
}

int vol_create_as_check(const struct args *args)
{
    if (args_text(args, "backing-vol-format") && !args_text(args, "backing-vol"))
        return cli_usage("option --backing-vol-format needs --backing-vol");
    return CLI_DONE;
}

int vol_create_as(struct cli *cli, const struct args *args)
{
    _cleanup_pool_ virStoragePoolPtr pool = pool_of(cli, args);
    _cleanup_free_ char *xml = pool ? description_make(cli, pool, args) : NULL;
    _cleanup_vol_ virStorageVolPtr vol = NULL;

    if (!xml)
        return CLI_FAILED;
    if (args_flag(args, "print-xml")) {
        fputs(xml, stdout);
        return CLI_DONE;
    }
    if (long_job_prepare(cli, args) != CLI_DONE)
        return CLI_FAILED;
    vol = virStorageVolCreateXML(pool, xml, create_flags(args, false, false));
    if (!vol)
        return cli_fail("cannot create volume '%s' in pool '%s'", args_text(args, "name"),
                        virStoragePoolGetName(pool));
    return long_job_finish(cli, args, virStorageVolGetJobRecord(vol, 0), "Vol %s created",
                           virStorageVolGetName(vol));
}

int vol_create_from(struct cli *cli, const struct args *args)
{
    const char *file = args_text(args, "file");
    const char *from_pool = args_text(args, "inputpool");
    _cleanup_pool_ virStoragePoolPtr pool = pool_of(cli, args);
    _cleanup_free_ char *xml = pool ? xml_read_file(file) : NULL;
    _cleanup_vol_ virStorageVolPtr input = NULL;
    _cleanup_vol_ virStorageVolPtr vol = NULL;

    if (!xml)
        return CLI_FAILED;
    input = vol_find(cli, args_text(args, "vol"), from_pool);
    if (!input || long_job_prepare(cli, args) != CLI_DONE)
        return CLI_FAILED;
    vol = virStorageVolCreateXMLFrom(pool, xml, input, create_flags(args, true, true));
    if (!vol)
        return cli_fail("cannot create a volume from volume '%s' and '%s' in pool '%s'",
                        virStorageVolGetName(input), file, virStoragePoolGetName(pool));
    return long_job_finish(cli, args, virStorageVolGetJobRecord(vol, 0),
                           "Vol %s created from input vol %s", virStorageVolGetName(vol),
                           virStorageVolGetName(input));
}

/* The source's own description under the new name, a new string. */
static char *clone_description(virStorageVolPtr source, const char *newname)
{
    _cleanup_free_ char *xml = virStorageVolGetXMLDesc(source, 0);
    char *renamed;

    if (!xml) {
        (void)cli_fail("cannot get the XML of volume '%s'", virStorageVolGetName(source));
        return NULL;
    }
    renamed = xml_rename(xml, newname);
    if (!renamed)
        cli_error("'%s' cannot be the name of a volume", newname);
    return renamed;
}

int vol_clone(struct cli *cli, const struct args *args)
{
    const char *newname = args_text(args, "newname");
    _cleanup_vol_ virStorageVolPtr source = vol_of(cli, args);
    _cleanup_free_ char *xml = source ? clone_description(source, newname) : NULL;
    _cleanup_pool_ virStoragePoolPtr pool = NULL;
    _cleanup_vol_ virStorageVolPtr vol = NULL;

    if (!xml)
        return CLI_FAILED;
    if (args_flag(args, "print-xml")) {
        fputs(xml, stdout);
        return CLI_DONE;
    }
    pool = virStoragePoolLookupByVolume(source);
    if (!pool)
        return cli_fail("cannot find the pool of volume '%s'", virStorageVolGetName(source));
    if (long_job_prepare(cli, args) != CLI_DONE)
        return CLI_FAILED;
    vol = virStorageVolCreateXMLFrom(pool, xml, source, create_flags(args, true, false));
    if (!vol)
        return cli_fail("cannot clone volume '%s' in pool '%s' to '%s'",
                        virStorageVolGetName(source), virStoragePoolGetName(pool), newname);
    return long_job_finish(cli, args, virStorageVolGetJobRecord(vol, 0), "Vol %s cloned from %s",
                           virStorageVolGetName(vol), virStorageVolGetName(source));
}
