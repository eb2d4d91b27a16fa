#include "wire/openmetrics.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>

#include "base/buf.h"
#include "tests/tap.h"

#define SUITE "../shared/conformance/openmetrics"
enum { SUITE_CASES = 106 };

static struct openmetrics *strict, *plain;
static struct err err;

/* What a page says, one line a sample, as text that tests compare. */
static void put_labels(struct buf *out, const struct openmetrics_labels *l)
{
    for (uint32_t i = 0; i < l->count; i++)
        buf_printf(out, "%s%.*s=%.*s", i ? "," : "{", SLICE_ARG(l->items[i].name),
                   SLICE_ARG(l->items[i].value));
    buf_append_cstr(out, l->count ? "}" : "");
}

static void put_sample(struct buf *out, const struct openmetrics_sample *s)
{
    buf_printf(out, "%s %.*s", openmetrics_type_name(s->type), SLICE_ARG(s->name));
    put_labels(out, &s->labels);
    buf_printf(out, " %.17g", s->value);
    if (s->has_timestamp)
        buf_printf(out, " @%lld", (long long)s->timestamp_ns);
    if (s->has_exemplar) {
        buf_append_cstr(out, " #");
        put_labels(out, &s->exemplar);
        buf_printf(out, " %.17g", s->exemplar_value);
        if (s->exemplar_has_timestamp)
            buf_printf(out, " @%lld", (long long)s->exemplar_timestamp_ns);
    }
    buf_append_cstr(out, "\n");
}

/* In pieces of `step`; each in memory of just that size. Returns how it ended. */
static int read_page(struct openmetrics *p, enum openmetrics_format f, struct slice page,
                     size_t step, struct buf *out)
{
    const struct openmetrics_sample *s;
    int r = 0;
    err = (struct err){0};
    buf_clear(out);
    openmetrics_begin(p, f);
    for (size_t at = 0; at < page.size && r >= 0; at += step) {
        struct slice part = slice_sub(page, at, at + step);
        char *copy = malloc(part.size);
        memcpy(copy, part.data, part.size);
        struct slice in = {copy, part.size};
        while ((r = openmetrics_next(p, &in, &s, &err)) > 0)
            put_sample(out, s);
        free(copy);
    }
    return r < 0 ? r : openmetrics_end(p, &err);
}

static struct buf text, again;

static int parse(struct openmetrics *p, enum openmetrics_format f, const char *page)
{
    struct slice s = slice_from(page);
    int r = read_page(p, f, s, s.size + 1, &text);
    struct err whole = err;
    CHECK_INT(read_page(p, f, s, 1, &again), r);
    CHECK_STR(again.data ? again.data : "", text.data ? text.data : "");
    CHECK_STR(err.text, whole.text);
    return r;
}

#define GOOD(p, f, page, want)                       \
    do {                                             \
        CHECK_INT(parse(p, f, page), 0);             \
        CHECK_STR(err.text, "");                     \
        CHECK_STR(text.data ? text.data : "", want); \
    } while (0)

#define BAD(p, f, page, words)                  \
    do {                                        \
        CHECK_INT(parse(p, f, page), -EBADMSG); \
        CHECK_STR(err.text, words);             \
    } while (0)

/* ---- what a page says ---- */

static void a_sample_has_a_name_labels_a_value_and_a_time(void)
{
    GOOD(strict, OPENMETRICS_1_0, "# TYPE a gauge\na{b=\"c\",d=\"\"} 1.5 12.25\n# EOF\n",
         "gauge a{b=c,d=} 1.5 @12250000000\n");
    GOOD(strict, OPENMETRICS_PROMETHEUS_0_0_4, "a{b=\"c\",d=\"\"} 1.5 1225\n",
         "unknown a{b=c,d=} 1.5 @1225000000\n");
    GOOD(strict, OPENMETRICS_PROMETHEUS_0_0_4, "a -Inf -3\n", "unknown a -inf @-3000000\n");
}

static void escapes_are_undone_and_others_stay(void)
{
    GOOD(strict, OPENMETRICS_1_0, "a{b=\"x\\n\\\\\\\"\\z\",c=\"\\\\n\"} 1\n# EOF\n",
         "unknown a{b=x\n\\\"\\z,c=\\n} 1\n");
}

