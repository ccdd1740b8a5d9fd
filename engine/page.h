//  page_t: what the worker tells its nanny while it runs, in memory that outlives both: a file in the
//  cluster's shared-memory directory, mapped by worker and nanny. So the next worker of the engine can
//  say what became of the tasks of this one (DESIGN.md 5, "When a worker dies").
#ifndef IPC_ENGINE_PAGE_H
#define IPC_ENGINE_PAGE_H

#include <stdint.h>

#include "common/error.h"

enum { PAGE_MAGIC = 0x49504350, PAGE_TEXT = 4096, PAGE_GPU = 256 };

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
    volatile uint64_t span;    // the task started last,
    volatile uint64_t item;    //   and its item
    volatile uint64_t done_span; // the task finished last (equal to span and item: nothing is running)
    volatile uint64_t done_item;
    volatile uint32_t running; // 1 between the start and the end of a task
    volatile uint32_t ready;   // 1 when the worker has been registered
    volatile uint32_t verdict; // of a worker that ends itself: ipc_verdict_t
    volatile uint64_t measured_span; // the task whose memory is measured,
    volatile uint64_t measured_item; //   and its item
    char gpu_failure[PAGE_GPU]; // why the engine's GPU cannot be used, until a worker can use it again; "": nothing
    page_death_t death;
} page_t;

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

//  Unmaps the page and sets *self_p to NULL; NULL is fine.
void page_close(page_t **self_p);

#endif
