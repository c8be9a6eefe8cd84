/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the library know of each other.  Every public function
 * begins with one of the *_enter() calls below; everything it refuses or fails
 * at is raised once, with error_raise(), at the place where it is found.
 */
#ifndef LIBVIRTJOB_INTERNAL_H
#define LIBVIRTJOB_INTERNAL_H

/* Only what the public header declares is seen from outside. */
#pragma GCC visibility push(default)
#include <libvirtjob/libvirtjob.h>
#pragma GCC visibility pop

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "protocol/job.h"
#include "protocol/macros.h"
#include "protocol/qemu.h"
#include "protocol/remote.h"
#include "protocol/wire.h"

#include "channel.h"


/* --- error.c --- */

/* Clears this thread's last error and notes which function is being called. */
void error_enter(const char *api);

/* The public function this thread is in, for messages. */
const char *error_api(void);

/*
 * Set this thread's last error and tell the handler.  No lock may be held, as
 * the handler is the application's.  Always return -1.
 */
int error_raise(int code, int domain, const char *fmt, ...) _printf_(3, 4);
int error_raise_errno(int domain, int errnum, const char *fmt, ...) _printf_(3, 4);
int error_raise_no_memory(void);
/* Tells the handler, and leaves the last error alone: nothing has failed. */
void error_warn(int domain, const char *fmt, ...) _printf_(2, 3);
int error_raise_null(const char *argument); /* "invalid argument: … must not be NULL" */

/* What the daemon answered; takes the strings out of wire. */
int error_raise_wire(wire_error *wire);

/* Turns a wire error into one of the application's; takes its strings. */
void error_from_wire(virErrorPtr error, wire_error *wire);

/* --- object.c --- */

/* What begins every object an application holds. */
struct object {
    uint32_t magic;     /* which kind; 0 once freed */
    atomic_int refs;
    virConnectPtr conn; /* a reference; NULL in a connection itself */
};

enum object_magic {
    MAGIC_CONNECT = 0x0a711c01,
    MAGIC_DOMAIN = 0x0a711c02,
    MAGIC_POOL = 0x0a711c03,
    MAGIC_VOL = 0x0a711c04,
    MAGIC_STREAM = 0x0a711c05,
};

struct _virDomain {
    struct object object;
    char *name;
    unsigned char uuid[VIR_UUID_BUFLEN];
    atomic_int id; /* as last heard of; -1 = not active */
};

struct _virStoragePool {
    struct object object;
    char *name;
    unsigned char uuid[VIR_UUID_BUFLEN];
};

struct _virStorageVol {
    struct object object;
    char *pool; /* its pool's name */
    char *name;
    char *key;
};

struct _virStream {
    struct object object;
    struct channel_stream wire; /* while open */
    bool open;
    struct stream_piece *piece; /* what virStreamRecv() has not given out yet */
};

/* New objects with one reference; take the strings out of wire.  NULL: raised. */
virDomainPtr domain_new(virConnectPtr conn, wire_domain *wire);
virStoragePoolPtr pool_new(virConnectPtr conn, wire_pool *wire);
virStorageVolPtr vol_new(virConnectPtr conn, wire_vol *wire);

/* Drop a reference; the last one takes its reference on the connection along. */
void domain_unref(virDomainPtr dom);
void pool_unref(virStoragePoolPtr pool);
void vol_unref(virStorageVolPtr vol);

/* How they look on the wire; the strings stay the object's. */
wire_domain domain_wire(virDomainPtr dom);
wire_pool pool_wire(virStoragePoolPtr pool);
wire_vol vol_wire(virStorageVolPtr vol);

/* Begin a public function: clear the last error, refuse what is no such object. */
#define conn_enter(conn) object_enter((const struct object *)(conn), MAGIC_CONNECT, __func__)
#define domain_enter(dom) object_enter((const struct object *)(dom), MAGIC_DOMAIN, __func__)
#define pool_enter(pool) object_enter((const struct object *)(pool), MAGIC_POOL, __func__)
#define stream_enter(stream) object_enter((const struct object *)(stream), MAGIC_STREAM, __func__)
#define vol_enter(vol) object_enter((const struct object *)(vol), MAGIC_VOL, __func__)
bool object_enter(const struct object *object, uint32_t magic, const char *api);
/* The same for a second object of a call, the error left alone. */
#define stream_check(stream) object_check((const struct object *)(stream), MAGIC_STREAM)
#define vol_check(vol) object_check((const struct object *)(vol), MAGIC_VOL)
bool object_check(const struct object *object, uint32_t magic);

int object_ref(struct object *object);
/* Drops a reference; how many are left.  At 0 the caller must free the object. */
int object_unref(struct object *object);

/* path.c: a path for the daemon, which has another working directory.  NULL: raised. */
char *path_absolute(const char *path, const char *argument);

/* uuid.c: text of 32 hexadecimal digits, hyphens between bytes allowed; false if it is none. */
bool uuid_parse(const char *text, unsigned char uuid[VIR_UUID_BUFLEN]);
/* The same for what an application gave.  Returns 0, or -1: raised. */
int uuid_from_argument(const char *uuidstr, unsigned char uuid[VIR_UUID_BUFLEN]);
void uuid_format(const unsigned char uuid[VIR_UUID_BUFLEN], char text[VIR_UUID_STRING_BUFLEN]);

/* --- connect.c --- */

