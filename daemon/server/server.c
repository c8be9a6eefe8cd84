/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The server as a whole: takes connections in, never more than its limit, and
 * keeps them.  Past the limit, or without descriptors, it stops accepting and
 * newcomers wait in the kernel's queue.  Loop thread; owns all clients.
 */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "server/internal.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/log.h"

static bool is_full(const struct server *server)
{
    return server->nclients >= server->limits.max_clients;
}

/* Whoever may only look must not keep out those who do: a tenth, and one at least, is theirs. */
static bool is_full_for_readonly(const struct server *server)
{
    unsigned int max = server->limits.max_clients, kept = max / 10 ?: 1;

    return server->nclients >= (max > kept ? max - kept : max);
}

/* Those who nobody knows yet must not keep out others: their listeners alone wait for them. */
static bool may_accept(const struct server *server, const struct listener *listener)
{
    return !server->out_of_fds && !is_full(server) &&
           (!listener->readonly || !is_full_for_readonly(server)) &&
           (!listener_is_anonymous(listener) || !anonymous_are_too_many(server));
}

/* Each time that it comes to this, but not each time that one goes and another comes. */
static void tell(struct fullness *told, bool is, unsigned int count, const char *what)
{
    int64_t now = is && !told->is ? clock_mono_ms() : 0;

    if (now && (!told->at || now - told->at >= TELL_AGAIN_MS)) {
        log_warn("%u %s wait", count, what);
        told->at = now;
    }
    told->is = is;
}

/* Adds or removes the listeners' events, as may_accept() has it. */
void server_update_accepting(struct server *server)
{
    bool readonly = false;

    for (struct listener *l = server->listeners; l; l = l->next) {
        bool want = may_accept(server, l);

        if (want != l->accepting)
            (void)(want ? event_add(&l->event, NULL) : event_del(&l->event));
        l->accepting = want;
        readonly |= l->readonly;
    }
    if (!server->listeners)
        return;
    tell(&server->full, is_full(server), server->nclients,
         "clients (max_clients): further ones");
    tell(&server->readonly_full, readonly && is_full_for_readonly(server), server->nclients,
         "clients (max_clients, less a tenth): further ones of the read-only sockets");
    tell(&server->anonymous_full, anonymous_are_too_many(server), server->nanonymous,
         "clients that have not authenticated (max_anonymous_clients): further ones");
}

static void accept_retry_cb(_unused_ evutil_socket_t fd, _unused_ short what, void *opaque)
{
    struct server *server = opaque;

    server->out_of_fds = false;
    server_update_accepting(server);
}

/* No descriptors or memory for another client: look again when one has gone, or in a second. */
static void pause_accepting(struct server *server, int errnum)
{
    static const struct timeval second = { .tv_sec = 1 };

    log_error("cannot accept a client: %s", strerror(errnum));
    server->out_of_fds = true;
    server_update_accepting(server);
    (void)event_add(&server->accept_retry, &second);
}

