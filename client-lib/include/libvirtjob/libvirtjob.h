/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirtjob: the client library of virtjobd.  Every long operation is a job;
 * with the ASYNC flag of its call it goes on after the call has returned, to
 * be watched, waited for and cancelled.
 *
 * What holds for all functions:
 *
 * Threads.  Every function may be called from any thread at any time; calls of
 * several threads on one connection overlap.  An object must not be used after
 * its last reference was dropped.  Not to be called from a signal handler, nor
 * by a child after fork() on what its parent opened.
 *
 * Errors.  A failure is told by -1 or NULL, and virGetLastError() has the
 * reason until the thread's next call.  Beside what is listed with a function,
 * every call may fail with
 *   VIR_ERR_INVALID_CONN, _INVALID_DOMAIN, _INVALID_STORAGE_POOL,
 *   _INVALID_STORAGE_VOL       a pointer that is NULL or no such object
 *   VIR_ERR_INVALID_ARG        NULL where that has no meaning, an unknown flag
 *   VIR_ERR_NO_MEMORY
 * and every call to the daemon with
 *   VIR_ERR_RPC, _SYSTEM_ERROR the connection is lost, or what came is no answer
 *   VIR_ERR_NO_SUPPORT         this daemon does not have the call
 *   VIR_ERR_NO_DOMAIN, _NO_STORAGE_POOL, _NO_STORAGE_VOL  the object is gone
 *   VIR_ERR_OPERATION_DENIED   it changes something and the connection is read-only
 *   VIR_ERR_OPERATION_INVALID  another job holds the object: which, and how far it is
 *   VIR_ERR_OPERATION_TIMEOUT  a short operation waited too long for its turn
 *
 * Memory.  What "the caller frees" is freed by free() unless said otherwise.
 * Results behind pointers are set on success only, unless said otherwise.
 *
 * Source.  The proposal of 2008 ("RFC: Updated async job public API"), libvirt
 * (same name, same meaning) or ours.
 */
#ifndef LIBVIRTJOB_H
#define LIBVIRTJOB_H

/*
 * Four names mean something else in libvirt's header, see libvirtjob(3).
 * Included before this one its guard is seen here; included after it, the
 * name below, which libvirt's header declares and this one does not, says so.
 */
#if defined(LIBVIRT_H) || defined(__VIR_VIRLIB_H__)
#error "libvirtjob.h and libvirt.h exclude each other: same names, other arguments; see libvirtjob(3)"
#endif
#define virNodeSuspendTarget                                                                  \
    _Pragma("GCC error \"libvirtjob.h and libvirt.h exclude each other, see libvirtjob(3)\"") \
    virNodeSuspendTarget

#include <libvirtjob/types.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VIR_UUID_BUFLEN 16
#define VIR_UUID_STRING_BUFLEN 37

typedef struct _virConnect virConnect;
typedef virConnect *virConnectPtr;
typedef struct _virDomain virDomain;
typedef virDomain *virDomainPtr;
typedef struct _virStoragePool virStoragePool;
typedef virStoragePool *virStoragePoolPtr;
typedef struct _virStorageVol virStorageVol;
typedef virStorageVol *virStorageVolPtr;

/* --- errors --- */

typedef struct _virError {
    int code;
    int domain;
    char *message;
    virErrorLevel level;
    virConnectPtr conn;
    virDomainPtr dom;
    char *str1;
    char *str2;
    char *str3;
    int int1;
    int int2;
    void *net;
} virError;
typedef virError *virErrorPtr;
typedef void (*virErrorFunc)(void *userData, virErrorPtr error);

/**
 * This thread's last error, or NULL when its last call succeeded.  Belongs to
 * the library: valid until this thread's next call; virSaveLastError() keeps it.
 * Its conn and dom are always NULL.  Source: libvirt.
 */
virErrorPtr virGetLastError(void);

/**
 * The sentence of the last error, "no error" when there is none; never NULL.
 * Belongs to the library, as virGetLastError().  Source: libvirt.
 */
const char *virGetLastErrorMessage(void);

/** The last error's virErrorNumber; VIR_ERR_OK when there is none.  Source: libvirt. */
int virGetLastErrorCode(void);

