/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads of a guest's QEMU, by QMP, /proc and the scheduler; see guest_threads.h.  Workers. */

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "hypervisor/host_files.h"
#include "hypervisor/qemu/guest.h"
#include "hypervisor/qemu/guest_threads.h"
#include "util/alloc.h"
#include "xml/domain_pin.h"

enum { ASK_MS = 20000, VCPUS_MAX = 1 << 14 };

/* --- which there are --- */

static void take_thread(struct vcpu_threads *threads, json_t *cpu)
{
    json_int_t index = json_integer_value(json_object_get(cpu, "cpu-index"));
    json_int_t id = json_integer_value(json_object_get(cpu, "thread-id"));

    if (index < 0 || index >= VCPUS_MAX || id <= 0)
        return;
    if ((size_t)index >= threads->count) {
        threads->ids = xrealloc(threads->ids, (size_t)index + 1, sizeof(*threads->ids));
        memset(threads->ids + threads->count, 0,
               ((size_t)index + 1 - threads->count) * sizeof(*threads->ids));
        threads->count = (size_t)index + 1;
    }
    for (size_t i = 0; i < threads->count; i++)
        threads->shared |= threads->ids[i] == (pid_t)id;
    threads->ids[index] = (pid_t)id;
}

int vcpu_threads_ask(const struct guest *guest, struct job_ctl *ctl, struct vcpu_threads *ret,
                     struct verror *err)
{
    struct vcpu_threads threads = { 0 };
    json_t *value = NULL, *cpu;
    size_t i;

    if (monitor_call(guest->monitor, "query-cpus-fast", NULL, -1, ctl, ASK_MS, &value, err) < 0)
        return -1;
    json_array_foreach (value, i, cpu)
        take_thread(&threads, cpu);
    json_decref(value);
    *ret = threads;
    return 0;
}

void vcpu_threads_clear(struct vcpu_threads *threads)
{
    free(threads->ids);
    *threads = (struct vcpu_threads){ 0 };
}

/* --- where they may run --- */

int thread_set_affinity(pid_t thread, const struct cpuset *cpus, struct verror *err)
{
    size_t size = CPU_ALLOC_SIZE(CPUSET_MAX);
    _cleanup_free_ cpu_set_t *set = xcalloc(1, size);
    _cleanup_free_ char *text = NULL;

    for (unsigned int cpu = 0; cpu < CPUSET_MAX; cpu++) {
        if (cpuset_has(cpus, cpu))
            CPU_SET_S(cpu, size, set);
    }
    if (sched_setaffinity(thread, size, set) == 0)
        return 0;
    if (errno == ESRCH) /* ended meanwhile */
        return 0;
    text = cpuset_format(cpus);
    return verror_errno(err, errno, "cannot have thread %d run on CPUs %s", (int)thread, text);
}

int vcpu_threads_pin(const struct vcpu_threads *threads, unsigned int vcpu,
                     const struct cpuset *cpus, struct verror *err)
{
    if (threads->shared)
        return verror_set(err, VIR_ERR_OPERATION_INVALID,
                          "cpu affinity is not supported: one thread of QEMU runs all vCPUs");
    if (vcpu >= threads->count || threads->ids[vcpu] == 0)
        return verror_set(err, VIR_ERR_INVALID_ARG, "vcpu %u is not online", vcpu);
    return thread_set_affinity(threads->ids[vcpu], cpus, err);
}

static bool is_vcpu(const struct vcpu_threads *threads, pid_t thread)
{
    for (size_t i = 0; i < threads->count; i++) {
        if (threads->ids[i] == thread)
            return true;
    }
    return false;
}

/* QEMU names them so; they have pins of their own. */
static bool is_iothread(const struct guest *guest, pid_t thread)
{
    _cleanup_free_ char *name =
        host_file_read("/proc/%d/task/%d/comm", (int)guest->process.pid, (int)thread);

    return name && strncmp(name, "IO iothread", strlen("IO iothread")) == 0;
}

int vcpu_threads_pin_others(const struct vcpu_threads *threads, const struct guest *guest,
                            const struct cpuset *cpus, struct verror *err)
{
    _cleanup_free_ char *path = xasprintf("/proc/%d/task", (int)guest->process.pid);
    DIR *dir = opendir(path);
    const struct dirent *entry;
    int r = 0;

    if (!dir)
        return verror_errno(err, errno, "cannot list the threads of QEMU");
    while (r == 0 && (entry = readdir(dir))) {
        pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);

        if (thread > 0 && !is_vcpu(threads, thread) && !is_iothread(guest, thread))
            r = thread_set_affinity(thread, cpus, err);
    }
    (void)closedir(dir); /* only read */
    return r;
}

