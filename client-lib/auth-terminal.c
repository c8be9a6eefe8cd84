/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virConnectAuthPtrDefault: asks whoever sits at the terminal of this process,
 * without an echo where it is a secret.  On the thread that opens a connection.
 */

#include "auth.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>

static bool is_secret(int kind)
{
    return kind == VIR_CRED_PASSPHRASE || kind == VIR_CRED_NOECHOPROMPT;
}

/* NULL at the end of input, or without memory. */
static char *prompt(FILE *terminal, const char *text)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t len;

    if (dprintf(fileno(terminal), "%s: ", text) < 0)
        return NULL;
    len = getline(&line, &size, terminal);
    if (len < 0) {
        free(line);
        return NULL;
    }
    if (len > 0 && line[len - 1] == '\n')
        line[len - 1] = '\0';
    return line;
}

/* The echo goes before the question comes: what is typed in answer to it is never shown. */
static char *prompt_secret(FILE *terminal, const char *text)
{
    struct termios before, quiet;
    char *line;
    int fd = fileno(terminal);

    if (tcgetattr(fd, &before) < 0)
        return NULL;
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
    quiet.c_lflag |= ECHONL;
    if (tcsetattr(fd, TCSAFLUSH, &quiet) < 0)
        return NULL;
    line = prompt(terminal, text);
    (void)tcsetattr(fd, TCSADRAIN, &before); /* the terminal may have gone meanwhile */
    return line;
}

static int ask_one(FILE *terminal, virConnectCredential *credential)
{
    credential->result = is_secret(credential->type) ? prompt_secret(terminal, credential->prompt) :
                                                       prompt(terminal, credential->prompt);
    if (!credential->result)
        return -1;
    if (!credential->result[0] && credential->defresult) {
        free(credential->result);
        credential->result = strdup(credential->defresult);
        if (!credential->result)
            return -1;
    }
    credential->resultlen = (unsigned int)strlen(credential->result);
    return 0;
}

static int ask(virConnectCredentialPtr credentials, unsigned int count, void *opaque _unused_)
{
    _cleanup_close_ int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    FILE *terminal = fd < 0 ? NULL : fdopen(fd, "r");
    int failed = 0;

    if (!terminal)
        return -1;
    (void)steal_fd(&fd);
    (void)setvbuf(terminal, NULL, _IONBF, 0); /* no secrets in a buffer */
    for (unsigned int i = 0; i < count && failed == 0; i++)
        failed = ask_one(terminal, &credentials[i]);
    (void)fclose(terminal); /* it was only read through this */
    return failed;
}

static int kinds[] = {
    VIR_CRED_AUTHNAME,   VIR_CRED_ECHOPROMPT,   VIR_CRED_REALM,
    VIR_CRED_PASSPHRASE, VIR_CRED_NOECHOPROMPT,
};

virConnectAuth auth_terminal = { .credtype = kinds, .ncredtype = ARRAY_SIZE(kinds), .cb = ask };
