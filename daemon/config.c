/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The config file; see config.h.  Read by libconfig, checked against one table. */

#include "config.h"

#include <errno.h>
#include <libconfig.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "calls/access.h"
#include "config_access.h"
#include "server/server.h"
#include "util/alloc.h"

#define NUMBER(key, low, high, value, at_once, text)                                      \
    { .name = #key, .type = CONFIG_NUMBER, .offset = offsetof(struct config, key),        \
      .min = low, .max = high, .fallback = value, .live = at_once, .doc = text }

const struct config_key config_keys[] = {
    { .name = "unix_sock_group",
      .type = CONFIG_TEXT,
      .offset = offsetof(struct config, unix_sock_group),
      .example = "virtjob",
      .doc = "Group that owns the sockets; unset: the daemon's own." },
    { .name = "unix_sock_ro_perms",
      .type = CONFIG_PERMS,
      .offset = offsetof(struct config, unix_sock_ro_perms),
      .fallback_text = "0777",
      .session_text = "0700",
      .doc = "Permissions of the read-only socket, virtjobd-sock-ro." },
    { .name = "unix_sock_rw_perms",
      .type = CONFIG_PERMS,
      .offset = offsetof(struct config, unix_sock_rw_perms),
      .example = "0700",
      .doc = "Permissions of the read-write socket, virtjobd-sock; unset: \"0770\" with\n"
             "unix_sock_group, else \"0700\".  Who may connect may do all root may do to files." },
    { .name = "extra_sockets",
      .type = CONFIG_TEXT,
      .offset = offsetof(struct config, extra_sockets),
      .fallback_text = "",
      .doc = "Paths of further sockets, blanks between, for clients that know libvirt's only:\n"
             "\"/run/libvirt/libvirt-sock /run/libvirt/libvirt-sock-ro\".  One that ends in\n"
             "-ro is read-only.  A path that a libvirtd listens on is refused." },
    NUMBER(listen_tls, 0, 1, 1, false,
           "With --listen: 1 serves TLS on tls_port.  It needs a certificate, see below."),
    NUMBER(listen_tcp, 0, 1, 0, false,
           "With --listen: 1 serves plain TCP on tcp_port, which everybody between can read."),
    { .name = "listen_addr",
      .type = CONFIG_TEXT,
      .offset = offsetof(struct config, listen_addr),
      .fallback_text = "",
      .doc = "Addresses or host names to listen on, blanks between: \"192.0.2.1 2001:db8::1\";\n"
             "\"\": all of this host." },
    { .name = "tls_port",
      .type = CONFIG_TEXT,
      .offset = offsetof(struct config, tls_port),
      .fallback_text = "16514",
      .doc = "Port for TLS, a number or a service's name; \"0\": a free one, which the log names." },
    { .name = "tcp_port",
      .type = CONFIG_TEXT,
      .offset = offsetof(struct config, tcp_port),
      .fallback_text = "16509",
      .doc = "The same for plain TCP." },
    { .name = "key_file",
      .type = CONFIG_TEXT,
      .offset = offsetof(struct config, key_file),
      .live = true,
      .example = "/etc/virtjobd/pki/serverkey.pem",
      .doc = "The server's key, certificate, the CA its clients' certificates are signed by, and\n"
             "the CA's list of revoked ones.  Unset: those of /etc/virtjobd/pki, or where that has\n"
             "no servercert.pem, libvirt's in /etc/pki.  SIGHUP reads the files again." },
    { .name = "cert_file",
      .type = CONFIG_TEXT,
      .offset = offsetof(struct config, cert_file),
      .live = true,
      .example = "/etc/virtjobd/pki/servercert.pem",
      .doc = "See key_file." },
    { .name = "ca_file",
      .type = CONFIG_TEXT,
      .offset = offsetof(struct config, ca_file),
      .live = true,
      .example = "/etc/virtjobd/pki/cacert.pem",
      .doc = "See key_file." },
    { .name = "crl_file",
      .type = CONFIG_TEXT,
      .offset = offsetof(struct config, crl_file),
      .live = true,
      .example = "/etc/virtjobd/pki/cacrl.pem",
      .doc = "See key_file." },
    NUMBER(tls_no_verify_certificate, 0, 1, 0, true,
           "1: whoever speaks TLS may connect, whatever its certificate."),
    { .name = "tls_allowed_dn_list",
      .type = CONFIG_LIST,
      .offset = offsetof(struct config, tls_allowed_dn_list),
      .live = true,
      .example = "[ \"C=GB,O=Example,CN=*\", \"C=GB,O=Example,OU=Staff,CN=admin?\" ]",
      .doc = "Which certificates are let in, by their distinguished names as the log shows them;\n"
             "* stands for any text, ? for one character.  Unset: all that the CA has signed." },
    NUMBER(tls_handshake_seconds, 1, 3600, 10, true,
           "A client that has not finished its TLS handshake by then is dropped."),
    NUMBER(max_clients, 1, 100000, CLIENTS_USUAL, true,
           "Connections at once; a tenth of them is not for the read-only sockets."),
    NUMBER(max_anonymous_clients, 0, 100000, 20, true,
           "Of these, such as have not authenticated yet where they must; more wait.  0: no limit."),
    NUMBER(auth_timeout_seconds, 0, 3600, 30, true,
           "A client that has not authenticated by then, where it must, is dropped.  0: never."),
    NUMBER(max_client_requests, 1, 10000, CLIENT_REQUESTS_USUAL, true,
           "Unanswered calls of one client; beyond it, the client is not read from."),
    NUMBER(max_client_streams, 1, 10000, CLIENT_STREAMS_USUAL, true,
           "Open streams (uploads, downloads, consoles) of one client."),
    NUMBER(max_client_jobs, 1, 1000000, 1000, true,
           "Jobs that one client has started and that have not ended."),
    NUMBER(max_client_packet_megabytes, 1, CLIENT_PACKET_MIB_USUAL, CLIENT_PACKET_MIB_USUAL, true,
           "Largest packet of a client, in MiB; a larger one ends its connection."),
    NUMBER(max_client_reply_megabytes, CLIENT_REPLY_MIB_MIN, 4095, CLIENT_REPLY_MIB_USUAL, true,
           "MiB of replies that wait for a client to read them; more end its connection."),
    NUMBER(max_client_event_megabytes, 1, 4095, CLIENT_EVENT_MIB_USUAL, true,
           "MiB of events that wait for a client to read them; more end its connection."),
    NUMBER(keepalive_interval, 0, 3600, 5, true,
           "A client that can answer pings is sent one after so many silent seconds; 0: never."),
    NUMBER(keepalive_count, 0, 1000, 5, true,
           "A client that leaves so many pings unanswered is dropped as dead."),
    { .name = "auth_unix_ro",
      .type = CONFIG_TEXT,
      .offset = offsetof(struct config, auth_unix_ro),
      .fallback_text = "none",
      .choices = "none sasl polkit",
      .doc = "How clients of read-only unix sockets show who they are: \"none\" (the socket's\n"
             "permissions are enough), \"sasl\" or \"polkit\"." },
    { .name = "auth_unix_rw",
      .type = CONFIG_TEXT,
      .offset = offsetof(struct config, auth_unix_rw),
      .fallback_text = "none",
      .choices = "none sasl polkit",
      .doc = "The same for read-write sockets." },
    { .name = "auth_tcp",
      .type = CONFIG_TEXT,
      .offset = offsetof(struct config, auth_tcp),
      .fallback_text = "sasl",
      .choices = "none sasl",
      .doc = "The same for plain TCP, where \"none\" lets in whoever reaches the port." },
    { .name = "auth_tls",
      .type = CONFIG_TEXT,
      .offset = offsetof(struct config, auth_tls),
      .fallback_text = "none",
      .choices = "none sasl",
      .doc = "The same for TLS, beside the client's certificate." },
    { .name = "sasl_conf_dir",
      .type = CONFIG_TEXT,
      .offset = offsetof(struct config, sasl_conf_dir),
      .fallback_text = "/etc/virtjobd/sasl2",
      .doc = "Directory of virtjobd.conf, the settings of SASL: its mechanisms and users." },
    { .name = "sasl_allowed_username_list",
      .type = CONFIG_LIST,
      .offset = offsetof(struct config, sasl_allowed_username_list),
      .live = true,
      .example = "[ \"joe@EXAMPLE.COM\", \"*@OPS.EXAMPLE.COM\" ]",
      .doc = "Who may come in of those that SASL knows; * stands for any text, ? for one\n"
             "character.  Unset: all of them." },
    NUMBER(max_workers, 1, 1000, 20, true,
           "Threads for short work.  One pool has at most a quarter of them."),
    NUMBER(max_bulk_jobs, 1, 1000, 4, true,
           "Jobs that move bytes (clone, wipe, allocate, ...) at once; more wait in order."),
    NUMBER(job_wait_seconds, 1, 3600, 30, true,
           "How long a short operation waits for its turn on an object."),
    NUMBER(shutdown_grace_seconds, 0, 3600, 10, true,
           "After SIGTERM, running jobs have so long to reach a point they resume from."),
    NUMBER(history_max_jobs, 1, 1000000, 10000, true, "Ended jobs kept in the history."),
    NUMBER(history_max_days, 1, 36500, 90, true, "Days for which ended jobs are kept."),
    NUMBER(checkpoint_megabytes, 1, 1048576, 256, false,
           "A copy is synced and its progress saved each so many MiB; after a crash, at most\n"
           "so much is copied again."),
    { .name = "user",
      .type = CONFIG_TEXT,
      .offset = offsetof(struct config, user),
      .example = "virtjob",
      .doc = "User that guests run as, a name or \"+\" and a uid; unset: the daemon's own." },
    { .name = "group",
      .type = CONFIG_TEXT,
      .offset = offsetof(struct config, group),
      .example = "virtjob",
      .doc = "Group that guests run as, a name or \"+\" and a gid; unset: the user's." },
    NUMBER(dynamic_ownership, 0, 1, 1, false,
           "1: a guest's files belong to its user while it runs."),
    NUMBER(remember_owner, 0, 1, 1, false,
           "1: afterwards they go back to whom they belonged, else to root."),
    { .name = "vnc_listen",
      .type = CONFIG_TEXT,
      .offset = offsetof(struct config, vnc_listen),
      .fallback_text = "127.0.0.1",
      .doc = "Address of VNC servers whose XML names none." },
    NUMBER(remote_display_port_min, 1024, 65535, 5900, false,
           "Lowest port for VNC servers with autoport."),
    NUMBER(remote_display_port_max, 1024, 65535, 65535, false,
           "Highest port for VNC servers with autoport."),
    { .name = "networks",
      .type = CONFIG_TEXT,
      .offset = offsetof(struct config, networks),
      .fallback_text = "default=user",
      .doc = "What <interface type='network'> means: for each name of a network \"user\" or\n"
             "\"bridge:NAME\", with blanks between: \"default=user lan=bridge:br0\"." },
    { .name = "access_rules",
      .type = CONFIG_RULES,
      .offset = offsetof(struct config, access_rules),
      .live = true,
      .example = "(\n"
                 "{ who = \"user=root\"; allow = \"*\" },\n"
                 "{ who = \"unit=backup.service\"; allow = \"data\"; on = \"volume\" },\n"
                 "{ who = \"*\"; allow = \"read\" }\n"
                 ")",
      .doc = "Who may do what, the first rule that fits decides; without rules all may do all.\n"
             "See ACCESS RULES in virtjobd.conf(5)." },
    { .name = "read_only_identities",
      .type = CONFIG_IDENTITIES,
      .offset = offsetof(struct config, read_only_identities),
      .live = true,
      .example = "[ \"uid=1000\", \"dn='*,O=Example Ltd,*'\" ]",
      .doc = "Whose connections are read-only, over whatever socket they come." },
    NUMBER(audit_level, 0, 2, 1, true,
           "Audit records: 0 none, 1 of jobs and of what was refused, 2 of connections, too."),
    NUMBER(audit_logging, 0, 1, 1, true,
           "1: without systemd's journal, audit records are lines of the log; 0: they are not."),
    NUMBER(log_level, 1, 4, 2, true, "1 debug, 2 information, 3 warnings, 4 errors."),
};
const size_t config_nkeys = ARRAY_SIZE(config_keys);

