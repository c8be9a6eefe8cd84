/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UUIDs: 16 bytes here, 36 characters in documents and messages.  Any thread. */
#ifndef VIRTJOBD_UUID_H
#define VIRTJOBD_UUID_H

#include <stdbool.h>

enum { UUID_TEXT_SIZE = 37 };

/* A random one, version 4. */
void uuid_make(unsigned char uuid[16]);
/* 32 hexadecimal digits; hyphens between bytes and blanks around are skipped. */
bool uuid_parse(const char *text, unsigned char uuid[16]);
void uuid_format(const unsigned char uuid[16], char text[UUID_TEXT_SIZE]);

#endif
