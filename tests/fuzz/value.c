//  Values on the wire: two readers agree, and what was read can be printed, copied and written again.
#include <stdlib.h>
#include <string.h>

#include "common/codec.h"
#include "tests/fuzz/fuzz.h"

//  In place of an object: one element, whatever the shape.
static ipc_array_t *open_small(void *context, const ipc_array_ref_t *ref, ipc_error_t *error)
{
    (void) context;
    return ipc_array_new(ref->dtype, 1, (size_t[]){1}, error);
}

static void use(ipc_value_t value, ipc_arena_t *arena)
{
    char text[4096];
    FILE *stream = fmemopen(text, sizeof text, "w");
    ipc_writer_t again = {0};
    ipc_error_t error = {0};
    ipc_value_print(value, stream);
    fclose(stream);
    if (ipc_value_pack(ipc_value_copy(value, arena), &again, NULL, NULL, &error))
        fuzz_check_refusal(&error);
    ipc_writer_destroy(&again);
}

//  The same bytes by what is read outside of values.
static void read_otherwise(const uint8_t *bytes, size_t size)
{
    char text[16];
    size_t count;
    ipc_array_ref_t ref;
    ipc_reader_t reader = ipc_reader(bytes, size);
    if (ipc_array_ref_read(&ref, &reader)) {
        ipc_writer_t again = {0};
        ipc_array_ref_write(&ref, &again);
        ipc_writer_destroy(&again);
    }
    reader = ipc_reader(bytes, size);
    ipc_read_text(&reader, text, sizeof text);
    ipc_read_nil(&reader);
    ipc_read_u32(&reader);
    ipc_read_bytes(&reader, &count);
    if (strlen(text) >= sizeof text || (ipc_reader_ok(&reader) && reader.at != reader.end))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    ipc_arena_t *arena = ipc_arena_new();
    ipc_reader_t reader = ipc_reader(bytes, size), skipped = reader;
    ipc_error_t error = {0};
    ipc_value_t value;
    int rc = ipc_value_unpack(&value, &reader, arena, open_small, NULL, &error);
    ipc_value_skip(&skipped);
    if (rc)
        fuzz_check_refusal(&error);
    else if (skipped.bad || skipped.at != reader.at)
        abort();
    else
        use(value, arena);
    ipc_arena_destroy(&arena);
    read_otherwise(bytes, size);
    return 0;
}
