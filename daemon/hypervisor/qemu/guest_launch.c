/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starting QEMU and connecting to it; finding one again; taking back all of
 * that.  Workers; the guest is the job's that has it in hand.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "config.h"
#include "hypervisor/internal.h"
#include "hypervisor/qemu/caps.h"
#include "hypervisor/qemu/command.h"
#include "hypervisor/qemu/fd_groups.h"
#include "hypervisor/qemu/guest_iothreads.h"
#include "hypervisor/qemu/guest_iotune.h"
#include "hypervisor/qemu/guest_threads.h"
#include "hypervisor/qemu/guest_vcpus.h"
#include "util/alloc.h"
#include "util/child.h"
#include "util/log.h"
#include "xml/domain_pin.h"
#include "xml/xml_read.h"

#define MONITOR_SOCKET "monitor.sock"

enum {
    QUICK_MS = 30000, /* a command that QEMU answers at once, on a busy host */
    ABORT_MS = 0,     /* nobody wants what it would still write */
    END_WAIT_MS = 500,
};

/* --- its directory --- */

/* Others may pass through to what is theirs in it, not look. */
static int make_dir(const struct guest *guest, struct verror *err)
{
    const struct owner_policy *policy = &guest->domains->policy;
    _cleanup_free_ char *parent = xasprintf("%s/qemu", guest->domains->daemon->runtime_dir);

    if (mkdir(parent, 0711) < 0 && errno != EEXIST)
        return verror_errno(err, errno, "cannot make directory '%s'", parent);
    guest_remove_dir(guest->dir);
    if (mkdir(guest->dir, 0700) < 0)
        return verror_errno(err, errno, "cannot make directory '%s'", guest->dir);
    if (policy->uid != (uid_t)-1 && chown(guest->dir, policy->uid, policy->gid) < 0)
        return verror_errno(err, errno, "cannot give directory '%s' to QEMU's user", guest->dir);
    return 0;
}

/* It is flat: sockets only. */
void guest_remove_dir(const char *dir)
{
    DIR *open_dir = opendir(dir);
    struct dirent *entry;

    if (!open_dir)
        return;
    while ((entry = readdir(open_dir))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(open_dir), entry->d_name, 0); /* rmdir tells what stays */
    }
    (void)closedir(open_dir); /* it was only read */
    if (rmdir(dir) < 0 && errno != ENOENT)
        log_warn("cannot remove directory '%s': %s", dir, strerror(errno));
}

/* --- its log --- */

