/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which connections are told of which events, and the packets they are told
 * by.  Loop thread.
 */
#ifndef VIRTJOBD_EVENT_H
#define VIRTJOBD_EVENT_H

#include "calls/call.h"

/* Each has callback ids and event numbers of its own. */
enum event_class { EVENT_DOMAIN, EVENT_POOL, EVENT_JOB, EVENT_MONITOR };

/* Registrations of the older kind carry no callback id, neither do those of job events. */
enum { EVENT_NO_CALLBACK = -1 };

/* One that happened, in the forms it is told in; 0 = there is no older form. */
struct event_message {
    enum event_class class;
    int event;
    const char *uuid; /* of the object: who asked for another one's events is not told */
    const char *name; /* nor is who asked for events of other names: events_name(); or NULL */
    uint32_t program, version;
    int procedure, older_procedure;
    xdrproc_t xdr, older_xdr;
    void *msg, *older_msg;
};

struct events *events_new(void);
void events_free(struct events *events); /* after the server */
/* The connection has gone; NULL events is fine. */
void events_gone(struct events *events, const struct client *client);

/*
 * uuid: only of that object, NULL = of all.  The callback id, or 0 for one of the older kind;
 * -1 with err: there are too many.
 */
int events_add(struct events *events, struct client *client, enum event_class class, int event,
               const char *uuid, bool older, struct verror *err);
/* libvirt's numbers: the name is a regular expression (POSIX, extended); its case is no matter. */
enum { EVENT_NAME_REGEX = 1 << 0, EVENT_NAME_NOCASE = 1 << 1 };
/* Only events of that name from now on; -1 with err: it is no expression, or not one we take. */
int events_name(struct events *events, const struct client *client, enum event_class class,
                int callback, const char *name, unsigned int flags, struct verror *err);
/* By callback id, or with EVENT_NO_CALLBACK by event number.  false: there is no such. */
bool events_remove(struct events *events, const struct client *client, enum event_class class,
                   int callback, int event);
/* Nobody would be told. */
bool events_are_unwanted(const struct events *events, enum event_class class, int event);
void events_send(struct events *events, const struct event_message *message);

/* Those who listen to what happens below: set up once all is built. */
void domain_events_start(struct daemon *daemon);
void pool_events_start(struct daemon *daemon);
void job_events_start(struct daemon *daemon);
void monitor_events_start(struct daemon *daemon);

/* For strings of a message: XDR's are not const, and nothing that is sent is changed. */
static inline char *event_text(const char *text)
{
    return (char *)(uintptr_t)(text ? text : "");
}

#endif