/** The last error's virErrorDomain; VIR_FROM_NONE when there is none.  Source: libvirt. */
int virGetLastErrorDomain(void);

/**
 * A copy of the last error, code VIR_ERR_OK when there is none, for
 * virSetError(); NULL when there is no memory.  Free it with virFreeError().
 * Leaves errno alone.  Source: libvirt.
 */
virErrorPtr virSaveLastError(void);

/**
 * Makes a copy of newerr (NULL = no error) this thread's last error, without
 * telling the handler.  Returns 0.  Source: libvirt.
 */
int virSetError(virErrorPtr newerr);

/** Forgets this thread's last error.  Source: libvirt. */
void virResetLastError(void);

/** Frees what err holds and clears it; not err itself.  NULL is allowed.  Source: libvirt. */
void virResetError(virErrorPtr err);

/** Frees err and what it holds.  NULL is allowed.  Source: libvirt. */
void virFreeError(virErrorPtr err);

/**
 * Copies the last error into to, whose former content is not looked at; free
 * it with virResetError().  Returns its code (VIR_ERR_OK = none), -1 when to
 * is NULL.  Source: libvirt.
 */
int virCopyLastError(virErrorPtr to);

/**
 * Every error of every thread is told to handler, on the thread it happened
 * on and with userData, once it is that thread's last error.  NULL brings back
 * virDefaultErrorFunc().  One handler for the process.  A handler that makes
 * library calls loses the error it was called for.  Source: libvirt.
 */
void virSetErrorFunc(void *userData, virErrorFunc handler);

/**
 * Prints err as one line on stderr: what happens to errors unless
 * virSetErrorFunc() was called.  Source: libvirt.
 */
void virDefaultErrorFunc(virErrorPtr err);

/* --- connections --- */

typedef struct _virConnectCredential {
    int type;
    const char *prompt;
    const char *challenge;
    const char *defresult;
    char *result;
    unsigned int resultlen;
} virConnectCredential;
typedef virConnectCredential *virConnectCredentialPtr;
typedef int (*virConnectAuthCallbackPtr)(virConnectCredentialPtr cred, unsigned int ncred,
                                         void *cbdata);
typedef struct _virConnectAuth {
    int *credtype;
    unsigned int ncredtype;
    virConnectAuthCallbackPtr cb;
    void *cbdata;
} virConnectAuth;
typedef virConnectAuth *virConnectAuthPtr;

/**
 * Credentials for virConnectOpenAuth() that come from nowhere: no way to a
 * daemon that this library has asks for any yet.  Source: libvirt.
 */
extern virConnectAuthPtr virConnectAuthPtrDefault;

/** Needs not be called: there is nothing to set up.  Returns 0.  Source: libvirt. */
int virInitialize(void);

/**
 * *libVer gets this library's version, major * 1000000 + minor * 1000 +
 * release.  type is ignored; *typeVer, if not NULL, gets the same number: the
 * daemon's is virConnectGetLibVersion().  Returns 0, or -1: VIR_ERR_INVALID_ARG.
 * Source: libvirt.
 */
int virGetVersion(unsigned long *libVer, const char *type, unsigned long *typeVer);

/**
 * Opens a connection to the daemon that a URI names:
 *
 *   qemu:///system               the system's daemon
 *   qemu:///session              this user's daemon
 *   test:///default              the test driver, of the system's daemon for
 *                                root and of the user's own for all others
 *   qemu+unix:///system?socket=PATH    the daemon at that socket (also without
 *                                +unix; %XX in PATH is decoded)
 *
 * name NULL or "" means $VIRTJOB_DEFAULT_URI, and without that qemu:///system
 * for root and qemu:///session for others.  LIBVIRT_DEFAULT_URI is not looked
 * at: it names libvirtd, on machines that have both.  A daemon is never
 * started by this; the error says how to.
 *
 * Release it with virConnectClose().  Returns NULL on failure:
 * VIR_ERR_INVALID_ARG (no such URI), VIR_ERR_NO_SUPPORT (a transport other
 * than unix), VIR_ERR_SYSTEM_ERROR (no daemon there; int1 = errno),
 * VIR_ERR_NO_CONNECT (the daemon has no such driver, or there is no runtime
 * directory), VIR_ERR_AUTH_FAILED.  Source: libvirt.
 */
