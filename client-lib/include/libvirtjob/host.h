/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host, and what guests it can run.  Included by
 * <libvirtjob/libvirtjob.h>, which says what holds for all functions.
 */
#ifndef LIBVIRTJOB_HOST_H
#define LIBVIRTJOB_HOST_H

#include <libvirtjob/libvirtjob.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VIR_SECURITY_MODEL_BUFLEN 257
#define VIR_SECURITY_DOI_BUFLEN 257

typedef struct _virNodeInfo {
    char model[32];       /* of the CPU: "x86_64", … */
    unsigned long memory; /* KiB */
    unsigned int cpus;    /* that are online */
    unsigned int mhz;     /* 0 = not known */
    unsigned int nodes;   /* NUMA cells */
    unsigned int sockets; /* in a cell */
    unsigned int cores;   /* in a socket */
    unsigned int threads; /* in a core */
} virNodeInfo;
typedef virNodeInfo *virNodeInfoPtr;

typedef struct _virSecurityModel {
    char model[VIR_SECURITY_MODEL_BUFLEN]; /* "none": the guests have no labels */
    char doi[VIR_SECURITY_DOI_BUFLEN];
} virSecurityModel;
typedef virSecurityModel *virSecurityModelPtr;

/**
 * XML of the host and of the guests it can run.  The caller frees it.  NULL:
 * raised.  Source: libvirt.
 */
char *virConnectGetCapabilities(virConnectPtr conn);

/**
 * XML of what can be had in a domain's XML with an emulator, architecture
 * ("x86_64"), machine ("q35") and type ("kvm", "qemu"), each of which may be
 * NULL for the daemon's choice; flags is 0.  Refused on a read-only
 * connection, as a program is looked at and perhaps run.  The caller frees it.
 * NULL: raised, VIR_ERR_INVALID_ARG where these do not go together.
 * Source: libvirt.
 */
char *virConnectGetDomainCapabilities(virConnectPtr conn, const char *emulatorbin,
                                      const char *arch, const char *machine,
                                      const char *virttype, unsigned int flags);

/**
 * *models gets the names of the CPU models a guest of that architecture may
 * have, NULL behind the last; flags is 0.  The caller frees each and the
 * array with free().  models NULL: only count them.  Returns how many, or -1:
 * VIR_ERR_INVALID_ARG (no such architecture).  Source: libvirt.
 */
int virConnectGetCPUModelNames(virConnectPtr conn, const char *arch, char ***models,
                               unsigned int flags);

/**
 * How many CPUs a guest of that type ("kvm", "qemu"; NULL = the daemon's
 * choice) may have at most, or -1.  Source: libvirt.
 */
int virConnectGetMaxVcpus(virConnectPtr conn, const char *type);

/** *info gets what the host is made of.  Returns 0, or -1.  Source: libvirt. */
int virNodeGetInfo(virConnectPtr conn, virNodeInfoPtr info);

/** The host's free memory in bytes, or 0: raised.  Source: libvirt. */
unsigned long long virNodeGetFreeMemory(virConnectPtr conn);

/**
 * freeMems gets the free memory, in bytes, of at most maxCells NUMA cells from
 * startCell on.  Returns how many, or -1: VIR_ERR_INVALID_ARG (there is no
 * cell startCell, maxCells below 1).  Source: libvirt.
 */
int virNodeGetCellsFreeMemory(virConnectPtr conn, unsigned long long *freeMems, int startCell,
                              int maxCells);

/** *secmodel gets how guests are labelled.  Returns 0, or -1.  Source: libvirt. */
int virNodeGetSecurityModel(virConnectPtr conn, virSecurityModelPtr secmodel);

#ifdef __cplusplus
}
#endif

#endif
