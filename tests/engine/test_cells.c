//  Cells that are compiled and run, in this process: the sessions of corpus.cells, whose head says how to read it, with
//  the compiler that the program's argument names.
#include <check.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/array_body.h"
#include "common/convert.h"
#include "common/fail.h"
#include "common/members.h"
#include "common/paths.h"
#include "engine/cells.h"
#include "tests/common/run_suite.h"

enum { SKIPPED = 77, LINES_MAX = 8192, SESSIONS_MAX = 512, TEXT_MAX = 4096 };

//  The corpus, cut into lines; sessions begin at those of their titles.
typedef struct corpus {
    char *text;
    char *lines[LINES_MAX];
    size_t numbers[LINES_MAX];         // of each line, in the file
    size_t count;
    size_t sessions[SESSIONS_MAX + 1]; // the last one: where the lines end
    size_t session_count;
    char directory[COMPILER_PATH];     // of what is compiled; all sessions find the same
    bool is_lent;                      // it outlasts this run
} corpus_t;

//  An engine's task, as far as cells see one.
typedef struct stage {
    names_t *names;
    ipc_arena_t *arena;                // the task's
    cells_t *cells;
    jmp_buf raised;
    ipc_error_t error;                 // of the last cell; code NONE: it was fine
    char value[TEXT_MAX];              // and what it gave, as it is printed
    char output[TEXT_MAX];
} stage_t;

//  Callbacks of a runtime have no context.
static corpus_t the_corpus;
static stage_t the_stage;

//  --- The runtime ---------------------------------------------------------------------------------------------

static int64_t engine_id(void)
{
    return 3;
}

static ipc_value_t ns_get(const char *name)
{
    ipc_value_t value = ipc_none();
    ck_assert(members_get(the_stage.names, name, the_stage.arena, "", &value, NULL) == 0);
    return value;
}

static void ns_set(const char *name, ipc_value_t value)
{
    ck_assert(members_set(the_stage.names, name, value, "", NULL) == 0);
}

static bool ns_has(const char *name)
{
    return names_get(the_stage.names, name) != NULL;
}

__attribute__((noreturn)) static void raise_error(const char *kind, const char *format, va_list arguments)
{
    char text[256];
    vsnprintf(text, sizeof text, format, arguments);
    ipc_fail(&the_stage.error, IPC_E_REMOTE, "%s: %s", kind, text);
    cells_keep(the_stage.cells);
    longjmp(the_stage.raised, 1);
}

static ipc_value_t give(ipc_value_t value)
{
    return ipc_value_copy(value, the_stage.arena);
}

static void *task_alloc(size_t size)
{
    return ipc_arena_alloc(the_stage.arena, size);
}

static void own_array(ipc_array_t *array)
{
    array->in_task = 1;
    ipc_arena_hold(the_stage.arena, array);
}

static void publish(const char *name, ipc_value_t value)
{
    (void) name;
    (void) value;
}

static const ipc_runtime_t runtime = {
    .abi = IPC_ABI, .size = sizeof runtime, .engine_id = engine_id, .ns_get = ns_get, .ns_set = ns_set,
    .ns_has = ns_has, .raise = raise_error, .give = give, .task_alloc = task_alloc, .own_array = own_array, .publish = publish,
};

//  --- Running -------------------------------------------------------------------------------------------------

static void print_value(ipc_value_t value, char text[TEXT_MAX])
{
    FILE *out = fmemopen(text, TEXT_MAX, "w");
    ipc_value_print(value, out);
    fclose(out);
}

//  Calls what a cell has, with standard output in a file meanwhile.
static void call(const ipc_remote_t *remote, const ipc_value_t *arguments, bool is_cell)
{
    int file = memfd_create("output", 0), kept = dup(STDOUT_FILENO);
    ipc_value_t value = ipc_none();
    fflush(stdout);
    dup2(file, STDOUT_FILENO);
    if (setjmp(the_stage.raised) == 0)
        remote->call(arguments, &value);
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    ssize_t size = pread(file, the_stage.output, sizeof the_stage.output - 1, 0);
    the_stage.output[size] = 0;
    close(file);
    if (is_cell)
        cells_value(the_stage.cells, &value);
    print_value(value, the_stage.value);
}

static void begin(void)
{
    the_stage.error = (ipc_error_t){0};
    the_stage.value[0] = the_stage.output[0] = 0;
}

static void run_cell(const char *text)
{
    cells_source_t source = {.text = text, .number = 1, .occasion = 1};
    begin();
    const ipc_remote_t *remote = cells_load(the_stage.cells, &source, &the_stage.error);
    if (cells_are_behind(the_stage.cells))
        cells_catch_up(the_stage.cells);
    if (remote)
        call(remote, NULL, true);
    ipc_arena_reset(the_stage.arena);
}

