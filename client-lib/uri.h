/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connection URIs: scheme[+transport]://[user@][host][:port]/path?options.
 *
 * A parser of our own, not libxml2's: a program that uses the library should
 * not have to load an XML library for the sake of thirty lines, and what is
 * accepted here is narrower than what RFC 3986 allows.
 */
#ifndef LIBVIRTJOB_URI_H
#define LIBVIRTJOB_URI_H

#include <stdbool.h>

enum uri_transport { URI_UNIX, URI_TCP, URI_TLS, URI_SSH, URI_EXT };

struct uri {
    enum uri_transport transport;
    char *name; /* for the daemon: without transport and our own options */
    char *path; /* "/system", "/session", "/default", … */
    char *user, *host, *port; /* or NULL; the host without brackets, the port digits */
    char *auth;      /* from auth=: "none", "sasl", "polkit"; or NULL */
    char *mechanism; /* from auth=sasl.MECHANISM, or NULL */
    /* options, or NULL */
    char *authfile; /* of credentials */
    char *socket;   /* unix, ssh: the daemon's, instead of the usual one */
    char *pkipath;  /* tls: directory of our certificates */
    char *command;  /* ext: what to run; ssh: instead of ssh */
    char *netcat, *proxy, *keyfile; /* ssh */
    bool no_verify;    /* tls: the daemon's certificate; ssh: its host key */
    bool no_sanity;    /* tls: our own certificates are not looked at first */
    bool no_tty;       /* ssh: it asks nobody */
};

/* Returns 0, or -1: raised.  uri_done() also after a failure. */
int uri_parse(const char *text, struct uri *ret_uri);
void uri_done(struct uri *uri);

#endif
