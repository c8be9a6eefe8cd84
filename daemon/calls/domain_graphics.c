/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's screen for a client that brings a socket, or gets one: QEMU takes
 * it as one more client of its VNC server, and the daemon has no more to do
 * with it.  Loop thread, but for work.
 */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "calls/domain_call.h"
#include "hypervisor/qemu/guest.h"
#include "protocol/remote.h"
#include "util/alloc.h"
#include "util/closer.h"
#include "xml/xml_tree.h"

enum { ANSWER_MS = 10000 };

struct graphics_input {
    struct guest *guest;
    struct monitor *monitor;
    struct domain_def *def;
    unsigned int index;
    bool skip_auth;
    int fd;     /* QEMU's end */
    char *name; /* under which QEMU gets it, for this call alone */
};

static void free_input(void *opaque)
{
    struct graphics_input *input = opaque;

    domain_def_unref(input->def);
    monitor_unref(input->monitor);
    guest_unref(input->guest);
    close_later(input->fd); /* it may be a client's */
    free(input->name);
    free(input);
}

/* --- worker --- */

/* What QEMU is to take the socket for, a new string; NULL with err. */
static char *find_protocol(const struct graphics_input *input, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(input->def);
    xmlNodePtr devices = xml_child(xmlDocGetRootElement(doc), "devices");
    xmlNodePtr node = xml_first(devices, "graphics");
    _cleanup_free_ char *type = NULL;

    for (unsigned int i = 0; node && i < input->index; i++)
        node = xml_next(node, "graphics");
    type = node ? xml_attribute(node, "type") : NULL;
    if (!node)
        verror_set(err, VIR_ERR_INTERNAL_ERROR, "No graphics backend with index %u", input->index);
    else if (!type || (strcmp(type, "vnc") != 0 && strcmp(type, "spice") != 0))
        verror_set(err, VIR_ERR_INTERNAL_ERROR,
                   "Can only open VNC or SPICE graphics backends, not %s", type ? type : "others");
    else
        return STEAL_PTR(type);
    return NULL;
}

static int give_to_qemu(void *opaque, struct verror *err)
{
    struct graphics_input *input = opaque;
    _cleanup_free_ char *protocol = find_protocol(input, err);
    struct verror ignored = VERROR_INIT;

    if (!protocol ||
        monitor_call(input->monitor, "getfd", json_pack("{s:s}", "fdname", input->name), input->fd,
                     NULL, ANSWER_MS, NULL, err) < 0)
        return -1;
    if (monitor_call(input->monitor, "add_client",
                     json_pack("{s:s, s:s, s:b}", "protocol", protocol, "fdname", input->name,
                               "skipauth", input->skip_auth),
                     -1, NULL, ANSWER_MS, NULL, err) == 0)
        return 0;
    if (err->code == VIR_ERR_OPERATION_TIMEOUT)
        return -1; /* nor would it answer this */
    /* mostly it has been closed already */
    (void)monitor_call(input->monitor, "closefd", json_pack("{s:s}", "fdname", input->name), -1,
                       NULL, ANSWER_MS, NULL, &ignored);
    verror_clear(&ignored);
    return -1;
}

/* --- the calls: loop --- */

static void given(struct call *call, void *opaque)
{
    (void)opaque;
    call_reply(call);
}

/* fd: QEMU's end, where all is well; the caller's otherwise. */
static int open_graphics(struct call *call, int fd, struct guest *guest)
{
    const struct remote_domain_graphics_args *args = call->args;
    struct offload offload = {
        .free_input = free_input,
        .work = give_to_qemu,
        .then = given,
    };
    struct graphics_input *input = XNEW(struct graphics_input);

    *input = (struct graphics_input){
        .guest = guest_ref(guest),
        .monitor = monitor_ref(guest->monitor),
        .def = domain_def_ref(guest->def),
        .index = args->index,
        .skip_auth = args->flags & VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH,
        .fd = fd,
        .name = xasprintf("graphics-%llu-%u", (unsigned long long)client_id(call->client),
                          call->header.serial),
    };
    offload.input = input;
    offload.key = guest->uuid;
    call_offload(call, &offload);
    return CALL_PENDING;
}

/* The guest whose screen it is, if it can be asked; NULL with call->err. */
static struct guest *check_args(struct call *call)
{
    const struct remote_domain_graphics_args *args = call->args;
    const struct domain *domain;

    if (call_check_flags(call, args->flags, VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH) < 0 ||
        !(domain = call_domain(call, &args->domain)))
        return NULL;
    return call_ready_guest(call, domain);
}

/* The client's own socket. */
static int take_socket(struct call *call)
{
    struct guest *guest = check_args(call);
    socklen_t len = sizeof(int);
    int type;

    if (!guest)
        return -1;
    if (call->nfds != 1)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "a file descriptor is needed in function %s", call->proc->api);
    if (getsockopt(call->fds[0], SOL_SOCKET, SO_TYPE, &type, &len) < 0)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "the file descriptor in %s must be a socket", call->proc->api);
    return open_graphics(call, steal_fd(&call->fds[0]), guest);
}

static int make_socket(struct call *call)
{
    struct guest *guest = check_args(call);
    int pair[2];

    if (!guest)
        return -1;
    if (!client_passes_fds(call->client))
        return verror_set(&call->err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "file descriptors can be passed over a unix socket only, so not by %s",
                          call->proc->api);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return verror_errno(&call->err, errno, "cannot make a pair of sockets");
    call->ret_fd = pair[0];
    return open_graphics(call, pair[1], guest);
}

#define ROW(num, fn, handle, ...)                                                                \
    { .number = REMOTE_PROC_##num, .api = fn, .access = ACCESS_WRITE, .class = CLASS_CHANGE,     \
      .error_domain = VIR_FROM_QEMU, PROC_ON(DOMAIN, DATA), PROC_ARGS(remote_domain_graphics_args), \
      .handler = handle, __VA_ARGS__ }

static const struct proc procs[] = {
    ROW(DOMAIN_OPEN_GRAPHICS, "virDomainOpenGraphics", take_socket, .max_fds = 1),
    ROW(DOMAIN_OPEN_GRAPHICS_FD, "virDomainOpenGraphicsFD", make_socket, .max_fds = 0),
};

const struct proc_table calls_domain_graphics = { procs, ARRAY_SIZE(procs) };