virConnectPtr virConnectOpen(const char *name);

/**
 * The same, at the daemon's read-only socket unless the URI names one: calls
 * that change anything fail with VIR_ERR_OPERATION_DENIED.  Source: libvirt.
 */
virConnectPtr virConnectOpenReadOnly(const char *name);

/**
 * The same; flags is of virConnectFlags, and VIR_CONNECT_NO_ALIASES changes
 * nothing, as there are no aliases.  auth is not used yet and may be NULL.
 * Source: libvirt.
 */
virConnectPtr virConnectOpenAuth(const char *name, virConnectAuthPtr auth, unsigned int flags);

/**
 * One more reference; each needs its own virConnectClose().  Returns 0, or -1.
 * Source: libvirt.
 */
int virConnectRef(virConnectPtr conn);

/**
 * Drops a reference.  Pools, volumes and domains have one each, so the
 * connection ends with the last of these.  Its jobs go on in the daemon.
 * Returns how many references are left, or -1.  Source: libvirt.
 */
int virConnectClose(virConnectPtr conn);

/**
 * The URI it was opened with; the daemon's where that left the choice to it
 * (remote:///).  The caller frees it.  NULL: raised.  Source: libvirt.
 */
char *virConnectGetURI(virConnectPtr conn);

/**
 * The driver's name ("QEMU"); belongs to the connection.  NULL: raised.
 * Source: libvirt.
 */
const char *virConnectGetType(virConnectPtr conn);

/**
 * *hvVer gets the hypervisor's version, counted as in virGetVersion().
 * Returns 0, or -1.  Source: libvirt.
 */
int virConnectGetVersion(virConnectPtr conn, unsigned long *hvVer);

/**
 * *libVer gets the daemon's version, counted as in virGetVersion().
 * Returns 0, or -1.  Source: libvirt.
 */
int virConnectGetLibVersion(virConnectPtr conn, unsigned long *libVer);

/**
 * The name of the daemon's host.  The caller frees it.  NULL: raised.
 * Source: libvirt.
 */
char *virConnectGetHostname(virConnectPtr conn);

/**
 * Returns 1 when the connection is open, 0 when it is lost, as far as the
 * socket tells without waiting, or -1.  Source: libvirt.
 */
int virConnectIsAlive(virConnectPtr conn);

/**
 * Returns 1 when nobody else can read the connection (a unix socket), 0 when
 * they can, or -1.  Source: libvirt.
 */
int virConnectIsSecure(virConnectPtr conn);

/** Returns 1 when it is encrypted, 0 when not, or -1.  Source: libvirt. */
int virConnectIsEncrypted(virConnectPtr conn);

/**
 * Finds out when the daemon is stuck: after interval seconds without a word
 * from it a ping is sent, and when count of them in a row went unanswered the
 * connection is given up, and every call on it fails with VIR_ERR_RPC.  The
 * library has no thread and no event loop of its own, so this happens only
 * while some call waits for its reply; and the daemon is not asked to ping an
 * idle client, which could not answer.  The daemon's pings are answered, too,
 * while a call waits.  interval 0 or less turns it off, as it is at first.
 * Returns 0, or -1.  Source: libvirt.
 */
int virConnectSetKeepAlive(virConnectPtr conn, int interval, unsigned int count);

/* --- jobs --- */

typedef struct _virJobInfo {
    int type;                   /* virJobType */
    int state;                  /* virJobState */
    unsigned int runningTime;   /* seconds */
    unsigned int remainingTime; /* seconds, estimated; 0 = unknown */
    int percentComplete;        /* 0 to 100 */
} virJobInfo;
typedef virJobInfo *virJobInfoPtr;

