/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Definitions and marks as a whole: define, undefine, rename, autostart,
 * removal of a managed save image.  What changes one is in domain_change.c.
 * Functions of a kind run where job.h says.
 */

#include <errno.h>
#include <libvirtjob/types.h>
#include <string.h>
#include <unistd.h>

#include "hypervisor/internal.h"
#include "util/alloc.h"

static int check_exists(void *opaque, struct verror *err)
{
    return spec_domain(opaque) ? 0 : spec_no_domain(opaque, err);
}

/* --- define --- */

static int define_check(void *opaque, struct verror *err)
{
    return spec_check_clash(opaque, err);
}

static void define_commit(void *opaque, struct store_txn *txn)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);
    struct domain fresh = { .domains = spec->domains, .name = spec->def->name };

    strcpy(fresh.uuid, spec->uuid);
    domain_put_row_with(domain ? domain : &fresh, spec->def, txn);
}

static void define_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);
    bool had_config = domain && domain->config;

    if (!done)
        return;
    if (!domain)
        domain = domain_add(spec->domains, spec->uuid, spec->def->name);
    domain_set_config(domain, spec->def);
    domain->updated = domain_is_active(domain);
    domain_tell_lifecycle(domain, DOMAIN_DEFINED,
                          had_config ? DOMAIN_DEFINED_UPDATED : DOMAIN_DEFINED_ADDED);
}

/* --- undefine --- */

/* What is known of the domain's past goes with it, if that is what the flag says. */
static int check_forgotten(const struct domain_spec *spec, const struct moments *moments,
                           unsigned int flag, struct verror *err)
{
    if (spec->flags & flag || moments_count(moments) == 0)
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_INVALID,
                      "cannot delete inactive domain with %zu %ss", moments_count(moments),
                      moments->type->name);
}

static int undefine_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    const struct domain *domain;

    if (spec_check_persistent(spec, err) < 0)
        return -1;
    domain = spec_domain(spec);
    if (!domain->guest && (check_forgotten(spec, &domain->snapshots,
                                           VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA, err) < 0 ||
                           check_forgotten(spec, &domain->checkpoints,
                                           VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA, err) < 0))
        return -1;
    if (!domain->managed_save || spec->flags & VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_INVALID,
                      "Refusing to undefine while domain managed save image exists");
}

static int remove_image(const struct domain_spec *spec, struct verror *err)
{
    _cleanup_free_ char *path = domain_managed_save_path(spec->domains, spec->uuid);

    if (unlink(path) < 0 && errno != ENOENT)
        return verror_errno(err, errno, "cannot remove managed save image '%s'", path);
    return 0;
}

static int undefine_publish(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;

    (void)job_id;
    (void)ctl;
    return spec->flags & VIR_DOMAIN_UNDEFINE_MANAGED_SAVE ? remove_image(spec, err) : 0;
}

static void undefine_commit(void *opaque, struct store_txn *txn)
{
    domain_put_row_with(spec_domain(opaque), NULL, txn);
}

/* One that runs goes on as a transient one. */
static void undefine_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    if (!done || !domain)
        return;
    if (spec->flags & VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)
        domain->managed_save = false;
    domain->autostart = false;
    domain_set_config(domain, NULL);
    domain_tell_lifecycle(domain, DOMAIN_UNDEFINED, DOMAIN_UNDEFINED_REMOVED);
    if (!domain->guest)
        domain_remove(domain);
}

/* --- rename --- */

static int rename_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    if (spec_check_persistent(spec, err) < 0)
        return -1;
    if (domain->guest)
        return verror_set(err, VIR_ERR_OPERATION_INVALID, "cannot rename active domain '%s'",
                          domain->name);
    if (domain->managed_save)
        return verror_set(err, VIR_ERR_OPERATION_INVALID,
                          "domain '%s' has a managed save image and cannot be renamed",
                          domain->name);
    if (domain_find_name(spec->domains, spec->new_name))
        return verror_set(err, VIR_ERR_OPERATION_INVALID, "domain with name '%s' already exists",
                          spec->new_name);
    spec->def = domain_def_ref(domain->config);
    return 0;
}

static int rename_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;

    (void)job_id;
    (void)ctl;
    spec->new_config = domain_def_renamed(spec->def, spec->new_name, err);
    return spec->new_config ? 0 : -1;
}

static void rename_commit(void *opaque, struct store_txn *txn)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);
    char *old = domain->name;

    domain->name = spec->new_name;
    domain_put_row_with(domain, spec->new_config, txn);
    domain->name = old;
}

static void rename_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    if (!done)
        return;
    domain_tell_lifecycle(domain, DOMAIN_UNDEFINED, DOMAIN_UNDEFINED_RENAMED);
    domain_set_config(domain, spec->new_config);
    domain_tell_lifecycle(domain, DOMAIN_DEFINED, DOMAIN_DEFINED_RENAMED);
}

/* --- autostart --- */

static int autostart_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    if (!domain)
        return spec_no_domain(spec, err);
    if (domain->config)
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_INVALID,
                      "cannot set autostart for transient domain '%s'", domain->name);
}

static void autostart_commit(void *opaque, struct store_txn *txn)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);
    bool old = domain->autostart;

    domain->autostart = spec->autostart;
    domain_put_row(domain, txn);
    domain->autostart = old;
}

static void autostart_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;

    if (done)
        spec_domain(spec)->autostart = spec->autostart;
}

/* --- a managed save image thrown away --- */

static int image_remove_check(void *opaque, struct verror *err)
{
    return check_exists(opaque, err);
}

static int image_remove_publish(void *opaque, uint64_t job_id, struct job_ctl *ctl,
                                struct verror *err)
{
    (void)job_id;
    (void)ctl;
    return remove_image(opaque, err);
}

static void image_remove_ended(void *opaque, bool done)
{
    struct domain *domain = spec_domain(opaque);

    if (done && domain)
        domain->managed_save = false;
}

const struct job_kind domain_job_define = {
    .name = "domain-define",
    .locks = domain_new_locks,
    .check = define_check,
    .commit = define_commit,
    .ended = define_ended,
    DOMAIN_SPEC_FUNCTIONS,
};

const struct job_kind domain_job_undefine = {
    .name = "domain-undefine",
    .locks = domain_locks,
    .check = undefine_check,
    .publish = undefine_publish,
    .commit = undefine_commit,
    .ended = undefine_ended,
    DOMAIN_SPEC_FUNCTIONS,
};

const struct job_kind domain_job_rename = {
    .name = "domain-rename",
    .locks = domain_new_locks,
    .check = rename_check,
    .run = rename_run,
    .commit = rename_commit,
    .ended = rename_ended,
    DOMAIN_SPEC_FUNCTIONS,
};

const struct job_kind domain_job_set_autostart = {
    .name = "domain-set-autostart",
    .locks = domain_locks,
    .check = autostart_check,
    .commit = autostart_commit,
    .ended = autostart_ended,
    DOMAIN_SPEC_FUNCTIONS,
};

const struct job_kind domain_job_managed_save_remove = {
    .name = "domain-managedsave-remove",
    .locks = domain_locks,
    .check = image_remove_check,
    .publish = image_remove_publish,
    .ended = image_remove_ended,
    DOMAIN_SPEC_FUNCTIONS,
};
