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
    VIR_FROM_ACCESS = 55,
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
    VIR_ERR_XML_DETAIL = 35,
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
    VIR_ERR_NO_DOMAIN_SNAPSHOT = 72,
    VIR_ERR_INVALID_STREAM = 73,
    VIR_ERR_ARGUMENT_UNSUPPORTED = 74,
    VIR_ERR_STORAGE_PROBE_FAILED = 75,
    VIR_ERR_STORAGE_POOL_BUILT = 76,
    VIR_ERR_SNAPSHOT_REVERT_RISKY = 77,
    VIR_ERR_OPERATION_ABORTED = 78,
    VIR_ERR_NO_DOMAIN_METADATA = 80,
    VIR_ERR_OVERFLOW = 82,
    VIR_ERR_BLOCK_COPY_ACTIVE = 83,
    VIR_ERR_OPERATION_UNSUPPORTED = 84,
    VIR_ERR_AGENT_UNRESPONSIVE = 86,
    VIR_ERR_RESOURCE_BUSY = 87,
    VIR_ERR_ACCESS_DENIED = 88,
    VIR_ERR_STORAGE_VOL_EXIST = 90,
    VIR_ERR_CPU_INCOMPATIBLE = 91,
    VIR_ERR_XML_INVALID_SCHEMA = 92,
    VIR_ERR_NO_DOMAIN_CHECKPOINT = 103,
    VIR_ERR_NO_DOMAIN_BACKUP = 104,
    VIR_ERR_NO_HOSTNAME = 108,
    VIR_ERR_CHECKPOINT_INCONSISTENT = 109,
    VIR_ERR_AGENT_COMMAND_TIMEOUT = 112,
    VIR_ERR_AGENT_COMMAND_FAILED = 113
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
    VIR_JOB_PHASE_ENDED = 4,
    VIR_JOB_PHASE_PAUSED = 5      /**< accepted, and held until it is resumed */
} virJobPhase;

/** What happens to a job, see virConnectJobEventRegister(); may grow. */
typedef enum {
    VIR_JOB_EVENT_STARTED = 0,  /**< accepted: it is queued, or about to run */
    VIR_JOB_EVENT_PROGRESS = 1, /**< it has moved on, or is in another phase */
    VIR_JOB_EVENT_ENDED = 2     /**< done, failed or cancelled; nothing of it comes after */
} virJobEvent;

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

/** virDomainOpenConsole(). */
typedef enum {
    VIR_DOMAIN_CONSOLE_FORCE = 1 << 0, /**< take it from whoever has it */
    VIR_DOMAIN_CONSOLE_SAFE = 1 << 1   /**< only where one client at a time is seen to */
} virDomainConsoleFlags;

/** virDomainOpenGraphics(), virDomainOpenGraphicsFD(). */
typedef enum {
    VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH = 1 << 0 /**< no password is asked for */
} virDomainOpenGraphicsFlags;

/** virStorageVolUpload(). */
typedef enum {
    VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM = 1 << 0 /**< the stream may carry holes */
} virStorageVolUploadFlags;

/** virStorageVolDownload(). */
typedef enum {
    VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM = 1 << 0 /**< the stream may carry holes */
} virStorageVolDownloadFlags;

/** virStorageVolGetInfoFlags(). */
typedef enum {
    VIR_STORAGE_VOL_USE_ALLOCATION = 0,
    VIR_STORAGE_VOL_GET_PHYSICAL = 1 << 0
} virStorageVolInfoFlags;

/** State of a domain. */
typedef enum {
    VIR_DOMAIN_NOSTATE = 0,
    VIR_DOMAIN_RUNNING = 1,
    VIR_DOMAIN_BLOCKED = 2,
    VIR_DOMAIN_PAUSED = 3,
    VIR_DOMAIN_SHUTDOWN = 4, /**< the guest is on its way down */
    VIR_DOMAIN_SHUTOFF = 5,
    VIR_DOMAIN_CRASHED = 6,
    VIR_DOMAIN_PMSUSPENDED = 7
} virDomainState;

