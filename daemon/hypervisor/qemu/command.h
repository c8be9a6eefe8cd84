/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a live definition (complete.h) to QEMU's command line: JSON -device,
 * -blockdev and -object, ids and order such that a stream saved by libvirt's
 * QEMU driver loads, and the other way round.  Worker.
 */
#ifndef VIRTJOBD_QEMU_COMMAND_H
#define VIRTJOBD_QEMU_COMMAND_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "hypervisor/qemu/caps.h"
#include "hypervisor/qemu/complete.h"
#include "hypervisor/qemu/fd_groups.h"
#include "util/verror.h"
#include "xml/domain_def.h"

/* What only the daemon knows of this start. */
struct command_host {
    const struct qemu_caps *caps;
    const char *guest_dir;    /* of this guest, QEMU's working directory */
    const struct volume_path *volumes; /* see complete.h */
    size_t nvolumes;
    const struct fd_group_list *fd_groups; /* see fd_groups.h; or NULL */
    const char *networks;     /* config, see networks.h */
    const char *vnc_listen;   /* config: address where the XML names none */
    unsigned int vnc_port_min, vnc_port_max;
    int monitor_fd;           /* a bound socket that QEMU listens on; child's number is the same */
    uid_t uid;                /* who QEMU will be, -1 = as the daemon: owner of sockets made here */
    gid_t gid;
    bool incoming;            /* -incoming defer: waits for a restore */
    bool is_session;
    /*
     * Only to be read: nothing is opened, made or reserved, and what would be a descriptor (or,
     * chosen here, a port) is said in another way that QEMU understands.  monitor_fd is -1.
     */
    bool dry;
};

/* What to start.  The descriptors are open until command_clear(), CLOEXEC, and named in argv by
   number. */
struct qemu_command {
    char **argv; /* NULL-terminated */
    size_t argc;
    int *fds;    /* to be inherited under the same numbers: monitor_fd (not owned), taps, sockets */
    size_t nfds;
    size_t nborrowed; /* of fds, so many in front are not ours to close */
    char **env;       /* "NAME=value", beside the daemon's own; NULL or NULL-terminated */
    size_t nenv;
};

/*
 * -1 with err: VIR_ERR_CONFIG_UNSUPPORTED names the device it cannot provide;
 * files that must be there (disks, kernel, initrd) are looked for by the caller.
 * live is changed where a value is decided here: VNC's address and its port, which is reserved
 * where autoport='yes' then stands beside it, and the names of tap devices.  A VNC password
 * (passwd=) is only promised on the command line; the caller sets it over QMP.
 */
int qemu_command_build(const struct command_host *host, xmlDocPtr live,
                       struct qemu_command *ret_command, struct verror *err);
void qemu_command_clear(struct qemu_command *command);

/*
 * Reserves a free VNC port for a guest about to start and gives it back; a mutex inside.
 * command_build uses the first, whoever sees the guest's end the second.
 */
int vnc_port_reserve(unsigned int min, unsigned int max, const char *listen, struct verror *err);
void vnc_port_release(int port);
void vnc_port_mark(int port); /* a guest found at start has it */

#endif
