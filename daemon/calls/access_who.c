/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One pattern of identities: "user=alice unit=backup.*".  Names of users and groups are looked up
 * when it is read, which a worker does at a reload, never when it is compared.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "calls/access.h"
#include "server/server.h"
#include "util/accounts.h"
#include "util/alloc.h"

enum { ADDRESS_BITS = 128 };

/* What one condition compares with. */
struct condition {
    struct condition *next;
    const struct condition_kind *kind;
    char *glob;
    unsigned int id;
    unsigned char address[ADDRESS_BITS / 8]; /* IPv4 as in ::ffff:0:0/96 */
    unsigned int bits;                       /* of it that must be equal */
};

struct condition_kind {
    const char *name;
    int (*parse)(struct condition *condition, const char *value, struct verror *err);
    bool (*matches)(const struct condition *condition, const struct identity *identity);
};

struct access_who {
    struct condition *first; /* none: everybody */
};

/* --- users and groups, of which only a local client has any --- */

static int parse_id(struct condition *condition, const char *value, struct verror *err)
{
    unsigned long long id;
    char *end;

    errno = 0;
    id = strtoull(value, &end, 10);
    if (*value < '0' || *value > '9' || *end || errno || id >= UINT32_MAX)
        return verror_set(err, VIR_ERR_CONF_SYNTAX, "'%s' is no number of a user or group", value);
    condition->id = (unsigned int)id;
    return 0;
}

static int refuse_name(const char *what, const char *value, int r, struct verror *err)
{
    return verror_set(err, VIR_ERR_CONF_SYNTAX, "no %s is named '%s'%s%s", what, value,
                      r < 0 ? ": " : "", r < 0 ? strerror(-r) : "");
}

static int parse_user(struct condition *condition, const char *value, struct verror *err)
{
    int r = account_find_user(value, &condition->id, NULL);

    return r > 0 ? 0 : refuse_name("user", value, r, err);
}

static int parse_group(struct condition *condition, const char *value, struct verror *err)
{
    int r = account_find_group(value, &condition->id);

    return r > 0 ? 0 : refuse_name("group", value, r, err);
}

static bool uid_matches(const struct condition *condition, const struct identity *identity)
{
    return identity->is_local && identity->uid == condition->id;
}

static bool gid_matches(const struct condition *condition, const struct identity *identity)
{
    if (!identity->is_local)
        return false;
    for (size_t i = 0; i < identity->ngroups; i++)
        if (identity->groups[i] == condition->id)
            return true;
    return identity->gid == condition->id;
}

/* --- names --- */

static int parse_glob(struct condition *condition, const char *value, struct verror *err)
{
    (void)err;
    condition->glob = xstrdup(value);
    return 0;
}

/* Backslashes are part of certificates' names, and stand for themselves. */
static bool glob_matches(const struct condition *condition, const char *name)
{
    return name && fnmatch(condition->glob, name, FNM_NOESCAPE) == 0;
}

static bool unit_matches(const struct condition *condition, const struct identity *identity)
{
    return glob_matches(condition, identity->unit);
}

static bool dn_matches(const struct condition *condition, const struct identity *identity)
{
    return glob_matches(condition, identity->x509_dname);
}

static bool sasl_matches(const struct condition *condition, const struct identity *identity)
{
    return glob_matches(condition, identity->sasl_user);
}

/* --- addresses --- */

/* How many bits an address of that family has, behind what stands for IPv4; 0 = no address. */
static unsigned int parse_ip(const char *text, unsigned char ret_address[static ADDRESS_BITS / 8])
{
    static const unsigned char v4[12] = { [10] = 0xff, [11] = 0xff };

    memcpy(ret_address, v4, sizeof(v4));
    if (inet_pton(AF_INET, text, ret_address + sizeof(v4)) == 1)
        return 32;
    return inet_pton(AF_INET6, text, ret_address) == 1 ? ADDRESS_BITS : 0;
}

static int parse_address(struct condition *condition, const char *value, struct verror *err)
{
    _cleanup_free_ char *copy = xstrdup(value);
    char *slash = strchr(copy, '/'), *end;
    unsigned long prefix;
    unsigned int bits;

    if (slash)
        *slash++ = '\0';
    bits = parse_ip(copy, condition->address);
    prefix = slash ? strtoul(slash, &end, 10) : bits;
    if (!bits || (slash && (*slash < '0' || *slash > '9' || *end)) || prefix > bits)
        return verror_set(err, VIR_ERR_CONF_SYNTAX,
                          "'%s' is no address or network such as \"192.0.2.0/24\"", value);
    condition->bits = ADDRESS_BITS - bits + (unsigned int)prefix;
    return 0;
}

