//  history_t: what became of the last tasks, without their bodies: positions that share their fate are one entry,
//  so that a map of a million items costs as many entries as messages. In memory; with a journal (journal.h) all of
//  them are on disk, too.
#ifndef IPC_CONTROLLER_HISTORY_H
#define IPC_CONTROLLER_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HISTORY_MAX = 10000, HISTORY_LABEL = 64, HISTORY_ERROR = 32 };

typedef struct history history_t;

//  Times are nanoseconds since 1970, 0: it never came to that.
typedef struct history_entry {
    uint64_t client, job;              // who submitted it; the task's id
    uint64_t first, count;             // positions of it
    int64_t submitted, accepted, sent, started, finished, received;
    uint64_t peak_memory;              // bytes; 0: not measured
    uint32_t function;                 // its number
    uint32_t engine;                   // that ran it, UINT32_MAX: none
    uint32_t attempts;
    uint32_t state;                    // IPC_ROW_DONE, …
    char label[HISTORY_LABEL];
    char error[HISTORY_ERROR];         // its kind; "": none
} history_entry_t;

_Static_assert(HISTORY_MAX * sizeof(history_entry_t) <= 2 << 20, "DESIGN.md 4: at most 2 MB");

history_t *history_new(void);
void history_destroy(history_t **self_p);

//  Keeps a copy; the oldest entry goes when there are HISTORY_MAX.
void history_add(history_t *self, const history_entry_t *entry);

size_t history_count(const history_t *self);

//  Visits entries, the newest first, until the visitor gives false.
typedef bool history_visit_fn(void *context, const history_entry_t *entry);
void history_each(const history_t *self, history_visit_fn *visit, void *context);

//  Whether it tells of this task: of all its positions, or of calls that were one after another.
bool history_entry_is_of(const history_entry_t *entry, uint64_t job);

//  Where the first of some ids, in rising order, is that is one of those from job on, before end; count: none is.
size_t history_find_id(const uint64_t *ids, size_t count, uint64_t job, uint64_t end);

//  Whether the entry is one of the tasks of these ids, in rising order; notes in found which of them are, unless they
//  are of positions that are not over.
bool history_note_ids(const history_entry_t *entry, const uint64_t *ids, size_t count, bool *found);

//  Forgets the entries of tasks, ids in rising order, and notes in found which of them there were. No ids: of all.
//  Gives how many entries.
size_t history_purge(history_t *self, const uint64_t *ids, size_t count, bool *found);

#endif
