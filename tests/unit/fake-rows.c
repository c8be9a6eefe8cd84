/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See fake-rows.h. */

#include "fake-rows.h"

#include <check.h>
#include <string.h>

#include "protocol/macros.h"

static union {
    remote_domain_set_metadata_args largest;
    char room[512];
} args;
static xdrproc_t args_xdr;

void *const fake_args = &args;

static struct fake_row *find_row(struct fake_row *rows, size_t count,
                                 const struct frame_header *call)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].program == call->program && rows[i].procedure == call->procedure)
            return &rows[i];
    return NULL;
}

static void forget_args(void)
{
    if (args_xdr)
        xdr_free(args_xdr, &args);
    memset(&args, 0, sizeof(args));
    args_xdr = NULL;
}

/* What arrives is of the row's shape: encoded again it is the same bytes, no more, no fewer. */
static void keep_args(const struct fake_row *row, const struct fake_call *call)
{
    _cleanup_free_ char *again = NULL;
    size_t len;

    forget_args();
    args_xdr = row->args;
    if (row->args)
        ck_assert_int_eq(frame_decode_payload(call->payload, call->len, row->args, &args), 0);
    again = fake_packet(&call->header, row->args, &args, &len);
    ck_assert_uint_eq(len - FRAME_MIN, call->len);
    ck_assert_mem_eq(again + FRAME_MIN, call->payload, call->len);
}

void fake_serve(int fd, struct fake_row *rows, size_t count)
{
    struct fake_call call;

    fake_handshake(fd);
    while (fake_read(fd, &call)) {
        struct fake_row *row = find_row(rows, count, &call.header);

        if (!row) {
            ck_assert_int_eq(call.header.procedure, REMOTE_PROC_CONNECT_CLOSE);
            fake_reply(fd, &call.header, NULL, NULL);
        } else {
            row->seen = true;
            keep_args(row, &call);
            fake_reply(fd, &call.header, row->ret, row->answer);
        }
        fake_call_done(&call);
    }
    forget_args();
}

void fake_assert_seen(const struct fake_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(rows[i].seen, "procedure %d was never called", rows[i].procedure);
}
