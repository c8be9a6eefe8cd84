/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The road from a live definition to a command line: machine, monitor, devices
 * in libvirt's order.  Worker; nothing is kept between calls but the VNC ports
 * that are taken (vnc_port.c).
 */

#include "hypervisor/qemu/command.h"

#include <string.h>

#include "hypervisor/qemu/command_internal.h"
#include "util/alloc.h"
#include "xml/xml_read.h"

/* Devices in the order of their arguments, which is libvirt's; build NULL: nothing to do. */
static const struct {
    const char *element;
    int (*build)(struct builder *b, xmlNodePtr node);
} devices[] = {
    { "emulator", NULL },
    { "controller", NULL }, /* before all others, by type */
    { "hub", command_hub },
    { "disk", command_disk },
    { "interface", command_interface },
    { "serial", command_serial },
    { "parallel", command_parallel },
    { "channel", command_channel },
    { "console", command_console },
    { "input", command_input },
    { "audio", command_audio },
    { "graphics", command_graphics },
    { "video", command_video },
    { "watchdog", command_watchdog },
    { "memballoon", command_memballoon },
    { "rng", command_rng },
    { "panic", command_panic },
};

static int check_devices(struct builder *b)
{
    for (xmlNodePtr node = xmlFirstElementChild(b->devices); node;
         node = xmlNextElementSibling(node)) {
        bool is_known = node->ns != NULL; /* of another program */

        for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
            is_known |= xml_is_element(node, devices[i].element);
        if (!is_known)
            return verror_set(b->err, VIR_ERR_CONFIG_UNSUPPORTED, "device <%s>",
                              xml_quotable((const char *)node->name));
    }
    return 0;
}

static int build_devices(struct builder *b)
{
    if (check_devices(b) < 0 || command_controllers(b) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
        for (xmlNodePtr node = xml_child(b->devices, devices[i].element); node;
             node = xmlNextElementSibling(node))
            if (devices[i].build && xml_is_element(node, devices[i].element) &&
                devices[i].build(b, node) < 0)
                return -1;
    return 0;
}

static int build_name(struct builder *b)
{
    const char *name = node_text(b, b->domain, "name");

    if (!name)
        return verror_set(b->err, VIR_ERR_XML_ERROR, "the domain has no name");
    cmd_arg(b, qemu_caps_emulator(b->host->caps));
    cmd_arg(b, "-name");
    cmd_argf(b, "guest=%s,debug-threads=on", cmd_escape(b, name));
    cmd_arg(b, "-S");
    return 0;
}

static int build_uuid(struct builder *b)
{
    const char *uuid = node_text(b, b->domain, "uuid");

    if (!uuid)
        return verror_set(b->err, VIR_ERR_XML_ERROR, "the domain has no UUID");
    cmd_arg(b, "-uuid");
    cmd_arg(b, uuid);
    return 0;
}

static void build_monitor(struct builder *b)
{
    cmd_arg(b, "-display");
    cmd_arg(b, "none");
    cmd_arg(b, "-no-user-config");
    cmd_arg(b, "-nodefaults");
    cmd_arg(b, "-chardev");
    if (b->host->dry)
        cmd_argf(b, "socket,id=charmonitor,path=%s/monitor.sock,server=on,wait=off",
                 cmd_escape(b, b->host->guest_dir));
    else
        cmd_argf(b, "socket,id=charmonitor,fd=%d,server=on,wait=off", b->host->monitor_fd);
    cmd_arg(b, "-mon");
    cmd_arg(b, "chardev=charmonitor,id=monitor,mode=control");
}

/*
 * QEMU never ends by itself: it stops, says why, and what is to happen then is
 * the daemon's to do.  A reboot that is not to happen stops it too.
 */
static void build_ends(struct builder *b)
{
    const char *action = node_text(b, b->domain, "on_reboot");

    if (action && strcmp(action, "restart") != 0 && strcmp(action, "rename-restart") != 0)
        cmd_arg(b, "-no-reboot");
    cmd_arg(b, "-no-shutdown");
}

static void build_tail(struct builder *b)
{
    if (b->host->incoming) {
        cmd_arg(b, "-incoming");
        cmd_arg(b, "defer");
    }
    if (qemu_caps_has_sandbox(b->host->caps)) {
        cmd_arg(b, "-sandbox");
        cmd_arg(b, "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
    }
    cmd_arg(b, "-msg");
    cmd_arg(b, "timestamp=on");
}

static int build(struct builder *b)
{
    if (build_name(b) < 0 || command_machine(b) < 0 || command_cpu(b) < 0 ||
        command_memory(b) < 0 || command_iothreads(b) < 0 || build_uuid(b) < 0)
        return -1;
    build_monitor(b);
    if (command_clock(b) < 0)
        return -1;
    build_ends(b);
    if (command_boot(b) < 0 || build_devices(b) < 0 || command_passthrough(b) < 0)
        return -1;
    build_tail(b);
    return 0;
}

int qemu_command_build(const struct command_host *host, xmlDocPtr live,
                       struct qemu_command *ret_command, struct verror *err)
{
    struct builder b = { .host = host, .domain = xmlDocGetRootElement(live), .err = err };
    int r;

    b.devices = xml_child(b.domain, "devices");
    if (!b.devices)
        return verror_set(err, VIR_ERR_XML_ERROR, "the domain has no <devices>");
    b.machine = node_attr(&b, b.domain, "os/type", "machine");
    b.is_kvm = node_attr_is(&b, b.domain, NULL, "type", "kvm");
    if (!host->dry) {
        (void)cmd_fd(&b, host->monitor_fd);
        b.out.nborrowed = 1;
    }
    b.nfdsets = command_passed_images(&b);
    r = build(&b);
    builder_done(&b);
    if (r < 0) {
        vnc_port_release(b.vnc_port);
        qemu_command_clear(&b.out);
        return -1;
    }
    *ret_command = b.out;
    return 0;
}

static void strings_free(char **strings, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(strings[i]);
    free(strings);
}

void qemu_command_clear(struct qemu_command *command)
{
    strings_free(command->argv, command->argc);
    strings_free(command->env, command->nenv);
    for (size_t i = command->nborrowed; i < command->nfds; i++)
        (void)close(command->fds[i]); /* nothing was written that a failed close could lose */
    free(command->fds);
    *command = (struct qemu_command){ 0 };
}
