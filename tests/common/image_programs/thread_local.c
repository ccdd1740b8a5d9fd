//  A program with thread-local variables of its own.
#include "tests/common/image_programs/offset.h"

static __thread int counter = 7;
__thread double thread_buffer[4];

IPC_REMOTE(int, count, (void) )
{
    thread_buffer[0] = counter;
    return counter++;
}

int main(int argc, char **argv)
{
    return print_offset(&ipc_remote_count);
}
