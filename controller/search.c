#include "controller/search.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/fail.h"

struct search {
    const ipc_msg_t *query;
    uint64_t *jobs;                    // the ids asked for, in order; none: any
    size_t job_count;
    char *label, *function;            // patterns, "": any
    char *not_label, *not_function;    // likewise, "": none
    ipc_task_row_t *rows;
    size_t count, room;
    ipc_arena_t *texts;                // of the rows
    ipc_bytes_t *functions;            // names in texts, the last ones
    size_t function_count;
};

//  Of a function "add (prog.c:12)" a pattern may match the name alone.
static bool function_matches(const char *pattern, ipc_bytes_t function)
{
    char name[256];
    size_t size = function.size < sizeof name ? function.size : sizeof name - 1;
    memcpy(name, function.data, size);
    name[size] = 0;
    if (fnmatch(pattern, name, 0) == 0)
        return true;
    name[strcspn(name, " ")] = 0;
    return fnmatch(pattern, name, 0) == 0;
}

static bool label_matches(const char *pattern, ipc_bytes_t label)
{
    char text[HISTORY_LABEL];
    memcpy(text, label.data, label.size);
    text[label.size] = 0;
    return fnmatch(pattern, text, 0) == 0;
}

static bool state_matches(const ipc_msg_t *query, const ipc_task_row_t *row)
{
    return query->query.states == 0 || (query->query.states >> row->state & 1) != 0;
}

static bool engine_matches(const ipc_msg_t *query, const ipc_task_row_t *row)
{
    ipc_bytes_t engines = query->query.engines;
    bool found = engines.size == 0;
    for (size_t at = 0; !found && at < engines.size; at += sizeof(uint32_t))
        found = memcmp(engines.data + at, &row->engine, sizeof(uint32_t)) == 0;
    return found;
}

static int by_number(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *) one, b = *(const uint64_t *) other;
    return a < b ? -1 : a > b;
}

//  In order: many ids may be asked for, and each row is held against them.
static void take_jobs(search_t *self)
{
    ipc_bytes_t jobs = self->query->query.jobs;
    self->jobs = ipc_xalloc(jobs.size + sizeof self->jobs[0]);
    self->job_count = jobs.size / sizeof self->jobs[0];
    if (jobs.size > 0)
        memcpy(self->jobs, jobs.data, jobs.size);
    if (self->query->query.job)
        self->jobs[self->job_count++] = self->query->query.job;
    qsort(self->jobs, self->job_count, sizeof self->jobs[0], by_number);
}

static bool job_matches(const search_t *self, const ipc_task_row_t *row)
{
    uint64_t end = row->job + row->first + row->count;
    return self->job_count == 0 ||
           history_find_id(self->jobs, self->job_count, row->job, end) < self->job_count;
}

//  A row is of the time from its acceptance to its end, or to now; and of the moment of its submission.
static bool time_matches(const ipc_msg_t *query, const ipc_task_row_t *row)
{
    return (query->query.since == 0 || row->received == 0 || row->received >= query->query.since) &&
           (query->query.until == 0 || row->accepted <= query->query.until) &&
           (query->query.submitted_from == 0 || row->submitted >= query->query.submitted_from) &&
           (query->query.submitted_before == 0 || row->submitted < query->query.submitted_before);
}

static bool row_matches(const search_t *self, const ipc_task_row_t *row)
{
    const ipc_msg_t *query = self->query;
    return state_matches(query, row) && engine_matches(query, row) && job_matches(self, row) &&
           time_matches(query, row) && (query->query.client == 0 || query->query.client == row->client) &&
           (!self->label[0] || label_matches(self->label, row->label)) &&
           (!self->function[0] || function_matches(self->function, row->function)) &&
           (!self->not_label[0] || !label_matches(self->not_label, row->label)) &&
           (!self->not_function[0] || !function_matches(self->not_function, row->function));
}

static int in_order(const void *one, const void *other)
{
    const ipc_task_row_t *a = one, *b = other;
    if (a->submitted != b->submitted)
        return a->submitted < b->submitted ? -1 : 1;
    if (a->accepted != b->accepted)
        return a->accepted < b->accepted ? -1 : 1;
    if (a->job != b->job)
        return a->job < b->job ? -1 : 1;
    return a->first < b->first ? -1 : a->first > b->first;
}

