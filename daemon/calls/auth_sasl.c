/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Authentication by SASL: which mechanisms there are, a first step, further
 * ones.  The steps run on workers, as they look at files, ask name servers and
 * KDCs; a client has one under way at a time.  After one that fails the client may
 * begin anew.  Loop thread but for the work.
 */

#include <stdatomic.h>
#include <string.h>

#include "calls/auth.h"
#include "calls/job_call.h"
#include "config.h"
#include "protocol/remote.h"
#include "server/sasl_exchange.h"
#include "util/alloc.h"

/* Kept by the client; its exchange is a worker's while there is a call under way. */
struct login {
    struct sasl_exchange *exchange; /* NULL before the first call, and after a failure */
    bool busy, started;
    atomic_bool abandoned; /* the client has gone: no step is worth a worker any more */
    char *mechanism;
    unsigned int failures;
};

/* One piece of work: the list of mechanisms, or a step. */
struct step {
    struct login *login;
    const char *mechanism;   /* of the first step */
    struct exchange_data in; /* the call's */
    /* found */
    char *list;
    int result; /* 1 it is over, 0 go on, -1 failed, and why */
    struct exchange_data out;
    struct verror why;
};

static void login_reset(struct login *login)
{
    exchange_free(STEAL_PTR(login->exchange));
    free(STEAL_PTR(login->mechanism));
    login->busy = login->started = false;
}

static void login_free(void *opaque)
{
    struct login *login = opaque;

    login_reset(login);
    free(login);
}

static struct login *login_of(struct client *client)
{
    struct login *login = client_login(client);

    if (!login) {
        login = XNEW(struct login);
        client_set_login(client, login, login_free);
    }
    return login;
}

static void step_free(void *opaque)
{
    struct step *step = opaque;

    free(step->list);
    verror_clear(&step->why);
    free(step);
}

static void client_gone(struct call *call)
{
    struct login *login = client_login(call->client);

    atomic_store(&login->abandoned, true);
}

/* Nobody waits behind one that has gone; a step that is under way cannot be ended. */
static bool is_abandoned(struct step *step)
{
    if (!atomic_load(&step->login->abandoned))
        return false;
    step->result = verror_set(&step->why, VIR_ERR_AUTH_FAILED, "it has gone before the step");
    return true;
}

/* A user database that hangs holds up only those who authenticate. */
static int submit(struct call *call, struct login *login, struct step *step,
                  int (*work)(void *step, struct verror *err),
                  void (*then)(struct call *call, void *step))
{
    const struct offload offload = {
        .key = (char *)(uintptr_t)"sasl",
        .input = step,
        .free_input = step_free,
        .work = work,
        .then = then,
    };

    step->login = login;
    login->busy = true;
    call->gone = client_gone;
    call_offload(call, &offload);
    return CALL_PENDING;
}

static void fail(struct call *call, struct login *login, const char *why)
{
    _cleanup_free_ char *by =
        login->mechanism ? xasprintf("SASL %.40s", login->mechanism) : xstrdup("SASL");
    _cleanup_free_ char *user =
        login->exchange ? xstrdup(exchange_user(login->exchange)) : NULL;

    login_reset(login);
    auth_failed(call, &login->failures, by, user, why);
}

/* --- the mechanisms --- */

static int begin_work(void *opaque, struct verror *err)
{
    struct step *step = opaque;

    (void)err; /* what is wrong is told to the log, not to the client */
    if (!is_abandoned(step))
        step->list = exchange_begin(step->login->exchange, &step->why);
    return 0;
}

static void begin_then(struct call *call, void *opaque)
{
    struct step *step = opaque;
    struct remote_text_ret *ret = call->ret;

    step->login->busy = false;
    if (!step->list) {
        fail(call, step->login, verror_text(&step->why));
        return;
    }
    ret->value = STEAL_PTR(step->list);
    call_reply(call);
}

int auth_sasl_init(struct call *call)
{
    struct login *login;

    if (auth_check(call, SERVER_AUTH_SASL) < 0)
        return -1;
    login = login_of(call->client);
    if (login->exchange)
        return verror_set(&call->err, VIR_ERR_AUTH_FAILED,
                          "SASL has begun on this connection already");
    login->exchange = exchange_new(client_is_secure(call->client));
    return submit(call, login, XNEW(struct step), begin_work, begin_then);
}

