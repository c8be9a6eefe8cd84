/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A job as it goes over the wire; see job_record.h.  Loop thread. */

#include "calls/job_record.h"

#include <stdio.h>
#include <string.h>

#include "util/alloc.h"

void job_info_to_wire(const struct job_snapshot *snapshot, struct job_info *ret)
{
    *ret = (struct job_info){
        .type = snapshot->type,
        .state = snapshot->state,
        .running_time = snapshot->running_ms / 1000,
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
void job_row_to_record(struct store_job *row, const struct job_snapshot *snapshot, char *note,
                       struct job_record *ret)
{
    ret->id = row->id;
    ret->kind = row->object_kind;
    uuid_to_wire(row->uuid, ret->uuid);
    ret->name = take_text(&row->name);
    ret->pool = take_text(&row->pool);
    ret->operation = take_text(&row->operation);
    ret->phase = snapshot->phase;
    job_info_to_wire(snapshot, &ret->info);
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
    ret->speed = snapshot->speed;
    store_job_clear(row);
}

void job_to_record(struct job *job, struct job_record *ret)
{
    struct job_snapshot snapshot;
    struct store_job row;

    job_snapshot(job, &snapshot);
    job_to_row(job, &row);
    job_row_to_record(&row, &snapshot, job_note(job), ret);
}

/* The error of a failed job, in a new struct; NULL where it did not fail. */
struct wire_error *job_error_to_wire(struct store_job *row)
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
