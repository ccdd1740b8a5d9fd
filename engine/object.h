//  Structs of executed source as dictionaries, by what the compiler knows of their members.
#ifndef IPC_ENGINE_OBJECT_H
#define IPC_ENGINE_OBJECT_H

#include "common/arena.h"
#include "engine/cell_unit.h"

//  The number, string, array or value that stands at an address, as the type says; strings and arrays are copied into
//  the arena. None of a type that has no value outside.
ipc_value_t object_read(const ipc_cell_member_t *type, const void *address, ipc_arena_t *arena);

//  The struct there, with those of its members that have a value.
ipc_value_t object_value(const ipc_cell_member_t *members, const void *address, ipc_arena_t *arena);

//  Sets what is there to a value: of a struct the members that a dictionary has. False, and nothing is changed, if it
//  does not fit. Strings that are pointed to are borrowed for as long as they are there.
bool object_write(const ipc_cell_member_t *type, void *address, ipc_value_t value);

//  A number, string, array or value of that type there; none of other types. Sets it to a value that was converted.
ipc_value_t object_scalar(uint32_t type, const void *address);
void object_set_scalar(uint32_t type, void *address, const ipc_value_t *value);

//  The dtype of numbers of a type, -1 if there is none.
int object_dtype(uint32_t type);

#endif
