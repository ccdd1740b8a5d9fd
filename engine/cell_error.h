//  What is wrong with a cell, and where, in the words that users read.
#ifndef IPC_ENGINE_CELL_ERROR_H
#define IPC_ENGINE_CELL_ERROR_H

#include "engine/cells.h"

//  What people call a cell: "cell 3", "demo.c", "include".
void cell_error_name(const cells_source_t *source, char name[CELLS_NAME]);

//  Fills *error with COMPILE, a sentence, the cell's line and a caret below it; gives -1.
//      row, column   from 1, in characters
//      words         borrowed; up to the end of their line
int cell_error_at(const cells_source_t *source, size_t row, size_t column, const char *words, ipc_error_t *error);

#endif
