//  scope_t: what executed source has declared so far, as the text that later cells are compiled behind. The newest
//  declaration of a name counts. What depends on a type or macro that is replaced goes with it: variables of the old
//  type cannot be told from those of the new one.
#ifndef IPC_ENGINE_SCOPE_H
#define IPC_ENGINE_SCOPE_H

#include "common/names.h"
#include "engine/cell.h"

typedef struct definition {
    cell_kind_t kind;
    char *name;                        // as in cell_item_t
    char *text;                        // a line of #include or #define; "struct P {…}", "double a", "int f(int x)"
    char *constant;                    // text as later cells see it, which may not write what was const; NULL: alike
    char *said;                        // of variables: by what the cell said two are the same
    size_t hole;                       // in text, where the length is to be of an array that the compiler counts; or 0
    bool is_automatic;                 // text says the type as that of an expression
    char *label;                       // the symbol of variables and functions, which no other ever has; or NULL
    bool is_followed;                  // an array that was pushed: <name>_count and its like are there, too
    bool is_adopted;                   // it was pushed
    bool is_hidden;                    // replaced by the cell that is being compiled
} definition_t;

typedef struct scope {
    definition_t **definitions;        // in the order that they are to be declared in
    size_t count, room;
    names_t *versions;                 // of each name how many symbols it has had
    names_t *apart;                    // names of cells' own that headers have, too (unit_apart.c)
} scope_t;

void scope_init(scope_t *self);
void scope_free(scope_t *self);
void scope_clear(scope_t *self);       // no symbol is given again

//  Forgets variables and functions whose names stand for something else now.
void scope_follow(scope_t *self, const names_t *names);

//  The declaration of that name, lent; NULL: there is none, or it is hidden.
definition_t *scope_find(const scope_t *self, const char *name);

//  Hides what a cell's items replace, and what depends on that. Until scope_commit(), or scope_show(), which takes it
//  back.
void scope_hide(scope_t *self, const cell_t *cell);
void scope_show(scope_t *self);

//  Whether the scope has just what a type or directive says already.
bool scope_has(const scope_t *self, const cell_item_t *item);

//  A declaration that is in no scope yet, given.
definition_t *definition_new(cell_kind_t kind, cell_span_t name, char *text_taken);
void definition_free(definition_t *self);

//  The next symbol of a name, given: "ipc.a.2".
char *scope_label(const scope_t *self, const char *name);

//  Forgets what is hidden, and takes the definitions over.
void scope_commit(scope_t *self, definition_t **fresh, size_t count);

//  What a name is in cells, for cell_split().
//      names   whose values cells may use
cell_kind_t scope_kind(const scope_t *self, const names_t *names, cell_span_t name);

//  Text of an item as scopes keep it, given: its base and its declarator. That of a variable has no constness of its
//  own, and the length that its initialiser tells, as far as its text does. With that constness, the same length: NULL
//  when it has none.
char *scope_text(const cell_item_t *item);
char *scope_constant_text(const cell_item_t *item);
char *scope_base(const cell_item_t *item);
char *scope_declarator(const cell_item_t *item);

//  Whether the compiler has to count an array's elements.
bool scope_is_open(const cell_item_t *item);

//  By what two declarations of a variable are the same, given.
char *scope_said(const cell_item_t *item);

//  Puts the length into the text of an array that the compiler has counted, or the number's type (ipc_type_t) into that
//  of a variable whose type was that of an expression.
void definition_settle(definition_t *self, uint32_t type, size_t length);

//  A copy of a span with some words of it blank, given; its length is the same.
char *scope_without(cell_span_t span, const char *const words[]);
extern const char *const scope_storage[];   // words that say how an object is stored
extern const char *const scope_constant[];  // and those that forbid to write it

#endif
