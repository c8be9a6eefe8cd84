/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Storage volume XML to and from plain structs.  Parsing runs on a worker (the
 * text came from a client), formatting on any thread.
 */
#ifndef VIRTJOBD_VOL_XML_H
#define VIRTJOBD_VOL_XML_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "util/verror.h"
#include "xml/pool_xml.h"

enum vol_format {
    VOL_FORMAT_RAW = 0,
    VOL_FORMAT_QCOW2,
    VOL_FORMAT_QCOW,
    VOL_FORMAT_QED,
    VOL_FORMAT_VMDK,
    VOL_FORMAT_VDI,
    VOL_FORMAT_VPC,
    VOL_FORMAT_VHDX,
    VOL_FORMAT_LUKS,
    VOL_FORMAT_ISO,
    VOL_FORMAT_DIR, /* a directory in the pool */
    VOL_FORMAT_MAX
};

/* Temporary files of jobs, in the target directory: this and the job's id. */
#define TEMP_NAME_PREFIX ".virtjobd-"

/* Longest name of a backing file: no image format stores more. */
#define BACKING_PATH_MAX 1023

/* The names of <format type='…'/>; -1 where there is no such format. */
const char *vol_format_name(enum vol_format format);
int vol_format_from_name(const char *name);
/* Can an image of this format have a backing file? */
bool vol_format_has_backing(enum vol_format format);

/* As a client asked for it. */
struct vol_def {
    char *name;
    uint64_t capacity;    /* bytes */
    bool has_capacity;
    uint64_t allocation;  /* bytes; without one the volume is fully allocated (libvirt) */
    bool has_allocation;
    enum vol_format format;
    bool has_format;
    struct perms perms;
    char *compat;           /* "0.10", "1.1" or NULL */
    bool lazy_refcounts;    /* <features><lazy_refcounts/> */
    bool extended_l2;
    bool nocow;
    uint64_t cluster_size;  /* bytes, 0 = QEMU's default */
    char *backing_path;     /* or NULL */
    enum vol_format backing_format;
    bool has_backing_format;
};

void vol_def_free(struct vol_def *def);

/* What a file in a pool is, as found on disk or as being made. */
struct vol_info {
    char *name;
    char *path;            /* canonical; it is the key too */
    bool block;            /* a block device, or a symlink to one */
    enum vol_format format;
    uint64_t capacity, allocation, physical; /* bytes */
    struct perms perms;
    struct timespec atime, mtime, ctime, btime; /* tv_nsec of btime -1 = not known */
    char *compat;
    bool lazy_refcounts, extended_l2, nocow;
    uint64_t cluster_size; /* of qcow2, else 0 */
    bool encrypted;
    char *backing_path;    /* as stored made absolute, or NULL */
    int backing_format;    /* enum vol_format, -1 = the file does not say */
    bool names_files;      /* others than a backing store, for its own data: qcow2, VMDK */
    uint64_t dev, ino;     /* of the file, number and 0 of a device; 0/0 while it is being made */
};

void vol_info_free(struct vol_info *info);
struct vol_info *vol_info_copy(const struct vol_info *info);

/*
 * Checks all that the text alone can tell: root, name (not empty, no '/', not
 * '.' or '..', no control characters, at most 255 bytes, none of our temporary
 * names), sizes with units, overflow.  Unknown elements and our own job
 * element are dropped.  -1 with err.
 */
int vol_def_parse(const char *xml, struct vol_def **ret_def, struct verror *err);
/* job_xml: our own element or NULL.  A new string. */
char *vol_info_format(const struct vol_info *info, const char *job_xml);

/* Also used for names that did not come by XML.  0 or -1 with err. */
int vol_name_check(const char *name, struct verror *err);

#endif
