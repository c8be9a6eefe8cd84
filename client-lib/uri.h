/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connection URIs: scheme[+transport]://host[:port]/path?options.
 *
 * A parser of our own, not libxml2's: a program that uses the library should
 * not have to load an XML library for the sake of thirty lines, and what is
 * accepted here is narrower than what RFC 3986 allows.
 */
#ifndef LIBVIRTJOB_URI_H
#define LIBVIRTJOB_URI_H

struct uri {
    char *name;   /* for the daemon: without transport and our own options */
    char *socket; /* from socket=, or NULL */
    char *path;   /* "/system", "/session", "/default", … */
    char *auth;      /* from auth=: "none", "sasl", "polkit"; or NULL */
    char *mechanism; /* from auth=sasl.MECHANISM, or NULL */
    char *authfile;  /* from authfile=, or NULL */
};

/* Returns 0, or -1: raised.  uri_done() also after a failure. */
int uri_parse(const char *text, struct uri *ret_uri);
void uri_done(struct uri *uri);

#endif
