/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The JOB program: asking for jobs, cancelling them, waiting for them.  Running
 * jobs and the last one of each object answer from memory; a job by its id may
 * also come from the history, which a worker reads.  Loop thread.
 */

#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "calls/job_call.h"
#include "calls/lookup.h"
#include "protocol/job.h"
#include "store/store.h"
#include "util/alloc.h"

/* --- a job as it is told --- */

static void info_to_wire(const struct job_snapshot *snapshot, struct job_info *ret)
{
    *ret = (struct job_info){
        .type = snapshot->type,
        .state = snapshot->state,
        .running_time = snapshot->running_seconds,
        .remaining_time = snapshot->remaining_seconds,
        .percent_complete = snapshot->percent,
    };
}

static wire_text_opt text_opt(char **text)
{
    wire_text_opt opt;

    if (!*text)
        return NULL;
    opt = xmalloc(sizeof(*opt));
    *opt = STEAL_PTR(*text);
    return opt;
}

static char *take_text(char **text)
{
    return *text ? STEAL_PTR(*text) : xstrdup("");
}

static void uuid_to_wire(const char *text, char *ret)
{
    for (int i = 0; text && i < 16; i++) {
        unsigned int byte = 0;

        if (*text == '-')
            text++;
        if (sscanf(text, "%2x", &byte) != 1)
            return;
        ret[i] = (char)byte;
        text += 2;
    }
}

/* Empties row and note; the record's strings are xdr_free's. */
static void record_to_wire(struct store_job *row, const struct job_snapshot *snapshot, char *note,
                           struct job_record *ret)
{
    ret->id = row->id;
    ret->kind = row->object_kind;
    uuid_to_wire(row->uuid, ret->uuid);
    ret->name = take_text(&row->name);
    ret->pool = take_text(&row->pool);
    ret->operation = take_text(&row->operation);
    ret->phase = snapshot->phase;
    info_to_wire(snapshot, &ret->info);
    ret->done = snapshot->done;
    ret->total = snapshot->total;
    ret->rate = snapshot->rate;
    ret->queued_at = row->queued_at;
    ret->started_at = row->started_at;
    ret->ended_at = row->ended_at;
    ret->started_by = take_text(&row->started_by);
    ret->note = text_opt(&note);
    ret->error_code = row->error_code;
    ret->error_message = text_opt(&row->error_message);
    ret->error_step = text_opt(&row->error_step);
    ret->error_output = text_opt(&row->error_output);
    store_job_clear(row);
}

static void job_to_record(struct job *job, struct job_record *ret)
{
    struct job_snapshot snapshot;
    struct store_job row;

    job_snapshot(job, &snapshot);
    job_to_row(job, &row);
    record_to_wire(&row, &snapshot, job_note(job), ret);
}

/* The error of a failed job, in a new struct; NULL where it did not fail. */
static struct wire_error *error_to_wire(struct store_job *row)
{
    struct wire_error *wire;

    if (!row->error_code || strcmp(row->state, job_state_name(JOB_FAILED)) != 0)
        return NULL;
    wire = XNEW(struct wire_error);
    wire->code = row->error_code;
    wire->domain = row->error_domain ? row->error_domain : VIR_FROM_STORAGE;
    wire->message = text_opt(&row->error_message);
    wire->level = VIR_ERR_ERROR;
    wire->str1 = text_opt(&row->error_step);
    wire->str2 = text_opt(&row->error_output);
    wire->int1 = row->error_errno ? row->error_errno : -1;
    wire->int2 = -1;
    return wire;
}

/* --- whose job is meant --- */

static int no_job(struct call *call, const char *object)
{
    return verror_set(&call->err, VIR_ERR_OPERATION_INVALID, "no job has run on %s", object);
}

static struct job *find_pool_job(struct call *call, const struct wire_pool *wire)
{
    char uuid[UUID_TEXT_SIZE];
    struct job *job;

    uuid_format((const unsigned char *)wire->uuid, uuid);
    job = jobs_find_object(call->daemon->jobs, JOB_OBJECT_POOL, wire->name, "", uuid);
    if (!job && call_pool(call, wire)) {
        _cleanup_free_ char *object = xasprintf("pool '%s'", wire->name);

        no_job(call, object);
    }
    return job;
}

static struct job *find_vol_job(struct call *call, const struct wire_vol *wire)
{
    struct job *job =
        jobs_find_object(call->daemon->jobs, JOB_OBJECT_VOL, wire->name, wire->pool, "");

    if (!job && call_vol(call, wire)) {
        _cleanup_free_ char *object =
            xasprintf("volume '%s' in pool '%s'", wire->name, wire->pool);

        no_job(call, object);
    }
    return job;
}

static int no_such_id(struct call *call, uint64_t id)
{
    return verror_set(&call->err, VIR_ERR_OPERATION_INVALID, "there is no job %llu",
                      (unsigned long long)id);
}

