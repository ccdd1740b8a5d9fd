//  cutter_t: a cell that is being cut, for cell.c and cell_declaration.c. What a token is, where its brackets end.
#ifndef IPC_ENGINE_CUTTER_H
#define IPC_ENGINE_CUTTER_H

#include "engine/cell_tokens.h"

enum { CUTTER_PACKINGS = 16 };

typedef struct cutter {
    cell_t *cell;
    const char *source;
    const cell_token_t *tokens;
    size_t at;                         // the token that is looked at
    cell_kind_fn *kind_of;
    void *context;
    cell_fault_t *fault;
    cell_span_t packings[CUTTER_PACKINGS]; // of #pragma pack, the innermost last
    size_t packing_count;
} cutter_t;

//  Whether what comes next declares something; cuts it. 0, or -1 with the fault.
bool cutter_is_declaration(const cutter_t *self);
int cutter_declaration(cutter_t *self);

//  Whether the token is one of these words; begins with a bracket; declares a name alike "const", "static".
bool cutter_is_one_of(const cell_token_t *token, const char *const words[]);
bool cutter_is_qualifier(const cell_token_t *token);

//  What a name is at this place of the cell.
cell_kind_t cutter_kind_of(const cutter_t *self, cell_span_t name);

const cell_token_t *cutter_look(const cutter_t *self, size_t ahead);

//  The token behind this one, and behind its brackets.
size_t cutter_after(const cutter_t *self, size_t i);

//  From the first token to the end of the one before the last.
cell_span_t cutter_between(const cutter_t *self, size_t first, size_t last);

//  To behind the next semicolon, or the end.
void cutter_skip_semicolon(cutter_t *self);

cell_item_t *cutter_add(cutter_t *self, cell_kind_t kind);

int cutter_fail(const cutter_t *self, size_t token, const char *text);

#endif
