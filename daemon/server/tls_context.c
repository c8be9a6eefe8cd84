/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See tls_context.h.  Made by a worker, used by the loop thread. */

#include "server/tls_context.h"

#include <openssl/x509.h>
#include <stdlib.h>

#include "protocol/dname.h"
#include "protocol/pki.h"
#include "util/alloc.h"

struct tls_context {
    unsigned int refs;
    SSL_CTX *ssl;
    struct tls_settings *settings;
};

void tls_settings_free(struct tls_settings *settings)
{
    if (!settings)
        return;
    free(settings->ca);
    free(settings->crl);
    free(settings->cert);
    free(settings->key);
    for (char **pattern = settings->allowed; pattern && *pattern; pattern++)
        free(*pattern);
    free(settings->allowed);
    free(settings);
}

static bool is_allowed(const struct tls_settings *settings, const X509 *certificate)
{
    _cleanup_free_ char *dname = NULL;

    if (!settings->allowed)
        return true;
    dname = dname_text(X509_get_subject_name(certificate));
    for (char **pattern = settings->allowed; dname && *pattern; pattern++)
        if (dname_matches(*pattern, dname))
            return true;
    return false;
}

/* Inside the handshake, so that who is not let in is told by an alert. */
static int verify(X509_STORE_CTX *store, void *opaque)
{
    const struct tls_context *context = opaque;

    if (X509_verify_cert(store) <= 0)
        return 0;
    if (is_allowed(context->settings, X509_STORE_CTX_get0_cert(store)))
        return 1;
    pki_note_refused(store);
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

struct tls_context *tls_context_new(struct tls_settings *settings, struct verror *err)
{
    const struct pki_files files = {
        .ca = settings->ca,
        .crl = settings->crl,
        .cert = settings->cert,
        .key = settings->key,
    };
    struct tls_context *context;
    struct pki_error why;
    SSL_CTX *ssl = pki_context(PKI_SERVER, &files, settings->verify, &why);

    if (!ssl) {
        (void)verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "TLS: %s", why.text);
        tls_settings_free(settings);
        return NULL;
    }
    context = XNEW(struct tls_context);
    context->refs = 1;
    context->ssl = ssl;
    context->settings = settings;
    if (settings->verify)
        SSL_CTX_set_cert_verify_callback(ssl, verify, context);
    return context;
}

struct tls_context *tls_context_ref(struct tls_context *context)
{
    context->refs++;
    return context;
}

void tls_context_unref(struct tls_context *context)
{
    if (!context || --context->refs > 0)
        return;
    SSL_CTX_free(context->ssl);
    tls_settings_free(context->settings);
    free(context);
}

SSL *tls_context_connection(struct tls_context *context)
{
    return SSL_new(context->ssl);
}

bool tls_context_verifies(const struct tls_context *context)
{
    return context->settings->verify;
}
