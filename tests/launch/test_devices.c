//  What --gpus means, with stand-ins for the driver and for NVML (tests/engine/cuda_stand_in/), and the cores near a
//  device, as a folder says in place of /sys.
#include <check.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch/devices.h"
#include "tests/common/run_suite.h"

//  The names of the devices that terms find, "stand-in 2:1 stand-in 1:0": which, and what shows it.
static void assert_finds(const char *terms, const char *visible, const char *expected)
{
    gpus_t gpus;
    ipc_error_t error = {0};
    char text[512] = "";
    if (visible)
        setenv("CUDA_VISIBLE_DEVICES", visible, 1);
    else
        unsetenv("CUDA_VISIBLE_DEVICES");
    ck_assert_msg(!devices_find(terms, &gpus, &error), "%s: %s", terms, error.text);
    for (size_t i = 0; i < gpus.count; i++)
        sprintf(text + strlen(text), "%s%s:%s", i > 0 ? " " : "", gpus.all[i].name + strlen("stand-in "),
                gpus.all[i].visible);
    ck_assert_str_eq(text, expected);
}

static void assert_finds_none(const char *terms, const char *visible, int code, const char *words)
{
    gpus_t gpus;
    ipc_error_t error = {0};
    if (visible)
        setenv("CUDA_VISIBLE_DEVICES", visible, 1);
    else
        unsetenv("CUDA_VISIBLE_DEVICES");
    ck_assert_int_eq(devices_find(terms, &gpus, &error), -1);
    ck_assert_msg(strstr(error.text, words) != NULL, "%s: %s", terms, error.text);
    ck_assert_int_eq(error.code, code);
}

START_TEST(all_some_or_these)
{
    setenv("CUDA_STAND_IN_DEVICES", "4", 1);
    assert_finds("auto", NULL, "0:0 1:1 2:2 3:3");
    assert_finds("none", NULL, "");
    assert_finds("2", NULL, "0:0 1:1");
    assert_finds("3,1", NULL, "3:3 1:1");
    assert_finds("2,", NULL, "2:2");
    assert_finds(" 2 , 0 ", NULL, "2:2 0:0");
    assert_finds("GPU-03,GPU-01000000-0000-0000-0000-000000000000", NULL,
                 "3:GPU-03 1:GPU-01000000-0000-0000-0000-000000000000");
}
END_TEST

START_TEST(what_the_environment_hides_stays_hidden)
{
    setenv("CUDA_STAND_IN_DEVICES", "4", 1);
    assert_finds("auto", "3,2", "3:3 2:2");
    assert_finds("auto", "GPU-02", "2:GPU-02");
    assert_finds("auto", "1,-1,2", "1:1"); // the driver stops at what is none
    assert_finds("1", "3,2", "3:3");
    assert_finds("1,0", "3,2", "2:2 3:3"); // numbers count what it shows
    assert_finds_none("2,", "3,2", IPC_E_CUDA, "there is no GPU 2: CUDA_VISIBLE_DEVICES shows 2 (\"3,2\")");
    assert_finds_none("3", "3,2", IPC_E_CUDA, "3 GPUs were asked for, 2 are here");
    assert_finds_none("auto", "", IPC_E_CUDA, "CUDA_VISIBLE_DEVICES is empty");
    assert_finds("none", "", "");
}
END_TEST

START_TEST(what_is_not_there_is_said)
{
    setenv("CUDA_STAND_IN_DEVICES", "1", 1);
    assert_finds_none("2", NULL, IPC_E_CUDA, "2 GPUs were asked for, 1 is here");
    assert_finds_none("0,1", NULL, IPC_E_CUDA, "there is no GPU 1");
    assert_finds_none("0,GPU-7", NULL, IPC_E_CUDA, "there is no GPU GPU-7");
    assert_finds_none("MIG-1234", NULL, IPC_E_CUDA, "there is no GPU MIG-1234: the CUDA driver shows no device");
    setenv("CUDA_STAND_IN_DEVICES", "0", 1);
    assert_finds_none("auto", NULL, IPC_E_CUDA, "the CUDA driver shows no device: CUDA_ERROR_NO_DEVICE (");
}
END_TEST

