/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains saved, restored and dumped.  Each is a job. */

#include <string.h>

#include "daemon/util/alloc.h"
#include "tools/dom.h"
#include "tools/flags.h"
#include "tools/follow.h"
#include "tools/jobs.h"
#include "tools/xml.h"

const char *const dom_dump_formats[] = {
    [VIR_DOMAIN_CORE_DUMP_FORMAT_RAW] = "elf",
    [VIR_DOMAIN_CORE_DUMP_FORMAT_KDUMP_ZLIB] = "kdump-zlib",
    [VIR_DOMAIN_CORE_DUMP_FORMAT_KDUMP_LZO] = "kdump-lzo",
    [VIR_DOMAIN_CORE_DUMP_FORMAT_KDUMP_SNAPPY] = "kdump-snappy",
    [VIR_DOMAIN_CORE_DUMP_FORMAT_WIN_DMP] = "win-dmp",
    [VIR_DOMAIN_CORE_DUMP_FORMAT_LAST] = NULL,
};

static const struct flag_row save_rows[] = {
    { "bypass-cache", VIR_DOMAIN_SAVE_BYPASS_CACHE },
    { "running", VIR_DOMAIN_SAVE_RUNNING },
    { "paused", VIR_DOMAIN_SAVE_PAUSED },
    { NULL, 0 },
};

const struct flag_row dom_resume_flags[] = {
    { "running", VIR_DOMAIN_SAVE_RUNNING },
    { "paused", VIR_DOMAIN_SAVE_PAUSED },
    { NULL, 0 },
};

int dom_save_check(const struct args *args)
{
    return OPTIONS_EXCLUDE(args, "running", "paused");
}

/* The text in the file of --xml; *ret_xml is NULL without it.  -1: told. */
static int xml_of(const struct args *args, char **ret_xml)
{
    const char *file = args_text(args, "xml");

    *ret_xml = file ? xml_read_file(file) : NULL;
    return file && !*ret_xml ? -1 : 0;
}

/*
 * A call that takes its file as parameters: with the XML that is to stand in for
 * the image's, where the call by its own name has no place for that.
 */
static int params_call(struct cli *cli, virDomainPtr dom, const char *file, const char *xml,
                       unsigned int flags)
{
    virTypedParameterPtr params = NULL;
    int count = 0, room = 0, r = -1;

    if (virTypedParamsAddString(&params, &count, &room, VIR_DOMAIN_SAVE_PARAM_FILE, file) == 0 &&
        virTypedParamsAddString(&params, &count, &room, VIR_DOMAIN_SAVE_PARAM_DXML, xml) == 0)
        r = dom ? virDomainSaveParams(dom, params, count, flags)
                : virDomainRestoreParams(cli->conn, params, count, flags);
    virTypedParamsFree(params, count);
    return r;
}

int dom_save(struct cli *cli, const struct args *args)
{
    unsigned int flags = VIR_DOMAIN_SAVE_ASYNC | args_flags(args, save_rows);
    const char *file = args_text(args, "file");
    _cleanup_domain_ virDomainPtr dom = NULL;
    _cleanup_free_ char *xml = NULL;
    int r;

    if (xml_of(args, &xml) < 0 || !(dom = dom_of(cli, args)) ||
        long_job_prepare(cli, args) != CLI_DONE)
        return CLI_FAILED;
    r = xml ? params_call(cli, dom, file, xml, flags) : virDomainSaveFlags(dom, file, flags);
    if (r < 0)
        return cli_fail("cannot save domain '%s' to '%s'", virDomainGetName(dom), file);
    return long_job_finish(cli, args, virDomainGetJobRecord(dom, 0), "Domain '%s' saved to %s",
                           virDomainGetName(dom), file);
}

/* The UUID of the domain in a save image, a new string; NULL and told. */
static char *image_uuid(struct cli *cli, const char *file)
{
    _cleanup_free_ char *xml = virDomainSaveImageGetXMLDesc(cli->conn, file, 0);
    char *uuid;

    if (!xml) {
        (void)cli_fail("cannot restore a domain from '%s'", file);
        return NULL;
    }
    uuid = xml_child_text(xml, "uuid");
    if (!uuid)
        cli_error("cannot restore a domain from '%s': its XML has no UUID", file);
    return uuid;
}

