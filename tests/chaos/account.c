#include "account.h"

#include <stdio.h>
#include <stdlib.h>

#include "ledger.h"

enum { COMPLAINTS = 20 };

typedef struct account {
    const agent_t *agent;
    entry_t *entries;          // by task, then time
    report_t *reports;         // by task
    size_t entry_count, report_count;
    uint32_t outcomes[OUTCOMES];
    uint32_t calls;            // reports of calls that no task keeps the ledger of
    uint32_t crashed;          // tasks that did not do it themselves
    uint32_t begun_again;      // tasks that a controller's death made run again
    uint32_t complaints;
} account_t;

//  What became of one task on the engines.
typedef struct runs {
    uint32_t starts, ends;
    int64_t first_start, last_start, last_end;
} runs_t;

static void complain(account_t *self, uint32_t task, const runs_t *runs, const char *what)
{
    if (self->complaints++ < COMPLAINTS)
        fprintf(stderr, "task %x, %u starts, %u ends: %s\n", task, runs->starts, runs->ends, what);
}

static int by_task(uint32_t a, uint32_t b, int64_t at, int64_t bt)
{
    a &= TASK_NUMBER, b &= TASK_NUMBER;
    return a != b ? (a < b ? -1 : 1) : at != bt ? (at < bt ? -1 : 1) : 0;
}

static int compare_entries(const void *a, const void *b)
{
    const entry_t *one = a, *other = b;
    return by_task(one->task, other->task, one->time, other->time);
}

static int compare_reports(const void *a, const void *b)
{
    const report_t *one = a, *other = b;
    return by_task(one->task, other->task, one->time, other->time);
}

//  The first entry of a task, or where it would be.
static size_t find_entry(const account_t *self, uint32_t task)
{
    size_t low = 0, high = self->entry_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if ((self->entries[middle].task & TASK_NUMBER) < (task & TASK_NUMBER))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static runs_t runs_of(const account_t *self, uint32_t task)
{
    runs_t runs = {0};
    for (size_t i = find_entry(self, task);
         i < self->entry_count && (self->entries[i].task & TASK_NUMBER) == (task & TASK_NUMBER); i++) {
        const entry_t *entry = &self->entries[i];
        if (entry->ends) {
            runs.ends++;
            runs.last_end = entry->time;
            continue;
        }
        if (runs.starts++ == 0)
            runs.first_start = entry->time;
        runs.last_start = entry->time;
    }
    return runs;
}

static const report_t *report_of(const account_t *self, uint32_t task)
{
    size_t low = 0, high = self->report_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if ((self->reports[middle].task & TASK_NUMBER) < (task & TASK_NUMBER))
            low = middle + 1;
        else
            high = middle;
    }
    return low < self->report_count && (self->reports[low].task & TASK_NUMBER) == (task & TASK_NUMBER)
               ? &self->reports[low] : NULL;
}

//  What an engine ran that died at the same time as the controller is begun again by the next one.
static bool controller_died_between(const agent_t *agent, int64_t one, int64_t other)
{
    for (uint32_t i = 0; i < agent->deaths_count; i++)
        if (one < agent->deaths[i] + 1000000000 && agent->deaths[i] < other)
            return true;
    return false;
}

//  Whether it ran no more often than it may have.
static void check_runs(account_t *self, uint32_t task, const runs_t *runs)
{
    uint32_t most = task & TASK_RETRIES ? 1 + RETRIES : 1;
    if (runs->starts <= most)
        return;
    if (controller_died_between(self->agent, runs->first_start, runs->last_start))
        self->begun_again++;
    else
        complain(self, task, runs, "it was started too often");
}

static void check_order(account_t *self, const report_t *report, const runs_t *runs)
{
    const report_t *before = report_of(self, report->after);
    runs_t first = runs_of(self, report->after);
    if (!before)
        return; // its client was killed before it saw that; else it is missed by check_reports()
    if (report->outcome == OUTCOME_RIGHT && before->outcome != OUTCOME_RIGHT)
        complain(self, report->task, runs, "it ran though what it waited for has not succeeded");
    else if (report->outcome == OUTCOME_RIGHT && first.last_end > runs->last_start && first.starts == 1)
        complain(self, report->task, runs, "it ran before what it waited for had ended");
    else if (report->outcome == OUTCOME_IMPOSSIBLE && before->outcome == OUTCOME_RIGHT)
        complain(self, report->task, runs, "it is said to be impossible though what it waited for has succeeded");
}

