#include "engine/signature.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/remote.h"
#include "engine/cell_tokens.h"
#include "engine/scope.h"

static bool is_number_word(cell_span_t word)
{
    static const char *const words[] = {
        "char",    "short",   "int",      "long",     "float",    "double",   "bool",   "_Bool",   "signed",
        "unsigned", "complex", "_Complex", "int8_t",  "int16_t",  "int32_t",  "int64_t", "uint8_t", "uint16_t",
        "uint32_t", "uint64_t", "size_t",  "ssize_t", NULL};
    for (size_t i = 0; words[i]; i++)
        if (cell_span_is(word, words[i]))
            return true;
    return false;
}

//  Whether tokens are those of a number's type, or of const char *, with a name behind it or not.
static bool is_plain_type(const cell_token_t *tokens, size_t count)
{
    size_t longs = 0, doubles = 0, chars = 0, consts = 0, stars = 0, words = 0;
    if (count > 1 && tokens[count - 1].kind == TOKEN_WORD && !is_number_word(tokens[count - 1].span))
        count--;
    for (size_t i = 0; i < count; i++) {
        bool star = cell_token_is(&tokens[i], "*"), is_const = cell_token_is(&tokens[i], "const");
        if (!star && !is_const && !is_number_word(tokens[i].span))
            return false;
        words += !star && !is_const;
        stars += star;
        consts += is_const;
        longs += cell_token_is(&tokens[i], "long");
        doubles += cell_token_is(&tokens[i], "double");
        chars += cell_token_is(&tokens[i], "char");
    }
    return words > 0 && !(longs && doubles) && (stars == 0 || (stars == 1 && chars == 1 && words == 1 && consts == 1));
}

int signature_parameters(const cell_item_t *item, FILE *out, const char *before, bool numbered)
{
    cell_tokens_t read;
    int count = 0;
    cell_tokens_read(&read, item->parameters, NULL);
    size_t first = 0, tokens = read.count - 1;
    bool none = tokens == 0 || (tokens == 1 && cell_token_is(&read.tokens[0], "void"));
    for (size_t i = 0; !none && count >= 0 && i <= tokens; i++) {
        if (i < tokens && !cell_token_is(&read.tokens[i], ","))
            continue;
        const cell_span_t *last = &read.tokens[i > 0 ? i - 1 : 0].span;
        const char *at = read.tokens[first].span.at;
        if (count == IPC_MAX_PARAMETERS || i == first || !is_plain_type(&read.tokens[first], i - first)) {
            count = -1;
            break;
        }
        fprintf(out, "%s%s%.*s", count > 0 ? ", " : "", before, (int) (last->at + last->size - at), at);
        if (numbered)
            fprintf(out, ", %d", count);
        fputs(")", out);
        count++;
        first = i + 1;
    }
    cell_tokens_free(&read);
    return count;
}

bool signature_result(const cell_item_t *item, bool *nothing)
{
    size_t size = (size_t) (item->name.at - item->declarator.at);
    char *base = scope_without(item->base, scope_storage);
    char *text = ipc_xformat("%s %.*s", base, (int) size, item->declarator.at);
    cell_tokens_t read;
    cell_tokens_read(&read, (cell_span_t){text, strlen(text)}, NULL);
    *nothing = read.count == 2 && cell_token_is(&read.tokens[0], "void");
    bool plain = *nothing || is_plain_type(read.tokens, read.count - 1);
    cell_tokens_free(&read);
    free(text);
    free(base);
    return plain;
}
