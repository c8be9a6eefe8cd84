/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The vCPUs of a definition one by one: <vcpu current> and <vcpus>.  Any thread.
 */
#ifndef VIRTJOBD_DOMAIN_VCPUS_H
#define VIRTJOBD_DOMAIN_VCPUS_H

#include "util/cpuset.h"
#include "xml/domain_def.h"
#include "xml/xml_tree.h"

struct vcpu {
    bool on, hotpluggable;
    unsigned int order; /* in which those that are on came; 0: not said */
};

struct vcpus {
    struct vcpu *items;
    unsigned int n;
    bool listed; /* one by one: else the first ones are on */
};

/* Freed with clear; -1 with err, also where the first one is not on and so on. */
int vcpus_read(xmlNodePtr domain, struct vcpus *ret_vcpus, struct verror *err);
void vcpus_clear(struct vcpus *vcpus);
void vcpus_write(xmlNodePtr domain, const struct vcpus *vcpus);
unsigned int vcpus_count(const struct vcpus *vcpus); /* those that are on */
/* Those that QEMU starts with: the first ones, which can never be taken out. */
unsigned int vcpus_at_start(const struct vcpus *vcpus);
/* So many are on from now on, as libvirt chooses them. */
void vcpus_set_count(struct vcpus *vcpus, unsigned int count, bool hotpluggable);

/* What is listed is listed completely, and counted; -1 with err. */
int vcpus_complete(xmlNodePtr domain, struct verror *err);

/* A definition whose next start has these on or off; NULL with err. */
struct domain_def *domain_def_set_vcpu(const struct domain_def *def, const struct cpuset *which,
                                       bool on, struct verror *err);
/* A live one in which that one has come to the others; NULL with err. */
struct domain_def *domain_def_plug_vcpu(const struct domain_def *def, unsigned int which,
                                        struct verror *err);

#endif
