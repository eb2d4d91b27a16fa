#include "tests/tap.h"

#include "wire/jsonpath.h"

#include <errno.h>

static struct err err;

/* What the path finds in the document, as JSON texts with a space between; "!" and the error. */
static const char *found(const char *document, const char *path)
{
    static char text[2000];
    struct arena a = ARENA(MEM_TEST, 0);
    struct buf out = BUF(MEM_TEST, 0);
    struct json_value *root;
    struct jsonpath *p;
    struct jsonpath_nodes nodes;
    int r = json_parse(slice_from(document), &a, 0, &root, NULL);
    CHECK_INT(r, 0);
    if (r == 0)
        r = jsonpath_parse(slice_from(path), &a, &p, &err);
    if (r == 0)
        r = jsonpath_select(p, root, &a, &nodes);
    for (uint32_t i = 0; r == 0 && i < nodes.count; i++) {
        struct json_writer w;
        if (i)
            buf_append_byte(&out, ' ');
        json_begin(&w, &out, 0);
        json_tree(&w, nodes.node[i]);
        CHECK_INT(json_end(&w), 0);
    }
    snprintf(text, sizeof(text), "%s", r < 0 ? err.text : out.data ? out.data : "");
    buf_done(&out);
    arena_done(&a);
    return text;
}

struct example {
    const char *path, *found;
};

static void check_examples(const char *document, const struct example *e, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *got = found(document, e[i].path);
        if (strcmp(got, e[i].found) != 0)
            printf("# path %s\n", e[i].path);
        CHECK_STR(got, e[i].found);
    }
}

#define CHECK_EXAMPLES(document, ...)                              \
    do {                                                           \
        static const struct example examples_[] = {__VA_ARGS__};   \
        check_examples(document, examples_, ARRAY_LEN(examples_)); \
    } while (0)

static const char store[] =
    "{\"store\":{\"book\":[{\"title\":\"A\",\"price\":8.95},{\"title\":\"B\",\"price\":12.99,"
    "\"isbn\":\"x\"},{\"title\":\"C\",\"price\":22.99}],\"bicycle\":{\"price\":399}},"
    "\"a b\":1,\"a.b\":2,\"\":3,\"a-b\":4,\"\\u00e9\":5,\"q'\\\"\":6}";

static void names_and_indexes_find_one_value(void)
{
    CHECK_EXAMPLES(store, {"$.store.book[0].title", "\"A\""}, {"store.book[0].title", "\"A\""},
                   {".store.book[-1].title", "\"C\""}, {"{.store.book[1].isbn}", "\"x\""},
                   {" { $.store.bicycle.price } ", "399"}, {"$['a b']", "1"}, {"$[\"a.b\"]", "2"},
                   {"['']", "3"}, {"$.a-b", "4"}, {"a\\.b", "2"}, {"$.\303\251", "5"},
                   {"$['\\u00e9']", "5"}, {"$['q\\'\"']", "6"}, {"$[\"q'\\\"\"]", "6"},
                   {"$ .store [ 'bicycle' ] .price", "399"});
    CHECK_EXAMPLES("[1,[2,3]]", {"[1][0]", "2"}, {"$[1].[1]", "3"}, {"$", "[1,[2,3]]"});
}

static void what_is_not_there_is_an_empty_answer(void)
{
    CHECK_EXAMPLES(store, {"$.none", ""}, {"$.none.deeper[0]", ""}, {"$.store.book[3]", ""},
                   {"$.store.book[-4]", ""}, {"$.store[0]", ""}, {"$.store.book.title", ""},
                   {"$['a b'].c", ""}, {"$['a b'][*]", ""});
}

