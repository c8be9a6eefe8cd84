/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a packet to the row that serves it: program, procedure, access.  Keeps
 * the list of unanswered calls, to tell their handlers when a client goes.
 * Loop thread.
 */

#include <string.h>
#include <utlist.h>

#include "calls/event.h"
#include "calls/internal.h"
#include "hypervisor/qemu/fd_groups.h"
#include "util/alloc.h"
#include "util/audit.h"
#include "util/closer.h"

/* Rows by procedure number; the numbers of a program are dense enough for a plain array. */
struct program_index {
    uint32_t number, version;
    const struct proc **procs;
    size_t n; /* numbers 0 to n - 1 */
};

struct dispatch {
    struct program_index *programs;
    size_t nprograms;
    struct call *unanswered;
};

static struct program_index *find_program(const struct dispatch *dispatch, uint32_t number,
                                          uint32_t version)
{
    for (size_t i = 0; i < dispatch->nprograms; i++)
        if (dispatch->programs[i].number == number && dispatch->programs[i].version == version)
            return &dispatch->programs[i];
    return NULL;
}

static void index_proc(struct program_index *index, const struct proc *proc)
{
    size_t number = (size_t)proc->number;

    if (number >= index->n) {
        index->procs = xrealloc(index->procs, number + 1, sizeof(*index->procs));
        memset(index->procs + index->n, 0, (number + 1 - index->n) * sizeof(*index->procs));
        index->n = number + 1;
    }
    index->procs[number] = proc;
}

static void index_program(struct dispatch *dispatch, const struct program *program)
{
    struct program_index *index = find_program(dispatch, program->number, program->version);

    if (!index) {
        index = &dispatch->programs[dispatch->nprograms++];
        *index = (struct program_index){ .number = program->number, .version = program->version };
    }
    for (size_t i = 0; i < program->table->n; i++)
        index_proc(index, &program->table->procs[i]);
}

struct dispatch *dispatch_new(const struct program *programs, size_t nprograms)
{
    struct dispatch *dispatch = XNEW(struct dispatch);

    dispatch->programs = xcalloc(nprograms, sizeof(*dispatch->programs));
    for (size_t i = 0; i < nprograms; i++)
        index_program(dispatch, &programs[i]);
    return dispatch;
}

void dispatch_free(struct dispatch *dispatch)
{
    if (!dispatch)
        return;
    for (size_t i = 0; i < dispatch->nprograms; i++)
        free(dispatch->programs[i].procs);
    free(dispatch->programs);
    free(dispatch);
}

void dispatch_add(struct dispatch *dispatch, struct call *call)
{
    DL_APPEND(dispatch->unanswered, call);
}

void dispatch_remove(struct dispatch *dispatch, struct call *call)
{
    DL_DELETE(dispatch->unanswered, call);
}

/* The row, or NULL with err set. */
static const struct proc *find_proc(const struct dispatch *dispatch,
                                    const struct frame_header *header, struct verror *err)
{
    const struct program_index *index = find_program(dispatch, header->program, header->version);
    const struct proc *proc = NULL;

    if (!index) {
        verror_set(err, VIR_ERR_RPC, "Cannot find program %u version %u", header->program,
                   header->version);
        return NULL;
    }
    if (header->procedure >= 0 && (size_t)header->procedure < index->n)
        proc = index->procs[header->procedure];
    /* clients take a call for 'not supported here' by the start of this text */
    if (!proc)
        verror_set(err, VIR_ERR_RPC, "unknown procedure: %d", header->procedure);
    return proc;
}

static int check_access(struct daemon *daemon, struct client *client, const struct proc *proc,
                        struct verror *err)
{
    if (proc->access != ACCESS_PREAUTH && !client_is_authenticated(client))
        return verror_set(err, VIR_ERR_RPC, "authentication required");
    if (proc->access != ACCESS_PREAUTH && proc->access != ACCESS_PREOPEN &&
        !client_is_open(client))
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "connection not open");
    return access_check(daemon, client, proc, err);
}

/* How many, before whether they are there. */
static int check_fds(const struct client *client, const struct proc *proc,
                     const struct call_packet *packet, struct verror *err)
{
    if (packet->header->type != FRAME_CALL_WITH_FDS)
        return 0;
    if (proc->max_fds == 0)
        return verror_set(err, VIR_ERR_RPC, "%s takes no file descriptors", proc->api);
    if (packet->nfds > proc->max_fds)
        return verror_set(err, VIR_ERR_RPC, "%s takes at most %u file descriptors, not %u",
                          proc->api, proc->max_fds, packet->nfds);
    if (!client_passes_fds(client))
        return verror_set(err, VIR_ERR_RPC,
                          "file descriptors can be passed over a unix socket only, so not to %s",
                          proc->api);
    for (unsigned int i = 0; i < packet->nfds; i++) {
        if (packet->fds[i] < 0)
            return verror_set(err, VIR_ERR_RPC, "file descriptor %u of %u for %s did not come",
                              i + 1, packet->nfds, proc->api);
    }
    return 0;
}

static void close_fds(const int *fds, unsigned int nfds)
{
    for (unsigned int i = 0; i < nfds; i++)
        close_later(fds[i]);
}

static void handle_call(void *opaque, struct client *client, const struct frame_header *header,
                        const void *payload, size_t payload_len, const int *fds, unsigned int nfds)
{
    const struct call_packet packet = { header, payload, payload_len, fds, nfds };
    struct daemon *daemon = opaque;
    struct verror err = VERROR_INIT;
    const struct proc *proc = find_proc(daemon->dispatch, header, &err);

    if (proc && check_access(daemon, client, proc, &err) == 0 &&
        check_fds(client, proc, &packet, &err) == 0) {
        call_start(daemon, client, proc, &packet);
        return;
    }
    close_fds(fds, nfds);
    call_refuse(client, header, VIR_FROM_RPC, &err);
}

static struct call *find_to_tell(const struct dispatch *dispatch, const struct client *client)
{
    struct call *call;

    DL_FOREACH(dispatch->unanswered, call) {
        if (call->client == client && call->gone)
            return call;
    }
    return NULL;
}

static void handle_gone(void *opaque, struct client *client)
{
    struct daemon *daemon = opaque;
    struct call *call;

    events_gone(daemon->events, client);
    fd_groups_forget_client(daemon->domains, client_id(client));
    if (client_is_open(client))
        AUDIT(AUDIT_CONNECTIONS, "connection-end", { "identity", client_identity(client) });
    /* From the start each time: one that is told may end others too. */
    while ((call = find_to_tell(daemon->dispatch, client))) {
        void (*gone)(struct call *) = call->gone;

        call->gone = NULL;
        gone(call);
    }
}

const struct server_handler dispatch_handler = { .call = handle_call, .gone = handle_gone };