/* NULL with call->err; by id only what is in memory, then without an error. */
static struct job *find_job(struct call *call, const struct job_target *target)
{
    switch (target->kind) {
    case JOB_TARGET_DOMAIN:
        verror_set(&call->err, VIR_ERR_NO_DOMAIN, "no domain with matching name '%s'",
                   target->job_target_u.domain.name);
        return NULL;
    case JOB_TARGET_POOL:
        return find_pool_job(call, &target->job_target_u.pool);
    case JOB_TARGET_VOL:
        return find_vol_job(call, &target->job_target_u.vol);
    case JOB_TARGET_ID:
        break;
    }
    return jobs_find_id(call->daemon->jobs, target->job_target_u.id);
}

/* --- one job from the history --- */

struct history_look {
    struct store *store;
    uint64_t id;
    struct store_job *rows;
    int count;
    /* NULL: an ended job is an error */
    void (*fill)(struct call *call, struct store_job *row, const struct job_snapshot *snapshot);
};

static void free_history_look(void *opaque)
{
    struct history_look *look = opaque;

    for (int i = 0; i < look->count; i++)
        store_job_clear(&look->rows[i]);
    free(look->rows);
    free(look);
}

static int read_one(void *opaque, struct verror *err)
{
    struct history_look *look = opaque;

    look->count = store_read_history(look->store, look->id + 1, 1, &look->rows, err);
    return look->count < 0 ? -1 : 0;
}

static void answer_history(struct call *call, void *opaque)
{
    struct history_look *look = opaque;
    struct job_snapshot snapshot;

    if (look->count < 1 || look->rows[0].id != look->id) {
        no_such_id(call, look->id);
        call_fail(call);
        return;
    }
    if (!look->fill) {
        verror_set(&call->err, VIR_ERR_OPERATION_INVALID, "job %llu (%s of '%s') has already ended",
                   (unsigned long long)look->id, look->rows[0].operation, look->rows[0].name);
        call_fail(call);
        return;
    }
    job_row_snapshot(call->daemon->jobs, &look->rows[0], &snapshot);
    look->fill(call, &look->rows[0], &snapshot);
    call_reply(call);
}

static int look_in_history(struct call *call, uint64_t id,
                           void (*fill)(struct call *call, struct store_job *row,
                                        const struct job_snapshot *snapshot))
{
    struct history_look *look = XNEW(struct history_look);
    struct offload offload = {
        .input = look,
        .free_input = free_history_look,
        .work = read_one,
        .then = answer_history,
    };

    look->store = call->daemon->store;
    look->id = id;
    look->fill = fill;
    call_offload(call, &offload);
    return CALL_PENDING;
}

/* Fills the reply from the job that is meant, wherever it is. */
static int answer_by_job(struct call *call, const struct job_target *target,
                         void (*fill)(struct call *call, struct store_job *row,
                                      const struct job_snapshot *snapshot))
{
    struct job *job = find_job(call, target);
    struct job_snapshot snapshot;
    struct store_job row;

    if (!job && call->err.code)
        return -1;
    if (!job)
        return look_in_history(call, target->job_target_u.id, fill);
    job_snapshot(job, &snapshot);
    job_to_row(job, &row);
    fill(call, &row, &snapshot);
    store_job_clear(&row);
    return 0;
}

/* --- info, error, record --- */

static void fill_info(struct call *call, struct store_job *row,
                      const struct job_snapshot *snapshot)
{
    struct job_info_ret *ret = call->ret;

    (void)row;
    info_to_wire(snapshot, &ret->info);
}

static void fill_error(struct call *call, struct store_job *row,
                       const struct job_snapshot *snapshot)
{
    struct job_error_ret *ret = call->ret;

    (void)snapshot;
    ret->error = error_to_wire(row);
}

static void fill_record(struct call *call, struct store_job *row,
                        const struct job_snapshot *snapshot)
{
    struct job_record_ret *ret = call->ret;
    struct job *job = jobs_find_id(call->daemon->jobs, row->id);

    record_to_wire(row, snapshot, job ? job_note(job) : NULL, &ret->record);
}

static int get(struct call *call,
               void (*fill)(struct call *call, struct store_job *row,
                            const struct job_snapshot *snapshot))
{
    const struct job_target_args *args = call->args;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    return answer_by_job(call, &args->target, fill);
}

static int get_info(struct call *call)
{
    return get(call, fill_info);
}

static int get_error(struct call *call)
{
    return get(call, fill_error);
}

static int get_record(struct call *call)
{
    return get(call, fill_record);
}

/* --- cancel --- */

static void cancel_durable_cb(void *opaque, struct verror *err)
{
    struct call *call = opaque;

    if (err->code) {
        verror_move(&call->err, err);
        call_fail(call);
    } else {
        call_reply(call);
    }
}

static int cancel(struct call *call)
{
    const struct job_target_args *args = call->args;
    struct job *job = find_job(call, &args->target);

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    if (!job && call->err.code)
        return -1;
    if (!job)
        return look_in_history(call, args->target.job_target_u.id, NULL);
    if (job_cancel(job, cancel_durable_cb, call, &call->err) < 0)
        return -1;
    return CALL_PENDING;
}

