/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A stream and its two sides, for the tests of the library's: what a script of
 * fake-server.h says on it, and the objects of the application.
 */
#ifndef TESTS_STREAM_FIXTURE_H
#define TESTS_STREAM_FIXTURE_H

#include <check.h>
#include <string.h>

#include "fake-server.h"
#include "protocol/macros.h"
#include "protocol/wire.h"

static inline void quiet(void *data _unused_, virErrorPtr error _unused_)
{
}

/* --- the daemon's side --- */

static struct frame_header the_call;

static inline void send_packet(int fd, enum frame_type type, enum frame_status status,
                               const void *data, size_t len)
{
    struct frame_header header = the_call;
    _cleanup_free_ char *packet = malloc(FRAME_MIN + len);

    header.type = type;
    header.status = status;
    frame_encode_header(packet, &header, len);
    if (len > 0)
        memcpy(packet + FRAME_MIN, data, len);
    fake_write(fd, packet, FRAME_MIN + len);
}

static inline void send_text(int fd, const char *text)
{
    send_packet(fd, FRAME_STREAM, FRAME_CONTINUE, text, strlen(text));
}

static inline void send_hole(int fd, int64_t length)
{
    wire_stream_hole hole = { .length = length };
    struct frame_header header = the_call;
    _cleanup_free_ void *packet = NULL;
    size_t len;

    ck_assert_int_eq(frame_encode(&header, FAKE_XDR(wire_stream_hole), &hole, &packet, &len), 0);
    send_packet(fd, FRAME_STREAM_HOLE, FRAME_CONTINUE, (char *)packet + FRAME_MIN,
                len - FRAME_MIN);
}

static inline void send_error(int fd, int code, const char *text)
{
    char *message = (char *)(uintptr_t)text;
    wire_error error = { .code = code, .domain = VIR_FROM_STORAGE, .level = VIR_ERR_ERROR,
                         .message = &message };
    struct frame_header header = the_call;
    _cleanup_free_ void *packet = NULL;
    size_t len;

    ck_assert_int_eq(frame_encode(&header, FAKE_XDR(wire_error), &error, &packet, &len), 0);
    send_packet(fd, FRAME_STREAM, FRAME_ERROR, (char *)packet + FRAME_MIN, len - FRAME_MIN);
}

/* The call that opens the stream; answered. */
static inline void begin(int fd, int procedure)
{
    char *text = (char *)(uintptr_t) "any";
    remote_vol_ret vol = { .vol = { .pool = text, .name = text, .key = text } };
    struct frame_header lookup;

    fake_handshake(fd);
    lookup = fake_expect(fd, FAKE_REMOTE(STORAGE_VOL_LOOKUP_BY_KEY), NULL, NULL);
    fake_reply(fd, &lookup, FAKE_XDR(remote_vol_ret), &vol);
    the_call = fake_expect(fd, REMOTE_PROGRAM_NUMBER, procedure, NULL, NULL);
    fake_reply(fd, &the_call, NULL, NULL);
}

static inline void begin_download(int fd)
{
    begin(fd, REMOTE_PROC_STORAGE_VOL_DOWNLOAD);
}

static inline void begin_upload(int fd)
{
    begin(fd, REMOTE_PROC_STORAGE_VOL_UPLOAD);
}

static inline struct fake_call read_packet(int fd)
{
    struct fake_call call;

    ck_assert(fake_read(fd, &call));
    ck_assert_uint_eq(call.header.serial, the_call.serial);
    ck_assert_int_eq(call.header.procedure, the_call.procedure);
    return call;
}

static inline void expect_text(int fd, const char *text)
{
    struct fake_call call = read_packet(fd);

    ck_assert_uint_eq(call.header.type, FRAME_STREAM);
    ck_assert_uint_eq(call.header.status, FRAME_CONTINUE);
    ck_assert_uint_eq(call.len, strlen(text));
    ck_assert_mem_eq(call.payload, text, call.len);
    fake_call_done(&call);
}

static inline void expect_hole(int fd, int64_t length)
{
    struct fake_call call = read_packet(fd);
    wire_stream_hole hole;

    ck_assert_uint_eq(call.header.type, FRAME_STREAM_HOLE);
    ck_assert_int_eq(frame_decode_payload(call.payload, call.len, FAKE_XDR(wire_stream_hole),
                                          &hole), 0);
    ck_assert_int_eq(hole.length, length);
    ck_assert_uint_eq(hole.flags, 0);
    fake_call_done(&call);
}

/* The client's finish (FRAME_OK) or abort (FRAME_ERROR). */
static inline void expect_end(int fd, enum frame_status status)
{
    struct fake_call call = read_packet(fd);

    ck_assert_uint_eq(call.header.type, FRAME_STREAM);
    ck_assert_uint_eq(call.header.status, status);
    ck_assert_uint_eq(call.len, 0);
    fake_call_done(&call);
}

static inline void answer_end(int fd, enum frame_status status)
{
    expect_end(fd, status);
    send_packet(fd, FRAME_STREAM, FRAME_OK, NULL, 0);
    fake_goodbye(fd);
}

/* --- scripts of more than one test --- */

static inline void mixed_script(int fd)
{
    begin_download(fd);
    send_text(fd, "hello");
    send_hole(fd, 4);
    send_text(fd, "world");
    send_packet(fd, FRAME_STREAM, FRAME_CONTINUE, NULL, 0);
    answer_end(fd, FRAME_OK);
}

static inline void error_script(int fd)
{
    begin_download(fd);
    send_text(fd, "some");
    send_error(fd, VIR_ERR_OPERATION_ABORTED, "job 7 was cancelled");
    send_text(fd, "never seen");
    fake_goodbye(fd);
}

/* --- the client's side --- */

static virConnectPtr conn;
static virStorageVolPtr vol;
static virStreamPtr stream;

static inline void connect_to(fake_script *script, unsigned int flags)
{
    (void)fake_start(script);
    conn = fake_open();
    vol = virStorageVolLookupByKey(conn, "any");
    ck_assert_ptr_nonnull(vol);
    stream = virStreamNew(conn, flags);
    ck_assert_ptr_nonnull(stream);
}

static inline void open_download(fake_script *script, unsigned int flags)
{
    connect_to(script, flags);
    ck_assert_int_eq(virStorageVolDownload(vol, stream, 0, 0, 0), 0);
}

static inline void open_upload(fake_script *script, unsigned int flags)
{
    connect_to(script, flags);
    ck_assert_int_eq(virStorageVolUpload(vol, stream, 0, 0, 0), 0);
}

static inline void close_all(void)
{
    ck_assert_int_eq(virStreamFree(stream), 0);
    ck_assert_int_eq(virStorageVolFree(vol), 0);
    ck_assert_int_eq(virConnectClose(conn), 0);
    fake_stop();
}

static inline void expect_error(int code, const char *part)
{
    ck_assert_int_eq(virGetLastErrorCode(), code);
    ck_assert_msg(strstr(virGetLastErrorMessage(), part), "'%s' lacks '%s'",
                  virGetLastErrorMessage(), part);
}

static inline void setup(void)
{
    virSetErrorFunc(NULL, quiet);
}

#endif
