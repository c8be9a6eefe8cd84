/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domains: guests, running or only defined, and their jobs.  Included by
 * <libvirtjob/libvirtjob.h>, which says what holds for all functions.
 *
 * Creating, starting, saving, restoring and dumping are jobs.  Without the
 * ASYNC flag the call returns when the job has ended; with it, as soon as the
 * job is accepted: what can be checked before has been checked, and what goes
 * wrong later is found with virDomainGetJobInfo() and virDomainGetJobError().
 *
 * A path is one on the daemon's host; a relative one begins at the caller's
 * working directory.
 */
#ifndef LIBVIRTJOB_DOMAIN_H
#define LIBVIRTJOB_DOMAIN_H

#include <libvirtjob/libvirtjob.h>
#include <libvirtjob/stream.h>
#include <libvirtjob/typed-params.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VIR_SECURITY_LABEL_BUFLEN 4097

typedef struct _virDomainInfo {
    unsigned char state;        /* virDomainState */
    unsigned long maxMem;       /* KiB */
    unsigned long memory;       /* KiB */
    unsigned short nrVirtCpu;
    unsigned long long cpuTime; /* nanoseconds, of all its CPUs */
} virDomainInfo;
typedef virDomainInfo *virDomainInfoPtr;

typedef struct _virDomainControlInfo {
    unsigned int state;           /* virDomainControlState */
    unsigned int details;         /* 0 */
    unsigned long long stateTime; /* milliseconds since it has this state */
} virDomainControlInfo;
typedef virDomainControlInfo *virDomainControlInfoPtr;

typedef struct _virDomainBlockInfo {
    unsigned long long capacity;   /* bytes, as the guest sees the disk */
    unsigned long long allocation; /* bytes that its file takes up on the host */
    unsigned long long physical;   /* bytes, the size of its file or block device */
} virDomainBlockInfo;
typedef virDomainBlockInfo *virDomainBlockInfoPtr;

typedef struct _virSecurityLabel {
    char label[VIR_SECURITY_LABEL_BUFLEN]; /* "" = none */
    int enforcing;
} virSecurityLabel;
typedef virSecurityLabel *virSecurityLabelPtr;

/* --- finding domains --- */

/** How many domains are active, or -1.  Source: libvirt. */
int virConnectNumOfDomains(virConnectPtr conn);

/**
 * ids gets the ids of at most maxids active domains.  Returns how many, or -1.
 * Source: libvirt.
 */
int virConnectListDomains(virConnectPtr conn, int *ids, int maxids);

/** How many domains are defined and not active, or -1.  Source: libvirt. */
int virConnectNumOfDefinedDomains(virConnectPtr conn);

/**
 * names gets the names of at most maxnames domains that are defined and not
 * active, each for the caller to free.  Returns how many, or -1.  Source: libvirt.
 */
int virConnectListDefinedDomains(virConnectPtr conn, char **const names, int maxnames);

/**
 * *domains gets all domains, NULL behind the last; flags is of
 * virConnectListAllDomainsFlags.  The caller frees each with virDomainFree()
 * and the array with free().  domains NULL: only count them.  Returns how
 * many, or -1.  Source: libvirt.
 */
int virConnectListAllDomains(virConnectPtr conn, virDomainPtr **domains, unsigned int flags);

/**
 * The active domain with that id.  Free it with virDomainFree().  NULL:
 * raised, VIR_ERR_NO_DOMAIN where there is none.  Source: libvirt.
 */
virDomainPtr virDomainLookupByID(virConnectPtr conn, int id);

/**
 * The domain of that name, active or not; also one that is still being
 * restored.  Free it with virDomainFree().  NULL: raised, VIR_ERR_NO_DOMAIN
 * where there is none.  Source: libvirt.
 */
virDomainPtr virDomainLookupByName(virConnectPtr conn, const char *name);

/**
 * The domain with that UUID of VIR_UUID_BUFLEN bytes, as
 * virDomainLookupByName().  Source: libvirt.
 */
virDomainPtr virDomainLookupByUUID(virConnectPtr conn, const unsigned char *uuid);

