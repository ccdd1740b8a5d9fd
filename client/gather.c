//  Gather, its second half: once every engine has said dtype and shape of its part, one object is made and the
//  engines write into it (DESIGN.md 6). Small parts came with the first half already.
#include <string.h>

#include "client/results.h"
#include "client/resume.h"
#include "common/array_body.h"
#include "common/fail.h"

//  A part as the first half told it.
typedef struct part {
    bool large;                        // dtype and shape alone; else
    ipc_value_t value;                 //   the value itself
    ipc_dtype_t dtype;
    int ndim;                          // 0: no array
    size_t shape[IPC_MAX_DIMENSIONS];
} part_t;

static part_t read_part(const ipc_result_t *self, size_t i)
{
    part_t part = {.value = positions_value(&self->positions, i)};
    if (part.value.kind != IPC_KIND_LIST || part.value.count < 2)
        return part;
    const ipc_value_t *told = part.value.as.items;
    part.large = part.value.count == 3;
    part.value = told[1];
    const ipc_array_t *array = ipc_value_array(told[1]);
    if (part.large) {
        part.dtype = (ipc_dtype_t) ipc_value_i64(told[1]);
        part.ndim = (int) ipc_value_count(told[2]);
        for (int k = 0; k < part.ndim && k < IPC_MAX_DIMENSIONS; k++)
            part.shape[k] = ipc_value_u64(ipc_value_at(told[2], (size_t) k));
    } else if (array) {
        part.dtype = (ipc_dtype_t) array->dtype;
        part.ndim = (int) array->ndim;
        memcpy(part.shape, array->shape, sizeof part.shape);
    }
    return part;
}

//  The array of all parts, and the rows where each begins; false when they do not fit together.
static bool plan_whole(ipc_result_t *self, ipc_array_ref_t *whole)
{
    part_t first = read_part(self, 0);
    self->more->rows = ipc_xrealloc(self->more->rows, (self->positions.count + 1) * sizeof self->more->rows[0]);
    self->more->rows[0] = 0;
    for (size_t i = 0; i < self->positions.count; i++) {
        part_t part = read_part(self, i);
        if (part.ndim < 1 || part.ndim > IPC_MAX_DIMENSIONS || part.dtype != first.dtype ||
            part.ndim != first.ndim ||
            memcmp(part.shape + 1, first.shape + 1, (size_t) (part.ndim - 1) * sizeof part.shape[0]) != 0)
            return false;
        self->more->rows[i + 1] = self->more->rows[i] + part.shape[0];
    }
    *whole = (ipc_array_ref_t){.dtype = first.dtype, .ndim = first.ndim};
    memcpy(whole->shape, first.shape, sizeof whole->shape);
    whole->shape[0] = self->more->rows[self->positions.count];
    return true;
}

static size_t row_bytes(const ipc_array_ref_t *whole)
{
    size_t size = ipc_dtype_size(whole->dtype);
    for (int k = 1; k < whole->ndim; k++) size *= whole->shape[k];
    return size;
}

//  Takes the object for all parts, pinned as long as the result shows it; copies the small parts into it.
static int make_whole(ipc_result_t *self, ipc_array_ref_t *whole, ipc_error_t *error)
{
    ipc_client_t *client = self->client;
    size_t count = 0, row = row_bytes(whole);
    if (ipc_shape_count(whole->dtype, whole->ndim, whole->shape, &count, error))
        return -1;
    char *memory = ipc_store_take(client->store, count * ipc_dtype_size(whole->dtype), &self->more->object, error);
    if (!memory)
        return -1;
    client->pins = ipc_xrealloc(client->pins, (client->pin_count + 1) * sizeof client->pins[0]);
    client->pins[client->pin_count++] = (pin_t){.object = self->more->object};
    whole->object = self->more->object;
    self->more->whole = ipc_array_wrap(whole->dtype, whole->ndim, whole->shape, memory, NULL, NULL);
    for (size_t i = 0; i < self->positions.count; i++) {
        part_t part = read_part(self, i);
        if (!part.large)
            memcpy(memory + self->more->rows[i] * row, ipc_value_array(part.value)->data,
                   ipc_array_size(ipc_value_array(part.value)));
    }
    return 0;
}

//  A position begins anew.
static void wait_again(ipc_result_t *self, size_t i)
{
    positions_reset(&self->positions, i);
    size_t kept = 0;
    for (size_t k = 0; k < self->run_count; k++)
        if (self->runs[k].first != i)
            self->runs[kept++] = self->runs[k];
    self->run_count = kept;
}

