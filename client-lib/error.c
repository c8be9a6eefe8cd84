/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The last error of each thread, and the handler errors are told to.  The
 * error is thread-local and freed when its thread ends; the handler is one for
 * the process, guarded by a lock of its own that is never held across a call.
 */

#include "internal.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local virError last;
static _Thread_local const char *last_api;

static pthread_once_t cleanup_once = PTHREAD_ONCE_INIT;
static pthread_key_t cleanup_key;

static struct {
    pthread_mutex_t lock;
    virErrorFunc func;
    void *data;
} handler = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void error_clear(virErrorPtr err)
{
    free(err->message);
    free(err->str1);
    free(err->str2);
    free(err->str3);
    *err = (virError){ .code = VIR_ERR_OK };
}

static void thread_ends(void *err)
{
    error_clear(err);
}

static void cleanup_init(void)
{
    /* without a key the last message of an ending thread leaks, no more */
    (void)pthread_key_create(&cleanup_key, thread_ends);
}

/* Puts err in the place of this thread's last error; takes its strings. */
static void last_replace(virErrorPtr err)
{
    (void)pthread_once(&cleanup_once, cleanup_init);
    (void)pthread_setspecific(cleanup_key, &last);
    error_clear(&last);
    last = *err;
}

/* A copy of text, or NULL; ENOMEM leaves an error without text, never a lost error. */
static char *text_copy(const char *text)
{
    return text ? strdup(text) : NULL;
}

static void error_copy(virErrorPtr to, const virError *from)
{
    *to = *from;
    to->message = text_copy(from->message);
    to->str1 = text_copy(from->str1);
    to->str2 = text_copy(from->str2);
    to->str3 = text_copy(from->str3);
}

/* To the application's handler. */
static void tell(virErrorPtr err)
{
    virErrorFunc func;
    void *data;

    (void)pthread_mutex_lock(&handler.lock);
    func = handler.func;
    data = handler.data;
    (void)pthread_mutex_unlock(&handler.lock);
    if (func)
        func(data, err);
    else
        virDefaultErrorFunc(err);
}

static int error_set(virErrorPtr err)
{
    last_replace(err);
    tell(&last);
    return -1;
}

void error_warn(int domain, const char *fmt, ...)
{
    _cleanup_free_ char *message = NULL;
    va_list args;

    va_start(args, fmt);
    if (vasprintf(&message, fmt, args) < 0)
        message = NULL;
    va_end(args);
    if (message)
        tell(&(virError){ .code = VIR_ERR_RPC,
                          .domain = domain,
                          .level = VIR_ERR_WARNING,
                          .message = message,
                          .int1 = -1,
                          .int2 = -1 });
}

void error_enter(const char *api)
{
    last_api = api;
    error_clear(&last);
}

const char *error_api(void)
{
    return last_api;
}

static int raise_text(int code, int domain, int errnum, char *message)
{
    return error_set(&(virError){
        .code = code,
        .domain = domain,
        .level = VIR_ERR_ERROR,
        .message = message,
        .str1 = text_copy("%s"),
        .str2 = text_copy(message),
        .int1 = errnum ? errnum : -1,
        .int2 = -1,
    });
}

int error_raise(int code, int domain, const char *fmt, ...)
{
    char *message;
    va_list args;

    va_start(args, fmt);
    if (vasprintf(&message, fmt, args) < 0)
        message = NULL;
    va_end(args);
    return raise_text(code, domain, 0, message);
}

int error_raise_errno(int domain, int errnum, const char *fmt, ...)
{
    _cleanup_free_ char *what = NULL;
    char *message;
    char text[128];
    va_list args;

    va_start(args, fmt);
    if (vasprintf(&what, fmt, args) < 0)
        what = NULL;
    va_end(args);
    if (asprintf(&message, "%s: %s", what ? what : "?", strerror_r(errnum, text, sizeof(text))) < 0)
        message = NULL;
    return raise_text(VIR_ERR_SYSTEM_ERROR, domain, errnum, message);
}

int error_raise_no_memory(void)
{
    return error_raise(VIR_ERR_NO_MEMORY, VIR_FROM_NONE, "out of memory");
}

int error_raise_null(const char *argument)
{
    return error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_NONE,
                       "invalid argument: %s in %s must not be NULL", argument, last_api);
}

/* Optional strings of the wire are pointers to pointers; takes the inner one. */
static char *take_text(wire_text_opt *text)
{
    return *text ? STEAL_PTR(**text) : NULL;
}

void error_from_wire(virErrorPtr error, wire_error *wire)
{
    *error = (virError){
        .code = wire->code,
        .domain = wire->domain,
        .level = (virErrorLevel)wire->level,
        .message = take_text(&wire->message),
        .str1 = take_text(&wire->str1),
        .str2 = take_text(&wire->str2),
        .str3 = take_text(&wire->str3),
        .int1 = wire->int1,
        .int2 = wire->int2,
    };
}

int error_raise_wire(wire_error *wire)
{
    virError error;

    error_from_wire(&error, wire);
    if (error.code == VIR_ERR_OK) /* the call has failed all the same */
        error.code = VIR_ERR_INTERNAL_ERROR;
    return error_set(&error);
}

/* --- public --- */

virErrorPtr virGetLastError(void)
{
    return last.code == VIR_ERR_OK ? NULL : &last;
}

const char *virGetLastErrorMessage(void)
{
    if (last.code == VIR_ERR_OK)
        return "no error";
    if (last.message && *last.message)
        return last.message;
    return last.code == VIR_ERR_NO_MEMORY ? "out of memory" : "unknown error";
}

int virGetLastErrorCode(void)
{
    return last.code;
}

int virGetLastErrorDomain(void)
{
    return last.domain;
}

virErrorPtr virSaveLastError(void)
{
    int saved = errno;
    virErrorPtr copy = calloc(1, sizeof(*copy));

    if (copy)
        error_copy(copy, &last);
    errno = saved;
    return copy;
}

int virSetError(virErrorPtr newerr)
{
    virError copy = { .code = VIR_ERR_OK };
    int saved = errno;

    if (newerr == &last)
        return 0;
    if (newerr)
        error_copy(&copy, newerr);
    last_replace(&copy);
    errno = saved;
    return 0;
}

void virResetLastError(void)
{
    error_clear(&last);
}

void virResetError(virErrorPtr err)
{
    if (err)
        error_clear(err);
}

void virFreeError(virErrorPtr err)
{
    virResetError(err);
    free(err);
}

int virCopyLastError(virErrorPtr to)
{
    if (!to)
        return -1;
    error_copy(to, &last);
    return to->code;
}

void virSetErrorFunc(void *userData, virErrorFunc func)
{
    (void)pthread_mutex_lock(&handler.lock);
    handler.func = func;
    handler.data = userData;
    (void)pthread_mutex_unlock(&handler.lock);
}

void virDefaultErrorFunc(virErrorPtr err)
{
    static const char *const levels[] = {
        [VIR_ERR_NONE] = "",
        [VIR_ERR_WARNING] = "warning: ",
        [VIR_ERR_ERROR] = "error: ",
    };
    const char *level = "error: ";

    if (!err || err->code == VIR_ERR_OK)
        return;
    if ((size_t)err->level < ARRAY_SIZE(levels))
        level = levels[err->level];
    fprintf(stderr, "libvirtjob: %s%s\n", level, err->message ? err->message : "unknown error");
}
