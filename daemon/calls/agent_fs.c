/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's file systems as its agent tells them, with the domain's own names
 * for the disks they are on.  Loop thread, but for reading the XML.
 */

#include <string.h>

#include "calls/agent_call.h"
#include "hypervisor/qemu/guest.h"
#include "protocol/remote.h"
#include "util/alloc.h"

/* --- the domain's disks --- */

struct places_input {
    struct domain_def *def;
    size_t size;
    int (*then)(struct call *call);
    struct disk_place *places;
    size_t nplaces;
};

static void free_input(void *opaque)
{
    struct places_input *input = opaque;

    domain_def_unref(input->def);
    free(input->places);
    free(input);
}

/* Worker. */
static int find_places(void *opaque, struct verror *err)
{
    struct places_input *input = opaque;

    (void)err;
    input->nplaces = disk_places(input->def, &input->places);
    return 0;
}

static void places_found(struct call *call, void *opaque)
{
    const struct places_input *input = opaque;
    const size_t align = _Alignof(max_align_t);
    size_t at = (input->size + align - 1) / align * align;
    struct agent_disks_call *disks =
        xcalloc(1, at + (input->nplaces + 1) * sizeof(struct disk_place));

    disks->nplaces = input->nplaces;
    disks->places = (struct disk_place *)((char *)disks + at);
    memcpy(disks->places, input->places, input->nplaces * sizeof(struct disk_place));
    call->opaque = disks;
    call_end(call, input->then(call));
}

int call_with_disks(struct call *call, size_t size, int (*then)(struct call *call))
{
    struct offload offload = {
        .free_input = free_input,
        .work = find_places,
        .then = places_found,
    };
    struct places_input *input;
    struct domain *domain;

    if (call_check_agent(call) < 0 || !(domain = call_domain(call, call->args)))
        return -1;
    offload.input = input = XNEW(struct places_input);
    *input = (struct places_input){ .def = domain_def_ref(domain->guest->def), .size = size,
                                    .then = then };
    offload.key = domain->uuid;
    call_offload(call, &offload);
    return CALL_PENDING;
}

static bool same_numbers(const json_t *object, const char *const *keys, const int *numbers,
                         size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const json_t *number = json_object_get(object, keys[i]);

        if (!json_is_integer(number) || json_integer_value(number) != numbers[i])
            return false;
    }
    return true;
}

const char *agent_disk_target(const struct agent_disks_call *disks, const json_t *address)
{
    static const char *const pci[] = { "domain", "bus", "slot", "function" };
    static const char *const drive[] = { "bus", "target", "unit" };
    const json_t *controller = json_object_get(address, "pci-controller");

    for (size_t i = 0; i < disks->nplaces; i++) {
        const struct disk_place *place = &disks->places[i];

        if (same_numbers(controller, pci, place->pci, ARRAY_SIZE(pci)) &&
            (!place->is_drive || same_numbers(address, drive, place->drive, ARRAY_SIZE(drive))))
            return place->target;
    }
    return NULL;
}

/* --- virDomainGetFSInfo() --- */

static int take_disks(struct call *call, const json_t *list, struct remote_agent_fs *fs)
{
    size_t i;
    json_t *disk;

    if (!list)
        return 0; /* agents of old do not say */
    if (agent_list(call, list, REMOTE_AGENT_MOUNTPOINTS_MAX) < 0)
        return -1;
    fs->disks.disks_val = xcalloc(json_array_size(list) + 1, sizeof(*fs->disks.disks_val));
    json_array_foreach(list, i, disk)
    {
        const char *target = agent_disk_target(call->opaque, disk);

        if (target)
            fs->disks.disks_val[fs->disks.disks_len++] = xstrdup(target);
    }
    return 0;
}

static int take_filesystem(struct call *call, const json_t *from, struct remote_agent_fs *fs)
{
    const char *mountpoint = agent_text(call, from, "mountpoint");
    const char *name = agent_text(call, from, "name"), *type = agent_text(call, from, "type");

    fs->mountpoint = xstrdup(mountpoint ? mountpoint : "");
    fs->name = xstrdup(name ? name : "");
    fs->type = xstrdup(type ? type : "");
    return mountpoint && name && type ? take_disks(call, json_object_get(from, "disk"), fs) : -1;
}

static int take_filesystems(struct call *call, json_t *value)
{
    struct remote_agent_fs_ret *ret = call->ret;
    size_t i;
    json_t *item;

    if (agent_list(call, value, REMOTE_AGENT_MOUNTPOINTS_MAX) < 0)
        return -1;
    ret->filesystems.filesystems_val =
        xcalloc(json_array_size(value) + 1, sizeof(*ret->filesystems.filesystems_val));
    json_array_foreach(value, i, item)
    {
        ret->filesystems.filesystems_len++;
        if (take_filesystem(call, item, &ret->filesystems.filesystems_val[i]) < 0)
            return -1;
    }
    ret->ret = ret->filesystems.filesystems_len;
    return 0;
}

static int ask_filesystems(struct call *call)
{
    return call_ask(call, "guest-get-fsinfo", take_filesystems);
}

static int get_fsinfo(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    return call_with_disks(call, sizeof(struct agent_disks_call), ask_filesystems);
}

static const struct proc procs[] = {
    { .number = REMOTE_PROC_DOMAIN_GET_FSINFO,
      .api = "virDomainGetFSInfo",
      PROC_ON(DOMAIN, READ),
      .access = ACCESS_WRITE,
      .class = CLASS_CHANGE,
      .error_domain = VIR_FROM_QEMU,
      PROC_ARGS(remote_domain_flags_args),
      PROC_RET(remote_agent_fs_ret),
      .handler = get_fsinfo },
};

const struct proc_table calls_agent_fs = { procs, ARRAY_SIZE(procs) };
