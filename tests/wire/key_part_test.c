#include "wire/key_part.h"

#include "tests/tap.h"
#include "wire/url_escape.h"

static const char *part(struct slice name)
{
    static char text[64];
    struct buf out = BUF(MEM_TEST, 0);
    key_part_append(&out, name);
    snprintf(text, sizeof(text), "%s", out.data ? out.data : "");
    buf_done(&out);
    return text;
}

static void what_divides_keys_is_encoded(void)
{
    CHECK_STR(part(SLICE("web-1")), "web-1");
    CHECK_STR(part(SLICE("run/app.sock")), "run%2Fapp.sock");
    CHECK_STR(part(SLICE("100%")), "100%25");
    CHECK_STR(part(SLICE("a\nb\x7f")), "a%0Ab%7F");
    CHECK_STR(part(SLICE("Stra\u00dfe: a b")), "Stra\u00dfe: a b");
    CHECK_STR(part(SLICE("")), "");
}

static void it_reads_back(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct slice back, name = SLICE("/%2F\t%");
    CHECK_INT(url_unescape(slice_from(part(name)), false, &a, &back, NULL), 0);
    CHECK(slice_eq(back, name));
    arena_done(&a);
}

int main(void)
{
    TAP_RUN(what_divides_keys_is_encoded);
    TAP_RUN(it_reads_back);
    return tap_done();
}
