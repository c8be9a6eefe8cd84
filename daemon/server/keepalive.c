/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds clients that are dead without their socket saying so.  One timer for
 * all of them, and only while there is a client that answers pings: who has
 * been silent since it last fired is pinged, who has left enough pings
 * unanswered is dropped.
 *
 * The other way round, a client whose stream is held, or whose calls must wait, is not read, and
 * its pings lie behind what it sent before.  So that it does not take us for dead it is sent pongs
 * that it did not ask for, by a second timer that runs while there is such a client.  At the same
 * time one whose stream is held is looked at: nobody would read that it has hung up.  Loop thread.
 */

#include <poll.h>
#include <stdio.h>

#include "server/internal.h"

/* The shortest interval there is for clients. */
static const struct timeval unread_interval = { .tv_sec = 1 };

static void send_message(struct client *client, int procedure)
{
    char packet[FRAME_MIN];

    frame_encode_keepalive(packet, procedure);
    output_copy(client, packet, sizeof(packet));
}

void keepalive_pong(struct client *client)
{
    client->pinged = true;
    send_message(client, KEEPALIVE_PROC_PONG);
}

static void drop_dead(struct client *client)
{
    char reason[64];

    (void)snprintf(reason, sizeof(reason), "keepalive: %u pings unanswered", client->pings);
    client_drop(client, reason);
}

/* One whose calls must wait is not read, so that it cannot be heard. */
static void look_at(struct client *client, unsigned int count)
{
    if (client->heard || !client->reading) {
        client->heard = false;
        client->pings = 0;
    } else if (client->pings >= count) {
        drop_dead(client);
    } else {
        client->pings++;
        send_message(client, KEEPALIVE_PROC_PING);
        client_set_due(client);
    }
}

static void tick_cb(_unused_ evutil_socket_t fd, _unused_ short what, void *opaque)
{
    struct server *server = opaque;
    bool any = false;

    for (struct client *client = server->clients, *next; client; client = next) {
        next = client->next;
        if (!client->keepalive)
            continue;
        any = true;
        look_at(client, server->limits.keepalive_count);
    }
    if (!any)
        (void)event_del(&server->keepalive_event);
}

/* --- who is not read --- */

/* Libvirt's clients that know nothing of keepalive end a connection that speaks of it. */
static bool knows_keepalive(const struct client *client)
{
    return client->keepalive || client->pinged;
}

/* Both ways, so that nothing that it may still have sent could be answered. */
static bool has_hung_up(const struct client *client)
{
    struct pollfd polled = { .fd = client->transport.fd };

    return poll(&polled, 1, 0) > 0;
}

/* What waits to be sent is as good as a pong; calls that wait for their turn will still be made. */
static void look_at_unread(struct client *client)
{
    if (client->held > 0 && has_hung_up(client)) {
        client_end(client);
        return;
    }
    client->unread = !client->reading && !client->closing && !client->half;
    if (client->output_bytes > 0 || !knows_keepalive(client))
        return;
    send_message(client, KEEPALIVE_PROC_PONG);
    client_set_due(client);
}

static void unread_cb(_unused_ evutil_socket_t fd, _unused_ short what, void *opaque)
{
    struct server *server = opaque;
    bool any = false;

    for (struct client *client = server->clients, *next; client; client = next) {
        next = client->next;
        if (!client->unread)
            continue;
        any = true;
        look_at_unread(client);
    }
    if (!any)
        (void)event_del(&server->unread_event);
}

void keepalive_unread(struct client *client)
{
    client->unread = true;
    if (!event_pending(&client->server->unread_event, EV_TIMEOUT, NULL))
        (void)event_add(&client->server->unread_event, &unread_interval);
}

/* --- the timers --- */

void keepalive_init(struct server *server)
{
    (void)event_assign(&server->keepalive_event, server->base, -1, EV_PERSIST, tick_cb, server);
    (void)event_assign(&server->unread_event, server->base, -1, EV_PERSIST, unread_cb, server);
}

void keepalive_done(struct server *server)
{
    (void)event_del(&server->keepalive_event);
    (void)event_del(&server->unread_event);
}

void keepalive_update(struct server *server)
{
    const struct timeval interval = { .tv_sec = server->limits.keepalive_interval };

    if (server->limits.keepalive_interval == 0)
        (void)event_del(&server->keepalive_event);
    else
        (void)event_add(&server->keepalive_event, &interval);
}

void client_set_keepalive(struct client *client)
{
    client->keepalive = client->heard = true;
    if (!event_pending(&client->server->keepalive_event, EV_TIMEOUT, NULL))
        keepalive_update(client->server);
}