static unsigned int *number_field(struct config *config, const struct config_key *key)
{
    return (unsigned int *)((char *)config + key->offset);
}

static char **text_field(struct config *config, const struct config_key *key)
{
    return (char **)((char *)config + key->offset);
}

static bool is_rules(const struct config_key *key)
{
    return key->type == CONFIG_RULES || key->type == CONFIG_IDENTITIES;
}

static struct access_rules **rules_field(struct config *config, const struct config_key *key)
{
    return (struct access_rules **)((char *)config + key->offset);
}

static char ***list_field(struct config *config, const struct config_key *key)
{
    return (char ***)((char *)config + key->offset);
}

static void list_free(char **list)
{
    for (char **text = list; text && *text; text++)
        free(*text);
    free(list);
}

struct config *config_new(bool session)
{
    struct config *config = XNEW(struct config);

    for (size_t i = 0; i < config_nkeys; i++) {
        const struct config_key *key = &config_keys[i];

        if (key->type == CONFIG_NUMBER)
            *number_field(config, key) = key->fallback;
        else if (is_rules(key))
            *rules_field(config, key) = access_rules_new();
        else if (key->type != CONFIG_LIST)
            *text_field(config, key) = xstrdup(session && key->session_text ? key->session_text :
                                                                              key->fallback_text);
    }
    return config;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config_nkeys; i++) {
        const struct config_key *key = &config_keys[i];

        if (is_rules(key))
            access_rules_free(*rules_field(config, key));
        else if (key->type == CONFIG_LIST)
            list_free(*list_field(config, key));
        else if (key->type != CONFIG_NUMBER)
            free(*text_field(config, key));
    }
    free(config);
}