/** The same by text; VIR_ERR_INVALID_ARG where that is no UUID.  Source: libvirt. */
virDomainPtr virDomainLookupByUUIDString(virConnectPtr conn, const char *uuidstr);

/**
 * The domain's name; belongs to the object, and stays the one it was looked up
 * with when the domain is renamed.  NULL: raised.  Source: libvirt.
 */
const char *virDomainGetName(virDomainPtr dom);

/** uuid gets the domain's VIR_UUID_BUFLEN bytes.  Returns 0, or -1.  Source: libvirt. */
int virDomainGetUUID(virDomainPtr dom, unsigned char *uuid);

/**
 * buf, of VIR_UUID_STRING_BUFLEN bytes, gets the UUID as text.
 * Returns 0, or -1.  Source: libvirt.
 */
int virDomainGetUUIDString(virDomainPtr dom, char *buf);

/**
 * The domain's id, as it was when this object was looked up, or last started,
 * saved or destroyed it; no call is made.  (unsigned int)-1 where it was not
 * active, or on an error: virGetLastError() tells which.  Source: libvirt.
 */
unsigned int virDomainGetID(virDomainPtr dom);

/** The connection it came from, without a further reference.  NULL: raised.  Source: libvirt. */
virConnectPtr virDomainGetConnect(virDomainPtr dom);

/**
 * One more reference; each needs its own virDomainFree().  Returns 0, or -1.
 * Source: libvirt.
 */
int virDomainRef(virDomainPtr dom);

/** Drops a reference; the domain itself is not touched.  Returns 0, or -1.  Source: libvirt. */
int virDomainFree(virDomainPtr dom);

/* --- definitions --- */

/**
 * Defines a domain, or changes the definition of one; an active domain goes on
 * as it is until its next start.  Free it with virDomainFree().  NULL: raised,
 * VIR_ERR_XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED, VIR_ERR_OPERATION_FAILED (the
 * name or the UUID is another domain's).  Source: libvirt.
 */
virDomainPtr virDomainDefineXML(virConnectPtr conn, const char *xml);

/** The same; flags is of virDomainDefineFlags.  Source: libvirt. */
virDomainPtr virDomainDefineXMLFlags(virConnectPtr conn, const char *xml, unsigned int flags);

/**
 * Forgets a domain's definition; an active one goes on until it ends, and then
 * is gone.  Returns 0, or -1: VIR_ERR_OPERATION_INVALID (it is not defined, or
 * has a managed save image).  Source: libvirt.
 */
int virDomainUndefine(virDomainPtr domain);

/**
 * The same; flags is of virDomainUndefineFlagsValues, and with
 * VIR_DOMAIN_UNDEFINE_MANAGED_SAVE its managed save image is removed, too.
 * Source: libvirt.
 */
int virDomainUndefineFlags(virDomainPtr domain, unsigned int flags);

/**
 * *autostart gets 1 when the domain is started with the daemon, else 0.
 * Returns 0, or -1.  Source: libvirt.
 */
int virDomainGetAutostart(virDomainPtr domain, int *autostart);

/**
 * Whether a defined domain is started with the daemon.  Returns 0, or -1:
 * VIR_ERR_OPERATION_INVALID (it is not defined).  Source: libvirt.
 */
int virDomainSetAutostart(virDomainPtr domain, int autostart);

/**
 * Gives a domain that is defined and not active another name; flags is 0.
 * Objects keep the name they were looked up with, and go on meaning this
 * domain.  Returns 0, or -1: VIR_ERR_OPERATION_INVALID (it is active, or the
 * name is another's).  Source: libvirt.
 */
int virDomainRename(virDomainPtr dom, const char *new_name, unsigned int flags);

/**
 * Sets the domain's description or title (key and uri are NULL), or with
 * VIR_DOMAIN_METADATA_ELEMENT the element of <metadata> whose namespace is uri
 * and prefix is key.  metadata NULL removes it.  type is of
 * virDomainMetadataType, flags of virDomainModificationImpact.  Returns 0, or
 * -1: VIR_ERR_INVALID_ARG (a title of more than one line, no uri),
 * VIR_ERR_XML_ERROR.  Source: libvirt.
 */
