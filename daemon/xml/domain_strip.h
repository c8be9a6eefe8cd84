/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parts of a domain's document that some readers are not shown.  The tree is
 * changed in place.  Any thread.
 */
#ifndef VIRTJOBD_DOMAIN_STRIP_H
#define VIRTJOBD_DOMAIN_STRIP_H

#include <libxml/tree.h>

/*
 * What only a running domain has: id, aliases that are not "ua-…", ptys, ports and paths that
 * were made up, links in the chain of backing files that were found (they carry an index),
 * labels of dynamic seclabels.
 */
void domain_strip_live(xmlNodePtr domain);

/* Devices every machine of that kind has, which older libvirts must not be told of. */
void domain_strip_implicit(xmlNodePtr domain);

/* Passwords. */
void domain_strip_secrets(xmlNodePtr domain);

#endif
