//  The inside of journal_t, for the files that work on it.
#ifndef IPC_CONTROLLER_JOURNAL_BODY_H
#define IPC_CONTROLLER_JOURNAL_BODY_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "controller/batch.h"
#include "controller/journal.h"

enum {
    JOURNAL_BATCH = 1 << 20,           // bytes; a larger batch is closed
    JOURNAL_WAITING = 64 << 20,        // bytes that wait while it cannot be written; what comes then is lost
    JOURNAL_RETRY_MS = 1000,
    JOURNAL_BUSY_MS = 5000,            // that another program may lock it
    JOURNAL_TIDY_MS = 3600 * 1000,     // between looks for what is too old
    JOURNAL_HASH = 16
};

typedef struct journal_queue {
    journal_work_t *first, **end;
} journal_queue_t;

//  A frame to be kept for a job, or, empty, all of it no more.
typedef struct keeping {
    uint64_t job;
    ipc_writer_t frame;
    struct keeping *next;
} keeping_t;

struct journal {
    char path[IPC_PATH_MAX];
    ipc_journal_terms_t terms;
    int file;                          // holds the lock on it
    int event;                         // something is answered
    sqlite3 *database;                 // the writer's
    sqlite3_stmt *insertion;           // of a batch
    sqlite3_stmt *keep_insertion, *keep_deletion; // likewise, of what is kept
    uint64_t run_begin;                // the last batch before this run, or before the oldest one without an end
    struct losses *losses;             // of those; NULL once they are settled
    struct losses *settled;            // that; batches have its names
    int64_t tidied;                    // when it was looked for what is too old, monotonic milliseconds
    pthread_t writer, reader;
    bool has_writer, has_reader;       // they were started
    pthread_mutex_t lock;
    pthread_cond_t wanted;             // for the writer: something is to be written, or it is to end
    pthread_cond_t changed;            // for the reader: something is asked for, or committed, or has failed
    // guarded
    batch_t *open;                     // the batch that is added to; or NULL
    batch_t *closed, **closed_end;     // that wait for the writer
    size_t waiting;                    // bytes of all these
    keeping_t *keep, **keep_end;       // that wait for the writer, too
    uint64_t keep_number, keep_committed; // of the newest, and of those on disk
    uint64_t number;                   // of the newest batch
    uint64_t committed;                // likewise, of those on disk
    bool hurry;                        // somebody waits for it
    bool settles;                      // with what it writes next former runs have an end
    bool stopping;
    journal_queue_t asked, answered;
    uint64_t lost;                     // entries that did not fit while it could not be written
    uint64_t bytes;                    // of the file that are in use
    char failure[512];                 // why it cannot be written; "": it can
    char lent[512];                    // a copy for journal_failure()
    atomic_bool failed;                // there is a failure: read without the lock
};

//  controller/journal_file.c: the file. Each with *error as journal_new() has it.
sqlite3 *journal_connect(const char *path, bool writes, ipc_error_t *error);
void journal_disconnect(sqlite3 **database_p);
void journal_finalize(sqlite3_stmt **statement_p);
sqlite3_stmt *journal_prepare(sqlite3 *database, const char *path, const char *sql, ipc_error_t *error);
int journal_execute(sqlite3 *database, const char *path, const char *sql, ipc_error_t *error);
int journal_fail(sqlite3 *database, const char *path, ipc_error_t *error);
int journal_fail_damaged(const char *path, const char *how, ipc_error_t *error);
int journal_step(sqlite3_stmt *statement, const char *path, ipc_error_t *error); // 1: a row, 0: no more
void journal_hash(unsigned char hash[JOURNAL_HASH], const void *data, size_t size);
int journal_insert(sqlite3_stmt *insertion, const char *path, const batch_t *batch, ipc_error_t *error);
//  The blob of a row, whose hash and body are these columns, once it is checked.
int journal_body(sqlite3_stmt *row, int hash, int body, const char *path, batch_reader_t *reader, ipc_error_t *error);
int journal_tidy(journal_t *self, ipc_error_t *error); // removes what is too old, or too much; within a transaction
int journal_open(journal_t *self, ipc_error_t *error); // and checks all of it
int journal_end_runs(journal_t *self, bool all, ipc_error_t *error); // those before this one; this one too

//  controller/journal_losses.c: what a run that has no end leaves open.
typedef struct losses losses_t;
losses_t *losses_new(void);
void losses_destroy(losses_t **self_p);
void losses_see(losses_t *self, const history_entry_t *entry, ipc_bytes_t function);
void losses_resume(losses_t *self, uint64_t job);      // this job goes on
//  Batches of entries that tell of the positions without an end, a list; given, NULL when there are none. Their names
//  are the losses'.
//      now        nanoseconds since 1970
batch_t *losses_take(losses_t *self, int64_t now);

//  controller/journal_kept.c
int keepings_open(journal_t *self, ipc_error_t *error);
int keepings_write(journal_t *self, const keeping_t *keepings, ipc_error_t *error); // within a transaction
void keepings_free(keeping_t *keepings);

//  controller/journal_reader.c
void *journal_reader(void *journal);

#endif
