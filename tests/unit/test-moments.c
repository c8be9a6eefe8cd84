/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/hypervisor/moments.c: the tree that names of parents make, what lists find in it, and what
 * is left of it when some of it goes.
 */

#include "domain-fixture.h"
#include "hypervisor/domain.h"
#include "scratch.h"

static struct domain domain = {
    .snapshots = { .type = &snapshot_moments, .domain = &domain },
};

static void add(const char *name, const char *parent, int state, bool external)
{
    struct snapshot_def *def = XNEW(struct snapshot_def);

    def->refs = 1;
    def->name = xstrdup(name);
    def->parent = xstrdup(parent);
    def->state = state;
    def->memory = external ? SNAPSHOT_PLACE_EXTERNAL : SNAPSHOT_PLACE_INTERNAL;
    moment_put(&domain.snapshots, def);
    snapshot_def_unref(def);
}

/* root1 ── a ── b ── c,  a ── d;  root2 */
static void plant(void)
{
    add("c", "b", VIR_DOMAIN_PAUSED, false); /* its parents come later, as rows do */
    add("b", "a", SNAPSHOT_STATE_DISKS, true);
    add("root1", NULL, VIR_DOMAIN_SHUTOFF, false);
    add("a", "root1", VIR_DOMAIN_RUNNING, false);
    add("d", "a", VIR_DOMAIN_SHUTOFF, true);
    add("root2", "gone", VIR_DOMAIN_SHUTOFF, false);
}

static void listed(const char *below, unsigned int flags, const char *expected)
{
    const struct moment *from = below ? moment_find(&domain.snapshots, below) : NULL;
    char text[256] = "";
    size_t n;
    struct moment **list =
        moments_list(&domain.snapshots, from, flags | VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL, &n);

    for (size_t i = 0; i < n; i++) {
        strcat(text, list[i]->key.name);
        strcat(text, " ");
    }
    free(list);
    ck_assert_msg(strcmp(text, expected) == 0, "below %s, 0x%x: '%s'", below ? below : "-", flags,
                  text);
}

START_TEST(test_lists)
{
    plant();
    listed(NULL, 0, "root1 root2 a b d c ");
    listed(NULL, VIR_DOMAIN_SNAPSHOT_LIST_ROOTS, "root1 root2 ");
    listed("a", 0, "b d ");
    listed("a", VIR_DOMAIN_SNAPSHOT_LIST_DESCENDANTS, "b d c ");
    listed("c", VIR_DOMAIN_SNAPSHOT_LIST_DESCENDANTS, "");
    listed(NULL, VIR_DOMAIN_SNAPSHOT_LIST_LEAVES, "root2 d c ");
    listed(NULL, VIR_DOMAIN_SNAPSHOT_LIST_NO_LEAVES, "root1 a b ");
    listed(NULL, VIR_DOMAIN_SNAPSHOT_LIST_METADATA, "root1 root2 a b d c ");
    listed(NULL, VIR_DOMAIN_SNAPSHOT_LIST_NO_METADATA, "");
    listed(NULL, VIR_DOMAIN_SNAPSHOT_LIST_INACTIVE, "root1 root2 d ");
    listed(NULL, VIR_DOMAIN_SNAPSHOT_LIST_ACTIVE, "a c ");
    listed(NULL, VIR_DOMAIN_SNAPSHOT_LIST_DISK_ONLY, "b ");
    listed(NULL, VIR_DOMAIN_SNAPSHOT_LIST_INTERNAL, "root1 root2 a c ");
    listed(NULL, VIR_DOMAIN_SNAPSHOT_LIST_EXTERNAL, "b d ");
    listed(NULL, VIR_DOMAIN_SNAPSHOT_LIST_EXTERNAL | VIR_DOMAIN_SNAPSHOT_LIST_LEAVES, "d ");
    listed("a", VIR_DOMAIN_SNAPSHOT_LIST_DESCENDANTS | VIR_DOMAIN_SNAPSHOT_LIST_ACTIVE, "c ");
    moments_clear(&domain.snapshots);
}
END_TEST

START_TEST(test_tree)
{
    struct moment *a, *c;

    plant();
    a = moment_find(&domain.snapshots, "a");
    c = moment_find(&domain.snapshots, "c");
    ck_assert_uint_eq(a->nchildren, 2);
    ck_assert_uint_eq(a->depth, 1);
    ck_assert_uint_eq(c->depth, 3);
    ck_assert_ptr_null(moment_find(&domain.snapshots, "root2")->parent);
    ck_assert(moment_is_above(a, c) && !moment_is_above(c, a) && !moment_is_above(a, a));
    moments_clear(&domain.snapshots);
}
END_TEST

