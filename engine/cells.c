#include "engine/cells.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "engine/cell_error.h"
#include "engine/compiler.h"
#include "engine/unit.h"
#include "engine/variable.h"

struct cells {
    cells_options_t options;
    compiler_t *compiler;
    scope_t scope;
    char *value_name;                  // of the last cell's value; NULL: it is no name's
};

cells_t *cells_new(const cells_options_t *options)
{
    cells_t *self = ipc_xalloc(sizeof *self);
    self->options = *options;
    self->compiler = compiler_new(options->directory);
    scope_init(&self->scope);
    return self;
}

void cells_destroy(cells_t **self_p)
{
    cells_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    compiler_destroy(&self->compiler);
    scope_free(&self->scope);
    free(self->value_name);
    free(self);
}

void cells_clear(cells_t *self)
{
    scope_clear(&self->scope);
}

//  --- What is wrong with a cell -------------------------------------------------------------------------------

//  Reads "cell:1:22: error: …" at the beginning of a line; gives the words, or NULL.
static const char *read_place(const char *line, unsigned long *row, unsigned long *column)
{
    static const char file[] = "cell:", mark[] = ": ";
    char *end;
    if (strncmp(line, file, sizeof file - 1) != 0)
        return NULL;
    *row = strtoul(line + sizeof file - 1, &end, 10);
    *column = *end == ':' ? strtoul(end + 1, &end, 10) : 0;
    const char *words = strncmp(end, mark, sizeof mark - 1) == 0 ? end + sizeof mark - 1 : NULL;
    return words;
}

//  Behind "error: " or "fatal error: "; NULL when the words are a warning or a note.
static const char *error_words(const char *words)
{
    static const char *const marks[] = {"error: ", "fatal error: "};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (strncmp(words, marks[i], strlen(marks[i])) == 0)
            return words + strlen(marks[i]);
    return NULL;
}

//  The first error that has a place in the cell; of those without one what is said of the first.
static int fail_compile(const cells_source_t *source, const char *said, ipc_error_t *error)
{
    const char *elsewhere = NULL;
    for (const char *line = said; *line; line += strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n')) {
        unsigned long row, column;
        const char *words = read_place(line, &row, &column);
        words = words ? error_words(words) : NULL;
        if (words)
            return cell_error_at(source, row, column, words, error);
        const char *mark = elsewhere ? NULL : strstr(line, "error: ");
        if (mark && mark < line + strcspn(line, "\n"))
            elsewhere = mark + strlen("error: ");
    }
    char name[32];
    cell_error_name(source->number, name);
    elsewhere = elsewhere ? elsewhere : said;
    return ipc_fail(error, IPC_E_COMPILE, "%s: %.*s", name, (int) strcspn(elsewhere, "\n"),
                    *elsewhere ? elsewhere : "the compiler failed without a word");
}

static int fail_open(const cells_source_t *source, ipc_error_t *error)
{
    static const char mark[] = "undefined symbol: ";
    const char *words = dlerror();
    const char *symbol = words ? strstr(words, mark) : NULL;
    char name[32];
    cell_error_name(source->number, name);
    if (symbol)
        return ipc_fail(error, IPC_E_COMPILE, "%s: there is no function or variable '%s' in what the engine has loaded",
                        name, symbol + sizeof mark - 1);
    return ipc_fail(error, IPC_E_COMPILE, "%s cannot be loaded: %s", name, words ? words : "unknown reason");
}

//  --- Loading -------------------------------------------------------------------------------------------------

static bool is_variable(void *context, cell_span_t name)
{
    const cells_t *self = context;
    char *text = cell_span_text(name);
    const definition_t *definition = scope_find(&self->scope, text);
    bool variable = definition ? definition->kind == CELL_VARIABLE || definition->kind == CELL_PROTOTYPE
                               : names_get(self->options.names, text) != NULL;
    free(text);
    return variable;
}

static const definition_t *fresh_of(const unit_t *unit, const char *name)
{
    for (size_t i = 0; i < unit->fresh_count; i++)
        if (unit->fresh[i]->label && strcmp(unit->fresh[i]->name, name) == 0)
            return unit->fresh[i];
    return NULL;
}

//  What the unit has is there from now on.
static void commit(cells_t *self, unit_t *unit, const ipc_cell_unit_t *loaded)
{
    names_t *names = self->options.names;
    for (const ipc_cell_variable_t *variable = loaded->variables; variable->name; variable++) {
        const definition_t *fresh = fresh_of(unit, variable->name);
        if (fresh)
            variable_bind(names, variable, fresh->label, fresh->is_adopted);
    }
    for (const ipc_cell_function_t *function = loaded->functions; function->name; function++) {
        const definition_t *fresh = fresh_of(unit, function->name);
        if (fresh)
            variable_bind_function(names, function->name, function->remote, fresh->label);
    }
    scope_commit(&self->scope, unit->fresh, unit->fresh_count);
    unit->fresh_count = 0;
    free(self->value_name);
    self->value_name = unit->value_name;
    unit->value_name = NULL;
}

static const ipc_cell_unit_t *open_unit(const cells_t *self, const cells_source_t *source, const char *path,
                                        ipc_error_t *error)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_GLOBAL); // later units find its symbols
    const ipc_cell_unit_t *loaded = handle ? dlsym(handle, "ipc_cell_unit") : NULL;
    if (!loaded) {
        fail_open(source, error);
        return NULL;
    }
    *loaded->run->runtime = self->options.runtime;
    return loaded;
}

static const ipc_remote_t *load_unit(cells_t *self, const cells_source_t *source, unit_t *unit, ipc_error_t *error)
{
    char path[COMPILER_PATH], occasion[64], *words = NULL;
    snprintf(occasion, sizeof occasion, "%" PRIx64, source->occasion);
    compiler_job_t job = {unit->text, occasion, unit->is_fleeting};
    if (compiler_build(self->compiler, &job, path, &words, error)) {
        if (words)
            fail_compile(source, words, error);
        free(words);
        return NULL;
    }
    const ipc_cell_unit_t *loaded = open_unit(self, source, path, error);
    if (!loaded)
        return NULL;
    commit(self, unit, loaded);
    return loaded->run;
}

const ipc_remote_t *cells_load(cells_t *self, const cells_source_t *source, ipc_error_t *error)
{
    cell_t cell;
    cell_fault_t fault = {0};
    unit_t unit = {0};
    const ipc_remote_t *run = NULL;
    scope_follow(&self->scope, self->options.names);
    if (cell_split(&cell, source->text, is_variable, self, &fault)) {
        cell_error_at(source, fault.line, fault.column, fault.text, error);
    } else {
        unit_write(&unit, &cell, source->text, &self->scope, self->options.names);
        run = load_unit(self, source, &unit, error);
        scope_show(&self->scope);
    }
    unit_free(&unit);
    cell_free(&cell);
    return run;
}

void cells_value(const cells_t *self, ipc_value_t *value)
{
    const ipc_value_t *named = self->value_name ? names_get(self->options.names, self->value_name) : NULL;
    if (named)
        *value = *named;
}

const ipc_remote_t *cells_function(const cells_t *self, const char *name, ipc_error_t *error)
{
    bool known = false;
    const ipc_remote_t *remote = variable_function(self->options.names, name, &known, error);
    if (!known)
        ipc_fail(error, IPC_E_NAME,
                 "there is no function '%s': functions of modules are named module.function, others are those of cells",
                 name);
    return remote;
}
