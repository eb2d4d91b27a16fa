#include "model/cron.h"

#include <dirent.h>
#include <time.h>
#include <unistd.h>

#include "base/map.h"
#include "model/civil.h"
#include "tests/on_valgrind.h"
#include "tests/tap.h"
#include "wire/tzif.h"

/* Every zone of the machine's database, and every change of its clock from 2020 to 2030. What is
 * true is asked of the C library: it shows the clock, minute by minute, and a second reading of
 * expressions, slow and simple, says what is due. */

#define FOLDER "/usr/share/zoneinfo"
enum { ZONES_MAX = 2000 };

struct entry {
    const char *name;
    struct zone zone;
};
static struct entry entries[ZONES_MAX];
static int entry_count, alike_count;
static struct arena arena = {.sub = MEM_TEST};
static struct map known;

static int64_t from_, to_; /* 2020 to 2030 */

/* ---- all zones ---- */

static void add_file(const char *path, const char *name)
{
    static char bytes[TZIF_BYTES_MAX];
    struct err err = {0};
    FILE *f = fopen(path, "rb");
    size_t size = f ? fread(bytes, 1, sizeof(bytes), f) : 0;
    if (f)
        fclose(f);
    if (size < 4 || memcmp(bytes, "TZif", 4) != 0)
        return;
    /* Most names are one of several for the same zone. */
    struct slice text = {arena_strdup(&arena, (struct slice){bytes, size}), size};
    if (map_get(&known, text)) {
        alike_count++;
        return;
    }
    CHECK(entry_count < ZONES_MAX);
    struct entry *e = &entries[entry_count++];
    e->name = arena_strdup(&arena, slice_from(name));
    CHECK_INT(tzif_parse(text, &arena, &e->zone, &err), 0);
    if (err.text[0])
        printf("# %s: %s\n", name, err.text);
    e->zone.name = e->name;
    map_put(&known, text, e, NULL);
}

static void add_folder(const char *under, int depth)
{
    const char *slash = under[0] ? "/" : "";
    DIR *d = opendir(arena_printf(&arena, FOLDER "%s%s", slash, under));
    for (struct dirent *e; d && (e = readdir(d));) {
        if (e->d_name[0] == '.' || (e->d_name[0] >= 'a' && e->d_name[0] <= 'z'))
            continue; /* "posix", "right": the same once more, and with leap seconds */
        const char *name = arena_printf(&arena, "%s%s%s", under, slash, e->d_name);
        const char *path = arena_printf(&arena, FOLDER "/%s", name);
        DIR *inner = opendir(path);
        if (inner) {
            closedir(inner);
            if (depth < 3)
                add_folder(name, depth + 1);
        } else {
            add_file(path, name);
        }
    }
    if (d)
        closedir(d);
}

/* Under memcheck every 16th zone: what it looks for is not in their times. */
static struct entry *next_zone(struct entry *e)
{
    e = e ? e + (RUNNING_ON_VALGRIND ? 16 : 1) : entries;
    if (e >= entries + entry_count)
        return NULL;
    char text[80];
    snprintf(text, sizeof(text), ":%s", e->name);
    setenv("TZ", text, 1);
    tzset();
    return e;
}

static int64_t c_offset(int64_t t)
{
    time_t at = (time_t)t;
    struct tm tm;
    localtime_r(&at, &tm);
    return tm.tm_gmtoff;
}

static void every_zone_is_read(void)
{
    add_folder("", 0);
    CHECK(entry_count >= 300);
    CHECK(entry_count + alike_count >= 500);
    printf("# %d zones, %d more names for them\n", entry_count, alike_count);
    from_ = civil_days(2020, 1, 1) * CIVIL_DAY_SECONDS;
    to_ = civil_days(2031, 1, 1) * CIVIL_DAY_SECONDS;
}

