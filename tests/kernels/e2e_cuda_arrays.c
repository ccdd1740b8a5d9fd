//  Arrays on a CUDA device, on a cluster whose engines have one: here one that is emulated on the processor.
#include <string.h>

#include "tests/client/e2e_support.h"

//  Moved there once, used by several calls, moved back at the end.
START_TEST(an_array_stays_on_the_device_until_it_is_fetched)
{
    session_t session = session_open();
    const double turn[4] = {0, -1, 1, 0}, x[2] = {3, 4};
    ipc_push(session.all, "host", ipc_view2(IPC_F64, turn, 2, 2));
    ipc_apply_named(session.all, "linalg.asarray", ipc_dict("a", ipc_ref("host"), "keep", "turn"));
    ipc_apply_named(session.all, "linalg.asarray", ipc_dict("a", ipc_f64(x, 2), "keep", "x"));
    for (int i = 0; i < 3; i++)
        ipc_apply_named(session.all, "linalg.matvec",
                        ipc_dict("a", ipc_ref("turn"), "x", ipc_ref("x"), "keep", "x"));
    ipc_result_t *back = ipc_apply_named(session.all, "linalg.get", ipc_dict("a", ipc_ref("x")));
    assert_prints(back, "[[4, -3], [4, -3], [4, -3], [4, -3]]");
    ipc_result_t *what = ipc_pull(session.one, "x.shape");
    assert_prints(what, "[2]");
    session_close(&session);
}
END_TEST

//  What one module makes on the device another one takes.
START_TEST(modules_share_the_device)
{
    session_t session = session_open();
    ipc_apply_named(session.one, "random.uniform",
                    ipc_dict("shape", ipc_list(40, 50), "device", "cuda", "keep", "u"));
    ipc_apply_named(session.one, "random.uniform", ipc_dict("shape", ipc_list(40, 50), "keep", "v"));
    ipc_apply_named(session.one, "heat.solve", ipc_dict("initial", ipc_ref("u"), "steps", 20, "keep", "u"));
    ipc_apply_named(session.one, "heat.solve",
                    ipc_dict("initial", ipc_ref("v"), "steps", 20, "device", "cpu", "keep", "v"));
    ipc_result_t *there = ipc_apply_named(session.one, "linalg.get", ipc_dict("a", ipc_ref("u")));
    ipc_result_t *here = ipc_pull(session.one, "v");
    assert_ok(there);
    assert_ok(here);
    const ipc_array_t *u = ipc_result_array(there, 0), *v = ipc_result_array(here, 0);
    ck_assert(memcmp(ipc_array_f64(u), ipc_array_f64(v), ipc_array_size(v)) == 0);
    session_close(&session);
}
END_TEST

START_TEST(an_array_whose_name_is_gone_is_said_to_be_gone)
{
    session_t session = session_open();
    const double x[2] = {1, 2};
    ipc_apply_named(session.one, "linalg.asarray", ipc_dict("a", ipc_f64(x, 2), "keep", "x"));
    ipc_result_t *what = ipc_pull(session.one, "x");
    assert_ok(what);
    ipc_push(session.one, "old", ipc_result_value(what, 0));
    ipc_apply_named(session.one, "linalg.asarray", ipc_dict("a", ipc_f64(x, 2), "keep", "x"));
    ipc_apply_named(session.one, "linalg.asarray", ipc_dict("a", ipc_f64(x, 2), "keep", "y"));
    assert_ok(ipc_apply_named(session.one, "linalg.get", ipc_dict("a", ipc_ref("x"))));
    assert_fails(ipc_apply_named(session.one, "linalg.get", ipc_dict("a", ipc_ref("old"))),
                 "a of linalg.get was an array on a device");
    assert_fails(ipc_apply_named(view_of(&session, "1"), "linalg.get", ipc_dict("a", ipc_result_value(what, 0))),
                 "another engine's");
    session_close(&session);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, an_array_stays_on_the_device_until_it_is_fetched);
    tcase_add_test(tests, modules_share_the_device);
    tcase_add_test(tests, an_array_whose_name_is_gone_is_said_to_be_gone);
}

int main(void)
{
    return e2e_main("arrays on CUDA", add);
}
