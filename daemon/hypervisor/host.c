/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The numbers clients ask of a host; see host.h.  Any thread, no state. */

#include "hypervisor/host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>

int host_get_info(const char *root, struct host_info *ret_info, struct verror *err)
{
    struct host_topology topology;
    struct host_info info = { 0 };
    struct host_cpu_info cpu;
    struct utsname host;

    if (uname(&host) < 0)
        return verror_errno(err, errno, "cannot tell what machine this is");
    if (host_topology_read(root, &topology, err) < 0)
        return -1;
    host_topology_count(&topology, &info);
    for (size_t i = 0; i < topology.ncells; i++)
        info.memory_kib += topology.cells[i].memory / 1024;
    host_topology_clear(&topology);
    host_cpu_info_read(root, &cpu);
    info.mhz = cpu.mhz;
    host_cpu_info_clear(&cpu);
    (void)snprintf(info.model, sizeof(info.model), "%.*s", (int)sizeof(info.model) - 1,
                   host.machine);
    *ret_info = info;
    return 0;
}

int host_get_free_memory(const char *root, uint64_t *ret_bytes, struct verror *err)
{
    struct host_topology topology;
    uint64_t bytes = 0;

    if (host_topology_read(root, &topology, err) < 0)
        return -1;
    for (size_t i = 0; i < topology.ncells; i++)
        bytes += topology.cells[i].free;
    host_topology_clear(&topology);
    *ret_bytes = bytes;
    return 0;
}

/* Cells may be numbered with gaps: what is not there has nothing free. */
int host_get_cells_free(const char *root, int start, int max, uint64_t *ret_bytes,
                        struct verror *err)
{
    struct host_topology topology;
    unsigned int last = 0;
    int count = 0;

    if (host_topology_read(root, &topology, err) < 0)
        return -1;
    for (size_t i = 0; i < topology.ncells; i++)
        last = topology.cells[i].id > last ? topology.cells[i].id : last;
    if (start < 0 || (unsigned int)start > last || max <= 0) {
        host_topology_clear(&topology);
        return verror_set(err, VIR_ERR_INVALID_ARG, "start cell %d out of range (0-%u)", start,
                          last);
    }
    for (; count < max && (unsigned int)(start + count) <= last; count++) {
        ret_bytes[count] = 0;
        for (size_t i = 0; i < topology.ncells; i++) {
            if (topology.cells[i].id == (unsigned int)(start + count))
                ret_bytes[count] = topology.cells[i].free;
        }
    }
    host_topology_clear(&topology);
    return count;
}

/* Of TCG: what the usual machine types of QEMU take, whose own numbers are in the capabilities. */
enum { TCG_MAX_VCPUS = 255 };

static int kvm_max_vcpus(struct verror *err)
{
    _cleanup_close_ int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    int max;

    if (fd < 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "KVM cannot be used: cannot open '/dev/kvm': %s", strerror(errno));
    max = ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);
    if (max <= 0)
        max = ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_NR_VCPUS);
    return max > 0 ? max : 4; /* what the kernel's manual says of one that has neither */
}

int host_get_max_vcpus(const char *type, struct verror *err)
{
    if (!type || strcasecmp(type, "qemu") == 0)
        return TCG_MAX_VCPUS;
    if (strcasecmp(type, "kvm") == 0)
        return kvm_max_vcpus(err);
    return verror_set(err, VIR_ERR_INVALID_ARG, "unknown type '%s'", type);
}
