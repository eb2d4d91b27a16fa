#include "model/kind.h"

#include <errno.h>

#include "tests/tap.h"

static void a_kind_has_many_spellings(void)
{
    static const char *const words[] = {"asset", "assets", "Asset", "ASSETS"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const struct kind *k = kind_find(slice_from(words[i]));
        CHECK(k);
        CHECK_STR(k ? k->name : NULL, "asset");
    }
    CHECK_STR(kind_find(SLICE("RoleBinding"))->plural, "rolebindings");
    CHECK_STR(kind_find(SLICE("role_bindings"))->plural, "rolebindings");
    CHECK_STR(kind_find(SLICE("remedies"))->name, "remedy");
    CHECK(!kind_find(SLICE("remedys")));
    CHECK(!kind_find(SLICE("")));
    CHECK(!kind_find(SLICE("_asset")));
    CHECK(!kind_find(SLICE("assetss")));
}

static void a_misspelt_kind_has_a_nearest_one(void)
{
    CHECK_STR(kind_suggest(SLICE("aset")), "asset");
    CHECK_STR(kind_suggest(SLICE("chekcs")), "check");
    CHECK_STR(kind_suggest(SLICE("Remedys")), "remedy");
    CHECK(!kind_suggest(SLICE("xyzzy")));
}

static void a_word_has_a_kind_and_may_have_a_name(void)
{
    const struct kind *kind = NULL;
    const char *name = "untouched";
    struct err err = {0};
    CHECK_INT(kind_parse("assets", &kind, &name, &err), 0);
    CHECK_STR(kind->name, "asset");
    CHECK(!name);
    CHECK_INT(kind_parse("Tasks/t-1", &kind, &name, &err), 0);
    CHECK_STR(kind->name, "task");
    CHECK_STR(name, "t-1");

    CHECK_INT(kind_parse("aset/web", &kind, &name, &err), -EINVAL);
    CHECK_STR(err.text, "there is no kind 'aset': did you mean asset?");
    CHECK_INT(kind_parse("xyzzy", &kind, &name, &err), -EINVAL);
    CHECK_STR(err.text, "there is no kind 'xyzzy'");
    CHECK_INT(kind_parse("/web", &kind, &name, &err), -EINVAL);
    CHECK_INT(kind_parse("", &kind, &name, &err), -EINVAL);
    CHECK_INT(kind_parse("asset/", &kind, &name, &err), -EINVAL);
    CHECK_STR(err.text, "'asset/' has no name behind the '/'");
    CHECK_STR(kind->name, "task"); /* a failed call leaves both as they were */
    CHECK_STR(name, "t-1");
}

static void a_name_may_stand_behind_its_kind_and_no_other(void)
{
    const struct kind *task = kind_find(SLICE("task"));
    const char *name = "untouched";
    struct err err = {0};
    CHECK_INT(kind_parse_name(task, "asset/web", &name, &err), -EINVAL);
    CHECK_STR(err.text, "this takes a task, and 'asset/web' is an asset");
    CHECK_INT(kind_parse_name(kind_find(SLICE("asset")), "task/t-1", &name, &err), -EINVAL);
    CHECK_STR(err.text, "this takes an asset, and 'task/t-1' is a task");
    CHECK_INT(kind_parse_name(task, "tsk/t-1", &name, &err), -EINVAL);
    CHECK_STR(err.text, "this takes a task, as NAME or task/NAME: "
                        "there is no kind 'tsk': did you mean task?");
    CHECK_INT(kind_parse_name(task, "task/", &name, &err), -EINVAL);
    CHECK_STR(name, "untouched");

    CHECK_INT(kind_parse_name(task, "task/t-1", &name, &err), 0);
    CHECK_STR(name, "t-1");
    CHECK_INT(kind_parse_name(task, "TASKS/t-2", &name, &err), 0);
    CHECK_STR(name, "t-2");
    CHECK_INT(kind_parse_name(task, "asset", &name, &err), 0); /* a task may be called so */
    CHECK_STR(name, "asset");
}

static void a_name_is_one_part_of_a_key(void)
{
    char longest[KIND_NAME_BYTES_MAX + 1];
    memset(longest, 'a', sizeof(longest));
    CHECK(kind_name_ok(SLICE("redis-server-6379")));
    CHECK(kind_name_ok(SLICE("web_1.example:80")));
    CHECK(kind_name_ok((struct slice){longest, KIND_NAME_BYTES_MAX}));
    CHECK(!kind_name_ok((struct slice){longest, KIND_NAME_BYTES_MAX + 1}));
    CHECK(!kind_name_ok(SLICE("")));
    CHECK(!kind_name_ok(SLICE("a/b")));
    CHECK(!kind_name_ok(SLICE("..")));
    CHECK(!kind_name_ok(SLICE("a b")));
    CHECK(!kind_name_ok(SLICE("a\0b")));
    CHECK(!kind_name_ok(SLICE("\xc3\xa4")));
}

int main(void)
{
    TAP_RUN(a_kind_has_many_spellings);
    TAP_RUN(a_misspelt_kind_has_a_nearest_one);
    TAP_RUN(a_word_has_a_kind_and_may_have_a_name);
    TAP_RUN(a_name_may_stand_behind_its_kind_and_no_other);
    TAP_RUN(a_name_is_one_part_of_a_key);
    return tap_done();
}
