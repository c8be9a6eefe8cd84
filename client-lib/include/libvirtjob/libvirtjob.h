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

/** What a credential is; libvirt's names and numbers.  Source: libvirt. */
typedef enum {
    VIR_CRED_USERNAME = 1,     /**< on whose behalf, where that is somebody else */
    VIR_CRED_AUTHNAME = 2,     /**< who it is */
    VIR_CRED_LANGUAGE = 3,     /**< languages of prompts */
    VIR_CRED_CNONCE = 4,       /**< the client's own nonce */
    VIR_CRED_PASSPHRASE = 5,   /**< password; not to be shown */
    VIR_CRED_ECHOPROMPT = 6,   /**< answer to challenge; may be shown */
    VIR_CRED_NOECHOPROMPT = 7, /**< answer to challenge; not to be shown */
    VIR_CRED_REALM = 8,        /**< where the name is known */
    VIR_CRED_EXTERNAL = 9      /**< never asked for here */
} virConnectCredentialType;

/** One question; the answer is malloc'd text in result with its length.  Source: libvirt. */
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
 * For virConnectOpenAuth(): asks at the terminal of the process, without an
 * echo for what is secret.  Source: libvirt.
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
 *   qemu+tls://HOST[:PORT]/system?pkipath=DIR    another host's daemon, by TLS
 *                                (also without +tls); and +tcp, +ssh, +ext,
 *                                whose options are in libvirtjob(3)
 *
 * name NULL or "" means $VIRTJOB_DEFAULT_URI, and without that qemu:///system
 * for root and qemu:///session for others.  LIBVIRT_DEFAULT_URI is not looked
 * at: it names libvirtd, on machines that have both.  A daemon is never
 * started by this; the error says how to.
 *
 * Release it with virConnectClose().  Returns NULL on failure:
 * VIR_ERR_INVALID_ARG (no such URI), VIR_ERR_NO_SUPPORT (transport libssh),
 * VIR_ERR_SYSTEM_ERROR (no daemon there; int1 = errno),
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
 * nothing, as there are no aliases.  Where the daemon wants to know who it is,
 * that comes from a file of credentials (see libvirtjob(3)); what this lacks,
 * auth->cb is asked for, of the types in auth->credtype and once for all of
 * them.  It fills in result and resultlen and returns 0, or -1 to give up.
 * auth may be NULL.  Source: libvirt.
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
 * Returns 1 when nobody else can read the connection as the daemon has it (a
 * unix socket, TLS), 0 when they can, or -1.  Source: libvirt.
 */
int virConnectIsSecure(virConnectPtr conn);

/** Returns 1 when it is encrypted, 0 when not, or -1.  Source: libvirt. */
int virConnectIsEncrypted(virConnectPtr conn);

/**
 * Has the daemon read its settings and certificates again, as SIGHUP does, and
 * waits for it.  flags is 0.
 *
 * Returns 0, or -1: something is wrong with them, the error says what, and all
 * stays as it was.
 */
int virConnectDaemonReload(virConnectPtr conn, unsigned int flags);

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
    char *pool;                 /* of a volume its pool's name, of a job on a domain's disk the
                                   disk's target ("vda"); else NULL */
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
    unsigned long long speed;   /* the limit, bytes a second; 0 = none */
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
 * How fast the job with that id may move bytes, as virStorageVolSetJobSpeed().
 * The id 0 stands for the jobs that this connection starts from now on, sync and async,
 * where their kind takes a speed; the others are as fast as ever.
 * Returns 0, or -1.  Source: ours.
 */
int virConnectSetJobSpeed(virConnectPtr conn, unsigned long long id, unsigned long long speed,
                          unsigned int flags);

/**
 * Holds the job with that id: it moves no bytes until it is resumed, also when
 * the daemon is restarted meanwhile.  It stays RUNNING, in the phase
 * VIR_JOB_PHASE_PAUSED, holds its object, and can be cancelled.  May be
 * repeated; flags is 0.  Returns 0, or -1: VIR_ERR_OPERATION_INVALID where there is no
 * such job or it has ended, VIR_ERR_OPERATION_UNSUPPORTED where its kind cannot be
 * held.  Source: ours.
 */
int virConnectPauseJob(virConnectPtr conn, unsigned long long id, unsigned int flags);

/**
 * Lets a paused job go on; one that is not paused does anyway.  flags is 0.
 * Returns 0, or -1 as virConnectPauseJob().  Source: ours.
 */
int virConnectResumeJob(virConnectPtr conn, unsigned long long id, unsigned int flags);

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

