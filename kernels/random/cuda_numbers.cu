#include "kernels/random/cuda_numbers.h"

#include "kernels/common/cuda_launch.cuh"

#define BOX_MULLER_INLINE static __device__ __forceinline__
#include "kernels/random/box_muller.h"
#include "kernels/random/philox.h"

typedef random_cuda_job_t job_t;

//  A block of the generator, as two pairs of words: see philox.h.
struct pairs {
    uint64_t first, second;
};

static __device__ inline pairs philox(const job_t &job, uint64_t block)
{
    uint32_t x0 = (uint32_t) block, x1 = (uint32_t) (block >> 32);
    uint32_t x2 = (uint32_t) job.stream, x3 = (uint32_t) (job.stream >> 32);
    uint32_t key0 = (uint32_t) job.seed, key1 = (uint32_t) (job.seed >> 32);
#pragma unroll
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        const uint64_t product0 = (uint64_t) x0 * PHILOX_FACTOR_0;
        const uint64_t product1 = (uint64_t) x2 * PHILOX_FACTOR_1;
        x0 = (uint32_t) (product1 >> 32) ^ x1 ^ key0;
        x1 = (uint32_t) product1;
        x2 = (uint32_t) (product0 >> 32) ^ x3 ^ key1;
        x3 = (uint32_t) product0;
        key0 += PHILOX_STEP_0;
        key1 += PHILOX_STEP_1;
    }
    return {x0 | (uint64_t) x1 << 32, x2 | (uint64_t) x3 << 32};
}

//  Writes number i of a block, if it is one of those that are wanted.
template <typename real>
static __device__ inline void put(const job_t &job, uint64_t place, real value, real *numbers)
{
    if (place >= job.first && place - job.first < job.count)
        numbers[place - job.first] = value;
}

//  The blocks that hold the numbers of a job, of so many in each.
struct blocks {
    uint64_t first, count;
    __host__ __device__ blocks(const job_t &job, unsigned per_block)
    {
        first = job.first / per_block;
        count = job.count > 0 ? (job.first + job.count - 1) / per_block - first + 1 : 0;
    }
};

static __device__ inline float law_f32(const job_t &job, uint32_t word)
{
    const float low = (float) job.low, width = (float) job.width, most = (float) job.most;
    const float a = low + width * ((float) (int32_t) (word >> 8) * 0x1p-24f);
    return a < most ? a : most;
}

static __device__ inline double law_f64(const job_t &job, uint64_t pair)
{
    const double upper = integer_of(pair >> 32), middle = integer_of(pair >> 11 & 0x1fffff);
    const double at = job.low + job.width * ((upper * 0x1p21 + middle) * 0x1p-53);
    return at < job.most ? at : job.most;
}

__global__ void uniform_f32(job_t job, float *numbers)
{
    const blocks all(job, 4);
    for (uint64_t i = cuda_first(); i < all.count; i += cuda_stride()) {
        const pairs words = philox(job, all.first + i);
        const uint64_t place = (all.first + i) * 4;
        put(job, place, law_f32(job, (uint32_t) words.first), numbers);
        put(job, place + 1, law_f32(job, (uint32_t) (words.first >> 32)), numbers);
        put(job, place + 2, law_f32(job, (uint32_t) words.second), numbers);
        put(job, place + 3, law_f32(job, (uint32_t) (words.second >> 32)), numbers);
    }
}

__global__ void uniform_f64(job_t job, double *numbers)
{
    const blocks all(job, 2);
    for (uint64_t i = cuda_first(); i < all.count; i += cuda_stride()) {
        const pairs words = philox(job, all.first + i);
        put(job, (all.first + i) * 2, law_f64(job, words.first), numbers);
        put(job, (all.first + i) * 2 + 1, law_f64(job, words.second), numbers);
    }
}

template <typename real> __global__ void normal(job_t job, real *numbers)
{
    const blocks all(job, 2);
    for (uint64_t i = cuda_first(); i < all.count; i += cuda_stride()) {
        const pairs words = philox(job, all.first + i);
        double a, b;
        box_muller(words.first, words.second, &a, &b);
        put(job, (all.first + i) * 2, (real) (job.mean + job.sigma * a), numbers);
        put(job, (all.first + i) * 2 + 1, (real) (job.mean + job.sigma * b), numbers);
    }
}

//  1 if the point of a pair of words is wanted and within the quarter circle.
static __device__ inline unsigned long long is_inside(const job_t &job, uint64_t place,
                                                      uint64_t pair)
{
    const uint64_t x = (pair & UINT32_MAX) >> 1, y = pair >> 33;
    return place >= job.first && place - job.first < job.count
               ? 1 - ((x * x + x + y * y + y) >> 62)
               : 0;
}

__global__ void inside(job_t job, unsigned long long *sum)
{
    const blocks all(job, 2);
    unsigned long long own = 0;
    for (uint64_t i = cuda_first(); i < all.count; i += cuda_stride()) {
        const pairs words = philox(job, all.first + i);
        own += is_inside(job, (all.first + i) * 2, words.first);
        own += is_inside(job, (all.first + i) * 2 + 1, words.second);
    }
    // The lanes of a warp add up theirs: one of them tells all.
    for (unsigned away = 16; away > 0; away /= 2) own += __shfl_down_sync(0xffffffffu, own, away);
    if (threadIdx.x % 32 == 0)
        atomicAdd(sum, own);
}

//  --- The host's side -------------------------------------------------------------------

void random_cuda_uniform(const job_t *job, bool single, void *numbers)
{
    const blocks all(*job, single ? 4 : 2);
    if (single)
        cuda_launch(uniform_f32, dim3(cuda_blocks(all.count)), dim3(CUDA_THREADS), *job,
                    (float *) numbers);
    else
        cuda_launch(uniform_f64, dim3(cuda_blocks(all.count)), dim3(CUDA_THREADS), *job,
                    (double *) numbers);
}

void random_cuda_normal(const job_t *job, bool single, void *numbers)
{
    const blocks all(*job, 2);
    if (single)
        cuda_launch(normal<float>, dim3(cuda_blocks(all.count)), dim3(CUDA_THREADS), *job,
                    (float *) numbers);
    else
        cuda_launch(normal<double>, dim3(cuda_blocks(all.count)), dim3(CUDA_THREADS), *job,
                    (double *) numbers);
}

void random_cuda_inside(const job_t *job, unsigned long long *sum)
{
    // Enough threads for any device, each with many points: they add up at its end alone.
    enum { MOST_BLOCKS = 4096 };
    const unsigned wanted = cuda_blocks(blocks(*job, 2).count);
    cuda_launch(inside, dim3(wanted < (unsigned) MOST_BLOCKS ? wanted : (unsigned) MOST_BLOCKS),
                dim3(CUDA_THREADS), *job, sum);
}