//  Forgets all but the newest that are asked for.
static void keep_newest(search_t *self)
{
    uint64_t limit = self->query->query.limit;
    if (self->count > 0)
        qsort(self->rows, self->count, sizeof self->rows[0], in_order);
    if (limit == 0 || self->count <= limit)
        return;
    memmove(self->rows, self->rows + self->count - limit, limit * sizeof self->rows[0]);
    self->count = (size_t) limit;
}

static ipc_bytes_t keep_text(search_t *self, ipc_bytes_t text)
{
    if (text.size == 0)
        return (ipc_bytes_t){"", 0};
    return (ipc_bytes_t){memcpy(ipc_arena_take(self->texts, text.size), text.data, text.size), text.size};
}

//  Most rows are of few functions: each name is kept once, unless there are many.
static ipc_bytes_t keep_function(search_t *self, ipc_bytes_t name)
{
    enum { NAMES = 64 };
    for (size_t i = 0; i < self->function_count && i < NAMES; i++)
        if (self->functions[i].size == name.size && memcmp(self->functions[i].data, name.data, name.size) == 0)
            return self->functions[i];
    if (!self->functions)
        self->functions = ipc_xalloc(NAMES * sizeof self->functions[0]);
    return self->functions[self->function_count++ % NAMES] = keep_text(self, name);
}

void search_add(search_t *self, const ipc_task_row_t *row)
{
    enum { LEAST = 1024, LIMIT_MAX = 1 << 20 };
    uint64_t limit = self->query->query.limit;
    if (!row_matches(self, row))
        return;
    if (limit > 0 && limit < LIMIT_MAX && self->count >= 2 * limit + LEAST)
        keep_newest(self);
    if (self->count == self->room) {
        self->room = self->room ? 2 * self->room : 64;
        self->rows = ipc_xrealloc(self->rows, self->room * sizeof self->rows[0]);
    }
    ipc_task_row_t *kept = &self->rows[self->count++];
    *kept = *row;
    kept->function = keep_function(self, row->function);
    kept->label = keep_text(self, row->label);
    kept->error = keep_text(self, row->error);
}

void search_add_entry(search_t *self, const history_entry_t *entry, ipc_bytes_t function)
{
    ipc_task_row_t row = {.client = entry->client,
                          .job = entry->job,
                          .first = entry->first,
                          .count = entry->count,
                          .state = entry->state,
                          .attempts = entry->attempts,
                          .engine = entry->engine,
                          .submitted = entry->submitted,
                          .accepted = entry->accepted,
                          .sent = entry->sent,
                          .started = entry->started,
                          .finished = entry->finished,
                          .received = entry->received,
                          .peak_memory = entry->peak_memory,
                          .function = function,
                          .label = ipc_bytes_of(entry->label),
                          .error = ipc_bytes_of(entry->error)};
    search_add(self, &row);
}

search_t *search_new(const ipc_msg_t *query)
{
    search_t *self = ipc_xalloc(sizeof *self);
    *self = (search_t){.query = query,
                       .label = ipc_bytes_text(query->query.label),
                       .function = ipc_bytes_text(query->query.function),
                       .not_label = ipc_bytes_text(query->query.not_label),
                       .not_function = ipc_bytes_text(query->query.not_function),
                       .texts = ipc_arena_new()};
    take_jobs(self);
    return self;
}

void search_destroy(search_t **self_p)
{
    search_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    ipc_arena_destroy(&self->texts);
    free(self->functions);
    free(self->jobs);
    free(self->label);
    free(self->function);
    free(self->not_label);
    free(self->not_function);
    free(self->rows);
    free(self);
}

size_t search_count(const search_t *self)
{
    return self->count;
}

size_t search_pack(search_t *self, ipc_writer_t *body)
{
    keep_newest(self);
    for (size_t i = 0; i < self->count; i++) ipc_task_row_pack(&self->rows[i], body);
    return self->count;
}
