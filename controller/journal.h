//  journal_t: the history on disk, for as long as its terms say: what became of every task of a cluster, also before
//  it was started again (common/journal.h: where it is). SQLite in WAL mode; a build without SQLite has journal_none.c,
//  which refuses.
//
//  How it works. The main loop packs each entry into the batch that is open (batch.h): when a job is accepted, and for
//  each message that ends positions of it; never for each item. A thread, the writer, takes what has gathered and
//  commits it, a batch a row: at once when nothing was written for 5 ms, else 5 ms after the last time, so that load
//  makes batches larger, not commits more. The loop never waits for it. What is acknowledged waits: a purge is answered
//  when it is committed, and a question when all that was said before it can be read. Another thread, the reader,
//  answers questions by reading the batches, and purges; it shares the file with the writer, and nothing else.
//
//  A controller that is killed leaves a run that has no end. The next one finds by it the positions that had been
//  accepted and were not over. Those that no client comes back for (recovery.h) it writes down as lost: no task
//  vanishes from the history.
//
//  Detached work is in it as well, as frames of messages, until room is needed for later one (outlast.h).
//
//  What cannot be written is kept in memory and tried again each second, and until that works journal_failure() is a
//  sentence: the controller takes no work then, and says why.
#ifndef IPC_CONTROLLER_JOURNAL_H
#define IPC_CONTROLLER_JOURNAL_H

#include "common/journal.h"
#include "common/message.h"
#include "controller/history.h"

enum { JOURNAL_COMMIT_MS = 5 };

typedef struct journal journal_t;

//  Opens it, or makes it; reads all that there is and checks it; begins a run. Or gives NULL with *error: PERMISSION
//  (it is not ours alone), BUSY (another cluster has it), SYSTEM (it cannot be read or written, it is damaged, or this
//  is a build without SQLite).
//      path, terms   borrowed
journal_t *journal_new(const char *path, const ipc_journal_terms_t *terms, ipc_error_t *error);

//  Writes what is left, ends the run, and frees it. What was asked for and is not answered is dropped.
void journal_destroy(journal_t **self_p);

//  An entry of the history: of positions that are over, or in the state IPC_ROW_WAITING of a job that was accepted.
//      entry      copied
//      function   its name; borrowed for the journal's life
void journal_add(journal_t *self, const history_entry_t *entry, const char *function);

//  A job of before goes on: what is missing of it is not lost.
void journal_resume(journal_t *self, uint64_t job);

//  No more jobs will: what is left open of before is lost.
void journal_settle(journal_t *self);

//  A frame of messages is kept for a job until that is told to be kept no more; copied. Gives a number: it is on disk
//  when journal_kept_until() gives that or more.
uint64_t journal_keep(journal_t *self, uint64_t job, const ipc_writer_t *frame);
void journal_keep_no_more(journal_t *self, uint64_t job);
uint64_t journal_kept_until(journal_t *self);
uint64_t journal_kept_newest(journal_t *self);

//  Visits what is kept and on disk, as it was added. 0, or -1 with *error: SYSTEM.
typedef void journal_kept_fn(void *context, uint64_t job, ipc_bytes_t frame);
int journal_kept(journal_t *self, journal_kept_fn *visit, void *context, ipc_error_t *error);

//  NULL: it can be written. Else why not, a sentence; lent until the next call.
const char *journal_failure(journal_t *self);

//  Where it is and how large, a sentence; given.
char *journal_describe(journal_t *self);

//  What is asked of it. The caller makes one, at the head of what it needs, and frees it in done().
typedef struct journal_work journal_work_t;
struct journal_work {
    //  In the reader's thread: an entry of positions that are over, the oldest first. False: enough.
    bool (*visit)(journal_work_t *self, const history_entry_t *entry, ipc_bytes_t function);
    //  There too, when all have been visited; or NULL.
    void (*complete)(journal_work_t *self);
    //  In journal_serve(), or with *error of code ABORTED in journal_destroy().
    void (*done)(journal_work_t *self, const ipc_error_t *error);
    uint64_t *ids;                     // of a purge: tasks, in rising order; taken, freed after done()
    bool *found;                       // of a purge: for each whether it is known, true is added; likewise
    size_t id_count;                   // of a purge; 0: all that is over
    size_t count;                      // of a purge, written: entries that are gone
    bool purges;                       // the journal's own, from here on
    uint64_t until;                    // the batch that it must have seen
    ipc_error_t error;                 // why it could not be done
    struct journal_work *next;
};

//  Visits all entries that have been added by now.
void journal_read(journal_t *self, journal_work_t *work);

//  Forgets entries of tasks that are over. visit() is not called.
void journal_purge(journal_t *self, journal_work_t *work);

//  A descriptor that can be read when something is done, and what is to be called then: calls done() of each.
int journal_fd(const journal_t *self);
void journal_serve(journal_t *self);

#endif
