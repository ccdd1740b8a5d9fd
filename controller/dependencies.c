#include "controller/dependencies.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

enum { NOTES_MAX = 4096, NOTES_REMEMBERED = 1 << 20, BUCKETS = 1024 };
enum { AFTER, FOLLOW, ARGUMENTS, CONDITIONS };

//  Of one RESULT message.
typedef struct note {
    uint64_t job, first, count;
    uint32_t engine;
    bool failed;
} note_t;

//  Positions that a job waits for.
typedef struct awaited {
    uint64_t job, first, count;
    struct dependent *dependent;
    uint32_t condition;
    uint64_t number;                   // of arguments: the first one's
    struct awaited *next, **link;      // of the bucket
} awaited_t;

typedef struct condition {
    uint32_t mode;
    uint64_t waiting, met, unmet;      // positions
    uint64_t failed;                   // the id of one that ended otherwise than asked for
} condition_t;

struct dependent {
    void *job;
    uint64_t id;                       // of the job
    verdict_t verdict;
    char reason[160];
    condition_t conditions[CONDITIONS];
    bool follows;
    uint32_t *engines;                 // that ran what it is to follow, each once
    uint32_t engine_count;
    awaited_t *awaited;
    size_t awaited_count;
    bool is_concerned;                 // by the message that is being noted
    struct dependent *concerned;       // the next such one
    struct dependent *next, *previous; // of its list
};

typedef struct dependents {
    dependent_t *first, *last;
} dependents_t;

struct dependencies {
    const dependencies_actions_t *actions;
    void *context;
    note_t *notes;                     // a ring
    uint32_t room, limit;
    uint64_t noted;                    // messages, ever
    awaited_t **buckets;               // by job; NULL until something is awaited
    dependents_t waiting, decided;
    size_t waiting_count;
    dependent_t *lent;                 // the last decision's
};

dependencies_t *dependencies_new(const dependencies_actions_t *actions, void *context)
{
    dependencies_t *self = ipc_xalloc(sizeof *self);
    *self = (dependencies_t){.actions = actions, .context = context, .limit = NOTES_MAX};
    return self;
}

//  --- Lists -------------------------------------------------------------------------------------------------

static void append(dependents_t *list, dependent_t *dependent)
{
    dependent->previous = list->last;
    dependent->next = NULL;
    *(list->last ? &list->last->next : &list->first) = dependent;
    list->last = dependent;
}

static void take_out(dependents_t *list, dependent_t *dependent)
{
    *(dependent->previous ? &dependent->previous->next : &list->first) = dependent->next;
    *(dependent->next ? &dependent->next->previous : &list->last) = dependent->previous;
}

static awaited_t **bucket_of(const dependencies_t *self, uint64_t job)
{
    return &self->buckets[job % BUCKETS];
}

static void await(dependencies_t *self, awaited_t *awaited)
{
    awaited_t **at = bucket_of(self, awaited->job);
    awaited->next = *at;
    awaited->link = at;
    if (awaited->next)
        awaited->next->link = &awaited->next;
    *at = awaited;
}

static void await_no_more(dependent_t *dependent)
{
    for (size_t i = 0; i < dependent->awaited_count; i++) {
        awaited_t *awaited = &dependent->awaited[i];
        *awaited->link = awaited->next;
        if (awaited->next)
            awaited->next->link = awaited->link;
    }
    dependent->awaited_count = 0;
}

static void dependent_free(dependent_t *dependent)
{
    if (!dependent)
        return;
    free(dependent->awaited);
    free(dependent->engines);
    free(dependent);
}

static void drop_all(dependents_t *list)
{
    for (dependent_t *dependent; (dependent = list->first);) {
        take_out(list, dependent);
        dependent_free(dependent);
    }
}

void dependencies_destroy(dependencies_t **self_p)
{
    dependencies_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    drop_all(&self->waiting);
    drop_all(&self->decided);
    dependent_free(self->lent);
    free(self->buckets);
    free(self->notes);
    free(self);
}

//  --- What is decided -----------------------------------------------------------------------------------------

//  What a job has to do with those of a condition.
static const char *const deeds[CONDITIONS] = {
    [AFTER] = "which it was to come after", [FOLLOW] = "which it was to follow",
    [ARGUMENTS] = "whose value it was to be given"};

