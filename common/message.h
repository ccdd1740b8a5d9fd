//  ipc_msg_t: everything that clients, controller and engines say to one another. A ZeroMQ frame holds a
//  header (4 bytes: "IPC" and the protocol's version) and any number of messages; message.c and its parts alone
//  know how they are written. Pointers in a message that was read lead into the frame.
#ifndef IPC_COMMON_MESSAGE_H
#define IPC_COMMON_MESSAGE_H

#include "common/error.h"
#include "common/wire.h"

enum {
    IPC_PROTOCOL = 1,
    IPC_FRAME_HEADER = 4,
    IPC_MAX_FRAME = 1 << 30,           // bytes; a larger frame drops its sender
    IPC_MAX_TARGETS = 1 << 20,         // of one submission
    IPC_MAX_OBJECTS = 4096,            // in one submission or result
    IPC_MAX_POSITIONS = 1 << 30,       // of one submission: its client has eight bytes for each, and more
    IPC_INLINE_LIMIT = 16 << 10        // arrays above it travel as objects
};

// clang-format off
#define IPC_MESSAGES(X)                                                                       \
    X(HELLO,    hello)       /* client to controller: who I am */                             \
    X(WELCOME,  welcome)     /* controller to client */                                       \
    X(REFUSED,  refused)     /* controller to anybody: a sentence; the peer gives up */       \
    X(ENGINES,  engines)     /* controller to client: which there are; before a RESULT that says one is lost */ \
    X(FUNCTION, function)    /* to controller and engine: what a function's number means */   \
    X(SUBMIT,   submit)      /* client to controller: a job */                                \
    X(TASK,     task)        /* controller to engine: a span of a job's items */              \
    X(DONE,     done)        /* engine to controller: items of a span and their results */    \
    X(RESULT,   result)      /* controller to client: the same, for the job */                \
    X(OUTPUT,   output)      /* engine to controller to client: while a task runs */          \
    X(RECALL,   recall)      /* controller to engine: give back what has not started */       \
    X(GAVE,     gave)        /* engine to controller: what it gave back of one span */        \
    X(RELEASE,  release)     /* holder to controller: lets an object go */                    \
    X(FREED,    freed)       /* controller to owner: nobody holds the object */               \
    X(REGISTER, registration)/* engine to controller */                                       \
    X(ACCEPTED, accepted)    /* controller to engine */                                       \
    X(PING,     ping)        /* to the other side: are you there, have you read all this */    \
    X(PONG,     pong)        /* and the answer */                                             \
    X(STATUS,   status)      /* client to controller: tell me how things are */               \
    X(REPORT,   report)      /* and the answer, as text */                                    \
    X(BYE,      bye)         /* client to controller: I leave, drop my work */ \
    X(QUERY,    query)       /* client to controller: list or tell me; see common/rows.h */ \
    X(ANSWER,   answer)      /* and the answer */ \
    X(FETCH,    fetch)       /* client to controller: results of a task by its id; or run it again */ \
    X(TERMS,    terms)       /* client to controller: what the submission that follows waits for */ \
    X(LIMITS,   limits)      /* to controller and engine: what the SUBMIT or TASK that follows may take */ \
    X(ABORT,    abort)       /* client to controller: this work of mine is not wanted any more */ \
    X(DROP,     drop)        /* controller to engine: items of a span are not wanted any more */ \
    X(SIGNAL,   signal)      /* client to controller: send a signal to engines */ \
    X(PUBLISH,  publish)     /* engine to controller to client: while a task runs, its latest value of a name */ \
    X(WANT,     want)        /* controller to client: values that a job of it is to be given as arguments */ \
    X(SUPPLY,   supply)      /* client to controller: those; controller to engine: those of the TASK that follows */ \
    X(SHUTDOWN, shutdown)    /* client to controller: end engines, or have them run anew; or end the cluster */ \
    X(JOB,      job)         /* to engine, from engine: what the TASK, the DONE that follows is of */ \
    X(RUNS,     runs)        /* engine to controller: what it has begun, or not told, of a former controller's work; \
                                and its answer, later: the client of that is back */ \
    X(SAFE,     safe)        /* controller to engine: results that need not be sent again */ \
    X(SEEN,     seen)        /* client to controller: so many results have been read */ \
    X(RESUME,   resume)      /* client to controller: what is missing of the submission that follows */ \
    X(LAPSED,   lapsed)      /* controller to engine: what you have is others' now; and its answer: I have dropped it */ \
    X(TAKEN,    taken)       /* client to controller: so many bytes of results have been read */
// clang-format on

#define IPC_MSG_CODE_(name, field) IPC_MSG_##name,
typedef enum ipc_msg_type { IPC_MESSAGES(IPC_MSG_CODE_) IPC_MSG_COUNT } ipc_msg_type_t;
#undef IPC_MSG_CODE_

