#include "wire/problem.h"

#include "tests/tap.h"

#include <errno.h>

static void every_member_is_there(void)
{
    struct buf out = BUF(MEM_TEST, 0);
    problem_write(&(struct problem){.status = 409,
                                    .title = SLICE("Conflict"),
                                    .detail = SLICE("it is \"newer\""),
                                    .reason = SLICE("conflict")},
                  &out);
    CHECK_STR(out.data, "{\"type\":\"about:blank\",\"title\":\"Conflict\",\"status\":409,"
                        "\"detail\":\"it is \\\"newer\\\"\",\"reason\":\"conflict\",\"field\":null,"
                        "\"trace_id\":null}");
    buf_done(&out);
}

static void what_was_written_is_read(void)
{
    struct buf out = BUF(MEM_TEST, 0);
    struct arena a = ARENA(MEM_TEST, 0);
    struct problem p, want = {.status = 400,
                              .title = SLICE("Bad Request"),
                              .detail = SLICE("x"),
                              .reason = SLICE("syntax"),
                              .field = SLICE("spec.tcp"),
                              .trace_id = SLICE("00ff")};
    problem_write(&want, &out);
    CHECK_INT(problem_read(buf_slice(&out), &a, &p), 0);
    CHECK_INT(p.status, 400);
    CHECK(slice_eq(p.title, want.title) && slice_eq(p.detail, want.detail));
    CHECK(slice_eq(p.reason, want.reason) && slice_eq(p.field, want.field));
    CHECK(slice_eq(p.trace_id, want.trace_id));
    arena_done(&a);
    buf_done(&out);
}

static void other_answers_are_no_problem(void)
{
    static const char *const texts[] = {
        "", "[]", "<html>", "{}", "{\"status\":\"404\"}", "{\"status\":1000}", "{\"status\":404",
    };
    struct arena a = ARENA(MEM_TEST, 0);
    struct problem p = {.status = 7};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        CHECK_INT(problem_read(slice_from(texts[i]), &a, &p), -EBADMSG);
    CHECK_INT(p.status, 7);
    CHECK_INT(problem_read(SLICE("{\"status\":404,\"detail\":5}"), &a, &p), 0);
    CHECK_INT(p.status, 404);
    CHECK_INT(p.detail.size, 0);
    arena_done(&a);
}

int main(void)
{
    TAP_RUN(every_member_is_there);
    TAP_RUN(what_was_written_is_read);
    TAP_RUN(other_answers_are_no_problem);
    return tap_done();
}
