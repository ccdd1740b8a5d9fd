#include "load.h"

#include <ipclient.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chance.h"
#include "ledger.h"

enum { WINDOW = 48, UNIT_TASKS = 128, READY_MS = 30000, END_MS = 90000, BULK_MIN = 40000, BULK_SPREAD = 1 << 20 };

// ---- What runs on the engines -----------------------------------------------------------

static void nap(int64_t microseconds)
{
    if (microseconds > 0)
        usleep((useconds_t) microseconds);
}

static uint8_t byte_of(int64_t task, size_t i)
{
    return (uint8_t) ((uint64_t) task + i * 31 + (i >> 12));
}

static size_t bulk_size(int64_t task)
{
    return BULK_MIN + (size_t) ledger_value(task) % BULK_SPREAD;
}

// clang-format off
static IPC_REMOTE(int64_t, chaos_value, (int64_t task, int64_t nap_us))
{
    ledger_note((uint32_t) task, false);
    nap(nap_us);
    if (task & TASK_RAISES)
        ipc_raise("ChaosError", "as task %ld is to", (long) task);
    if (task & TASK_CRASHES)
        raise(task % 3 == 0 ? SIGKILL : task % 3 == 1 ? SIGABRT : SIGTRAP);
    ledger_note((uint32_t) task, true);
    return ledger_value(task);
}
static IPC_REMOTE(int64_t, chaos_item, (int64_t task))
{
    ledger_note((uint32_t) task, false);
    nap(task % 7 == 0 ? 300 : 0);
    ledger_note((uint32_t) task, true);
    return ledger_value(task);
}
static IPC_REMOTE(int64_t, chaos_add, (int64_t task, int64_t value))
{
    ledger_note((uint32_t) task, false);
    ledger_note((uint32_t) task, true);
    return ledger_value(task) + value;
}
static IPC_REMOTE(ipc_array_t *, chaos_bulk, (int64_t task))
{
    ledger_note((uint32_t) task, false);
    ipc_error_t error;
    size_t size = bulk_size(task);
    ipc_array_t *array = ipc_array_new(IPC_U8, 1, (size_t[]){size}, &error);
    if (!array)
        ipc_raise("MemoryError", "%s", error.text);
    uint8_t *bytes = ipc_array_data(array);
    for (size_t i = 0; i < size; i++) bytes[i] = byte_of(task, i);
    ledger_note((uint32_t) task, true);
    return array;
}
static IPC_REMOTE(int64_t, chaos_check, (int64_t task, const ipc_array_t *x, int64_t made_for))
{
    ledger_note((uint32_t) task, false);
    const uint8_t *bytes = ipc_array_data(x);
    size_t wrong = ipc_array_count(x) != bulk_size(made_for);
    for (size_t i = 0; i < ipc_array_count(x); i++) wrong += bytes[i] != byte_of(made_for, i);
    ledger_note((uint32_t) task, true);
    return wrong ? -(int64_t) wrong : ledger_value(task);
}
// clang-format on

// ---- What the client waits for ----------------------------------------------------------

typedef struct load load_t;
typedef struct unit unit_t;

//  Whether position i has the value that it should.
typedef bool right_fn(const unit_t *self, ipc_result_t *result, size_t i);

//  A call whose result is due.
struct unit {
    ipc_result_t *result;
    right_fn *right;
    uint32_t task, count;      // of the first position, how many; task 0: of no task that keeps the ledger
    uint32_t after;            // the task that has to succeed first, 0: none
    int64_t extra;             // added to the value; of bulk, the task that it was made for
};

struct load {
    ipc_client_t *client;
    ipc_view_t *any, *all, *engines[4];
    chance_t chance;
    uint32_t number, next, end; // the client's; the next task's id; where it stops
    unit_t units[WINDOW + 8];
    uint32_t count;            // of them
    uint8_t *bulk;             // room for one array
    uint32_t names;            // that were pushed
    bool failed;               // a result was wrong
};

static bool is_value(const unit_t *self, ipc_result_t *result, size_t i)
{
    return ipc_result_i64(result, i) == ledger_value(self->task + (uint32_t) i) + self->extra;
}

