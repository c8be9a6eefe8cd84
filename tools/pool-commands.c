/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows of the pool commands. */

#include "tools/groups.h"
#include "tools/pool.h"

static const char *const pool_types[] = { "dir", NULL };

#define OPT_BUILD                                                                         \
    OPT_FLAG("build", "build the pool first"),                                            \
        OPT_FLAG("no-overwrite", "fail to build over anything that is there"),            \
        OPT_FLAG("overwrite", "build over whatever is there")

/* A pool's description, option by option. */
#define OPT_DESCRIPTION                                                                      \
    { .name = "name", .kind = OPTION_TEXT, .required = true, .positional = true,             \
      .help = "name of the pool" },                                                          \
        { .name = "type", .kind = OPTION_TEXT, .required = true, .positional = true,         \
          .choices = pool_types, .help = "type of the pool" },                               \
        OPT_FLAG("print-xml", "print the description, do nothing"),                          \
        { .name = "target", .kind = OPTION_TEXT, .values = VALUES_FILE,                      \
          .help = "path of the pool" },                                                      \
        OPT_TEXT("source-host", "host that the storage is on"),                              \
        OPT_TEXT("source-path", "path of the storage"),                                      \
        OPT_TEXT("source-dev", "device of the storage"),                                     \
        OPT_TEXT("source-name", "name of the storage"),                                      \
        OPT_TEXT("source-format", "format of the storage")

static const struct command commands[] = {
    { .name = "pool-define",
      .summary = "define a persistent pool, or change one, from an XML file",
      .options = OPTIONS(OPT_FILE("file with the pool's XML"), OPT_VALIDATE),
      .run = pool_define },
    { .name = "pool-define-as",
      .summary = "define a persistent pool from options",
      .options = OPTIONS(OPT_DESCRIPTION),
      .run = pool_define_as },
    { .name = "pool-create",
      .summary = "create and start a transient pool from an XML file",
      .options = OPTIONS(OPT_FILE("file with the pool's XML"), OPT_BUILD, OPT_ASYNC),
      .check = pool_build_check,
      .run = pool_create },
    { .name = "pool-create-as",
      .summary = "create and start a transient pool from options",
      .options = OPTIONS(OPT_DESCRIPTION, OPT_BUILD, OPT_ASYNC),
      .check = pool_build_check,
      .run = pool_create_as },
    { .name = "pool-build",
      .summary = "build the storage under a pool",
      .options = OPTIONS(OPT_POOL, OPT_FLAG("no-overwrite", "fail over anything that is there"),
                         OPT_FLAG("overwrite", "build over whatever is there"), OPT_ASYNC),
      .check = pool_build_check,
      .run = pool_build },
    { .name = "pool-start",
      .summary = "start a defined pool",
      .options = OPTIONS(OPT_POOL, OPT_BUILD, OPT_ASYNC),
      .check = pool_build_check,
      .run = pool_start },
    { .name = "pool-autostart",
      .summary = "start a pool with the daemon from now on",
      .options = OPTIONS(OPT_POOL, OPT_FLAG("disable", "do not start it with the daemon")),
      .run = pool_autostart },
    { .name = "pool-list",
      .summary = "list pools, by default the active ones",
      .options = OPTIONS(OPT_FLAG("inactive", "list inactive pools"),
                         OPT_FLAG("all", "list active and inactive pools"),
                         OPT_FLAG("transient", "list transient pools only"),
                         OPT_FLAG("persistent", "list persistent pools only"),
                         OPT_FLAG("autostart", "list pools started with the daemon only"),
                         OPT_FLAG("no-autostart", "list pools not started with it only"),
                         OPT_TEXT("type", "list pools of these types only, as in dir,fs"),
                         OPT_FLAG("details", "with persistence and sizes"),
                         OPT_FLAG("uuid", "the UUIDs alone, one a line"),
                         OPT_FLAG("name", "the names alone, one a line")),
      .check = pool_list_check,
      .run = pool_list },
    { .name = "pool-info",
      .summary = "state and sizes of a pool",
      .options = OPTIONS(OPT_POOL, OPT_BYTES),
      .run = pool_info },
    { .name = "pool-refresh",
      .summary = "look at a pool's storage anew",
      .options = OPTIONS(OPT_POOL, OPT_ASYNC),
      .run = pool_refresh },
    { .name = "pool-destroy",
      .summary = "stop a pool; what is stored in it stays",
      .options = OPTIONS(OPT_POOL),
      .run = pool_destroy },
    { .name = "pool-delete",
      .summary = "delete the storage under an inactive pool",
      .options = OPTIONS(OPT_POOL, OPT_ASYNC),
      .run = pool_delete },
    { .name = "pool-undefine",
      .summary = "remove the definition of an inactive pool",
      .options = OPTIONS(OPT_POOL),
      .run = pool_undefine },
    { .name = "pool-dumpxml",
      .summary = "print a pool's XML",
      .options = OPTIONS(OPT_POOL, OPT_FLAG("inactive", "as it is defined, not as it runs")),
      .run = pool_dumpxml },
    { .name = "pool-uuid",
      .summary = "print the UUID of a pool",
      .options = OPTIONS(OPT_POOL),
      .run = pool_uuid },
    { .name = "pool-name",
      .summary = "print the name of a pool",
      .options = OPTIONS(OPT_POOL),
      .run = pool_name },
    { .name = "pool-edit",
      .summary = "edit a pool's XML in $VISUAL or $EDITOR",
      .options = OPTIONS(OPT_POOL),
      .run = pool_edit },
    { .name = "pool-capabilities",
      .summary = "print the pool types that the daemon supports, as XML",
      .options = NO_OPTIONS,
      .run = pool_capabilities },
    { .name = NULL },
};

const struct command_group pool_group = { "pool", "Storage pools", commands };
