/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the files that authenticate a connection.  Loop thread. */
#ifndef VIRTJOBD_AUTH_H
#define VIRTJOBD_AUTH_H

#include "calls/call.h"

/* 0 where it is asked for on this connection and has not been done yet, else -1 with call->err. */
int auth_check(struct call *call, enum server_auth auth);
/* The connection has proved who it is; by: with what, for the log. */
void auth_succeeded(struct client *client, const char *by);
/*
 * It has not: a log line with the reason, and for the client only that it failed.  A client that
 * fails too often is dropped after the answer.
 */
void auth_failed(struct call *call, unsigned int *failures, const char *by, const char *user,
                 const char *why);

/* auth_sasl.c */
int auth_sasl_init(struct call *call);
int auth_sasl_start(struct call *call);
int auth_sasl_step(struct call *call);

/* auth_polkit.c */
int auth_polkit(struct call *call);

#endif
