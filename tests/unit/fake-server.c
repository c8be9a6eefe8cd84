/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See fake-server.h.  The script runs on a thread of its own; one at a time. */

#include "fake-server.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "protocol/macros.h"

static struct {
    char dir[64];
    char uri[256];
    int listener;
    pthread_t thread;
    fake_script *script;
} fake;

/* A script that cannot go on takes the program down: the test under way fails. */
#define MUST(condition)                                                                  \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition, strerror(errno)); \
            abort();                                                                     \
        }                                                                                \
    } while (0)

static void *fake_run(void *unused _unused_)
{
    int fd = accept4(fake.listener, NULL, NULL, SOCK_CLOEXEC);

    MUST(fd >= 0);
    fake.script(fd);
    (void)close(fd);
    return NULL;
}

const char *fake_start(fake_script *script)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    fake.script = script;
    strcpy(fake.dir, "/tmp/fake-server-XXXXXX");
    MUST(mkdtemp(fake.dir));
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/sock", fake.dir);
    (void)snprintf(fake.uri, sizeof(fake.uri), "test+unix:///default?socket=%s/sock", fake.dir);
    fake.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(fake.listener >= 0);
    MUST(bind(fake.listener, (struct sockaddr *)&address, sizeof(address)) == 0);
    MUST(listen(fake.listener, 1) == 0);
    MUST(pthread_create(&fake.thread, NULL, fake_run, NULL) == 0);
    return fake.uri;
}

void fake_stop(void)
{
    char path[128];

    MUST(pthread_join(fake.thread, NULL) == 0);
    (void)close(fake.listener);
    (void)snprintf(path, sizeof(path), "%s/sock", fake.dir);
    MUST(unlink(path) == 0);
    MUST(rmdir(fake.dir) == 0);
}

virConnectPtr fake_open(void)
{
    virConnectPtr conn = virConnectOpen(fake.uri);

    ck_assert_msg(conn != NULL, "%s", virGetLastErrorMessage());
    return conn;
}

/* Returns false at an end of file before the first byte. */
static bool read_fully(int fd, char *data, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t got = recv(fd, data + done, len - done, 0);

        if (got == 0 && done == 0)
            return false;
        MUST(got > 0);
        done += (size_t)got;
    }
    return true;
}

bool fake_read(int fd, struct fake_call *ret_call)
{
    char start[FRAME_MIN];
    int64_t len;

    if (!read_fully(fd, start, sizeof(start)))
        return false;
    len = frame_length(start, sizeof(start));
    MUST(len >= FRAME_MIN);
    MUST(frame_decode_header(start, sizeof(start), &ret_call->header) == 0);
    ret_call->len = (size_t)len - FRAME_MIN;
    ret_call->payload = malloc(ret_call->len + 1);
    MUST(ret_call->payload);
    if (ret_call->len > 0)
        MUST(read_fully(fd, ret_call->payload, ret_call->len));
    return true;
}

void fake_call_done(struct fake_call *call)
{
    free(call->payload);
    call->payload = NULL;
}

struct frame_header fake_expect(int fd, uint32_t program, int procedure, xdrproc_t decode,
                                void *args)
{
    struct fake_call call;

    MUST(fake_read(fd, &call));
    MUST(call.header.program == program);
    MUST(call.header.procedure == procedure);
    MUST(call.header.version == 1);
    MUST(call.header.type == FRAME_CALL);
    MUST(call.header.status == FRAME_OK);
    if (decode && args)
        MUST(frame_decode_payload(call.payload, call.len, decode, args) == 0);
    fake_call_done(&call);
    return call.header;
}

void fake_write(int fd, const void *data, size_t len)
{
    const char *at = data;

    while (len > 0) {
        ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);

        MUST(sent > 0);
        at += sent;
        len -= (size_t)sent;
    }
}

void *fake_packet(const struct frame_header *call, xdrproc_t encode, void *ret, size_t *ret_len)
{
    struct frame_header header = *call;
    void *packet;

    header.type = FRAME_REPLY;
    MUST(frame_encode(&header, encode, ret, &packet, ret_len) == 0);
    return packet;
}

void fake_reply(int fd, const struct frame_header *call, xdrproc_t encode, void *ret)
{
    size_t len;
    _cleanup_free_ void *packet = fake_packet(call, encode, ret, &len);

    fake_write(fd, packet, len);
}

void fake_fail(int fd, const struct frame_header *call, int code, int domain, const char *message)
{
    char *text = (char *)(uintptr_t)message, *first = (char *)(uintptr_t) "one",
         *third = (char *)(uintptr_t) "three";
    struct frame_header header = *call;
    wire_error error = {
        .code = code,
        .domain = domain,
        .level = VIR_ERR_ERROR,
        .message = message ? &text : NULL,
        .str1 = &first,
        .str3 = &third,
        .int1 = 17,
        .int2 = -1,
    };

    header.status = FRAME_ERROR;
    fake_reply(fd, &header, FAKE_XDR(wire_error), &error);
}

void fake_handshake(int fd)
{
    remote_auth_type none[] = { REMOTE_AUTH_NONE };
    remote_auth_list_ret auth = { .types = { .types_len = 1, .types_val = none } };
    struct frame_header call;

    call = fake_expect(fd, FAKE_REMOTE(AUTH_LIST), NULL, NULL);
    fake_reply(fd, &call, FAKE_XDR(remote_auth_list_ret), &auth);
    call = fake_expect(fd, FAKE_REMOTE(CONNECT_OPEN), NULL, NULL);
    fake_reply(fd, &call, NULL, NULL);
}

void fake_goodbye(int fd)
{
    struct frame_header call = fake_expect(fd, FAKE_REMOTE(CONNECT_CLOSE), NULL, NULL);
    struct fake_call none;

    fake_reply(fd, &call, NULL, NULL);
    MUST(!fake_read(fd, &none));
}
