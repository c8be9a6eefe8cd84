/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/hypervisor/qemu/bitmaps_follow.c: which bitmaps are whole, and where they go on. */

#include "hypervisor/qemu/bitmaps.h"

#include <check.h>
#include <string.h>

#include "scratch.h"
#include "util/alloc.h"

/* A disk has "top", "mid" and "base"; "new" is what it is copied to. */
static const char *const chain[] = { "top", "mid", "base" };

/*
 * What there is, in words: "top:X" a good one, "top:X?" one that is lost, "top:X-" switched off,
 * "top:X~" kept nowhere; "mid=512" the size of an image, else 1024; "new!" it holds none.
 */
static void add_word(struct bitmaps *bitmaps, char *word)
{
    char *at = word + strcspn(word, ":=!"), what = *at;
    struct bitmap_image *image;

    *at++ = '\0';
    if (what == ':') {
        char how = at[1];

        at[1] = '\0';
        bitmaps->list[bitmaps->n++] = (struct bitmap){ .node = xstrdup(word),
                                                       .name = xstrdup(at),
                                                       .granularity = 65536,
                                                       .recording = how != '-' && how != '?',
                                                       .persistent = how != '~',
                                                       .inconsistent = how == '?' };
        return;
    }
    image = (struct bitmap_image *)bitmaps_image(bitmaps, word);
    if (what == '=')
        image->size = strtoul(at, NULL, 10);
    else
        image->holds = false;
}

static struct bitmaps bitmaps_of(const char *words)
{
    static const char *const nodes[] = { "top", "mid", "base", "new" };
    struct bitmaps bitmaps = { .list = xcalloc(8, sizeof(*bitmaps.list)),
                               .images = xcalloc(4, sizeof(*bitmaps.images)) };
    _cleanup_free_ char *text = xstrdup(words);
    char *rest = NULL;

    for (; bitmaps.nimages < ARRAY_SIZE(nodes); bitmaps.nimages++)
        bitmaps.images[bitmaps.nimages] = (struct bitmap_image){
            .node = xstrdup(nodes[bitmaps.nimages]), .size = 1024, .holds = true
        };
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        add_word(&bitmaps, word);
    return bitmaps;
}

static const struct bitmaps_move pull = { chain, 3, 1, 3, "top", "/top", false };
static const struct bitmaps_move middle = { chain, 3, 1, 2, "base", "/base", true };
static const struct bitmaps_move active = { chain, 3, 0, 2, "base", "/base", true };
static const struct bitmaps_move full = { chain, 3, 0, 3, "new", "/new", false };
static const struct bitmaps_move shallow = { chain, 3, 0, 1, "new", "/new", false };

/* --- which are whole --- */

struct whole_case {
    const char *there;
    bool is_whole;
};

static const struct whole_case whole_cases[] = {
    { "", false },
    { "top:X", true },
    { "top:X mid:X base:X", true },
    { "mid:X base:X", false }, /* the guest writes to top */
    { "top:X base:X", false },
    { "top:X mid:Y", true },
    { "top:X? mid:X", false },
    { "top:X mid:X?", false },
    { "top:X mid:X-", false },
    { "top:X~", false },
    { "new:X", false },
};

START_TEST(whole)
{
    const struct whole_case *c = &whole_cases[_i];
    struct bitmaps bitmaps = bitmaps_of(c->there);

    ck_assert_int_eq(bitmaps_are_whole(&bitmaps, chain, 3, "X"), c->is_whole);
    bitmaps_clear(&bitmaps);
}
END_TEST

/* --- steps --- */

/* "+node:name" added, "!node:name" switched on, "node:name<node" merged. */
static void add_text(char *text, const json_t *step)
{
    const char *type = json_string_value(json_object_get(step, "type"));
    json_t *data = json_object_get(step, "data");
    const char *node = json_string_value(json_object_get(data, "node"));
    const char *name = json_string_value(json_object_get(data, "name"));
    const char *from = NULL, *of = NULL;
    size_t used = strlen(text);

    if (strcmp(type, "block-dirty-bitmap-merge") == 0) {
        ck_assert_int_eq(json_unpack(data, "{s:s, s:[{s:s, s:s}!]}", "target", &name, "bitmaps",
                                     "node", &from, "name", &of),
                         0);
        ck_assert_str_eq(name, of);
        (void)snprintf(text + used, 512 - used, " %s:%s<%s", node, name, from);
        return;
    }
    if (strcmp(type, "block-dirty-bitmap-add") == 0) {
        ck_assert(json_is_true(json_object_get(data, "persistent")));
        ck_assert_int_eq(json_integer_value(json_object_get(data, "granularity")), 65536);
        ck_assert_ptr_null(json_object_get(data, "disabled"));
    } else {
        ck_assert_str_eq(type, "block-dirty-bitmap-enable");
    }
    (void)snprintf(text + used, 512 - used, " %c%s:%s", strstr(type, "add") ? '+' : '!', node,
                   name);
}

