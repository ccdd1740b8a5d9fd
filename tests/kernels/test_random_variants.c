//  The generator against published answers, and the inner loops of all instruction sets
//  that this processor has against one another and against plain definitions.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/random/variants.h"
#include "module_support.h"

enum { BLOCKS = 2 * PHILOX_MULTIPLE };

static const philox_t generator = {.seed = UINT64_C(0x0123456789abcdef),
                                   .stream = UINT64_C(0xfedcba9876543210)};
//  Where the low word of the counter overflows among the blocks.
static const uint64_t first_block = (UINT64_C(5) << 32) - 17;

//  A known answer: counter, key, block, in words.
typedef struct answer {
    uint32_t counter[4], key[2], block[4];
} answer_t;

//  The lines "philox4x32 10" of the file tests/kat_vectors of Random123, the library that
//  the authors of the paper published with it (https://github.com/DEShawResearch/random123).
static const answer_t answers[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

static uint64_t joined(const uint32_t *words)
{
    return words[0] | (uint64_t) words[1] << 32;
}

START_TEST(known_answers_are_given)
{
    uint64_t pairs[PHILOX_PAIRS * PHILOX_MULTIPLE];
    for (size_t v = 0; random_variant(v); v++)
        for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
            const answer_t *answer = &answers[i];
            const philox_t known = {.seed = joined(answer->key),
                                    .stream = joined(answer->counter + 2)};
            random_variant(v)->blocks(&known, joined(answer->counter), PHILOX_MULTIPLE,
                                      pairs);
            ck_assert_uint_eq(pairs[0], joined(answer->block));
            ck_assert_uint_eq(pairs[1], joined(answer->block + 2));
        }
}
END_TEST

//  The definition of the paper, one block at a time.
static void plain_block(const philox_t *self, uint64_t number, uint64_t pair[2])
{
    uint32_t x[4] = {(uint32_t) number, (uint32_t) (number >> 32), (uint32_t) self->stream,
                     (uint32_t) (self->stream >> 32)};
    uint32_t key[2] = {(uint32_t) self->seed, (uint32_t) (self->seed >> 32)};
    for (int round = 0; round < 10; round++) {
        const uint64_t p = UINT64_C(0xD2511F53) * x[0], q = UINT64_C(0xCD9E8D57) * x[2];
        const uint32_t next[4] = {(uint32_t) (q >> 32) ^ x[1] ^ key[0], (uint32_t) q,
                                  (uint32_t) (p >> 32) ^ x[3] ^ key[1], (uint32_t) p};
        memcpy(x, next, sizeof x);
        key[0] += 0x9E3779B9;
        key[1] += 0xBB67AE85;
    }
    pair[0] = joined(x);
    pair[1] = joined(x + 2);
}

START_TEST(blocks_come_in_their_order)
{
    uint64_t pairs[PHILOX_PAIRS * BLOCKS], pair[2];
    for (size_t v = 0; random_variant(v); v++) {
        random_variant(v)->blocks(&generator, first_block, BLOCKS, pairs);
        for (size_t i = 0; i < BLOCKS; i++) {
            plain_block(&generator, first_block + i, pair);
            ck_assert_uint_eq(pairs[2 * i], pair[0]);
            ck_assert_uint_eq(pairs[2 * i + 1], pair[1]);
        }
    }
}
END_TEST

static random_law_fn law_of(const random_variant_t *variant, int i)
{
    const random_law_fn laws[] = {variant->uniform_f32, variant->uniform_f64,
                                  variant->normal_f32, variant->normal_f64};
    return laws[i];
}

START_TEST(all_instruction_sets_give_the_same_bits)
{
    const random_law_t law = {
        .low = -1.5, .width = 4.25, .most = 2.5, .mean = 0.1, .sigma = 3};
    uint64_t pairs[PHILOX_PAIRS * BLOCKS];
    double expected[4 * BLOCKS] = {0}, numbers[4 * BLOCKS] = {0};
    const random_variant_t *last = NULL;
    for (size_t v = 0; random_variant(v); v++) last = random_variant(v);
    ck_assert_str_eq(last->name, "baseline");
    last->blocks(&generator, first_block, BLOCKS, pairs);
    for (size_t v = 0; random_variant(v); v++) {
        for (int i = 0; i < 4; i++) {
            law_of(last, i)(pairs, BLOCKS, &law, expected);
            law_of(random_variant(v), i)(pairs, BLOCKS, &law, numbers);
            ck_assert_mem_eq(numbers, expected, sizeof numbers);
        }
        for (size_t points = 0; points <= PHILOX_PAIRS * BLOCKS; points++)
            ck_assert_uint_eq(random_variant(v)->inside(pairs, points),
                              last->inside(pairs, points));
    }
}
END_TEST

