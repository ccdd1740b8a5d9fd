//  One grid on the four engines of an MPI world: the same answer as one engine gives, and one
//  sentence for all that can go wrong. Run with "cut" it is beside a build of the module whose
//  engines do not exchange their halos: then every comparison must fail; with "alone" beside engines
//  that are in no world.
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/client/e2e_support.h"

enum { ROWS = 37, COLUMNS = 41, PLANES = 18, POINTS = PLANES * ROWS * COLUMNS };

//  Random numbers from 0 to 1, always the same.
static const double *random_numbers(unsigned seed)
{
    static double numbers[4][POINTS];
    uint64_t state = 0x9e3779b97f4a7c15u * (seed + 1);
    for (size_t i = 0; i < POINTS; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        numbers[seed][i] = (double) (state >> 11) * 0x1p-53;
    }
    return numbers[seed];
}

static double at(const ipc_array_t *array, size_t i)
{
    return ipc_array_dtype(array) == IPC_F32 ? ((const float *) ipc_array_data(array))[i] : ipc_array_f64(array)[i];
}

//  The largest difference of two grids of one shape.
static double difference(const ipc_array_t *a, const ipc_array_t *b)
{
    double most = 0;
    ck_assert_int_eq(ipc_array_ndim(a), ipc_array_ndim(b));
    for (int k = 0; k < ipc_array_ndim(a); k++) ck_assert_uint_eq(ipc_array_shape(a)[k], ipc_array_shape(b)[k]);
    for (size_t i = 0; i < ipc_array_count(a); i++) most = fmax(most, fabs(at(a, i) - at(b, i)));
    return most;
}

static double compare(session_t *session, ipc_value_t alone, ipc_value_t together)
{
    ipc_result_t *one = ipc_apply_named(session->one, "heat.solve", alone);
    ipc_result_t *all = ipc_apply_named(session->all, "heat.solve", together);
    assert_ok(one);
    assert_ok(all);
    ck_assert_ptr_nonnull(ipc_result_joined(all));
    return difference(ipc_result_array(one, 0), ipc_result_joined(all));
}

static void within(int line, double difference, double tolerance)
{
    ck_assert_msg(difference <= tolerance, "line %d: %g apart, and may be %g", line, difference, tolerance);
}

static void beyond(int line, double difference, double least)
{
    ck_assert_msg(difference > least, "line %d: only %g apart", line, difference);
}

//  One engine's answer and that of all: how far they are apart.
#define DIFFERENCE(...)                                                                             \
    compare(&session, ipc_dict(__VA_ARGS__, "device", "cpu"), ipc_dict(__VA_ARGS__, "decompose", true))
#define SAME(tolerance, ...) within(__LINE__, DIFFERENCE(__VA_ARGS__), tolerance)
#define APART(least, ...) beyond(__LINE__, DIFFERENCE(__VA_ARGS__), least)

static const char *const boundaries[] = {"fixed", "periodic", "insulated"};

//  Finite differences take the same operations in the same order: nothing differs.
START_TEST(steps_of_all_engines_are_those_of_one_bit_for_bit)
{
    session_t session = session_open();
    const double *u = random_numbers(0), *f = random_numbers(1), *alpha = random_numbers(2);
    for (int b = 0; b < 3; b++) {
        const char *edges = boundaries[b];
        ipc_value_t plane = ipc_view2(IPC_F64, (void *) u, ROWS, COLUMNS);
        ipc_value_t source = ipc_view2(IPC_F64, (void *) f, ROWS, COLUMNS);
        ipc_value_t alphas = ipc_view2(IPC_F64, (void *) alpha, ROWS, COLUMNS);
        SAME(0, "initial", plane, "steps", 50, "boundary", edges);
        SAME(0, "initial", plane, "steps", 50, "boundary", edges, "source", source);
        SAME(0, "initial", plane, "steps", 50, "boundary", edges, "alpha", alphas, "source", source);
        SAME(0, "initial", plane, "steps", 13, "boundary", edges, "lx", 20.0, "dt", 0.01);
        SAME(0, "initial", plane, "steps", 50, "boundary", edges, "dtype", "float32");
        SAME(0, "initial", ipc_f64((void *) u, 1000), "steps", 50, "boundary", edges);
        SAME(0, "initial", ipc_f64((void *) u, 9), "steps", 20, "boundary", edges, "source",
                             ipc_f64((void *) f, 9), "alpha", ipc_f64((void *) alpha, 9));
    }
    session_close(&session);
}
END_TEST

