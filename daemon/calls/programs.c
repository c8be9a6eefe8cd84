/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the daemon answers: each file of calls under the program its rows
 * belong to.  Apart from dispatch.c, so that a test can dispatch to rows of
 * its own.
 */

#include "calls/call.h"
#include "protocol/job.h"
#include "protocol/qemu.h"
#include "protocol/remote.h"

const struct program daemon_programs[] = {
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_auth },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_connect },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_absent },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_agent },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_agent_fs },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_agent_info },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_agent_net },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_agent_vcpus },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_event_domain },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_event_pool },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_host },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_host_stats },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_host_cpu_model },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_define },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_disk },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_console },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_graphics },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_image },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_info },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_iothread },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_iotune },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_job },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_nic },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_perf },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_security },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_host_memory },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_life },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_save },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_screenshot },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_size },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_checkpoint },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_snapshot },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_snapshot_change },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_keys },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_pin },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_tune },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_peek },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_disk_state },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_fds },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_backup },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_block },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_domain_native },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_pool },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_pool_change },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_vol },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_vol_change },
    { REMOTE_PROGRAM_NUMBER, REMOTE_PROGRAM_VERSION, &calls_vol_transfer },
    { QEMU_PROGRAM_NUMBER, QEMU_PROGRAM_VERSION, &calls_qemu },
    { QEMU_PROGRAM_NUMBER, QEMU_PROGRAM_VERSION, &calls_event_monitor },
    { JOB_PROGRAM_NUMBER, JOB_PROGRAM_VERSION, &calls_daemon },
    { JOB_PROGRAM_NUMBER, JOB_PROGRAM_VERSION, &calls_job },
    { JOB_PROGRAM_NUMBER, JOB_PROGRAM_VERSION, &calls_event_job },
    { JOB_PROGRAM_NUMBER, JOB_PROGRAM_VERSION, &calls_client },
};
const size_t daemon_nprograms = ARRAY_SIZE(daemon_programs);
