#include "lang/token.h"

#include "tests/tap.h"

static void operators_bind_as_in_go(void)
{
    CHECK_INT(token_precedence(TOKEN_LOR), 1);
    CHECK_INT(token_precedence(TOKEN_LAND), 2);
    CHECK_INT(token_precedence(TOKEN_LE), 3);
    CHECK_INT(token_precedence(TOKEN_XOR), 4);
    CHECK_INT(token_precedence(TOKEN_AND_NOT), 5);
    CHECK_INT(token_precedence(TOKEN_ASSIGN), 0);
}

static void assignment_operators_have_their_plain_ones(void)
{
    for (int t = TOKEN_ADD; t <= TOKEN_AND_NOT; t++) {
        char with_equal[8];
        enum token_kind assign = (enum token_kind)(t - TOKEN_ADD + TOKEN_ADD_ASSIGN);
        snprintf(with_equal, sizeof(with_equal), "%s=", token_text((enum token_kind)t));
        CHECK_STR(token_text(assign), with_equal);
        CHECK(token_is_assign(assign));
        CHECK_INT(token_of_assign(assign), t);
    }
}

int main(void)
{
    TAP_RUN(operators_bind_as_in_go);
    TAP_RUN(assignment_operators_have_their_plain_ones);
    return tap_done();
}
