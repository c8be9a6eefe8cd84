/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands to a domain's QEMU, past the daemon. */

#include <stdio.h>

#include <jansson.h>

#include "daemon/util/alloc.h"
#include "tools/dom.h"
#include "tools/flags.h"
#include "tools/text.h"

int dom_monitor_check(const struct args *args)
{
    int r = OPTIONS_EXCLUDE(args, "hmp", "pretty");

    return r == CLI_DONE ? OPTIONS_EXCLUDE(args, "hmp", "return-value") : r;
}

/*
 * The words as one command, a new string.  What is no JSON is, as in virsh, the
 * name of a QMP command and then its arguments: an object, or its members.
 */
static char *command_make(const char *const *words, bool hmp)
{
    _cleanup_free_ char *arguments = NULL;

    if (hmp || words[0][0] == '{')
        return text_join(words, " ");
    arguments = text_join(words + 1, ",");
    if (!*arguments)
        return xasprintf("{\"execute\":\"%s\"}", words[0]);
    return xasprintf(arguments[0] == '{' ? "{\"execute\":\"%s\",\"arguments\":%s}"
                                         : "{\"execute\":\"%s\",\"arguments\":{%s}}",
                     words[0], arguments);
}

/* As it came where it is no JSON, or holds a number that jansson cannot. */
void dom_answer_print(const char *answer, bool pretty, bool only_return)
{
    json_t *json = json_loads(answer, 0, NULL);
    json_t *value = only_return && json ? json_object_get(json, "return") : json;

    if (!value || (!pretty && !only_return)) {
        cli_print(answer);
    } else {
        size_t layout = pretty ? JSON_INDENT(2) : JSON_COMPACT;

        json_dumpf(value, stdout, layout | JSON_ENCODE_ANY | JSON_PRESERVE_ORDER);
        putchar('\n');
    }
    json_decref(json);
}

int dom_monitor(struct cli *cli, const struct args *args)
{
    bool hmp = args_flag(args, "hmp");
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    _cleanup_free_ char *command = command_make(args_words(args, "cmd"), hmp);
    _cleanup_free_ char *answer = NULL;

    if (!dom)
        return CLI_FAILED;
    if (virDomainQemuMonitorCommand(dom, command, &answer,
                                    hmp ? VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP
                                        : VIR_DOMAIN_QEMU_MONITOR_COMMAND_DEFAULT) < 0)
        return cli_fail("cannot send the command to the monitor of domain '%s'",
                        virDomainGetName(dom));
    dom_answer_print(answer, args_flag(args, "pretty"), args_flag(args, "return-value"));
    return CLI_DONE;
}