/* One that is put again is the same to those who have it, with another text and place. */
START_TEST(test_again)
{
    struct moment *c;

    plant();
    c = moment_find(&domain.snapshots, "c");
    domain.snapshots.current = c;
    add("c", "root2", VIR_DOMAIN_RUNNING, false);
    ck_assert_ptr_eq(moment_find(&domain.snapshots, "c"), c);
    ck_assert_ptr_eq(domain.snapshots.current, c);
    ck_assert_uint_eq(c->depth, 1);
    ck_assert_uint_eq(moment_find(&domain.snapshots, "b")->nchildren, 0);
    ck_assert_uint_eq(moments_count(&domain.snapshots), 6);
    moment_drop(&domain.snapshots, c);
    ck_assert_ptr_null(domain.snapshots.current);
    ck_assert_uint_eq(moment_find(&domain.snapshots, "root2")->nchildren, 0);
    moments_clear(&domain.snapshots);
    ck_assert_uint_eq(moments_count(&domain.snapshots), 0);
}
END_TEST

/* Who loses its parent goes on below the next above that stays, and the domain from that, too. */
START_TEST(test_doomed)
{
    struct doomed doomed = { 0 }, again = { 0 };
    json_t *json;

    plant();
    domain.snapshots.current = moment_find(&domain.snapshots, "b");
    doomed_find(&doomed, &domain.snapshots, moment_find(&domain.snapshots, "b"), true, true);
    ck_assert_uint_eq(doomed.n, 1);
    ck_assert_str_eq(doomed.names[0], "c");
    doomed_clear(&doomed);
    doomed_find(&doomed, &domain.snapshots, moment_find(&domain.snapshots, "b"), false, false);
    doomed_find(&doomed, &domain.snapshots, moment_find(&domain.snapshots, "a"), false, false);
    json = doomed_to_json(&doomed);
    doomed_from_json(json, &again);
    json_decref(json);
    ck_assert(again.n == 2 && doomed_has(&again, "a") && !doomed_has(&again, "c"));
    doomed_drop(&again, &domain.snapshots);
    listed(NULL, 0, "root1 root2 c d ");
    listed("root1", 0, "c d ");
    ck_assert_str_eq(domain.snapshots.current->key.name, "root1");
    doomed_clear(&doomed);
    doomed_clear(&again);
    moments_clear(&domain.snapshots);
}
END_TEST

static void check_parent(const char *name, const char *parent, const char *text)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    const struct moment_key key = { name, parent, NULL };
    int rc = moments_check_parent(&domain.snapshots, &key, &err);

    ck_assert_msg(rc == (text ? -1 : 0), "%s below %s", name, parent);
    if (text)
        ck_error(&err, VIR_ERR_INVALID_ARG, text);
}

START_TEST(test_parents)
{
    plant();
    check_parent("new", NULL, NULL);
    check_parent("new", "c", NULL);
    check_parent("a", "root2", NULL);
    check_parent("new", "new", "its own parent");
    check_parent("new", "gone", "parent gone for snapshot new not found");
    check_parent("a", "c", "cycle");
    moments_clear(&domain.snapshots);
}
END_TEST

/* Rows that say so are not to be believed, and are not walked for ever. */
START_TEST(test_circle)
{
    add("x", "z", VIR_DOMAIN_RUNNING, false);
    add("y", "x", VIR_DOMAIN_RUNNING, false);
    add("z", "y", VIR_DOMAIN_RUNNING, false);
    add("self", "self", VIR_DOMAIN_RUNNING, false);
    add("below", "z", VIR_DOMAIN_RUNNING, false);
    for (struct moment *at = domain.snapshots.by_name; at; at = at->hh.next)
        ck_assert_uint_le(at->depth, 5);
    ck_assert_uint_eq(moments_count(&domain.snapshots), 5);
    moments_clear(&domain.snapshots);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("moments");
    TCase *tcase = tcase_create("all");

    tcase_add_test(tcase, test_lists);
    tcase_add_test(tcase, test_tree);
    tcase_add_test(tcase, test_again);
    tcase_add_test(tcase, test_doomed);
    tcase_add_test(tcase, test_parents);
    tcase_add_test(tcase, test_circle);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