//  Whether a condition holds, or never can.
static verdict_t judge_one(dependent_t *dependent, uint32_t i)
{
    const condition_t *condition = &dependent->conditions[i];
    bool any = condition->mode & IPC_DEPEND_ANY, failure_only = !(condition->mode & IPC_DEPEND_SUCCESS);
    if (any && condition->met > 0)
        return VERDICT_READY;
    if (any ? condition->waiting == 0 && condition->unmet > 0 : condition->unmet > 0) {
        if (any)
            snprintf(dependent->reason, sizeof dependent->reason, "none of the tasks %s %s", deeds[i],
                     failure_only ? "failed" : "succeeded");
        else if (condition->failed)
            snprintf(dependent->reason, sizeof dependent->reason, "task %" PRIu64 ", %s, %s", condition->failed,
                     deeds[i], failure_only ? "succeeded" : "failed");
        else
            snprintf(dependent->reason, sizeof dependent->reason, "a task %s %s", deeds[i],
                     failure_only ? "succeeded" : "failed");
        return VERDICT_IMPOSSIBLE;
    }
    return condition->waiting == 0 ? VERDICT_READY : VERDICT_WAITS;
}

//  One engine cannot be two.
static bool is_torn(dependent_t *dependent)
{
    if (dependent->conditions[FOLLOW].mode & IPC_DEPEND_ANY || dependent->engine_count < 2)
        return false;
    snprintf(dependent->reason, sizeof dependent->reason, "the tasks that it was to follow ran on engines %u and %u",
             dependent->engines[0], dependent->engines[1]);
    return true;
}

static verdict_t judge(dependent_t *dependent)
{
    verdict_t verdict = VERDICT_READY;
    for (uint32_t i = 0; i < CONDITIONS; i++) {
        verdict_t one = judge_one(dependent, i);
        if (one == VERDICT_IMPOSSIBLE)
            return one;
        verdict = one == VERDICT_WAITS ? one : verdict;
    }
    return is_torn(dependent) ? VERDICT_IMPOSSIBLE : verdict;
}

static void decide(dependencies_t *self, dependent_t *dependent)
{
    if (dependent->verdict == VERDICT_WAITS)
        dependent->verdict = judge(dependent);
    if (dependent->verdict == VERDICT_WAITS)
        return;
    await_no_more(dependent);
    take_out(&self->waiting, dependent);
    self->waiting_count--;
    append(&self->decided, dependent);
}

static void add_engine(dependent_t *dependent, uint32_t engine)
{
    for (uint32_t i = 0; i < dependent->engine_count; i++)
        if (dependent->engines[i] == engine)
            return;
    dependent->engines =
        ipc_xrealloc(dependent->engines, (dependent->engine_count + 1) * sizeof dependent->engines[0]);
    dependent->engines[dependent->engine_count++] = engine;
}

//  Positions ended. What no engine ran cannot be followed.
static void count_in(dependent_t *dependent, uint32_t i, uint64_t id, uint64_t count, bool failed, uint32_t engine)
{
    condition_t *condition = &dependent->conditions[i];
    bool met = condition->mode & (failed ? IPC_DEPEND_FAILURE : IPC_DEPEND_SUCCESS);
    if (i == FOLLOW && engine == UINT32_MAX)
        met = false;
    *(met ? &condition->met : &condition->unmet) += count;
    if (!met && !condition->failed)
        condition->failed = id;
    if (met && i == FOLLOW)
        add_engine(dependent, engine);
}

//  --- What happens --------------------------------------------------------------------------------------------

//  The part of a message that is awaited counts. True when there was such a part. Values are taken from the message, or
//  wanted when it has gone.
//      result   NULL: it went before
static bool count_note(const dependencies_t *self, awaited_t *awaited, const note_t *note, const ipc_msg_t *result)
{
    uint64_t first = note->first > awaited->first ? note->first : awaited->first;
    uint64_t end = note->first + note->count, awaited_end = awaited->first + awaited->count;
    dependent_t *dependent = awaited->dependent;
    end = end < awaited_end ? end : awaited_end;
    if (note->job != awaited->job || first >= end)
        return false;
    uint64_t number = awaited->number + first - awaited->first;
    bool given = awaited->condition == ARGUMENTS && !note->failed;
    if (given && !result) {
        self->actions->want(self->context, dependent->job, dependent->id, number, end - first);
        return false; // it waits for its client now
    }
    if (given)
        self->actions->take(self->context, dependent->job, number, result, first - note->first, end - first);
    dependent->conditions[awaited->condition].waiting -= end - first;
    count_in(dependent, awaited->condition, note->job + first, end - first, note->failed, note->engine);
    return true;
}

