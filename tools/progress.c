/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The progress line; see progress.h.
 *
 *   vol-clone b  [=======>        ]  45%  1.84 GiB of 4.00 GiB  512.00 MiB/s  4s left
 *
 * A narrow terminal loses rate, bytes and time left, in this order, then the
 * bar, then the end of the title.
 */

#include "tools/progress.h"

#include <string.h>
#include <sys/ioctl.h>

#include "daemon/util/alloc.h"
#include "tools/format.h"
#include "tools/job-text.h"
#include "tools/text.h"

#define BAR_LEAST 10
#define BAR_MOST 40

/* What stands right of the bar, in the order in which it is given up last. */
enum part {
    PART_PERCENT,
    PART_LEFT,
    PART_BYTES,
    PART_RATE,
    PART_MAX
};

/* The order in which they are shown. */
static const enum part part_order[PART_MAX] = { PART_PERCENT, PART_BYTES, PART_RATE, PART_LEFT };

static bool is_bounded(const virJobRecord *job)
{
    return job->info.type == VIR_JOB_BOUNDED;
}

/* A daemon says what it likes, and the bar has no room for more. */
static int percent_of(const virJobRecord *job)
{
    int percent = job->info.percentComplete;

    if (percent < 0)
        return 0;
    return percent > 100 ? 100 : percent;
}

static char *part_left(const virJobRecord *job)
{
    _cleanup_free_ char *text = NULL;

    if (job->note && *job->note)
        return xstrdup(job->note);
    if (job->phase != VIR_JOB_PHASE_RUNNING)
        return xstrdup(job_state_text(job));
    if (job->info.remainingTime == 0) {
        text = format_duration(job->info.runningTime);
        return xasprintf("%s gone", text);
    }
    text = format_duration(job->info.remainingTime);
    return xasprintf("%s left", text);
}

static char *part_bytes(const virJobRecord *job)
{
    _cleanup_free_ char *done = NULL;
    _cleanup_free_ char *total = NULL;

    if (job->bytesDone == 0 && job->bytesTotal == 0)
        return xstrdup("");
    done = format_size(job->bytesDone);
    if (job->bytesTotal == 0)
        return STEAL_PTR(done);
    total = format_size(job->bytesTotal);
    return xasprintf("%10s of %s", done, total);
}

static char *part_rate(const virJobRecord *job)
{
    _cleanup_free_ char *rate = NULL;

    if (job->rate == 0 || job->phase != VIR_JOB_PHASE_RUNNING)
        return xstrdup("");
    rate = format_rate(job->rate);
    return xasprintf("%12s", rate);
}

static char *part_text(const virJobRecord *job, enum part part)
{
    switch (part) {
    case PART_PERCENT:
        return is_bounded(job) ? xasprintf("%3d%%", percent_of(job)) : xstrdup("");
    case PART_LEFT:
        return part_left(job);
    case PART_BYTES:
        return part_bytes(job);
    case PART_RATE:
        return part_rate(job);
    case PART_MAX:
        break;
    }
    return xstrdup("");
}

/* The first `count` parts by worth, shown in their order; each with two blanks before it. */
static char *parts_join(char *const *parts, size_t count)
{
    char *joined = xstrdup("");
    size_t i;

    for (i = 0; i < PART_MAX; i++) {
        char *longer;

        if (part_order[i] >= count || !*parts[part_order[i]])
            continue;
        longer = xasprintf("%s  %s", joined, parts[part_order[i]]);
        free(joined);
        joined = longer;
    }
    return joined;
}

/* "  [===>   ]" of exactly so many columns, or "" when that is too few for a bar. */
static char *bar_render(const virJobRecord *job, size_t columns)
{
    size_t inner, full;
    char *bar;

    if (!is_bounded(job) || columns < BAR_LEAST + 4)
        return xstrdup("");
    inner = columns - 4;
    if (inner > BAR_MOST)
        inner = BAR_MOST;
    full = inner * (size_t)percent_of(job) / 100;
    bar = xmalloc(inner + 5);
    memcpy(bar, "  [", 3);
    memset(bar + 3, ' ', inner);
    memset(bar + 3, '=', full);
    if (full < inner)
        bar[3 + full] = '>';
    memcpy(bar + 3 + inner, "]", 2);
    return bar;
}

char *progress_render(const virJobRecord *job, size_t columns)
{
    _cleanup_free_ char *title = xasprintf("%s %s", job->operation, job->name);
    _cleanup_free_ char *tail = NULL;
    _cleanup_free_ char *bar = NULL;
    _cleanup_free_ char *line = NULL;
    char *parts[PART_MAX];
    size_t used, count, i;

    for (i = 0; i < PART_MAX; i++) {
        parts[i] = part_text(job, (enum part)i);
        text_make_printable(parts[i]);
    }
    text_make_printable(title);
    for (count = PART_MAX; count > 0; count--) {
        free(tail);
        tail = parts_join(parts, count);
        used = text_width(title) + text_width(tail);
        if (used + (is_bounded(job) ? BAR_LEAST + 4 : 0) <= columns)
            break;
    }
    for (i = 0; i < PART_MAX; i++)
        free(parts[i]);
    used = text_width(tail);
    title[text_fit(title, used < columns ? columns - used : 0)] = '\0';
    used += text_width(title);
    bar = bar_render(job, used < columns ? columns - used : 0);
    line = xasprintf("%s%s%s", title, bar, tail);
    line[text_fit(line, columns)] = '\0';
    return STEAL_PTR(line);
}

void progress_open(struct progress *progress, bool wanted)
{
    progress->out = wanted && isatty(STDERR_FILENO) ? stderr : NULL;
    progress->drawn = 0;
}

/* One column less than there are: a full line would wrap on some terminals. */
static size_t terminal_columns(FILE *out)
{
    struct winsize size;

    if (ioctl(fileno(out), TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return 79;
    return (size_t)size.ws_col - 1;
}

/* Blanks over what the last line leaves: no terminal lacks these two characters. */
static void line_replace(struct progress *progress, const char *line)
{
    size_t width = text_width(line);
    size_t columns = terminal_columns(progress->out);
    size_t old = progress->drawn < columns ? progress->drawn : columns;

    fprintf(progress->out, "\r%s%*s", line, old > width ? (int)(old - width) : 0, "");
    fflush(progress->out);
    progress->drawn = width;
}

void progress_draw(struct progress *progress, const virJobRecord *job)
{
    _cleanup_free_ char *line = NULL;

    if (!progress->out)
        return;
    line = progress_render(job, terminal_columns(progress->out));
    line_replace(progress, line);
}

void progress_clear(struct progress *progress)
{
    if (!progress->out || progress->drawn == 0)
        return;
    line_replace(progress, "");
    fputc('\r', progress->out);
    fflush(progress->out);
}
