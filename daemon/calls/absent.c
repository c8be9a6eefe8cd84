/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Objects of libvirt's that virtjobd has none of: networks, host interfaces,
 * node devices, network filters, secrets.  Clients that count or list them go on with
 * none, and may register for events that never come; calls that act on one are unknown
 * procedures, which clients take for "not supported".  Loop thread.
 */

#include "calls/domain_call.h"
#include "protocol/remote.h"

enum {
    /* virConnectListAllNetworks(): active, inactive, persistent, transient, autostart, not */
    NETWORK_FLAGS = 0x3f,
    /* virConnectListAllInterfaces(): inactive, active */
    INTERFACE_FLAGS = 0x3,
    /* virConnectListAllSecrets(): ephemeral, not, private, not */
    SECRET_FLAGS = 0xf,
    /* each of these kinds has a lifecycle event and one more */
    EVENTS = 2,
};

/* virConnectListAllNodeDevices(): 22 capabilities, inactive, active */
#define NODE_DEVICE_FLAGS 0xc03fffffU

/* An answer of zeros: a count of 0, or no names. */
static int none(_unused_ struct call *call)
{
    return 0;
}

static int list_none(struct call *call, unsigned int allowed)
{
    const struct remote_list_all_args *args = call->args;

    return call_check_flags(call, args->flags, allowed);
}

static int list_networks(struct call *call)
{
    return list_none(call, NETWORK_FLAGS);
}

static int list_interfaces(struct call *call)
{
    return list_none(call, INTERFACE_FLAGS);
}

static int list_node_devices(struct call *call)
{
    return list_none(call, NODE_DEVICE_FLAGS);
}

static int list_nwfilters(struct call *call)
{
    return list_none(call, 0);
}

static int list_secrets(struct call *call)
{
    return list_none(call, SECRET_FLAGS);
}

static int node_devices_num(struct call *call)
{
    const struct remote_text_opt_flags_args *args = call->args;

    return call_check_flags(call, args->flags, 0);
}

static int node_devices_names(struct call *call)
{
    const struct remote_node_devices_args *args = call->args;

    return call_check_flags(call, args->flags, 0);
}

/* --- of a domain --- */

/* Processes inside a guest are its own: libvirt's QEMU driver has no way to them either. */
static int send_process_signal(struct call *call)
{
    const struct remote_domain_signal_args *args = call->args;

    if (call_check_flags(call, args->flags, 0) < 0 || !call_domain(call, &args->domain))
        return -1;
    return verror_set(&call->err, VIR_ERR_NO_SUPPORT,
                      "this function is not supported by the connection driver: %s",
                      call->proc->api);
}

/* --- events that never come --- */

static int register_event(struct call *call, int event)
{
    struct remote_int_ret *ret = call->ret;

    if (event < 0 || event >= EVENTS)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG, "event id %d in function %s", event,
                          call->proc->api);
    /* unique on its connection, which is all that is asked of it */
    ret->value = (int)(call->header.serial & 0x7fffffff);
    return 0;
}

static int register_network_event(struct call *call)
{
    const struct remote_network_event_args *args = call->args;

    return register_event(call, args->event);
}

static int register_node_device_event(struct call *call)
{
    const struct remote_node_device_event_args *args = call->args;

    return register_event(call, args->event);
}

static int register_secret_event(struct call *call)
{
    const struct remote_secret_event_args *args = call->args;

    return register_event(call, args->event);
}

#define ROW(kind, num, fn, fun, ...)                                                           \
    { .number = REMOTE_PROC_##num, .api = fn, .access = ACCESS_READ, .class = CLASS_MEMORY,    \
      PROC_ON(kind, READ),                                                                     \
      .error_domain = VIR_FROM_REMOTE, .handler = fun, __VA_ARGS__ }
#define NUM_ROW(num, fn) ROW(CONNECT, num, fn, none, PROC_RET(remote_int_ret))
#define NAMES_ROW(num, fn)                                                                     \
    ROW(CONNECT, num, fn, none, PROC_ARGS(remote_int_args), PROC_RET(remote_names_ret))
#define LIST_ROW(num, fn, fun)                                                                 \
    ROW(CONNECT, num, fn, fun, PROC_ARGS(remote_list_all_args), PROC_RET(remote_empty_list_ret))
#define DEREGISTER_ROW(num, fn) ROW(CONNECT, num, fn, none, PROC_ARGS(remote_int_args))

