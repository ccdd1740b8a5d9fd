//  Jobs are found by their ids, whatever came and went before; two of one id both.
#include <check.h>
#include <stdlib.h>

#include "controller/job_index.h"
#include "tests/common/run_suite.h"

enum { JOBS = 5000 };

static scheduler_job_t jobs[JOBS];
static job_index_t *by_id;

static void make_index(void)
{
    by_id = job_index_new();
}

static void destroy_index(void)
{
    job_index_destroy(&by_id);
    ck_assert_ptr_null(by_id);
    job_index_destroy(&by_id);
}

//  How many jobs of an id are found; one of them must be this one, if it is not NULL.
static size_t find(uint64_t id, const scheduler_job_t *one)
{
    size_t place = 0, count = 0;
    bool seen = one == NULL;
    for (const scheduler_job_t *job; (job = job_index_next(by_id, id, &place)); count++) {
        ck_assert_uint_eq(job->id, id);
        seen = seen || job == one;
    }
    ck_assert(seen);
    return count;
}

START_TEST(jobs_are_found_until_they_are_removed)
{
    bool in[JOBS] = {false};
    size_t count = 0;
    uint64_t seed = 1;
    for (size_t i = 0; i < JOBS; i++) jobs[i].id = (UINT64_C(1) << 40) + i; // as a client counts them
    for (size_t step = 0; step < 20 * JOBS; step++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        size_t i = (size_t) (seed >> 33) % JOBS;
        bool adds = step < 10 * JOBS ? !in[i] : false; // then they go, one by one
        if (adds)
            job_index_add(by_id, &jobs[i]);
        else
            job_index_remove(by_id, &jobs[i]); // perhaps one that is not there
        count += adds ? 1 : in[i] ? (size_t) -1 : 0;
        in[i] = adds;
        ck_assert_uint_eq(job_index_count(by_id), count);
        size_t other = (size_t) (seed >> 13) % JOBS;
        ck_assert_uint_eq(find(jobs[other].id, in[other] ? &jobs[other] : NULL), in[other]);
    }
    for (size_t i = 0; i < JOBS; i++) ck_assert_uint_eq(find(jobs[i].id, in[i] ? &jobs[i] : NULL), in[i]);
}
END_TEST

START_TEST(two_jobs_of_one_id_are_both_found)
{
    for (size_t i = 0; i < 100; i++) jobs[i].id = 7 + i / 2;
    for (size_t i = 0; i < 100; i++) job_index_add(by_id, &jobs[i]);
    for (size_t i = 0; i < 100; i++) ck_assert_uint_eq(find(7 + i / 2, &jobs[i]), 2);
    for (size_t i = 0; i < 100; i += 2) job_index_remove(by_id, &jobs[i]);
    for (size_t i = 1; i < 100; i += 2) ck_assert_uint_eq(find(7 + i / 2, &jobs[i]), 1);
    ck_assert_uint_eq(find(6, NULL), 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("job index");
    tcase_add_checked_fixture(tests, make_index, destroy_index);
    tcase_add_test(tests, jobs_are_found_until_they_are_removed);
    tcase_add_test(tests, two_jobs_of_one_id_are_both_found);
    return run_suite("job index", tests);
}
