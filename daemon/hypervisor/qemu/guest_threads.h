/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The threads of a guest's QEMU: which vCPU is which, where they run and may
 * run, what they have used.  Workers.
 */
#ifndef VIRTJOBD_QEMU_GUEST_THREADS_H
#define VIRTJOBD_QEMU_GUEST_THREADS_H

#include <jansson.h>
#include <sys/types.h>

#include "util/cpuset.h"
#include "util/verror.h"

struct domain_pins;
struct guest;
struct job_ctl;

struct vcpu_threads {
    pid_t *ids; /* by the number of the vCPU; 0: not there */
    size_t count;
    bool shared; /* one thread runs them all, as TCG may do */
};

int vcpu_threads_ask(const struct guest *guest, struct job_ctl *ctl, struct vcpu_threads *ret,
                     struct verror *err);
void vcpu_threads_clear(struct vcpu_threads *threads);

/* The vCPU runs only there from now on; -1 with err. */
int vcpu_threads_pin(const struct vcpu_threads *threads, unsigned int vcpu,
                     const struct cpuset *cpus, struct verror *err);
/* All other threads of QEMU but those for I/O, and what they start, likewise. */
int vcpu_threads_pin_others(const struct vcpu_threads *threads, const struct guest *guest,
                            const struct cpuset *cpus, struct verror *err);
/* All that a definition says but of threads for I/O, before the guest runs. */
int guest_apply_pins(const struct guest *guest, const struct domain_pins *pins,
                     struct job_ctl *ctl, struct verror *err);

/* One thread; one that has ended meanwhile is no error. */
int thread_set_affinity(pid_t thread, const struct cpuset *cpus, struct verror *err);

/* What a thread has used, where it ran last and may run; -1: it is gone. */
struct thread_facts {
    uint64_t cpu_time; /* ns */
    int cpu;
    struct cpuset cpus;
};
int thread_facts_read(const struct guest *guest, pid_t thread, struct thread_facts *ret_facts);

/* Of the whole process, ns; -1 with err. */
int guest_cpu_times(const struct guest *guest, uint64_t *ret_user, uint64_t *ret_system,
                    struct verror *err);

#endif
