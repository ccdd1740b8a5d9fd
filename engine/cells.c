#include "engine/cells.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "engine/cell_error.h"
#include "engine/cell_library.h"
#include "engine/conditions.h"
#include "engine/explain.h"
#include "engine/object.h"
#include "engine/opened.h"
#include "engine/unit.h"
#include "engine/variable.h"

struct cells {
    cells_options_t options;
    compiler_t *compiler;
    opened_t *opened;
    scope_t scope;
    keeper_t *keeper;
    ipc_cell_library_t library;        // what units call
    ipc_arena_t *shown;                // of a struct's value, until its copy is given
    char *value_name;                  // of the last cell's value; NULL: it is no name's
    char *include;                     // directories where headers of earlier cells were, a colon between them
};

//  What units call.
static void keep(void *context)
{
    const cells_t *self = context;
    keeper_keep(self->keeper);
}

static ipc_value_t object(void *context, const ipc_cell_member_t *members, const void *address)
{
    const cells_t *self = context;
    ipc_arena_reset(self->shown);
    return object_value(members, address, self->shown);
}

cells_t *cells_new(const cells_options_t *options)
{
    cells_t *self = ipc_xalloc(sizeof *self);
    self->options = *options;
    self->compiler = compiler_new(options->directory);
    self->opened = opened_new();
    scope_init(&self->scope);
    self->include = ipc_xstrdup("");
    self->keeper = keeper_new();
    self->shown = ipc_arena_new();
    cell_library_init(&self->library, &(ipc_cell_library_t){.context = self, .keep = keep, .object = object});
    return self;
}

void cells_destroy(cells_t **self_p)
{
    cells_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    compiler_destroy(&self->compiler);
    opened_destroy(&self->opened);
    scope_free(&self->scope);
    keeper_destroy(&self->keeper);
    ipc_arena_destroy(&self->shown);
    free(self->value_name);
    free(self->include);
    free(self);
}

void cells_keep(cells_t *self)
{
    keeper_keep(self->keeper);
}

void cells_restore(cells_t *self)
{
    keeper_restore(self->keeper);
}

void cells_clear(cells_t *self)
{
    scope_clear(&self->scope);
    self->include[0] = 0;
}

//  --- What is wrong with a cell -------------------------------------------------------------------------------

//  Of a column in bytes, as compilers count, the one in characters.
static unsigned long column_of(const char *text, unsigned long row, unsigned long byte)
{
    for (unsigned long i = 1; i < row && *text; i++) text = strchrnul(text, '\n') + (*strchrnul(text, '\n') == '\n');
    unsigned long column = byte;
    for (unsigned long i = 0; i + 1 < byte && text[i] && text[i] != '\n'; i++)
        column -= ((unsigned char) text[i] & 0xC0) == 0x80;
    return column;
}

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

//  The name of a library that a line of the linker's says is not there; NULL: it says something else.
static const char *missing_library(const char *line, int *size)
{
    static const char *const marks[] = {"cannot find -l", "unable to find library -l", "cannot find "};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        const char *mark = memmem(line, strcspn(line, "\n"), marks[i], strlen(marks[i]));
        if (mark) {
            mark += strlen(marks[i]);
            *size = (int) strcspn(mark, ": \n");
            return mark;
        }
    }
    return NULL;
}

static int fail_library(const char *name, const char *library, int size, ipc_error_t *error)
{
    if (library[0] == '/')
        return ipc_fail(error, IPC_E_COMPILE, "%s: there is no library %.*s on the engine's host", name, size, library);
    return ipc_fail(error, IPC_E_COMPILE,
                    "%s: there is no library '%.*s' (lib%.*s.so or .a) where the engine's host looks for libraries, "
                    "nor in library_path", name, size, library, size, library);
}