static int open_log(const struct guest *guest, char *const *argv, off_t *ret_start,
                    struct verror *err)
{
    int fd = open(guest->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    char when[32] = "";
    time_t now = time(NULL);
    struct tm tm;

    if (fd < 0)
        return verror_errno(err, errno, "cannot open the guest's log '%s'", guest->log_path);
    if (gmtime_r(&now, &tm))
        (void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%SZ", &tm);
    (void)dprintf(fd, "%s: starting:", when); /* a log that is full keeps no guest from starting */
    for (; *argv; argv++)
        (void)dprintf(fd, " %s", *argv);
    (void)dprintf(fd, "\n");
    *ret_start = lseek(fd, 0, SEEK_END);
    return fd;
}

/* --- connecting --- */

int guest_connect(struct guest *guest, struct verror *err)
{
    int fd = socket_connect(guest->dir, MONITOR_SOCKET, err);

    if (fd < 0)
        return -1;
    guest->monitor = monitor_open(guest->domains->monitors, fd, &guest_monitor_handler, guest);
    if (!guest->monitor)
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "cannot open the monitor of a guest");
    if (monitor_peer_pid(guest->monitor) == guest->process.pid)
        return 0;
    monitor_unref(STEAL_PTR(guest->monitor));
    return verror_set(err, VIR_ERR_INTERNAL_ERROR, "the monitor in '%s' is not that of process %d",
                      guest->dir, (int)guest->process.pid);
}

/* "pty:/dev/pts/3" of the chardev that belongs to the device with that alias. */
static char *find_pty(json_t *chardevs, const char *alias)
{
    _cleanup_free_ char *label = xasprintf("char%s", alias);
    size_t i;
    json_t *item;

    json_array_foreach(chardevs, i, item)
    {
        const char *name = json_string_value(json_object_get(item, "label"));
        const char *file = json_string_value(json_object_get(item, "filename"));

        if (name && file && strcmp(name, label) == 0 && strncmp(file, "pty:", 4) == 0)
            return xstrdup(file + 4);
    }
    return NULL;
}

static void set_pty(xmlNodePtr device, const char *path)
{
    xmlNodePtr source = xml_child(device, "source");

    if (!source) {
        source = xmlNewDocNode(device->doc, NULL, BAD_CAST "source", NULL);
        if (device->children)
            xmlAddPrevSibling(device->children, source);
        else
            xmlAddChild(device, source);
    }
    xmlSetProp(source, BAD_CAST "path", BAD_CAST path);
    if (xml_is_element(device, "console"))
        xmlSetProp(device, BAD_CAST "tty", BAD_CAST path);
}

/* What QEMU made up goes into the live XML. */
static void complete_ptys(xmlDocPtr doc, json_t *chardevs)
{
    xmlNodePtr devices = xml_child(xmlDocGetRootElement(doc), "devices");

    for (xmlNodePtr device = devices ? devices->children : NULL; device; device = device->next) {
        _cleanup_free_ char *type = NULL, *alias = NULL, *path = NULL;

        if (device->type != XML_ELEMENT_NODE)
            continue;
        type = xml_attribute(device, "type");
        alias = xml_attribute(xml_child(device, "alias"), "name");
        if (!type || !alias || strcmp(type, "pty") != 0)
            continue;
        path = find_pty(chardevs, alias);
        if (path)
            set_pty(device, path);
    }
}

/* The first answer comes once QEMU has made the whole machine. */
static int greet(struct launch *launch, struct job_ctl *ctl, struct verror *err)
{
    json_t *chardevs = NULL;

    job_ctl_step(ctl, "waiting for QEMU");
    if (monitor_call(launch->guest->monitor, "query-chardev", NULL, -1, ctl, -1, &chardevs, err) <
        0)
        return -1;
    complete_ptys(launch->doc, chardevs);
    json_decref(chardevs);
    return 0;
}

/* A VNC password is not on the command line, where everybody could read it. */
static int set_passwords(struct launch *launch, struct job_ctl *ctl, struct verror *err)
{
    xmlNodePtr devices = xml_child(xmlDocGetRootElement(launch->doc), "devices");

    for (xmlNodePtr node = devices ? devices->children : NULL; node; node = node->next) {
        _cleanup_free_ char *password = NULL;

        if (!xml_is_element(node, "graphics"))
            continue;
        password = xml_attribute(node, "passwd");
        if (password &&
            monitor_call(launch->guest->monitor, "set_password",
                         json_pack("{s:s, s:s}", "protocol", "vnc", "password", password), -1, ctl,
                         QUICK_MS, NULL, err) < 0)
            return -1;
    }
    return 0;
}

/* --- starting --- */

/* Ports that were reserved for it while the command was built. */
static void take_ports(struct guest *guest, xmlDocPtr doc)
{
    xmlNodePtr devices = xml_child(xmlDocGetRootElement(doc), "devices");

    for (xmlNodePtr node = devices ? devices->children : NULL; node; node = node->next) {
        _cleanup_free_ char *autoport = NULL, *port = NULL;
        uint64_t number;

        if (!xml_is_element(node, "graphics"))
            continue;
        autoport = xml_attribute(node, "autoport");
        port = xml_attribute(node, "port");
        if (!autoport || strcmp(autoport, "yes") != 0 || !port ||
            !xml_parse_number(port, 10, &number))
            continue;
        guest->vnc_ports =
            xrealloc(guest->vnc_ports, guest->nvnc_ports + 1, sizeof(*guest->vnc_ports));
        guest->vnc_ports[guest->nvnc_ports++] = (int)number;
    }
}

static int build_command(struct launch *launch, int monitor_fd, struct qemu_caps *caps,
                         struct qemu_command *command, struct verror *err)
{
    struct guest *guest = launch->guest;
    const struct daemon *daemon = guest->domains->daemon;
    const struct command_host host = {
        .caps = caps,
        .guest_dir = guest->dir,
        .volumes = launch->volumes,
        .nvolumes = launch->nvolumes,
        .fd_groups = launch->fd_groups,
        .networks = daemon->config->networks,
        .vnc_listen = daemon->config->vnc_listen,
        .vnc_port_min = daemon->config->remote_display_port_min,
        .vnc_port_max = daemon->config->remote_display_port_max,
        .monitor_fd = monitor_fd,
        .uid = guest->domains->policy.uid,
        .gid = guest->domains->policy.gid,
        .incoming = launch->incoming,
        .is_session = daemon->session,
    };

