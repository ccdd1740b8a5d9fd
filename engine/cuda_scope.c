#include "engine/cuda_scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

static void free_declaration(cuda_declaration_t *self)
{
    free(self->name);
    free(self->text);
}

void cuda_scope_free(cuda_scope_t *self)
{
    for (size_t i = 0; i < self->count; i++) free_declaration(&self->declarations[i]);
    free(self->declarations);
    *self = (cuda_scope_t){0};
}

//  --- What a cell replaces ------------------------------------------------------------------------------------

//  The declaration that is just this item; NULL: none that is in sight.
static const cuda_declaration_t *find_same(const cuda_scope_t *self, const cuda_item_t *item)
{
    for (size_t i = 0; i < self->count; i++) {
        const cuda_declaration_t *declaration = &self->declarations[i];
        if (declaration->text && !declaration->is_hidden && cell_span_is(item->text, declaration->text))
            return declaration;
    }
    return NULL;
}

static bool is_replaced(const cuda_scope_t *self, const cuda_declaration_t *declaration, const cuda_text_t *cell)
{
    for (size_t i = 0; i < cell->count; i++) {
        const cuda_item_t *item = &cell->items[i];
        if (item->name.size > 0 && cell_span_is(item->name, declaration->name) && !find_same(self, item))
            return true;
    }
    return false;
}

//  Looks for words that will not be there: names of what is hidden, and from one on of what is not for later cells.
typedef struct mention {
    const cuda_declaration_t *declarations;
    size_t count, fresh;
    bool found;
} mention_t;

static void look_at_word(void *context, cell_span_t word)
{
    mention_t *self = context;
    for (size_t i = 0; i < self->count && !self->found; i++) {
        const cuda_declaration_t *declaration = &self->declarations[i];
        bool is_lost = declaration->text ? declaration->is_hidden : i >= self->fresh;
        self->found = is_lost && cell_span_is(word, declaration->name);
    }
}

static bool mentions_lost(const cuda_declaration_t *declarations, size_t count, size_t fresh, cell_span_t text)
{
    mention_t mention = {declarations, count, fresh, false};
    cell_words(text, look_at_word, &mention);
    return mention.found;
}

//  What is compiled before the cell mentions nothing that is not there: what it would, is hidden too.
static void hide(cuda_scope_t *self, const cuda_text_t *cell)
{
    for (size_t i = 0; i < self->count; i++) {
        cuda_declaration_t *declaration = &self->declarations[i];
        const char *text = declaration->text ? declaration->text : "";
        declaration->is_hidden = is_replaced(self, declaration, cell) ||
                                 mentions_lost(self->declarations, i, i, (cell_span_t){text, strlen(text)});
    }
}

void cuda_scope_show(cuda_scope_t *self)
{
    for (size_t i = 0; i < self->count; i++) self->declarations[i].is_hidden = false;
}

//  --- The program ---------------------------------------------------------------------------------------------

//  Blanks, so that what follows stands where it stood.
static void put_blanks(FILE *out, const char *at, const char *end)
{
    for (; at < end; at++) fputc(*at == '\n' || *at == '\t' ? *at : ' ', out);
}

//  Gives a kernel C's linkage: its name is plain then.
static void put_linkage(FILE *out, const char *source, const char *at)
{
    size_t line, column;
    const char *begin = at;
    cell_place(source, at, &line, &column);
    while (begin > source && begin[-1] != '\n') begin--;
    fprintf(out, "\nextern \"C\"\n#line %zu \"cell\"\n", line);
    put_blanks(out, begin, at);
}

static void put_cell(const cuda_scope_t *self, const cuda_text_t *cell, const char *source, FILE *out)
{
    const char *at = source;
    fputs("#line 1 \"cell\"\n", out);
    for (size_t i = 0; i < cell->count; i++) {
        const cuda_item_t *item = &cell->items[i];
        bool is_known = item->kind == CUDA_SHARED && find_same(self, item);
        bool needs_linkage = item->kind == CUDA_KERNEL && !item->is_linked;
        if (item->text.at < at || (!is_known && !needs_linkage))
            continue;
        fwrite(at, 1, (size_t) (item->text.at - at), out);
        at = item->text.at;
        if (needs_linkage) {
            put_linkage(out, source, at);
        } else {
            put_blanks(out, at, at + item->text.size);
            at += item->text.size;
        }
    }
    fprintf(out, "%s\n", at);
}

char *cuda_scope_program(cuda_scope_t *self, const cuda_text_t *cell, const char *source)
{
    char *program = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&program, &size);
    hide(self, cell);
    fputs("#line 1 \"earlier\"\n", out);
    for (size_t i = 0; i < self->count; i++)
        if (self->declarations[i].text && !self->declarations[i].is_hidden)
            fprintf(out, "%s\n", self->declarations[i].text);
    put_cell(self, cell, source, out);
    fclose(out);
    return program;
}

//  --- Later cells ---------------------------------------------------------------------------------------------

static void add(cuda_scope_t *self, char *name, char *text)
{
    if (self->count == self->room)
        self->declarations =
            ipc_xrealloc(self->declarations, (self->room = 2 * self->room + 16) * sizeof self->declarations[0]);
    self->declarations[self->count++] = (cuda_declaration_t){name, text, false};
}

//  What is hidden leaves its name behind, unless the cell has that itself.
static void forget(cuda_scope_t *self, const cuda_text_t *cell)
{
    size_t kept = 0;
    for (size_t i = 0; i < self->count; i++) {
        cuda_declaration_t *declaration = &self->declarations[i];
        if (declaration->is_hidden && (is_replaced(self, declaration, cell) || !declaration->name[0])) {
            free_declaration(declaration);
            continue;
        }
        if (declaration->is_hidden) {
            free(declaration->text);
            declaration->text = NULL;
        }
        self->declarations[kept++] = *declaration;
    }
    self->count = kept;
    cuda_scope_show(self);
}

void cuda_scope_commit(cuda_scope_t *self, const cuda_text_t *cell)
{
    forget(self, cell);
    size_t fresh = self->count;
    for (size_t i = 0; i < cell->count; i++) {
        const cuda_item_t *item = &cell->items[i];
        bool lasts = item->kind == CUDA_SHARED;
        if (item->kind == CUDA_KERNEL || item->is_inside || (lasts && find_same(self, item)))
            continue;
        lasts = lasts && !mentions_lost(self->declarations, self->count, fresh, item->text);
        add(self, cell_span_text(item->name), lasts ? cell_span_text(item->text) : NULL);
    }
}

bool cuda_scope_has_lost(const cuda_scope_t *self, cell_span_t name)
{
    for (size_t i = 0; i < self->count; i++)
        if (!self->declarations[i].text && cell_span_is(name, self->declarations[i].name))
            return true;
    return false;
}
