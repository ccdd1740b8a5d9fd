//  The module `linalg`: what engines call by name.
//      linalg.matvec   a matrix times a vector; keywords as in options.h
//      linalg.matmul   a matrix times a matrix
//      linalg.info     tells what a product would use
#include "kernels/common/cores.h"
#include "kernels/linalg/options.h"
#include "kernels/linalg/product.h"

static ipc_array_t *new_result(const linalg_options_t *options, ipc_error_t *error)
{
    const size_t shape[] = {options->rows, options->columns};
    return ipc_array_new(options->left.dtype, options->right.ndim, shape, error);
}

static ipc_value_t multiply(linalg_function_t function, ipc_value_t keywords)
{
    // ipc_raise() leaves this function without looking back: all that must be freed is
    // freed before.
    ipc_error_t error;
    linalg_options_t options;
    ipc_array_t *result = NULL;
    if (!linalg_options_read(&options, function, keywords, &error))
        result = new_result(&options, &error);
    if (!result)
        ipc_raise(error.kind, "%s", error.text);
    kernel_cores_t cores = kernel_cores_claim(options.threads);
    linalg_product(&options, cores.threads, ipc_array_data(result));
    kernel_cores_release(&cores);
    if (!options.keep)
        return ipc_value_from_array(result);
    ipc_ns_set(options.keep, result);
    ipc_array_destroy(&result);
    return ipc_none();
}

static IPC_REMOTE(ipc_value_t, matvec, (ipc_value_t keywords))
{
    return multiply(LINALG_MATVEC, keywords);
}

static IPC_REMOTE(ipc_value_t, matmul, (ipc_value_t keywords))
{
    return multiply(LINALG_MATMUL, keywords);
}

static IPC_REMOTE(ipc_value_t, info, (void) )
{
    kernel_cores_t cores = kernel_cores_claim(0);
    kernel_cores_release(&cores);
    return ipc_give(ipc_dict("library", linalg_library(), "instructions",
                             linalg_instructions(), "threads", cores.threads, "cores",
                             kernel_cores_available(), "devices", ipc_list("cpu")));
}

IPC_MODULE(linalg, NULL, NULL, matvec, matmul, info)
