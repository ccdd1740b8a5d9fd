//  Tables of the members of structs, so that an engine can read them.
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "engine/cell_tokens.h"
#include "engine/writing.h"

//  What stands in the braces of a struct's text; false: it is another type.
static bool find_body(const char *text, cell_span_t *body)
{
    cell_tokens_t read;
    bool is_struct = false, found = false;
    cell_tokens_read(&read, (cell_span_t){text, strlen(text)}, NULL);
    for (size_t i = 0; i < read.count && !found && !cell_token_is(&read.tokens[i], ";"); i++) {
        is_struct = is_struct || cell_token_is(&read.tokens[i], "struct");
        found = cell_token_is(&read.tokens[i], "{");
        const char *begin = read.tokens[i].span.at + 1;
        if (found)
            *body = (cell_span_t){begin, (size_t) (read.tokens[read.tokens[i].partner].span.at - begin)};
    }
    cell_tokens_free(&read);
    return is_struct && found;
}

static cell_kind_t kind_of(void *context, cell_span_t name)
{
    (void) context;
    (void) name;
    return CELL_STATEMENT;
}

static bool has_table(const cell_item_t *member)
{
    return member->kind == CELL_VARIABLE && !member->is_unsized && member->dimensions <= IPC_MAX_DIMENSIONS &&
           !memchr(member->declarator.at, ':', member->declarator.size);
}

//  "((struct P *) 0)->v[0]"
static char *element_of(const char *type, const cell_item_t *member, int dimensions)
{
    char *text = ipc_xformat("((%s *) 0)->%.*s", type, (int) member->name.size, member->name.at);
    for (int i = 0; i < dimensions; i++) {
        char *longer = ipc_xformat("%s[0]", text);
        free(text);
        text = longer;
    }
    return text;
}

static void put_member(const writing_t *self, const char *type, const cell_item_t *member)
{
    int dimensions = member->is_nested ? 0 : member->dimensions;
    char *element = element_of(type, member, dimensions), *of_type = ipc_xformat("__typeof__(%s)", element);
    int size = (int) member->name.size;
    text_format(self->out, "    {.name = \"%.*s\", .offset = offsetof(%s, %.*s), .ndim = %d, ", size, member->name.at,
                type, size, member->name.at, dimensions);
    text_format(self->out, ".size = sizeof(%s), .type = IPC_CELL_TYPE(%s), .members = ", element, element);
    writing_put_members_of(self, of_type, self->out);
    text_put(self->out, ", .shape = {");
    for (int i = 0; i < dimensions; i++) {
        char *whole = element_of(type, member, i), *part = element_of(type, member, i + 1);
        text_format(self->out, "sizeof(%s) / sizeof(%s), ", whole, part);
        free(whole);
        free(part);
    }
    text_put(self->out, "}},\n");
    free(of_type);
    free(element);
}

static void put_table(writing_t *self, const char *type, const char *text)
{
    cell_span_t body;
    cell_t cell;
    cell_fault_t fault;
    if (self->struct_count == WRITING_STRUCTS_MAX || !find_body(text, &body))
        return;
    char *source = cell_span_text(body);
    if (cell_split(&cell, source, kind_of, NULL, &fault) == 0) {
        text_format(self->out, "static const ipc_cell_member_t ipc_cell_members_%zu[] = {\n", self->struct_count);
        for (size_t i = 0; i < cell.count; i++)
            if (has_table(&cell.items[i]))
                put_member(self, type, &cell.items[i]);
        text_put(self->out, "    {0}};\n");
        self->structs[self->struct_count++] = type;
    }
    cell_free(&cell);
    free(source);
}

//  Whether anything of the cell could be a struct that is to be read.
static bool is_of_use(const writing_t *self)
{
    for (size_t i = 0; i < self->cell->count; i++)
        if (self->cell->items[i].kind == CELL_VALUE || self->cell->items[i].kind == CELL_VARIABLE)
            return true;
    return false;
}

void writing_put_members(writing_t *self)
{
    if (!is_of_use(self))
        return;
    for (size_t i = 0; i < self->scope->count; i++) {
        const definition_t *definition = self->scope->definitions[i];
        if (!definition->is_hidden && definition->kind == CELL_TYPE && definition->name[0])
            put_table(self, definition->name, definition->text);
    }
    for (size_t i = 0; i < self->unit->fresh_count; i++) {
        const definition_t *definition = self->unit->fresh[i];
        if (definition->kind == CELL_TYPE && definition->name[0])
            put_table(self, definition->name, definition->text);
    }
}

void writing_put_members_of(const writing_t *self, const char *type, text_t *out)
{
    for (size_t i = 0; i < self->struct_count; i++)
        text_format(out, "__builtin_choose_expr(__builtin_types_compatible_p(%s, %s), ipc_cell_members_%zu, ", type,
                    self->structs[i], i);
    text_put(out, "(const ipc_cell_member_t *) 0");
    for (size_t i = 0; i < self->struct_count; i++) text_put(out, ")");
}
