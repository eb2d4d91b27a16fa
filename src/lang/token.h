/* token.h - the words of Go: operators, keywords, and the classes of all others. */
#ifndef FIREBREAK_LANG_TOKEN_H
#define FIREBREAK_LANG_TOKEN_H

#include <stdbool.h>

/* Assignment operators follow their plain ones in the same order: see token_of_assign. */
#define TOKEN_LIST(X)                                                                              \
    X(END, "end of file")                                                                          \
    X(ERROR, "an unknown character") X(NAME, "a name") X(INT, "a number") X(FLOAT, "a number")     \
        X(IMAGINARY, "a number") X(RUNE, "a character") X(STRING, "a string") X(ADD, "+")          \
            X(SUB, "-") X(MUL, "*") X(QUO, "/") X(REM, "%") X(AND, "&") X(OR, "|") X(XOR, "^") X(  \
                SHL, "<<") X(SHR, ">>") X(AND_NOT, "&^") X(ADD_ASSIGN, "+=") X(SUB_ASSIGN, "-=")   \
                X(MUL_ASSIGN, "*=") X(QUO_ASSIGN, "/=") X(REM_ASSIGN, "%=") X(AND_ASSIGN, "&=") X( \
                    OR_ASSIGN, "|=") X(XOR_ASSIGN, "^=") X(SHL_ASSIGN, "<<=") X(SHR_ASSIGN, ">>=") \
                    X(AND_NOT_ASSIGN, "&^=") X(LAND, "&&") X(LOR, "||") X(                         \
                        ARROW, "<-") X(INC, "++") X(DEC, "--") X(EQ, "==") X(NE, "!=")             \
                        X(LT, "<") X(LE, "<=") X(GT, ">") X(GE, ">=") X(NOT, "!") X(TILDE, "~")    \
                            X(ASSIGN, "=") X(DEFINE, ":=") X(ELLIPSIS, "...") X(LPAREN, "(") X(    \
                                LBRACK, "[") X(LBRACE, "{") X(COMMA, ",")                          \
                                X(PERIOD, ".") X(RPAREN, ")") X(RBRACK, "]") X(RBRACE, "}") X(     \
                                    SEMICOLON, ";") X(COLON, ":")                                  \
                                    X(BREAK, "break") X(CASE, "case") X(CHAN, "chan")              \
                                        X(CONST,                                                   \
                                          "const") X(CONTINUE, "continue") X(DEFAULT, "default")   \
                                            X(DEFER, "defer") X(ELSE, "else") X(                   \
                                                FALLTHROUGH, "fallthrough")                        \
                                                X(FOR, "for") X(FUNC, "func") X(GO, "go") X(       \
                                                    GOTO,                                          \
                                                    "goto") X(IF, "if")                            \
                                                    X(IMPORT,                                      \
                                                      "import") X(INTERFACE, "interface")          \
                                                        X(MAP, "map") X(PACKAGE, "package")        \
                                                            X(RANGE, "range") X(RETURN, "return")  \
                                                                X(SELECT, "select")                \
                                                                    X(STRUCT, "struct")            \
                                                                        X(SWITCH, "switch")        \
                                                                            X(TYPE, "type")        \
                                                                                X(VAR, "var")

enum token_kind {
#define TOKEN_ENUM(NAME, text) TOKEN_##NAME,
    TOKEN_LIST(TOKEN_ENUM)
#undef TOKEN_ENUM
        TOKEN_KIND_COUNT,
    TOKEN_KEYWORD_FIRST = TOKEN_BREAK,
    TOKEN_KEYWORD_LAST = TOKEN_VAR,
    /* The name_id of a keyword is its token less TOKEN_KEYWORD_FIRST, plus one. */
    NAME_KEYWORD_END = TOKEN_KEYWORD_LAST - TOKEN_KEYWORD_FIRST + 2,
};

const char *token_text(enum token_kind t);
/* Of a binary operator, 1 (||) to 5 (*); 0: it is none. */
int token_precedence(enum token_kind t);

static inline bool token_is_assign(enum token_kind t)
{
    return t >= TOKEN_ADD_ASSIGN && t <= TOKEN_AND_NOT_ASSIGN;
}
/* The plain operator of "+=" and so on. */
static inline enum token_kind token_of_assign(enum token_kind t)
{
    return (enum token_kind)(t - TOKEN_ADD_ASSIGN + TOKEN_ADD);
}
static inline bool token_is_comparison(enum token_kind t)
{
    return t >= TOKEN_EQ && t <= TOKEN_GE;
}
static inline bool token_is_shift(enum token_kind t)
{
    return t == TOKEN_SHL || t == TOKEN_SHR;
}

#endif
