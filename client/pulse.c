#include "client/pulse.h"

#include <stdlib.h>

#include "common/fail.h"
#include "common/silence.h"

enum { PARTS = 4, PARTS_ASKED = 2 };

int pulse_open(ipc_client_t *self, ipc_error_t *error)
{
    const char *set = getenv("IPC_CONTROLLER_TIMEOUT");
    int silence_ms;
    if (ipc_seconds_read(&silence_ms, "IPC_CONTROLLER_TIMEOUT", set && *set ? set : IPC_CONTROLLER_TIMEOUT, error))
        return -1;
    self->pulse_ms = (silence_ms + PARTS - 1) / PARTS;
    return 0;
}

int pulse_wait_ms(const ipc_client_t *self, bool thread, int timeout_ms)
{
    bool looks = self->pulse_ms > 0 && self->welcome && !self->resuming && !self->dead && (!thread || self->tasks > 0);
    return looks && (timeout_ms < 0 || timeout_ms > self->pulse_ms) ? self->pulse_ms : timeout_ms;
}

void pulse_silent(ipc_client_t *self, int waited_ms)
{
    if (self->pulse_ms == 0 || !self->welcome || self->resuming || self->dead)
        return;
    self->silent_ms += waited_ms;
    if (!self->asked && self->silent_ms >= PARTS_ASKED * self->pulse_ms) {
        self->asked = true;
        link_send(self, &(ipc_msg_t){.type = IPC_MSG_PING});
        link_flush(self);
    }
    if (!self->asked || self->silent_ms < PARTS * self->pulse_ms)
        return;
    ipc_fail(&self->refusal, IPC_E_CONNECTION,
             "the cluster's controller (pid %d) has not answered for %g s: its process %s; what was under way is lost. "
             "IPC_CONTROLLER_TIMEOUT says how long it may be silent",
             self->controller_pid, 1e-3 * PARTS * self->pulse_ms,
             ipc_process_is_stopped(self->controller_pid) ? "is stopped" : "hangs, or gets no time to run");
    link_controller_died(self);
}
