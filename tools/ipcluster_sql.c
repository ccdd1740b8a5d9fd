//  ipcluster tasks --sql: the history as a table of SQLite's, in memory, which one statement reads.
#include <jansson.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "tools/ipcluster.h"

static const char schema[] =
    "PRAGMA temp_store = MEMORY;"
    "CREATE TABLE tasks (id INTEGER, client INTEGER, first INTEGER, count INTEGER, state TEXT, engine INTEGER,"
    " attempts INTEGER, function TEXT, label TEXT, error TEXT, submitted REAL, accepted REAL, sent REAL,"
    " started REAL, finished REAL, received REAL, peak_memory INTEGER);"
    "BEGIN";
static const char insertion[] = "INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

static void close_database(sqlite3 **database_p)
{
    sqlite3_close(*database_p);
    *database_p = NULL;
}

static void finalize(sqlite3_stmt **statement_p)
{
    sqlite3_finalize(*statement_p);
    *statement_p = NULL;
}

static int fail_database(sqlite3 *database, ipc_error_t *error)
{
    return ipc_fail(error, IPC_E_SYSTEM, "cannot make the table of tasks: %s", sqlite3_errmsg(database));
}

//  --- The table ------------------------------------------------------------------------------------------------

static void bind_task(sqlite3_stmt *row, const ipc_task_t *task)
{
    const double times[] = {task->submitted, task->accepted, task->sent,
                            task->started,   task->finished, task->received};
    const char *texts[] = {task->function, task->label, task->error};
    enum { FIRST_TEXT = 8, FIRST_TIME = 11, MEMORY = 17 };
    sqlite3_clear_bindings(row); // to NULL
    sqlite3_bind_int64(row, 1, (sqlite3_int64) task->id);
    sqlite3_bind_int64(row, 2, (sqlite3_int64) task->client);
    sqlite3_bind_int64(row, 3, (sqlite3_int64) task->first);
    sqlite3_bind_int64(row, 4, (sqlite3_int64) task->count);
    sqlite3_bind_text(row, 5, ipc_task_state_name(task->state), -1, SQLITE_STATIC);
    if (task->engine >= 0)
        sqlite3_bind_int(row, 6, task->engine);
    sqlite3_bind_int(row, 7, task->attempts);
    for (int i = 0; i < 3; i++) sqlite3_bind_text(row, FIRST_TEXT + i, texts[i], -1, SQLITE_STATIC);
    for (int i = 0; i < 6; i++)
        if (times[i] > 0)
            sqlite3_bind_double(row, FIRST_TIME + i, times[i]);
    if (task->peak_memory > 0)
        sqlite3_bind_int64(row, MEMORY, (sqlite3_int64) task->peak_memory);
}

static int fill_table(sqlite3 *database, const ipc_history_t *history, ipc_error_t *error)
{
    ipc_auto(finalize) sqlite3_stmt *row = NULL;
    if (sqlite3_exec(database, schema, NULL, NULL, NULL) ||
        sqlite3_prepare_v2(database, insertion, sizeof insertion, &row, NULL))
        return fail_database(database, error);
    for (size_t i = 0; i < ipc_history_count(history); i++) {
        bind_task(row, ipc_history_at(history, i));
        if (sqlite3_step(row) != SQLITE_DONE)
            return fail_database(database, error);
        sqlite3_reset(row);
    }
    return sqlite3_exec(database, "COMMIT", NULL, NULL, NULL) ? fail_database(database, error) : 0;
}

//  --- The statement --------------------------------------------------------------------------------------------

//  An authorizer: what is asked may read the table, and touch nothing else, files least of all.
static int allow_reading(void *context, int action, const char *one, const char *two, const char *database,
                         const char *trigger)
{
    (void) context;
    (void) one;
    (void) database;
    (void) trigger;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE: return SQLITE_OK;
    case SQLITE_FUNCTION: return strcmp(two, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
    default: return SQLITE_DENY;
    }
}

static int prepare(sqlite3 *database, const char *sql, sqlite3_stmt **statement, ipc_error_t *error)
{
    const char *rest = NULL;
    sqlite3_set_authorizer(database, allow_reading, NULL);
    int rc = sqlite3_prepare_v2(database, sql, -1, statement, &rest);
    if (rc == SQLITE_AUTH || (rc == SQLITE_OK && *statement && !sqlite3_stmt_readonly(*statement)))
        return ipc_fail(error, IPC_E_ARGUMENT,
                        "--sql reads the table of tasks: it takes a SELECT and no other statement");
    if (rc != SQLITE_OK)
        return ipc_fail(error, IPC_E_ARGUMENT, "the SQL cannot be understood: %s", sqlite3_errmsg(database));
    if (!*statement)
        return ipc_fail(error, IPC_E_ARGUMENT, "the SQL is empty: --sql takes a SELECT of the table of tasks");
    if (rest[strspn(rest, " \t\r\n;")])
        return ipc_fail(error, IPC_E_ARGUMENT, "--sql takes one SELECT, more follows: %s", rest);
    return 0;
}