//  Calls "f 1 2.5 word &name" by name.
static void run_function(char *line)
{
    ipc_value_t arguments[IPC_MAX_PARAMETERS];
    char *rest = line, *name = strtok_r(rest, " ", &rest), *word, *end;
    int count = 0;
    begin();
    const ipc_remote_t *remote = cells_function(the_stage.cells, name, &the_stage.error);
    while (remote && (word = strtok_r(NULL, " ", &rest))) {
        double number = strtod(word, &end);
        ck_assert_int_lt(count, remote->count);
        ipc_value_t value = *word == '&'                 ? ns_get(word + 1)
                            : *end                       ? ipc_value_from_str(word)
                            : strpbrk(word, ".e")        ? ipc_value_from_f64(number)
                                                         : ipc_value_from_i64((int64_t) number);
        if (ipc_convert(value, (ipc_type_t) remote->parameters[count], name, count + 1, &arguments[count],
                        &the_stage.error))
            return;
        count++;
    }
    if (remote) {
        ck_assert_int_eq(count, remote->count);
        call(remote, arguments, false);
    }
    ipc_arena_reset(the_stage.arena);
}

//  Reads a name as a pull does.
static void read_name(const char *name)
{
    ipc_value_t value;
    begin();
    if (members_get(the_stage.names, name, the_stage.arena, "", &value, &the_stage.error) == 0)
        print_value(value, the_stage.value);
    ipc_arena_reset(the_stage.arena);
}

//  --- The corpus ----------------------------------------------------------------------------------------------

static bool begins(const char *line, const char *mark)
{
    return strncmp(line, mark, strlen(mark)) == 0;
}

static bool is_mark(const char *line)
{
    static const char *const marks[] = {"## ", ">>>", "=== ", "<<< ", "!!! ", "??? ", "@@@ "};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (begins(line, marks[i]))
            return true;
    return false;
}

//  Holds an error against "2:5 words | other words" or "words".
static void check_error(size_t line, const char *expected)
{
    char place[64] = "", *words;
    unsigned long row = strtoul(expected, &words, 10), column = *words == ':' ? strtoul(words + 1, &words, 10) : 0;
    ck_assert_msg(the_stage.error.code != IPC_E_NONE, "line %zu: it is fine, and gives %s", line, the_stage.value);
    if (column > 0) {
        snprintf(place, sizeof place, "line %lu, column %lu: ", row, column);
        ck_assert_msg(strstr(the_stage.error.text, place) != NULL, "line %zu: %s", line, the_stage.error.text);
        words += *words == ' ';
    } else {
        words = (char *) expected;
    }
    for (const char *next; words; words = (char *) (next ? next + 3 : NULL)) {
        next = strstr(words, " | ");
        char *one = strndup(words, next ? (size_t) (next - words) : strlen(words));
        bool found = strstr(the_stage.error.text, one) != NULL;
        free(one);
        if (found)
            return;
    }
    ck_abort_msg("line %zu: %s", line, the_stage.error.text);
}

//  Runs one cell of the session, and whatever is asked after it. Gives the line behind that.
static size_t run_block(size_t at, size_t end)
{
    char cell[TEXT_MAX] = "", output[TEXT_MAX] = "";
    const char *value = "null", *error = NULL;
    size_t first = at + 1, where = the_corpus.numbers[at];
    bool asks = !begins(the_corpus.lines[at], ">>>");
    char *line = the_corpus.lines[at];
    for (at++; !asks && at < end && !is_mark(the_corpus.lines[at]); at++)
        snprintf(cell + strlen(cell), sizeof cell - strlen(cell), "%s%s", at > first ? "\n" : "", the_corpus.lines[at]);
    for (; at < end && !begins(the_corpus.lines[at], ">>>") && !begins(the_corpus.lines[at], "??? ") &&
           !begins(the_corpus.lines[at], "@@@ "); at++) {
        const char *rest = the_corpus.lines[at] + 4;
        if (begins(the_corpus.lines[at], "=== "))
            value = rest;
        else if (begins(the_corpus.lines[at], "<<< "))
            snprintf(output + strlen(output), sizeof output - strlen(output), "%s\n", rest);
        else
            error = rest;
    }
    if (begins(line, "??? ")) {
        read_name(line + 4);
    } else if (begins(line, "@@@ ")) {
        char *copy = strdup(line + 4);
        run_function(copy);
        free(copy);
    } else {
        run_cell(cell);
    }
    if (error) {
        check_error(where, error);
        return at;
    }
    ck_assert_msg(the_stage.error.code == IPC_E_NONE, "line %zu: %s", where, the_stage.error.text);
    ck_assert_msg(strcmp(the_stage.value, value) == 0, "line %zu: %s, not %s", where, the_stage.value, value);
    ck_assert_msg(strcmp(the_stage.output, output) == 0, "line %zu: prints '%s'", where, the_stage.output);
    return at;
}