/* --- the steps --- */

static int step_work(void *opaque, struct verror *err)
{
    struct step *step = opaque;

    (void)err; /* as above */
    if (!is_abandoned(step))
        step->result = exchange_step(step->login->exchange, step->mechanism, &step->in,
                                     &step->out, &step->why);
    return 0;
}

static void check_user(struct call *call, struct step *step)
{
    const struct config *config = call->daemon->config;

    if (exchange_user_is_allowed(exchange_user(step->login->exchange),
                                 config->sasl_allowed_username_list))
        return;
    step->result = verror_set(&step->why, VIR_ERR_AUTH_FAILED,
                              "the user is not in sasl_allowed_username_list");
}

static void fill(struct remote_auth_sasl_ret *ret, const struct step *step)
{
    ret->complete = step->result;
    ret->nil = !step->out.data;
    if (!step->out.data)
        return;
    ret->data.data_val = xmalloc(step->out.len);
    memcpy(ret->data.data_val, step->out.data, step->out.len);
    ret->data.data_len = (u_int)step->out.len;
}

/* The answer still goes out as it is; what comes behind it goes through the exchange. */
static void succeed(struct call *call, struct login *login)
{
    struct client *client = client_ref(call->client);
    struct sasl_exchange *exchange = STEAL_PTR(login->exchange);
    _cleanup_free_ char *by = xasprintf("SASL %s%s", login->mechanism,
                                        exchange_has_layer(exchange) ? ", encrypted" : "");

    client_set_sasl_user(client, exchange_user(exchange));
    auth_succeeded(client, by);
    call_reply(call);
    if (exchange_has_layer(exchange))
        client_start_layer(client, exchange);
    else
        exchange_free(exchange);
    client_unref(client);
}

static void step_then(struct call *call, void *opaque)
{
    struct step *step = opaque;
    struct login *login = step->login;

    login->busy = false;
    if (step->result == 1)
        check_user(call, step);
    if (step->result >= 0 && step->out.len > REMOTE_AUTH_SASL_DATA_MAX)
        step->result = verror_set(&step->why, VIR_ERR_AUTH_FAILED,
                                  "a step of %zu bytes cannot be sent", step->out.len);
    if (step->result < 0) {
        fail(call, login, verror_text(&step->why));
        return;
    }
    fill(call->ret, step);
    if (step->result == 1)
        succeed(call, login);
    else
        call_reply(call);
}

/* Where a client is in the exchange; -1 with call->err where it is not there for this call. */
static struct login *check_order(struct call *call, bool first)
{
    struct login *login;

    if (auth_check(call, SERVER_AUTH_SASL) < 0)
        return NULL;
    login = login_of(call->client);
    if (!login->exchange || login->busy || login->started == first) {
        verror_set(&call->err, VIR_ERR_AUTH_FAILED, "%s",
                   !login->exchange ? "SASL has not begun" :
                   login->busy      ? "the step before has no answer yet" :
                   first            ? "SASL has a mechanism already" :
                                      "SASL has no mechanism yet");
        return NULL;
    }
    return login;
}

static struct step *step_new(int nil, const char *data, size_t len)
{
    struct step *step = XNEW(struct step);

    /* XDR gives no block for no bytes, but they are something else than none at all */
    if (!nil)
        step->in = (struct exchange_data){ .data = data ? data : "", .len = len };
    return step;
}

int auth_sasl_start(struct call *call)
{
    const struct remote_auth_sasl_start_args *args = call->args;
    struct login *login = check_order(call, true);
    struct step *step;

    if (!login)
        return -1;
    step = step_new(args->nil, args->data.data_val, args->data.data_len);
    step->mechanism = args->mechanism;
    login->mechanism = xstrdup(args->mechanism);
    login->started = true;
    return submit(call, login, step, step_work, step_then);
}

int auth_sasl_step(struct call *call)
{
    const struct remote_auth_sasl_step_args *args = call->args;
    struct login *login = check_order(call, false);

    if (!login)
        return -1;
    return submit(call, login, step_new(args->nil, args->data.data_val, args->data.data_len),
                  step_work, step_then);
}
