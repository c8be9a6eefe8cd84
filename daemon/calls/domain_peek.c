/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes of a domain's disk or memory.  A worker reads the disk's file, or has
 * QEMU write a piece of memory into a file in the guest's directory and reads
 * that; the loop answers.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls/domain_call.h"
#include "hypervisor/qemu/guest.h"
#include "protocol/remote.h"
#include "util/alloc.h"

enum { PEEK_MAX = REMOTE_PEEK_MAX, MEMORY_MS = 20000, MEMORY_VIRTUAL = 1, MEMORY_PHYSICAL = 2 };

struct peek {
    char *path; /* the disk's, or the one QEMU writes */
    uint64_t offset;
    size_t size;
    struct guest *guest; /* of memory */
    const char *command;
    char *bytes;
};

static void free_peek(void *opaque)
{
    struct peek *peek = opaque;

    if (peek->guest)
        guest_unref(peek->guest);
    free(peek->path);
    free(peek->bytes);
    free(peek);
}

/* All of them, or an error. */
static int read_bytes(struct peek *peek, uint64_t offset, int flags, struct verror *err)
{
    _cleanup_close_ int fd = open(peek->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
    struct stat st;
    size_t done = 0;

    if (fd < 0 || fstat(fd, &st) < 0)
        return verror_errno(err, errno, "cannot open '%s'", peek->path);
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "'%s' is no file and no block device",
                          peek->path);
    peek->bytes = xmalloc(peek->size + 1);
    while (done < peek->size) {
        ssize_t n = pread(fd, peek->bytes + done, peek->size - done, (off_t)(offset + done));

        if (n < 0)
            return verror_errno(err, errno, "cannot read '%s'", peek->path);
        if (n == 0)
            return verror_set(err, VIR_ERR_INVALID_ARG,
                              "'%s' ends before byte %" PRIu64, peek->path, offset + peek->size);
        done += (size_t)n;
    }
    return 0;
}

static void answer(struct call *call, void *opaque)
{
    struct peek *peek = opaque;
    struct remote_bytes_ret *ret = call->ret;

    ret->bytes.bytes_len = (u_int)peek->size;
    ret->bytes.bytes_val = STEAL_PTR(peek->bytes);
    call_reply(call);
}

static int check_range(struct call *call, uint64_t offset, u_int size)
{
    if (size > 0 && size <= PEEK_MAX && offset <= INT64_MAX - PEEK_MAX)
        return 0;
    return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                      "%u bytes at %" PRIu64 " in function %s: from 1 to %d bytes", size,
                      (uint64_t)offset, call->proc->api, PEEK_MAX);
}

/* --- of a disk --- */

static int read_disk(void *opaque, struct verror *err)
{
    struct peek *peek = opaque;

    return read_bytes(peek, peek->offset, 0, err);
}

static void answer_late(struct call *call, void *opaque)
{
    const struct peek *peek = opaque;

    verror_set(&call->err, VIR_ERR_OPERATION_TIMEOUT, "'%s' does not answer", peek->path);
    call_fail(call);
}

static int start_reading(struct call *call, struct peek *peek)
{
    _cleanup_free_ char *key = call_disk_key(peek->path);
    const struct offload offload = {
        .key = key,
        .input = peek,
        .free_input = free_peek,
        .work = read_disk,
        .then = answer,
        .late = answer_late,
    };

    call_offload(call, &offload);
    return CALL_PENDING;
}

static int block_peek(struct call *call)
{
    const struct remote_domain_block_peek_args *args = call->args;
    const struct domain *domain;
    const struct domain_disk *disk;
    struct peek *peek;
    char *path;
    bool is_raw;

    if (call_check_flags(call, args->flags, 0) < 0 ||
        check_range(call, args->offset, args->size) < 0 ||
        !(domain = call_domain(call, &args->domain)) ||
        !(disk = call_find_disk(call, domain_def_now(domain), args->path)) ||
        call_check_path(call, disk) < 0 || call_disk_image(call, disk, &path, &is_raw) < 0)
        return -1;
    if (!is_raw) {
        free(path);
        return verror_set(&call->err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "peeking is only supported for disks of the format 'raw', and '%s' is "
                          "another", disk->target);
    }
    peek = XNEW(struct peek);
    peek->path = path;
    peek->offset = args->offset;
    peek->size = args->size;
    return start_reading(call, peek);
}

/* --- of memory --- */

/* The file is QEMU's, which may be anything but a friend. */
static int read_memory(void *opaque, struct verror *err)
{
    struct peek *peek = opaque;
    int r = monitor_call(peek->guest->monitor, peek->command,
                         json_pack("{s:I, s:I, s:s}", "val", (json_int_t)peek->offset, "size",
                                   (json_int_t)peek->size, "filename", peek->path),
                         -1, NULL, MEMORY_MS, NULL, err);

    if (r == 0)
        r = read_bytes(peek, 0, O_NOFOLLOW, err);
    (void)unlink(peek->path); /* also where QEMU has made it in spite of its error, or not at all */
    return r;
}

static int memory_peek(struct call *call)
{
    const struct remote_domain_memory_peek_args *args = call->args;
    struct offload offload = { .free_input = free_peek, .work = read_memory, .then = answer };
    struct domain *domain;
    struct guest *guest;
    struct peek *peek;

    if (call_check_flags(call, args->flags, MEMORY_VIRTUAL | MEMORY_PHYSICAL) < 0 ||
        check_range(call, args->offset, args->size) < 0)
        return -1;
    if (args->flags != MEMORY_VIRTUAL && args->flags != MEMORY_PHYSICAL)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "flags in function %s must be either virtual or physical memory",
                          call->proc->api);
    if (!(domain = call_domain(call, &args->domain)) || !(guest = call_ready_guest(call, domain)))
        return -1;
    offload.input = peek = XNEW(struct peek);
    *peek = (struct peek){
        .path = xasprintf("%s/memory-%llu-%u", guest->dir,
                          (unsigned long long)client_id(call->client), call->header.serial),
        .offset = args->offset,
        .size = args->size,
        .guest = guest_ref(guest),
        .command = args->flags == MEMORY_VIRTUAL ? "memsave" : "pmemsave",
    };
    offload.key = domain->uuid;
    call_offload(call, &offload);
    return CALL_PENDING;
}

#define ROW(proc, function, kind, handle, args)                                           \
    {                                                                                     \
        .number = REMOTE_PROC_DOMAIN_##proc, .api = function, .access = ACCESS_WRITE,     \
        .class = CLASS_##kind, .error_domain = VIR_FROM_QEMU, .handler = handle,          \
        PROC_ON(DOMAIN, DATA), PROC_ARGS(args), PROC_RET(remote_bytes_ret)                \
    }

static const struct proc procs[] = {
    ROW(BLOCK_PEEK, "virDomainBlockPeek", DISK, block_peek, remote_domain_block_peek_args),
    ROW(MEMORY_PEEK, "virDomainMemoryPeek", CHANGE, memory_peek, remote_domain_memory_peek_args),
};

const struct proc_table calls_domain_peek = { procs, ARRAY_SIZE(procs) };
