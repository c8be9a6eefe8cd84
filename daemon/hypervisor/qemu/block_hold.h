/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files of a guest while a block job writes to more of them, and once it
 * has other ones: the locks on them, and whose they are.  Loop thread, but for
 * working out what there will be.
 */
#ifndef VIRTJOBD_QEMU_BLOCK_HOLD_H
#define VIRTJOBD_QEMU_BLOCK_HOLD_H

#include "hypervisor/qemu/block_job.h"

bool block_hold_is_running(const struct guest *guest);
/* Its guest holds what the job writes to as its own; -1 with err that names who has it. */
int block_hold_target(struct guest *guest, struct block_job *block, struct verror *err);
/* Loop: a file that was made for a copy is there to be held once QEMU has begun. */
void block_hold_begun(struct guest *guest, struct block_job *block);
/* The same of a backup's. */
struct backup;
int block_hold_backup(struct guest *guest, const struct backup *backup, struct verror *err);
/* What the guest, its backup and the block jobs that it has now need; it has that already, or more. */
void block_hold_again(struct guest *guest);
/*
 * Worker, while nobody else changes the domain: the guest's files and whose they are, without the
 * images from first up to end.  Those are given back.
 */
void block_hold_outcome(const struct guest *guest, struct block_job *block, size_t first,
                        size_t end);
/* These take the place of the guest's own, or the other way round. */
void block_hold_swap(struct guest *guest, struct block_job *block);
/* The guest has ended before: a worker gives back what only the job had; memory is taken over. */
void block_hold_give_back(struct domains *domains, char *memory);

#endif