int virDomainSetMetadata(virDomainPtr domain, int type, const char *metadata, const char *key,
                         const char *uri, unsigned int flags);

/**
 * What virDomainSetMetadata() has set.  The caller frees it.  NULL: raised,
 * VIR_ERR_NO_DOMAIN_METADATA where there is none.  Source: libvirt.
 */
char *virDomainGetMetadata(virDomainPtr domain, int type, const char *uri, unsigned int flags);

/**
 * How much memory, in KiB, the domain has at most from its next start on; what
 * it has is made less where it is more.  Returns 0, or -1: VIR_ERR_INVALID_ARG,
 * VIR_ERR_OPERATION_INVALID (it is active).  Source: libvirt.
 */
int virDomainSetMaxMemory(virDomainPtr domain, unsigned long memory);

/**
 * Asks the guest of an active domain, by its balloon, to go on with that many
 * KiB; when it has done so virDomainGetInfo() tells.  Returns 0, or -1:
 * VIR_ERR_INVALID_ARG (more than its maximum), VIR_ERR_OPERATION_INVALID (it is
 * not active, or has no balloon).  Source: libvirt.
 */
int virDomainSetMemory(virDomainPtr domain, unsigned long memory);

/**
 * Either, of the active domain, its definition or both; flags is of
 * virDomainMemoryModFlags.  Returns 0, or -1 as these.  Source: libvirt.
 */
int virDomainSetMemoryFlags(virDomainPtr domain, unsigned long memory, unsigned int flags);

/**
 * virDomainSetVcpusFlags() of an active domain.  Source: libvirt.
 */
int virDomainSetVcpus(virDomainPtr domain, unsigned int nvcpus);

/**
 * How many CPUs the domain has, or with VIR_DOMAIN_VCPU_MAXIMUM may have at
 * most from its next start on; flags is of virDomainVcpuFlags.  With
 * VIR_DOMAIN_VCPU_HOTPLUGGABLE those that its definition gets can be plugged in
 * and out.  Returns 0, or -1: VIR_ERR_INVALID_ARG (more than it may have),
 * VIR_ERR_XML_ERROR or VIR_ERR_CONFIG_UNSUPPORTED (its CPU topology or its machine
 * does not go with that many), VIR_ERR_OPERATION_UNSUPPORTED (an active domain
 * cannot get fewer).  Source: libvirt.
 */
int virDomainSetVcpusFlags(virDomainPtr domain, unsigned int nvcpus, unsigned int flags);

/* --- life --- */

/**
 * Starts a domain that is not defined and is gone when it ends; flags is of
 * VIR_DOMAIN_START_*.  A job; with VIR_DOMAIN_CREATE_XML_ASYNC the domain is
 * returned as soon as the job is accepted.  When the job fails or is cancelled
 * nothing is left of the domain, and its job still answers.  Free it with
 * virDomainFree().  NULL: raised, VIR_ERR_XML_ERROR,
 * VIR_ERR_CONFIG_UNSUPPORTED, VIR_ERR_OPERATION_FAILED (the name or the UUID
 * is another domain's), VIR_ERR_INTERNAL_ERROR (QEMU ended; its last words are
 * in the message).  Source: libvirt; ASYNC from the proposal.
 */
virDomainPtr virDomainCreateXML(virConnectPtr conn, const char *xmlDesc, unsigned int flags);

/**
 * Starts a defined domain, from its managed save image where it has one.  A
 * job.  Returns 0, or -1: VIR_ERR_OPERATION_INVALID (active), and as
 * virDomainCreateXML().  Source: libvirt.
 */
int virDomainCreate(virDomainPtr domain);

/**
 * The same; flags is of VIR_DOMAIN_START_*.  With VIR_DOMAIN_CREATE_ASYNC it
 * goes on after the return.  Source: the proposal.
 */
int virDomainCreateFlags(virDomainPtr domain, unsigned int flags);

