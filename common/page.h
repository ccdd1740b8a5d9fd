//  page_t: what the worker tells its nanny while it runs, in memory that outlives both: a file in the
//  cluster's shared-memory directory, mapped by worker and nanny. So the next worker of the engine can
//  say what became of the tasks of this one (DESIGN.md 5, "When a worker dies"); and the controller can take
//  away the tasks of one that does not answer, and know which of them it has started (controller/pulse.c).
#ifndef IPC_COMMON_PAGE_H
#define IPC_COMMON_PAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

enum { PAGE_MAGIC = 0x49504351, PAGE_TEXT = 4096, PAGE_NOTES = 1024, PAGE_GPU = 256 };

//  How the controller stands to the worker.
typedef enum page_trust {
    PAGE_TRUSTED,
    PAGE_SUSPECTED,            // it has not answered for a while
    PAGE_LAPSED                // what it had is others' now: it starts no task until it has been told so, and agreed
} page_trust_t;

//  Positions of a job whose results the worker keeps until they are safe (engine/kept.c).
typedef struct page_note {
    uint64_t job, first;
    volatile uint64_t count;   // 0: none
    uint32_t ran;              // 1: the worker died of it; 0: it had finished
} page_note_t;

//  What the nanny (or, for exit(), the worker) writes about a death; the next worker sends it on.
typedef struct page_death {
    uint32_t epoch;            // of the worker that died; 0: nothing to report
    int32_t signal;            // 0 if it exited
    int32_t status;            // exit status if it exited
    uint32_t idle_deaths;      // deaths in the last minute with no task running
    uint64_t span;             // the task that was running, 0 if none
    uint64_t item;             // its item
    uint64_t done_span;        // the last one that finished
    uint64_t done_item;
    uint64_t address;          // that faulted; meaningful for SIGSEGV and SIGBUS
    uint32_t stack_overflow;   // 1: the address is next to the stack pointer, below the stack
    uint32_t frames;           // number of lines in trace
    uint32_t verdict;          // why it ended itself, as the worker wrote it into the page
    uint64_t peak_memory;      // the most that it, or a program it waited for, had while the task ran; 0: unknown
    char trace[PAGE_TEXT];     // one frame a line, innermost first: "<module path>\t<hex offset>\t<symbol>"
    char output[PAGE_TEXT];    // what was left in the stdout pipe
    char errors[PAGE_TEXT];    // what was left in the stderr pipe
} page_death_t;

typedef struct page {
    uint32_t magic;
    int32_t engine;            // its id
    volatile uint32_t epoch;   // counts the workers of this engine, from 1; the nanny adds one
    volatile int32_t pid;      // of the worker, 0 before it starts and once its death is written below
    _Atomic uint64_t span;     // the task started last, 0: of a controller that is gone,
    volatile uint64_t item;    //   and its item
    volatile uint64_t done_span; // the task finished last (equal to span and item: nothing is running)
    volatile uint64_t done_item;
    volatile uint32_t running; // 1 between the start and the end of a task
    volatile uint32_t ready;   // 1 when the worker has been registered
    volatile uint32_t verdict; // of a worker that ends itself: ipc_verdict_t
    volatile uint64_t measured_span; // the task whose memory is measured,
    volatile uint64_t measured_item; //   and its item
    _Atomic uint32_t trust;    // page_trust_t: set by the controller, lapsed taken back by the worker
    char gpu_failure[PAGE_GPU]; // why the engine's GPU cannot be used, until a worker can use it again; "": nothing
    page_death_t death;
    // what ends with the worker, where controllers are succeeded; else job is 0
    volatile uint64_t job;     // of the task started last: of its positions those from
    volatile uint64_t told;    //   told
    volatile uint64_t begun;   //   to begun were begun, and are neither noted nor in the batch
    page_note_t batch;         // results that are not kept yet
    page_note_t notes[PAGE_NOTES];
} page_t;

//  Notes positions: gives their place, or NULL when there are too many (then they are not).
page_note_t *page_note(page_t *self, uint64_t job, uint64_t first, uint64_t count);

//  For the nanny, when the worker is dead: notes what it had begun and had not noted.
void page_note_rest(page_t *self);

//  The file's name in the shared-memory directory: "engine-3.page".
#define PAGE_NAME_FORMAT "engine-%d.page"

//  For the nanny: maps the page of an engine, from the file of a former nanny where there is one, else from
//  a new file of mode 0600, zeroed. Gives the page, or NULL with *error: PERMISSION (the file or directory
//  is not ours alone), BUSY (another nanny serves this engine), SYSTEM.
//      directory   borrowed; the cluster's shared-memory directory, made if it is not there
//      fd_p        written; the file's descriptor, close-on-exec. It holds the lock that keeps a second
//                  nanny out, and must stay open
page_t *page_open(const char *directory, int engine, int *fd_p, ipc_error_t *error);

//  For the worker: maps the page behind a descriptor that it was started with. Or NULL with *error:
//  PROTOCOL (it is no page), SYSTEM.
page_t *page_map(int fd, ipc_error_t *error);

//  For others on its host: the page that an engine has now, or NULL.
page_t *page_find(const char *directory, int engine);

//  For the worker, which has just noted a task as running: whether it may really start it. Either it sees here that
//  its tasks are others' now, or who takes them by page_lapse() sees that this one runs.
bool page_may_start(const page_t *self);

//  For the controller: from here on the worker starts nothing. Gives what it runs, and what it finished last.
typedef struct page_work {
    bool running;
    uint64_t span, item, done_span, done_item;
} page_work_t;
page_work_t page_lapse(page_t *self);

//  Unmaps the page and sets *self_p to NULL; NULL is fine.
void page_close(page_t **self_p);

#endif
