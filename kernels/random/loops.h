//  The inner loops, compiled once for each instruction set: variants.c includes this file
//  with LANES (numbers of 64 bits in a vector), TARGET (an attribute) and IN_SET(name) (a
//  function's name for this set) defined, and for those vectors
//      MULTIPLY(a, b)    the products of the lower halves of the lanes
//      EVEN(a, b)        a[0], b[0], a[2], b[2], …
//      ODD(a, b)         a[1], b[1], a[3], b[3], …
//  What multiplies words is written in vectors. The laws are plain loops, which the
//  compiler turns into vectors; each number is computed by the same operations in all sets,
//  so results are equal bit for bit.

//  The rounds. A lane holds a word of its block in the lower half; what is in the upper
//  half does not matter. Several vectors go through a round side by side, since each waits
//  for its products.
TARGET static void IN_SET(philox)(const philox_t *self, uint64_t first, size_t count,
                                  uint64_t *pairs)
{
    typedef uint64_t vector_t __attribute__((vector_size(8 * LANES)));
    enum { SIDE_BY_SIDE = 4 };
    _Static_assert(PHILOX_MULTIPLE % (LANES * SIDE_BY_SIDE) == 0, "whole vectors");
    const vector_t zero = {0}, lower = zero + UINT32_MAX;
    const vector_t factor0 = zero + PHILOX_FACTOR_0, factor1 = zero + PHILOX_FACTOR_1;
    vector_t key0[PHILOX_ROUNDS], key1[PHILOX_ROUNDS], order;
    for (uint32_t r = 0; r < PHILOX_ROUNDS; r++) {
        key0[r] = zero + ((uint32_t) self->seed + r * PHILOX_STEP_0);
        key1[r] = zero + ((uint32_t) (self->seed >> 32) + r * PHILOX_STEP_1);
    }
    // The blocks of the even lanes come before those of the odd ones, as EVEN() and ODD()
    // take them.
    for (size_t lane = 0; lane < LANES; lane++)
        order[lane] = lane / 2 + lane % 2 * (LANES / 2);
    for (size_t block = 0; block < count; block += LANES * SIDE_BY_SIDE) {
        vector_t x0[SIDE_BY_SIDE], x1[SIDE_BY_SIDE], x2[SIDE_BY_SIDE], x3[SIDE_BY_SIDE];
        for (size_t v = 0; v < SIDE_BY_SIDE; v++) {
            x0[v] = order + (first + block + v * LANES);
            x1[v] = x0[v] >> 32;
            x2[v] = zero + self->stream;
            x3[v] = x2[v] >> 32;
        }
#pragma GCC unroll 16
        for (size_t r = 0; r < PHILOX_ROUNDS; r++) {
#pragma GCC unroll 16
            for (size_t v = 0; v < SIDE_BY_SIDE; v++) {
                const vector_t product0 = MULTIPLY(x0[v], factor0);
                const vector_t product1 = MULTIPLY(x2[v], factor1);
                x0[v] = product1 >> 32 ^ (x1[v] ^ key0[r]);
                x1[v] = product1;
                x2[v] = product0 >> 32 ^ (x3[v] ^ key1[r]);
                x3[v] = product0;
            }
        }
        for (size_t v = 0; v < SIDE_BY_SIDE; v++) {
            const vector_t first_two = (x0[v] & lower) | x1[v] << 32;
            const vector_t last_two = (x2[v] & lower) | x3[v] << 32;
            const vector_t even = EVEN(first_two, last_two), odd = ODD(first_two, last_two);
            uint64_t *to = pairs + PHILOX_PAIRS * (block + v * LANES);
            memcpy(to, &even, sizeof even);
            memcpy(to + LANES, &odd, sizeof odd);
        }
    }
}

TARGET static uint64_t IN_SET(inside)(const uint64_t *pairs, size_t points)
{
    typedef uint64_t vector_t __attribute__((vector_size(8 * LANES)));
    const vector_t lower = (vector_t){0} + UINT32_MAX;
    const size_t whole = points / LANES * LANES;
    vector_t outside = {0};
    // (x + 1/2)^2 + (y + 1/2)^2 < 2^62, without the fraction; the sum is below 2^63.
    for (size_t i = 0; i < whole; i += LANES) {
        vector_t point;
        memcpy(&point, pairs + i, sizeof point);
        const vector_t x = (point & lower) >> 1, y = point >> 33;
        outside += (MULTIPLY(x, x) + x + MULTIPLY(y, y) + y) >> 62;
    }
    uint64_t all_outside = 0;
    for (size_t i = whole; i < points; i++) {
        const uint64_t x = (pairs[i] & UINT32_MAX) >> 1, y = pairs[i] >> 33;
        all_outside += (x * x + x + y * y + y) >> 62;
    }
    for (size_t lane = 0; lane < LANES; lane++) all_outside += outside[lane];
    return points - all_outside;
}

TARGET static void IN_SET(uniform_f32)(const uint64_t *restrict pairs, size_t blocks,
                                       const random_law_t *law, void *restrict numbers)
{
    float *restrict x = numbers;
    const float low = (float) law->low, width = (float) law->width;
    const float most = (float) law->most;
    for (size_t i = 0; i < blocks * PHILOX_PAIRS; i++) {
        const int32_t k0 = (int32_t) ((uint32_t) pairs[i] >> 8);
        const int32_t k1 = (int32_t) (pairs[i] >> 40);
        const float a = low + width * ((float) k0 * 0x1p-24f);
        const float b = low + width * ((float) k1 * 0x1p-24f);
        x[2 * i] = a < most ? a : most;
        x[2 * i + 1] = b < most ? b : most;
    }
}

TARGET static void IN_SET(uniform_f64)(const uint64_t *restrict pairs, size_t blocks,
                                       const random_law_t *law, void *restrict numbers)
{
    double *restrict x = numbers;
    const double low = law->low, width = law->width, most = law->most;
    for (size_t i = 0; i < blocks * PHILOX_PAIRS; i++) {
        const double upper = integer_of(pairs[i] >> 32);
        const double middle = integer_of(pairs[i] >> 11 & 0x1fffff);
        const double at = low + width * ((upper * 0x1p21 + middle) * 0x1p-53);
        x[i] = at < most ? at : most;
    }
}

TARGET static void IN_SET(normal_f64)(const uint64_t *restrict pairs, size_t blocks,
                                      const random_law_t *law, void *restrict numbers)
{
    double *restrict x = numbers;
    const double mean = law->mean, sigma = law->sigma;
    for (size_t i = 0; i < blocks; i++) {
        double a, b;
        box_muller(pairs[2 * i], pairs[2 * i + 1], &a, &b);
        x[2 * i] = mean + sigma * a;
        x[2 * i + 1] = mean + sigma * b;
    }
}

TARGET static void IN_SET(normal_f32)(const uint64_t *restrict pairs, size_t blocks,
                                      const random_law_t *law, void *restrict numbers)
{
    float *restrict x = numbers;
    const double mean = law->mean, sigma = law->sigma;
    for (size_t i = 0; i < blocks; i++) {
        double a, b;
        box_muller(pairs[2 * i], pairs[2 * i + 1], &a, &b);
        x[2 * i] = (float) (mean + sigma * a);
        x[2 * i + 1] = (float) (mean + sigma * b);
    }
}

#undef LANES
#undef TARGET
#undef IN_SET
#undef MULTIPLY
#undef EVEN
#undef ODD
