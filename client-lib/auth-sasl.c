/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The client's side of SASL: a mechanism that daemon and client have both, its
 * steps as calls, and where it encrypts, the layer that the channel sends its
 * bytes through from then on.  On the thread that opens the connection; the layer
 * on any.
 */

#include "auth.h"

#include <errno.h>
#include <pthread.h>
#include <sasl/sasl.h>
#include <string.h>
#include <strings.h>

#include "buffer.h"
#include "protocol/sasl-terms.h"

/* libsasl's names of what virConnectAuth calls VIR_CRED_*. */
static const struct {
    unsigned long id;
    int kind;
} questions[] = {
    { SASL_CB_USER, VIR_CRED_USERNAME },
    { SASL_CB_AUTHNAME, VIR_CRED_AUTHNAME },
    { SASL_CB_LANGUAGE, VIR_CRED_LANGUAGE },
    { SASL_CB_CNONCE, VIR_CRED_CNONCE },
    { SASL_CB_PASS, VIR_CRED_PASSPHRASE },
    { SASL_CB_ECHOPROMPT, VIR_CRED_ECHOPROMPT },
    { SASL_CB_NOECHOPROMPT, VIR_CRED_NOECHOPROMPT },
    { SASL_CB_GETREALM, VIR_CRED_REALM },
};

struct exchange {
    virConnectPtr conn;
    const struct auth_request *request;
    struct credentials credentials;
    sasl_callback_t *callbacks; /* of sasl, as long as that lives */
    sasl_conn_t *sasl;
    char *offered;      /* mechanisms, of the daemon and wanted by the URI */
    const char *out;    /* the next step; NULL is not the same as no bytes */
    unsigned int out_len;
    bool done;          /* this side is */
};

/* --- the library --- */

static int library_result = SASL_FAIL;

static void library_start(void)
{
    sasl_use_threads();
    library_result = sasl_client_init(NULL);
}

/* --- before the first step --- */

static int raise_sasl(struct exchange *exchange, int result)
{
    return error_raise(VIR_ERR_AUTH_FAILED, VIR_FROM_RPC, "authentication failed: %s",
                       exchange->sasl ? sasl_errdetail(exchange->sasl)
                                      : sasl_errstring(result, NULL, NULL));
}

/* Does the list, of words with commas between, have it? */
static bool list_has(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (; *list; list += strspn(list, ", ")) {
        size_t n = strcspn(list, ", ");

        if (n == len && strncasecmp(list, word, n) == 0)
            return true;
        list += n;
    }
    return false;
}

/* What the daemon offers; of these only the one that the URI wants. */
static int get_mechanisms(struct exchange *exchange)
{
    const char *wanted = exchange->request->mechanism;
    char *offered = conn_call_text(exchange->conn, REMOTE_PROC_AUTH_SASL_INIT, NULL, NULL);
    int failed = 0;

    if (!offered)
        return -1;
    if (wanted && !list_has(offered, wanted)) {
        failed = error_raise(VIR_ERR_AUTH_FAILED, VIR_FROM_RPC,
                             "authentication failed: the URI wants SASL mechanism %s, the daemon "
                             "offers %s", wanted, offered);
    } else if (wanted) {
        free(offered);
        offered = strdup(wanted);
        if (!offered)
            return error_raise_no_memory();
    }
    exchange->offered = offered;
    return failed;
}

/* libsasl leaves out mechanisms that would ask for what cannot be answered. */
static int set_callbacks(struct exchange *exchange)
{
    sasl_callback_t *callback = calloc(ARRAY_SIZE(questions) + 1, sizeof(*callback));

    if (!callback)
        return error_raise_no_memory();
    exchange->callbacks = callback;
    for (size_t i = 0; i < ARRAY_SIZE(questions); i++)
        if (credentials_can(&exchange->credentials, questions[i].kind))
            *callback++ = (sasl_callback_t){ .id = questions[i].id };
    *callback = (sasl_callback_t){ .id = SASL_CB_LIST_END };
    return 0;
}

static int make_sasl(struct exchange *exchange)
{
    int r;

    if (set_callbacks(exchange) < 0)
        return -1;
    r = sasl_client_new(SASL_TERMS_SERVICE, exchange->request->host, NULL, NULL,
                        exchange->callbacks, SASL_SUCCESS_DATA, &exchange->sasl);
    if (r == SASL_OK)
        r = sasl_set_terms(exchange->sasl, exchange->request->secure);
    return r == SASL_OK ? 0 : raise_sasl(exchange, r);
}

