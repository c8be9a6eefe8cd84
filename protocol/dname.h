/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Distinguished names of certificates as text, in the form that libvirt's lists of allowed ones
 * are written for, and the patterns of such a list.  Any thread; no state.
 */
#ifndef VIRTJOBD_DNAME_H
#define VIRTJOBD_DNAME_H

#include <openssl/x509.h>
#include <stdbool.h>

/*
 * "C=GB,O=Example,CN=admin": in the certificate's own order, as GnuTLS writes it for libvirt; what
 * would read as syntax has a backslash before it.  malloc'd; NULL: no memory.
 */
char *dname_text(const X509_NAME *name);

/* '*' stands for any text, '?' for one character of UTF-8, all else for itself. */
bool dname_matches(const char *pattern, const char *dname);

#endif
