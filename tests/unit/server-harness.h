/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A server with a handler of the test's own, and peers that speak to it over
 * real unix sockets.  All in one thread: whoever waits turns the loop.
 */
#ifndef SERVER_HARNESS_H
#define SERVER_HARNESS_H

#include <event2/event.h>

#include "protocol/frame.h"
#include "server/internal.h"

enum {
    PROC_ECHO = 1, /* replies with its payload */
    PROC_HOLD,     /* replies when harness_release() is called */
    PROC_SIZE,     /* replies with as many bytes as its payload, a word, says */
    PROC_CLOSE,    /* replies and closes */
    PROC_GIVE,     /* replies with a duplicate of give_fd */
    PROGRAM = 0x1234,
};

struct held_call {
    struct held_call *next;
    struct client *client;
    struct frame_header header;
};

struct harness {
    struct event_base *base;
    struct server *server;
    char dir[64];
    char path[128];
    unsigned int calls, gone, idle;
    struct frame_header last;
    struct held_call *held;
    int fds[2 * FDS_MAX]; /* that calls came with, the test's to close */
    unsigned int nfds;
    int give_fd;
};

/* A listening server in a new directory; limits as given. */
void harness_start(struct harness *h, unsigned int max_clients, unsigned int max_requests);
/* With the handler that is to be tested. */
void harness_start_with(struct harness *h, const struct server_limits *limits,
                        const struct server_handler *handler, void *opaque);
void harness_stop(struct harness *h);
/* One turn of the loop, not waiting longer than a few milliseconds. */
void harness_turn(struct harness *h);
/* Turns the loop until the condition holds; the test fails where it never does. */
#define harness_until(h, condition)                                        \
    do {                                                                   \
        for (int turns_ = 0; !(condition); turns_++) {                     \
            ck_assert_msg(turns_ < 20000, "waited in vain: " #condition);  \
            harness_turn(h);                                               \
        }                                                                  \
    } while (0)
/* Answers all calls that are held. */
void harness_release(struct harness *h);

int peer_connect(const char *path);
/* Writes all of it, turning the loop while the socket is full. */
void peer_write(struct harness *h, int fd, const void *data, size_t len);
void peer_call(struct harness *h, int fd, int procedure, uint32_t serial, const void *payload,
               size_t len);
void peer_packet(struct harness *h, int fd, const struct frame_header *header,
                 const void *payload, size_t len);
void peer_ping(struct harness *h, int fd);
/* The next packet: its header and payload length; the payload goes to payload (may be NULL). */
struct frame_header peer_read(struct harness *h, int fd, void *payload, size_t size,
                              size_t *ret_len);
/* Reads an OK reply to serial and checks its payload. */
void peer_expect(struct harness *h, int fd, uint32_t serial, const void *payload, size_t len);
/* Reads an error reply to serial; returns its code, and message and domain where asked for. */
int peer_expect_error(struct harness *h, int fd, uint32_t serial, char **ret_message,
                      int *ret_domain);
void peer_expect_pong(struct harness *h, int fd);
/* Waits until the server has closed the connection. */
void peer_expect_closed(struct harness *h, int fd);
/* A whole packet into out; returns its length. */
size_t packet_make(void *out, int procedure, uint32_t serial, const void *payload, size_t len);

#endif
