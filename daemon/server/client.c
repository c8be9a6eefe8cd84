/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One connection, from accept to its last reference.  Its callbacks end with
 * one flush of all that they queued; what happens to it at other times (a job
 * has ended, a worker has an answer) makes it due, and all due clients are
 * served in the next turn of the loop.  Loop thread.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "server/internal.h"
#include "server/sasl_exchange.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/log.h"

enum { SERIAL_OFFSET = 20 };

struct client *client_ref(struct client *client)
{
    client->refs++;
    return client;
}

void client_unref(struct client *client)
{
    if (!client || --client->refs > 0)
        return;
    if (client->free_login)
        client->free_login(client->login);
    identity_done(&client->identity);
    free(client);
}

DEFINE_CLEANUP(struct client *, client_unref);

bool client_is_gone(const struct client *client)
{
    return client->gone;
}

uint64_t client_id(const struct client *client)
{
    return client->id;
}

bool client_is_readonly(const struct client *client)
{
    return client->readonly || client->access.readonly;
}

void client_set_readonly(struct client *client)
{
    client->readonly = true;
}

struct client_access *client_access(struct client *client)
{
    return &client->access;
}

bool client_is_open(const struct client *client)
{
    return client->open;
}

void client_set_open(struct client *client)
{
    client->open = true;
}

uint64_t client_job_speed(const struct client *client)
{
    return client->job_speed;
}

void client_set_job_speed(struct client *client, uint64_t speed)
{
    client->job_speed = speed;
}

unsigned int client_jobs(const struct client *client)
{
    return client->jobs;
}

void client_job_begins(struct client *client)
{
    client->jobs++;
}

void client_job_ends(struct client *client)
{
    client->jobs--;
}

bool client_is_secure(const struct client *client)
{
    return client->transport.ops->secure;
}

void client_get_info(const struct client *client, struct client_info *ret)
{
    ret->connected_at = client->connected_at;
    ret->socket = client->socket;
    ret->calls = client->nserials;
    ret->streams = streams_count(client);
}

struct client *server_next_client(struct server *server, struct client *client)
{
    return client ? client->next : server->clients;
}

void client_set_login(struct client *client, void *login, void (*free_login)(void *login))
{
    client->login = login;
    client->free_login = free_login;
}

void *client_login(const struct client *client)
{
    return client->login;
}

void client_start_layer(struct client *client, struct sasl_exchange *exchange)
{
    if (client->gone) {
        exchange_free(exchange);
        return;
    }
    transport_push_sasl(&client->transport, exchange, client->output_bytes);
    /* nothing protected it, so anybody between can have put it there */
    if (client->input_len > 0)
        client_drop(client, "bytes behind the last step of its authentication");
}

bool client_may_call(const struct client *client)
{
    return client->nserials < client->server->limits.max_client_requests &&
           client->output_bytes < OUTPUT_HIGH && client->held == 0;
}

void client_end(struct client *client)
{
    struct server *server = client->server;

    if (client->gone)
        return;
    client->gone = true;
    (void)event_del(&client->read_event);
    (void)event_del(&client->write_event);
    client->transport.ops->done(&client->transport);
    output_done(client);
    descriptors_done(client);
    if (!client->busy)
        input_done(client); /* else its bytes are in use; the callback frees them */
    free(client->serials);
    client->serials = NULL;
    client->nserials = 0;
    server->handler->gone(server->opaque, client);
    streams_gone(client);
    anonymous_remove(client);
    client->server = NULL;
    server_client_ended(server, client);
    client_unref(client); /* the server's reference */
}

void client_drop(struct client *client, const char *reason)
{
    if (client->gone)
        return;
    log_warn("client %s: %s; connection closed", client->identity.text, reason);
    client_end(client);
}

void client_lost(struct client *client)
{
    const struct transport *transport = &client->transport;
    const char *why = transport->ops->why ? transport->ops->why(transport) : NULL;

    if (why)
        client_drop(client, why);
    else
        client_end(client);
}

/* A handshake may have to send before it can go on reading. */
static bool reads_by_writing(const struct client *client)
{
    const struct transport *transport = &client->transport;

    return transport->ops->wants_write && transport->ops->wants_write(transport);
}

