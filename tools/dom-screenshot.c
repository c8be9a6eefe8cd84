/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A picture of what a guest's screen shows. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/util/alloc.h"
#include "tools/dom.h"

enum { CHUNK = 65536 };

/* As virsh names it: the domain's name and the time, and what kind of picture it is. */
static char *default_name(virDomainPtr dom, const char *type)
{
    const char *ending = strcmp(type, "image/png") == 0 ? "png" : "ppm";
    time_t now = time(NULL);
    struct tm local;
    char when[32];

    (void)strftime(when, sizeof(when), "%Y-%m-%d-%H:%M:%S", localtime_r(&now, &local));
    return xasprintf("%s-%s.%s", virDomainGetName(dom), when, ending);
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno != EINTR)
            return -1;
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return 0;
}

/* The stream's bytes to the file, and its end.  CLI_DONE, or the error is told. */
static int save(virStreamPtr stream, int fd, const char *file)
{
    _cleanup_free_ char *data = xmalloc(CHUNK);
    int n;

    while ((n = virStreamRecv(stream, data, CHUNK)) > 0) {
        if (write_all(fd, data, (size_t)n) < 0) {
            cli_error("cannot write to '%s': %s", file, strerror(errno));
            return CLI_FAILED;
        }
    }
    if (n < 0 || virStreamFinish(stream) < 0)
        return cli_fail("cannot get the picture");
    return CLI_DONE;
}

static int save_as(virStreamPtr stream, const char *file)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int result;

    if (fd < 0) {
        cli_error("cannot open '%s': %s", file, strerror(errno));
        return CLI_FAILED;
    }
    result = save(stream, fd, file);
    if (close(fd) < 0 && result == CLI_DONE) {
        cli_error("cannot write to '%s': %s", file, strerror(errno));
        result = CLI_FAILED;
    }
    return result;
}

static int take(const struct cli *cli, const struct args *args, virDomainPtr dom,
                virStreamPtr stream)
{
    unsigned int screen = (unsigned int)args_number(args, "screen", 0);
    _cleanup_free_ char *type = virDomainScreenshot(dom, stream, screen, 0);
    _cleanup_free_ char *file = NULL;
    int result;

    if (!type)
        return cli_fail("cannot take a screenshot of domain '%s'", virDomainGetName(dom));
    file = args_text(args, "file") ? xstrdup(args_text(args, "file")) : default_name(dom, type);
    result = save_as(stream, file);
    if (result == CLI_DONE)
        cli_say(cli, "Screenshot saved to %s, with type of %s", file, type);
    return result;
}

int dom_screenshot(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    virStreamPtr stream = dom ? virStreamNew(cli->conn, 0) : NULL;
    int result;

    if (!dom)
        return CLI_FAILED;
    if (!stream)
        return cli_fail("cannot take a screenshot of domain '%s'", virDomainGetName(dom));
    result = take(cli, args, dom, stream);
    (void)virStreamFree(stream); /* what is still open is aborted */
    return result;
}
