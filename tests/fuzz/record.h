/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packets of a client without what a fuzzer hardly gets right: PROGRAM (a number from 0 on)
 * PROCEDURE(2) TYPE STATUS SERIAL LENGTH(2) PAYLOAD.  One thread.
 */
#ifndef VIRTJOBD_TEST_FUZZ_RECORD_H
#define VIRTJOBD_TEST_FUZZ_RECORD_H

#include <stddef.h>
#include <stdint.h>

enum { RECORD_SIZE = 8 }; /* the smallest */

/* The packet of the record that starts at data, with its frame: a new block. */
char *record_packet(const uint8_t *data, size_t size, size_t *ret_used, size_t *ret_len);

#endif