static const struct proc procs[] = {
    NUM_ROW(CONNECT_NUM_OF_NETWORKS, "virConnectNumOfNetworks"),
    NAMES_ROW(CONNECT_LIST_NETWORKS, "virConnectListNetworks"),
    NUM_ROW(CONNECT_NUM_OF_DEFINED_NETWORKS, "virConnectNumOfDefinedNetworks"),
    NAMES_ROW(CONNECT_LIST_DEFINED_NETWORKS, "virConnectListDefinedNetworks"),
    LIST_ROW(CONNECT_LIST_ALL_NETWORKS, "virConnectListAllNetworks", list_networks),
    NUM_ROW(CONNECT_NUM_OF_INTERFACES, "virConnectNumOfInterfaces"),
    NAMES_ROW(CONNECT_LIST_INTERFACES, "virConnectListInterfaces"),
    NUM_ROW(CONNECT_NUM_OF_DEFINED_INTERFACES, "virConnectNumOfDefinedInterfaces"),
    NAMES_ROW(CONNECT_LIST_DEFINED_INTERFACES, "virConnectListDefinedInterfaces"),
    LIST_ROW(CONNECT_LIST_ALL_INTERFACES, "virConnectListAllInterfaces", list_interfaces),
    ROW(CONNECT, NODE_NUM_OF_DEVICES, "virNodeNumOfDevices", node_devices_num,
        PROC_ARGS(remote_text_opt_flags_args), PROC_RET(remote_int_ret)),
    ROW(CONNECT, NODE_LIST_DEVICES, "virNodeListDevices", node_devices_names,
        PROC_ARGS(remote_node_devices_args), PROC_RET(remote_names_ret)),
    LIST_ROW(CONNECT_LIST_ALL_NODE_DEVICES, "virConnectListAllNodeDevices", list_node_devices),
    NUM_ROW(CONNECT_NUM_OF_NWFILTERS, "virConnectNumOfNWFilters"),
    NAMES_ROW(CONNECT_LIST_NWFILTERS, "virConnectListNWFilters"),
    LIST_ROW(CONNECT_LIST_ALL_NWFILTERS, "virConnectListAllNWFilters", list_nwfilters),
    NUM_ROW(CONNECT_NUM_OF_SECRETS, "virConnectNumOfSecrets"),
    NAMES_ROW(CONNECT_LIST_SECRETS, "virConnectListSecrets"),
    LIST_ROW(CONNECT_LIST_ALL_SECRETS, "virConnectListAllSecrets", list_secrets),

    { .number = REMOTE_PROC_DOMAIN_SEND_PROCESS_SIGNAL,
      .api = "virDomainSendProcessSignal",
      .access = ACCESS_WRITE,
      .class = CLASS_MEMORY,
      PROC_ON(DOMAIN, CONTROL),
      .error_domain = VIR_FROM_QEMU,
      PROC_ARGS(remote_domain_signal_args),
      .handler = send_process_signal },

    ROW(CONNECT, CONNECT_NETWORK_EVENT_REGISTER_ANY, "virConnectNetworkEventRegisterAny",
        register_network_event, PROC_ARGS(remote_network_event_args), PROC_RET(remote_int_ret)),
    DEREGISTER_ROW(CONNECT_NETWORK_EVENT_DEREGISTER_ANY, "virConnectNetworkEventDeregisterAny"),
    ROW(CONNECT, CONNECT_NODE_DEVICE_EVENT_REGISTER_ANY, "virConnectNodeDeviceEventRegisterAny",
        register_node_device_event, PROC_ARGS(remote_node_device_event_args),
        PROC_RET(remote_int_ret)),
    DEREGISTER_ROW(CONNECT_NODE_DEVICE_EVENT_DEREGISTER_ANY,
                   "virConnectNodeDeviceEventDeregisterAny"),
    ROW(CONNECT, CONNECT_SECRET_EVENT_REGISTER_ANY, "virConnectSecretEventRegisterAny",
        register_secret_event, PROC_ARGS(remote_secret_event_args), PROC_RET(remote_int_ret)),
    DEREGISTER_ROW(CONNECT_SECRET_EVENT_DEREGISTER_ANY, "virConnectSecretEventDeregisterAny"),
};

const struct proc_table calls_absent = { procs, ARRAY_SIZE(procs) };