    return qemu_command_build(&host, launch->doc, command, err);
}

/* Journals what is taken before it is, and again where another guest has come in between. */
static int take_owned(struct guest *guest, const struct owner_file *files, size_t nfiles,
                      struct job_ctl *ctl, struct verror *err)
{
    struct owners *owners = guest->domains->owners;
    const struct owner_policy *policy = &guest->domains->policy;
    _cleanup_free_ char *plan = NULL;

    if (owners_plan(owners, policy, files, nfiles, &plan, err) < 0 ||
        job_ctl_checkpoint_durable(ctl, plan, err) < 0 ||
        owners_take(owners, policy, files, nfiles, &guest->owner_memory, err) < 0)
        return -1;
    if (strcmp(plan, guest->owner_memory) == 0)
        return 0;
    return job_ctl_checkpoint_durable(ctl, guest->owner_memory, err);
}

/*
 * Locks of a QEMU that has ended stay as long as a client has the descriptors, and two of one group
 * would keep each other out.  Nobody else uses an image that is this guest's alone.
 */
static void unlock_passed(const struct launch *launch, const struct domain_def *live)
{
    for (size_t i = 0; i < live->ndisks; i++) {
        const struct domain_disk *disk = &live->disks[i];
        const struct fd_group *group = NULL;

        if (disk->fdgroup && !disk->readonly && !disk->shareable)
            group = fd_group_find(launch->fd_groups, disk->fdgroup, NULL);
        if (group)
            fd_group_unlock(group);
    }
}

/* Also, where there are none, the journal knows that from here on there may be a QEMU. */
static int take_files(struct guest *guest, const struct domain_def *live, xmlDocPtr doc,
                      struct job_ctl *ctl, struct verror *err)
{
    struct owner_file *files = NULL;
    size_t nfiles = 0;
    int rc = guest_owned_files(guest, live, doc, &files, &nfiles, err);

