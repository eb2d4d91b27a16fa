#include "model/kind.h"

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
    TAP_RUN(a_name_is_one_part_of_a_key);
    return tap_done();
}
