/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which certificate files the settings mean: those they name, else a set of our own, else
 * libvirt's.  What is not named and not there either is left to fail with its first place.
 * Start-up, or a worker: it looks for files.
 */

#include <string.h>
#include <unistd.h>

#include "config.h"
#include "lifecycle.h"
#include "server/tls_context.h"
#include "util/alloc.h"

enum { FILE_CA, FILE_CRL, FILE_CERT, FILE_KEY, FILES_MAX };

/* Places of one set. */
struct set {
    const char *paths[FILES_MAX];
};

/* Ours, then libvirt's; in a session, below a directory of the user's. */
static const struct set system_sets[] = {
    { { SYSCONFDIR "/virtjobd/pki/cacert.pem", SYSCONFDIR "/virtjobd/pki/cacrl.pem",
        SYSCONFDIR "/virtjobd/pki/servercert.pem", SYSCONFDIR "/virtjobd/pki/serverkey.pem" } },
    { { "/etc/pki/CA/cacert.pem", "/etc/pki/CA/cacrl.pem", "/etc/pki/libvirt/servercert.pem",
        "/etc/pki/libvirt/private/serverkey.pem" } },
};
static const char *const session_names[FILES_MAX] = {
    [FILE_CA] = "cacert.pem",
    [FILE_CRL] = "cacrl.pem",
    [FILE_CERT] = "servercert.pem",
    [FILE_KEY] = "serverkey.pem",
};

/* Below the user's settings, or where libvirt has its own. */
static char *session_path(int file, bool libvirt)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

    if (libvirt)
        return xasprintf("%s/.pki/libvirt/%s", home ? home : "", session_names[file]);
    if (config && *config == '/')
        return xasprintf("%s/virtjobd/pki/%s", config, session_names[file]);
    return xasprintf("%s/.config/virtjobd/pki/%s", home ? home : "", session_names[file]);
}

static char *place(bool session, int file, bool libvirt)
{
    return session ? session_path(file, libvirt) : xstrdup(system_sets[libvirt].paths[file]);
}

/* Libvirt's where it has a certificate and we have none. */
static bool choose_libvirt(bool session)
{
    _cleanup_free_ char *ours = place(session, FILE_CERT, false);
    _cleanup_free_ char *theirs = place(session, FILE_CERT, true);

    return access(ours, F_OK) < 0 && access(theirs, F_OK) == 0;
}

static char *choose(const char *named, bool session, int file, bool libvirt)
{
    return named ? xstrdup(named) : place(session, file, libvirt);
}

static char **copy_list(char **list)
{
    size_t n = 0;
    char **copy;

    if (!list)
        return NULL;
    while (list[n])
        n++;
    copy = xcalloc(n + 1, sizeof(*copy));
    for (size_t i = 0; i < n; i++)
        copy[i] = xstrdup(list[i]);
    return copy;
}

struct tls_context *tls_load(const struct config *config, bool session, struct verror *err)
{
    struct tls_settings *settings;
    bool libvirt;

    if (config->tls_no_verify_certificate && config->tls_allowed_dn_list) {
        (void)verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                         "tls_allowed_dn_list and tls_no_verify_certificate exclude each other: a "
                         "name that nobody has verified can be anybody's");
        return NULL;
    }
    libvirt = choose_libvirt(session);
    settings = XNEW(struct tls_settings);
    settings->ca = choose(config->ca_file, session, FILE_CA, libvirt);
    settings->cert = choose(config->cert_file, session, FILE_CERT, libvirt);
    settings->key = choose(config->key_file, session, FILE_KEY, libvirt);
    settings->crl = choose(config->crl_file, session, FILE_CRL, libvirt);
    if (!config->crl_file && access(settings->crl, F_OK) < 0)
        free(STEAL_PTR(settings->crl)); /* nothing has been revoked */
    settings->verify = !config->tls_no_verify_certificate;
    settings->allowed = copy_list(config->tls_allowed_dn_list);
    return tls_context_new(settings, err);
}
