/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads of a running guest that only do I/O, as QEMU has them.  Workers. */
#ifndef VIRTJOBD_QEMU_GUEST_IOTHREADS_H
#define VIRTJOBD_QEMU_GUEST_IOTHREADS_H

#include <jansson.h>
#include <sys/types.h>

#include "util/cpuset.h"
#include "util/verror.h"

struct domain_pins;
struct guest;
struct job_ctl;

struct io_threads {
    struct io_thread {
        unsigned int id; /* the number in "iothread1" */
        pid_t thread;
    } *items;
    size_t n;
};

int io_threads_ask(const struct guest *guest, struct job_ctl *ctl, struct io_threads *ret_threads,
                   struct verror *err);
void io_threads_clear(struct io_threads *threads);

int guest_add_iothread(const struct guest *guest, unsigned int id, struct job_ctl *ctl,
                       struct verror *err);
int guest_del_iothread(const struct guest *guest, unsigned int id, struct job_ctl *ctl,
                       struct verror *err);
/* property: QEMU's, "poll-max-ns". */
int guest_set_iothread(const struct guest *guest, unsigned int id, const char *property,
                       json_t *value, struct job_ctl *ctl, struct verror *err);
/* It runs only there from now on; cpus NULL: anywhere. */
int guest_pin_iothread(const struct guest *guest, unsigned int id, const struct cpuset *cpus,
                       struct job_ctl *ctl, struct verror *err);
/* All that a definition says of them, before the guest runs. */
int guest_apply_iothread_pins(const struct guest *guest, const struct domain_pins *pins,
                              struct job_ctl *ctl, struct verror *err);

#endif