/** Why a domain has its state: RUNNING. */
typedef enum {
    VIR_DOMAIN_RUNNING_UNKNOWN = 0,
    VIR_DOMAIN_RUNNING_BOOTED = 1,
    VIR_DOMAIN_RUNNING_MIGRATED = 2,
    VIR_DOMAIN_RUNNING_RESTORED = 3,
    VIR_DOMAIN_RUNNING_FROM_SNAPSHOT = 4,
    VIR_DOMAIN_RUNNING_UNPAUSED = 5,
    VIR_DOMAIN_RUNNING_MIGRATION_CANCELED = 6,
    VIR_DOMAIN_RUNNING_SAVE_CANCELED = 7,
    VIR_DOMAIN_RUNNING_WAKEUP = 8,
    VIR_DOMAIN_RUNNING_CRASHED = 9
} virDomainRunningReason;

/** Why a domain has its state: PAUSED. */
typedef enum {
    VIR_DOMAIN_PAUSED_UNKNOWN = 0,
    VIR_DOMAIN_PAUSED_USER = 1,
    VIR_DOMAIN_PAUSED_MIGRATION = 2,
    VIR_DOMAIN_PAUSED_SAVE = 3,
    VIR_DOMAIN_PAUSED_DUMP = 4,
    VIR_DOMAIN_PAUSED_IOERROR = 5,
    VIR_DOMAIN_PAUSED_WATCHDOG = 6,
    VIR_DOMAIN_PAUSED_FROM_SNAPSHOT = 7,
    VIR_DOMAIN_PAUSED_SHUTTING_DOWN = 8,
    VIR_DOMAIN_PAUSED_SNAPSHOT = 9,
    VIR_DOMAIN_PAUSED_CRASHED = 10,
    VIR_DOMAIN_PAUSED_STARTING_UP = 11
} virDomainPausedReason;

/** Why a domain has its state: SHUTDOWN. */
typedef enum {
    VIR_DOMAIN_SHUTDOWN_UNKNOWN = 0,
    VIR_DOMAIN_SHUTDOWN_USER = 1
} virDomainShutdownReason;

/** Why a domain has its state: SHUTOFF. */
typedef enum {
    VIR_DOMAIN_SHUTOFF_UNKNOWN = 0,
    VIR_DOMAIN_SHUTOFF_SHUTDOWN = 1,
    VIR_DOMAIN_SHUTOFF_DESTROYED = 2,
    VIR_DOMAIN_SHUTOFF_CRASHED = 3,
    VIR_DOMAIN_SHUTOFF_MIGRATED = 4,
    VIR_DOMAIN_SHUTOFF_SAVED = 5,
    VIR_DOMAIN_SHUTOFF_FAILED = 6,
    VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT = 7,
    VIR_DOMAIN_SHUTOFF_DAEMON = 8
} virDomainShutoffReason;

/** Why a domain has its state: CRASHED. */
typedef enum {
    VIR_DOMAIN_CRASHED_UNKNOWN = 0,
    VIR_DOMAIN_CRASHED_PANICKED = 1
} virDomainCrashedReason;

/** What a call is about: the running domain, its definition, or both. */
typedef enum {
    VIR_DOMAIN_AFFECT_CURRENT = 0,
    VIR_DOMAIN_AFFECT_LIVE = 1 << 0,
    VIR_DOMAIN_AFFECT_CONFIG = 1 << 1
} virDomainModificationImpact;

/** virDomainSetMemoryFlags(), beside those of virDomainModificationImpact. */
typedef enum {
    VIR_DOMAIN_MEM_CURRENT = 0,
    VIR_DOMAIN_MEM_LIVE = 1 << 0,
    VIR_DOMAIN_MEM_CONFIG = 1 << 1,
    VIR_DOMAIN_MEM_MAXIMUM = 1 << 2
} virDomainMemoryModFlags;

/** virDomain{Get,Set}VcpusFlags(), beside those of virDomainModificationImpact. */
typedef enum {
    VIR_DOMAIN_VCPU_CURRENT = 0,
    VIR_DOMAIN_VCPU_LIVE = 1 << 0,
    VIR_DOMAIN_VCPU_CONFIG = 1 << 1,
    VIR_DOMAIN_VCPU_MAXIMUM = 1 << 2,
    VIR_DOMAIN_VCPU_GUEST = 1 << 3,
    VIR_DOMAIN_VCPU_HOTPLUGGABLE = 1 << 4
} virDomainVcpuFlags;

/** Of virDomainQemuAgentCommand(). */
typedef enum {
    VIR_DOMAIN_QEMU_AGENT_COMMAND_BLOCK = -2,   /**< wait for its answer, however long */
    VIR_DOMAIN_QEMU_AGENT_COMMAND_DEFAULT = -1, /**< 5 seconds */
    VIR_DOMAIN_QEMU_AGENT_COMMAND_NOWAIT = 0    /**< do not wait for an answer */
} virDomainQemuAgentCommandTimeoutValues;

