/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The socket to a guest's agent: lines in, one command out.  It is read only while somebody waits
 * for an answer, a bounded piece a turn.  Loop thread.
 */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hypervisor/qemu/agent_internal.h"
#include "hypervisor/qemu/process.h"
#include "util/alloc.h"

enum { MARK = 0xff, INPUT_MIN = 4 << 10, READ_MAX = 64 << 10 };

/* --- ends --- */

void agent_drop_input(struct agent *agent)
{
    free(agent->input);
    agent->input = NULL;
    agent->used = agent->scanned = agent->capacity = 0;
}

void agent_disconnect(struct agent *agent)
{
    if (agent->readable)
        event_free(STEAL_PTR(agent->readable));
    if (agent->writable)
        event_free(STEAL_PTR(agent->writable));
    if (agent->fd >= 0)
        (void)close(steal_fd(&agent->fd)); /* whoever waited has been told */
    free(STEAL_PTR(agent->output));
    agent_drop_input(agent);
}

/* The request under way ends, and the next one connects anew. */
static void broken(struct agent *agent, const char *why)
{
    struct verror err = VERROR_INIT;

    (void)verror_set(&err, VIR_ERR_AGENT_UNRESPONSIVE, "%s, '%s' was not answered", why,
                     agent->current->name);
    agent_disconnect(agent);
    agent_end_current(agent, NULL, &err);
}

/* --- in --- */

static void too_much(struct agent *agent)
{
    broken(agent, "the guest agent talks without end");
}

/* Room for at least one byte, and the NUL that ends a line. */
static void make_room(struct agent *agent)
{
    if (agent->used + 1 < agent->capacity)
        return;
    agent->capacity = agent->capacity ? agent->capacity * 2 : INPUT_MIN;
    agent->input = xrealloc(agent->input, 1, agent->capacity);
}

static void shift(struct agent *agent, size_t n)
{
    memmove(agent->input, agent->input + n, agent->used - n);
    agent->used -= n;
    agent->scanned = 0;
}

/* While syncing: all up to the last mark is noise; without any mark, all is. */
static void skip_noise(struct agent *agent)
{
    const char *mark = agent->used ? memrchr(agent->input, MARK, agent->used) : NULL;

    if (mark) {
        agent->marked = true;
        shift(agent, (size_t)(mark - agent->input) + 1);
    } else if (!agent->marked) {
        agent->used = agent->scanned = 0;
    }
}

/* A line, in order; what is behind it when the sync is answered was there before we asked. */
static bool take_line(struct agent *agent)
{
    char *newline = memchr(agent->input + agent->scanned, '\n', agent->used - agent->scanned);
    enum agent_state before = agent->state;
    size_t len;

    if (!newline) {
        agent->scanned = agent->used;
        return false;
    }
    *newline = '\0';
    len = (size_t)(newline - agent->input);
    agent_take_line(agent, agent->input, len);
    if (!agent->input || !agent->current)
        return false; /* that was the answer */
    if (before != agent->state)
        agent->used = agent->scanned = 0;
    else
        shift(agent, len + 1);
    if (before == AGENT_SYNCING)
        agent->marked = false;
    return agent->state == AGENT_ASKING && agent->used > 0;
}

static void take_input(struct agent *agent)
{
    if (agent->state == AGENT_SYNCING)
        skip_noise(agent);
    if (agent->used == 0)
        return;
    while (take_line(agent))
        continue;
    if (agent->current && agent->used > AGENT_LINE_MAX)
        too_much(agent);
}

static void readable_cb(evutil_socket_t fd, short what, void *opaque)
{
    struct agent *agent = opaque;
    size_t room;
    ssize_t got;

    (void)what;
    make_room(agent);
    room = agent->capacity - agent->used - 1;
    got = recv(fd, agent->input + agent->used, room < READ_MAX ? room : READ_MAX, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        broken(agent, "QEMU has closed the channel of the guest agent");
        return;
    }
    agent->used += (size_t)got;
    agent->noise += (size_t)got;
    if (agent->state == AGENT_SYNCING && agent->noise > AGENT_NOISE_MAX)
        too_much(agent);
    else
        take_input(agent);
}

void agent_watch(struct agent *agent, bool watch)
{
    if (!agent->readable)
        return;
    if (watch)
        (void)event_add(agent->readable, NULL); /* without a time-out: cannot fail but for memory */
    else
        (void)event_del(agent->readable); /* of a valid event: cannot fail */
}

/* --- out --- */

static void flush(struct agent *agent)
{
    while (agent->written < agent->output_len) {
        ssize_t sent = send(agent->fd, agent->output + agent->written,
                            agent->output_len - agent->written, MSG_NOSIGNAL);

        if (sent >= 0) {
            agent->written += (size_t)sent;
        } else if (errno == EAGAIN) {
            (void)event_add(agent->writable, NULL); /* a plain EV_WRITE: cannot fail */
            return;
        } else if (errno != EINTR) {
            broken(agent, "the channel of the guest agent is broken");
            return;
        }
    }
    agent_written(agent);
}

static void writable_cb(evutil_socket_t fd, short what, void *opaque)
{
    struct agent *agent = opaque;

    (void)fd;
    (void)what;
    if (agent->current)
        flush(agent);
}

/* What is left of an earlier command is dropped: the mark of a sync makes up for it. */
void agent_write(struct agent *agent, char *text, size_t len)
{
    free(agent->output);
    agent->output = text;
    agent->output_len = len;
    agent->written = 0;
    flush(agent);
}

/* --- connecting --- */

int agent_connect(struct agent *agent, struct verror *err)
{
    _cleanup_verror_ struct verror why = VERROR_INIT;

    if (agent->fd >= 0)
        return 0;
    agent->fd = socket_connect(agent->dir, agent->name, &why);
    if (agent->fd < 0)
        return verror_set(err, VIR_ERR_AGENT_UNRESPONSIVE, "the guest agent cannot be reached: %s",
                          verror_text(&why));
    agent->readable =
        event_new(agent->base, agent->fd, EV_READ | EV_PERSIST, readable_cb, agent);
    agent->writable = event_new(agent->base, agent->fd, EV_WRITE, writable_cb, agent);
    if (agent->readable && agent->writable)
        return 0;
    agent_disconnect(agent);
    return verror_set(err, VIR_ERR_INTERNAL_ERROR, "cannot watch the channel of the guest agent");
}
