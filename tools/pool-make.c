/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pools from a file or from options: defined, or created (a job). */

#include <stdio.h>

#include "tools/follow.h"
#include "tools/pool.h"
#include "tools/pool-flags.h"
#include "tools/xml.h"

/* <source> from the options that were given; none when there is none. */
static void source_add(struct xml *xml, const struct args *args)
{
    const char *host = args_text(args, "source-host");
    const char *path = args_text(args, "source-path");
    const char *device = args_text(args, "source-dev");
    const char *name = args_text(args, "source-name");
    const char *format = args_text(args, "source-format");
    xmlNodePtr source;

    if (!host && !path && !device && !name && !format)
        return;
    source = xml_add(xml, xml->root, "source", NULL);
    if (host)
        xml_set(xml, xml_add(xml, source, "host", NULL), "name", host);
    if (path)
        xml_set(xml, xml_add(xml, source, "dir", NULL), "path", path);
    if (device)
        xml_set(xml, xml_add(xml, source, "device", NULL), "path", device);
    if (name)
        xml_add(xml, source, "name", name);
    if (format)
        xml_set(xml, xml_add(xml, source, "format", NULL), "type", format);
}

/* The description that the options make, a new string. */
static char *description_make(const struct args *args)
{
    _cleanup_xml_ struct xml xml;

    xml_open(&xml, "pool");
    xml_set(&xml, xml.root, "type", args_text(args, "type"));
    xml_add(&xml, xml.root, "name", args_text(args, "name"));
    source_add(&xml, args);
    if (args_text(args, "target"))
        xml_add(&xml, xml_add(&xml, xml.root, "target", NULL), "path", args_text(args, "target"));
    return xml_text(&xml);
}

int pool_define(struct cli *cli, const struct args *args)
{
    unsigned int flags = args_flag(args, "validate") ? VIR_STORAGE_POOL_DEFINE_VALIDATE : 0;
    const char *file = args_text(args, "file");
    _cleanup_free_ char *xml = xml_read_file(file);
    _cleanup_pool_ virStoragePoolPtr pool = NULL;

    if (!xml)
        return CLI_FAILED;
    pool = virStoragePoolDefineXML(cli->conn, xml, flags);
    if (!pool)
        return cli_fail("cannot define a pool from '%s'", file);
    cli_say(cli, "Pool %s defined from %s", virStoragePoolGetName(pool), file);
    return CLI_DONE;
}

int pool_define_as(struct cli *cli, const struct args *args)
{
    _cleanup_free_ char *xml = description_make(args);
    _cleanup_pool_ virStoragePoolPtr pool = NULL;

    if (!xml)
        return CLI_USAGE;
    if (args_flag(args, "print-xml")) {
        fputs(xml, stdout);
        return CLI_DONE;
    }
    pool = virStoragePoolDefineXML(cli->conn, xml, 0);
    if (!pool)
        return cli_fail("cannot define pool '%s'", args_text(args, "name"));
    cli_say(cli, "Pool %s defined", virStoragePoolGetName(pool));
    return CLI_DONE;
}

/* A transient pool; file is where the description came from, or NULL. */
static int create_from(struct cli *cli, const struct args *args, const char *xml, const char *what,
                       const char *file)
{
    _cleanup_pool_ virStoragePoolPtr pool = NULL;

    if (long_job_prepare(cli, args) != CLI_DONE)
        return CLI_FAILED;
    pool = virStoragePoolCreateXML(cli->conn, xml, pool_create_flags(args));
    if (!pool)
        return cli_fail("cannot create %s '%s'", what, file ? file : args_text(args, "name"));
    return long_job_finish(cli, args, virStoragePoolGetJobRecord(pool, 0), "Pool %s created%s%s",
                           virStoragePoolGetName(pool), file ? " from " : "", file ? file : "");
}

int pool_create(struct cli *cli, const struct args *args)
{
    const char *file = args_text(args, "file");
    _cleanup_free_ char *xml = xml_read_file(file);

    return xml ? create_from(cli, args, xml, "a pool from", file) : CLI_FAILED;
}

int pool_create_as(struct cli *cli, const struct args *args)
{
    _cleanup_free_ char *xml = description_make(args);

    if (!xml)
        return CLI_USAGE;
    if (args_flag(args, "print-xml")) {
        fputs(xml, stdout);
        return CLI_DONE;
    }
    return create_from(cli, args, xml, "pool", NULL);
}