/* --- steps --- */

static int kind_of(unsigned long id)
{
    for (size_t i = 0; i < ARRAY_SIZE(questions); i++)
        if (questions[i].id == id)
            return questions[i].kind;
    return 0;
}

/* The answers stay the credentials', which outlive the exchange. */
static int answer(struct exchange *exchange, sasl_interact_t *asked)
{
    virConnectCredential wanted[ARRAY_SIZE(questions)];
    unsigned int n = 0;

    for (sasl_interact_t *question = asked; question->id != SASL_CB_LIST_END; question++) {
        if (!kind_of(question->id) || n == ARRAY_SIZE(wanted))
            return error_raise(VIR_ERR_AUTH_FAILED, VIR_FROM_RPC,
                               "authentication failed: SASL asks for what nobody has (%lx)",
                               question->id);
        wanted[n++] = (virConnectCredential){
            .type = kind_of(question->id),
            .prompt = question->prompt ? question->prompt : "",
            .challenge = question->challenge,
            .defresult = question->defresult,
        };
    }
    if (credentials_ask(&exchange->credentials, wanted, n) < 0)
        return -1;
    for (sasl_interact_t *question = asked; question->id != SASL_CB_LIST_END; question++) {
        question->result = exchange->credentials.known[kind_of(question->id)];
        question->len = (unsigned int)strlen(question->result);
    }
    return 0;
}

/* One more step on this side.  in is NULL in the first one, *ret_mechanism is set there. */
static int step(struct exchange *exchange, const remote_auth_sasl_ret *in,
                const char **ret_mechanism)
{
    sasl_interact_t *asked = NULL;
    int r;

    for (;;) {
        if (in)
            r = sasl_client_step(exchange->sasl, in->nil ? NULL : in->data.data_val ?
                                 in->data.data_val : "", in->nil ? 0 : in->data.data_len, &asked,
                                 &exchange->out, &exchange->out_len);
        else
            r = sasl_client_start(exchange->sasl, exchange->offered, &asked, &exchange->out,
                                  &exchange->out_len, ret_mechanism);
        if (r != SASL_INTERACT)
            break;
        if (answer(exchange, asked) < 0)
            return -1;
    }
    if (r == SASL_NOMECH)
        return error_raise(VIR_ERR_AUTH_FAILED, VIR_FROM_RPC,
                           "authentication failed: of the daemon's SASL mechanisms (%s) none can "
                           "be used here: %s", exchange->offered, sasl_errdetail(exchange->sasl));
    if (r != SASL_OK && r != SASL_CONTINUE)
        return raise_sasl(exchange, r);
    if (exchange->out_len > REMOTE_AUTH_SASL_DATA_MAX)
        return error_raise(VIR_ERR_AUTH_FAILED, VIR_FROM_RPC,
                           "authentication failed: a step of %u bytes cannot be sent",
                           exchange->out_len);
    exchange->done = r == SASL_OK;
    return 0;
}

static int call_start(struct exchange *exchange, const char *mechanism, remote_auth_sasl_ret *ret)
{
    remote_auth_sasl_start_args args = {
        .mechanism = unconst(mechanism),
        .nil = !exchange->out,
        .data = { .data_len = exchange->out_len, .data_val = unconst(exchange->out) },
    };

    return conn_call(exchange->conn, REMOTE(AUTH_SASL_START),
                     XDR_OF(remote_auth_sasl_start_args), &args, XDR_OF(remote_auth_sasl_ret),
                     ret);
}

static int call_step(struct exchange *exchange, remote_auth_sasl_ret *ret)
{
    remote_auth_sasl_step_args args = {
        .nil = !exchange->out,
        .data = { .data_len = exchange->out_len, .data_val = unconst(exchange->out) },
    };

    return conn_call(exchange->conn, REMOTE(AUTH_SASL_STEP), XDR_OF(remote_auth_sasl_step_args),
                     &args, XDR_OF(remote_auth_sasl_ret), ret);
}

/* Until both sides say that it is over; the daemon's proof may come with its last answer. */
static int run(struct exchange *exchange)
{
    remote_auth_sasl_ret ret = { .complete = 0 };
    const char *mechanism = NULL;
    bool over = false;
    int failed;

    if (step(exchange, NULL, &mechanism) < 0)
        return -1;
    failed = call_start(exchange, mechanism, &ret);
    while (failed == 0 && !over) {
        bool complete = ret.complete;

        over = complete && exchange->done;
        if (!over)
            failed = step(exchange, &ret, NULL);
        xdr_free(XDR_OF(remote_auth_sasl_ret), &ret);
        ret = (remote_auth_sasl_ret){ .complete = complete };
        if (failed == 0 && !over && !complete)
            failed = call_step(exchange, &ret);
        else if (failed == 0 && !over && !exchange->done)
            failed = error_raise(VIR_ERR_AUTH_FAILED, VIR_FROM_RPC,
                                 "authentication failed: the daemon ended it half-way");
    }
    return failed;
}