/** Of virDomainSetTime(). */
typedef enum {
    VIR_DOMAIN_TIME_SYNC = 1 << 0 /**< from the guest's hardware clock */
} virDomainSetTimeFlags;

/** Of virDomainGetHostname(). */
typedef enum {
    VIR_DOMAIN_GET_HOSTNAME_LEASE = 1 << 0, /**< from a network's leases: there are none */
    VIR_DOMAIN_GET_HOSTNAME_AGENT = 1 << 1  /**< from the guest's agent, as without flags */
} virDomainGetHostnameFlags;

/** Starting a domain: virDomainCreateXML(), virDomainCreateWithFlags(), virDomainCreateFlags(). */
enum {
    VIR_DOMAIN_NONE = 0,
    VIR_DOMAIN_START_PAUSED = 1 << 0,
    VIR_DOMAIN_START_AUTODESTROY = 1 << 1,
    VIR_DOMAIN_START_BYPASS_CACHE = 1 << 2,
    VIR_DOMAIN_START_FORCE_BOOT = 1 << 3,
    VIR_DOMAIN_START_VALIDATE = 1 << 4,
    VIR_DOMAIN_START_RESET_NVRAM = 1 << 5,
    VIR_DOMAIN_CREATE_XML_ASYNC = 1 << 30, /**< return once the job is accepted */
    VIR_DOMAIN_CREATE_ASYNC = 1 << 30,     /**< return once the job is accepted */
    VIR_DOMAIN_MIGRATE_ASYNC = 1 << 30     /**< reserved */
};

/** virDomainDefineXMLFlags(). */
typedef enum { VIR_DOMAIN_DEFINE_VALIDATE = 1 << 0 } virDomainDefineFlags;

/** virDomainUndefineFlags(). */
typedef enum {
    VIR_DOMAIN_UNDEFINE_MANAGED_SAVE = 1 << 0,
    VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA = 1 << 1,
    VIR_DOMAIN_UNDEFINE_NVRAM = 1 << 2,
    VIR_DOMAIN_UNDEFINE_KEEP_NVRAM = 1 << 3,
    VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA = 1 << 4,
    VIR_DOMAIN_UNDEFINE_TPM = 1 << 5,
    VIR_DOMAIN_UNDEFINE_KEEP_TPM = 1 << 6
} virDomainUndefineFlagsValues;

/** virDomainDestroyFlags(). */
typedef enum {
    VIR_DOMAIN_DESTROY_DEFAULT = 0,
    VIR_DOMAIN_DESTROY_GRACEFUL = 1 << 0, /**< do not kill what does not go by itself */
    VIR_DOMAIN_DESTROY_REMOVE_LOGS = 1 << 1
} virDomainDestroyFlagsValues;

/** virDomainShutdownFlags(). */
typedef enum {
    VIR_DOMAIN_SHUTDOWN_DEFAULT = 0,
    VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN = 1 << 0,
    VIR_DOMAIN_SHUTDOWN_GUEST_AGENT = 1 << 1,
    VIR_DOMAIN_SHUTDOWN_INITCTL = 1 << 2,
    VIR_DOMAIN_SHUTDOWN_SIGNAL = 1 << 3,
    VIR_DOMAIN_SHUTDOWN_PARAVIRT = 1 << 4
} virDomainShutdownFlagValues;

/** virDomainReboot(). */
typedef enum {
    VIR_DOMAIN_REBOOT_DEFAULT = 0,
    VIR_DOMAIN_REBOOT_ACPI_POWER_BTN = 1 << 0,
    VIR_DOMAIN_REBOOT_GUEST_AGENT = 1 << 1,
    VIR_DOMAIN_REBOOT_INITCTL = 1 << 2,
    VIR_DOMAIN_REBOOT_SIGNAL = 1 << 3,
    VIR_DOMAIN_REBOOT_PARAVIRT = 1 << 4
} virDomainRebootFlagValues;

/** Saving, managed saving, restoring, and save images. */
enum {
    VIR_DOMAIN_SAVE_BYPASS_CACHE = 1 << 0,
    VIR_DOMAIN_SAVE_RUNNING = 1 << 1, /**< run when it is restored, whatever it does now */
    VIR_DOMAIN_SAVE_PAUSED = 1 << 2,
    VIR_DOMAIN_SAVE_RESET_NVRAM = 1 << 3,
    VIR_DOMAIN_SAVE_ASYNC = 1 << 30,   /**< return once the job is accepted */
    VIR_DOMAIN_RESTORE_ASYNC = 1 << 30 /**< return once the job is accepted */
};

