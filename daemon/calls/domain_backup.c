/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The calls about backups of a guest's disks: one that begins one is answered once
 * it is under way, as libvirt's is; the rest is the domain's job.  Loop thread, but for a
 * client's XML.
 */

#include <time.h>

#include "calls/domain_call.h"
#include "hypervisor/qemu/backup.h"
#include "protocol/remote.h"
#include "util/alloc.h"

enum { BEGIN_REUSE_EXTERNAL = 1 << 0 };

/* --- begin --- */

struct backup_xml {
    char *xml, *checkpoint_xml; /* or NULL */
    struct domain_def *live;
    struct backup_def *def;
    struct checkpoint_def *checkpoint; /* or NULL */
};

static void free_xml(void *opaque)
{
    struct backup_xml *input = opaque;

    free(input->xml);
    free(input->checkpoint_xml);
    domain_def_unref(input->live);
    backup_def_free(input->def);
    checkpoint_def_unref(input->checkpoint);
    free(input);
}

/* Worker. */
static int parse_xml(void *opaque, struct verror *err)
{
    struct backup_xml *input = opaque;

    input->def = backup_def_parse(input->xml, false, err);
    if (!input->def || backup_def_align(input->def, input->live, err) < 0)
        return -1;
    if (!input->checkpoint_xml)
        return 0;
    input->checkpoint = checkpoint_def_parse(input->checkpoint_xml, false, err);
    return input->checkpoint ? 0 : -1;
}

/* libvirt's: by what was there when it was made, else by the time. */
static char *suffix_of(const struct checkpoint_def *checkpoint)
{
    return checkpoint ? xstrdup(checkpoint->name) : xasprintf("%lld", (long long)time(NULL));
}

static int find_part(struct call *call, const struct domain_def *live, struct backup_part *part,
                     const char *suffix)
{
    const struct domain_disk *disk = call_find_disk(call, live, part->disk->name);
    bool is_raw;

    if (!disk || call_disk_image(call, disk, &part->source, &is_raw) < 0)
        return -1;
    return backup_disk_default_path(part->disk, part->source, disk->is_block, suffix, &call->err);
}

/* NULL with call->err. */
static struct backup *new_backup(struct call *call, struct backup_xml *input)
{
    _cleanup_free_ char *suffix = suffix_of(input->checkpoint);
    struct backup *backup = backup_new(STEAL_PTR(input->def), STEAL_PTR(input->checkpoint));

    for (size_t i = 0; i < backup->nparts; i++) {
        if (find_part(call, input->live, &backup->parts[i], suffix) == 0)
            continue;
        backup_unref(backup);
        return NULL;
    }
    return backup;
}

/* It runs; NULL with call->err. */
static struct domain *active_domain(struct call *call, const struct wire_domain *wire)
{
    struct domain *domain = call_domain(call, wire);

    if (!domain)
        return NULL;
    if (!domain_is_active(domain)) {
        verror_set(&call->err, VIR_ERR_OPERATION_UNSUPPORTED,
                   "cannot perform disk backup for inactive domain");
        return NULL;
    }
    return call_ready_guest(call, domain) ? domain : NULL;
}

static void parsed(struct call *call, void *opaque)
{
    const struct remote_domain_backup_args *args = call->args;
    struct domain *domain = active_domain(call, &args->domain);
    struct backup *backup = domain ? new_backup(call, opaque) : NULL;
    _cleanup_free_ char *share = NULL;
    struct job_request request;
    struct domain_spec *spec;

    if (!backup) {
        call_fail(call);
        return;
    }
    backup->reuse = args->flags & BEGIN_REUSE_EXTERNAL;
    spec = domain_spec_new(domain);
    spec->backup = backup;
    request = domain_job_request(
        backup->def->is_pull ? &domain_job_backup_pull : &domain_job_backup, spec, NULL);
    share = xasprintf("backup:%s", domain->uuid);
    request.share = share;
    call_start_begun_job(call, &request);
}

/* It reads all that the guest has, and names files of the host. */
static int check_rights(struct call *call)
{
    if (call_may_reach_host(call))
        return 0;
    verror_set(&call->err, VIR_ERR_ACCESS_DENIED, "access denied to the files of a backup");
    call_record_unreached(call);
    return -1;
}

static int begin(struct call *call)
{
    const struct remote_domain_backup_args *args = call->args;
    struct offload offload = { .free_input = free_xml, .work = parse_xml, .then = parsed };
    struct backup_xml *input;
    struct domain *domain;

    if (call_check_flags(call, args->flags, BEGIN_REUSE_EXTERNAL) < 0 ||
        !(domain = active_domain(call, &args->domain)) || check_rights(call) < 0)
        return -1;
    input = XNEW(struct backup_xml);
    input->xml = xstrdup(args->backup_xml);
    input->checkpoint_xml = args->checkpoint_xml ? xstrdup(*args->checkpoint_xml) : NULL;
    input->live = domain_def_ref(domain->guest->def);
    offload.input = input;
    call_offload(call, &offload);
    return CALL_PENDING;
}

/* --- one that is under way --- */

static int get_xml(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;
    struct remote_text_ret *ret = call->ret;
    const struct domain *domain;
    const struct backup *backup;

    if (call_check_flags(call, args->flags, 0) < 0 || !(domain = call_domain(call, &args->domain)))
        return -1;
    backup = domain->guest ? domain->guest->backup : NULL;
    if (!backup || !backup->is_shown)
        return verror_set(&call->err, VIR_ERR_NO_DOMAIN_BACKUP, "no domain backup job present");
    ret->value = xstrdup(backup->xml);
    return 0;
}

static const struct proc procs[] = {
    DOMAIN_ROW(CHANGE, BACKUP_BEGIN, "virDomainBackupBegin", WRITE, CHANGE, begin,
               PROC_ARGS(remote_domain_backup_args)),
    DOMAIN_ROW(READ, BACKUP_GET_XML_DESC, "virDomainBackupGetXMLDesc", READ, MEMORY, get_xml,
               PROC_ARGS(remote_domain_flags_args), PROC_RET(remote_text_ret)),
};

const struct proc_table calls_domain_backup = { procs, ARRAY_SIZE(procs) };
