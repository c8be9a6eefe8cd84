/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the server share, in file order.  Loop thread only.
 *
 *   listen*.c ──fd──► server.c ──fd──► client.c ──bytes──► input.c ──packets──► handler
 *                                      ▲   ▲            (descriptors.c)          │
 *                    transport*.c ─────┘   └──────────── output.c ◄─────────────┘ replies
 *
 * A client that must show who it is first is in the list of anonymous.c until it has.
 */
#ifndef VIRTJOBD_SERVER_INTERNAL_H
#define VIRTJOBD_SERVER_INTERNAL_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "server/server.h"
#include "server/tls_context.h"

enum {
    /* One read of a client, and so the most work done for it before others get their turn. */
    SCRATCH_SIZE = 16384,
    /* Unread input up to here moves to the scratch buffer and back; more is read in place. */
    INPUT_SMALL = 4096,
    /* A client whose calls must wait is read so far, for the sake of its pings. */
    INPUT_WAITING_MAX = SCRATCH_SIZE,

    OUTPUT_BLOCK_SIZE = 16384,
    OUTPUT_COPY_MAX = 2048,       /* replies up to here share a block */
    OUTPUT_HIGH = 4 * 1024 * 1024, /* past it no further call is started for the client */
    STREAM_OUTPUT_MAX = 1024 * 1024, /* past it its streams send nothing more */
    MIB = 1024 * 1024,

    /* What an anonymous client may send at once: a step of SASL has 64 KiB, each byte in four. */
    ANONYMOUS_PACKET_MAX = 512 * 1024,

    LISTEN_BACKLOG = 128,
    ACCEPT_BATCH = 32,
    TELL_AGAIN_MS = 10000, /* the log is told again that there is no room */
};

/* --- transport*.c: how bytes get in and out of one connection --- */

struct listener;
struct transport;

/* The seam for TLS and SASL layers.  Nothing blocks. */
struct transport_ops {
    bool secure; /* nobody between can read or change what is sent */
    /* Bytes read, 0 at the end of the stream, -errno (-EAGAIN: nothing there now). */
    ssize_t (*read)(struct transport *transport, void *data, size_t len);
    /* Bytes taken, -errno (-EAGAIN: no room now). */
    ssize_t (*write)(struct transport *transport, const struct iovec *iov, int iovcnt);
    /*
     * The two of a transport that passes descriptors, else NULL.  As read; *ret_fd is untouched,
     * or one that came with the last of these bytes: the caller's now.
     */
    ssize_t (*read_fd)(struct transport *transport, void *data, size_t len, int *ret_fd);
    /* Writes one byte, and fd with it: 1, or as write. */
    ssize_t (*write_fd)(struct transport *transport, int fd);
    /* It has bytes that the socket does not tell of; NULL = never. */
    bool (*has_input)(const struct transport *transport);
    /* It needs the socket writable to go on reading (handshakes); NULL = never. */
    bool (*wants_write)(const struct transport *transport);
    /* It needs something to read to go on writing; NULL = never. */
    bool (*wants_read)(const struct transport *transport);
    /* Why read or write has failed, NULL = that does not say more; NULL = never. */
    const char *(*why)(const struct transport *transport);
    /* At the end of what is read: may the peer read on?  NULL = never. */
    bool (*half_open)(const struct transport *transport);
    /* Closes the socket and frees what it has. */
    void (*done)(struct transport *transport);
};

struct transport {
    const struct transport_ops *ops;
    int fd;
    void *state; /* of a layer */
};

/* A unix stream socket; takes over fd. */
void transport_init_unix(struct transport *transport, int fd);
/* Parts of one: whatever else has a plain socket below it. */
ssize_t transport_send(struct transport *transport, const struct iovec *iov, int iovcnt);
void transport_close(struct transport *transport);
/* A TCP socket, as it is; takes over fd. */
void transport_init_tcp(struct transport *transport, int fd);
void tcp_setup(int fd); /* the options of one */
/* That of the client, with TLS above; takes over fd, a TCP socket. */
void transport_init_tls(struct client *client, struct tls_context *context, int fd);

struct sasl_exchange;

/*
 * transport_sasl.c: from now on everything goes through exchange, which it takes over, but for
 * the next so many bytes that are written.
 */
void transport_push_sasl(struct transport *transport, struct sasl_exchange *exchange,
                         size_t plain);

/* --- identity.c --- */