//  The first error that has a place in the cell; of those without one what is said of the first.
static int fail_compile(const cells_source_t *source, const char *said, ipc_error_t *error)
{
    const char *elsewhere = NULL, *library = NULL;
    int size = 0;
    for (const char *line = said; *line; line += strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n')) {
        unsigned long row, column;
        const char *words = read_place(line, &row, &column);
        words = words ? error_words(words) : NULL;
        if (words)
            return cell_error_at(source, row, column_of(source->text, row, column), explain(words), error);
        library = library ? library : missing_library(line, &size);
        const char *mark = elsewhere ? NULL : strstr(line, "error: ");
        if (mark && mark < line + strcspn(line, "\n"))
            elsewhere = mark + strlen("error: ");
    }
    char name[CELLS_NAME];
    cell_error_name(source, name);
    if (library)
        return fail_library(name, library, size, error);
    elsewhere = elsewhere ? elsewhere : said;
    return ipc_fail(error, IPC_E_COMPILE, "%s: %.*s", name, (int) strcspn(elsewhere, "\n"),
                    *elsewhere ? elsewhere : "the compiler failed without a word");
}

static int fail_open(const cells_source_t *source, ipc_error_t *error)
{
    static const char mark[] = "undefined symbol: ";
    const char *words = dlerror();
    const char *symbol = words ? strstr(words, mark) : NULL;
    char name[CELLS_NAME];
    cell_error_name(source, name);
    if (symbol)
        return ipc_fail(error, IPC_E_COMPILE, "%s: there is no function or variable '%s' in what the engine has loaded",
                        name, symbol + sizeof mark - 1);
    return ipc_fail(error, IPC_E_COMPILE, "%s cannot be loaded: %s", name, words ? words : "unknown reason");
}

//  --- Loading -------------------------------------------------------------------------------------------------

static cell_kind_t kind_of(void *context, cell_span_t name)
{
    const cells_t *self = context;
    return scope_kind(&self->scope, self->options.names, name);
}

static definition_t *fresh_of(const unit_t *unit, const char *name)
{
    for (size_t i = 0; i < unit->fresh_count; i++)
        if (unit->fresh[i]->label && strcmp(unit->fresh[i]->name, name) == 0)
            return unit->fresh[i];
    return NULL;
}

//  Whether a list with colons has a member.
static bool has_member(const char *list, const char *member, size_t size)
{
    for (const char *at = list; *at; at += strcspn(at, ":"), at += *at == ':')
        if (strcspn(at, ":") == size && strncmp(at, member, size) == 0)
            return true;
    return false;
}

//  A list with colons, and behind it what it lacks of another; given.
static char *joined_lists(const char *first, const char *second)
{
    char *all = ipc_xstrdup(first);
    for (const char *at = second; *at; at += strcspn(at, ":"), at += *at == ':') {
        size_t size = strcspn(at, ":");
        if (size == 0 || has_member(all, at, size))
            continue;
        char *longer = ipc_xformat("%s%s%.*s", all, all[0] ? ":" : "", (int) size, at);
        free(all);
        all = longer;
    }
    return all;
}

//  Headers that a cell includes are looked for anew for each later one, where that cell has found them.
static void keep_include(cells_t *self, const compiler_options_t *options)
{
    const char *const lists[] = {options->include, options->beside};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        char *all = joined_lists(self->include, lists[i] ? lists[i] : "");
        free(self->include);
        self->include = all;
    }
}

//  The cell's options, and the directories where earlier cells have found headers: free() *include.
static compiler_options_t options_of(const cells_t *self, const cells_source_t *source, char **include)
{
    compiler_options_t options = source->options;
    *include = joined_lists(options.include ? options.include : "", self->include);
    options.include = *include;
    return options;
}

