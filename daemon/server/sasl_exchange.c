/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * See sasl_exchange.h.  All that is asked of libsasl is here.  An exchange is
 * used by one thread at a time, and hands itself over as a whole.
 */

#include "server/sasl_exchange.h"

#include <errno.h>
#include <fnmatch.h>
#include <sasl/sasl.h>
#include <string.h>

#include "protocol/sasl-terms.h"
#include "util/alloc.h"
#include "util/log.h"

/* Of the configuration file: virtjobd.conf. */
static const char application[] = "virtjobd";

struct sasl_exchange {
    sasl_conn_t *conn; /* NULL until it has begun */
    bool secure;
    bool layer; /* once it is over */
    size_t encode_max;
};

/* --- the library --- */

/* The two highest levels show passwords; failures of clients are told with their names
   elsewhere. */
static int log_cb(_unused_ void *context, int level, const char *message)
{
    if (level == SASL_LOG_ERR || level == SASL_LOG_WARN)
        log_warn("SASL: %s", message);
    else if (level == SASL_LOG_FAIL || level == SASL_LOG_NOTE)
        log_debug("SASL: %s", message);
    return SASL_OK;
}

int sasl_library_start(const char *conf_dir, struct verror *err)
{
    static const sasl_callback_t callbacks[] = {
        { .id = SASL_CB_LOG, .proc = (int (*)(void))(void (*)(void))log_cb },
        { .id = SASL_CB_LIST_END },
    };
    _cleanup_free_ char *path = xasprintf("%s/%s.conf", conf_dir, application);
    int r;

    if (access(path, R_OK) < 0)
        return verror_errno(err, errno, "SASL needs its settings in '%s' (sasl_conf_dir)", path);
    sasl_use_threads();
    r = sasl_set_path(SASL_PATH_TYPE_CONFIG, (char *)(uintptr_t)conf_dir);
    if (r == SASL_OK)
        r = sasl_server_init(callbacks, application);
    if (r != SASL_OK)
        return verror_set(err, VIR_ERR_AUTH_FAILED, "SASL does not start, with '%s': %s", path,
                          sasl_errstring(r, NULL, NULL));
    return 0;
}

/* --- an exchange --- */

struct sasl_exchange *exchange_new(bool secure)
{
    struct sasl_exchange *exchange = XNEW(struct sasl_exchange);

    exchange->secure = secure;
    return exchange;
}

void exchange_free(struct sasl_exchange *exchange)
{
    if (!exchange)
        return;
    sasl_dispose(&exchange->conn);
    free(exchange);
}

static int fail(const struct sasl_exchange *exchange, int result, struct verror *err)
{
    return verror_set(err, VIR_ERR_AUTH_FAILED, "%s",
                      exchange->conn ? sasl_errdetail(exchange->conn) :
                                       sasl_errstring(result, NULL, NULL));
}

char *exchange_begin(struct sasl_exchange *exchange, struct verror *err)
{
    const char *list = NULL;
    int r = sasl_server_new(SASL_TERMS_SERVICE, NULL, NULL, NULL, NULL, NULL, SASL_SUCCESS_DATA,
                            &exchange->conn);

    if (r == SASL_OK)
        r = sasl_set_terms(exchange->conn, exchange->secure);
    if (r == SASL_OK)
        r = sasl_listmech(exchange->conn, NULL, "", ",", "", &list, NULL, NULL);
    if (r == SASL_OK && list && *list)
        return xstrdup(list);
    if (r == SASL_NOMECH || r == SASL_OK)
        (void)verror_set(err, VIR_ERR_AUTH_FAILED,
                         "no SASL mechanism is usable here (mech_list, and on plain TCP only those "
                         "that encrypt)");
    else
        (void)fail(exchange, r, err);
    return NULL;
}

/* It is over: what came of it. */
static int take_result(struct sasl_exchange *exchange, struct verror *err)
{
    const void *value = NULL;
    sasl_ssf_t ssf = 0;

    if (!exchange_user(exchange))
        return verror_set(err, VIR_ERR_AUTH_FAILED, "SASL has no name for the user");
    if (sasl_getprop(exchange->conn, SASL_SSF, &value) == SASL_OK)
        ssf = *(const sasl_ssf_t *)value;
    exchange->layer = ssf > 0 && !exchange->secure;
    if (!exchange->secure && ssf < SASL_TERMS_SSF_MIN)
        return verror_set(err, VIR_ERR_AUTH_FAILED,
                          "the mechanism protects the connection with %u bits, not %d", ssf,
                          SASL_TERMS_SSF_MIN);
    if (sasl_getprop(exchange->conn, SASL_MAXOUTBUF, &value) == SASL_OK)
        exchange->encode_max = *(const unsigned int *)value;
    if (exchange->layer && exchange->encode_max == 0)
        return verror_set(err, VIR_ERR_AUTH_FAILED, "the client takes no encoded bytes at all");
    return 1;
}

int exchange_step(struct sasl_exchange *exchange, const char *mechanism,
                  const struct exchange_data *in, struct exchange_data *ret_out,
                  struct verror *err)
{
    const char *out = NULL;
    unsigned int len = 0;
    int r = mechanism ? sasl_server_start(exchange->conn, mechanism, in->data,
                                          (unsigned int)in->len, &out, &len) :
                        sasl_server_step(exchange->conn, in->data, (unsigned int)in->len, &out,
                                         &len);

    if (r != SASL_OK && r != SASL_CONTINUE)
        return fail(exchange, r, err);
    *ret_out = (struct exchange_data){ .data = out, .len = len };
    return r == SASL_OK ? take_result(exchange, err) : 0;
}

const char *exchange_user(const struct sasl_exchange *exchange)
{
    const void *user = NULL;

    if (!exchange->conn || (sasl_getprop(exchange->conn, SASL_USERNAME, &user) != SASL_OK &&
                            sasl_getprop(exchange->conn, SASL_AUTHUSER, &user) != SASL_OK))
        return NULL;
    return user;
}

bool exchange_has_layer(const struct sasl_exchange *exchange)
{
    return exchange->layer;
}

/* --- the layer --- */

size_t exchange_encode_max(const struct sasl_exchange *exchange)
{
    return exchange->encode_max < SASL_TERMS_PACKET_MAX ? exchange->encode_max
                                                        : SASL_TERMS_PACKET_MAX;
}

int exchange_encode(struct sasl_exchange *exchange, const void *data, size_t len,
                    struct exchange_data *ret_out)
{
    unsigned int out_len = 0;

    if (sasl_encode(exchange->conn, data, (unsigned int)len, &ret_out->data, &out_len) != SASL_OK)
        return -EBADMSG;
    ret_out->len = out_len;
    return 0;
}

int exchange_decode(struct sasl_exchange *exchange, const void *data, size_t len,
                    struct exchange_data *ret_out)
{
    unsigned int out_len = 0;

    if (sasl_decode(exchange->conn, data, (unsigned int)len, &ret_out->data, &out_len) != SASL_OK)
        return -EBADMSG;
    ret_out->len = out_len;
    return 0;
}

bool exchange_user_is_allowed(const char *user, char *const *patterns)
{
    if (!patterns)
        return true;
    for (; *patterns; patterns++)
        if (fnmatch(*patterns, user, 0) == 0)
            return true;
    return false;
}
