//  The journal of a build without SQLite.
#include <stddef.h>

#include "common/fail.h"
#include "controller/journal.h"

journal_t *journal_new(const char *path, const ipc_journal_terms_t *terms, ipc_error_t *error)
{
    (void) path;
    (void) terms;
    ipc_fail(error, IPC_E_SYSTEM, "--journal is missing: ipcd was built without SQLite (libsqlite3-dev)");
    return NULL;
}

//  There is no journal, so nobody calls the others with one.

void journal_destroy(journal_t **self_p)
{
    *self_p = NULL;
}

void journal_add(journal_t *self, const history_entry_t *entry, const char *function)
{
    (void) self;
    (void) entry;
    (void) function;
}

void journal_resume(journal_t *self, uint64_t job)
{
    (void) self;
    (void) job;
}

void journal_settle(journal_t *self)
{
    (void) self;
}

const char *journal_failure(journal_t *self)
{
    (void) self;
    return NULL;
}

char *journal_describe(journal_t *self)
{
    (void) self;
    return NULL;
}

void journal_read(journal_t *self, journal_work_t *work)
{
    (void) self;
    (void) work;
}

void journal_purge(journal_t *self, journal_work_t *work)
{
    (void) self;
    (void) work;
}

int journal_fd(const journal_t *self)
{
    (void) self;
    return -1;
}

void journal_serve(journal_t *self)
{
    (void) self;
}

uint64_t journal_keep(journal_t *self, uint64_t job, const ipc_writer_t *frame)
{
    (void) self;
    (void) job;
    (void) frame;
    return 0;
}

void journal_keep_no_more(journal_t *self, uint64_t job)
{
    (void) self;
    (void) job;
}

uint64_t journal_kept_until(journal_t *self)
{
    (void) self;
    return 0;
}

int journal_kept(journal_t *self, journal_kept_fn *visit, void *context, ipc_error_t *error)
{
    (void) self;
    (void) visit;
    (void) context;
    (void) error;
    return 0;
}

uint64_t journal_kept_newest(journal_t *self)
{
    (void) self;
    return 0;
}
