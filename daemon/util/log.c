/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Log lines; see log.h.  Any thread: a line is built on the caller's stack and
 * leaves in one write, so lines never mix.  Owns the process's one log level.
 */

#define SD_JOURNAL_SUPPRESS_LOCATION
#include "util/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <time.h>

enum {
    TEXT_MAX = 3072, /* of one message; what a client sent may be megabytes */
    OBJECT_MAX = 1024,
    LINE_MAX_ = TEXT_MAX + OBJECT_MAX + 256,
};

static const struct {
    const char *name;
    int priority; /* syslog's */
} levels[] = {
    [LOG_DEBUG_] = { "debug", 7 },
    [LOG_INFO_] = { "info", 6 },
    [LOG_WARN_] = { "warning", 4 },
    [LOG_ERROR_] = { "error", 3 },
};

static atomic_int log_level = LOG_INFO_;
static atomic_bool log_journal;

void log_setup(enum log_level level, int to_journal)
{
    log_set_level(level);
    atomic_store(&log_journal, to_journal != 0);
}

void log_set_level(enum log_level level)
{
    atomic_store(&log_level, level);
}

bool log_stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    uintmax_t dev, ino;
    struct stat st;

    if (!stream || sscanf(stream, "%" SCNuMAX ":%" SCNuMAX, &dev, &ino) != 2)
        return false;
    return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

/*
 * Copies in to out, with every control character (C0, DEL, and C1 in UTF-8)
 * written as \xNN: a name a client chose can neither end a line nor steer the
 * terminal it is read on.  What does not fit is cut, marked by "...".
 */
static void escape_text(char *out, size_t size, const char *in)
{
    static const char hex[] = "0123456789abcdef", cut[] = "...";
    const unsigned char *p = (const unsigned char *)in;
    size_t used = 0;

    for (; *p; p++) {
        bool c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0;

        if (used + 4 + sizeof(cut) > size) {
            memcpy(out + used, cut, sizeof(cut));
            return;
        }
        if (c1)
            p++;
        if (c1 || *p < 0x20 || *p == 0x7f) {
            out[used++] = '\\';
            out[used++] = 'x';
            out[used++] = hex[*p >> 4];
            out[used++] = hex[*p & 15];
        } else {
            out[used++] = (char)*p;
        }
    }
    out[used] = '\0';
}

static void format_time(char *out, size_t size)
{
    struct timespec now;
    struct tm tm;
    char seconds[32];

    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with these arguments */
    if (!gmtime_r(&now.tv_sec, &tm))
        tm = (struct tm){ 0 };
    (void)strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm); /* it fits */
    (void)snprintf(out, size, "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
}

/* text is complete; prefix: for a reader that knows syslog's <N> and adds its own time. */
static void write_line(enum log_level level, const char *text, bool prefix)
{
    char line[LINE_MAX_], when[64], thread[16] = "";
    int len;

    if (pthread_getname_np(pthread_self(), thread, sizeof(thread)) != 0)
        thread[0] = '\0';
    if (prefix) {
        len = snprintf(line, sizeof(line), "<%d>%s: %s\n", levels[level].priority, thread, text);
    } else {
        format_time(when, sizeof(when));
        len = snprintf(line, sizeof(line), "%s %s %s: %s\n", when, levels[level].name, thread,
                       text);
    }
    /* nobody can be told that telling failed */
    (void)!write(STDERR_FILENO, line, (size_t)len);
}

static bool send_journal(enum log_level level, const char *text, uint64_t job_id,
                         const char *object)
{
    char message[LINE_MAX_], priority[32], job[64], object_field[OBJECT_MAX + 32];
    static char identifier[] = "SYSLOG_IDENTIFIER=virtjobd";
    struct iovec fields[5];
    int n = 0;

    (void)snprintf(message, sizeof(message), "MESSAGE=%s", text);
    (void)snprintf(priority, sizeof(priority), "PRIORITY=%d", levels[level].priority);
    fields[n++] = (struct iovec){ message, strlen(message) };
    fields[n++] = (struct iovec){ priority, strlen(priority) };
    fields[n++] = (struct iovec){ identifier, strlen(identifier) };
    if (job_id) {
        (void)snprintf(job, sizeof(job), "VIRTJOBD_JOB=%" PRIu64, job_id);
        fields[n++] = (struct iovec){ job, strlen(job) };
    }
    if (object) {
        (void)snprintf(object_field, sizeof(object_field), "VIRTJOBD_OBJECT=%s", object);
        fields[n++] = (struct iovec){ object_field, strlen(object_field) };
    }
    return sd_journal_sendv(fields, n) == 0;
}

static void log_text(enum log_level level, uint64_t job_id, const char *object, const char *text)
{
    bool journal = atomic_load(&log_journal);

    if (!journal || !send_journal(level, text, job_id, object))
        write_line(level, text, journal);
}

enum { RECORD_FIELDS_MAX = 16 };

static bool send_record(const char *text, char *const *fields, size_t nfields)
{
    char message[LINE_MAX_];
    static char priority[] = "PRIORITY=5", identifier[] = "SYSLOG_IDENTIFIER=virtjobd";
    struct iovec iov[RECORD_FIELDS_MAX + 3];
    int n = 0;

    (void)snprintf(message, sizeof(message), "MESSAGE=%s", text);
    iov[n++] = (struct iovec){ message, strlen(message) };
    iov[n++] = (struct iovec){ priority, strlen(priority) };
    iov[n++] = (struct iovec){ identifier, strlen(identifier) };
    for (size_t i = 0; i < nfields && i < RECORD_FIELDS_MAX; i++)
        iov[n++] = (struct iovec){ fields[i], strlen(fields[i]) };
    return sd_journal_sendv(iov, n) == 0;
}

void log_record(const char *text, char *const *fields, size_t nfields, int lines)
{
    bool journal = atomic_load(&log_journal);
    char escaped[TEXT_MAX];

    escape_text(escaped, sizeof(escaped), text);
    if (!(journal && send_record(escaped, fields, nfields)) && (lines || journal))
        write_line(LOG_INFO_, escaped, journal);
}

static bool log_wanted(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&log_level, memory_order_relaxed);
}

void log_at(enum log_level level, const char *fmt, ...)
{
    char raw[TEXT_MAX], text[TEXT_MAX];
    va_list args;

    if (!log_wanted(level))
        return;
    va_start(args, fmt);
    (void)vsnprintf(raw, sizeof(raw), fmt, args);
    va_end(args);
    escape_text(text, sizeof(text), raw);
    log_text(level, 0, NULL, text);
}

void log_job(enum log_level level, uint64_t job_id, const char *object, const char *fmt, ...)
{
    char raw[TEXT_MAX], text[TEXT_MAX], name[OBJECT_MAX], line[TEXT_MAX + OBJECT_MAX + 64];
    va_list args;

    if (!log_wanted(level))
        return;
    va_start(args, fmt);
    (void)vsnprintf(raw, sizeof(raw), fmt, args);
    va_end(args);
    escape_text(text, sizeof(text), raw);
    escape_text(name, sizeof(name), object ? object : "");
    (void)snprintf(line, sizeof(line), "job %" PRIu64 "%s%s: %s", job_id, object ? ", " : "", name,
                   text);
    log_text(level, job_id, object ? name : NULL, line);
}
