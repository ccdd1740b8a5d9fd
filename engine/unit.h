//  unit_t: a cell as a C file that the compiler can have. Each piece of the cell stands in it at its own line and
//  column of a file "cell"; what the engine adds is of a file "engine".
#ifndef IPC_ENGINE_UNIT_H
#define IPC_ENGINE_UNIT_H

#include "engine/scope.h"

typedef struct unit {
    char *text;
    definition_t **fresh;              // what it declares, for scope_commit()
    size_t fresh_count, fresh_room;
    char *value_name;                  // its value is that of this name; or NULL
    bool is_fleeting;                  // it includes files that may change
    bool is_apart;                     // it says by what names those go that headers have, too
} unit_t;

//  Writes the unit of a cell. What it replaces in the scope is hidden.
//      names   values that were pushed: those that the cell mentions become variables of the unit
void unit_write(unit_t *self, const cell_t *cell, const char *source, scope_t *scope, const names_t *names);
void unit_free(unit_t *self);

//  Of a unit that the compiler refused: the scope is to set names apart from those of headers, as what was said asks
//  for. False: it asks for none, or for none that is not apart already; else it is to be written again.
bool unit_set_apart(const unit_t *self, const char *said, scope_t *scope);

//  Such a name in a unit has this before it; what a compiler says, without it.
#define UNIT_OWN "ipc_own_"
void unit_say_plainly(char *said);

#endif
