/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Numbers that client and daemon agree on: error codes and their origins,
 * flags, states.  Installed; included by <libvirtjob/libvirtjob.h>.  Values
 * that libvirt has too are libvirt's.
 */
#ifndef LIBVIRTJOB_TYPES_H
#define LIBVIRTJOB_TYPES_H

#ifdef __cplusplus
extern "C" {
#endif

/** The async bit: the same in every flags argument that has one. */
#define VIRTJOB_ASYNC_BIT (1u << 30)

/** How bad an error is. */
typedef enum {
    VIR_ERR_NONE = 0,
    VIR_ERR_WARNING = 1,
    VIR_ERR_ERROR = 2
} virErrorLevel;

/** Which part an error comes from. */
typedef enum {
    VIR_FROM_NONE = 0,
    VIR_FROM_RPC = 7,
    VIR_FROM_QEMU = 10,
    VIR_FROM_TEST = 12,
    VIR_FROM_REMOTE = 13,
    VIR_FROM_STORAGE = 18,
    VIR_FROM_DOMAIN = 20,
    VIR_FROM_STREAMS = 38,
    VIR_FROM_POLKIT = 60
} virErrorDomain;

/** What went wrong. */
typedef enum {
    VIR_ERR_OK = 0,
    VIR_ERR_INTERNAL_ERROR = 1,
    VIR_ERR_NO_MEMORY = 2,
    VIR_ERR_NO_SUPPORT = 3,
    VIR_ERR_UNKNOWN_HOST = 4,
    VIR_ERR_NO_CONNECT = 5,
    VIR_ERR_INVALID_CONN = 6,
    VIR_ERR_INVALID_DOMAIN = 7,
    VIR_ERR_INVALID_ARG = 8,
    VIR_ERR_OPERATION_FAILED = 9,
    VIR_ERR_XML_ERROR = 27,
    VIR_ERR_DOM_EXIST = 28,
    VIR_ERR_OPERATION_DENIED = 29,
    VIR_ERR_CONF_SYNTAX = 33,
    VIR_ERR_SYSTEM_ERROR = 38,
    VIR_ERR_RPC = 39,
    VIR_ERR_NO_DOMAIN = 42,
    VIR_ERR_AUTH_FAILED = 45,
    VIR_ERR_INVALID_STORAGE_POOL = 46,
    VIR_ERR_INVALID_STORAGE_VOL = 47,
    VIR_ERR_NO_STORAGE_POOL = 49,
    VIR_ERR_NO_STORAGE_VOL = 50,
    VIR_ERR_OPERATION_INVALID = 55,
    VIR_ERR_CONFIG_UNSUPPORTED = 67,
    VIR_ERR_OPERATION_TIMEOUT = 68,
    VIR_ERR_ARGUMENT_UNSUPPORTED = 74,
    VIR_ERR_STORAGE_PROBE_FAILED = 75,
    VIR_ERR_STORAGE_POOL_BUILT = 76,
    VIR_ERR_OPERATION_ABORTED = 78,
    VIR_ERR_OVERFLOW = 82,
    VIR_ERR_OPERATION_UNSUPPORTED = 84,
    VIR_ERR_RESOURCE_BUSY = 87,
    VIR_ERR_ACCESS_DENIED = 88,
    VIR_ERR_STORAGE_VOL_EXIST = 90
} virErrorNumber;

/** Does a job know how much there is to do? */
typedef enum {
    VIR_JOB_BOUNDED = 0,  /**< percentComplete goes from 0 to 100 */
    VIR_JOB_UNBOUNDED = 1 /**< percentComplete stays 0 */
} virJobType;

/** Where a job stands, as the proposal has it. */
typedef enum {
    VIR_JOB_RUNNING = 0,  /**< queued, running, or being undone */
    VIR_JOB_COMPLETE = 1, /**< done, and done well */
    VIR_JOB_FAILED = 2,   /**< ended by an error, see vir*GetJobError() */
    VIR_JOB_CANCELLED = 3 /**< cancelled, and everything undone */
} virJobState;

/** Where a job stands, finer than virJobState; may grow. */
typedef enum {
    VIR_JOB_PHASE_QUEUED = 0,     /**< accepted, waits for its turn */
    VIR_JOB_PHASE_RUNNING = 1,
    VIR_JOB_PHASE_CANCELLING = 2, /**< cancel asked for, being undone */
    VIR_JOB_PHASE_FINISHING = 3,  /**< past its point of no return */
    VIR_JOB_PHASE_ENDED = 4
} virJobPhase;

/** What kind of object a job is on. */
typedef enum {
    VIR_JOB_OBJECT_DOMAIN = 0,
    VIR_JOB_OBJECT_STORAGE_POOL = 1,
    VIR_JOB_OBJECT_STORAGE_VOL = 2
} virJobObjectKind;

/** Filters of virConnectListAllJobs(); no bit of a group set = the whole group. */
typedef enum {
    VIR_CONNECT_LIST_JOBS_ACTIVE = 1 << 0,    /**< not ended yet */
    VIR_CONNECT_LIST_JOBS_ENDED = 1 << 1,     /**< from the history */
    VIR_CONNECT_LIST_JOBS_DOMAIN = 1 << 2,
    VIR_CONNECT_LIST_JOBS_STORAGE_POOL = 1 << 3,
    VIR_CONNECT_LIST_JOBS_STORAGE_VOL = 1 << 4,
    VIR_CONNECT_LIST_JOBS_COMPLETE = 1 << 5,
    VIR_CONNECT_LIST_JOBS_FAILED = 1 << 6,
    VIR_CONNECT_LIST_JOBS_CANCELLED = 1 << 7
} virConnectListAllJobsFlags;

/** virConnectOpenAuth(). */
typedef enum { VIR_CONNECT_RO = 1 << 0, VIR_CONNECT_NO_ALIASES = 1 << 1 } virConnectFlags;

/** State of a storage pool. */
typedef enum {
    VIR_STORAGE_POOL_INACTIVE = 0,
    VIR_STORAGE_POOL_BUILDING = 1,
    VIR_STORAGE_POOL_RUNNING = 2,
    VIR_STORAGE_POOL_DEGRADED = 3,
    VIR_STORAGE_POOL_INACCESSIBLE = 4
} virStoragePoolState;

/** virStoragePoolDefineXML(). */
typedef enum { VIR_STORAGE_POOL_DEFINE_VALIDATE = 1 << 0 } virStoragePoolDefineFlags;

/** virStoragePoolCreate(), virStoragePoolCreateXML(). */
typedef enum {
    VIR_STORAGE_POOL_CREATE_NORMAL = 0,
    VIR_STORAGE_POOL_CREATE_WITH_BUILD = 1 << 0,
    VIR_STORAGE_POOL_CREATE_WITH_BUILD_OVERWRITE = 1 << 1,
    VIR_STORAGE_POOL_CREATE_WITH_BUILD_NO_OVERWRITE = 1 << 2,
    VIR_STORAGE_POOL_CREATE_ASYNC = 1 << 30 /**< return once the job is accepted */
} virStoragePoolCreateFlags;

/** virStoragePoolBuild(). */
typedef enum {
    VIR_STORAGE_POOL_BUILD_NEW = 0,
    VIR_STORAGE_POOL_BUILD_REPAIR = 1 << 0,
    VIR_STORAGE_POOL_BUILD_RESIZE = 1 << 1,
    VIR_STORAGE_POOL_BUILD_NO_OVERWRITE = 1 << 2,
    VIR_STORAGE_POOL_BUILD_OVERWRITE = 1 << 3,
    VIR_STORAGE_POOL_BUILD_ASYNC = 1 << 30 /**< return once the job is accepted */
} virStoragePoolBuildFlags;

/** virStoragePoolDelete(). */
typedef enum {
    VIR_STORAGE_POOL_DELETE_NORMAL = 0,
    VIR_STORAGE_POOL_DELETE_ZEROED = 1 << 0,
    VIR_STORAGE_POOL_DELETE_ASYNC = 1 << 30 /**< return once the job is accepted */
} virStoragePoolDeleteFlags;

/** virStoragePoolRefresh(). */
typedef enum {
    VIR_STORAGE_POOL_REFRESH_ASYNC = 1 << 30 /**< return once the job is accepted */
} virStoragePoolRefreshFlags;

/** virStoragePoolGetXMLDesc(). */
typedef enum { VIR_STORAGE_XML_INACTIVE = 1 << 0 } virStorageXMLFlags;

/** Filters of virConnectListAllStoragePools(). */
typedef enum {
    VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE = 1 << 0,
    VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE = 1 << 1,
    VIR_CONNECT_LIST_STORAGE_POOLS_PERSISTENT = 1 << 2,
    VIR_CONNECT_LIST_STORAGE_POOLS_TRANSIENT = 1 << 3,
    VIR_CONNECT_LIST_STORAGE_POOLS_AUTOSTART = 1 << 4,
    VIR_CONNECT_LIST_STORAGE_POOLS_NO_AUTOSTART = 1 << 5,
    VIR_CONNECT_LIST_STORAGE_POOLS_DIR = 1 << 6,
    VIR_CONNECT_LIST_STORAGE_POOLS_FS = 1 << 7,
    VIR_CONNECT_LIST_STORAGE_POOLS_NETFS = 1 << 8,
    VIR_CONNECT_LIST_STORAGE_POOLS_LOGICAL = 1 << 9,
    VIR_CONNECT_LIST_STORAGE_POOLS_DISK = 1 << 10,
    VIR_CONNECT_LIST_STORAGE_POOLS_ISCSI = 1 << 11,
    VIR_CONNECT_LIST_STORAGE_POOLS_SCSI = 1 << 12,
    VIR_CONNECT_LIST_STORAGE_POOLS_MPATH = 1 << 13,
    VIR_CONNECT_LIST_STORAGE_POOLS_RBD = 1 << 14,
    VIR_CONNECT_LIST_STORAGE_POOLS_SHEEPDOG = 1 << 15,
    VIR_CONNECT_LIST_STORAGE_POOLS_GLUSTER = 1 << 16,
    VIR_CONNECT_LIST_STORAGE_POOLS_ZFS = 1 << 17,
    VIR_CONNECT_LIST_STORAGE_POOLS_VSTORAGE = 1 << 18,
    VIR_CONNECT_LIST_STORAGE_POOLS_ISCSI_DIRECT = 1 << 19
} virConnectListAllStoragePoolsFlags;

/** What a volume is. */
typedef enum {
    VIR_STORAGE_VOL_FILE = 0,
    VIR_STORAGE_VOL_BLOCK = 1,
    VIR_STORAGE_VOL_DIR = 2,
    VIR_STORAGE_VOL_NETWORK = 3,
    VIR_STORAGE_VOL_NETDIR = 4,
    VIR_STORAGE_VOL_PLOOP = 5
} virStorageVolType;

/** virStorageVolCreateXML(), virStorageVolCreateXMLFrom(). */
typedef enum {
    VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA = 1 << 0,
    VIR_STORAGE_VOL_CREATE_REFLINK = 1 << 1,
    VIR_STORAGE_VOL_CREATE_VALIDATE = 1 << 2,
    VIR_STORAGE_VOL_CREATE_XML_ASYNC = 1 << 30 /**< return once the job is accepted */
} virStorageVolCreateFlags;

/** virStorageVolDelete(). */
typedef enum {
    VIR_STORAGE_VOL_DELETE_NORMAL = 0,
    VIR_STORAGE_VOL_DELETE_ZEROED = 1 << 0,
    VIR_STORAGE_VOL_DELETE_WITH_SNAPSHOTS = 1 << 1,
    VIR_STORAGE_VOL_DELETE_ASYNC = 1 << 30 /**< return once the job is accepted */
} virStorageVolDeleteFlags;

/** How virStorageVolWipePattern() overwrites. */
typedef enum {
    VIR_STORAGE_VOL_WIPE_ALG_ZERO = 0,
    VIR_STORAGE_VOL_WIPE_ALG_NNSA = 1,
    VIR_STORAGE_VOL_WIPE_ALG_DOD = 2,
    VIR_STORAGE_VOL_WIPE_ALG_BSI = 3,
    VIR_STORAGE_VOL_WIPE_ALG_GUTMANN = 4,
    VIR_STORAGE_VOL_WIPE_ALG_SCHNEIER = 5,
    VIR_STORAGE_VOL_WIPE_ALG_PFITZNER7 = 6,
    VIR_STORAGE_VOL_WIPE_ALG_PFITZNER33 = 7,
    VIR_STORAGE_VOL_WIPE_ALG_RANDOM = 8,
    VIR_STORAGE_VOL_WIPE_ALG_TRIM = 9,
    VIR_STORAGE_VOL_WIPE_ALG_LAST = 10
} virStorageVolWipeAlgorithm;

/** virStorageVolWipe(), virStorageVolWipePattern(). */
typedef enum {
    VIR_STORAGE_VOL_WIPE_ASYNC = 1 << 30 /**< return once the job is accepted */
} virStorageVolWipeFlags;

/** virStorageVolResize(). */
typedef enum {
    VIR_STORAGE_VOL_RESIZE_ALLOCATE = 1 << 0,
    VIR_STORAGE_VOL_RESIZE_DELTA = 1 << 1,
    VIR_STORAGE_VOL_RESIZE_SHRINK = 1 << 2,
    VIR_STORAGE_VOL_RESIZE_ASYNC = 1 << 30 /**< return once the job is accepted */
} virStorageVolResizeFlags;

/** virStorageVolGetInfoFlags(). */
typedef enum {
    VIR_STORAGE_VOL_USE_ALLOCATION = 0,
    VIR_STORAGE_VOL_GET_PHYSICAL = 1 << 0
} virStorageVolInfoFlags;

/**
 * The domain calls' async bits.  The names are the proposal's; the calls
 * answer once the QEMU driver exists.
 */
enum {
    VIR_DOMAIN_CREATE_XML_ASYNC = 1 << 30,
    VIR_DOMAIN_CREATE_ASYNC = 1 << 30,
    VIR_DOMAIN_SAVE_ASYNC = 1 << 30,
    VIR_DOMAIN_RESTORE_ASYNC = 1 << 30,
    VIR_DOMAIN_CORE_DUMP_ASYNC = 1 << 30,
    VIR_DOMAIN_MIGRATE_ASYNC = 1 << 30 /**< reserved */
};

#ifdef __cplusplus
}
#endif

#endif
