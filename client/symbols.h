//  From the frames that an engine sends of a crash to what people read: an engine has only the loaded part of
//  the program, the client's own file has the names and the lines (DESIGN.md 5).
#ifndef IPC_CLIENT_SYMBOLS_H
#define IPC_CLIENT_SYMBOLS_H

#include <stddef.h>

enum { SYMBOLS_WHERE = 160 };              // as ipc_error_t.where

//  Gives the client's own file of an image (lent), or NULL when it is not of this client.
typedef const char *(*symbols_file_fn)(void *context, const char *hash);

//  How lines are found: by the best that is there, or by no more than this. For tests.
typedef enum symbols_method {
    SYMBOLS_LIBDW,
    SYMBOLS_ADDR2LINE,
    SYMBOLS_NONE
} symbols_method_t;

//  Gives the trace as text, one line for each function, inlined ones too, innermost first:
//          at inner (prog.c:6)
//          at abort (libc.so.6)
//  It ends with the function that was applied: what called that is the engine's. Files without debug
//  information are told as "name (prog)", or "prog+0x1234". The text is given (free() it), "" for no frames.
//  Executed source is told by its name: "at scaled (cell 4, line 3)", "at scaled (demo.c:3)", "at cell 4, line 1".
//      frames     borrowed; lines "<module's path> TAB <offset, hexadecimal> TAB <symbol or ->", behind that of
//                 executed source TAB <its name>, innermost first; what makes no sense is passed over
//      file_of    for modules "…/images/<64 hexadecimal digits>.so"
//      where      written; the innermost place that is the client's, "inner (prog.c:6)"; or ""
char *symbols_trace(const char *frames, symbols_file_fn file_of, void *context,
                    char where[SYMBOLS_WHERE]);
char *symbols_trace_by(symbols_method_t method, const char *frames, symbols_file_fn file_of,
                       void *context, char where[SYMBOLS_WHERE]);

#endif
