/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The registrations for events, and sending one to all whom it concerns; see event.h. */

#include "calls/event.h"

#include <ctype.h>
#include <regex.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>

#include "util/alloc.h"
#include "util/log.h"
#include "util/uuid.h"

enum {
    PER_CLIENT_MAX = 1024, /* a client of libvirt's needs one for each kind of event and object */
    CALLBACK_MAX = 0x7fffffff,
    NAME_MAX_LEN = 256,
};

struct registration {
    struct registration *prev, *next;
    struct client *client; /* alive: it goes when the connection does */
    enum event_class class;
    int event;
    int callback;             /* EVENT_NO_CALLBACK: of the older kind */
    char uuid[UUID_TEXT_SIZE]; /* "" = of all objects */
    char *name;                /* NULL = of all names, or pattern says which */
    regex_t *pattern;
    bool any_case;
};

struct events {
    struct registration *registrations;
    int last_callback;
};

struct events *events_new(void)
{
    return XNEW(struct events);
}

static void registration_free(struct events *events, struct registration *registration)
{
    DL_DELETE(events->registrations, registration);
    if (registration->pattern)
        regfree(registration->pattern);
    free(registration->pattern);
    free(registration->name);
    free(registration);
}

void events_free(struct events *events)
{
    if (!events)
        return;
    while (events->registrations)
        registration_free(events, events->registrations);
    free(events);
}

void events_gone(struct events *events, const struct client *client)
{
    struct registration *registration, *next;

    if (!events)
        return;
    DL_FOREACH_SAFE(events->registrations, registration, next) {
        if (registration->client == client)
            registration_free(events, registration);
    }
}

static unsigned int count_of(const struct events *events, const struct client *client)
{
    const struct registration *registration;
    unsigned int count = 0;

    DL_FOREACH(events->registrations, registration)
        count += registration->client == client;
    return count;
}

static struct registration *find(const struct events *events, const struct client *client,
                                 enum event_class class, int callback, int event)
{
    struct registration *registration;

    DL_FOREACH(events->registrations, registration) {
        if (registration->client == client && registration->class == class &&
            registration->callback == callback &&
            (callback != EVENT_NO_CALLBACK || registration->event == event))
            return registration;
    }
    return NULL;
}

int events_add(struct events *events, struct client *client, enum event_class class, int event,
               const char *uuid, bool older, struct verror *err)
{
    struct registration *registration;

    if (count_of(events, client) >= PER_CLIENT_MAX)
        return verror_set(err, VIR_ERR_OPERATION_INVALID,
                          "this connection has registered for events %d times already",
                          PER_CLIENT_MAX);
    if (older && find(events, client, class, EVENT_NO_CALLBACK, event))
        return 0; /* once is enough */
    registration = XNEW(struct registration);
    registration->client = client;
    registration->class = class;
    registration->event = event;
    registration->callback = EVENT_NO_CALLBACK;
    if (uuid)
        strcpy(registration->uuid, uuid);
    DL_APPEND(events->registrations, registration);
    if (older)
        return 0;
    events->last_callback = events->last_callback == CALLBACK_MAX ? 1 : events->last_callback + 1;
    return registration->callback = events->last_callback;
}

/* --- names --- */

/* Counts and backward references can take for ever, and nobody needs them to name an event. */
static int check_pattern(const char *pattern, struct verror *err)
{
    bool costly = strchr(pattern, '{') != NULL;

    for (const char *p = strchr(pattern, '\\'); p; p = p[1] ? strchr(p + 2, '\\') : NULL)
        costly |= isdigit((unsigned char)p[1]) != 0;
    if (costly)
        return verror_set(err, VIR_ERR_INVALID_ARG,
                          "the expression '%s' has counts or backward references", pattern);
    return 0;
}

static int compile(const char *pattern, bool any_case, regex_t **ret_regex, struct verror *err)
{
    regex_t *regex;
    char reason[128];
    int r;

    if (check_pattern(pattern, err) < 0)
        return -1;
    regex = XNEW(regex_t);
    r = regcomp(regex, pattern, REG_EXTENDED | REG_NOSUB | (any_case ? REG_ICASE : 0));
    if (r == 0) {
        *ret_regex = regex;
        return 0;
    }
    (void)regerror(r, regex, reason, sizeof(reason));
    free(regex);
    return verror_set(err, VIR_ERR_INVALID_ARG, "'%s' is no regular expression: %s", pattern,
                      reason);
}

int events_name(struct events *events, const struct client *client, enum event_class class,
                int callback, const char *name, unsigned int flags, struct verror *err)
{
    struct registration *registration = find(events, client, class, callback, 0);

    if (strnlen(name, NAME_MAX_LEN + 1) > NAME_MAX_LEN)
        return verror_set(err, VIR_ERR_INVALID_ARG, "the name of an event is longer than %d bytes",
                          NAME_MAX_LEN);
    registration->any_case = flags & EVENT_NAME_NOCASE;
    if (flags & EVENT_NAME_REGEX)
        return compile(name, registration->any_case, &registration->pattern, err);
    registration->name = xstrdup(name);
    return 0;
}

static bool has_name(const struct registration *registration, const char *name)
{
    if (!name)
        return true;
    if (registration->pattern)
        return regexec(registration->pattern, name, 0, NULL, 0) == 0;
    if (!registration->name)
        return true;
    return registration->any_case ? strcasecmp(registration->name, name) == 0
                                  : strcmp(registration->name, name) == 0;
}

bool events_remove(struct events *events, const struct client *client, enum event_class class,
                   int callback, int event)
{
    struct registration *registration = find(events, client, class, callback, event);

    if (!registration)
        return false;
    registration_free(events, registration);
    return true;
}

bool events_are_unwanted(const struct events *events, enum event_class class, int event)
{
    const struct registration *registration;

    DL_FOREACH(events->registrations, registration) {
        if (registration->class == class && registration->event == event)
            return false;
    }
    return true;
}

/* --- sending --- */

/* The id of the callback, where the registration has one, and what happened. */
struct payload {
    int callback;
    xdrproc_t xdr;
    void *msg;
};

static bool_t xdr_payload(XDR *xdrs, struct payload *payload)
{
    if (payload->callback != EVENT_NO_CALLBACK && !xdr_int(xdrs, &payload->callback))
        return FALSE;
    return payload->xdr(xdrs, payload->msg);
}

static void send_to(const struct registration *registration, const struct event_message *message)
{
    bool older = registration->callback == EVENT_NO_CALLBACK && message->older_procedure;
    const struct frame_header header = {
        .program = message->program,
        .version = message->version,
        .procedure = older ? message->older_procedure : message->procedure,
        .type = FRAME_MESSAGE,
        .status = FRAME_OK,
    };
    struct payload payload = {
        .callback = registration->callback,
        .xdr = older ? message->older_xdr : message->xdr,
        .msg = older ? message->older_msg : message->msg,
    };
    void *packet;
    size_t len;
    int r = frame_encode(&header, (xdrproc_t)xdr_payload, &payload, &packet, &len);

    if (r < 0)
        log_error("event %d cannot be sent: %s", message->event, strerror(-r));
    else
        client_send_event(registration->client, packet, len);
}

void events_send(struct events *events, const struct event_message *message)
{
    const struct registration *registration;

    DL_FOREACH(events->registrations, registration) {
        if (registration->class == message->class && registration->event == message->event &&
            (!*registration->uuid || strcmp(registration->uuid, message->uuid) == 0) &&
            has_name(registration, message->name))
            send_to(registration, message);
    }
}
