/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ways to the daemon: each ends in a socket to poll, and in functions that move bytes over what
 * lies on it.
 */
#ifndef LIBVIRTJOB_TRANSPORT_H
#define LIBVIRTJOB_TRANSPORT_H

#include <stdbool.h>
#include <sys/types.h>

#include "uri.h"

struct transport;

/* One thread at a time calls them; the channel's lock sees to that.  Nothing blocks but done(). */
struct transport_ops {
    bool encrypted;
    /* Bytes, 0 at the end, or -errno: -EAGAIN where there are none now. */
    ssize_t (*read)(struct transport *transport, void *data, size_t len);
    /* Bytes taken, or -errno: -EAGAIN; then the next call begins with the same ones. */
    ssize_t (*write)(struct transport *transport, const void *data, size_t len);
    /* It has bytes that the socket does not tell of; NULL = never. */
    bool (*has_input)(const struct transport *transport);
    /* It needs the socket writable to go on reading; NULL = never. */
    bool (*wants_write)(const struct transport *transport);
    /* Why it has failed or ended, or NULL; stays until done(). */
    const char *(*why)(const struct transport *transport);
    /* Closes the socket and frees what it has. */
    void (*done)(struct transport *transport);
};

struct transport {
    const struct transport_ops *ops;
    int fd;
    void *state; /* the ops' */
};

/* --- transport.c --- */

/* Connects as the URI says.  Returns 0, or -1: raised. */
int transport_open(const struct uri *uri, bool readonly, struct transport *ret_transport);
/* Bytes over the socket as they are; takes it over. */
void transport_init_socket(struct transport *transport, int fd);
/* Parts of that, for others. */
void transport_close(struct transport *transport);
ssize_t transport_receive(struct transport *transport, void *data, size_t len);
ssize_t transport_send(struct transport *transport, const void *data, size_t len);

/* --- transport-unix.c --- */

/*
 * The socket a URI means: its socket= option, else the system's or this user's
 * daemon.  The caller frees it.  NULL: raised.
 */
char *unix_socket_path(const struct uri *uri, bool readonly);

/* Connects to it.  Returns a descriptor, or -1: raised. */
int unix_connect(const char *path);

/* --- transport-tcp.c --- */

/* The host of a URI; this one where it names none. */
const char *tcp_host(const struct uri *uri);
/* A connected socket, or -1: raised.  port: where the URI names none. */
int tcp_connect(const struct uri *uri, const char *port);
int tcp_open(const struct uri *uri, struct transport *ret_transport);

/* --- transport-tls.c --- */

int tls_open(const struct uri *uri, struct transport *ret_transport);

/* --- transport-process.c: a program's standard input and output --- */

int ext_open(const struct uri *uri, struct transport *ret_transport);
int ssh_open(const struct uri *uri, bool readonly, struct transport *ret_transport);
/* What ssh has the other host's shell run.  NULL: raised. */
char *ssh_remote_command(const struct uri *uri, bool readonly);

#endif