static bool is_bulk(const unit_t *self, ipc_result_t *result, size_t i)
{
    const ipc_array_t *array = ipc_result_array(result, i);
    size_t size = bulk_size(self->extra);
    if (!array || ipc_array_count(array) != size)
        return false;
    const uint8_t *bytes = ipc_array_data(array);
    for (size_t k = 0; k < size; k++)
        if (bytes[k] != byte_of(self->extra, k))
            return false;
    return true;
}

static bool is_gathered(const unit_t *self, ipc_result_t *result, size_t i)
{
    (void) i;
    if (!ipc_result_ok(result)) // another position has the error
        return true;
    const ipc_array_t *array = ipc_result_joined(result);
    if (!array || ipc_array_count(array) != bulk_size(self->extra))
        return false;
    for (size_t k = 0; k < ipc_array_count(array); k++)
        if (((const uint8_t *) ipc_array_data(array))[k] != byte_of(self->extra, k))
            return false;
    return true;
}

static bool is_anything(const unit_t *self, ipc_result_t *result, size_t i)
{
    (void) self;
    (void) result;
    (void) i;
    return true;
}

static outcome_t outcome_of(const unit_t *unit, const ipc_error_t *error)
{
    static const outcome_t outcomes[IPC_E_COUNT] = {
        [IPC_E_CRASH] = OUTCOME_CRASHED,        [IPC_E_ENGINE_LOST] = OUTCOME_LOST,
        [IPC_E_RESULT_LOST] = OUTCOME_LOST,     [IPC_E_IMPOSSIBLE] = OUTCOME_IMPOSSIBLE,
        [IPC_E_ABORTED] = OUTCOME_ABORTED,      [IPC_E_NAME] = OUTCOME_NAME,
        [IPC_E_MEMORY] = OUTCOME_MEMORY,        [IPC_E_CONNECTION] = OUTCOME_DISCONNECTED,
        [IPC_E_DEPENDENCY] = OUTCOME_DISCONNECTED, // another controller does not know what came of the first
    };
    if (!strcmp(error->kind, "ChaosError"))
        return unit->task & TASK_RAISES ? OUTCOME_RAISED : OUTCOME_WRONG;
    if (!strcmp(error->kind, "NameError"))
        return unit->task & TASK_RAISES ? OUTCOME_WRONG : OUTCOME_NAME;
    if (!strcmp(error->kind, "MemoryError"))
        return OUTCOME_MEMORY;
    outcome_t outcome = error->code > 0 && error->code < IPC_E_COUNT ? outcomes[error->code] : OUTCOME_WRONG;
    return outcome ? outcome : OUTCOME_WRONG;
}

static void complain(load_t *self, const unit_t *unit, size_t i, const char *what, const char *kind)
{
    fprintf(stderr, "client %u: task %x position %zu: %s%s%s\n", self->number, unit->task, i, kind, *kind ? ": " : "",
            what);
    self->failed = true;
}

static outcome_t look_at(load_t *self, const unit_t *unit, size_t i)
{
    const ipc_error_t *error = ipc_result_error_at(unit->result, i);
    if (!error && unit->right(unit, unit->result, i))
        return OUTCOME_RIGHT;
    outcome_t outcome = error ? outcome_of(unit, error) : OUTCOME_WRONG;
    if (outcome == OUTCOME_WRONG)
        complain(self, unit, i, error ? error->text : "has another value than it should", error ? error->kind : "");
    return outcome;
}

//  Waits for a unit, reports its positions and frees it.
static void settle(load_t *self, unit_t *unit)
{
    if (!ipc_result_wait(unit->result, END_MS)) {
        char *why = ipc_client_explain(self->client, ipc_result_id(unit->result), NULL);
        complain(self, unit, ipc_result_done(unit->result), why ? why : "nobody knows why", "it does not end");
        free(why);
        exit(1); // more waits would come to nothing, too
    }
    int64_t time = ledger_now();
    for (uint32_t i = 0; i < unit->count; i++) {
        outcome_t outcome = look_at(self, unit, i);
        uint32_t task = unit->task ? unit->task + i : 0;
        ledger_report(&(report_t){task, outcome, unit->after, self->number, time});
    }
    if (unit->task == 0)
        ipc_result_error(unit->result);
    ipc_result_destroy(&unit->result);
}

