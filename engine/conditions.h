//  Which parts of a cell its #if, #elif and #else leave: the preprocessor is asked, and what it drops becomes blank, so
//  that all else stays at its line and column.
#ifndef IPC_ENGINE_CONDITIONS_H
#define IPC_ENGINE_CONDITIONS_H

#include "engine/scope.h"

//  Whether a cell has declarations or statements between them, not only directives.
bool conditions_matter(const char *source);

//  What to give the preprocessor, given: the cell's directives behind those of the scope, with a mark in each part.
char *conditions_question(const char *source, const scope_t *scope);

//  The source with blanks in place of what the preprocessor has dropped, and of the directives that say so; given.
//      answer   what it has written
char *conditions_apply(const char *source, const char *answer);

#endif
