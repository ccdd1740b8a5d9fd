//  What the worker's files share. Fields marked L are for who holds the lock; the others belong to the task
//  thread.
#ifndef IPC_ENGINE_STATE_H
#define IPC_ENGINE_STATE_H

#include <pthread.h>
#include <setjmp.h>
#include <string.h>
#include <zmq.h>

#include "common/codec.h"
#include "common/names.h"
#include "common/store.h"
#include "common/holds.h"
#include "common/monitor.h"
#include "engine/cells.h"
#include "engine/cuda_cells.h"
#include "engine/gpu.h"
#include "engine/interrupt.h"
#include "engine/loader.h"
#include "engine/memory.h"
#include "engine/output.h"
#include "common/page.h"
#include "engine/restore.h"
#include "engine/slice.h"
#include "engine/targets.h"
#include "engine/worker.h"

enum {
    WORKER_REFUSED = 97,               // exit status: do not start me again
    WORKER_CUT = 98,                   // its connection was cut: do
    SLICE_NS = 20000,                  // without the lock while tasks stream
    FLUSH_NS = 200000,                 // finished results leave at least so often while tasks stream
    TAKE_OVER_NS = 100000,             // a task that runs longer finds the connection thread in charge
    FIRST_LOOK_NS = 300000,            // when that thread first looks after work came
    TICK_NS = 500000                   // how often it looks while tasks stream
};

//  A frame that came in, kept as long as a span of it waits.
typedef struct parcel {
    zmq_msg_t frame;
    uint32_t references;
} parcel_t;

typedef struct engine_function {
    uint32_t kind;                     // ipc_function_kind_t
    char *key, *name, *libraries;
    const ipc_remote_t *remote;        // once it is loaded
} engine_function_t;

//  A span of a job's items that waits or runs here. The task thread claims its items without the lock while the other
//  one may give back the last of them.
typedef struct work {
    _Atomic uint64_t span;             // 0: of a controller that is gone
    uint64_t job;                      // its job's id, where controllers are succeeded; else 0
    uint64_t told;                     // L: the first position whose result was not made known
    uint64_t first;                    // position
    _Atomic uint64_t range;            // from first on: the next item to start, and in the upper half where they end
    _Atomic uint64_t running;          // the position that runs now
    engine_function_t *function;
    uint32_t items;                    // ipc_items_t
    bool recallable, lone;
    int64_t base;
    ipc_bytes_t arguments;
    ipc_reader_t list;                 // of a list: the items from the cursor on
    ipc_objects_t objects;
    ipc_array_t *rows;                 // the task thread's; of a span of rows: these, once they are needed
    parcel_t *parcel;
    int64_t run_limit_ns;              // of each item; 0: none
    ipc_writer_t supplied;             // values of other tasks that the arguments have holes for
    _Atomic(drop_t *) drops;           // of its items, the newest first; or NULL
    struct work *next, *previous;      // L
} work_t;

//  Results of one span that have not been sent: of positions in a row, without output.
typedef struct batch {
    uint64_t span, job, first, count;
    int64_t started, finished;         // of the first and the last
    ipc_writer_t values;
    ipc_writer_t durations;            // nanoseconds as float, one for each
    ipc_writer_t objects;              // that the values refer to
} batch_t;

//  A result that the controller may not have handed on yet: should it die, the next one is sent it again.
typedef struct kept {
    uint64_t number;                   // of the DONE messages of this connection, from 1
    uint64_t job;
    ipc_writer_t frame;                // of this message
    struct page_note *note;            // should the worker die; or NULL
    struct kept *next;                 // younger
} kept_t;

//  What the task that runs has published of one name.
enum { PUBLISHED_NAMES = 16, PUBLISHED_NAME = 64 };
typedef struct published {
    char name[PUBLISHED_NAME];
    ipc_writer_t value;                // packed
    bool waits;                        // to be sent
} published_t;

//  Where the reading of values that a span was given has got to: holes are mostly in order.
typedef struct supplied {
    const ipc_writer_t *values;        // packed, one after another
    ipc_reader_t reader;
    uint64_t next;                     // the number of the value that it reads next
} supplied_t;

//  What became of one item.
typedef struct outcome {
    bool failed;
    int code;                          // ipc_code_t
    char kind[32], text[512];
    char trace[2048];                  // of a cell that raised: as in page_death_t; or ""
    ipc_writer_t value;                // packed
    ipc_writer_t objects;
    int64_t started, finished;
} outcome_t;

