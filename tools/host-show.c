/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host, and what guests it can run. */

#include <limits.h>
#include <stdio.h>

#include "daemon/util/alloc.h"
#include "tools/flags.h"
#include "tools/host.h"

/* More than any host has. */
#define CELLS_MAX 1024

int host_capabilities(struct cli *cli, const struct args *args)
{
    _cleanup_free_ char *xml = virConnectGetCapabilities(cli->conn);

    (void)args;
    if (!xml)
        return cli_fail("cannot get the capabilities");
    cli_print(xml);
    return CLI_DONE;
}

int host_domcapabilities(struct cli *cli, const struct args *args)
{
    _cleanup_free_ char *xml = virConnectGetDomainCapabilities(
        cli->conn, args_text(args, "emulatorbin"), args_text(args, "arch"),
        args_text(args, "machine"), args_text(args, "virttype"), 0);

    if (!xml)
        return cli_fail("cannot get the capabilities of domains");
    cli_print(xml);
    return CLI_DONE;
}

int host_nodeinfo(struct cli *cli, const struct args *args)
{
    virNodeInfo info;

    (void)args;
    if (virNodeGetInfo(cli->conn, &info) < 0)
        return cli_fail("cannot ask for the host");
    printf("%-20s %s\n", "CPU model:", info.model);
    printf("%-20s %u\n", "CPU(s):", info.cpus);
    if (info.mhz > 0)
        printf("%-20s %u MHz\n", "CPU frequency:", info.mhz);
    printf("%-20s %u\n", "CPU socket(s):", info.sockets);
    printf("%-20s %u\n", "Core(s) per socket:", info.cores);
    printf("%-20s %u\n", "Thread(s) per core:", info.threads);
    printf("%-20s %u\n", "NUMA cell(s):", info.nodes);
    printf("%-20s %lu KiB\n", "Memory size:", info.memory);
    return CLI_DONE;
}

int host_freecell_check(const struct args *args)
{
    if (args_number(args, "cellno", 0) > INT_MAX)
        return cli_usage("number '%s' for --cellno is too large", args_text(args, "cellno"));
    return OPTIONS_EXCLUDE(args, "cellno", "all");
}

static int cell_print(struct cli *cli, int cell)
{
    unsigned long long bytes;

    if (virNodeGetCellsFreeMemory(cli->conn, &bytes, cell, 1) != 1)
        return cli_fail("cannot get the free memory of NUMA cell %d", cell);
    printf("%d: %llu KiB\n", cell, bytes / 1024);
    return CLI_DONE;
}

static int cells_print(struct cli *cli)
{
    _cleanup_free_ unsigned long long *bytes = xcalloc(CELLS_MAX, sizeof(*bytes));
    int i, count = virNodeGetCellsFreeMemory(cli->conn, bytes, 0, CELLS_MAX);
    unsigned long long sum = 0;

    if (count < 0)
        return cli_fail("cannot get the free memory of the NUMA cells");
    for (i = 0; i < count; i++) {
        printf("%5d: %10llu KiB\n", i, bytes[i] / 1024);
        sum += bytes[i];
    }
    printf("--------------------\n%5s: %10llu KiB\n", "Total", sum / 1024);
    return CLI_DONE;
}

int host_freecell(struct cli *cli, const struct args *args)
{
    unsigned long long bytes;

    if (args_flag(args, "all"))
        return cells_print(cli);
    if (args_flag(args, "cellno"))
        return cell_print(cli, (int)args_number(args, "cellno", 0));
    bytes = virNodeGetFreeMemory(cli->conn);
    if (bytes == 0)
        return cli_fail("cannot get the free memory");
    printf("Total: %llu KiB\n", bytes / 1024);
    return CLI_DONE;
}

int host_maxvcpus(struct cli *cli, const struct args *args)
{
    int count = virConnectGetMaxVcpus(cli->conn, args_text(args, "type"));

    if (count < 0)
        return cli_fail("cannot get the number of CPUs a guest may have");
    printf("%d\n", count);
    return CLI_DONE;
}

int host_cpu_models(struct cli *cli, const struct args *args)
{
    const char *arch = args_text(args, "arch");
    char **models = NULL;
    int i, count = virConnectGetCPUModelNames(cli->conn, arch, &models, 0);

    if (count < 0)
        return cli_fail("cannot get the CPU models of '%s'", arch);
    if (count == 0)
        printf("all CPU models are accepted\n");
    for (i = 0; i < count; i++) {
        printf("%s\n", models[i]);
        free(models[i]);
    }
    free(models);
    return CLI_DONE;
}