static void wildcards_and_unions_find_several(void)
{
    CHECK_EXAMPLES(store, {"$.store.book[*].title", "\"A\" \"B\" \"C\""},
                   {"$.store.*.price", "399"}, {"$.store.book[0,2,0].title", "\"A\" \"C\" \"A\""},
                   {"$['a b','a.b']", "1 2"}, {"$.store.book[1]['isbn','title']", "\"x\" \"B\""});
    CHECK_EXAMPLES("{\"a\":{\"x\":1},\"b\":[2,3]}", {"$.*.*", "1 2 3"}, {"$[*][*]", "1 2 3"});
}

static void two_dots_look_at_any_depth_parents_first(void)
{
    CHECK_EXAMPLES(store, {"$..price", "8.95 12.99 22.99 399"}, {"$..book[0].title", "\"A\""},
                   {"..isbn", "\"x\""}, {"$.store..none", ""});
    CHECK_EXAMPLES("{\"a\":[{\"a\":1},2],\"b\":{\"a\":3}}", {"$..a", "[{\"a\":1},2] 1 3"},
                   {"$..[0]", "{\"a\":1}"}, {"$..*", "[{\"a\":1},2] {\"a\":3} {\"a\":1} 2 1 3"},
                   {"$.a..a", "1"}, {"$..['a','b']", "[{\"a\":1},2] {\"a\":3} 1 3"});
}

static void slices_are_those_of_the_rfc(void)
{
    CHECK_EXAMPLES("[0,1,2,3,4,5,6]", {"$[1:3]", "1 2"}, {"$[5:]", "5 6"}, {"$[1:5:2]", "1 3"},
                   {"$[5:1:-2]", "5 3"}, {"$[::-1]", "6 5 4 3 2 1 0"}, {"$[:2]", "0 1"},
                   {"$[-2:]", "5 6"}, {"$[:-5]", "0 1"}, {"$[:]", "0 1 2 3 4 5 6"}, {"$[::0]", ""},
                   {"$[10:20]", ""}, {"$[-20:2]", "0 1"}, {"$[20::-3]", "6 3 0"}, {"$[3:1]", ""},
                   {"$[1:-20:-1]", "1 0"}, {"$[ 1 : 3 ]", "1 2"}, {"$[::3]", "0 3 6"},
                   {"$[:-3:-1]", "6 5"}, {"$[-1:-4:-1]", "6 5 4"});
    CHECK_EXAMPLES("{\"a\":1}", {"$[0:1]", ""});
    CHECK_EXAMPLES("[]", {"$[::-1]", ""}, {"$[0:1]", ""});
}

static void filters_compare_and_combine(void)
{
    CHECK_EXAMPLES(store, {"$.store.book[?@.price < 10].title", "\"A\""},
                   {"$.store.book[?(@.price>=12.99)].title", "\"B\" \"C\""},
                   {"$.store.book[?@.isbn].title", "\"B\""},
                   {"$.store.book[?!@.isbn].title", "\"A\" \"C\""},
                   {"$.store.book[?@.title == 'B' || @.title == \"C\"].price", "12.99 22.99"},
                   {"$.store.book[?@.title != 'B' && @.price > 10].title", "\"C\""},
                   {"$.store.book[?!(@.title == 'A' || @.isbn)].title", "\"C\""},
                   {"$.store.book[?@.price == $.store.book[0].price].title", "\"A\""},
                   {"$..[?@.price == 399]", "{\"price\":399}"},
                   {"$.store.book[?'A' == @.title, ?@.isbn].title", "\"A\" \"B\""});
    CHECK_EXAMPLES("[{\"a\":[{\"b\":1}]},{\"a\":[{\"b\":2},{\"b\":3}]},{\"a\":[]}]",
                   {"$[?@.a[?@.b == 3]]", "{\"a\":[{\"b\":2},{\"b\":3}]}"},
                   {"$[?@.a[*]].a[0].b", "1 2"}, {"$[?@..b].a[-1].b", "1 3"});
}