/* Drops a reference; the last one closes.  Returns how many are left. */
int connect_unref(virConnectPtr conn);

struct job_listener;

struct _virConnect {
    struct object object;
    struct channel *channel;
    pthread_mutex_t listener_lock;
    struct job_listener *listener; /* a reference, or NULL */
    char *uri;            /* as opened, or NULL: the daemon knows */
    _Atomic(char *) type; /* once it has been asked for */
};

/* --- job.c --- */

/* A record off the wire; takes its strings.  NULL: raised. */
virJobRecordPtr job_record_new(job_record *wire);

/* --- job-event.c --- */

/* Nothing more is told to it; NULL is allowed. */
void job_listener_unref(struct job_listener *listener);

/* --- call.c --- */

#define XDR_OF(type) ((xdrproc_t)xdr_##type)
#define REMOTE(name) REMOTE_PROGRAM_NUMBER, REMOTE_PROC_##name
#define JOB(name) JOB_PROGRAM_NUMBER, JOB_PROC_##name
#define QEMU(name) QEMU_PROGRAM_NUMBER, QEMU_PROC_##name

/*
 * One call and its reply; blocks this thread, not others on the connection.
 * args_xdr and ret_xdr are NULL where nothing is sent or expected; *ret comes
 * zeroed, and is freed by the caller with xdr_free() after success.
 * Returns 0, or -1: raised.
 */
int conn_call(virConnectPtr conn, uint32_t program, int procedure, xdrproc_t args_xdr,
              const void *args, xdrproc_t ret_xdr, void *ret);

/*
 * The same for a call that opens a stream, which must be new and of the same connection;
 * checks it.  Returns 0, or -1: raised.
 */
int conn_call_stream(virConnectPtr conn, virStreamPtr stream, int procedure, xdrproc_t args_xdr,
                     const void *args, xdrproc_t ret_xdr, void *ret);
/* Raise what a stream or its connection has failed with; always -1. */
int error_raise_channel(const struct channel_error *error);
int error_raise_payload(const void *payload, size_t len);

/* Tells the daemon good-bye and waits until it has heard; raises nothing. */
void conn_call_close(virConnectPtr conn);

/* Calls whose result is an int or one text that the caller frees. */
int conn_call_int(virConnectPtr conn, int procedure, xdrproc_t args_xdr, const void *args);
char *conn_call_text(virConnectPtr conn, int procedure, xdrproc_t args_xdr, const void *args);
/* The same for a number that may be too large: VIR_ERR_OVERFLOW. */
int conn_call_ulong(virConnectPtr conn, int procedure, xdrproc_t args_xdr, const void *args,
                    unsigned long *ret_number);
int wire_to_ulong(u_quad_t value, unsigned long *ret_number);

/* Fills names, which has room for max; returns how many. */
int conn_call_names(virConnectPtr conn, int procedure, xdrproc_t args_xdr, const void *args,
                    char **names, int max);
/* The same for calls whose only argument is maxnames; checks both first. */
int conn_list_names(virConnectPtr conn, int procedure, char **names, int maxnames);

/* Checks an array for *max results; the wire carries at most limit.  Returns 0, or -1: raised. */
int check_room(const void *array, const char *argument, int *max, int limit);
/* Raises that the daemon answered with more of what than were asked for; returns -1. */
int raise_too_many(unsigned int count, int max, const char *what);
/* The texts of a reply in an array of the application's, NULL behind the last.  NULL: raised. */
char **take_texts(wire_text *texts, unsigned int count);

/* Characters off the wire as a text in room for size; theirs may lack its NUL. */
void copy_chars(char *to, size_t size, const char *from, size_t len);

/* --- domain-call.c: the shapes of calls on a domain --- */

/* Arguments: the domain, with flags, with a text.  Results: none, an int, a text. */
int domain_call(virDomainPtr dom, int procedure);
int domain_call_flags(virDomainPtr dom, int procedure, unsigned int flags);
int domain_call_int(virDomainPtr dom, int procedure);
int domain_call_flags_int(virDomainPtr dom, int procedure, unsigned int flags);
char *domain_call_flags_text(virDomainPtr dom, int procedure, unsigned int flags);

/* The same with a result of any other kind; as conn_call(). */
int domain_call_ret(virDomainPtr dom, int procedure, xdrproc_t ret_xdr, void *ret);
int domain_call_flags_ret(virDomainPtr dom, int procedure, unsigned int flags, xdrproc_t ret_xdr,
                          void *ret);

/* Calls that answer with a domain. */
virDomainPtr conn_call_domain(virConnectPtr conn, int procedure, xdrproc_t args_xdr,
                              const void *args);

/* --- typed-params.c --- */

/*
 * An application's parameters as they go on the wire: checked, and the names
 * and texts stay the application's; *ret_wire is for the caller to free().
 * Returns 0, or -1: raised.
 */
int params_to_wire(const virTypedParameter *params, int nparams, int max, wire_param **ret_wire);

/* Parameters of a reply as the application's; takes the texts.  Returns 0, or -1: raised. */
int params_from_wire(wire_param *wire, unsigned int count, virTypedParameterPtr *ret_params,
                     int *ret_nparams);

/* XDR's strings are not const, by age; nothing that is sent is changed. */
static inline char *unconst(const char *text)
{
    return (char *)(uintptr_t)text;
}

#endif