START_TEST(so_are_those_of_solids_and_of_few_rows)
{
    session_t session = session_open();
    ipc_error_t error;
    ipc_array_t *solid = ipc_array_new(IPC_F64, 3, (const size_t[]){PLANES, ROWS, COLUMNS}, &error);
    memcpy(ipc_array_data(solid), random_numbers(0), ipc_array_size(solid));
    for (int b = 0; b < 3; b++) {
        SAME(0, "initial", solid, "steps", 30, "boundary", boundaries[b]);
        SAME(0, "initial", solid, "steps", 9, "boundary", boundaries[b], "ly", 20.0, "dt", 0.01);
        SAME(0, "initial", solid, "steps", 10, "boundary", boundaries[b], "alpha", solid, "source",
             solid);
        for (int rows = 4; rows < 12; rows += 3)
            SAME(0, "initial", ipc_view2(IPC_F64, (void *) random_numbers(0), rows, COLUMNS), "steps", 9,
                                 "boundary", boundaries[b]);
    }
    SAME(0, "n", 200, "steps", 40);
    ipc_array_destroy(&solid);
    session_close(&session);
}
END_TEST

//  What decays along each axis by itself is equal bit for bit; else FFTW-MPI adds in another order. Values are of the
//  order of 1, a source of 1 adds t to them.
START_TEST(waves_of_all_engines_are_those_of_one)
{
    session_t session = session_open();
    const double few = 1e-13, *u = random_numbers(0), *f = random_numbers(1);
    ipc_error_t error;
    ipc_array_t *solid = ipc_array_new(IPC_F64, 3, (const size_t[]){PLANES, 9, 10}, &error);
    memcpy(ipc_array_data(solid), u, ipc_array_size(solid));
    for (int b = 0; b < 3; b++) {
        const char *edges = boundaries[b];
        const double by_axes = strcmp(edges, "fixed") == 0 ? few : 0; // the fixed ones are not 0 here
        ipc_value_t plane = ipc_view2(IPC_F64, (void *) u, ROWS, COLUMNS);
        ipc_value_t source = ipc_view2(IPC_F64, (void *) f, ROWS, COLUMNS);
        SAME(by_axes, "initial", plane, "t", 5.0, "method", "fft", "boundary", edges);
        SAME(10 * few, "initial", plane, "t", 5.0, "method", "fft", "boundary", edges, "source", source);
        SAME(few, "initial", plane, "steps", 9, "dt", 1.0, "damped", 2, "method", "cn", "boundary",
             edges);
        if (b < 2) // each grid needs plans of its own, which FFTW-MPI is slow to make
            SAME(by_axes, "initial", solid, "t", 0.5, "method", "fft", "boundary", edges);
        else
            SAME(0, "initial", plane, "t", 5.0, "method", "fft", "boundary", edges, "dtype",
                 "float32");
    }
    SAME(0, "n", 60, "t", 5.0, "method", "fft");
    SAME(0, "n", 61, "t", 5.0, "method", "fft", "boundary", "fixed");
    ipc_array_destroy(&solid);
    session_close(&session);
}
END_TEST

