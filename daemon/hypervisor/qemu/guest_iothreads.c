/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* I/O threads of a guest by QMP and the scheduler; see guest_iothreads.h.  Workers. */

#include "hypervisor/qemu/guest_iothreads.h"

#include <limits.h>
#include <string.h>

#include "hypervisor/qemu/guest.h"
#include "hypervisor/qemu/guest_threads.h"
#include "util/alloc.h"
#include "xml/domain_pin.h"
#include "xml/xml_read.h"

enum { ASK_MS = 20000 };

static const char prefix[] = "iothread";

static void take(struct io_threads *threads, json_t *item)
{
    const char *name = json_string_value(json_object_get(item, "id"));
    json_int_t thread = json_integer_value(json_object_get(item, "thread-id"));
    uint64_t id;

    if (!name || strncmp(name, prefix, strlen(prefix)) != 0 || thread <= 0 || thread > INT_MAX ||
        !xml_parse_number(name + strlen(prefix), 10, &id) || id > UINT_MAX)
        return;
    threads->items = xrealloc(threads->items, threads->n + 1, sizeof(*threads->items));
    threads->items[threads->n++] = (struct io_thread){ (unsigned int)id, (pid_t)thread };
}

int io_threads_ask(const struct guest *guest, struct job_ctl *ctl, struct io_threads *ret_threads,
                   struct verror *err)
{
    struct io_threads threads = { 0 };
    json_t *value = NULL, *item;
    size_t i;

    if (monitor_call(guest->monitor, "query-iothreads", NULL, -1, ctl, ASK_MS, &value, err) < 0)
        return -1;
    json_array_foreach (value, i, item)
        take(&threads, item);
    json_decref(value);
    *ret_threads = threads;
    return 0;
}

void io_threads_clear(struct io_threads *threads)
{
    free(threads->items);
    *threads = (struct io_threads){ 0 };
}

int guest_add_iothread(const struct guest *guest, unsigned int id, struct job_ctl *ctl,
                       struct verror *err)
{
    json_t *args = json_pack("{s:s, s:o}", "qom-type", "iothread", "id",
                             json_sprintf("%s%u", prefix, id));

    return monitor_call(guest->monitor, "object-add", args, -1, ctl, ASK_MS, NULL, err);
}

int guest_del_iothread(const struct guest *guest, unsigned int id, struct job_ctl *ctl,
                       struct verror *err)
{
    json_t *args = json_pack("{s:o}", "id", json_sprintf("%s%u", prefix, id));

    return monitor_call(guest->monitor, "object-del", args, -1, ctl, ASK_MS, NULL, err);
}

int guest_set_iothread(const struct guest *guest, unsigned int id, const char *property,
                       json_t *value, struct job_ctl *ctl, struct verror *err)
{
    json_t *args = json_pack("{s:o, s:s, s:O}", "path",
                             json_sprintf("/objects/%s%u", prefix, id), "property", property,
                             "value", value);

    return monitor_call(guest->monitor, "qom-set", args, -1, ctl, ASK_MS, NULL, err);
}

static const struct cpuset *or_anywhere(const struct cpuset *cpus, struct cpuset *anywhere)
{
    memset(anywhere->bits, 0xff, sizeof(anywhere->bits));
    return cpus ? cpus : anywhere;
}

int guest_pin_iothread(const struct guest *guest, unsigned int id, const struct cpuset *cpus,
                       struct job_ctl *ctl, struct verror *err)
{
    struct cpuset anywhere;
    struct io_threads threads;
    pid_t thread = 0;

    if (io_threads_ask(guest, ctl, &threads, err) < 0)
        return -1;
    for (size_t i = 0; i < threads.n; i++) {
        if (threads.items[i].id == id)
            thread = threads.items[i].thread;
    }
    io_threads_clear(&threads);
    if (!thread)
        return verror_set(err, VIR_ERR_INVALID_ARG, "iothread %u not found", id);
    return thread_set_affinity(thread, or_anywhere(cpus, &anywhere), err);
}

int guest_apply_iothread_pins(const struct guest *guest, const struct domain_pins *pins,
                              struct job_ctl *ctl, struct verror *err)
{
    struct io_threads threads;
    int r = 0;

    if (!pins->has_all && pins->niothreads == 0)
        return 0;
    if (io_threads_ask(guest, ctl, &threads, err) < 0)
        return -1;
    for (size_t i = 0; r == 0 && i < threads.n; i++) {
        const struct cpuset *cpus = domain_pins_of_iothread(pins, threads.items[i].id);

        if (cpus)
            r = thread_set_affinity(threads.items[i].thread, cpus, err);
    }
    io_threads_clear(&threads);
    return r;
}
