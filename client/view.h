//  ipc_view_t: engines that a program addresses as one. A direct view names them; a balanced view lets the
//  controller choose. One thread at a time. Every operation gives a result, never NULL: one that could not
//  even be sent gives a result that already holds its error. A result that is not kept belongs to its client and goes
//  with it.
//
//  What one client sends to one engine directly runs there in that order. A balanced task runs after what its client
//  sent before it, directly, to the engine that takes it: who pushes a name and then maps over it need not wait.
#ifndef IPC_CLIENT_VIEW_H
#define IPC_CLIENT_VIEW_H

#include "client/client.h"
#include "client/dependency.h"
#include "client/result.h"
#include "common/remote.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ipc_view ipc_view_t;

//  A view of the engines in targets: a bare number ("0", "-1") gives bare values, a list or slice ("0,2",
//  "::2", "1:3", "[0]") lists in that order, "all" the engines of the moment of each call. Slices and
//  negative numbers count positions in the sorted list of ids. NULL with *error: ARGUMENT, ENGINE_LOST.
ipc_view_t *ipc_direct_view(ipc_client_t *client, const char *targets, ipc_error_t *error);

//  A view whose tasks go to whichever engine is free.
//      targets      borrowed; as above: those engines only; NULL: all
ipc_view_t *ipc_balanced_view(ipc_client_t *client, const char *targets, ipc_error_t *error);

//  Frees the view and sets *self_p to NULL; NULL is fine. Its results stay.
void ipc_view_destroy(ipc_view_t **self_p);

//  The number of engines it addresses now.
size_t ipc_view_count(ipc_view_t *self);

//  Their ids in the view's order, which is that of the positions of its direct calls; lent until the next call on this
//  view.
//      count        written: how many
const int *ipc_view_ids(ipc_view_t *self, size_t *count);

//  Options of one call; every default is zero.
typedef struct ipc_options {
    size_t chunk;              // items of a map that travel together; 0: automatic
    bool unordered;            // ipc_result_next() of a map may give chunks as they come
    bool detach;               // goes on when the client goes; its results are kept: see ipc_client_fetch()
    int retries;               // how often a failed task runs again, on an engine that has not failed it while there
                               // is one; its last error stays
    int timeout_ms;            // what has not started by then ends with the error TIMEOUT, kind "TaskTimeout"
    int run_limit_ms;          // that a position may run: then it is stopped as by ipc_result_abort(), with the same
                               // error; retries begin anew
    int priority;              // higher runs first
    const char *needs;         // of a balanced view: what must be there for each task, as "gpu=1,memory=2e9": of what
                               // engines were said to have (ipengine --has) each task may have all of its engine's;
                               // cores and memory are the host's: tasks on all its engines have no more together
    const char *label;         // a name for people, up to 63 bytes
    const ipc_dependency_t *after;  // of a balanced view: .after = ipc_after(a, b); see dependency.h
    const ipc_dependency_t *follow; // likewise: on the engine that ran those
    bool round_robin;          // a scatter gives element i to engine i mod their number, instead of contiguous parts;
                               // a gather puts such parts together again
    bool flatten;              // a scatter binds a part of exactly one element as that element itself
    bool restore;              // a cell, file or include that was fine runs again, with others of its kind in their
                               // order, on an engine that starts again, before its next task; until ipc_view_clear()
    bool cuda;                 // of a cell: it is CUDA C++, for the engines' GPUs
    uint64_t reserved[7];      // room for later versions
} ipc_options_t;

//  ipc_view_set_options(view, options, error): options that each later call of the view takes: a field of its own
//  options that is not zero (a string or dependency: not NULL, "" and one of no results included) goes before the
//  view's. NULL: none any more. A call takes them as if they were its own: a push passes over chunk. All that they
//  hold is copied; results that they name may be destroyed, and still are what a call waits for. 0, or -1 with
//  *error as calls with such options would fail: ARGUMENT, DEPENDENCY; the view's options are then as before.
int ipc_view_take_options(ipc_view_t *self, size_t options_size, const ipc_options_t *options, ipc_error_t *error);
#define ipc_view_set_options(view, ...) ipc_view_take_options((view), sizeof(ipc_options_t), __VA_ARGS__)

