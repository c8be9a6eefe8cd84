# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the python tests share: a packet codec of their own (so that the daemon's
is not checked against itself), a table of every procedure that is answered, a
raw client, and a private daemon to try them on."""

import os
import re
import select
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

REMOTE, QEMU, JOB, KEEPALIVE = 0x20008086, 0x20008087, 0x20564A42, 0x6B656570
CALL, REPLY, MESSAGE, STREAM, CALL_WITH_FDS, REPLY_WITH_FDS, STREAM_HOLE = range(7)
OK, ERROR, CONTINUE = range(3)
ASYNC = 1 << 30

ERR_INTERNAL, ERR_NO_CONNECT, ERR_INVALID_ARG, ERR_FAILED = 1, 5, 8, 9
ERR_XML, ERR_DENIED, ERR_SYSTEM, ERR_RPC = 27, 29, 38, 39
ERR_NO_DOMAIN, ERR_NO_POOL, ERR_NO_VOL, ERR_INVALID, ERR_UNSUPPORTED = 42, 49, 50, 55, 67
ERR_TIMEOUT, ERR_ABORTED, ERR_OVERFLOW, ERR_EXIST = 68, 78, 82, 90

# Stopped from outside, a test ends like one that fails: with its daemon and its directory gone.
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))

HERE = os.path.dirname(os.path.abspath(__file__))
# Seconds for what waits for nobody, on a busy machine: what holds it up would do so for longer.
AT_ONCE = 10
# The sanitizers and valgrind are slow and large: bounds of time and memory do not hold there.
SLOW = bool(os.environ.get("VIRTJOBD_WRAPPER") or os.environ.get("VIRTJOBD_SLOWER"))


class Proc:
    """args: a string of fields, see pack(); flags: the bits that mean something, None where
    there is no flags argument; write: refused on a read-only connection; secure: the bits
    that are refused there though the call is not."""

    def __init__(self, number, name, args="", flags=None, write=False, program=REMOTE, secure=0):
        self.program, self.number, self.name = program, number, name
        self.args, self.flags, self.write, self.secure = args, flags, write, secure


# s text, o optional text, u uuid, i int, h unsigned hyper, d domain, p pool, v volume,
# S texts, I ints, b bytes, c bytes of SASL or None, t job target, m typed parameters, f flags,
# n an object not given (None), x snapshot or checkpoint
PROCS = [
    Proc(1, "CONNECT_OPEN", "of", 0x7),
    Proc(2, "CONNECT_CLOSE"),
    Proc(3, "CONNECT_GET_TYPE"),
    Proc(4, "CONNECT_GET_VERSION"),
    Proc(5, "CONNECT_GET_MAX_VCPUS", "o"),
    Proc(6, "NODE_GET_INFO"),
    Proc(7, "CONNECT_GET_CAPABILITIES"),
    Proc(9, "DOMAIN_CREATE", "d", write=True),
    Proc(10, "DOMAIN_CREATE_XML", "sf", ASYNC | 0x3F, write=True),
    Proc(11, "DOMAIN_DEFINE_XML", "s", write=True),
    Proc(12, "DOMAIN_DESTROY", "d", write=True),
    Proc(14, "DOMAIN_GET_XML_DESC", "df", 0xF, secure=0x9),
    Proc(15, "DOMAIN_GET_AUTOSTART", "d"),
    Proc(16, "DOMAIN_GET_INFO", "d"),
    Proc(17, "DOMAIN_GET_MAX_MEMORY", "d"),
    Proc(18, "DOMAIN_GET_MAX_VCPUS", "d"),
    Proc(19, "DOMAIN_GET_OS_TYPE", "d"),
    Proc(20, "DOMAIN_GET_VCPUS", "dii"),
    Proc(21, "CONNECT_LIST_DEFINED_DOMAINS", "i"),
    Proc(22, "DOMAIN_LOOKUP_BY_ID", "i"),
    Proc(23, "DOMAIN_LOOKUP_BY_NAME", "s"),
    Proc(24, "DOMAIN_LOOKUP_BY_UUID", "u"),
    Proc(25, "CONNECT_NUM_OF_DEFINED_DOMAINS"),
    Proc(26, "DOMAIN_PIN_VCPU", "dib", write=True),
    Proc(27, "DOMAIN_REBOOT", "df", 0x1F, write=True),
    Proc(28, "DOMAIN_RESUME", "d", write=True),
    Proc(29, "DOMAIN_SET_AUTOSTART", "di", write=True),
    Proc(30, "DOMAIN_SET_MAX_MEMORY", "dh", write=True),
    Proc(31, "DOMAIN_SET_MEMORY", "dh", write=True),
    Proc(32, "DOMAIN_SET_VCPUS", "di", write=True),
    Proc(33, "DOMAIN_SHUTDOWN", "d", write=True),
    Proc(34, "DOMAIN_SUSPEND", "d", write=True),
    Proc(35, "DOMAIN_UNDEFINE", "d", write=True),
    Proc(36, "CONNECT_LIST_DEFINED_NETWORKS", "i"),
    Proc(37, "CONNECT_LIST_DOMAINS", "i"),
    Proc(38, "CONNECT_LIST_NETWORKS", "i"),
    Proc(50, "CONNECT_NUM_OF_DEFINED_NETWORKS"),
    Proc(51, "CONNECT_NUM_OF_DOMAINS"),
    Proc(52, "CONNECT_NUM_OF_NETWORKS"),
    Proc(53, "DOMAIN_CORE_DUMP", "dsf", ASYNC | 0x1F, write=True),
    Proc(54, "DOMAIN_RESTORE", "s", write=True),
    Proc(55, "DOMAIN_SAVE", "ds", write=True),
    Proc(56, "DOMAIN_GET_SCHEDULER_TYPE", "d"),
    Proc(57, "DOMAIN_GET_SCHEDULER_PARAMETERS", "di"),
    Proc(58, "DOMAIN_SET_SCHEDULER_PARAMETERS", "dm", write=True),
    Proc(59, "CONNECT_GET_HOSTNAME"),
    Proc(60, "CONNECT_SUPPORTS_FEATURE", "i"),
    Proc(66, "AUTH_LIST"),
    Proc(67, "AUTH_SASL_INIT"),
    Proc(68, "AUTH_SASL_START", "sc"),
    Proc(69, "AUTH_SASL_STEP", "c"),
    Proc(70, "AUTH_POLKIT"),
    Proc(71, "CONNECT_NUM_OF_STORAGE_POOLS"),
    Proc(72, "CONNECT_LIST_STORAGE_POOLS", "i"),
    Proc(73, "CONNECT_NUM_OF_DEFINED_STORAGE_POOLS"),
    Proc(74, "CONNECT_LIST_DEFINED_STORAGE_POOLS", "i"),
    Proc(75, "CONNECT_FIND_STORAGE_POOL_SOURCES", "sof", 0, write=True),
    Proc(76, "STORAGE_POOL_CREATE_XML", "sf", ASYNC | 0x7, write=True),
    Proc(77, "STORAGE_POOL_DEFINE_XML", "sf", 0x1, write=True),
    Proc(78, "STORAGE_POOL_CREATE", "pf", ASYNC | 0x7, write=True),
    Proc(79, "STORAGE_POOL_BUILD", "pf", ASYNC | 0xC, write=True),
    Proc(80, "STORAGE_POOL_DESTROY", "p", write=True),
    Proc(81, "STORAGE_POOL_DELETE", "pf", ASYNC, write=True),
    Proc(82, "STORAGE_POOL_UNDEFINE", "p", write=True),
    Proc(83, "STORAGE_POOL_REFRESH", "pf", ASYNC, write=True),
    Proc(84, "STORAGE_POOL_LOOKUP_BY_NAME", "s"),
    Proc(85, "STORAGE_POOL_LOOKUP_BY_UUID", "u"),
    Proc(86, "STORAGE_POOL_LOOKUP_BY_VOLUME", "v"),
    Proc(87, "STORAGE_POOL_GET_INFO", "p"),
    Proc(88, "STORAGE_POOL_GET_XML_DESC", "pf", 0x1),
    Proc(89, "STORAGE_POOL_GET_AUTOSTART", "p"),
    Proc(90, "STORAGE_POOL_SET_AUTOSTART", "pi", write=True),
    Proc(91, "STORAGE_POOL_NUM_OF_VOLUMES", "p"),
    Proc(92, "STORAGE_POOL_LIST_VOLUMES", "pi"),
    Proc(93, "STORAGE_VOL_CREATE_XML", "psf", ASYNC | 0x7, write=True),
    Proc(94, "STORAGE_VOL_DELETE", "vf", ASYNC | 0x1, write=True),
    Proc(95, "STORAGE_VOL_LOOKUP_BY_NAME", "ps"),
    Proc(96, "STORAGE_VOL_LOOKUP_BY_KEY", "s"),
    Proc(97, "STORAGE_VOL_LOOKUP_BY_PATH", "s"),
    Proc(98, "STORAGE_VOL_GET_INFO", "v"),
    Proc(99, "STORAGE_VOL_GET_XML_DESC", "vf", 0),
    Proc(100, "STORAGE_VOL_GET_PATH", "v"),
    Proc(101, "NODE_GET_CELLS_FREE_MEMORY", "ii"),
    Proc(102, "NODE_GET_FREE_MEMORY"),
    Proc(103, "DOMAIN_BLOCK_PEEK", "dshif", 0, write=True),
    Proc(104, "DOMAIN_MEMORY_PEEK", "dhif", 0x3, write=True),
    Proc(105, "CONNECT_DOMAIN_EVENT_REGISTER"),
    Proc(106, "CONNECT_DOMAIN_EVENT_DEREGISTER"),
    Proc(110, "CONNECT_GET_URI"),
    Proc(111, "NODE_NUM_OF_DEVICES", "of", 0),
    Proc(112, "NODE_LIST_DEVICES", "oif", 0),
    Proc(121, "DOMAIN_GET_SECURITY_LABEL", "d"),
    Proc(122, "NODE_GET_SECURITY_MODEL"),
    Proc(125, "STORAGE_VOL_CREATE_XML_FROM", "psvf", ASYNC | 0x7, write=True),
    Proc(126, "CONNECT_NUM_OF_INTERFACES"),
    Proc(127, "CONNECT_LIST_INTERFACES", "i"),
    Proc(135, "CONNECT_DOMAIN_XML_FROM_NATIVE", "ssf", 0, write=True),
    Proc(136, "CONNECT_DOMAIN_XML_TO_NATIVE", "ssf", 0, write=True),
    Proc(137, "CONNECT_NUM_OF_DEFINED_INTERFACES"),
    Proc(138, "CONNECT_LIST_DEFINED_INTERFACES", "i"),
    Proc(139, "CONNECT_NUM_OF_SECRETS"),
    Proc(140, "CONNECT_LIST_SECRETS", "i"),
    Proc(149, "CONNECT_IS_SECURE"),
    Proc(150, "DOMAIN_IS_ACTIVE", "d"),
    Proc(151, "DOMAIN_IS_PERSISTENT", "d"),
    Proc(154, "STORAGE_POOL_IS_ACTIVE", "p"),
    Proc(155, "STORAGE_POOL_IS_PERSISTENT", "p"),
    Proc(157, "CONNECT_GET_LIB_VERSION"),
    Proc(158, "CONNECT_COMPARE_CPU", "sf", 0x3),
    Proc(162, "CONNECT_BASELINE_CPU", "Sf", 0x3),
    Proc(163, "DOMAIN_GET_JOB_INFO", "d"),
    Proc(164, "DOMAIN_ABORT_JOB", "d", write=True),
    Proc(165, "STORAGE_VOL_WIPE", "vf", ASYNC, write=True),
    Proc(167, "CONNECT_DOMAIN_EVENT_REGISTER_ANY", "i"),
    Proc(168, "CONNECT_DOMAIN_EVENT_DEREGISTER_ANY", "i"),
    Proc(178, "CONNECT_NUM_OF_NWFILTERS"),
    Proc(179, "CONNECT_LIST_NWFILTERS", "i"),
    Proc(182, "DOMAIN_MANAGED_SAVE", "df", ASYNC | 0xF, write=True),
    Proc(183, "DOMAIN_HAS_MANAGED_SAVE_IMAGE", "df", 0),
    Proc(184, "DOMAIN_MANAGED_SAVE_REMOVE", "df", 0, write=True),
    Proc(185, "DOMAIN_SNAPSHOT_CREATE_XML", "dsf", ASYNC | 0x3FF, write=True),
    Proc(186, "DOMAIN_SNAPSHOT_GET_XML_DESC", "xf", 0x1, secure=0x1),
    Proc(187, "DOMAIN_SNAPSHOT_NUM", "df", 0x3FF),
    Proc(188, "DOMAIN_SNAPSHOT_LIST_NAMES", "dif", 0x7FF),
    Proc(189, "DOMAIN_SNAPSHOT_LOOKUP_BY_NAME", "dsf", 0),
    Proc(190, "DOMAIN_HAS_CURRENT_SNAPSHOT", "df", 0),
    Proc(191, "DOMAIN_SNAPSHOT_CURRENT", "df", 0),
    Proc(192, "DOMAIN_REVERT_TO_SNAPSHOT", "xf", ASYNC | 0xF, write=True),
    Proc(193, "DOMAIN_SNAPSHOT_DELETE", "xf", ASYNC | 0x7, write=True),
    Proc(194, "DOMAIN_GET_BLOCK_INFO", "dsf", 0),
    Proc(196, "DOMAIN_CREATE_WITH_FLAGS", "df", ASYNC | 0x3F, write=True),
    Proc(197, "DOMAIN_SET_MEMORY_PARAMETERS", "dmf", 0x7, write=True),
    Proc(198, "DOMAIN_GET_MEMORY_PARAMETERS", "dif", 0x7),
    Proc(199, "DOMAIN_SET_VCPUS_FLAGS", "dif", 0x1F, write=True),
    Proc(200, "DOMAIN_GET_VCPUS_FLAGS", "df", 0xF, secure=0x8),
    Proc(201, "DOMAIN_OPEN_CONSOLE", "dof", 0x3, write=True),
    Proc(202, "DOMAIN_IS_UPDATED", "d"),
    Proc(203, "CONNECT_GET_SYSINFO", "f", 0),
    Proc(204, "DOMAIN_SET_MEMORY_FLAGS", "dhf", 0x7, write=True),
    Proc(205, "DOMAIN_SET_BLKIO_PARAMETERS", "dmf", 0x7, write=True),
    Proc(206, "DOMAIN_GET_BLKIO_PARAMETERS", "dif", 0x7),
    Proc(208, "STORAGE_VOL_UPLOAD", "vhhf", 0x1, write=True),
    Proc(209, "STORAGE_VOL_DOWNLOAD", "vhhf", 0x1, write=True),
    Proc(210, "DOMAIN_INJECT_NMI", "df", 0, write=True),
    Proc(211, "DOMAIN_SCREENSHOT", "dif", 0, write=True),
    Proc(212, "DOMAIN_GET_STATE", "df", 0),
    Proc(219, "DOMAIN_SET_SCHEDULER_PARAMETERS_FLAGS", "dmf", 0x7, write=True),
    Proc(223, "DOMAIN_GET_SCHEDULER_PARAMETERS_FLAGS", "dif", 0x7),
    Proc(225, "DOMAIN_PIN_VCPU_FLAGS", "dibf", 0x3, write=True),
    Proc(226, "DOMAIN_SEND_KEY", "diiIf", 0, write=True),
    Proc(227, "NODE_GET_CPU_STATS", "iif", 0),
    Proc(228, "NODE_GET_MEMORY_STATS", "iif", 0),
    Proc(229, "DOMAIN_GET_CONTROL_INFO", "df", 0),
    Proc(230, "DOMAIN_GET_VCPU_PIN_INFO", "diif", 0x3),
    Proc(231, "DOMAIN_UNDEFINE_FLAGS", "df", 0x7F, write=True),
    Proc(232, "DOMAIN_SAVE_FLAGS", "dsof", ASYNC | 0xF, write=True),
    Proc(233, "DOMAIN_RESTORE_FLAGS", "sof", ASYNC | 0xF, write=True),
    Proc(234, "DOMAIN_DESTROY_FLAGS", "df", 0x3, write=True),
    Proc(235, "DOMAIN_SAVE_IMAGE_GET_XML_DESC", "sf", 0x1, write=True),
    Proc(236, "DOMAIN_SAVE_IMAGE_DEFINE_XML", "ssf", 0x6, write=True),
    Proc(237, "DOMAIN_BLOCK_JOB_ABORT", "dsf", 0x3, write=True),
    Proc(238, "DOMAIN_GET_BLOCK_JOB_INFO", "dsf", 0x1),
    Proc(239, "DOMAIN_BLOCK_JOB_SET_SPEED", "dshf", 0x1, write=True),
    Proc(240, "DOMAIN_BLOCK_PULL", "dshf", 0x40, write=True),
    Proc(244, "DOMAIN_SNAPSHOT_GET_PARENT", "xf", 0),
    Proc(245, "DOMAIN_RESET", "df", 0, write=True),
    Proc(246, "DOMAIN_SNAPSHOT_NUM_CHILDREN", "xf", 0x3FF),
    Proc(247, "DOMAIN_SNAPSHOT_LIST_CHILDREN_NAMES", "xif", 0x7FF),
    Proc(249, "DOMAIN_OPEN_GRAPHICS", "dif", 0x1, write=True),
    Proc(251, "DOMAIN_BLOCK_RESIZE", "dshf", 0x1, write=True),
    Proc(252, "DOMAIN_SET_BLOCK_IO_TUNE", "dsmf", 0x3, write=True),
    Proc(253, "DOMAIN_GET_BLOCK_IO_TUNE", "doif", 0x7),
    Proc(254, "DOMAIN_SET_NUMA_PARAMETERS", "dmf", 0x7, write=True),
    Proc(255, "DOMAIN_GET_NUMA_PARAMETERS", "dif", 0x7),
    Proc(256, "DOMAIN_SET_INTERFACE_PARAMETERS", "dsmf", 0x3, write=True),
    Proc(257, "DOMAIN_GET_INTERFACE_PARAMETERS", "dsif", 0x7),
    Proc(258, "DOMAIN_SHUTDOWN_FLAGS", "df", 0x1F, write=True),
    Proc(259, "STORAGE_VOL_WIPE_PATTERN", "vif", ASYNC, write=True),
    Proc(260, "STORAGE_VOL_RESIZE", "vhf", ASYNC | 0x7, write=True),
    Proc(261, "DOMAIN_PM_SUSPEND_FOR_DURATION", "dihf", 0, write=True),
    Proc(262, "DOMAIN_GET_CPU_STATS", "diiif", 0x4),
    Proc(263, "DOMAIN_GET_DISK_ERRORS", "dif", 0),
    Proc(264, "DOMAIN_SET_METADATA", "diooof", 0x3, write=True),
    Proc(265, "DOMAIN_GET_METADATA", "diof", 0x3),
    Proc(266, "DOMAIN_BLOCK_REBASE", "dsohf", 0x7F, write=True),
    Proc(267, "DOMAIN_PM_WAKEUP", "df", 0, write=True),
    Proc(271, "DOMAIN_SNAPSHOT_IS_CURRENT", "xf", 0),
    Proc(272, "DOMAIN_SNAPSHOT_HAS_METADATA", "xf", 0),
    Proc(273, "CONNECT_LIST_ALL_DOMAINS", "if", 0xFFFF),
    Proc(274, "DOMAIN_LIST_ALL_SNAPSHOTS", "dif", 0x7FF),
    Proc(275, "DOMAIN_SNAPSHOT_LIST_ALL_CHILDREN", "xif", 0x7FF),
    Proc(277, "DOMAIN_GET_HOSTNAME", "df", 0x3, write=True),
    Proc(278, "DOMAIN_GET_SECURITY_LABEL_LIST", "d"),
    Proc(279, "DOMAIN_PIN_EMULATOR", "dbf", 0x3, write=True),
    Proc(280, "DOMAIN_GET_EMULATOR_PIN_INFO", "dif", 0x3),
    Proc(281, "CONNECT_LIST_ALL_STORAGE_POOLS", "if", 0xFFFFF),
    Proc(282, "STORAGE_POOL_LIST_ALL_VOLUMES", "pif", 0),
    Proc(283, "CONNECT_LIST_ALL_NETWORKS", "if", 0x3F),
    Proc(284, "CONNECT_LIST_ALL_INTERFACES", "if", 0x3),
    Proc(285, "CONNECT_LIST_ALL_NODE_DEVICES", "if", 0xC03FFFFF),
    Proc(286, "CONNECT_LIST_ALL_NWFILTERS", "if", 0),
    Proc(287, "CONNECT_LIST_ALL_SECRETS", "if", 0xF),
    Proc(288, "NODE_SET_MEMORY_PARAMETERS", "mf", 0, write=True),
    Proc(289, "NODE_GET_MEMORY_PARAMETERS", "if", 0x4),
    Proc(290, "DOMAIN_BLOCK_COMMIT", "dsoohf", 0x1F, write=True),
    Proc(293, "NODE_GET_CPU_MAP", "iif", 0),
    Proc(294, "DOMAIN_FSTRIM", "dohf", 0, write=True),
    Proc(295, "DOMAIN_SEND_PROCESS_SIGNAL", "dhif", 0, write=True),
    Proc(296, "DOMAIN_OPEN_CHANNEL", "dof", 0x1, write=True),
    Proc(298, "DOMAIN_GET_JOB_STATS", "df", 0x3),
    Proc(309, "DOMAIN_CREATE_XML_WITH_FILES", "sf", ASYNC | 0x3F, write=True),
    Proc(310, "DOMAIN_CREATE_WITH_FILES", "df", ASYNC | 0x3F, write=True),
    Proc(312, "CONNECT_GET_CPU_MODEL_NAMES", "sif", 0),
    Proc(313, "CONNECT_NETWORK_EVENT_REGISTER_ANY", "in"),
    Proc(314, "CONNECT_NETWORK_EVENT_DEREGISTER_ANY", "i"),
    Proc(316, "CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY", "in"),
    Proc(317, "CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY", "i"),
    Proc(334, "DOMAIN_CORE_DUMP_WITH_FORMAT", "dsif", ASYNC | 0x1F, write=True),
    Proc(335, "DOMAIN_FSFREEZE", "dSf", 0, write=True),
    Proc(336, "DOMAIN_FSTHAW", "dSf", 0, write=True),
    Proc(337, "DOMAIN_GET_TIME", "df", 0, write=True),
    Proc(338, "DOMAIN_SET_TIME", "dhif", 0x1, write=True),
    Proc(340, "NODE_GET_FREE_PAGES", "Iiif", 0),
    Proc(342, "CONNECT_GET_DOMAIN_CAPABILITIES", "oooof", 0, write=True),
    Proc(343, "DOMAIN_OPEN_GRAPHICS_FD", "dif", 0x1, write=True),
    Proc(345, "DOMAIN_BLOCK_COPY", "dssmf", 0xF, write=True),
    Proc(349, "DOMAIN_GET_FSINFO", "df", 0, write=True),
    Proc(350, "DOMAIN_DEFINE_XML_FLAGS", "sf", 0x1, write=True),
    Proc(351, "DOMAIN_GET_IOTHREAD_INFO", "df", 0x3),
    Proc(352, "DOMAIN_PIN_IOTHREAD", "dibf", 0x3, write=True),
    Proc(353, "DOMAIN_INTERFACE_ADDRESSES", "dif", 0),
    Proc(355, "DOMAIN_ADD_IOTHREAD", "dif", 0x3, write=True),
    Proc(356, "DOMAIN_DEL_IOTHREAD", "dif", 0x3, write=True),
    Proc(357, "DOMAIN_SET_USER_PASSWORD", "doof", 0x1, write=True),
    Proc(358, "DOMAIN_RENAME", "dof", 0, write=True),
    Proc(360, "CONNECT_REGISTER_CLOSE_CALLBACK"),
    Proc(361, "CONNECT_UNREGISTER_CLOSE_CALLBACK"),
    Proc(365, "DOMAIN_GET_PERF_EVENTS", "df", 0x7),
    Proc(366, "DOMAIN_SET_PERF_EVENTS", "dmf", 0x3, write=True),
    Proc(368, "CONNECT_STORAGE_POOL_EVENT_REGISTER_ANY", "in"),
    Proc(369, "CONNECT_STORAGE_POOL_EVENT_DEREGISTER_ANY", "i"),
    Proc(371, "DOMAIN_GET_GUEST_VCPUS", "df", 0, write=True),
    Proc(372, "DOMAIN_SET_GUEST_VCPUS", "dsif", 0, write=True),
    Proc(374, "CONNECT_NODE_DEVICE_EVENT_REGISTER_ANY", "io"),
    Proc(375, "CONNECT_NODE_DEVICE_EVENT_DEREGISTER_ANY", "i"),
    Proc(378, "STORAGE_VOL_GET_INFO_FLAGS", "vf", 0x1),
    Proc(380, "CONNECT_SECRET_EVENT_REGISTER_ANY", "in"),
    Proc(381, "CONNECT_SECRET_EVENT_DEREGISTER_ANY", "i"),
    Proc(384, "DOMAIN_SET_VCPU", "dsif", 0x3, write=True),
    Proc(386, "DOMAIN_SET_BLOCK_THRESHOLD", "dshf", 0, write=True),
    Proc(388, "DOMAIN_MANAGED_SAVE_GET_XML_DESC", "df", 0x1, secure=0x1),
    Proc(389, "DOMAIN_MANAGED_SAVE_DEFINE_XML", "dof", 0x6, write=True),
    Proc(390, "DOMAIN_SET_LIFECYCLE_ACTION", "diif", 0x3, write=True),
    Proc(391, "STORAGE_POOL_LOOKUP_BY_TARGET_PATH", "s"),
    Proc(393, "CONNECT_COMPARE_HYPERVISOR_CPU", "oooosf", 0x3, write=True),
    Proc(394, "CONNECT_BASELINE_HYPERVISOR_CPU", "ooooSf", 0x3, write=True),
    Proc(395, "NODE_GET_SEV_INFO", "if", 0x4, write=True),
    Proc(396, "DOMAIN_GET_LAUNCH_SECURITY_INFO", "df", 0x4, write=True),
    Proc(402, "DOMAIN_SET_IOTHREAD_PARAMS", "dimf", 0x3, write=True),
    Proc(403, "CONNECT_GET_STORAGE_POOL_CAPABILITIES", "f", 0),
    Proc(411, "DOMAIN_CHECKPOINT_CREATE_XML", "dsf", ASYNC | 0x7, write=True),
    Proc(412, "DOMAIN_CHECKPOINT_GET_XML_DESC", "xf", 0x7, secure=0x1),
    Proc(413, "DOMAIN_LIST_ALL_CHECKPOINTS", "dif", 0xF),
    Proc(414, "DOMAIN_CHECKPOINT_LIST_ALL_CHILDREN", "xif", 0xF),
    Proc(415, "DOMAIN_CHECKPOINT_LOOKUP_BY_NAME", "dsf", 0),
    Proc(416, "DOMAIN_CHECKPOINT_GET_PARENT", "xf", 0),
    Proc(417, "DOMAIN_CHECKPOINT_DELETE", "xf", ASYNC | 0x7, write=True),
    Proc(418, "DOMAIN_GET_GUEST_INFO", "dif", 0, write=True),
    Proc(419, "CONNECT_SET_IDENTITY", "mf", 0),
    Proc(420, "DOMAIN_AGENT_SET_RESPONSE_TIMEOUT", "dif", 0, write=True),
    Proc(421, "DOMAIN_BACKUP_BEGIN", "dsof", 0x1, write=True),
    Proc(422, "DOMAIN_BACKUP_GET_XML_DESC", "df", 0),
    Proc(424, "DOMAIN_AUTHORIZED_SSH_KEYS_GET", "dsf", 0, write=True),
    Proc(425, "DOMAIN_AUTHORIZED_SSH_KEYS_SET", "dsSf", 0x3, write=True),
    Proc(426, "DOMAIN_GET_MESSAGES", "df", 0),
    Proc(427, "DOMAIN_START_DIRTY_RATE_CALC", "dif", 0x3, write=True),
    Proc(439, "DOMAIN_SET_LAUNCH_SECURITY_STATE", "dmf", 0, write=True),
    Proc(440, "DOMAIN_SAVE_PARAMS", "dmf", ASYNC | 0xF, write=True),
    Proc(441, "DOMAIN_RESTORE_PARAMS", "mf", ASYNC | 0xF, write=True),
    Proc(442, "DOMAIN_ABORT_JOB_FLAGS", "df", 0, write=True),
    Proc(443, "DOMAIN_FD_ASSOCIATE", "dsf", 0x3, write=True),
    Proc(1, "DOMAIN_MONITOR_COMMAND", "dsf", 0x1, write=True, program=QEMU),
    Proc(2, "DOMAIN_ATTACH", "if", 0, write=True, program=QEMU),
    Proc(3, "DOMAIN_AGENT_COMMAND", "dsif", 0, write=True, program=QEMU),
    Proc(4, "CONNECT_DOMAIN_MONITOR_EVENT_REGISTER", "nof", 0x3, write=True, program=QEMU),
    Proc(5, "CONNECT_DOMAIN_MONITOR_EVENT_DEREGISTER", "i", write=True, program=QEMU),
    Proc(7, "DOMAIN_MONITOR_COMMAND_WITH_FILES", "dsf", 0x1, write=True, program=QEMU),
    Proc(1, "GET_INFO", "tf", 0, program=JOB),
    Proc(2, "CANCEL", "tf", 0, write=True, program=JOB),
    Proc(3, "GET_ERROR", "tf", 0, program=JOB),
    Proc(4, "GET_RECORD", "tf", 0, program=JOB),
    Proc(5, "WAIT", "ti", program=JOB),
    Proc(6, "LIST", "fhi", 0xFF, program=JOB),
    Proc(7, "SET_SPEED", "thf", 0, write=True, program=JOB),
    Proc(15, "DAEMON_RELOAD", "f", 0, write=True, program=JOB),
    Proc(8, "PAUSE", "tf", 0, write=True, program=JOB),
    Proc(9, "RESUME", "tf", 0, write=True, program=JOB),
    Proc(10, "EVENT_REGISTER", program=JOB),
    Proc(11, "EVENT_DEREGISTER", program=JOB),
    Proc(13, "CLIENT_LIST", "fhi", 0, write=True, program=JOB),
    Proc(14, "CLIENT_DISCONNECT", "hf", 0, write=True, program=JOB),
]

# For each of these letters a value that is well-formed, of objects that do not exist.
NOWHERE = {"s": "none", "o": None, "u": b"\xee" * 16, "i": 1, "h": 1, "f": 0, "n": None,
           "d": ("no such domain", b"\xee" * 16, -1), "p": ("no such pool", b"\xee" * 16),
           "v": ("no such pool", "x", "/x"), "S": ["none"], "I": [1], "b": b"\1", "c": b"x",
           "m": [("file", "/no/such/file")],
           "x": ("no such snapshot", ("no such domain", b"\xee" * 16, -1))}
BY_NAME = {proc.name: proc for proc in PROCS}
# Answered before authentication, and so before the open.
PREAUTH = {"AUTH_LIST", "AUTH_SASL_INIT", "AUTH_SASL_START", "AUTH_SASL_STEP", "AUTH_POLKIT"}


def is_event(name):
    """Only the daemon sends it."""
    return name.endswith("EVENT") or ("EVENT_" in name and "REGISTER" not in name)


def check_table(fail):
    """The table above has every procedure of the .x files, and nothing else."""
    for file, program, prefix in (("remote.x", REMOTE, "REMOTE_PROC_"),
                                  ("qemu.x", QEMU, "QEMU_PROC_"), ("job.x", JOB, "JOB_PROC_")):
        with open(os.path.join(HERE, "../protocol", file)) as f:
            wanted = {(int(n), name) for name, n in
                      re.findall(r"\b%s(\w+) = (\d+)" % prefix, f.read())
                      if not is_event(name)}
        have = {(p.number, p.name) for p in PROCS if p.program == program}
        if wanted != have:
            fail("%s and the table of tests/wire.py differ: %s" % (file, sorted(wanted ^ have)))


# --- XDR ---

def text(value):
    if isinstance(value, str):
        value = value.encode()
    return struct.pack(">I", len(value)) + value + b"\0" * (-len(value) % 4)


def domain_ref(domain):
    """(name, 16 bytes, id)"""
    return text(domain[0]) + domain[1] + struct.pack(">i", domain[2])


def params(values):
    """[(name, text)]: the one type of those that are sent to the daemon."""
    return struct.pack(">I", len(values)) + b"".join(
        text(name) + struct.pack(">I", 7) + text(value) for name, value in values)


def pool_ref(pool):
    """(name, 16 bytes)"""
    return text(pool[0]) + pool[1]


def vol_ref(vol):
    """(pool, name, key)"""
    return b"".join(text(part) for part in vol)


def job_by_id(number):
    return struct.pack(">IQ", 3, number)


def job_of_vol(vol):
    return struct.pack(">I", 2) + vol_ref(vol)


def job_of_pool(pool):
    return struct.pack(">I", 1) + pool_ref(pool)


def sasl_data(value):
    """No data are not the same as none of them; each byte takes four."""
    value, nil = value or b"", value is None
    return struct.pack(">II", nil, len(value)) + b"".join(b"\0\0\0%c" % byte for byte in value)


PACKERS = {
    "s": text,
    "b": text,
    "S": lambda v: struct.pack(">I", len(v)) + b"".join(text(value) for value in v),
    "I": lambda v: struct.pack(">%dI" % (len(v) + 1), len(v), *v),
    "o": lambda v: struct.pack(">I", 0) if v is None else struct.pack(">I", 1) + text(v),
    "n": lambda v: struct.pack(">I", 0),
    "u": lambda v: v,
    "i": lambda v: struct.pack(">I", v & 0xFFFFFFFF),
    "f": lambda v: struct.pack(">I", v),
    "h": lambda v: struct.pack(">Q", v),
    "d": domain_ref,
    "m": params,
    "x": lambda v: text(v[0]) + domain_ref(v[1]),
    "p": pool_ref,
    "v": vol_ref,
    "t": lambda v: v,
    "c": sasl_data,
}


def pack(fields, values):
    return b"".join(PACKERS[f](v) for f, v in zip(fields, values, strict=True))


class Reader:
    def __init__(self, data):
        self.data, self.pos = data, 0

    def take(self, size):
        if self.pos + size > len(self.data):
            raise AssertionError("reply is too short")
        self.pos += size
        return self.data[self.pos - size:self.pos]

    def int(self):
        return struct.unpack(">i", self.take(4))[0]

    def uint(self):
        return struct.unpack(">I", self.take(4))[0]

    def hyper(self):
        return struct.unpack(">Q", self.take(8))[0]

    def bytes(self):
        size = self.uint()
        value = self.take(size)
        self.take(-size % 4)
        return value

    def text(self):
        return self.bytes().decode()

    def opt(self):
        return self.text() if self.uint() else None

    def domain(self):
        return self.text(), self.take(16), self.int()

    def pool(self):
        return self.text(), self.take(16)

    def vol(self):
        return self.text(), self.text(), self.text()


class Record:
    """A job record."""

    def __init__(self, r):
        self.id, self.kind, self.name, self.pool = r.hyper(), r.int(), r.text(), r.text()
        self.uuid, self.operation, self.phase = r.take(16), r.text(), r.int()
        self.type, self.state = r.int(), r.int()
        self.running, self.remaining, self.percent = r.uint(), r.uint(), r.int()
        self.done, self.total, self.rate = r.hyper(), r.hyper(), r.hyper()
        self.queued_at, self.started_at, self.ended_at = r.hyper(), r.hyper(), r.hyper()
        self.started_by, self.note = r.text(), r.opt()
        self.error_code, self.error = r.int(), r.opt()
        self.error_step, self.error_output = r.opt(), r.opt()
        self.speed = r.hyper()


RUNNING, COMPLETE, FAILED, CANCELLED = range(4)


class WireError(Exception):
    def __init__(self, payload):
        r = Reader(payload)
        self.code, self.domain = r.int(), r.int()
        self.message, self.level = r.opt(), r.int()
        super().__init__("%s (code %d, domain %d)" % (self.message, self.code, self.domain))


def packet(program, procedure, payload=b"", serial=0, type=CALL, status=OK, version=1, length=None):
    length = 28 + len(payload) if length is None else length
    return struct.pack(">IIIiIII", length, program, version, procedure, type, serial & 0xFFFFFFFF,
                       status) + payload


class Closed(Exception):
    """The daemon has closed the connection."""


class Client:
    """One connection.  call() sends and waits; send() and receive() do it in two steps."""

    def __init__(self, path, open_flags=0, timeout=240, opened=True, sock=None):
        """sock: one that is connected already, then path is not used."""
        self.sock = sock or socket.socket(socket.AF_UNIX)
        self.sock.settimeout(timeout)
        if not sock:
            self.sock.connect(path)
        self.serial = 0
        self.buffer = b""
        self.events = []
        if opened:
            self.call("AUTH_LIST")
            self.call("CONNECT_OPEN", None, open_flags)

    def close(self):
        self.sock.close()

    def raw(self, data):
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as e:
            raise Closed() from e

    def _read(self, size):
        while len(self.buffer) < size:
            try:
                data = self.sock.recv(1 << 20)
            except ConnectionResetError as e:
                raise Closed() from e
            if not data:
                raise Closed()
            self.buffer += data
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def receive(self):
        """(program, procedure, type, serial, status, payload)"""
        length, program, version, procedure, type, serial, status = struct.unpack(
            ">IIIiIII", self._read(28))
        # a reply has the version of its call, so it is not always 1
        assert 28 <= length <= 32 * 1024 * 1024 + 4, "malformed reply"
        return program, procedure, type, serial, status, self._read(length - 28)

    def send(self, name, *values):
        """The serial."""
        proc = BY_NAME[name]
        serial = self.serial
        self.serial += 1
        self.raw(packet(proc.program, proc.number, pack(proc.args, values), serial))
        return serial

    def send_together(self, *calls):
        """Each (name, value, ...) in one write, so that the daemon has the last before any of
        them can be answered by a worker; their serials."""
        serials = range(self.serial, self.serial + len(calls))
        self.serial += len(calls)
        data = b""
        for serial, (name, *values) in zip(serials, calls):
            proc = BY_NAME[name]
            data += packet(proc.program, proc.number, pack(proc.args, values), serial)
        self.raw(data)
        return serials

    def send_raw(self, program, procedure, payload, **header):
        serial = self.serial
        self.serial += 1
        self.raw(packet(program, procedure, payload, serial, **header))
        return serial

    def event(self):
        """(program, procedure, what is in it) of the next one."""
        while not self.events:
            self._take_event(*self.receive())
        return self.events.pop(0)

    def _take_event(self, program, procedure, type, serial, status, payload):
        assert (type, serial, status) == (MESSAGE, 0, OK), "an event is no call and no answer"
        self.events.append((program, procedure, Reader(payload)))

    def answer(self, serial):
        """The reply to the only unanswered call; events before it are kept."""
        packet = self.receive()
        while packet[2] == MESSAGE:
            self._take_event(*packet)
            packet = self.receive()
        _, _, type, got, status, payload = packet
        assert type == REPLY and got == serial, \
            "reply %d of type %d, not to %d" % (got, type, serial)
        if status != OK:
            raise WireError(payload)
        return Reader(payload)

    def call(self, name, *values):
        return self.answer(self.send(name, *values))

    def call_raw(self, program, procedure, payload, **header):
        return self.answer(self.send_raw(program, procedure, payload, **header))

    # what several tests do

    def stream(self, name, *values):
        """Makes the call and returns its stream."""
        serial = self.send(name, *values)
        self.answer(serial)
        return Stream(self, BY_NAME[name], serial)

    def define_pool(self, name, path):
        xml = "<pool type='dir'><name>%s</name><target><path>%s</path></target></pool>"
        return self.call("STORAGE_POOL_DEFINE_XML", xml % (name, path), 0).pool()

    def start_pool(self, name, path):
        pool = self.define_pool(name, path)
        self.call("STORAGE_POOL_BUILD", pool, 0)
        self.call("STORAGE_POOL_CREATE", pool, 0)
        return pool

    def create_vol(self, pool, name, capacity, allocation=0, format="raw", flags=0):
        return self.call("STORAGE_VOL_CREATE_XML", pool,
                         vol_xml(name, capacity, allocation, format), flags).vol()

    def slow_wipe(self, pool, name):
        """A new volume whose wipe, a job that goes on, takes an hour."""
        vol = self.create_vol(pool, name, 4 << 20)
        with open(vol[2], "r+b") as f:
            f.write(b"x" * (4 << 20))  # holes would take no time
        self.call("SET_SPEED", job_by_id(0), 1000, 0)  # its jobs begin so
        self.call("STORAGE_VOL_WIPE", vol, ASYNC)
        self.call("SET_SPEED", job_by_id(0), 0, 0)
        return vol

    def volumes(self, pool):
        r = self.call("STORAGE_POOL_LIST_ALL_VOLUMES", pool, 1, 0)
        return sorted(r.vol()[1] for _ in range(r.uint()))

    def pools(self):
        r = self.call("CONNECT_LIST_ALL_STORAGE_POOLS", 1, 0)
        return sorted(r.pool()[0] for _ in range(r.uint()))

    def domains(self):
        r = self.call("CONNECT_LIST_ALL_DOMAINS", 1, 0)
        return sorted(r.domain()[0] for _ in range(r.uint()))

    def record(self, target):
        return Record(self.call("GET_RECORD", target, 0))

    def jobs(self, flags=0, most=1024):
        r = self.call("LIST", flags, 0, most)
        return [Record(r) for _ in range(r.uint())]

    def wait(self, target, timeout_ms=60000):
        """The job's record once it has ended."""
        if not self.call("WAIT", target, timeout_ms).int():
            raise AssertionError("the job has not ended")
        return self.record(target)