/* Half a message of TLS's own has come, and nothing is sent before the rest of it. */
static bool writes_by_reading(const struct client *client)
{
    const struct transport *transport = &client->transport;

    return transport->ops->wants_read && transport->ops->wants_read(transport);
}

bool client_has_input(const struct client *client)
{
    const struct transport *transport = &client->transport;

    return transport->ops->has_input && transport->ops->has_input(transport);
}

/* Reads and writes are waited for only while there is room and need for them. */
static void update_events(struct client *client)
{
    bool want_read = !client->closing && !client->half && !reads_by_writing(client) &&
                     (client_may_call(client) || writes_by_reading(client) ||
                      (client->input_len < INPUT_WAITING_MAX && !descriptors_full(client)));
    bool want_write = (client->output_bytes > 0 && !writes_by_reading(client)) ||
                      reads_by_writing(client);

    if (want_read != client->reading) {
        (void)(want_read ? event_add(&client->read_event, NULL) : event_del(&client->read_event));
        client->reading = want_read;
    }
    if (!want_read && !client->closing && !client->half)
        keepalive_unread(client);
    if (want_write) /* not persistent, and adding it twice costs nothing */
        (void)event_add(&client->write_event, NULL);
    if (client->reading && client_has_input(client))
        client_set_due(client);
}

/*
 * One that sends no more has had all its answers; held: its calls had to wait, so that what is
 * left of the input is not just half a packet.
 */
static bool is_served(const struct client *client, bool held)
{
    return client->half && client->nserials == 0 && client->output_bytes == 0 &&
           !(held && client->input_len > 0);
}

/* The end of each callback: sends what it queued and decides what to wait for. */
static void finish(struct client *client)
{
    bool held = !client_may_call(client);
    int r = output_flush(client);

    if (r == 0 && streams_writable(client)) {
        if (client->gone)
            return;
        r = output_flush(client);
        if (client->output_bytes == 0)
            client_set_due(client); /* the streams may have more, after others had their turn */
    }
    client->busy = false;
    if (r < 0) {
        client_lost(client);
        return;
    }
    if ((client->closing && client->output_bytes == 0) || is_served(client, held)) {
        client_end(client);
        return;
    }
    if (held && client->input_len > 0 && client_may_call(client))
        client_set_due(client); /* calls that waited for their replies to be sent */
    update_events(client);
}

static void run(struct client *client, void (*input)(struct client *client))
{
    _cleanup_(client_unrefp) struct client *alive = client_ref(client);

    alive->busy = true;
    input(alive);
    if (!alive->gone)
        finish(alive);
    if (!alive->gone)
        return;
    alive->busy = false;
    input_done(alive);
}

static void read_cb(_unused_ evutil_socket_t fd, _unused_ short what, void *opaque)
{
    run(opaque, input_read);
}

static void look_whether_it_reads(struct client *client)
{
    if (!client->transport.ops->half_open(&client->transport))
        client_end(client);
}

static void half_cb(_unused_ evutil_socket_t fd, _unused_ short what, void *opaque)
{
    run(opaque, look_whether_it_reads);
}

bool client_half_close(struct client *client)
{
    static const struct timeval every = { .tv_sec = 1 };
    const struct transport *transport = &client->transport;

    if (client->nserials == 0 && client->output_bytes == 0)
        return false;
    if (!transport->ops->half_open || !transport->ops->half_open(transport))
        return false;
    client->half = true;
    client->reading = false;
    streams_gone(client); /* each needs its client's last word */
    /* the socket always has its end to be read, and nothing tells when the rest of it closes */
    (void)event_del(&client->read_event);
    (void)event_assign(&client->read_event, client->server->base, -1, EV_PERSIST, half_cb, client);
    (void)event_add(&client->read_event, &every);
    return true;
}

static void nothing_new(struct client *client)
{
    (void)client;
}

static void write_cb(_unused_ evutil_socket_t fd, _unused_ short what, void *opaque)
{
    struct client *client = opaque;

    client->heard = true; /* it reads */
    run(client, reads_by_writing(client) ? input_read : nothing_new);
}

/* Not asked of one that is gone: it has no server then. */
static bool has_too_many_events(const struct client *client)
{
    return client->event_bytes > (size_t)client->server->limits.max_client_event_mib * MIB;
}

