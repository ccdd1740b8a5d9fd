//  Files of C, read whole.
#ifndef IPC_TOOLS_IPX_FILE_H
#define IPC_TOOLS_IPX_FILE_H

#include <stdio.h>

#include "common/error.h"

//  The text of a file, given; NULL with *error: SYSTEM (it cannot be read), LIMIT, ARGUMENT (it is no text).
char *ipx_file_read(const char *path, ipc_error_t *error);

//  What a stream still has, likewise.
//      name   stands in errors
char *ipx_stream_read(FILE *stream, const char *name, ipc_error_t *error);

#endif
