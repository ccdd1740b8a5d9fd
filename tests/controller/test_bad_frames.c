//  Frames and submissions that break the rules, beside real processes (witness.h).
#include <stdlib.h>
#include <string.h>

#include "raw_peer.h"
#include "witness.h"

//  --- Frames ---------------------------------------------------------------------------------------------------

START_TEST(garbage_is_refused)
{
    witness_t witness = witness_new();
    ipc_connection_t file = raw_connection("client.json");
    raw_peer_t peer = raw_open(&file, NULL);
    unsigned char bytes[5000];
    srandom(1);
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char) random();
    static const size_t sizes[] = {0, 1, 2, 3, 4, 5, 64, 255, 5000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        raw_send_bytes(&peer, bytes, sizes[i]);
        raw_await_refusal(&peer, "not of this system");
    }
    memcpy(bytes, "IPC\x01", IPC_FRAME_HEADER); // ours, as far as the header goes
    for (size_t i = 5; i < sizeof sizes / sizeof sizes[0]; i++) {
        raw_send_bytes(&peer, bytes, sizes[i]);
        raw_await_refusal(&peer, "message");
    }
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

START_TEST(another_version_is_told_both_versions)
{
    witness_t witness = witness_new();
    ipc_connection_t file = raw_connection("client.json");
    raw_peer_t peer = raw_open(&file, NULL);
    raw_add_hello(&peer, file.token);
    peer.out.data[IPC_FRAME_HEADER - 1] = 99;
    raw_send(&peer);
    raw_await_refusal(&peer, "version 99");
    raw_add_hello(&peer, file.token);
    peer.out.data[IPC_FRAME_HEADER - 1] = 99;
    raw_send(&peer);
    char ours[32];
    snprintf(ours, sizeof ours, "version %d", IPC_PROTOCOL);
    raw_await_refusal(&peer, ours);
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

START_TEST(a_message_of_too_many_parts_is_refused)
{
    witness_t witness = witness_new();
    raw_peer_t peer = raw_open_client();
    for (int parts = 1; parts < 2000; parts = 3 * parts) {
        for (int i = 0; i < parts; i++)
            ck_assert_int_eq(zmq_send(peer.socket, "IPC\x01", IPC_FRAME_HEADER, ZMQ_SNDMORE), IPC_FRAME_HEADER);
        raw_send_bytes(&peer, "", 0);
        raw_await_refusal(&peer, "too many parts");
    }
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

//  A peer may choose its routing id, up to 255 bytes.
START_TEST(a_long_routing_id_harms_nobody)
{
    witness_t witness = witness_new();
    ipc_connection_t file = raw_connection("client.json");
    char route[256] = "";
    for (size_t size = 1; size < sizeof route; size = 4 * size - 1) {
        memset(route, 'r', size);
        raw_peer_t peer = raw_open(&file, route);
        raw_send_bytes(&peer, "?", 1); // it is dropped
        ipc_msg_t msg;
        raw_next(&peer, &msg, 200); // whether it is told or not
        raw_close(&peer);
        witness_assert_unharmed(&witness);
    }
    witness_end(&witness);
}
END_TEST

START_TEST(frames_cut_at_every_byte_harm_nobody)
{
    witness_t witness = witness_new();
    ipc_connection_t file = raw_connection("client.json");
    ipc_msg_t submit = raw_submission();
    raw_peer_t whole = raw_open(&file, NULL);
    raw_add_hello(&whole, file.token);
    raw_add(&whole, &raw_function);
    raw_add(&whole, &submit);
    for (size_t size = 0; size < whole.out.size; size++) {
        raw_peer_t peer = raw_open(&file, NULL);
        raw_send_bytes(&peer, whole.out.data, size);
        raw_await_any_answer(&peer);
        raw_close(&peer);
    }
    raw_send(&whole); // and uncut it is a submission
    ipc_msg_t msg = raw_await(&whole, IPC_MSG_RESULT, IPC_MSG_REFUSED);
    ck_assert_int_eq(msg.type, IPC_MSG_RESULT);
    raw_close(&whole);
    witness_end(&witness);
}
END_TEST

START_TEST(a_string_that_claims_a_gibibyte_is_refused)
{
    static const unsigned char claims[][10] = {
        {'I', 'P', 'C', IPC_PROTOCOL, IPC_MSG_HELLO, 0xc6, 0x40, 0, 0, 0},       // bytes
        {'I', 'P', 'C', IPC_PROTOCOL, IPC_MSG_HELLO, 0xc6, 0xff, 0xff, 0xff, 0xff},
        {'I', 'P', 'C', IPC_PROTOCOL, IPC_MSG_HELLO, 0xdb, 0x40, 0, 0, 0},       // text
        {'I', 'P', 'C', IPC_PROTOCOL, IPC_MSG_HELLO, 0xdd, 0x40, 0, 0, 0},       // list
    };
    witness_t witness = witness_new();
    ipc_connection_t file = raw_connection("client.json");
    raw_peer_t peer = raw_open(&file, NULL);
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        raw_send_bytes(&peer, claims[i], sizeof claims[i]);
        raw_await_refusal(&peer, "malformed HELLO");
    }
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

//  --- Submissions ------------------------------------------------------------------------------------------------

//  Submits, and waits for an error of the whole submission with this word in it.
static void assert_submission_fails(raw_peer_t *peer, const ipc_msg_t *msg, const char *word)
{
    ipc_failure_t failure;
    raw_add(peer, msg);
    raw_send(peer);
    ipc_msg_t answer = raw_await(peer, IPC_MSG_RESULT, IPC_MSG_REFUSED);
    ck_assert_int_eq(answer.type, IPC_MSG_RESULT);
    ck_assert_uint_eq(answer.result.failed, 1);
    ck_assert_uint_eq(answer.result.job, msg->submit.job);
    ck_assert_uint_eq(answer.result.count, msg->submit.count);
    ck_assert_int_eq(ipc_failure_unpack(&failure, answer.result.body), 0);
    ck_assert_msg(memmem(failure.text.data, failure.text.size, word, strlen(word)), "no '%s' in '%.*s'", word,
                  (int) failure.text.size, failure.text.data);
}

START_TEST(submissions_that_make_no_sense_end_with_an_error)
{
    witness_t witness = witness_new();
    raw_peer_t peer = raw_open_client();
    raw_add(&peer, &raw_function);
    ipc_msg_t msg = raw_submission();
    static const uint32_t functions[] = {1, 15, 16, 1000000, UINT32_MAX};
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        msg.submit.function = functions[i];
        assert_submission_fails(&peer, &msg, "never named");
    }
    static const uint64_t counts[] = {0, (uint64_t) 1 << 60, UINT64_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        msg = raw_submission();
        msg.submit.count = counts[i];
        assert_submission_fails(&peer, &msg, "positions");
        msg.submit.items = IPC_ITEMS_RANGE;
        assert_submission_fails(&peer, &msg, "positions");
    }
    msg = raw_submission();
    msg.submit.count = (uint64_t) 1 << 40;
    assert_submission_fails(&peer, &msg, "places");
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

START_TEST(targets_out_of_range_end_with_an_error)
{
    static const struct {
        ipc_target_t target;
        const char *word;
    } cases[] = {
        {{.engine = ENGINES, .count = 2, .first = 0}, "engine"},
        {{.engine = UINT32_MAX, .count = 2, .first = 0}, "engine"},
        {{.engine = 0, .count = 3, .first = 0}, "target"},
        {{.engine = 0, .count = 2, .first = 1}, "target"},
        {{.engine = 0, .count = 0, .first = 3}, "target"},
        {{.engine = 0, .count = UINT32_MAX, .first = UINT64_MAX}, "target"},
    };
    witness_t witness = witness_new();
    raw_peer_t peer = raw_open_client();
    raw_add(&peer, &raw_function);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ipc_msg_t msg = raw_submission();
        msg.submit.job = RAW_FIRST_JOB + 2 * i; // one that is turned down has come all the same
        msg.submit.targets.data = (const char *) &cases[i].target;
        assert_submission_fails(&peer, &msg, cases[i].word);
    }
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

START_TEST(places_outside_of_the_data_end_with_an_error)
{
    static const uint32_t tables[][3] = {{0, 1, 3}, {0, 2, 1}, {2, 1, 2}, {UINT32_MAX, 0, 1}, {0, 0, UINT32_MAX}};
    witness_t witness = witness_new();
    raw_peer_t peer = raw_open_client();
    raw_add(&peer, &raw_function);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        ipc_msg_t msg = raw_submission();
        msg.submit.places.data = (const char *) tables[i];
        assert_submission_fails(&peer, &msg, "places");
    }
    size_t whole = raw_submission().submit.places.size;
    for (size_t size = 0; size < whole; size += sizeof(uint32_t)) {
        ipc_msg_t msg = raw_submission();
        msg.submit.places.size = size;
        assert_submission_fails(&peer, &msg, "places");
    }
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

//  Again at once, after another one, and after its end.
static const uint64_t again[][3] = {{0, 0}, {0, 1, 0}, {0, 1, 1}};

START_TEST(a_client_that_submits_a_job_again_is_refused)
{
    witness_t witness = witness_new();
    raw_peer_t peer = raw_open_client();
    raw_add(&peer, &raw_function);
    for (size_t i = 0; i < (_i > 0 ? 3 : 2); i++) {
        ipc_msg_t msg = raw_submission();
        msg.submit.job = RAW_FIRST_JOB + 2 * again[_i][i];
        raw_add(&peer, &msg);
        raw_send(&peer);
        for (uint64_t ended = 0; _i == 2 && i == 1 && ended < 2;) { // its function is nowhere
            ipc_msg_t answer = raw_await(&peer, IPC_MSG_RESULT, IPC_MSG_REFUSED);
            ck_assert_int_eq(answer.type, IPC_MSG_RESULT);
            ended += answer.result.job == msg.submit.job ? answer.result.count : 0;
        }
    }
    ipc_msg_t answer;
    do
        answer = raw_await(&peer, IPC_MSG_RESULT, IPC_MSG_REFUSED);
    while (answer.type == IPC_MSG_RESULT);
    ck_assert_int_eq((int) answer.refused.code, IPC_E_PROTOCOL);
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

//  An engine gets the item as it is: bytes that are no value, and an item less than there should be.
START_TEST(items_that_are_no_values_fail_on_the_engine_alone)
{
    witness_t witness = witness_new();
    raw_peer_t peer = raw_open_client();
    ipc_msg_t function = raw_function;
    function.function.kind = IPC_FUNCTION_PUSH;
    raw_add(&peer, &function);
    static const char *const arguments[] = {"", "\xc1\xc1", "\xdb\x40", "\xdd\x40\x00\x00\x00", "\x93\x93\x93"};
    for (size_t i = 0; i < sizeof arguments / sizeof arguments[0]; i++) {
        ipc_msg_t msg = raw_submission();
        msg.submit.job = RAW_FIRST_JOB + 2 * i;
        msg.submit.arguments = ipc_bytes_of(arguments[i]);
        raw_add(&peer, &msg);
        raw_send(&peer);
        for (int k = 0; k < 2; k++) {
            ipc_msg_t answer = raw_await(&peer, IPC_MSG_RESULT, IPC_MSG_REFUSED);
            ck_assert_int_eq(answer.type, IPC_MSG_RESULT);
            ck_assert_uint_eq(answer.result.failed, 1);
            k += answer.result.count == 2;
        }
    }
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

//  --- Values of other tasks ------------------------------------------------------------------------------------

static void add_terms(raw_peer_t *peer, const ipc_parent_t *parents, size_t count)
{
    raw_add(peer, &(ipc_msg_t){.type = IPC_MSG_TERMS,
                               .terms = {.after = {"", 0}, .follow = {"", 0}, .needs = {"", 0},
                                         .arguments = {(const char *) parents, count * sizeof parents[0]}}});
}

//  A job of one position for engine 0.
static void add_job(raw_peer_t *peer, uint64_t job, ipc_bytes_t arguments)
{
    static const ipc_target_t one_on_engine_0 = {.engine = 0, .count = 1, .first = 0};
    ipc_msg_t msg = raw_submission();
    msg.submit.job = job;
    msg.submit.count = 1;
    msg.submit.items = IPC_ITEMS_NONE;
    msg.submit.targets = (ipc_bytes_t){(const char *) &one_on_engine_0, sizeof one_on_engine_0};
    msg.submit.places.size = msg.submit.data.size = 0;
    msg.submit.arguments = arguments;
    raw_add(peer, &msg);
}

static void add_value(raw_peer_t *peer, uint64_t job, uint64_t number, const ipc_object_t *objects, size_t count)
{
    raw_add(peer, &(ipc_msg_t){.type = IPC_MSG_SUPPLY,
                               .supply = {.job = job, .first = number, .count = 1,
                                          .objects = {(const char *) objects, count}, .body = {"\x05", 1}}});
}

static void assert_ends_with(raw_peer_t *peer, uint64_t job, const char *word)
{
    ipc_msg_t answer;
    do {
        answer = raw_await(peer, IPC_MSG_RESULT, IPC_MSG_REFUSED);
        ck_assert_int_eq(answer.type, IPC_MSG_RESULT);
    } while (answer.result.job != job);
    ck_assert_uint_eq(answer.result.failed, 1);
    ck_assert_msg(memmem(answer.result.body.data, answer.result.body.size, word, strlen(word)), "no '%s' in '%.*s'",
                  word, (int) answer.result.body.size, answer.result.body.data);
}

//  The client sends a value that was to come from a task: when that ends, another one is still missing.
START_TEST(a_value_that_comes_from_two_sides_harms_nobody)
{
    enum { SECOND = 1, FIRST = 2, GIVEN = 3 };
    static const ipc_parent_t parents[] = {{FIRST, 0, 1, IPC_PARENT_AWAITED, UINT32_MAX},
                                           {SECOND, 0, 1, IPC_PARENT_AWAITED, UINT32_MAX}};
    witness_t witness = witness_new();
    raw_peer_t peer = raw_open_client();
    ipc_msg_t function = raw_function;
    function.function.kind = IPC_FUNCTION_CLEAR;
    raw_add(&peer, &function);
    add_job(&peer, SECOND, (ipc_bytes_t){"", 0}); // it ends first
    add_job(&peer, FIRST, (ipc_bytes_t){"", 0});
    add_terms(&peer, parents, 2);
    add_job(&peer, GIVEN, (ipc_bytes_t){"", 0});
    add_value(&peer, GIVEN, 1, NULL, 0);
    raw_send(&peer);
    assert_ends_with(&peer, GIVEN, "cannot be read");
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

//  A push of the value of another task that nobody says anything of, after one that was given a value.
START_TEST(a_hole_that_nothing_fills_fails_on_the_engine_alone)
{
    enum { GIVEN = 3, BARE = 4 };
    static const ipc_parent_t parents[] = {{.count = 1, .state = IPC_PARENT_DONE, .engine = UINT32_MAX}};
    static const char push[] = "\xa1x\xd8\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"; // "x", the value of number 0
    witness_t witness = witness_new();
    raw_peer_t peer = raw_open_client();
    ipc_msg_t function = raw_function;
    function.function.kind = IPC_FUNCTION_PUSH;
    raw_add(&peer, &function);
    add_terms(&peer, parents, 1);
    add_job(&peer, GIVEN, (ipc_bytes_t){push, sizeof push});
    add_value(&peer, GIVEN, 0, NULL, 0);
    raw_send(&peer);
    ck_assert_uint_eq(raw_await(&peer, IPC_MSG_RESULT, IPC_MSG_REFUSED).result.failed, 0);
    add_job(&peer, BARE, (ipc_bytes_t){push, sizeof push});
    raw_send(&peer);
    assert_ends_with(&peer, BARE, "did not come along");
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

//  No engine is sent more objects than a message may name.
START_TEST(values_with_too_many_large_arrays_end_with_an_error)
{
    enum { GIVEN = 3, NOBODY = 65534 }; // whose objects they would be
    static const ipc_parent_t parents[] = {{.count = 2, .state = IPC_PARENT_DONE, .engine = UINT32_MAX}};
    static ipc_object_t objects[IPC_MAX_OBJECTS];
    for (size_t i = 0; i < IPC_MAX_OBJECTS; i++) objects[i] = (ipc_object_t){NOBODY, i};
    witness_t witness = witness_new();
    raw_peer_t peer = raw_open_client();
    raw_add(&peer, &raw_function);
    add_terms(&peer, parents, 1);
    add_job(&peer, GIVEN, (ipc_bytes_t){"", 0});
    add_value(&peer, GIVEN, 1, objects, IPC_MAX_OBJECTS);
    add_value(&peer, GIVEN, 0, objects, 1);
    raw_send(&peer);
    assert_ends_with(&peer, GIVEN, "too many large arrays");
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

//  --- Anything -------------------------------------------------------------------------------------------------

//  Changes, cuts, doubles or inserts some bytes of a frame, behind its header.
static void mutate(ipc_writer_t *frame)
{
    for (long changes = 1 + random() % 4; changes > 0 && frame->size > IPC_FRAME_HEADER; changes--) {
        size_t at = IPC_FRAME_HEADER + (size_t) random() % (frame->size - IPC_FRAME_HEADER);
        switch (random() % 5) {
        case 0: frame->data[at] = (char) random(); break;
        case 1: frame->data[at] ^= (char) (1 << random() % 8); break;
        case 2: frame->size = at; break;
        case 3: {
            static const char odd[] = {0, 0x7f, (char) 0xc6, (char) 0xcf, (char) 0xd3, (char) 0xdd, (char) 0xff};
            frame->data[at] = odd[(size_t) random() % sizeof odd];
            break;
        }
        default: {
            size_t tail = frame->size - at;
            ipc_write_room(frame, 1);
            memmove(frame->data + at + 1, frame->data + at, tail);
        }
        }
    }
}

static void add_conversation(raw_peer_t *peer)
{
    ipc_msg_t submit = raw_submission(), range = raw_submission();
    range.submit.job = RAW_FIRST_JOB + 2;
    range.submit.flags = 0;
    range.submit.items = IPC_ITEMS_RANGE;
    range.submit.targets.size = range.submit.places.size = range.submit.data.size = 0;
    static const ipc_object_t object = {1, 2};
    submit.submit.objects = (ipc_objects_t){(const char *) &object, 1};
    raw_add(peer, &raw_function);
    raw_add(peer, &submit);
    raw_add(peer, &(ipc_msg_t){.type = IPC_MSG_RELEASE, .release = {object, 1}});
    raw_add(peer, &range);
    raw_add(peer, &(ipc_msg_t){.type = IPC_MSG_PING, .ping = {7}});
    raw_add(peer, &(ipc_msg_t){.type = IPC_MSG_STATUS, .status = {8}});
    if (random() % 4 == 0)
        raw_add(peer, &(ipc_msg_t){.type = IPC_MSG_BYE});
}

START_TEST(two_hundred_mutations_harm_nobody)
{
    enum { MUTATIONS = 200, PER_CHECK = 20 };
    witness_t witness = witness_new();
    ipc_connection_t file = raw_connection("client.json");
    srandom((unsigned) _i + 1);
    for (int i = 0; i < MUTATIONS; i++) {
        raw_peer_t peer = raw_open(&file, NULL);
        raw_add_hello(&peer, file.token);
        if (random() % 8 == 0)
            mutate(&peer.out);
        raw_send(&peer);
        add_conversation(&peer);
        mutate(&peer.out);
        raw_send(&peer);
        raw_await_any_answer(&peer);
        raw_close(&peer);
        if (i % PER_CHECK == 0)
            witness_assert_unharmed(&witness);
    }
    witness_end(&witness);
}
END_TEST

static void add_tests(TCase *tests)
{
    enum { SEEDS = 5 };
    tcase_add_test(tests, garbage_is_refused);
    tcase_add_test(tests, another_version_is_told_both_versions);
    tcase_add_test(tests, a_message_of_too_many_parts_is_refused);
    tcase_add_test(tests, a_long_routing_id_harms_nobody);
    tcase_add_test(tests, frames_cut_at_every_byte_harm_nobody);
    tcase_add_test(tests, a_string_that_claims_a_gibibyte_is_refused);
    tcase_add_test(tests, submissions_that_make_no_sense_end_with_an_error);
    tcase_add_test(tests, targets_out_of_range_end_with_an_error);
    tcase_add_test(tests, places_outside_of_the_data_end_with_an_error);
    tcase_add_loop_test(tests, a_client_that_submits_a_job_again_is_refused, 0, sizeof again / sizeof again[0]);
    tcase_add_test(tests, items_that_are_no_values_fail_on_the_engine_alone);
    tcase_add_test(tests, a_value_that_comes_from_two_sides_harms_nobody);
    tcase_add_test(tests, a_hole_that_nothing_fills_fails_on_the_engine_alone);
    tcase_add_test(tests, values_with_too_many_large_arrays_end_with_an_error);
    tcase_add_loop_test(tests, two_hundred_mutations_harm_nobody, 0, SEEDS);
}

int main(void)
{
    return e2e_main("bad frames", add_tests);
}
