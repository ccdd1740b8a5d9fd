#include "common/fail.h"
#include "tools/picture.h"

int picture_check_gif(const char *path, ipc_error_t *error)
{
    return ipc_fail(
        error, IPC_E_ARGUMENT,
        "%s cannot be drawn: this program was built without giflib and cairo; "
        "install libgif-dev and libcairo2-dev and set the build folder up again",
        path);
}

int picture_animate(const char *path, picture_frame_fn *frame, void *context, size_t count,
                    int fps, ipc_error_t *error)
{
    (void) frame, (void) context, (void) count, (void) fps;
    return picture_check_gif(path, error);
}
