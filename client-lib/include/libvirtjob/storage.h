/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Storage pools and volumes, and their jobs.  Included by
 * <libvirtjob/libvirtjob.h>, which says what holds for all functions.
 */
#ifndef LIBVIRTJOB_STORAGE_H
#define LIBVIRTJOB_STORAGE_H

#include <libvirtjob/libvirtjob.h>
#include <libvirtjob/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- storage pools --- */

typedef struct _virStoragePoolInfo {
    int state; /* virStoragePoolState */
    unsigned long long capacity;
    unsigned long long allocation;
    unsigned long long available;
} virStoragePoolInfo;
typedef virStoragePoolInfo *virStoragePoolInfoPtr;

/** How many pools are active, or -1.  Source: libvirt. */
int virConnectNumOfStoragePools(virConnectPtr conn);

/**
 * names gets the names of at most maxnames active pools, each for the caller
 * to free.  Returns how many, or -1.  Source: libvirt.
 */
int virConnectListStoragePools(virConnectPtr conn, char **const names, int maxnames);

/** How many pools are defined and not active, or -1.  Source: libvirt. */
int virConnectNumOfDefinedStoragePools(virConnectPtr conn);

/**
 * names gets the names of at most maxnames pools that are defined and not
 * active, each for the caller to free.  Returns how many, or -1.  Source: libvirt.
 */
int virConnectListDefinedStoragePools(virConnectPtr conn, char **const names, int maxnames);

/**
 * *pools gets all pools, NULL behind the last; flags is of
 * virConnectListAllStoragePoolsFlags.  The caller frees each with
 * virStoragePoolFree() and the array with free().  pools NULL: only count
 * them.  Returns how many, or -1.  Source: libvirt.
 */
int virConnectListAllStoragePools(virConnectPtr conn, virStoragePoolPtr **pools,
                                  unsigned int flags);

/**
 * XML of what pools of that type could be made from; srcSpec is XML that
 * narrows the search, or NULL, and flags is 0.  The caller frees it.  NULL:
 * raised, VIR_ERR_NO_SUPPORT where that type has no sources to be found.
 * Source: libvirt.
 */
char *virConnectFindStoragePoolSources(virConnectPtr conn, const char *type, const char *srcSpec,
                                       unsigned int flags);

/**
 * XML of the pool types the daemon has; flags is 0.  The caller frees it.
 * NULL: raised.  Source: libvirt.
 */
char *virConnectGetStoragePoolCapabilities(virConnectPtr conn, unsigned int flags);

/**
 * The pool of that name, active or not.  Free it with virStoragePoolFree().
 * NULL: raised, VIR_ERR_NO_STORAGE_POOL where there is none.  Source: libvirt.
 */
virStoragePoolPtr virStoragePoolLookupByName(virConnectPtr conn, const char *name);

/**
 * The pool with that UUID of VIR_UUID_BUFLEN bytes, as virStoragePoolLookupByName().
 * Source: libvirt.
 */
virStoragePoolPtr virStoragePoolLookupByUUID(virConnectPtr conn, const unsigned char *uuid);

/** The same by text; VIR_ERR_INVALID_ARG where that is no UUID.  Source: libvirt. */
virStoragePoolPtr virStoragePoolLookupByUUIDString(virConnectPtr conn, const char *uuidstr);

/** The pool a volume is in, as virStoragePoolLookupByName().  Source: libvirt. */
virStoragePoolPtr virStoragePoolLookupByVolume(virStorageVolPtr vol);

/** The pool with that target path, as virStoragePoolLookupByName().  Source: libvirt. */
virStoragePoolPtr virStoragePoolLookupByTargetPath(virConnectPtr conn, const char *path);

/**
 * Starts a pool that is not kept when it stops; flags is of
 * virStoragePoolCreateFlags.  A job; with VIR_STORAGE_POOL_CREATE_ASYNC the
 * pool is returned as soon as the job is accepted.  Free it with
 * virStoragePoolFree().  NULL: raised, VIR_ERR_XML_ERROR,
 * VIR_ERR_CONFIG_UNSUPPORTED, VIR_ERR_OPERATION_FAILED (name or UUID are
 * taken).  Source: libvirt; ASYNC from the proposal.
 */
virStoragePoolPtr virStoragePoolCreateXML(virConnectPtr conn, const char *xmlDesc,
                                          unsigned int flags);