/** Typed parameters of virDomainSaveParams() and virDomainRestoreParams(): the file; the XML. */
#define VIR_DOMAIN_SAVE_PARAM_FILE "file"
#define VIR_DOMAIN_SAVE_PARAM_DXML "dxml"

/** virDomainSaveImageGetXMLDesc(), virDomainManagedSaveGetXMLDesc(). */
typedef enum { VIR_DOMAIN_SAVE_IMAGE_XML_SECURE = 1 << 0 } virDomainSaveImageXMLFlags;

/** virDomainCoreDump(), virDomainCoreDumpWithFormat(). */
enum {
    VIR_DUMP_CRASH = 1 << 0, /**< the domain ends as crashed */
    VIR_DUMP_LIVE = 1 << 1,  /**< it runs meanwhile */
    VIR_DUMP_BYPASS_CACHE = 1 << 2,
    VIR_DUMP_RESET = 1 << 3,       /**< it is reset afterwards */
    VIR_DUMP_MEMORY_ONLY = 1 << 4, /**< what crash(8) reads, not QEMU's own stream */
    VIR_DOMAIN_CORE_DUMP_ASYNC = 1 << 30 /**< return once the job is accepted */
};

/** Formats of virDomainCoreDumpWithFormat(). */
typedef enum {
    VIR_DOMAIN_CORE_DUMP_FORMAT_RAW = 0,
    VIR_DOMAIN_CORE_DUMP_FORMAT_KDUMP_ZLIB = 1,
    VIR_DOMAIN_CORE_DUMP_FORMAT_KDUMP_LZO = 2,
    VIR_DOMAIN_CORE_DUMP_FORMAT_KDUMP_SNAPPY = 3,
    VIR_DOMAIN_CORE_DUMP_FORMAT_WIN_DMP = 4,
    VIR_DOMAIN_CORE_DUMP_FORMAT_LAST = 5
} virDomainCoreDumpFormat;

/** virDomainGetXMLDesc(). */
typedef enum {
    VIR_DOMAIN_XML_SECURE = 1 << 0,
    VIR_DOMAIN_XML_INACTIVE = 1 << 1,
    VIR_DOMAIN_XML_UPDATE_CPU = 1 << 2,
    VIR_DOMAIN_XML_MIGRATABLE = 1 << 3
} virDomainXMLFlags;

/** Filters of virConnectListAllDomains(); no bit of a group set = the whole group. */
typedef enum {
    VIR_CONNECT_LIST_DOMAINS_ACTIVE = 1 << 0,
    VIR_CONNECT_LIST_DOMAINS_INACTIVE = 1 << 1,
    VIR_CONNECT_LIST_DOMAINS_PERSISTENT = 1 << 2,
    VIR_CONNECT_LIST_DOMAINS_TRANSIENT = 1 << 3,
    VIR_CONNECT_LIST_DOMAINS_RUNNING = 1 << 4,
    VIR_CONNECT_LIST_DOMAINS_PAUSED = 1 << 5,
    VIR_CONNECT_LIST_DOMAINS_SHUTOFF = 1 << 6,
    VIR_CONNECT_LIST_DOMAINS_OTHER = 1 << 7,
    VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE = 1 << 8,
    VIR_CONNECT_LIST_DOMAINS_NO_MANAGEDSAVE = 1 << 9,
    VIR_CONNECT_LIST_DOMAINS_AUTOSTART = 1 << 10,
    VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART = 1 << 11,
    VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT = 1 << 12,
    VIR_CONNECT_LIST_DOMAINS_NO_SNAPSHOT = 1 << 13,
    VIR_CONNECT_LIST_DOMAINS_HAS_CHECKPOINT = 1 << 14,
    VIR_CONNECT_LIST_DOMAINS_NO_CHECKPOINT = 1 << 15
} virConnectListAllDomainsFlags;

/** virDomainSnapshotCreateXML(). */
typedef enum {
    VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE = 1 << 0,
    VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT = 1 << 1,
    VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA = 1 << 2,
    VIR_DOMAIN_SNAPSHOT_CREATE_HALT = 1 << 3,
    VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY = 1 << 4,
    VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT = 1 << 5,
    VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE = 1 << 6,
    VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC = 1 << 7,
    VIR_DOMAIN_SNAPSHOT_CREATE_LIVE = 1 << 8,
    VIR_DOMAIN_SNAPSHOT_CREATE_VALIDATE = 1 << 9
} virDomainSnapshotCreateFlags;

