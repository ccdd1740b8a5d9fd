#include "tools/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fail.h"

int file_check(const char *path, ipc_error_t *error)
{
    const char *slash = strrchr(path, '/');
    char *folder =
        slash ? ipc_xformat("%.*s/", (int) (slash - path), path) : ipc_xstrdup(".");
    int reason = access(folder, W_OK | X_OK) ? errno : 0;
    free(folder);
    struct stat file;
    if (!reason && stat(path, &file) == 0 && S_ISDIR(file.st_mode))
        reason = EISDIR;
    return reason ? ipc_fail(error, IPC_E_SYSTEM, "%s cannot be written: %s", path,
                             strerror(reason))
                  : 0;
}

int file_spoilt(const char *path, const char *reason, ipc_error_t *error)
{
    ipc_fail(error, IPC_E_SYSTEM, "%s cannot be written: %s", path, reason);
    struct stat file;
    if (stat(path, &file) == 0 && S_ISREG(file.st_mode))
        unlink(path);
    return -1;
}

bool file_ends(const char *path, const char *end)
{
    const size_t length = strlen(path), size = strlen(end);
    return length > size && strcmp(path + length - size, end) == 0;
}
