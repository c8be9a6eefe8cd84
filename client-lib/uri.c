/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See uri.h.  Any thread: no state. */

#include "uri.h"

#include "internal.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char *const transports[] = {
    [URI_UNIX] = "unix",
    [URI_TCP] = "tcp",
    [URI_TLS] = "tls",
    [URI_SSH] = "ssh",
    [URI_EXT] = "ext",
};

/* The parts of the text, not yet decoded. */
struct parts {
    const char *scheme, *transport, *host, *path, *query;
    size_t scheme_len, transport_len, host_len, path_len; /* host: with user and port */
};

static int raise_uri(const char *text, const char *what)
{
    return error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, "invalid argument: URI '%s' %s", text,
                       what);
}

/* Letters, digits and "-." as RFC 3986 allows in a scheme; "+" begins the transport. */
static size_t word_len(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");
}

static int split(const char *text, struct parts *parts)
{
    const char *at = text;

    parts->scheme = at;
    parts->scheme_len = word_len(at);
    at += parts->scheme_len;
    if (*at == '+') {
        parts->transport = ++at;
        parts->transport_len = word_len(at);
        at += parts->transport_len;
    }
    if (parts->scheme_len == 0 || strncmp(at, "://", 3) != 0)
        return raise_uri(text, "does not begin with DRIVER:// or DRIVER+TRANSPORT://");
    at += 3;
    if (strchr(at, '#'))
        return raise_uri(text, "has a fragment, which means nothing here");
    parts->host = at;
    parts->host_len = strcspn(at, "/?");
    at += parts->host_len;
    parts->path = at;
    parts->path_len = strcspn(at, "?");
    at += parts->path_len;
    if (*at == '?')
        parts->query = at + 1;
    return 0;
}

static bool word_is(const char *word, size_t len, const char *is)
{
    return strlen(is) == len && strncmp(word, is, len) == 0;
}

/* As libvirt has it: a host without a transport means TLS. */
static int take_transport(const char *text, const struct parts *parts, struct uri *uri)
{
    size_t i = 0;

    uri->transport = parts->host_len > 0 ? URI_TLS : URI_UNIX;
    if (!parts->transport)
        return 0;
    if (word_is(parts->transport, parts->transport_len, "libssh") ||
        word_is(parts->transport, parts->transport_len, "libssh2"))
        return error_raise(VIR_ERR_NO_SUPPORT, VIR_FROM_REMOTE,
                           "URI '%s': transport %.*s is not supported, but ssh is", text,
                           (int)parts->transport_len, parts->transport);
    while (i < ARRAY_SIZE(transports) &&
           !word_is(parts->transport, parts->transport_len, transports[i]))
        i++;
    if (i == ARRAY_SIZE(transports))
        return raise_uri(text, "has an unknown transport");
    uri->transport = (enum uri_transport)i;
    if (parts->host_len > 0 && uri->transport == URI_UNIX)
        return raise_uri(text, "names a host, and a unix socket has none");
    return 0;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c | 0x20) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Copies len bytes with %XX decoded.  NULL: raised. */
static char *decode(const char *text, const char *from, size_t len)
{
    _cleanup_free_ char *decoded = malloc(len + 1);
    size_t out = 0;

    if (!decoded) {
        (void)error_raise_no_memory();
        return NULL;
    }
    for (size_t i = 0; i < len; i++) {
        int high, low;

        if (from[i] != '%') {
            decoded[out++] = from[i];
            continue;
        }
        high = i + 1 < len ? hex_digit(from[i + 1]) : -1;
        low = i + 2 < len ? hex_digit(from[i + 2]) : -1;
        if (high < 0 || low < 0 || high + low == 0) {
            (void)raise_uri(text, "has a % without two hexadecimal digits, or a NUL, behind it");
            return NULL;
        }
        decoded[out++] = (char)(high << 4 | low);
        i += 2;
    }
    decoded[out] = '\0';
    return STEAL_PTR(decoded);
}

static int take_text(char **ret, char *text)
{
    free(*ret);
    *ret = text;
    return text ? 0 : -1;
}

