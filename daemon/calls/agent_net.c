/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's addresses: as its agent tells them, or as this host has heard of
 * them (ARP).  Leases there are none, as there are no networks.  Loop thread,
 * but for looking at the host.
 */

#include <stdint.h>
#include <string.h>

#include "calls/agent_call.h"
#include "hypervisor/host_arp.h"
#include "hypervisor/qemu/guest.h"
#include "protocol/remote.h"
#include "util/alloc.h"
#include "xml/xml_read.h"
#include "xml/xml_tree.h"

enum { SOURCE_LEASE, SOURCE_AGENT, SOURCE_ARP, SOURCES }; /* virDomainInterfaceAddressesSource */
enum { IPV4, IPV6 };                                      /* virIPAddrType */

typedef struct remote_agent_interfaces_ret interfaces;

static struct remote_agent_interface *add_interface(interfaces *ret, const char *name, size_t len,
                                                    const char *hwaddr)
{
    u_int n = ret->interfaces.interfaces_len;
    struct remote_agent_interface *added;

    ret->interfaces.interfaces_val =
        xrealloc(ret->interfaces.interfaces_val, n + 1, sizeof(*added));
    added = &ret->interfaces.interfaces_val[n];
    *added = (struct remote_agent_interface){ .name = xstrndup(name, len) };
    if (hwaddr) {
        added->hwaddr = xmalloc(sizeof(*added->hwaddr));
        *added->hwaddr = xstrdup(hwaddr);
    }
    ret->interfaces.interfaces_len++;
    return added;
}

static void add_address(struct remote_agent_interface *interface, int type, const char *address,
                        u_int prefix)
{
    u_int n = interface->addresses.addresses_len;

    interface->addresses.addresses_val = xrealloc(interface->addresses.addresses_val, n + 1,
                                                  sizeof(*interface->addresses.addresses_val));
    interface->addresses.addresses_val[n] =
        (struct remote_agent_address){ type, xstrdup(address), prefix };
    interface->addresses.addresses_len++;
}

/* --- by the agent --- */

/* "eth0:1" is eth0 with another address. */
static struct remote_agent_interface *find_interface(interfaces *ret, const char *name, size_t len)
{
    for (u_int i = 0; i < ret->interfaces.interfaces_len; i++) {
        struct remote_agent_interface *interface = &ret->interfaces.interfaces_val[i];

        if (strlen(interface->name) == len && strncmp(interface->name, name, len) == 0)
            return interface;
    }
    return NULL;
}

static int take_address(struct call *call, const json_t *item,
                        struct remote_agent_interface *interface)
{
    const char *type = agent_text(call, item, "ip-address-type");
    const char *address = agent_text(call, item, "ip-address");
    json_int_t prefix;

    if (!type || !address || agent_integer(call, item, "prefix", &prefix) < 0)
        return -1;
    if ((strcmp(type, "ipv4") != 0 && strcmp(type, "ipv6") != 0) || prefix < 0 || prefix > 128)
        return agent_nonsense(call, "address");
    if (interface->addresses.addresses_len >= REMOTE_AGENT_LIST_MAX)
        return agent_nonsense(call, "number of addresses");
    add_address(interface, type[3] == '4' ? IPV4 : IPV6, address, (u_int)prefix);
    return 0;
}

static int take_interface(struct call *call, const json_t *item)
{
    const char *name = agent_text(call, item, "name");
    const json_t *addresses = json_object_get(item, "ip-addresses");
    struct remote_agent_interface *interface;
    size_t i, len;
    json_t *address;

    if (!name || (addresses && agent_list(call, addresses, REMOTE_AGENT_LIST_MAX) < 0))
        return -1;
    len = strcspn(name, ":");
    interface = find_interface(call->ret, name, len);
    if (!interface)
        interface = add_interface(call->ret, name, len,
                                  agent_text_or(item, "hardware-address", NULL));
    json_array_foreach(addresses, i, address)
    {
        if (take_address(call, address, interface) < 0)
            return -1;
    }
    return 0;
}

