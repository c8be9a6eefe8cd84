/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of disks by QMP; see guest_iotune.h.  Workers. */

#include "hypervisor/qemu/guest_iotune.h"

#include <string.h>

#include "hypervisor/qemu/guest.h"
#include "util/alloc.h"

/* A guest whose QEMU does not answer holds up only calls on itself. */
enum { ASK_MS = 20000 };

/* "virtio-disk0" is "/machine/peripheral/virtio-disk0/virtio-backend", others are as they are. */
static bool is_of(const char *qdev, const char *alias)
{
    static const char where[] = "/machine/peripheral/";
    size_t len = strlen(alias);

    if (strncmp(qdev, where, strlen(where)) == 0)
        qdev += strlen(where);
    return strncmp(qdev, alias, len) == 0 && (qdev[len] == '\0' || qdev[len] == '/');
}

/* *ret_blocks is the whole answer, which what is returned is a part of. */
static json_t *find_drive(const struct guest *guest, const char *alias, struct job_ctl *ctl,
                          json_t **ret_blocks, struct verror *err)
{
    json_t *block;
    size_t i;

    *ret_blocks = NULL;
    if (monitor_call(guest->monitor, "query-block", NULL, -1, ctl, ASK_MS, ret_blocks, err) < 0)
        return NULL;
    json_array_foreach (*ret_blocks, i, block) {
        const char *qdev = json_string_value(json_object_get(block, "qdev"));

        if (qdev && is_of(qdev, alias))
            return block;
    }
    verror_set(err, VIR_ERR_OPERATION_FAILED, "QEMU has no drive '%s'", alias);
    return NULL;
}

int guest_get_iotune(const struct guest *guest, const char *alias, struct iotune *ret_tune,
                     struct verror *err)
{
    json_t *blocks, *drive = find_drive(guest, alias, NULL, &blocks, err), *inserted;
    struct iotune tune = { 0 };

    if (drive) {
        inserted = json_object_get(drive, "inserted");
        for (size_t i = 0; i < IOTUNE_FIELDS; i++)
            tune.values[i] = (uint64_t)json_integer_value(
                json_object_get(inserted, iotune_fields[i].qmp));
        tune.group = xstrdup(json_string_value(json_object_get(inserted, "group")));
        *ret_tune = tune;
    }
    json_decref(blocks);
    return drive ? 0 : -1;
}

/* The first six are always there, and what has to be more than zero only where it is. */
static json_t *to_arguments(const struct iotune *tune, const char *qdev)
{
    json_t *args = json_pack("{s:s}", "id", qdev);

    for (size_t i = 0; i < IOTUNE_FIELDS; i++) {
        if (i < IOTUNE_BYTES_MAX || tune->values[i])
            json_object_set_new(args, iotune_fields[i].qmp,
                                json_integer((json_int_t)tune->values[i]));
    }
    if (tune->group)
        json_object_set_new(args, "group", json_string(tune->group));
    return args;
}

int guest_set_iotune(const struct guest *guest, const char *alias, const struct iotune *tune,
                     struct job_ctl *ctl, struct verror *err)
{
    json_t *blocks, *drive = find_drive(guest, alias, ctl, &blocks, err);
    int r = -1;

    if (drive)
        r = monitor_call(guest->monitor, "block_set_io_throttle",
                         to_arguments(tune, json_string_value(json_object_get(drive, "qdev"))), -1,
                         ctl, ASK_MS, NULL, err);
    json_decref(blocks);
    return r;
}

static int apply(const struct guest *guest, xmlNodePtr disk, struct job_ctl *ctl,
                 struct verror *err)
{
    _cleanup_free_ char *alias = xml_attribute(xml_child(disk, "alias"), "name");
    struct iotune tune;
    int r = 0;

    if (iotune_read(disk, &tune, err) < 0)
        return -1;
    if (alias && !iotune_is_empty(&tune) && xml_child(disk, "source"))
        r = guest_set_iotune(guest, alias, &tune, ctl, err);
    iotune_clear(&tune);
    return r;
}

int guest_apply_iotunes(const struct guest *guest, xmlNodePtr domain, struct job_ctl *ctl,
                        struct verror *err)
{
    xmlNodePtr node = xml_first(xml_child(domain, "devices"), "disk");

    for (; node; node = xml_next(node, "disk")) {
        if (apply(guest, node, ctl, err) < 0)
            return -1;
    }
    return 0;
}
