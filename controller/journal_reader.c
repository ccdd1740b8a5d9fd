//  The journal's reader: it answers questions, and purges.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/rows.h"
#include "controller/journal_body.h"

//  --- Reading --------------------------------------------------------------------------------------------------

//  1: go on, 0: enough, -1 with the work's error.
static int visit_batch(journal_t *self, journal_work_t *work, sqlite3_stmt *row)
{
    batch_reader_t reader;
    history_entry_t entry;
    ipc_bytes_t function;
    if (journal_body(row, 0, 1, self->path, &reader, &work->error))
        return -1;
    int more;
    while ((more = batch_next(&reader, &entry, &function)) > 0)
        if (entry.state >= IPC_ROW_DONE && !work->visit(work, &entry, function))
            break;
    bool enough = more > 0;
    batch_reader_free(&reader);
    return more < 0 ? journal_fail_damaged(self->path, "a batch makes no sense", &work->error) : !enough;
}

static void read_batches(journal_t *self, journal_work_t *work)
{
    ipc_auto(journal_disconnect) sqlite3 *database = journal_connect(self->path, false, &work->error);
    ipc_auto(journal_finalize) sqlite3_stmt *rows = NULL;
    if (database)
        rows = journal_prepare(database, self->path, "SELECT hash, body FROM batches WHERE number <= ? ORDER BY number",
                               &work->error);
    if (!rows)
        return;
    sqlite3_bind_int64(rows, 1, (sqlite3_int64) work->until);
    int rc = 1;
    while (rc > 0 && (rc = journal_step(rows, self->path, &work->error)) > 0) rc = visit_batch(self, work, rows);
    if (rc >= 0 && work->complete)
        work->complete(work);
}

//  --- Purging --------------------------------------------------------------------------------------------------

static bool is_chosen(const journal_work_t *work, const history_entry_t *entry)
{
    return work->id_count == 0 || history_note_ids(entry, work->ids, work->id_count, work->found);
}

//  The batch without what is to go; given, NULL when all stays. Of the run that goes on, the places of what is over
//  stay: else it would seem to be lost, should the run have no end.
static batch_t *without_chosen(journal_work_t *work, batch_reader_t *reader, bool goes_on)
{
    batch_t *batch = batch_new();
    history_entry_t entry;
    ipc_bytes_t function;
    bool changed = false;
    while (batch_next(reader, &entry, &function) > 0) {
        bool chosen = is_chosen(work, &entry), over = entry.state >= IPC_ROW_DONE;
        work->count += chosen && over;
        changed = changed || (chosen && (over || !goes_on));
        if (chosen && !goes_on)
            continue;
        if (chosen && over) {
            entry = (history_entry_t){.job = entry.job, .first = entry.first, .count = entry.count,
                                      .received = entry.received, .state = IPC_ROW_ANY};
            function = (ipc_bytes_t){"", 0};
        }
        batch_add(batch, &entry, function);
    }
    if (!changed)
        batch_destroy(&batch);
    return batch;
}

typedef struct purge {
    journal_t *journal;
    journal_work_t *work;
    sqlite3 *database;
    sqlite3_stmt *next, *update, *removal; // a batch that is next, as it is to be, or to go
} purge_t;

static int write_change(purge_t *self, sqlite3_int64 number, const batch_t *batch)
{
    unsigned char hash[JOURNAL_HASH];
    sqlite3_stmt *statement = batch->entries > 0 ? self->update : self->removal;
    if (batch->entries > 0) {
        journal_hash(hash, batch->body.data, batch->body.size);
        sqlite3_bind_int64(statement, 2, (sqlite3_int64) batch->entries);
        sqlite3_bind_blob(statement, 3, hash, sizeof hash, SQLITE_STATIC);
        sqlite3_bind_blob(statement, 4, batch->body.data, (int) batch->body.size, SQLITE_STATIC);
    }
    sqlite3_bind_int64(statement, 1, number);
    int rc = journal_step(statement, self->journal->path, &self->work->error);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return rc;
}

