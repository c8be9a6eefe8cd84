/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds clients that are dead without their socket saying so.  One timer for
 * all of them, and only while there is a client that answers pings: who has
 * been silent since it last fired is pinged, who has left enough pings
 * unanswered is dropped.  Loop thread.
 */

#include <stdio.h>

#include "server/internal.h"

static void send_message(struct client *client, int procedure)
{
    char packet[FRAME_MIN];

    frame_encode_keepalive(packet, procedure);
    output_copy(client, packet, sizeof(packet));
}

void keepalive_pong(struct client *client)
{
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

void keepalive_init(struct server *server)
{
    (void)event_assign(&server->keepalive_event, server->base, -1, EV_PERSIST, tick_cb, server);
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
