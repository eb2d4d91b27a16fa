#include "lang/tree.h"

#include "tests/tap.h"

static void lists_are_chained_in_their_order(void)
{
    struct tree t;
    struct node_list list = {0};
    tree_init(&t, 10, 1000, 1);
    node_ref a = tree_add(&t, NODE_NAME, 1), b = tree_add(&t, NODE_NAME, 2);
    tree_append(&t, &list, a);
    tree_append(&t, &list, b);
    CHECK_INT(tree_length(&t, list.first), 2);
    CHECK_INT(tree_at(&t, list.first, 1), b);
    CHECK_INT(tree_at(&t, list.first, 2), 0);
    CHECK_INT(tree_length(&t, 0), 0);
    tree_done(&t);
}

static void a_full_tree_says_so(void)
{
    struct tree t;
    tree_init(&t, 10, 3, 1);
    CHECK_INT(tree_add(&t, NODE_NAME, 1), 1);
    CHECK_INT(tree_add(&t, NODE_NAME, 1), 2);
    CHECK(!t.is_full);
    CHECK_INT(tree_add(&t, NODE_NAME, 1), 0);
    CHECK(t.is_full);
    tree_done(&t);
}

/* Blocks of the range alone; ASan and valgrind see it where a node of them is asked for. */
static void a_part_goes_early_and_the_rest_stays(void)
{
    struct tree t;
    uint32_t count = 4 * TREE_BLOCK_NODES;
    tree_init(&t, count, UINT32_MAX, 1);
    while (t.count < count)
        tree_add(&t, NODE_NAME, t.count);
    node_ref from = TREE_BLOCK_NODES - 3, to = 3 * TREE_BLOCK_NODES + 3;
    tree_release(&t, from, to);
    CHECK(!t.blocks[1] && !t.blocks[2] && t.blocks[0] && t.blocks[3]);
    CHECK_INT(tree_node(&t, from)->at, from);
    CHECK_INT(tree_node(&t, to)->at, to);
    tree_release(&t, from, to); /* gone is gone */
    tree_done(&t);
}

static void places_are_found_in_their_files(void)
{
    struct tree t;
    tree_init(&t, 10, 1000, 2);
    t.files[0].first = 1;
    t.files[0].text = SLICE("abc");
    t.files[1].first = 5;
    t.files[1].text = SLICE("de f");
    CHECK(tree_file_of(&t, 4) == &t.files[0]);
    CHECK(tree_file_of(&t, 5) == &t.files[1]);
    CHECK(tree_file_of(&t, 0) == NULL && tree_file_of(&t, 99) == NULL);
    CHECK(slice_eq_cstr(tree_text(&t, 6), "e f"));
    CHECK_INT(tree_token_end(&t, 5), 7);
    CHECK(tree_file_of_text(&t, t.files[1].text.data + 2) == &t.files[1]);
    CHECK(tree_file_of_text(&t, "elsewhere") == NULL);
    tree_done(&t);
}

int main(void)
{
    TAP_RUN(lists_are_chained_in_their_order);
    TAP_RUN(a_full_tree_says_so);
    TAP_RUN(a_part_goes_early_and_the_rest_stays);
    TAP_RUN(places_are_found_in_their_files);
    return tap_done();
}
