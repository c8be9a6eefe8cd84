/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the domain half share, under the name of the file that
 * defines it.  Nobody outside daemon/hypervisor/ includes this.
 */
#ifndef VIRTJOBD_HYPERVISOR_INTERNAL_H
#define VIRTJOBD_HYPERVISOR_INTERNAL_H

#include "hypervisor/domain_event.h"
#include "hypervisor/domain_jobs.h"
#include "hypervisor/qemu/guest.h"
#include "hypervisor/qemu/owner.h"

struct event;

struct domains {
    struct daemon *daemon;
    struct domain *by_uuid, *by_name;
    struct monitors *monitors;
    struct agent_desk *agents; /* see qemu/agent_ask.h */
    struct qemu_caps_cache *caps;
    struct owners *owners;
    struct owner_policy policy; /* fixed: workers read it */
    int next_id;
    domain_event_cb *on_event;
    void *on_event_opaque;
    domain_monitor_event_cb *on_monitor_event;
    void *on_monitor_event_opaque;
    /* domains_start */
    unsigned int starting; /* guests that are being looked for */
    struct event *start_timer;
    void (*ready)(void *opaque);
    void *ready_opaque;
};

/* domain_spec.c */
char *domain_spec_save(const void *spec);
void *domain_spec_load(struct daemon *daemon, const char *json, struct verror *err);
/* Of the kinds that make a guest, and of those that write one to a file. */
void *domain_spec_load_start(struct daemon *daemon, const char *json, struct verror *err);
void *domain_spec_load_image(struct daemon *daemon, const char *json, struct verror *err);
/* A definition out of the journal or a snapshot's; NULL with err.  Any thread. */
struct domain_def *spec_def_from_text(const char *xml, struct verror *err);
struct domain *spec_domain(const struct domain_spec *spec); /* NULL: it is gone */
int spec_no_domain(const struct domain_spec *spec, struct verror *err);
void domain_locks(const void *spec, struct lock_hold *hold);     /* the domain */
void domain_disks_locks(const void *spec, struct lock_hold *hold); /* and all its disks */
void domain_new_locks(const void *spec, struct lock_hold *hold); /* and its name */
/* It is there and defined; -1 with err. */
int spec_check_persistent(const struct domain_spec *spec, struct verror *err);
/* The domain runs, and its guest is this spec's from now on; -1 with err. */
int spec_take_guest(struct domain_spec *spec, struct verror *err);
/* The same of one that is not going down. */
int spec_take_up_guest(struct domain_spec *spec, struct verror *err);
/* Name and UUID of spec->def belong to one domain, or to none yet. */
int spec_check_clash(const struct domain_spec *spec, struct verror *err);

/* guest_start.c: the road of a start, for kinds that start a guest and do more */
int guest_start_check(void *spec, struct verror *err);
int guest_start_prepare(void *spec, struct verror *err);
int guest_start_admit(void *spec, struct verror *err);
void guest_start_accepted(void *spec, uint64_t job_id);
int guest_start_run(void *spec, uint64_t job_id, struct job_ctl *ctl, struct verror *err);
int guest_start_decide(void *spec, struct verror *err);
int guest_start_publish(void *spec, uint64_t job_id, struct job_ctl *ctl, struct verror *err);
void guest_start_undo(void *spec, uint64_t job_id);
void guest_start_commit(void *spec, struct store_txn *txn);
void guest_start_ended(void *spec, bool done);
enum job_recovery guest_start_recover(void *spec, uint64_t job_id, const char *checkpoint,
                                      struct verror *err);
/* Loop: where the volumes among the disks of def are, into spec->volumes; -1 with err. */
int spec_find_volumes(struct domain_spec *spec, const struct domain_def *def, struct verror *err);

/* domain_change.c */
/*
 * spec->live and spec->def become the definitions that VIR_DOMAIN_AFFECT_* of spec->flags mean: as
 * libvirt, CURRENT is what it is now.  -1 with err.
 */
int spec_pick_defs(struct domain_spec *spec, struct verror *err);
/* Of a kind: spec->new_config and spec->new_live take their place. */
void spec_change_commit(void *spec, struct store_txn *txn);
void spec_change_ended(void *spec, bool done);

#define DOMAIN_SPEC_FUNCTIONS_WITH(load_fn)                                      \
    .spec_save = domain_spec_save, .spec_load = load_fn, .spec_free = domain_spec_free
#define DOMAIN_SPEC_FUNCTIONS DOMAIN_SPEC_FUNCTIONS_WITH(domain_spec_load)

#endif
