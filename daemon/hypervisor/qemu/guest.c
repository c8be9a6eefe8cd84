/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One run of QEMU: made, counted, kept as text over a restart; see guest.h. */

#include "hypervisor/qemu/guest.h"

#include <event2/event.h>
#include <jansson.h>
#include <limits.h>
#include <string.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/agent.h"
#include "hypervisor/qemu/backup.h"
#include "hypervisor/qemu/block_job.h"
#include "hypervisor/qemu/command.h"
#include "jobs/job.h"
#include "util/alloc.h"
#include "util/child.h"

/* A longer name than this would leave no room for ".log" in a file name. */
enum { LOG_NAME_MAX = 240 };

static char *log_path_of(const struct daemon *daemon, const struct guest *guest, const char *name)
{
    return xasprintf("%s/%s.log", daemon->log_dir,
                     strlen(name) > LOG_NAME_MAX ? guest->uuid : name);
}

struct guest *guest_new(struct domains *domains, const char *uuid, const char *name, int id)
{
    struct guest *guest = XNEW(struct guest);

    atomic_init(&guest->refs, 1);
    guest->domains = domains;
    strcpy(guest->uuid, uuid);
    guest->id = id;
    guest->dir = xasprintf("%s/qemu/%d", domains->daemon->runtime_dir, id);
    guest->log_path = log_path_of(domains->daemon, guest, name);
    atomic_init(&guest->pause_reason, VIR_DOMAIN_PAUSED_UNKNOWN);
    atomic_init(&guest->resume_reason, VIR_DOMAIN_RUNNING_UNPAUSED);
    guest->end_reason = VIR_DOMAIN_SHUTOFF_CRASHED;
    guest->agent_wait = AGENT_WAIT_EVER;
    guest->pidfd = -1;
    return guest;
}

struct guest *guest_ref(struct guest *guest)
{
    atomic_fetch_add_explicit(&guest->refs, 1, memory_order_relaxed);
    return guest;
}

static void guest_free_files(struct guest *guest)
{
    for (size_t i = 0; i < guest->nfiles; i++)
        free(guest->files[i].path);
    free(guest->files);
}

void guest_unref(struct guest *guest)
{
    if (!guest || atomic_fetch_sub_explicit(&guest->refs, 1, memory_order_acq_rel) > 1)
        return;
    if (guest->monitor) {
        monitor_close(guest->monitor);
        monitor_unref(guest->monitor);
    }
    agent_free(guest->agent);
    while (guest->block_jobs) /* which the next daemon takes up */
        block_job_unlink(guest, guest->block_jobs);
    backup_unref(guest->backup);
    if (guest->exit_event)
        event_free(guest->exit_event);
    if (guest->kill_timer)
        event_free(guest->kill_timer);
    if (guest->pidfd >= 0)
        (void)close(guest->pidfd); /* it was only watched */
    lock_hold_forget(&guest->hold);
    guest_free_files(guest);
    domain_def_unref(guest->def);
    free(guest->dir);
    free(guest->log_path);
    free(guest->owner_memory);
    free(guest->vnc_ports);
    free(guest);
}

/* --- as text --- */

static json_t *files_to_json(const struct guest *guest)
{
    json_t *files = json_array();

    for (size_t i = 0; i < guest->nfiles; i++) {
        const struct guest_file *file = &guest->files[i];

        json_array_append_new(files,
                              json_pack("{s:s, s:I, s:I, s:b, s:b}", "path", file->path, "dev",
                                        (json_int_t)file->dev, "ino", (json_int_t)file->ino,
                                        "readonly", file->readonly, "shareable", file->shareable));
    }
    return files;
}

static json_t *ports_to_json(const struct guest *guest)
{
    json_t *ports = json_array();

    for (size_t i = 0; i < guest->nvnc_ports; i++)
        json_array_append_new(ports, json_integer(guest->vnc_ports[i]));
    return ports;
}

