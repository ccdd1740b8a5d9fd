//  The inside of supervisor_t, for the files that work on it.
#ifndef IPC_LAUNCH_SUPERVISOR_BODY_H
#define IPC_LAUNCH_SUPERVISOR_BODY_H

#include <poll.h>

#include "launch/log.h"
#include "launch/site.h"
#include "launch/supervisor.h"

enum {
    READY_TIMEOUT_MS = 30 * 1000,
    STOP_TIMEOUT_MS = 5 * 1000, // for ending by themselves after SIGTERM
    DEATHS_MAX = 5, // within DEATHS_SPAN_MS: from then on it waits between attempts
    DEATHS_SPAN_MS = 60 * 1000,
    RETRY_MS = 10 * 1000,
    ASK_TIMEOUT_MS = 30 * 1000, // for doing what somebody asked
    PATIENCE_MS = 2 * 1000,     // for an engine that is to end or to run anew
    LINE_MAX_BYTES = 1024, // of a line from the controller
    CONTROLLER = -1,       // its place among the ids of engines
    DESCRIPTORS_SPARE = 64 // beside one for each process
};

typedef struct child {
    int id;                        // of the engine, or CONTROLLER
    bool ready;                    // the controller has told so
    launch_process_t run;          // pid 0: it does not run,
    int64_t due_ms;                //   and is to be started at this time
    int64_t deaths_ms[DEATHS_MAX]; // when it died the last times, a ring
    size_t deaths;                 // in all
    bool looping;                  // it dies again and again, and this has been told
    bool removed;                  // it was asked to go, and does not run again
    bool forgotten;                // and the controller has told so
    bool restarting;               // it was asked to end, to run anew
    bool begins;                   // what it shares with others does: it is started when that has begun
    int64_t kill_ms;               // when one of these is killed, 0: not
} child_t;

//  What somebody asked for and waits for: see launch/control.h.
typedef struct request {
    int asker;             // -1: nobody asks
    bool begun;            // it has been read
    size_t first, count;   // engines that it is about
    bool removes;
    int64_t deadline_ms;
} request_t;

typedef enum phase { PHASE_STARTING, PHASE_RUNNING, PHASE_STOPPING } phase_t;

struct supervisor {
    supervisor_options_t options;
    site_t site;
    record_t *record; // as cluster.json has it
    char controller_path[IPC_PATH_MAX], engine_path[IPC_PATH_MAX];
    char journal[IPC_PATH_MAX]; // its path, "": none
    bool drops_journal;     // when the cluster ends
    launch_state_t *launch; // the launcher's, or NULL
    launch_wait_t launch_wait; // while a child begins
    phase_t phase;
    int signals;               // a signalfd
    int stops_asked;           // how many signals asked for the end
    int reports;               // our end of the controller's pair of sockets, or -1
    char line[LINE_MAX_BYTES]; // of it, not yet complete
    size_t line_size;
    size_t ready;          // number of engines that are
    child_t *children;     // the controller, then the engines by id
    struct pollfd *polled; // the fixed ones, then one for each child
    int control;           // the socket for requests, or -1
    request_t request;     // one after another
    bool owner_gone;       // the program that the cluster is for has ended
    ipc_error_t failure;   // of the start; code 0: none
    char last_words[LOG_TAIL_TEXT];
};

enum {
    POLL_SIGNALS,
    POLL_REPORTS,
    POLL_WAITER,
    POLL_OWNER,
    POLL_CONTROL,
    POLL_ASKER,
    POLL_LAUNCH,
    POLL_CHILDREN = POLL_LAUNCH + LAUNCH_FDS
};

int64_t supervisor_now_ms(void);       // monotonic
size_t supervisor_children(const supervisor_t *self); // with the controller
void supervisor_write_record(supervisor_t *self);

//  A line for who reads the log.
__attribute__((format(printf, 2, 3))) void supervisor_tell(supervisor_t *self, const char *format, ...);

//  Notes why the start fails, the first cause only, with what the process in question wrote last.
//      child     that process; NULL: none
__attribute__((format(printf, 4, 5))) void supervisor_fail_start(supervisor_t *self, const child_t *child, int code,
                                                                 const char *format, ...);

//  launch/children.c: none runs yet; room for so many engines in all, those that are new to be started.
void children_make(supervisor_t *self);
void children_grow(supervisor_t *self, size_t engines);
void children_renew_engines(supervisor_t *self); // all of them are to start together: see launcher_t.renew

//  Starts what is due, and notes the pids where the next `ipcluster` finds them. One that died, as the words say, is
//  due at once, unless it dies again and again.
void children_start_due(supervisor_t *self);
void child_schedule_restart(supervisor_t *self, child_t *child, const char *how);
void child_name(char name[32], const child_t *child);

void children_signal(supervisor_t *self, int signal);  // all, the controller last
bool children_run(const supervisor_t *self);           // one of them does

//  Kills all that is our child: by now also what tasks started and detached, left by their nanny's end. True when there
//  was something.
bool children_kill_left(void);

//  launch/requests.c: goes on with the request that there is, or takes a new one.
void request_serve(supervisor_t *self);

//  What clients ask for, as the controller tells it: an engine ends for good, or runs anew. What comes of it, or why
//  not, is told to the controller: "gone ID"; "foreign ID", it is none of ours; "busy ID".
void request_of_client(supervisor_t *self, unsigned long id, bool removes);

//  A child has ended: true if it was asked to.
bool request_ended_child(supervisor_t *self, child_t *child);

#endif
