/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's screen over a socket that goes to QEMU, or comes from it.  Any thread. */

#include "internal.h"

#include <errno.h>
#include <sys/stat.h>

/* Both ends must: between them may be ssh. */
static int check_passes_fds(virConnectPtr conn)
{
    const remote_int_args args = { .value = REMOTE_FEATURE_FD_PASSING };
    int passes = conn_call_int(conn, REMOTE_PROC_CONNECT_SUPPORTS_FEATURE, XDR_OF(remote_int_args),
                               &args);

    if (passes < 0)
        return -1;
    if (passes > 0 && channel_passes_fds(conn->channel))
        return 0;
    return error_raise(VIR_ERR_ARGUMENT_UNSUPPORTED, VIR_FROM_DOMAIN,
                       "argument unsupported: file descriptors cannot be passed over this "
                       "connection, so not by %s", error_api());
}

static int check_socket(int fd)
{
    struct stat st;

    if (fd < 0)
        return error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
                           "invalid argument: fd in %s must not be negative", error_api());
    if (fstat(fd, &st) < 0)
        return error_raise_errno(VIR_FROM_DOMAIN, errno, "cannot use the file descriptor %d", fd);
    if (S_ISSOCK(st.st_mode))
        return 0;
    return error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
                       "invalid argument: fd %d in %s must be a socket", fd, error_api());
}

static int open_graphics(virDomainPtr dom, int procedure, unsigned int idx, unsigned int flags,
                         struct channel_fds *fds)
{
    const remote_domain_graphics_args args = {
        .domain = domain_wire(dom), .index = idx, .flags = flags,
    };

    if (check_passes_fds(dom->object.conn) < 0)
        return -1;
    return conn_call_fds(dom->object.conn, procedure, XDR_OF(remote_domain_graphics_args), &args,
                         fds);
}

int virDomainOpenGraphics(virDomainPtr dom, unsigned int idx, int fd, unsigned int flags)
{
    struct channel_fds fds = { .out = fd, .in = -1 };

    if (!domain_enter(dom) || check_socket(fd) < 0)
        return -1;
    return open_graphics(dom, REMOTE_PROC_DOMAIN_OPEN_GRAPHICS, idx, flags, &fds);
}

int virDomainOpenGraphicsFD(virDomainPtr dom, unsigned int idx, unsigned int flags)
{
    struct channel_fds fds = { .out = -1, .in = -1 };

    if (!domain_enter(dom) ||
        open_graphics(dom, REMOTE_PROC_DOMAIN_OPEN_GRAPHICS_FD, idx, flags, &fds) < 0)
        return -1;
    if (fds.in < 0)
        return error_raise(VIR_ERR_RPC, VIR_FROM_RPC,
                           "the daemon's answer to %s came without a file descriptor",
                           error_api());
    return fds.in;
}
