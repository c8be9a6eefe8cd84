/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * External snapshots: a new qcow2 image over each disk's, to which the guest
 * writes from then on, so that the old one stays what it was.  All of them or none.
 * Workers.
 */
#ifndef VIRTJOBD_SNAPSHOT_OVERLAY_H
#define VIRTJOBD_SNAPSHOT_OVERLAY_H

#include "hypervisor/qemu/guest.h"
#include "jobs/ctl.h"
#include "xml/snapshot_xml.h"

struct snapshot_overlay {
    char *target;      /* "vda" */
    char *path;        /* of the new image */
    char *base;        /* of the old one */
    char *base_format;
    char *base_index;  /* live: QEMU's node is "libvirt-INDEX-format"; else NULL */
    unsigned int index; /* live: of the new one */
    bool base_is_block;
    bool reused;       /* it was there already, and is not ours to remove */
    uint64_t dev, ino; /* of the new one, once it is there */
};

struct snapshot_overlays {
    struct snapshot_overlay *list;
    size_t n;
};

void snapshot_overlays_clear(struct snapshot_overlays *overlays);
json_t *snapshot_overlays_to_json(const struct snapshot_overlays *overlays);
void snapshot_overlays_from_json(json_t *json, struct snapshot_overlays *ret);

/*
 * What is to be made for each disk that def, aligned with domain, has as external: def gets paths and formats
 * where it has none.  live: domain runs.  reuse: the images are there.  -1 with err.
 */
int snapshot_overlays_plan(struct snapshot_def *def, const struct domain_def *domain,
                           const struct volume_path *volumes, size_t nvolumes, bool live,
                           bool reuse, struct snapshot_overlays *ret, struct verror *err);
/* Makes them under temporary names, and journals which files they are. */
int snapshot_overlays_make(struct snapshot_overlays *overlays, bool live, uint64_t job_id,
                           struct job_ctl *ctl, struct verror *err);
/* Under their names.  On an error some may have got there: see snapshot_overlays_remove(). */
int snapshot_overlays_publish(const struct snapshot_overlays *overlays, uint64_t job_id,
                              struct verror *err);
/* Whatever of them this job has made. */
void snapshot_overlays_remove(const struct snapshot_overlays *overlays, uint64_t job_id);
/* After a restart, what the journal says of them: false, they were not all made. */
bool snapshot_overlays_recall(struct snapshot_overlays *overlays, const char *checkpoint);
/* They have their names. */
bool snapshot_overlays_are_there(const struct snapshot_overlays *overlays);

/* A definition with them on top; a live one's old images are below.  NULL with err. */
struct domain_def *snapshot_overlays_put(const struct snapshot_overlays *overlays,
                                         const struct domain_def *def, bool live,
                                         struct verror *err);

/* --- snapshot_overlay_qmp.c: of a guest that runs --- */

/*
 * QEMU puts all of them on top at once, or -1 with err: it has not.  Where nobody can say, as it
 * has ended since, they count as on top.
 */
int snapshot_overlays_switch(const struct snapshot_overlays *overlays, struct guest *guest,
                             const struct domain_def *new_live, struct verror *err);
/*
 * Has it done so?  Waits until QEMU is able to say so.  Unknown: there is none any more (guest may
 * be NULL); what it wrote last may be in them, which hold nothing else, so they must stay.
 */
enum overlays_use { OVERLAYS_NOT_USED = 0, OVERLAYS_USED, OVERLAYS_USE_UNKNOWN };
enum overlays_use snapshot_overlays_use(const struct snapshot_overlays *overlays,
                                        struct guest *guest);

#endif