static void an_exemplar_is_read(void)
{
    GOOD(strict, OPENMETRICS_1_0,
         "# TYPE a counter\na_total{x=\" # \"} 3 1 # {id=\"a}b\"} 0.5 1.5\n# EOF",
         "counter a_total{x= # } 3 @1000000000 #{id=a}b} 0.5 @1500000000\n");
    GOOD(strict, OPENMETRICS_1_0, "# TYPE a counter\na_total 3 # {} 1\n# EOF",
         "counter a_total 3 # 1\n");
}

static void a_family_gives_its_samples_their_type(void)
{
    GOOD(strict, OPENMETRICS_1_0,
         "# TYPE a summary\na{quantile=\"0.5\"} 1\na_sum 2\na_count 1\nb 1\n"
         "# TYPE c info\nc_info{v=\"1\"} 1\n"
         "# TYPE d stateset\nd{d=\"x\"} 0\nd{d=\"y\"} 1\n# EOF\n",
         "summary a{quantile=0.5} 1\nsummary a_sum 2\nsummary a_count 1\nunknown b 1\n"
         "info c_info{v=1} 1\nstateset d{d=x} 0\nstateset d{d=y} 1\n");
    GOOD(strict, OPENMETRICS_PROMETHEUS_0_0_4,
         "# TYPE a_total counter\na_total 1\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\n"
         "h_sum 1\nh_count 1\n# TYPE u untyped\nu 1\n",
         "counter a_total 1\nhistogram h_bucket{le=+Inf} 1\nhistogram h_sum 1\n"
         "histogram h_count 1\nunknown u 1\n");
}

static void the_older_format_is_generous_with_blanks(void)
{
    GOOD(strict, OPENMETRICS_PROMETHEUS_0_0_4,
         "\n \t\n# just a comment\n#\n  #  TYPE  a \t gauge \n# HELP\n# HELP a\n"
         "  a { b = \"c\" , d=\"e\" , }  1\t 5 \na{}2\n",
         "gauge a{b=c,d=e} 1 @5000000\ngauge a 2\n");
}

static void utf8_is_taken_and_nothing_else(void)
{
    GOOD(strict, OPENMETRICS_1_0, "a{b=\"\xc3\xa9\xf0\x9f\x94\xa5\"} 1\n# EOF\n",
         "unknown a{b=\xc3\xa9\xf0\x9f\x94\xa5} 1\n");
    BAD(plain, OPENMETRICS_1_0, "a{b=\"\xc3\"} 1\n# EOF\n", "line 1, column 6: this is no UTF-8");
    BAD(plain, OPENMETRICS_PROMETHEUS_0_0_4, "a 1\n# \xff\n", "line 2, column 3: this is no UTF-8");
}

/* ---- what is refused, and where ---- */

static void a_fault_has_line_and_column(void)
{
    BAD(plain, OPENMETRICS_1_0, "a 1\na{b=\"c\"d=\"e\"} 1\n# EOF\n",
        "line 2, column 8: ',' or '}' is missing behind a label's value");
    BAD(plain, OPENMETRICS_1_0, "a{b=\"c\n# EOF\n",
        "line 1, column 5: the quotes that begin here do not end");
    BAD(plain, OPENMETRICS_1_0, "a{b=\"c\",b=\"d\"} 1\n# EOF\n",
        "line 1, column 9: the label b stands twice");
    BAD(plain, OPENMETRICS_1_0, "a 1z\n# EOF\n",
        "line 1, column 3: the value is missing or no number");
    BAD(plain, OPENMETRICS_1_0, "a 1 NaN\n# EOF\n",
        "line 1, column 5: a timestamp is a finite number of seconds");
    BAD(plain, OPENMETRICS_PROMETHEUS_0_0_4, "a 1 1.5\n",
        "line 1, column 5: a timestamp is a whole number of milliseconds");
    BAD(plain, OPENMETRICS_PROMETHEUS_0_0_4, "a 1 1 x\n",
        "line 1, column 7: there is something behind the timestamp");
}

