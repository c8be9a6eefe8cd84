/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See config_access.h.  Loop thread at the start, a worker at a reload. */

#include "config_access.h"

#include <string.h>

#include "calls/access.h"
#include "util/alloc.h"

DEFINE_CLEANUP(struct access_rules *, access_rules_free);

/* One element of a list into rules; its error is without the place. */
typedef int (*read_element_fn)(struct access_rules *rules, const config_setting_t *element,
                               struct verror *err);

static int refuse(const config_setting_t *at, const char *path, const char *key,
                  struct verror *reason, struct verror *err)
{
    const char *file = config_setting_source_file(at);

    (void)verror_set(err, VIR_ERR_CONF_SYNTAX, "%s:%u: %s: %s", file ? file : path,
                     config_setting_source_line(at), key, verror_text(reason));
    verror_clear(reason);
    return -1;
}

static struct access_rules *read_list(const config_setting_t *setting, const char *path,
                                      const char *key, read_element_fn read_element,
                                      struct verror *err)
{
    _cleanup_(access_rules_freep) struct access_rules *rules = access_rules_new();
    struct verror reason = VERROR_INIT;

    if (!config_setting_is_list(setting) && !config_setting_is_array(setting)) {
        (void)verror_set(&reason, VIR_ERR_CONF_SYNTAX, "must be a list");
        (void)refuse(setting, path, key, &reason, err);
        return NULL;
    }
    for (int i = 0; i < config_setting_length(setting); i++) {
        const config_setting_t *element = config_setting_get_elem(setting, (unsigned int)i);

        if (read_element(rules, element, &reason) < 0) {
            (void)refuse(element, path, key, &reason, err);
            return NULL;
        }
    }
    return STEAL_PTR(rules);
}

/* Which member of the rule a setting is; NULL with err. */
static const char **rule_member(struct access_rule_text *text, const char *name, struct verror *err)
{
    if (strcmp(name, "who") == 0)
        return &text->who;
    if (strcmp(name, "allow") == 0)
        return &text->allow;
    if (strcmp(name, "deny") == 0)
        return &text->deny;
    if (strcmp(name, "on") == 0)
        return &text->on;
    (void)verror_set(err, VIR_ERR_CONF_SYNTAX, "unknown key '%s' in a rule", name);
    return NULL;
}

static int read_rule(struct access_rules *rules, const config_setting_t *element,
                     struct verror *err)
{
    struct access_rule_text text = { 0 };

    if (!config_setting_is_group(element))
        return verror_set(err, VIR_ERR_CONF_SYNTAX, "a rule is a group in braces");
    for (int i = 0; i < config_setting_length(element); i++) {
        const config_setting_t *member = config_setting_get_elem(element, (unsigned int)i);
        const char **at = rule_member(&text, config_setting_name(member), err);

        if (!at)
            return -1;
        *at = config_setting_get_string(member);
        if (!*at)
            return verror_set(err, VIR_ERR_CONF_SYNTAX, "'%s' must be a text in quotes",
                              config_setting_name(member));
    }
    return access_rules_add(rules, &text, err);
}

static int read_identity(struct access_rules *rules, const config_setting_t *element,
                         struct verror *err)
{
    const struct access_rule_text text = { .who = config_setting_get_string(element),
                                           .allow = "read" };

    if (!text.who)
        return verror_set(err, VIR_ERR_CONF_SYNTAX, "an identity must be a text in quotes");
    return access_rules_add(rules, &text, err);
}

struct access_rules *config_read_rules(const config_setting_t *setting, const char *key,
                                       const char *path, struct verror *err)
{
    return read_list(setting, path, key, read_rule, err);
}

struct access_rules *config_read_identities(const config_setting_t *setting, const char *key,
                                            const char *path, struct verror *err)
{
    return read_list(setting, path, key, read_identity, err);
}
