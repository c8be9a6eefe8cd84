/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The registrations for events, and sending one to all whom it concerns; see event.h. */

#include "calls/event.h"

#include <string.h>
#include <utlist.h>

#include "util/alloc.h"
#include "util/log.h"
#include "util/uuid.h"

enum {
    PER_CLIENT_MAX = 1024, /* a client of libvirt's needs one for each kind of event and object */
    CALLBACK_MAX = 0x7fffffff,
};

struct registration {
    struct registration *prev, *next;
    struct client *client; /* alive: it goes when the connection does */
    enum event_class class;
    int event;
    int callback;             /* EVENT_NO_CALLBACK: of the older kind */
    char uuid[UUID_TEXT_SIZE]; /* "" = of all objects */
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
            (!*registration->uuid || strcmp(registration->uuid, message->uuid) == 0))
            send_to(registration, message);
    }
}
