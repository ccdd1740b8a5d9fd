//  draft_t: a submission while it is put together: the client's lock is held from draft_begin() to draft_end(), so
//  that nothing comes between. What goes wrong is kept in its error, with which draft_end() refuses it.
#ifndef IPC_CLIENT_DRAFT_H
#define IPC_CLIENT_DRAFT_H

#include "client/results.h"

typedef struct draft {
    ipc_view_t *view;
    ipc_client_t *client;
    const ipc_call_t *call;
    ipc_options_t options;
    const char *method;
    const uint32_t *engines;           // of the view, now; lent
    size_t engine_count;
    int64_t function;
    uint64_t count;                    // positions
    uint32_t items;                    // ipc_items_t
    int64_t base;
    ipc_writer_t *arguments, *objects, *places, *data, *targets; // the client's, empty
    bool direct;
    bool is_call;                      // of a function, by apply
    bool is_marked_cuda;               // by options of its own
    uint64_t cell;                     // of executed source its number; else 0
    struct given *given, **last_given; // values of other calls that it waits for
    uint64_t given_count;              // of them
    ipc_arena_t *arena;                // of values that are made for it; or NULL
    ipc_error_t error;
} draft_t;

//  Whether options can be those of a call. 0, or -1 with *error: ARGUMENT, DEPENDENCY. With the lock.
int draft_check_options(ipc_client_t *client, const ipc_options_t *options, bool direct, ipc_error_t *error);

//  Waits for credit, takes the lock.
//      view, call   borrowed until draft_end()
//      method       static: stands in errors
void draft_begin(draft_t *self, ipc_view_t *view, const ipc_call_t *call, const char *method);

//  Sends what was put together, or refuses it; gives the lock back. Gives the result.
ipc_result_t *draft_end(draft_t *self, result_shape_t shape);

//  One position for each engine of a direct view; a balanced view's engines are those allowed.
void draft_target_engines(draft_t *self);
void draft_target(draft_t *self, uint32_t engine, size_t first, size_t count);
result_shape_t draft_shape(const draft_t *self);

//  0, or -1 with its error.
int draft_need_direct(draft_t *self, const char *name); // a direct view, and a name that is not empty
int draft_argument(draft_t *self, ipc_value_t value);
int draft_begin_item(draft_t *self);                    // of the list: it begins here in data
int draft_item(draft_t *self, ipc_value_t item);        // a value
void draft_end_items(draft_t *self);

//  Memory that lasts as long as the draft.
ipc_arena_t *draft_arena(draft_t *self);

//  What is wrong with an array itself: 0, or -1 with its error.
int draft_check_array(draft_t *self, ipc_value_t array);

//  Puts an array of more than limit bytes into an object, which items then refer to: 1 with *whole, 0 when it is no
//  larger, -1 with its error. To be checked before.
int draft_share(draft_t *self, ipc_value_t array, size_t limit, ipc_array_ref_t *whole);

//  An ipc_place_fn, the draft as context: into a segment of the client's, which the submission names.
int draft_place(void *context, const void *data, size_t size, ipc_array_ref_t *ref, ipc_error_t *error);

#endif