json_t *guest_to_json(const struct guest *guest)
{
    return json_pack("{s:i, s:s, s:i, s:I, s:s, s:s*, s:o, s:o, s:i}", "id", guest->id, "log",
                     guest->log_path, "pid", (int)guest->process.pid, "start",
                     (json_int_t)guest->process.start, "boot", child_boot_id(), "owners",
                     guest->owner_memory, "files", files_to_json(guest), "vnc_ports",
                     ports_to_json(guest), "agent_wait", guest->agent_wait);
}

char *guest_save(const struct guest *guest, int state, int reason)
{
    json_t *json = guest_to_json(guest);
    char *text;

    json_object_set_new(json, "state", json_integer(state));
    json_object_set_new(json, "reason", json_integer(reason));
    text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

static int load_files(struct guest *guest, json_t *files)
{
    size_t i;
    json_t *item;

    guest->files = xcalloc(json_array_size(files) + 1, sizeof(*guest->files));
    json_array_foreach(files, i, item)
    {
        struct guest_file *file = &guest->files[guest->nfiles];
        const char *path;
        json_int_t dev, ino;
        int readonly, shareable;

        if (json_unpack(item, "{s:s, s:I, s:I, s:b, s:b}", "path", &path, "dev", &dev, "ino", &ino,
                        "readonly", &readonly, "shareable", &shareable) < 0)
            return -1;
        *file = (struct guest_file){
            .path = xstrdup(path),
            .dev = (uint64_t)dev,
            .ino = (uint64_t)ino,
            .readonly = readonly,
            .shareable = shareable,
        };
        guest->nfiles++;
    }
    return 0;
}

static void load_ports(struct guest *guest, json_t *ports)
{
    size_t i;
    json_t *item;

    guest->vnc_ports = xcalloc(json_array_size(ports) + 1, sizeof(*guest->vnc_ports));
    json_array_foreach(ports, i, item) guest->vnc_ports[guest->nvnc_ports++] =
        (int)json_integer_value(item);
}

struct guest *guest_from_json(struct domains *domains, const char *uuid, json_t *json,
                              bool *ret_same_boot, struct verror *err)
{
    struct guest *guest;
    const char *log, *boot, *owners = NULL;
    json_int_t start;
    json_t *files, *ports;
    int id, pid, agent_wait = AGENT_WAIT_EVER;

    if (json_unpack(json, "{s:i, s:s, s:i, s:I, s:s, s?s, s:o, s:o, s?i}", "id", &id, "log", &log,
                    "pid", &pid, "start", &start, "boot", &boot, "owners", &owners, "files",
                    &files, "vnc_ports", &ports, "agent_wait", &agent_wait) < 0 ||
        id <= 0 || id == INT_MAX || pid < 0) {
        verror_set(err, VIR_ERR_INTERNAL_ERROR, "the record of the guest is not readable");
        return NULL;
    }
    guest = guest_new(domains, uuid, "", id);
    free(guest->log_path);
    guest->log_path = xstrdup(log);
    guest->process = (struct process_id){ pid, (uint64_t)start };
    guest->owner_memory = xstrdup(owners);
    guest->agent_wait = agent_wait;
    load_ports(guest, ports);
    if (load_files(guest, files) < 0) {
        guest_unref(guest);
        verror_set(err, VIR_ERR_INTERNAL_ERROR, "the record of the guest's files is not readable");
        return NULL;
    }
    *ret_same_boot = strcmp(boot, child_boot_id()) == 0;
    return guest;
}

struct guest *guest_load(struct domains *domains, const char *uuid, const char *text,
                         int *ret_state, int *ret_reason, bool *ret_same_boot, struct verror *err)
{
    json_t *json = text ? json_loads(text, 0, NULL) : NULL;
    struct guest *guest = guest_from_json(domains, uuid, json, ret_same_boot, err);

    if (guest && json_unpack(json, "{s:i, s:i}", "state", ret_state, "reason", ret_reason) < 0) {
        *ret_state = VIR_DOMAIN_PAUSED;
        *ret_reason = VIR_DOMAIN_PAUSED_UNKNOWN;
    }
    json_decref(json);
    return guest;
}

void guest_release_ports(struct guest *guest)
{
    for (size_t i = 0; i < guest->nvnc_ports; i++)
        vnc_port_release(guest->vnc_ports[i]);
    guest->nvnc_ports = 0;
}
