//  What outlasts a controller besides the history: frames of messages, for each job that its client has left behind.
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "controller/journal_body.h"

static uint64_t queue(journal_t *self, uint64_t job, const void *data, size_t size)
{
    keeping_t *keeping = ipc_xalloc(sizeof *keeping);
    keeping->job = job;
    if (size > 0)
        ipc_write_raw(&keeping->frame, data, size);
    pthread_mutex_lock(&self->lock);
    bool first = !self->keep;
    *self->keep_end = keeping;
    self->keep_end = &keeping->next;
    uint64_t number = ++self->keep_number;
    if (first)
        pthread_cond_signal(&self->wanted);
    pthread_mutex_unlock(&self->lock);
    return number;
}

uint64_t journal_keep(journal_t *self, uint64_t job, const ipc_writer_t *frame)
{
    return queue(self, job, frame->data, frame->size);
}

void journal_keep_no_more(journal_t *self, uint64_t job)
{
    queue(self, job, NULL, 0);
}

uint64_t journal_kept_until(journal_t *self)
{
    pthread_mutex_lock(&self->lock);
    uint64_t number = self->keep_committed;
    pthread_mutex_unlock(&self->lock);
    return number;
}

uint64_t journal_kept_newest(journal_t *self)
{
    pthread_mutex_lock(&self->lock);
    uint64_t number = self->keep_number;
    pthread_mutex_unlock(&self->lock);
    return number;
}

void keepings_free(keeping_t *keepings)
{
    for (keeping_t *next; keepings; keepings = next) {
        next = keepings->next;
        ipc_writer_destroy(&keepings->frame);
        free(keepings);
    }
}

static int write_one(journal_t *self, const keeping_t *keeping, ipc_error_t *error)
{
    unsigned char hash[JOURNAL_HASH];
    sqlite3_stmt *statement = keeping->frame.size > 0 ? self->keep_insertion : self->keep_deletion;
    sqlite3_bind_int64(statement, 1, (sqlite3_int64) keeping->job);
    if (keeping->frame.size > 0) {
        journal_hash(hash, keeping->frame.data, keeping->frame.size);
        sqlite3_bind_blob(statement, 2, hash, sizeof hash, SQLITE_STATIC);
        sqlite3_bind_blob(statement, 3, keeping->frame.data, (int) keeping->frame.size, SQLITE_STATIC);
    }
    int rc = journal_step(statement, self->path, error);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return rc;
}

int keepings_write(journal_t *self, const keeping_t *keepings, ipc_error_t *error)
{
    int rc = 0;
    for (; !rc && keepings; keepings = keepings->next) rc = write_one(self, keepings, error);
    return rc;
}

//      visit   NULL: it is only checked
static int visit_row(journal_t *self, sqlite3_stmt *rows, journal_kept_fn *visit, void *context, ipc_error_t *error)
{
    unsigned char hash[JOURNAL_HASH];
    const char *body = sqlite3_column_blob(rows, 2);
    size_t size = (size_t) sqlite3_column_bytes(rows, 2);
    journal_hash(hash, body, size);
    if (!body || sqlite3_column_bytes(rows, 1) != JOURNAL_HASH ||
        memcmp(hash, sqlite3_column_blob(rows, 1), JOURNAL_HASH) != 0)
        return journal_fail_damaged(self->path, "a result is not as it was written", error);
    if (visit)
        visit(context, (uint64_t) sqlite3_column_int64(rows, 0), (ipc_bytes_t){body, size});
    return 0;
}

static int visit_all(journal_t *self, sqlite3 *database, journal_kept_fn *visit, void *context, ipc_error_t *error)
{
    ipc_auto(journal_finalize) sqlite3_stmt *rows = journal_prepare(
        database, self->path, "SELECT job, hash, body FROM kept ORDER BY number", error);
    int rc = rows ? 1 : -1;
    while (rc > 0 && (rc = journal_step(rows, self->path, error)) > 0)
        if (visit_row(self, rows, visit, context, error))
            return -1;
    return rc;
}

int keepings_open(journal_t *self, ipc_error_t *error)
{
    if (journal_execute(self->database, self->path,
                        "CREATE TABLE IF NOT EXISTS kept (number INTEGER PRIMARY KEY, job INTEGER NOT NULL,"
                        " hash BLOB NOT NULL, body BLOB NOT NULL)",
                        error) ||
        visit_all(self, self->database, NULL, NULL, error))
        return -1;
    self->keep_insertion = journal_prepare(self->database, self->path, "INSERT INTO kept VALUES (NULL, ?, ?, ?)", error);
    self->keep_deletion = self->keep_insertion
                              ? journal_prepare(self->database, self->path, "DELETE FROM kept WHERE job = ?", error)
                              : NULL;
    return self->keep_deletion ? 0 : -1;
}

int journal_kept(journal_t *self, journal_kept_fn *visit, void *context, ipc_error_t *error)
{
    sqlite3 *database = journal_connect(self->path, false, error);
    int rc = database ? visit_all(self, database, visit, context, error) : -1;
    journal_disconnect(&database);
    return rc;
}
