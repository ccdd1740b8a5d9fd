//  The linker's own command, as the compiler would give it: what a compilation that is begun ahead (spare.h) links with.
#ifndef IPC_ENGINE_LINKER_H
#define IPC_ENGINE_LINKER_H

#include "engine/compiler_body.h"

//  Asks the compiler, once for each prelude, and keeps the answer beside it, as a line that a shell runs: of units that
//  are compiled without flags and libraries. Where no such command can be read from what the compiler says, it is empty.
//      link   borrowed; the compiler's command that links "unit.o" to "unit.so"
void linker_find(const compiler_t *self, const words_t *link);

//  Where it is kept; NULL: there is none.
const char *linker_file(const compiler_t *self, char path[FILE_PATH]);

#endif
