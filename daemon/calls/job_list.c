/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Listing jobs, newest first, page by page: what runs from memory, what has
 * ended from the history, which a worker reads.  Loop thread but for read_list().
 */

#include <string.h>

#include "calls/job_call.h"
#include "calls/job_calls.h"
#include "calls/job_record.h"
#include "util/alloc.h"

enum {
    LIST_ENDED_STATES = VIR_CONNECT_LIST_JOBS_COMPLETE | VIR_CONNECT_LIST_JOBS_FAILED |
                        VIR_CONNECT_LIST_JOBS_CANCELLED,
    LIST_STATES = VIR_CONNECT_LIST_JOBS_ACTIVE | VIR_CONNECT_LIST_JOBS_ENDED,
    LIST_KINDS = VIR_CONNECT_LIST_JOBS_DOMAIN | VIR_CONNECT_LIST_JOBS_STORAGE_POOL |
                 VIR_CONNECT_LIST_JOBS_STORAGE_VOL,
    LIST_FLAGS = LIST_STATES | LIST_KINDS | LIST_ENDED_STATES,
    HISTORY_BATCH = 256,
};

static bool kind_matches(unsigned int flags, int object_kind)
{
    static const unsigned int bits[JOB_OBJECT_MAX] = {
        [JOB_OBJECT_DOMAIN] = VIR_CONNECT_LIST_JOBS_DOMAIN,
        [JOB_OBJECT_POOL] = VIR_CONNECT_LIST_JOBS_STORAGE_POOL,
        [JOB_OBJECT_VOL] = VIR_CONNECT_LIST_JOBS_STORAGE_VOL,
    };

    return !(flags & LIST_KINDS) ||
           (object_kind >= 0 && object_kind < JOB_OBJECT_MAX && (flags & bits[object_kind]));
}

static bool ended_matches(unsigned int flags, const char *state_name)
{
    static const unsigned int bits[JOB_STATE_MAX] = {
        [JOB_COMPLETE] = VIR_CONNECT_LIST_JOBS_COMPLETE,
        [JOB_FAILED] = VIR_CONNECT_LIST_JOBS_FAILED,
        [JOB_CANCELLED] = VIR_CONNECT_LIST_JOBS_CANCELLED,
    };
    int state = job_state_from_name(state_name);

    return !(flags & LIST_ENDED_STATES) || (state >= 0 && (flags & bits[state]));
}

struct list_look {
    struct store *store;
    unsigned int flags;
    uint64_t before;
    unsigned int max;
    /* both newest first; what ran before the history was read, so that none is missed */
    struct job_record *active;
    unsigned int nactive;
    struct store_job *rows;
    unsigned int count;
    bool more;
};

static void free_list_look(void *opaque)
{
    struct list_look *look = opaque;

    for (unsigned int i = 0; i < look->nactive; i++)
        xdr_free((xdrproc_t)xdr_job_record, &look->active[i]);
    for (unsigned int i = 0; i < look->count; i++)
        store_job_clear(&look->rows[i]);
    free(look->active);
    free(look->rows);
    free(look);
}

/* Keeps the matching rows of a batch; the others are cleared. */
static void keep_matching(struct list_look *look, struct store_job *rows, int count)
{
    for (int i = 0; i < count; i++) {
        bool matches = kind_matches(look->flags, rows[i].object_kind) &&
                       ended_matches(look->flags, rows[i].state);

        if (matches && look->count < look->max) {
            look->rows[look->count++] = rows[i];
        } else {
            look->more |= matches;
            store_job_clear(&rows[i]);
        }
    }
}

