/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virConnectAuthPtrDefault: asks whoever sits at the terminal of this process,
 * without an echo where it is a secret.  On the thread that opens a connection.
 */

#include "auth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { LINE_SIZE = 4096 }; /* a terminal has no longer ones */

static bool is_secret(int kind)
{
    return kind == VIR_CRED_PASSPHRASE || kind == VIR_CRED_NOECHOPROMPT;
}

/* What is typed on a line; NULL at the end of input, and where stop was what ended it. */
static char *read_answer(int terminal, unsigned char stop)
{
    char line[LINE_SIZE], *answer = NULL;
    ssize_t len;

    do
        len = read(terminal, line, sizeof(line));
    while (len < 0 && errno == EINTR);
    if (len > 0 && (unsigned char)line[len - 1] != stop)
        answer = strndup(line, (size_t)(line[len - 1] == '\n' ? len - 1 : len));
    explicit_bzero(line, sizeof(line));
    return answer;
}

static char *prompt(int terminal, const char *text, unsigned char stop)
{
    return dprintf(terminal, "%s: ", text) < 0 ? NULL : read_answer(terminal, stop);
}

/*
 * The echo goes before the question comes: what is typed in answer to it is never shown.  The key
 * that interrupts ends the line and is no signal, which would leave the terminal as it is then.
 */
static char *prompt_secret(int terminal, const char *text)
{
    struct termios before, quiet;
    char *answer;

    if (tcgetattr(terminal, &before) < 0)
        return NULL;
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ISIG);
    quiet.c_lflag |= ECHONL;
    quiet.c_cc[VEOL] = before.c_cc[VINTR];
    if (tcsetattr(terminal, TCSAFLUSH, &quiet) < 0)
        return NULL;
    answer = prompt(terminal, text, before.c_cc[VINTR]);
    if (!answer)
        (void)dprintf(terminal, "\n"); /* the terminal may have gone meanwhile */
    (void)tcsetattr(terminal, TCSADRAIN, &before); /* likewise */
    return answer;
}

static int ask_one(int terminal, virConnectCredential *credential)
{
    credential->result = is_secret(credential->type)
                             ? prompt_secret(terminal, credential->prompt)
                             : prompt(terminal, credential->prompt, _POSIX_VDISABLE);
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
    _cleanup_close_ int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
    int failed = terminal < 0 ? -1 : 0;

    for (unsigned int i = 0; i < count && failed == 0; i++)
        failed = ask_one(terminal, &credentials[i]);
    return failed;
}

static int kinds[] = {
    VIR_CRED_AUTHNAME,   VIR_CRED_ECHOPROMPT,   VIR_CRED_REALM,
    VIR_CRED_PASSPHRASE, VIR_CRED_NOECHOPROMPT,
};

virConnectAuth auth_terminal = { .credtype = kinds, .ncredtype = ARRAY_SIZE(kinds), .cb = ask };
