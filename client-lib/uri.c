/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See uri.h.  Any thread: no state. */

#include "uri.h"

#include "internal.h"

#include <stdio.h>
#include <string.h>

/* Of libvirt's transports the daemon has only the first so far. */
static const char *const transports[] = { "unix", "tcp", "tls", "ssh", "libssh", "libssh2", "ext" };

/* The parts of the text, not yet decoded. */
struct parts {
    const char *scheme, *transport, *host, *path, *query;
    size_t scheme_len, transport_len, host_len, path_len;
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

static int check_transport(const char *text, const struct parts *parts)
{
    size_t known = 0;

    if (!parts->transport) {
        if (parts->host_len > 0)
            return error_raise(VIR_ERR_NO_SUPPORT, VIR_FROM_REMOTE,
                               "URI '%s' names a host: remote connections are not supported yet, "
                               "only unix sockets", text);
        return 0;
    }
    while (known < ARRAY_SIZE(transports) &&
           !word_is(parts->transport, parts->transport_len, transports[known]))
        known++;
    if (known == ARRAY_SIZE(transports))
        return raise_uri(text, "has an unknown transport");
    if (known > 0)
        return error_raise(VIR_ERR_NO_SUPPORT, VIR_FROM_REMOTE,
                           "URI '%s': transport %s is not supported yet, only unix", text,
                           transports[known]);
    if (parts->host_len > 0)
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

/*
 * Options for us; others go on to the daemon.  "mode" chooses between
 * libvirt's daemons, of which there is one here: it is taken and means nothing.
 */
static int take_option(const char *text, struct uri *uri, char **override, const char *key,
                       size_t key_len, const char *value, size_t len, bool *ret_ours)
{
    *ret_ours = true;
    if (word_is(key, key_len, "socket"))
        return take_text(&uri->socket, decode(text, value, len));
    if (word_is(key, key_len, "name"))
        return take_text(override, decode(text, value, len));
    if (word_is(key, key_len, "mode"))
        return 0;
    if (word_is(key, key_len, "auth"))
        return take_auth(text, uri, value, len);
    if (word_is(key, key_len, "authfile"))
        return take_text(&uri->authfile, decode(text, value, len));
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

int uri_parse(const char *text, struct uri *ret_uri)
{
    _cleanup_free_ char *override = NULL;
    struct parts parts = { .scheme = NULL };

    *ret_uri = (struct uri){ .name = NULL };
    if (split(text, &parts) < 0 || check_transport(text, &parts) < 0 ||
        take_name(text, &parts, ret_uri) < 0 ||
        take_options(text, parts.query, ret_uri, &override) < 0)
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
    free(uri->socket);
    free(uri->path);
    free(uri->auth);
    free(uri->mechanism);
    free(uri->authfile);
    *uri = (struct uri){ .name = NULL };
}