static void keep(dependencies_t *self, const note_t *note)
{
    if (self->noted == self->room && self->room < self->limit) {
        self->room = self->room ? 2 * self->room : 16;
        self->notes = ipc_xrealloc(self->notes, self->room * sizeof self->notes[0]);
    }
    self->notes[self->noted++ % self->room] = *note;
}

//  Counts a message in, for all that await what is in it; gives those that it concerns, linked by concerned.
static dependent_t *count_for_all(dependencies_t *self, const note_t *note, const ipc_msg_t *result)
{
    dependent_t *concerned = NULL;
    for (awaited_t *awaited = *bucket_of(self, note->job); awaited; awaited = awaited->next) {
        dependent_t *dependent = awaited->dependent;
        if (!count_note(self, awaited, note, result) || dependent->is_concerned)
            continue;
        dependent->is_concerned = true;
        dependent->concerned = concerned;
        concerned = dependent;
    }
    return concerned;
}

void dependencies_note(dependencies_t *self, const ipc_msg_t *result)
{
    note_t note = {result->result.job, result->result.first, result->result.count, result->result.engine,
                   result->result.failed};
    keep(self, &note);
    if (self->waiting_count == 0)
        return;
    for (dependent_t *dependent = count_for_all(self, &note, result), *next; dependent; dependent = next) {
        next = dependent->concerned;
        dependent->is_concerned = false;
        decide(self, dependent);
    }
}

//  --- Jobs that come ------------------------------------------------------------------------------------------

static void refuse(dependent_t *dependent, const char *reason)
{
    dependent->verdict = VERDICT_INVALID;
    ipc_text_copy(dependent->reason, sizeof dependent->reason, reason);
}

//  What the client knew to be done counts at once, what it waits for when it ends.
//      number   of arguments: the first one's
static void add_parent(dependent_t *dependent, uint32_t i, uint64_t id, const ipc_parent_t *parent, uint64_t number)
{
    bool awaited = parent->state == IPC_PARENT_AWAITED;
    if (parent->state > IPC_PARENT_FAILED || parent->count > (uint64_t) 1 << 48 ||
        (awaited && (parent->job >= id || parent->first > id || parent->count > id - parent->job - parent->first))) {
        refuse(dependent, "it depends on a task that there is not");
        return;
    }
    if (i == ARGUMENTS && parent->state == IPC_PARENT_DONE) {
        dependent->conditions[i].waiting += parent->count; // for its client to send them
        return;
    }
    if (!awaited) {
        count_in(dependent, i, 0, parent->count, parent->state == IPC_PARENT_FAILED, parent->engine);
        return;
    }
    dependent->conditions[i].waiting += parent->count;
    dependent->awaited[dependent->awaited_count++] =
        (awaited_t){.job = parent->job, .first = parent->first, .count = parent->count, .dependent = dependent,
                    .condition = i, .number = number};
}

static void add_condition(dependent_t *dependent, uint32_t i, uint64_t id, const condition_terms_t *terms)
{
    size_t count = terms->parents.size / sizeof(ipc_parent_t);
    uint64_t number = 0;
    dependent->conditions[i].mode = terms->mode;
    for (size_t k = 0; k < count && dependent->verdict == VERDICT_WAITS; k++) {
        ipc_parent_t parent;
        memcpy(&parent, terms->parents.data + k * sizeof parent, sizeof parent);
        if (parent.count > 0)
            add_parent(dependent, i, id, &parent, number);
        number += parent.count;
    }
}

//  Counts in what has ended since the client looked.
static void catch_up(const dependencies_t *self, dependent_t *dependent, uint64_t seen)
{
    if (seen > self->noted || self->noted - seen > self->room) {
        refuse(dependent, "it is not known any more what became of the tasks that it depends on");
        return;
    }
    for (size_t i = 0; i < dependent->awaited_count; i++)
        for (uint64_t k = seen; k < self->noted; k++)
            count_note(self, &dependent->awaited[i], &self->notes[k % self->room], NULL);
}

