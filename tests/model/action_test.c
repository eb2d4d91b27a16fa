#include "model/action.h"

#include "tests/tap.h"

#include <errno.h>
#include <signal.h>

#include "base/defs.h"

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void the_exit_status_says_how_it_ended(void)
{
    static const struct {
        struct exec_result result;
        int status;
    } cases[] = {
        {{.reason = REASON_OK}, 0},
        {{.reason = REASON_EXEC_EXIT, .exit = 7}, 7},
        {{.reason = REASON_EXEC_EXIT, .exit = 255}, 255},
        {{.reason = REASON_EXEC_SIGNAL, .exit = -1, .signal = SIGSEGV}, 128 + SIGSEGV},
        {{.reason = REASON_TIMEOUT, .exit = 0}, 124}, /* whatever it made of SIGTERM */
        {{.reason = REASON_TIMEOUT, .exit = -1, .signal = SIGKILL}, 124},
        {{.reason = REASON_LIMIT}, 125},
        {{.reason = REASON_CANCELED, .signal = SIGTERM}, 125},
        {{.reason = REASON_PERMISSION}, 126},
        {{.reason = REASON_EXEC_NOT_FOUND}, 127},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_INT(exec_result_status(&cases[i].result), cases[i].status);
}

static void a_text_with_a_nul_is_refused_and_not_cut_off(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct err err = {0};
    const char *text = "before";
    CHECK_INT(exec_text(&a, SLICE("rm\0 -rf"), "argument 2", &text, &err), -EINVAL);
    CHECK_STR(text, "before");
    CHECK(strstr(err.text, "argument 2") && strstr(err.text, "byte 2"));
    CHECK_INT(exec_text(&a, SLICE("whole"), "argument 2", &text, &err), 0);
    CHECK_STR(text, "whole");
    CHECK_INT(exec_text(&a, (struct slice){0}, "argument 3", &text, &err), 0);
    CHECK_STR(text, "");
    arena_done(&a);
}

static int check(struct exec_spec spec, struct err *err)
{
    return exec_spec_check(&spec, err);
}

static void a_spec_names_a_program_and_whole_variables(void)
{
    struct err err = {0};
    CHECK_INT(check((struct exec_spec){.argv = TEXTS("true")}, &err), 0);
    CHECK_INT(check((struct exec_spec){.argv = TEXTS("true"), .env = TEXTS("A=", "B=c=d")}, &err),
              0);
    CHECK_INT(check((struct exec_spec){.argv = NULL}, &err), -EINVAL);
    CHECK_INT(check((struct exec_spec){.argv = TEXTS(NULL)}, &err), -EINVAL);
    CHECK_INT(check((struct exec_spec){.argv = TEXTS("")}, &err), -EINVAL);
    CHECK_INT(check((struct exec_spec){.argv = TEXTS("true"), .env = TEXTS("PATH")}, &err),
              -EINVAL);
    CHECK(strstr(err.text, "'PATH'"));
    CHECK_INT(check((struct exec_spec){.argv = TEXTS("true"), .env = TEXTS("=x")}, &err), -EINVAL);
}

static void its_bounds_are_counted_over_all_texts(void)
{
    struct err err = {0};
    const char **many = calloc(EXEC_ARGS_MAX + 2, sizeof(*many));
    for (size_t i = 0; i < EXEC_ARGS_MAX; i++)
        many[i] = "A=b";
    CHECK_INT(check((struct exec_spec){.argv = many, .env = many}, &err), 0);
    many[EXEC_ARGS_MAX] = "A=b";
    CHECK_INT(check((struct exec_spec){.argv = many}, &err), -E2BIG);
    CHECK_INT(check((struct exec_spec){.argv = TEXTS("true"), .env = many}, &err), -E2BIG);
    CHECK(strstr(err.text, "variables"));
    free(many);
    char *half = malloc(EXEC_TEXT_BYTES_MAX / 2 + 1);
    memset(half, '=', EXEC_TEXT_BYTES_MAX / 2);
    half[0] = 'A';
    half[EXEC_TEXT_BYTES_MAX / 2] = 0;
    CHECK_INT(check((struct exec_spec){.argv = TEXTS(half)}, &err), 0);
    CHECK_INT(check((struct exec_spec){.argv = TEXTS("true", half), .env = TEXTS(half)}, &err),
              -E2BIG);
    free(half);
}

static void signals_have_their_names(void)
{
    char text[EXEC_SIGNAL_NAME_MAX];
    static const struct {
        int signal;
        const char *name;
    } cases[] = {{SIGHUP, "SIGHUP"},   {SIGKILL, "SIGKILL"}, {SIGTERM, "SIGTERM"},
                 {SIGCHLD, "SIGCHLD"}, {SIGXCPU, "SIGXCPU"}, {SIGIO, "SIGIO"},
                 {SIGPWR, "SIGPWR"},   {SIGSYS, "SIGSYS"},   {SIGWINCH, "SIGWINCH"},
                 {40, "signal 40"},    {0, "signal 0"},      {-1, "signal -1"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_STR(exec_signal_name(cases[i].signal, text), cases[i].name);
}

int main(void)
{
    TAP_RUN(the_exit_status_says_how_it_ended);
    TAP_RUN(a_text_with_a_nul_is_refused_and_not_cut_off);
    TAP_RUN(a_spec_names_a_program_and_whole_variables);
    TAP_RUN(its_bounds_are_counted_over_all_texts);
    TAP_RUN(signals_have_their_names);
    return tap_done();
}
