//  Names that lead into values: "a.b" is the member b of the dictionary a, "a[2]" the third member of a list, an
//  element of a 1-D array or a row of another; "a[-1]" is the last one, "a.b[2].c" goes on. A name that was bound
//  whole, with whatever characters, is that name.
#ifndef IPC_COMMON_MEMBERS_H
#define IPC_COMMON_MEMBERS_H

#include "common/names.h"

//  Gives what a name leads to, lent until its first part changes. 0, or -1 with *error: NAME, of the part that is
//  not there.
//      arena    for the head of a row
//      where    ends sentences: "", " on engine 3"
int members_get(const names_t *names, const char *name, ipc_arena_t *arena, const char *where, ipc_value_t *value,
                ipc_error_t *error);

//  Binds a name. Where its first part is bound and it is not, that value has the member set or, if it is a
//  dictionary that has none of that key, added. 0, or -1 with *error: NAME; then nothing was changed.
//      value     its memory is the arena's
//      arena_p   taken
int members_put(names_t *names, const char *name, ipc_value_t value, ipc_arena_t **arena_p, const char *where,
                ipc_error_t *error);

//  The same with a copy of the value.
int members_set(names_t *names, const char *name, ipc_value_t value, const char *where, ipc_error_t *error);

//  The same with the array itself, not a copy, if its data are its own. The caller's hold of it is taken, whatever
//  comes; a task that owns the array goes on to do so until it ends.
int members_keep(names_t *names, const char *name, ipc_array_t *array, const char *where, ipc_error_t *error);

//  Whether members_put() could bind the name: 0, or -1 with *error.
int members_check(const names_t *names, const char *name, const char *where, ipc_error_t *error);

#endif
