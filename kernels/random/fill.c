#include "kernels/random/fill.h"

#include <stdatomic.h>
#include <string.h>

enum {
    CHUNK_BLOCKS = 512,    // their pairs stay in the first cache
    THREAD_WORK = 1 << 16, // numbers that make another thread worth its start
    MOST_PER_BLOCK = 4,
    MOST_SIZE = 8
};

//  What threads share.
typedef struct job {
    const random_part_t *part;
    philox_fn blocks;
    const random_maker_t *maker; // to fill; NULL to count
    char *numbers;
    const random_variant_t *variant; // to count
    _Atomic uint64_t inside;
} job_t;

//  Blocks that hold some numbers in a row, the first of which is `skip` numbers into the
//  first block.
typedef struct chunk {
    uint64_t block;
    size_t blocks, skip, count;
} chunk_t;

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

//  The chunk that begins at a place in the stream and ends before another, or with its last
//  block.
static chunk_t chunk_at(uint64_t place, uint64_t end, unsigned per_block)
{
    chunk_t chunk = {.block = place / per_block, .skip = place % per_block};
    chunk.count = least(end - place, CHUNK_BLOCKS * (uint64_t) per_block - chunk.skip);
    chunk.blocks = (chunk.skip + chunk.count + per_block - 1) / per_block;
    return chunk;
}

//  The part of thread index of count.
static void share(const random_part_t *part, int index, int count, uint64_t *place,
                  uint64_t *end)
{
    const uint64_t each = part->count / (uint64_t) count;
    *place = part->first + each * (uint64_t) index;
    *end = index + 1 < count ? *place + each : part->first + part->count;
}

static void make_blocks(const job_t *job, const chunk_t *chunk, uint64_t *pairs)
{
    const size_t whole =
        (chunk->blocks + PHILOX_MULTIPLE - 1) / PHILOX_MULTIPLE * PHILOX_MULTIPLE;
    job->blocks(&job->part->generator, chunk->block, whole, pairs);
}

static void fill_main(void *context, int index, int count)
{
    const job_t *job = context;
    const random_maker_t *maker = job->maker;
    _Alignas(64) uint64_t pairs[CHUNK_BLOCKS * PHILOX_PAIRS];
    _Alignas(64) char cut[CHUNK_BLOCKS * MOST_PER_BLOCK * MOST_SIZE];
    uint64_t place, end;
    share(job->part, index, count, &place, &end);
    while (place < end) {
        const chunk_t chunk = chunk_at(place, end, maker->per_block);
        char *to = job->numbers + (place - job->part->first) * maker->size;
        make_blocks(job, &chunk, pairs);
        if (chunk.count == chunk.blocks * maker->per_block) {
            maker->make(pairs, chunk.blocks, &maker->law, to);
        } else {
            maker->make(pairs, chunk.blocks, &maker->law, cut);
            memcpy(to, cut + chunk.skip * maker->size, chunk.count * maker->size);
        }
        place += chunk.count;
    }
}

static void count_main(void *context, int index, int count)
{
    job_t *job = context;
    _Alignas(64) uint64_t pairs[CHUNK_BLOCKS * PHILOX_PAIRS];
    uint64_t place, end, inside = 0;
    share(job->part, index, count, &place, &end);
    while (place < end) {
        const chunk_t chunk = chunk_at(place, end, PHILOX_PAIRS);
        make_blocks(job, &chunk, pairs);
        inside += job->variant->inside(pairs + chunk.skip, chunk.count);
        place += chunk.count;
    }
    atomic_fetch_add(&job->inside, inside);
}

static int useful_threads(uint64_t count, int threads)
{
    const uint64_t most = least(count / THREAD_WORK, (uint64_t) threads);
    return most < 1 ? 1 : (int) most;
}

void random_fill(kernel_pool_t *pool, int threads, const random_part_t *part,
                 const random_maker_t *maker, void *numbers)
{
    job_t job = {.part = part, .blocks = maker->blocks, .maker = maker, .numbers = numbers};
    kernel_pool_run(pool, useful_threads(part->count, threads), fill_main, &job);
}

uint64_t random_inside(kernel_pool_t *pool, int threads, const random_part_t *part,
                       const random_variant_t *variant)
{
    job_t job = {.part = part, .blocks = variant->blocks, .variant = variant};
    kernel_pool_run(pool, useful_threads(part->count, threads), count_main, &job);
    return atomic_load(&job.inside);
}
