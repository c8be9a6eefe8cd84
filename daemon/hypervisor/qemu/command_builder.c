/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parts of the command line share: the growing argv, access to the
 * document, and the tables' engine.  Worker; a builder belongs to its caller.
 */

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hypervisor/qemu/command_internal.h"
#include "util/alloc.h"
#include "xml/xml_read.h"

/* A text the builder frees at its end. */
static const char *keep(struct builder *b, char *text)
{
    if (!text)
        return NULL;
    b->kept = xrealloc(b->kept, b->nkept + 1, sizeof(*b->kept));
    b->kept[b->nkept++] = text;
    return text;
}

const char *cmd_keepf(struct builder *b, const char *fmt, ...)
{
    va_list args;
    char *text;

    va_start(args, fmt);
    if (vasprintf(&text, fmt, args) < 0)
        abort(); /* out of memory, as in alloc.h */
    va_end(args);
    return keep(b, text);
}

static void list_add(char ***list, size_t *n, char *text)
{
    *list = xrealloc(*list, *n + 2, sizeof(**list));
    (*list)[(*n)++] = text;
    (*list)[*n] = NULL;
}

void cmd_arg(struct builder *b, const char *text)
{
    list_add(&b->out.argv, &b->out.argc, xstrdup(text));
}

void cmd_argf(struct builder *b, const char *fmt, ...)
{
    va_list args;
    char *text;

    va_start(args, fmt);
    if (vasprintf(&text, fmt, args) < 0)
        abort(); /* out of memory, as in alloc.h */
    va_end(args);
    list_add(&b->out.argv, &b->out.argc, text);
}

void cmd_arg_json(struct builder *b, const char *option, json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);

    if (!text)
        abort(); /* out of memory, as in alloc.h */
    cmd_arg(b, option);
    list_add(&b->out.argv, &b->out.argc, text);
    json_decref(object);
}

int cmd_fd(struct builder *b, int fd)
{
    b->out.fds = xrealloc(b->out.fds, b->out.nfds + 1, sizeof(*b->out.fds));
    b->out.fds[b->out.nfds++] = fd;
    return fd;
}

void cmd_env(struct builder *b, const char *name, const char *value)
{
    list_add(&b->out.env, &b->out.nenv, xasprintf("%s=%s", name, value ? value : ""));
}

const char *cmd_escape(struct builder *b, const char *text)
{
    char *escaped, *out;

    if (!strchr(text, ','))
        return text;
    escaped = out = xmalloc(2 * strlen(text) + 1);
    do {
        if (*text == ',')
            *out++ = ',';
        *out++ = *text;
    } while (*text++);
    return keep(b, escaped);
}

void builder_done(struct builder *b)
{
    for (size_t i = 0; i < b->nkept; i++)
        free(b->kept[i]);
    free(b->kept);
    b->kept = NULL;
    b->nkept = 0;
}

/* The XML parser has seen to it that texts are UTF-8, so a value can only be missing for memory. */
void props_object(json_t *props, const char *key, json_t *value)
{
    if (json_object_set_new(props, key, value) < 0)
        abort();
}

void props_string(json_t *props, const char *key, const char *value)
{
    if (value)
        props_object(props, key, json_string(value));
}

void props_number(json_t *props, const char *key, uint64_t value)
{
    props_object(props, key, json_integer((json_int_t)value));
}

void props_bool(json_t *props, const char *key, bool value)
{
    props_object(props, key, json_boolean(value));
}

json_t *props_new(const char *key, const char *value)
{
    json_t *props = json_object();

    props_string(props, key, value);
    return props;
}

xmlNodePtr node_find(xmlNodePtr node, const char *path)
{
    while (node && path && *path) {
        size_t len = strcspn(path, "/");
        _cleanup_free_ char *name = xstrndup(path, len);

        node = xml_child(node, name);
        path += len + (path[len] == '/');
    }
    return node;
}

const char *node_attr(struct builder *b, xmlNodePtr node, const char *path, const char *name)
{
    return keep(b, xml_attribute(node_find(node, path), name));
}

const char *node_text(struct builder *b, xmlNodePtr node, const char *path)
{
    return keep(b, xml_text(node_find(node, path)));
}

bool node_attr_is(struct builder *b, xmlNodePtr node, const char *path, const char *name,
                  const char *value)
{
    const char *text = node_attr(b, node, path, name);

    return text && strcmp(text, value) == 0;
}

static const char *path_or_name(xmlNodePtr node, const char *path)
{
    return path ? path : (const char *)node->name;
}

int node_number(struct builder *b, xmlNodePtr node, const char *path, const char *name,
                uint64_t *value)
{
    const char *text = node_attr(b, node, path, name);
    bool is_hex = text && text[0] == '0' && tolower((unsigned char)text[1]) == 'x';

    if (!text)
        return 0;
    if (!xml_parse_number(text, is_hex ? 16 : 10, value) || *value > INT64_MAX)
        return verror_set(b->err, VIR_ERR_XML_ERROR, "%s: '%s' of %s is not a number: '%s'",
                          node_describe(b, node), name, path_or_name(node, path),
                          xml_quotable(text));
    return 0;
}

int node_switch(struct builder *b, xmlNodePtr node, const char *path, const char *name,
                bool *value)
{
    const char *text = node_attr(b, node, path, name);

    if (!text)
        return 0;
    if (strcmp(text, "on") == 0 || strcmp(text, "yes") == 0)
        *value = true;
    else if (strcmp(text, "off") == 0 || strcmp(text, "no") == 0)
        *value = false;
    else
        return refuse(b, node, "'%s' of %s is neither on nor off: '%s'", name,
                      path_or_name(node, path), xml_quotable(text));
    return 0;
}

