//  ipcd with more peers than most have: hundreds of engines (simulated: bench/simulated_engines.c), and more than it
//  has descriptors for. argv: ipcd, ipcbench-engines.
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/lone.h"
#include "common/fail.h"
#include "raw_peer.h"
#include "tests/common/run_suite.h"

enum { ENGINES = 200, SOME_ENGINES = 20, TOO_MANY_ENGINES = 150, FEW_FILES = 128, FUNCTION = 0, FIRST_JOB = 1 };

static const char *ipcd_program, *engines_program;
static lone_t lone;
static process_t engines;
static ipc_error_t error;

static void start(unsigned files, unsigned count)
{
    ck_assert_msg(lone_start(&lone, ipcd_program, "/tmp", files, &error) == 0, "%s", error.text);
    ck_assert_msg(lone_add_engines(&lone, &engines, engines_program, 0, count, &error) == 0, "%s", error.text);
}

static void stop(void)
{
    process_stop(&engines);
    lone_stop(&lone);
}

//  A client that was welcomed and knows count engines.
static raw_peer_t open_client(size_t count)
{
    ipc_connection_t file;
    ck_assert_msg(ipc_connection_read(&file, lone.client_file, &error) == 0, "%s", error.text);
    raw_peer_t peer = raw_open(&file, NULL);
    raw_add_hello(&peer, file.token);
    raw_send(&peer);
    raw_await(&peer, IPC_MSG_WELCOME, IPC_MSG_WELCOME);
    ipc_msg_t msg;
    do msg = raw_await(&peer, IPC_MSG_ENGINES, IPC_MSG_ENGINES);
    while (msg.engines.ready.size < count);
    return peer;
}

//  One submission for engines 0 to count - 1, and a result from each. Gives the number of frames that these came in.
static unsigned apply_on_all(raw_peer_t *peer, uint32_t count)
{
    ipc_target_t *targets = ipc_xalloc(count * sizeof *targets);
    bool *seen = ipc_xalloc(count * sizeof *seen);
    for (uint32_t i = 0; i < count; i++) targets[i] = (ipc_target_t){.engine = i, .count = 1, .first = i};
    raw_add(peer, &(ipc_msg_t){.type = IPC_MSG_FUNCTION,
                               .function = {.function = FUNCTION,
                                            .kind = IPC_FUNCTION_NAMED,
                                            .key = ipc_bytes_of("some.function"),
                                            .name = ipc_bytes_of("some.function"),
                                            .libraries = {"", 0}}});
    raw_add(peer, &(ipc_msg_t){.type = IPC_MSG_SUBMIT,
                               .submit = {.function = FUNCTION,
                                          .flags = IPC_SUBMIT_DIRECT,
                                          .items = IPC_ITEMS_NONE,
                                          .job = FIRST_JOB,
                                          .count = count,
                                          .label = {"", 0},
                                          .targets = {(const char *) targets, count * sizeof *targets},
                                          .objects = {"", 0},
                                          .arguments = {"", 0},
                                          .places = {"", 0},
                                          .data = {"", 0}}});
    raw_send(peer);
    unsigned frames = 0;
    for (uint32_t results = 0; results < count; results++) {
        frames += peer->reader.at == peer->reader.end; // the next one begins a frame
        ipc_msg_t msg = raw_await(peer, IPC_MSG_RESULT, IPC_MSG_RESULT);
        ck_assert_uint_eq(msg.result.failed, 0);
        ck_assert_uint_eq(msg.result.count, 1);
        ck_assert_uint_lt(msg.result.first, count);
        ck_assert_uint_eq(msg.result.engine, msg.result.first);
        ck_assert(!seen[msg.result.first]);
        seen[msg.result.first] = true;
    }
    free(targets);
    free(seen);
    return frames;
}

START_TEST(hundreds_of_engines_answer_one_submission_in_fewer_frames)
{
    start(0, ENGINES);
    raw_peer_t peer = open_client(ENGINES);
    ck_assert_uint_lt(apply_on_all(&peer, ENGINES), ENGINES);
    raw_close(&peer);
    stop();
}
END_TEST

static size_t ready_in(const ipc_msg_t *msg)
{
    size_t ready = 0;
    for (size_t i = 0; i < msg->engines.ready.size; i++) ready += msg->engines.ready.data[i] != 0;
    return ready;
}

START_TEST(all_clients_learn_of_engines_that_come_and_go)
{
    start(0, ENGINES);
    raw_peer_t early = open_client(ENGINES);
    process_t more = {0};
    ck_assert_msg(lone_add_engines(&lone, &more, engines_program, ENGINES, ENGINES, &error) == 0, "%s", error.text);
    raw_peer_t late = open_client(2 * ENGINES);
    ipc_msg_t msg = {0};
    while (msg.engines.ready.size < 2 * ENGINES) msg = raw_await(&early, IPC_MSG_ENGINES, IPC_MSG_ENGINES);
    process_stop(&more);
    size_t ready = 2 * ENGINES;
    while (ready > ENGINES) { // each is away, not yet given up
        msg = raw_await(&late, IPC_MSG_ENGINES, IPC_MSG_ENGINES);
        ck_assert_uint_eq(msg.engines.ready.size, 2 * ENGINES);
        ready = ready_in(&msg);
    }
    ck_assert_uint_eq(ready, ENGINES);
    raw_close(&early);
    raw_close(&late);
    stop();
}
END_TEST

