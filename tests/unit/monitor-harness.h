/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A loop on a thread of its own with monitors on it, so that a test is the worker, and a monitor
 * whose peer is a script and whose handlers take notes.
 */
#ifndef TESTS_MONITOR_HARNESS_H
#define TESTS_MONITOR_HARNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "fake-qemu.h"
#include "hypervisor/qemu/monitor.h"

extern struct monitors *loop_monitors;

/* For checked fixtures. */
void loop_start(void);
void loop_stop(void);
/* Runs it on the loop and waits for its end. */
void on_loop(void (*function)(void *opaque), void *opaque);
/* The loop's end with monitors and all; loop_stop() finds nothing left to do. */
void loop_end(void);

struct peer {
    struct fake_qemu *qemu;
    struct monitor *monitor;
    /* notes of the handlers; read them by the functions below */
    char events[1024];   /* "NAME{data} " each */
    unsigned int nevents, nclosed;
    char why[512];
    /* loop: called from the handler, before the notes are taken */
    void (*on_event)(struct peer *peer, const char *name);
};

/* Handlers that take notes in the struct peer that is their opaque. */
extern const struct monitor_handler peer_handler;

void peer_open(struct peer *peer, fake_qemu_script *script, void *opaque);
/* Drops the monitor, waits for the script; the monitor may be gone (NULL) already. */
void peer_close(struct peer *peer);
/* Waits for n events; the notes, a static copy. */
const char *peer_events(struct peer *peer, unsigned int n);
/* Waits until it was closed; why. */
const char *peer_why(struct peer *peer);
unsigned int peer_nclosed(struct peer *peer);

/* A call without arguments, limit or cancel: its value as compact JSON, or "CODE message"; static
   to the thread. */
const char *call_text(struct monitor *monitor, const char *command);
const char *call_text_within(struct monitor *monitor, const char *command, int timeout_ms);
int64_t harness_ms(void);

#endif
