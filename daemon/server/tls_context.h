/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What TLS connections are made from: our certificate, whom we trust, who is let in.  Never
 * changed; a reload makes another one, and those who have connected keep theirs.
 */
#ifndef VIRTJOBD_TLS_CONTEXT_H
#define VIRTJOBD_TLS_CONTEXT_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "util/verror.h"

struct tls_settings {
    char *ca, *crl, *cert, *key; /* paths; crl may be NULL */
    bool verify;                 /* the clients' certificates */
    char **allowed;              /* patterns, NULL behind the last; NULL = every one */
};

void tls_settings_free(struct tls_settings *settings);
DEFINE_CLEANUP(struct tls_settings *, tls_settings_free);

struct tls_context;

/* Takes the settings over.  Reads files: a worker's, or at the start.  NULL with err. */
struct tls_context *tls_context_new(struct tls_settings *settings, struct verror *err);
/* One thread at a time; NULL is allowed. */
struct tls_context *tls_context_ref(struct tls_context *context);
void tls_context_unref(struct tls_context *context);

/* One connection's, which holds what it needs of the context. */
SSL *tls_context_connection(struct tls_context *context);
bool tls_context_verifies(const struct tls_context *context);

#endif