/* Takes steps over. */
static void steps_are(json_t *steps, const char *expected)
{
    char text[512] = "";
    json_t *step;
    size_t i;

    json_array_foreach(steps, i, step) add_text(text, step);
    json_decref(steps);
    ck_assert_str_eq(text, expected);
}

START_TEST(new_image)
{
    struct bitmaps bitmaps = bitmaps_of("top:X top:L? top:O- top:T top:S~ mid:Y new:T");
    json_t *steps = json_array();

    bitmaps_steps_above(&bitmaps, "top", "new", steps);
    steps_are(steps, " +new:X");
    bitmaps_clear(&bitmaps);
}
END_TEST

#define NO_PLACE(what)                                                                             \
    "'" what "' is no qcow2 image that could take over dirty bitmap 'X'; delete its checkpoint "   \
    "first"
#define OTHER_SIZE(what)                                                                           \
    "dirty bitmap 'X' is of an image of another size than '" what "', which could not take it "    \
    "over; delete its checkpoint first"
#define HAS_LOST                                                                                   \
    "dirty bitmap 'X' does not say all that was written to the disk, and would seem to "           \
    "afterwards; delete its checkpoint first"

struct move_case {
    const struct bitmaps_move *move;
    const char *there;
    const char *steps; /* or the error, if it does not begin with a space and is not empty */
};

static const struct move_case move_cases[] = {
    { &pull, "", "" },
    { &pull, "top:X", "" },
    { &pull, "top:X mid:X base:X", " top:X<mid top:X<base" },
    { &middle, "top:X", "" },
    { &middle, "top:X mid:X", " +base:X base:X<mid" },
    { &middle, "top:X mid:X base:X", " base:X<mid" }, /* also after a first time */
    { &active, "top:X mid:X top:Y", " +base:X base:X<top +base:Y base:Y<top base:X<mid" },
    { &full, "base:X top:X mid:X", " +new:X new:X<top new:X<mid new:X<base" },
    { &full, "top:X new:X-", " !new:X new:X<top" },
    { &shallow, "top:X mid:X", " +new:X new:X<top" },

    /* what cannot take them over */
    { &full, "top:X new!", NO_PLACE("/new") },
    { &full, "top:Y- new!", "" },
    { &active, "top:X base!", NO_PLACE("/base") },
    { &full, "top:X new:X?", "'/new' has a dirty bitmap 'X' already, which cannot be used" },
    { &full, "top:X new:X~", "'/new' has a dirty bitmap 'X' already, which cannot be used" },

    /* sizes */
    { &pull, "top:X mid:X mid=512", OTHER_SIZE("/top") },
    { &active, "top:X base=512", " +base:X base:X<top" },     /* it grows */
    { &active, "top:X base=2048", OTHER_SIZE("/base") },      /* it does not become smaller */
    { &active, "top:X mid:X base:X mid=512", " base:X<top" }, /* marked as it is written */

    /* what has been lost is not to seem whole */
    { &pull, "top:X mid:X?", HAS_LOST },
    { &middle, "top:X mid:X?", HAS_LOST },
    { &full, "top:X? new:X", HAS_LOST },
    { &pull, "top:X? mid:X", "" },
    { &pull, "mid:X", "" },
    { &shallow, "top:X? mid:X", "" },
    { &full, "top:X?", "" },
    { &middle, "top:X mid:X? base:X", "" }, /* all of it is marked as it is committed */
};

START_TEST(moved)
{
    const struct move_case *c = &move_cases[_i];
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct bitmaps bitmaps = bitmaps_of(c->there);
    int rc = bitmaps_check_move(&bitmaps, c->move, &err);

    if (*c->steps && *c->steps != ' ') {
        ck_assert_int_eq(rc, -1);
        ck_assert_msg(strstr(verror_text(&err), c->steps) != NULL, "%s", verror_text(&err));
        ck_assert_int_eq(err.code, VIR_ERR_OPERATION_UNSUPPORTED);
    } else {
        ck_assert_msg(rc == 0, "%s", verror_text(&err));
        steps_are(bitmaps_steps_move(&bitmaps, c->move), c->steps);
    }
    bitmaps_clear(&bitmaps);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bitmaps_follow");
    TCase *tcase = tcase_create("bitmaps_follow");

    tcase_add_loop_test(tcase, whole, 0, ARRAY_SIZE(whole_cases));
    tcase_add_test(tcase, new_image);
    tcase_add_loop_test(tcase, moved, 0, ARRAY_SIZE(move_cases));
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