//  Rows that were dealt out, kept and gone on with: no engine ever has the whole grid.
START_TEST(rows_stay_on_the_engines_between_solves)
{
    session_t session = session_open();
    ipc_value_t plane = ipc_view2(IPC_F64, (void *) random_numbers(0), ROWS, COLUMNS);
    ipc_scatter(session.all, "u", plane);
    for (int half = 0; half < 2; half++)
        assert_ok(ipc_apply_named(session.all, "heat.solve",
                                  ipc_dict("decompose", true, "shape", ipc_list(ROWS, COLUMNS), "initial", ipc_ref("u"),
                                           "steps", 15, "keep", "u")));
    ipc_result_t *gathered = ipc_gather(session.all, "u");
    ipc_result_t *one = ipc_apply_named(session.one, "heat.solve",
                                        ipc_dict("initial", plane, "steps", 30, "device", "cpu"));
    assert_ok(gathered);
    assert_ok(one);
    ck_assert(difference(ipc_result_joined(gathered), ipc_result_array(one, 0)) == 0);
    session_close(&session);
}
END_TEST

START_TEST(the_first_engine_gathers_when_asked_to)
{
    session_t session = session_open();
    ipc_result_t *one = ipc_apply_named(session.one, "heat.solve", ipc_dict("n", 50, "steps", 9, "device", "cpu"));
    ipc_result_t *all = ipc_apply_named(session.all, "heat.solve",
                                        ipc_dict("n", 50, "steps", 9, "decompose", true, "result", "gathered"));
    assert_ok(one);
    assert_ok(all);
    ck_assert(difference(ipc_result_array(one, 0), ipc_result_array(all, 0)) == 0);
    for (size_t i = 1; i < ENGINES; i++) ck_assert(ipc_value_is_none(ipc_result_value(all, i)));
    ipc_result_t *info = ipc_apply_named(session.all, "heat.info");
    assert_ok(info);
    ipc_value_t last = ipc_value_get(ipc_result_value(info, 3), "last");
    ck_assert_str_eq(ipc_value_str(ipc_value_get(last, "device")), "mpi");
    session_close(&session);
}
END_TEST

START_TEST(every_engine_writes_its_rows_into_one_file)
{
    session_t session = session_open();
    char folder[] = "/tmp/ipc-mpi-XXXXXX", path[64], start[10];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/u.npy", folder);
    ipc_result_t *one = ipc_apply_named(session.one, "heat.solve", ipc_dict("n", 50, "steps", 9, "device", "cpu"));
    ipc_result_t *all = ipc_apply_named(session.all, "heat.solve",
                                        ipc_dict("n", 50, "steps", 9, "decompose", true, "out", path));
    assert_ok(one);
    assert_ok(all);
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fread(start, 1, sizeof start, file), sizeof start);
    ck_assert_int_eq(memcmp(start, "\x93NUMPY\x01", 7), 0);
    char header[256] = "";
    const size_t size = (size_t) (unsigned char) start[8] + 256 * (size_t) (unsigned char) start[9];
    ck_assert_uint_eq(fread(header, 1, size, file), size);
    ck_assert_ptr_nonnull(strstr(header, "{'descr': '<f8', 'fortran_order': False, 'shape': (50, 50), }"));
    static double numbers[50 * 50 + 1];
    ck_assert_uint_eq(fread(numbers, sizeof(double), 50 * 50 + 1, file), 50 * 50);
    ck_assert_mem_eq(numbers, ipc_array_data(ipc_result_array(one, 0)), 50 * 50 * sizeof(double));
    fclose(file);
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0); // and nothing else is left there
    assert_fails(ipc_apply_named(session.all, "heat.solve",
                                 ipc_dict("n", 50, "steps", 9, "decompose", true, "out", "/nowhere/u.npy")),
                 "cannot write /nowhere/u.npy.part: No such file or directory");
    session_close(&session);
}
END_TEST

#define REFUSED(view, sentence, ...)                                                                \
    assert_fails(ipc_apply_named(view, "heat.solve", ipc_dict(__VA_ARGS__)), sentence)