static unit_t *expect(load_t *self, ipc_result_t *result, right_fn *right, uint32_t task, uint32_t count)
{
    unit_t *unit = &self->units[self->count++];
    *unit = (unit_t){.result = result, .right = right, .task = task, .count = count, .extra = 0};
    return unit;
}

static uint32_t take_ids(load_t *self, uint32_t count)
{
    uint32_t first = self->next;
    self->next += count;
    return first;
}

static int64_t some_nap(load_t *self)
{
    return chance_one_in(&self->chance, 3) ? chance_below(&self->chance, 3000) : 0;
}

// ---- Calls ------------------------------------------------------------------------------

static const ipc_options_t *retrying(void)
{
    static const ipc_options_t options = {.retries = RETRIES};
    return &options;
}

static void call_balanced(load_t *self)
{
    for (uint32_t i = 1 + chance_below(&self->chance, 6); i > 0; i--) {
        bool again = chance_one_in(&self->chance, 2);
        uint32_t task = take_ids(self, 1) | (again ? TASK_RETRIES : 0);
        ipc_result_t *result =
            ipc_apply_with(self->any, (again ? retrying() : NULL), chaos_value, (int64_t) task, some_nap(self));
        expect(self, result, is_value, task, 1);
    }
}

static void call_direct(load_t *self)
{
    ipc_view_t *view = self->engines[chance_below(&self->chance, 4)];
    for (uint32_t i = 1 + chance_below(&self->chance, 6); i > 0; i--) {
        uint32_t task = take_ids(self, 1);
        expect(self, ipc_apply(view, chaos_value, (int64_t) task, some_nap(self)), is_value, task, 1);
    }
}

static void call_failing(load_t *self)
{
    uint32_t what = chance_one_in(&self->chance, 8) ? TASK_CRASHES : TASK_RAISES;
    uint32_t task = take_ids(self, 1) | what;
    expect(self, ipc_apply(self->any, chaos_value, (int64_t) task, some_nap(self)), is_value, task, 1);
}

//  One task, two that wait for its success, one that is given its value.
static void call_dependent(load_t *self)
{
    uint32_t one = take_ids(self, 1), task;
    ipc_result_t *first = ipc_apply(self->any, chaos_value, (int64_t) one, some_nap(self));
    task = take_ids(self, 1);
    ipc_options_t after = {.after = ipc_after(first)}, follow = {.follow = ipc_follow(first)};
    expect(self, ipc_apply_with(self->any, &after, chaos_value, (int64_t) task, some_nap(self)), is_value, task, 1)
        ->after = one;
    task = take_ids(self, 1);
    expect(self, ipc_apply_with(self->any, &follow, chaos_value, (int64_t) task, some_nap(self)), is_value, task, 1)
        ->after = one;
    task = take_ids(self, 1);
    unit_t *given = expect(self, ipc_apply(self->any, chaos_add, (int64_t) task, first), is_value, task, 1);
    given->after = one;
    given->extra = ledger_value(one);
    expect(self, first, is_value, one, 1);
}

static void call_map(load_t *self)
{
    uint32_t count = 1 + chance_below(&self->chance, UNIT_TASKS), first = take_ids(self, count);
    ipc_view_t *view = chance_one_in(&self->chance, 3) ? self->all : self->any;
    expect(self, ipc_map(view, chaos_item, ipc_range(first, first + count)), is_value, first, count);
    if (chance_one_in(&self->chance, 8))
        ipc_result_abort(self->units[self->count - 1].result);
}

static const uint8_t *make_bulk(load_t *self, uint32_t task)
{
    for (size_t i = 0; i < bulk_size(task); i++) self->bulk[i] = byte_of(task, i);
    return self->bulk;
}