/* --- the layer --- */

struct layer {
    sasl_conn_t *sasl;
    sasl_callback_t *callbacks;
    unsigned int max; /* bytes that may be encoded at once */
};

static int append(struct buffer *to, const char *data, unsigned int len)
{
    void *room = len > 0 ? buffer_reserve(to, len) : NULL;

    if (len == 0)
        return 0;
    if (!room)
        return ENOMEM;
    memcpy(room, data, len);
    buffer_produce(to, len);
    return 0;
}

static int encode(void *state, const void *data, size_t len, struct buffer *to)
{
    struct layer *layer = state;
    int failed = 0;

    for (size_t at = 0; at < len && failed == 0;) {
        unsigned int n = len - at < layer->max ? (unsigned int)(len - at) : layer->max;
        const char *out = NULL;
        unsigned int out_len = 0;

        if (sasl_encode(layer->sasl, (const char *)data + at, n, &out, &out_len) != SASL_OK)
            failed = EBADMSG;
        else
            failed = append(to, out, out_len);
        at += n;
    }
    return failed;
}

static int decode(void *state, const void *data, size_t len, struct buffer *to)
{
    struct layer *layer = state;
    const char *out = NULL;
    unsigned int out_len = 0;

    if (sasl_decode(layer->sasl, data, (unsigned int)len, &out, &out_len) != SASL_OK)
        return EBADMSG;
    return append(to, out, out_len);
}

static void layer_done(void *state)
{
    struct layer *layer = state;

    sasl_dispose(&layer->sasl);
    free(layer->callbacks);
    free(layer);
}

/* 0 where there is none. */
static unsigned int get_number(struct exchange *exchange, int property)
{
    const void *value = NULL;

    if (sasl_getprop(exchange->sasl, property, &value) != SASL_OK || !value)
        return 0;
    return *(const unsigned int *)value;
}

static int start_layer(struct exchange *exchange)
{
    struct layer *layer = calloc(1, sizeof(*layer));
    const struct channel_layer to_set = { encode, decode, layer_done, layer };
    unsigned int max = get_number(exchange, SASL_MAXOUTBUF);

    if (!layer)
        return error_raise_no_memory();
    layer->sasl = STEAL_PTR(exchange->sasl);
    layer->callbacks = STEAL_PTR(exchange->callbacks);
    layer->max = max > 0 && max < SASL_TERMS_PACKET_MAX ? max : SASL_TERMS_PACKET_MAX;
    if (!channel_set_layer(exchange->conn->channel, &to_set))
        return error_raise(VIR_ERR_AUTH_FAILED, VIR_FROM_RPC,
                           "authentication failed: there are bytes behind the last step");
    return 0;
}

static int take_result(struct exchange *exchange)
{
    unsigned int ssf = get_number(exchange, SASL_SSF);

    if (!exchange->request->secure && ssf < SASL_TERMS_SSF_MIN)
        return error_raise(VIR_ERR_AUTH_FAILED, VIR_FROM_RPC,
                           "authentication failed: the connection would be protected with %u "
                           "bits, less than %d", ssf, SASL_TERMS_SSF_MIN);
    return exchange->request->secure || ssf == 0 ? 0 : start_layer(exchange);
}

int auth_sasl(virConnectPtr conn, const struct auth_request *request)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct exchange exchange = { .conn = conn, .request = request };
    int failed;

    (void)pthread_once(&once, library_start);
    if (library_result != SASL_OK)
        return raise_sasl(&exchange, library_result);
    failed = credentials_load(&exchange.credentials, request);
    if (failed == 0)
        failed = get_mechanisms(&exchange);
    if (failed == 0)
        failed = make_sasl(&exchange);
    if (failed == 0)
        failed = run(&exchange);
    if (failed == 0)
        failed = take_result(&exchange);
    if (exchange.sasl)
        sasl_dispose(&exchange.sasl);
    free(exchange.callbacks);
    credentials_done(&exchange.credentials);
    free(exchange.offered);
    return failed;
}
