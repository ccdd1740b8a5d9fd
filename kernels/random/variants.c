#include "kernels/random/variants.h"

#include <stdbool.h>
#include <string.h>

#include "kernels/random/box_muller.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define VARIANT(set)                                                                       \
    {                                                                                      \
        .name = #set, .blocks = philox_##set, .uniform_f32 = uniform_f32_##set,            \
        .uniform_f64 = uniform_f64_##set, .normal_f32 = normal_f32_##set,                  \
        .normal_f64 = normal_f64_##set, .inside = inside_##set                             \
    }

#define IN_SET(name) name##_baseline
#define LANES 2
#define TARGET
#if defined(__x86_64__)
#define MULTIPLY(a, b) ((vector_t) _mm_mul_epu32((__m128i) (a), (__m128i) (b)))
#else
#define MULTIPLY(a, b) ((lower & (a)) * (lower & (b)))
#endif
#define EVEN(a, b) ((vector_t){(a)[0], (b)[0]})
#define ODD(a, b) ((vector_t){(a)[1], (b)[1]})
#include "kernels/random/loops.h"

#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2")))
#define IN_SET(name) name##_avx2
#define LANES 4
#define TARGET AVX2
#define MULTIPLY(a, b) ((vector_t) _mm256_mul_epu32((__m256i) (a), (__m256i) (b)))
#define EVEN(a, b) ((vector_t) _mm256_unpacklo_epi64((__m256i) (a), (__m256i) (b)))
#define ODD(a, b) ((vector_t) _mm256_unpackhi_epi64((__m256i) (a), (__m256i) (b)))
#include "kernels/random/loops.h"

#define AVX512 __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw")))
#define IN_SET(name) name##_avx512
#define LANES 8
#define TARGET AVX512
#define MULTIPLY(a, b) ((vector_t) _mm512_mul_epu32((__m512i) (a), (__m512i) (b)))
#define EVEN(a, b) ((vector_t) _mm512_unpacklo_epi64((__m512i) (a), (__m512i) (b)))
#define ODD(a, b) ((vector_t) _mm512_unpackhi_epi64((__m512i) (a), (__m512i) (b)))
#include "kernels/random/loops.h"

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}
#endif

const random_variant_t *random_variant(size_t i)
{
    static const random_variant_t baseline = VARIANT(baseline);
    const random_variant_t *supported[3];
    size_t count = 0;
#if defined(__x86_64__)
    static const random_variant_t avx2 = VARIANT(avx2), avx512 = VARIANT(avx512);
    __builtin_cpu_init();
    if (has_avx512())
        supported[count++] = &avx512;
    if (__builtin_cpu_supports("avx2"))
        supported[count++] = &avx2;
#endif
    supported[count++] = &baseline;
    return i < count ? supported[i] : NULL;
}
