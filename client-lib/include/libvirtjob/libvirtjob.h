/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirtjob: the client library of virtjobd.
 */
#ifndef LIBVIRTJOB_H
#define LIBVIRTJOB_H

/* Four names mean something else in libvirt's header; see libvirtjob(3). */
#ifdef __VIR_LIBVIRT_H__
#error "libvirtjob.h and libvirt.h name the same functions with other arguments: include one of them, see libvirtjob(3)"
#endif
#define __VIR_LIBVIRT_H__
#define LIBVIR_LIBVIRT_H
#define LIBVIR_VIRTERROR_H

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

virErrorPtr virGetLastError(void);
const char *virGetLastErrorMessage(void);
int virGetLastErrorCode(void);
int virGetLastErrorDomain(void);
virErrorPtr virSaveLastError(void);
int virSetError(virErrorPtr newerr);
void virResetLastError(void);
void virResetError(virErrorPtr err);
void virFreeError(virErrorPtr err);
int virCopyLastError(virErrorPtr to);
void virSetErrorFunc(void *userData, virErrorFunc handler);
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
extern virConnectAuthPtr virConnectAuthPtrDefault;

int virInitialize(void);
int virGetVersion(unsigned long *libVer, const char *type, unsigned long *typeVer);
virConnectPtr virConnectOpen(const char *name);
virConnectPtr virConnectOpenReadOnly(const char *name);
virConnectPtr virConnectOpenAuth(const char *name, virConnectAuthPtr auth, unsigned int flags);
int virConnectRef(virConnectPtr conn);
int virConnectClose(virConnectPtr conn);
char *virConnectGetURI(virConnectPtr conn);
const char *virConnectGetType(virConnectPtr conn);
int virConnectGetVersion(virConnectPtr conn, unsigned long *hvVer);
int virConnectGetLibVersion(virConnectPtr conn, unsigned long *libVer);
char *virConnectGetHostname(virConnectPtr conn);
int virConnectIsAlive(virConnectPtr conn);
int virConnectIsSecure(virConnectPtr conn);
int virConnectIsEncrypted(virConnectPtr conn);
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

void virJobRecordFree(virJobRecordPtr record);
int virConnectListAllJobs(virConnectPtr conn, virJobRecordPtr **jobs, unsigned int flags);
virJobRecordPtr virConnectGetJobRecord(virConnectPtr conn, unsigned long long id,
                                       unsigned int flags);
int virConnectCancelJob(virConnectPtr conn, unsigned long long id, unsigned int flags);
int virConnectGetJobError(virConnectPtr conn, unsigned long long id, virErrorPtr error);
int virConnectWaitJob(virConnectPtr conn, unsigned long long id, virJobInfoPtr info,
                      int timeoutMs);

/* --- domains --- */

virDomainPtr virDomainLookupByName(virConnectPtr conn, const char *name);
virDomainPtr virDomainLookupByUUID(virConnectPtr conn, const unsigned char *uuid);
virDomainPtr virDomainLookupByUUIDString(virConnectPtr conn, const char *uuidstr);
const char *virDomainGetName(virDomainPtr dom);
int virDomainGetUUID(virDomainPtr dom, unsigned char *uuid);
int virDomainGetUUIDString(virDomainPtr dom, char *buf);
virConnectPtr virDomainGetConnect(virDomainPtr dom);
int virDomainRef(virDomainPtr dom);
int virDomainFree(virDomainPtr dom);
int virDomainGetJobInfo(virDomainPtr dom, virJobInfoPtr info);
int virDomainCancelJob(virDomainPtr dom);
int virDomainGetJobError(virDomainPtr dom, virErrorPtr error);
virJobRecordPtr virDomainGetJobRecord(virDomainPtr dom, unsigned int flags);
int virDomainWaitJob(virDomainPtr dom, virJobInfoPtr info, int timeoutMs);

/* --- storage pools --- */

typedef struct _virStoragePoolInfo {
    int state; /* virStoragePoolState */
    unsigned long long capacity;
    unsigned long long allocation;
    unsigned long long available;
} virStoragePoolInfo;
typedef virStoragePoolInfo *virStoragePoolInfoPtr;

int virConnectNumOfStoragePools(virConnectPtr conn);
int virConnectListStoragePools(virConnectPtr conn, char **const names, int maxnames);
int virConnectNumOfDefinedStoragePools(virConnectPtr conn);
int virConnectListDefinedStoragePools(virConnectPtr conn, char **const names, int maxnames);
int virConnectListAllStoragePools(virConnectPtr conn, virStoragePoolPtr **pools,
                                  unsigned int flags);
char *virConnectFindStoragePoolSources(virConnectPtr conn, const char *type, const char *srcSpec,
                                       unsigned int flags);
char *virConnectGetStoragePoolCapabilities(virConnectPtr conn, unsigned int flags);
virStoragePoolPtr virStoragePoolLookupByName(virConnectPtr conn, const char *name);
virStoragePoolPtr virStoragePoolLookupByUUID(virConnectPtr conn, const unsigned char *uuid);
virStoragePoolPtr virStoragePoolLookupByUUIDString(virConnectPtr conn, const char *uuidstr);
virStoragePoolPtr virStoragePoolLookupByVolume(virStorageVolPtr vol);
virStoragePoolPtr virStoragePoolLookupByTargetPath(virConnectPtr conn, const char *path);
virStoragePoolPtr virStoragePoolCreateXML(virConnectPtr conn, const char *xmlDesc,
                                          unsigned int flags);
