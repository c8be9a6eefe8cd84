/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A backup of a guest's disks as they are at one moment, made while it runs on.
 * Pushed: QEMU copies each into a file.  Pulled: QEMU puts aside what the guest
 * overwrites, and serves what was there by NBD until somebody ends it.  It is one long
 * job of the domain; QEMU's jobs are called by its number, so that the next
 * daemon finds them again.
 */
#ifndef VIRTJOBD_QEMU_BACKUP_H
#define VIRTJOBD_QEMU_BACKUP_H

#include "hypervisor/qemu/guest.h"
#include "hypervisor/qemu/target_file.h"
#include "xml/backup_xml.h"
#include "xml/checkpoint_xml.h"

enum { BACKUP_EVENT_TYPE = 5 }; /* VIR_DOMAIN_BLOCK_JOB_TYPE_BACKUP */

/* One disk of it. */
struct backup_part {
    struct backup_disk *disk; /* def's */
    char *source;             /* its topmost image, as the domain calls it */
    struct target_state file; /* in the checkpoint */
    /* Its worker's: found out anew by each daemon. */
    struct disk_images images;
    /* Its worker's, from the last look. */
    bool found, concluded;
    char error[256]; /* "": none */
    atomic_ullong cur, end;
};

struct backup {
    atomic_uint refs;

    /* Fixed before it is accepted. */
    uint64_t id; /* of our job */
    bool reuse;  /* the files are there */
    struct backup_def *def;
    struct checkpoint_def *checkpoint; /* that is made with it, or NULL */
    struct backup_part *parts;
    size_t nparts;
    char *xml; /* as it is shown */

    /* Its worker's. */
    struct domain_def *live; /* a reference, the loop's until it is handed over */

    /* Its worker's, and kept in its checkpoint. */
    bool served;  /* QEMU may have been told to open the server's socket */
    bool started; /* QEMU may have made bitmaps and begun */
    bool resumed; /* it had when the last daemon ended; in no checkpoint */
    bool begun;   /* it has, and whoever asked for it may know */
    bool done;    /* pushed: all is in the files */
    char *owner_memory;

    /* The loop's. */
    bool is_shown; /* it is under way */
    struct target_state *held; /* files that the guest has as its own meanwhile; one of each part */
};

/* backup.c.  Takes over def, which is complete, and checkpoint. */
struct backup *backup_new(struct backup_def *def, struct checkpoint_def *checkpoint);
struct backup *backup_ref(struct backup *backup);
void backup_unref(struct backup *backup); /* NULL is fine */
json_t *backup_to_json(const struct backup *backup);
struct backup *backup_from_json(const json_t *json, struct verror *err);
/* Of that disk, or NULL. */
struct backup_part *backup_find_part(const struct backup *backup, const char *target);
/* QEMU's names: new strings. */
char *backup_job_name(const struct backup *backup, const struct backup_part *part);
char *backup_bitmap_name(const struct backup *backup, const struct backup_part *part);
/* Any thread: all disks together. */
uint64_t backup_cur(const struct backup *backup);
uint64_t backup_end(const struct backup *backup);
/* Loop. */
struct block_job;
void backup_want_files(const struct backup *backup, struct lock_hold *hold);
/* status: enum block_job_status of each. */
void backup_tell(const struct domain *domain, const struct backup *backup, int status);

/* backup_files.c, workers. */
/* What each disk consists of, and whether its file can be that; -1 with err. */
int backup_plan(struct backup *backup, struct verror *err);
int backup_files_check(struct backup *backup, struct verror *err);
/* keep: what the checkpoint says of them goes to disk, before and after. */
int backup_files_make(struct backup *backup, struct guest *guest, struct job_ctl *ctl,
                      int (*keep)(const struct backup *backup, struct job_ctl *ctl,
                                  struct verror *err),
                      struct verror *err);
int backup_files_own(struct backup *backup, struct domains *domains, struct job_ctl *ctl,
                     int (*keep)(const struct backup *backup, struct job_ctl *ctl,
                                 struct verror *err),
                     struct verror *err);
void backup_files_give_back(struct backup *backup, struct domains *domains);
/* Nobody connects any more; QEMU need not be there. */
void backup_files_remove_socket(const struct backup *backup);
/* Those that were made, and the socket. */
void backup_files_remove(struct backup *backup);
int backup_files_add_nodes(struct backup *backup, struct guest *guest, struct job_ctl *ctl,
                           struct verror *err);

/* backup_qmp.c, workers. */
/* What begins all disks and the bitmaps of its checkpoint at one moment; NULL with err. */
json_t *backup_qmp_steps(const struct backup *backup, struct guest *guest, struct job_ctl *ctl,
                         struct verror *err);
/* Pull: the server, before; the exports, after. */
int backup_qmp_serve(struct backup *backup, struct guest *guest, struct job_ctl *ctl,
                     struct verror *err);
int backup_qmp_export(struct backup *backup, struct guest *guest, struct job_ctl *ctl,
                      struct verror *err);
/* What has become of QEMU's jobs. */
int backup_qmp_look(struct backup *backup, struct guest *guest, struct job_ctl *ctl,
                    struct verror *err);
/* Of all together; true: QEMU keeps to it. */
bool backup_qmp_set_speed(const struct backup *backup, struct guest *guest, uint64_t speed,
                          struct job_ctl *ctl);
/* Nothing of it is served or copied any more, however far it came. */
void backup_qmp_stop(struct backup *backup, struct guest *guest);
/* Its files are closed. */
void backup_qmp_close(struct backup *backup, struct guest *guest);
/* QEMU forgets it; the bitmaps of its checkpoint stay. */
void backup_qmp_forget(struct backup *backup, struct guest *guest);

extern const struct job_kind domain_job_backup, domain_job_backup_pull;

#endif