START_TEST(uniform_numbers_are_the_upper_bits)
{
    const random_law_t law = {.low = 0, .width = 1, .most = 1};
    uint64_t pairs[PHILOX_PAIRS * BLOCKS];
    float f32[4 * BLOCKS];
    double f64[2 * BLOCKS];
    const random_variant_t *variant = random_variant(0);
    variant->blocks(&generator, 0, BLOCKS, pairs);
    pairs[0] = UINT64_MAX;
    pairs[1] = 0;
    variant->uniform_f32(pairs, BLOCKS, &law, f32);
    variant->uniform_f64(pairs, BLOCKS, &law, f64);
    for (size_t i = 0; i < PHILOX_PAIRS * BLOCKS; i++) {
        ck_assert(f64[i] == ldexp((double) (pairs[i] >> 11), -53));
        ck_assert(f32[2 * i] == ldexpf((float) ((uint32_t) pairs[i] >> 8), -24));
        ck_assert(f32[2 * i + 1] == ldexpf((float) (pairs[i] >> 40), -24));
    }
    ck_assert(f64[0] == 1 - 0x1p-53 && f64[1] == 0 && f32[0] == 1 - 0x1p-24f);
}
END_TEST

//  Rounding may lead to low + width, which is not among the numbers: the largest is taken.
START_TEST(high_itself_is_never_given)
{
    const double high = 1e17, low = 1e17 - 32;
    const random_law_t law = {
        .low = low, .width = high - low, .most = nextafter(high, low)};
    uint64_t pairs[2] = {UINT64_MAX, 0};
    double numbers[2];
    ck_assert(law.low + law.width * (1 - 0x1p-53) == high);
    random_variant(0)->uniform_f64(pairs, 1, &law, numbers);
    ck_assert(numbers[0] == law.most && numbers[1] == low);
}
END_TEST

//  The transform in long double, by the C library: the bound that box_muller.h states.
START_TEST(normal_numbers_are_exact_to_the_last_bits)
{
    const random_law_t law = {.mean = 0, .sigma = 1};
    const long double turn = 2 * acosl(-1);
    uint64_t pairs[PHILOX_PAIRS * BLOCKS];
    double numbers[2 * BLOCKS];
    for (uint64_t first = 0; first < 500 * BLOCKS; first += BLOCKS) {
        random_variant(0)->blocks(&generator, first, BLOCKS, pairs);
        pairs[0] = first ? pairs[0] >> (first / BLOCKS % 64) : 0; // small u
        pairs[4] |= UINT64_MAX << (first / BLOCKS % 64);          // u near 1
        random_variant(0)->normal_f64(pairs, BLOCKS, &law, numbers);
        for (size_t i = 0; i < BLOCKS; i++) {
            const long double u = ((long double) (pairs[2 * i] >> 12) + 0.5L) * 0x1p-52L;
            const uint64_t quarter = pairs[2 * i + 1] >> 62,
                           within = pairs[2 * i + 1] << 2 >> 12;
            const long double place = ((long double) within + 0.5L) * 0x1p-52L - 0.5L;
            const long double angle = turn * ((long double) quarter + place) / 4;
            const long double r = sqrtl(-2 * logl(u));
            ck_assert(fabsl(numbers[2 * i] - r * cosl(angle)) <= r * 0x1p-50L);
            ck_assert(fabsl(numbers[2 * i + 1] - r * sinl(angle)) <= r * 0x1p-50L);
        }
    }
}
END_TEST

START_TEST(points_are_counted_as_real_arithmetic_would)
{
    uint64_t pairs[PHILOX_PAIRS * BLOCKS];
    random_variant(0)->blocks(&generator, 0, BLOCKS, pairs);
    // The far corner, the one beside it, the origin, and two cells where the circle crosses
    // the diagonal.
    const uint64_t edge = (uint64_t) (sqrt(0.5) * 0x1p31);
    pairs[0] = UINT64_MAX;
    pairs[1] = UINT64_MAX << 32;
    pairs[2] = 0;
    pairs[3] = edge << 33 | edge << 1;
    pairs[4] = (edge - 1) << 33 | edge << 1;
    uint64_t expected = 0;
    for (size_t i = 0; i < PHILOX_PAIRS * BLOCKS; i++) {
        const long double x = (long double) ((uint32_t) pairs[i] >> 1) + 0.5L;
        const long double y = (long double) (pairs[i] >> 33) + 0.5L;
        expected += x * x + y * y < 0x1p62L; // 64 bits: exact
    }
    ck_assert_uint_eq(random_variant(0)->inside(pairs, PHILOX_PAIRS * BLOCKS), expected);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        known_answers_are_given,
        blocks_come_in_their_order,
        all_instruction_sets_give_the_same_bits,
        uniform_numbers_are_the_upper_bits,
        high_itself_is_never_given,
        normal_numbers_are_exact_to_the_last_bits,
        points_are_counted_as_real_arithmetic_would,
    };
    return module_run_tests("random_variants", tests, sizeof tests / sizeof *tests);
}
