/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The server's side of one SASL authentication, and what protects a connection
 * after it.  Knows no client and no packet.  What may block (name lookups, the
 * user database, a KDC) is exchange_begin() and exchange_step(), for workers, one
 * at a time; all else may be called by whoever holds the exchange.
 */
#ifndef VIRTJOBD_SASL_EXCHANGE_H
#define VIRTJOBD_SASL_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/verror.h"

struct sasl_exchange;

/*
 * Loads libsasl's modules; conf_dir is where its virtjobd.conf is, which must be there: without
 * one libsasl would offer all that it has.  Once, before there are threads; they stay until
 * the process ends.
 */
int sasl_library_start(const char *conf_dir, struct verror *err);

/* secure: nobody between can read or change the connection, so that it needs no protection. */
struct sasl_exchange *exchange_new(bool secure);
void exchange_free(struct sasl_exchange *exchange);

/* The mechanisms that can be offered, for the caller to free.  NULL with err. */
char *exchange_begin(struct sasl_exchange *exchange, struct verror *err);

/* What the client said, or is told; data NULL is not the same as no bytes. */
struct exchange_data {
    const char *data;
    size_t len;
};

/*
 * The first step (mechanism given) or a further one (NULL).  *ret_out stays valid until the next.
 * 1 when the client has proved who it is, 0 when it must go on; -1 with err, which says too
 * much for the client: for the log.
 */
int exchange_step(struct sasl_exchange *exchange, const char *mechanism,
                  const struct exchange_data *in, struct exchange_data *ret_out,
                  struct verror *err);

/* Who it is, or before the last step says to be; NULL where that is not known. */
const char *exchange_user(const struct sasl_exchange *exchange);
/* After the last step: must all bytes go through encode and decode from now on? */
bool exchange_has_layer(const struct sasl_exchange *exchange);

/* So many bytes may be encoded at once. */
size_t exchange_encode_max(const struct sasl_exchange *exchange);
/* 0, or -EBADMSG; the result stays valid until the next call of the same one. */
int exchange_encode(struct sasl_exchange *exchange, const void *data, size_t len,
                    struct exchange_data *ret_out);
int exchange_decode(struct sasl_exchange *exchange, const void *data, size_t len,
                    struct exchange_data *ret_out);

/* Does one of the patterns (* is any text, ? a character) fit the user?  NULL: all are allowed. */
bool exchange_user_is_allowed(const char *user, char *const *patterns);

#endif
