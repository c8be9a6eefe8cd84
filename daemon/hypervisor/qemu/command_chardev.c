/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Serial ports, consoles, channels.  Files and server sockets are made here, by whoever the
 * daemon is, and handed to QEMU by descriptor: so QEMU needs no right to their directories, and a
 * socket's path may be longer than an address of one.  Worker.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "hypervisor/qemu/command_internal.h"
#include "hypervisor/qemu/process.h"
#include "util/alloc.h"
#include "xml/xml_read.h"

#define CHARDEV_KNOWN \
    "@type @tty source@mode source@path source@append source/reconnect@enabled " \
    "source/reconnect@timeout protocol@type log@file log@append target@type target@port " \
    "target@name target@state target/model@name " DEVICE_KNOWN

/* Opens a file the guest writes to and gives it to QEMU as a set; the path QEMU knows it by. */
static const char *file_as_set(struct builder *b, const char *path, bool append,
                               const char *purpose)
{
    /* O_NONBLOCK: a FIFO nobody reads must not stop the worker */
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY |
                                  O_NONBLOCK, 0600);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0) {
        verror_errno(b->err, errno, "cannot open '%s'", path);
        return NULL;
    }
    if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode)) {
        verror_set(b->err, VIR_ERR_CONFIG_UNSUPPORTED,
                   "'%s' is neither a regular file nor a character device", path);
        return NULL;
    }
    if (!append && S_ISREG(st.st_mode) && ftruncate(fd, 0) < 0) {
        verror_errno(b->err, errno, "cannot truncate '%s'", path);
        return NULL;
    }
    if (fcntl(fd, F_SETFL, O_APPEND) < 0) {
        verror_errno(b->err, errno, "cannot use '%s'", path);
        return NULL;
    }
    cmd_arg(b, "-add-fd");
    cmd_argf(b, "set=%u,fd=%d,opaque=%s", b->nfdsets, cmd_fd(b, steal_fd(&fd)),
             cmd_escape(b, purpose));
    return cmd_keepf(b, "/dev/fdset/%u", b->nfdsets++);
}

/* What stands behind -chardev TYPE,id=…; NULL with err. */

static const char *chardev_pty(struct builder *b _unused_, xmlNodePtr node _unused_,
                               const char *id _unused_)
{
    return "";
}

static const char *chardev_path(struct builder *b, xmlNodePtr node)
{
    const char *path = node_attr(b, node, "source", "path");

    if (!path)
        verror_set(b->err, VIR_ERR_XML_ERROR, "%s has no path", node_describe(b, node));
    return path;
}

static const char *chardev_file(struct builder *b, xmlNodePtr node, const char *id)
{
    const char *path = chardev_path(b, node), *set;
    bool append = false;

    if (!path || node_switch(b, node, "source", "append", &append) < 0)
        return NULL;
    if (b->host->dry)
        return cmd_keepf(b, ",path=%s,append=%s", cmd_escape(b, path), append ? "on" : "off");
    set = file_as_set(b, path, append, cmd_keepf(b, "%s-source", id));
    /* it is truncated already where it was to be; QEMU must not do it again */
    return set ? cmd_keepf(b, ",path=%s,append=on", set) : NULL;
}

static const char *chardev_device(struct builder *b, xmlNodePtr node, const char *id _unused_)
{
    const char *path = chardev_path(b, node);

    return path ? cmd_keepf(b, ",path=%s", cmd_escape(b, path)) : NULL;
}

static const char *socket_server(struct builder *b, const char *path)
{
    const char *slash = strrchr(path, '/');
    _cleanup_free_ char *dir = NULL;
    _cleanup_close_ int fd = -1;

    if (!slash || !slash[1]) {
        verror_set(b->err, VIR_ERR_CONFIG_UNSUPPORTED, "the socket path '%s' is not absolute",
                   xml_quotable(path));
        return NULL;
    }
    if (b->host->dry)
        return cmd_keepf(b, ",path=%s,server=on,wait=off", cmd_escape(b, path));
    dir = slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
    fd = socket_bind(dir, slash + 1, b->host->uid, b->host->gid, b->err);
    if (fd < 0)
        return NULL;
    if (listen(fd, 1) < 0) {
        verror_errno(b->err, errno, "cannot listen on '%s'", path);
        return NULL;
    }
    return cmd_keepf(b, ",fd=%d,server=on,wait=off", cmd_fd(b, steal_fd(&fd)));
}

static const char *socket_client(struct builder *b, xmlNodePtr node, const char *path)
{
    bool reconnect = false;
    uint64_t seconds = 0;

    if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
        (void)refuse(b, node, "the path of a socket to connect to is too long: '%s'", path);
        return NULL;
    }
    if (node_switch(b, node, "source/reconnect", "enabled", &reconnect) < 0 ||
        node_number(b, node, "source/reconnect", "timeout", &seconds) < 0)
        return NULL;
    if (!reconnect || seconds == 0)
        return cmd_keepf(b, ",path=%s", cmd_escape(b, path));
    return cmd_keepf(b, ",path=%s,reconnect=%llu", cmd_escape(b, path),
                     (unsigned long long)seconds);
}

static const char *chardev_unix(struct builder *b, xmlNodePtr node, const char *id _unused_)
{
    const char *mode = node_attr(b, node, "source", "mode") ?: "bind";
    const char *path = chardev_path(b, node);

    if (!path)
        return NULL;
    if (strcmp(mode, "bind") == 0)
        return socket_server(b, path);
    if (strcmp(mode, "connect") == 0)
        return socket_client(b, node, path);
    (void)refuse(b, node, "mode '%s'", xml_quotable(mode));
    return NULL;
}

