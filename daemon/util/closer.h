/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A thread that closes descriptors: the last close of a large unlinked file takes long, and that
 * of a file a client has opened may take as long as its file system likes.
 */
#ifndef VIRTJOBD_CLOSER_H
#define VIRTJOBD_CLOSER_H

/* Any thread; -1 is fine. */
void close_later(int fd);
/* Daemon end: waits until all those are closed, but not for long. */
void close_later_drain(void);

#endif