/** virDomainCreateFlags() under libvirt's name.  Source: libvirt; ASYNC from the proposal. */
int virDomainCreateWithFlags(virDomainPtr domain, unsigned int flags);

/**
 * Stops the domain's CPUs; its memory stays.  Nothing happens where they stand
 * still already.  Returns 0, or -1: VIR_ERR_OPERATION_INVALID (not active).
 * Source: libvirt.
 */
int virDomainSuspend(virDomainPtr domain);

/**
 * Lets a suspended domain run on.  Returns 0, or -1: VIR_ERR_OPERATION_INVALID
 * (not active).  Source: libvirt.
 */
int virDomainResume(virDomainPtr domain);

/**
 * Asks the guest to shut down, by its power button, and returns at once;
 * whether it does is the guest's business.  Returns 0, or -1:
 * VIR_ERR_OPERATION_INVALID (not active).  Source: libvirt.
 */
int virDomainShutdown(virDomainPtr domain);

/**
 * The same; flags is of virDomainShutdownFlagValues.  Returns 0, or -1:
 * VIR_ERR_ARGUMENT_UNSUPPORTED for ways that the daemon does not have.
 * Source: libvirt.
 */
int virDomainShutdownFlags(virDomainPtr domain, unsigned int flags);

/**
 * The same, to start anew; flags is of virDomainRebootFlagValues.  Source: libvirt.
 */
int virDomainReboot(virDomainPtr domain, unsigned int flags);

/**
 * Resets the domain as by its reset button; flags is 0.  Returns 0, or -1:
 * VIR_ERR_OPERATION_INVALID (not active).  Source: libvirt.
 */
int virDomainReset(virDomainPtr domain, unsigned int flags);

/**
 * Gives the guest a non-maskable interrupt; flags is 0.  Returns 0, or -1:
 * VIR_ERR_OPERATION_INVALID (not active).  Source: libvirt.
 */
int virDomainInjectNMI(virDomainPtr domain, unsigned int flags);

/**
 * Wakes up a guest that has suspended itself; flags is 0.  Returns 0, or -1:
 * VIR_ERR_OPERATION_INVALID (it has not).  Source: libvirt.
 */
int virDomainPMWakeup(virDomainPtr dom, unsigned int flags);

/**
 * Ends the domain at once, as if its power were cut; a job on it is cancelled.
 * Returns 0, or -1: VIR_ERR_OPERATION_INVALID (not active).  Source: libvirt.
 */
int virDomainDestroy(virDomainPtr domain);

/**
 * The same; flags is of virDomainDestroyFlagsValues.  With
 * VIR_DOMAIN_DESTROY_GRACEFUL a QEMU that does not end by itself is not killed:
 * VIR_ERR_RESOURCE_BUSY.  Source: libvirt.
 */
int virDomainDestroyFlags(virDomainPtr domain, unsigned int flags);

/* --- saving, restoring, dumping --- */

/**
 * Writes the domain's memory and state to a file and ends the domain; a file
 * that is there is replaced once the new one is whole.  A job; when it fails
 * or is cancelled the domain goes on as before, and there is no file.  Returns
 * 0, or -1: VIR_ERR_OPERATION_INVALID (not active), VIR_ERR_OPERATION_FAILED
 * (no space, …), VIR_ERR_SYSTEM_ERROR (the file cannot be made).
 * Source: libvirt.
 */
int virDomainSave(virDomainPtr domain, const char *to);

/**
 * The same; flags is of VIR_DOMAIN_SAVE_*, and VIR_DOMAIN_SAVE_RUNNING or
 * _PAUSED say what the domain is to be when it is restored, whatever it is
 * now.  With VIR_DOMAIN_SAVE_ASYNC it goes on after the return.
 * Source: the proposal.
 */
int virDomainSaveFlags(virDomainPtr domain, const char *to, unsigned int flags);

