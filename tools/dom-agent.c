/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the agent inside a guest is asked. */

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "daemon/util/alloc.h"
#include "tools/dom.h"
#include "tools/flags.h"
#include "tools/text.h"

int dom_agent_check(const struct args *args)
{
    int r = OPTIONS_EXCLUDE(args, "timeout", "block");

    if (r == CLI_DONE)
        r = OPTIONS_EXCLUDE(args, "timeout", "no-wait");
    return r == CLI_DONE ? OPTIONS_EXCLUDE(args, "block", "no-wait") : r;
}

/* 0 is not to wait, so that seconds begin at 1. */
static int agent_timeout(const struct args *args)
{
    unsigned long long seconds = args_number(args, "timeout", 0);

    if (args_flag(args, "no-wait"))
        return VIR_DOMAIN_QEMU_AGENT_COMMAND_NOWAIT;
    if (args_flag(args, "block"))
        return VIR_DOMAIN_QEMU_AGENT_COMMAND_BLOCK;
    if (seconds == 0)
        return VIR_DOMAIN_QEMU_AGENT_COMMAND_DEFAULT;
    return seconds > INT_MAX ? INT_MAX : (int)seconds;
}

int dom_agent(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    _cleanup_free_ char *command = text_join(args_words(args, "cmd"), " ");
    _cleanup_free_ char *answer = NULL;

    if (!dom)
        return CLI_FAILED;
    answer = virDomainQemuAgentCommand(dom, command, agent_timeout(args), 0);
    if (!answer)
        return cli_fail("cannot send the command to the agent of domain '%s'",
                        virDomainGetName(dom));
    dom_answer_print(answer, args_flag(args, "pretty"), false);
    return CLI_DONE;
}

/* --- file systems --- */

static unsigned int count_words(const char *const *words)
{
    unsigned int n = 0;

    while (words && words[n])
        n++;
    return n;
}

int dom_fsfreeze(struct cli *cli, const struct args *args)
{
    const char *const *words = args_words(args, "mountpoint");
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    int count;

    if (!dom)
        return CLI_FAILED;
    count = virDomainFSFreeze(dom, (const char **)(uintptr_t)words, count_words(words), 0);
    if (count < 0)
        return cli_fail("cannot freeze the file systems of domain '%s'", virDomainGetName(dom));
    cli_say(cli, "Froze %d filesystem(s)", count);
    return CLI_DONE;
}

int dom_fsthaw(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    int count;

    if (!dom)
        return CLI_FAILED;
    count = virDomainFSThaw(dom, NULL, 0, 0);
    if (count < 0)
        return cli_fail("cannot thaw the file systems of domain '%s'", virDomainGetName(dom));
    cli_say(cli, "Thawed %d filesystem(s)", count);
    return CLI_DONE;
}

/* --- what time it is, and what it is called --- */

int dom_time_check(const struct args *args)
{
    int r = OPTIONS_EXCLUDE(args, "now", "time");

    if (r == CLI_DONE)
        r = OPTIONS_EXCLUDE(args, "now", "sync");
    return r == CLI_DONE ? OPTIONS_EXCLUDE(args, "time", "sync") : r;
}

static int time_print(virDomainPtr dom, bool pretty)
{
    char text[sizeof("2026-12-31 23:59:59") + 16];
    long long seconds;
    unsigned int nseconds;
    struct tm parts;
    time_t when;

    if (virDomainGetTime(dom, &seconds, &nseconds, 0) < 0)
        return cli_fail("cannot get the time of domain '%s'", virDomainGetName(dom));
    when = seconds;
    if (pretty && gmtime_r(&when, &parts) && strftime(text, sizeof(text), "%F %T", &parts) > 0)
        printf("Time: %s\n", text);
    else
        printf("Time: %lld\n", seconds);
    return CLI_DONE;
}

int dom_time(struct cli *cli, const struct args *args)
{
    bool now = args_flag(args, "now"), sync = args_flag(args, "sync");
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    struct timespec when = { .tv_sec = (time_t)args_number(args, "time", 0) };

    if (!dom)
        return CLI_FAILED;
    if (!now && !sync && !args_text(args, "time"))
        return time_print(dom, args_flag(args, "pretty"));
    if (now)
        (void)clock_gettime(CLOCK_REALTIME, &when); /* cannot fail */
    if (virDomainSetTime(dom, when.tv_sec, (unsigned int)when.tv_nsec,
                         sync ? VIR_DOMAIN_TIME_SYNC : 0) < 0)
        return cli_fail("cannot set the time of domain '%s'", virDomainGetName(dom));
    return CLI_DONE;
}

int dom_hostname(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    _cleanup_free_ char *name = NULL;

    if (!dom)
        return CLI_FAILED;
    name = virDomainGetHostname(dom, 0);
    if (!name)
        return cli_fail("cannot get the host name of domain '%s'", virDomainGetName(dom));
    text_make_line(name);
    cli_print(name);
    return CLI_DONE;
}
