/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Saves a guest to a file and follows it to its end: guest-save DOMAIN FILE.  Ctrl-C cancels the
 * job; the guest then goes on, and there is no file.  Exits 0 saved, 1 failed, 3 cancelled.
 */
#include <libvirtjob/libvirtjob.h>
#include <signal.h>
#include <stdio.h>

static volatile sig_atomic_t interrupted;

static void interrupt(int signum)
{
    (void)signum;
    interrupted = 1; /* the library is not to be called from here */
}

/* Returns how the job ended: a virJobState, or -1. */
static int follow(virDomainPtr domain)
{
    virJobInfo info;
    int more, asked = 0;

    while ((more = virDomainWaitJob(domain, &info, 200)) == 1) {
        printf("%d %%, %u seconds left\n", info.percentComplete, info.remainingTime);
        fflush(stdout);
        if (interrupted && !asked++)
            virDomainCancelJob(domain); /* refused when it is as good as saved */
    }
    return more == 0 ? (int)info.state : -1;
}

static int save(virDomainPtr domain, const char *file)
{
    virError error;

    if (virDomainSaveFlags(domain, file, VIR_DOMAIN_SAVE_ASYNC) < 0)
        return 1;
    switch (follow(domain)) {
    case VIR_JOB_COMPLETE:
        printf("%s is saved\n", virDomainGetName(domain));
        return 0;
    case VIR_JOB_CANCELLED:
        printf("cancelled: %s goes on\n", virDomainGetName(domain));
        return 3;
    default:
        if (virDomainGetJobError(domain, &error) == 0 && error.code != VIR_ERR_OK)
            fprintf(stderr, "failed: %s\n", error.message);
        return 1;
    }
}

int main(int argc, char **argv)
{
    struct sigaction action = { .sa_handler = interrupt, .sa_flags = SA_RESTART };
    virConnectPtr conn;
    virDomainPtr domain;
    int status = 1; /* the library has said why on stderr */

    if (argc != 3) {
        fprintf(stderr, "usage: guest-save DOMAIN FILE\n");
        return 2;
    }
    sigaction(SIGINT, &action, NULL);
    if (!(conn = virConnectOpen(NULL)))
        return status;
    if ((domain = virDomainLookupByName(conn, argv[1]))) {
        status = save(domain, argv[2]);
        virDomainFree(domain);
    }
    virConnectClose(conn);
    return status;
}