/**
 * Defines a pool, or changes the definition of one that is not active; flags
 * is of virStoragePoolDefineFlags.  Free it with virStoragePoolFree().  NULL:
 * raised, as virStoragePoolCreateXML().  Source: libvirt.
 */
virStoragePoolPtr virStoragePoolDefineXML(virConnectPtr conn, const char *xml,
                                          unsigned int flags);

/**
 * Makes what the pool is to live in (the folder of a dir pool); flags is of
 * virStoragePoolBuildFlags.  A job; with VIR_STORAGE_POOL_BUILD_ASYNC it goes
 * on after the return.  Returns 0, or -1: VIR_ERR_OPERATION_INVALID (active,
 * or a job is on it), VIR_ERR_STORAGE_POOL_BUILT (NO_OVERWRITE, and something
 * is there).  Source: libvirt; ASYNC from the proposal.
 */
int virStoragePoolBuild(virStoragePoolPtr pool, unsigned int flags);

/**
 * Starts a defined pool and looks through it; flags is of
 * virStoragePoolCreateFlags.  A job; with VIR_STORAGE_POOL_CREATE_ASYNC it goes
 * on after the return.  Returns 0, or -1: VIR_ERR_OPERATION_INVALID (active
 * already).  Source: libvirt; ASYNC from the proposal.
 */
int virStoragePoolCreate(virStoragePoolPtr pool, unsigned int flags);

/**
 * Stops a pool; nothing in it is touched.  Returns 0, or -1:
 * VIR_ERR_OPERATION_INVALID (not active, or a job is on it or on a volume in
 * it).  Source: libvirt.
 */
int virStoragePoolDestroy(virStoragePoolPtr pool);

/**
 * Deletes what the pool lives in; flags is of virStoragePoolDeleteFlags.  A
 * job; with VIR_STORAGE_POOL_DELETE_ASYNC it goes on after the return.  Cannot
 * be undone.  Returns 0, or -1: VIR_ERR_OPERATION_INVALID (active, or a job is
 * on it).  Source: libvirt; ASYNC from the proposal.
 */
int virStoragePoolDelete(virStoragePoolPtr pool, unsigned int flags);

/**
 * Forgets a pool that is not active; nothing in it is touched.  Returns 0, or
 * -1: VIR_ERR_OPERATION_INVALID.  Source: libvirt.
 */
int virStoragePoolUndefine(virStoragePoolPtr pool);

/**
 * Looks through the pool anew for volumes; flags is of
 * virStoragePoolRefreshFlags.  A job; with VIR_STORAGE_POOL_REFRESH_ASYNC it
 * goes on after the return.  Returns 0, or -1: VIR_ERR_OPERATION_INVALID (not
 * active).  Source: libvirt; ASYNC from the proposal.
 */
int virStoragePoolRefresh(virStoragePoolPtr pool, unsigned int flags);

/** The pool's name; belongs to the object.  NULL: raised.  Source: libvirt. */
const char *virStoragePoolGetName(virStoragePoolPtr pool);

/** uuid gets the pool's VIR_UUID_BUFLEN bytes.  Returns 0, or -1.  Source: libvirt. */
int virStoragePoolGetUUID(virStoragePoolPtr pool, unsigned char *uuid);

/**
 * buf, of VIR_UUID_STRING_BUFLEN bytes, gets the UUID as text.
 * Returns 0, or -1.  Source: libvirt.
 */
int virStoragePoolGetUUIDString(virStoragePoolPtr pool, char *buf);

/**
 * *info gets the pool's state (virStoragePoolState) and sizes, in bytes.
 * Returns 0, or -1.  Source: libvirt.
 */
int virStoragePoolGetInfo(virStoragePoolPtr pool, virStoragePoolInfoPtr info);

/**
 * The pool's XML; flags is of virStorageXMLFlags.  The caller frees it.  NULL: raised.
 * Source: libvirt.
 */
char *virStoragePoolGetXMLDesc(virStoragePoolPtr pool, unsigned int flags);

/**
 * *autostart gets 1 when the pool is started with the daemon, else 0.
 * Returns 0, or -1.  Source: libvirt.
 */
int virStoragePoolGetAutostart(virStoragePoolPtr pool, int *autostart);

/**
 * Whether a defined pool is started with the daemon.  Returns 0, or -1:
 * VIR_ERR_OPERATION_INVALID (it is not defined).  Source: libvirt.
 */
