/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Listeners and connections.  The only code that touches client sockets; it
 * cuts the byte stream into packets, answers keepalive itself and gives every
 * other packet to the dispatcher.  Knows no domain or volume.  Loop thread.
 */
#ifndef VIRTJOBD_SERVER_H
#define VIRTJOBD_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "protocol/frame.h"
#include "util/verror.h"

struct event_base;
struct server;
struct client;
struct sasl_exchange;

struct tls_context;

/* What sort of socket clients come to; the numbers are those of libvirt's virClientTransport. */
enum server_socket { SERVER_UNIX = 0, SERVER_TCP = 1, SERVER_TLS = 2 };

/* Descriptors with one call: libvirt's limit. */
enum { FDS_MAX = 32 };

enum {
    CLIENTS_USUAL = 5000,
    CLIENT_REQUESTS_USUAL = 64,
    CLIENT_STREAMS_USUAL = 64,
    CLIENT_PACKET_MIB_USUAL = 32, /* more has no place in a packet */
    CLIENT_REPLY_MIB_USUAL = 64,
    CLIENT_REPLY_MIB_MIN = 34, /* one packet of any size, and what it may come behind */
    CLIENT_EVENT_MIB_USUAL = 4,
};

/* 0 stands for the usual one, but of the two about keepalive. */
struct server_limits {
    unsigned int max_clients;
    unsigned int max_client_requests; /* unanswered ones; then it is not read from */
    unsigned int max_client_streams;
    unsigned int max_client_packet_mib; /* a longer one ends the connection */
    /* Of what it does not read; more ends the connection. */
    unsigned int max_client_reply_mib, max_client_event_mib;
    /* Of those that must authenticate and have not yet: how many at once, and for how long (s);
     * 0 = no limit. */
    unsigned int max_anonymous_clients, auth_timeout;
    /*
     * A client that answers pings and has been silent for so many seconds (0 = for ever) is sent
     * one, and dropped when so many of them have gone unanswered.
     */
    unsigned int keepalive_interval, keepalive_count;
    unsigned int handshake_seconds; /* for TLS's */
};

/* How the clients of a socket show who they are; the numbers are the wire's. */
enum server_auth {
    SERVER_AUTH_NONE = 0, /* whoever can connect may call */
    SERVER_AUTH_SASL = 1,
    SERVER_AUTH_POLKIT = 2,
};

/* What the dispatcher implements. */
struct server_handler {
    /*
     * One call (header decoded, type FRAME_CALL or FRAME_CALL_WITH_FDS).  payload
     * stays valid only until it returns.  fds: the descriptors it came with, which are
     * taken over; -1 for one that it announced and did not send.  Exactly one
     * client_send_reply() with its serial must follow, now or later.
     */
    void (*call)(void *opaque, struct client *client, const struct frame_header *header,
                 const void *payload, size_t payload_len, const int *fds, unsigned int nfds);
    /* The connection is gone; drop what was kept for it.  Its calls may still be answered. */
    void (*gone)(void *opaque, struct client *client);
};

struct server *server_new(struct event_base *base, const struct server_limits *limits,
                          const struct server_handler *handler, void *opaque);
/* Stops accepting and removes the sockets' names; connections stay until server_free. */
void server_stop_accepting(struct server *server);
/* Nothing waits to be sent, and no stream whose data have all been sent for the client's finish. */
bool server_is_drained(const struct server *server);
void server_free(struct server *server);
void server_set_limits(struct server *server, const struct server_limits *limits);
unsigned int server_client_count(const struct server *server);
/* Called each time the last client has gone (idle exit). */
void server_set_idle_cb(struct server *server, void (*cb)(void *opaque), void *opaque);
/* True while there is no client at all. */
bool server_is_idle(const struct server *server);

/*
 * Makes a unix socket (bound through its directory's descriptor, so long
 * paths work; a stale one is replaced, a live one refused) and listens.
 */
int server_listen_unix(struct server *server, const char *path, mode_t mode, gid_t group,
                       bool readonly, enum server_auth auth, struct verror *err);
/* Takes over a listening socket from systemd. */
int server_listen_fd(struct server *server, int fd, enum server_socket kind, bool readonly,
                     enum server_auth auth, struct verror *err);
/*
 * Listens for TCP or TLS on a port, a number or a service's name, of the addresses (numbers or
 * host names, blanks between; "" = all of this host).  Port 0: a free one, the same for all of
 * them.  Looks names up, so it may block.  What it listens on is logged.
 */
