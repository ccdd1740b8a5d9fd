#include "kernels/heat/host_slab.h"

#define REAL double
#define VECTOR 32
#define TARGET
#define N(name) f64_baseline_##name
#include "kernels/heat/host_slab_real.h"
#define REAL float
#define VECTOR 32
#define TARGET
#define N(name) f32_baseline_##name
#include "kernels/heat/host_slab_real.h"

#define REAL double
#define VECTOR 64
#define TARGET
#define N(name) f64_wide_##name
#include "kernels/heat/host_slab_real.h"
#define REAL float
#define VECTOR 64
#define TARGET
#define N(name) f32_wide_##name
#include "kernels/heat/host_slab_real.h"

#if defined(__x86_64__)
#define REAL double
#define VECTOR 32
#define TARGET __attribute__((target("avx2")))
#define N(name) f64_avx2_##name
#include "kernels/heat/host_slab_real.h"
#define REAL float
#define VECTOR 32
#define TARGET __attribute__((target("avx2")))
#define N(name) f32_avx2_##name
#include "kernels/heat/host_slab_real.h"
#define REAL double
#define VECTOR 64
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw")))
#define N(name) f64_avx512_##name
#include "kernels/heat/host_slab_real.h"
#define REAL float
#define VECTOR 64
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw")))
#define N(name) f32_avx512_##name
#include "kernels/heat/host_slab_real.h"
#endif

fd_slab_fn fd_slab_choose(ipc_dtype_t dtype, heat_vectors_t vectors)
{
    const bool single = dtype == IPC_F32;
    switch (vectors) {
#if defined(__x86_64__)
    case HEAT_AVX512: return single ? f32_avx512_slab : f64_avx512_slab;
    case HEAT_AVX2: return single ? f32_avx2_slab : f64_avx2_slab;
#endif
    case HEAT_WIDE: return single ? f32_wide_slab : f64_wide_slab;
    default: return single ? f32_baseline_slab : f64_baseline_slab;
    }
}
