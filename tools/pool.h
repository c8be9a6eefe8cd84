/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The commands on storage pools, by file; their rows are in pool-commands.c.
 */
#ifndef VIRTJOB_POOL_H
#define VIRTJOB_POOL_H

#include "tools/args.h"
#include "tools/cli.h"

/* pool-find.c */
virStoragePoolPtr pool_lookup(struct cli *cli, const char *name_or_uuid);
virStoragePoolPtr pool_find(struct cli *cli, const char *name_or_uuid); /* and tells its error */
virStoragePoolPtr pool_of(struct cli *cli, const struct args *args);    /* the one of --pool */
const char *pool_state_name(int state);

/* pool-make.c */
int pool_define(struct cli *cli, const struct args *args);
int pool_define_as(struct cli *cli, const struct args *args);
int pool_create(struct cli *cli, const struct args *args);
int pool_create_as(struct cli *cli, const struct args *args);

/* pool-edit.c */
int pool_edit(struct cli *cli, const struct args *args);

/* pool-run.c */
int pool_build_check(const struct args *args); /* of every command that may build */
int pool_build(struct cli *cli, const struct args *args);
int pool_start(struct cli *cli, const struct args *args);
int pool_autostart(struct cli *cli, const struct args *args);
int pool_refresh(struct cli *cli, const struct args *args);
int pool_destroy(struct cli *cli, const struct args *args);
int pool_delete(struct cli *cli, const struct args *args);
int pool_undefine(struct cli *cli, const struct args *args);

/* pool-show.c */
int pool_list_check(const struct args *args);
int pool_list(struct cli *cli, const struct args *args);
int pool_info(struct cli *cli, const struct args *args);
int pool_dumpxml(struct cli *cli, const struct args *args);
int pool_uuid(struct cli *cli, const struct args *args);
int pool_name(struct cli *cli, const struct args *args);
int pool_capabilities(struct cli *cli, const struct args *args);

#endif