/* Worker: batches until enough of them match, and one more to know whether there are more. */
static int read_list(void *opaque, struct verror *err)
{
    struct list_look *look = opaque;
    uint64_t before = look->before;
    int count;

    look->rows = xcalloc(look->max, sizeof(*look->rows));
    do {
        struct store_job *rows = NULL;

        count = store_read_history(look->store, before, HISTORY_BATCH, &rows, err);
        if (count < 0)
            return -1;
        if (count > 0)
            before = rows[count - 1].id;
        keep_matching(look, rows, count);
        free(rows);
    } while (count == HISTORY_BATCH && !look->more);
    return 0;
}

static void add_active(void *opaque, struct job *job)
{
    struct list_look *look = opaque;
    struct job_record *record;

    if ((look->before && job_id(job) >= look->before) ||
        !kind_matches(look->flags, (int)job_object(job)))
        return;
    look->active = xrealloc(look->active, look->nactive + 1, sizeof(*look->active));
    record = &look->active[look->nactive++];
    memset(record, 0, sizeof(*record));
    job_to_record(job, record);
}

static int newest_first(const void *a, const void *b)
{
    const struct job_record *left = a, *right = b;

    return left->id < right->id ? 1 : left->id > right->id ? -1 : 0;
}

static bool wants_active(unsigned int flags)
{
    return (flags & VIR_CONNECT_LIST_JOBS_ACTIVE) || !(flags & (LIST_STATES | LIST_ENDED_STATES));
}

static bool wants_ended(unsigned int flags)
{
    return (flags & (VIR_CONNECT_LIST_JOBS_ENDED | LIST_ENDED_STATES)) ||
           !(flags & VIR_CONNECT_LIST_JOBS_ACTIVE);
}

/* Merges by id what ran with what had ended; of a job that is in both, the end is told. */
static void answer_list(struct call *call, void *opaque)
{
    struct list_look *look = opaque;
    struct job_list_ret *ret = call->ret;
    struct job_snapshot snapshot;
    unsigned int a = 0, e = 0;

    ret->jobs.jobs_val = xcalloc(look->max, sizeof(struct job_record));
    while (ret->jobs.jobs_len < look->max && (a < look->nactive || e < look->count)) {
        struct job_record *record = &ret->jobs.jobs_val[ret->jobs.jobs_len];

        if (e >= look->count || (a < look->nactive && look->active[a].id > look->rows[e].id)) {
            *record = look->active[a];
            memset(&look->active[a++], 0, sizeof(look->active[0]));
            ret->jobs.jobs_len++;
            continue;
        }
        if (a < look->nactive && look->active[a].id == look->rows[e].id)
            a++;
        job_row_snapshot(call->daemon->jobs, &look->rows[e], &snapshot);
        job_row_to_record(&look->rows[e++], &snapshot, NULL, record);
        ret->jobs.jobs_len++;
    }
    ret->more = look->more || a < look->nactive || e < look->count;
    call_reply(call);
}

int job_call_list(struct call *call)
{
    const struct job_list_args *args = call->args;
    struct list_look *look;
    /* it may look at every row: it has a share of the short work, so that nothing else waits */
    struct offload offload = {
        .key = (char *)(uintptr_t)"history",
        .free_input = free_list_look,
        .work = read_list,
        .then = answer_list,
    };

    if (call_check_flags(call, args->flags, LIST_FLAGS) < 0)
        return -1;
    if (args->max == 0 || args->max > JOB_LIST_MAX)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "max %u is not between 1 and %d in function %s", args->max,
                          JOB_LIST_MAX, call->proc->api);
    look = XNEW(struct list_look);
    look->store = call->daemon->store;
    look->flags = args->flags;
    look->before = args->before_id;
    look->max = args->max;
    if (wants_active(args->flags))
        jobs_each_active(call->daemon->jobs, add_active, look);
    if (look->nactive)
        qsort(look->active, look->nactive, sizeof(*look->active), newest_first);
    if (!wants_ended(args->flags)) {
        answer_list(call, look);
        free_list_look(look);
        return CALL_PENDING;
    }
    offload.input = look;
    call_offload(call, &offload);
    return CALL_PENDING;
}
