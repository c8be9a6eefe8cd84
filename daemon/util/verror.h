/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What went wrong, as a client will be told: one VIR_ERR_* code, one complete
 * sentence, and where known the errno, the step of the job and the tail of a
 * child's stderr.  A plain value, owned by whoever declared it; any thread.
 */
#ifndef VIRTJOBD_VERROR_H
#define VIRTJOBD_VERROR_H

#include <libvirtjob/types.h>

#include "protocol/macros.h"

struct verror {
    int code;         /* VIR_ERR_*, 0 = no error */
    int domain;       /* VIR_FROM_*, 0 = the caller's default */
    int sys_errno;    /* with VIR_ERR_SYSTEM_ERROR, else 0 */
    char *message;    /* complete, libvirt's usual start included */
    const char *step; /* static: the step of a job that failed, or NULL */
    char *output;     /* tail of a child's stderr, or NULL */
};

#define VERROR_INIT { 0 }

/*
 * Sets code and message; the usual start of messages of that code ("XML
 * error: ", …) is put in front.  The first error wins: a later one does not
 * replace it.  Always returns -1, so that a function can end on it.  err may
 * be NULL where nobody wants to know.
 */
int verror_set(struct verror *err, int code, const char *fmt, ...) _printf_(3, 4);

/*
 * VIR_ERR_SYSTEM_ERROR with the text of errnum (errno or -errno) behind the
 * message: "cannot open '/x': No such file or directory".  Returns -1.
 */
int verror_errno(struct verror *err, int errnum, const char *fmt, ...) _printf_(3, 4);

/* Hands src on to dst (unless dst has one already) and clears src. */
void verror_move(struct verror *dst, struct verror *src);
void verror_copy(struct verror *dst, const struct verror *src);
void verror_clear(struct verror *err);

/* The sentence, never NULL. */
const char *verror_text(const struct verror *err);

#define _cleanup_verror_ _cleanup_(verror_clear)

#endif
