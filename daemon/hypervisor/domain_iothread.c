/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * I/O threads of a domain: one more, one less, where it may run and how it
 * works, live, in the definition, or both.  Functions of a kind run where job.h says.
 */

#include <libvirtjob/types.h>
#include <string.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/guest_iothreads.h"
#include "util/alloc.h"
#include "xml/domain_iothreads.h"
#include "xml/domain_pin.h"

static int iothread_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;

    if (spec_pick_defs(spec, err) < 0)
        return -1;
    return spec->live ? spec_take_up_guest(spec, err) : 0;
}

static unsigned int id_of(const struct domain_spec *spec)
{
    return (unsigned int)spec->number;
}

/* Both definitions by one function, before QEMU is told anything. */
static int make_defs(struct domain_spec *spec,
                     struct domain_def *(*make)(const struct domain_def *def,
                                                const struct domain_spec *spec,
                                                struct verror *err),
                     struct verror *err)
{
    if (spec->live && !(spec->new_live = make(spec->live, spec, err)))
        return -1;
    if (spec->def && !(spec->new_config = make(spec->def, spec, err)))
        return -1;
    return 0;
}

/* What pins say of it in the live definition: a new one begins where the vCPUs' own set says. */
static int pin_new(const struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(spec->new_live);
    struct domain_pins pins;
    int r;

    if (domain_pins_read(xmlDocGetRootElement(doc), &pins, err) < 0)
        return -1;
    r = guest_pin_iothread(spec->guest, id_of(spec), domain_pins_of_iothread(&pins, id_of(spec)),
                           ctl, err);
    domain_pins_clear(&pins);
    return r;
}

/* --- one more, one less --- */

static struct domain_def *with_thread(const struct domain_def *def, const struct domain_spec *spec,
                                      struct verror *err)
{
    return domain_def_add_iothread(def, id_of(spec), err);
}

static int add_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;

    (void)job_id;
    if (make_defs(spec, with_thread, err) < 0)
        return -1;
    if (!spec->live)
        return 0;
    if (guest_add_iothread(spec->guest, id_of(spec), ctl, err) < 0)
        return -1;
    if (pin_new(spec, ctl, err) == 0)
        return 0;
    (void)guest_del_iothread(spec->guest, id_of(spec), NULL, NULL); /* err says what matters */
    return -1;
}

static struct domain_def *without_thread(const struct domain_def *def,
                                         const struct domain_spec *spec, struct verror *err)
{
    return domain_def_del_iothread(def, id_of(spec), err);
}

static int del_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;

    (void)job_id;
    if (make_defs(spec, without_thread, err) < 0)
        return -1;
    return spec->live ? guest_del_iothread(spec->guest, id_of(spec), ctl, err) : 0;
}

/* --- where it may run --- */

static struct domain_def *with_pin(const struct domain_def *def, const struct domain_spec *spec,
                                   struct verror *err)
{
    return domain_def_set_iothread_pin(def, id_of(spec), spec->cpus, err);
}

static int pin_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct cpuset cpus;

    (void)job_id;
    if (make_defs(spec, with_pin, err) < 0)
        return -1;
    if (!spec->live)
        return 0;
    (void)cpuset_parse(spec->cpus, &cpus); /* made of a set that is not empty */
    return guest_pin_iothread(spec->guest, id_of(spec), &cpus, ctl, err);
}

static void pin_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;
    const struct domain *domain = spec_domain(spec);
    _cleanup_free_ char *name = xasprintf("cputune.iothreadpin%u", id_of(spec));
    json_t *params;

    spec_change_ended(spec, done);
    if (!done || !domain || !spec->live)
        return;
    params = json_pack("{s:s}", name, spec->cpus);
    domain_tell(domain, &(struct domain_event){ DOMAIN_EVENT_TUNABLE, .params = params });
    json_decref(params);
}

/* --- how it works --- */

/* -1: not given. */
static int given(const struct domain_spec *spec, const char *name)
{
    const json_t *value = json_object_get(spec->arguments, name);

    return value ? (int)json_integer_value(value) : -1;
}

static struct domain_def *with_params(const struct domain_def *def, const struct domain_spec *spec,
                                      struct verror *err)
{
    const struct iothread thread = {
        .id = id_of(spec),
        .pool_min = given(spec, "thread_pool_min"),
        .pool_max = given(spec, "thread_pool_max"),
    };

    return domain_def_set_iothread(def, &thread, err);
}

/* Names of parameters have "_" where QEMU's properties have "-"; QEMU looks at one by one. */
static int set_live(const struct domain_spec *spec, const char *name, struct job_ctl *ctl,
                    struct verror *err)
{
    json_t *value = json_object_get(spec->arguments, name);
    _cleanup_free_ char *property = xstrdup(name);

    for (char *p = property; (p = strchr(p, '_')); p++)
        *p = '-';
    return value ? guest_set_iothread(spec->guest, id_of(spec), property, value, ctl, err) : 0;
}

/* At no time may the least be above the most: the one that makes room goes first. */
static int set_pool(const struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    bool up = given(spec, "thread_pool_max") > 0;
    const char *first = up ? "thread_pool_max" : "thread_pool_min";
    const char *second = up ? "thread_pool_min" : "thread_pool_max";
    _cleanup_verror_ struct verror ignored = VERROR_INIT;

    if (set_live(spec, first, ctl, &ignored) == 0)
        return set_live(spec, second, ctl, err);
    if (set_live(spec, second, ctl, err) < 0)
        return -1;
    return set_live(spec, first, ctl, err);
}

static int set_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    static const char *const names[] = { "poll_max_ns", "poll_grow", "poll_shrink" };
    struct domain_spec *spec = opaque;

    (void)job_id;
    if (make_defs(spec, with_params, err) < 0)
        return -1;
    for (size_t i = 0; spec->live && i < ARRAY_SIZE(names); i++) {
        if (set_live(spec, names[i], ctl, err) < 0)
            return -1;
    }
    return spec->live ? set_pool(spec, ctl, err) : 0;
}

#define IOTHREAD_KIND(word, run_fn, ended_fn)                                                      \
    .name = word, .lane = LANE_CONTROL, .locks = domain_locks, .check = iothread_check,            \
    .run = run_fn, .commit = spec_change_commit, .ended = ended_fn, DOMAIN_SPEC_FUNCTIONS

const struct job_kind domain_job_add_iothread = {
    IOTHREAD_KIND("domain-add-iothread", add_run, spec_change_ended),
};
const struct job_kind domain_job_del_iothread = {
    IOTHREAD_KIND("domain-del-iothread", del_run, spec_change_ended),
};
const struct job_kind domain_job_pin_iothread = {
    IOTHREAD_KIND("domain-pin-iothread", pin_run, pin_ended),
};
const struct job_kind domain_job_set_iothread = {
    IOTHREAD_KIND("domain-set-iothread", set_run, spec_change_ended),
};