//  What the unit has is there from now on.
static void commit(cells_t *self, unit_t *unit, const ipc_cell_unit_t *loaded)
{
    names_t *names = self->options.names;
    for (const ipc_cell_variable_t *variable = loaded->variables; variable->name; variable++) {
        definition_t *fresh = fresh_of(unit, variable->name);
        if (fresh)
            definition_settle(fresh, variable->type, variable->length);
        if (fresh)
            variable_bind(names, variable, fresh->label, fresh->is_adopted, self->keeper);
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
    *loaded->library = &self->library;
    return loaded;
}

//  Compiles a unit, which nobody may have done before, and opens it. *said is given: what the compiler said, if it
//  refused.
static const ipc_cell_unit_t *build_unit(cells_t *self, const cells_source_t *source, const compiler_job_t *job,
                                         const char *name, char **said, ipc_error_t *error)
{
    char path[COMPILER_PATH];
    if (compiler_build(self->compiler, job, path, said, error)) {
        if (*said)
            fail_compile(source, *said, error);
        unit_say_plainly(error->text);
        return NULL;
    }
    const ipc_cell_unit_t *loaded = open_unit(self, source, path, error);
    if (loaded)
        opened_add(self->opened, name, path, loaded);
    return loaded;
}

//  The unit, as it was opened before or anew.
static const ipc_cell_unit_t *find_unit(cells_t *self, const cells_source_t *source, const unit_t *unit, char **said,
                                        ipc_error_t *error)
{
    char name[COMPILER_NAME], called[CELLS_NAME], occasion[64], *include = NULL;
    snprintf(occasion, sizeof occasion, "%" PRIx64, source->occasion);
    compiler_job_t job = {unit->text, options_of(self, source, &include), occasion, unit->is_fleeting};
    const ipc_cell_unit_t *loaded = NULL;
    if (compiler_name(self->compiler, &job, name, error) == 0) {
        loaded = opened_find(self->opened, name);
        loaded = loaded ? loaded : build_unit(self, source, &job, name, said, error);
    }
    free(include);
    if (!loaded)
        return NULL;
    cell_error_name(source, called);
    unit_names_note(self->options.units, name, called);
    return loaded;
}

static const ipc_remote_t *load_unit(cells_t *self, const cells_source_t *source, unit_t *unit, char **said,
                                     ipc_error_t *error)
{
    const ipc_cell_unit_t *loaded = find_unit(self, source, unit, said, error);
    if (!loaded)
        return NULL;
    keep_include(self, &source->options);
    commit(self, unit, loaded);
    keeper_guard(self->keeper);
    return loaded->run;
}

//  Cuts a cell, without what its conditions drop. Of *blanked, given, the cell lends its parts.
static int split(cells_t *self, const cells_source_t *source, cell_t *cell, char **blanked, ipc_error_t *error)
{
    cell_fault_t fault = {0};
    *cell = (cell_t){0};
    if (conditions_matter(source->text)) {
        char *question = conditions_question(source->text, &self->scope);
        char *include = NULL;
        compiler_options_t options = options_of(self, source, &include);
        char *answer = compiler_preprocess(self->compiler, question, &options, error);
        *blanked = answer ? conditions_apply(source->text, answer) : NULL;
        free(include);
        free(question);
        free(answer);
    } else {
        *blanked = ipc_xstrdup(source->text);
    }
    if (!*blanked)
        return -1;
    int rc = cell_split(cell, *blanked, kind_of, self, &fault);
    return rc ? cell_error_at(source, fault.line, fault.column, fault.text, error) : 0;
}

//  Once more when names have to be told from those of headers.
static const ipc_remote_t *load_cell(cells_t *self, const cells_source_t *source, const cell_t *cell, const char *text,
                                     ipc_error_t *error)
{
    const ipc_remote_t *run = NULL;
    ipc_error_t refused = {0};
    for (bool again = true; again;) {
        unit_t unit = {0};
        char *said = NULL;
        unit_write(&unit, cell, text, &self->scope, self->options.names);
        run = load_unit(self, source, &unit, &said, &refused);
        scope_show(&self->scope);
        again = !run && said && unit_set_apart(&unit, said, &self->scope);
        unit_free(&unit);
        free(said);
    }
    if (!run)
        *error = refused;
    return run;
}

const ipc_remote_t *cells_load(cells_t *self, const cells_source_t *source, ipc_error_t *error)
{
    cell_t cell;
    char *text = NULL;
    const ipc_remote_t *run = NULL;
    scope_follow(&self->scope, self->options.names);
    if (split(self, source, &cell, &text, error) == 0)
        run = load_cell(self, source, &cell, text, error);
    cell_free(&cell);
    free(text);
    return run;
}

bool cells_are_behind(const cells_t *self)
{
    return compiler_is_behind(self->compiler);
}

void cells_catch_up(cells_t *self)
{
    compiler_catch_up(self->compiler);
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
    keeper_guard(self->keeper);
    if (!known)
        ipc_fail(error, IPC_E_NAME,
                 "there is no function '%s': functions of modules are named module.function, others are those of cells",
                 name);
    return remote;
}

const char *cells_declaration(const cells_t *self, const char *name)
{
    const definition_t *found = names_bond(self->options.names, name) ? scope_find(&self->scope, name) : NULL;
    return found && !found->is_adopted ? found->text : NULL;
}