/* Of "192.0.2.7:4711" or "[2001:db8::1%eth0]:4711". */
static bool peer_ip(const char *text, unsigned char ret_address[static ADDRESS_BITS / 8])
{
    _cleanup_free_ char *copy = xstrdup(*text == '[' ? text + 1 : text);
    char *end = *text == '[' ? strpbrk(copy, "%]") : strrchr(copy, ':');

    if (end)
        *end = '\0';
    return parse_ip(copy, ret_address) > 0;
}

static bool address_matches(const struct condition *condition, const struct identity *identity)
{
    unsigned char peer[ADDRESS_BITS / 8];
    unsigned int bytes = condition->bits / 8, rest = condition->bits % 8;

    if (!identity->address || !peer_ip(identity->address, peer) ||
        memcmp(peer, condition->address, bytes) != 0)
        return false;
    return rest == 0 || (peer[bytes] ^ condition->address[bytes]) >> (8 - rest) == 0;
}

/* --- the pattern --- */

static const struct condition_kind kinds[] = {
    { "uid", parse_id, uid_matches },     { "user", parse_user, uid_matches },
    { "gid", parse_id, gid_matches },     { "group", parse_group, gid_matches },
    { "unit", parse_glob, unit_matches }, { "dn", parse_glob, dn_matches },
    { "sasl", parse_glob, sasl_matches }, { "address", parse_address, address_matches },
};

void access_who_free(struct access_who *who)
{
    if (!who)
        return;
    while (who->first) {
        struct condition *condition = who->first;

        who->first = condition->next;
        free(condition->glob);
        free(condition);
    }
    free(who);
}
DEFINE_CLEANUP(struct access_who *, access_who_free);

static const struct condition_kind *find_kind(const char *word)
{
    size_t len = strcspn(word, "=");

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (word[len] == '=' && strlen(kinds[i].name) == len &&
            strncmp(word, kinds[i].name, len) == 0)
            return &kinds[i];
    return NULL;
}

static int add_condition(struct access_who *who, const char *word, const char *value,
                         struct verror *err)
{
    const struct condition_kind *kind = find_kind(word);
    struct condition *condition;

    if (!kind)
        return verror_set(err, VIR_ERR_CONF_SYNTAX,
                          "'%s' is none of uid= user= gid= group= unit= dn= sasl= address=, nor *",
                          word);
    if (!*value)
        return verror_set(err, VIR_ERR_CONF_SYNTAX, "%s= has no value", kind->name);
    condition = XNEW(struct condition);
    condition->kind = kind;
    condition->next = who->first;
    who->first = condition;
    return kind->parse(condition, value, err);
}

/*
 * The next word of *at, which is changed: its value lies between apostrophes, or ends at a blank.
 * NULL at the end; without the closing apostrophe, with err.
 */
static char *next_word(char **at, char **ret_value, struct verror *err)
{
    char *word = *at + strspn(*at, " \t\n"), *value = word + strcspn(word, "= \t\n"), *end;

    if (!*word)
        return NULL;
    if (*value == '=')
        value++;
    if (*value == '\'') {
        value++;
        end = strchr(value, '\'');
        if (!end) {
            (void)verror_set(err, VIR_ERR_CONF_SYNTAX, "%s has no closing apostrophe", word);
            return NULL;
        }
    } else {
        end = value + strcspn(value, " \t\n");
    }
    *at = *end ? end + 1 : end;
    *end = '\0';
    *ret_value = value;
    return word;
}

struct access_who *access_who_parse(const char *text, struct verror *err)
{
    _cleanup_(access_who_freep) struct access_who *who = XNEW(struct access_who);
    _cleanup_free_ char *copy = xstrdup(text);
    char *at = copy, *word, *value;
    bool everybody = false;

    while ((word = next_word(&at, &value, err))) {
        if (strcmp(word, "*") == 0)
            everybody = true;
        else if (add_condition(who, word, value, err) < 0)
            return NULL;
    }
    if (err->code)
        return NULL;
    if (everybody == (who->first != NULL)) {
        (void)verror_set(err, VIR_ERR_CONF_SYNTAX, "\"%s\" is neither \"*\" nor conditions", text);
        return NULL;
    }
    return STEAL_PTR(who);
}

bool access_who_matches(const struct access_who *who, const struct identity *identity)
{
    for (const struct condition *c = who->first; c; c = c->next)
        if (!c->kind->matches(c, identity))
            return false;
    return true;
}