static void a_page_that_is_cut_is_not_whole(void)
{
    BAD(plain, OPENMETRICS_1_0, "a 1\n",
        "line 1, column 1: the page is not whole: its last line is not # EOF");
    BAD(plain, OPENMETRICS_1_0, "",
        "line 1, column 1: the page is not whole: its last line is not # EOF");
    BAD(plain, OPENMETRICS_1_0, "# EOF\nx", "line 2, column 1: nothing may follow # EOF");
    BAD(plain, OPENMETRICS_1_0, "# EOF\n\n", "line 2, column 1: nothing may follow # EOF");
    BAD(plain, OPENMETRICS_PROMETHEUS_0_0_4, "a 12",
        "line 1, column 5: the page ends within a line");
    GOOD(plain, OPENMETRICS_PROMETHEUS_0_0_4, "", "");
}

static void the_rules_about_several_lines_are_the_strict_ones(void)
{
    static const char *const pages[] = {
        "# TYPE a gauge\na 1\n# HELP a x\n# EOF\n",
        "# TYPE a gauge\na{b=\"1\"} 1\na{b=\"2\"} 1\na{b=\"1\"} 1\n# EOF\n",
        "# TYPE a gauge\na 1\na 2\n# EOF\n",
        "# TYPE a counter\na 1\n# EOF\n",
        "# TYPE a counter\na_total -1\n# EOF\n",
        "# TYPE a histogram\na_bucket{le=\"1\"} 1\n# EOF\n",
        "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_count 2\na_sum 1\n# EOF\n",
        "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1.5\n# EOF\n",
        "# TYPE a summary\na_count 0.5\na_sum 1\n# EOF\n",
        "# UNIT a_seconds minutes\n# EOF\n",
        "a 1\nb 1\na 1 1\n# EOF\n",
    };
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        CHECK_INT(parse(strict, OPENMETRICS_1_0, pages[i]), -EBADMSG);
        CHECK_INT(parse(plain, OPENMETRICS_1_0, pages[i]), 0);
    }
    BAD(strict, OPENMETRICS_1_0, pages[6],
        "line 4, column 1: histogram a: its count is not what its bucket le=\"+Inf\" says");
    BAD(strict, OPENMETRICS_PROMETHEUS_0_0_4, "a 1\na 2\n",
        "line 2, column 1: this series stands twice");
    BAD(strict, OPENMETRICS_PROMETHEUS_0_0_4, "a 1\n# TYPE a gauge\n",
        "line 2, column 1: what is said about a metric stands before its samples");
}

/* ---- limits ---- */

static void limits_have_names_and_are_told(void)
{
    struct buf page = BUF(MEM_TEST, 0);
    for (int i = 0; i < OPENMETRICS_LINE_BYTES_MAX + 1; i++)
        buf_append_byte(&page, 'a');
    buf_append_cstr(&page, " 1\n");
    CHECK_INT(read_page(plain, OPENMETRICS_1_0, buf_slice(&page), page.size, &text), -EMSGSIZE);
    CHECK_STR(err.text, "line 1, column 1: a line is longer than 65536 bytes");
    CHECK_INT(read_page(plain, OPENMETRICS_1_0, buf_slice(&page), 1000, &text), -EMSGSIZE);
    buf_clear(&page);
    buf_append_cstr(&page, "a{");
    for (int i = 0; i <= OPENMETRICS_LABELS_MAX; i++)
        buf_printf(&page, "%sl%d=\"\"", i ? "," : "", i);
    buf_append_cstr(&page, "} 1\n# EOF\n");
    CHECK_INT(read_page(plain, OPENMETRICS_1_0, buf_slice(&page), page.size, &text), -E2BIG);
    buf_done(&page);
}

/* ---- series that are known ---- */

static void *knows_b(void *ctx, struct slice series)
{
    ++*(int *)ctx;
    return slice_eq(series, SLICE("b{l=\"} \\\" x\"}")) ? ctx : NULL;
}