/**
 * The same, with the file as the text VIR_DOMAIN_SAVE_PARAM_FILE, and XML to
 * be put in the file in place of the domain's own as
 * VIR_DOMAIN_SAVE_PARAM_DXML.  nparams counts params, at most 64, which stay
 * the caller's.  Without a file it is virDomainManagedSave().  Source: libvirt;
 * ASYNC from the proposal.
 */
int virDomainSaveParams(virDomainPtr domain, virTypedParameterPtr params, int nparams,
                        unsigned int flags);

/**
 * Starts a domain from a file of virDomainSave(), which stays.  A job.
 * Returns 0, or -1: VIR_ERR_OPERATION_FAILED (the file is none, or not whole;
 * the name or the UUID is another domain's), VIR_ERR_OPERATION_INVALID (the
 * domain is active), VIR_ERR_SYSTEM_ERROR (it cannot be read).
 * Source: libvirt.
 */
int virDomainRestore(virConnectPtr conn, const char *from);

/**
 * The same; flags is of VIR_DOMAIN_SAVE_*.  With VIR_DOMAIN_RESTORE_ASYNC it
 * goes on after the return, and the domain can be looked up, by the name and
 * UUID it was saved with, as soon as this returns.  When the job fails or is
 * cancelled, the domain is what it was before, and the file stays.
 * Source: the proposal.
 */
int virDomainRestoreFlags(virConnectPtr conn, const char *from, unsigned int flags);

/**
 * The same, with the file as the text VIR_DOMAIN_SAVE_PARAM_FILE, and XML in
 * place of that in the file as VIR_DOMAIN_SAVE_PARAM_DXML.  Source: libvirt;
 * ASYNC from the proposal.
 */
int virDomainRestoreParams(virConnectPtr conn, virTypedParameterPtr params, int nparams,
                           unsigned int flags);

/**
 * Saves a defined domain to a file of the daemon's, from which its next start
 * restores it; flags is of VIR_DOMAIN_SAVE_*.  A job, as virDomainSave(); with
 * VIR_DOMAIN_SAVE_ASYNC it goes on after the return.  Returns 0, or -1:
 * VIR_ERR_OPERATION_INVALID (not active, or not defined).  Source: libvirt;
 * ASYNC from the proposal.
 */
int virDomainManagedSave(virDomainPtr domain, unsigned int flags);

/**
 * Returns 1 when the domain has a managed save image, 0 when not, or -1; flags
 * is 0.  Source: libvirt.
 */
int virDomainHasManagedSaveImage(virDomainPtr domain, unsigned int flags);

/**
 * Removes the managed save image, if there is one; flags is 0.
 * Returns 0, or -1.  Source: libvirt.
 */
int virDomainManagedSaveRemove(virDomainPtr domain, unsigned int flags);

/**
 * The XML in the managed save image; flags is of virDomainSaveImageXMLFlags.
 * The caller frees it.  NULL: raised, VIR_ERR_OPERATION_INVALID where there is
 * no image.  Source: libvirt.
 */
char *virDomainManagedSaveGetXMLDesc(virDomainPtr domain, unsigned int flags);

/**
 * Changes the XML in the managed save image; flags is VIR_DOMAIN_SAVE_RUNNING,
 * VIR_DOMAIN_SAVE_PAUSED or 0.  Returns 0, or -1: VIR_ERR_CONFIG_UNSUPPORTED
 * where a guest of that XML cannot load what is in the file.  Source: libvirt.
 */
int virDomainManagedSaveDefineXML(virDomainPtr domain, const char *dxml, unsigned int flags);

/**
 * The XML in a file of virDomainSave(); flags is of virDomainSaveImageXMLFlags.
 * Refused on a read-only connection, as a file is read.  The caller frees it.
 * NULL: raised, VIR_ERR_OPERATION_FAILED where the file is none.  Source: libvirt.
 */
char *virDomainSaveImageGetXMLDesc(virConnectPtr conn, const char *file, unsigned int flags);

/**
 * Changes the XML in such a file, as virDomainManagedSaveDefineXML().
 * Source: libvirt.
 */
int virDomainSaveImageDefineXML(virConnectPtr conn, const char *file, const char *dxml,
                                unsigned int flags);

