//  Random numbers, beside their generator alone: how fast words are made that nobody looks
//  at. First the loops of the module, into memory that stays in the cache; then the module
//  on engines, where arrays are new memory each time and are copied when they are kept.
#include <math.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/python.h"
#include "common/fail.h"
#include "kernels/common/cores.h"
#include "kernels/random/fill.h"

enum { RUNS = 5, BLOCKS = 512, NUMBERS = 1 << 24, EACH = 1 << 16 };

static const int64_t POINTS = 1000000000;

//  --- The generator alone ---------------------------------------------------------------

static void make_words(void *context, int index, int count)
{
    const size_t *rounds = context; // of each thread
    const philox_t generator = {.seed = 1, .stream = (uint64_t) index};
    _Alignas(64) uint64_t pairs[BLOCKS * PHILOX_PAIRS];
    for (size_t i = 0; i < *rounds; i++) {
        random_variant(0)->blocks(&generator, i * BLOCKS, BLOCKS, pairs);
        __asm__ volatile("" : : "r"(pairs) : "memory"); // each round is done
    }
}

//  Pairs of words a second, on all cores.
static double pairs_per_second(kernel_pool_t *pool, int threads)
{
    size_t rounds = 1 << 16;
    samples_t rates = {0};
    for (int i = 0; i < RUNS; i++) {
        double start = bench_now();
        kernel_pool_run(pool, threads, make_words, &rounds);
        samples_add(&rates, (double) rounds * BLOCKS * PHILOX_PAIRS * threads /
                                (bench_now() - start));
    }
    double rate = samples_median(&rates);
    samples_free(&rates);
    return rate;
}

//  --- The loops -------------------------------------------------------------------------

typedef struct law {
    const char *name;
    random_law_fn make;
    size_t size;        // of a number, in bytes
    unsigned per_block; // numbers
} law_t;

//  Numbers a second, on all cores.
static double numbers_per_second(kernel_pool_t *pool, int threads, const law_t *law,
                                 void *numbers)
{
    enum { ROUNDS = 200 };
    const random_maker_t maker = {.blocks = random_variant(0)->blocks,
                                  .make = law->make,
                                  .per_block = law->per_block,
                                  .size = law->size,
                                  .law = {.width = 1, .most = 1, .sigma = 1}};
    const random_part_t part = {.count = (uint64_t) EACH * (uint64_t) threads};
    samples_t rates = {0};
    for (int i = 0; i < RUNS; i++) {
        double start = bench_now();
        for (int round = 0; round < ROUNDS; round++)
            random_fill(pool, threads, &part, &maker, numbers);
        samples_add(&rates, (double) part.count * ROUNDS / (bench_now() - start));
    }
    double rate = samples_median(&rates);
    samples_free(&rates);
    return rate;
}

static double points_per_second(kernel_pool_t *pool, int threads)
{
    const random_part_t part = {.count = (uint64_t) POINTS / 10};
    samples_t rates = {0};
    for (int i = 0; i < RUNS; i++) {
        double start = bench_now();
        uint64_t inside = random_inside(pool, threads, &part, random_variant(0));
        __asm__ volatile("" : : "r"(inside));
        samples_add(&rates, (double) part.count / (bench_now() - start));
    }
    double rate = samples_median(&rates);
    samples_free(&rates);
    return rate;
}

//  Gives how many pairs of words a second the generator makes, on all cores.
static double measure_loops(const bench_t *bench, kernel_pool_t *pool, int threads)
{
    const random_variant_t *variant = random_variant(0);
    const law_t laws[] = {
        {"uniform, float32", variant->uniform_f32, sizeof(float), 4},
        {"uniform, float64", variant->uniform_f64, sizeof(double), 2},
        {"normal, float32", variant->normal_f32, sizeof(float), 2},
        {"normal, float64", variant->normal_f64, sizeof(double), 2},
    };
    const double pairs = pairs_per_second(pool, threads);
    bench_row(bench, &(row_t){"the generator alone, pairs of words", pairs, UNIT_PER_SECOND,
                              0, NULL, 0});
    void *numbers = aligned_alloc(64, (size_t) EACH * (size_t) threads * sizeof(double));
    for (size_t i = 0; numbers && i < sizeof laws / sizeof *laws; i++)
        bench_row(bench, &(row_t){laws[i].name,
                                  numbers_per_second(pool, threads, &laws[i], numbers),
                                  UNIT_PER_SECOND, pairs * laws[i].per_block / PHILOX_PAIRS,
                                  "the generator alone", 0});
    free(numbers);
    bench_row(bench, &(row_t){"points counted for pi", points_per_second(pool, threads),
                              UNIT_PER_SECOND, pairs, "the generator alone", 0});
    return pairs;
}

//  --- NumPy -----------------------------------------------------------------------------