static void offsets_are_those_of_the_c_library(void)
{
    uint64_t wrong = 0, asked = 0;
    int64_t end = civil_days(2120, 1, 1) * CIVIL_DAY_SECONDS;
    for (struct entry *e = NULL; (e = next_zone(e));) {
        for (int64_t t = civil_days(1990, 1, 1) * CIVIL_DAY_SECONDS; t < end; asked++) {
            if (zone_span_at(&e->zone, t).offset_s != c_offset(t) && wrong++ < 5)
                printf("# %s at %lld\n", e->name, (long long)t);
            t += t >= from_ && t < to_ ? 53 * 3600 : 1009 * 3600;
        }
        struct zone_span s = zone_span_at(&e->zone, from_);
        for (; s.end < to_; s = zone_span_at(&e->zone, s.end), asked++)
            wrong += s.offset_s != c_offset(s.end - 1) ||
                     zone_span_at(&e->zone, s.end).offset_s != c_offset(s.end);
    }
    CHECK_INT(wrong, 0);
    CHECK(asked > 10000);
}

/* ---- a second reading of expressions: five fields of *, a, a-b, lists, steps ---- */

struct plain {
    bool fits[5][64];
    bool star[5];
};

static void read_plain(const char *text, struct plain *p)
{
    static const int low[] = {0, 0, 1, 1, 0}, high[] = {59, 23, 31, 12, 6};
    memset(p, 0, sizeof(*p));
    for (int f = 0; f < 5; f++) {
        p->star[f] = *text == '*';
        for (bool more = true; more; more = *text++ == ',') {
            long a = low[f], b = high[f], step = 1;
            char *end = (char *)(uintptr_t)text;
            if (*text == '*')
                end++;
            else
                a = b = strtol(text, &end, 10);
            if (*end == '-')
                b = strtol(end + 1, &end, 10);
            if (*end == '/')
                step = strtol(end + 1, &end, 10);
            for (long n = a; n <= b; n += step)
                p->fits[f][n] = true;
            text = end;
        }
    }
}

static bool plain_fits(const struct plain *p, int64_t local)
{
    time_t at = (time_t)local;
    struct tm tm;
    if (!p->fits[0][local / 60 % 60] || !p->fits[1][local / 3600 % 24])
        return false;
    gmtime_r(&at, &tm);
    bool day = p->fits[2][tm.tm_mday], weekday = p->fits[4][tm.tm_wday];
    return p->fits[3][tm.tm_mon + 1] &&
           (p->star[2] || p->star[4] ? day && weekday : day || weekday);
}

/* ---- what is due around a change, minute by minute ---- */

static const char *const expressions[] = {
    "30 2 * * *",      "0 0 * * *",    "15,45 0-4 * * *", "0 0-23 * * *",
    "0,59 3,23 * * *", "*/10 * * * *", "0 * * * *",       "*/30 2 * * *",
    "* 1 * * *",       "5 */2 * * *",  "30 2 1-7 * 0",    "0 0 1-31 3-10 5-6",
};
enum { EXPRESSIONS = sizeof(expressions) / sizeof(expressions[0]), AROUND_S = 4 * 3600 };
static struct plain plains[EXPRESSIONS];
static struct cron crons[EXPRESSIONS];

struct tally {
    uint64_t changes, gaps, folds, due, wrong;
};

static void wrong(struct tally *t, const struct entry *e, int i, int64_t at, const char *what)
{
    if (t->wrong++ < 5)
        printf("# %s, '%s': %s at %lld\n", e->name, expressions[i], what, (long long)at);
}

static void look_around(const struct entry *e, int64_t change, struct tally *t)
{
    int64_t begin = change - change % 60 - AROUND_S, next[EXPRESSIONS];
    int64_t latest = begin + c_offset(begin);
    latest -= latest % 60;
    for (int i = 0; i < EXPRESSIONS; i++)
        if (cron_next(&crons[i], &e->zone, begin, &next[i]) < 0)
            wrong(t, e, i, begin, "never");
    for (int64_t now = begin + 60; now < begin + 2 * AROUND_S; now += 60) {
        int64_t local = now + c_offset(now);
        for (int i = 0; i < EXPRESSIONS; i++) {
            bool due = false;
            if (plains[i].star[0] || plains[i].star[1])
                due = plain_fits(&plains[i], local);
            else /* each minute that the clock shows, or has leapt over, for the first time */
                for (int64_t l = latest + 60; l <= local; l += 60)
                    due |= plain_fits(&plains[i], l);
            if (next[i] < now || (next[i] == now) != due)
                wrong(t, e, i, now, due ? "lost" : "doubled");
            t->due += due;
            while (next[i] <= now)
                if (cron_next(&crons[i], &e->zone, next[i], &next[i]) < 0)
                    break;
            /* Whoever asks for the first time, as after a restart, hears the same. */
            int64_t anew = 0;
            if (now % 1500 == 0 &&
                (cron_next(&crons[i], &e->zone, now, &anew) < 0 || anew != next[i]))
                wrong(t, e, i, now, "another one when asked anew");
        }
        latest = local > latest ? local : latest;
    }
}