//  ipc_compile_options(view, options, error): how the cells and includes of a view are compiled from now on; what is
//  NULL or "" is as without options, NULL for options is all of them. Each cell takes those of its own view; a library
//  stays loaded for all later cells of its engines, and directories of headers are known to them, too. Paths that are
//  not absolute count from this program's working directory, and are looked for on the engines' hosts. All strings are
//  copied. 0, or -1 with *error: ARGUMENT, SYSTEM. What the compiler, or the linker, refuses is the CompileError of the
//  next cell.
//      ipc_compile_options(all, &(ipc_compile_t){.flags = "-O3 -march=native -DSIZE=9", .libraries = "fftw3 ./my.so"},
//                          &error);
typedef struct ipc_compile {
    const char *flags;         // of the compiler, as in a shell, quotes and all; behind its own (-O2 -g -std=gnu17 …)
    const char *include;       // directories where headers are looked for first, with a colon between them
    const char *libraries;     // names as behind -l ("fftw3 openblas") and paths of shared objects ("./my.so"), with
                               // a blank between them
    const char *library_path;  // directories where named libraries are looked for first, with a colon between them
    uint64_t reserved[8];      // room for later versions
} ipc_compile_t;
int ipc_view_take_compile_options(ipc_view_t *self, size_t options_size, const ipc_compile_t *options,
                                  ipc_error_t *error);
#define ipc_compile_options(view, ...) \
    ipc_view_take_compile_options((view), sizeof(ipc_compile_t), __VA_ARGS__)

//  ipc_prepare(view, what): what each engine that the view uses does before anything else of this view: the engines of
//  now at once, those that join later before the view's next call to them, and those that start again before their next
//  task. It loads modules, includes headers for all cells and runs a start-up file, or source, in this order, as one
//  cell with the option .restore; the engines of a balanced view too. The result is of the engines of now; an error on
//  one that comes later is told when the client ends, as those are that nobody looks at. A balanced task that waits
//  already can reach a new engine first. ipc_view_clear() makes engines forget it, and the next call sends it again.
//  NULL: nothing more is sent. The strings are copied, the file is read now.
//      ipc_prepare(all, &(ipc_prepare_t){.include = "<complex.h> <limits.h>", .require = "heat", .file = "start.c"});
typedef struct ipc_prepare {
    const char *include;       // headers, a blank between them
    const char *require;       // modules that are installed on the engines, a blank between them
    const char *source;        // C source,
    const char *file;          // or a file of this program's host
    uint64_t reserved[8];      // room for later versions
} ipc_prepare_t;
#define ipc_prepare(view, ...) ipc_view_prepare((view), sizeof(ipc_prepare_t), __VA_ARGS__)

//  What a call asks for, as the macros below write it.
typedef struct ipc_call {
    const ipc_remote_t *remote;    // a function of the program's own,
    const char *name;              // or one of a module: "heat.solve"
    const ipc_value_t *arguments;
    size_t count;
    const ipc_options_t *options;  // or NULL
    size_t options_size;           // of the program's ipc_options_t
    bool wait;                     // the _sync form
} ipc_call_t;

//  The functions behind the macros.
ipc_result_t *ipc_view_apply(ipc_view_t *view, const ipc_call_t *call);
ipc_result_t *ipc_view_map(ipc_view_t *view, const ipc_call_t *call, ipc_value_t items);
ipc_result_t *ipc_view_push(ipc_view_t *view, const ipc_call_t *call, const char *name, ipc_value_t value);
ipc_result_t *ipc_view_push_dict(ipc_view_t *view, const ipc_call_t *call, ipc_value_t dict);
ipc_result_t *ipc_view_pull(ipc_view_t *view, const ipc_call_t *call, const char *name);
ipc_result_t *ipc_view_pull_list(ipc_view_t *view, const ipc_call_t *call, ipc_value_t names);
ipc_result_t *ipc_view_scatter(ipc_view_t *view, const ipc_call_t *call, const char *name,
                               ipc_value_t items);
