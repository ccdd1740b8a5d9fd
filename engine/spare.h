//  A compilation that has begun before its text is known. A compiler takes half of its time to start and to read the
//  prelude: one does that ahead, and waits for the next unit that is compiled with the same options. There is one for
//  all engines of the host; who takes it first has it. When nobody does it ends after ten minutes.
//
//  It is the ordinary command, in a directory of its own, of a main.c that includes the prelude, "gate" and "unit.c".
//  The gate is a FIFO, and no text ever goes through it: the compiler waits for it to be opened. By then unit.c is there.
#ifndef IPC_ENGINE_SPARE_H
#define IPC_ENGINE_SPARE_H

#include "engine/compiler_body.h"

#define SPARE_MAIN "main.c"

//  Begins one, unless there is one or it cannot be.
//      command   borrowed; compiles SPARE_MAIN
void spare_start(const compiler_t *self, const words_t *command);

//  Lets the one of this command compile a unit. Gives the compiler's exit code, with what it said and made in the
//  directory; or -1: there was none, or it went; then the unit is still to be compiled.
//      directory   borrowed
int spare_compile(const compiler_t *self, const words_t *command, const char *directory, const char *unit);

#endif
