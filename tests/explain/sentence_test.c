#include "explain/explain.h"

#include "tests/tap.h"

static const char *sentence(const char *json)
{
    static char text[512];
    struct arena arena = ARENA(MEM_TEST, 0);
    struct buf out = BUF(MEM_TEST, 0);
    struct json_value *v;
    CHECK_INT(json_parse(slice_from(json), &arena, 0, &v, NULL), 0);
    sentence_write(v, &out);
    snprintf(text, sizeof(text), "%s", out.data ? out.data : "");
    buf_done(&out);
    arena_done(&arena);
    return text;
}

static void an_observation_is_its_evidence(void)
{
    CHECK_STR(sentence("{\"type\":\"observation\",\"reason\":\"refused\",\"evidence\":"
                       "[\"web-port: refused\",\"127.0.0.1:80\"]}"),
              "web-port: refused; 127.0.0.1:80");
    CHECK_STR(sentence("{\"type\":\"observation\",\"reason\":\"refused\",\"evidence\":[]}"),
              "refused");
}

static void a_move_says_from_where_to_where_and_why(void)
{
    CHECK_STR(sentence("{\"type\":\"verdict\",\"from\":\"Healthy\",\"to\":\"Failed\",\"reason\":"
                       "\"refused\",\"evidence\":[\"twice in a row\"]}"),
              "Healthy -> Failed: refused: twice in a row");
    CHECK_STR(sentence("{\"type\":\"state\",\"from\":null,\"to\":\"Pending\",\"reason\":"
                       "\"registered\"}"),
              "(new) -> Pending: registered");
    CHECK_STR(sentence("{\"type\":\"state\",\"from\":\"Failed\",\"to\":null,\"reason\":"
                       "\"registered\",\"by\":\"uid 0\"}"),
              "Failed -> (gone): registered (by uid 0)");
}

static void a_decision_says_what_was_not_taken(void)
{
    CHECK_STR(sentence("{\"type\":\"decision\",\"remedy\":\"restart-web\",\"rejected\":[{"
                       "\"remedy\":\"page\",\"why\":\"cooldown\"}]}"),
              "restart-web is to repair it; not page: it was tried a short while ago");
    CHECK_STR(sentence("{\"type\":\"decision\",\"remedy\":null,\"reason\":\"brake\",\"rejected\":"
                       "[{\"remedy\":\"restart-web\",\"why\":\"brake\"}]}"),
              "nothing is done; not restart-web: so many failed at once that it is the network, "
              "or us");
    CHECK_STR(sentence("{\"type\":\"decision\",\"remedy\":null,\"rejected\":[]}"),
              "no remedy is declared for that");
    CHECK_STR(sentence("{\"type\":\"decision\",\"reason\":\"repair_exhausted\",\"evidence\":[\"no "
                       "remedy is left\"],\"rejected\":[]}"),
              "nothing is done (repair_exhausted): no remedy is left");
    CHECK_STR(sentence("{\"type\":\"decision\",\"reason\":\"flapping\",\"evidence\":[\"it flaps\"],"
                       "\"rejected\":[{\"remedy\":\"restart-web\",\"why\":\"rate\"}]}"),
              "nothing is done: it flaps; not restart-web: it may not run so often");
}

static void a_task_and_its_outcome_name_the_remedy(void)
{
    CHECK_STR(sentence("{\"type\":\"task\",\"task\":\"task-1\",\"remedy\":\"restart-web\"}"),
              "task-1 of restart-web");
    CHECK_STR(sentence("{\"type\":\"outcome\",\"remedy\":\"restart-web\",\"reason\":\"verified\","
                       "\"evidence\":[\"web-port passes\"]}"),
              "restart-web: verified: web-port passes");
}

static void whoever_did_it_is_named(void)
{
    CHECK_STR(sentence("{\"type\":\"human\",\"by\":\"uid 0\",\"reason\":\"maintenance\","
                       "\"evidence\":[\"for 1h\"]}"),
              "uid 0: maintenance: for 1h");
}

static void what_is_not_expected_does_no_harm(void)
{
    CHECK_STR(sentence("{}"), "");
    CHECK_STR(sentence("{\"type\":7,\"evidence\":3,\"by\":[]}"), "");
    CHECK_STR(sentence("{\"type\":\"decision\",\"rejected\":[1,{}]}"),
              "nothing is done; not : ; not : ");
    CHECK_STR(sentence("{\"type\":\"observation\",\"evidence\":[{\"a\":1}]}"), "{\"a\":1}");
}

static void a_line_has_its_time(void)
{
    struct arena arena = ARENA(MEM_TEST, 0);
    struct buf out = BUF(MEM_TEST, 0);
    struct json_value *v;
    CHECK_INT(json_parse(SLICE("{\"at\":\"2026-11-24T10:15:30.123Z\",\"type\":\"state\","
                               "\"from\":\"Failed\",\"to\":\"Healthy\",\"reason\":\"settled\"}"),
                         &arena, 0, &v, NULL),
              0);
    sentence_line(v, false, &out);
    CHECK_STR(out.data, "10:15:30.123  state        Failed -> Healthy: settled\n");
    buf_clear(&out);
    sentence_line(v, true, &out);
    CHECK_STR(out.data, "2026-11-24T10:15:30.123Z  state        Failed -> Healthy: settled\n");
    buf_done(&out);
    arena_done(&arena);
}

int main(void)
{
    TAP_RUN(an_observation_is_its_evidence);
    TAP_RUN(a_move_says_from_where_to_where_and_why);
    TAP_RUN(a_decision_says_what_was_not_taken);
    TAP_RUN(a_task_and_its_outcome_name_the_remedy);
    TAP_RUN(whoever_did_it_is_named);
    TAP_RUN(what_is_not_expected_does_no_harm);
    TAP_RUN(a_line_has_its_time);
    return tap_done();
}
