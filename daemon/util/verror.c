/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors as plain values; see verror.h.  Any thread, owns no state. */

#include "util/verror.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/alloc.h"

/* How libvirt's users expect messages of a code to start; codes not listed are free text. */
static const struct {
    int code;
    const char *start;
} message_starts[] = {
    { VIR_ERR_INTERNAL_ERROR, "internal error: " },
    { VIR_ERR_NO_MEMORY, "out of memory: " },
    { VIR_ERR_NO_SUPPORT, "this function is not supported by the connection driver: " },
    { VIR_ERR_NO_CONNECT, "no connection driver available for " },
    { VIR_ERR_INVALID_ARG, "invalid argument: " },
    { VIR_ERR_OPERATION_FAILED, "operation failed: " },
    { VIR_ERR_XML_ERROR, "XML error: " },
    { VIR_ERR_OPERATION_DENIED, "operation forbidden: " },
    { VIR_ERR_NO_DOMAIN, "Domain not found: " },
    { VIR_ERR_AUTH_FAILED, "authentication failed: " },
    { VIR_ERR_NO_STORAGE_POOL, "Storage pool not found: " },
    { VIR_ERR_NO_STORAGE_VOL, "Storage volume not found: " },
    { VIR_ERR_OPERATION_INVALID, "Requested operation is not valid: " },
    { VIR_ERR_CONFIG_UNSUPPORTED, "unsupported configuration: " },
    { VIR_ERR_OPERATION_TIMEOUT, "Timed out during operation: " },
    { VIR_ERR_ARGUMENT_UNSUPPORTED, "argument unsupported: " },
    { VIR_ERR_STORAGE_PROBE_FAILED, "Storage volume probe failed: " },
    { VIR_ERR_STORAGE_POOL_BUILT, "storage pool already built: " },
    { VIR_ERR_OPERATION_ABORTED, "operation aborted: " },
    { VIR_ERR_OVERFLOW, "numerical overflow: " },
    { VIR_ERR_BLOCK_COPY_ACTIVE, "block copy still active: " },
    { VIR_ERR_OPERATION_UNSUPPORTED, "Operation not supported: " },
    { VIR_ERR_RESOURCE_BUSY, "resource busy: " },
    { VIR_ERR_ACCESS_DENIED, "access denied: " },
    { VIR_ERR_NO_DOMAIN_METADATA, "metadata not found: " },
    { VIR_ERR_NO_DOMAIN_SNAPSHOT, "Domain snapshot not found: " },
    { VIR_ERR_SNAPSHOT_REVERT_RISKY, "revert requires force: " },
    { VIR_ERR_CPU_INCOMPATIBLE, "the CPU is incompatible with host CPU: " },
    { VIR_ERR_XML_INVALID_SCHEMA, "XML document failed to validate against schema: " },
    { VIR_ERR_NO_DOMAIN_CHECKPOINT, "Domain checkpoint not found: " },
    { VIR_ERR_NO_DOMAIN_BACKUP, "Domain backup job id not found: " },
    { VIR_ERR_CHECKPOINT_INCONSISTENT, "checkpoint inconsistent: " },
};

/* The one invalid-argument message that libvirt sends bare, and clients look for. */
static const char unsupported_flags[] = "unsupported flags (";

static const char *message_start(int code, const char *text)
{
    if (code == VIR_ERR_INVALID_ARG &&
        strncmp(text, unsupported_flags, strlen(unsupported_flags)) == 0)
        return "";
    for (size_t i = 0; i < ARRAY_SIZE(message_starts); i++)
        if (message_starts[i].code == code)
            return message_starts[i].start;
    return "";
}

static char *format_text(const char *fmt, va_list args) _printf_(1, 0);
static char *format_text(const char *fmt, va_list args)
{
    char *text;

    if (vasprintf(&text, fmt, args) < 0)
        return xstrdup(fmt); /* an argument that cannot be converted: better than nothing */
    return text;
}

int verror_set(struct verror *err, int code, const char *fmt, ...)
{
    _cleanup_free_ char *text = NULL;
    va_list args;

    if (!err || err->code)
        return -1;
    va_start(args, fmt);
    text = format_text(fmt, args);
    va_end(args);
    err->message = xasprintf("%s%s", message_start(code, text), text);
    err->code = code;
    return -1;
}

int verror_errno(struct verror *err, int errnum, const char *fmt, ...)
{
    _cleanup_free_ char *text = NULL;
    char reason[128];
    va_list args;

    if (!err || err->code)
        return -1;
    if (errnum < 0)
        errnum = -errnum;
    va_start(args, fmt);
    text = format_text(fmt, args);
    va_end(args);
    /* the GNU form: may answer with a constant text instead of filling reason */
    err->message = xasprintf("%s: %s", text, strerror_r(errnum, reason, sizeof(reason)));
    err->code = VIR_ERR_SYSTEM_ERROR;
    err->sys_errno = errnum;
    return -1;
}

void verror_move(struct verror *dst, struct verror *src)
{
    if (dst && !dst->code) {
        verror_clear(dst);
        *dst = *src;
        *src = (struct verror)VERROR_INIT;
    } else {
        verror_clear(src);
    }
}

void verror_copy(struct verror *dst, const struct verror *src)
{
    if (dst->code)
        return;
    verror_clear(dst);
    *dst = *src;
    dst->message = xstrdup(src->message);
    dst->output = xstrdup(src->output);
}

void verror_clear(struct verror *err)
{
    free(err->message);
    free(err->output);
    *err = (struct verror)VERROR_INIT;
}

const char *verror_text(const struct verror *err)
{
    if (err->message)
        return err->message;
    return err->code ? "unknown error" : "no error";
}
