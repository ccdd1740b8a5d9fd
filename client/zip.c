#include "client/zip.h"

#include "client/deal.h"
#include "common/convert.h"
#include "common/fail.h"

//  Rows of a large array travel as references from this size on: to copy a smaller one costs less than to map it.
enum { REFERENCE_MIN = 4096 };

//  A sequence, and where its rows are if they travel as references.
typedef struct sequence {
    ipc_value_t value;
    bool shared;
    size_t row_size;                   // of an array
    ipc_array_ref_t whole;             // if shared
} sequence_t;

static int check_zip(draft_t *self, ipc_value_t zip)
{
    const ipc_remote_t *remote = self->call->remote;
    if (zip.count == 0 || zip.count > IPC_MAX_PARAMETERS)
        return ipc_fail(&self->error, IPC_E_ARGUMENT, "the items argument is a zip of %u sequences: there are 1 to %d",
                        zip.count, IPC_MAX_PARAMETERS);
    if (remote->count != zip.count)
        return ipc_fail(&self->error, IPC_E_ARGUMENT, "%s takes %d argument%s, the zip has %u sequence%s",
                        remote->name, remote->count, remote->count == 1 ? "" : "s", zip.count,
                        zip.count == 1 ? "" : "s");
    return 0;
}

//  Large rows lie in an object that all items refer to.
static int open_sequence(draft_t *self, sequence_t *sequence, ipc_value_t value, size_t number)
{
    *sequence = (sequence_t){.value = value};
    if (value.kind == IPC_KIND_RANGE || value.kind == IPC_KIND_LIST)
        return 0;
    if (value.kind != IPC_KIND_ARRAY)
        return ipc_fail(&self->error, IPC_E_ARGUMENT,
                        "sequence %zu of the zip, for argument %zu of %s, is neither a range nor an array nor a list",
                        number, number, self->call->remote->name);
    if (draft_check_array(self, value))
        return -1;
    ipc_array_t rows = deal_rows(value, 0, 0);
    sequence->row_size = deal_row_size((ipc_dtype_t) rows.dtype, (int) rows.ndim, rows.shape);
    if (rows.ndim == 1 || sequence->row_size < REFERENCE_MIN)
        return 0;
    int rc = draft_share(self, value, IPC_INLINE_LIMIT, &sequence->whole);
    sequence->shared = rc > 0;
    return rc < 0 ? -1 : 0;
}

//  Checks member i and writes it as it is: the engine converts it.
static int add_member(draft_t *self, const sequence_t *sequence, size_t i, int number)
{
    const ipc_remote_t *remote = self->call->remote;
    ipc_array_t row;
    bool array = sequence->value.kind == IPC_KIND_ARRAY;
    ipc_value_t member = array ? deal_row(sequence->value, i, &row) : ipc_value_at(sequence->value, i), converted;
    if (ipc_convert(member, (ipc_type_t) remote->parameters[number - 1], remote->name, number, &converted,
                    &self->error))
        return -1;
    if (!sequence->shared)
        return ipc_value_pack(member, self->data, draft_place, self, &self->error);
    ipc_array_ref_t ref = sequence->whole;
    ref.offset += i * sequence->row_size;
    ref.ndim--;
    for (int k = 0; k < ref.ndim; k++) ref.shape[k] = ref.shape[k + 1];
    ipc_array_ref_write(&ref, self->data);
    return 0;
}

int zip_items(draft_t *self, ipc_value_t zip)
{
    sequence_t sequences[IPC_MAX_PARAMETERS];
    if (check_zip(self, zip))
        return -1;
    for (uint32_t k = 0; k < zip.count; k++)
        if (open_sequence(self, &sequences[k], zip.as.items[k], k + 1))
            return -1;
    self->count = ipc_value_count(zip);
    for (size_t i = 0; i < self->count; i++) {
        if (draft_begin_item(self))
            return -1;
        ipc_write_list(self->data, zip.count);
        for (uint32_t k = 0; k < zip.count; k++)
            if (add_member(self, &sequences[k], i, (int) k + 1))
                return -1;
    }
    draft_end_items(self);
    self->items = IPC_ITEMS_TUPLES;
    return 0;
}
