#include <stdio.h>

#include "common/array_body.h"
#include "engine/cell_library.h"

__attribute__((format(printf, 2, 0), nonnull(2))) static const char *text(const ipc_runtime_t *runtime,
                                                                       const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    char *made = runtime->task_alloc((size_t) (size < 0 ? 0 : size) + 1);
    made[0] = 0;
    if (size >= 0)
        vsnprintf(made, (size_t) size + 1, format, again);
    va_end(again);
    return made;
}

#define ENTRY(name) .name = name,
void cell_library_init(ipc_cell_library_t *self, const ipc_cell_library_t *functions)
{
    *self = (ipc_cell_library_t){.context = functions->context, .keep = functions->keep, .object = functions->object,
                                 .array_new = ipc_array_new_private, .text = text, IPC_CELL_FUNCTIONS(ENTRY)};
}
