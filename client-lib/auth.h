/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a connection shows the daemon who it is, before it is opened: auth.c
 * asks what the daemon wants, auth-sasl.c does it, auth-ask.c knows names and
 * passwords, from auth-file.c or from the application.
 */
#ifndef LIBVIRTJOB_AUTH_H
#define LIBVIRTJOB_AUTH_H

#include "internal.h"
#include "uri.h"

struct auth_request {
    const char *host;       /* of the daemon; "localhost" over a unix socket */
    bool secure;            /* nobody between can read or change what is sent */
    const char *file;       /* where the URI says that credentials are, or NULL */
    const char *mechanism;  /* of SASL, that the URI wants, or NULL */
    virConnectAuthPtr auth; /* the application's, or NULL */
};

/* Authenticates as the daemon wants it.  Returns 0, or -1: raised. */
int auth_connection(virConnectPtr conn, const struct uri *uri, virConnectAuthPtr auth);

/* --- auth-sasl.c --- */

int auth_sasl(virConnectPtr conn, const struct auth_request *request);

/* --- auth-ask.c --- */

enum { CREDENTIAL_KINDS = 10 }; /* VIR_CRED_*, which begin with 1 */

struct credentials {
    const struct auth_request *request;
    char *known[CREDENTIAL_KINDS]; /* by kind: found in the file, or answered */
};

/* Reads the file of credentials, where there is one.  Returns 0, or -1: raised. */
int credentials_load(struct credentials *credentials, const struct auth_request *request);
/* Nothing of them stays in memory. */
void credentials_done(struct credentials *credentials);
/* Can it be told, or asked for? */
bool credentials_can(const struct credentials *credentials, int kind);
/* Asks the application for those that are not known yet.  Returns 0, or -1: raised. */
int credentials_ask(struct credentials *credentials, virConnectCredential *wanted,
                    unsigned int count);

/* --- auth-file.c --- */

/*
 * What a file of credentials has for a host, else for "default", into known.
 * No file is no failure.  Returns 0, or -1: raised.
 */
int auth_file_read(const char *given, const char *host, char *known[CREDENTIAL_KINDS]);

/* --- auth-terminal.c --- */

extern virConnectAuth auth_terminal;

#endif
