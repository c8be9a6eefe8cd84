/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that no disk and no snapshot has any more, once that is on disk.  Each is
 * removed only while its name is still that very file's.  Filled in by one thread,
 * then the loop's.
 */
#ifndef VIRTJOBD_QEMU_LEFTOVERS_H
#define VIRTJOBD_QEMU_LEFTOVERS_H

#include <stdint.h>

struct daemon;
struct leftovers;

struct leftovers *leftovers_new(void);
void leftovers_free(struct leftovers *leftovers); /* they stay; NULL is fine */
void leftovers_add(struct leftovers *leftovers, const char *path, uint64_t dev, uint64_t ino);
/*
 * The memory of a snapshot, which is known by what is in it, and by not being where managed save
 * images are: managed is the path of any of those.  A path of NULL is fine.
 */
void leftovers_add_memory(struct leftovers *leftovers, const char *path, const char *managed);
/*
 * Loop: has a worker remove and free them.  They have the domain's lock next: whoever is told that
 * they go may use their names again.
 */
void leftovers_remove(struct leftovers *leftovers, struct daemon *daemon, const char *uuid);

#endif