//  Of a function that was told, on those engines.
static void add_submission(raw_peer_t *peer, uint64_t job, uint32_t flags, const ipc_target_t *targets, size_t count)
{
    ipc_msg_t msg = raw_submission();
    msg.submit.flags |= flags;
    msg.submit.job = job;
    msg.submit.items = IPC_ITEMS_NONE;
    msg.submit.count = count;
    msg.submit.places = msg.submit.data = (ipc_bytes_t){"", 0};
    msg.submit.targets = (ipc_bytes_t){(const char *) targets, count * sizeof *targets};
    raw_add(peer, &msg);
}

//  What a program does once an error has named an engine is never sent there: so the errors come later.
START_TEST(that_an_engine_is_gone_is_told_before_errors_name_it)
{
    enum { OTHERS = 3, GONE = OTHERS, FAILURES = 3 };
    const uint32_t gone = GONE;
    const ipc_target_t one[] = {{.engine = GONE, .count = 1}},
                       two[] = {{.engine = 0, .count = 1}, {.engine = GONE, .count = 1, .first = 1}};
    ipc_msg_t ends = {.type = IPC_MSG_SHUTDOWN,
                      .shutdown = {.job = RAW_FIRST_JOB, .engines = {(const char *) &gone, sizeof gone}}};
    process_t last = {0};
    start(0, OTHERS);
    ck_assert_msg(lone_add_engines(&lone, &last, engines_program, GONE, 1, &error) == 0, "%s", error.text);
    raw_peer_t peer = open_client(OTHERS + 1);
    raw_add(&peer, &raw_function);
    for (int i = 0; i < 2; i++) raw_add(&peer, &ends); // the second one fails at once
    add_submission(&peer, RAW_FIRST_JOB + 1, 0, one, 1);
    add_submission(&peer, RAW_FIRST_JOB + 2, 0, two, 2);
    raw_send(&peer);
    size_t known = OTHERS + 1;
    for (int failures = 0; failures < FAILURES;) {
        ipc_msg_t msg = raw_await(&peer, IPC_MSG_ENGINES, IPC_MSG_RESULT);
        if (msg.type == IPC_MSG_ENGINES)
            known = msg.engines.ready.size;
        else if (msg.result.failed)
            failures++;
        ck_assert_msg(failures == 0 || known == OTHERS, "%d failures, %zu engines", failures, known);
    }
    raw_close(&peer);
    process_stop(&last);
    stop();
}
END_TEST

//  What waits for engines after such an error does not count one that is lost. Of a call, then of a detached one.
START_TEST(that_an_engine_is_lost_is_told_before_errors_name_it)
{
    enum { OTHERS = 3, SILENT = OTHERS };
    const ipc_target_t one[] = {{.engine = SILENT, .count = 1}};
    process_t last = {0};
    setenv("IPC_LOSE_AFTER", "0.3", 1);
    start(0, OTHERS);
    ck_assert_msg(lone_add_engines(&lone, &last, engines_program, SILENT, 1, &error) == 0, "%s", error.text);
    raw_peer_t peer = open_client(OTHERS + 1);
    ck_assert_int_eq(kill(last.pid, SIGSTOP), 0);
    raw_add(&peer, &raw_function);
    add_submission(&peer, RAW_FIRST_JOB, _i ? IPC_SUBMIT_DETACH : 0, one, 1);
    raw_send(&peer);
    size_t ready = OTHERS + 1;
    ipc_msg_t msg;
    while ((msg = raw_await(&peer, IPC_MSG_ENGINES, IPC_MSG_RESULT)).type == IPC_MSG_ENGINES) ready = ready_in(&msg);
    ck_assert_uint_eq(msg.result.failed, 1);
    ck_assert_uint_eq(ready, OTHERS);
    ck_assert_int_eq(kill(last.pid, SIGCONT), 0);
    raw_close(&peer);
    process_stop(&last);
    stop();
}
END_TEST

static bool log_has(const char *text)
{
    static char log[1 << 20];
    FILE *file = fopen(lone.log, "re");
    ck_assert_ptr_nonnull(file);
    log[fread(log, 1, sizeof log - 1, file)] = 0;
    fclose(file);
    return strstr(log, text);
}

START_TEST(without_a_descriptor_left_a_peer_is_refused_and_the_others_are_served)
{
    start(FEW_FILES, SOME_ENGINES);
    raw_peer_t peer = open_client(SOME_ENGINES);
    process_t more = {0};
    ck_assert_int_eq(lone_add_engines(&lone, &more, engines_program, SOME_ENGINES, TOO_MANY_ENGINES, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_LIMIT);
    ck_assert_msg(strstr(error.text, "ipcd may open 128 files"), "%s", error.text);
    ck_assert(log_has("ipcd may open 128 files"));
    apply_on_all(&peer, SOME_ENGINES);
    raw_peer_t late = open_client(SOME_ENGINES); // those that were too many have ended
    apply_on_all(&late, SOME_ENGINES);
    raw_close(&peer);
    raw_close(&late);
    stop();
}
END_TEST

int main(int argc, char **argv)
{
    if (argc != 3)
        return fprintf(stderr, "usage: test_many_peers IPCD IPCBENCH_ENGINES\n"), 2;
    ipcd_program = argv[1];
    engines_program = argv[2];
    TCase *tests = tcase_create("many peers");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, hundreds_of_engines_answer_one_submission_in_fewer_frames);
    tcase_add_test(tests, all_clients_learn_of_engines_that_come_and_go);
    tcase_add_test(tests, that_an_engine_is_gone_is_told_before_errors_name_it);
    tcase_add_loop_test(tests, that_an_engine_is_lost_is_told_before_errors_name_it, 0, 2);
    tcase_add_test(tests, without_a_descriptor_left_a_peer_is_refused_and_the_others_are_served);
    return run_suite("many peers", tests);
}
