#include "kernels/heat/host.h"

#include <stdlib.h>

static void close_host(heat_device_state_t **state_p)
{
    heat_device_state_t *state = *state_p;
    *state_p = NULL;
    if (!state)
        return;
    kernel_pool_destroy(&state->pool);
    heat_plans_destroy(&state->plans);
    heat_buffer_clear(&state->work);
    free(state);
}

static heat_device_state_t *open_host(ipc_error_t *error)
{
    heat_device_state_t *state = calloc(1, sizeof *state);
    if (state) {
        state->pool = kernel_pool_new();
        state->plans = heat_plans_new();
    }
    if (!state || !state->pool || !state->plans) {
        close_host(&state);
        kernel_refuse(error, "MemoryError", "no memory for the threads of the heat solver");
    }
    return state;
}

static const char *describe_host(heat_device_state_t *state)
{
    (void) state;
    return heat_host_instructions();
}

const heat_device_t *heat_host(void)
{
    static const heat_device_t host = {
        .abi = HEAT_DEVICE_ABI,
        .name = "cpu",
        .open = open_host,
        .close = close_host,
        .describe = describe_host,
        .fd = heat_host_fd,
        .fft = heat_host_fft,
    };
    return &host;
}
