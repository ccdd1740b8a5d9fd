//  heat_cuda_load() without a driver: the CUDA part is in the module itself, its kernels run on the processor.
#include "kernels/heat/cuda_loader.h"

const heat_device_t *heat_cuda_device(void);

const heat_device_t *heat_cuda_load(ipc_error_t *error)
{
    (void) error;
    return heat_cuda_device();
}
