/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every command of virtjob shares: the global options, the connection,
 * how a command ends and how an error is told.  The thread of main() alone,
 * but for cli_connection_beside().
 */
#ifndef VIRTJOB_CLI_H
#define VIRTJOB_CLI_H

#include <libvirtjob/libvirtjob.h>

#include <stdbool.h>

#include "protocol/macros.h"

DEFINE_CLEANUP(virDomainPtr, virDomainFree);
DEFINE_CLEANUP(virStoragePoolPtr, virStoragePoolFree);
DEFINE_CLEANUP(virStorageVolPtr, virStorageVolFree);
DEFINE_CLEANUP(virJobRecordPtr, virJobRecordFree);

#define _cleanup_domain_ _cleanup_(virDomainFreep)
#define _cleanup_pool_ _cleanup_(virStoragePoolFreep)
#define _cleanup_vol_ _cleanup_(virStorageVolFreep)
#define _cleanup_record_ _cleanup_(virJobRecordFreep)

/* Exit codes; what a command returns. */
enum cli_exit {
    CLI_DONE = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_CANCELLED = 3
};

struct cli {
    const char *uri; /* NULL = the library's default */
    bool readonly;
    bool quiet;
    bool no_progress;
    bool reconnect; /* a job is followed on when the connection is lost */
    int keepalive_interval; /* seconds; 0 = never give up a silent daemon */
    unsigned int keepalive_count;
    virConnectPtr conn; /* open before a command runs, unless it needs none */
};

/*
 * Keeps the library's errors for cli_fail() as they happen to this thread, in
 * place of the library printing them: its last error does not outlive the next
 * call, and asking an object for its name is one.
 */
void cli_errors_keep(void);

/* Opens the connection, asks at the terminal who it is where it must; says why not. */
int cli_connect(struct cli *cli);
/* Tries once more, after the connection was lost; false, and nothing said: not yet. */
bool cli_reconnect(struct cli *cli);
/* One more, for another thread, that asks nobody who it is; NULL: not now. */
virConnectPtr cli_connection_beside(const struct cli *cli);
/* Closes it, if open. */
void cli_disconnect(struct cli *cli);

/* "error: ..." on stderr, always one line. */
void cli_error(const char *fmt, ...) _printf_(1, 2);
/* The same, ended by the error that the library gave last.  Returns CLI_FAILED. */
int cli_fail(const char *fmt, ...) _printf_(1, 2);
/* A misuse of the command line.  Returns CLI_USAGE. */
int cli_usage(const char *fmt, ...) _printf_(1, 2);
/* A text on stdout, ended by a newline. */
void cli_print(const char *text);
/* What was done, on stdout; --quiet drops it. */
void cli_say(const struct cli *cli, const char *fmt, ...) _printf_(2, 3);

#endif
