/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vCPUs plugged in by QMP; see guest_vcpus.h.  Workers. */

#include "hypervisor/qemu/guest_vcpus.h"

#include <string.h>

#include "hypervisor/qemu/guest.h"
#include "hypervisor/qemu/guest_threads.h"
#include "util/alloc.h"
#include "xml/domain_pin.h"
#include "xml/domain_vcpus.h"

enum { ASK_MS = 20000 };

/* --- where one goes --- */

/* By their place in the topology, which is what vCPUs are numbered by. */
static int compare_places(const void *a, const void *b)
{
    static const char *const levels[] = { "socket-id", "die-id", "core-id", "thread-id" };
    const json_t *one = json_object_get(*(json_t *const *)a, "props");
    const json_t *other = json_object_get(*(json_t *const *)b, "props");

    for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
        json_int_t x = json_integer_value(json_object_get(one, levels[i]));
        json_int_t y = json_integer_value(json_object_get(other, levels[i]));

        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

/* NULL: there is none of that number.  Borrowed of the list. */
static json_t *find_place(json_t *list, unsigned int which)
{
    size_t n = json_array_size(list);
    _cleanup_free_ json_t **places = xcalloc(n + 1, sizeof(*places));

    for (size_t i = 0; i < n; i++)
        places[i] = json_array_get(list, i);
    qsort(places, n, sizeof(*places), compare_places);
    return which < n ? places[which] : NULL;
}

static json_t *device_of(const json_t *place, unsigned int which)
{
    const char *type = json_string_value(json_object_get(place, "type"));
    json_t *device = json_pack("{s:s, s:o}", "driver", type ? type : "", "id",
                               json_sprintf("vcpu%u", which));

    json_object_update(device, json_object_get(place, "props"));
    return device;
}

int guest_plug_vcpu(const struct guest *guest, unsigned int which, struct job_ctl *ctl,
                    struct verror *err)
{
    json_t *list = NULL, *place;
    int r;

    if (monitor_call(guest->monitor, "query-hotpluggable-cpus", NULL, -1, ctl, ASK_MS, &list,
                     err) < 0)
        return -1;
    place = find_place(list, which);
    if (place && json_integer_value(json_object_get(place, "vcpus-count")) == 1)
        r = monitor_call(guest->monitor, "device_add", device_of(place, which), -1, ctl, ASK_MS,
                         NULL, err);
    else
        r = verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED, "vCPU '%u' can't be hotplugged", which);
    json_decref(list);
    return r;
}

/* --- its thread --- */

static int pin_thread(const struct vcpu_threads *threads, unsigned int which,
                      const struct domain_pins *pins, struct verror *err)
{
    const struct cpuset *cpus = domain_pins_of_vcpu(pins, which);
    struct cpuset anywhere;

    if (which >= threads->count || threads->ids[which] == 0 || threads->shared)
        return 0; /* its thread is another's, too */
    memset(anywhere.bits, 0xff, sizeof(anywhere.bits));
    return thread_set_affinity(threads->ids[which], cpus ? cpus : &anywhere, err);
}

int guest_pin_new_vcpu(const struct guest *guest, unsigned int which, xmlNodePtr domain,
                       struct job_ctl *ctl, struct verror *err)
{
    struct vcpu_threads threads;
    struct domain_pins pins;
    int r = -1;

    if (domain_pins_read(domain, &pins, err) < 0)
        return -1;
    if (vcpu_threads_ask(guest, ctl, &threads, err) == 0) {
        r = pin_thread(&threads, which, &pins, err);
        vcpu_threads_clear(&threads);
    }
    domain_pins_clear(&pins);
    return r;
}

/* --- at a start --- */

/* The next one that is to come after this order; -1: there is none.  Unordered ones come last. */
static int next_one(const struct vcpus *vcpus, const bool *done)
{
    int next = -1;

    for (unsigned int i = 0; i < vcpus->n; i++) {
        const struct vcpu *vcpu = &vcpus->items[i];

        if (!vcpu->on || !vcpu->hotpluggable || done[i])
            continue;
        if (next < 0 || vcpu->order - 1 < vcpus->items[next].order - 1) /* 0 wraps to the end */
            next = (int)i;
    }
    return next;
}

int guest_plug_vcpus(const struct guest *guest, xmlNodePtr domain, struct job_ctl *ctl,
                     struct verror *err)
{
    _cleanup_free_ bool *done = NULL;
    struct vcpus vcpus;
    int next, r = 0;

    if (vcpus_read(domain, &vcpus, err) < 0)
        return -1;
    done = xcalloc(vcpus.n + 1, sizeof(*done));
    while (r == 0 && (next = next_one(&vcpus, done)) >= 0) {
        done[next] = true;
        r = guest_plug_vcpu(guest, (unsigned int)next, ctl, err);
    }
    vcpus_clear(&vcpus);
    return r;
}