static const struct {
    const char *type, *backend;
    const char *(*build)(struct builder *b, xmlNodePtr node, const char *id);
} backends[] = {
    { "pty", "pty", chardev_pty },      { "null", "null", chardev_pty },
    { "file", "file", chardev_file },   { "unix", "socket", chardev_unix },
    { "dev", "serial", chardev_device },
};

/* ,logfile=…: all that the guest writes, besides where else it goes. */
static const char *chardev_log(struct builder *b, xmlNodePtr node, const char *id)
{
    const char *path = node_attr(b, node, "log", "file"), *set;
    bool append = true;

    if (!path)
        return "";
    if (node_switch(b, node, "log", "append", &append) < 0)
        return NULL;
    if (b->host->dry)
        return cmd_keepf(b, ",logfile=%s,logappend=%s", cmd_escape(b, path),
                         append ? "on" : "off");
    set = file_as_set(b, path, append, cmd_keepf(b, "%s-log", id));
    return set ? cmd_keepf(b, ",logfile=%s,logappend=on", set) : NULL;
}

/* The backend of that element; its id, or NULL with err. */
static const char *add_chardev(struct builder *b, xmlNodePtr node)
{
    const char *type = node_attr(b, node, NULL, "type") ?: "", *alias = node_alias(b, node);
    const char *options, *log;

    if (node_check_known(b, node, CHARDEV_KNOWN) < 0)
        return NULL;
    if (!alias) {
        verror_set(b->err, VIR_ERR_XML_ERROR, "%s has no alias", node_describe(b, node));
        return NULL;
    }
    for (size_t i = 0; i < ARRAY_SIZE(backends); i++) {
        if (strcmp(backends[i].type, type) != 0)
            continue;
        options = backends[i].build(b, node, alias);
        log = options ? chardev_log(b, node, alias) : NULL;
        if (!log)
            return NULL;
        cmd_arg(b, "-chardev");
        cmd_argf(b, "%s,id=char%s%s%s", backends[i].backend, cmd_escape(b, alias), options, log);
        return cmd_keepf(b, "char%s", alias);
    }
    (void)refuse(b, node, "type '%s'", xml_quotable(type));
    return NULL;
}

/* driver: its frontend; rule: one more property, or NULL. */
static int add_character(struct builder *b, xmlNodePtr node, const char *driver,
                         const struct rule *rule)
{
    const char *chardev = add_chardev(b, node);
    _cleanup_json_ json_t *device = NULL;

    if (!chardev)
        return -1;
    device = props_new("driver", driver);
    props_string(device, "chardev", chardev);
    if (device_place(b, node, device) < 0 ||
        (rule && rules_apply(b, node, rule, 1, device) < 0))
        return -1;
    return device_add(b, node, STEAL_PTR(device));
}

int command_serial(struct builder *b, xmlNodePtr node)
{
    static const struct name_map targets[] = {
        { NULL, "isa-serial" },
        { "isa-serial", "isa-serial" },
        { "pci-serial", "pci-serial" },
        { "usb-serial", "usb-serial" },
    };
    static const struct rule index = { "target", "port", RULE_NUMBER, "index" };
    const char *type = node_attr(b, node, "target", "type");
    const char *model = node_attr(b, node, "target/model", "name");
    const struct name_map *target = map_find(targets, ARRAY_SIZE(targets), type);

    if (!target || (model && strcmp(model, target->value) != 0))
        return refuse(b, node, "target '%s' of model '%s'", type ? xml_quotable(type) : "",
                      model ? xml_quotable(model) : "");
    return add_character(b, node, target->value,
                         strcmp(target->value, "isa-serial") == 0 ? &index : NULL);
}

int command_parallel(struct builder *b, xmlNodePtr node)
{
    static const struct rule index = { "target", "port", RULE_NUMBER, "index" };

    return add_character(b, node, "isa-parallel", &index);
}

int command_channel(struct builder *b, xmlNodePtr node)
{
    static const struct rule name = { "target", "name", RULE_STRING, "name" };

    if (!node_attr_is(b, node, "target", "type", "virtio"))
        return refuse(b, node, "target '%s'",
                      xml_quotable(node_attr(b, node, "target", "type") ?: ""));
    return add_character(b, node, "virtserialport", &name);
}

/* The serial port that a console of target 'serial' is another name for. */
static bool has_serial(struct builder *b, xmlNodePtr console)
{
    const char *port = node_attr(b, console, "target", "port") ?: "0";

    for (xmlNodePtr node = xml_child(b->devices, "serial"); node;
         node = xmlNextElementSibling(node))
        if (xml_is_element(node, "serial") &&
            strcmp(node_attr(b, node, "target", "port") ?: "0", port) == 0)
            return true;
    return false;
}

int command_console(struct builder *b, xmlNodePtr node)
{
    const char *type = node_attr(b, node, "target", "type") ?: "serial";

    if (strcmp(type, "virtio") == 0)
        return add_character(b, node, "virtconsole", NULL);
    if (strcmp(type, "serial") != 0)
        return refuse(b, node, "target '%s'", xml_quotable(type));
    if (!has_serial(b, node))
        return refuse(b, node, "there is no such serial port");
    return node_check_known(b, node, CHARDEV_KNOWN);
}