struct worker {
    worker_options_t options;
    ipc_connection_t connection;
    char images[IPC_PATH_MAX + 16];
    char library_directory[IPC_PATH_MAX + 32]; // of this worker's own, searched by dlopen()
    char cell_directory[2 * IPC_PATH_MAX]; // what executed source is compiled to
    uint64_t owner;                    // of the objects it makes
    uint32_t connections;              // to controllers, so far
    char has[640];                     // what tasks may need of this engine, as IPC_ENGINE_HAS says
    char host[128];                    // a name for this host, the same for all engines here
    char host_has[96];                 // what tasks may need of it
    page_t *page;                      // shared with the nanny
    pthread_t connection_thread, task_thread;
    int kick_fd;                       // ends the connection thread's poll
    int saved_fd;                      // readable once what a crash leaves finished is out
    int timer_fd;                      // wakes the connection thread
    int stop_fd;                       // readable once the worker is to end
    pthread_mutex_t lock;
    // L: the way to the controller
    void *zmq, *socket;
    int socket_fd;
    int controller_fd;                 // its pidfd, -1: not known
    ipc_monitor_t monitor;             // of the socket
    ipc_writer_t out;                  // the frame to be sent next
    bool accepted;                     // by the controller there is now
    bool keeps;                        // it will be succeeded when it dies
    uint64_t unclaimed;                // the span that runs since a former controller, its client not being back; or 0
    uint64_t next_job;                 // of the next TASK
    uint64_t done_number;              // of the newest DONE
    kept_t *kept, **kept_end;
    int64_t flushed;                   // when the last one was sent
    int refused;                       // 1: the controller does not want this engine
    // L: work
    work_t *first, *last;              // waiting
    work_t *spare;                     // freed, for the next one
    work_t *current;                   // the span that runs
    bool busy;                         // the task thread has work
    bool serving;                      // the connection thread has the socket
    bool timer_armed;
    bool stopping;                     // SIGTERM came
    interrupt_t interrupt;             // of the item that runs
    memory_t memory;                   // likewise, when it runs for long
    uint32_t next_run_ms;              // what the next span's items may run, 0: without limit
    ipc_writer_t next_supplied;        // values that the next span is given
    bool answered;                     // the controller, to a PING
    int64_t run_started;               // when the running item began
    batch_t batch;
    slice_t slice;                     // what the task thread adds to it next
    output_t output;
    published_t published[PUBLISHED_NAMES];
    int64_t published_sent;            // when something of it was sent last
    int64_t silent_ns;                 // a shorter task cannot have written: see output_least_ns()
    holds_t *holds;
    engine_function_t **functions;     // by number
    uint32_t function_count;
    ipc_object_t *freed;               // objects of ours that nobody holds, until the task thread hears of it
    size_t freed_count, freed_room;
    // the task thread's
    loader_t *loader;
    names_t *names;
    cells_t *cells;
    restore_t *restore;                // cells that run again
    char cell_name[CELLS_NAME];        // of the cell that runs, for sentences
    bool is_lost;                      // a worker before this one had a namespace, perhaps
    cuda_cells_t *cuda;
    bool gpu_is_owned;                 // the engine has a GPU of its own
    bool gpu_is_out;                   //   which failed under an earlier worker, and still does
    bool gpu_fails;                    //   which has failed now
    char where[32];                    // " on engine 3", for sentences about names
    ipc_store_t *store;
    ipc_arena_t *arena;                // of the item that runs
    targets_t targets;                 // that the last gathers wrote into
    bool in_task;
    unsigned published_count;          // names that the running task has published
    ipc_writer_t publishing;           // the value that is being published
    outcome_t outcome;
    supplied_t supplied;               // of the item that runs
    jmp_buf raised;                    // where ipc_raise() goes
    const ipc_remote_t *last_remote;   // that ran before; NULL: handlers may have been replaced since
    bool exact;                        // tasks are long enough for a clock of their own beginning
};

int64_t clock_ns(void);                // since 1970

//  engine/worker.c: the connection thread looks then, or sooner. With the lock.
void arm_timer(worker_t *self, long after_ns);

//  engine/link.c: with the lock held.
void link_receive(worker_t *self);                     // all that has come in
void link_flush(worker_t *self);                       // sends, then receives
void link_send(worker_t *self, const ipc_msg_t *msg);  // with the next flush
void link_take_slice(worker_t *self);                  // into the batch
void link_close_batch(worker_t *self);
void link_report(worker_t *self, work_t *work, uint64_t position); // the outcome, and what was written
void link_stream_output(worker_t *self);               // of the task that runs
void link_drop_work(worker_t *self);                   // what waits; of what runs the items that have not begun

