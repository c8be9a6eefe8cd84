/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a domain's threads may run: <vcpu cpuset>, <vcpupin>, <emulatorpin> and
 * <iothreadpin> of <cputune>.  Any thread.
 */
#ifndef VIRTJOBD_DOMAIN_PIN_H
#define VIRTJOBD_DOMAIN_PIN_H

#include "util/cpuset.h"
#include "xml/domain_def.h"

struct vcpu_pin {
    unsigned int vcpu;
    struct cpuset cpus;
};

struct domain_pins {
    bool has_all, has_emulator;
    struct cpuset all; /* of what has no pin of its own */
    struct cpuset emulator;
    struct vcpu_pin *vcpus;
    size_t nvcpus;
    struct vcpu_pin *iothreads; /* by their ids */
    size_t niothreads;
};

/* Pins of vCPUs that it has not are left out, as libvirt does.  -1 with err, VIR_ERR_XML_ERROR. */
int domain_pins_read(xmlNodePtr domain, struct domain_pins *ret_pins, struct verror *err);
void domain_pins_clear(struct domain_pins *pins);
/* NULL: anywhere. */
const struct cpuset *domain_pins_of_vcpu(const struct domain_pins *pins, unsigned int vcpu);
const struct cpuset *domain_pins_of_emulator(const struct domain_pins *pins);
const struct cpuset *domain_pins_of_iothread(const struct domain_pins *pins, unsigned int id);

enum { PIN_EMULATOR = -1 };
/* A definition with that vCPU, or the emulator, there; NULL with err. */
struct domain_def *domain_def_set_pin(const struct domain_def *def, int vcpu, const char *cpus,
                                      struct verror *err);
/* The same of an I/O thread, which must be there. */
struct domain_def *domain_def_set_iothread_pin(const struct domain_def *def, unsigned int id,
                                               const char *cpus, struct verror *err);

#endif
