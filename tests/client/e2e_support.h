//  What the end-to-end tests share. Each runs beside a cluster of four engines
//  (tests/with_cluster) and speaks to it as any client program does: through ipclient.h
//  alone.
#ifndef IPC_TESTS_CLIENT_E2E_SUPPORT_H
#define IPC_TESTS_CLIENT_E2E_SUPPORT_H

#include <check.h>
#include <ipclient.h>
#include <sys/types.h>

enum { ENGINES = 4 };

//  Whether a running task can be stopped without its process (engine/interrupt.c).
#ifdef __SANITIZE_THREAD__
enum { TASKS_ARE_STOPPED = false };
#else
enum { TASKS_ARE_STOPPED = true };
#endif

//  A client with the views that nearly every test needs; any failure fails the test.
typedef struct session {
    ipc_client_t *client;
    ipc_view_t *all; // "all"
    ipc_view_t *one; // "0", bare
    ipc_view_t *any; // balanced
} session_t;

//  Connects, and waits until all engines are there.
session_t session_open(void);
void session_close(session_t *self);

//  The same while the controller is being started again.
session_t session_again(void);

//  A direct view that must be given.
ipc_view_t *view_of(session_t *self, const char *targets);

//  Fails the test, with the error's words, unless the result is ok.
void assert_ok(ipc_result_t *result);

//  Fails the test unless the result failed and its error's text has this word in it, in any
//  case of letters.
void assert_fails(ipc_result_t *result, const char *word);

//  Fails the test unless position 0 failed with this kind, and these words in its text; frees the result.
void assert_refused(ipc_result_t *result, const char *kind, const char *words);

//  Fails the test unless printing the result gives exactly this and the end of a line.
void assert_prints(ipc_result_t *result, const char *expected);

//  What display, and error_print, write; the caller frees it.
char *display_of(ipc_result_t *result);
char *error_text_of(const ipc_error_t *error);

//  The pid of this cluster's process of that name (the first found), 0 if there is none.
pid_t process_named(const char *name);

//  Waits until a process has ended; fails the test after ten seconds.
void await_end(pid_t pid);

//  Runs a program to its end and gives what it wrote to stdout (the caller frees it);
//  *status is its exit code, -1 if a signal ended it. arguments ends with NULL.
char *output_of(char *const arguments[], int *status);

//  A place where tasks wait until the test lets them through: a FIFO of a private name. A remote function calls
//  gate_await() with its path.
typedef struct gate {
    char folder[32], path[48];
    int end;                           // -1: not open for good
} gate_t;

gate_t gate_new(void);
void gate_open(gate_t *self);          // for all, from now on
void gate_pass_one(const gate_t *self); // one that waits, once it is there
void gate_nudge(const gate_t *self);   // those that wait now
void gate_remove(gate_t *self);
void gate_await(const char *path);

//  The tasks that a query finds, given; how many they are.
ipc_history_t *history_of(session_t *self, const ipc_history_query_t *query);
size_t task_count(session_t *self, const ipc_history_query_t *query);

//  What 'ipcluster' with these words, and NULL, prints to stdout and stderr, given that its exit status is the one that
//  is wanted; the caller frees it.
char *ipcluster_prints(int wanted, ...);

//  Fails the test unless the text has these words; frees it.
void assert_shows(char *text, const char *words);

//  Seconds of the monotonic clock.
double now(void);

//  The main function of each test program: one suite with one case, whose tests add()
//  names.
int e2e_main(const char *name, void (*add)(TCase *tests));

#endif
