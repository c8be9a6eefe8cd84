/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Saving, restoring and dumping domains.  Any thread.  Every path is made
 * absolute here, as the daemon has another working directory; the id of a
 * domain that was saved, and not only began to be, is forgotten.
 */

#include "internal.h"

#include <string.h>

/* --- saving --- */

static int save_ended(virDomainPtr dom, int result, unsigned int flags)
{
    if (result == 0 && !(flags & VIRTJOB_ASYNC_BIT))
        atomic_store(&dom->id, -1);
    return result;
}

int virDomainSave(virDomainPtr domain, const char *to)
{
    _cleanup_free_ char *path = NULL;
    remote_domain_text_args args;

    if (!domain_enter(domain))
        return -1;
    path = path_absolute(to, "to");
    if (!path)
        return -1;
    args = (remote_domain_text_args){ .domain = domain_wire(domain), .value = path };
    return save_ended(domain,
                      conn_call(domain->object.conn, REMOTE(DOMAIN_SAVE),
                                XDR_OF(remote_domain_text_args), &args, NULL, NULL),
                      0);
}

int virDomainSaveFlags(virDomainPtr domain, const char *to, unsigned int flags)
{
    _cleanup_free_ char *path = NULL;
    remote_domain_save_args args;

    if (!domain_enter(domain))
        return -1;
    path = path_absolute(to, "to");
    if (!path)
        return -1;
    args = (remote_domain_save_args){ .domain = domain_wire(domain), .to = path, .flags = flags };
    return save_ended(domain,
                      conn_call(domain->object.conn, REMOTE(DOMAIN_SAVE_FLAGS),
                                XDR_OF(remote_domain_save_args), &args, NULL, NULL),
                      flags);
}

/* The parameters of a save or restore as they go on the wire. */
struct save_params {
    wire_param *wire; /* names and texts are the application's */
    char *path;       /* but the file's, where there is one */
};

static void save_params_done(struct save_params *params)
{
    free(params->wire);
    free(params->path);
}

/* Only the first file is made absolute: the daemon refuses a second one. */
static int save_params_init(struct save_params *params, virTypedParameterPtr given, int count)
{
    if (params_to_wire(given, count, REMOTE_SAVE_PARAMS_MAX, &params->wire) < 0)
        return -1;
    for (int i = 0; i < count; i++) {
        wire_param *param = &params->wire[i];

        if (param->value.type != WIRE_PARAM_STRING ||
            strcmp(param->field, VIR_DOMAIN_SAVE_PARAM_FILE) != 0)
            continue;
        params->path = path_absolute(param->value.wire_param_value_u.s, "the file");
        if (!params->path)
            return -1;
        param->value.wire_param_value_u.s = params->path;
        return 0;
    }
    return 0;
}

int virDomainSaveParams(virDomainPtr domain, virTypedParameterPtr params, int nparams,
                        unsigned int flags)
{
    _cleanup_(save_params_done) struct save_params save = { .wire = NULL };
    remote_domain_save_params_args args;

    if (!domain_enter(domain) || save_params_init(&save, params, nparams) < 0)
        return -1;
    args = (remote_domain_save_params_args){
        .domain = domain_wire(domain),
        .params = { .params_len = (u_int)nparams, .params_val = save.wire },
        .flags = flags,
    };
    return save_ended(domain,
                      conn_call(domain->object.conn, REMOTE(DOMAIN_SAVE_PARAMS),
                                XDR_OF(remote_domain_save_params_args), &args, NULL, NULL),
                      flags);
}

/* --- restoring --- */

int virDomainRestore(virConnectPtr conn, const char *from)
{
    _cleanup_free_ char *path = NULL;
    remote_text_args args;

    if (!conn_enter(conn))
        return -1;
    path = path_absolute(from, "from");
    if (!path)
        return -1;
    args.value = path;
    return conn_call(conn, REMOTE(DOMAIN_RESTORE), XDR_OF(remote_text_args), &args, NULL, NULL);
}

int virDomainRestoreFlags(virConnectPtr conn, const char *from, unsigned int flags)
{
    _cleanup_free_ char *path = NULL;
    remote_domain_restore_args args;

    if (!conn_enter(conn))
        return -1;
    path = path_absolute(from, "from");
    if (!path)
        return -1;
    args = (remote_domain_restore_args){ .from = path, .flags = flags };
    return conn_call(conn, REMOTE(DOMAIN_RESTORE_FLAGS), XDR_OF(remote_domain_restore_args), &args,
                     NULL, NULL);
}

