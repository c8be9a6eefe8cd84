/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the tests of the client library's functions share: a check that does not
 * hold ends the program, with its line and the calling thread's last error.
 */
#ifndef TESTS_API_H
#define TESTS_API_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libvirtjob/libvirtjob.h>

#include "protocol/macros.h"

_Noreturn void api_failed(const char *file, int line, const char *what);

#define CHECK(what)                                                                                \
    do {                                                                                           \
        if (!(what))                                                                               \
            api_failed(__FILE__, __LINE__, #what);                                                 \
    } while (0)

#define OK(call) CHECK((call) >= 0)
#define SAME(got, want) CHECK(strcmp((got), (want)) == 0)
#define HAS(text, part) CHECK(strstr((text), (part)))

/* The call fails (-1 or NULL) with that code, which is this thread's last error. */
#define FAILS(call, number)                                                                        \
    do {                                                                                           \
        CHECK((long)(call) == -1);                                                                 \
        CHECK(virGetLastErrorCode() == (number));                                                  \
        CHECK(virGetLastError()->message[0]);                                                      \
    } while (0)
#define IS_NULL(call, number)                                                                      \
    do {                                                                                           \
        CHECK((call) == NULL);                                                                     \
        CHECK(virGetLastErrorCode() == (number));                                                  \
    } while (0)

/* For virSetErrorFunc(): counts in the atomic_uint that opaque is. */
void api_quiet(void *opaque, virErrorPtr err);

/* The text is one, and not empty; frees it. */
void api_free_text(char *text);

/* --- guests, in the directory that api-domains.sh has prepared --- */

extern virConnectPtr conn;
extern const char *api_dir; /* with kernel-THEN-MIB, see guest_kernel.py */

/* XML of a guest of such a kernel, as guest_xml of functions.sh makes it; a new string. */
char *guest_text(const char *name, const char *then, int mib);
virDomainPtr guest_define(const char *name, const char *then, int mib);

/* DIR/NAME, a new string. */
char *guest_path(const char *name);

/* Until it has booted; since guest_define() or guest_forget(). */
void guest_booted(const char *name);
void guest_forget(const char *name);

/* Until it is in that state. */
void guest_reaches(virDomainPtr dom, int state);

/* Stops the process of an active guest, so that no job on it gets anywhere; lets it go on. */
void guest_hold(virDomainPtr dom);
void guest_release(virDomainPtr dom);

/* The domain is in this state for this reason. */
#define IN_STATE(dom, state, reason) api_check_state(__FILE__, __LINE__, dom, state, reason)
void api_check_state(const char *file, int line, virDomainPtr dom, int want, int want_reason);

/* The domain's last job, waited for, is of this operation and has ended in this virJobState. */
#define JOB_IS(dom, operation, state) api_check_job(__FILE__, __LINE__, dom, operation, state)
void api_check_job(const char *file, int line, virDomainPtr dom, const char *operation, int state);

#endif
