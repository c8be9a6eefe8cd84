/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The worker threads, in lanes.  A lane has a width (how many pieces of work
 * run at once) and a bound per key (a key is a pool's or guest's UUID; in lane
 * stream a client's in a pool), so a stuck disk holds up only its own.  Work
 * past that queues in order.  A key that has nothing running may always start
 * one piece, also past the width: no pool, guest or client ever waits for
 * another.  Work without a key has a width of its own: it waits for none of
 * theirs.
 */
#ifndef VIRTJOBD_WORKERS_H
#define VIRTJOBD_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct workers;

enum lane {
    LANE_CONTROL, /* short: checks, looks at files, renames */
    LANE_BULK,    /* moves bytes */
    LANE_STREAM,  /* moves a client's bytes, and mostly waits for it */
    LANE_MAX
};

/* Embedded in what it works for; the submitter keeps it alive until done(). */
struct work {
    void (*run)(struct work *work);     /* worker thread */
    void (*started)(struct work *work); /* loop thread, before done; optional */
    void (*told)(struct work *work);    /* loop thread, by workers_tell() */
    void (*done)(struct work *work);    /* loop thread, once, after run */
    /* workers.c only */
    struct work *next, *next_report;
    const char *key;
    enum lane lane;
    unsigned int reports;
};

struct workers_width {
    unsigned int width;   /* pieces of work at once: with a key, and as many without */
    unsigned int per_key; /* of these, for one key */
};

struct workers *workers_new(struct event_base *base, const struct workers_width widths[LANE_MAX]);
/*
 * Loop thread, after the loop has ended.  Forgets queued work, waits at most
 * timeout_ms for running work, then calls no done() any more and frees all.
 * False: some work is stuck in the kernel and nothing was freed.
 */
bool workers_free(struct workers *workers, int timeout_ms);
void workers_set_width(struct workers *workers, enum lane lane, struct workers_width width);

/*
 * Loop thread.  key is not copied and must live as long as the work; NULL = no
 * bound.  workers may be NULL, once they have been freed: the work is never done.
 */
void workers_submit(struct workers *workers, enum lane lane, const char *key, struct work *work);
/* Worker, in run: told() is called soon, and before done().  Once until then. */
void workers_tell(struct workers *workers, struct work *work);
/* Loop thread.  True: it had not started and neither run nor done will be called. */
bool workers_withdraw(struct workers *workers, struct work *work);

#endif
