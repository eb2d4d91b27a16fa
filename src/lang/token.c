#include "lang/token.h"

const char *token_text(enum token_kind t)
{
    static const char *const texts[TOKEN_KIND_COUNT] = {
#define TOKEN_TEXT(NAME, text) [TOKEN_##NAME] = text,
        TOKEN_LIST(TOKEN_TEXT)
#undef TOKEN_TEXT
    };
    return texts[t];
}

int token_precedence(enum token_kind t)
{
    switch (t) {
    case TOKEN_LOR:
        return 1;
    case TOKEN_LAND:
        return 2;
    case TOKEN_EQ:
    case TOKEN_NE:
    case TOKEN_LT:
    case TOKEN_LE:
    case TOKEN_GT:
    case TOKEN_GE:
        return 3;
    case TOKEN_ADD:
    case TOKEN_SUB:
    case TOKEN_OR:
    case TOKEN_XOR:
        return 4;
    case TOKEN_MUL:
    case TOKEN_QUO:
    case TOKEN_REM:
    case TOKEN_SHL:
    case TOKEN_SHR:
    case TOKEN_AND:
    case TOKEN_AND_NOT:
        return 5;
    default:
        return 0;
    }
}
