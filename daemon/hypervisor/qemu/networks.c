/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The config's map of network names; see networks.h.  Any thread, owns nothing. */

#include "hypervisor/qemu/networks.h"

#include <net/if.h>
#include <stdbool.h>
#include <string.h>

#include "util/alloc.h"
#include "xml/xml_read.h"

static const char blanks[] = " \t\n,";
static const char bridge_prefix[] = "bridge:";

/* "lan=bridge:br0", not terminated. */
struct entry {
    const char *name, *target;
    size_t name_len, target_len;
};

/* The entry *map begins with; *map moves behind it.  False: there is no more. */
static bool next_entry(const char **map, struct entry *ret)
{
    const char *start = *map + strspn(*map, blanks), *equals;
    size_t len = strcspn(start, blanks);

    *map = start + len;
    if (len == 0)
        return false;
    equals = memchr(start, '=', len);
    ret->name = start;
    ret->name_len = equals ? (size_t)(equals - start) : len;
    ret->target = equals ? equals + 1 : start + len;
    ret->target_len = (size_t)(start + len - ret->target);
    return true;
}

static bool is_user(const struct entry *entry)
{
    return entry->target_len == strlen("user") &&
           strncmp(entry->target, "user", entry->target_len) == 0;
}

/* The bridge's name, or NULL. */
static char *bridge_name(const struct entry *entry)
{
    size_t prefix = strlen(bridge_prefix);

    if (entry->target_len <= prefix || strncmp(entry->target, bridge_prefix, prefix) != 0)
        return NULL;
    return xstrndup(entry->target + prefix, entry->target_len - prefix);
}

/* As the kernel sees the name of an interface. */
static bool bridge_is_valid(const char *name)
{
    return strlen(name) < IF_NAMESIZE && !strchr(name, '/') && !strchr(name, ':') &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int check_entry(const struct entry *entry, struct verror *err)
{
    _cleanup_free_ char *bridge = bridge_name(entry);

    if (entry->name_len > 0 && (bridge ? bridge_is_valid(bridge) : is_user(entry)))
        return 0;
    return verror_set(err, VIR_ERR_CONF_SYNTAX,
                      "networks: '%.*s' is neither NAME=user nor NAME=bridge:INTERFACE",
                      (int)(entry->target + entry->target_len - entry->name), entry->name);
}

static bool same_name(const struct entry *entry, const char *name, size_t len)
{
    return entry->name_len == len && strncmp(entry->name, name, len) == 0;
}

static bool is_named_before(const char *map, const struct entry *entry)
{
    struct entry other;

    while (next_entry(&map, &other) && other.name != entry->name)
        if (same_name(&other, entry->name, entry->name_len))
            return true;
    return false;
}

int network_map_check(const char *map, struct verror *err)
{
    const char *rest = map;
    struct entry entry;

    while (next_entry(&rest, &entry)) {
        if (check_entry(&entry, err) < 0)
            return -1;
        if (is_named_before(map, &entry))
            return verror_set(err, VIR_ERR_CONF_SYNTAX, "networks: '%.*s' is there twice",
                              (int)entry.name_len, entry.name);
    }
    return 0;
}

int network_find(const char *map, const char *name, struct network_target *ret, struct verror *err)
{
    struct entry entry;

    while (map && next_entry(&map, &entry))
        if (same_name(&entry, name, strlen(name))) {
            if (check_entry(&entry, err) < 0)
                return -1;
            *ret = (struct network_target){ .bridge = bridge_name(&entry) };
            return 0;
        }
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                      "network '%s' is not in the config's key \"networks\"", xml_quotable(name));
}

void network_target_clear(struct network_target *target)
{
    free(target->bridge);
    target->bridge = NULL;
}