int virStoragePoolSetAutostart(virStoragePoolPtr pool, int autostart);

/** Returns 1 when the pool is active, 0 when not, or -1.  Source: libvirt. */
int virStoragePoolIsActive(virStoragePoolPtr pool);

/** Returns 1 when the pool is defined, 0 when it goes with its stop, or -1.  Source: libvirt. */
int virStoragePoolIsPersistent(virStoragePoolPtr pool);

/** How many volumes are in an active pool, or -1.  Source: libvirt. */
int virStoragePoolNumOfVolumes(virStoragePoolPtr pool);

/**
 * names gets the names of at most maxnames volumes of an active pool, each for
 * the caller to free.  Returns how many, or -1.  Source: libvirt.
 */
int virStoragePoolListVolumes(virStoragePoolPtr pool, char **const names, int maxnames);

/**
 * *vols gets all volumes of an active pool, NULL behind the last; flags is 0.
 * The caller frees each with virStorageVolFree() and the array with free().
 * vols NULL: only count them.  Returns how many, or -1.  Source: libvirt.
 */
int virStoragePoolListAllVolumes(virStoragePoolPtr pool, virStorageVolPtr **vols,
                                 unsigned int flags);

/** The connection it came from, without a further reference.  NULL: raised.  Source: libvirt. */
virConnectPtr virStoragePoolGetConnect(virStoragePoolPtr pool);

/**
 * One more reference; each needs its own virStoragePoolFree().  Returns 0, or
 * -1.  Source: libvirt.
 */
int virStoragePoolRef(virStoragePoolPtr pool);

/** Drops a reference; the pool itself is not touched.  Returns 0, or -1.  Source: libvirt. */
int virStoragePoolFree(virStoragePoolPtr pool);

/**
 * How the pool's last job stands, as virStorageVolGetJobInfo().
 * Returns 0, or -1.  Source: the proposal.
 */
int virStoragePoolGetJobInfo(virStoragePoolPtr pool, virJobInfoPtr info);

/**
 * Cancels the pool's job, as virStorageVolCancelJob().
 * Returns 0, or -1.  Source: the proposal.
 */
int virStoragePoolCancelJob(virStoragePoolPtr pool);

/**
 * How fast the pool's job may move bytes, as virStorageVolSetJobSpeed().
 * Returns 0, or -1.  Source: ours.
 */
int virStoragePoolSetJobSpeed(virStoragePoolPtr pool, unsigned long long speed,
                              unsigned int flags);

/**
 * Why the pool's last job failed, as virStorageVolGetJobError().
 * Returns 0, or -1.  Source: ours.
 */
int virStoragePoolGetJobError(virStoragePoolPtr pool, virErrorPtr error);

/**
 * All that is known of the pool's last job, as virStorageVolGetJobRecord().
 * NULL: raised.  Source: ours.
 */
virJobRecordPtr virStoragePoolGetJobRecord(virStoragePoolPtr pool, unsigned int flags);

/**
 * Waits for the pool's last job, as virStorageVolWaitJob().
 * Returns 0, 1, or -1.  Source: ours.
 */
int virStoragePoolWaitJob(virStoragePoolPtr pool, virJobInfoPtr info, int timeoutMs);

/* --- storage volumes --- */

typedef struct _virStorageVolInfo {
    int type; /* virStorageVolType */
    unsigned long long capacity;
    unsigned long long allocation;
} virStorageVolInfo;
typedef virStorageVolInfo *virStorageVolInfoPtr;

/**
 * The volume of that name in an active pool; also one that is still being
 * made.  Free it with virStorageVolFree().  NULL: raised, VIR_ERR_NO_STORAGE_VOL
 * where there is none.  Source: libvirt.
 */
virStorageVolPtr virStorageVolLookupByName(virStoragePoolPtr pool, const char *name);

/**
 * The volume with that key in any active pool, as virStorageVolLookupByName().
 * Source: libvirt.
 */
virStorageVolPtr virStorageVolLookupByKey(virConnectPtr conn, const char *key);

/**
 * The volume at that path in any active pool, as virStorageVolLookupByName().
 * Source: libvirt.
 */
virStorageVolPtr virStorageVolLookupByPath(virConnectPtr conn, const char *path);