static void around_every_change_what_is_due_is_what_the_clock_shows(void)
{
    struct tally t = {0};
    for (int i = 0; i < EXPRESSIONS; i++) {
        read_plain(expressions[i], &plains[i]);
        CHECK_INT(cron_parse(slice_from(expressions[i]), &crons[i], NULL), 0);
    }
    for (struct entry *e = NULL; (e = next_zone(e));) {
        struct zone_span s = zone_span_at(&e->zone, from_);
        while (s.end < to_) {
            struct zone_span after = zone_span_at(&e->zone, s.end);
            if (after.offset_s != s.offset_s) {
                t.changes++;
                t.gaps += after.offset_s > s.offset_s;
                t.folds += after.offset_s < s.offset_s;
                look_around(e, s.end, &t);
            }
            s = after;
        }
    }
    printf("# changes=%llu gaps=%llu folds=%llu due=%llu\n", (unsigned long long)t.changes,
           (unsigned long long)t.gaps, (unsigned long long)t.folds, (unsigned long long)t.due);
    CHECK_INT(t.wrong, 0);
    CHECK(t.gaps > 50 && t.folds > 50);
    CHECK(t.due > 10 * t.changes);
}

/* ---- ten years, in one go ---- */

static void a_daily_job_runs_once_for_each_day_in_every_zone(void)
{
    struct cron daily;
    CHECK_INT(cron_parse(SLICE("30 2 * * *"), &daily, NULL), 0);
    for (struct entry *e = NULL; (e = next_zone(e));) {
        int64_t t = from_ - CIVIL_DAY_SECONDS, day_before = INT64_MIN;
        int lost = 0, doubled = 0;
        while (cron_next(&daily, &e->zone, t, &t) == 0 && t < to_) {
            int32_t second;
            int64_t day = civil_split(t + zone_span_at(&e->zone, t).offset_s, &second);
            if (day_before != INT64_MIN) {
                lost += day > day_before + 1;
                doubled += day <= day_before;
            }
            day_before = day;
        }
        if (lost || doubled)
            printf("# %s\n", e->name);
        CHECK_INT(lost, 0);
        CHECK_INT(doubled, 0);
    }
}

static void a_rhythm_is_even_in_every_zone(void)
{
    struct cron c;
    CHECK_INT(cron_parse(SLICE("*/30 * * * *"), &c, NULL), 0);
    for (struct entry *e = NULL; (e = next_zone(e));) {
        int64_t t = from_, uneven = 0;
        CHECK_INT(cron_next(&c, &e->zone, t, &t), 0);
        for (struct zone_span s = zone_span_at(&e->zone, t); s.end < to_;
             s = zone_span_at(&e->zone, s.end)) {
            /* From an hour before each change to an hour behind it. */
            cron_next(&c, &e->zone, s.end - 3600, &t);
            for (int i = 0; i < 4; i++) {
                int64_t before = t;
                cron_next(&c, &e->zone, before, &t);
                uneven += t - before != 1800;
            }
        }
        if (uneven)
            printf("# %s\n", e->name);
        CHECK_INT(uneven, 0);
    }
}

int main(void)
{
    if (access(FOLDER "/Europe/Berlin", R_OK) < 0) {
        printf("ok 1 - every_zone_is_read # SKIP there is no " FOLDER ": install tzdata\n1..1\n");
        return 0;
    }
    TAP_RUN(every_zone_is_read);
    TAP_RUN(offsets_are_those_of_the_c_library);
    TAP_RUN(around_every_change_what_is_due_is_what_the_clock_shows);
    TAP_RUN(a_daily_job_runs_once_for_each_day_in_every_zone);
    TAP_RUN(a_rhythm_is_even_in_every_zone);
    map_done(&known);
    arena_done(&arena);
    return tap_done();
}
