/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See api.h. */

#include "tests/api.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, LOOK_MS = 10 };

virConnectPtr conn;
const char *api_dir;

void api_failed(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "%s:%d: %s (last error %d: %s)\n", file, line, what,
                  virGetLastErrorCode(), virGetLastErrorMessage());
    exit(1);
}

/* Called by whichever thread has the error. */
void api_quiet(void *opaque, virErrorPtr err)
{
    (void)err;
    atomic_fetch_add((atomic_uint *)opaque, 1);
}

void api_free_text(char *text)
{
    CHECK(text && *text);
    free(text);
}

/* --- guests --- */

char *guest_path(const char *name)
{
    char *path = NULL;

    CHECK(asprintf(&path, "%s/%s", api_dir, name) > 0);
    return path;
}

static char *serial_path(const char *name)
{
    char *path = NULL;

    CHECK(asprintf(&path, "%s/serial-%s", api_dir, name) > 0);
    return path;
}

char *guest_text(const char *name, const char *then, int mib)
{
    _cleanup_free_ char *serial = serial_path(name);
    char *xml = NULL;

    CHECK(asprintf(&xml,
                   "<domain type='qemu'><name>%s</name><memory unit='MiB'>%d</memory>"
                   "<os><type arch='x86_64' machine='q35'>hvm</type>"
                   "<kernel>%s/kernel-%s-%d</kernel></os><features><acpi/></features>"
                   "<devices><serial type='file'><source path='%s'/></serial>"
                   "<memballoon model='none'/></devices></domain>",
                   name, 16 + mib, api_dir, then, mib, serial) > 0);
    return xml;
}

virDomainPtr guest_define(const char *name, const char *then, int mib)
{
    _cleanup_free_ char *xml = guest_text(name, then, mib);
    virDomainPtr dom = virDomainDefineXML(conn, xml);

    CHECK(dom);
    guest_forget(name);
    return dom;
}

/* --- waiting --- */

/* Looks again and again; the time of one look is short, and their number bounded. */
static void until(bool (*reached)(const void *opaque), const void *opaque, const char *what)
{
    const struct timespec look = { .tv_nsec = LOOK_MS * 1000000L };

    for (int i = 0; i < PATIENCE_MS / LOOK_MS; i++) {
        if (reached(opaque))
            return;
        (void)nanosleep(&look, NULL);
    }
    api_failed(__FILE__, __LINE__, what);
}

static bool has_booted(const void *path)
{
    FILE *file = fopen(path, "r");
    bool found = false;
    int c;

    while (file && !found && (c = getc(file)) != EOF)
        found = c == 'F';
    if (file)
        CHECK(fclose(file) == 0);
    return found;
}

void guest_booted(const char *name)
{
    _cleanup_free_ char *path = serial_path(name);

    until(has_booted, path, "the guest has booted");
}

void guest_forget(const char *name)
{
    _cleanup_free_ char *path = serial_path(name);

    CHECK(truncate(path, 0) == 0 || errno == ENOENT);
}

struct goal {
    virDomainPtr dom;
    int state;
};

static bool is_in_state(const void *opaque)
{
    const struct goal *goal = opaque;
    int state = -1;

    OK(virDomainGetState(goal->dom, &state, NULL, 0));
    return state == goal->state;
}

void guest_reaches(virDomainPtr dom, int state)
{
    const struct goal goal = { dom, state };

    until(is_in_state, &goal, "the guest is in that state");
}

/* --- its process --- */

/* The QEMU of a guest works in a directory of the daemon's that has the guest's id as name. */
static bool works_in(const char *pid, const char *dir)
{
    char proc[64], cwd[4096];
    ssize_t length;

    (void)snprintf(proc, sizeof(proc), "/proc/%.20s/cwd", pid);
    length = readlink(proc, cwd, sizeof(cwd) - 1);
    if (length < 0)
        return false; /* gone, or another user's */
    cwd[length] = '\0';
    return strcmp(cwd, dir) == 0;
}

static pid_t find_process(virDomainPtr dom)
{
    _cleanup_free_ char *dir = NULL;
    DIR *procs = opendir("/proc");
    const struct dirent *entry;
    pid_t pid = 0;

    CHECK(procs);
    CHECK(asprintf(&dir, "%s/run/qemu/%u", api_dir, virDomainGetID(dom)) > 0);
    while (!pid && (entry = readdir(procs)))
        if (works_in(entry->d_name, dir))
            pid = (pid_t)strtol(entry->d_name, NULL, 10);
    CHECK(closedir(procs) == 0);
    CHECK(pid > 0);
    return pid;
}

void guest_hold(virDomainPtr dom)
{
    CHECK(kill(find_process(dom), SIGSTOP) == 0);
}

void guest_release(virDomainPtr dom)
{
    CHECK(kill(find_process(dom), SIGCONT) == 0);
}

/* --- how they are --- */

void api_check_state(const char *file, int line, virDomainPtr dom, int want, int want_reason)
{
    int state = -1, reason = -1;
    char text[100];

    OK(virDomainGetState(dom, &state, &reason, 0));
    (void)snprintf(text, sizeof(text), "state %d, reason %d, not %d, %d", state, reason, want,
                   want_reason);
    if (state != want || reason != want_reason)
        api_failed(file, line, text);
}

/* The domain's last job, when it has ended. */

void api_check_job(const char *file, int line, virDomainPtr dom, const char *operation, int state)
{
    virJobRecordPtr record;
    virJobInfo info;

    CHECK(virDomainWaitJob(dom, &info, PATIENCE_MS) == 0);
    if (info.state != state)
        api_failed(file, line, "the job's end");
    OK(virDomainGetJobInfo(dom, &info));
    CHECK(info.state == state);
    CHECK(state != VIR_JOB_COMPLETE || info.percentComplete == 100);
    CHECK((record = virDomainGetJobRecord(dom, 0)));
    if (strcmp(record->operation, operation) != 0)
        api_failed(file, line, record->operation);
    SAME(record->name, virDomainGetName(dom));
    CHECK(record->objectKind == VIR_JOB_OBJECT_DOMAIN && !record->pool);
    CHECK(record->info.state == state);
    virJobRecordFree(record);
}
