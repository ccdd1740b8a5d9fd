#include "client/given.h"

#include <stdlib.h>
#include <string.h>

#include "client/terms.h"
#include "common/awaited.h"
#include "common/fail.h"

//  --- Before the call is sent --------------------------------------------------------------------------------------

static bool holds_results(ipc_value_t value)
{
    if (value.kind == IPC_KIND_RESULT)
        return true;
    if (value.kind != IPC_KIND_LIST && value.kind != IPC_KIND_DICT)
        return false;
    size_t count = (size_t) value.count * (value.kind == IPC_KIND_DICT ? 2 : 1);
    for (size_t i = 0; i < count; i++)
        if (holds_results(value.as.items[i]))
            return true;
    return false;
}

static int check_result(draft_t *draft, const ipc_result_t *result, size_t first, size_t count)
{
    ipc_error_t *error = &draft->error;
    if (result->client != draft->client)
        return ipc_fail(error, IPC_E_DEPENDENCY, "an argument is a result of another client");
    if (first + count > result->positions.count)
        return ipc_fail(error, IPC_E_ARGUMENT, "an argument is position %zu of a result that has %zu", first,
                        result->positions.count);
    if (terms_has_open_gather(result))
        return ipc_fail(error, IPC_E_DEPENDENCY,
                        "an argument is the result of a gather that is not over: wait for it first");
    for (size_t i = first; i < first + count; i++) {
        const ipc_error_t *failed = positions_error(&result->positions, i);
        if (failed)
            return ipc_fail(error, IPC_E_IMPOSSIBLE, "an argument is the result of a call that failed: %s: %.300s",
                            failed->kind, failed->text);
    }
    return 0;
}

static bool is_known(const ipc_result_t *result, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++)
        if (!positions_is_done(&result->positions, i))
            return false;
    return true;
}

//  All positions of a result, which is over, as one value.
static ipc_value_t value_of_all(draft_t *draft, ipc_result_t *result)
{
    ipc_value_t joined = ipc_result_joined_value(result);
    size_t count = result->positions.count;
    if (joined.kind != IPC_KIND_NONE)
        return joined;
    ipc_value_t *items = ipc_arena_take(draft_arena(draft), count * sizeof items[0]);
    for (size_t i = 0; i < count; i++) items[i] = positions_value(&result->positions, i);
    return ipc_value_from_list(items, count);
}

//  Numbers for values that are not all known.
static int expect(draft_t *draft, ipc_result_t *result, size_t first, size_t count, uint64_t *number)
{
    if (draft->given_count + count > IPC_MAX_TARGETS)
        return ipc_fail(&draft->error, IPC_E_LIMIT, "a call is given more than %d values of other tasks",
                        IPC_MAX_TARGETS);
    given_t *given = ipc_xalloc(sizeof *given);
    *given = (given_t){.positions = parts_slice(result, first, first + count), .number = draft->given_count};
    *draft->last_given = given;
    draft->last_given = &given->next;
    *number = draft->given_count;
    draft->given_count += count;
    return 0;
}

static int resolve_result(draft_t *draft, ipc_value_t *value)
{
    ipc_result_t *result = value->as.result;
    bool all = value->count == IPC_ALL_POSITIONS && result->shape != RESULT_BARE;
    size_t first = value->count == IPC_ALL_POSITIONS ? 0 : value->count, count = all ? result->positions.count : 1;
    if (draft->given_count == 0 && !result->finished && result->client == draft->client)
        link_receive(draft->client); // it may have ended
    if (draft->client->dead)
        return ipc_fail(&draft->error, IPC_E_CONNECTION, "the cluster is gone");
    if (check_result(draft, result, first, count))
        return -1;
    if (is_known(result, first, count)) {
        *value = all ? value_of_all(draft, result) : positions_value(&result->positions, first);
        return 0;
    }
    uint64_t number = 0;
    if (expect(draft, result, first, count, &number))
        return -1;
    *value = ipc_hole(number, all ? (uint32_t) count : 0);
    return 0;
}

static int resolve(draft_t *draft, ipc_value_t *value, int depth)
{
    if (value->kind == IPC_KIND_RESULT)
        return ipc_value_is_hole(*value) ? 0 : resolve_result(draft, value);
    if (!holds_results(*value))
        return 0;
    if (depth >= IPC_MAX_DEPTH)
        return ipc_fail(&draft->error, IPC_E_ARGUMENT, "an argument holds lists more than %d deep", IPC_MAX_DEPTH);
    size_t count = (size_t) value->count * (value->kind == IPC_KIND_DICT ? 2 : 1);
    ipc_value_t *items = ipc_arena_take(draft_arena(draft), count * sizeof items[0]);
    memcpy(items, value->as.items, count * sizeof items[0]);
    value->as.items = items;
    for (size_t i = 0; i < count; i++)
        if (resolve(draft, &items[i], depth + 1))
            return -1;
    return 0;
}

int given_resolve(draft_t *draft, ipc_value_t *value)
{
    return resolve(draft, value, 0);
}