//  A piece of text or bytes in a frame.
typedef struct ipc_bytes {
    const char *data;
    size_t size;
} ipc_bytes_t;

//  What stands behind a function's number.
typedef enum ipc_function_kind {
    IPC_FUNCTION_IMAGE,    // key: hash of the image, ':', hexadecimal offset of the descriptor
    IPC_FUNCTION_NAMED,    // key: "module.function"
    IPC_FUNCTION_PUSH,     // arguments: name and value, or a dictionary of which all are bound or none
    IPC_FUNCTION_PULL,     // arguments: name, or a list of names, whose values it gives as a list
    IPC_FUNCTION_PART,     // arguments: name; items: bound to it
    IPC_FUNCTION_PROBE,    // arguments: name; gives the value, or of a large array dtype and shape
    IPC_FUNCTION_WRITE,    // arguments: name, array, list of first rows; writes the rows into the array
    IPC_FUNCTION_REQUIRE,  // arguments: name of a module or path
    IPC_FUNCTION_CLEAR,    // no arguments; empties the namespace
    IPC_FUNCTION_EXECUTE,  // arguments: source, dictionary of options, number of the cell (0: an include), a number for
                           // this call alone. Options, if set: those of ipc_compile_t; file, its name; beside, its
                           // directory; headers and require, which come before it; restore; cuda
    IPC_FUNCTION_NAMES,    // no arguments; gives a dictionary: the namespace's names, and what each is
    IPC_FUNCTION_LAUNCH,   // key: name of a kernel; arguments: array of its grid, its block and its shared memory, then
                           // the kernel's own
    IPC_FUNCTION_KINDS
} ipc_function_kind_t;

//  How the items of a job are given.
typedef enum ipc_items {
    IPC_ITEMS_NONE,        // each position gets the arguments alone
    IPC_ITEMS_RANGE,       // the item at position i is the integer base + i
    IPC_ITEMS_LIST,        // packed values, one after another, with a table of their places
    IPC_ITEMS_ROWS,        // rows of the array that the arguments end with
    IPC_ITEMS_CALLS,       // a list likewise: each position a call with arguments of its own
    IPC_ITEMS_TUPLES,      // a list likewise: each item the list of a call's arguments
    IPC_ITEMS_KINDS
} ipc_items_t;

//  Whether the items are packed one after another.
static inline bool ipc_items_are_packed(uint32_t items)
{
    return items == IPC_ITEMS_LIST || items == IPC_ITEMS_CALLS || items == IPC_ITEMS_TUPLES;
}

//  An object: bytes in shared memory, named by who made it and a number.
typedef struct ipc_object {
    uint64_t owner, number;
} ipc_object_t;

//  Objects in a frame, 16 bytes each (as they stand in memory: only on one host).
typedef struct ipc_objects {
    const char *data;
    size_t count;
} ipc_objects_t;

ipc_object_t ipc_object_at(const ipc_objects_t *self, size_t i);

//  Where items of a direct job go: 16 bytes each in a frame.
typedef struct ipc_target {
    uint32_t engine;
    uint32_t count;        // of items
    uint64_t first;        // item
} ipc_target_t;

ipc_target_t ipc_target_at(ipc_bytes_t targets, size_t i);

//  Positions that a job depends on, and what its client knew of them: 32 bytes each in a frame.
typedef enum ipc_parent_state { IPC_PARENT_AWAITED, IPC_PARENT_DONE, IPC_PARENT_FAILED } ipc_parent_state_t;
typedef struct ipc_parent {
    uint64_t job;          // of those awaited: the job's id, and positions of it
    uint64_t first, count;
    uint32_t state;        // ipc_parent_state_t
    uint32_t engine;       // of those that ended: that ran them, UINT32_MAX: none
} ipc_parent_t;

//  Positions of a job: 16 bytes each in a frame.
typedef struct ipc_range {
    uint64_t first, count;
} ipc_range_t;

ipc_range_t ipc_range_at(ipc_bytes_t ranges, size_t i);

//  How: any of them is enough; which ends count.
enum { IPC_DEPEND_ANY = 1, IPC_DEPEND_SUCCESS = 2, IPC_DEPEND_FAILURE = 4 };

enum {
    IPC_SUBMIT_DIRECT = 1,
    IPC_SUBMIT_EXPLICIT_CHUNK = 2,
    IPC_SUBMIT_DETACH = 4, // the job outlives its client, its results are kept
    IPC_SUBMIT_LIST = 8    // of a detached one: its result shows a list, even of one position
};

//  What an engine does with items that are not wanted: gives back those that have not started; stops the one that
//  runs, too; and ends its process if that one cannot be stopped.
typedef enum ipc_drop { IPC_DROP_WAITING, IPC_DROP_STOP, IPC_DROP_KILL, IPC_DROPS } ipc_drop_t;