/* The peer of a connected socket: from, as accept() has said, or NULL of a unix socket. */
void identity_init(struct identity *identity, int fd, const struct sockaddr_storage *from);
/* "192.0.2.7:4711" or "[2001:db8::1]:4711"; NULL where it is neither. */
char *address_text(const struct sockaddr *address, socklen_t len);
void identity_done(struct identity *identity);

/* --- client.c --- */

struct listener;

/* Replies that wait to be sent, in blocks; small ones share a block. */
struct output_block {
    struct output_block *next;
    char *data; /* a packet that was handed over, or the room behind this struct */
    size_t len, size;
    int fd; /* -1, or what goes with its only byte */
};

struct descriptors;

struct client {
    unsigned int refs;
    struct server *server; /* NULL once gone */
    struct client *prev, *next;
    struct client *next_due; /* in server->due */
    uint64_t id;
    int64_t connected_at; /* ms since 1970 */
    struct identity identity;
    enum server_socket socket;
    struct transport transport;
    struct event read_event, write_event;
    bool readonly, open;
    struct client_access access;

    /* anonymous.c */
    enum server_auth auth; /* what its listener asks for */
    bool anonymous;        /* it has not shown yet who it is */
    int64_t connected;     /* when it came, of one that is anonymous */
    struct client *prev_anonymous, *next_anonymous;
    void *login;           /* see client_set_login() */
    void (*free_login)(void *login);

    uint64_t job_speed;
    unsigned int jobs;
    bool gone;    /* the socket is closed */
    bool closing; /* reads nothing more; ends once the output is sent */
    bool half;    /* sends no more, and ends once all that it asked for is answered */
    bool busy;    /* inside its callback, which ends with a flush */
    bool due;     /* in server->due */
    bool reading; /* read_event is added; with half it is a timer */

    /* keepalive.c */
    bool keepalive;     /* it answers pings */
    bool heard;         /* something came from it since the last look, or it read */
    unsigned int pings; /* sent since then without an answer */
    bool pinged;        /* it has sent a ping itself */
    bool unread;        /* at some time since the last look it had to wait to be read */

    char *input; /* bytes that could not be used yet */
    size_t input_len, input_size;
    size_t input_scanned; /* of these: pings up to here have been answered */
    struct descriptors *descriptors; /* that came with them, or NULL */

    struct output_block *output_head, *output_tail;
    size_t output_sent; /* bytes of the head that are gone */
    size_t output_bytes; /* still to send */
    uint64_t output_total; /* sent so far */
    uint64_t event_mark; /* what had been queued, counted so, when event_bytes began */
    size_t event_bytes;  /* of events queued since; begun anew once that mark is sent */

    uint32_t *serials; /* calls without an answer yet */
    unsigned int nserials, serials_size;

    struct stream *streams;
    unsigned int held; /* streams that want no more input now */
};

/* Takes over fd, a connected socket that came from listener; of a unix socket, from is not used. */
void client_new(struct server *server, int fd, const struct listener *listener,
                const struct sockaddr_storage *from);
/* Its transport has bytes that no event will tell of. */
bool client_has_input(const struct client *client);
/* Later in this loop: send its output, go on with its waiting input. */
void client_set_due(struct client *client);
void client_run_due(struct client *client);
/* Closes the socket and tells the handler; the struct lives on while referenced. */
void client_end(struct client *client);
/* The same after its transport has failed, with a log line where that knows why. */
void client_lost(struct client *client);
/* It sends no more.  False: nor does it read, or there is nothing that it waits for. */
bool client_half_close(struct client *client);
/* Queues a packet, which it takes over; drops a client that has not read far too much. */
void client_send(struct client *client, void *packet, size_t len);
/* May another call be started for it now? */
bool client_may_call(const struct client *client);

/* --- input.c: bytes into packets into calls --- */

/* One read, and all that can be done with what is there. */
void input_read(struct client *client);
/* Goes on with packets that had to wait, and with what the transport keeps. */
void input_resume(struct client *client);
void input_done(struct client *client);

/* --- descriptors.c: what comes beside the bytes --- */

/* As the transport's read, behind have bytes that are not used up. */
ssize_t descriptors_read(struct client *client, void *data, size_t len, size_t have);
/* Gives out those of count bytes from at on; -1 for a byte that came without. */
void descriptors_take(struct client *client, size_t at, unsigned int count, int *ret_fds);
/* So many bytes more are used up; what came with them and was not taken is closed. */
void descriptors_advance(struct client *client, size_t used);
/* No more are kept: what comes now would be closed. */
bool descriptors_full(const struct client *client);
void descriptors_done(struct client *client);

