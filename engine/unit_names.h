//  unit_names_t: what the units that an engine has loaded are called by those who sent them, "cell 4" or "demo.c", for
//  traces. Units are shared by engines and clients, so they have no such name themselves. A file in shared memory, that
//  the worker writes and its nanny reads after a crash: a table of fixed size, where a unit can push another one out.
#ifndef IPC_ENGINE_UNIT_NAMES_H
#define IPC_ENGINE_UNIT_NAMES_H

#include <stddef.h>

typedef struct unit_names unit_names_t;

//  Makes an empty file for a new worker, or NULL: then there are no names.
//      directory   the cluster's shared-memory directory
unit_names_t *unit_names_new(const char *directory, int engine);

//  The unit whose file has that name, a hash, is called so from now on. NULL for self is fine.
void unit_names_note(unit_names_t *self, const char *hash, const char *name);

//  Puts the names of units behind their lines in a trace, as "<module's path> TAB <offset> TAB <symbol> TAB <name>".
//      text   a trace as unwind() gives it; there is room for size bytes
void unit_names_annotate(const char *directory, int engine, char *text, size_t size);

#endif
