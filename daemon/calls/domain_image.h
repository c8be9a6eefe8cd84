/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Save images as calls are about them: looked into, and changed, on workers. */
#ifndef VIRTJOBD_DOMAIN_IMAGE_H
#define VIRTJOBD_DOMAIN_IMAGE_H

#include "calls/domain_call.h"
#include "jobs/locks.h"

/* An image on its way through a worker. */
struct domain_image {
    struct jobs *jobs;
    struct complete_host host;
    char *path;
    char *managed;          /* one of the managed images, beside which path must not be; or NULL */
    char *xml;              /* the client's, or NULL */
    unsigned int flags;     /* the call's */
    struct domain_def *def; /* what domain_image_read() found; a reference */
    char *text;
    struct lock_hold hold;  /* on the domain whose managed image it is */
    bool held;
};

/* Strings are copied, xml may be NULL.  NULL with call->err: the path is not absolute. */
struct domain_image *domain_image_new(struct call *call, const char *path, const char *xml,
                                      unsigned int flags);
/*
 * work on a worker, then then, which answers; both get the image, which is freed in the
 * end.  CALL_PENDING.
 */
int domain_image_offload(struct call *call, struct domain_image *image,
                         int (*work)(void *image, struct verror *err),
                         void (*then)(struct call *call, void *image));
/*
 * Worker: def is what a guest is restored as: the image's own definition, or xml, which may
 * differ from that only in what the guest cannot see.
 */
int domain_image_read(void *image, struct verror *err);

/* VIR_DOMAIN_SAVE_RUNNING and _PAUSED exclude each other. */
extern const struct flag_pair domain_image_states[];
extern const size_t domain_image_nstates;

#endif
