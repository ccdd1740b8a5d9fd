#ifndef IMAGE_PROGRAMS_FRIEND_H
#define IMAGE_PROGRAMS_FRIEND_H

#include "common/remote.h"

extern int friend_shared;
int friend_add(int a);
const ipc_remote_t *friend_descriptor(void);

#endif