//  Large values both ways.
static void call_with_bulk(load_t *self)
{
    uint32_t task = take_ids(self, 1);
    expect(self, ipc_apply(self->any, chaos_bulk, (int64_t) task), is_bulk, task, 1)->extra = task;
    task = take_ids(self, 1);
    const uint8_t *bulk = make_bulk(self, task);
    expect(self, ipc_apply(self->any, chaos_check, (int64_t) task, ipc_u8(bulk, bulk_size(task)), (int64_t) task),
           is_value, task, 1);
}

//  A name of all engines that is pushed, or scattered, and used.
static void call_with_names(load_t *self)
{
    char name[32];
    snprintf(name, sizeof name, "c%u_%u", self->number, self->names++ % 4);
    uint32_t task = take_ids(self, 1);
    const uint8_t *bulk = make_bulk(self, task);
    bool pushes = chance_one_in(&self->chance, 2);
    ipc_result_t *bound = pushes ? ipc_push(self->all, name, ipc_u8(bulk, bulk_size(task)))
                                 : ipc_scatter(self->all, name, ipc_u8(bulk, bulk_size(task)));
    bool all_have = ipc_result_wait(bound, END_MS) && ipc_result_ok(bound); // else there is what the name had before
    expect(self, bound, is_anything, 0, 4);
    if (all_have && pushes) {
        expect(self, ipc_apply(self->engines[task % 4], chaos_check, (int64_t) task, ipc_ref(name), (int64_t) task),
               is_value, task, 1);
        expect(self, ipc_pull(self->engines[task / 4 % 4], name), is_bulk, 0, 1)->extra = task;
    } else {
        expect(self, ipc_apply(self->any, chaos_value, (int64_t) task, (int64_t) 0), is_value, task, 1);
    }
    if (all_have && !pushes) {
        ipc_result_t *gathered = ipc_gather(self->all, name);
        expect(self, gathered, is_gathered, 0, 4)->extra = task;
        ipc_result_wait(gathered, END_MS); // its parts are taken later than their sizes: the name stays meanwhile
    }
    expect(self, ipc_push(self->all, name, 0), is_anything, 0, 4);
}

typedef void call_fn(load_t *self);

//  Each as often as it stands here.
static call_fn *const calls[] = {call_balanced, call_balanced,  call_direct,    call_direct, call_dependent,
                                 call_map,      call_dependent, call_with_bulk, call_failing, call_with_names};

// ---- The client -------------------------------------------------------------------------

static int open_session(load_t *self, ipc_error_t *error)
{
    double deadline = (double) ledger_now() * 1e-9 + READY_MS * 1e-3;
    while (!(self->client = ipc_client_new(NULL, error)) && (double) ledger_now() * 1e-9 < deadline)
        usleep(10000); // a controller that has just been killed: nobody listens yet
    if (!self->client || ipc_client_wait(self->client, 1, READY_MS, error))
        return -1;
    self->any = ipc_balanced_view(self->client, NULL, error);
    self->all = ipc_direct_view(self->client, "0,1,2,3", error);
    for (int i = 0; i < 4; i++)
        self->engines[i] = ipc_direct_view(self->client, (char[]){(char) ('0' + i), 0}, error);
    return self->any && self->all && self->engines[3] ? 0 : -1;
}

int load_run(uint32_t client, uint64_t seed, uint32_t tasks)
{
    load_t *self = calloc(1, sizeof *self);
    ipc_error_t error = {.code = 0};
    self->chance.state = seed;
    self->number = client;
    self->next = client * CLIENT_TASKS;
    self->end = self->next + tasks;
    self->bulk = malloc(BULK_MIN + BULK_SPREAD);
    if (open_session(self, &error)) {
        fprintf(stderr, "client %u: %s\n", client, error.text);
        return 1;
    }
    while (self->next < self->end && !self->failed) {
        while (self->count < WINDOW && self->next < self->end)
            calls[chance_below(&self->chance, sizeof calls / sizeof calls[0])](self);
        for (uint32_t i = 0; i < self->count; i++) settle(self, &self->units[i]);
        self->count = 0;
    }
    bool failed = self->failed;
    ipc_client_destroy(&self->client);
    free(self->bulk);
    free(self);
    return failed;
}
