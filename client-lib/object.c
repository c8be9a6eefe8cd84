/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What connections, domains, pools, volumes and streams have in common: the check that
 * a pointer is what it should be, and reference counts.  Any thread.
 */

#include "internal.h"

/* What is said of a pointer that is no such object. */
struct object_kind {
    uint32_t magic;
    int code, domain;
    const char *name;
};

static const struct object_kind kinds[] = {
    { MAGIC_CONNECT, VIR_ERR_INVALID_CONN, VIR_FROM_NONE, "connection" },
    { MAGIC_DOMAIN, VIR_ERR_INVALID_DOMAIN, VIR_FROM_DOMAIN, "domain" },
    { MAGIC_POOL, VIR_ERR_INVALID_STORAGE_POOL, VIR_FROM_STORAGE, "storage pool" },
    { MAGIC_VOL, VIR_ERR_INVALID_STORAGE_VOL, VIR_FROM_STORAGE, "storage volume" },
    { MAGIC_STREAM, VIR_ERR_INVALID_STREAM, VIR_FROM_STREAMS, "stream" },
};

static const struct object_kind *kind_of(uint32_t magic)
{
    const struct object_kind *kind = kinds;

    while (kind->magic != magic)
        kind++;
    return kind;
}

bool object_check(const struct object *object, uint32_t magic)
{
    const struct object_kind *kind = kind_of(magic);

    if (object && object->magic == magic)
        return true;
    (void)error_raise(kind->code, kind->domain, "invalid %s pointer in %s", kind->name,
                      error_api());
    return false;
}

bool object_enter(const struct object *object, uint32_t magic, const char *api)
{
    error_enter(api);
    return object_check(object, magic);
}

int object_ref(struct object *object)
{
    atomic_fetch_add(&object->refs, 1);
    return 0;
}

int object_unref(struct object *object)
{
    int left = atomic_fetch_sub(&object->refs, 1) - 1;

    if (left == 0)
        object->magic = 0;
    return left;
}
