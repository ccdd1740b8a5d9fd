//  Frames of messages: what is read is written again, and read again is the same.
#include <stdlib.h>
#include <string.h>

#include "common/message.h"
#include "common/rows.h"
#include "tests/fuzz/fuzz.h"

//  What was read must come out of the wire as it is written.
static void check_again(const ipc_msg_t *msg)
{
    ipc_writer_t first = {0}, second = {0};
    ipc_reader_t reader;
    ipc_msg_t again;
    ipc_error_t error = {0};
    ipc_msg_pack(msg, &first);
    if (ipc_frame_open(&reader, first.data, first.size, &error) || ipc_msg_unpack(&again, &reader, &error) != 1)
        abort();
    ipc_msg_pack(&again, &second);
    if (first.size != second.size || memcmp(first.data, second.data, first.size) != 0)
        abort();
    ipc_writer_destroy(&first);
    ipc_writer_destroy(&second);
}

//  Bodies that have a form of their own.
static void read_body(const ipc_msg_t *msg)
{
    ipc_failure_t failure;
    ipc_task_row_t task;
    ipc_queue_row_t queue;
    if (msg->type == IPC_MSG_RESULT)
        ipc_failure_unpack(&failure, msg->result.body);
    if (msg->type != IPC_MSG_ANSWER)
        return;
    ipc_reader_t rows = ipc_reader(msg->answer.body.data, msg->answer.body.size);
    while (!rows.bad && rows.at < rows.end) ipc_task_row_unpack(&task, &rows);
    rows = ipc_reader(msg->answer.body.data, msg->answer.body.size);
    while (!rows.bad && rows.at < rows.end) ipc_queue_row_unpack(&queue, &rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    ipc_error_t error = {0};
    ipc_reader_t reader;
    ipc_msg_t msg;
    int more = ipc_frame_open(&reader, bytes, size, &error) ? -1 : 1;
    while (more > 0 && (more = ipc_msg_unpack(&msg, &reader, &error)) > 0) {
        check_again(&msg);
        read_body(&msg);
    }
    if (more < 0)
        fuzz_check_refusal(&error);
    return 0;
}
