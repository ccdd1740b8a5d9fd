//  What engine/cuda_api.h declares is what the CUDA Toolkit's headers declare: shown by compiling this.
#include <cuda.h>
#include <nvrtc.h>

#include "engine/cuda_api.h"

#define SAME_FUNCTION(name, parameters) \
    _Static_assert(__builtin_types_compatible_p(__typeof__(name), cuda_result_t parameters), #name);
CUDA_FUNCTIONS(SAME_FUNCTION)
CUDA_LIST_FUNCTIONS(SAME_FUNCTION)
NVRTC_FUNCTIONS(SAME_FUNCTION)

_Static_assert(CUDA_CAPABILITY_MAJOR == (int) CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, "an attribute");
_Static_assert(CUDA_CAPABILITY_MINOR == (int) CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, "an attribute");
_Static_assert(CUDA_MAX_SHARED == (int) CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, "an attribute");
_Static_assert(CUDA_ERROR_LOG == (int) CU_JIT_ERROR_LOG_BUFFER, "an option");
_Static_assert(CUDA_ERROR_LOG_SIZE == (int) CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, "an option");
_Static_assert(sizeof(CUuuid) == 16, "what tells devices apart");
_Static_assert(NVRTC_REFUSED == (int) NVRTC_ERROR_COMPILATION, "a result");

int main(void)
{
    return 0;
}
