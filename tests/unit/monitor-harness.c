/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See monitor-harness.h.  One lock guards all notes. */

#include "monitor-harness.h"

#include <check.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct monitors *loop_monitors;

static struct event_base *base;
static struct event *task_event;
static int task_fd;
static pthread_t loop_thread;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all below, and the notes */
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static void (*task)(void *opaque);
static void *task_opaque;

static void task_cb(evutil_socket_t fd, short what _unused_, void *opaque _unused_)
{
    uint64_t count;

    ck_assert_int_eq(read(fd, &count, sizeof(count)), sizeof(count));
    task(task_opaque); /* written before the eventfd was */
    pthread_mutex_lock(&lock);
    task = NULL;
    pthread_cond_broadcast(&moved);
    pthread_mutex_unlock(&lock);
}

void on_loop(void (*function)(void *opaque), void *opaque)
{
    uint64_t one = 1;

    pthread_mutex_lock(&lock);
    task = function;
    task_opaque = opaque;
    ck_assert_int_eq(write(task_fd, &one, sizeof(one)), sizeof(one));
    while (task)
        pthread_cond_wait(&moved, &lock);
    pthread_mutex_unlock(&lock);
}

static void *loop_main(void *unused _unused_)
{
    (void)event_base_dispatch(base);
    return NULL;
}

static void make_monitors(void *unused _unused_)
{
    struct verror err = VERROR_INIT;

    loop_monitors = monitors_new(base, &err);
    ck_assert_msg(loop_monitors != NULL, "%s", verror_text(&err));
}

void loop_start(void)
{
    base = event_base_new();
    task_fd = eventfd(0, EFD_CLOEXEC);
    task_event = event_new(base, task_fd, EV_READ | EV_PERSIST, task_cb, NULL);
    ck_assert_int_eq(event_add(task_event, NULL), 0);
    ck_assert_int_eq(pthread_create(&loop_thread, NULL, loop_main, NULL), 0);
    on_loop(make_monitors, NULL);
}

static void end_loop(void *unused _unused_)
{
    monitors_free(loop_monitors);
    loop_monitors = NULL;
    event_base_loopbreak(base);
}

void loop_end(void)
{
    on_loop(end_loop, NULL);
    pthread_join(loop_thread, NULL);
    event_free(task_event);
    event_base_free(base);
    base = NULL;
    (void)close(task_fd);
}

void loop_stop(void)
{
    if (base)
        loop_end();
    libevent_global_shutdown();
}

/* --- a peer --- */

static void note_event(void *opaque, const char *name, const json_t *data)
{
    struct peer *peer = opaque;
    _cleanup_free_ char *text = data ? json_dumps(data, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    size_t used;

    if (peer->on_event)
        peer->on_event(peer, name);
    pthread_mutex_lock(&lock);
    used = strlen(peer->events);
    (void)snprintf(peer->events + used, sizeof(peer->events) - used, "%s%s ", name,
                   text ? text : "");
    peer->nevents++;
    pthread_cond_broadcast(&moved);
    pthread_mutex_unlock(&lock);
}

static void note_closed(void *opaque, const struct verror *why)
{
    struct peer *peer = opaque;

    pthread_mutex_lock(&lock);
    (void)snprintf(peer->why, sizeof(peer->why), "%s", verror_text(why));
    peer->nclosed++;
    pthread_cond_broadcast(&moved);
    pthread_mutex_unlock(&lock);
}

const struct monitor_handler peer_handler = { .event = note_event, .closed = note_closed };

void peer_open(struct peer *peer, fake_qemu_script *script, void *opaque)
{
    int fd;

    *peer = (struct peer){ .qemu = fake_qemu_start(script, opaque, &fd) };
    peer->monitor = monitor_open(loop_monitors, fd, &peer_handler, peer);
}

static void close_monitor(void *opaque)
{
    monitor_close(opaque);
}

void peer_close(struct peer *peer)
{
    if (peer->monitor && base)
        on_loop(close_monitor, peer->monitor);
    monitor_unref(STEAL_PTR(peer->monitor));
    fake_qemu_stop(peer->qemu);
}

const char *peer_events(struct peer *peer, unsigned int n)
{
    static char copy[sizeof(peer->events)];

    pthread_mutex_lock(&lock);
    while (peer->nevents < n)
        pthread_cond_wait(&moved, &lock);
    strcpy(copy, peer->events);
    pthread_mutex_unlock(&lock);
    return copy;
}

const char *peer_why(struct peer *peer)
{
    static char copy[sizeof(peer->why)];

    pthread_mutex_lock(&lock);
    while (peer->nclosed == 0)
        pthread_cond_wait(&moved, &lock);
    strcpy(copy, peer->why);
    pthread_mutex_unlock(&lock);
    return copy;
}

unsigned int peer_nclosed(struct peer *peer)
{
    unsigned int n;

    pthread_mutex_lock(&lock);
    n = peer->nclosed;
    pthread_mutex_unlock(&lock);
    return n;
}

const char *call_text_within(struct monitor *monitor, const char *command, int timeout_ms)
{
    static _Thread_local char text[1024];
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_free_ char *dump = NULL;
    json_t *value = NULL;

    if (monitor_call(monitor, command, NULL, -1, NULL, timeout_ms, &value, &err) < 0) {
        ck_assert_int_ne(err.code, 0);
        ck_assert_ptr_null(value);
        (void)snprintf(text, sizeof(text), "%d %s", err.code, verror_text(&err));
        return text;
    }
    ck_assert_int_eq(err.code, 0);
    ck_assert_ptr_nonnull(value);
    dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
    json_decref(value);
    (void)snprintf(text, sizeof(text), "%s", dump);
    return text;
}

const char *call_text(struct monitor *monitor, const char *command)
{
    return call_text_within(monitor, command, -1);
}

int64_t harness_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
