//  cells_t: the executed source of an engine: cells, what they have declared, and the names that they share with the
//  engine's namespace. On the task thread.
#ifndef IPC_ENGINE_CELLS_H
#define IPC_ENGINE_CELLS_H

#include "common/names.h"
#include "common/remote.h"
#include "engine/compiler.h"
#include "engine/unit_names.h"

typedef struct cells cells_t;

typedef struct cells_options {
    const char *directory;             // of what is compiled; private to the user
    const ipc_runtime_t *runtime;      // what cells call
    names_t *names;                    // the namespace
    unit_names_t *units;               // for traces; or NULL
} cells_options_t;

enum { CELLS_NAME = 128 };

//  One cell.
typedef struct cells_source {
    const char *text;
    uint64_t number;                   // as its client counts; 0: none, of an include
    const char *file;                  // that it was read from, as its client names it; or NULL
    uint64_t occasion;                 // the same on all engines that get it, else another each time
    compiler_options_t options;
} cells_source_t;

//      options   its members are borrowed for the life of the cells; the names go before them
cells_t *cells_new(const cells_options_t *options);
void cells_destroy(cells_t **self_p);                  // what was loaded stays so

//  Before a task ends otherwise than by returning: by ipc_raise(), while what it made is there; by being stopped.
//  Variables that hold values keep what they were set to, or what they had before.
void cells_keep(cells_t *self);
void cells_restore(cells_t *self);

//  Forgets all that cells have declared: macros, types and includes too.
void cells_clear(cells_t *self);

//  Compiles a cell and makes known what it declares. Gives what is to be called for its statements, without arguments,
//  or NULL with *error: COMPILE, SYSTEM; then nothing has changed.
const ipc_remote_t *cells_load(cells_t *self, const cells_source_t *source, ipc_error_t *error);

//  Whether something is left to do for the next cells, which nobody should have to wait for; that.
bool cells_are_behind(const cells_t *self);
void cells_catch_up(cells_t *self);

//  After that call: what the cell's last expression gave, if that is the value of a name.
//      value   written
void cells_value(const cells_t *self, ipc_value_t *value);

//  The function of a cell: NULL with *error: NAME.
const ipc_remote_t *cells_function(const cells_t *self, const char *name, ipc_error_t *error);

//  The declaration of a variable or function that a cell has made, lent: "double a[16]", "int f(int x)". NULL: there is
//  none of that name, or it was pushed.
const char *cells_declaration(const cells_t *self, const char *name);

#endif