/* none, polkit, sasl or sasl.MECHANISM */
static int take_auth(const char *text, struct uri *uri, const char *value, size_t len)
{
    size_t name_len = strcspn(value, ".&;");
    bool has_mechanism = name_len + 1 < len && word_is(value, name_len, "sasl");

    if (name_len > len)
        name_len = len;
    if ((name_len < len && !has_mechanism) ||
        (!word_is(value, name_len, "none") && !word_is(value, name_len, "sasl") &&
         !word_is(value, name_len, "polkit")))
        return error_raise(VIR_ERR_AUTH_FAILED, VIR_FROM_RPC,
                           "authentication failed: URI '%s' asks for auth=%.*s, which is none of "
                           "none, sasl, sasl.MECHANISM and polkit", text, (int)len, value);
    if (has_mechanism &&
        take_text(&uri->mechanism, decode(text, value + name_len + 1, len - name_len - 1)) < 0)
        return -1;
    return take_text(&uri->auth, decode(text, value, name_len));
}

/* Where [user@]host[:port] has its host: in brackets where that has colons of its own. */
static size_t host_len(const char *at, size_t len)
{
    const char *end = memchr(at, ']', len);

    if (*at == '[' && end)
        return (size_t)(end + 1 - at);
    end = memchr(at, ':', len);
    return end ? (size_t)(end - at) : len;
}

static int take_port(const char *text, struct uri *uri, const char *at, size_t len)
{
    unsigned long number = 0;

    if (len == 0)
        return 0;
    if (*at != ':')
        return raise_uri(text, "has something behind its host that is no port");
    if (len <= 6 && strspn(at + 1, "0123456789") >= len - 1)
        number = strtoul(at + 1, NULL, 10);
    if (len > 1 && (number == 0 || number > 65535))
        return raise_uri(text, "has a port that is no number from 1 to 65535");
    if (len > 1 && !(uri->port = strndup(at + 1, len - 1)))
        return error_raise_no_memory();
    return 0;
}

/* What begins with a hyphen would be an option to ssh. */
static int check_word(const char *text, const char *word, const char *what)
{
    return word && *word == '-' ? raise_uri(text, what) : 0;
}

static int take_authority(const char *text, const struct parts *parts, struct uri *uri)
{
    const char *at = parts->host, *user = memchr(at, '@', parts->host_len);
    size_t len = parts->host_len, name_len;

    if (user) {
        if (take_text(&uri->user, decode(text, at, (size_t)(user - at))) < 0)
            return -1;
        len -= (size_t)(user + 1 - at);
        at = user + 1;
    }
    if (len == 0)
        return 0;
    name_len = host_len(at, len);
    if (take_port(text, uri, at + name_len, len - name_len) < 0)
        return -1;
    if (*at == '[' && name_len > 2) {
        if (take_text(&uri->host, decode(text, at + 1, name_len - 2)) < 0)
            return -1;
    } else if (name_len > 0 && take_text(&uri->host, decode(text, at, name_len)) < 0) {
        return -1;
    }
    if (check_word(text, uri->user, "has a user that begins with '-'") < 0)
        return -1;
    return check_word(text, uri->host, "has a host that begins with '-'");
}

/* Texts that are ours whatever the transport, which takes what it needs. */
static const struct {
    const char *key;
    size_t offset;
} text_options[] = {
    { "socket", offsetof(struct uri, socket) },   { "pkipath", offsetof(struct uri, pkipath) },
    { "command", offsetof(struct uri, command) }, { "netcat", offsetof(struct uri, netcat) },
    { "proxy", offsetof(struct uri, proxy) },     { "keyfile", offsetof(struct uri, keyfile) },
    { "authfile", offsetof(struct uri, authfile) },
};

static const struct {
    const char *key;
    size_t offset;
} flag_options[] = {
    { "no_verify", offsetof(struct uri, no_verify) },
    { "no_sanity", offsetof(struct uri, no_sanity) },
    { "no_tty", offsetof(struct uri, no_tty) },
};

/*
 * Libvirt's, which mean something elsewhere only: "mode" chooses between its daemons, of which
 * there is one here, the others are for its own ssh.
 */
static const char *const other_options[] = { "mode", "known_hosts", "known_hosts_verify",
                                             "sshauth" };

static int take_flag(const char *text, const char *value, size_t len, bool *ret)
{
    *ret = word_is(value, len, "1");
    if (*ret || word_is(value, len, "0"))
        return 0;
    return raise_uri(text, "has a no_verify, no_sanity or no_tty that is neither 0 nor 1");
}

