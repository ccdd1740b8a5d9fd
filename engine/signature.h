//  What the text of a function says of its parameters and its result: whether they are numbers, strings or void, so
//  that it can be called by name.
#ifndef IPC_ENGINE_SIGNATURE_H
#define IPC_ENGINE_SIGNATURE_H

#include <stdio.h>

#include "engine/cell.h"

//  Reads the parameters and gives their number, -1 when one of them cannot come from outside. Each is written to out
//  behind a text, then its number if numbered, then a parenthesis: "IPC_TAKE(double x, 0)".
int signature_parameters(const cell_item_t *item, FILE *out, const char *before, bool numbered);

//  Whether the result can be taken outside; *nothing: it is void.
bool signature_result(const cell_item_t *item, bool *nothing);

#endif