/**
 * Makes a volume from its XML; flags is of virStorageVolCreateFlags.  A job;
 * with VIR_STORAGE_VOL_CREATE_XML_ASYNC the volume is returned as soon as the
 * job is accepted.  When the job fails or is cancelled nothing is left of the
 * volume, and its job still answers.  Free it with virStorageVolFree().  NULL:
 * raised, VIR_ERR_XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
 * VIR_ERR_STORAGE_VOL_EXIST, VIR_ERR_OPERATION_INVALID (the pool is not
 * active, or is being built or deleted), VIR_ERR_OPERATION_FAILED (no space).
 * Source: libvirt; ASYNC from the proposal.
 */
virStorageVolPtr virStorageVolCreateXML(virStoragePoolPtr pool, const char *xmldesc,
                                        unsigned int flags);

/**
 * The same with the content of clonevol, converted where the format differs;
 * clonevol may be in another pool, but must be of the same connection.  A
 * capacity below clonevol's is raised to it.  Source: libvirt; ASYNC from the proposal.
 */
virStorageVolPtr virStorageVolCreateXMLFrom(virStoragePoolPtr pool, const char *xmldesc,
                                            virStorageVolPtr clonevol, unsigned int flags);

/**
 * Deletes the volume; flags is of virStorageVolDeleteFlags.  A job; with
 * VIR_STORAGE_VOL_DELETE_ASYNC it goes on after the return.  Returns 0, or -1:
 * VIR_ERR_OPERATION_INVALID (a job is on it or reads it).  Source: libvirt;
 * ASYNC from the proposal.
 */
int virStorageVolDelete(virStorageVolPtr vol, unsigned int flags);

/**
 * Overwrites the volume with zeroes, so that what was in it cannot be read
 * again.  A job; with VIR_STORAGE_VOL_WIPE_ASYNC, the one flag, it goes on
 * after the return.  Cancelling does not bring back what has been wiped.
 * Returns 0, or -1, as virStorageVolDelete().  Source: libvirt; ASYNC from the proposal.
 */
int virStorageVolWipe(virStorageVolPtr vol, unsigned int flags);

/**
 * The same by one of virStorageVolWipeAlgorithm.  Returns 0, or -1:
 * VIR_ERR_INVALID_ARG for one that does not exist.  Source: libvirt; ASYNC from
 * the proposal.
 */
int virStorageVolWipePattern(virStorageVolPtr vol, unsigned int algorithm, unsigned int flags);

/**
 * Sets the volume's capacity in bytes, or with VIR_STORAGE_VOL_RESIZE_DELTA
 * changes it by so many; flags is of virStorageVolResizeFlags.  A job; with
 * VIR_STORAGE_VOL_RESIZE_ASYNC it goes on after the return.  What is cut off
 * does not come back.  Returns 0, or -1: VIR_ERR_INVALID_ARG (smaller, without
 * VIR_STORAGE_VOL_RESIZE_SHRINK), VIR_ERR_OPERATION_INVALID (a job is on it or
 * reads it).  Source: libvirt; ASYNC from the proposal.
 */
int virStorageVolResize(virStorageVolPtr vol, unsigned long long capacity, unsigned int flags);

/**
 * Opens stream, new and of the volume's connection, for writing to the bytes of
 * the volume's file from offset on: length of them, 0 = as many as come.
 * virStreamSend() them, then virStreamFinish(), which returns once they are on
 * disk.  flags is of virStorageVolUploadFlags.  A job, in place: what has come
 * stays when the rest does not.  Returns 0, or -1: VIR_ERR_INVALID_ARG (beyond
 * the end of the volume), VIR_ERR_INVALID_STREAM.  Source: libvirt.
 */
int virStorageVolUpload(virStorageVolPtr vol, virStreamPtr stream, unsigned long long offset,
                        unsigned long long length, unsigned int flags);

/**
 * The same for reading them: virStreamRecv() until it returns 0, then
 * virStreamFinish().  length 0 = to the end; flags is of
 * virStorageVolDownloadFlags.  A job.  Returns 0, or -1, as virStorageVolUpload().
 * Source: libvirt.
 */
int virStorageVolDownload(virStorageVolPtr vol, virStreamPtr stream, unsigned long long offset,
                          unsigned long long length, unsigned int flags);

/** The volume's name; belongs to the object.  NULL: raised.  Source: libvirt. */
const char *virStorageVolGetName(virStorageVolPtr vol);

/**
 * The volume's key, unique on the host; belongs to the object.  NULL: raised.
 * Source: libvirt.
 */