START_TEST(what_cannot_be_is_said_in_one_sentence)
{
    session_t session = session_open();
    ipc_view_t *all = session.all;
    REFUSED(all, "a grid of 3 rows cannot be split over the 4 engines of the MPI world: each needs one", "decompose",
            true, "shape", ipc_list(3, 50), "steps", 1);
    REFUSED(all, "FFTW-MPI transforms no single line: use method fd", "decompose", true, "shape", ipc_list(99),
            "method", "fft");
    REFUSED(all, "decompose splits one grid, and not a batch of them", "decompose", true, "batch", true);
    REFUSED(all, "a decomposed grid is solved on the host", "decompose", true, "device", "cuda");
    REFUSED(all, "decompose takes one thread of each engine", "decompose", true, "threads", 2);
    REFUSED(all, "out of heat.solve writes the grid to a file: leave keep out", "decompose", true, "out", "/tmp/u",
            "keep", "u");
    REFUSED(session.one, "result of heat.solve is of grids that are split over the engines", "result", "gathered");
    REFUSED(all, "initial of heat.solve has 5 rows: it must be the whole grid of 37", "decompose", true, "shape",
            ipc_list(ROWS, COLUMNS), "initial", ipc_view2(IPC_F64, (void *) random_numbers(0), 5, COLUMNS));
    REFUSED(all, "initial of heat.solve is NaN at row 2, column 1", "decompose", true, "initial",
            ipc_view2(IPC_F64, ((double[]){0, 0, 0, 0, 0, 0, 0, NAN, 0, 0, 0, 0}), 4, 3));
    session_close(&session);
}
END_TEST

//  The other engines do not wait for one that cannot, and say why.
START_TEST(one_engine_that_refuses_is_named_by_the_others)
{
    session_t session = session_open();
    ipc_view_t *others = view_of(&session, "0,1,3"), *third = view_of(&session, "2");
    ipc_result_t *waiting = ipc_apply_named(others, "heat.solve", ipc_dict("n", 50, "steps", 1, "decompose", true));
    ipc_result_t *wrong = ipc_apply_named(third, "heat.solve", ipc_dict("n", 50, "dt", 9.0, "decompose", true));
    assert_fails(waiting, "engine 2: alpha dt = 9 is above 1/4");
    assert_fails(wrong, "alpha dt = 9 is above 1/4");
    waiting = ipc_apply_named(others, "heat.solve", ipc_dict("n", 50, "steps", 1, "decompose", true));
    wrong = ipc_apply_named(third, "heat.solve", ipc_dict("n", 50, "steps", 2, "decompose", true));
    assert_fails(waiting, "were given different keywords");
    assert_fails(wrong, "were given different keywords");
    session_close(&session);
}
END_TEST

//  MPI itself would wait for ever.
START_TEST(engines_that_do_not_come_are_named)
{
    session_t session = session_open();
    ipc_view_t *some = view_of(&session, "0,2");
    REFUSED(some, "not all 4 engines of the MPI world have come within 0.1 s: engine", "n", 50, "steps", 1, "decompose",
            true, "wait", 0.1);
    assert_ok(ipc_apply_named(session.all, "heat.solve", ipc_dict("n", 50, "steps", 1, "decompose", true)));
    session_close(&session);
}
END_TEST

IPC_REMOTE(int, pid_of_worker, (void))
{
    return getpid();
}

//  The world is broken, which is said; engines work on; a restart of all makes a new one.
static void expect_new_world(session_t *session, const char *why)
{
    REFUSED(session->all, why, "n", 50, "steps", 1, "decompose", true);
    REFUSED(session->all, "'ipcluster restart' makes a new world", "n", 50, "steps", 1, "decompose", true);
    assert_ok(ipc_apply_sync(session->all, pid_of_worker));
    assert_shows(ipcluster_prints(0, "restart", NULL), "all engines run anew");
    assert_ok(ipc_apply_named(session->all, "heat.solve", ipc_dict("n", 50, "steps", 1, "decompose", true)));
}