void client_run_due(struct client *client)
{
    if (!client->gone && has_too_many_events(client))
        client_drop(client, "too many events that it does not read");
    if (!client->gone)
        run(client, input_resume);
}

void client_set_due(struct client *client)
{
    static const struct timeval now = { 0 };
    struct server *server = client->server;

    if (client->due)
        return;
    client->due = true;
    client->next_due = server->due;
    server->due = client_ref(client);
    /* A timer, not event_active(): sockets are looked at before it runs, so nobody starves. */
    (void)event_add(&server->due_event, &now);
}

static void serial_remove(struct client *client, const char *packet)
{
    uint32_t serial;

    memcpy(&serial, packet + SERIAL_OFFSET, sizeof(serial));
    serial = ntohl(serial);
    for (unsigned int i = 0; i < client->nserials; i++) {
        if (client->serials[i] == serial) {
            client->serials[i] = client->serials[--client->nserials];
            return;
        }
    }
}

void client_send_reply(struct client *client, void *packet, size_t len)
{
    if (client->gone) {
        free(packet);
        return;
    }
    serial_remove(client, packet);
    client_send(client, packet, len);
}

void client_send(struct client *client, void *packet, size_t len)
{
    if (client->gone) {
        free(packet);
        return;
    }
    output_add(client, packet, len);
    if (client->output_bytes > (size_t)client->server->limits.max_client_reply_mib * MIB)
        client_drop(client, "too many replies that it does not read");
    else if (!client->busy)
        client_set_due(client);
}

void client_send_reply_fd(struct client *client, void *packet, size_t len, int fd)
{
    if (client->gone) {
        free(packet);
        (void)close(fd); /* nobody has used it */
        return;
    }
    serial_remove(client, packet);
    output_add(client, packet, len);
    output_add_fd(client, fd);
    if (!client->busy)
        client_set_due(client);
}

void client_send_event(struct client *client, void *packet, size_t len)
{
    if (client->output_total >= client->event_mark) {
        client->event_mark = client->output_total + client->output_bytes;
        client->event_bytes = 0;
    }
    if (client->gone || has_too_many_events(client)) {
        free(packet);
        return;
    }
    client->event_bytes += len;
    output_add(client, packet, len);
    client_set_due(client);
}

void client_close_after_flush(struct client *client)
{
    if (client->gone)
        return;
    client->closing = true;
    if (!client->busy)
        client_set_due(client);
}

static void init_transport(struct client *client, enum server_socket kind, int fd)
{
    if (kind == SERVER_TLS)
        transport_init_tls(client, client->server->tls, fd);
    else if (kind == SERVER_TCP)
        transport_init_tcp(&client->transport, fd);
    else
        transport_init_unix(&client->transport, fd);
}

/* As at libvirt's daemon root is let in also where polkit does not run. */
static enum server_auth auth_of(const struct listener *listener, const struct identity *identity)
{
    bool is_root = identity->is_local && identity->uid == 0;

    return is_root && listener->auth == SERVER_AUTH_POLKIT ? SERVER_AUTH_NONE : listener->auth;
}

void client_new(struct server *server, int fd, const struct listener *listener,
                const struct sockaddr_storage *from)
{
    struct client *client = XNEW(struct client);

    client->refs = 1;
    client->server = server;
    client->id = ++server->last_id;
    client->connected_at = clock_wall_ms();
    client->socket = listener->kind;
    client->readonly = listener->readonly;
    identity_init(&client->identity, fd, listener->kind == SERVER_UNIX ? NULL : from);
    client->auth = auth_of(listener, &client->identity);
    init_transport(client, listener->kind, fd);
    /* event_assign can only fail on flags that contradict each other */
    (void)event_assign(&client->read_event, server->base, fd, EV_READ | EV_PERSIST, read_cb,
                       client);
    (void)event_assign(&client->write_event, server->base, fd, EV_WRITE, write_cb, client);
    client->next = server->clients;
    if (client->next)
        client->next->prev = client;
    server->clients = client;
    server->nclients++;
    if (client->auth != SERVER_AUTH_NONE || listener->kind == SERVER_TLS)
        anonymous_add(client);
    log_debug("client %s: connected%s", client->identity.text,
              client->readonly ? ", read-only" : "");
    update_events(client);
}