const char *virStorageVolGetKey(virStorageVolPtr vol);

/** Where the volume is.  The caller frees it.  NULL: raised.  Source: libvirt. */
char *virStorageVolGetPath(virStorageVolPtr vol);

/**
 * *info gets the volume's type (virStorageVolType) and sizes, in bytes; while
 * it is being made, allocation is what has been written so far.  Returns 0, or
 * -1.  Source: libvirt.
 */
int virStorageVolGetInfo(virStorageVolPtr vol, virStorageVolInfoPtr info);

/**
 * The same; with VIR_STORAGE_VOL_GET_PHYSICAL allocation is the file's size.
 * Returns 0, or -1.  Source: libvirt.
 */
int virStorageVolGetInfoFlags(virStorageVolPtr vol, virStorageVolInfoPtr info,
                              unsigned int flags);

/** The volume's XML; flags is 0.  The caller frees it.  NULL: raised.  Source: libvirt. */
char *virStorageVolGetXMLDesc(virStorageVolPtr vol, unsigned int flags);

/** The connection it came from, without a further reference.  NULL: raised.  Source: libvirt. */
virConnectPtr virStorageVolGetConnect(virStorageVolPtr vol);

/**
 * One more reference; each needs its own virStorageVolFree().  Returns 0, or -1.
 * Source: libvirt.
 */
int virStorageVolRef(virStorageVolPtr vol);

/** Drops a reference; the volume itself is not touched.  Returns 0, or -1.  Source: libvirt. */
int virStorageVolFree(virStorageVolPtr vol);

/**
 * *info gets how the volume's last job stands: one moment's numbers, times in
 * seconds.  Returns 0, or -1: VIR_ERR_OPERATION_INVALID where no job has run.
 * Source: the proposal.
 */
int virStorageVolGetJobInfo(virStorageVolPtr vol, virJobInfoPtr info);

/**
 * Asks for the volume's job to be stopped and undone, and returns at once; the
 * job stays RUNNING until that is done, then it is CANCELLED.  May be
 * repeated.  A job that ends first stays COMPLETE.  Returns 0, or -1:
 * VIR_ERR_OPERATION_INVALID where it has ended, or is past the point where it
 * can be undone.  Source: the proposal.
 */
int virStorageVolCancelJob(virStorageVolPtr vol);

/**
 * How fast the volume's job may move bytes from now on, in bytes a second; 0 =
 * as fast as it can.  Kept when the daemon is restarted.  flags is 0.  Returns 0, or -1:
 * VIR_ERR_OPERATION_INVALID where no job has run or it has ended or is being
 * cancelled, VIR_ERR_OPERATION_UNSUPPORTED where its kind takes no speed,
 * VIR_ERR_OVERFLOW for more than 2^63 - 1.  Source: ours; libvirt has the like for block jobs.
 */
int virStorageVolSetJobSpeed(virStorageVolPtr vol, unsigned long long speed, unsigned int flags);

/**
 * *error gets why the volume's last job failed, code VIR_ERR_OK where it did
 * not; its former content is not looked at.  Free it with virResetError().
 * This thread's last error is about the call itself.  Returns 0, or -1:
 * VIR_ERR_OPERATION_INVALID where no job has run.  Source: ours; the proposal
 * speaks of an error to be had.
 */
int virStorageVolGetJobError(virStorageVolPtr vol, virErrorPtr error);

/**
 * All that is known of the volume's last job; flags is 0.  The caller frees it
 * with virJobRecordFree().  NULL: raised, VIR_ERR_OPERATION_INVALID where no
 * job has run.  Source: ours.
 */
virJobRecordPtr virStorageVolGetJobRecord(virStorageVolPtr vol, unsigned int flags);

/**
 * Waits until the volume's last job has ended, at most timeoutMs milliseconds;
 * -1 = without end, 0 = only look.  Other threads may use the connection
 * meanwhile.  *info, if not NULL, gets how it stands.  Returns 0 when it has
 * ended, 1 when it is still running, or -1: VIR_ERR_OPERATION_INVALID where no
 * job has run, VIR_ERR_INVALID_ARG for a time below -1.  Source: ours.
 */
int virStorageVolWaitJob(virStorageVolPtr vol, virJobInfoPtr info, int timeoutMs);

#ifdef __cplusplus
}
#endif

#endif