const char *node_alias(struct builder *b, xmlNodePtr node)
{
    return node_attr(b, node, "alias", "name");
}

const char *node_describe(struct builder *b, xmlNodePtr node)
{
    const char *name = node_attr(b, node, "target", "dev");

    if (!name)
        name = node_alias(b, node);
    if (!name)
        name = node_attr(b, node, NULL, "type");
    if (!name)
        name = node_attr(b, node, NULL, "model");
    if (!name)
        return (const char *)node->name;
    return cmd_keepf(b, "%s '%s'", (const char *)node->name, xml_quotable(name));
}

int refuse(struct builder *b, xmlNodePtr node, const char *fmt, ...)
{
    _cleanup_free_ char *text = NULL;
    va_list args;

    va_start(args, fmt);
    if (vasprintf(&text, fmt, args) < 0)
        abort(); /* out of memory, as in alloc.h */
    va_end(args);
    return verror_set(b->err, VIR_ERR_CONFIG_UNSUPPORTED, "%s: %s", node_describe(b, node), text);
}

/* Does the item of a known list, len bytes long, cover path (of an attribute when it has an @)? */
static bool known_covers(const char *item, size_t len, const char *path)
{
    size_t path_len = strlen(path);

    if (item[len - 1] == '*')
        return strncmp(item, path, len - 1) == 0 && strchr("@/", path[len - 1]);
    if (len == path_len)
        return strncmp(item, path, len) == 0;
    /* the item lies below the element */
    return len > path_len && strncmp(item, path, path_len) == 0 && strchr("@/", item[path_len]) &&
           !strchr(path, '@');
}

static bool is_known(const char *known, const char *path)
{
    while (*known) {
        size_t len = strcspn(known, " ");

        if (len > 0 && known_covers(known, len, path))
            return true;
        known += len + (known[len] == ' ');
    }
    return false;
}

/* prefix: the path of at below node, with a / behind it, or "". */
static int check_known_at(struct builder *b, xmlNodePtr node, xmlNodePtr at, const char *prefix,
                          const char *known)
{
    size_t len = strlen(prefix);

    for (xmlAttrPtr attr = at->properties; attr; attr = attr->next) {
        const char *path = cmd_keepf(b, "%.*s@%s", len > 0 ? (int)len - 1 : 0, prefix,
                                     (const char *)attr->name);

        if (!attr->ns && !is_known(known, path))
            return refuse(b, node, "attribute '%s' of <%s> is not provided",
                          xml_quotable((const char *)attr->name), (const char *)at->name);
    }
    for (xmlNodePtr child = xmlFirstElementChild(at); child; child = xmlNextElementSibling(child)) {
        const char *path = cmd_keepf(b, "%s%s", prefix, (const char *)child->name);

        if (child->ns)
            continue;
        if (!is_known(known, path))
            return refuse(b, node, "<%s> is not provided",
                          xml_quotable((const char *)child->name));
        if (check_known_at(b, node, child, cmd_keepf(b, "%s/", path), known) < 0)
            return -1;
    }
    return 0;
}

int node_check_known(struct builder *b, xmlNodePtr node, const char *known)
{
    return check_known_at(b, node, node, "", known);
}

const struct name_map *map_find(const struct name_map *map, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (name ? map[i].name && strcmp(map[i].name, name) == 0 : !map[i].name)
            return &map[i];
    return NULL;
}

static int rule_apply(struct builder *b, xmlNodePtr node, const struct rule *rule, json_t *props)
{
    bool is_on = false;
    uint64_t number = 0;

    switch (rule->kind) {
    case RULE_STRING:
        props_string(props, rule->property,
                     rule->attribute ? node_attr(b, node, rule->path, rule->attribute)
                                     : node_text(b, node, rule->path));
        return 0;
    case RULE_PRESENT:
        if (node_find(node, rule->path))
            props_bool(props, rule->property, true);
        return 0;
    case RULE_NUMBER:
    case RULE_SWITCH:
    case RULE_ON_OFF:
        break;
    }
    if (!node_attr(b, node, rule->path, rule->attribute))
        return 0;
    if (rule->kind == RULE_NUMBER) {
        if (node_number(b, node, rule->path, rule->attribute, &number) < 0)
            return -1;
        props_number(props, rule->property, number);
        return 0;
    }
    if (node_switch(b, node, rule->path, rule->attribute, &is_on) < 0)
        return -1;
    if (rule->kind == RULE_SWITCH)
        props_bool(props, rule->property, is_on);
    else
        props_string(props, rule->property, is_on ? "on" : "off");
    return 0;
}

int rules_apply(struct builder *b, xmlNodePtr node, const struct rule *rules, size_t n,
                json_t *props)
{
    for (size_t i = 0; i < n; i++)
        if (rule_apply(b, node, &rules[i], props) < 0)
            return -1;
    return 0;
}

int virtio_rules(struct builder *b, xmlNodePtr node, json_t *props)
{
    static const struct rule rules[] = {
        { "driver", "iommu", RULE_SWITCH, "iommu_platform" },
        { "driver", "ats", RULE_SWITCH, "ats" },
        { "driver", "packed", RULE_SWITCH, "packed" },
        { "driver", "page_per_vq", RULE_SWITCH, "page-per-vq" },
    };

    return rules_apply(b, node, rules, ARRAY_SIZE(rules), props);
}

const char *virtio_driver(struct builder *b, const char *base, const char *model)
{
    static const char *const kinds[] = { "", "-transitional", "-non-transitional" };

    if (strncmp(model, "virtio", strlen("virtio")) != 0)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(model + strlen("virtio"), kinds[i]) == 0)
            return cmd_keepf(b, "%s%s", base, kinds[i]);
    return NULL;
}
