/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See sasl-terms.h.  Any thread. */

#include "protocol/sasl-terms.h"

#include <pthread.h>
#include <stdlib.h>

enum { SSF_MAX = 100000 };

static void *mutex_new(void)
{
    pthread_mutex_t *mutex = malloc(sizeof(*mutex));

    if (mutex)
        (void)pthread_mutex_init(mutex, NULL);
    return mutex;
}

static int mutex_lock(void *mutex)
{
    return pthread_mutex_lock(mutex) == 0 ? SASL_OK : SASL_FAIL;
}

static int mutex_unlock(void *mutex)
{
    return pthread_mutex_unlock(mutex) == 0 ? SASL_OK : SASL_FAIL;
}

static void mutex_free(void *mutex)
{
    if (mutex)
        (void)pthread_mutex_destroy(mutex);
    free(mutex);
}

void sasl_use_threads(void)
{
    sasl_set_mutex(mutex_new, mutex_lock, mutex_unlock, mutex_free);
}

int sasl_set_terms(sasl_conn_t *conn, bool secure)
{
    const sasl_security_properties_t props = {
        .min_ssf = secure ? 0 : SASL_TERMS_SSF_MIN,
        .max_ssf = secure ? 0 : SSF_MAX,
        .maxbufsize = SASL_TERMS_PACKET_MAX,
        .security_flags = SASL_SEC_NOANONYMOUS | (secure ? 0 : SASL_SEC_NOPLAINTEXT),
    };

    return sasl_setprop(conn, SASL_SEC_PROPS, &props);
}
