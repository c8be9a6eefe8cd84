/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is this file?  By content, never by name: format, virtual size,
 * features and backing file, read from the first bytes of an open file with
 * every length in it distrusted.  Worker threads.
 */
#ifndef VIRTJOBD_PROBE_H
#define VIRTJOBD_PROBE_H

#include "jobs/ctl.h"
#include "util/verror.h"
#include "xml/vol_xml.h"

/* Temporary files of jobs, in the target directory: this and the job's id. */
#define TEMP_NAME_PREFIX ".virtjobd-"

/*
 * One entry of a pool's directory, opened with O_NOFOLLOW below dirfd.
 * pool_path: canonical path of the directory.
 * 0: *ret_info is a volume.  1: not one (temporary name, socket, fifo, device
 * node, dangling or foreign symlink, "lost+found", vanished meanwhile).
 * -1 with err: it cannot be read at all.
 */
int probe_entry(int dirfd, const char *pool_path, const char *name, struct vol_info **ret_info,
                struct verror *err);

/*
 * The whole directory, with progress in files and cancel between files.
 * Entries that cannot be read are skipped with a log line.  0, or -1 with err
 * (VIR_ERR_OPERATION_ABORTED when cancelled).
 */
int probe_directory(const char *pool_path, struct job_ctl *ctl, struct vol_info ***ret_infos,
                    size_t *ret_count, struct verror *err);

/* Capacity, allocation and available bytes of the file system, and the directory's permissions. */
int probe_pool(const char *pool_path, struct pool_xml_state *ret_state, struct verror *err);

#endif
