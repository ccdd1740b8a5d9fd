//  A shared library with a variable, a thread-local variable and a remote function of its
//  own.
#include "tests/common/image_programs/friend.h"

int friend_shared = 40;
static __thread int friend_count = 2;

IPC_REMOTE(int, friend_add, (int a))
{
    return a + friend_shared + friend_count++;
}

const ipc_remote_t *friend_descriptor(void)
{
    return &ipc_remote_friend_add;
}
