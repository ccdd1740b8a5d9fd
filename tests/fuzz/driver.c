//  fuzz_NAME CORPUS [RUNS [SEED]]: the reader of this program gets each input of the corpus, then RUNS inputs that were
//  made of them by chance. The corpus is text, an input a line, in hexadecimal digits. What makes the reader stop is
//  written to stderr in that form, to be added to the corpus when it is mended.
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

enum { ROOM = 1 << 16, CHANGES = 8 };

typedef struct input {
    uint8_t *bytes;
    size_t size;
} input_t;

typedef struct corpus {
    input_t *inputs;
    size_t count;
} corpus_t;

//  The input that is being read, where a handler of signals finds it.
static const uint8_t *volatile current;
static volatile size_t current_size;

static void put(const char *text, size_t size)
{
    if (write(STDERR_FILENO, text, size) < 0)
        _exit(1);
}

static void show_current(void)
{
    static const char digits[] = "0123456789abcdef", words[] = "\nthe input was\n";
    put(words, sizeof words - 1);
    for (size_t i = 0; i < current_size; i++)
        put((const char[]){digits[current[i] >> 4], digits[current[i] & 15]}, 2);
    put("\n", 1);
}

static void on_signal(int number)
{
    show_current();
    signal(number, SIG_DFL);
    raise(number);
}

void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void read_input(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1); // of just this size, so that a sanitizer sees what lies beyond
    if (size > 0)
        memcpy(copy, bytes, size);
    current = copy;
    current_size = size;
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

//  --- The corpus ----------------------------------------------------------------------------------------------

static int digit_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int) (at - digits) : -1;
}

//  The line's bytes; false if it is not of pairs of digits.
static bool read_line(const char *line, input_t *input)
{
    size_t digits = strcspn(line, "\n");
    *input = (input_t){malloc(digits / 2 + 1), digits / 2};
    bool fine = digits % 2 == 0;
    for (size_t i = 0; i < input->size && fine; i++) {
        int high = digit_of(line[2 * i]), low = digit_of(line[2 * i + 1]);
        fine = high >= 0 && low >= 0;
        input->bytes[i] = (uint8_t) (high * 16 + low);
    }
    return fine;
}

static bool read_corpus(corpus_t *self, const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    bool fine = file != NULL;
    while (fine && getline(&line, &room, file) >= 0) {
        if (line[0] == '#')
            continue;
        self->inputs = realloc(self->inputs, (self->count + 1) * sizeof self->inputs[0]);
        fine = read_line(line, &self->inputs[self->count++]);
    }
    free(line);
    if (file)
        fclose(file);
    return fine && self->count > 0;
}

//  --- Chance --------------------------------------------------------------------------------------------------

//  xorshift64* (Marsaglia 2003, Vigna 2016): the same inputs for the same seed, everywhere.
static uint64_t next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545F4914F6CDD1Du;
}

static size_t below(uint64_t *state, size_t limit)
{
    return limit ? (size_t) (next(state) % limit) : 0;
}

//  Puts a piece of another input in, or a byte that readers care for; or takes a piece out.
static size_t change(uint8_t *bytes, size_t size, const input_t *other, uint64_t *state)
{
    static const uint8_t edges[] = {0, 1, 0x7f, 0x80, 0xff, 0xc0, 0xc4, 0xca, 0xdb, 0xdd, 0xdf, 0xcf, '"', '[', '{'};
    size_t at = below(state, size + 1), length = below(state, 17);
    switch (below(state, 5)) {
    case 0: // one byte
        if (at < size)
            bytes[at] = (uint8_t) next(state);
        return size;
    case 1: // one bit, or an edge
        if (at < size)
            bytes[at] = length % 2 ? bytes[at] ^ (uint8_t) (1 << below(state, 8)) : edges[below(state, sizeof edges)];
        return size;
    case 2: // out
        length = length < size - at ? length : size - at;
        memmove(bytes + at, bytes + at + length, size - at - length);
        return size - length;
    case 3: // cut
        return at;
    default: // in
        length = length < other->size ? length : other->size;
        if (size + length > ROOM)
            return size;
        memmove(bytes + at + length, bytes + at, size - at);
        memcpy(bytes + at, other->bytes + below(state, other->size - length + 1), length);
        return size + length;
    }
}

static void read_changed(const corpus_t *corpus, uint64_t *state)
{
    static uint8_t bytes[ROOM + 1];
    const input_t *from = &corpus->inputs[below(state, corpus->count)];
    size_t size = from->size < ROOM ? from->size : ROOM, changes = 1 + below(state, CHANGES);
    if (size > 0)
        memcpy(bytes, from->bytes, size);
    for (size_t i = 0; i < changes; i++)
        size = change(bytes, size, &corpus->inputs[below(state, corpus->count)], state);
    read_input(bytes, size);
}

int main(int argc, char **argv)
{
    corpus_t corpus = {0};
    if (argc < 2 || argc > 4)
        return fputs("usage: fuzz_NAME CORPUS [RUNS [SEED]]\n", stderr), 2;
    if (!read_corpus(&corpus, argv[1]))
        return fprintf(stderr, "%s is no corpus: it has an input a line, in pairs of hexadecimal digits\n", argv[1]), 1;
    size_t runs = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    uint64_t state = argc > 3 ? strtoull(argv[3], NULL, 10) | 1 : 1;
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(show_current);
    else
        for (size_t i = 0; i < 2; i++) signal((int[]){SIGSEGV, SIGBUS}[i], on_signal); // else the sanitizer's own
    signal(SIGABRT, on_signal);
    for (size_t i = 0; i < corpus.count; i++) read_input(corpus.inputs[i].bytes, corpus.inputs[i].size);
    for (size_t i = 0; i < runs; i++) read_changed(&corpus, &state);
    printf("%zu inputs of the corpus and %zu made of them were refused in a sentence or read\n", corpus.count, runs);
    for (size_t i = 0; i < corpus.count; i++) free(corpus.inputs[i].bytes);
    free(corpus.inputs);
    return 0;
}