/* --- reading --- */

/* Where a setting stands, for messages; a file that @includes another has several. */
struct place {
    const char *file;
    unsigned int line;
};

static int set_number(struct config *config, const struct config_key *key,
                      const config_setting_t *setting, struct place at, struct verror *err)
{
    int type = config_setting_type(setting);
    long long value;

    if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
        return verror_set(err, VIR_ERR_CONF_SYNTAX, "%s:%u: %s must be a number", at.file, at.line,
                          key->name);
    value = config_setting_get_int64(setting);
    if (value < key->min || value > key->max)
        return verror_set(err, VIR_ERR_CONF_SYNTAX, "%s:%u: %s is %lld, must be from %u to %u",
                          at.file, at.line, key->name, value, key->min, key->max);
    *number_field(config, key) = (unsigned int)value;
    return 0;
}

static bool parse_perms(const char *text, mode_t *ret_mode)
{
    char *end;
    unsigned long mode;

    if (*text < '0' || *text > '7')
        return false; /* strtoul would take blanks and signs */
    mode = strtoul(text, &end, 8);
    if (*end || mode > 0777)
        return false;
    *ret_mode = (mode_t)mode;
    return true;
}

static bool is_choice(const char *choices, const char *text)
{
    size_t len = strlen(text);

    for (; *choices; choices += strspn(choices, " ")) {
        size_t word = strcspn(choices, " ");

        if (word == len && strncmp(choices, text, len) == 0)
            return true;
        choices += word;
    }
    return false;
}

