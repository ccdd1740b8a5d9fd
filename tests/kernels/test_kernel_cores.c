//  How many threads a kernel uses.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernels/common/cores.h"
#include "module_support.h"

//  A child claims cores and says so; what it holds is not free, until it is gone.
START_TEST(cores_in_use_by_others_are_left_to_them)
{
    char directory[] = "/tmp/kernel-cores-XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(directory));
    setenv("IPC_SHM", directory, 1);
    const int all = kernel_cores_available();
    int ready[2];
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        kernel_cores_claim(all);
        ck_assert_int_eq(write(ready[1], "x", 1), 1);
        for (;;) pause();
    }
    char byte;
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    kernel_cores_t cores = kernel_cores_claim(0);
    ck_assert_int_eq(cores.threads, 1);
    kernel_cores_release(&cores);
    cores = kernel_cores_claim(3);
    ck_assert_int_eq(cores.threads, 3);
    kernel_cores_release(&cores);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    cores = kernel_cores_claim(0);
    ck_assert_int_eq(cores.threads, all);
    kernel_cores_release(&cores);
    snprintf(path, sizeof path, "%s/cores", directory);
    unlink(path);
    rmdir(directory);
}
END_TEST

START_TEST(omp_num_threads_is_an_upper_limit)
{
    setenv("OMP_NUM_THREADS", "1", 1);
    ck_assert_int_eq(kernel_cores_available(), 1);
    setenv("OMP_NUM_THREADS", "100000", 1);
    ck_assert_int_lt(kernel_cores_available(), 100000);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        cores_in_use_by_others_are_left_to_them,
        omp_num_threads_is_an_upper_limit,
    };
    return module_run_tests("kernel_cores", tests, sizeof tests / sizeof *tests);
}
