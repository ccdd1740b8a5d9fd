//  The journal as a file of SQLite's.
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "common/fail.h"
#include "controller/journal_body.h"

enum { APPLICATION = 0x4950434a, VERSION = 1 }; // "IPCJ"

static const char schema[] = "BEGIN IMMEDIATE;"
                             "CREATE TABLE batches (number INTEGER PRIMARY KEY, first INTEGER NOT NULL,"
                             " last INTEGER NOT NULL, entries INTEGER NOT NULL, hash BLOB NOT NULL,"
                             " body BLOB NOT NULL);"
                             "CREATE TABLE runs (number INTEGER PRIMARY KEY, began INTEGER NOT NULL, ended INTEGER,"
                             " batch INTEGER NOT NULL);" // the last one before it
                             "PRAGMA application_id = 1229996874;"
                             "PRAGMA user_version = 1;"
                             "COMMIT";
_Static_assert(APPLICATION == 1229996874, "the schema has the same numbers");

//  --- Errors ---------------------------------------------------------------------------------------------------

int journal_fail_damaged(const char *path, const char *how, ipc_error_t *error)
{
    return ipc_fail(error, IPC_E_SYSTEM,
                    "the journal %s is damaged (%s): move it away, or remove it with 'ipcluster clean --journals', and "
                    "start again",
                    path, how);
}

int journal_fail(sqlite3 *database, const char *path, ipc_error_t *error)
{
    int code = database ? sqlite3_errcode(database) & 0xff : SQLITE_NOMEM;
    int cause = database ? sqlite3_system_errno(database) : 0;
    const char *text = database ? sqlite3_errmsg(database) : "out of memory";
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
        return journal_fail_damaged(path, text, error);
    if (code == SQLITE_FULL || (code == SQLITE_IOERR && (cause == ENOSPC || cause == EDQUOT || cause == EFBIG)))
        return ipc_fail(error, IPC_E_SYSTEM, "the journal %s cannot be written: the disk is full", path);
    if (code == SQLITE_READONLY || cause == EROFS)
        return ipc_fail(error, IPC_E_SYSTEM, "the journal %s cannot be written: its place is read-only", path);
    return ipc_fail(error, IPC_E_SYSTEM, "the journal %s cannot be used: %s%s%s", path, text, cause ? ": " : "",
                    cause ? strerror(cause) : "");
}

//  --- Statements -----------------------------------------------------------------------------------------------

sqlite3 *journal_connect(const char *path, bool writes, ipc_error_t *error)
{
    sqlite3 *database = NULL;
    int flags = (writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &database, flags, NULL) || sqlite3_busy_timeout(database, JOURNAL_BUSY_MS) ||
        sqlite3_exec(database, "PRAGMA temp_store = MEMORY", NULL, NULL, NULL)) {
        journal_fail(database, path, error);
        journal_disconnect(&database);
    }
    return database;
}

void journal_disconnect(sqlite3 **database_p)
{
    sqlite3_close(*database_p);
    *database_p = NULL;
}

void journal_finalize(sqlite3_stmt **statement_p)
{
    sqlite3_finalize(*statement_p);
    *statement_p = NULL;
}

sqlite3_stmt *journal_prepare(sqlite3 *database, const char *path, const char *sql, ipc_error_t *error)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL))
        journal_fail(database, path, error);
    return statement;
}

int journal_execute(sqlite3 *database, const char *path, const char *sql, ipc_error_t *error)
{
    return sqlite3_exec(database, sql, NULL, NULL, NULL) ? journal_fail(database, path, error) : 0;
}

int journal_step(sqlite3_stmt *statement, const char *path, ipc_error_t *error)
{
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        return rc == SQLITE_ROW;
    return journal_fail(sqlite3_db_handle(statement), path, error);
}

//  The one number that a statement gives; -1 with *error.
static int64_t number_of(sqlite3 *database, const char *path, const char *sql, ipc_error_t *error)
{
    ipc_auto(journal_finalize) sqlite3_stmt *statement = journal_prepare(database, path, sql, error);
    if (!statement || journal_step(statement, path, error) < 0)
        return -1;
    return sqlite3_column_int64(statement, 0);
}

//  --- Batches --------------------------------------------------------------------------------------------------

void journal_hash(unsigned char hash[JOURNAL_HASH], const void *data, size_t size)
{
    crypto_generichash(hash, JOURNAL_HASH, data, size, NULL, 0);
}

int journal_insert(sqlite3_stmt *insertion, const char *path, const batch_t *batch, ipc_error_t *error)
{
    unsigned char hash[JOURNAL_HASH];
    journal_hash(hash, batch->body.data, batch->body.size);
    sqlite3_bind_int64(insertion, 1, (sqlite3_int64) batch->number);
    sqlite3_bind_int64(insertion, 2, batch->first);
    sqlite3_bind_int64(insertion, 3, batch->last);
    sqlite3_bind_int64(insertion, 4, (sqlite3_int64) batch->entries);
    sqlite3_bind_blob(insertion, 5, hash, sizeof hash, SQLITE_STATIC);
    sqlite3_bind_blob(insertion, 6, batch->body.data, (int) batch->body.size, SQLITE_STATIC);
    int rc = journal_step(insertion, path, error);
    sqlite3_reset(insertion);
    sqlite3_clear_bindings(insertion);
    return rc;
}

