/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a domain may have: the one list of what completion lets pass, the
 * command line provides, and domain capabilities therefore promise.  Static data, any thread.
 */
#ifndef VIRTJOBD_QEMU_PROVIDES_H
#define VIRTJOBD_QEMU_PROVIDES_H

#include <stdbool.h>
#include <stddef.h>

struct qemu_caps;

/* <GROUP supported='yes'><enum name='LIST'><value>VALUE</value>, as libvirt names them */
struct provide {
    const char *group; /* "disk" */
    const char *list;  /* "bus" */
    const char *value; /* "virtio" */
    /* QEMU must have one of these types; none: it always has it */
    const char *needs[2];
    bool (*check)(const struct qemu_caps *caps); /* and this must hold, or NULL */
    bool not_q35; /* a machine of that kind has no place for it */
};

extern const struct provide qemu_provides[];
extern const size_t qemu_nprovides;

/* Groups of <devices> in the order of capabilities; one without a row is not supported. */
extern const char *const qemu_provide_devices[];
extern const size_t qemu_nprovide_devices;

/* Elements of <features>. */
struct provide_feature {
    const char *name;
    bool provided;
};
extern const struct provide_feature qemu_provide_features[];
extern const size_t qemu_nprovide_features;

/* The command line knows how such a guest is put together. */
bool qemu_provides_arch(const char *arch);
/* A canonical name, of an architecture that is provided. */
bool qemu_provides_machine(const char *machine);

/* This emulator has what the row needs, and the machine (a canonical name) takes it. */
bool qemu_provides_row(const struct provide *row, const struct qemu_caps *caps,
                       const char *machine);
/* There is such a row, and it holds. */
bool qemu_provides_value(const struct qemu_caps *caps, const char *machine, const char *group,
                         const char *list, const char *value);

#endif