static void accept_cb(evutil_socket_t fd, _unused_ short what, void *opaque)
{
    struct listener *listener = opaque;
    struct server *server = listener->server;

    for (int i = 0; i < ACCEPT_BATCH && may_accept(server, listener); i++) {
        struct sockaddr_storage from;
        socklen_t len = sizeof(from);
        int client_fd = accept4(fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (client_fd >= 0) {
            client_new(server, client_fd, listener, &from);
        } else if (errno == EAGAIN) {
            break;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            pause_accepting(server, errno);
        } else {
            log_debug("accept: %s", strerror(errno)); /* that one has left already */
        }
    }
    server_update_accepting(server);
}

static void due_cb(_unused_ evutil_socket_t fd, _unused_ short what, void *opaque)
{
    struct server *server = opaque;
    struct client *client = STEAL_PTR(server->due);

    while (client) {
        struct client *next = client->next_due;

        client->due = false;
        client_run_due(client);
        client_unref(client);
        client = next;
    }
    if (server->idle_cb && server->nclients == 0 && server->idle_pending) {
        server->idle_pending = false;
        server->idle_cb(server->idle_opaque);
    }
}

void server_client_ended(struct server *server, struct client *client)
{
    static const struct timeval now = { 0 };

    log_debug("client %s: gone", client->identity.text);
    if (client->prev)
        client->prev->next = client->next;
    else
        server->clients = client->next;
    if (client->next)
        client->next->prev = client->prev;
    server->nclients--;
    server->out_of_fds = false;
    server_update_accepting(server);
    if (server->nclients == 0) {
        server->idle_pending = true;
        (void)event_add(&server->due_event, &now);
    }
}

static void take_listener(struct server *server, struct listener *listener, bool readonly,
                          enum server_auth auth)
{
    listener->server = server;
    listener->readonly = readonly;
    listener->auth = auth;
    (void)event_assign(&listener->event, server->base, listener->fd, EV_READ | EV_PERSIST,
                       accept_cb, listener);
    listener->next = server->listeners;
    server->listeners = listener;
    server_update_accepting(server);
}

int server_listen_unix(struct server *server, const char *path, mode_t mode, gid_t group,
                       bool readonly, enum server_auth auth, struct verror *err)
{
    struct listener *listener = listener_new_unix(path, mode, group, err);

    if (!listener)
        return -1;
    take_listener(server, listener, readonly, auth);
    return 0;
}

int server_listen_fd(struct server *server, int fd, enum server_socket kind, bool readonly,
                     enum server_auth auth, struct verror *err)
{
    struct listener *listener = listener_new_fd(fd, kind, err);

    if (!listener)
        return -1;
    take_listener(server, listener, readonly, auth);
    return 0;
}

static void take_limits(struct server *server, const struct server_limits *limits)
{
    struct server_limits *own = &server->limits;

    *own = *limits;
    own->max_clients = own->max_clients ?: CLIENTS_USUAL;
    own->max_client_requests = own->max_client_requests ?: CLIENT_REQUESTS_USUAL;
    own->max_client_streams = own->max_client_streams ?: CLIENT_STREAMS_USUAL;
    own->max_client_packet_mib = own->max_client_packet_mib ?: CLIENT_PACKET_MIB_USUAL;
    own->max_client_reply_mib = own->max_client_reply_mib ?: CLIENT_REPLY_MIB_USUAL;
    own->max_client_event_mib = own->max_client_event_mib ?: CLIENT_EVENT_MIB_USUAL;
}

int server_listen_inet(struct server *server, const char *addresses, const char *port,
                       enum server_socket kind, enum server_auth auth, struct verror *err)
{
    struct listener *listener = listeners_new_inet(addresses, port, kind, err);

    if (!listener)
        return -1;
    while (listener) {
        struct listener *next = listener->next;

        take_listener(server, listener, false, auth);
        listener = next;
    }
    return 0;
}

void server_set_tls(struct server *server, struct tls_context *context)
{
    tls_context_unref(server->tls);
    server->tls = context;
}

struct server *server_new(struct event_base *base, const struct server_limits *limits,
                          const struct server_handler *handler, void *opaque)
{
    struct server *server = XNEW(struct server);

    server->base = base;
    take_limits(server, limits);
    server->handler = handler;
    server->opaque = opaque;
    (void)evtimer_assign(&server->accept_retry, base, accept_retry_cb, server);
    (void)evtimer_assign(&server->due_event, base, due_cb, server);
    anonymous_init(server);
    keepalive_init(server);
    return server;
}

void server_stop_accepting(struct server *server)
{
    struct listener *listener = STEAL_PTR(server->listeners);

    while (listener) {
        struct listener *next = listener->next;

        (void)event_del(&listener->event);
        listener_free(listener);
        listener = next;
    }
    (void)event_del(&server->accept_retry);
}

bool server_is_drained(const struct server *server)
{
    for (const struct client *client = server->clients; client; client = client->next) {
        if (client->output_bytes > 0 || streams_are_ending(client))
            return false;
    }
    return true;
}

void server_free(struct server *server)
{
    if (!server)
        return;
    server_stop_accepting(server);
    while (server->clients)
        client_end(server->clients);
    for (struct client *client = server->due, *next; client; client = next) {
        next = client->next_due;
        client_unref(client);
    }
    (void)event_del(&server->due_event);
    (void)event_del(&server->anonymous_event);
    keepalive_done(server);
    output_block_free(server->spare_block);
    tls_context_unref(server->tls);
    free(server);
}

void server_set_limits(struct server *server, const struct server_limits *limits)
{
    take_limits(server, limits);
    server_update_accepting(server);
    anonymous_update(server);
    keepalive_update(server);
    for (struct client *client = server->clients; client; client = client->next)
        client_set_due(client); /* some may call again */
}

void server_set_idle_cb(struct server *server, void (*cb)(void *opaque), void *opaque)
{
    server->idle_cb = cb;
    server->idle_opaque = opaque;
}

unsigned int server_client_count(const struct server *server)
{
    return server->nclients;
}

bool server_is_idle(const struct server *server)
{
    return server->nclients == 0;
}
