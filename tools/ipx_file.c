#include "tools/ipx_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

enum { SOURCE_MAX = 16 << 20 };

char *ipx_stream_read(FILE *stream, const char *name, ipc_error_t *error)
{
    size_t size = 0, room = 4096;
    char *text = ipc_xalloc(room);
    for (size_t got; (got = fread(text + size, 1, room - size - 1, stream)) > 0 && size <= SOURCE_MAX;) {
        size += got;
        if (size + 1 == room)
            text = ipc_xrealloc(text, room *= 2);
    }
    text[size] = 0;
    int rc = 0;
    if (ferror(stream))
        rc = ipc_fail(error, IPC_E_SYSTEM, "cannot read %s: %s", name, strerror(errno));
    else if (size > SOURCE_MAX)
        rc = ipc_fail(error, IPC_E_LIMIT, "%s has more than %d bytes", name, SOURCE_MAX);
    else if (strlen(text) != size)
        rc = ipc_fail(error, IPC_E_ARGUMENT, "%s is no source of C: it has a zero byte", name);
    if (!rc)
        return text;
    free(text);
    return NULL;
}

char *ipx_file_read(const char *path, ipc_error_t *error)
{
    FILE *stream = fopen(path, "r");
    if (!stream)
        return ipc_fail(error, IPC_E_SYSTEM, "cannot open %s: %s", path, strerror(errno)), NULL;
    char *text = ipx_stream_read(stream, path, error);
    fclose(stream);
    return text;
}
