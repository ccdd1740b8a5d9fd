//  A compilation that has begun before its text is known. A compiler takes half of its time to start and to read the
//  prelude, a linker most of its own to start and to read the C library: both do that ahead, and wait for the next unit
//  that is compiled with the same options. There is one for all engines of the host; who takes it first has it. When
//  nobody does it ends after ten minutes.
//
//  It is the ordinary command, in a directory of its own, of a main.c that includes the prelude, "gate" and "unit.c".
//  The gate is a FIFO, and no text ever goes through it: the compiler waits for it to be opened. By then unit.c is
//  there. The linker waits likewise: its last file is a script that includes the FIFO "link" and names unit.o.
#ifndef IPC_ENGINE_SPARE_H
#define IPC_ENGINE_SPARE_H

#include "engine/compiler_body.h"

#define SPARE_MAIN "main.c"
#define SPARE_LINK "unit.ld"

enum { SPARE_NONE = -1, SPARE_UNLINKED = -2 };

//  Begins one, unless there is one or it cannot be.
//      command   borrowed; compiles SPARE_MAIN, to unit.o for the linker, else to unit.so
//      linker    borrowed; linker_file()'s; NULL: none is begun
void spare_start(const compiler_t *self, const words_t *command, const char *linker);

//  Lets the one of this command compile a unit. Gives the compiler's exit code, with what it said and made in the
//  directory. Or the unit is still to be compiled: NONE, there was none, or it went; UNLINKED, it was compiled, but the
//  linker failed.
//      directory   borrowed
int spare_compile(const compiler_t *self, const words_t *command, const char *linker, const char *directory,
                  const char *unit);

#endif
