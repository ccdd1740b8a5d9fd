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
    heat_buffer_clear(&state->terms);
    free(state);
}

heat_vectors_t heat_host_vectors(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
        return HEAT_AVX512;
    if (__builtin_cpu_supports("avx2"))
        return HEAT_AVX2;
#endif
    return HEAT_BASELINE;
}

static heat_device_state_t *open_host(ipc_error_t *error)
{
    heat_device_state_t *state = calloc(1, sizeof *state);
    if (state) {
        state->pool = kernel_pool_new();
        state->plans = heat_plans_new();
        state->vectors = heat_host_vectors();
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

static const char *host_lacks(const heat_grid_t *grid, const heat_steps_t *steps,
                              const heat_waves_t *waves)
{
    (void) grid, (void) steps, (void) waves;
    return NULL;
}

const char *heat_host_instructions(void)
{
    static const char *const names[] = {[HEAT_BASELINE] = "baseline",
                                        [HEAT_WIDE] = "wide",
                                        [HEAT_AVX2] = "avx2",
                                        [HEAT_AVX512] = "avx512"};
    return names[heat_host_vectors()];
}

const heat_device_t *heat_host(void)
{
    static const heat_device_t host = {
        .abi = HEAT_DEVICE_ABI,
        .name = "cpu",
        .open = open_host,
        .close = close_host,
        .describe = describe_host,
        .lacks = host_lacks,
        .fd = heat_host_fd,
        .fft = heat_host_fft,
    };
    return &host;
}
