//  The loops of the file that LOOPS names, once for each element type and instruction set. That file is included with
//  REAL, VECTOR (bytes), TARGET (an attribute) and N(name) (ours, such as f64_avx2_name) defined, and undefines them.
//  The wide one takes long vectors by the baseline's instructions.
#define REAL double
#define VECTOR 32
#define TARGET
#define N(name) f64_baseline_##name
#include LOOPS
#define REAL float
#define VECTOR 32
#define TARGET
#define N(name) f32_baseline_##name
#include LOOPS

#define REAL double
#define VECTOR 64
#define TARGET
#define N(name) f64_wide_##name
#include LOOPS
#define REAL float
#define VECTOR 64
#define TARGET
#define N(name) f32_wide_##name
#include LOOPS

#if defined(__x86_64__)
#define REAL double
#define VECTOR 32
#define TARGET __attribute__((target("avx2")))
#define N(name) f64_avx2_##name
#include LOOPS
#define REAL float
#define VECTOR 32
#define TARGET __attribute__((target("avx2")))
#define N(name) f32_avx2_##name
#include LOOPS
#define REAL double
#define VECTOR 64
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw")))
#define N(name) f64_avx512_##name
#include LOOPS
#define REAL float
#define VECTOR 64
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw")))
#define N(name) f32_avx512_##name
#include LOOPS
#endif

#undef LOOPS
