/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What both sides of SASL must agree on, and how libsasl is used by several threads. */
#ifndef LIBVIRTJOB_SASL_TERMS_H
#define LIBVIRTJOB_SASL_TERMS_H

#include <sasl/sasl.h>
#include <stdbool.h>

enum {
    /* Where nothing else protects the connection, a mechanism must so well: libvirt's bound. */
    SASL_TERMS_SSF_MIN = 56,
    /* What one packet of the layer may have, both ways. */
    SASL_TERMS_PACKET_MAX = 65536,
};

/* Service of the Kerberos principal and of the digests: libvirt's, as stock clients ask for it. */
#define SASL_TERMS_SERVICE "libvirt"

/* Before libsasl is set up. */
void sasl_use_threads(void);
/* What protects the connection already need not be done twice; what nothing protects must be. */
int sasl_set_terms(sasl_conn_t *conn, bool secure);

#endif
