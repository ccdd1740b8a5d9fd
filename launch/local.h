//  The launcher that starts processes on this host. It keeps no state: other launchers use
//  its functions too.
#ifndef IPC_LAUNCH_LOCAL_H
#define IPC_LAUNCH_LOCAL_H

#include "launch/launcher.h"

extern const launcher_t launcher_local;

#endif