//  The others do not wait for it, neither for a halo nor within FFTW-MPI.
START_TEST(a_world_is_broken_by_a_death_in_the_middle)
{
    session_t session = session_open();
    for (int k = 0; k < 2; k++) {
        ipc_result_t *pid = ipc_apply_sync(view_of(&session, "2"), pid_of_worker);
        ipc_result_t *endless =
            k == 0 ? ipc_apply_named(session.all, "heat.solve",
                                     ipc_dict("n", 600, "steps", 2000000000, "dt", 1e-6, "decompose", true))
                   : ipc_apply_named(session.all, "heat.solve",
                                     ipc_dict("n", 2000, "t", 1.0, "method", "fft", "decompose", true));
        ipc_result_wait(endless, 50); // then it is being solved, most likely
        ck_assert_int_eq(kill((pid_t) ipc_result_i64(pid, 0), SIGKILL), 0);
        assert_fails(endless, k == 0 ? "engine 2" : "");
        expect_new_world(&session, "engine 2 ");
    }
    session_close(&session);
}
END_TEST

START_TEST(a_world_is_broken_when_its_mpiexec_is_killed)
{
    session_t session = session_open();
    const pid_t mpiexec = process_named("mpiexec");
    ck_assert_int_gt(mpiexec, 0);
    ck_assert_int_eq(kill(mpiexec, SIGKILL), 0);
    await_end(mpiexec);
    expect_new_world(&session, "the mpiexec of the MPI world has ended, so the world is broken");
    session_close(&session);
}
END_TEST

//  Nothing but the halos says what the neighbours have.
START_TEST(without_halos_the_answer_is_wrong)
{
    session_t session = session_open();
    ipc_value_t plane = ipc_view2(IPC_F64, (void *) random_numbers(0), ROWS, COLUMNS);
    for (int b = 0; b < 3; b++)
        APART(1e-3, "initial", plane, "steps", 2, "boundary", boundaries[b]);
    APART(1e-3, "initial", ipc_f64((void *) random_numbers(0), 1000), "steps", 2);
    session_close(&session);
}
END_TEST

START_TEST(engines_of_no_world_say_how_to_start_one)
{
    session_t session = session_open();
    REFUSED(session.all, "this engine is in no MPI world: start the cluster with 'ipcluster start --engines mpi'",
            "decompose", true);
    session_close(&session);
}
END_TEST

static void add_alone(TCase *tests)
{
    tcase_add_test(tests, engines_of_no_world_say_how_to_start_one);
}

static void add_cut(TCase *tests)
{
    tcase_add_test(tests, without_halos_the_answer_is_wrong);
}

static void add(TCase *tests)
{
    tcase_add_test(tests, engines_that_do_not_come_are_named);
    tcase_add_test(tests, steps_of_all_engines_are_those_of_one_bit_for_bit);
    tcase_add_test(tests, so_are_those_of_solids_and_of_few_rows);
    tcase_add_test(tests, waves_of_all_engines_are_those_of_one);
    tcase_add_test(tests, rows_stay_on_the_engines_between_solves);
    tcase_add_test(tests, the_first_engine_gathers_when_asked_to);
    tcase_add_test(tests, every_engine_writes_its_rows_into_one_file);
    tcase_add_test(tests, what_cannot_be_is_said_in_one_sentence);
    tcase_add_test(tests, one_engine_that_refuses_is_named_by_the_others);
    tcase_add_test(tests, a_world_is_broken_by_a_death_in_the_middle);
    tcase_add_test(tests, a_world_is_broken_when_its_mpiexec_is_killed);
}

int main(int argc, char **argv)
{
    const char *which = argc > 1 ? argv[1] : "";
    return !strcmp(which, "cut")     ? e2e_main("mpi without halos", add_cut)
           : !strcmp(which, "alone") ? e2e_main("mpi without a world", add_alone)
                                     : e2e_main("mpi", add);
}