/* --- stream.c --- */

/* A packet of a stream; dropped where that has ended. */
void streams_take(struct client *client, const struct frame_header *header, const char *payload,
                  size_t len);
unsigned int streams_count(const struct client *client);
bool streams_have_serial(const struct client *client, uint32_t serial);
/* Output has been sent: those who waited for room may go on.  False: nobody did. */
bool streams_writable(struct client *client);
/* One is about to end: it has more to send, or the client has still to say that it has all. */
bool streams_are_ending(const struct client *client);
void streams_gone(struct client *client);

/* --- keepalive.c: see server_limits --- */

void keepalive_init(struct server *server);
void keepalive_done(struct server *server);
/* Its limits are other ones, or there is a first client to be looked after. */
void keepalive_update(struct server *server);
void keepalive_pong(struct client *client);
/* It is not read now, though it may go on sending. */
void keepalive_unread(struct client *client);

/* --- anonymous.c --- */

void anonymous_init(struct server *server);
void anonymous_update(struct server *server); /* the limits are other ones */
/*
 * Of a new client: until client_set_authenticated() it counts as one that nobody knows, is
 * answered no call but those of its authentication, and has auth_timeout seconds.
 */
void anonymous_add(struct client *client);
void anonymous_remove(struct client *client);
/* Does nobody know its clients when they come? */
bool listener_is_anonymous(const struct listener *listener);
/* No more are to be accepted. */
bool anonymous_are_too_many(const struct server *server);

/* --- output.c --- */

/* Takes over packet. */
void output_add(struct client *client, void *packet, size_t len);
/* Copies data (at most OUTPUT_COPY_MAX). */
void output_copy(struct client *client, const void *data, size_t len);
/* A byte, and fd with it; takes over fd. */
void output_add_fd(struct client *client, int fd);
/* Sends what the socket takes.  0, or -errno when the connection is broken. */
int output_flush(struct client *client);
void output_done(struct client *client);
void output_block_free(struct output_block *block);

/* --- listen.c, listen_inet.c --- */

struct listener {
    struct listener *next;
    struct server *server;
    struct event event;
    int fd;
    enum server_socket kind;
    bool readonly;
    enum server_auth auth; /* how its clients show who they are */
    bool accepting;        /* its event is added */
    /* Of a socket made here, to remove its name at the end: */
    int dir_fd; /* -1 = not ours */
    char *name;
    dev_t dev;
    ino_t ino;
};

struct listener *listener_new_unix(const char *path, mode_t mode, gid_t group, struct verror *err);
struct listener *listener_new_fd(int fd, enum server_socket kind, struct verror *err);
/* Of a list, NULL behind the last: see server_listen_inet(). */
struct listener *listeners_new_inet(const char *addresses, const char *port,
                                    enum server_socket kind, struct verror *err);
/* Not bound, not listening. */
struct listener *listener_new(int fd, enum server_socket kind);
/* Closes it and removes its name, if that still is this socket. */
void listener_free(struct listener *listener);
DEFINE_CLEANUP(struct listener *, listener_free);

/* --- server.c --- */

/* That there is no room is told in the log, but not for each who finds none. */
struct fullness {
    bool is;
    int64_t at; /* when it was told last; 0 = never */
};

struct server {
    struct event_base *base;
    struct server_limits limits;
    const struct server_handler *handler;
    void *opaque;
    void (*idle_cb)(void *opaque);
    void *idle_opaque;

    struct listener *listeners;
    struct fullness full, readonly_full, anonymous_full;
    struct tls_context *tls; /* of new clients; a reference, or NULL */
    bool out_of_fds;
    struct event accept_retry;

    struct client *clients;
    unsigned int nclients;
    uint64_t last_id;
    struct client *due; /* clients with something to do in this loop; each is referenced */
    struct event due_event;
    struct client *anonymous; /* the first to lose its time is the first */
    unsigned int nanonymous;
    struct event anonymous_event; /* the first one may have to go */
    struct event keepalive_event; /* pending while there may be a client that answers pings */
    struct event unread_event;    /* pending while there may be one that is not read */
    bool idle_pending; /* the last client has gone, idle_cb is to be told */

    char scratch[SCRATCH_SIZE];         /* where all clients are read into */
    struct output_block *spare_block;   /* so that a reply that is sent at once costs no malloc */
};

/* The client is gone: one more may be accepted. */
void server_client_ended(struct server *server, struct client *client);
/* Something has changed that decides which listeners accept. */
void server_update_accepting(struct server *server);

#endif
