/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes a system call fail in this process from now on, as on a kernel or file
 * system that lacks it.  check runs each test in a process of its own, so the
 * filter ends with the test.
 */
#ifndef VIRTJOBD_TEST_DENY_H
#define VIRTJOBD_TEST_DENY_H

#include <check.h>
#include <endian.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "protocol/macros.h"

enum { DENY_ANY = -1 };

/* Only calls whose third argument is arg2, unless that is DENY_ANY. */
static inline _unused_ void deny_syscall(long number, int arg2, int errnum)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)number, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2]) +
                                               (__BYTE_ORDER == __BIG_ENDIAN ? 4 : 0)),
        BPF_JUMP(BPF_JMP | (arg2 == DENY_ANY ? BPF_JGE : BPF_JEQ) | BPF_K,
                 arg2 == DENY_ANY ? 0 : (unsigned int)arg2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)errnum),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { .len = ARRAY_SIZE(filter), .filter = filter };

    ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

#endif