START_TEST(what_means_nothing_is_refused)
{
    static const struct { const char *terms, *words; } cases[] = {
        {"", "--gpus takes auto, none"},   {"0", "\"none\" is for none"},  {"65", "up to 64 devices"},
        {"x", "\"x\" names no GPU"},       {"all", "\"all\" names no GPU"}, {"0,,1", "a gap"},
        {",", "a gap"},                    {"1,1", "stands twice"},        {"-1", "\"-1\" names no GPU"},
        {"1.5", "\"1.5\" names no GPU"},   {"0,auto", "\"auto\" names no GPU"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ipc_error_t error = {0};
        ck_assert_int_eq(devices_check(cases[i].terms, &error), -1);
        ck_assert_msg(strstr(error.text, cases[i].words) != NULL, "%s: %s", cases[i].terms, error.text);
        ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    }
}
END_TEST

START_TEST(memory_is_known_and_asked_again)
{
    gpus_t gpus;
    setenv("CUDA_STAND_IN_DEVICES", "2", 1);
    unsetenv("CUDA_VISIBLE_DEVICES");
    ck_assert_int_eq(devices_find("1,0", &gpus, NULL), 0);
    ck_assert_uint_eq(gpus.all[0].total, 2ull << 30);
    ck_assert_uint_eq(gpus.all[0].used, 200 << 20);
    gpus.all[0].used = gpus.all[1].used = 7;
    gpus_ask_used(&gpus);
    ck_assert_uint_eq(gpus.all[0].used, 200 << 20);
    ck_assert_uint_eq(gpus.all[1].used, 100 << 20);
}
END_TEST

//  A driver that crashes when it is asked, and one that does not answer, are not ours to die of.
START_TEST(a_driver_that_dies_is_told_of)
{
    gpus_t gpus;
    ipc_error_t error = {0};
    setenv("CUDA_STAND_IN_MODE", "crash", 1);
    ck_assert_int_eq(devices_find("auto", &gpus, &error), -1);
    ck_assert_msg(strstr(error.text, "the CUDA driver crashed when it was asked") != NULL, "%s", error.text);
    unsetenv("CUDA_STAND_IN_MODE");
}
END_TEST

START_TEST(a_device_is_tried)
{
    ipc_error_t error = {0};
    setenv("CUDA_STAND_IN_DEVICES", "1", 1);
    ck_assert_int_eq(gpus_try(&error), 0);
    static const struct { const char *mode, *words; } cases[] = {
        {"full", "the device cannot be used: CUDA_ERROR_OUT_OF_MEMORY"},
        {"0", "the device cannot be used: CUDA_ERROR_ECC_UNCORRECTABLE"},
        {"2", "the device cannot be used: CUDA_ERROR_ECC_UNCORRECTABLE"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setenv("CUDA_STAND_IN_MODE", cases[i].mode, 1);
        ck_assert_int_eq(gpus_try(&error), -1);
        ck_assert_msg(strstr(error.text, cases[i].words) != NULL, "%s: %s", cases[i].mode, error.text);
    }
    unsetenv("CUDA_STAND_IN_MODE");
}
END_TEST

//  A folder like /sys, with one device that cores are near.
static void write_near(char folder[32], const char *device, const char *cores)
{
    char path[256];
    static const char *const parts[] = {"", "/bus", "/bus/pci", "/bus/pci/devices"};
    strcpy(folder, "/tmp/ipc-sysfs-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (size_t i = 1; i < sizeof parts / sizeof parts[0]; i++) {
        snprintf(path, sizeof path, "%s%s", folder, parts[i]);
        ck_assert_int_eq(mkdir(path, 0700), 0);
    }
    snprintf(path, sizeof path, "%s/bus/pci/devices/%s", folder, device);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    strcat(path, "/local_cpulist");
    FILE *file = fopen(path, "w");
    fprintf(file, "%s\n", cores);
    fclose(file);
}

START_TEST(the_kernel_knows_which_cores_are_near)
{
    char folder[32], command[64];
    gpu_t gpu = {.bus = "0000:3B:00.0"}, long_domain = {.bus = "00000000:3B:00.0"}, other = {.bus = "0000:3C:00.0"};
    gpu_t odd = {.bus = "../../etc"};
    write_near(folder, "0000:3b:00.0", "0-3,8");
    gpu_find_near(&gpu, folder);
    ck_assert_str_eq(gpu.near, "0-3,8");
    gpu_find_near(&long_domain, folder);
    ck_assert_str_eq(long_domain.near, "0-3,8");
    gpu_find_near(&other, folder);
    ck_assert_str_eq(other.near, "");
    gpu_find_near(&odd, folder);
    ck_assert_str_eq(odd.near, "");
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

//  The cores that a process may run on, having been told to stay near some.
static cpu_set_t near_to(const char *list)
{
    int ends[2];
    cpu_set_t cores;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        gpu_stay_near(list);
        sched_getaffinity(0, sizeof cores, &cores);
        _exit(write(ends[1], &cores, sizeof cores) != sizeof cores);
    }
    ck_assert_int_eq(read(ends[0], &cores, sizeof cores), sizeof cores);
    waitpid(pid, NULL, 0);
    close(ends[0]);
    close(ends[1]);
    return cores;
}

START_TEST(a_process_stays_near_as_far_as_it_may)
{
    cpu_set_t all, one, got;
    char list[32];
    int last = CPU_SETSIZE - 1;
    sched_getaffinity(0, sizeof all, &all);
    while (!CPU_ISSET(last, &all)) last--;
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    snprintf(list, sizeof list, "%d-%d", last, CPU_SETSIZE - 1);
    got = near_to(list);
    ck_assert(CPU_EQUAL(&got, &one));
    static const char *const odd[] = {"", "x", "0-", "-1", "0-99999", "0;1", "1000-1023"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        got = near_to(odd[i]);
        ck_assert_msg(CPU_EQUAL(&got, &all), "\"%s\" moved it", odd[i]);
    }
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("devices");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, all_some_or_these);
    tcase_add_test(tests, what_the_environment_hides_stays_hidden);
    tcase_add_test(tests, what_is_not_there_is_said);
    tcase_add_test(tests, what_means_nothing_is_refused);
    tcase_add_test(tests, memory_is_known_and_asked_again);
    tcase_add_test(tests, a_driver_that_dies_is_told_of);
    tcase_add_test(tests, a_device_is_tried);
    tcase_add_test(tests, the_kernel_knows_which_cores_are_near);
    tcase_add_test(tests, a_process_stays_near_as_far_as_it_may);
    return run_suite("devices", tests);
}