//  Its newest generator, into memory that is used again; one thread, as all of NumPy's.
static const char numpy_script[] = BENCH_PYTHON_MEDIAN
    "import numpy\n"
    "n = 1 << 16\n"
    "generator = numpy.random.Generator(numpy.random.Philox(1))\n"
    "single, double = numpy.empty(n, numpy.float32), numpy.empty(n)\n"
    "def inside():\n"
    "    x, y = generator.random(n), generator.random(n)\n"
    "    return ((x * x + y * y) < 1).sum()\n"
    "for law in generator.random, generator.standard_normal:\n"
    "    print(n / median(lambda: law(out=single, dtype=numpy.float32)))\n"
    "    print(n / median(lambda: law(out=double)))\n"
    "print(n / median(inside))\n";

static void print_numpy(const bench_t *bench)
{
    static const char *const names[] = {"NumPy's Philox, 1 thread, uniform, float32",
                                        "  uniform, float64", "  normal, float32",
                                        "  normal, float64", "  points counted for pi"};
    double rates[5];
    if (!bench_python(bench, "NumPy (python3-numpy)", numpy_script, rates, 5))
        return;
    for (int k = 0; k < 5; k++)
        bench_row(bench, &(row_t){names[k], rates[k], UNIT_PER_SECOND, 0, NULL, 0});
}

//  --- The module ------------------------------------------------------------------------

static IPC_REMOTE(double, mean_of, (const ipc_array_t *x))
{
    double sum = 0;
    for (size_t i = 0; i < ipc_array_count(x); i++) sum += ipc_array_f64(x)[i];
    return sum / (double) ipc_array_count(x);
}

static int check_mean(ipc_view_t *view, ipc_error_t *error)
{
    ipc_result_t *result = ipc_apply(view, mean_of, ipc_ref("numbers"));
    if (bench_finish(result, BENCH_WAIT_MS, error))
        return -1;
    double mean = ipc_result_f64(result, 0);
    ipc_result_destroy(&result);
    if (fabs(mean - 0.5) < 5 / sqrt(12.0 * NUMBERS))
        return 0;
    return ipc_fail(error, IPC_E_SYSTEM, "the mean of random.uniform is %g", mean);
}

static int measure_uniform(const bench_t *bench, ipc_view_t *view, ipc_error_t *error)
{
    samples_t rates = {0};
    bool failed = false;
    for (int i = 0; i < RUNS && !failed; i++) {
        ipc_result_t *result = ipc_apply_named(
            view, "random.uniform", ipc_dict("n", NUMBERS, "stream", i, "keep", "numbers"));
        failed = bench_finish(result, BENCH_WAIT_MS, error) || check_mean(view, error);
        samples_add(&rates, 8 * NUMBERS / ipc_result_serial_time(result));
        ipc_result_destroy(&result);
    }
    if (!failed)
        bench_row(bench, &(row_t){"random.uniform, 128 MiB kept on one engine",
                                  samples_median(&rates), UNIT_BANDWIDTH, 0, NULL, 0});
    samples_free(&rates);
    return failed ? -1 : 0;
}

static int measure_pi(const bench_t *bench, ipc_view_t *all, double pairs,
                      ipc_error_t *error)
{
    double inside = 0, count = 0;
    ipc_result_t *result = ipc_apply_named(
        all, "random.pi", ipc_dict("samples", POINTS / BENCH_ENGINES, "seed", 1));
    if (bench_finish(result, BENCH_WAIT_MS, error))
        return -1;
    for (size_t i = 0; i < ipc_result_count(result); i++) {
        ipc_value_t part = ipc_result_value(result, i);
        inside += (double) ipc_value_i64(ipc_value_get(part, "inside"));
        count += (double) ipc_value_i64(ipc_value_get(part, "samples"));
    }
    const double wall = ipc_result_wall_time(result), pi = 4 * inside / count;
    ipc_result_destroy(&result);
    if (!(fabs(pi - M_PI) < 5 * sqrt(M_PI * (4 - M_PI) / count)))
        return ipc_fail(error, IPC_E_SYSTEM, "%g points give pi = %.9g", count, pi);
    bench_row(bench,
              &(row_t){"random.pi, 10^9 points on 4 engines, until here", wall,
                       UNIT_SECONDS, (double) POINTS / pairs, "the generator alone", 0});
    return 0;
}

int section_random(const bench_t *bench, ipc_error_t *error)
{
    bench_heading("random numbers, all cores");
    kernel_pool_t *pool = kernel_pool_new();
    if (!pool)
        return ipc_fail(error, IPC_E_MEMORY, "no memory for threads");
    const double pairs = measure_loops(bench, pool, kernel_cores_available());
    kernel_pool_destroy(&pool);
    print_numpy(bench);
    if (bench->raw)
        return 0;
    ipc_auto(ipc_client_destroy) ipc_client_t *client = bench_client(error);
    ipc_auto(ipc_view_destroy) ipc_view_t *one =
        client ? ipc_direct_view(client, "0", error) : NULL;
    ipc_auto(ipc_view_destroy) ipc_view_t *all =
        client ? ipc_direct_view(client, "all", error) : NULL;
    if (!one || !all)
        return -1;
    return measure_uniform(bench, one, error) || measure_pi(bench, all, pairs, error) ? -1
                                                                                      : 0;
}