typedef struct _virJobRecord {
    unsigned long long id;
    int objectKind;             /* virJobObjectKind */
    char *name;                 /* the object's */
    char *pool;                 /* the pool's name for a volume, else NULL */
    unsigned char uuid[VIR_UUID_BUFLEN]; /* the domain's or the pool's */
    char *operation;            /* "vol-clone", … */
    int phase;                  /* virJobPhase */
    virJobInfo info;
    unsigned long long bytesDone;
    unsigned long long bytesTotal; /* 0 = not known */
    unsigned long long rate;    /* bytes a second, moving average */
    long long queuedAt;         /* milliseconds since 1970; 0 = not yet */
    long long startedAt;
    long long endedAt;
    char *startedBy;            /* who asked for it */
    char *note;                 /* e.g. "cancelling, waiting for PATH"; or NULL */
    int errorCode;              /* virErrorNumber, 0 = none */
    char *errorMessage;
    char *errorStep;
    char *errorOutput;          /* tail of a child's stderr */
} virJobRecord;
typedef virJobRecord *virJobRecordPtr;

/** Frees a record and what it holds.  NULL is allowed.  Source: ours. */
void virJobRecordFree(virJobRecordPtr record);

/**
 * *jobs gets all jobs the daemon knows of, running and from its history, the
 * newest first, NULL behind the last; flags is of virConnectListAllJobsFlags.
 * The caller frees each with virJobRecordFree() and the array with free().
 * jobs NULL: only count them.  Returns how many, or -1.  Source: ours.
 */
int virConnectListAllJobs(virConnectPtr conn, virJobRecordPtr **jobs, unsigned int flags);

/**
 * All that is known of the job with that id; flags is 0.  The caller frees it
 * with virJobRecordFree().  NULL: raised, VIR_ERR_OPERATION_INVALID where
 * there is no such job.  Source: ours.
 */
virJobRecordPtr virConnectGetJobRecord(virConnectPtr conn, unsigned long long id,
                                       unsigned int flags);

/**
 * Cancels the job with that id, as virStorageVolCancelJob(); flags is 0.
 * Returns 0, or -1.  Source: ours.
 */
int virConnectCancelJob(virConnectPtr conn, unsigned long long id, unsigned int flags);

/**
 * Why the job with that id failed, as virStorageVolGetJobError().
 * Returns 0, or -1.  Source: ours.
 */
int virConnectGetJobError(virConnectPtr conn, unsigned long long id, virErrorPtr error);

/**
 * Waits for the job with that id, as virStorageVolWaitJob().
 * Returns 0, 1, or -1.  Source: ours.
 */
int virConnectWaitJob(virConnectPtr conn, unsigned long long id, virJobInfoPtr info,
                      int timeoutMs);

/* --- domains --- */

/**
 * The domain of that name.  Free it with virDomainFree().  NULL: raised,
 * VIR_ERR_NO_DOMAIN where there is none.  Source: libvirt.
 */
virDomainPtr virDomainLookupByName(virConnectPtr conn, const char *name);

/**
 * The domain with that UUID of VIR_UUID_BUFLEN bytes, as
 * virDomainLookupByName().  Source: libvirt.
 */
virDomainPtr virDomainLookupByUUID(virConnectPtr conn, const unsigned char *uuid);

/** The same by text; VIR_ERR_INVALID_ARG where that is no UUID.  Source: libvirt. */
virDomainPtr virDomainLookupByUUIDString(virConnectPtr conn, const char *uuidstr);

/** The domain's name; belongs to the object.  NULL: raised.  Source: libvirt. */
const char *virDomainGetName(virDomainPtr dom);

/** uuid gets the domain's VIR_UUID_BUFLEN bytes.  Returns 0, or -1.  Source: libvirt. */
int virDomainGetUUID(virDomainPtr dom, unsigned char *uuid);

/**
 * buf, of VIR_UUID_STRING_BUFLEN bytes, gets the UUID as text.
 * Returns 0, or -1.  Source: libvirt.
 */
int virDomainGetUUIDString(virDomainPtr dom, char *buf);

/** The connection it came from, without a further reference.  NULL: raised.  Source: libvirt. */
virConnectPtr virDomainGetConnect(virDomainPtr dom);

/**
 * One more reference; each needs its own virDomainFree().  Returns 0, or -1.
 * Source: libvirt.
 */
int virDomainRef(virDomainPtr dom);

/** Drops a reference; the domain itself is not touched.  Returns 0, or -1.  Source: libvirt. */
int virDomainFree(virDomainPtr dom);

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
