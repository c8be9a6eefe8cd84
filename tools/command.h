/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The commands as data: parsing, help, the manual page and completion all read
 * the same rows.  A new kind of object is a new group in command.c.
 */
#ifndef VIRTJOB_COMMAND_H
#define VIRTJOB_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

struct args;
struct cli;

enum option_kind {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_NUMBER,
    OPTION_SIZE /* see size.h */
};

/* What completion offers as the option's value. */
enum option_values {
    VALUES_NONE = 0,
    VALUES_FILE,
    VALUES_DOMAIN,
    VALUES_POOL,
    VALUES_VOL,
    VALUES_JOB,
    VALUES_COMMAND
};

struct option_row {
    const char *name; /* without the dashes; NULL ends a list */
    enum option_kind kind;
    bool required;
    bool positional; /* may come without its name, in the order of the rows */
    bool many;       /* each time adds a word; one in a command, and the last positional one */
    enum option_values values;
    const char *const *choices; /* for completion, or NULL; ended by NULL */
    const char *help;
};

struct command {
    const char *name; /* NULL ends a list */
    const char *summary;
    const char *text; /* what help and manual say beyond the summary, or NULL */
    const struct option_row *options;
    bool no_connection; /* run() finds cli->conn NULL */
    bool hidden;        /* in neither help nor manual */
    /* Can the options be together? Before anything is done: CLI_DONE or CLI_USAGE; or NULL. */
    int (*check)(const struct args *args);
    int (*run)(struct cli *cli, const struct args *args);
    /* Instead of run: the words unparsed. */
    int (*run_raw)(struct cli *cli, int argc, char **argv);
};

struct command_group {
    const char *name; /* as `help NAME` takes it */
    const char *title;
    const struct command *commands;
};

/* Every group, ended by NULL. */
extern const struct command_group *const command_groups[];

const struct command *command_find(const char *name);
const struct command_group *command_group_find(const char *name);

/* A list of option rows, in place. */
#define OPTIONS(...) (const struct option_row[]){ __VA_ARGS__, { .name = NULL } }
#define NO_OPTIONS (const struct option_row[]){ { .name = NULL } }

/* Rows that many commands share. */
#define OPT_DOMAIN_IS(text)                                                              \
    { .name = "domain", .kind = OPTION_TEXT, .required = true, .positional = true,       \
      .values = VALUES_DOMAIN, .help = text }
#define OPT_DOMAIN OPT_DOMAIN_IS("name, id or UUID of the domain")
#define OPT_POOL                                                                         \
    { .name = "pool", .kind = OPTION_TEXT, .required = true, .positional = true,         \
      .values = VALUES_POOL, .help = "name or UUID of the pool" }
#define OPT_VOL                                                                          \
    { .name = "vol", .kind = OPTION_TEXT, .required = true, .positional = true,          \
      .values = VALUES_VOL, .help = "name, key or path of the volume" }
#define OPT_IN_POOL                                                                      \
    { .name = "pool", .kind = OPTION_TEXT, .positional = true, .values = VALUES_POOL,    \
      .help = "name or UUID of the volume's pool; needed with a name" }
#define OPT_FILE(text)                                                                   \
    { .name = "file", .kind = OPTION_TEXT, .required = true, .positional = true,         \
      .values = VALUES_FILE, .help = text }
#define OPT_FLAG(word, text) { .name = word, .kind = OPTION_FLAG, .help = text }
#define OPT_TEXT(word, text) { .name = word, .kind = OPTION_TEXT, .help = text }
#define OPT_ASYNC OPT_FLAG("async", "print the job's id and return, do not wait for its end")
#define OPT_SPEED                                                                        \
    { .name = "speed", .kind = OPTION_SIZE,                                              \
      .help = "move at most so many bytes a second, such as 10M" }
#define OPT_XPATH                                                                         \
    OPT_TEXT("xpath", "print only what this XPath expression selects"),                   \
        OPT_FLAG("wrap", "with --xpath: as the children of one element")
#define OPT_VALIDATE OPT_FLAG("validate", "refuse XML with elements that mean nothing here")
#define OPT_BYTES OPT_FLAG("bytes", "sizes in bytes")

#endif
