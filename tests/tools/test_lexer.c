//  Tokens of C texts, finished or not.
#include "tools/lexer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/common/run_suite.h"
#include "tools/complete.h"
#include "tools/highlight.h"

START_TEST(kinds_of_tokens)
{
    static const struct {
        const char *word;
        token_kind_t kind;
    } wanted[] = {
        {"%px", TOKEN_MAGIC}, {" ", TOKEN_BLANK}, {"const", TOKEN_KEYWORD}, {" ", TOKEN_BLANK},
        {"my_t", TOKEN_TYPE}, {" ", TOKEN_BLANK}, {"\u00e9", TOKEN_NAME}, {"=", TOKEN_OTHER},
        {"0x1F", TOKEN_NUMBER}, {"+", TOKEN_OTHER}, {"f", TOKEN_NAME}, {"(", TOKEN_OPEN},
        {"\"a\\\"\"", TOKEN_STRING}, {")", TOKEN_CLOSE}, {";", TOKEN_OTHER}, {"// b\\\nc", TOKEN_COMMENT},
        {"\n  ", TOKEN_BLANK}, {"#include", TOKEN_DIRECTIVE}, {" ", TOKEN_BLANK}, {"<a.h>", TOKEN_STRING},
        {"\\\n", TOKEN_BLANK}, {"<", TOKEN_OTHER}, {"'x'", TOKEN_CHARACTER}, {"\n", TOKEN_BLANK},
        {"%", TOKEN_OTHER}, {"/* d", TOKEN_COMMENT},
    };
    const size_t count = sizeof wanted / sizeof wanted[0];
    char text[256] = "";
    for (size_t i = 0; i < count; i++) strcat(text, wanted[i].word);
    lexer_t lexer = lexer_of(text);
    token_t token;
    for (size_t i = 0; i < count; i++) {
        ck_assert(lexer_next(&lexer, &token));
        ck_assert_msg(lexer_is_word(&lexer, &token, wanted[i].word) && token.kind == wanted[i].kind,
                      "'%s' is '%.*s', of kind %d", wanted[i].word, (int) token.length, text + token.start,
                      (int) token.kind);
    }
    ck_assert(token.cut);
    ck_assert(!lexer_next(&lexer, &token));
}
END_TEST

enum { ROUNDS = 10000 };

//  A text of bytes that mean something to a lexer, in any order.
static void fill(char *text, size_t length)
{
    static const char bytes[] = "\"'\\/*#%(){}[]<>\n\t .a0e+_if\xc3\xa9\xa0;=";
    for (size_t i = 0; i < length; i++) text[i] = bytes[(size_t) rand() % (sizeof bytes - 1)];
    text[length] = 0;
}

START_TEST(tokens_of_any_text_stand_side_by_side)
{
    char text[64];
    srand(1);
    for (int round = 0; round < ROUNDS; round++) {
        fill(text, (size_t) rand() % (sizeof text - 1));
        lexer_t lexer = lexer_of(text);
        size_t at = 0;
        for (token_t token; lexer_next(&lexer, &token) && token.start == at && token.length > 0;)
            at += token.length;
        if (at != strlen(text)) // an assertion takes its time
            ck_abort_msg("the tokens of '%s' end at %zu", text, at);
    }
}
END_TEST

START_TEST(partners_are_mutual_in_any_text)
{
    char text[64];
    srand(2);
    for (int round = 0; round < ROUNDS; round++) {
        fill(text, (size_t) rand() % (sizeof text - 1));
        long *partners = lexer_partners(text);
        for (long i = 0; text[i]; i++)
            if (partners[i] != BRACKET_NONE && partners[partners[i]] != i)
                ck_abort_msg("a bracket of '%s' has the wrong partner", text);
        free(partners);
        free(highlight_text(text, (long) strlen(text)));
        complete_wants_more(text);
        complete_is_forced(text);
    }
}
END_TEST

static void count_word(void *count, const char *word)
{
    ck_assert(strncmp(word, "u", 1) == 0);
    ++*(int *) count;
}

START_TEST(words_with_a_prefix)
{
    int count = 0;
    lexer_words("un", count_word, &count);
    ck_assert_int_eq(count, 2); // union, unsigned
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("lexer");
    tcase_add_test(tests, kinds_of_tokens);
    tcase_add_test(tests, tokens_of_any_text_stand_side_by_side);
    tcase_add_test(tests, partners_are_mutual_in_any_text);
    tcase_add_test(tests, words_with_a_prefix);
    return run_suite("lexer", tests);
}
