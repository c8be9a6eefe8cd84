/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A backup of a domain's disks: <domainbackup> to and from a plain struct.  One
 * thread's at a time, and read by any once it is complete.
 */
#ifndef VIRTJOBD_BACKUP_XML_H
#define VIRTJOBD_BACKUP_XML_H

#include "xml/disk_images.h"

enum backup_mode {
    BACKUP_MODE_DEFAULT = 0, /* nothing was said */
    BACKUP_MODE_FULL,
    BACKUP_MODE_INCREMENTAL, /* what was written since a checkpoint */
    BACKUP_MODE_MAX
};

struct backup_disk {
    char *name; /* the target: "vda" */
    bool is_in; /* it is part of the backup */
    enum backup_mode mode;
    char *incremental; /* the checkpoint, or NULL */
    /* Pull: what NBD calls it and the bitmap of what was written since, or NULL. */
    char *export_name, *export_bitmap;
    /* Push: where to; pull: where what the guest overwrites is put aside. */
    struct disk_xml_image file;
};

struct backup_def {
    bool is_pull;
    char *incremental; /* the checkpoint of all that say no other, or NULL */
    /* Pull: where QEMU serves NBD. */
    char *socket;      /* a path, or NULL: */
    char *host, *port; /* TCP */
    struct backup_disk *disks;
    size_t ndisks;
};

void backup_def_free(struct backup_def *def); /* NULL is fine */

/*
 * What a client says.  whole: as we have written it, with QEMU's indexes.  What means nothing in
 * such a document is refused, as libvirt does, with VIR_ERR_XML_INVALID_SCHEMA.  NULL with err.
 * Worker.
 */
struct backup_def *backup_def_parse(const char *xml, bool whole, struct verror *err);
/* In libvirt's form, of one that is complete: a new string. */
char *backup_def_format(const struct backup_def *def);

/*
 * disks becomes what is done with each of the domain's, in their order, all but paths filled in.
 * -1 with err.
 */
int backup_def_align(struct backup_def *def, const struct domain_def *domain, struct verror *err);
/*
 * Where the data of a disk go to when nobody has said so: beside its image, with that suffix.  -1
 * with err where that is no file.
 */
int backup_disk_default_path(struct backup_disk *disk, const char *image, bool is_block,
                             const char *suffix, struct verror *err);
/* All paths are there: two disks have no file and no name in common.  -1 with err. */
int backup_def_check_apart(const struct backup_def *def, struct verror *err);

#endif