//  Why a worker ended its process itself; or, the controller's own verdicts: it was ended with its engine; it does not
//  answer.
typedef enum ipc_verdict {
    IPC_VERDICT_NONE,
    IPC_VERDICT_ABORTED,
    IPC_VERDICT_TIMEOUT,
    IPC_VERDICT_ENDED,
    IPC_VERDICT_SILENT,
    IPC_VERDICT_CUT                    // its connection was cut
} ipc_verdict_t;

enum { IPC_DONE_REFUSED = 2 };

typedef struct ipc_msg {
    ipc_msg_type_t type;
    union {
        struct { ipc_bytes_t token, name; uint64_t uuid; uint32_t pid; } hello;
        struct { uint32_t client, pid; uint64_t task_limit, byte_limit; ipc_bytes_t sanitizers;
                 uint32_t keeps; } welcome; // keeps: another controller can take its place, see controller/recovery.h
        struct { uint32_t code; ipc_bytes_t text; } refused;
        struct { ipc_bytes_t ids; ipc_bytes_t ready; } engines; // uint32_t each; one byte each
        struct { uint32_t function, kind; ipc_bytes_t key, name, libraries; } function;
        struct {
            uint32_t function, flags, items, retries, chunk;
            int32_t priority;
            uint64_t job;              // the id of position 0; position i has job + i
            uint64_t count;            // positions
            int64_t base;              // of a range
            int64_t submitted;         // nanoseconds since 1970
            ipc_bytes_t label;
            ipc_bytes_t targets;       // ipc_target_t each; of a balanced job: the engines allowed
            ipc_objects_t objects;     // that arguments and items refer to
            ipc_bytes_t arguments;     // packed values
            ipc_bytes_t places;        // of a list or calls: count + 1 places in data, uint32_t each
            ipc_bytes_t data;          // of a list or calls
        } submit;
        struct {
            uint32_t function, items, recallable;
            uint32_t lone;             // somebody waits for it alone: its result leaves at once
            uint64_t span;
            uint64_t first, count;     // positions of the job
            int64_t base;
            ipc_objects_t objects;
            ipc_bytes_t arguments, data;
        } task;
        struct {
            uint32_t failed;           // 1: body is an ipc_failure_t; IPC_DONE_REFUSED: likewise, it did not run
            uint64_t span;
            uint64_t first, count;
            int64_t started, finished; // nanoseconds since 1970, by the engine's clock
            ipc_objects_t objects;     // that the body refers to
            ipc_bytes_t durations;     // nanoseconds of each as float; none: alike
            ipc_bytes_t out, err;      // what was written, if count is 1
            ipc_bytes_t body;          // packed values, one after another
            uint64_t peak_memory;      // bytes, if count is 1; 0: not measured
        } done;
        struct {
            uint32_t failed, engine, attempts;
            uint64_t job;
            uint64_t first, count;
            int64_t accepted, sent, started, finished;
            ipc_objects_t objects;
            ipc_bytes_t durations, out, err, body; // as in done
            uint64_t peak_memory;
        } result;
        struct {
            uint64_t span;             // engine to controller; to the client: the job
            uint64_t item;
            uint32_t stream, engine;   // 1 stdout, 2 stderr
            ipc_bytes_t text;
        } output;
        struct { uint64_t count; } recall;
        struct { uint64_t span, first, count; uint32_t last; } gave; // last: the answer is complete
        struct { ipc_object_t object; uint64_t count; } release;
        struct { ipc_object_t object; } freed;
        struct {
            ipc_bytes_t token;
            uint32_t engine, epoch, pid, nanny;
            uint64_t owner;            // of the objects it will make
            // of the worker before it, if it died: signal and span are 0 if there is nothing to tell
            uint32_t death_epoch, signal, status, stack_overflow, idle_deaths;
            uint64_t span, item, done_span, done_item, address;
            ipc_bytes_t trace, output, errors;
            uint32_t verdict;          // ipc_verdict_t
            ipc_bytes_t has;           // what tasks may need of it: "gpu=1"
            ipc_bytes_t host;          // a name for its host, the same for all engines there
            ipc_bytes_t host_has;      // what tasks may need of that: "cores=4,memory=8e9"
            uint64_t peak_memory;      // of the worker before it while the task ran, bytes; 0: not known
            uint32_t connection;       // counts those of this worker: an earlier one may be heard later
        } registration;
        struct { uint32_t engine, pid, keeps; } accepted; // keeps: as in welcome
        struct { uint64_t number; } ping;
        struct { uint64_t number; } pong;
        struct { uint64_t number; } lapsed; // how many times it has been said to this engine
        struct { uint64_t number; } status;
        struct { uint64_t number; ipc_bytes_t text; } report;
        struct { uint32_t reason; } bye;
        struct {
            uint64_t span;             // engine to controller; to the client: the job
            uint64_t item;
            uint32_t engine;
            ipc_bytes_t name, value;   // a packed value, arrays inside
        } publish;
        struct {
            uint64_t number;           // of the query, for its answer
            uint32_t kind;             // ipc_query_kind_t
            uint64_t job;              // of one task; 0: any
            uint64_t limit;            // rows, the newest; 0: all
            int64_t since, until;      // nanoseconds since 1970; 0: without limit
            ipc_bytes_t label, function; // patterns as of fnmatch; empty: any
            uint32_t states;           // bits 1 << IPC_ROW_DONE, …; 0: any
            uint64_t client;           // that submitted them; 0: any
            int64_t submitted_from, submitted_before; // nanoseconds since 1970; 0: without limit
            ipc_bytes_t engines;       // uint32_t each; empty: any
            ipc_bytes_t jobs;          // uint64_t each: others than job
            ipc_bytes_t not_label, not_function; // patterns; empty: none
        } query;
        struct { uint64_t number, count; uint32_t code; ipc_bytes_t text, body; } answer; // text: if code, why not
        struct { uint64_t number, job, count; uint32_t again; } fetch; // number: the task; job: what its results are of
        struct {
            uint64_t seen;             // RESULT messages that had been read
            uint32_t after_mode, follow_mode; // IPC_DEPEND_…
            ipc_bytes_t after, follow; // ipc_parent_t each
            ipc_bytes_t needs;         // "gpu=1,memory=2e9"
            ipc_bytes_t arguments;     // ipc_parent_t each: positions whose values are arguments, numbered in
                                       // this order
        } terms;
        struct { uint32_t wait_ms, run_ms; } limits; // 0: none; of waiting: clients say it, of running: both
        struct {
            uint64_t job, first, count; // 0: all of this client; or what stands in engines
            uint32_t balanced;         // 1: balanced work that may run on no other engines; 0: direct work for them
            ipc_bytes_t engines;       // uint32_t each
        } abort;
        struct {
            uint64_t span, first, count;
            uint32_t how;              // ipc_drop_t
        } drop;
        struct {
            uint64_t job;              // whose positions tell what became of it
            uint32_t signal;
            ipc_bytes_t engines;       // uint32_t each
        } signal;
        struct { uint64_t job, first, count; } want; // values of those that job is given, by number
        struct {
            uint64_t job, first, count; // as in want; to an engine: 0, 0 and how many
            ipc_objects_t objects;     // that the body refers to
            ipc_bytes_t body;          // packed values, one after another
        } supply;
        struct {
            uint64_t job;              // whose positions end when the engines have ended, or are back
            uint32_t restart;
            ipc_bytes_t engines;       // uint32_t each; none: the whole cluster, nobody answers
        } shutdown;
        struct { uint64_t job; } job;  // the id of its position 0
        struct { uint64_t job, first, count; uint32_t last; uint64_t span; } runs; // last: all has been told; count may be 0
        struct { ipc_bytes_t numbers; } safe; // uint64_t each: DONE messages of this connection, counted from 1
        struct { uint64_t count; } seen; // RESULT messages of this connection
        struct { uint64_t bytes; } taken; // of the bodies of RESULT messages of this connection
        struct { ipc_bytes_t missing; } resume; // ipc_range_t each, in order: positions without a result
    };
} ipc_msg_t;