int journal_body(sqlite3_stmt *row, int hash, int body, const char *path, batch_reader_t *reader, ipc_error_t *error)
{
    unsigned char wanted[JOURNAL_HASH];
    const unsigned char *data = sqlite3_column_blob(row, body);
    size_t size = (size_t) sqlite3_column_bytes(row, body);
    journal_hash(wanted, data, size);
    if (sqlite3_column_bytes(row, hash) != JOURNAL_HASH || !data ||
        memcmp(wanted, sqlite3_column_blob(row, hash), JOURNAL_HASH) != 0)
        return journal_fail_damaged(path, "a batch is not as it was written", error);
    *reader = batch_reader(data, size);
    return 0;
}

//  The last of the oldest batches that have so many bytes together; 0 when there is none.
static int64_t oldest_until(journal_t *self, uint64_t bytes, ipc_error_t *error)
{
    ipc_auto(journal_finalize) sqlite3_stmt *rows = journal_prepare(
        self->database, self->path, "SELECT number, length(body) FROM batches ORDER BY number", error);
    int64_t last = 0;
    int rc = rows ? 1 : -1;
    for (uint64_t sum = 0; rc > 0 && sum < bytes && (rc = journal_step(rows, self->path, error)) > 0;) {
        last = sqlite3_column_int64(rows, 0);
        sum += (uint64_t) sqlite3_column_int64(rows, 1);
    }
    return rc < 0 ? -1 : last;
}

static int delete_batches(journal_t *self, const char *column, int64_t until, ipc_error_t *error)
{
    enum { ROOM = 96 };
    char sql[ROOM];
    snprintf(sql, sizeof sql, "DELETE FROM batches WHERE %s <= %lld", column, (long long) until);
    return journal_execute(self->database, self->path, sql, error);
}

//  Bytes of the file that are in use.
static int64_t bytes_used(journal_t *self, ipc_error_t *error)
{
    static const char *const pragmas[] = {"PRAGMA page_count", "PRAGMA freelist_count", "PRAGMA page_size"};
    int64_t values[3];
    for (size_t i = 0; i < 3; i++) {
        values[i] = number_of(self->database, self->path, pragmas[i], error);
        if (values[i] < 0)
            return -1;
    }
    return (values[0] - values[1]) * values[2];
}

int journal_tidy(journal_t *self, ipc_error_t *error)
{
    enum { PARTS = 16 };               // what goes at a time
    struct timespec now, clock;
    clock_gettime(CLOCK_MONOTONIC, &clock);
    int64_t ms = (int64_t) clock.tv_sec * 1000 + clock.tv_nsec / 1000000;
    if (self->tidied == 0 || ms - self->tidied >= JOURNAL_TIDY_MS) {
        clock_gettime(CLOCK_REALTIME, &now);
        int64_t age_s = (int64_t) self->terms.age_s < now.tv_sec ? (int64_t) self->terms.age_s : now.tv_sec;
        if (delete_batches(self, "last", (now.tv_sec - age_s) * 1000000000, error))
            return -1;
        self->tidied = ms;
    }
    int64_t used = bytes_used(self, error);
    for (int i = 0; i < PARTS && used > (int64_t) self->terms.size; i++) {
        int64_t last = oldest_until(self, self->terms.size / PARTS, error);
        if (last < 0 || delete_batches(self, "number", last, error))
            return -1;
        used = bytes_used(self, error);
    }
    if (used < 0)
        return -1;
    pthread_mutex_lock(&self->lock);
    self->bytes = (uint64_t) used;
    pthread_mutex_unlock(&self->lock);
    return 0;
}

//  --- Opening --------------------------------------------------------------------------------------------------

