/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A daemon that a test writes line by line: a thread that takes one connection
 * on a unix socket in a directory of its own and runs the test's script, which
 * reads calls and answers them, well or badly.
 */
#ifndef TESTS_FAKE_SERVER_H
#define TESTS_FAKE_SERVER_H

#include <libvirtjob/libvirtjob.h>

#include "protocol/frame.h"
#include "protocol/job.h"
#include "protocol/qemu.h"
#include "protocol/remote.h"

struct fake_call {
    struct frame_header header;
    char *payload;
    size_t len;
};

typedef void fake_script(int fd);

/* Starts it; the URI to open is the result, valid until fake_stop(). */
const char *fake_start(fake_script *script);

/* Waits for the script's end and removes the directory. */
void fake_stop(void);

/* Opens a connection to it, and fails the test if that fails. */
virConnectPtr fake_open(void);

/* --- for scripts; whatever fails ends the test program --- */

/* Reads the next packet; false at the end of file. */
bool fake_read(int fd, struct fake_call *ret_call);
void fake_call_done(struct fake_call *call);

/* Reads the next call, which must be this one, and decodes it into args (zeroed; may be NULL). */
struct frame_header fake_expect(int fd, uint32_t program, int procedure, xdrproc_t decode,
                                void *args);

void fake_write(int fd, const void *data, size_t len);
void fake_reply(int fd, const struct frame_header *call, xdrproc_t encode, void *ret);
void fake_fail(int fd, const struct frame_header *call, int code, int domain, const char *message);

/* A reply as a packet, for scripts that send it in pieces; the caller frees it. */
void *fake_packet(const struct frame_header *call, xdrproc_t encode, void *ret, size_t *ret_len);

/* AUTH_LIST and CONNECT_OPEN, answered as a daemon does. */
void fake_handshake(int fd);

/* Answers CONNECT_CLOSE and sees the end of file. */
void fake_goodbye(int fd);

#define FAKE_REMOTE(name) REMOTE_PROGRAM_NUMBER, REMOTE_PROC_##name
#define FAKE_QEMU(name) QEMU_PROGRAM_NUMBER, QEMU_PROC_##name
#define FAKE_JOB(name) JOB_PROGRAM_NUMBER, JOB_PROC_##name
#define FAKE_XDR(type) ((xdrproc_t)xdr_##type)

#endif
