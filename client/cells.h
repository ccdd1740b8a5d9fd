//  cell_t: executed source on its way to engines.
#ifndef IPC_CLIENT_CELLS_H
#define IPC_CLIENT_CELLS_H

#include "client/draft.h"

//  What is NULL it does not have.
typedef struct cell {
    const char *source;
    uint64_t number;                   // 0: of an include
    const char *file;                  // that it was read from
    const char *beside;                // the directory of that file
    const char *headers;               // lines of #include that run before it
    const char *require;               // modules that are loaded before it, a blank between them
} cell_t;

//  Makes a draft one of a cell for the engines of its view: 0, or -1 with its error.
int cell_send(draft_t *self, const cell_t *cell);

//  The text of a source file, given; the directory that it is in, given. NULL with *error: ARGUMENT, SYSTEM.
char *cell_read_file(const char *path, ipc_error_t *error);
char *cell_beside(const char *path, ipc_error_t *error);

//  The size of a header's name at the beginning of a text, "<complex.h>" or "\"mine.h\""; 0: it is none.
size_t cell_header(const char *text);

#endif
