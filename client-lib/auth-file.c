/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files of credentials, in libvirt's format:
 *
 *     [credentials-work]
 *     authname=fred
 *     password=secret
 *
 *     [auth-libvirt-host.example]      or auth-libvirt-default
 *     credentials=work
 *
 * Read anew for each connection; any thread.
 */

#include "auth.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const keys[CREDENTIAL_KINDS] = {
    [VIR_CRED_USERNAME] = "username",
    [VIR_CRED_AUTHNAME] = "authname",
    [VIR_CRED_LANGUAGE] = "language",
    [VIR_CRED_CNONCE] = "cnonce",
    [VIR_CRED_PASSPHRASE] = "password",
    [VIR_CRED_REALM] = "realm",
};

/* Of a line without its blanks: "[name]", "key=value", or neither. */
struct line {
    char *group, *key, *value;
};

static char *trim(char *text)
{
    char *end;

    text += strspn(text, " \t\r\n");
    end = text + strlen(text);
    while (end > text && strchr(" \t\r\n", end[-1]))
        *--end = '\0';
    return text;
}

static struct line split(char *text)
{
    struct line line = { .group = NULL };
    char *equals;

    text = trim(text);
    if (*text == '[' && text[strlen(text) - 1] == ']') {
        text[strlen(text) - 1] = '\0';
        line.group = trim(text + 1);
    } else if (*text != '#' && (equals = strchr(text, '='))) {
        *equals = '\0';
        line.key = trim(text);
        line.value = trim(equals + 1);
    }
    return line;
}

/*
 * Calls take for each setting of a group; goes on until it returns other than 0.  ret_found: is
 * there such a group?
 */
static int each_setting(FILE *file, const char *group,
                        int (*take)(void *opaque, const char *key, const char *value),
                        void *opaque, bool *ret_found)
{
    char *text = NULL;
    size_t size = 0;
    bool in_group = false;
    int r = 0;

    rewind(file);
    *ret_found = false;
    while (r == 0 && getline(&text, &size, file) >= 0) {
        struct line line = split(text);

        if (line.group)
            *ret_found |= in_group = strcmp(line.group, group) == 0;
        else if (line.key && in_group)
            r = take(opaque, line.key, line.value);
    }
    if (text)
        explicit_bzero(text, size);
    free(text);
    return r;
}

static int take_name(void *opaque, const char *key, const char *value)
{
    char **name = opaque;

    if (strcmp(key, "credentials") != 0)
        return 0;
    *name = strdup(value);
    return *name ? 1 : error_raise_no_memory();
}

static int take_credential(void *opaque, const char *key, const char *value)
{
    char **known = opaque;

    for (int i = 0; i < CREDENTIAL_KINDS; i++) {
        if (!keys[i] || strcmp(keys[i], key) != 0 || known[i])
            continue;
        known[i] = strdup(value);
        return known[i] ? 0 : error_raise_no_memory();
    }
    return 0;
}

/* An open file of credentials. */
struct auth_file {
    FILE *file;
    const char *path;
};

/* 1 with the credentials' name in the group of this host, 0 where there is none, -1: raised. */
static int find_name(const struct auth_file *auth, const char *host, char **ret_name)
{
    _cleanup_free_ char *group = NULL;
    bool found;
    int r;

    if (asprintf(&group, "auth-libvirt-%s", host) < 0) {
        group = NULL;
        return error_raise_no_memory();
    }
    r = each_setting(auth->file, group, take_name, ret_name, &found);
    if (r != 0 || !found)
        return r;
    return error_raise(VIR_ERR_CONF_SYNTAX, VIR_FROM_RPC,
                       "configuration file syntax error: group '%s' in '%s' has no 'credentials'",
                       group, auth->path);
}

static int read_credentials(const struct auth_file *auth, const char *host, char **known)
{
    _cleanup_free_ char *name = NULL, *group = NULL;
    bool found;
    int r = find_name(auth, host, &name);

    if (r == 0)
        r = find_name(auth, host = "default", &name);
    if (r <= 0)
        return r;
    if (asprintf(&group, "credentials-%s", name) < 0) {
        group = NULL;
        return error_raise_no_memory();
    }
    r = each_setting(auth->file, group, take_credential, known, &found);
    if (r < 0 || found)
        return r;
    return error_raise(VIR_ERR_CONF_SYNTAX, VIR_FROM_RPC,
                       "configuration file syntax error: group '%s', of which 'auth-libvirt-%s' "
                       "speaks, is missing in '%s'", group, host, auth->path);
}

/* DIR/libvirt/auth.conf of the user's configuration; NULL: there is none, or no memory for it. */
static char *user_file(void)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    char *path;
    int n = -1;

    if (config && config[0] == '/')
        n = asprintf(&path, "%s/libvirt/auth.conf", config);
    else if (home)
        n = asprintf(&path, "%s/.config/libvirt/auth.conf", home);
    return n < 0 ? NULL : path;
}

/* One that was named must be there; of the usual ones the first that is. */
static int open_file(struct auth_file *auth, const char *given, const char *own)
{
    const char *usual[] = { own, "/etc/libvirt/auth.conf" };

    if (!given)
        given = getenv("LIBVIRT_AUTH_FILE");
    if (given && given[0]) {
        auth->path = given;
        auth->file = fopen(given, "re");
        if (!auth->file)
            return error_raise_errno(VIR_FROM_RPC, errno,
                                     "cannot open the file of credentials '%s'", given);
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(usual) && !auth->file; i++) {
        auth->path = usual[i];
        auth->file = usual[i] ? fopen(usual[i], "re") : NULL;
    }
    return 0;
}

int auth_file_read(const char *given, const char *host, char *known[CREDENTIAL_KINDS])
{
    _cleanup_free_ char *own = user_file();
    struct auth_file auth = { .file = NULL };
    int r = open_file(&auth, given, own);

    if (r < 0 || !auth.file)
        return r;
    r = read_credentials(&auth, host, known);
    if (r == 0 && ferror(auth.file))
        r = error_raise_errno(VIR_FROM_RPC, errno, "cannot read the file of credentials '%s'",
                              auth.path);
    (void)fclose(auth.file); /* nothing was written */
    return r;
}
