/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names and passwords: what a file has, what the application is asked; see auth.h.  Any thread. */

#include "auth.h"

#include <string.h>

int credentials_load(struct credentials *credentials, const struct auth_request *request)
{
    *credentials = (struct credentials){ .request = request };
    return auth_file_read(request->file, request->host, credentials->known);
}

static void forget(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void credentials_done(struct credentials *credentials)
{
    for (int i = 0; i < CREDENTIAL_KINDS; i++)
        forget(STEAL_PTR(credentials->known[i]));
}

bool credentials_can(const struct credentials *credentials, int kind)
{
    const virConnectAuth *auth = credentials->request->auth;

    if (credentials->known[kind])
        return true;
    for (unsigned int i = 0; auth && auth->cb && i < auth->ncredtype; i++)
        if (auth->credtype[i] == kind)
            return true;
    return false;
}

/* A copy with a NUL behind it; the application's own is freed, as libvirt does. */
static int take_answer(struct credentials *credentials, virConnectCredential *answer)
{
    char **known = &credentials->known[answer->type];
    size_t len = answer->result ? strnlen(answer->result, answer->resultlen) : 0;

    if (answer->result)
        *known = strndup(answer->result, len);
    else
        *known = strdup(answer->defresult ? answer->defresult : "");
    if (answer->result)
        explicit_bzero(answer->result, len);
    free(STEAL_PTR(answer->result));
    return *known ? 0 : error_raise_no_memory();
}

static int take_answers(struct credentials *credentials, virConnectCredential *asked,
                        unsigned int count, bool answered)
{
    int failed = 0;

    for (unsigned int i = 0; i < count; i++) {
        if (!answered)
            forget(STEAL_PTR(asked[i].result));
        else if (take_answer(credentials, &asked[i]) < 0)
            failed = -1;
    }
    return failed;
}

int credentials_ask(struct credentials *credentials, virConnectCredential *wanted,
                    unsigned int count)
{
    const virConnectAuth *auth = credentials->request->auth;
    bool answered;
    unsigned int n = 0;

    for (unsigned int i = 0; i < count; i++)
        if (!credentials->known[wanted[i].type])
            wanted[n++] = wanted[i];
    if (n == 0)
        return 0;
    if (!auth || !auth->cb)
        return error_raise(VIR_ERR_AUTH_FAILED, VIR_FROM_RPC,
                           "authentication failed: the daemon asks for credentials, and the "
                           "program gives none (virConnectOpenAuth, or a file of them)");
    answered = auth->cb(wanted, n, auth->cbdata) >= 0;
    if (take_answers(credentials, wanted, n, answered) < 0)
        return -1;
    if (!answered)
        return error_raise(VIR_ERR_AUTH_FAILED, VIR_FROM_RPC,
                           "authentication failed: no credentials were given");
    return 0;
}