int server_listen_inet(struct server *server, const char *addresses, const char *port,
                       enum server_socket kind, enum server_auth auth, struct verror *err);
/* For TLS clients from now on; takes over the reference. */
void server_set_tls(struct server *server, struct tls_context *context);

/* --- one connection; references keep the struct, not the socket, alive --- */

struct client *client_ref(struct client *client);
void client_unref(struct client *client);
bool client_is_gone(const struct client *client);

uint64_t client_id(const struct client *client);
bool client_is_readonly(const struct client *client);
void client_set_readonly(struct client *client); /* for good: it may do no more from now on */
/* What its socket asks of it, and whether that is done; calls other than those for it must wait. */
enum server_auth client_auth(const struct client *client);
bool client_is_authenticated(const struct client *client);
void client_set_authenticated(struct client *client);
/* What the one who authenticates it keeps for it; freed with the struct. */
void client_set_login(struct client *client, void *login, void (*free_login)(void *login));
void *client_login(const struct client *client);
/*
 * Right after the answer to the last step was queued: from there on all bytes go through
 * exchange, which is taken over.  Drops a client that has sent something already.
 */
void client_start_layer(struct client *client, struct sasl_exchange *exchange);
bool client_is_open(const struct client *client); /* CONNECT_OPEN has succeeded */
void client_set_open(struct client *client);
/* Of the jobs that it starts, bytes a second; 0 = no limit. */
uint64_t client_job_speed(const struct client *client);
void client_set_job_speed(struct client *client, uint64_t speed);
/* Jobs that it has started and that have not ended. */
unsigned int client_jobs(const struct client *client);
void client_job_begins(struct client *client);
void client_job_ends(struct client *client);
void client_set_keepalive(struct client *client); /* it has said that it answers pings */
bool client_is_secure(const struct client *client); /* nobody between can read or change it */
bool client_passes_fds(const struct client *client); /* its transport can */

/* Who is at the other end, as far as somebody vouches for it. */
struct identity {
    bool is_local; /* a unix socket; then the kernel vouches for the three */
    uid_t uid;
    gid_t gid;
    pid_t pid;
    uint64_t start;   /* of that process, as child_start_time(), when it was accepted */
    gid_t *groups;    /* its supplementary ones */
    size_t ngroups;
    char *unit;       /* systemd's, of that process; or NULL */
    char *program;    /* of that process: a hint only, chosen by itself; or NULL */
    char *address;    /* of a remote one: "192.0.2.7:4711"; or NULL */
    char *x509_dname; /* of its certificate, which has been checked; or NULL */
    char *sasl_user;  /* as whom it has authenticated; or NULL */
    char *text;       /* all of it, for people */
};

const struct identity *client_who(const struct client *client);
/* "uid=1000 pid=42 (virsh)", for records, errors and logs; owned by the client. */
const char *client_identity(const struct client *client);
/* What the client's TLS layer, or its authentication, has found. */
void client_set_x509_dname(struct client *client, const char *dname);
void client_set_sasl_user(struct client *client, const char *user);

/* As an administrator sees it. */
struct client_info {
    int64_t connected_at; /* ms since 1970 */
    enum server_socket socket;
    unsigned int calls, streams; /* without an answer, open */
};
void client_get_info(const struct client *client, struct client_info *ret);
/* Of all of them, the newest first: the one after client, NULL: the first. */
struct client *server_next_client(struct server *server, struct client *client);

/* What this client may do, as the dispatcher has worked it out; see calls/access.h. */
struct client_access {
    uint64_t generation; /* of the rules it comes from; 0: not yet, or its identity has changed */
    uint64_t allowed;
    bool readonly; /* by the list of the config */
};
struct client_access *client_access(struct client *client);

/*
 * Takes over packet (one malloc'd block, len bytes long), the answer to the
 * call with its serial.  Where the connection is gone it is only freed.
 */
void client_send_reply(struct client *client, void *packet, size_t len);
/* A FRAME_REPLY_WITH_FDS with one descriptor, which it takes over, to a client that passes such. */
void client_send_reply_fd(struct client *client, void *packet, size_t len, int fd);
/*
 * As client_send_reply(), of a packet that no call asked for.  A client that does not read its
 * events is dropped in the next turn of the loop, with a log line, before they fill the memory.
 */
void client_send_event(struct client *client, void *packet, size_t len);
/* Flushes what is queued, then closes. */
void client_close_after_flush(struct client *client);
/* Drops a connection that broke the protocol, with one log line. */
void client_drop(struct client *client, const char *reason);

#endif
