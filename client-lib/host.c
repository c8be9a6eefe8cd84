/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host, and what guests it can run.  Any thread. */

#include "internal.h"

#include <string.h>

char *virConnectGetCapabilities(virConnectPtr conn)
{
    if (!conn_enter(conn))
        return NULL;
    return conn_call_text(conn, REMOTE_PROC_CONNECT_GET_CAPABILITIES, NULL, NULL);
}

char *virConnectGetDomainCapabilities(virConnectPtr conn, const char *emulatorbin,
                                      const char *arch, const char *machine,
                                      const char *virttype, unsigned int flags)
{
    char *emulator_text = unconst(emulatorbin), *arch_text = unconst(arch);
    char *machine_text = unconst(machine), *type_text = unconst(virttype);
    remote_domain_capabilities_args args = {
        .emulator = emulatorbin ? &emulator_text : NULL,
        .arch = arch ? &arch_text : NULL,
        .machine = machine ? &machine_text : NULL,
        .virt_type = virttype ? &type_text : NULL,
        .flags = flags,
    };

    if (!conn_enter(conn))
        return NULL;
    return conn_call_text(conn, REMOTE_PROC_CONNECT_GET_DOMAIN_CAPABILITIES,
                          XDR_OF(remote_domain_capabilities_args), &args);
}

int virConnectGetCPUModelNames(virConnectPtr conn, const char *arch, char ***models,
                               unsigned int flags)
{
    remote_cpu_models_args args = {
        .arch = unconst(arch),
        .need_results = models != NULL,
        .flags = flags,
    };
    remote_cpu_models_ret ret = { .ret = 0 };
    int count;

    if (!conn_enter(conn))
        return -1;
    if (models)
        *models = NULL;
    if (!arch)
        return error_raise_null("arch");
    if (conn_call(conn, REMOTE(CONNECT_GET_CPU_MODEL_NAMES), XDR_OF(remote_cpu_models_args), &args,
                  XDR_OF(remote_cpu_models_ret), &ret) < 0)
        return -1;
    count = models ? (int)ret.models.models_len : ret.ret;
    if (models) {
        *models = take_texts(ret.models.models_val, ret.models.models_len);
        if (!*models)
            count = -1;
    }
    xdr_free(XDR_OF(remote_cpu_models_ret), &ret);
    return count;
}

int virConnectGetMaxVcpus(virConnectPtr conn, const char *type)
{
    char *text = unconst(type);
    remote_text_opt_args args = { .value = type ? &text : NULL };

    if (!conn_enter(conn))
        return -1;
    return conn_call_int(conn, REMOTE_PROC_CONNECT_GET_MAX_VCPUS, XDR_OF(remote_text_opt_args),
                         &args);
}

int virNodeGetInfo(virConnectPtr conn, virNodeInfoPtr info)
{
    remote_node_info_ret ret = { .memory = 0 };
    virNodeInfo got;

    if (!conn_enter(conn))
        return -1;
    if (!info)
        return error_raise_null("info");
    if (conn_call(conn, REMOTE(NODE_GET_INFO), NULL, NULL, XDR_OF(remote_node_info_ret), &ret) < 0)
        return -1;
    got = (virNodeInfo){
        .cpus = (unsigned int)ret.cpus,
        .mhz = (unsigned int)ret.mhz,
        .nodes = (unsigned int)ret.nodes,
        .sockets = (unsigned int)ret.sockets,
        .cores = (unsigned int)ret.cores,
        .threads = (unsigned int)ret.threads,
    };
    copy_chars(got.model, sizeof(got.model), ret.model, sizeof(ret.model));
    if (wire_to_ulong(ret.memory, &got.memory) < 0)
        return -1;
    *info = got;
    return 0;
}

unsigned long long virNodeGetFreeMemory(virConnectPtr conn)
{
    remote_uhyper_ret ret = { .value = 0 };

    if (!conn_enter(conn) || conn_call(conn, REMOTE(NODE_GET_FREE_MEMORY), NULL, NULL,
                                       XDR_OF(remote_uhyper_ret), &ret) < 0)
        return 0;
    return ret.value;
}

int virNodeGetCellsFreeMemory(virConnectPtr conn, unsigned long long *freeMems, int startCell,
                              int maxCells)
{
    remote_cells_ret ret = { .cells = { .cells_len = 0 } };
    remote_cells_args args = { .start = startCell };
    int count;

    if (!conn_enter(conn))
        return -1;
    if (!freeMems)
        return error_raise_null("freeMems");
    if (startCell < 0 || maxCells <= 0)
        return error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_NONE,
                           "invalid argument: startCell %d, maxCells %d in %s", startCell,
                           maxCells, error_api());
    if (maxCells > REMOTE_CELLS_MAX)
        maxCells = REMOTE_CELLS_MAX;
    args.max = maxCells;
    if (conn_call(conn, REMOTE(NODE_GET_CELLS_FREE_MEMORY), XDR_OF(remote_cells_args), &args,
                  XDR_OF(remote_cells_ret), &ret) < 0)
        return -1;
    count = (int)ret.cells.cells_len;
    if (count > maxCells)
        count = raise_too_many(ret.cells.cells_len, maxCells, "cells");
    for (int i = 0; i < count; i++)
        freeMems[i] = ret.cells.cells_val[i];
    xdr_free(XDR_OF(remote_cells_ret), &ret);
    return count;
}

int virNodeGetSecurityModel(virConnectPtr conn, virSecurityModelPtr secmodel)
{
    remote_security_model_ret ret = { .model = { .model_len = 0 } };

    if (!conn_enter(conn))
        return -1;
    if (!secmodel)
        return error_raise_null("secmodel");
    if (conn_call(conn, REMOTE(NODE_GET_SECURITY_MODEL), NULL, NULL,
                  XDR_OF(remote_security_model_ret), &ret) < 0)
        return -1;
    copy_chars(secmodel->model, sizeof(secmodel->model), ret.model.model_val,
               ret.model.model_len);
    copy_chars(secmodel->doi, sizeof(secmodel->doi), ret.doi.doi_val, ret.doi.doi_len);
    xdr_free(XDR_OF(remote_security_model_ret), &ret);
    return 0;
}
