#include "client/cuda.h"

#include <string.h>

#include "client/draft.h"
#include "client/given.h"
#include "common/fail.h"

//  The shape as it travels: grid, block, bytes of shared memory.
static int send_shape(draft_t *self, const ipc_launch_t *launch)
{
    enum { NUMBERS = 7 };
    uint64_t numbers[NUMBERS];
    for (int i = 0; i < 3; i++) {
        numbers[i] = launch->grid[i] ? launch->grid[i] : 1;
        numbers[3 + i] = launch->block[i] ? launch->block[i] : 1;
    }
    if (launch->shared > INT32_MAX)
        return ipc_fail(&self->error, IPC_E_ARGUMENT, "the argument shared of a launch is %zu: no GPU has so much",
                        launch->shared);
    numbers[6] = launch->shared;
    return draft_argument(self, ipc_u64(numbers, NUMBERS));
}

static int send_arguments(draft_t *self)
{
    const ipc_call_t *call = self->call;
    if (call->count > IPC_MAX_KERNEL_PARAMETERS)
        return ipc_fail(&self->error, IPC_E_ARGUMENT, "a launch with %zu arguments: there are at most %d", call->count,
                        IPC_MAX_KERNEL_PARAMETERS);
    for (size_t i = 0; i < call->count; i++) {
        ipc_value_t argument = call->arguments[i];
        if (given_resolve(self, &argument) || draft_argument(self, argument))
            return -1;
    }
    return 0;
}

ipc_result_t *ipc_view_launch(ipc_view_t *view, const ipc_call_t *call, const ipc_launch_t *launch, size_t launch_size)
{
    draft_t draft;
    ipc_launch_t shape = {.shared = 0};
    draft_begin(&draft, view, call, "launch");
    if (launch)
        memcpy(&shape, launch, launch_size < sizeof shape ? launch_size : sizeof shape);
    draft_target_engines(&draft);
    if (draft.error.code == 0 && (!call->name || !call->name[0]))
        ipc_fail(&draft.error, IPC_E_ARGUMENT, "the argument kernel of a launch is empty");
    if (draft.error.code == 0 && !send_shape(&draft, &shape) && !send_arguments(&draft))
        draft.function = function_of_name(draft.client, IPC_FUNCTION_LAUNCH, call->name);
    return draft_end(&draft, draft_shape(&draft));
}
