/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the XML a client sent to a complete definition: what it leaves out is
 * filled in as libvirt's QEMU driver does (machine, emulator, controllers,
 * implicit devices, addresses), and what we cannot provide is refused.  For a
 * domain that starts: aliases too.  Workers.
 */
#ifndef VIRTJOBD_QEMU_COMPLETE_H
#define VIRTJOBD_QEMU_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

#include "hypervisor/qemu/caps.h"
#include "xml/domain_def.h"

struct fd_group_list;
struct job_ctl;

/* What completion needs to know of this host and daemon. */
struct complete_host {
    struct qemu_caps_cache *caps;
    bool found_emulators; /* one that is named must be what is found without, see caps.h */
    const char *networks; /* config: network name -> "user" or "bridge:NAME", see networks.h */
};

/*
 * A persistent (inactive) definition.  Our own job element and libvirt's live-only parts (id,
 * aliases that are not "ua-…", ptys, seclabels of type dynamic) are dropped.
 * validate: also refuse elements that mean nothing (VIR_DOMAIN_DEFINE_VALIDATE).
 * NULL with err: VIR_ERR_XML_ERROR, _CONFIG_UNSUPPORTED, _INVALID_ARG.
 */
struct domain_def *domain_complete(const struct complete_host *host, const char *xml,
                                   bool validate, struct verror *err);

/* Where a <disk type='volume'> is: looked up by the loop before. */
struct volume_path {
    char *pool, *volume;
    char *path;
    const char *format; /* QEMU's name, static */
};

/* Where the images of disks are that have no path, or that is not used. */
struct live_sources {
    const struct volume_path *volumes;
    size_t nvolumes;
    const struct fd_group_list *fd_groups; /* or NULL: there are none */
    bool incoming;                         /* memory is read in: all its disks must be there */
    struct disk_drops *drops; /* what the domain starts without is told here; or NULL */
};

/* An image that is missing, and need not be there as its startupPolicy says. */
struct disk_drop {
    char *path, *alias; /* path NULL: it is a volume */
    bool whole;         /* the disk is not there either; else an empty drive is */
};
struct disk_drops {
    struct disk_drop *drops;
    size_t n;
};
void disk_drops_clear(struct disk_drops *drops);

/*
 * The document of a domain that is about to run: def with id, aliases, and every made-up
 * value a guest must find again after a restore; below each disk its chain of backing files
 * (disk_chain.h).  Missing disk, kernel, initrd or emulator: -1 with err naming it.  def may come
 * from a save image: its addresses and aliases are kept as they are.  channel_dir: where
 * sockets of channels without a path are made.
 */
xmlDocPtr domain_make_live(const struct complete_host *host, const struct domain_def *def, int id,
                           const char *channel_dir, const struct live_sources *sources,
                           struct verror *err);

#endif
