#include "series/chunk.h"

#include "tests/tap.h"

static struct chunk *new_chunk(size_t cap)
{
    struct chunk *c = calloc(1, chunk_bytes(cap));
    c->cap = (uint16_t)cap;
    return c;
}

static uint64_t random_(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static uint64_t bits_of(double d)
{
    uint64_t b;
    memcpy(&b, &d, sizeof(b));
    return b;
}

/* Fills a chunk by `next`; reads it back. Returns its bytes a sample. */
static double round_trip(int64_t (*time_of)(int i, uint64_t *state),
                         uint64_t (*value_of)(int i, uint64_t *state))
{
    static int64_t ms[CHUNK_SAMPLES_MAX];
    static uint64_t bits[CHUNK_SAMPLES_MAX];
    struct chunk *c = new_chunk(8192);
    struct chunk_tail tail = {0};
    struct chunk_reader r;
    uint64_t state = 88172645463325252u;
    int64_t now = 1700000000000;
    int n = 0;
    while (chunk_has_room(c)) {
        ms[n] = now += time_of(n, &state);
        bits[n] = value_of(n, &state);
        chunk_add(c, &tail, ms[n], bits[n]);
        n++;
    }
    CHECK_INT(n, CHUNK_SAMPLES_MAX);
    CHECK(c->first_ms == ms[0] && c->last_ms == ms[n - 1]);
    chunk_read_begin(&r, c);
    for (int i = 0; i < n; i++)
        CHECK(chunk_read(&r) && r.tail.ms == ms[i] && r.tail.bits == bits[i]);
    CHECK(!chunk_read(&r));
    double size = (double)c->used / 8 / n;
    free(c);
    return size;
}

static int64_t evenly(int i, uint64_t *state)
{
    (void)i;
    (void)state;
    return 5000;
}

static int64_t with_jitter(int i, uint64_t *state)
{
    (void)i;
    return 5000 + (int64_t)(random_(state) % 7) - 3;
}

static int64_t wildly(int i, uint64_t *state)
{
    static const int64_t far[] = {
        1, 64, 127, 128, 512, 8191, 8192, 1 << 30, INT64_C(1) << 33, INT64_C(1) << 40};
    (void)i;
    return far[random_(state) % 10];
}

static uint64_t constant(int i, uint64_t *state)
{
    (void)i;
    (void)state;
    return bits_of(17.5);
}

static uint64_t counter(int i, uint64_t *state)
{
    return bits_of(1000 + i * 10 + (double)(random_(state) % 10));
}

static uint64_t anything(int i, uint64_t *state)
{
    uint64_t w = random_(state);
    return i % 5 == 0 ? 0 : i % 7 == 0 ? UINT64_MAX : i % 3 ? w : w & 0xff;
}

static void what_goes_in_comes_out(void)
{
    round_trip(wildly, anything);
    round_trip(evenly, anything);
    round_trip(wildly, constant);
}

static void a_steady_series_costs_little(void)
{
    double still = round_trip(evenly, constant), jitter = round_trip(with_jitter, constant),
           counts = round_trip(with_jitter, counter);
    printf("# bytes a sample: constant %.2f, with a jitter %.2f, a counter %.2f\n", still, jitter,
           counts);
    CHECK(still < 0.3);
    CHECK(jitter < 1.5);
    CHECK(counts < 4.5);
}

static void the_worst_sample_fits_where_there_is_room(void)
{
    struct chunk *c = new_chunk(CHUNK_BYTES_MIN);
    struct chunk_tail tail = {0};
    int64_t ms = -(INT64_C(1) << 60);
    for (int i = 0; chunk_has_room(c); i++) {
        chunk_add(c, &tail, ms, i % 2 ? 0x8000000000000001u : 0x7ffffffffffffffeu);
        ms += i % 2 ? 1 : INT64_C(1) << 59;
    }
    CHECK(c->count >= 2 && c->used <= 8u * CHUNK_BYTES_MIN);
    struct chunk_reader r;
    int n = 0;
    for (chunk_read_begin(&r, c); chunk_read(&r); n++)
        CHECK(r.tail.bits == (n % 2 ? 0x8000000000000001u : 0x7ffffffffffffffeu));
    CHECK_INT(n, c->count);
    free(c);
}

int main(void)
{
    TAP_RUN(what_goes_in_comes_out);
    TAP_RUN(a_steady_series_costs_little);
    TAP_RUN(the_worst_sample_fits_where_there_is_room);
    return tap_done();
}