/* 1 where it is none of those above. */
static int take_listed(const char *text, struct uri *uri, const char *key, size_t key_len,
                       const char *value, size_t len)
{
    for (size_t i = 0; i < ARRAY_SIZE(text_options); i++)
        if (word_is(key, key_len, text_options[i].key))
            return take_text((char **)(void *)((char *)uri + text_options[i].offset),
                             decode(text, value, len));
    for (size_t i = 0; i < ARRAY_SIZE(flag_options); i++)
        if (word_is(key, key_len, flag_options[i].key))
            return take_flag(text, value, len, (bool *)((char *)uri + flag_options[i].offset));
    for (size_t i = 0; i < ARRAY_SIZE(other_options); i++)
        if (word_is(key, key_len, other_options[i]))
            return 0;
    return 1;
}

/* Options for us; others go on to the daemon. */
static int take_option(const char *text, struct uri *uri, char **override, const char *key,
                       size_t key_len, const char *value, size_t len, bool *ret_ours)
{
    int taken = take_listed(text, uri, key, key_len, value, len);

    *ret_ours = true;
    if (taken <= 0)
        return taken;
    if (word_is(key, key_len, "name"))
        return take_text(override, decode(text, value, len));
    if (word_is(key, key_len, "auth"))
        return take_auth(text, uri, value, len);
    if (word_is(key, key_len, "tls_priority"))
        return error_raise(VIR_ERR_NO_SUPPORT, VIR_FROM_REMOTE,
                           "URI '%s': tls_priority is in the language of GnuTLS, which is not "
                           "used here", text);
    *ret_ours = false;
    return 0;
}

/* Appends the options that are not ours to name, which has room. */
static int take_options(const char *text, const char *query, struct uri *uri, char **override)
{
    char separator = '?';

    for (const char *at = query; at && *at; at += strspn(at, "&;")) {
        size_t len = strcspn(at, "&;");
        size_t key_len = strcspn(at, "=&;");
        size_t value_at = key_len < len ? key_len + 1 : len;
        bool ours;

        if (take_option(text, uri, override, at, key_len, at + value_at, len - value_at,
                        &ours) < 0)
            return -1;
        if (!ours && len > 0) {
            size_t end = strlen(uri->name);

            uri->name[end++] = separator;
            memcpy(uri->name + end, at, len);
            uri->name[end + len] = '\0';
            separator = '&';
        }
        at += len;
    }
    return 0;
}

/* scheme://path, with room for all of text.  remote:// leaves the choice to the daemon. */
static int take_name(const char *text, const struct parts *parts, struct uri *uri)
{
    uri->name = malloc(strlen(text) + 1);
    uri->path = strndup(parts->path, parts->path_len);
    if (!uri->name || !uri->path)
        return error_raise_no_memory();
    if (word_is(parts->scheme, parts->scheme_len, "remote"))
        uri->name[0] = '\0';
    else
        (void)sprintf(uri->name, "%.*s://%.*s", (int)parts->scheme_len, parts->scheme,
                      (int)parts->path_len, parts->path);
    return 0;
}

/* What a transport cannot do without, or with. */
static int check_options(const char *text, const struct uri *uri)
{
    static const char *const proxies[] = { "auto", "netcat", "native" };
    bool known = !uri->proxy;

    for (size_t i = 0; i < ARRAY_SIZE(proxies) && !known; i++)
        known = strcmp(uri->proxy, proxies[i]) == 0;
    if (!known)
        return raise_uri(text, "has a proxy that is none of auto, netcat and native");
    if (uri->transport == URI_EXT && !uri->command)
        return raise_uri(text, "has no command=, which transport ext runs");
    if (uri->transport == URI_SSH && !uri->host)
        return raise_uri(text, "names no host for ssh");
    return 0;
}

int uri_parse(const char *text, struct uri *ret_uri)
{
    _cleanup_free_ char *override = NULL;
    struct parts parts = { .scheme = NULL };

    *ret_uri = (struct uri){ .name = NULL };
    if (split(text, &parts) < 0 || take_transport(text, &parts, ret_uri) < 0 ||
        take_authority(text, &parts, ret_uri) < 0 || take_name(text, &parts, ret_uri) < 0 ||
        take_options(text, parts.query, ret_uri, &override) < 0 || check_options(text, ret_uri) < 0)
        return -1;
    if (override) {
        free(ret_uri->name);
        ret_uri->name = STEAL_PTR(override);
    }
    return 0;
}

void uri_done(struct uri *uri)
{
    free(uri->name);
    free(uri->path);
    free(uri->auth);
    free(uri->mechanism);
    free(uri->user);
    free(uri->host);
    free(uri->port);
    for (size_t i = 0; i < ARRAY_SIZE(text_options); i++)
        free(*(char **)(void *)((char *)uri + text_options[i].offset));
    *uri = (struct uri){ .name = NULL };
}
