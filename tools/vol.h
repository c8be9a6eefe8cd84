/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The commands on storage volumes, by file; their rows are in vol-commands.c.
 */
#ifndef VIRTJOB_VOL_H
#define VIRTJOB_VOL_H

#include "tools/args.h"
#include "tools/cli.h"

/* vol-find.c */
/* By name in pool (may be NULL), else by key, else by path; tells its error. */
virStorageVolPtr vol_find(struct cli *cli, const char *vol, const char *pool);
virStorageVolPtr vol_of(struct cli *cli, const struct args *args); /* the one of --vol, --pool */

/* vol-make.c */
int vol_create(struct cli *cli, const struct args *args);
int vol_create_as_check(const struct args *args);
int vol_create_as(struct cli *cli, const struct args *args);
int vol_create_from(struct cli *cli, const struct args *args);
int vol_clone(struct cli *cli, const struct args *args);

/* vol-change.c */
extern const char *const vol_wipe_algorithms[]; /* by virStorageVolWipeAlgorithm, ended by NULL */
int vol_wipe_check(const struct args *args);
int vol_wipe(struct cli *cli, const struct args *args);
int vol_resize_check(const struct args *args);
int vol_resize(struct cli *cli, const struct args *args);
int vol_delete(struct cli *cli, const struct args *args);

/* vol-transfer.c */
int vol_upload(struct cli *cli, const struct args *args);
int vol_download(struct cli *cli, const struct args *args);

/* vol-show.c */
int vol_list(struct cli *cli, const struct args *args);
int vol_info(struct cli *cli, const struct args *args);
int vol_dumpxml(struct cli *cli, const struct args *args);
int vol_path(struct cli *cli, const struct args *args);
int vol_key(struct cli *cli, const struct args *args);
int vol_name(struct cli *cli, const struct args *args);
int vol_pool(struct cli *cli, const struct args *args);

#endif
