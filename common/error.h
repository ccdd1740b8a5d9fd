//  ipc_error_t: what went wrong, as a code to branch on and a sentence to read. A plain struct of the
//  caller's, never allocated, so that failing cannot fail.
#ifndef IPC_COMMON_ERROR_H
#define IPC_COMMON_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

//  Code, kind and meaning. The numbers travel between processes: add at the end only.
// clang-format off
#define IPC_CODES(X)                                                                          \
    X(NONE,        "none",             "no error")                                            \
    X(ARGUMENT,    "ArgumentError",    "an argument of the call is wrong")                    \
    X(MEMORY,      "MemoryError",      "no memory, or more asked for than a named limit")     \
    X(TIMEOUT,     "TimeoutError",     "the deadline passed")                                 \
    X(CONNECTION,  "ConnectionError",  "no cluster, or the cluster is gone")                  \
    X(PROTOCOL,    "ProtocolError",    "a message that makes no sense")                       \
    X(PERMISSION,  "PermissionError",  "a file or a peer that must not be trusted")           \
    X(SYSTEM,      "SystemError",      "the operating system refused")                        \
    X(ENGINE_LOST, "EngineLost",       "no such engine, or it is gone for good")              \
    X(REMOTE,      "RemoteError",      "a function on an engine raised")                      \
    X(CRASH,       "Crash",            "a function on an engine killed its process")          \
    X(RESULT_LOST, "ResultLost",       "the task finished, its result was lost")              \
    X(NAME,        "NameError",        "a name that is not defined")                          \
    X(IMAGE,       "ImageError",       "a program that cannot be sent to engines")            \
    X(MODULE,      "ModuleError",      "a module that cannot be loaded")                      \
    X(ABORTED,     "Aborted",          "the work was dropped")                                \
    X(LIMIT,       "LimitError",       "a named limit was reached")                           \
    X(BUSY,        "BusyError",        "it runs already, or does not run")                    \
    X(IMPOSSIBLE,  "ImpossibleDependency", "no engine can ever run it, or what it depends on ended otherwise") \
    X(DEPENDENCY,  "InvalidDependency", "it depends on what is no task of this client")       \
    X(INTERRUPTED, "WaitInterrupted",  "Ctrl-C ended the wait; the work goes on")            \
    X(COMPILE,     "CompileError",     "executed source that the compiler refuses")          \
    X(CUDA,        "CudaError",        "a GPU that is not there, or that failed")
// clang-format on

#define IPC_CODE_(name, kind, meaning) IPC_E_##name,
typedef enum ipc_code { IPC_CODES(IPC_CODE_) IPC_E_COUNT } ipc_code_t;
#undef IPC_CODE_

typedef struct ipc_error {
    int code;             // one of ipc_code_t
    int engine;           // the engine's id, -1 if none has a part in it
    char kind[32];        // the name of the kind: "DomainError", "SIGSEGV", "ArgumentError"
    char text[512];       // one whole sentence, printed as it is
    char where[160];      // "function (file.c:12)", or empty
    const void *more;     // lent by the result: traces, the other engines' errors; or NULL
    uint64_t reserved[8]; // room for later versions
} ipc_error_t;

//  Prints the error as people read it: the sentence; of a function on an engine the kind and a head line
//  such as "[0:apply]:" first, its trace after. Of an error of several positions each part so, four at most, and
//  then how many there are more; what the compiler refuses is printed once where it is the same on several engines,
//  which are named below it. On a terminal it is in colours, unless NO_COLOR is set or TERM is "dumb".
//      error      borrowed
//      stream     borrowed
void ipc_error_print(const ipc_error_t *error, FILE *stream);

//  The error of a result is of several positions if several failed, and each of its parts of one. How many parts an
//  error has (1 for a plain one, 0 for NULL; positions that failed for one common reason are one part); part i, lent
//  as the error is, NULL when out of range. Results that were joined give plain parts, no errors with parts in them.
size_t ipc_error_count(const ipc_error_t *error);
const ipc_error_t *ipc_error_part(const ipc_error_t *error, size_t i);

//  The operation that failed, "apply", "map", "pull", …, and the calls that led to a failure on an engine, one a line
//  as in "    at inner (prog.c:6)", innermost first. Lent as the error is; "" where there is none.
const char *ipc_error_method(const ipc_error_t *error);
const char *ipc_error_trace(const ipc_error_t *error);

//  Of a task whose process died: the last lines that it wrote to stderr, ten at most. Of one that was tried several
//  times: how each run before the last ended, one a line, as in "    attempt 1: engine 2, 14:03:07.120, SIGSEGV after
//  0.2 s", which counts from when it was sent. Of an error of
//  several positions, the first one's. Lent as the error is; "" where there is none.
const char *ipc_error_output(const ipc_error_t *error);
const char *ipc_error_attempts(const ipc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