//  Makes the file, or checks that it is ours alone; one cluster at a time has it.
static int take_file(journal_t *self, ipc_error_t *error)
{
    self->file = open(self->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (self->file < 0)
        return ipc_fail(error, errno == EACCES || errno == ELOOP ? IPC_E_PERMISSION : IPC_E_SYSTEM,
                        "cannot open the journal %s: %s", self->path, strerror(errno));
    int checked = ipc_private_open(self->path, error);
    if (checked < 0)
        return -1;
    close(checked); // before SQLite locks anything: a close() ends all locks of the process
    if (flock(self->file, LOCK_EX | LOCK_NB))
        return ipc_fail(error, IPC_E_BUSY, "another cluster writes the journal %s: give this one another --cluster-id",
                        self->path);
    return 0;
}

//  Whether nothing is in it yet: 1, 0, or -1 with *error also when it is not ours.
static int is_fresh(journal_t *self, ipc_error_t *error)
{
    int64_t application = number_of(self->database, self->path, "PRAGMA application_id", error);
    int64_t version = application < 0 ? -1 : number_of(self->database, self->path, "PRAGMA user_version", error);
    int64_t tables = -1;
    if (version >= 0)
        tables = number_of(self->database, self->path, "SELECT count(*) FROM sqlite_master", error);
    if (tables < 0)
        return -1;
    if (application == 0 && tables == 0)
        return 1;
    if (application != APPLICATION)
        return ipc_fail(error, IPC_E_SYSTEM, "%s is no journal of a cluster: move it away", self->path);
    if (version != VERSION)
        return ipc_fail(error, IPC_E_SYSTEM,
                        "the journal %s is of version %lld, this ipcd has version %d: move it away",
                        self->path, (long long) version, VERSION);
    return 0;
}

//  Reads and checks all batches; those of a run without an end tell what was lost.
static int check_batches(journal_t *self, losses_t *losses, uint64_t open_run, ipc_error_t *error)
{
    ipc_auto(journal_finalize) sqlite3_stmt *rows = journal_prepare(
        self->database, self->path, "SELECT number, hash, body FROM batches ORDER BY number", error);
    int rc = rows ? 1 : -1;
    while (rc > 0 && (rc = journal_step(rows, self->path, error)) > 0) {
        batch_reader_t reader;
        history_entry_t entry;
        ipc_bytes_t function;
        self->number = (uint64_t) sqlite3_column_int64(rows, 0);
        if (journal_body(rows, 1, 2, self->path, &reader, error))
            return -1;
        int more = 0;
        while (self->number > open_run && (more = batch_next(&reader, &entry, &function)) > 0)
            losses_see(losses, &entry, function);
        batch_reader_free(&reader);
        if (more < 0)
            return journal_fail_damaged(self->path, "a batch makes no sense", error);
    }
    return rc;
}

//  The last batch before the oldest run that has no end; without one so large that no batch is newer.
static int find_open_run(journal_t *self, uint64_t *batch, ipc_error_t *error)
{
    ipc_auto(journal_finalize) sqlite3_stmt *row = journal_prepare(
        self->database, self->path, "SELECT min(batch) FROM runs WHERE ended IS NULL", error);
    int rc = row ? journal_step(row, self->path, error) : -1;
    bool open = rc > 0 && sqlite3_column_type(row, 0) != SQLITE_NULL;
    *batch = open ? (uint64_t) sqlite3_column_int64(row, 0) : UINT64_MAX;
    return rc < 0 ? -1 : 0;
}

static int begin_run(journal_t *self, uint64_t open_run, ipc_error_t *error)
{
    enum { ROOM = 192 };
    char sql[ROOM];
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    self->committed = self->number;
    self->run_begin = open_run < self->number ? open_run : self->number;
    snprintf(sql, sizeof sql,
             "BEGIN IMMEDIATE; DELETE FROM runs WHERE ended IS NOT NULL;"
             "INSERT INTO runs VALUES (NULL, %lld, NULL, %llu)",
             (long long) time.tv_sec * 1000000000 + time.tv_nsec, (unsigned long long) self->number);
    return journal_execute(self->database, self->path, sql, error) || journal_tidy(self, error) ||
                   journal_execute(self->database, self->path, "COMMIT", error)
               ? -1
               : 0;
}

int journal_end_runs(journal_t *self, bool all, ipc_error_t *error)
{
    enum { ROOM = 160 };
    char sql[ROOM];
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    snprintf(sql, sizeof sql,
             "UPDATE runs SET ended = %lld WHERE ended IS NULL AND number < %s (SELECT max(number) FROM runs)",
             (long long) time.tv_sec * 1000000000 + time.tv_nsec, all ? "1 +" : "");
    return journal_execute(self->database, self->path, sql, error);
}

int journal_open(journal_t *self, ipc_error_t *error)
{
    uint64_t open_run = 0;
    int fresh = take_file(self, error) ? -1 : 0;
    if (fresh == 0)
        self->database = journal_connect(self->path, true, error);
    fresh = self->database ? is_fresh(self, error) : -1;
    if (fresh < 0 || journal_execute(self->database, self->path, "PRAGMA journal_mode = WAL", error) ||
        journal_execute(self->database, self->path, "PRAGMA journal_size_limit = 4194304", error) ||
        journal_execute(self->database, self->path,
                        self->terms.sync ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", error) ||
        (fresh && journal_execute(self->database, self->path, schema, error)))
        return -1;
    self->insertion = journal_prepare(self->database, self->path,
                                      "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?)", error);
    self->losses = losses_new();
    if (!self->insertion || keepings_open(self, error) || find_open_run(self, &open_run, error) || check_batches(self, self->losses, open_run, error))
        return -1;
    return begin_run(self, open_run, error);
}
