//  Engines that own GPUs, through stand-ins for the driver, for NVML and for NVRTC (tests/engine/cuda_stand_in/): four
//  engines in turns on two devices, started with --gpus auto. It shows what engines, controller and ipcluster make of
//  what a driver says, never that a device computes.
#include "e2e_support.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/ipmodule.h"

static const ipc_options_t cuda = {.cuda = true};

IPC_REMOTE(const char *, visible, (void))
{
    const char *devices = getenv("CUDA_VISIBLE_DEVICES");
    return ipc_text("%s", devices ? devices : "all");
}

IPC_REMOTE(int, where, (void))
{
    return (int) ipc_engine_id();
}

IPC_REMOTE(void, wait_at, (const char *path))
{
    gate_await(path);
}

//  What a module does that finds out by itself.
IPC_REMOTE(void, lose_the_device, (void))
{
    ipc_device_failed("it has fallen off the bus");
    ipc_raise("DeviceError", "the library cannot go on");
}

//  A DeviceError is not the device's failure where that can be used.
IPC_REMOTE(void, complain, (void))
{
    ipc_raise("DeviceError", "the library wants another device");
}

//  The file that says which devices are broken.
static void set_broken(const char *numbers)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", getenv("XDG_RUNTIME_DIR"), getenv("CUDA_STAND_IN_BROKEN"));
    FILE *file = fopen(path, "w");
    ck_assert_msg(file != NULL, "%s", path);
    fputs(numbers, file);
    fclose(file);
}

static void fail_device(session_t *s)
{
    assert_ok(ipc_execute_with_sync(s->one, "__global__ void fails() {}", &cuda));
    assert_refused(ipc_launch_sync(s->one, "fails", NULL), "DeviceError",
                   "the GPU of engine 0 has failed, and the engine is started anew: kernel fails failed: "
                   "CUDA_ERROR_ECC_UNCORRECTABLE");
}

static void assert_works(session_t *s)
{
    assert_ok(ipc_execute_with(s->one, "__global__ void k(unsigned char *y) {}", &cuda));
    assert_ok(ipc_push(s->one, "y", ipc_u8((uint8_t[]){1}, 1)));
    assert_ok(ipc_launch(s->one, "k", NULL, ipc_ref("y")));
    assert_prints(ipc_pull(s->one, "y"), "[2]");
}

START_TEST(each_engine_sees_one_device_in_turns)
{
    session_t s = session_open();
    assert_prints(ipc_apply_sync(s.all, visible), "[\"0\", \"1\", \"0\", \"1\"]");
    session_close(&s);
}
END_TEST

START_TEST(a_task_that_needs_a_gpu_finds_one)
{
    session_t s = session_open();
    ipc_options_t whole = {.needs = "gpu=1"}, half = {.needs = "gpu=0.5"}, two = {.needs = "gpu=2"};
    assert_ok(ipc_apply_with(s.any, &whole, where));
    assert_ok(ipc_apply_with(s.any, &half, where));
    assert_refused(ipc_apply_with(s.any, &two, where), "ImpossibleDependency",
                   "needs gpu=2, and no engine has more than 1");
    ipc_options_t large = {.needs = "gpu=0.5,gpumemory=1.5e9"};
    ipc_result_t *ran = ipc_apply_with_sync(s.any, &large, visible);
    ck_assert_str_eq(ipc_result_str(ran, 0), "1"); // device 0 has 1 GiB
    session_close(&s);
}
END_TEST

START_TEST(the_status_shows_device_and_memory)
{
    session_t s = session_open();
    assert_shows(ipcluster_prints(0, "status", NULL), "GPU 1: stand-in 1, 0.2 of 2.0 GiB used");
    assert_shows(ipcluster_prints(0, "status", "--json", NULL), "\"used\": 104857600");
    session_close(&s);
}
END_TEST

START_TEST(a_device_that_failed_is_used_again_when_it_works)
{
    session_t s = session_open();
    fail_device(&s);
    assert_works(&s); // by the next worker
    session_close(&s);
}
END_TEST

