#include "model/asset_moves.h"

#include <string.h>

#include "tests/tap.h"

/* The public table, once more and in another form: FROM, what happens, TO. Whatever is not here is
 * no move. P, H, D, F, U and M are the states; N: it is not there yet. */
static const struct {
    const char *from, *cause, *to;
} allowed[] = {
    {"N", "registered", "P"},  {"P", "settled", "H"},    {"D", "settled", "H"},
    {"P", "degraded", "D"},    {"H", "degraded", "D"},   {"P", "failed", "F"},
    {"H", "failed", "F"},      {"D", "failed", "F"},     {"P", "exhausted", "F"},
    {"D", "exhausted", "F"},   {"F", "repaired", "H"},   {"F", "recovered", "H"},
    {"F", "unrepaired", "H"},  {"P", "blind", "U"},      {"H", "blind", "U"},
    {"D", "blind", "U"},       {"F", "blind", "U"},      {"U", "sees", "P"},
    {"P", "maintain", "M"},    {"H", "maintain", "M"},   {"D", "maintain", "M"},
    {"F", "maintain", "M"},    {"U", "maintain", "M"},   {"M", "maintained", "P"},
};

static char letter(int state)
{
    return state == ASSET_NOWHERE ? 'N' : asset_state_name((enum asset_state)state)[0];
}

static bool is_allowed(int from, int to, int cause)
{
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
        if (allowed[i].from[0] == letter(from) && allowed[i].to[0] == letter(to) &&
            strcmp(allowed[i].cause, asset_cause_name((enum asset_cause)cause)) == 0)
            return true;
    return false;
}

static void every_from_to_and_cause_is_as_the_contract_has_it(void)
{
    int checked = 0;
    for (int from = 0; from <= ASSET_NOWHERE; from++)
        for (int to = 0; to < ASSET_STATE_COUNT; to++)
            for (int cause = 0; cause < CAUSE_COUNT; cause++, checked++) {
                const struct asset_move *m =
                    asset_move_of((enum asset_state)from, (enum asset_cause)cause);
                bool moves = m && (int)m->to == to;
                if (moves != is_allowed(from, to, cause))
                    printf("# %c -> %c by %s\n", letter(from), letter(to),
                           asset_cause_name((enum asset_cause)cause));
                CHECK(moves == is_allowed(from, to, cause));
            }
    CHECK_INT(checked, 7 * 6 * 12);
}

static void a_cause_leads_to_one_place(void)
{
    for (size_t i = 0; i < asset_move_count; i++)
        for (size_t k = 0; k < i; k++)
            CHECK(asset_moves[i].cause != asset_moves[k].cause ||
                  !(asset_moves[i].from & asset_moves[k].from));
}

static void none_starts_healthy_and_none_moves_to_where_it_is(void)
{
    for (size_t i = 0; i < asset_move_count; i++) {
        CHECK(!(asset_moves[i].from >> asset_moves[i].to & 1));
        CHECK(!(asset_moves[i].from >> ASSET_NOWHERE & 1) || asset_moves[i].to == ASSET_PENDING);
        CHECK(asset_moves[i].when[0] && asset_moves[i].does[0]);
    }
}

static void words_are_read_back(void)
{
    for (int s = 0; s < ASSET_STATE_COUNT; s++)
        CHECK_INT(asset_state_parse(slice_from(asset_state_name((enum asset_state)s))), s);
    CHECK_INT(asset_state_parse(SLICE("healthy")), ASSET_STATE_COUNT);
    CHECK_STR(asset_reason_find(SLICE("observer_blind")), "observer_blind");
    CHECK_STR(asset_reason_find(SLICE("refused")), "refused");
    CHECK(asset_reason_find(SLICE("bored")) == NULL);
}

int main(void)
{
    TAP_RUN(every_from_to_and_cause_is_as_the_contract_has_it);
    TAP_RUN(a_cause_leads_to_one_place);
    TAP_RUN(none_starts_healthy_and_none_moves_to_where_it_is);
    TAP_RUN(words_are_read_back);
    return tap_done();
}
