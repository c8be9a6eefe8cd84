/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon's settings: command line over config file over defaults.  The
 * keys are one table in config.c, which the example file and the manual are
 * tested against; an unknown key, a wrong type or a value out of bounds is an
 * error that names file and line.  Loop thread; a reload reads on a worker.
 */
#ifndef VIRTJOBD_CONFIG_H
#define VIRTJOBD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "server/server.h"
#include "util/verror.h"

struct access_rules;

struct config {
    /* sockets, libvirtd.conf's names */
    char *unix_sock_group;    /* NULL = the daemon's own group */
    char *unix_sock_ro_perms; /* octal text */
    char *unix_sock_rw_perms; /* octal text, NULL = by unix_sock_group; see config_socket_mode() */
    char *extra_sockets;      /* absolute paths with blanks between */
    unsigned int listen_tls, listen_tcp; /* with --listen */
    char *listen_addr;        /* addresses with blanks between, "" = all */
    char *tls_port, *tcp_port;
    /* TLS; NULL = see tls_files.h */
    char *key_file, *cert_file, *ca_file, *crl_file;
    unsigned int tls_no_verify_certificate;
    char **tls_allowed_dn_list; /* patterns, NULL behind the last; NULL = every one */
    unsigned int tls_handshake_seconds;
    unsigned int max_clients;
    unsigned int max_anonymous_clients, auth_timeout_seconds; /* 0 = no limit */
    unsigned int max_client_requests; /* in flight, per client */
    unsigned int max_client_streams, max_client_jobs;
    unsigned int max_client_packet_megabytes;
    unsigned int max_client_reply_megabytes, max_client_event_megabytes;
    unsigned int keepalive_interval;  /* s, 0 = off */
    unsigned int keepalive_count;
    char *auth_unix_ro, *auth_unix_rw, *auth_tcp, *auth_tls; /* see config_auth() */
    char *sasl_conf_dir;
    char **sasl_allowed_username_list; /* patterns, NULL behind the last; NULL = everybody */
    unsigned int max_workers;         /* control lane */
    /* jobs */
    unsigned int max_bulk_jobs;      /* bulk lane */
    unsigned int job_wait_seconds;   /* a short operation waits so long for its turn */
    unsigned int shutdown_grace_seconds; /* SIGTERM: time to reach a resumable point */
    unsigned int history_max_jobs;
    unsigned int history_max_days;
    unsigned int checkpoint_megabytes; /* synced and journalled each so many MiB */
    /* guests, libvirt's qemu.conf's names */
    char *user, *group;       /* QEMU's; NULL = the daemon's own */
    unsigned int dynamic_ownership, remember_owner;
    char *vnc_listen;
    unsigned int remote_display_port_min, remote_display_port_max;
    char *networks;           /* name of a libvirt network -> "user" or "bridge:NAME" */
    /* who may do what: calls/access.h */
    struct access_rules *access_rules, *read_only_identities;
    /* log */
    unsigned int audit_level, audit_logging;
    unsigned int log_level; /* 1 debug … 4 error */
};

enum config_type {
    CONFIG_NUMBER,
    CONFIG_TEXT,
    CONFIG_PERMS, /* octal text, at most 0777 */
    CONFIG_RULES, /* a list of groups: access rules */
    CONFIG_IDENTITIES, /* a list of texts: patterns of identities */
    CONFIG_LIST,  /* of texts; unset is something else than empty */
};

/* One key. */
struct config_key {
    const char *name;
    enum config_type type;
    size_t offset;     /* in struct config */
    unsigned int min, max, fallback; /* of a number */
    const char *fallback_text, *session_text; /* of a text; session_text in a session instance */
    const char *choices; /* the words a text may be, blanks between; NULL = any */
    const char *example; /* what the example file shows of one that is unset by default */
    bool live;         /* taken over at SIGHUP, else at the next start */
    const char *doc;   /* one or more lines, for the example file */
};

extern const struct config_key config_keys[];
extern const size_t config_nkeys;

/* Defaults for a system or session instance.  Never NULL. */
struct config *config_new(bool session);
void config_free(struct config *config);
/*
 * Reads path over the defaults.  0, or -1 with err naming file, line and
 * reason; err->sys_errno is ENOENT where there is no such file.
 */
int config_load(struct config *config, const char *path, struct verror *err);

/*
 * Takes the live keys of fresh over into running, in place.  changed is called
 * for each key that differs; live false: it waits for the next start.
 */
void config_apply(struct config *running, struct config *fresh,
                  void (*changed)(void *opaque, const char *key, bool live), void *opaque);

/* How the clients of a socket show who they are, from one of the keys for that. */
enum server_auth config_auth(const char *text);

/* The mode of a socket: what unix_sock_*_perms say, or would by default. */
mode_t config_socket_mode(const struct config *config, bool readonly);

#endif
