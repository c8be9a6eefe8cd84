/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The access rules of the config: read into sets of bits, and asked; see access.h.  Loop thread. */

#include "calls/access.h"

#include <string.h>

#include "util/alloc.h"

static const char *const object_names[] = {
    [OBJECT_UNSET] = "unknown", [OBJECT_CONNECT] = "connect", [OBJECT_DOMAIN] = "domain",
    [OBJECT_POOL] = "pool",     [OBJECT_VOLUME] = "volume",   [OBJECT_JOB] = "job",
};
_Static_assert(ARRAY_SIZE(object_names) == OBJECT_MAX, "each kind of object has a name");

static const char *const operation_names[] = {
    [OPERATION_UNSET] = "unknown",   [OPERATION_GREET] = "greet",   [OPERATION_READ] = "read",
    [OPERATION_CONTROL] = "control", [OPERATION_CHANGE] = "change", [OPERATION_DATA] = "data",
    [OPERATION_MONITOR] = "monitor",
};
_Static_assert(ARRAY_SIZE(operation_names) == OPERATION_MAX, "each operation has a name");
_Static_assert(64 / OPERATION_MAX >= OBJECT_MAX, "a pair is a bit");

struct access_rule {
    struct access_rule *next;
    struct access_who *who;
    bool allow;
    uint64_t bits;
    char *text;
};

struct access_rules {
    struct access_rule *first, **end;
};

const char *access_object_name(enum call_object object)
{
    return object_names[object];
}

const char *access_operation_name(enum call_operation operation)
{
    return operation_names[operation];
}

/* --- reading --- */

struct access_rules *access_rules_new(void)
{
    struct access_rules *rules = XNEW(struct access_rules);

    rules->end = &rules->first;
    return rules;
}

static void rule_free(struct access_rule *rule)
{
    if (!rule)
        return;
    access_who_free(rule->who);
    free(rule->text);
    free(rule);
}
DEFINE_CLEANUP(struct access_rule *, rule_free);

void access_rules_free(struct access_rules *rules)
{
    if (!rules)
        return;
    while (rules->first) {
        struct access_rule *rule = rules->first;

        rules->first = rule->next;
        rule_free(rule);
    }
    free(rules);
}

/*
 * Words of a table, from first on, with blanks or commas between; "*" is all of them.  The set
 * of their numbers, or 0 with err.
 */
static unsigned int parse_words(const char *text, const char *what, const char *const *names,
                                int first, int max, struct verror *err)
{
    _cleanup_free_ char *copy = xstrdup(text);
    char *save = NULL;
    unsigned int set = 0;

    for (char *word = strtok_r(copy, " ,\t\n", &save); word;
         word = strtok_r(NULL, " ,\t\n", &save)) {
        int i = first;

        while (i < max && strcmp(names[i], word) != 0)
            i++;
        if (strcmp(word, "*") == 0) {
            set |= (1u << max) - (1u << first);
        } else if (i == max) {
            (void)verror_set(err, VIR_ERR_CONF_SYNTAX, "'%s' is no %s", word, what);
            return 0;
        } else {
            set |= 1u << i;
        }
    }
    if (!set)
        (void)verror_set(err, VIR_ERR_CONF_SYNTAX, "no %s is named", what);
    return set;
}

static uint64_t cross(unsigned int objects, unsigned int operations)
{
    uint64_t bits = 0;

    for (int object = 0; object < OBJECT_MAX; object++)
        for (int operation = 0; operation < OPERATION_MAX; operation++)
            if (objects & (1u << object) && operations & (1u << operation))
                bits |= access_bit(object, operation);
    return bits;
}

static int parse_bits(struct access_rule *rule, const struct access_rule_text *text,
                      struct verror *err)
{
    unsigned int objects, operations;

    if (!text->allow == !text->deny)
        return verror_set(err, VIR_ERR_CONF_SYNTAX,
                          "a rule has either 'allow' or 'deny', with the operations");
    operations = parse_words(text->allow ? text->allow : text->deny, "operation", operation_names,
                             OPERATION_READ, OPERATION_MAX, err);
    if (!operations)
        return -1;
    objects = parse_words(text->on ? text->on : "*", "kind of object", object_names, OBJECT_CONNECT,
                          OBJECT_MAX, err);
    if (!objects)
        return -1;
    rule->allow = text->allow != NULL;
    rule->bits = cross(objects, operations);
    return 0;
}

int access_rules_add(struct access_rules *rules, const struct access_rule_text *text,
                     struct verror *err)
{
    _cleanup_(rule_freep) struct access_rule *rule = XNEW(struct access_rule);

    if (!text->who)
        return verror_set(err, VIR_ERR_CONF_SYNTAX, "a rule says for 'who' it is");
    rule->who = access_who_parse(text->who, err);
    if (!rule->who || parse_bits(rule, text, err) < 0)
        return -1;
    rule->text =
        xasprintf("%s %s on %s for %s", rule->allow ? "allow" : "deny",
                  rule->allow ? text->allow : text->deny, text->on ? text->on : "*", text->who);
    *rules->end = rule;
    rules->end = &rule->next;
    rule = NULL;
    return 0;
}

bool access_rules_are_empty(const struct access_rules *rules)
{
    return !rules || !rules->first;
}

bool access_rules_equal(const struct access_rules *a, const struct access_rules *b)
{
    const struct access_rule *one = a ? a->first : NULL, *other = b ? b->first : NULL;

    for (; one && other; one = one->next, other = other->next)
        if (strcmp(one->text, other->text) != 0)
            return false;
    return !one && !other;
}

/* --- asking --- */

bool access_rules_name(const struct access_rules *rules, const struct identity *identity)
{
    for (const struct access_rule *rule = rules ? rules->first : NULL; rule; rule = rule->next)
        if (access_who_matches(rule->who, identity))
            return true;
    return false;
}

uint64_t access_rules_allow(const struct access_rules *rules, const struct identity *identity)
{
    uint64_t allowed = cross(1u << OBJECT_CONNECT, 1u << OPERATION_GREET), decided = 0;

    if (access_rules_are_empty(rules))
        return UINT64_MAX;
    for (const struct access_rule *rule = rules->first; rule; rule = rule->next) {
        if (!access_who_matches(rule->who, identity))
            continue;
        if (rule->allow)
            allowed |= rule->bits & ~decided;
        decided |= rule->bits;
    }
    return allowed;
}

char *access_rules_explain(const struct access_rules *rules, const struct identity *identity,
                           enum call_object object, enum call_operation operation)
{
    unsigned int number = 1;

    for (const struct access_rule *rule = rules ? rules->first : NULL; rule;
         rule = rule->next, number++) {
        if (rule->bits & access_bit(object, operation) && access_who_matches(rule->who, identity))
            return xasprintf("by rule %u of access_rules (%s)", number, rule->text);
    }
    return xstrdup("by access_rules, none of which allows it");
}