//  The batch after *number, which becomes its: 1, 0 when there is none, -1 with the work's error.
static int purge_batch(purge_t *self, sqlite3_int64 *number)
{
    batch_reader_t reader;
    sqlite3_bind_int64(self->next, 1, *number);
    sqlite3_bind_int64(self->next, 2, (sqlite3_int64) self->work->until);
    int rc = journal_step(self->next, self->journal->path, &self->work->error);
    if (rc > 0 && journal_body(self->next, 1, 2, self->journal->path, &reader, &self->work->error))
        rc = -1;
    if (rc > 0) {
        *number = sqlite3_column_int64(self->next, 0);
        ipc_auto(batch_destroy) batch_t *changed =
            without_chosen(self->work, &reader, (uint64_t) *number > self->journal->run_begin);
        if (changed && write_change(self, *number, changed))
            rc = -1;
        batch_reader_free(&reader);
    }
    sqlite3_reset(self->next);
    return rc;
}

//  A few batches at a time, so that the writer has its turns.
static void purge_batches(purge_t *self)
{
    enum { AT_A_TIME = 64 };
    const char *path = self->journal->path;
    sqlite3_int64 number = 0;
    for (int rc = 1; rc > 0;) {
        if (journal_execute(self->database, path, "BEGIN IMMEDIATE", &self->work->error))
            return;
        for (int i = 0; i < AT_A_TIME && rc > 0; i++) rc = purge_batch(self, &number);
        if (rc < 0 || journal_execute(self->database, path, "COMMIT", &self->work->error))
            return; // the connection ends, and with it what was begun
    }
}

static void purge(journal_t *journal, journal_work_t *work)
{
    ipc_error_t *error = &work->error;
    ipc_auto(journal_disconnect) sqlite3 *database = journal_connect(journal->path, true, error);
    if (!database)
        return;
    ipc_auto(journal_finalize) sqlite3_stmt *next = journal_prepare(
        database, journal->path,
        "SELECT number, hash, body FROM batches WHERE number > ? AND number <= ? ORDER BY number LIMIT 1", error);
    ipc_auto(journal_finalize) sqlite3_stmt *update = journal_prepare(
        database, journal->path, "UPDATE batches SET entries = ?2, hash = ?3, body = ?4 WHERE number = ?1", error);
    ipc_auto(journal_finalize) sqlite3_stmt *removal =
        journal_prepare(database, journal->path, "DELETE FROM batches WHERE number = ?", error);
    if (next && update && removal)
        purge_batches(&(purge_t){journal, work, database, next, update, removal});
}

//  --- The thread -----------------------------------------------------------------------------------------------

//  With the lock, which it lets go meanwhile: what is next, once it can be answered; NULL at the end.
static journal_work_t *await_work(journal_t *self)
{
    for (;;) {
        journal_work_t *work = self->asked.first;
        if (self->stopping)
            return NULL;
        if (work && (self->failed || self->committed >= work->until)) {
            self->asked.first = work->next;
            if (!work->next)
                self->asked.end = &self->asked.first;
            return work;
        }
        pthread_cond_wait(&self->changed, &self->lock);
    }
}

void *journal_reader(void *argument)
{
    journal_t *self = argument;
    pthread_mutex_lock(&self->lock);
    for (journal_work_t *work; (work = await_work(self));) {
        if (self->committed < work->until)
            ipc_fail(&work->error, IPC_E_SYSTEM, "%s", self->failure);
        pthread_mutex_unlock(&self->lock);
        if (!work->error.code && work->purges)
            purge(self, work);
        else if (!work->error.code)
            read_batches(self, work);
        pthread_mutex_lock(&self->lock);
        work->next = NULL;
        *self->answered.end = work;
        self->answered.end = &work->next;
        (void) !write(self->event, &(uint64_t){1}, sizeof(uint64_t));
    }
    pthread_mutex_unlock(&self->lock);
    return NULL;
}