class Stream:
    """A stream that has been opened; no call may be open on its connection meanwhile."""

    def __init__(self, client, proc, serial):
        self.client, self.proc, self.serial = client, proc, serial

    def packet(self, payload=b"", status=CONTINUE, type=STREAM):
        self.client.raw(packet(self.proc.program, self.proc.number, payload, self.serial, type,
                               status))

    def fill(self, payload, times):
        """As often, but no more than is taken; False: all was.  The last may be cut off."""
        data = memoryview(packet(self.proc.program, self.proc.number, payload, self.serial, STREAM,
                                 CONTINUE) * times)
        while data and select.select([], [self.client.sock], [], 0.5)[1]:
            data = data[self.client.sock.send(data):]
        return len(data) > 0

    def hole(self, length, flags=0):
        self.packet(struct.pack(">qI", length, flags), type=STREAM_HOLE)

    def next(self):
        """(type, status, payload); an error is raised."""
        program, procedure, type, serial, status, payload = self.client.receive()
        assert (program, procedure, serial) == (self.proc.program, self.proc.number, self.serial), \
            "a packet of another stream or call"
        if status == ERROR:
            raise WireError(payload)
        return type, status, payload

    def finish(self):
        self.packet(status=OK)
        while True:
            type, status, payload = self.next()
            if status == OK:
                assert type == STREAM and not payload, "malformed end"
                return

    def abort(self):
        self.packet(status=ERROR)
        while self.next()[1] != OK:
            pass

    def pieces(self):
        """The bytes, and the lengths of holes, up to the end of the data."""
        while True:
            type, status, payload = self.next()
            assert status == CONTINUE, "the stream ended before its data"
            if type == STREAM_HOLE:
                yield struct.unpack(">qI", payload)[0]
            elif payload:
                yield payload
            else:
                return

    def read(self):
        """All its bytes; holes as zeros."""
        return b"".join(b"\0" * p if isinstance(p, int) else p for p in self.pieces())


