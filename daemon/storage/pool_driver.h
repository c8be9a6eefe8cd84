/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a pool type can do.  One const row a type, one file a type; found by
 * the type's name in the XML.  All functions run on workers and get immutable
 * definitions.
 */
#ifndef VIRTJOBD_POOL_DRIVER_H
#define VIRTJOBD_POOL_DRIVER_H

#include <stdint.h>

#include "jobs/ctl.h"
#include "util/verror.h"
#include "xml/pool_xml.h"

/* What build is going to change, so that it can be undone; journalled before it does. */
struct pool_build_trace {
    char *created;            /* the topmost directory that will be made, or NULL */
    uint32_t mode, owner, group; /* of an existing directory, before; PERMS_UNSET = unchanged */
};

struct pool_driver {
    const char *type; /* "dir" */
    int (*survey)(const struct pool_def *def, struct pool_build_trace *ret_trace,
                  struct verror *err);
    /* flags: virStoragePoolBuildFlags */
    int (*build)(const struct pool_def *def, unsigned int flags, struct verror *err);
    void (*unbuild)(const struct pool_def *def, const struct pool_build_trace *trace);
    /* Makes the storage reachable and says which directory it is. */
    int (*start)(const struct pool_def *def, char **ret_path, uint64_t *ret_dev,
                 uint64_t *ret_ino, struct verror *err);
    /* Removes the pool's storage itself. */
    int (*remove)(const struct pool_def *def, struct verror *err);
};

/* NULL = there is no such type. */
const struct pool_driver *pool_driver_find(const char *type);

extern const struct pool_driver pool_driver_dir;

#endif