/** Filters of virDomainListAllSnapshots(); no bit of a group set = the whole group. */
typedef enum {
    VIR_DOMAIN_SNAPSHOT_LIST_ROOTS = 1 << 0,       /**< of a domain's */
    VIR_DOMAIN_SNAPSHOT_LIST_DESCENDANTS = 1 << 0, /**< of a snapshot's: also below its children */
    VIR_DOMAIN_SNAPSHOT_LIST_METADATA = 1 << 1,
    VIR_DOMAIN_SNAPSHOT_LIST_LEAVES = 1 << 2,
    VIR_DOMAIN_SNAPSHOT_LIST_NO_LEAVES = 1 << 3,
    VIR_DOMAIN_SNAPSHOT_LIST_NO_METADATA = 1 << 4,
    VIR_DOMAIN_SNAPSHOT_LIST_INACTIVE = 1 << 5,
    VIR_DOMAIN_SNAPSHOT_LIST_ACTIVE = 1 << 6,
    VIR_DOMAIN_SNAPSHOT_LIST_DISK_ONLY = 1 << 7,
    VIR_DOMAIN_SNAPSHOT_LIST_INTERNAL = 1 << 8,
    VIR_DOMAIN_SNAPSHOT_LIST_EXTERNAL = 1 << 9,
    VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL = 1 << 10 /**< none before its parent */
} virDomainSnapshotListFlags;

/** virDomainRevertToSnapshot(). */
typedef enum {
    VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING = 1 << 0,
    VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED = 1 << 1,
    VIR_DOMAIN_SNAPSHOT_REVERT_FORCE = 1 << 2,
    VIR_DOMAIN_SNAPSHOT_REVERT_RESET_NVRAM = 1 << 3
} virDomainSnapshotRevertFlags;

/** virDomainSnapshotDelete(). */
typedef enum {
    VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN = 1 << 0,
    VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY = 1 << 1,
    VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN_ONLY = 1 << 2
} virDomainSnapshotDeleteFlags;

/** virDomainCheckpointCreateXML(). */
typedef enum {
    VIR_DOMAIN_CHECKPOINT_CREATE_REDEFINE = 1 << 0,
    VIR_DOMAIN_CHECKPOINT_CREATE_QUIESCE = 1 << 1,
    VIR_DOMAIN_CHECKPOINT_CREATE_REDEFINE_VALIDATE = 1 << 2
} virDomainCheckpointCreateFlags;

/** virDomainCheckpointGetXMLDesc(). */
typedef enum {
    VIR_DOMAIN_CHECKPOINT_XML_SECURE = 1 << 0,
    VIR_DOMAIN_CHECKPOINT_XML_NO_DOMAIN = 1 << 1,
    VIR_DOMAIN_CHECKPOINT_XML_SIZE = 1 << 2
} virDomainCheckpointXMLFlags;

/** virDomainListAllCheckpoints(), virDomainCheckpointListAllChildren(). */
typedef enum {
    VIR_DOMAIN_CHECKPOINT_LIST_ROOTS = 1 << 0,       /**< of a domain's */
    VIR_DOMAIN_CHECKPOINT_LIST_DESCENDANTS = 1 << 0, /**< of one's: also below its children */
    VIR_DOMAIN_CHECKPOINT_LIST_TOPOLOGICAL = 1 << 1, /**< none before its parent */
    VIR_DOMAIN_CHECKPOINT_LIST_LEAVES = 1 << 2,
    VIR_DOMAIN_CHECKPOINT_LIST_NO_LEAVES = 1 << 3
} virDomainCheckpointListFlags;

/** virDomainCheckpointDelete(). */
typedef enum {
    VIR_DOMAIN_CHECKPOINT_DELETE_CHILDREN = 1 << 0,
    VIR_DOMAIN_CHECKPOINT_DELETE_METADATA_ONLY = 1 << 1,
    VIR_DOMAIN_CHECKPOINT_DELETE_CHILDREN_ONLY = 1 << 2
} virDomainCheckpointDeleteFlags;

/** Which of a domain's texts virDomainSetMetadata() is about. */
typedef enum {
    VIR_DOMAIN_METADATA_DESCRIPTION = 0,
    VIR_DOMAIN_METADATA_TITLE = 1,
    VIR_DOMAIN_METADATA_ELEMENT = 2
} virDomainMetadataType;