/** How a client is connected.  Source: libvirt-admin. */
typedef enum {
    VIR_CLIENT_TRANS_UNIX = 0,
    VIR_CLIENT_TRANS_TCP = 1,
    VIR_CLIENT_TRANS_TLS = 2
} virClientTransport;

/** One connection to the daemon. */
typedef struct _virClientRecord {
    unsigned long long id;
    long long connectedAt; /* milliseconds since 1970 */
    int transport;         /* virClientTransport */
    int readonly;
    char *identity;        /* "uid=1000 pid=42 (virsh)" */
    unsigned int calls;    /* without an answer */
    unsigned int streams;  /* open ones */
    unsigned int jobs;     /* that it started and that have not ended */
} virClientRecord;
typedef virClientRecord *virClientRecordPtr;

/** Frees a record and what it holds.  NULL is allowed.  Source: ours. */
void virClientRecordFree(virClientRecordPtr record);

/**
 * *clients gets all connections to the daemon, this one too, the newest first, NULL behind the
 * last; flags is 0.  The caller frees each with virClientRecordFree() and the array with free().
 * clients NULL: only count them.  Returns how many, or -1: VIR_ERR_OPERATION_DENIED on a
 * read-only connection.  Source: ours, after virAdmServerListClients().
 */
int virConnectListAllClients(virConnectPtr conn, virClientRecordPtr **clients,
                             unsigned int flags);

/**
 * Ends the connection with that id; its jobs go on.  flags is 0.
 * Returns 0, or -1: VIR_ERR_INVALID_ARG where there is none.  Source: ours, after
 * virAdmClientClose().
 */
int virConnectCloseClient(virConnectPtr conn, unsigned long long id, unsigned int flags);

/* --- events of jobs --- */

/**
 * Told of an event of a job: sequence is its number, one more than that of the
 * event before; event is of virJobEvent; record is how the job stands, and is
 * the library's, for the time of the call.  It is called by the thread that is
 * in virConnectDispatchEvents(), and may call any function of the library.
 */
typedef void (*virConnectJobEventCallback)(virConnectPtr conn, unsigned long long sequence,
                                           int event, virJobRecordPtr record, void *opaque);

/** Frees what was given as opaque. */
typedef void (*virFreeCallback)(void *opaque);

/**
 * From now on cb is told of each job that is accepted, moves on and ends, on
 * any object; one that runs, twice a second at most.  *sequence (NULL is
 * allowed) gets the number of the last event before.  Numbers go up by one,
 * and jump up when the daemon starts again: who had seen another number on an
 * earlier connection has missed events, and lists the jobs anew.  The same is
 * so of a jump between two events, which happens when this connection's were
 * not dispatched for long.
 * cb is called by virConnectDispatchEvents() only, so a program watches
 * virConnectGetEventFd().  One registration a connection; flags is 0.
 * freecb (or NULL) is called with opaque once cb is called no more: after
 * virConnectJobEventDeregister() or the end of the connection, not when this
 * call fails.  A read-only connection may register.  Any thread.
 * Returns 0, or -1: VIR_ERR_OPERATION_INVALID when there is a registration.
 * Source: ours, after virConnectDomainEventRegisterAny().
 */
int virConnectJobEventRegister(virConnectPtr conn, virConnectJobEventCallback cb, void *opaque,
                               virFreeCallback freecb, unsigned long long *sequence,
                               unsigned int flags);

/**
 * Ends the registration; events that have come are dropped.  Any thread, also
 * from within the callback; another thread's call of it may still be under way.
 * Returns 0, or -1: VIR_ERR_OPERATION_INVALID when there is none.
 * Source: ours, after virConnectDomainEventDeregisterAny().
 */
int virConnectJobEventDeregister(virConnectPtr conn);

/**
 * A descriptor to be watched with poll(), select() or epoll: while it is
 * readable there is work for virConnectDispatchEvents(), also when the
 * connection is lost, or a stream with VIR_STREAM_NONBLOCK may go on.  It stays
 * the connection's: not to be read, nor closed.
 * Any thread.  Returns it, or -1: VIR_ERR_SYSTEM_ERROR.  Source: ours.
 */
int virConnectGetEventFd(virConnectPtr conn);

/**
 * Calls the registered callback for each event that has come; never waits.
 * Any thread, one at a time if the order matters.
 * Returns how many it told of, or -1 when the connection is lost: VIR_ERR_RPC,
 * VIR_ERR_SYSTEM_ERROR.  Source: ours.
 */
int virConnectDispatchEvents(virConnectPtr conn);

#ifdef __cplusplus
}
#endif

#include <libvirtjob/domain.h>
#include <libvirtjob/host.h>
#include <libvirtjob/storage.h>
#include <libvirtjob/stream.h>
#include <libvirtjob/typed-params.h>

#endif
