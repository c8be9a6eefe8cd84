/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domain's definition: its XML, complete and in libvirt's form, and a plain
 * view of what the daemon itself asks of it.  The XML is the definition; what
 * we do not know in it stays in it.  Immutable, reference-counted, any thread.
 * Made by qemu/complete.h from what a client sent.
 */
#ifndef VIRTJOBD_DOMAIN_DEF_H
#define VIRTJOBD_DOMAIN_DEF_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/verror.h"

enum domain_virt { DOMAIN_VIRT_QEMU = 0 /* TCG */, DOMAIN_VIRT_KVM };

/* on_poweroff, on_reboot, on_crash */
enum domain_action {
    DOMAIN_ACTION_DESTROY = 0,
    DOMAIN_ACTION_RESTART,
    DOMAIN_ACTION_PRESERVE,
    DOMAIN_ACTION_RENAME_RESTART,
    DOMAIN_ACTION_COREDUMP_DESTROY,
    DOMAIN_ACTION_COREDUMP_RESTART,
};

/* <source startupPolicy=…/>: must its image be there when it starts? */
enum disk_policy {
    DISK_MANDATORY = 0,
    DISK_REQUISITE, /* not where memory is read in */
    DISK_OPTIONAL,
};

/* One <disk>, as far as files are concerned. */
struct domain_disk {
    char *target;        /* "vda" */
    char *alias;         /* "virtio-disk0", or NULL */
    char *index;         /* of a live one's top image: QEMU's node is "libvirt-INDEX-format"; or NULL */
    char *path;          /* file or block device; NULL: an empty drive, or a volume */
    char *pool, *volume; /* type='volume', else NULL */
    char *fdgroup;       /* a client's descriptors stand for path, which is only a name; or NULL */
    char *format;        /* "raw", "qcow2"; NULL: a volume's own */
    char *snapshot;      /* what its attribute of that name says, or NULL */
    enum disk_policy policy;
    bool is_block;
    bool is_cdrom;       /* or floppy: may be empty */
    bool readonly, shareable;
    /*
     * The files below path, as the XML's <backingStore> says when it says all of them (the last
     * one is empty); NULL, NULL = find out.
     */
    char **backing;
    char **backing_formats;
    char **backing_fdgroups; /* NULL in it: it is opened by its path */
    size_t nbacking;
};

struct domain_def {
    int refs;
    char *xml; /* the whole, without what only a running domain has unless it is a live one */
    int id;    /* of a live one, else -1 */
    char *name;
    unsigned char uuid[16];
    char *title, *description; /* or NULL */
    enum domain_virt virt;
    char *os_type;             /* "hvm" */
    char *arch, *machine;      /* "x86_64", "pc-q35-7.2" */
    char *emulator;            /* absolute */
    char *kernel, *initrd, *dtb, *loader; /* or NULL */
    uint64_t memory_kib, current_kib;
    unsigned int max_vcpus, vcpus;
    enum domain_action on_poweroff, on_reboot, on_crash;
    struct domain_disk *disks;
    size_t ndisks;
    char *agent_alias; /* of the channel to the guest agent, or NULL */
    char *agent_path;  /* of the socket that QEMU listens on for it, or NULL */
};

struct domain_def *domain_def_ref(struct domain_def *def);
void domain_def_unref(struct domain_def *def);

/*
 * The view of a complete document (the root is <domain>), and its text in
 * libvirt's form (two blanks a level, single quotes).  The document stays the
 * caller's.  Never longer than XML_DOCUMENT_MAX, so that xml_read_document() takes
 * what it wrote.  NULL with err.  Worker.
 */
struct domain_def *domain_def_from_doc(xmlDocPtr doc, struct verror *err);
/* The document of a definition, a new one; cannot fail but by a bug.  Worker. */
xmlDocPtr domain_def_to_doc(const struct domain_def *def);
/* A document as text in libvirt's form.  A new string. */
char *domain_doc_format(xmlDocPtr doc);

/*
 * What virDomainGetXMLDesc gives: flags are VIR_DOMAIN_XML_*.  Without SECURE
 * passwords are left out; INACTIVE drops what only a running domain has (see domain_strip.h);
 * MIGRATABLE implies both and takes implicit devices out, which is what libvirt's save images
 * hold; UPDATE_CPU changes nothing: a live definition's CPU is the guest's.
 * job_xml (see job_xml.h) is put in as the last child, or NULL.  A new string.  Worker.
 */
char *domain_def_format(const struct domain_def *def, unsigned int flags, const char *job_xml);

/*
 * Changes to one definition; each gives a new one, or NULL with err.  Worker.
 * metadata: virDomainSetMetadata's arguments; value NULL removes, "" too where it is a text.
 */
struct domain_def *domain_def_renamed(const struct domain_def *def, const char *name,
                                      struct verror *err);
struct domain_def *domain_def_set_metadata(const struct domain_def *def, int type,
                                           const char *value, const char *key, const char *uri,
                                           struct verror *err);
/*
 * memory: current at most memory, KiB.  vcpus: current from 1 to max; hotpluggable: those that are
 * new among them.
 */
struct domain_def *domain_def_set_memory(const struct domain_def *def, uint64_t memory_kib,
                                         uint64_t current_kib, struct verror *err);
struct domain_def *domain_def_set_vcpus(const struct domain_def *def, unsigned int max,
                                        unsigned int current, bool hotpluggable,
                                        struct verror *err);
/* event, action: virDomainLifecycle and virDomainLifecycleAction. */
struct domain_def *domain_def_set_action(const struct domain_def *def, unsigned int event,
                                         unsigned int action, struct verror *err);
/* A new string; NULL with err, VIR_ERR_NO_DOMAIN_METADATA. */
char *domain_def_get_metadata(const struct domain_def *def, int type, const char *uri,
                              struct verror *err);

/*
 * May a guest of `old` go on as `new` (replacement XML of save and restore)?  Only what the
 * guest cannot see may differ: names, paths, titles, metadata.  Both complete.  -1 with err,
 * VIR_ERR_CONFIG_UNSUPPORTED naming what differs.  Worker.
 */
int domain_def_check_abi(const struct domain_def *old, const struct domain_def *new,
                         struct verror *err);

#endif
