#include "engine/explain.h"

#include <stddef.h>
#include <string.h>

static const char no_constant[] = "the length of an array that lasts has to be a constant, of #define or enum: others "
                                  "are made by malloc(), or in a function or block";

//  What both compilers say, each in its words: cells stand in units in another way than one has written them.
static const struct { const char *said, *sentence; } sentences[] = {
    {"variably modified", no_constant},
    {"variable length array declaration", no_constant},
};

const char *explain(const char *words)
{
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++)
        if (strncmp(words, sentences[i].said, strlen(sentences[i].said)) == 0)
            return sentences[i].sentence;
    return words;
}
