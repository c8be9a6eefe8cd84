/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One call of a client, from its decoded arguments to its answer, and the
 * table of procedures.  A handler checks, acts and answers on the loop thread,
 * or keeps the call and answers later; each call is answered exactly once.
 */
#ifndef VIRTJOBD_CALL_H
#define VIRTJOBD_CALL_H

#include <rpc/types.h>
#include <rpc/xdr.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "calls/access.h"
#include "daemon.h"
#include "protocol/frame.h"
#include "server/server.h"
#include "util/verror.h"

struct call;
struct dispatch;
struct wire_error;

/* Who may call it. */
enum call_access {
    ACCESS_READ,    /* any connection */
    ACCESS_WRITE,   /* not a read-only one */
    ACCESS_PREOPEN, /* any connection, also before CONNECT_OPEN */
    ACCESS_PREAUTH, /* also before authentication */
};

/* Who answers it: see design "a stuck disk or guest stops only itself". */
enum call_class {
    CLASS_MEMORY, /* on the spot, from memory */
    CLASS_DISK,   /* that pool's workers, one second, else the last known value */
    CLASS_CHANGE, /* changes something: short or long operation */
};

struct proc {
    int number;
    const char *api; /* the function it serves, for messages: "virStorageVolDelete" */
    enum call_access access;
    enum call_class class;
    enum call_object object; /* these two: what an access rule must allow */
    enum call_operation operation;
    xdrproc_t args_xdr; /* NULL = none */
    size_t args_size;
    xdrproc_t ret_xdr;
    size_t ret_size;
    int error_domain; /* VIR_FROM_*, default of its errors */
    unsigned int max_fds; /* descriptors that it may come with */
    /*
     * Loop thread.  0: answer with call->ret now.  -1: call->err is set, answer
     * with it now.  CALL_PENDING: call_reply() or call_fail() comes later.
     */
    int (*handler)(struct call *call);
};

enum { CALL_PENDING = 1 };

/* For rows: what it is done to, and what. */
#define PROC_ON(kind, what) .object = OBJECT_##kind, .operation = OPERATION_##what
/* For rows: the XDR function and size of a struct of a .x file. */
#define PROC_ARGS(type) .args_xdr = (xdrproc_t)xdr_##type, .args_size = sizeof(struct type)
#define PROC_RET(type) .ret_xdr = (xdrproc_t)xdr_##type, .ret_size = sizeof(struct type)

/* The rows of one calls file.  They need not be sorted. */
struct proc_table {
    const struct proc *procs;
    size_t n;
};

/* REMOTE */
extern const struct proc_table calls_absent, calls_agent, calls_agent_fs, calls_agent_info,
    calls_agent_net, calls_agent_vcpus, calls_auth, calls_connect, calls_domain,
    calls_domain_backup, calls_domain_block, calls_domain_checkpoint, calls_domain_console,
    calls_domain_define, calls_domain_disk, calls_domain_disk_state, calls_domain_graphics,
    calls_domain_image, calls_domain_info, calls_domain_iothread,
    calls_domain_iotune, calls_domain_job, calls_domain_keys, calls_domain_life,
    calls_domain_native, calls_domain_nic, calls_domain_peek, calls_domain_perf, calls_domain_pin,
    calls_domain_save, calls_domain_screenshot, calls_domain_security, calls_domain_size,
    calls_domain_snapshot, calls_domain_snapshot_change, calls_domain_tune, calls_event_domain,
    calls_event_pool, calls_host, calls_host_cpu_model, calls_host_memory, calls_host_stats,
    calls_pool, calls_pool_change, calls_vol, calls_vol_change, calls_vol_transfer;
extern const struct proc_table calls_event_monitor, calls_qemu;                        /* QEMU */
extern const struct proc_table calls_client, calls_daemon, calls_event_job, calls_job; /* JOB */

/* Which program a table belongs to; a program may have several.  Numbers are unique in it. */
struct program {
    uint32_t number, version;
    const struct proc_table *table;
};

/* All that the daemon answers: programs.c. */
extern const struct program daemon_programs[];
extern const size_t daemon_nprograms;

/* One block of memory, args and ret in it. */
struct call {
    struct call *prev, *next; /* dispatch.c's, while it is unanswered */
    struct daemon *daemon;
    struct client *client; /* a reference */
    const struct proc *proc;
    struct frame_header header;
    void *args; /* decoded; freed with the call */
    void *ret;  /* zeroed; what a handler puts in is freed by xdr_free, so malloc'd */
    struct verror err;
    int *fds; /* that it came with, all there; closed with the call */
    unsigned int nfds;
    int ret_fd; /* goes out with the reply; -1 = none */
    void *opaque; /* a pending handler's own, malloc'd; freed with the call */
    /*
     * A pending handler may set it.  Called once when the client has gone
     * before its answer; the call must still be ended by call_reply() or
     * call_fail(), here or later, and nobody will see which.
     */
    void (*gone)(struct call *call);
};

/* Answer a pending call and free it.  Loop thread. */
void call_reply(struct call *call);
void call_fail(struct call *call); /* with call->err */

/*
 * Of what is more than its row says, a secret that a flag asks for: may this client do that to
 * such an object, too?  Records it where not.
 */
bool call_may(const struct call *call, enum call_operation operation);

/*
 * 0 if it may do that to such an object, too; else -1 with VIR_ERR_ACCESS_DENIED, and a record.
 * with: what of the call asks for it, "VIR_DUMP_CRASH".
 */
int call_check_right(struct call *call, enum call_operation operation, const char *with);

/*
 * Who may define guests may reach every file and program that guests may.  Others may name only
 * those that the daemon knows by itself: its worker or job finds that out and refuses others with
 * VIR_ERR_ACCESS_DENIED, and the refusal is recorded before the call fails.
 */
bool call_may_reach_host(const struct call *call);
void call_record_unreached(const struct call *call); /* nothing, where call->err is another */

/* -1 with "unsupported flags (0x..) in function .." where a bit outside allowed is set. */
int call_check_flags(struct call *call, unsigned int flags, unsigned int allowed);

/* The error as it goes over the wire; frees nothing, and *ret borrows the message. */
void call_error_to_wire(const struct verror *err, int default_domain, struct wire_error *ret);

/* For server_new: opaque is the struct daemon, with its dispatch set. */
extern const struct server_handler dispatch_handler;

/*
 * Indexes the rows by program and number; daemon->dispatch, made before the
 * first packet and freed after the server and the workers, whose results may
 * still end calls.  The list must outlive it.
 */
struct dispatch *dispatch_new(const struct program *programs, size_t nprograms);
void dispatch_free(struct dispatch *dispatch);

#endif
