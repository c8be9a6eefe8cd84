/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See fake-qemu.h.  Each has a thread of its own, which owns its struct until fake_qemu_stop(). */

#include "fake-qemu.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "util/alloc.h"

struct fake_qemu {
    int fd;
    pthread_t thread;
    fake_qemu_script *script;
    void *opaque;
    char *input;
    size_t used, capacity;
    int received; /* a descriptor, -1 = none */
};

void fake_qemu_stuck(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: %s (%s)\n", file, line, condition, strerror(errno));
    abort();
}

static void *run_script(void *opaque)
{
    struct fake_qemu *qemu = opaque;

    qemu->script(qemu, qemu->opaque);
    (void)close(qemu->fd);
    return NULL;
}

struct fake_qemu *fake_qemu_start(fake_qemu_script *script, void *opaque, int *ret_fd)
{
    struct fake_qemu *qemu = XNEW(struct fake_qemu);
    int fds[2];

    FAKE_MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    *ret_fd = fds[0];
    qemu->fd = fds[1];
    qemu->received = -1;
    qemu->script = script;
    qemu->opaque = opaque;
    FAKE_MUST(pthread_create(&qemu->thread, NULL, run_script, qemu) == 0);
    return qemu;
}

void fake_qemu_stop(struct fake_qemu *qemu)
{
    if (!qemu)
        return;
    FAKE_MUST(pthread_join(qemu->thread, NULL) == 0);
    if (qemu->received >= 0)
        (void)close(qemu->received);
    free(qemu->input);
    free(qemu);
}

void fake_qemu_write(struct fake_qemu *qemu, const void *data, size_t len)
{
    const char *at = data;

    while (len > 0) {
        ssize_t sent = send(qemu->fd, at, len, MSG_NOSIGNAL);

        if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
            return; /* the other end has heard enough; the test says whether it should have */
        FAKE_MUST(sent > 0);
        at += sent;
        len -= (size_t)sent;
    }
}

void fake_qemu_say(struct fake_qemu *qemu, const char *fmt, ...)
{
    _cleanup_free_ char *text = NULL, *line = NULL;
    va_list args;

    va_start(args, fmt);
    FAKE_MUST(vasprintf(&text, fmt, args) >= 0);
    va_end(args);
    line = xasprintf("%s\r\n", text);
    fake_qemu_write(qemu, line, strlen(line));
}

/* --- reading --- */

static void keep_descriptor(struct fake_qemu *qemu, struct msghdr *msg)
{
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);

    if (!cmsg)
        return;
    FAKE_MUST(cmsg->cmsg_type == SCM_RIGHTS && cmsg->cmsg_len == CMSG_LEN(sizeof(int)));
    FAKE_MUST(qemu->received < 0);
    memcpy(&qemu->received, CMSG_DATA(cmsg), sizeof(int));
}

/* False: the end of the stream. */
static bool read_more(struct fake_qemu *qemu)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec iov;
    struct msghdr msg = { .msg_iov = &iov,
                          .msg_iovlen = 1,
                          .msg_control = &control,
                          .msg_controllen = sizeof(control) };
    ssize_t got;

    if (qemu->used == qemu->capacity) {
        qemu->capacity = qemu->capacity ? qemu->capacity * 2 : 4096;
        qemu->input = xrealloc(qemu->input, 1, qemu->capacity);
    }
    iov.iov_base = qemu->input + qemu->used;
    iov.iov_len = qemu->capacity - qemu->used;
    got = recvmsg(qemu->fd, &msg, MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == ECONNRESET)
        return false;
    FAKE_MUST(got >= 0);
    keep_descriptor(qemu, &msg);
    qemu->used += (size_t)got;
    return got > 0;
}

char *fake_qemu_read_line(struct fake_qemu *qemu)
{
    char *newline, *line;
    size_t len;

    while (!(newline = qemu->used ? memchr(qemu->input, '\n', qemu->used) : NULL)) {
        if (!read_more(qemu))
            return NULL;
    }
    len = (size_t)(newline - qemu->input);
    line = xstrndup(qemu->input, len);
    qemu->used -= len + 1;
    memmove(qemu->input, newline + 1, qemu->used);
    return line;
}

json_t *fake_qemu_read(struct fake_qemu *qemu)
{
    _cleanup_free_ char *line = fake_qemu_read_line(qemu);
    json_t *command;

    if (!line)
        return NULL;
    command = json_loads(line, 0, NULL);
    FAKE_MUST(command);
    return command;
}

json_t *fake_qemu_expect(struct fake_qemu *qemu, const char *command)
{
    json_t *object = fake_qemu_read(qemu);

    FAKE_MUST(object);
    FAKE_MUST(strcmp(json_string_value(json_object_get(object, "execute")), command) == 0);
    return object;
}

int fake_qemu_take_fd(struct fake_qemu *qemu)
{
    return steal_fd(&qemu->received);
}

void fake_qemu_expect_end(struct fake_qemu *qemu)
{
    FAKE_MUST(!fake_qemu_read(qemu));
}

/* --- answering --- */

char *fake_qemu_reply_text(const json_t *command, const char *value)
{
    json_t *id = json_object_get(command, "id");
    _cleanup_free_ char *text = id ? json_dumps(id, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

    if (!text)
        return xasprintf("{\"return\": %s}\r\n", value);
    return xasprintf("{\"return\": %s, \"id\": %s}\r\n", value, text);
}

void fake_qemu_return(struct fake_qemu *qemu, json_t *command, const char *value)
{
    _cleanup_free_ char *text = fake_qemu_reply_text(command, value);

    fake_qemu_write(qemu, text, strlen(text));
    json_decref(command);
}

void fake_qemu_refuse(struct fake_qemu *qemu, json_t *command, const char *class, const char *desc)
{
    json_t *reply = json_pack("{s:{s:s, s:s}, s:O}", "error", "class", class, "desc", desc, "id",
                              json_object_get(command, "id"));
    _cleanup_free_ char *text = json_dumps(reply, 0);

    FAKE_MUST(text);
    fake_qemu_say(qemu, "%s", text);
    json_decref(reply);
    json_decref(command);
}

void fake_qemu_greet(struct fake_qemu *qemu)
{
    fake_qemu_say(qemu, "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 2, "
                        "\"major\": 7}, \"package\": \"\"}, \"capabilities\": [\"oob\"]}}");
    fake_qemu_return(qemu, fake_qemu_expect(qemu, "qmp_capabilities"), "{}");
}

void fake_qemu_serve(struct fake_qemu *qemu)
{
    json_t *command;

    while ((command = fake_qemu_read(qemu)))
        fake_qemu_return(qemu, command, "{}");
}
