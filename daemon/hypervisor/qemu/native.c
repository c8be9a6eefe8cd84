/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The road of a start up to the command line, without a guest; see native.h.  Worker. */

#include "hypervisor/qemu/native.h"

#include <string.h>

#include "config.h"
#include "hypervisor/internal.h"
#include "hypervisor/qemu/command.h"
#include "util/alloc.h"
#include "xml/xml_read.h"

/* In quotes where a shell would make something else of it. */
static char *quote_word(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_@%+=:,./-";
    char *text, *end;

    if (*word && word[strspn(word, plain)] == '\0')
        return xstrdup(word);
    text = end = xmalloc(4 * strlen(word) + 3);
    *end++ = '\'';
    for (; *word; word++) {
        if (*word == '\'')
            end = stpcpy(end, "'\\''");
        else
            *end++ = *word;
    }
    *end++ = '\'';
    *end = '\0';
    return text;
}

static void add_words(char **line, char *const *words)
{
    for (size_t i = 0; words && words[i]; i++) {
        _cleanup_free_ char *word = quote_word(words[i]), *before = *line;

        *line = xasprintf("%s%s%s", before, *before ? " " : "", word);
    }
}

static char *make_line(const struct domains *domains, const struct domain_def *def,
                       const char *dir, xmlDocPtr live, struct verror *err)
{
    const struct daemon *daemon = domains->daemon;
    struct qemu_caps *caps = qemu_caps_get(domains->caps, def->emulator, NULL, err);
    const struct command_host host = {
        .caps = caps,
        .guest_dir = dir,
        .networks = daemon->config->networks,
        .vnc_listen = daemon->config->vnc_listen,
        .vnc_port_min = daemon->config->remote_display_port_min,
        .vnc_port_max = daemon->config->remote_display_port_max,
        .monitor_fd = -1,
        .uid = domains->policy.uid,
        .gid = domains->policy.gid,
        .is_session = daemon->session,
        .dry = true,
    };
    struct qemu_command command;
    char *line = NULL;

    if (caps && qemu_command_build(&host, live, &command, err) == 0) {
        line = xstrdup("");
        add_words(&line, command.env);
        add_words(&line, command.argv);
        qemu_command_clear(&command);
    }
    qemu_caps_unref(caps);
    return line;
}

char *qemu_native_from_xml(const struct domains *domains, const char *xml, bool any_emulator,
                           struct verror *err)
{
    const struct live_sources none = { .nvolumes = 0 };
    struct complete_host host = domains_complete_host(domains);
    struct domain_def *def = NULL;
    _cleanup_free_ char *dir = NULL;
    xmlDocPtr live = NULL;
    char *line = NULL;

    host.found_emulators = !any_emulator;
    def = domain_complete(&host, xml, false, err);
    if (def) {
        dir = xasprintf("%s/qemu/0", domains->daemon->runtime_dir); /* no guest has this number */
        live = domain_make_live(&host, def, 0, dir, &none, err);
    }
    if (live)
        line = make_line(domains, def, dir, live, err);
    if (live)
        xmlFreeDoc(live);
    domain_def_unref(def);
    return line;
}