dependent_t *dependencies_add(dependencies_t *self, void *job, uint64_t id, uint64_t seen,
                              const condition_terms_t *after, const condition_terms_t *follow, ipc_bytes_t arguments)
{
    dependent_t *dependent = ipc_xalloc(sizeof *dependent);
    size_t parents = (after->parents.size + follow->parents.size + arguments.size) / sizeof(ipc_parent_t);
    dependent->job = job;
    dependent->id = id;
    dependent->follows = follow->parents.size > 0;
    dependent->awaited = ipc_xalloc((parents + 1) * sizeof dependent->awaited[0]);
    if (!self->buckets)
        self->buckets = ipc_xalloc(BUCKETS * sizeof(awaited_t *));
    add_condition(dependent, AFTER, id, after);
    add_condition(dependent, FOLLOW, id, follow);
    add_condition(dependent, ARGUMENTS, id, &(condition_terms_t){arguments, IPC_DEPEND_SUCCESS});
    if (dependent->awaited_count > 0)
        catch_up(self, dependent, seen);
    for (size_t i = 0; i < dependent->awaited_count; i++) await(self, &dependent->awaited[i]);
    append(&self->waiting, dependent);
    self->waiting_count++;
    decide(self, dependent);
    return dependent;
}

dependent_t *dependencies_find(dependencies_t *self, uint64_t id, void **job)
{
    dependent_t *dependent = self->waiting.last; // values come soon after the job that is given them
    while (dependent && dependent->id != id) dependent = dependent->previous;
    if (dependent)
        *job = dependent->job;
    return dependent;
}

void dependencies_supplied(dependencies_t *self, dependent_t *dependent, uint64_t count)
{
    dependent->conditions[ARGUMENTS].waiting -= count;
    dependent->conditions[ARGUMENTS].met += count;
    decide(self, dependent);
}

void dependencies_remember(dependencies_t *self)
{
    if (self->noted <= self->room)
        self->limit = NOTES_REMEMBERED;
}

const uint32_t *dependencies_engines(dependencies_t *self, uint64_t id, const condition_terms_t *follow,
                                     uint32_t *count)
{
    dependent_t *dependent = ipc_xalloc(sizeof *dependent);
    dependent->awaited = ipc_xalloc((follow->parents.size / sizeof(ipc_parent_t) + 1) * sizeof dependent->awaited[0]);
    add_condition(dependent, FOLLOW, id, follow);
    if (dependent->awaited_count > 0)
        catch_up(self, dependent, 0);
    dependent_free(self->lent);
    self->lent = dependent;
    *count = dependent->engine_count;
    return *count > 0 ? dependent->engines : NULL;
}

bool dependencies_next(dependencies_t *self, decision_t *decision)
{
    dependent_t *dependent = self->decided.first;
    dependent_free(self->lent);
    self->lent = dependent;
    if (!dependent)
        return false;
    take_out(&self->decided, dependent);
    *decision = (decision_t){.job = dependent->job, .verdict = dependent->verdict,
                             .engines = dependent->follows ? dependent->engines : NULL,
                             .engine_count = dependent->engine_count};
    ipc_text_copy(decision->reason, sizeof decision->reason, dependent->reason);
    return true;
}

void dependencies_forget(dependencies_t *self, dependent_t *dependent)
{
    if (dependent->verdict == VERDICT_WAITS) {
        await_no_more(dependent);
        take_out(&self->waiting, dependent);
        self->waiting_count--;
    } else {
        take_out(&self->decided, dependent);
    }
    dependent_free(dependent);
}

void dependent_explain(const dependent_t *dependent, char *text, size_t size)
{
    uint64_t waiting = 0, example = 0;
    for (size_t i = 0; i < dependent->awaited_count && !example; i++)
        example = dependent->awaited[i].job + dependent->awaited[i].first;
    for (uint32_t i = 0; i < CONDITIONS; i++) waiting += dependent->conditions[i].waiting;
    snprintf(text, size, "it waits for %" PRIu64 " other%s, such as task %" PRIu64, waiting, waiting == 1 ? "" : "s",
             example);
}

bool dependencies_has_next(const dependencies_t *self)
{
    return self->decided.first != NULL;
}
