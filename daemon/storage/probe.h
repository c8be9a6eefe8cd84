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

/*
 * One entry of a pool's directory, opened with O_NOFOLLOW below dirfd.
 * pool_path: canonical path of the directory.
 * 0: *ret_info is a volume: a regular file, a directory, a block device, or a
 * symlink to a regular file or block device that its owner could give away
 * (see probe.c).  1: not one (temporary name, socket, fifo, character device,
 * any other symlink, "lost+found", vanished meanwhile).
 * -1 with err: it cannot be read at all.
 *
 * A symlink is only ever read through here.  Its volume's dev and ino are the
 * target's, so that locks see what is behind it; what changes a volume opens
 * the name with O_NOFOLLOW and so refuses the link.
 */
int probe_entry(int dirfd, const char *pool_path, const char *name, struct vol_info **ret_info,
                struct verror *err);

/* Where the symlink at path leads, a new canonical path, if probe_entry would read it. */
int probe_follow(const char *path, char **ret_path, struct verror *err);

/*
 * The whole directory, with progress in files and cancel between files.
 * Entries that cannot be read are skipped with a log line.  0, or -1 with err
 * (VIR_ERR_OPERATION_ABORTED when cancelled).
 */
int probe_directory(const char *pool_path, struct job_ctl *ctl, struct vol_info ***ret_infos,
                    size_t *ret_count, struct verror *err);

/*
 * Capacity, allocation and available bytes of the file system, and the
 * directory's mode, owner and group (not its label: the state owns nothing).
 */
int probe_pool(const char *pool_path, struct pool_xml_state *ret_state, struct verror *err);

#endif
