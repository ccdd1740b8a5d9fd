//  The module `random` on a CUDA device.
#include <cuda_runtime_api.h>

#include "kernels/random/cuda_numbers.h"
#include "kernels/random/device.h"

static int check(cudaError_t code, const char *what, ipc_error_t *error)
{
    if (code == cudaSuccess)
        return 0;
    cudaGetLastError(); // said here, and no more
    return kernel_refuse(
        error, code == cudaErrorMemoryAllocation ? "MemoryError" : "DeviceError",
        "the CUDA device failed to %s: %s", what, cudaGetErrorString(code));
}

static random_cuda_job_t job_of(const random_part_t *part)
{
    return (random_cuda_job_t){.seed = part->generator.seed,
                               .stream = part->generator.stream,
                               .first = part->first,
                               .count = part->count};
}

static int fill(const random_part_t *part, random_device_law_t name, const random_law_t *law,
                void *numbers, ipc_error_t *error)
{
    random_cuda_job_t job = job_of(part);
    job.low = law->low;
    job.width = law->width;
    job.most = law->most;
    job.mean = law->mean;
    job.sigma = law->sigma;
    switch (name) {
    case RANDOM_UNIFORM_F32: random_cuda_uniform(&job, true, numbers); break;
    case RANDOM_UNIFORM_F64: random_cuda_uniform(&job, false, numbers); break;
    case RANDOM_NORMAL_F32: random_cuda_normal(&job, true, numbers); break;
    case RANDOM_NORMAL_F64: random_cuda_normal(&job, false, numbers); break;
    }
    return check(cudaGetLastError(), "make numbers", error) ||
                   check(cudaDeviceSynchronize(), "make numbers", error)
               ? -1
               : 0;
}

static int inside(const random_part_t *part, uint64_t *count, ipc_error_t *error)
{
    const random_cuda_job_t job = job_of(part);
    unsigned long long found = 0;
    void *sum = NULL;
    if (check(cudaMalloc(&sum, sizeof found), "make room for a sum", error))
        return -1;
    int failed = check(cudaMemset(sum, 0, sizeof found), "clear a sum", error);
    if (!failed) {
        random_cuda_inside(&job, sum);
        failed = check(cudaGetLastError(), "count points", error) ||
                 check(cudaMemcpy(&found, sum, sizeof found, cudaMemcpyDeviceToHost),
                       "count points", error);
    }
    cudaFree(sum);
    *count = found;
    return failed ? -1 : 0;
}

//  What random.so looks up, under RANDOM_CUDA_SYMBOL.
__attribute__((visibility("default"))) const random_device_t *random_cuda_device(void);

const random_device_t *random_cuda_device(void)
{
    static const random_device_t cuda = {
        .abi = RANDOM_DEVICE_ABI, .fill = fill, .inside = inside};
    return &cuda;
}
