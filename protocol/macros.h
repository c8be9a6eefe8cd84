/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The few helpers of the C dialect that every part of the tree uses: scope
 * cleanup, pointer stealing, array sizes.  Header only, knows nobody.
 */
#ifndef VIRTJOBD_MACROS_H
#define VIRTJOBD_MACROS_H

#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member) \
    ((type *)((char *)(ptr) - offsetof(type, member)))

#define _cleanup_(fn) __attribute__((cleanup(fn)))
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))
#define _unused_ __attribute__((unused))

/* Defines NAMEp(), the form that cleanup wants, for a free function of a pointer. */
#define DEFINE_CLEANUP(type, free_fn)                \
    static inline void free_fn##p(type *ptr)         \
    {                                                \
        if (*ptr)                                    \
            free_fn(*ptr);                           \
    }                                                \
    struct macros_swallow_semicolon

static inline void macros_freep(void *ptr)
{
    free(*(void **)ptr);
}

static inline void macros_closep(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd); /* nothing was written that a failed close could lose */
}

#define _cleanup_free_ _cleanup_(macros_freep)
#define _cleanup_close_ _cleanup_(macros_closep)

/* Hands a pointer (or a descriptor) on and leaves nothing for the cleanup. */
#define STEAL_PTR(ptr)                  \
    __extension__({                     \
        __typeof__(ptr) steal_ = (ptr); \
        (ptr) = NULL;                   \
        steal_;                         \
    })

static inline int steal_fd(int *fd)
{
    int ret = *fd;
    *fd = -1;
    return ret;
}

#endif