static void check_outcome(account_t *self, const report_t *report, const runs_t *runs)
{
    static const char *const words[OUTCOMES] = {
        [OUTCOME_RIGHT] = "it has a value though it did not come to its end",
        [OUTCOME_RAISED] = "it raised though it did not run",
        [OUTCOME_IMPOSSIBLE] = "it ran though it is said to be impossible",
        [OUTCOME_NAME] = "it ran though a name was missing",
        [OUTCOME_DISCONNECTED] = "the controller is said to be gone, and was not killed",
    };
    const agent_t *agent = self->agent;
    bool again = runs->starts > 0 && controller_died_between(agent, runs->first_start, report->time);
    bool fine[OUTCOMES] = {
        [OUTCOME_RIGHT] = runs->ends > 0 && runs->starts >= runs->ends,
        [OUTCOME_RAISED] = runs->starts > 0 && runs->ends == 0,
        [OUTCOME_CRASHED] = true,
        [OUTCOME_LOST] = true,
        [OUTCOME_IMPOSSIBLE] = runs->starts == 0 && report->after != 0,
        [OUTCOME_ABORTED] = true,
        [OUTCOME_NAME] = runs->starts == 0 || again, // begun again, on an engine that was started again, too
        [OUTCOME_MEMORY] = true,
        [OUTCOME_DISCONNECTED] = agent->deaths_count > 0,
    };
    if (!fine[report->outcome])
        complain(self, report->task, runs, words[report->outcome] ? words[report->outcome] : "it ended wrongly");
    if (report->outcome == OUTCOME_RIGHT && runs->last_start > report->time)
        complain(self, report->task, runs, "it was started again after its result was there");
}

static void check_report(account_t *self, const report_t *report)
{
    self->outcomes[report->outcome]++;
    if (report->outcome == OUTCOME_CRASHED && !(report->task & TASK_CRASHES))
        self->crashed++;
    if (report->task == 0) {
        self->calls++;
        return;
    }
    runs_t runs = runs_of(self, report->task);
    check_outcome(self, report, &runs);
    if (report->after)
        check_order(self, report, &runs);
}

//  Each task of a client that came to its end has one report; the others at most one.
static void check_reports(account_t *self, const bool *finished)
{
    for (size_t i = 0; i < self->report_count; i++) {
        const report_t *report = &self->reports[i], *previous = i ? report - 1 : NULL;
        check_report(self, report);
        uint32_t number = report->task & TASK_NUMBER;
        if (number == 0)
            continue;
        bool first = number % CLIENT_TASKS == 0;
        if (previous && (previous->task & TASK_NUMBER) == number)
            complain(self, report->task, &(runs_t){0}, "it was reported twice");
        else if (finished[report->client] && !first && (!previous || (previous->task & TASK_NUMBER) != number - 1))
            complain(self, report->task - 1, &(runs_t){0}, "it was never reported");
    }
}

//  How often each ran, also those of clients that were killed.
static void check_ledger(account_t *self)
{
    for (size_t i = 0; i < self->entry_count; i++) {
        uint32_t task = self->entries[i].task;
        if (i > 0 && ((self->entries[i - 1].task ^ task) & TASK_NUMBER) == 0)
            continue;
        runs_t runs = runs_of(self, task);
        check_runs(self, task, &runs);
    }
}

//  A kill ends one task at most.
static void check_crashes(account_t *self)
{
    const uint32_t *done = self->agent->done;
    uint32_t kills = done[HARM_WORKER_KILL] + done[HARM_WORKER_SEGV] + done[HARM_NANNY_KILL];
    if (self->crashed > kills && self->complaints++ < COMPLAINTS)
        fprintf(stderr, "%u tasks crashed, %u workers and nannies were killed\n", self->crashed, kills);
}

static void print(const account_t *self)
{
    printf("%zu results, %u of them of pushes, pulls, scatters and gathers:", self->report_count, self->calls);
    for (int i = 0; i < OUTCOMES; i++)
        if (self->outcomes[i])
            printf(" %u %s,", self->outcomes[i], outcome_names[i]);
    printf(" %u begun again by another controller\nharm done:", self->begun_again);
    for (int i = 0; i < HARMS; i++)
        if (self->agent->done[i])
            printf(" %u %s,", self->agent->done[i], harm_names[i]);
    printf(" %zu starts and ends in the ledger\n", self->entry_count);
}

bool account_is_right(const agent_t *agent, const bool *finished)
{
    account_t self = {.agent = agent};
    self.entries = ledger_entries(&self.entry_count);
    self.reports = ledger_reports(&self.report_count);
    qsort(self.entries, self.entry_count, sizeof self.entries[0], compare_entries);
    qsort(self.reports, self.report_count, sizeof self.reports[0], compare_reports);
    check_reports(&self, finished);
    check_ledger(&self);
    check_crashes(&self);
    print(&self);
    free(self.entries);
    free(self.reports);
    if (self.outcomes[OUTCOME_RIGHT] == 0)
        fprintf(stderr, "no task has succeeded\n");
    return self.complaints == 0 && self.outcomes[OUTCOME_RIGHT] > 0;
}
