/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Threads of QEMU that only do I/O: <iothreads>, <iothreadids>, and which disk
 * or controller uses which.  Any thread.
 */
#ifndef VIRTJOBD_DOMAIN_IOTHREADS_H
#define VIRTJOBD_DOMAIN_IOTHREADS_H

#include "xml/domain_def.h"
#include "xml/xml_tree.h"

enum { IOTHREADS_MAX = 1024 };

struct iothread {
    unsigned int id;
    int pool_min, pool_max; /* threads it keeps; -1: QEMU's own choice */
};

struct iothreads {
    struct iothread *items; /* in the order in which QEMU is to make them */
    size_t n;
};

/* Those with an id of their own, and as many more as <iothreads> says; freed with clear. */
int iothreads_read(xmlNodePtr domain, struct iothreads *ret_threads, struct verror *err);
void iothreads_clear(struct iothreads *threads);
const struct iothread *iothreads_find(const struct iothreads *threads, unsigned int id);

/* <iothreads> counts them all, and is not there where there are none; -1 with err. */
int iothreads_complete(xmlNodePtr domain, struct verror *err);
/* Whoever is said to use one can, and it is there; -1 with err. */
int iothreads_check_users(xmlNodePtr domain, struct verror *err);

/* A definition with that one more, one less, or with other threads it keeps; NULL with err. */
struct domain_def *domain_def_add_iothread(const struct domain_def *def, unsigned int id,
                                           struct verror *err);
struct domain_def *domain_def_del_iothread(const struct domain_def *def, unsigned int id,
                                           struct verror *err);
struct domain_def *domain_def_set_iothread(const struct domain_def *def,
                                           const struct iothread *thread, struct verror *err);

#endif
