/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Log lines to stderr or the journal.  Any thread.  A line about a job names
 * the job and its object, which log_job() puts there.  Control characters are
 * written as \xNN and long texts are cut, so what a client sent needs no care.
 */
#ifndef VIRTJOBD_LOG_H
#define VIRTJOBD_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/macros.h"

/* libvirt's levels, as log_level in the config */
enum log_level { LOG_DEBUG_ = 1, LOG_INFO_ = 2, LOG_WARN_ = 3, LOG_ERROR_ = 4 };

/* to_journal: structured fields by sd_journal_send, else one line on stderr. */
void log_setup(enum log_level level, int to_journal);
void log_set_level(enum log_level level);
/* What to_journal should be: systemd connected stderr to the journal ($JOURNAL_STREAM). */
bool log_stderr_is_journal(void);

void log_at(enum log_level level, const char *fmt, ...) _printf_(2, 3);
/* object: "volume 'a' of pool 'p'"; both stand in the line and as journal fields */
void log_job(enum log_level level, uint64_t job_id, const char *object, const char *fmt, ...)
    _printf_(4, 5);

/*
 * A record whatever the level is: text as a line, "KEY=value" texts as fields of the journal.
 * lines false: not where there is no journal.
 */
void log_record(const char *text, char *const *fields, size_t nfields, int lines);

#define log_debug(...) log_at(LOG_DEBUG_, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO_, __VA_ARGS__)
#define log_warn(...) log_at(LOG_WARN_, __VA_ARGS__)
#define log_error(...) log_at(LOG_ERROR_, __VA_ARGS__)

#endif