static void open_stage(const char *directory)
{
    the_stage = (stage_t){.names = names_new(), .arena = ipc_arena_new()};
    the_stage.cells = cells_new(&(cells_options_t){.directory = directory, .runtime = &runtime, .names = the_stage.names});
}

static void close_stage(void)
{
    names_destroy(&the_stage.names);
    cells_destroy(&the_stage.cells);
    ipc_arena_destroy(&the_stage.arena);
}

START_TEST(each_session_does_what_its_lines_say)
{
    open_stage(the_corpus.directory);
    size_t at = the_corpus.sessions[_i] + 1, end = the_corpus.sessions[_i + 1];
    while (at < end) at = run_block(at, end);
    close_stage();
}
END_TEST

static void run_to(const char *cell, const char *value)
{
    run_cell(cell);
    ck_assert_msg(the_stage.error.code == IPC_E_NONE, "%s: %s", cell, the_stage.error.text);
    ck_assert_str_eq(the_stage.value, value);
}

//  The folder is reached by a link, which goes.
START_TEST(a_cell_that_comes_again_needs_no_file)
{
    char link[128];
    snprintf(link, sizeof link, "/tmp/ipc-cells-link-%d", (int) getpid());
    ck_assert_int_eq(symlink(the_corpus.directory, link), 0);
    open_stage(link);
    run_to("int n = 5;", "null");
    run_to("({ static int calls; n + ++calls; })", "6");
    ck_assert_int_eq(unlink(link), 0);
    run_to("({ static int calls; n + ++calls; })", "7");
    run_cell("n + 8");
    ck_assert_int_eq(the_stage.error.code, IPC_E_SYSTEM);
    close_stage();
}
END_TEST

//  Reads the corpus: lines that begin with %% are left out, and those that are empty before a mark.
static bool read_corpus(void)
{
    FILE *file = fopen(CORPUS, "r");
    if (!file || getdelim(&the_corpus.text, &(size_t){0}, 0, file) <= 0)
        return false;
    fclose(file);
    char *rest = the_corpus.text;
    size_t number = 0;
    for (char *line; (line = strsep(&rest, "\n"));) {
        number++;
        if (begins(line, "%%"))
            continue;
        if (begins(line, "## "))
            the_corpus.sessions[the_corpus.session_count++] = the_corpus.count;
        while (is_mark(line) && the_corpus.count > 0 && !the_corpus.lines[the_corpus.count - 1][0]) the_corpus.count--;
        if (begins(line, "## "))
            the_corpus.sessions[the_corpus.session_count - 1] = the_corpus.count;
        if (the_corpus.count == LINES_MAX || the_corpus.session_count == SESSIONS_MAX)
            return false;
        the_corpus.numbers[the_corpus.count] = number;
        the_corpus.lines[the_corpus.count++] = line;
    }
    while (!the_corpus.lines[the_corpus.count - 1][0]) the_corpus.count--;
    the_corpus.sessions[the_corpus.session_count] = the_corpus.count;
    return true;
}

//  The sessions whose titles have this text, or all.
static void add_sessions(TCase *tests, const char *title)
{
    for (size_t i = 0; i < the_corpus.session_count; i++)
        if (!title || strstr(the_corpus.lines[the_corpus.sessions[i]], title))
            tcase_add_loop_test(tests, each_session_does_what_its_lines_say, (int) i, (int) i + 1);
}

//  One that IPC_TEST_CELLS names, so that builds which compile the same cells do so once for all; or one of this run.
static bool find_directory(void)
{
    const char *lent = getenv("IPC_TEST_CELLS");
    the_corpus.is_lent = lent && lent[0];
    snprintf(the_corpus.directory, sizeof the_corpus.directory, "%s",
             the_corpus.is_lent ? lent : "/tmp/ipc-cells-XXXXXX");
    return the_corpus.is_lent || mkdtemp(the_corpus.directory) != NULL;
}

int main(int argc, char **argv)
{
    const char *compiler = argc > 1 ? argv[1] : "cc";
    char *found = ipc_xformat("command -v %s > /dev/null", compiler);
    if (system(found) != 0)
        return SKIPPED;
    free(found);
    setenv("IPC_CC", compiler, 1);
    if (!find_directory() || !read_corpus())
        return 1;
    TCase *tests = tcase_create("cells");
    tcase_set_timeout(tests, 120);
    add_sessions(tests, argc > 2 ? argv[2] : NULL);
    tcase_add_test(tests, a_cell_that_comes_again_needs_no_file);
    int failed = run_suite("cells", tests);
    if (!the_corpus.is_lent)
        ipc_remove_tree(the_corpus.directory);
    free(the_corpus.text);
    return failed;
}