static int set_text(struct config *config, const struct config_key *key,
                    const config_setting_t *setting, struct place at, struct verror *err)
{
    const char *text;
    mode_t mode;

    if (config_setting_type(setting) != CONFIG_TYPE_STRING)
        return verror_set(err, VIR_ERR_CONF_SYNTAX, "%s:%u: %s must be a text in quotes", at.file,
                          at.line, key->name);
    text = config_setting_get_string(setting);
    if (key->type == CONFIG_PERMS && !parse_perms(text, &mode))
        return verror_set(err, VIR_ERR_CONF_SYNTAX,
                          "%s:%u: %s is \"%s\", must be octal permissions such as \"0770\"",
                          at.file, at.line, key->name, text);
    if (!*text && !(key->fallback_text && !*key->fallback_text))
        return verror_set(err, VIR_ERR_CONF_SYNTAX, "%s:%u: %s is empty", at.file, at.line,
                          key->name);
    if (key->choices && !is_choice(key->choices, text))
        return verror_set(err, VIR_ERR_CONF_SYNTAX, "%s:%u: %s is \"%s\", must be one of: %s",
                          at.file, at.line, key->name, text, key->choices);
    free(*text_field(config, key));
    *text_field(config, key) = xstrdup(text);
    return 0;
}

static int set_rules(struct config *config, const struct config_key *key,
                     const config_setting_t *setting, struct place at, struct verror *err)
{
    struct access_rules *rules = key->type == CONFIG_RULES ?
                                    config_read_rules(setting, key->name, at.file, err) :
                                    config_read_identities(setting, key->name, at.file, err);

    if (!rules)
        return -1;
    access_rules_free(*rules_field(config, key));
    *rules_field(config, key) = rules;
    return 0;
}

