/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the calls on domains share: to and from the wire, checks, jobs.  Loop thread. */
#ifndef VIRTJOBD_DOMAIN_CALL_H
#define VIRTJOBD_DOMAIN_CALL_H

#include "calls/job_call.h"
#include "hypervisor/domain_jobs.h"
#include "protocol/wire.h"

/* NULL with call->err: VIR_ERR_NO_DOMAIN. */
struct domain *call_domain(struct call *call, const struct wire_domain *wire);


/* As it is now; the name is a copy. */
void domain_to_wire(const struct domain *domain, struct wire_domain *ret);

/* For a reply that comes later: which domain it is about, in call->opaque … */
void call_keep_domain(struct call *call, const unsigned char uuid[16]);
/* … and a fill function for a remote_domain_ret of it. */
void call_fill_domain(struct call *call);

/* Its guest, if it can be asked: borrowed; NULL with call->err. */
struct guest *call_ready_guest(struct call *call, const struct domain *domain);

/* A disk by its target or path; NULL with call->err. */
const struct domain_disk *call_find_disk(struct call *call, const struct domain_def *def,
                                         const char *name);
/* Its image can be opened by its path: -1 with call->err where a client has passed it. */
int call_check_path(struct call *call, const struct domain_disk *disk);
/* Where its image is, also of a volume, and whether it is raw; -1 with call->err. */
int call_disk_image(struct call *call, const struct domain_disk *disk, char **ret_path,
                    bool *ret_is_raw);
/* What workers of one file system are known by: a disk that hangs holds up those who ask for it. */
char *call_disk_key(const char *path);

/* Two flags that exclude each other; the words name them: "paused". */
struct flag_pair {
    unsigned int one, other;
    const char *one_word, *other_word;
};
/* -1 with VIR_ERR_INVALID_ARG where both of a pair are set. */
int call_check_exclusive(struct call *call, unsigned int flags, const struct flag_pair *pairs,
                         size_t npairs);

/* The same where the one of a pair is set without the other. */
int call_check_needs(struct call *call, unsigned int flags, const struct flag_pair *pairs,
                     size_t npairs);

/* For what is asked of one definition: -1 likewise where both are meant. */
int call_check_one_affected(struct call *call, unsigned int flags);

/*
 * Which definition VIR_DOMAIN_AFFECT_* flags mean: LIVE, CONFIG, or as it is now.  Borrowed;
 * NULL with call->err.  Both at once are to be refused before.
 */
struct domain_def *call_domain_def(struct call *call, const struct domain *domain,
                                   unsigned int flags);

/* Starts the job; CALL_PENDING.  See call_start_job(). */
int call_start_domain_job(struct call *call, const struct job_kind *kind,
                          struct domain_spec *spec, bool async, void (*fill)(struct call *call));

/* XML of a client on its way to a definition. */
struct domain_xml {
    struct complete_host host;
    char *xml;
    bool validate;
    struct domain_def *def; /* a reference, for then() */
};
/* Completes it on a worker; then() gets a struct domain_xml.  CALL_PENDING. */
int call_complete_domain(struct call *call, const char *xml, bool validate,
                         void (*then)(struct call *call, void *domain_xml));

/* That of a backup, which shorter ones may run beside; NULL = none. */
struct job *call_running_backup(struct call *call, const struct domain *domain);
/* That, or the domain's last job that was asked for, ended or not; NULL = none. */
struct job *call_domain_job(struct call *call, const struct domain *domain);

/* All there is to say of it as libvirt's typed parameters; *ret_params is freed with xdr_free(). */
void domain_job_params(struct job *job, struct wire_param **ret_params, u_int *ret_nparams);

/* A row of a table: a call on a domain that only QEMU's driver answers. */
#define DOMAIN_ROW(what, proc, function, who, kind, handle, ...)                                   \
    {                                                                                              \
        .number = REMOTE_PROC_DOMAIN_##proc, .api = function, .access = ACCESS_##who,              \
        .class = CLASS_##kind, .error_domain = VIR_FROM_QEMU, .handler = handle,                   \
        PROC_ON(DOMAIN, what), __VA_ARGS__                                                         \
    }

#endif