static void a_known_series_is_not_taken_apart(void)
{
    int asked = 0;
    struct openmetrics_options o = {.known = knows_b, .ctx = &asked};
    struct openmetrics *p = openmetrics_new(&o);
    struct slice in = SLICE("a{l=\"x\"} 1\nb{l=\"} \\\" x\"} 2 7\n# EOF\n");
    const struct openmetrics_sample *s;
    CHECK_INT(openmetrics_next(p, &in, &s, &err), 1);
    CHECK(!s->known && s->labels.count == 1 && slice_eq(s->series, SLICE("a{l=\"x\"}")));
    CHECK_INT(openmetrics_next(p, &in, &s, &err), 1);
    CHECK(s->known == &asked && s->value == 2 && s->timestamp_ns == 7000000000);
    CHECK_INT(openmetrics_next(p, &in, &s, &err), 0);
    CHECK_INT(openmetrics_end(p, &err), 0);
    CHECK_INT(asked, 2);
    openmetrics_free(p);
}

static void the_content_type_names_the_format(void)
{
    CHECK_INT(openmetrics_format_of(SLICE("application/openmetrics-text; version=1.0.0")),
              OPENMETRICS_1_0);
    CHECK_INT(openmetrics_format_of(SLICE("text/plain; version=0.0.4")),
              OPENMETRICS_PROMETHEUS_0_0_4);
    CHECK_INT(openmetrics_format_of((struct slice){0}), OPENMETRICS_PROMETHEUS_0_0_4);
}

/* ---- the public suite ---- */

static struct slice whole_file(const char *path, char *to, size_t size)
{
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(to, 1, size - 1, f) : 0;
    if (f)
        fclose(f);
    to[n] = 0;
    return (struct slice){to, n};
}

static bool suite_case(const char *name)
{
    static char page[64 * 1024], meta[4096];
    char path[512];
    snprintf(path, sizeof(path), SUITE "/%s/test.json", name);
    if (whole_file(path, meta, sizeof(meta)).size == 0)
        return false;
    bool good = strstr(meta, "\"shouldParse\": true");
    CHECK(good || strstr(meta, "\"shouldParse\": false"));
    snprintf(path, sizeof(path), SUITE "/%s/metrics", name);
    struct slice s = whole_file(path, page, sizeof(page));
    for (size_t step = 1; step <= s.size + 1; step = step * 3 + 1) {
        int r = read_page(strict, OPENMETRICS_1_0, s, step, &text);
        if ((r == 0) != good)
            printf("# %s: %d %s\n", name, r, err.text);
        CHECK((r == 0) == good);
        CHECK(r == 0 || strncmp(err.text, "line ", 5) == 0);
    }
    return true;
}

static void the_public_suite_agrees(void)
{
    DIR *d = opendir(SUITE);
    if (!d) {
        TAP_SKIP("there is no " SUITE);
        return;
    }
    int count = 0;
    const struct dirent *e;
    while ((e = readdir(d)))
        if (e->d_name[0] != '.' && suite_case(e->d_name))
            count++;
    closedir(d);
    printf("CASES name=openmetrics run=%d of=%d\n", count, SUITE_CASES);
    CHECK(count >= SUITE_CASES);
}

int main(void)
{
    struct openmetrics_options o = {.strict = true, .seed = {1, 2}};
    text = again = BUF(MEM_TEST, 0);
    strict = openmetrics_new(&o);
    o.strict = false;
    plain = openmetrics_new(&o);
    TAP_RUN(a_sample_has_a_name_labels_a_value_and_a_time);
    TAP_RUN(escapes_are_undone_and_others_stay);
    TAP_RUN(an_exemplar_is_read);
    TAP_RUN(a_family_gives_its_samples_their_type);
    TAP_RUN(the_older_format_is_generous_with_blanks);
    TAP_RUN(utf8_is_taken_and_nothing_else);
    TAP_RUN(a_fault_has_line_and_column);
    TAP_RUN(a_page_that_is_cut_is_not_whole);
    TAP_RUN(the_rules_about_several_lines_are_the_strict_ones);
    TAP_RUN(limits_have_names_and_are_told);
    TAP_RUN(a_known_series_is_not_taken_apart);
    TAP_RUN(the_content_type_names_the_format);
    TAP_RUN(the_public_suite_agrees);
    openmetrics_free(strict);
    openmetrics_free(plain);
    buf_done(&text);
    buf_done(&again);
    return tap_done();
}
