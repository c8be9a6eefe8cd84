/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Transactions before they are handed over: a list of statements with copies
 * of their values, owned by whoever began it.  Any thread.
 */

#include "store/internal.h"
#include "util/alloc.h"

void txn_list_append(struct txn_list *list, struct store_txn *txn)
{
    txn->next = NULL;
    if (list->last)
        list->last->next = txn;
    else
        list->first = txn;
    list->last = txn;
}

struct store_txn *txn_list_pop(struct txn_list *list)
{
    struct store_txn *txn = list->first;

    if (!txn)
        return NULL;
    list->first = txn->next;
    if (!list->first)
        list->last = NULL;
    txn->next = NULL;
    return txn;
}

struct store_txn *store_begin(struct store *store)
{
    struct store_txn *txn = XNEW(struct store_txn);

    txn->store = store;
    return txn;
}

void txn_free(struct store_txn *txn)
{
    while (txn->first) {
        struct op *op = txn->first;

        txn->first = op->next;
        for (size_t i = 0; i < op->nvalues; i++)
            free(op->values[i].text);
        free(op);
    }
    verror_clear(&txn->err);
    free(txn);
}

static struct value *add_op(struct store_txn *txn, enum statement statement, size_t nvalues)
{
    struct op *op = xcalloc(1, sizeof(*op) + nvalues * sizeof(op->values[0]));

    op->statement = statement;
    op->nvalues = nvalues;
    if (txn->last)
        txn->last->next = op;
    else
        txn->first = op;
    txn->last = op;
    return op->values;
}

static struct value number_value(uint64_t number)
{
    return (struct value){ .number = (int64_t)number };
}

static struct value text_value(const char *text)
{
    return (struct value){ .is_text = true, .text = xstrdup(text) };
}

void store_put_object(struct store_txn *txn, const struct store_object *object)
{
    row_to_values(&object_table, object,
                  add_op(txn, STATEMENT_PUT_OBJECT, object_table.ncolumns));
}

void store_delete_object(struct store_txn *txn, const char *kind, const char *uuid)
{
    struct value *values = add_op(txn, STATEMENT_DELETE_OBJECT, 2);

    values[0] = text_value(kind);
    values[1] = text_value(uuid);
}

void store_put_job(struct store_txn *txn, const struct store_job *job)
{
    row_to_values(&job_table, job, add_op(txn, STATEMENT_PUT_JOB, job_table.ncolumns));
}

void store_set_checkpoint(struct store_txn *txn, uint64_t job_id, const char *json)
{
    struct value *values = add_op(txn, STATEMENT_SET_CHECKPOINT, 2);

    values[0] = number_value(job_id);
    values[1] = text_value(json);
}

void store_set_progress(struct store_txn *txn, uint64_t job_id, uint64_t done, uint64_t total,
                        uint32_t running_ms)
{
    struct value *values = add_op(txn, STATEMENT_SET_PROGRESS, 4);

    values[0] = number_value(job_id);
    values[1] = number_value(done);
    values[2] = number_value(total);
    values[3] = number_value(running_ms);
}

void store_set_child(struct store_txn *txn, uint64_t job_id, int pid, uint64_t start,
                     const char *boot)
{
    struct value *values = add_op(txn, STATEMENT_SET_CHILD, 4);

    values[0] = number_value(job_id);
    values[1] = number_value((uint64_t)pid);
    values[2] = number_value(start);
    values[3] = text_value(boot);
}

void store_set_started(struct store_txn *txn, uint64_t job_id, int64_t started_at)
{
    struct value *values = add_op(txn, STATEMENT_SET_STARTED, 2);

    values[0] = number_value(job_id);
    values[1] = number_value((uint64_t)started_at);
}

void store_set_state(struct store_txn *txn, uint64_t job_id, const char *state)
{
    struct value *values = add_op(txn, STATEMENT_SET_STATE, 2);

    values[0] = number_value(job_id);
    values[1] = text_value(state);
}

void store_set_cancel_asked(struct store_txn *txn, uint64_t job_id)
{
    struct value *values = add_op(txn, STATEMENT_SET_CANCEL_ASKED, 1);

    values[0] = number_value(job_id);
}

void store_set_pace(struct store_txn *txn, uint64_t job_id, uint64_t speed, bool paused)
{
    struct value *values = add_op(txn, STATEMENT_SET_PACE, 3);

    values[0] = number_value(job_id);
    values[1] = number_value(speed);
    values[2] = number_value(paused);
}

void store_prune_jobs(struct store_txn *txn, unsigned int keep, int64_t ended_before)
{
    struct value *values = add_op(txn, STATEMENT_PRUNE_OLD, 1);

    values[0] = number_value((uint64_t)ended_before);
    values = add_op(txn, STATEMENT_PRUNE_MANY, 1);
    values[0] = number_value(keep);
}