void given_parents(const given_t *self, ipc_writer_t *parents)
{
    for (; self; self = self->next) terms_add_result(parents, self->positions, false);
}

void given_free(given_t *first)
{
    for (given_t *given = first, *next; given; given = next) {
        next = given->next;
        result_free(given->positions);
        free(given);
    }
}

ipc_value_t ipc_result_ref(ipc_result_t *self, size_t i)
{
    ipc_value_t value = ipc_value_from_result(self);
    if (self)
        value.count = i < IPC_ALL_POSITIONS ? (uint32_t) i : IPC_ALL_POSITIONS - 1;
    return value;
}

//  --- After it was sent --------------------------------------------------------------------------------------------

typedef struct parcel {
    ipc_client_t *client;
    ipc_writer_t values, objects;
} parcel_t;

//  An ipc_place_fn.
static int place(void *context, const void *data, size_t size, ipc_array_ref_t *ref, ipc_error_t *error)
{
    parcel_t *parcel = context;
    if (ipc_store_place(parcel->client->store, data, size, ref, error))
        return -1;
    ipc_write_raw(&parcel->objects, &ref->object, sizeof ref->object);
    return 0;
}

//  A value cannot be sent: the call ends with that error, and what stands of it in the controller goes.
static void give_up(ipc_client_t *client, ticket_t *ticket, const ipc_error_t *error)
{
    ipc_result_t *result = ticket->result;
    link_send(client, &(ipc_msg_t){.type = IPC_MSG_ABORT, .abort = {.job = ticket->job, .count = UINT64_MAX}});
    if (!result)
        return;
    ticket->result = NULL;
    result->ticket = NULL;
    result_fail_rest(result, error);
    result_settle(result);
}

static ipc_objects_t objects_in(const parcel_t *parcel)
{
    return (ipc_objects_t){parcel->objects.data ? parcel->objects.data : "",
                           parcel->objects.size / sizeof(ipc_object_t)};
}

//  Packs values from first on, as many as one message is to hold; gives the first that is left.
static size_t pack_values(parcel_t *parcel, const positions_t *positions, size_t first, size_t end, ipc_error_t *error)
{
    enum { FULL = 1 << 20 };           // bytes; objects are few in a message, those of one value fit into one
    size_t i = first;
    while (i < end && error->code == 0 && parcel->values.size < FULL && parcel->objects.size == 0)
        ipc_value_pack(positions_value(positions, i++), &parcel->values, place, parcel, error);
    return i;
}

//  Sends a part of values [first, end) of a result that was given, which are known; gives the first that is left.
static size_t send_some(ipc_client_t *client, ticket_t *ticket, const given_t *given, size_t first, size_t end)
{
    parcel_t parcel = {.client = client};
    ipc_error_t error = {0};
    size_t next = pack_values(&parcel, &given->positions->positions, first, end, &error);
    ipc_objects_t objects = objects_in(&parcel);
    if (error.code) {
        for (size_t i = 0; i < objects.count; i++) ipc_store_freed(client->store, ipc_object_at(&objects, i));
        give_up(client, ticket, &error);
        next = end;
    } else {
        ticket->bytes += parcel.values.size; // of the client's credit, as its arguments are
        ticket->supplied += parcel.values.size;
        client->bytes += parcel.values.size;
        link_send(client, &(ipc_msg_t){.type = IPC_MSG_SUPPLY,
                                       .supply = {.job = ticket->job, .first = given->number + first,
                                                  .count = next - first, .objects = objects,
                                                  .body = {parcel.values.data, parcel.values.size}}});
    }
    ipc_writer_destroy(&parcel.values);
    ipc_writer_destroy(&parcel.objects);
    return next;
}

static void send_values(ipc_client_t *client, ticket_t *ticket, const given_t *given, size_t first, size_t end)
{
    while (first < end) first = send_some(client, ticket, given, first, end);
}

void given_send_known(ipc_client_t *client, ticket_t *ticket)
{
    for (const given_t *given = ticket->given; given; given = given->next) {
        const positions_t *positions = &given->positions->positions;
        for (size_t i = 0, end; i < positions->count; i = end) {
            end = i + 1;
            if (!positions_is_done(positions, i))
                continue;
            while (end < positions->count && positions_is_done(positions, end)) end++;
            send_values(client, ticket, given, i, end);
        }
    }
}

//  They may be of several results given, which are parts of one.
void on_want(ipc_client_t *client, const ipc_msg_t *msg)
{
    ticket_t *ticket = ticket_of(client, msg->want.job); // NULL: the call is over
    uint64_t wanted = msg->want.first, wanted_end = wanted + msg->want.count;
    for (const given_t *given = ticket ? ticket->given : NULL; given; given = given->next) {
        uint64_t number = given->number, number_end = number + given->positions->positions.count;
        uint64_t first = wanted > number ? wanted : number;
        uint64_t end = wanted_end < number_end ? wanted_end : number_end;
        if (first < end && is_known(given->positions, first - number, end - first))
            send_values(client, ticket, given, first - number, end - number);
    }
}