def vol_xml(name, capacity, allocation=0, format="raw"):
    return ("<volume><name>%s</name><capacity>%d</capacity><allocation>%d</allocation>"
            "<target><format type='%s'/></target></volume>" % (name, capacity, allocation, format))


# --- the daemon ---

class Daemon:
    """A private daemon in a temporary directory, gone with everything at the end."""

    def __init__(self, config=None, prefix=(), dir=None, args=()):
        self.args = list(args)
        self.dir = dir or tempfile.mkdtemp(prefix="virtjobd-test-")
        self.own_dir = dir is None
        self.path = os.path.join(self.dir, "run/virtjobd-sock")
        self.ro_path = self.path + "-ro"
        self.log_path = os.path.join(self.dir, "log")
        self.prefix = list(prefix)
        self.config = config
        self.process = None
        self.failures = 0

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, error, trace):
        ok = kind is None or (kind is SystemExit and error.code in (0, None, 77))
        if self.process and self.process.poll() is None:
            if ok:
                self.stop()
            else:
                self.process.kill()
                self.process.wait()
        if not ok or self.failures:
            with open(self.log_path, errors="replace") as f:
                sys.stderr.write("".join("    " + line for line in f.readlines()[-60:]))
        if self.own_dir:
            shutil.rmtree(self.dir, ignore_errors=True)

    def start(self):
        command = self.prefix + shlex.split(os.environ.get("VIRTJOBD_WRAPPER", "")) + [
            os.environ.get("VIRTJOBD", os.path.join(os.getcwd(), "virtjobd")), "--session",
            "--runtime-dir", self.dir + "/run", "--state-dir", self.dir + "/state",
            "--log-dir", self.dir + "/logs"] + self.args
        if self.config:
            with open(self.dir + "/conf", "w") as f:
                f.write(self.config)
            command += ["-f", self.dir + "/conf"]
        env = {k: v for k, v in os.environ.items()
               if k not in ("NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "JOURNAL_STREAM")}
        env["XDG_CONFIG_HOME"] = self.dir  # nobody's own settings
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=env,
                                            stdin=subprocess.DEVNULL)
        wait_until(self.serves, "the daemon to serve", 60)
        with open(self.dir + "/run/virtjobd.pid") as f:
            self.pid = int(f.read())
        with open("/proc/%d/maps" % self.pid) as f:
            global SLOW
            SLOW = SLOW or re.search(r"lib[at]san\.so", f.read()) is not None

    def serves(self):
        assert self.process.poll() is None, "the daemon ended: %s" % self.process.returncode
        try:
            Client(self.ro_path).close()
        except (OSError, Closed):
            return False
        except WireError:
            pass # its rules do not let us in, but it answers
        return True

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=240)
        assert status == 0, "the daemon ended with %s after SIGTERM" % status

    def alive(self):
        return self.process.poll() is None

    def client(self, **options):
        return Client(self.path, **options)

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def rss(self):
        """KiB"""
        with open("/proc/%d/status" % self.pid) as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))

    def fds(self):
        fds = {}
        for fd in os.listdir("/proc/%d/fd" % self.pid):
            try:
                fds[fd] = os.readlink("/proc/%d/fd/%s" % (self.pid, fd))
            except FileNotFoundError:
                pass
        return fds


def wait_until(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("waited %d s for %s" % (seconds, what))
        time.sleep(0.01)


def skip(reason):
    print("skipped: " + reason)
    sys.exit(77)


class Checks:
    """Counts what fails, so that one run shows it all."""

    def __init__(self):
        self.failed = self.done = 0

    def __call__(self, ok, what):
        self.done += 1
        if not ok:
            self.failed += 1
            print("FAILED: " + what)
        return ok

    def refused(self, code, what, function, *args, match=None):
        """The call fails with that code (or one of them)."""
        codes = code if isinstance(code, tuple) else (code,)
        try:
            function(*args)
        except WireError as e:
            self(e.code in codes, "%s: code %d, not %s: %s" % (what, e.code, code, e.message))
            self(bool(e.message), "%s: no message" % what)
            if match:
                self(re.search(match, e.message or ""),
                     "%s: no '%s' in '%s'" % (what, match, e.message))
            return e
        except Closed:
            return self(False, "%s: the connection was closed" % what)
        return self(False, "%s: accepted" % what)

    def end(self, daemon=None):
        print("%d checks, %d failed" % (self.done, self.failed))
        if daemon:
            daemon.failures = self.failed
        return 1 if self.failed else 0
