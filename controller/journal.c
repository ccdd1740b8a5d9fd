//  The journal's side of the main loop, and its writer.
#include "controller/journal_body.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/fail.h"

//  --- The writer -----------------------------------------------------------------------------------------------

static struct timespec in_ms(int ms)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    int64_t ns = (int64_t) time.tv_sec * 1000000000 + time.tv_nsec + (int64_t) ms * 1000000;
    return (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
}

//  With the lock: nothing more is added to the batch that is open.
static void close_batch(journal_t *self)
{
    if (!self->open)
        return;
    *self->closed_end = self->open;
    self->closed_end = &self->open->next;
    self->open = NULL;
}

//  With the lock: what was to be kept is, or waits for another time.
static void note_keepings(journal_t *self, keeping_t *keepings, bool failed)
{
    uint64_t count = 0;
    keeping_t *last = NULL;
    for (keeping_t *keeping = keepings; keeping; keeping = keeping->next, count++) last = keeping;
    if (!failed) {
        self->keep_committed += count;
        keepings_free(keepings);
    } else if (last) {
        last->next = self->keep;
        self->keep_end = self->keep ? self->keep_end : &last->next;
        self->keep = keepings;
    }
}

static int write_batches(journal_t *self, const batch_t *batches, const keeping_t *keepings, bool settles,
                         ipc_error_t *error)
{
    int rc = journal_execute(self->database, self->path, "BEGIN IMMEDIATE", error);
    for (const batch_t *batch = batches; !rc && batch; batch = batch->next)
        rc = journal_insert(self->insertion, self->path, batch, error);
    rc = rc || keepings_write(self, keepings, error) ? -1 : 0;
    if (!rc && settles)
        rc = journal_end_runs(self, false, error);
    rc = rc || journal_tidy(self, error) || journal_execute(self->database, self->path, "COMMIT", error) ? -1 : 0;
    if (rc)
        sqlite3_exec(self->database, "ROLLBACK", NULL, NULL, NULL); // nothing to be rolled back is fine
    return rc;
}

//  With the lock: they are on disk.
static void note_written(journal_t *self, batch_t *batches)
{
    for (batch_t *next; batches; batches = next) {
        next = batches->next;
        self->committed = batches->number;
        self->waiting -= batches->body.size;
        batch_destroy(&batches);
    }
    if (self->failed)
        fprintf(stderr, "info: the journal is written again%s\n",
                self->lost ? ", what came meanwhile is not all there" : "");
    self->failed = false;
}

//  With the lock: they wait for another time, before what has come since.
static void note_failed(journal_t *self, batch_t *batches, const ipc_error_t *error)
{
    batch_t *last = batches;
    while (last && last->next) last = last->next;
    if (last)
        last->next = self->closed;
    if (last && !self->closed)
        self->closed_end = &last->next;
    self->closed = last ? batches : self->closed;
    if (!self->failed)
        fprintf(stderr, "error: %s\n", error->text);
    ipc_text_copy(self->failure, sizeof self->failure, error->text);
    self->failed = true;
}

//  Writes what has gathered. With the lock, which it lets go meanwhile.
static void write_waiting(journal_t *self)
{
    ipc_error_t error = {0};
    close_batch(self);
    batch_t *batches = self->closed;
    keeping_t *keepings = self->keep;
    self->closed = NULL;
    self->closed_end = &self->closed;
    self->keep = NULL;
    self->keep_end = &self->keep;
    bool settles = self->settles;
    self->hurry = self->settles = false;
    if (!batches && !keepings && !settles)
        return;
    pthread_mutex_unlock(&self->lock);
    int rc = write_batches(self, batches, keepings, settles, &error);
    pthread_mutex_lock(&self->lock);
    note_keepings(self, keepings, rc != 0);
    self->settles = self->settles || (rc && settles);
    if (rc)
        note_failed(self, batches, &error);
    else
        note_written(self, batches);
    pthread_cond_broadcast(&self->changed);
}

