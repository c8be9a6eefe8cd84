/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The connection and the messages of virtjob; see cli.h. */

#include "tools/cli.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/util/alloc.h"
#include "tools/text.h"

/*
 * The callback is the process's, so what it keeps is too: of the one thread that tells errors.
 * Another one's, which may fail for the same reason at the same time, are its own business.
 */
static char *kept_error;
static pthread_t teller;

static void error_keep_cb(void *opaque, virErrorPtr error)
{
    (void)opaque;
    if (error && error->level == VIR_ERR_WARNING) {
        fprintf(stderr, "warning: %s\n", error->message);
        return;
    }
    if (!pthread_equal(pthread_self(), teller))
        return;
    free(kept_error);
    kept_error = xstrdup(error && error->message ? error->message : "unknown error");
}

void cli_errors_keep(void)
{
    teller = pthread_self();
    virSetErrorFunc(NULL, error_keep_cb);
}

static virConnectPtr connection_open(const struct cli *cli, virConnectAuthPtr auth)
{
    virConnectPtr conn = virConnectOpenAuth(cli->uri, auth, cli->readonly ? VIR_CONNECT_RO : 0);

    if (conn) /* cannot fail on an open one */
        (void)virConnectSetKeepAlive(conn, cli->keepalive_interval, cli->keepalive_count);
    return conn;
}

int cli_connect(struct cli *cli)
{
    cli->conn = connection_open(cli, virConnectAuthPtrDefault);
    if (!cli->conn) {
        if (cli->uri)
            (void)cli_fail("cannot connect to '%s'", cli->uri);
        else
            (void)cli_fail("cannot connect to the daemon");
        return -1;
    }
    return 0;
}

bool cli_reconnect(struct cli *cli)
{
    if (cli->conn)
        (void)virConnectClose(STEAL_PTR(cli->conn)); /* it is lost: nobody is left to tell */
    cli->conn = connection_open(cli, virConnectAuthPtrDefault);
    return cli->conn;
}

virConnectPtr cli_connection_beside(const struct cli *cli)
{
    return connection_open(cli, NULL);
}

void cli_disconnect(struct cli *cli)
{
    if (cli->conn)
        (void)virConnectClose(STEAL_PTR(cli->conn)); /* the process ends; nobody is left to tell */
    free(STEAL_PTR(kept_error));
}

static void error_print(const char *fmt, va_list args, const char *reason) _printf_(1, 0);
static void error_print(const char *fmt, va_list args, const char *reason)
{
    _cleanup_free_ char *text = NULL;
    _cleanup_free_ char *line = NULL;

    if (vasprintf(&text, fmt, args) < 0)
        text = NULL;
    line = xasprintf("%s%s%s", text ? text : fmt, reason ? ": " : "", reason ? reason : "");
    text_make_line(line);
    fprintf(stderr, "error: %s\n", line);
}

void cli_error(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    error_print(fmt, args, NULL);
    va_end(args);
}

int cli_fail(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    error_print(fmt, args, kept_error);
    va_end(args);
    return CLI_FAILED;
}

int cli_usage(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    error_print(fmt, args, NULL);
    va_end(args);
    return CLI_USAGE;
}

void cli_print(const char *text)
{
    size_t len = strlen(text);

    fputs(text, stdout);
    if (len == 0 || text[len - 1] != '\n')
        putchar('\n');
}

void cli_say(const struct cli *cli, const char *fmt, ...)
{
    va_list args;

    if (cli->quiet)
        return;
    va_start(args, fmt);
    (void)vprintf(fmt, args); /* main looks at the stream's error before it ends */
    va_end(args);
    (void)putchar('\n');
}
