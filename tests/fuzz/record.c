/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See record.h. */

#include "record.h"

#include <string.h>

#include "protocol/frame.h"
#include "protocol/job.h"
#include "protocol/macros.h"
#include "protocol/qemu.h"
#include "protocol/remote.h"
#include "protocol/wire.h"
#include "util/alloc.h"

char *record_packet(const uint8_t *data, size_t size, size_t *ret_used, size_t *ret_len)
{
    static const uint32_t programs[] = { REMOTE_PROGRAM_NUMBER, QEMU_PROGRAM_NUMBER,
                                         JOB_PROGRAM_NUMBER, KEEPALIVE_PROGRAM_NUMBER };
    const struct frame_header header = {
        .program = data[0] < ARRAY_SIZE(programs) ? programs[data[0]] : data[0],
        .version = 1,
        .procedure = data[1] << 8 | data[2],
        .type = data[3],
        .status = data[4],
        .serial = data[5],
    };
    size_t len = (size_t)data[6] << 8 | data[7];
    char *packet;

    if (len > size - RECORD_SIZE)
        len = size - RECORD_SIZE;
    packet = xmalloc(FRAME_MIN + len);
    frame_encode_header(packet, &header, len);
    memcpy(packet + FRAME_MIN, data + RECORD_SIZE, len);
    *ret_used = RECORD_SIZE + len;
    *ret_len = FRAME_MIN + len;
    return packet;
}
