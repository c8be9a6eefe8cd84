/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON as it comes from a peer that is not trusted: bounded, and never unprintable.  Any thread. */
#ifndef VIRTJOBD_QEMU_QMP_JSON_H
#define VIRTJOBD_QEMU_QMP_JSON_H

#include <jansson.h>
#include <stddef.h>

enum {
    QMP_DEPTH_MAX = 256,      /* jansson recurses, also to free; a worker's stack is small */
    /* "[],[],[]…" takes fifty times its size in memory, and time, which is the loop's */
    QMP_VALUES_MAX = 1 << 18, /* of QEMU, whose query-qmp-schema alone has tens of thousands */
    QMP_VALUES_FEW = 1 << 14, /* of guests and clients */
    QMP_TEXT_MAX = 1024,      /* of a peer's words in an error */
};

/*
 * Decodes text, NUL-terminated at len, with jansson's flags and at most that many values.  NULL
 * with *ret_why, a new string, otherwise.  An integer that jansson cannot hold (above INT64_MAX:
 * QEMU has uint64 values) becomes the real number next to it, and only that one.
 */
json_t *qmp_decode(const char *text, size_t len, size_t max_values, size_t flags,
                    char **ret_why);

/*
 * At most max bytes of a text, NUL-terminated at len, for an error's message: what is not
 * printable UTF-8 as \xNN, "…" where it was cut.  A new string.
 */
char *qmp_printable(const char *text, size_t len, size_t max);

#endif
