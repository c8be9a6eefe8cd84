/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Authentication by polkit: may the process at the other end of the unix
 * socket monitor, or manage?  polkit is asked over the system bus, on a worker: it may
 * ask a person first, who has as long as auth_timeout_seconds, or until the client has
 * gone.  Without a bus, or an answer, nobody is let in.  Loop thread but for the work.
 */

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "calls/auth.h"
#include "calls/job_call.h"
#include "config.h"
#include "protocol/remote.h"
#include "util/alloc.h"

enum {
    ALLOW_INTERACTION = 1, /* polkit's flag: an agent may ask for a password */
    LIMIT_SECONDS = 30,    /* where auth_timeout_seconds sets none */
    LOOK_MS = 100,         /* how often it is looked whether the client is still there */
};

static const char action_monitor[] = "org.virtjobd.unix.monitor";
static const char action_manage[] = "org.virtjobd.unix.manage";

struct question;

/* Kept by the client. */
struct tries {
    struct question *asked; /* and not answered yet */
    unsigned int failures;
};

struct question {
    struct tries *tries;
    atomic_bool abandoned; /* the client has gone: nobody shall wait behind it */
    const char *action;
    pid_t pid;
    uint64_t start;
    uid_t uid;
    unsigned int seconds;
    /* found */
    bool allowed;
    struct verror why;
};

static void question_free(void *opaque)
{
    struct question *question = opaque;

    verror_clear(&question->why);
    free(question);
}

static void fail(struct question *question, int errnum, const sd_bus_error *error)
{
    if (atomic_load(&question->abandoned))
        (void)verror_set(&question->why, VIR_ERR_AUTH_FAILED, "it has gone before the answer");
    else
        (void)verror_set(&question->why, VIR_ERR_AUTH_FAILED, "polkit cannot be asked: %s",
                         error && error->message ? error->message : strerror(-errnum));
}

/* The process by its number and its start, as it was when it came: no later one is meant. */
static int append_question(sd_bus_message *message, const struct question *question)
{
    return sd_bus_message_append(message, "(sa{sv})sa{ss}us", "unix-process", 3,
                                 "pid", "u", (uint32_t)question->pid,
                                 "start-time", "t", question->start,
                                 "uid", "i", (int32_t)question->uid,
                                 question->action, 0, (uint32_t)ALLOW_INTERACTION, "");
}

static int keep_reply(sd_bus_message *reply, void *opaque, _unused_ sd_bus_error *error)
{
    sd_bus_message **ret_reply = opaque;

    *ret_reply = sd_bus_message_ref(reply);
    return 1;
}

/* The reply, which may be an error, NULL where the client has gone; or -errno. */
static int wait_for(sd_bus *bus, sd_bus_message *message, const struct question *question,
                    sd_bus_message **ret_reply)
{
    sd_bus_slot *slot = NULL;
    int r = sd_bus_call_async(bus, &slot, message, keep_reply, ret_reply,
                              question->seconds * UINT64_C(1000000));

    while (r >= 0 && !*ret_reply && !atomic_load(&question->abandoned)) {
        r = sd_bus_process(bus, NULL);
        if (r == 0)
            r = sd_bus_wait(bus, LOOK_MS * UINT64_C(1000));
    }
    sd_bus_slot_unref(slot);
    return r;
}

static int take_reply(sd_bus_message *reply, struct question *question)
{
    int allowed = 0, challenge = 0;
    int r = sd_bus_message_is_method_error(reply, NULL) ? -sd_bus_message_get_errno(reply) : 0;

    if (r >= 0)
        r = sd_bus_message_enter_container(reply, 'r', "bba{ss}");
    if (r >= 0)
        r = sd_bus_message_read(reply, "bb", &allowed, &challenge);
    if (r >= 0 && !allowed)
        (void)verror_set(&question->why, VIR_ERR_AUTH_FAILED, "polkit %s %s",
                         challenge ? "found nobody to answer for" : "does not allow",
                         question->action);
    question->allowed = r >= 0 && allowed;
    return r;
}

static void ask(sd_bus *bus, struct question *question)
{
    sd_bus_message *message = NULL, *reply = NULL;
    int r = sd_bus_message_new_method_call(bus, &message, "org.freedesktop.PolicyKit1",
                                           "/org/freedesktop/PolicyKit1/Authority",
                                           "org.freedesktop.PolicyKit1.Authority",
                                           "CheckAuthorization");

    if (r >= 0)
        r = append_question(message, question);
    if (r >= 0)
        r = wait_for(bus, message, question, &reply);
    if (r >= 0 && !reply)
        r = -ECANCELED;
    if (r >= 0)
        r = take_reply(reply, question);
    if (r < 0)
        fail(question, r, reply ? sd_bus_message_get_error(reply) : NULL);
    sd_bus_message_unref(reply);
    sd_bus_message_unref(message);
}

/* Without a start polkit would take any process of that number. */
static int find_bus(struct question *question, sd_bus **ret_bus)
{
    if (atomic_load(&question->abandoned))
        return -ECANCELED;
    return question->start == 0 ? -ESRCH : sd_bus_open_system(ret_bus);
}

static int work(void *opaque, struct verror *err)
{
    struct question *question = opaque;
    sd_bus *bus = NULL;
    int r = find_bus(question, &bus);

    (void)err; /* why not is told to the log, not to the client */
    if (r < 0)
        fail(question, r, NULL);
    else
        ask(bus, question);
    sd_bus_flush_close_unref(bus); /* polkit then asks nobody any more */
    return 0;
}

/* Its place among those who ask is another's. */
static void client_gone(struct call *call)
{
    const struct tries *tries = client_login(call->client);

    atomic_store(&tries->asked->abandoned, true);
}

static void then(struct call *call, void *opaque)
{
    struct question *question = opaque;
    struct remote_int_ret *ret = call->ret;

    question->tries->asked = NULL;
    if (!question->allowed) {
        auth_failed(call, &question->tries->failures, "polkit", NULL, verror_text(&question->why));
        return;
    }
    if (question->action == action_monitor) /* whatever read_only_identities says later */
        client_set_readonly(call->client);
    ret->value = 1;
    auth_succeeded(call->client, "polkit");
    call_reply(call);
}

int auth_polkit(struct call *call)
{
    const struct identity *who = client_who(call->client);
    struct offload offload = {
        .key = (char *)(uintptr_t)"polkit",
        .free_input = question_free,
        .work = work,
        .then = then,
    };
    struct tries *tries;
    struct question *question;

    if (auth_check(call, SERVER_AUTH_POLKIT) < 0)
        return -1;
    tries = client_login(call->client);
    if (!tries) {
        tries = XNEW(struct tries);
        client_set_login(call->client, tries, free);
    }
    if (tries->asked)
        return verror_set(&call->err, VIR_ERR_AUTH_FAILED, "polkit is being asked already");
    question = tries->asked = XNEW(struct question);
    question->tries = tries;
    question->action = client_is_readonly(call->client) ? action_monitor : action_manage;
    question->pid = who->pid;
    question->start = who->start;
    question->uid = who->uid;
    question->seconds = call->daemon->config->auth_timeout_seconds;
    if (question->seconds == 0)
        question->seconds = LIMIT_SECONDS;
    offload.input = question;
    call->gone = client_gone;
    call_offload(call, &offload);
    return CALL_PENDING;
}
