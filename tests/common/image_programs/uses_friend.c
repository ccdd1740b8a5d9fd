//  A program that uses the library's function and its variable. Prints its own descriptor's
//  place, or with an argument that of the library's.
#include "tests/common/image_programs/friend.h"
#include "tests/common/image_programs/offset.h"

IPC_REMOTE(int, ask, (int a))
{
    return friend_add(a) + friend_shared;
}

int main(int argc, char **argv)
{
    return print_offset(argc > 1 ? friend_descriptor() : &ipc_remote_ask);
}
