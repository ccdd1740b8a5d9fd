#include "witness.h"

#include <check.h>

// clang-format off
IPC_REMOTE(int64_t, my_id, (void)) { return ipc_engine_id(); }
// clang-format on

witness_t witness_new(void)
{
    return (witness_t){session_open(), process_named("ipcd")};
}

void witness_assert_unharmed(witness_t *self)
{
    ipc_result_t *ids = ipc_apply_sync(self->session.all, my_id);
    assert_prints(ids, "[0, 1, 2, 3]");
    ipc_result_destroy(&ids);
    ck_assert_int_eq(process_named("ipcd"), self->ipcd);
}

void witness_end(witness_t *self)
{
    witness_assert_unharmed(self);
    session_close(&self->session);
    session_t late = session_open(); // a new one is welcome, too
    assert_prints(ipc_apply_sync(late.all, my_id), "[0, 1, 2, 3]");
    session_close(&late);
    ck_assert_int_eq(process_named("ipcd"), self->ipcd);
}
