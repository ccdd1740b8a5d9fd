#include "kernels/common/refuse.h"

#include <stdarg.h>
#include <string.h>

static int code_of(const char *kind)
{
    if (strcmp(kind, "MemoryError") == 0)
        return IPC_E_MEMORY;
    return strcmp(kind, "DeviceError") == 0 ? IPC_E_SYSTEM : IPC_E_ARGUMENT;
}

int kernel_refuse(ipc_error_t *error, const char *kind, const char *format, ...)
{
    if (!error)
        return -1;
    *error = (ipc_error_t){.code = code_of(kind), .engine = -1};
    snprintf(error->kind, sizeof error->kind, "%s", kind);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return -1;
}
