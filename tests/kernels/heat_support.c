#include "heat_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/heat/solver.h"

ipc_array_t *heat_solve(ipc_value_t keywords)
{
    ipc_value_t result = module_call("solve", keywords);
    ck_assert_int_eq(ipc_value_kind(result), IPC_KIND_ARRAY);
    return (ipc_array_t *) ipc_value_array(result);
}

const char *heat_device_name(void)
{
    const char *name = getenv("HEAT_DEVICE");
    return name ? name : "cpu";
}

static bool has_device(void)
{
    ipc_value_t devices = ipc_value_get(module_call("info", ipc_none()), "devices");
    for (size_t i = 0; i < ipc_value_count(devices); i++)
        if (strcmp(ipc_value_str(ipc_value_at(devices, i)), heat_device_name()) == 0)
            return true;
    return false;
}

bool heat_device_found(void)
{
    return module_ask_apart(has_device);
}

ipc_array_t *heat_zeros(int ndim, const size_t *shape)
{
    ipc_error_t error;
    ipc_array_t *grid = ipc_array_new(IPC_F64, ndim, shape, &error);
    ck_assert_msg(grid != NULL, "%s", error.text);
    return grid;
}

ipc_array_t *heat_random_of(int ndim, const size_t *shape, unsigned seed)
{
    ipc_array_t *grid = heat_zeros(ndim, shape);
    for (size_t i = 0; i < ipc_array_count(grid); i++)
        ipc_array_f64(grid)[i] = rand_r(&seed) / (double) RAND_MAX;
    return grid;
}

ipc_array_t *heat_random(size_t rows, size_t columns, unsigned seed)
{
    return heat_random_of(2, (const size_t[]){rows, columns}, seed);
}

void heat_must_refuse(ipc_value_t keywords, const char *kind, const char *sentence)
{
    heat_options_t options;
    ipc_error_t error = {.text = "accepted"};
    heat_t *heat = heat_new();
    ipc_array_t *result = heat_options_read(&options, keywords, &error)
                              ? NULL
                              : heat_run(heat, &options, &error);
    ck_assert_str_eq(error.text, sentence);
    ck_assert_str_eq(error.kind, kind);
    ck_assert_ptr_null(result);
    heat_destroy(&heat);
}

double heat_at(const ipc_array_t *a, size_t i)
{
    return ipc_array_dtype(a) == IPC_F32 ? ipc_array_f32(a)[i] : ipc_array_f64(a)[i];
}

double heat_difference(const ipc_array_t *a, const ipc_array_t *b)
{
    double most = 0;
    ck_assert_uint_eq(ipc_array_count(a), ipc_array_count(b));
    for (size_t i = 0; i < ipc_array_count(a); i++) {
        double difference = fabs(heat_at(a, i) - heat_at(b, i));
        if (!(difference <= most)) // NaN too
            most = difference;
    }
    return most;
}

double heat_largest(const ipc_array_t *a)
{
    double most = 0;
    for (size_t i = 0; i < ipc_array_count(a); i++) most = fmax(most, fabs(heat_at(a, i)));
    return most;
}