/* --- wait --- */

struct wait {
    struct job_waiter waiter;
    struct call *call;
    struct job *job;
    struct event *timer; /* NULL = until it ends */
};

/* The call is answered, or nobody waits for its answer any more. */
static void wait_over(struct wait *wait, bool answer)
{
    struct call *call = wait->call;

    if (wait->timer)
        event_free(wait->timer);
    call->opaque = NULL;
    call->gone = NULL;
    free(wait);
    if (answer)
        call_reply(call);
    else
        call_fail(call);
}

static void fill_wait(struct call *call, struct job *job)
{
    struct job_wait_ret *ret = call->ret;
    struct job_snapshot snapshot;

    job_snapshot(job, &snapshot);
    info_to_wire(&snapshot, &ret->info);
    ret->ended = job_state_is_ended(job_state(job));
}

static void wait_ended(struct job_waiter *waiter, struct job *job)
{
    struct wait *wait = container_of(waiter, struct wait, waiter);

    fill_wait(wait->call, job);
    wait_over(wait, true);
}

static void wait_timeout_cb(evutil_socket_t fd, short what, void *opaque)
{
    struct wait *wait = opaque;

    (void)fd;
    (void)what;
    job_unwait(wait->job, &wait->waiter);
    fill_wait(wait->call, wait->job);
    wait_over(wait, true);
}

static void wait_gone(struct call *call)
{
    struct wait *wait = call->opaque;

    job_unwait(wait->job, &wait->waiter);
    wait_over(wait, false);
}

static void start_wait(struct call *call, struct job *job, int timeout_ms)
{
    struct wait *wait = XNEW(struct wait);
    struct timeval timeout = { .tv_sec = timeout_ms / 1000,
                               .tv_usec = timeout_ms % 1000 * 1000 };

    wait->waiter.ended = wait_ended;
    wait->call = call;
    wait->job = job;
    call->opaque = wait;
    call->gone = wait_gone;
    job_wait(job, &wait->waiter);
    if (timeout_ms < 0)
        return;
    wait->timer = evtimer_new(call->daemon->base, wait_timeout_cb, wait);
    evtimer_add(wait->timer, &timeout);
}

static void fill_ended_wait(struct call *call, struct store_job *row,
                            const struct job_snapshot *snapshot)
{
    struct job_wait_ret *ret = call->ret;

    (void)row;
    info_to_wire(snapshot, &ret->info);
    ret->ended = true;
}

static int wait_for_job(struct call *call)
{
    const struct job_wait_args *args = call->args;
    struct job *job;

    if (args->timeout_ms < -1)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG, "time-out %d ms in function %s",
                          args->timeout_ms, call->proc->api);
    job = find_job(call, &args->target);
    if (!job && call->err.code)
        return -1;
    if (!job)
        return look_in_history(call, args->target.job_target_u.id, fill_ended_wait);
    if (job_state_is_ended(job_state(job))) {
        fill_wait(call, job);
        return 0;
    }
    start_wait(call, job, args->timeout_ms);
    return CALL_PENDING;
}

/* --- list --- */

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
        record_to_wire(&look->rows[e++], &snapshot, NULL, record);
        ret->jobs.jobs_len++;
    }
    ret->more = look->more || a < look->nactive || e < look->count;
    call_reply(call);
}

static int list(struct call *call)
{
    const struct job_list_args *args = call->args;
    struct list_look *look;
    struct offload offload = {
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

#define ROW(proc, function, who, kind, handle, ...)                                       \
    {                                                                                     \
        .number = JOB_PROC_##proc, .api = function, .access = ACCESS_##who,               \
        .class = CLASS_##kind, .error_domain = VIR_FROM_STORAGE, .handler = handle,       \
        __VA_ARGS__                                                                       \
    }

static const struct proc procs[] = {
    ROW(GET_INFO, "virStorageVolGetJobInfo", READ, MEMORY, get_info, PROC_ARGS(job_target_args),
        PROC_RET(job_info_ret)),
    ROW(CANCEL, "virStorageVolCancelJob", WRITE, CHANGE, cancel, PROC_ARGS(job_target_args)),
    ROW(GET_ERROR, "virStorageVolGetJobError", READ, MEMORY, get_error,
        PROC_ARGS(job_target_args), PROC_RET(job_error_ret)),
    ROW(GET_RECORD, "virStorageVolGetJobRecord", READ, MEMORY, get_record,
        PROC_ARGS(job_target_args), PROC_RET(job_record_ret)),
    ROW(WAIT, "virStorageVolWaitJob", READ, MEMORY, wait_for_job, PROC_ARGS(job_wait_args),
        PROC_RET(job_wait_ret)),
    ROW(LIST, "virConnectListAllJobs", READ, MEMORY, list, PROC_ARGS(job_list_args),
        PROC_RET(job_list_ret)),
};

const struct proc_table calls_job = { procs, ARRAY_SIZE(procs) };
