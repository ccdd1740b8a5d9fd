#include "shipped.h"

static const double factors[] = {2, 10}; // static data of the library come along

double shipped_scale(double x)
{
    return factors[1] * x;
}

static IPC_REMOTE(double, shipped_double, (double x))
{
    return factors[0] * x + (double) (ipc_engine_id() >= 0);
}

ipc_result_t *shipped_apply(ipc_view_t *view, double x)
{
    return ipc_apply_sync(view, shipped_double, x);
}
