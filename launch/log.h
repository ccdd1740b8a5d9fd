//  Reading the logs that the processes of a cluster write.
#ifndef IPC_LAUNCH_LOG_H
#define IPC_LAUNCH_LOG_H

#include "common/paths.h"

enum { LOG_TAIL_TEXT = 2048 };

//  The path of a process's log: engine's, or ipcd's for id -1.
void log_path(char path[IPC_PATH_MAX], const char *logs, int id);

//  Copies the last lines of a log, each indented by four spaces; "" when there is nothing.
void log_tail(char tail[LOG_TAIL_TEXT], const char *path);

#endif