/*
 * The call returns no object, but the domain is published with its image's UUID
 * by then, and its job is known by that even when the domain is gone again.
 */
int dom_restore(struct cli *cli, const struct args *args)
{
    unsigned int flags = VIR_DOMAIN_RESTORE_ASYNC | args_flags(args, save_rows);
    const char *file = args_text(args, "file");
    _cleanup_free_ char *xml = NULL;
    _cleanup_free_ char *uuid = NULL;
    int r;

    if (xml_of(args, &xml) < 0 || !(uuid = image_uuid(cli, file)) ||
        long_job_prepare(cli, args) != CLI_DONE)
        return CLI_FAILED;
    r = xml ? params_call(cli, NULL, file, xml, flags)
            : virDomainRestoreFlags(cli->conn, file, flags);
    if (r < 0)
        return cli_fail("cannot restore a domain from '%s'", file);
    return long_job_finish(cli, args, job_of_domain(cli, uuid), "Domain restored from %s", file);
}

int dom_managedsave(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);

    if (!dom || long_job_prepare(cli, args) != CLI_DONE)
        return CLI_FAILED;
    if (virDomainManagedSave(dom, VIR_DOMAIN_SAVE_ASYNC | args_flags(args, save_rows)) < 0)
        return cli_fail("cannot save the state of domain '%s'", virDomainGetName(dom));
    return long_job_finish(cli, args, virDomainGetJobRecord(dom, 0), "Domain '%s' state saved",
                           virDomainGetName(dom));
}

int dom_managedsave_remove(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    int has;

    if (!dom)
        return CLI_FAILED;
    has = virDomainHasManagedSaveImage(dom, 0);
    if (has < 0)
        return cli_fail("cannot ask for the managed save image of domain '%s'",
                        virDomainGetName(dom));
    if (!has) {
        cli_say(cli, "Domain '%s' has no managed save image; removal skipped",
                virDomainGetName(dom));
        return CLI_DONE;
    }
    if (virDomainManagedSaveRemove(dom, 0) < 0)
        return cli_fail("cannot remove the managed save image of domain '%s'",
                        virDomainGetName(dom));
    cli_say(cli, "Removed managedsave image for domain '%s'", virDomainGetName(dom));
    return CLI_DONE;
}

/* That of --format, which is elf when not given; ..._LAST when there is none such. */
static unsigned int dump_format(const struct args *args)
{
    const char *name = args_text(args, "format");
    unsigned int format = VIR_DOMAIN_CORE_DUMP_FORMAT_RAW;

    while (name && dom_dump_formats[format] && strcmp(dom_dump_formats[format], name) != 0)
        format++;
    return format;
}

int dom_dump_check(const struct args *args)
{
    if (dump_format(args) == VIR_DOMAIN_CORE_DUMP_FORMAT_LAST)
        return cli_usage("'%s' is no format of a dump", args_text(args, "format"));
    if (args_flag(args, "format") && !args_flag(args, "memory-only"))
        return cli_usage("option --format needs --memory-only");
    return OPTIONS_EXCLUDE(args, "live", "crash", "reset");
}

int dom_dump(struct cli *cli, const struct args *args)
{
    static const struct flag_row rows[] = {
        { "live", VIR_DUMP_LIVE },
        { "crash", VIR_DUMP_CRASH },
        { "bypass-cache", VIR_DUMP_BYPASS_CACHE },
        { "reset", VIR_DUMP_RESET },
        { "memory-only", VIR_DUMP_MEMORY_ONLY },
        { NULL, 0 },
    };
    unsigned int flags = VIR_DOMAIN_CORE_DUMP_ASYNC | args_flags(args, rows);
    const char *file = args_text(args, "file");
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);

    if (!dom || long_job_prepare(cli, args) != CLI_DONE)
        return CLI_FAILED;
    if (virDomainCoreDumpWithFormat(dom, file, dump_format(args), flags) < 0)
        return cli_fail("cannot dump domain '%s' to '%s'", virDomainGetName(dom), file);
    return long_job_finish(cli, args, virDomainGetJobRecord(dom, 0), "Domain '%s' dumped to %s",
                           virDomainGetName(dom), file);
}
