//  variable_t: a variable or function of executed source, behind a name of the engine's namespace.
#ifndef IPC_ENGINE_VARIABLE_H
#define IPC_ENGINE_VARIABLE_H

#include "common/names.h"
#include "engine/cell_unit.h"
#include "engine/keeper.h"

//  Binds the name of a variable that a unit defines. One that has a count takes the array that the name stands for as
//  it is: the variable follows it. Another one that is adopted gets the name's value; else it keeps its own.
//      label    borrowed; its symbol, which no other one ever has
//      keeper   looks after it if it holds what has memory of its own; borrowed for its life
void variable_bind(names_t *names, const ipc_cell_variable_t *defined, const char *label, bool adopted,
                   keeper_t *keeper);

//  Binds the name of a function.
//      remote   borrowed; NULL: not callable by name
void variable_bind_function(names_t *names, const char *name, const ipc_remote_t *remote, const char *label);

//  The symbol behind a name, lent until it is bound anew; NULL: none of executed source.
const char *variable_label(const names_t *names, const char *name);

//  The function of that name: NULL with *error: NAME. *known is set when there is one, callable or not.
const ipc_remote_t *variable_function(const names_t *names, const char *name, bool *known, ipc_error_t *error);

#endif
