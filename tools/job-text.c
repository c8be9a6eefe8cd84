/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A job record as text; see job-text.h. */

#include "tools/job-text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "daemon/util/alloc.h"
#include "tools/format.h"
#include "tools/text.h"

static const char *const kind_names[] = {
    [VIR_JOB_OBJECT_DOMAIN] = "domain",
    [VIR_JOB_OBJECT_STORAGE_POOL] = "pool",
    [VIR_JOB_OBJECT_STORAGE_VOL] = "volume",
};

static const char *const state_names[] = {
    [VIR_JOB_RUNNING] = "running",
    [VIR_JOB_COMPLETE] = "complete",
    [VIR_JOB_FAILED] = "failed",
    [VIR_JOB_CANCELLED] = "cancelled",
};

static const char *const phase_names[] = {
    [VIR_JOB_PHASE_QUEUED] = "queued",         [VIR_JOB_PHASE_RUNNING] = "running",
    [VIR_JOB_PHASE_CANCELLING] = "cancelling", [VIR_JOB_PHASE_FINISHING] = "finishing",
    [VIR_JOB_PHASE_ENDED] = "ended",           [VIR_JOB_PHASE_PAUSED] = "paused",
};

/* A daemon newer than this program may know more of them. */
#define NAME_OF(names, value) \
    ((size_t)(value) < ARRAY_SIZE(names) && (value) >= 0 ? (names)[value] : "unknown")

/* A job on a domain that is about one of its disks. */
static bool is_of_disk(const virJobRecord *job)
{
    return job->objectKind == VIR_JOB_OBJECT_DOMAIN && job->pool && *job->pool;
}

char *job_object_text(const virJobRecord *job)
{
    if (job->objectKind == VIR_JOB_OBJECT_STORAGE_VOL)
        return xasprintf("volume '%s' in pool '%s'", job->name, job->pool ? job->pool : "?");
    if (is_of_disk(job))
        return xasprintf("disk '%s' of domain '%s'", job->pool, job->name);
    return xasprintf("%s '%s'", NAME_OF(kind_names, job->objectKind), job->name);
}

char *job_object_short(const virJobRecord *job)
{
    if (job->objectKind == VIR_JOB_OBJECT_STORAGE_VOL)
        return xasprintf("%s/%s", job->pool ? job->pool : "?", job->name);
    if (is_of_disk(job))
        return xasprintf("%s/%s", job->name, job->pool);
    return xstrdup(job->name);
}

const char *job_state_text(const virJobRecord *job)
{
    if (job->info.state == VIR_JOB_RUNNING)
        return NAME_OF(phase_names, job->phase);
    return NAME_OF(state_names, job->info.state);
}

char *job_progress_text(const virJobRecord *job)
{
    if (job->info.type == VIR_JOB_BOUNDED)
        return xasprintf("%d%%", job->info.percentComplete);
    if (job->bytesDone > 0)
        return format_size(job->bytesDone);
    return xstrdup("-");
}

static void line_print(FILE *out, const char *key, const char *value)
{
    _cleanup_free_ char *safe = NULL;

    if (!value || !*value)
        return;
    safe = xstrdup(value);
    text_make_line(safe);
    fprintf(out, "%-15s %s\n", key, safe);
}

/* As line_print(), for a new string, which it frees. */
static void line_take(FILE *out, const char *key, char *value)
{
    line_print(out, key, value);
    free(value);
}

static void progress_print(const virJobRecord *job, FILE *out)
{
    bool running = job->info.state == VIR_JOB_RUNNING;

    if (job->info.type == VIR_JOB_BOUNDED)
        line_take(out, "Progress:", xasprintf("%d%%", job->info.percentComplete));
    if (job->bytesDone > 0 || job->bytesTotal > 0)
        line_take(out, "Done:", format_size(job->bytesDone));
    if (job->bytesTotal > 0)
        line_take(out, "Total:", format_size(job->bytesTotal));
    if (running && job->rate > 0)
        line_take(out, "Rate:", format_rate(job->rate));
    if (job->speed > 0)
        line_take(out, "Speed limit:", format_rate(job->speed));
    line_take(out, "Running time:", format_duration(job->info.runningTime));
    if (running && job->info.remainingTime > 0)
        line_take(out, "Time left:", format_duration(job->info.remainingTime));
}

