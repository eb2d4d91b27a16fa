#include "base/err.h"

#include <errno.h>

#include "../tap.h"

static void causes_read_outermost_first(void)
{
    struct err e = {0};

    CHECK_INT(err_set(&e, -EINVAL, "unknown field '%s'", "chekcs"), -EINVAL);
    CHECK_INT(err_wrap(&e, "line %d", 3), -EINVAL);
    CHECK_INT(err_wrap(&e, "load %s", "ops.yaml"), -EINVAL);
    CHECK_STR(e.text, "load ops.yaml: line 3: unknown field 'chekcs'");
    CHECK_INT(e.code, -EINVAL);
}

static void the_systems_words_stand_behind_ours(void)
{
    struct err e = {0};

    CHECK_INT(err_sys(&e, -ECONNREFUSED, "connect"), -ECONNREFUSED);
    CHECK_STR(e.text, "connect: Connection refused");
}

static void setting_replaces_what_was_there(void)
{
    struct err e = {0};

    err_set(&e, -EIO, "first");
    err_set(&e, -EPERM, "second");
    CHECK_STR(e.text, "second");
    CHECK_INT(e.code, -EPERM);
    err_clear(&e);
    CHECK_STR(e.text, "");
    CHECK_INT(e.code, 0);
}

static void a_caller_that_does_not_ask_why_passes_null(void)
{
    CHECK_INT(err_set(NULL, -EIO, "x"), -EIO);
    CHECK_INT(err_sys(NULL, -EIO, "x"), -EIO);
    CHECK_INT(err_wrap(NULL, "x"), -EIO);
    err_clear(NULL);
}

static void an_error_may_quote_itself(void)
{
    struct err e = {0};

    err_set(&e, -EIO, "torn page");
    err_set(&e, -EIO, "again: %s", e.text);
    CHECK_STR(e.text, "again: torn page");
}

static void text_that_just_fits_is_kept_whole(void)
{
    struct err e = {0};
    char text[ERR_TEXT_MAX + 1];

    memset(text, 'x', ERR_TEXT_MAX);
    text[ERR_TEXT_MAX] = 0;
    err_set(&e, -EIO, "%s", text);
    CHECK_STR(e.text, text);
}

static void a_chain_that_is_too_long_is_cut_at_its_end(void)
{
    struct err e = {0};
    char text[ERR_TEXT_MAX + 100];

    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = 0;
    err_set(&e, -EIO, "%s", text);
    CHECK_INT(strlen(e.text), ERR_TEXT_MAX + 3);
    CHECK_STR(e.text + ERR_TEXT_MAX, "...");
    err_wrap(&e, "outer");
    CHECK(strncmp(e.text, "outer: xxx", 10) == 0);
    CHECK_INT(strlen(e.text), ERR_TEXT_MAX + 3);
    CHECK_STR(e.text + ERR_TEXT_MAX, "...");
}

static void the_cut_never_splits_a_character(void)
{
    struct err e = {0};
    char text[ERR_TEXT_MAX + 100] = "";

    memset(text, 'x', ERR_TEXT_MAX - 2);
    memcpy(text + ERR_TEXT_MAX - 2, "\xf0\x9f\x94\xa5 fire", 10);
    err_set(&e, -EIO, "%s", text);
    CHECK_INT(strlen(e.text), ERR_TEXT_MAX - 2 + 3);
    CHECK_STR(e.text + ERR_TEXT_MAX - 2, "...");
}

static void codes_have_names_with_either_sign(void)
{
    CHECK_STR(err_name(-ENOENT), "No such file or directory");
    CHECK_STR(err_name(ENOENT), "No such file or directory");
    CHECK_STR(err_name(0), "no error");
    CHECK_STR(err_name(-99999), "unknown error");
}

int main(void)
{
    TAP_RUN(causes_read_outermost_first);
    TAP_RUN(the_systems_words_stand_behind_ours);
    TAP_RUN(setting_replaces_what_was_there);
    TAP_RUN(a_caller_that_does_not_ask_why_passes_null);
    TAP_RUN(an_error_may_quote_itself);
    TAP_RUN(text_that_just_fits_is_kept_whole);
    TAP_RUN(a_chain_that_is_too_long_is_cut_at_its_end);
    TAP_RUN(the_cut_never_splits_a_character);
    TAP_RUN(codes_have_names_with_either_sign);
    return tap_done();
}
