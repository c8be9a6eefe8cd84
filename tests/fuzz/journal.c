/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A row of the job journal, as the next daemon takes it up: what its kind reads of it, which locks
 * it wants, and what it then finds on the disk.  Nothing is run and nothing undone.  The first line
 * is the kind, the second the checkpoint, the rest the spec; "guest" is no kind but the record of a
 * running domain.
 */

#include <event2/event.h>
#include <string.h>

#include "config.h"
#include "daemon.h"
#include "fuzz.h"
#include "hypervisor/domains.h"
#include "hypervisor/internal.h"
#include "jobs/job_internal.h"
#include "storage/storage.h"
#include "store/store.h"
#include "util/alloc.h"

enum { JOB_ID = 7 };

static struct daemon daemon_;

static char *in_dir(const char *name)
{
    return xasprintf("%s/%s", fuzz_dir(), name);
}

static void stop(void)
{
    domains_stop(daemon_.domains);
    store_close(daemon_.store);
    storage_free(daemon_.storage);
    jobs_free(daemon_.jobs);
    domains_free(daemon_.domains);
    config_free(daemon_.config);
    event_base_free(daemon_.base);
    free(daemon_.state_dir);
    free(daemon_.runtime_dir);
    free(daemon_.log_dir);
}

static void start(void)
{
    _cleanup_free_ char *database = in_dir("virtjobd.db");

    if (daemon_.base)
        return;
    fuzz_hush();
    daemon_ = (struct daemon){ .base = event_base_new(),
                               .config = config_new(true),
                               .session = true,
                               .state_dir = xstrdup(fuzz_dir()),
                               .runtime_dir = in_dir("run"),
                               .log_dir = in_dir("log") };
    daemon_.store = store_open(database, daemon_.base, NULL);
    fuzz_must(daemon_.store);
    daemon_.jobs = jobs_new(&daemon_);
    daemon_.storage = storage_new(&daemon_);
    daemon_.domains = domains_new(&daemon_, NULL);
    fuzz_must(daemon_.domains && atexit(stop) == 0);
}

/* --- a job --- */

static void check_locks(const struct job_kind *kind, const void *spec)
{
    struct lock_hold hold = { 0 };

    kind->locks(spec, &hold);
    fuzz_must(hold.nwants > 0);
    lock_hold_forget(&hold);
}

/* What was read is written so that it is read again. */
static void check_saved(const struct job_kind *kind, const void *spec)
{
    _cleanup_free_ char *once = kind->spec_save(spec), *twice = NULL;
    _cleanup_verror_ struct verror err = VERROR_INIT;
    void *again = kind->spec_load(&daemon_, once, &err);

    fuzz_must(again);
    twice = kind->spec_save(again);
    fuzz_must(strcmp(once, twice) == 0);
    kind->spec_free(again);
}

static void take_up(const struct job_kind *kind, const char *checkpoint, const char *text)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    void *spec = kind->spec_load(&daemon_, text, &err);

    if (!spec) {
        fuzz_must(err.code != 0);
        return;
    }
    check_saved(kind, spec);
    check_locks(kind, spec);
    if (kind->accepted)
        kind->accepted(spec, JOB_ID);
    if (kind->resumable)
        (void)kind->resumable(spec);
    if (kind->unlimited)
        (void)kind->unlimited(spec, JOB_LIMIT_SPEED);
    if (kind->recover)
        (void)kind->recover(spec, JOB_ID, *checkpoint ? checkpoint : NULL, &err);
    if (kind->ended)
        kind->ended(spec, false);
    kind->spec_free(spec);
    fuzz_must(!daemon_.domains->by_uuid);
}

/* --- a guest --- */

static void take_guest(const char *text)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    int state, reason;
    bool same_boot;
    struct guest *guest = guest_load(daemon_.domains, "b0c9a7c4-5d0e-4f8e-9f0a-6f2f0d7a4e11", text,
                                     &state, &reason, &same_boot, &err);

    if (!guest) {
        fuzz_must(err.code != 0);
        return;
    }
    free(guest_save(guest, state, reason));
    guest_unref(guest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = fuzz_text(data, size);
    char *rest = text, *name = strsep(&rest, "\n"), *checkpoint = rest ? strsep(&rest, "\n") : NULL;
    const struct job_kind *kind;

    start();
    if (!rest)
        return 0;
    daemon_.domains->next_id = 1;
    kind = jobs_find_kind(daemon_.jobs, name);
    if (kind && kind->spec_load)
        take_up(kind, checkpoint, rest);
    else if (strcmp(name, "guest") == 0)
        take_guest(rest);
    return 0;
}
