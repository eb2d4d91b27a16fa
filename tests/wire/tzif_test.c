#include "wire/tzif.h"

#include <errno.h>

#include "tests/tap.h"
#include "wire/octets.h"

/* Files are made here, part by part, so that each part can be wrong by itself. */
struct sketch {
    char version;
    uint32_t changes, types, name_bytes, leaps, std, ut;
    int64_t first; /* change; each next one is 1000 later */
    uint8_t which; /* clock that all changes lead to */
    int32_t offset;
    const char *footer;
};

static struct buf file = {.sub = MEM_TEST};
static struct arena arena = {.sub = MEM_TEST};
static struct zone z;
static struct err why;

static void put(uint64_t v, size_t bytes)
{
    CHECK_INT(octets_put(&file, v, bytes), 0);
}

static void put_block(const struct sketch *s, char version, size_t time_bytes)
{
    buf_append_cstr(&file, "TZif");
    buf_append_byte(&file, version);
    for (int i = 0; i < 15; i++)
        buf_append_byte(&file, 0);
    put(s->ut, 4);
    put(s->std, 4);
    put(s->leaps, 4);
    put(s->changes, 4);
    put(s->types, 4);
    put(s->name_bytes, 4);
    for (uint32_t i = 0; i < s->changes; i++)
        put((uint64_t)(s->first + 1000 * (int64_t)i), time_bytes);
    for (uint32_t i = 0; i < s->changes; i++)
        put(s->which, 1);
    for (uint32_t i = 0; i < s->types; i++) {
        put((uint32_t)(s->offset + (int32_t)i), 4);
        put(0, 2);
    }
    for (uint32_t i = 0; i < s->name_bytes + s->leaps * (time_bytes + 4) + s->std + s->ut; i++)
        buf_append_byte(&file, 0);
}

static int parse(const struct sketch *s)
{
    buf_clear(&file);
    arena_reset(&arena);
    why = (struct err){0};
    z = (struct zone){.name = "untouched"};
    put_block(s, s->version, 4);
    if (s->version) {
        put_block(s, s->version, 8);
        buf_append_cstr(&file, s->footer);
    }
    int r = tzif_parse(buf_slice(&file), &arena, &z, &why);
    if (r < 0) {
        CHECK(why.text[0]);
        CHECK_STR(z.name, "untouched");
    }
    return r;
}

static const struct sketch sound = {.version = '2',
                                    .changes = 3,
                                    .types = 2,
                                    .name_bytes = 4,
                                    .first = -5000000000,
                                    .which = 1,
                                    .offset = 3600,
                                    .footer = "\nCET-1CEST,M3.5.0,M10.5.0/3\n"};

static void a_file_of_version_2_gives_its_64_bit_times(void)
{
    CHECK_INT(parse(&sound), 0);
    CHECK_INT(z.count, 3);
    CHECK_INT(z.changes[0], -5000000000);
    CHECK_INT(z.changes[2], -4999998000);
    CHECK_INT(z.offsets[2], 3601);
    CHECK_INT(z.first_s, 3600);
    CHECK(z.has_rule);
    CHECK_INT(z.rule.daylight_s, 7200);
}

static void versions_3_and_4_are_read_alike(void)
{
    struct sketch s = sound;
    for (s.version = '3'; s.version <= '4'; s.version++)
        CHECK_INT(parse(&s), 0);
}

static void a_file_of_version_1_gives_its_32_bit_times(void)
{
    struct sketch s = sound;
    s.version = 0;
    s.first = -100;
    CHECK_INT(parse(&s), 0);
    CHECK_INT(z.changes[0], -100);
    CHECK_INT(z.changes[1], 900);
    CHECK(!z.has_rule);
}

static void an_empty_last_line_is_no_rule(void)
{
    struct sketch s = sound;
    s.footer = "\n\n";
    CHECK_INT(parse(&s), 0);
    CHECK(!z.has_rule);
}

static void leap_seconds_are_refused(void)
{
    struct sketch s = sound;
    s.leaps = 2;
    CHECK_INT(parse(&s), -EOPNOTSUPP);
}

static void limits_are_limits(void)
{
    struct sketch s = sound;
    s.changes = TZIF_CHANGES_MAX;
    CHECK_INT(parse(&s), 0);
    s.changes++;
    CHECK_INT(parse(&s), -EMSGSIZE);
    s = sound;
    s.types = 256;
    CHECK_INT(parse(&s), 0);
    s.types = 257;
    CHECK_INT(parse(&s), -EBADMSG);
    s = sound;
    arena_done(&arena);
    arena = ARENA(MEM_TEST, 8);
    CHECK_INT(parse(&s), -EMSGSIZE);
    arena_done(&arena);
    arena = ARENA(MEM_TEST, 0);
    buf_clear(&file);
    for (int i = 0; i <= TZIF_BYTES_MAX; i++)
        buf_append_byte(&file, 'T');
    CHECK_INT(tzif_parse(buf_slice(&file), &arena, &z, &why), -EMSGSIZE);
}

static void what_contradicts_itself_is_refused(void)
{
    struct sketch s = sound;
    s.types = 0;
    CHECK_INT(parse(&s), -EBADMSG);
    s = sound;
    s.name_bytes = 0;
    CHECK_INT(parse(&s), -EBADMSG);
    s = sound;
    s.std = 1;
    CHECK_INT(parse(&s), -EBADMSG);
    s.std = s.ut = 2;
    CHECK_INT(parse(&s), 0);
    s = sound;
    s.which = 2;
    CHECK_INT(parse(&s), -EBADMSG);
    s = sound;
    s.offset = 27 * 3600;
    CHECK_INT(parse(&s), -EBADMSG);
    s = sound;
    s.version = '1';
    CHECK_INT(parse(&s), -EBADMSG);
    s = sound;
    s.footer = "\nnothing\n";
    CHECK_INT(parse(&s), -EBADMSG);
    s.footer = "\nCET-1";
    CHECK_INT(parse(&s), -EBADMSG);
    s.footer = "";
    CHECK_INT(parse(&s), -EBADMSG);
    s = sound;
    s.version = 0;
    s.first = INT32_MAX - 500; /* the next one, in 32 bits, is long before it */
    CHECK_INT(parse(&s), -EBADMSG);
}

static void every_beginning_of_a_file_is_refused(void)
{
    CHECK_INT(parse(&sound), 0);
    for (size_t size = 0; size < file.size; size++) {
        struct zone cut = {.name = "untouched"};
        CHECK_INT(tzif_parse((struct slice){file.data, size}, &arena, &cut, &why), -EBADMSG);
        CHECK_STR(cut.name, "untouched");
    }
}

int main(void)
{
    TAP_RUN(a_file_of_version_2_gives_its_64_bit_times);
    TAP_RUN(versions_3_and_4_are_read_alike);
    TAP_RUN(a_file_of_version_1_gives_its_32_bit_times);
    TAP_RUN(an_empty_last_line_is_no_rule);
    TAP_RUN(leap_seconds_are_refused);
    TAP_RUN(limits_are_limits);
    TAP_RUN(what_contradicts_itself_is_refused);
    TAP_RUN(every_beginning_of_a_file_is_refused);
    buf_done(&file);
    arena_done(&arena);
    return tap_done();
}