//  Sends the second job to the engines with large parts; the others' positions stay done.
static void ask_again(ipc_result_t *self, ipc_function_kind_t kind, const ipc_writer_t *arguments,
                      const ipc_objects_t *objects)
{
    ipc_client_t *client = self->client;
    ipc_writer_t targets = {0};
    uint64_t waiting = 0;
    for (size_t i = 0; i < self->positions.count; i++) {
        part_t part = read_part(self, i);
        if (positions_error(&self->positions, i))
            continue;
        if (!part.large) {
            positions_put(&self->positions, i, part.value);
            continue;
        }
        ipc_target_t target = {.engine = self->more->engines[i], .count = 1, .first = i};
        ipc_write_raw(&targets, &target, sizeof target);
        wait_again(self, i);
        waiting++;
    }
    int64_t function = function_of_kind(client, kind);
    ticket_t *ticket = ticket_new(client, self, self->positions.count, arguments->size);
    ticket->left = waiting;
    self->job = ticket->job;
    functions_tell(client, function);
    for (size_t i = 0; client->keeps && i < self->positions.count; i++) // nothing more comes for the others
        if (positions_is_done(&self->positions, i))
            ipc_ranges_add(&ticket->got, i, 1);
    size_t mark = resume_mark(client);
    link_send(client, &(ipc_msg_t){.type = IPC_MSG_SUBMIT,
                                   .submit = {.function = (uint32_t) function,
                                              .flags = IPC_SUBMIT_DIRECT,
                                              .job = ticket->job,
                                              .count = self->positions.count,
                                              .submitted = client_now(),
                                              .targets = {targets.data, targets.size},
                                              .objects = *objects,
                                              .arguments = {arguments->data, arguments->size}}});
    resume_keep(client, ticket, mark);
    ipc_writer_destroy(&targets);
}

static void ask_for_rows(ipc_result_t *self, const ipc_array_ref_t *whole)
{
    ipc_writer_t arguments = {0};
    ipc_value_pack(ipc_value_from_str(self->more->name), &arguments, NULL, NULL, NULL);
    ipc_array_ref_write(whole, &arguments);
    ipc_value_pack(ipc_u64(self->more->rows, self->positions.count), &arguments, NULL, NULL, NULL);
    ask_again(self, IPC_FUNCTION_WRITE, &arguments, &(ipc_objects_t){(const char *) &self->more->object, 1});
    ipc_writer_destroy(&arguments);
    self->phase = GATHER_WRITE;
}

static void ask_for_parts(ipc_result_t *self)
{
    ipc_writer_t arguments = {0};
    ipc_value_pack(ipc_value_from_str(self->more->name), &arguments, NULL, NULL, NULL);
    ask_again(self, IPC_FUNCTION_PULL, &arguments, &(ipc_objects_t){"", 0});
    ipc_writer_destroy(&arguments);
    self->phase = GATHER_FETCH;
}

//  Shows each part as rows of the whole.
static void show_rows(ipc_result_t *self)
{
    size_t shape[IPC_MAX_DIMENSIONS], total = self->more->whole->shape[0];
    size_t row = total ? ipc_array_size(self->more->whole) / total : 0;
    memcpy(shape, self->more->whole->shape, sizeof shape);
    for (size_t i = 0; i < self->positions.count; i++) {
        if (positions_error(&self->positions, i))
            continue;
        shape[0] = self->more->rows[i + 1] - self->more->rows[i];
        ipc_array_t *part =
            ipc_array_wrap((ipc_dtype_t) self->more->whole->dtype, (int) self->more->whole->ndim, shape,
                           (char *) self->more->whole->data + self->more->rows[i] * row, NULL, NULL);
        ipc_arena_hold(result_arena(self), part);
        positions_put(&self->positions, i, ipc_value_from_array(part));
    }
}

static void show_values(ipc_result_t *self)
{
    for (size_t i = 0; i < self->positions.count; i++)
        if (!positions_error(&self->positions, i))
            positions_put(&self->positions, i, read_part(self, i).value);
}

static void after_probe(ipc_result_t *self)
{
    ipc_array_ref_t whole;
    ipc_error_t error = {0};
    bool large = false;
    for (size_t i = 0; i < self->positions.count; i++) large = large || read_part(self, i).large;
    self->phase = GATHER_OVER;
    if (!large) {
        show_values(self);
    } else if (self->positions.failed > 0 || !plan_whole(self, &whole)) {
        ask_for_parts(self);
    } else if (make_whole(self, &whole, &error)) {
        for (size_t i = 0; i < self->positions.count; i++) wait_again(self, i);
        result_fail_rest(self, &error);
    } else {
        ask_for_rows(self, &whole);
    }
}

void gather_go_on(ipc_result_t *self)
{
    switch (self->phase) {
    case GATHER_PROBE: after_probe(self); return;
    case GATHER_WRITE: show_rows(self); break;
    default: break;
    }
    self->phase = GATHER_OVER;
}