/* One thread for all vCPUs can only be where all pins agree that it may: the domain's own. */
static int apply_vcpus(const struct vcpu_threads *threads, const struct domain_pins *pins,
                       struct verror *err)
{
    for (size_t i = 0; i < threads->count; i++) {
        const struct cpuset *cpus = domain_pins_of_vcpu(pins, (unsigned int)i);

        if (!cpus || threads->ids[i] == 0)
            continue;
        if (cpus == &pins->all ? thread_set_affinity(threads->ids[i], cpus, err) < 0
                               : vcpu_threads_pin(threads, (unsigned int)i, cpus, err) < 0)
            return -1;
    }
    return 0;
}

int guest_apply_pins(const struct guest *guest, const struct domain_pins *pins,
                     struct job_ctl *ctl, struct verror *err)
{
    const struct cpuset *emulator = domain_pins_of_emulator(pins);
    struct vcpu_threads threads;
    int r = 0;

    if (!emulator && pins->nvcpus == 0)
        return 0;
    if (vcpu_threads_ask(guest, ctl, &threads, err) < 0)
        return -1;
    if (emulator)
        r = vcpu_threads_pin_others(&threads, guest, emulator, err);
    if (r == 0)
        r = apply_vcpus(&threads, pins, err);
    vcpu_threads_clear(&threads);
    return r;
}

/* --- what they have used --- */

/* Fields behind the name, which may have blanks and brackets in it: the third of stat(5) on. */
static char *read_stat(const char *path)
{
    char *text = host_file_read("%s", path), *end = text ? strrchr(text, ')') : NULL;

    if (!end) {
        free(text);
        return NULL;
    }
    memmove(text, end + 1, strlen(end + 1) + 1);
    return text;
}

/* utime and stime are the 14th and 15th, processor is the 39th. */
static int parse_stat(const char *fields, uint64_t *ret_user, uint64_t *ret_system, int *ret_cpu)
{
    uint64_t tick = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK), user, system;
    int cpu;

    if (sscanf(fields,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
               " %*d %*d %*d %*d %*d %*d %*u %*u %*d %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u"
               " %*u %*u %*d %d",
               &user, &system, &cpu) != 3)
        return -1;
    *ret_user = user * tick;
    *ret_system = system * tick;
    *ret_cpu = cpu;
    return 0;
}

static void get_affinity(pid_t thread, struct cpuset *ret_cpus)
{
    size_t size = CPU_ALLOC_SIZE(CPUSET_MAX);
    _cleanup_free_ cpu_set_t *set = xcalloc(1, size);

    *ret_cpus = (struct cpuset){ 0 };
    if (sched_getaffinity(thread, size, set) < 0)
        return; /* gone: nowhere */
    for (unsigned int cpu = 0; cpu < CPUSET_MAX; cpu++) {
        if (CPU_ISSET_S(cpu, size, set))
            cpuset_put(ret_cpus, cpu, true);
    }
}

int thread_facts_read(const struct guest *guest, pid_t thread, struct thread_facts *ret_facts)
{
    _cleanup_free_ char *path =
        xasprintf("/proc/%d/task/%d/stat", (int)guest->process.pid, (int)thread);
    _cleanup_free_ char *fields = read_stat(path);
    uint64_t user, system;

    if (!fields || parse_stat(fields, &user, &system, &ret_facts->cpu) < 0)
        return -1;
    ret_facts->cpu_time = user + system;
    get_affinity(thread, &ret_facts->cpus);
    return 0;
}

int guest_cpu_times(const struct guest *guest, uint64_t *ret_user, uint64_t *ret_system,
                    struct verror *err)
{
    _cleanup_free_ char *path = xasprintf("/proc/%d/stat", (int)guest->process.pid);
    _cleanup_free_ char *fields = process_is_alive(&guest->process) ? read_stat(path) : NULL;
    int cpu;

    if (fields && parse_stat(fields, ret_user, ret_system, &cpu) == 0)
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_INVALID, "QEMU has ended");
}
