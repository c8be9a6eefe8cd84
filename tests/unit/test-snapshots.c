/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/hypervisor/snapshots.c: the tree that names of parents make, and what lists find in it. */

#include "domain-fixture.h"
#include "hypervisor/domain.h"
#include "scratch.h"

static struct domain domain;

static void add(const char *name, const char *parent, int state, bool external)
{
    struct snapshot_def *def = XNEW(struct snapshot_def);

    def->refs = 1;
    def->name = xstrdup(name);
    def->parent = xstrdup(parent);
    def->state = state;
    def->memory = external ? SNAPSHOT_PLACE_EXTERNAL : SNAPSHOT_PLACE_INTERNAL;
    snapshot_put(&domain, def);
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
    const struct snapshot *from = below ? snapshot_find(&domain, below) : NULL;
    char text[256] = "";
    size_t n;
    struct snapshot **list =
        snapshots_list(&domain, from, flags | VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL, &n);

    for (size_t i = 0; i < n; i++) {
        strcat(text, list[i]->def->name);
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
    snapshots_clear(&domain);
}
END_TEST

START_TEST(test_tree)
{
    struct snapshot *a, *c;

    plant();
    a = snapshot_find(&domain, "a");
    c = snapshot_find(&domain, "c");
    ck_assert_uint_eq(a->nchildren, 2);
    ck_assert_uint_eq(a->depth, 1);
    ck_assert_uint_eq(c->depth, 3);
    ck_assert_ptr_null(snapshot_find(&domain, "root2")->parent);
    ck_assert(snapshot_is_above(a, c) && !snapshot_is_above(c, a) && !snapshot_is_above(a, a));
    snapshots_clear(&domain);
}
END_TEST

/* One that is put again is the same to those who have it, with another text and place. */
START_TEST(test_again)
{
    struct snapshot *c;

    plant();
    c = snapshot_find(&domain, "c");
    snapshots_set_current(&domain, c);
    add("c", "root2", VIR_DOMAIN_RUNNING, false);
    ck_assert_ptr_eq(snapshot_find(&domain, "c"), c);
    ck_assert_ptr_eq(domain.snapshots.current, c);
    ck_assert_uint_eq(c->depth, 1);
    ck_assert_uint_eq(snapshot_find(&domain, "b")->nchildren, 0);
    ck_assert_uint_eq(snapshots_count(&domain), 6);
    snapshot_drop(&domain, c);
    ck_assert_ptr_null(domain.snapshots.current);
    ck_assert_uint_eq(snapshot_find(&domain, "root2")->nchildren, 0);
    snapshots_clear(&domain);
    ck_assert_uint_eq(snapshots_count(&domain), 0);
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
    for (struct snapshot *at = domain.snapshots.by_name; at; at = at->hh.next)
        ck_assert_uint_le(at->depth, 5);
    ck_assert_uint_eq(snapshots_count(&domain), 5);
    snapshots_clear(&domain);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("snapshots");
    TCase *tcase = tcase_create("all");

    tcase_add_test(tcase, test_lists);
    tcase_add_test(tcase, test_tree);
    tcase_add_test(tcase, test_again);
    tcase_add_test(tcase, test_circle);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