static bool has_waiting(const journal_t *self)
{
    return self->open || self->closed || self->keep || self->settles;
}

static void *journal_writer(void *argument)
{
    journal_t *self = argument;
    pthread_mutex_lock(&self->lock);
    while (!self->stopping) {
        while (!has_waiting(self) && !self->stopping) pthread_cond_wait(&self->wanted, &self->lock);
        struct timespec until = in_ms(self->failed ? JOURNAL_RETRY_MS : JOURNAL_COMMIT_MS);
        write_waiting(self);
        if (self->failed)
            until = in_ms(JOURNAL_RETRY_MS);
        int rc = 0;
        while (rc != ETIMEDOUT && !self->stopping && (self->failed || !self->hurry))
            rc = pthread_cond_timedwait(&self->wanted, &self->lock, &until);
    }
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

//  --- Adding ---------------------------------------------------------------------------------------------------

void journal_add(journal_t *self, const history_entry_t *entry, const char *function)
{
    pthread_mutex_lock(&self->lock);
    if (self->failed && self->waiting >= JOURNAL_WAITING) {
        self->lost++;
        pthread_mutex_unlock(&self->lock);
        return;
    }
    bool first = !has_waiting(self);
    if (!self->open) {
        self->open = batch_new();
        self->open->number = ++self->number;
    }
    size_t before = self->open->body.size;
    batch_add(self->open, entry, ipc_bytes_of(function));
    self->waiting += self->open->body.size - before;
    if (self->open->body.size > JOURNAL_BATCH)
        close_batch(self);
    if (first)
        pthread_cond_signal(&self->wanted);
    pthread_mutex_unlock(&self->lock);
}

void journal_resume(journal_t *self, uint64_t job)
{
    if (self->losses)
        losses_resume(self->losses, job);
}

void journal_settle(journal_t *self)
{
    if (!self->losses)
        return;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    batch_t *lost = losses_take(self->losses, (int64_t) now.tv_sec * 1000000000 + now.tv_nsec);
    self->settled = self->losses;
    self->losses = NULL;
    pthread_mutex_lock(&self->lock);
    close_batch(self);
    for (batch_t *next; lost; lost = next) {
        next = lost->next;
        lost->next = NULL;
        lost->number = ++self->number;
        self->waiting += lost->body.size;
        *self->closed_end = lost;
        self->closed_end = &lost->next;
    }
    self->settles = true;
    pthread_cond_signal(&self->wanted);
    pthread_mutex_unlock(&self->lock);
}

const char *journal_failure(journal_t *self)
{
    if (!self->failed)
        return NULL;
    pthread_mutex_lock(&self->lock);
    ipc_text_copy(self->lent, sizeof self->lent, self->failure);
    pthread_mutex_unlock(&self->lock);
    return self->lent;
}

char *journal_describe(journal_t *self)
{
    pthread_mutex_lock(&self->lock);
    char *text = ipc_xformat("%s, %.1f of %.1f MB%s%s", self->path, 1e-6 * (double) self->bytes,
                             1e-6 * (double) self->terms.size, self->terms.sync ? ", sync" : "",
                             self->lost ? "; entries were lost while it could not be written" : "");
    pthread_mutex_unlock(&self->lock);
    return text;
}

//  --- Asking ---------------------------------------------------------------------------------------------------

static void queue_add(journal_queue_t *self, journal_work_t *work)
{
    work->next = NULL;
    *self->end = work;
    self->end = &work->next;
}

static void ask(journal_t *self, journal_work_t *work, bool purges)
{
    pthread_mutex_lock(&self->lock);
    close_batch(self);
    work->purges = purges;
    work->until = self->number;
    queue_add(&self->asked, work);
    self->hurry = true;
    pthread_cond_signal(&self->wanted);
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

void journal_read(journal_t *self, journal_work_t *work)
{
    ask(self, work, false);
}

void journal_purge(journal_t *self, journal_work_t *work)
{
    ask(self, work, true);
}

int journal_fd(const journal_t *self)
{
    return self->event;
}

static void answer(journal_queue_t *queue, const ipc_error_t *instead)
{
    for (journal_work_t *work = queue->first, *next; work; work = next) {
        next = work->next;
        uint64_t *ids = work->ids;
        bool *found = work->found;
        work->done(work, instead ? instead : &work->error);
        free(ids);
        free(found);
    }
    *queue = (journal_queue_t){.end = &queue->first};
}

void journal_serve(journal_t *self)
{
    uint64_t count;
    (void) !read(self->event, &count, sizeof count);
    pthread_mutex_lock(&self->lock);
    journal_queue_t answered = self->answered;
    self->answered = (journal_queue_t){.end = &self->answered.first};
    pthread_mutex_unlock(&self->lock);
    answer(&answered, NULL);
}

//  --- Life -----------------------------------------------------------------------------------------------------

static int start_threads(journal_t *self, ipc_error_t *error)
{
    int rc = pthread_create(&self->writer, NULL, journal_writer, self);
    self->has_writer = rc == 0;
    rc = rc ? rc : pthread_create(&self->reader, NULL, journal_reader, self);
    self->has_reader = self->has_writer && rc == 0;
    return rc ? ipc_fail(error, IPC_E_SYSTEM, "cannot start a thread: %s", strerror(rc)) : 0;
}

journal_t *journal_new(const char *path, const ipc_journal_terms_t *terms, ipc_error_t *error)
{
    journal_t *self = ipc_xalloc(sizeof *self);
    self->terms = *terms;
    self->file = -1;
    self->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    self->closed_end = &self->closed;
    self->keep_end = &self->keep;
    self->asked.end = &self->asked.first;
    self->answered.end = &self->answered.first;
    ipc_text_copy(self->path, sizeof self->path, path);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->wanted, &attributes);
    pthread_cond_init(&self->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (journal_open(self, error) || start_threads(self, error))
        journal_destroy(&self);
    return self;
}

//  What is left is written; without that the run has no end, and the next one looks for what was lost.
static void end_run(journal_t *self)
{
    ipc_error_t error = {0};
    write_waiting(self);
    if (!self->closed && !self->failed && !self->lost && journal_end_runs(self, true, &error))
        fprintf(stderr, "error: %s\n", error.text);
}

void journal_destroy(journal_t **self_p)
{
    journal_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    if (self->has_writer)
        journal_settle(self);
    pthread_mutex_lock(&self->lock);
    self->stopping = true;
    pthread_cond_broadcast(&self->wanted);
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
    if (self->has_writer)
        pthread_join(self->writer, NULL);
    if (self->has_reader)
        pthread_join(self->reader, NULL);
    pthread_mutex_lock(&self->lock); // nobody else is left
    if (self->has_writer)
        end_run(self);
    pthread_mutex_unlock(&self->lock);
    ipc_error_t ended = {.code = IPC_E_ABORTED};
    answer(&self->answered, &ended);
    answer(&self->asked, &ended);
    for (batch_t *batch = self->closed, *next; batch; batch = next) {
        next = batch->next;
        batch_destroy(&batch);
    }
    batch_destroy(&self->open);
    losses_destroy(&self->losses);
    losses_destroy(&self->settled);
    keepings_free(self->keep);
    journal_finalize(&self->insertion);
    journal_finalize(&self->keep_insertion);
    journal_finalize(&self->keep_deletion);
    journal_disconnect(&self->database);
    if (self->file >= 0)
        close(self->file);
    close(self->event);
    pthread_mutex_destroy(&self->lock);
    pthread_cond_destroy(&self->wanted);
    pthread_cond_destroy(&self->changed);
    free(self);
}
