/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What may stand at a place of a command line: `virtjob complete INDEX WORD...`
 * is asked by the shell with all words after "virtjob" and the place of the one
 * being typed.  One candidate a line; silent when there is no daemon.  Exit
 * code COMPLETE_FILES asks the shell for file names instead.
 */

#include <stdio.h>
#include <string.h>

#include "daemon/util/alloc.h"
#include "tools/help.h"
#include "tools/host.h"
#include "tools/jobs.h"
#include "tools/pool.h"

#define COMPLETE_FILES 10
/* A shell that waits for a daemon that hangs is worse than one that offers nothing. */
#define SECONDS_MAX 2

/* The words before the one being typed, understood as far as they go. */
struct line {
    struct cli *cli;
    const struct command *command;  /* NULL: it is still to come */
    const struct option_row *value; /* the option whose value is being typed, or NULL */
    bool ends_global;               /* the value being typed is a global option's */
    const char **values;            /* by row of command->options */
    const char *typed;              /* the start of the word, or of the value after "=" */
    const char *before;             /* "--pool=" where typed is the value after it */
};

static void offer(const struct line *line, const char *text)
{
    if (!strncmp(text, line->typed, strlen(line->typed)) && !strpbrk(text, "\r\n"))
        printf("%s%s\n", line->before, text);
}

static void offer_option(const struct line *line, const char *name)
{
    _cleanup_free_ char *text = xasprintf("--%s", name);

    offer(line, text);
}

static const char *value_of(const struct line *line, const char *name)
{
    size_t i;

    for (i = 0; line->command->options[i].name; i++)
        if (!strcmp(line->command->options[i].name, name))
            return line->values[i];
    return NULL;
}

static void offer_commands(const struct line *line)
{
    const struct command_group *const *group;
    const struct command *command;

    for (group = command_groups; *group; group++)
        for (command = (*group)->commands; command->name; command++)
            if (!command->hidden)
                offer(line, command->name);
}

static void offer_domains(const struct line *line)
{
    virDomainPtr *domains = NULL;
    int i, count = virConnectListAllDomains(line->cli->conn, &domains, 0);

    for (i = 0; i < count; i++) {
        offer(line, virDomainGetName(domains[i]));
        (void)virDomainFree(domains[i]);
    }
    free(domains);
}

static void offer_vols_of(const struct line *line, virStoragePoolPtr pool)
{
    virStorageVolPtr *vols = NULL;
    int i, count = virStoragePoolListAllVolumes(pool, &vols, 0);

    for (i = 0; i < count; i++) {
        offer(line, virStorageVolGetName(vols[i]));
        (void)virStorageVolFree(vols[i]);
    }
    free(vols);
}

/* The pools' names, or with vols the names of all their volumes. */
static void offer_pools(const struct line *line, bool vols)
{
    virStoragePoolPtr *pools = NULL;
    int i, count = virConnectListAllStoragePools(line->cli->conn, &pools, 0);

    for (i = 0; i < count; i++) {
        if (vols)
            offer_vols_of(line, pools[i]);
        else
            offer(line, virStoragePoolGetName(pools[i]));
        (void)virStoragePoolFree(pools[i]);
    }
    free(pools);
}

static void offer_vols(const struct line *line)
{
    const char *input = value_of(line, "inputpool");
    const char *name = input ? input : value_of(line, "pool");
    _cleanup_pool_ virStoragePoolPtr pool = name ? pool_lookup(line->cli, name) : NULL;

    if (pool)
        offer_vols_of(line, pool);
    else
        offer_pools(line, true);
}

static void offer_jobs(const struct line *line)
{
    virJobRecordPtr *jobs = NULL;
    int i, count = virConnectListAllJobs(line->cli->conn, &jobs, VIR_CONNECT_LIST_JOBS_ACTIVE);

    for (i = 0; i < count; i++) {
        _cleanup_free_ char *id = xasprintf("%llu", jobs[i]->id);

        offer(line, id);
        virJobRecordFree(jobs[i]);
    }
    free(jobs);
}

static int connect_quietly(struct cli *cli)
{
    cli_errors_keep(); /* untold */
    (void)alarm(SECONDS_MAX); /* its default action ends us, in silence */
    cli->conn = virConnectOpenReadOnly(cli->uri);
    return cli->conn ? 0 : -1;
}