/**
 * Writes the domain's memory to a file for a debugger; flags is of VIR_DUMP_*.
 * A job; with VIR_DOMAIN_CORE_DUMP_ASYNC it goes on after the return.  When it
 * fails or is cancelled the domain goes on as before, and there is no file.
 * Returns 0, or -1, as virDomainSave().  Source: libvirt; ASYNC from the proposal.
 */
int virDomainCoreDump(virDomainPtr domain, const char *to, unsigned int flags);

/**
 * The same in a format of virDomainCoreDumpFormat; those other than
 * VIR_DOMAIN_CORE_DUMP_FORMAT_RAW need VIR_DUMP_MEMORY_ONLY.  Source: libvirt;
 * ASYNC from the proposal.
 */
int virDomainCoreDumpWithFormat(virDomainPtr domain, const char *to, unsigned int dumpformat,
                                unsigned int flags);

/* --- what there is to know --- */

/**
 * *info gets the domain's state, memory, CPUs and the time these have used.
 * Returns 0, or -1.  Source: libvirt.
 */
int virDomainGetInfo(virDomainPtr domain, virDomainInfoPtr info);

/**
 * *state gets a virDomainState, and *reason, if reason is not NULL, a number of
 * the enum of that state's reasons; flags is 0.  Returns 0, or -1.
 * Source: libvirt.
 */
int virDomainGetState(virDomainPtr domain, int *state, int *reason, unsigned int flags);

/**
 * The domain's XML: the live one of an active domain, unless flags, of
 * virDomainXMLFlags, ask for the definition.  VIR_DOMAIN_XML_SECURE and
 * _MIGRATABLE are refused on a read-only connection.  The caller frees it.
 * NULL: raised.  Source: libvirt.
 */
char *virDomainGetXMLDesc(virDomainPtr domain, unsigned int flags);

/**
 * Opens stream, new and of the domain's connection, on a serial port of the
 * running guest: dev_name is its alias, NULL the first one.  What the guest
 * says is received, what is sent it hears.  One client has it at a time.  flags
 * is of virDomainConsoleFlags.  Returns 0, or -1: VIR_ERR_OPERATION_FAILED
 * (another client has it), VIR_ERR_OPERATION_UNSUPPORTED (it is no pty),
 * VIR_ERR_INVALID_STREAM.  Source: libvirt.
 */
int virDomainOpenConsole(virDomainPtr domain, const char *dev_name, virStreamPtr stream,
                         unsigned int flags);

/**
 * Gives fd, one end of a connected pair of stream sockets, to QEMU as a client of
 * the running guest's graphical console number idx, counted from 0: on the other
 * end is then its VNC server.  fd stays the caller's, who may close it afterwards.
 * flags is of virDomainOpenGraphicsFlags.  Only over a unix socket.  Returns 0, or
 * -1: VIR_ERR_INVALID_ARG (no socket), VIR_ERR_INTERNAL_ERROR (no such console),
 * VIR_ERR_ARGUMENT_UNSUPPORTED (no unix socket).  Source: libvirt.
 */
int virDomainOpenGraphics(virDomainPtr domain, unsigned int idx, int fd, unsigned int flags);

/**
 * The same with a pair that the daemon makes.  Returns the caller's end, to be
 * closed by it, or -1.  Source: libvirt.
 */
int virDomainOpenGraphicsFD(virDomainPtr domain, unsigned int idx, unsigned int flags);

/**
 * Opens stream, new and of the domain's connection, for a picture of what the
 * guest shows on that screen, counted from 0 over its video devices and their
 * heads: virStreamRecv() until it returns 0, then virStreamFinish().  flags
 * must be 0.  Returns the picture's MIME type, which the caller frees.  NULL:
 * raised, VIR_ERR_INVALID_ARG (no such screen), VIR_ERR_INVALID_STREAM.  Source:
 * libvirt.
 */
char *virDomainScreenshot(virDomainPtr domain, virStreamPtr stream, unsigned int screen,
                          unsigned int flags);

/**
 * How the guest is started ("hvm").  The caller frees it.  NULL: raised.
 * Source: libvirt.
 */