virStoragePoolPtr virStoragePoolDefineXML(virConnectPtr conn, const char *xml,
                                          unsigned int flags);
int virStoragePoolBuild(virStoragePoolPtr pool, unsigned int flags);
int virStoragePoolCreate(virStoragePoolPtr pool, unsigned int flags);
int virStoragePoolDestroy(virStoragePoolPtr pool);
int virStoragePoolDelete(virStoragePoolPtr pool, unsigned int flags);
int virStoragePoolUndefine(virStoragePoolPtr pool);
int virStoragePoolRefresh(virStoragePoolPtr pool, unsigned int flags);
const char *virStoragePoolGetName(virStoragePoolPtr pool);
int virStoragePoolGetUUID(virStoragePoolPtr pool, unsigned char *uuid);
int virStoragePoolGetUUIDString(virStoragePoolPtr pool, char *buf);
int virStoragePoolGetInfo(virStoragePoolPtr pool, virStoragePoolInfoPtr info);
char *virStoragePoolGetXMLDesc(virStoragePoolPtr pool, unsigned int flags);
int virStoragePoolGetAutostart(virStoragePoolPtr pool, int *autostart);
int virStoragePoolSetAutostart(virStoragePoolPtr pool, int autostart);
int virStoragePoolIsActive(virStoragePoolPtr pool);
int virStoragePoolIsPersistent(virStoragePoolPtr pool);
int virStoragePoolNumOfVolumes(virStoragePoolPtr pool);
int virStoragePoolListVolumes(virStoragePoolPtr pool, char **const names, int maxnames);
int virStoragePoolListAllVolumes(virStoragePoolPtr pool, virStorageVolPtr **vols,
                                 unsigned int flags);
virConnectPtr virStoragePoolGetConnect(virStoragePoolPtr pool);
int virStoragePoolRef(virStoragePoolPtr pool);
int virStoragePoolFree(virStoragePoolPtr pool);
int virStoragePoolGetJobInfo(virStoragePoolPtr pool, virJobInfoPtr info);
int virStoragePoolCancelJob(virStoragePoolPtr pool);
int virStoragePoolGetJobError(virStoragePoolPtr pool, virErrorPtr error);
virJobRecordPtr virStoragePoolGetJobRecord(virStoragePoolPtr pool, unsigned int flags);
int virStoragePoolWaitJob(virStoragePoolPtr pool, virJobInfoPtr info, int timeoutMs);

/* --- storage volumes --- */

typedef struct _virStorageVolInfo {
    int type; /* virStorageVolType */
    unsigned long long capacity;
    unsigned long long allocation;
} virStorageVolInfo;
typedef virStorageVolInfo *virStorageVolInfoPtr;

virStorageVolPtr virStorageVolLookupByName(virStoragePoolPtr pool, const char *name);
virStorageVolPtr virStorageVolLookupByKey(virConnectPtr conn, const char *key);
virStorageVolPtr virStorageVolLookupByPath(virConnectPtr conn, const char *path);
virStorageVolPtr virStorageVolCreateXML(virStoragePoolPtr pool, const char *xmldesc,
                                        unsigned int flags);
virStorageVolPtr virStorageVolCreateXMLFrom(virStoragePoolPtr pool, const char *xmldesc,
                                            virStorageVolPtr clonevol, unsigned int flags);
int virStorageVolDelete(virStorageVolPtr vol, unsigned int flags);
int virStorageVolWipe(virStorageVolPtr vol, unsigned int flags);
int virStorageVolWipePattern(virStorageVolPtr vol, unsigned int algorithm, unsigned int flags);
int virStorageVolResize(virStorageVolPtr vol, unsigned long long capacity, unsigned int flags);
const char *virStorageVolGetName(virStorageVolPtr vol);
const char *virStorageVolGetKey(virStorageVolPtr vol);
char *virStorageVolGetPath(virStorageVolPtr vol);
int virStorageVolGetInfo(virStorageVolPtr vol, virStorageVolInfoPtr info);
int virStorageVolGetInfoFlags(virStorageVolPtr vol, virStorageVolInfoPtr info,
                              unsigned int flags);
char *virStorageVolGetXMLDesc(virStorageVolPtr vol, unsigned int flags);
virConnectPtr virStorageVolGetConnect(virStorageVolPtr vol);
int virStorageVolRef(virStorageVolPtr vol);
int virStorageVolFree(virStorageVolPtr vol);
int virStorageVolGetJobInfo(virStorageVolPtr vol, virJobInfoPtr info);
int virStorageVolCancelJob(virStorageVolPtr vol);
int virStorageVolGetJobError(virStorageVolPtr vol, virErrorPtr error);
virJobRecordPtr virStorageVolGetJobRecord(virStorageVolPtr vol, unsigned int flags);
int virStorageVolWaitJob(virStorageVolPtr vol, virJobInfoPtr info, int timeoutMs);

#ifdef __cplusplus
}
#endif

#endif
