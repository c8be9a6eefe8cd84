/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text that came from a disk or a client, one character at a time.  Any thread.
 */
#ifndef VIRTJOBD_UTF8_H
#define VIRTJOBD_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at text (NUL-terminated, not at its end); 0 = not valid UTF-8. */
size_t utf8_decode(const char *text, uint32_t *ret_char);

/* May it stand in an XML 1.0 document, escaped or not? */
bool utf8_is_xml_char(uint32_t c);

/* Control characters of ASCII and Latin-1. */
bool utf8_is_control(uint32_t c);

#endif