/* [ "a", "b" ] or ( "a", "b" ); libvirtd.conf has the former. */
static int set_list(struct config *config, const struct config_key *key,
                    const config_setting_t *setting, struct place at, struct verror *err)
{
    int type = config_setting_type(setting), n = config_setting_length(setting);
    bool good = type == CONFIG_TYPE_ARRAY || type == CONFIG_TYPE_LIST;
    char **list;

    for (int i = 0; good && i < n; i++)
        good = config_setting_get_string_elem(setting, i) != NULL;
    if (!good)
        return verror_set(err, VIR_ERR_CONF_SYNTAX,
                          "%s:%u: %s must be a list of texts such as [ \"a\", \"b\" ]", at.file,
                          at.line, key->name);
    list = xcalloc((size_t)n + 1, sizeof(*list));
    for (int i = 0; i < n; i++)
        list[i] = xstrdup(config_setting_get_string_elem(setting, i));
    list_free(*list_field(config, key));
    *list_field(config, key) = list;
    return 0;
}

static const struct config_key *find_key(const char *name)
{
    for (size_t i = 0; i < config_nkeys; i++)
        if (strcmp(config_keys[i].name, name) == 0)
            return &config_keys[i];
    return NULL;
}

static int set_key(struct config *config, const config_setting_t *setting, const char *path,
                   struct verror *err)
{
    const char *file = config_setting_source_file(setting);
    struct place at = { file ? file : path, config_setting_source_line(setting) };
    const struct config_key *key = find_key(config_setting_name(setting));

    if (!key)
        return verror_set(err, VIR_ERR_CONF_SYNTAX, "%s:%u: unknown key '%s'", at.file, at.line,
                          config_setting_name(setting));
    if (key->type == CONFIG_NUMBER)
        return set_number(config, key, setting, at, err);
    if (is_rules(key))
        return set_rules(config, key, setting, at, err);
    if (key->type == CONFIG_LIST)
        return set_list(config, key, setting, at, err);
    return set_text(config, key, setting, at, err);
}

/* libconfig's scanner ends the process where it cannot read, as from a directory. */
static FILE *open_file(const char *path, struct verror *err)
{
    FILE *file = fopen(path, "re");
    struct stat st;

    if (!file) {
        (void)verror_errno(err, errno, "cannot open '%s'", path);
        return NULL;
    }
    if (fstat(fileno(file), &st) == 0 && S_ISREG(st.st_mode))
        return file;
    (void)verror_set(err, VIR_ERR_CONF_SYNTAX, "'%s' is not a regular file", path);
    (void)fclose(file); /* nothing was written */
    return NULL;
}

