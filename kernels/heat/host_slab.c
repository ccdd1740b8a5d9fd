#include "kernels/heat/host_slab.h"

#define LOOPS "kernels/heat/host_slab_real.h"
#include "kernels/heat/host_variants.h"

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