/** How libvirt's own job calls name a domain's job: virDomainGetJobStats(). */
typedef enum {
    VIR_DOMAIN_JOB_NONE = 0,
    VIR_DOMAIN_JOB_BOUNDED = 1,
    VIR_DOMAIN_JOB_UNBOUNDED = 2,
    VIR_DOMAIN_JOB_COMPLETED = 3,
    VIR_DOMAIN_JOB_FAILED = 4,
    VIR_DOMAIN_JOB_CANCELLED = 5
} virDomainJobType;

/** virDomainGetJobStats(). */
typedef enum {
    VIR_DOMAIN_JOB_STATS_COMPLETED = 1 << 0,     /**< of the last job that ended */
    VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED = 1 << 1 /**< and leave it to be asked for again */
} virDomainGetJobStatsFlags;

/** Typed parameters of virDomainGetJobStats(): times in milliseconds, else bytes. */
#define VIR_DOMAIN_JOB_OPERATION "operation" /**< int: virDomainJobOperation */
#define VIR_DOMAIN_JOB_TIME_ELAPSED "time_elapsed"
#define VIR_DOMAIN_JOB_TIME_REMAINING "time_remaining"
#define VIR_DOMAIN_JOB_DATA_TOTAL "data_total"
#define VIR_DOMAIN_JOB_DATA_PROCESSED "data_processed"
#define VIR_DOMAIN_JOB_DATA_REMAINING "data_remaining"
#define VIR_DOMAIN_JOB_MEMORY_TOTAL "memory_total"
#define VIR_DOMAIN_JOB_MEMORY_PROCESSED "memory_processed"
#define VIR_DOMAIN_JOB_MEMORY_REMAINING "memory_remaining"
#define VIR_DOMAIN_JOB_DISK_TOTAL "disk_total"
#define VIR_DOMAIN_JOB_DISK_PROCESSED "disk_processed"
#define VIR_DOMAIN_JOB_DISK_REMAINING "disk_remaining"
#define VIR_DOMAIN_JOB_DISK_TEMP_USED "disk_temp_used"
#define VIR_DOMAIN_JOB_DISK_TEMP_TOTAL "disk_temp_total"
#define VIR_DOMAIN_JOB_SUCCESS "success" /**< boolean, once it has ended */
#define VIR_DOMAIN_JOB_ERRMSG "errmsg"   /**< string, where it has failed */

/** Which operation a job is: VIR_DOMAIN_JOB_OPERATION. */
typedef enum {
    VIR_DOMAIN_JOB_OPERATION_UNKNOWN = 0,
    VIR_DOMAIN_JOB_OPERATION_START = 1,
    VIR_DOMAIN_JOB_OPERATION_SAVE = 2,
    VIR_DOMAIN_JOB_OPERATION_RESTORE = 3,
    VIR_DOMAIN_JOB_OPERATION_SNAPSHOT = 6,
    VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_REVERT = 7,
    VIR_DOMAIN_JOB_OPERATION_DUMP = 8,
    VIR_DOMAIN_JOB_OPERATION_BACKUP = 9,
    VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_DELETE = 10
} virDomainJobOperation;

/** State of the monitor of a domain, virDomainGetControlInfo(). */
typedef enum {
    VIR_DOMAIN_CONTROL_OK = 0,
    VIR_DOMAIN_CONTROL_JOB = 1,
    VIR_DOMAIN_CONTROL_OCCUPIED = 2,
    VIR_DOMAIN_CONTROL_ERROR = 3
} virDomainControlState;

/** Types of a typed parameter. */
typedef enum {
    VIR_TYPED_PARAM_INT = 1,
    VIR_TYPED_PARAM_UINT = 2,
    VIR_TYPED_PARAM_LLONG = 3,
    VIR_TYPED_PARAM_ULLONG = 4,
    VIR_TYPED_PARAM_DOUBLE = 5,
    VIR_TYPED_PARAM_BOOLEAN = 6,
    VIR_TYPED_PARAM_STRING = 7
} virTypedParameterType;

/** virDomainQemuMonitorCommand(). */
typedef enum {
    VIR_DOMAIN_QEMU_MONITOR_COMMAND_DEFAULT = 0,
    VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP = 1 << 0
} virDomainQemuMonitorCommandFlags;

#ifdef __cplusplus
}
#endif

#endif
