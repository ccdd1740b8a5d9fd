//  libFuzzer's entry to the readers of frames and values:
//      clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I. tests/common/fuzz_message.c
//            common/message.c common/message_client.c common/message_engine.c common/message_both.c
//            common/wire.c common/codec.c common/arena.c common/array.c common/value.c
//            common/names.c common/members.c common/local_runtime.c common/error.c -lmsgpackc -lpthread -o fuzz_message
//      fuzz_message -max_len=4096
//  The first byte says which reader gets the rest.
#include <stdlib.h>
#include <string.h>

#include "common/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static ipc_array_t *open_small(void *context, const ipc_array_ref_t *ref, ipc_error_t *error)
{
    (void) context;
    size_t one = 1;
    return ipc_array_new(ref->dtype, 1, &one, error);
}

static void read_value(const void *data, size_t size)
{
    ipc_arena_t *arena = ipc_arena_new();
    ipc_reader_t reader = ipc_reader(data, size), skipped = reader;
    ipc_error_t error = {0};
    ipc_value_t value;
    int rc = ipc_value_unpack(&value, &reader, arena, open_small, NULL, &error);
    ipc_value_skip(&skipped);
    if (rc ? error.code == IPC_E_NONE : skipped.bad || skipped.at != reader.at)
        abort(); // a refusal without a sentence, or two readers that differ
    if (rc == 0) {
        char text[4096];
        FILE *stream = fmemopen(text, sizeof text, "w");
        ipc_value_print(value, stream);
        fclose(stream);
        ipc_value_copy(value, arena);
    }
    ipc_arena_destroy(&arena);
}

static void read_frame(const void *data, size_t size)
{
    ipc_error_t error = {0};
    ipc_reader_t reader;
    ipc_msg_t msg;
    int more = ipc_frame_open(&reader, data, size, &error) ? -1 : 1;
    while (more > 0 && (more = ipc_msg_unpack(&msg, &reader, &error)) > 0) {
        ipc_writer_t again = {0}; // touches every byte of every field
        ipc_msg_pack(&msg, &again);
        ipc_writer_destroy(&again);
        if (msg.type == IPC_MSG_SUBMIT)
            read_value(msg.submit.arguments.data, msg.submit.arguments.size);
        ipc_failure_t failure;
        if (msg.type == IPC_MSG_RESULT)
            ipc_failure_unpack(&failure, msg.result.body);
    }
    if (more < 0 && error.code != IPC_E_PROTOCOL)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return 0;
    char *copy = malloc(size + 3); // a frame begins as ours do, so that most of the time is spent behind it
    memcpy(copy, "IPC\1", 4);
    memcpy(copy + 4, bytes + 1, size - 1);
    if (bytes[0] % 2)
        read_frame(copy, size + 3);
    else
        read_value(copy + 4, size - 1);
    free(copy);
    return 0;
}
