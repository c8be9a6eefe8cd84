/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A QEMU that a test writes line by line: a thread at the other end of a socket that runs the
 * test's script, which reads commands and answers them, well or badly.  Any number at once.
 */
#ifndef TESTS_FAKE_QEMU_H
#define TESTS_FAKE_QEMU_H

#include <jansson.h>
#include <stddef.h>

#include "protocol/macros.h"

/* A script that cannot go on takes the program down: the test under way fails. */
#define FAKE_MUST(condition) \
    ((condition) ? (void)0 : fake_qemu_stuck(__FILE__, __LINE__, #condition))
void fake_qemu_stuck(const char *file, int line, const char *condition) __attribute__((noreturn));

struct fake_qemu;
typedef void fake_qemu_script(struct fake_qemu *qemu, void *opaque);

/* Starts the script; *ret_fd is the monitor's end, the caller's. */
struct fake_qemu *fake_qemu_start(fake_qemu_script *script, void *opaque, int *ret_fd);
/* Waits for the script's end, which closes its socket.  NULL is allowed. */
void fake_qemu_stop(struct fake_qemu *qemu);

/* --- for scripts; whatever fails ends the test program --- */

/* Greets and answers qmp_capabilities. */
void fake_qemu_greet(struct fake_qemu *qemu);
void fake_qemu_write(struct fake_qemu *qemu, const void *data, size_t len);
/* A line, which it ends with "\r\n" as QEMU does. */
void fake_qemu_say(struct fake_qemu *qemu, const char *fmt, ...) _printf_(2, 3);

/* The next command's text, a new string; NULL at the end of the stream. */
char *fake_qemu_read_line(struct fake_qemu *qemu);
/* The next command, a new reference; NULL at the end of the stream. */
json_t *fake_qemu_read(struct fake_qemu *qemu);
/* The next command, which must be that one. */
json_t *fake_qemu_expect(struct fake_qemu *qemu, const char *command);
/* The descriptor that came with what was read last, -1 = none; the caller's from then on. */
int fake_qemu_take_fd(struct fake_qemu *qemu);
/* Sees that the other end closes, without saying anything before. */
void fake_qemu_expect_end(struct fake_qemu *qemu);

/* The answer's text, for scripts that send it in pieces; value is JSON.  The caller frees it. */
char *fake_qemu_reply_text(const json_t *command, const char *value);
/* They give back the reference to the command. */
void fake_qemu_return(struct fake_qemu *qemu, json_t *command, const char *value);
void fake_qemu_refuse(struct fake_qemu *qemu, json_t *command, const char *class,
                      const char *desc);
/* Answers every command with {} until the other end closes. */
void fake_qemu_serve(struct fake_qemu *qemu);

#endif
