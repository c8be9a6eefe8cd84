/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon itself, which an administrator tells what to do.  Any thread. */

#include "internal.h"

int virConnectDaemonReload(virConnectPtr conn, unsigned int flags)
{
    job_daemon_reload_args args = { .flags = flags };

    if (!conn_enter(conn))
        return -1;
    return conn_call(conn, JOB(DAEMON_RELOAD), XDR_OF(job_daemon_reload_args), &args, NULL, NULL);
}