char *virDomainGetOSType(virDomainPtr domain);

/** The domain's memory in KiB, as it started or will start; 0: raised.  Source: libvirt. */
unsigned long virDomainGetMaxMemory(virDomainPtr domain);

/** How many CPUs the domain may have at most, or -1.  Source: libvirt. */
int virDomainGetMaxVcpus(virDomainPtr domain);

/**
 * How many CPUs the domain has, or with VIR_DOMAIN_VCPU_MAXIMUM may have at
 * most; flags is of virDomainVcpuFlags.  -1: raised, VIR_ERR_OPERATION_INVALID
 * (VIR_DOMAIN_VCPU_LIVE, and it is not active).  Source: libvirt.
 */
int virDomainGetVcpusFlags(virDomainPtr domain, unsigned int flags);

/**
 * disk is the target ("vda") or the path of one of the domain's disks, on whose
 * file *info gets the sizes in bytes; flags is 0.  Returns 0, or -1:
 * VIR_ERR_INVALID_ARG (no such disk, or an empty drive), VIR_ERR_SYSTEM_ERROR
 * (its file cannot be opened), VIR_ERR_OPERATION_TIMEOUT.  Source: libvirt.
 */
int virDomainGetBlockInfo(virDomainPtr domain, const char *disk, virDomainBlockInfoPtr info,
                          unsigned int flags);

/** Returns 1 when the domain is active, 0 when not, or -1.  Source: libvirt. */
int virDomainIsActive(virDomainPtr dom);

/** Returns 1 when the domain is defined, 0 when it goes with its end, or -1.  Source: libvirt. */
int virDomainIsPersistent(virDomainPtr dom);

/**
 * Returns 1 when an active domain's definition is another one than it was
 * started with, 0 when not, or -1.  Source: libvirt.
 */
int virDomainIsUpdated(virDomainPtr dom);

/**
 * *info gets how the way to the domain's QEMU stands; flags is 0.  Returns 0,
 * or -1: VIR_ERR_OPERATION_INVALID (not active).  Source: libvirt.
 */
int virDomainGetControlInfo(virDomainPtr domain, virDomainControlInfoPtr info,
                            unsigned int flags);

/**
 * *msgs gets what there is to say of the domain to whoever cares for it, NULL
 * behind the last; flags is 0.  The caller frees each and the array with
 * free().  Returns how many, or -1.  Source: libvirt.
 */
int virDomainGetMessages(virDomainPtr domain, char ***msgs, unsigned int flags);

/**
 * *seclabel gets the label of the domain's process, "" for none.
 * Returns 0, or -1.  Source: libvirt.
 */
int virDomainGetSecurityLabel(virDomainPtr domain, virSecurityLabelPtr seclabel);

/**
 * Sends a command to the domain's QEMU, in QMP's JSON or with
 * VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP in the words of its human monitor, and
 * *result gets the answer.  The caller frees it.  What the command does is
 * not known to the daemon.  flags is of virDomainQemuMonitorCommandFlags.
 * Returns 0, or -1: VIR_ERR_OPERATION_INVALID (not active),
 * VIR_ERR_INVALID_ARG (no JSON object).  Source: libvirt, from its libvirt-qemu.h.
 */
int virDomainQemuMonitorCommand(virDomainPtr domain, const char *cmd, char **result,
                                unsigned int flags);

/* --- the agent inside the guest; each of these fails with VIR_ERR_ARGUMENT_UNSUPPORTED where the
   domain has no channel for one, VIR_ERR_AGENT_UNRESPONSIVE where nobody answers,
   VIR_ERR_AGENT_COMMAND_FAILED where it says no --- */

/**
 * Sends the guest's agent a command, one JSON object.  timeout is in seconds,
 * or of virDomainQemuAgentCommandTimeoutValues; flags is 0.  Returns the answer,
 * which the caller frees, "" when it was not to be waited for, or NULL:
 * VIR_ERR_AGENT_COMMAND_TIMEOUT.  Source: libvirt, from its libvirt-qemu.h.
 */