static int offer_values(const struct line *line, const struct option_row *option)
{
    const char *const *choice;

    for (choice = option->choices; choice && *choice; choice++)
        offer(line, *choice);
    if (option->values == VALUES_NONE)
        return CLI_DONE;
    if (option->values == VALUES_FILE)
        return COMPLETE_FILES;
    if (option->values == VALUES_COMMAND) {
        offer_commands(line);
        return CLI_DONE;
    }
    if (connect_quietly(line->cli) < 0)
        return CLI_DONE;
    if (option->values == VALUES_DOMAIN)
        offer_domains(line);
    else if (option->values == VALUES_POOL)
        offer_pools(line, false);
    else if (option->values == VALUES_VOL)
        offer_vols(line);
    else
        offer_jobs(line);
    return CLI_DONE;
}

/* Takes -c URI and the other options before the command; the index after them. */
static int globals_skip(struct line *line, int count, char *const *words)
{
    int i = 0;

    while (i < count && words[i][0] == '-') {
        const char *word = words[i++];

        if (!strncmp(word, "--connect=", 10)) {
            line->cli->uri = word + 10;
        } else if (!strcmp(word, "-c") || !strcmp(word, "--connect")) {
            if (i == count)
                line->ends_global = true;
            else
                line->cli->uri = words[i++];
        }
    }
    return i;
}

/* Sorts the words after the command into its options, as args_parse() does, but forgives. */
static void words_sort(struct line *line, int count, char *const *words)
{
    const struct option_row *options = line->command->options;
    int i;

    for (i = 0; i < count; i++) {
        bool named = !strncmp(words[i], "--", 2);
        size_t len = named ? strcspn(words[i] + 2, "=") : 0;
        size_t row;

        for (row = 0; options[row].name; row++)
            if (named ? strlen(options[row].name) == len &&
                            !strncmp(options[row].name, words[i] + 2, len)
                      : options[row].positional && (!line->values[row] || options[row].many))
                break;
        if (!options[row].name)
            continue;
        if (!named)
            line->values[row] = words[i];
        else if (options[row].kind == OPTION_FLAG)
            line->values[row] = "";
        else if (words[i][2 + len])
            line->values[row] = words[i] + 2 + len + 1;
        else if (i + 1 < count)
            line->values[row] = words[++i];
        else
            line->value = &options[row];
    }
}

/* --name=VALUE being typed: what is before the "=" stays as it is. */
static void equals_split(struct line *line, char **ret_before)
{
    const struct option_row *options = line->command->options;
    const char *equals = strchr(line->typed, '=');
    size_t i, len;

    if (strncmp(line->typed, "--", 2) != 0 || !equals)
        return;
    len = (size_t)(equals - line->typed) - 2;
    for (i = 0; options[i].name; i++)
        if (strlen(options[i].name) == len && !strncmp(options[i].name, line->typed + 2, len))
            line->value = &options[i];
    *ret_before = xstrndup(line->typed, len + 3);
    line->before = *ret_before;
    line->typed = equals + 1;
}

static int offer_arguments(struct line *line)
{
    const struct option_row *options = line->command->options;
    _cleanup_free_ char *before = NULL;
    size_t i;

    if (!line->value)
        equals_split(line, &before);
    if (line->value)
        return offer_values(line, line->value);
    if (line->typed[0] == '-') {
        for (i = 0; options[i].name; i++)
            if (!line->values[i])
                offer_option(line, options[i].name);
        return CLI_DONE;
    }
    for (i = 0; options[i].name; i++)
        if (options[i].positional && !line->values[i])
            return offer_values(line, &options[i]);
    return CLI_DONE;
}

static int offer_start(const struct line *line)
{
    const struct global_option *option;

    if (line->ends_global)
        return CLI_DONE;
    if (line->typed[0] == '-')
        for (option = global_options; option->name; option++)
            offer_option(line, option->name);
    else
        offer_commands(line);
    return CLI_DONE;
}

int complete(struct cli *cli, int argc, char **argv)
{
    struct line line = { .cli = cli, .before = "" };
    _cleanup_free_ const char **values = NULL;
    size_t rows = 0;
    int typed, start;

    typed = argc > 0 ? atoi(argv[0]) + 1 : 0;
    if (typed < 1 || typed > argc)
        return CLI_USAGE;
    line.typed = typed < argc ? argv[typed] : "";
    start = 1 + globals_skip(&line, typed - 1, argv + 1);
    if (start == typed)
        return offer_start(&line);
    line.command = command_find(argv[start]);
    if (!line.command)
        return CLI_DONE;
    while (line.command->options[rows].name)
        rows++;
    values = xcalloc(rows, sizeof(*values));
    line.values = values;
    words_sort(&line, typed - start - 1, argv + start + 1);
    return offer_arguments(&line);
}
