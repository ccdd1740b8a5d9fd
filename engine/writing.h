//  writing_t: a unit that is being written, for unit.c and the files beside it.
#ifndef IPC_ENGINE_WRITING_H
#define IPC_ENGINE_WRITING_H

#include "engine/text.h"
#include "engine/unit.h"

enum { WRITING_STRUCTS_MAX = 64 };

typedef struct writing {
    unit_t *unit;
    const cell_t *cell;
    const char *source;
    scope_t *scope;
    const names_t *names;
    text_t *out;
    text_t *variables, *functions;     // their records
    names_t *words;                    // that it mentions
    const char **structs;              // names of those that have tables of their members
    size_t struct_count;
} writing_t;

//  A text at the place where it, or what it was made of, stands in the cell.
void writing_put_text(const writing_t *self, const char *at, const char *text);
void writing_put_span(const writing_t *self, cell_span_t span);

//  The same for an expression whose literals of a type are to last as long as the unit: "(int[]){1, 2}".
void writing_put_lasting(const writing_t *self, cell_span_t span);

//  From here on it is the engine's.
void writing_put_own(const writing_t *self);

//  The symbol of what was just declared.
void writing_put_label(const writing_t *self, const char *label);

//  An item's base and declarator at their places.
void writing_put_declaration(const writing_t *self, const cell_item_t *item);

//  What the unit declares: takes it; finds it by its name.
definition_t *writing_add(const writing_t *self, definition_t *fresh);
const definition_t *writing_find(const writing_t *self, const char *name);

//  Whether the cell itself says what a name is.
bool writing_declares(const writing_t *self, const char *name);

//  --- unit_pushed.c -------------------------------------------------------------------------------------------

//  What is there beside the name of an array that was pushed: "_count", …; the last one is NULL.
extern const char *const writing_endings[];

//  Declares those of an array that was adopted before.
void writing_put_followed(const writing_t *self, const char *name, const char *label);

//  Makes variables of the values that were pushed and that the cell mentions.
void writing_adopt(const writing_t *self);

//  --- unit_apart.c --------------------------------------------------------------------------------------------

//  The other names of what headers have, too, once: behind the cells' headers, before what is declared.
void writing_put_apart(const writing_t *self);

//  --- unit_members.c ------------------------------------------------------------------------------------------

//  Tables of the members of all structs that the unit knows, and an expression: that of a type, or NULL.
void writing_put_members(writing_t *self);
void writing_put_members_of(const writing_t *self, const char *type, text_t *out);

//  --- unit_variable.c -----------------------------------------------------------------------------------------

void writing_put_variable(const writing_t *self, const cell_item_t *item);
void writing_put_record(const writing_t *self, const cell_item_t *item); // of one that the unit defines
void writing_put_initialiser(const writing_t *self, const cell_item_t *item);

#endif