static int take_interfaces(struct call *call, json_t *value)
{
    size_t i;
    json_t *item;

    if (agent_list(call, value, REMOTE_AGENT_LIST_MAX) < 0)
        return -1;
    json_array_foreach(value, i, item)
    {
        if (take_interface(call, item) < 0)
            return -1;
    }
    return 0;
}

/* --- by ARP --- */

struct arp_input {
    struct domain_def *def;
    interfaces found;
};

static void free_input(void *opaque)
{
    struct arp_input *input = opaque;

    domain_def_unref(input->def);
    xdr_free((xdrproc_t)xdr_remote_agent_interfaces_ret, &input->found);
    free(input);
}

static int search_arp(interfaces *ret, const char *name, const char *mac, struct verror *err)
{
    struct remote_agent_interface *interface;
    struct host_arp arp;

    if (host_arp_find(HOST_ARP_FILE, mac, REMOTE_AGENT_LIST_MAX, &arp, err) < 0)
        return -1;
    if (arp.len == 0)
        return 0;
    interface = add_interface(ret, name, strlen(name), mac);
    for (size_t i = 0; i < arp.len; i++)
        add_address(interface, IPV4, arp.addresses[i], 0);
    free(arp.addresses);
    return 0;
}

/* Worker. */
static int look_at_arp(void *opaque, struct verror *err)
{
    struct arp_input *input = opaque;
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(input->def);
    xmlNodePtr devices = xml_child(xmlDocGetRootElement(doc), "devices");

    for (xmlNodePtr node = xml_first(devices, "interface");
         node && input->found.interfaces.interfaces_len < REMOTE_AGENT_LIST_MAX;
         node = xml_next(node, "interface")) {
        _cleanup_free_ char *name = xml_attribute(xml_child(node, "target"), "dev");
        _cleanup_free_ char *mac = xml_attribute(xml_child(node, "mac"), "address");

        if (name && mac && search_arp(&input->found, name, mac, err) < 0)
            return -1;
    }
    return 0;
}

static void looked_at_arp(struct call *call, void *opaque)
{
    struct arp_input *input = opaque;

    *(interfaces *)call->ret = input->found;
    input->found = (interfaces){ { 0, NULL } };
    call_reply(call);
}

static int start_arp(struct call *call, struct domain *domain)
{
    struct arp_input *input = XNEW(struct arp_input);
    const struct offload offload = {
        .key = domain->uuid,
        .input = input,
        .free_input = free_input,
        .work = look_at_arp,
        .then = looked_at_arp,
    };

    input->def = domain_def_ref(domain->guest->def);
    call_offload(call, &offload);
    return CALL_PENDING;
}

/* --- virDomainInterfaceAddresses() --- */

static int interface_addresses(struct call *call)
{
    const struct remote_agent_what_args *args = call->args;
    struct domain *domain;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    if (args->what >= SOURCES)
        return verror_set(&call->err, VIR_ERR_ARGUMENT_UNSUPPORTED,
                          "unknown IP address data source %u", args->what);
    if (args->what == SOURCE_AGENT && client_is_readonly(call->client))
        return verror_set(&call->err, VIR_ERR_OPERATION_DENIED,
                          "read only access prevents %s with the guest agent", call->proc->api);
    domain = call_domain(call, &args->domain);
    if (!domain || domain_check_active(domain, &call->err) < 0)
        return -1;
    if (args->what == SOURCE_AGENT)
        return call_ask(call, "guest-network-get-interfaces", take_interfaces);
    return args->what == SOURCE_ARP ? start_arp(call, domain) : 0;
}

static const struct proc procs[] = {
    { .number = REMOTE_PROC_DOMAIN_INTERFACE_ADDRESSES,
      .api = "virDomainInterfaceAddresses",
      PROC_ON(DOMAIN, READ),
      .access = ACCESS_READ,
      .class = CLASS_DISK,
      .error_domain = VIR_FROM_QEMU,
      PROC_ARGS(remote_agent_what_args),
      PROC_RET(remote_agent_interfaces_ret),
      .handler = interface_addresses },
};

const struct proc_table calls_agent_net = { procs, ARRAY_SIZE(procs) };