    job_ctl_step(ctl, "giving the guest's files to QEMU");
    if (rc == 0)
        rc = take_owned(guest, files, nfiles, ctl, err);
    guest_free_owned(files, nfiles);
    return rc;
}

/* Its monitor may close a moment before it ends. */
static bool has_ended(const struct guest *guest)
{
    _cleanup_close_ int pidfd = process_open(&guest->process, NULL);
    struct pollfd ended = { .fd = pidfd, .events = POLLIN };

    return pidfd < 0 || poll(&ended, 1, END_WAIT_MS) > 0;
}

/* What QEMU said before it ended is a better reason than what failed of it. */
static void explain_end(const struct guest *guest, off_t log_start, struct verror *err)
{
    _cleanup_free_ char *words = NULL, *failure = NULL;

    if (err->code == VIR_ERR_OPERATION_ABORTED || !has_ended(guest))
        return;
    words = log_tail(guest->log_path, log_start);
    failure = xstrdup(verror_text(err));
    verror_clear(err);
    verror_set(err, VIR_ERR_INTERNAL_ERROR, "QEMU ended while it was starting: %s",
               *words ? words : failure);
    if (*words)
        err->output = STEAL_PTR(words);
}

/* Before the guest's first instruction, and before memory is read in. */
static int apply_pins(struct launch *launch, struct job_ctl *ctl, struct verror *err)
{
    struct domain_pins pins;
    int r;

    if (domain_pins_read(xmlDocGetRootElement(launch->doc), &pins, err) < 0)
        return -1;
    r = guest_apply_pins(launch->guest, &pins, ctl, err);
    if (r == 0)
        r = guest_apply_iothread_pins(launch->guest, &pins, ctl, err);
    domain_pins_clear(&pins);
    return r;
}

/* What of it is not on the command line. */
static int apply_definition(struct launch *launch, struct job_ctl *ctl, struct verror *err)
{
    xmlNodePtr domain = xmlDocGetRootElement(launch->doc);

    if (guest_plug_vcpus(launch->guest, domain, ctl, err) < 0 || apply_pins(launch, ctl, err) < 0)
        return -1;
    return guest_apply_iotunes(launch->guest, domain, ctl, err);
}

/* Closes *monitor_fd: were ours open, a QEMU that ends before it accepts would go unnoticed. */
static int spawn(struct launch *launch, const struct qemu_command *command, int *monitor_fd,
                 struct job_ctl *ctl, struct verror *err)
{
    struct guest *guest = launch->guest;
    const struct owner_policy *policy = &guest->domains->policy;
    off_t log_start = 0;
    _cleanup_close_ int log_fd = open_log(guest, command->argv, &log_start, err);
    const struct process_spec spec = {
        .argv = command->argv,
        .env = command->env,
        .fds = command->fds,
        .nfds = command->nfds,
        .listen_fd = *monitor_fd,
        .cwd = guest->dir,
        .log_fd = log_fd,
        .uid = policy->uid,
        .gid = policy->gid,
    };

    if (log_fd < 0)
        return -1;
    job_ctl_step(ctl, "starting QEMU");
    if (process_spawn(&spec, &guest->process, err) < 0)
        return -1;
    (void)close(*monitor_fd); /* QEMU has its own */
    *monitor_fd = -1;
    if (guest_connect(guest, err) == 0 && greet(launch, ctl, err) == 0 &&
        set_passwords(launch, ctl, err) == 0 && apply_definition(launch, ctl, err) == 0)
        return 0;
    explain_end(guest, log_start, err);
    return -1;
}

int guest_launch(struct launch *launch, struct job_ctl *ctl, struct verror *err)
{
    struct guest *guest = launch->guest;
    const struct owner_policy *policy = &guest->domains->policy;
    struct domain_def *live = domain_def_from_doc(launch->doc, err);
    struct qemu_caps *caps = NULL;
    struct qemu_command command = { 0 };
    int monitor_fd = -1, rc = -1;

    if (live && make_dir(guest, err) == 0)
        monitor_fd = socket_bind(guest->dir, MONITOR_SOCKET, policy->uid, policy->gid, err);
    if (monitor_fd >= 0)
        caps = qemu_caps_get(guest->domains->caps, live->emulator, ctl, err);
    if (caps && build_command(launch, monitor_fd, caps, &command, err) == 0) {
        take_ports(guest, launch->doc);
        unlock_passed(launch, live);
        if (take_files(guest, live, launch->doc, ctl, err) == 0)
            rc = spawn(launch, &command, &monitor_fd, ctl, err);
    }
    qemu_command_clear(&command);
    qemu_caps_unref(caps);
    domain_def_unref(live);
    if (monitor_fd >= 0)
        (void)close(monitor_fd); /* nobody has connected to it */
    return rc;
}

/* --- found again, and taken back --- */

bool guest_find_process(struct guest *guest)
{
    _cleanup_close_ int fd = socket_connect(guest->dir, MONITOR_SOCKET, NULL);
    struct ucred peer;
    socklen_t size = sizeof(peer);

    if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return false;
    guest->process = (struct process_id){ peer.pid, child_start_time(peer.pid) };
    return guest->process.start != 0;
}

void guest_abort(struct guest *guest)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if ((guest->process.pid || guest_find_process(guest)) &&
        process_end(&guest->process, ABORT_MS, false, &err) < 0)
        log_error("%s", verror_text(&err));
    if (guest->process.pid)
        process_reap(&guest->process); /* nobody watches it yet */
    guest_clean_up(guest);
}