int config_load(struct config *config, const char *path, struct verror *err)
{
    FILE *file = open_file(path, err);
    _cleanup_(config_destroy) config_t tree;
    config_setting_t *root;

    config_init(&tree);
    if (!file)
        return -1;
    if (!config_read(&tree, file)) {
        const char *where = config_error_file(&tree);

        (void)verror_set(err, VIR_ERR_CONF_SYNTAX, "%s:%d: %s", where ? where : path,
                         config_error_line(&tree), config_error_text(&tree));
        (void)fclose(file); /* nothing was written */
        return -1;
    }
    (void)fclose(file);
    root = config_root_setting(&tree);
    for (int i = 0; i < config_setting_length(root); i++)
        if (set_key(config, config_setting_get_elem(root, (unsigned int)i), path, err) < 0)
            return -1;
    return 0;
}

/* --- reload --- */

static bool text_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool list_equal(char *const *a, char *const *b)
{
    if (!a || !b)
        return a == b;
    while (*a && *b && strcmp(*a, *b) == 0)
        a++, b++;
    return !*a && !*b;
}

/* Each: true where it differs; then a live one has been taken over. */
static bool apply_number(struct config *running, struct config *fresh,
                         const struct config_key *key)
{
    unsigned int *old = number_field(running, key), *new = number_field(fresh, key);
    bool differs = *old != *new;

    if (key->live)
        *old = *new;
    return differs;
}

static bool apply_text(struct config *running, struct config *fresh, const struct config_key *key)
{
    char **old = text_field(running, key), **new = text_field(fresh, key);

    if (text_equal(*old, *new))
        return false;
    if (key->live) {
        free(*old);
        *old = STEAL_PTR(*new);
    }
    return true;
}

/* Also where the texts are equal: what a name stands for may have changed. */
static bool apply_rules(struct config *running, struct config *fresh, const struct config_key *key)
{
    struct access_rules **old = rules_field(running, key), **new = rules_field(fresh, key);
    bool differs = !access_rules_equal(*old, *new);

    access_rules_free(*old);
    *old = STEAL_PTR(*new);
    return differs;
}

static bool apply_list(struct config *running, struct config *fresh, const struct config_key *key)
{
    char ***old = list_field(running, key), ***new = list_field(fresh, key);

    if (list_equal(*old, *new))
        return false;
    if (key->live) {
        list_free(*old);
        *old = STEAL_PTR(*new);
    }
    return true;
}

void config_apply(struct config *running, struct config *fresh,
                  void (*changed)(void *opaque, const char *key, bool live), void *opaque)
{
    static bool (*const apply[])(struct config *running, struct config *fresh,
                                 const struct config_key *key) = {
        [CONFIG_NUMBER] = apply_number,
        [CONFIG_TEXT] = apply_text,
        [CONFIG_PERMS] = apply_text,
        [CONFIG_LIST] = apply_list,
        [CONFIG_RULES] = apply_rules,
        [CONFIG_IDENTITIES] = apply_rules,
    };

    for (size_t i = 0; i < config_nkeys; i++)
        if (apply[config_keys[i].type](running, fresh, &config_keys[i]))
            changed(opaque, config_keys[i].name, config_keys[i].live);
}

mode_t config_socket_mode(const struct config *config, bool readonly)
{
    const char *perms = readonly ? config->unix_sock_ro_perms : config->unix_sock_rw_perms;
    mode_t mode = config->unix_sock_group ? 0770 : 0700;

    if (perms)
        (void)parse_perms(perms, &mode); /* was checked when it was read */
    return mode;
}

enum server_auth config_auth(const char *text)
{
    static const char *const names[] = {
        [SERVER_AUTH_NONE] = "none",
        [SERVER_AUTH_SASL] = "sasl",
        [SERVER_AUTH_POLKIT] = "polkit",
    };
    size_t auth = 0;

    while (strcmp(names[auth], text) != 0) /* is one of them: it was checked when it was read */
        auth++;
    return (enum server_auth)auth;
}