//  engine/contact.c: with the controller. With the lock.
int contact_open(worker_t *self, ipc_error_t *error);  // connects and registers
void contact_accepted(worker_t *self, const ipc_msg_t *msg);
void contact_refused(worker_t *self, const ipc_msg_t *msg);
void contact_lost(worker_t *self);                     // it has died: what runs goes on, and the next one is looked for
void contact_cut(worker_t *self);                      // the connection was cut; its death is told otherwise
//  What the controller has sent, or was sent, is not known any more: this process ends, and its death is accounted for
//  as any other.
void contact_give_up(worker_t *self, const char *why);
//  Where the controller had taken this engine's tasks away it may start the next ones.
void contact_trust(worker_t *self);

//  engine/kept.c: results until they are known to be safe. With the lock.
void kept_send(worker_t *self, uint64_t job, const ipc_msg_t *done); // now, and again if that should be needed
void kept_safe(worker_t *self, ipc_bytes_t numbers);   // these need not be kept
void kept_tell(worker_t *self);                        // a controller that has accepted it: what it has, what it runs
void kept_clear(worker_t *self);                       // nobody wants them
void kept_inherit(worker_t *self);                     // what the worker before left: it ends with an error
void kept_begin(worker_t *self, const work_t *work);   // the span runs: what is lost should the worker die
void kept_mirror(worker_t *self, const work_t *work);  // what of it has a result that waits
void work_free(worker_t *self, work_t *work);          // lets its objects go
void release_objects(worker_t *self, const ipc_objects_t *objects);

//  Executed source, or a function of it.
static inline bool work_is_of_cells(const work_t *work)
{
    const engine_function_t *function = work->function;
    return function->kind == IPC_FUNCTION_EXECUTE ||
           (function->kind == IPC_FUNCTION_NAMED && !strchr(function->key, '.'));
}

//  What runs, for sentences: a function, a cell.
static inline const char *work_name(const worker_t *self, const work_t *work)
{
    return work->function->kind == IPC_FUNCTION_EXECUTE ? self->cell_name : work->function->name;
}

static inline uint64_t work_left(const work_t *self)
{
    uint64_t range = atomic_load_explicit(&self->range, memory_order_relaxed);
    return (range >> 32) - (range & UINT32_MAX);
}

//  What of it has not started never will.
static inline void work_forsake(work_t *self)
{
    uint64_t range = atomic_load(&self->range);
    while (!atomic_compare_exchange_weak(&self->range, &range, (range << 32) | (range & UINT32_MAX))) continue;
}

//  engine/run.c: on the task thread, without the lock. The engine's own code ends in ipc_task_enter().
void ipc_task_enter(const ipc_remote_t *remote, const ipc_value_t *arguments, ipc_value_t *value);
void run_item(worker_t *self, work_t *work, uint64_t position);

int run_fail(worker_t *self, const ipc_error_t *error);    // of the item's: -1
//  For operations that are in other files: the next argument, with what it refers to; *is_own: it is what a name stands
//  for. 0, or -1 with the outcome's error.
int run_read(worker_t *self, ipc_reader_t *reader, ipc_value_t *value, bool *is_own);
int run_unpack(worker_t *self, ipc_reader_t *reader, ipc_arena_t *arena, ipc_value_t *value);
//  Calls the user's code, which may end by ipc_raise() or be interrupted.
int run_enter(worker_t *self, const ipc_remote_t *remote, const ipc_value_t *arguments, ipc_value_t *value);

//  engine/execute.c: an item that is a cell; and the cells that are run again, before the worker's first task.
int execute_cell(worker_t *self, work_t *work, uint64_t position, ipc_value_t *value);
void execute_again(worker_t *self);
//  What a task missed may have been there before the engine was started again: the text says so.
void execute_say_lost(const worker_t *self, ipc_error_t *error);

//  engine/run_cuda.c: a cell; an item that is a launch.
int run_cuda_cell(worker_t *self, const cells_source_t *source);
int run_cuda_launch(worker_t *self, work_t *work, uint64_t position, ipc_value_t *value);

//  engine/publish.c: takes a value of the task that runs, without the lock: 0, or -1 with *error: ARGUMENT, LIMIT.
//  Sends what waits; forgets what the task has published: with the lock.
int published_put(worker_t *self, const char *name, ipc_value_t value, ipc_error_t *error);
void published_send(worker_t *self);
void published_clear(worker_t *self);

//  engine/runtime.c: what remote functions call.
const ipc_runtime_t *engine_runtime(worker_t *self);

#endif