//  Appends a message to a frame; the first one writes the header.
void ipc_msg_pack(const ipc_msg_t *self, ipc_writer_t *frame);

//  Begins to read a frame. 0, or -1 with *error: PROTOCOL (no frame of ours, or of another version: the text
//  names both).
int ipc_frame_open(ipc_reader_t *frame, const void *data, size_t size, ipc_error_t *error);

//  Reads the next message: 1, 0 at the end, -1 with *error: PROTOCOL.
int ipc_msg_unpack(ipc_msg_t *self, ipc_reader_t *frame, ipc_error_t *error);

//  "SUBMIT", for logs and errors.
const char *ipc_msg_name(ipc_msg_type_t type);

//  The body of a failed position.
typedef struct ipc_failure {
    uint32_t code;             // ipc_code_t
    ipc_bytes_t kind, text, where, trace, last; // last: the last lines of its stderr
    ipc_bytes_t out, err;      // what the task wrote
    ipc_bytes_t attempts;      // how the runs before this one ended, a line each
} ipc_failure_t;

void ipc_failure_pack(const ipc_failure_t *self, ipc_writer_t *writer);
int ipc_failure_unpack(ipc_failure_t *self, ipc_bytes_t body);

//  A zero-ended string as bytes, and bytes as one (given: free() it).
ipc_bytes_t ipc_bytes_of(const char *text);
char *ipc_bytes_text(ipc_bytes_t bytes);

#endif
