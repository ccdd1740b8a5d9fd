//  Names that a cell gives to things of its own though headers have them, such as "double y1;", which <math.h> declares
//  as a function. The compiler refuses them; then they go by other names in units, and the newest declaration counts.
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "engine/writing.h"

//  What compilers say of a name that a header has as a macro: not which.
static bool is_of_macro(const char *said)
{
    static const char *const marks[] = {"expected identifier or '('", "lvalue required as unary '&'",
                                        "cannot take the address of an rvalue"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (strstr(said, marks[i]))
            return true;
    return false;
}

static bool is_of_declaration(const char *said, const char *name)
{
    char *quoted = ipc_xformat("'%s'", name);
    bool found = strstr(said, quoted) && (strstr(said, "as different kind of symbol") ||
                                          strstr(said, "conflicting types for"));
    free(quoted);
    return found;
}

bool unit_set_apart(const unit_t *self, const char *said, scope_t *scope)
{
    bool macro = is_of_macro(said), found = false;
    for (size_t i = 0; i < self->fresh_count; i++) {
        const definition_t *fresh = self->fresh[i];
        if (!fresh->label || names_get(scope->apart, fresh->name) || !(macro || is_of_declaration(said, fresh->name)))
            continue;
        ipc_arena_t *none = NULL;
        names_put(scope->apart, fresh->name, ipc_none(), &none);
        found = true;
    }
    return found;
}

void unit_say_plainly(char *said)
{
    size_t size = strlen(UNIT_OWN);
    for (char *at = said; (at = strstr(at, UNIT_OWN));) memmove(at, at + size, strlen(at + size) + 1);
}

//  Whether it stands for something of the engine's namespace in this unit.
static bool is_own(const writing_t *self, const char *name)
{
    bool pushed = names_get(self->names, name) && !names_bond(self->names, name);
    return pushed || writing_declares(self, name) || scope_find(self->scope, name);
}

void writing_put_apart(const writing_t *self)
{
    if (self->unit->is_apart)
        return;
    self->unit->is_apart = true;
    size_t place = 0;
    for (const char *name; (name = names_next(self->scope->apart, &place));) {
        if (!names_get(self->words, name) || !is_own(self, name))
            continue;
        writing_put_own(self);
        text_format(self->out, "#undef %s\n#define %s " UNIT_OWN "%s\n", name, name, name);
    }
}