/* What a child said, line by line, indented. */
static void output_print(const char *output, FILE *out)
{
    _cleanup_free_ char *copy = xstrdup(output);
    char *rest = copy;
    char *line;

    fputs("Output:\n", out);
    while ((line = strsep(&rest, "\n"))) {
        text_make_printable(line);
        if (*line)
            fprintf(out, "    %s\n", line);
    }
}

void job_print(const virJobRecord *job, FILE *out)
{
    line_take(out, "Id:", xasprintf("%llu", job->id));
    line_take(out, "Object:", job_object_text(job));
    line_print(out, "Operation:", job->operation);
    line_print(out, "State:", job_state_text(job));
    progress_print(job, out);
    line_take(out, "Queued:", format_time(job->queuedAt));
    line_take(out, "Started:", format_time(job->startedAt));
    line_take(out, "Ended:", format_time(job->endedAt));
    line_print(out, "Started by:", job->startedBy);
    line_print(out, "Note:", job->note);
    if (job->errorCode != VIR_ERR_OK)
        job_print_error(job, out);
}

void job_print_error(const virJobRecord *job, FILE *out)
{
    line_print(out, "Error:", job->errorMessage ? job->errorMessage : "unknown");
    line_take(out, "Error code:", xasprintf("%d", job->errorCode));
    line_print(out, "Failing step:", job->errorStep);
    if (job->errorOutput && *job->errorOutput)
        output_print(job->errorOutput, out);
}

/* JSON is UTF-8, file names need not be; NULL gives null. */
static json_t *json_text(const char *text)
{
    _cleanup_free_ char *utf8 = NULL;

    if (!text)
        return json_null();
    utf8 = text_to_utf8(text);
    return json_string(utf8);
}

static json_t *json_count(unsigned long long value)
{
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *json_time(long long milliseconds)
{
    return milliseconds ? json_integer(milliseconds) : json_null();
}

char *job_uuid_text(const virJobRecord *job)
{
    char text[VIR_UUID_STRING_BUFLEN];
    size_t i, used = 0;

    for (i = 0; i < VIR_UUID_BUFLEN; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%02x",
                                 i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                                 job->uuid[i]);
    return xstrdup(text);
}

static json_t *json_error(const virJobRecord *job)
{
    if (job->errorCode == VIR_ERR_OK)
        return json_null();
    return json_pack("{s:i, s:o, s:o, s:o}", "code", job->errorCode, "message",
                     json_text(job->errorMessage), "step", json_text(job->errorStep), "output",
                     json_text(job->errorOutput));
}

json_t *job_to_json(const virJobRecord *job)
{
    _cleanup_free_ char *uuid = job_uuid_text(job);
    json_t *json = json_object();

    /* one key a line: this is the list in virtjob(1) */
    json_object_set_new(json, "id", json_count(job->id));
    json_object_set_new(json, "kind", json_text(NAME_OF(kind_names, job->objectKind)));
    json_object_set_new(json, "name", json_text(job->name));
    json_object_set_new(json, "pool", json_text(job->pool));
    json_object_set_new(json, "uuid", json_text(uuid));
    json_object_set_new(json, "operation", json_text(job->operation));
    json_object_set_new(json, "state", json_text(NAME_OF(state_names, job->info.state)));
    json_object_set_new(json, "phase", json_text(NAME_OF(phase_names, job->phase)));
    json_object_set_new(json, "bounded", json_boolean(job->info.type == VIR_JOB_BOUNDED));
    json_object_set_new(json, "percent", json_integer(job->info.percentComplete));
    json_object_set_new(json, "bytes_done", json_count(job->bytesDone));
    json_object_set_new(json, "bytes_total", json_count(job->bytesTotal));
    json_object_set_new(json, "bytes_per_second", json_count(job->rate));
    json_object_set_new(json, "speed_limit", json_count(job->speed));
    json_object_set_new(json, "running_seconds", json_integer(job->info.runningTime));
    json_object_set_new(json, "remaining_seconds", json_integer(job->info.remainingTime));
    json_object_set_new(json, "queued_at_ms", json_time(job->queuedAt));
    json_object_set_new(json, "started_at_ms", json_time(job->startedAt));
    json_object_set_new(json, "ended_at_ms", json_time(job->endedAt));
    json_object_set_new(json, "started_by", json_text(job->startedBy));
    json_object_set_new(json, "note", json_text(job->note));
    json_object_set_new(json, "error", json_error(job));
    return json;
}