ipc_result_t *ipc_view_gather(ipc_view_t *view, const ipc_call_t *call, const char *name);
ipc_result_t *ipc_view_require(ipc_view_t *view, const ipc_call_t *call, const char *module);
ipc_result_t *ipc_view_execute(ipc_view_t *view, const ipc_call_t *call, const char *source);
ipc_result_t *ipc_view_execute_file(ipc_view_t *view, const ipc_call_t *call, const char *path);
ipc_result_t *ipc_view_prepare(ipc_view_t *view, size_t size, const ipc_prepare_t *what);
ipc_result_t *ipc_view_include(ipc_view_t *view, const ipc_call_t *call, const char *header);
ipc_result_t *ipc_view_names(ipc_view_t *view, const ipc_call_t *call);

#ifdef __cplusplus
}
#else

// clang-format off
//  The call of a function with 0 to 8 arguments: the first of the list is the function's name.
#define IPC_CALL_1(W, O, F) \
    &(const ipc_call_t){.remote = &ipc_remote_##F, .options = (O), .options_size = sizeof(ipc_options_t), .wait = (W)}
#define IPC_CALL_2(W, O, F, a) \
    &(const ipc_call_t){.remote = &ipc_remote_##F, .arguments = (const ipc_value_t[]){IPC_EACH(IPC_VALUE, a)}, .count = 1, .options = (O), .options_size = sizeof(ipc_options_t), .wait = (W)}
#define IPC_CALL_3(W, O, F, a, b) \
    &(const ipc_call_t){.remote = &ipc_remote_##F, .arguments = (const ipc_value_t[]){IPC_EACH(IPC_VALUE, a, b)}, .count = 2, .options = (O), .options_size = sizeof(ipc_options_t), .wait = (W)}
#define IPC_CALL_4(W, O, F, a, b, c) \
    &(const ipc_call_t){.remote = &ipc_remote_##F, .arguments = (const ipc_value_t[]){IPC_EACH(IPC_VALUE, a, b, c)}, .count = 3, .options = (O), .options_size = sizeof(ipc_options_t), .wait = (W)}
#define IPC_CALL_5(W, O, F, a, b, c, d) \
    &(const ipc_call_t){.remote = &ipc_remote_##F, .arguments = (const ipc_value_t[]){IPC_EACH(IPC_VALUE, a, b, c, d)}, .count = 4, .options = (O), .options_size = sizeof(ipc_options_t), .wait = (W)}
#define IPC_CALL_6(W, O, F, a, b, c, d, e) \
    &(const ipc_call_t){.remote = &ipc_remote_##F, .arguments = (const ipc_value_t[]){IPC_EACH(IPC_VALUE, a, b, c, d, e)}, .count = 5, .options = (O), .options_size = sizeof(ipc_options_t), .wait = (W)}
#define IPC_CALL_7(W, O, F, a, b, c, d, e, f) \
    &(const ipc_call_t){.remote = &ipc_remote_##F, .arguments = (const ipc_value_t[]){IPC_EACH(IPC_VALUE, a, b, c, d, e, f)}, .count = 6, .options = (O), .options_size = sizeof(ipc_options_t), .wait = (W)}
#define IPC_CALL_8(W, O, F, a, b, c, d, e, f, g) \
    &(const ipc_call_t){.remote = &ipc_remote_##F, .arguments = (const ipc_value_t[]){IPC_EACH(IPC_VALUE, a, b, c, d, e, f, g)}, .count = 7, .options = (O), .options_size = sizeof(ipc_options_t), .wait = (W)}
#define IPC_CALL_9(W, O, F, a, b, c, d, e, f, g, h) \
    &(const ipc_call_t){.remote = &ipc_remote_##F, .arguments = (const ipc_value_t[]){IPC_EACH(IPC_VALUE, a, b, c, d, e, f, g, h)}, .count = 8, .options = (O), .options_size = sizeof(ipc_options_t), .wait = (W)}
#define IPC_CALL(W, O, ...) IPC_CAT(IPC_CALL_, IPC_COUNT(__VA_ARGS__))(W, O, __VA_ARGS__)

#define IPC_NAMED_1(W, O, F) \
    &(const ipc_call_t){.name = (F), .options = (O), .options_size = sizeof(ipc_options_t), .wait = (W)}
#define IPC_NAMED_2(W, O, F, a) \
    &(const ipc_call_t){.name = (F), .arguments = (const ipc_value_t[]){IPC_EACH(IPC_VALUE, a)}, .count = 1, .options = (O), .options_size = sizeof(ipc_options_t), .wait = (W)}
#define IPC_NAMED_3(W, O, F, a, b) \
    &(const ipc_call_t){.name = (F), .arguments = (const ipc_value_t[]){IPC_EACH(IPC_VALUE, a, b)}, .count = 2, .options = (O), .options_size = sizeof(ipc_options_t), .wait = (W)}
#define IPC_NAMED_4(W, O, F, a, b, c) \
    &(const ipc_call_t){.name = (F), .arguments = (const ipc_value_t[]){IPC_EACH(IPC_VALUE, a, b, c)}, .count = 3, .options = (O), .options_size = sizeof(ipc_options_t), .wait = (W)}
#define IPC_NAMED_5(W, O, F, a, b, c, d) \
    &(const ipc_call_t){.name = (F), .arguments = (const ipc_value_t[]){IPC_EACH(IPC_VALUE, a, b, c, d)}, .count = 4, .options = (O), .options_size = sizeof(ipc_options_t), .wait = (W)}
#define IPC_NAMED_6(W, O, F, a, b, c, d, e) \
    &(const ipc_call_t){.name = (F), .arguments = (const ipc_value_t[]){IPC_EACH(IPC_VALUE, a, b, c, d, e)}, .count = 5, .options = (O), .options_size = sizeof(ipc_options_t), .wait = (W)}
#define IPC_NAMED_7(W, O, F, a, b, c, d, e, f) \
    &(const ipc_call_t){.name = (F), .arguments = (const ipc_value_t[]){IPC_EACH(IPC_VALUE, a, b, c, d, e, f)}, .count = 6, .options = (O), .options_size = sizeof(ipc_options_t), .wait = (W)}
#define IPC_NAMED_8(W, O, F, a, b, c, d, e, f, g) \
    &(const ipc_call_t){.name = (F), .arguments = (const ipc_value_t[]){IPC_EACH(IPC_VALUE, a, b, c, d, e, f, g)}, .count = 7, .options = (O), .options_size = sizeof(ipc_options_t), .wait = (W)}
#define IPC_NAMED_9(W, O, F, a, b, c, d, e, f, g, h) \
    &(const ipc_call_t){.name = (F), .arguments = (const ipc_value_t[]){IPC_EACH(IPC_VALUE, a, b, c, d, e, f, g, h)}, .count = 8, .options = (O), .options_size = sizeof(ipc_options_t), .wait = (W)}
#define IPC_NAMED(W, O, ...) IPC_CAT(IPC_NAMED_, IPC_COUNT(__VA_ARGS__))(W, O, __VA_ARGS__)
#define IPC_PLAIN(W, O) &(const ipc_call_t){.options = (O), .options_size = sizeof(ipc_options_t), .wait = (W)}

//  ipc_apply(view, function, arguments…): calls a function of the program's own (IPC_REMOTE, IPC_IMPORT) on
//  each engine of a direct view, or on one engine of a balanced one. The _sync form waits for the answers, the _with
//  form takes options: a pointer, or a literal in parentheses: (&(ipc_options_t){.retries = 3}).
//
//  Arguments are copied by the call and checked by it, not by the compiler: their number, kinds and ranges. A number
//  converts when that is exact, an integer for a double, say; a double for an integer is an error. An array that the
//  function takes as const is for reading; one that it may write is a copy of its own, but for that of an ipc_ref(),
//  which is the engine's: what is written there stays.
//
//  An argument, or a member of one, may be the result of another call of the client, done or not: ipc_apply(any, add,
//  ipc_apply(any, square, 3), 1). The task then waits for that value, which goes from one engine to the other and does
//  not pass through the program. A result of several positions is one value: an array where they join, as
//  ipc_result_joined() gives it, else a list; ipc_result_ref(result, i) is one of them. The result may be destroyed
//  after the call. If what it waits for fails, so does this call, without having run: ImpossibleDependency. On a direct
//  view such a call has its place in the order of its engine from when the value is there.
#define ipc_apply(view, ...) ipc_view_apply((view), IPC_CALL(false, NULL, __VA_ARGS__))
#define ipc_apply_sync(view, ...) ipc_view_apply((view), IPC_CALL(true, NULL, __VA_ARGS__))
#define ipc_apply_with(view, options, ...) ipc_view_apply((view), IPC_CALL(false, options, __VA_ARGS__))
#define ipc_apply_with_sync(view, options, ...) ipc_view_apply((view), IPC_CALL(true, options, __VA_ARGS__))

//  ipc_apply_named(view, "module.function", arguments…): the same for a function that lives on the engines.
#define ipc_apply_named(view, ...) ipc_view_apply((view), IPC_NAMED(false, NULL, __VA_ARGS__))
#define ipc_apply_named_sync(view, ...) ipc_view_apply((view), IPC_NAMED(true, NULL, __VA_ARGS__))
#define ipc_apply_named_with(view, options, ...) ipc_view_apply((view), IPC_NAMED(false, options, __VA_ARGS__))
#define ipc_apply_named_with_sync(view, options, ...) ipc_view_apply((view), IPC_NAMED(true, options, __VA_ARGS__))

//  ipc_map(view, function, items): calls a function of one parameter for each item: a range, an array (its
//  elements or rows), a list; or a function of several parameters for the items of an ipc_zip(). A direct view deals
//  them out in contiguous blocks. There are 2^30 items at most; ipc_imap() takes any number.
#define ipc_map(view, function, items) ipc_view_map((view), IPC_CALL_1(false, NULL, function), IPC_VALUE(items))
#define ipc_map_sync(view, function, items) ipc_view_map((view), IPC_CALL_1(true, NULL, function), IPC_VALUE(items))
#define ipc_map_with(view, function, items, ...) \
    ipc_view_map((view), IPC_CALL_1(false, (__VA_ARGS__), function), IPC_VALUE(items))
#define ipc_map_with_sync(view, function, items, ...) \
    ipc_view_map((view), IPC_CALL_1(true, (__VA_ARGS__), function), IPC_VALUE(items))

//  ipc_push(view, name, value): binds a name on each engine; the value may be the result of a call, as above.
//  ipc_pull(view, name): reads it. ipc_ref(name) as an argument of a call is what the engine that runs it has there.
//  A name may lead into a value: "a.b" is the member b of the dictionary a, "a[2]" the third member of a list, element
//  of a 1-D array or row of another; "a[-1]" is the last, and "a.b[2].c" goes on. A pull, a gather or an ipc_ref()
//  reads what is there, or raises NameError, which says what part is not. A push or scatter to such a name sets the
//  member of a dictionary, where it may be new, or of a list. A name that was bound whole, dots and all, is that name;
//  and so is bound what begins with no name that there is.
#define ipc_push(view, name, value) ipc_view_push((view), IPC_PLAIN(false, NULL), (name), IPC_VALUE(value))
#define ipc_push_sync(view, name, value) ipc_view_push((view), IPC_PLAIN(true, NULL), (name), IPC_VALUE(value))
#define ipc_push_with(view, name, value, ...) \
    ipc_view_push((view), IPC_PLAIN(false, (__VA_ARGS__)), (name), IPC_VALUE(value))
#define ipc_push_with_sync(view, name, value, ...) \
    ipc_view_push((view), IPC_PLAIN(true, (__VA_ARGS__)), (name), IPC_VALUE(value))
#define ipc_pull(view, name) ipc_view_pull((view), IPC_PLAIN(false, NULL), (name))
#define ipc_pull_sync(view, name) ipc_view_pull((view), IPC_PLAIN(true, NULL), (name))
#define ipc_pull_with(view, name, ...) ipc_view_pull((view), IPC_PLAIN(false, (__VA_ARGS__)), (name))
#define ipc_pull_with_sync(view, name, ...) ipc_view_pull((view), IPC_PLAIN(true, (__VA_ARGS__)), (name))

//  ipc_push_dict(view, dict): binds each key of a dictionary to its value, on each engine all or, if one cannot be,
//  none. ipc_pull_list(view, names): reads a list of names, as the list of their values.
#define ipc_push_dict(view, dict) ipc_view_push_dict((view), IPC_PLAIN(false, NULL), (dict))
#define ipc_push_dict_sync(view, dict) ipc_view_push_dict((view), IPC_PLAIN(true, NULL), (dict))
#define ipc_push_dict_with(view, dict, ...) ipc_view_push_dict((view), IPC_PLAIN(false, (__VA_ARGS__)), (dict))
#define ipc_push_dict_with_sync(view, dict, ...) ipc_view_push_dict((view), IPC_PLAIN(true, (__VA_ARGS__)), (dict))
#define ipc_pull_list(view, names) ipc_view_pull_list((view), IPC_PLAIN(false, NULL), (names))
#define ipc_pull_list_sync(view, names) ipc_view_pull_list((view), IPC_PLAIN(true, NULL), (names))
#define ipc_pull_list_with(view, names, ...) ipc_view_pull_list((view), IPC_PLAIN(false, (__VA_ARGS__)), (names))
#define ipc_pull_list_with_sync(view, names, ...) ipc_view_pull_list((view), IPC_PLAIN(true, (__VA_ARGS__)), (names))

//  ipc_names(view): what the engines' namespaces have: of each engine a dictionary, in the order of the names, that says
//  in words what each is: of executed source the C type without the name, as "double [16]" or "int (int x)" of a
//  function; else "int64", "uint64", "double", "double complex", "bool", "string", "float64 array 4 x 3", "list of 3",
//  "dictionary of 2". Types, macros and what modules have are no names of the namespace.
#define ipc_names(view) ipc_view_names((view), IPC_PLAIN(false, NULL))
#define ipc_names_sync(view) ipc_view_names((view), IPC_PLAIN(true, NULL))
#define ipc_names_with(view, ...) ipc_view_names((view), IPC_PLAIN(false, (__VA_ARGS__)))
#define ipc_names_with_sync(view, ...) ipc_view_names((view), IPC_PLAIN(true, (__VA_ARGS__)))

//  ipc_scatter(view, name, items): deals items out in contiguous parts, along axis 0 of an array, and binds
//  each engine's part to the name. ipc_gather(view, name): collects the parts. With .round_robin both deal one
//  element after another: the gather that has it, too, puts the elements back in their order. It takes one from each
//  part in turn, in the order of the view, and passes over parts that have no more.
#define ipc_scatter(view, name, items) ipc_view_scatter((view), IPC_PLAIN(false, NULL), (name), IPC_VALUE(items))
#define ipc_scatter_sync(view, name, items) ipc_view_scatter((view), IPC_PLAIN(true, NULL), (name), IPC_VALUE(items))
#define ipc_scatter_with(view, name, items, ...) \
    ipc_view_scatter((view), IPC_PLAIN(false, (__VA_ARGS__)), (name), IPC_VALUE(items))
#define ipc_scatter_with_sync(view, name, items, ...) \
    ipc_view_scatter((view), IPC_PLAIN(true, (__VA_ARGS__)), (name), IPC_VALUE(items))
#define ipc_gather(view, name) ipc_view_gather((view), IPC_PLAIN(false, NULL), (name))
#define ipc_gather_sync(view, name) ipc_view_gather((view), IPC_PLAIN(true, NULL), (name))
#define ipc_gather_with(view, name, ...) ipc_view_gather((view), IPC_PLAIN(false, (__VA_ARGS__)), (name))
#define ipc_gather_with_sync(view, name, ...) ipc_view_gather((view), IPC_PLAIN(true, (__VA_ARGS__)), (name))

//  ipc_require(view, module): loads a module now and reports: one installed on the engines ("heat"), or a
//  shared library by its path ("./mine.so").
#define ipc_require(view, module) ipc_view_require((view), IPC_PLAIN(false, NULL), (module))
#define ipc_require_sync(view, module) ipc_view_require((view), IPC_PLAIN(true, NULL), (module))
#define ipc_require_with(view, module, ...) ipc_view_require((view), IPC_PLAIN(false, (__VA_ARGS__)), (module))
#define ipc_require_with_sync(view, module, ...) ipc_view_require((view), IPC_PLAIN(true, (__VA_ARGS__)), (module))

//  ipc_execute(view, source): compiles C source, a cell, with the C compiler of the engines' hosts (cc, or what IPC_CC
//  names in their environment) and runs it on each engine; what was compiled once on a host is not compiled there
//  again. A cell is any mix of #includes, macros, types, functions, variables and statements, as in a notebook; what it
//  declares lasts for later cells, where the newest declaration of a name counts (functions go on with what they were
//  compiled with). <stdio.h>, <stdlib.h>, <string.h>, <math.h>, <complex.h>, <stdint.h>, <stdbool.h>, <time.h> and
//  <unistd.h> are there, whose names a cell may use for things of its own ("int time;"), and of this library
//  what remote functions may call (IPC_REMOTE), with values and arrays. A last expression without a semicolon is the
//  position's value: a number, string, value, array (also one without a name, of one or two dimensions), a struct as a
//  dictionary of its members; of a union, or a struct that no cell declares, a sentence; else, as of pointers, none.
//
//  Variables are the engine's namespace. Numbers, char * and char arrays (as strings), arrays of numbers of fixed
//  lengths, ipc_value_t and pointers to ipc_array_t can be pulled, gathered, pushed and referred to by name; a push of
//  another kind of value than the variable's makes the name that value. Structs that a cell declares, and arrays of
//  them or of strings, can be pulled: as dictionaries and lists; of members that are no numbers, strings, arrays or
//  such structs, as pointers, there is none, and bit-fields are left out. A dictionary of some of its members can be
//  pushed to a struct. To pull what has no such value (unions, other pointers, functions) is a NameError that says so.
//
//  What was pushed or scattered can be used in cells by its name: a number as int64_t, uint64_t, double, double complex
//  or bool, a string as char *, a list or dictionary as ipc_value_t, an array x of double as double *const x with all
//  its elements in C order, and beside it size_t x_count, int x_ndim and size_t x_shape[]: they follow each push of
//  that name. It stays where it is until the name is bound anew.
//
//  What an ipc_value_t or a pointer to an array that is a variable of a cell is set to is the variable's own from the
//  end of the cell, or of the function called by name, on: ipc_value_t d = ipc_list(1, 2); and arrays that the cell
//  makes last until the variable is set anew. In a function or block what it is set to has to outlive that:
//  ipc_give(). If a cell is stopped, such variables have what they had before it. What a char * points to is copied
//  by none: strdup() what ipc_text() gives if it is to outlive the cell. A literal of a type in a cell's own
//  expressions lasts too: int *p = (int[]){1, 2};
//
//  A function whose parameters and result are of the types that IPC_REMOTE has, also by names of cells for numbers, can
//  be called: ipc_apply_named(view, "scaled", 2.0).
//
//  What the compiler refuses is a CompileError, whose text has the cell's number, which counts this client's cells from
//  1, failed ones too, and its line and column: "cell 3, line 1, column 22: …". Such a cell has changed nothing; one
//  that raises or is stopped while it runs has done what it did until then. Replacing a type or macro takes what was
//  declared by means of it out of sight. An engine that starts again, after a crash or ipc_view_restart(), has none of
//  all this, and says so when a name is missed, but for what cells with the option .restore do: those run again first.
//  What such a cell writes then goes to the engine's log, and so does what is wrong with it.
//  ipc_view_clear() makes an engine forget it too. Arrays that last have lengths that are constant; a variable that
//  lasts cannot be of one thread, nor of a type that a typedef makes constant; return; ends a cell; the members of an
//  enum without a name keep their numbers. A header in quotes is read anew for each cell.
//
//  ipc_execute_file(view, "demo.c"): the same for a file of this program's host, which is read now. It counts as a
//  cell; errors and traces name the file instead ("demo.c, line 3, column 5: …"), and headers in quotes are looked for
//  beside it.
//
//  With .cuda a cell is CUDA C++, declarations alone, which NVRTC compiles where engines have a GPU: elsewhere it is a
//  CudaError that says so. Its __global__ functions are run by ipc_launch(); those within an #if or of a macro, and
//  templates, are not known by name. What has no mark is for the GPU. Functions, types, templates, constants, macros
//  and #includes last for later CUDA cells, where the newest declaration of a name counts; it takes out of sight what
//  was declared by means of the old one (overloads of a function belong into one cell), but kernels go on with what
//  they were compiled with. Variables are the cell's own: kernels of later cells cannot see them. The integers of
//  <stdint.h>, and the math functions, printf() and assert() of CUDA are there. CUDA cells share no declarations with
//  other ones; they are counted together.
//
//  ipc_include(view, "<complex.h>"): an #include for every later cell of the engines.
#define ipc_execute(view, source) ipc_view_execute((view), IPC_PLAIN(false, NULL), (source))
#define ipc_execute_sync(view, source) ipc_view_execute((view), IPC_PLAIN(true, NULL), (source))
#define ipc_execute_with(view, source, ...) ipc_view_execute((view), IPC_PLAIN(false, (__VA_ARGS__)), (source))
#define ipc_execute_with_sync(view, source, ...) ipc_view_execute((view), IPC_PLAIN(true, (__VA_ARGS__)), (source))
#define ipc_execute_file(view, path) ipc_view_execute_file((view), IPC_PLAIN(false, NULL), (path))
#define ipc_execute_file_sync(view, path) ipc_view_execute_file((view), IPC_PLAIN(true, NULL), (path))
#define ipc_execute_file_with(view, path, ...) ipc_view_execute_file((view), IPC_PLAIN(false, (__VA_ARGS__)), (path))
#define ipc_execute_file_with_sync(view, path, ...) \
    ipc_view_execute_file((view), IPC_PLAIN(true, (__VA_ARGS__)), (path))
#define ipc_include(view, header) ipc_view_include((view), IPC_PLAIN(false, NULL), (header))
#define ipc_include_sync(view, header) ipc_view_include((view), IPC_PLAIN(true, NULL), (header))
#define ipc_include_with(view, header, ...) ipc_view_include((view), IPC_PLAIN(false, (__VA_ARGS__)), (header))
#define ipc_include_with_sync(view, header, ...) ipc_view_include((view), IPC_PLAIN(true, (__VA_ARGS__)), (header))
// clang-format on
#endif
#endif
