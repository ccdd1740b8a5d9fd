#include "common/fail.h"
#include "tools/picture.h"

static int refuse(const char *path, const char *what, ipc_error_t *error)
{
    return ipc_fail(error, IPC_E_ARGUMENT,
                    "%s cannot be %s: this program was built without cairo; install "
                    "libcairo2-dev and set the build folder up again",
                    path, what);
}

int picture_check(const char *path, ipc_error_t *error)
{
    return refuse(path, "drawn", error);
}

int picture_write(const char *path, const picture_t *picture, ipc_error_t *error)
{
    (void) picture;
    return refuse(path, "drawn", error);
}

ipc_array_t *picture_read(const char *path, ipc_error_t *error)
{
    refuse(path, "read", error);
    return NULL;
}
