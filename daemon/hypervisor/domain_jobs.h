/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Everything that changes a domain, as kinds of jobs, and the specification
 * they share.  Loop thread, but for what a kind runs on its worker.
 */
#ifndef VIRTJOBD_DOMAIN_JOBS_H
#define VIRTJOBD_DOMAIN_JOBS_H

#include <jansson.h>
#include <sys/types.h>

#include "hypervisor/domain.h"
#include "hypervisor/qemu/complete.h"
#include "hypervisor/qemu/fd_groups.h"
#include "jobs/job.h"

struct backup;
struct block_job;
struct checkpoint_work;
struct guest;
struct snapshot_work;

struct domain_spec {
    struct domains *domains;
    /* fixed before the job starts */
    char uuid[UUID_TEXT_SIZE];
    char *name;
    unsigned int flags;     /* the call's own */
    struct domain_def *def; /* define, create, restore: complete; a new definition; else NULL */
    char *path;             /* save, restore, dump: the file */
    char *xml;              /* save: replacement XML, or NULL */
    int format;             /* dump: virDomainCoreDumpFormat; set-action: the action */
    char *new_name;         /* rename */
    int metadata_type;      /* set-metadata, as virDomainSetMetadata() */
    char *metadata, *metadata_key, *metadata_uri;
    bool autostart;         /* set-autostart */
    uint64_t number;        /* set-memory: KiB; set-vcpus: how many; pin-vcpu, …-iothread: which;
                               set-vcpu: on or off; set-action: the event; snapshot-…: the job,
                               for its end */
    char *cpus;             /* pin-…: a list of CPUs; set-vcpu: of vCPUs */
    char *device;           /* set-iotune: which, as the client names it */
    struct checkpoint_work *checkpoint; /* checkpoint-…: see checkpoint_jobs.h; else NULL */
    struct snapshot_work *snapshot; /* snapshot-…: see snapshot_jobs.h; else NULL */
    json_t *arguments;      /* send-key, block-resize, dirty-rate: for QEMU, told once;
                               set-iotune, set-iothread: what the client has given, by its names;
                               a reference, or NULL */
    /* found out on the way; see the kinds */
    struct guest *guest;    /* the one it starts or works on; a reference */
    struct volume_path *volumes; /* start, create, restore */
    size_t nvolumes;
    struct disk_drops drops; /* the same: images that it starts without */
    struct fd_group_list fd_groups; /* the same: what its disks may use */
    xmlDocPtr doc;          /* start, create, restore: the live document, the worker's */
    struct domain_def *live; /* and as a definition; what the guest starts as */
    bool visible;           /* the domain object was made by this job */
    bool from_managed;      /* start: path is the domain's own image */
    bool spent;             /* start: and it has been marked so */
    bool was_running;       /* save, dump: the guest ran; restore: it will */
    bool taken_up;          /* by a daemon that started again */
    struct domain_def *new_config, *new_live; /* rename, set-… */
    uint64_t actual_kib;    /* set-memory: what the guest had right after; 0 = not known */
    struct backup *backup;   /* backup: see qemu/backup.h; a reference */
    struct block_job *block; /* block-…: see qemu/block_job.h; a reference */
    struct image_file *file; /* save, dump: the worker's; see qemu/image_file.h */
};

/* name and uuid of a domain that is there; strings are copied. */
struct domain_spec *domain_spec_new(struct domain *domain);
/* For one that is to be: def is referenced. */
struct domain_spec *domain_spec_from_def(struct domains *domains, struct domain_def *def);
void domain_spec_free(void *spec);

/*
 * Flags are the call's, the async bit left out, and have been checked by the caller:
 *   define            -                     undefine      VIR_DOMAIN_UNDEFINE_*
 *   create, start     VIR_DOMAIN_START_*    destroy       see domain_destroy()
 *   save, managed-save, restore             VIR_DOMAIN_SAVE_*
 *   dump              VIR_DUMP_*            set-metadata  VIR_DOMAIN_AFFECT_*
 *   set-memory        the same, VIR_DOMAIN_MEM_MAXIMUM     set-vcpus     VIR_DOMAIN_VCPU_*
 * restore: def is the image's (or the replacement that was checked against it), path the image.
 * define with a metadata change or a rename goes by its own kind.
 */
extern const struct job_kind domain_job_define, domain_job_undefine, domain_job_create,
    domain_job_start, domain_job_save, domain_job_managed_save, domain_job_restore,
    domain_job_dump, domain_job_suspend, domain_job_resume, domain_job_shutdown,
    domain_job_reboot, domain_job_reset, domain_job_inject_nmi, domain_job_wakeup,
    domain_job_send_key, domain_job_block_resize, domain_job_dirty_rate, domain_job_set_action,
    domain_job_pin_vcpu, domain_job_pin_emulator, domain_job_set_iotune,
    domain_job_add_iothread, domain_job_del_iothread, domain_job_pin_iothread,
    domain_job_set_iothread,
    domain_job_rename, domain_job_set_metadata,
    domain_job_set_memory, domain_job_set_vcpus, domain_job_set_vcpu, domain_job_set_autostart,
    domain_job_managed_save_remove, domain_job_snapshot_create, domain_job_snapshot_redefine,
    domain_job_snapshot_delete, domain_job_snapshot_merge, domain_job_snapshot_revert,
    domain_job_snapshot_start, domain_job_checkpoint_create, domain_job_checkpoint_redefine,
    domain_job_checkpoint_delete;

/* A request for a job on that domain, callbacks still to be filled in; it owns spec. */
struct job_request domain_job_request(const struct job_kind *kind, struct domain_spec *spec,
                                      const char *started_by);

/* What completing a client's XML needs, for a worker: borrowed from the daemon's config. */
struct complete_host domains_complete_host(const struct domains *domains);

#endif
