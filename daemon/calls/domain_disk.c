/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How large a disk of a domain is.  The file itself is asked, on a worker,
 * whether the guest runs or not: QEMU keeps size and header of an image there
 * at all times, so nothing depends on whether it answers.
 */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls/domain_call.h"
#include "protocol/remote.h"
#include "storage/probe_image.h"
#include "storage/storage.h"
#include "util/alloc.h"

struct disk_look {
    char *path;
    bool is_raw; /* then its bytes are the guest's, whatever they look like */
    struct remote_domain_block_info_ret found;
};

static void free_look(void *opaque)
{
    struct disk_look *look = opaque;

    free(look->path);
    free(look);
}

/* --- loop: which file --- */

const struct domain_disk *call_find_disk(struct call *call, const struct domain_def *def,
                                         const char *name)
{
    for (size_t i = 0; i < def->ndisks; i++) {
        const struct domain_disk *disk = &def->disks[i];

        if (strcmp(disk->target, name) == 0 || (disk->path && strcmp(disk->path, name) == 0))
            return disk;
    }
    verror_set(&call->err, VIR_ERR_INVALID_ARG, "invalid path %s not assigned to domain", name);
    return NULL;
}

static int resolve_volume(struct call *call, const struct domain_disk *disk, char **ret_path,
                          bool *ret_is_raw)
{
    struct pool *pool = pool_find_name(call->daemon->storage, disk->pool);
    const struct vol *vol;

    if (!pool)
        return verror_set(&call->err, VIR_ERR_NO_STORAGE_POOL,
                          "no storage pool with matching name '%s'", disk->pool);
    if (pool_check_active(pool, &call->err) < 0)
        return -1;
    vol = vol_find_name(pool, disk->volume);
    if (!vol)
        return verror_set(&call->err, VIR_ERR_NO_STORAGE_VOL,
                          "no storage vol with matching name '%s' in pool '%s'", disk->volume,
                          disk->pool);
    *ret_path = xstrdup(vol->info->path);
    *ret_is_raw = disk->format ? strcmp(disk->format, "raw") == 0 :
                                 vol->info->format == VOL_FORMAT_RAW;
    return 0;
}

int call_check_path(struct call *call, const struct domain_disk *disk)
{
    if (!disk->fdgroup)
        return 0;
    return verror_set(&call->err, VIR_ERR_OPERATION_UNSUPPORTED,
                      "%s is not supported for FD passed images: disk '%s' of file descriptor "
                      "group '%s'",
                      call->proc->api, disk->target, disk->fdgroup);
}

int call_disk_image(struct call *call, const struct domain_disk *disk, char **ret_path,
                    bool *ret_is_raw)
{
    if (disk->pool)
        return resolve_volume(call, disk, ret_path, ret_is_raw);
    if (!disk->path)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "disk '%s' does not currently have a source assigned", disk->target);
    *ret_path = xstrdup(disk->path);
    *ret_is_raw = !disk->format || strcmp(disk->format, "raw") == 0;
    return 0;
}

/* As calls on files of a saved domain. */
char *call_disk_key(const char *path)
{
    _cleanup_free_ char *dir = xstrdup(path);

    return xasprintf("image:%s", dirname(dir));
}

/* --- worker --- */

static uint64_t image_capacity(int fd, uint64_t size)
{
    struct image_facts facts;

    image_probe(fd, size, &facts);
    free(facts.backing);
    return facts.capacity;
}

static int measure_disk(void *opaque, struct verror *err)
{
    struct disk_look *look = opaque;
    _cleanup_close_ int fd = open(look->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    off_t size;

    if (fd < 0 || fstat(fd, &st) < 0)
        return verror_errno(err, errno, "cannot open '%s'", look->path);
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "'%s' is no file and no block device",
                          look->path);
    size = lseek(fd, 0, SEEK_END); /* of devices too */
    if (size < 0)
        return verror_errno(err, errno, "cannot tell the size of '%s'", look->path);
    look->found.physical = (uint64_t)size;
    if (S_ISREG(st.st_mode))
        look->found.allocation = (uint64_t)st.st_blocks * 512;
    else if (look->is_raw) /* how far an image has got on a device is not told by that: 0 */
        look->found.allocation = look->found.physical;
    look->found.capacity = look->is_raw ? look->found.physical :
                                          image_capacity(fd, look->found.physical);
    return 0;
}

/* --- the call --- */

static void answer(struct call *call, void *opaque)
{
    const struct disk_look *look = opaque;
    struct remote_domain_block_info_ret *ret = call->ret;

    *ret = look->found;
    call_reply(call);
}

static void answer_late(struct call *call, void *opaque)
{
    const struct disk_look *look = opaque;

    verror_set(&call->err, VIR_ERR_OPERATION_TIMEOUT, "'%s' does not answer", look->path);
    call_fail(call);
}

static void start_measuring(struct call *call, struct disk_look *look)
{
    _cleanup_free_ char *key = call_disk_key(look->path);
    const struct offload offload = {
        .key = key,
        .input = look,
        .free_input = free_look,
        .work = measure_disk,
        .then = answer,
        .late = answer_late,
    };

    call_offload(call, &offload);
}

static int get_block_info(struct call *call)
{
    const struct remote_domain_text_flags_args *args = call->args;
    const struct domain *domain;
    const struct domain_disk *disk;
    struct disk_look *look;

    if (call_check_flags(call, args->flags, 0) < 0 || !(domain = call_domain(call, &args->domain)))
        return -1;
    disk = call_find_disk(call, domain_def_now(domain), args->value);
    if (!disk || call_check_path(call, disk) < 0)
        return -1;
    look = XNEW(struct disk_look);
    if (call_disk_image(call, disk, &look->path, &look->is_raw) < 0) {
        free_look(look);
        return -1;
    }
    start_measuring(call, look);
    return CALL_PENDING;
}

static const struct proc procs[] = {
    { .number = REMOTE_PROC_DOMAIN_GET_BLOCK_INFO,
      .api = "virDomainGetBlockInfo",
      PROC_ON(DOMAIN, READ),
      .access = ACCESS_READ,
      .class = CLASS_DISK,
      .error_domain = VIR_FROM_QEMU,
      PROC_ARGS(remote_domain_text_flags_args),
      PROC_RET(remote_domain_block_info_ret),
      .handler = get_block_info },
};

const struct proc_table calls_domain_disk = { procs, ARRAY_SIZE(procs) };