static void comparison_follows_the_types(void)
{
    CHECK_EXAMPLES(
        "[1,1.0,10,\"1\",true,null,[1],[1.0],{\"a\":1},\"b\",\"ba\"]", {"$[?@ == 1]", "1 1.0"},
        {"$[?@ < 2]", "1 1.0"}, {"$[?@ == '1']", "\"1\""}, {"$[?@ == true]", "true"},
        {"$[?@ == null]", "null"}, {"$[?@ == $[6]]", "[1] [1.0]"}, {"$[?@ > 'a']", "\"b\" \"ba\""},
        {"$[?@ > 'b']", "\"ba\""},
        {"$[?@.none == @.nothing]", "1 1.0 10 \"1\" true null [1] [1.0] {\"a\":1} \"b\" \"ba\""},
        {"$[?@.none < 1]", ""}, {"$[?@ <= null]", "null"}, {"$[?@ == 1e1]", "10"},
        {"$[?@.a <= 1]", "{\"a\":1}"});
    CHECK_EXAMPLES("[9007199254740993,9007199254740992]",
                   {"$[?@ > 9007199254740992]", "9007199254740993"});
}

static void a_hostile_document_meets_the_limits(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct buf text = BUF(MEM_TEST, 0);
    struct json_value *root;
    struct jsonpath *p;
    struct jsonpath_nodes nodes = {NULL, 7};
    buf_append_cstr(&text, "[0");
    for (int i = 0; i < JSONPATH_NODES_MAX; i++)
        buf_append_cstr(&text, ",0");
    buf_append_cstr(&text, "]");
    CHECK_INT(json_parse(buf_slice(&text), &a, 0, &root, NULL), 0);
    CHECK_INT(jsonpath_parse(SLICE("$[*]"), &a, &p, &err), 0);
    CHECK_INT(jsonpath_select(p, root, &a, &nodes), -E2BIG);
    CHECK_INT(jsonpath_parse(SLICE("$[?$..*]"), &a, &p, &err), 0); /* each times each */
    CHECK_INT(jsonpath_select(p, root, &a, &nodes), -E2BIG);
    CHECK_INT(jsonpath_parse(SLICE("$[?$[99999] == 1]"), &a, &p, &err), 0);
    CHECK_INT(jsonpath_select(p, root, &a, &nodes), -E2BIG);
    CHECK_INT(nodes.count, 7); /* untouched */
    struct arena tiny = ARENA(MEM_TEST, 8);
    CHECK_INT(jsonpath_parse(SLICE("$[1,2,3]"), &a, &p, &err), 0);
    CHECK_INT(jsonpath_select(p, root, &tiny, &nodes), -ENOSPC);
    arena_done(&tiny);
    buf_clear(&text);
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        buf_append_cstr(&text, "[");
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        buf_append_cstr(&text, "]");
    CHECK_INT(json_parse(buf_slice(&text), &a, 0, &root, NULL), 0);
    CHECK_INT(jsonpath_parse(SLICE("$..[*]"), &a, &p, &err), 0);
    CHECK_INT(jsonpath_select(p, root, &a, &nodes), 0);
    CHECK_INT(nodes.count, JSON_DEPTH_MAX - 1);
    buf_done(&text);
    arena_done(&a);
}

static void nothing_is_left_allocated(void)
{
    CHECK_INT(mem_usage_of(MEM_WIRE).live, 0);
    CHECK_INT(mem_usage_of(MEM_TEST).live, 0);
}

int main(void)
{
    TAP_RUN(names_and_indexes_find_one_value);
    TAP_RUN(what_is_not_there_is_an_empty_answer);
    TAP_RUN(wildcards_and_unions_find_several);
    TAP_RUN(two_dots_look_at_any_depth_parents_first);
    TAP_RUN(slices_are_those_of_the_rfc);
    TAP_RUN(filters_compare_and_combine);
    TAP_RUN(comparison_follows_the_types);
    TAP_RUN(a_hostile_document_meets_the_limits);
    TAP_RUN(nothing_is_left_allocated);
    return tap_done();
}
