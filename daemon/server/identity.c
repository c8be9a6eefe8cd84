/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who is at the other end of a connection, for rules, records and logs.  Of a
 * unix socket the kernel vouches for uid and pid; the program's name is only a
 * hint, chosen by the program itself.  Loop thread.
 */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-login.h>

#include "server/internal.h"
#include "util/alloc.h"
#include "util/child.h"

enum { COMM_SIZE = 32 }; /* the kernel's are at most 16 */

/* False when the process is gone or hidden. */
static bool comm_read(pid_t pid, char comm[static COMM_SIZE])
{
    char path[64];
    _cleanup_close_ int fd = -1;
    ssize_t n;

    (void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    n = read(fd, comm, COMM_SIZE - 1);
    if (n > 0 && comm[n - 1] == '\n')
        n--;
    if (n <= 0)
        return false;
    comm[n] = '\0';
    for (char *c = comm; *c; c++)
        if (!isgraph((unsigned char)*c) || *c == '(' || *c == ')')
            *c = '?';
    return true;
}

/* A kernel that does not tell them leaves only the group of the process itself. */
static void read_peer_groups(struct identity *identity, int fd)
{
    socklen_t len = 0;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) == 0 || errno != ERANGE)
        return; /* it has none, or cannot be asked */
    identity->groups = xmalloc(len);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, identity->groups, &len) == 0)
        identity->ngroups = len / sizeof(gid_t);
}

static void read_peer_process(struct identity *identity, int fd)
{
    struct ucred cred;
    socklen_t len = sizeof(cred);
    char comm[COMM_SIZE];

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
        return;
    identity->is_local = true;
    identity->uid = cred.uid;
    identity->gid = cred.gid;
    identity->pid = cred.pid;
    identity->start = child_start_time(cred.pid);
    if (comm_read(cred.pid, comm))
        identity->program = xstrdup(comm);
    read_peer_groups(identity, fd);
    if (sd_peer_get_unit(fd, &identity->unit) < 0)
        identity->unit = NULL; /* none, or no systemd here */
}

char *address_text(const struct sockaddr *address, socklen_t len)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];

    if (getnameinfo(address, len, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return NULL;
    return xasprintf(strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

/* Takes over word; a blank between two. */
static void add_word(struct identity *identity, char *word)
{
    _cleanup_free_ char *before = identity->text, *last = word;

    identity->text = before ? xasprintf("%s %s", before, last) : STEAL_PTR(last);
}

/* In the text a name is one word: none can look as if more were known of its client. */
static char *sasl_word(const char *user)
{
    char *word = xasprintf("sasl=%s", user);

    for (char *c = word; *c; c++)
        if (isspace((unsigned char)*c))
            *c = '?';
    return word;
}

static void write_text(struct identity *identity)
{
    free(STEAL_PTR(identity->text));
    if (identity->is_local)
        add_word(identity, xasprintf("uid=%u pid=%d", (unsigned int)identity->uid,
                                     (int)identity->pid));
    if (identity->program)
        add_word(identity, xasprintf("(%s)", identity->program));
    if (identity->unit)
        add_word(identity, xasprintf("unit=%s", identity->unit));
    if (identity->address)
        add_word(identity, xasprintf("address=%s", identity->address));
    if (identity->x509_dname)
        add_word(identity, xasprintf("dn=\"%s\"", identity->x509_dname));
    if (identity->sasl_user)
        add_word(identity, sasl_word(identity->sasl_user));
    if (!identity->text)
        identity->text = xstrdup("unknown");
}

/*
 * What kind of socket it is does not show in what the kernel says of it: of TCP, too, it vouches
 * for a process, nobody's, and of one that has been reset it no longer knows the address.
 */
void identity_init(struct identity *identity, int fd, const struct sockaddr_storage *from)
{
    *identity = (struct identity){ 0 };
    if (from)
        identity->address = address_text((const struct sockaddr *)from, sizeof(*from));
    else
        read_peer_process(identity, fd);
    write_text(identity);
}

void identity_done(struct identity *identity)
{
    free(identity->groups);
    free(identity->unit);
    free(identity->program);
    free(identity->address);
    free(identity->x509_dname);
    free(identity->sasl_user);
    free(identity->text);
}

const struct identity *client_who(const struct client *client)
{
    return &client->identity;
}

const char *client_identity(const struct client *client)
{
    return client->identity.text;
}

static void set_name(struct client *client, char **name, const char *value)
{
    free(*name);
    *name = xstrdup(value);
    write_text(&client->identity);
    client->access.generation = 0; /* it may be allowed other things now */
}

void client_set_x509_dname(struct client *client, const char *dname)
{
    set_name(client, &client->identity.x509_dname, dname);
}

void client_set_sasl_user(struct client *client, const char *user)
{
    set_name(client, &client->identity.sasl_user, user);
}