//  --- Text -----------------------------------------------------------------------------------------------------

//  What is printed: rows of cells, the header first.
typedef struct table {
    int columns;
    char **cells;                      // owned
    size_t count, room;
    bool *right;                       // columns of numbers alone
    int *widths;
} table_t;

static void table_free(table_t *self)
{
    for (size_t i = 0; i < self->count; i++) free(self->cells[i]);
    free(self->cells);
    free(self->right);
    free(self->widths);
}

//  Characters, of a text in UTF-8.
static int width_of(const char *text)
{
    int width = 0;
    for (; *text; text++) width += (*text & 0xc0) != 0x80;
    return width;
}

static void table_add(table_t *self, const char *text)
{
    if (self->count == self->room) {
        self->room = self->room ? 2 * self->room : 64;
        self->cells = ipc_xrealloc(self->cells, self->room * sizeof self->cells[0]);
    }
    size_t column = self->count % (size_t) self->columns;
    char *cell = self->cells[self->count++] = ipc_xstrdup(text);
    for (char *at = cell; *at; at++)
        if ((unsigned char) *at < ' ' || *at == 0x7f) // it would break the line, or tell the terminal something
            *at = '?';
    int width = width_of(cell);
    if (width > self->widths[column])
        self->widths[column] = width;
}

static void table_print(const table_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        size_t column = i % (size_t) self->columns;
        bool last = column + 1 == (size_t) self->columns;
        int gap = self->widths[column] - width_of(self->cells[i]);
        bool right = self->right[column];
        printf("%*s%s%*s%s", right ? gap : 0, "", self->cells[i], right || last ? 0 : gap, "", last ? "\n" : "  ");
    }
}

//  A blob as its hexadecimal digits; given.
static char *hexadecimal(sqlite3_stmt *statement, int column)
{
    const unsigned char *bytes = sqlite3_column_blob(statement, column);
    size_t size = (size_t) sqlite3_column_bytes(statement, column);
    char *text = ipc_xalloc(2 * size + 1);
    for (size_t i = 0; i < size; i++) snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return text;
}

static void add_cell(table_t *table, sqlite3_stmt *statement, int column)
{
    int type = sqlite3_column_type(statement, column);
    if (type == SQLITE_BLOB) {
        char *text = hexadecimal(statement, column);
        table_add(table, text);
        free(text);
    } else {
        const unsigned char *text = sqlite3_column_text(statement, column);
        table_add(table, text ? (const char *) text : "-");
    }
    if (type == SQLITE_TEXT || type == SQLITE_BLOB)
        table->right[column] = false;
}

static int rows_as_text(sqlite3_stmt *statement)
{
    int columns = sqlite3_column_count(statement), rc;
    table_t table = {.columns = columns,
                     .right = ipc_xalloc((size_t) columns * sizeof table.right[0]),
                     .widths = ipc_xalloc((size_t) columns * sizeof table.widths[0])};
    for (int i = 0; i < columns; i++) {
        table.right[i] = true;
        table_add(&table, sqlite3_column_name(statement, i));
    }
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
        for (int i = 0; i < columns; i++) add_cell(&table, statement, i);
    if (rc == SQLITE_DONE)
        table_print(&table);
    table_free(&table);
    return rc;
}

//  --- JSON -----------------------------------------------------------------------------------------------------

static json_t *json_of_cell(sqlite3_stmt *statement, int column)
{
    json_t *json = NULL;
    char *digits;
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: return json_integer((json_int_t) sqlite3_column_int64(statement, column));
    case SQLITE_TEXT: return json_of_text((const char *) sqlite3_column_text(statement, column));
    case SQLITE_FLOAT:
        json = json_real(sqlite3_column_double(statement, column));
        return json ? json : json_null(); // JSON has no infinity
    case SQLITE_BLOB:
        digits = hexadecimal(statement, column);
        json = json_string(digits);
        free(digits);
        return json;
    default: return json_null();
    }
}

static int rows_as_json(sqlite3_stmt *statement)
{
    ipc_auto(json_decrefp) json_t *rows = json_array();
    int columns = sqlite3_column_count(statement), rc;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        json_t *row = json_object();
        for (int i = 0; i < columns; i++)
            json_object_set_new(row, sqlite3_column_name(statement, i), json_of_cell(statement, i));
        json_array_append_new(rows, row);
    }
    if (rc == SQLITE_DONE)
        print_json(rows);
    return rc;
}

int show_sql(const ipc_history_t *history, const char *sql, bool as_json, ipc_error_t *error)
{
    ipc_auto(close_database) sqlite3 *database = NULL;
    ipc_auto(finalize) sqlite3_stmt *statement = NULL;
    if (sqlite3_open(":memory:", &database))
        return fail_database(database, error);
    if (fill_table(database, history, error) || prepare(database, sql, &statement, error))
        return -1;
    int rc = as_json ? rows_as_json(statement) : rows_as_text(statement);
    return rc == SQLITE_DONE ? 0 : ipc_fail(error, IPC_E_ARGUMENT, "the SQL failed: %s", sqlite3_errmsg(database));
}