char *virDomainQemuAgentCommand(virDomainPtr domain, const char *cmd, int timeout,
                                unsigned int flags);

/**
 * Has the guest write out and freeze its file systems, those of the mount
 * points or, with none, all; flags is 0.  Returns how many, or -1.  Source: libvirt.
 */
int virDomainFSFreeze(virDomainPtr dom, const char **mountpoints, unsigned int nmountpoints,
                      unsigned int flags);

/**
 * Thaws all that is frozen; no mount points can be given, and flags is 0.
 * Returns how many, or -1.  Source: libvirt.
 */
int virDomainFSThaw(virDomainPtr dom, const char **mountpoints, unsigned int nmountpoints,
                    unsigned int flags);

/**
 * The guest's time, since 1970; seconds and nseconds may be NULL, flags is 0.
 * Returns 0, or -1.  Source: libvirt.
 */
int virDomainGetTime(virDomainPtr dom, long long *seconds, unsigned int *nseconds,
                     unsigned int flags);

/**
 * Sets it, or with VIR_DOMAIN_TIME_SYNC in flags (virDomainSetTimeFlags) has the
 * guest take it from its hardware clock.  Returns 0, or -1.  Source: libvirt.
 */
int virDomainSetTime(virDomainPtr dom, long long seconds, unsigned int nseconds,
                     unsigned int flags);

/**
 * The guest's host name, which the caller frees; flags is of
 * virDomainGetHostnameFlags.  NULL: VIR_ERR_NO_HOSTNAME (by a lease: there are no networks).
 * Source: libvirt.
 */
char *virDomainGetHostname(virDomainPtr domain, unsigned int flags);

/* --- jobs --- */

/**
 * How the domain's last job stands, as virStorageVolGetJobInfo().
 * Returns 0, or -1.  Source: the proposal.
 */
int virDomainGetJobInfo(virDomainPtr dom, virJobInfoPtr info);

/**
 * Cancels the domain's job, as virStorageVolCancelJob().
 * Returns 0, or -1.  Source: the proposal.
 */
int virDomainCancelJob(virDomainPtr dom);

/**
 * How fast the domain's job may move bytes, as virStorageVolSetJobSpeed().
 * Returns 0, or -1.  Source: ours.
 */
int virDomainSetJobSpeed(virDomainPtr dom, unsigned long long speed, unsigned int flags);

/**
 * Why the domain's last job failed, as virStorageVolGetJobError().
 * Returns 0, or -1.  Source: ours.
 */
int virDomainGetJobError(virDomainPtr dom, virErrorPtr error);

/**
 * All that is known of the domain's last job, as virStorageVolGetJobRecord().
 * NULL: raised.  Source: ours.
 */
virJobRecordPtr virDomainGetJobRecord(virDomainPtr dom, unsigned int flags);

/**
 * Waits for the domain's last job, as virStorageVolWaitJob().
 * Returns 0, 1, or -1.  Source: ours.
 */
int virDomainWaitJob(virDomainPtr dom, virJobInfoPtr info, int timeoutMs);

/**
 * The domain's job as libvirt tells it: *type gets a virDomainJobType, and
 * *params and *nparams what is known of it, by the names VIR_DOMAIN_JOB_*; flags is
 * of virDomainGetJobStatsFlags.  Where there is no job the type is
 * VIR_DOMAIN_JOB_NONE, without parameters.  Free *params with
 * virTypedParamsFree().  Returns 0, or -1.  Source: libvirt.
 */
int virDomainGetJobStats(virDomainPtr domain, int *type, virTypedParameterPtr *params,
                         int *nparams, unsigned int flags);

/**
 * Cancels the domain's running job, as libvirt's clients do; as
 * virDomainCancelJob().  Returns 0, or -1.  Source: libvirt.
 */
int virDomainAbortJob(virDomainPtr domain);

/** The same; flags is 0.  Source: libvirt. */
int virDomainAbortJobFlags(virDomainPtr domain, unsigned int flags);

#ifdef __cplusplus
}
#endif

#endif