START_TEST(a_device_that_still_fails_takes_its_engine_out)
{
    session_t s = session_open();
    ipc_options_t needs = {.needs = "gpu=1"};
    set_broken("0");
    fail_device(&s);
    assert_refused(ipc_execute_with_sync(s.one, "__global__ void k() {}", &cuda), "DeviceError",
                   "the GPU of engine 0 has failed: kernel fails failed: CUDA_ERROR_ECC_UNCORRECTABLE");
    assert_prints(ipc_execute(s.one, "1 + 1"), "2");
    assert_prints(ipc_apply_sync(s.one, visible), "\"\"");
    assert_shows(ipcluster_prints(0, "status", NULL), "GPU 0: stand-in 0, failed: kernel fails failed: CUDA_ERROR_ECC");
    for (int i = 0; i < 20; i++) {
        ipc_result_t *ran = ipc_apply_with_sync(s.any, &needs, where);
        assert_ok(ran);
        ck_assert_int_ne(ipc_result_i64(ran, 0), 0);
        ipc_result_destroy(&ran);
    }
    set_broken("");
    assert_ok(ipc_view_restart(s.one));
    assert_works(&s);
    session_close(&s);
}
END_TEST

START_TEST(what_no_engine_has_any_more_ends_its_task)
{
    session_t s = session_open();
    ipc_options_t needs = {.needs = "gpu=1"};
    ipc_view_t *first = ipc_balanced_view(s.client, "0", NULL);
    gate_t gate = gate_new();
    set_broken("0");
    assert_ok(ipc_execute_with_sync(s.one, "__global__ void fails() {}", &cuda));
    ipc_result_t *holds = ipc_apply(s.one, wait_at, gate.path);
    ipc_result_t *failed = ipc_launch(s.one, "fails", NULL);
    ipc_result_t *waits = ipc_apply_with(first, &needs, where);
    gate_open(&gate);
    assert_ok(holds);
    assert_refused(failed, "DeviceError", "the GPU of engine 0 has failed");
    assert_refused(waits, "ImpossibleDependency", "has all that it needs");
    gate_remove(&gate);
    set_broken("");
    assert_ok(ipc_view_restart(s.one));
    assert_ok(ipc_apply_with(first, &needs, where));
    session_close(&s);
}
END_TEST

START_TEST(a_module_says_that_the_device_has_failed)
{
    session_t s = session_open();
    assert_ok(ipc_push(s.one, "kept", 7));
    assert_refused(ipc_apply_sync(s.one, complain), "DeviceError", "the library wants another device");
    assert_prints(ipc_pull(s.one, "kept"), "7"); // the engine looked at its device, which works
    assert_refused(ipc_apply_sync(s.one, lose_the_device), "DeviceError",
                   "the GPU of engine 0 has failed, and the engine is started anew: it has fallen off the bus");
    assert_refused(ipc_pull(s.one, "kept"), "NameError", "kept");
    assert_works(&s);
    session_close(&s);
}
END_TEST

START_TEST(a_program_starts_an_engine_for_each_gpu)
{
    ipc_error_t error = {0};
    ipc_cluster_t *cluster = ipc_cluster_start(&(ipc_cluster_options_t){.gpus = "1,0"}, &error);
    ck_assert_msg(cluster != NULL, "%s", error.text);
    ipc_client_t *client = ipc_cluster_client(cluster, &error);
    assert_prints(ipc_apply_sync(ipc_direct_view(client, "all", NULL), visible), "[\"1\", \"0\"]");
    ipc_client_destroy(&client);
    ck_assert_int_eq(ipc_cluster_stop(&cluster), 0);
    ck_assert_ptr_null(ipc_cluster_start(&(ipc_cluster_options_t){.engines = 1, .gpus = "3"}, &error));
    ck_assert_msg(strstr(error.text, "--gpus 3: 3 GPUs were asked for, 2 are here") != NULL, "%s", error.text);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, each_engine_sees_one_device_in_turns);
    tcase_add_test(tests, a_task_that_needs_a_gpu_finds_one);
    tcase_add_test(tests, the_status_shows_device_and_memory);
    tcase_add_test(tests, a_device_that_failed_is_used_again_when_it_works);
    tcase_add_test(tests, a_device_that_still_fails_takes_its_engine_out);
    tcase_add_test(tests, what_no_engine_has_any_more_ends_its_task);
    tcase_add_test(tests, a_program_starts_an_engine_for_each_gpu);
    tcase_add_test(tests, a_module_says_that_the_device_has_failed);
}

int main(void)
{
    return e2e_main("gpus", add);
}
