/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Workers' questions to guest agents; see agent_ask.h.  A question is its worker's and the
 * loop's, and the last of both frees it.  Under the lock of the desk: which there are, and
 * what has become of each.
 */

#include "hypervisor/qemu/agent_ask.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/agent.h"
#include "util/alloc.h"
#include "util/log.h"

struct question {
    struct agent_desk *desk;
    char uuid[UUID_TEXT_SIZE];
    char *command;
    unsigned int refs; /* these are guarded by the desk's lock */
    bool answered;
    struct verror err;
    struct question *prev, *next; /* all whose worker waits */
    bool taken;                   /* the loop has it in hand */
};

struct agent_desk {
    struct domains *domains;
    int fd; /* eventfd: there is a question */
    struct event *event;
    pthread_mutex_t lock; /* guards the rest; nothing else is locked while it is held */
    pthread_cond_t told;
    struct question *waiting;
    bool stopped;
};

static void question_unref_locked(struct question *question)
{
    if (--question->refs > 0)
        return;
    verror_clear(&question->err);
    free(question->command);
    free(question);
}

/* --- loop --- */

/* err is taken over; NULL: all is well. */
static void answer(struct question *question, struct verror *err)
{
    struct agent_desk *desk = question->desk;

    (void)pthread_mutex_lock(&desk->lock);
    if (!question->answered && err)
        verror_move(&question->err, err);
    question->answered = true;
    (void)pthread_cond_broadcast(&desk->told);
    question_unref_locked(question);
    (void)pthread_mutex_unlock(&desk->lock);
}

static void agent_done(void *opaque, json_t *value, struct verror *err)
{
    (void)value;
    answer(opaque, err->code ? err : NULL);
}

static void ask(struct question *question)
{
    struct domain *domain = domain_find_uuid(question->desk->domains, question->uuid);
    struct agent_command command = { .name = question->command };
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct agent *agent = domain ? domain_agent(domain, &err) : NULL;

    if (!domain)
        verror_set(&err, VIR_ERR_NO_DOMAIN, "no domain with matching uuid '%s'", question->uuid);
    if (agent) {
        command.wait = domain->guest->agent_wait;
        if (agent_send(agent, &command, agent_done, question, &err) == 0)
            return;
    }
    answer(question, &err);
}

static struct question *next_question(struct agent_desk *desk)
{
    struct question *question;

    (void)pthread_mutex_lock(&desk->lock);
    question = desk->waiting;
    while (question && question->taken)
        question = question->next;
    if (question) {
        question->taken = true;
        question->refs++;
    }
    (void)pthread_mutex_unlock(&desk->lock);
    return question;
}

static void asked_cb(evutil_socket_t fd, short what, void *opaque)
{
    struct agent_desk *desk = opaque;
    struct question *question;
    eventfd_t count;

    (void)what;
    (void)eventfd_read((int)fd, &count); /* only to be silent until the next */
    while ((question = next_question(desk)))
        ask(question);
}

struct agent_desk *agent_desk_new(struct domains *domains, struct verror *err)
{
    struct agent_desk *desk = XNEW(struct agent_desk);

    desk->domains = domains;
    (void)pthread_mutex_init(&desk->lock, NULL);
    (void)pthread_cond_init(&desk->told, NULL);
    desk->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (desk->fd < 0)
        verror_errno(err, errno, "cannot make an eventfd");
    else
        desk->event =
            event_new(domains->daemon->base, desk->fd, EV_READ | EV_PERSIST, asked_cb, desk);
    if (desk->event && event_add(desk->event, NULL) == 0)
        return desk;
    verror_set(err, VIR_ERR_INTERNAL_ERROR, "cannot watch an eventfd");
    agent_desk_free(desk);
    return NULL;
}

void agent_desk_stop(struct agent_desk *desk)
{
    (void)pthread_mutex_lock(&desk->lock);
    desk->stopped = true;
    (void)pthread_cond_broadcast(&desk->told);
    (void)pthread_mutex_unlock(&desk->lock);
}

/* Questions that the loop has asked are answered before that, with the end of their agents. */
void agent_desk_free(struct agent_desk *desk)
{
    if (!desk)
        return;
    if (desk->event)
        event_free(desk->event);
    if (desk->fd >= 0)
        (void)close(desk->fd);
    (void)pthread_cond_destroy(&desk->told);
    (void)pthread_mutex_destroy(&desk->lock);
    free(desk);
}

/* --- worker --- */

static void leave_locked(struct agent_desk *desk, struct question *question)
{
    if (question->prev)
        question->prev->next = question->next;
    else
        desk->waiting = question->next;
    if (question->next)
        question->next->prev = question->prev;
}

int agent_ask(struct agent_desk *desk, const struct guest *guest, const char *command,
              struct verror *err)
{
    struct question *question = XNEW(struct question);
    int rc;

    question->desk = desk;
    strcpy(question->uuid, guest->uuid);
    question->command = xstrdup(command);
    question->refs = 1;
    (void)pthread_mutex_lock(&desk->lock);
    question->next = desk->waiting;
    if (question->next)
        question->next->prev = question;
    desk->waiting = question;
    (void)eventfd_write(desk->fd, 1); /* cannot overflow: the loop reads it */
    while (!question->answered && !desk->stopped)
        (void)pthread_cond_wait(&desk->told, &desk->lock);
    leave_locked(desk, question);
    if (!question->answered)
        verror_set(&question->err, VIR_ERR_OPERATION_FAILED, "virtjobd is stopping");
    question->answered = true;
    rc = question->err.code ? -1 : 0;
    verror_move(err, &question->err);
    question_unref_locked(question);
    (void)pthread_mutex_unlock(&desk->lock);
    return rc;
}

int agent_freeze(struct agent_desk *desk, const struct guest *guest, struct verror *err)
{
    return agent_ask(desk, guest, "guest-fsfreeze-freeze", err);
}

void agent_thaw(struct agent_desk *desk, const struct guest *guest, const char *domain)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (agent_ask(desk, guest, "guest-fsfreeze-thaw", &err) < 0)
        log_error("the file systems of domain '%s' may be left frozen: %s", domain,
                  verror_text(&err));
}
