//  What the text of a function says of its parameters and its result: whether they are numbers, strings, arrays, values
//  or void, so that it can be called by name.
#ifndef IPC_ENGINE_SIGNATURE_H
#define IPC_ENGINE_SIGNATURE_H

#include "engine/cell.h"
#include "engine/text.h"

//  A function, and whether a word of its is the name of a number's type that cells have made.
typedef struct signature {
    const cell_item_t *item;
    bool (*is_number)(const void *context, cell_span_t word);
    const void *context;
} signature_t;

//  Reads the parameters and gives their number, -1 when one of them cannot come from outside. Each is written to out
//  behind a text, then its number if numbered, then a parenthesis: "IPC_TAKE(double x, 0)".
int signature_parameters(const signature_t *self, text_t *out, const char *before, bool numbered);

//  Whether the result can be taken outside; *nothing: it is void.
bool signature_result(const signature_t *self, bool *nothing);

//  Whether the text of a type is that of a number under another name: "typedef double real".
bool signature_names_number(cell_span_t text);

#endif