int virDomainRestoreParams(virConnectPtr conn, virTypedParameterPtr params, int nparams,
                           unsigned int flags)
{
    _cleanup_(save_params_done) struct save_params restore = { .wire = NULL };
    remote_domain_restore_params_args args;

    if (!conn_enter(conn) || save_params_init(&restore, params, nparams) < 0)
        return -1;
    args = (remote_domain_restore_params_args){
        .params = { .params_len = (u_int)nparams, .params_val = restore.wire },
        .flags = flags,
    };
    return conn_call(conn, REMOTE(DOMAIN_RESTORE_PARAMS),
                     XDR_OF(remote_domain_restore_params_args), &args, NULL, NULL);
}

/* --- managed save --- */

int virDomainManagedSave(virDomainPtr domain, unsigned int flags)
{
    if (!domain_enter(domain))
        return -1;
    return save_ended(domain, domain_call_flags(domain, REMOTE_PROC_DOMAIN_MANAGED_SAVE, flags),
                      flags);
}

int virDomainHasManagedSaveImage(virDomainPtr domain, unsigned int flags)
{
    if (!domain_enter(domain))
        return -1;
    return domain_call_flags_int(domain, REMOTE_PROC_DOMAIN_HAS_MANAGED_SAVE_IMAGE, flags);
}

int virDomainManagedSaveRemove(virDomainPtr domain, unsigned int flags)
{
    if (!domain_enter(domain))
        return -1;
    return domain_call_flags(domain, REMOTE_PROC_DOMAIN_MANAGED_SAVE_REMOVE, flags);
}

char *virDomainManagedSaveGetXMLDesc(virDomainPtr domain, unsigned int flags)
{
    if (!domain_enter(domain))
        return NULL;
    return domain_call_flags_text(domain, REMOTE_PROC_DOMAIN_MANAGED_SAVE_GET_XML_DESC, flags);
}

int virDomainManagedSaveDefineXML(virDomainPtr domain, const char *dxml, unsigned int flags)
{
    char *xml = unconst(dxml);
    remote_domain_text_opt_flags_args args = { .value = &xml, .flags = flags };

    if (!domain_enter(domain))
        return -1;
    if (!dxml)
        return error_raise_null("dxml");
    args.domain = domain_wire(domain);
    return conn_call(domain->object.conn, REMOTE(DOMAIN_MANAGED_SAVE_DEFINE_XML),
                     XDR_OF(remote_domain_text_opt_flags_args), &args, NULL, NULL);
}

/* --- files of saved domains --- */

char *virDomainSaveImageGetXMLDesc(virConnectPtr conn, const char *file, unsigned int flags)
{
    _cleanup_free_ char *path = NULL;
    remote_text_flags_args args;

    if (!conn_enter(conn))
        return NULL;
    path = path_absolute(file, "file");
    if (!path)
        return NULL;
    args = (remote_text_flags_args){ .value = path, .flags = flags };
    return conn_call_text(conn, REMOTE_PROC_DOMAIN_SAVE_IMAGE_GET_XML_DESC,
                          XDR_OF(remote_text_flags_args), &args);
}

int virDomainSaveImageDefineXML(virConnectPtr conn, const char *file, const char *dxml,
                                unsigned int flags)
{
    _cleanup_free_ char *path = NULL;
    remote_save_image_define_args args;

    if (!conn_enter(conn))
        return -1;
    if (!dxml)
        return error_raise_null("dxml");
    path = path_absolute(file, "file");
    if (!path)
        return -1;
    args = (remote_save_image_define_args){ .file = path, .xml = unconst(dxml), .flags = flags };
    return conn_call(conn, REMOTE(DOMAIN_SAVE_IMAGE_DEFINE_XML),
                     XDR_OF(remote_save_image_define_args), &args, NULL, NULL);
}

/* --- dumping --- */

int virDomainCoreDump(virDomainPtr domain, const char *to, unsigned int flags)
{
    _cleanup_free_ char *path = NULL;
    remote_domain_text_flags_args args;

    if (!domain_enter(domain))
        return -1;
    path = path_absolute(to, "to");
    if (!path)
        return -1;
    args = (remote_domain_text_flags_args){
        .domain = domain_wire(domain), .value = path, .flags = flags,
    };
    return conn_call(domain->object.conn, REMOTE(DOMAIN_CORE_DUMP),
                     XDR_OF(remote_domain_text_flags_args), &args, NULL, NULL);
}

int virDomainCoreDumpWithFormat(virDomainPtr domain, const char *to, unsigned int dumpformat,
                                unsigned int flags)
{
    _cleanup_free_ char *path = NULL;
    remote_domain_dump_args args;

    if (!domain_enter(domain))
        return -1;
    path = path_absolute(to, "to");
    if (!path)
        return -1;
    args = (remote_domain_dump_args){
        .domain = domain_wire(domain), .to = path, .format = dumpformat, .flags = flags,
    };
    return conn_call(domain->object.conn, REMOTE(DOMAIN_CORE_DUMP_WITH_FORMAT),
                     XDR_OF(remote_domain_dump_args), &args, NULL, NULL);
}
