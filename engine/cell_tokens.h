//  The tokens of a piece of C, for cell.c.
#ifndef IPC_ENGINE_CELL_TOKENS_H
#define IPC_ENGINE_CELL_TOKENS_H

#include "engine/cell.h"

typedef enum cell_token_kind {
    TOKEN_END, TOKEN_WORD, TOKEN_NUMBER, TOKEN_TEXT, TOKEN_MARK, TOKEN_DIRECTIVE
} cell_token_kind_t;

typedef struct cell_token {
    cell_token_kind_t kind;
    cell_span_t span;                  // of a mark one character; of a directive its lines
    size_t partner;                    // of a bracket: the number of the one that closes or opens it
} cell_token_t;

typedef struct cell_tokens {
    cell_token_t *tokens;              // the last one is TOKEN_END
    size_t count, room;
} cell_tokens_t;

//  Reads a text whole. 0, or -1 with *fault: a bracket without its partner, an open comment or string. When fault is
//  NULL all that can be read is there anyway.
int cell_tokens_read(cell_tokens_t *self, cell_span_t text, cell_fault_t *fault);
void cell_tokens_free(cell_tokens_t *self);

bool cell_token_is(const cell_token_t *self, const char *text);

#endif
