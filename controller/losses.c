//  Why positions of a job end without a result, in words: the certificate of a death.
#include <stdio.h>
#include <string.h>

#include "common/fail.h"
#include "controller/state.h"

//  "; it had 3.1 GB of memory", when that is known: what the kernel kills for lack of memory has much.
static const char *describe_memory(char text[64], uint64_t bytes)
{
    if (bytes > 0)
        snprintf(text, 64, "; it had %.*f %s of memory", bytes < 1000000000 ? 0 : 1,
                 1e-6 * (double) bytes / (bytes < 1000000000 ? 1 : 1000), bytes < 1000000000 ? "MB" : "GB");
    else
        text[0] = 0;
    return text;
}

//  A signal ended it.
static void describe_signal(const ipc_msg_t *death, const char *function, char kind[LOSS_KIND], char text[LOSS_TEXT])
{
    const char *signal = sigabbrev_np((int) death->registration.signal);
    char memory[64];
    snprintf(kind, LOSS_KIND, "SIG%s", signal ? signal : "?");
    if (death->registration.stack_overflow)
        snprintf(text, LOSS_TEXT, "stack overflow (%s) in %s", kind, function);
    else if (death->registration.signal == SIGKILL)
        snprintf(text, LOSS_TEXT, "killed (SIGKILL: from outside, or out of memory) in %s%s", function,
                 describe_memory(memory, death->registration.peak_memory));
    else if (death->registration.signal == SIGSEGV || death->registration.signal == SIGBUS)
        snprintf(text, LOSS_TEXT, "%s at address 0x%llx in %s", kind, (unsigned long long) death->registration.address,
                 function);
    else
        snprintf(text, LOSS_TEXT, "%s in %s", kind, function);
}

//  What became of the engine, as kind and sentence.
static void describe_death(const controller_t *self, const function_t *function, char kind[LOSS_KIND],
                           char text[LOSS_TEXT])
{
    const ipc_msg_t *death = self->dying;
    unsigned engine = death->registration.engine;
    bool late = death->registration.verdict == IPC_VERDICT_TIMEOUT;
    if (death->registration.verdict == IPC_VERDICT_ENDED) {
        snprintf(kind, LOSS_KIND, "EngineLost");
        snprintf(text, LOSS_TEXT, "engine %u was shut down, or restarted, while it ran %s", engine, function->name);
    } else if (death->registration.verdict == IPC_VERDICT_SILENT) {
        snprintf(kind, LOSS_KIND, "EngineLost");
        snprintf(text, LOSS_TEXT, "engine %u has not answered for %.3g s while it ran %s: its process is stopped, or "
                 "gets no time to run", engine, 1e-3 * self->lose_ms, function->name);
    } else if (death->registration.verdict == IPC_VERDICT_CUT) {
        snprintf(kind, LOSS_KIND, "EngineLost");
        snprintf(text, LOSS_TEXT, "engine %u lost its connection while it ran %s", death->registration.engine,
                 function->name);
    } else if (late || death->registration.verdict == IPC_VERDICT_ABORTED) {
        snprintf(kind, LOSS_KIND, "%s", late ? "TaskTimeout" : "TaskAborted");
        snprintf(text, LOSS_TEXT, "%s %s and could not be interrupted: engine %u was restarted, its namespace is lost",
                 function->name, late ? "ran longer than it may (run_limit_ms)" : "was aborted", engine);
    } else if (death->registration.signal) {
        describe_signal(death, function->name, kind, text);
    } else {
        snprintf(kind, LOSS_KIND, "exit");
        snprintf(text, LOSS_TEXT, "the task called exit(%u) in %s", death->registration.status, function->name);
    }
}

void describe_loss(const controller_t *self, const scheduler_job_t *job, scheduler_loss_t loss, uint32_t engine,
                   ipc_failure_t *failure, char kind[LOSS_KIND], char text[LOSS_TEXT])
{
    const function_t *function = functions_at(self->functions, job->function);
    *failure = (ipc_failure_t){.code = IPC_E_CRASH, .where = ipc_bytes_of(function->name)};
    switch (loss) {
    case SCHEDULER_ABORTED:
        failure->code = IPC_E_ABORTED;
        snprintf(kind, LOSS_KIND, "TaskAborted");
        snprintf(text, LOSS_TEXT, "%s was aborted before it ran", function->name);
        break;
    case SCHEDULER_LATE:
        failure->code = IPC_E_TIMEOUT;
        snprintf(kind, LOSS_KIND, "TaskTimeout");
        snprintf(text, LOSS_TEXT, "%s had not started when its time for waiting (timeout_ms) was up",
                 function->name);
        break;
    case SCHEDULER_CRASHED:
        if (self->dying->registration.verdict == IPC_VERDICT_ABORTED)
            failure->code = IPC_E_ABORTED;
        else if (self->dying->registration.verdict == IPC_VERDICT_TIMEOUT)
            failure->code = IPC_E_TIMEOUT;
        else if (self->dying->registration.verdict == IPC_VERDICT_ENDED ||
                 self->dying->registration.verdict == IPC_VERDICT_CUT ||
                 self->dying->registration.verdict == IPC_VERDICT_SILENT)
            failure->code = IPC_E_ENGINE_LOST;
        describe_death(self, function, kind, text);
        failure->trace = self->dying->registration.trace;
        failure->out = self->dying->registration.output;
        failure->err = self->dying->registration.errors;
        break;
    case SCHEDULER_RESULT_LOST:
        failure->code = IPC_E_RESULT_LOST;
        snprintf(kind, LOSS_KIND, "ResultLost");
        snprintf(text, LOSS_TEXT, "%s finished on engine %u, but the engine %s before the result was out",
                 function->name, engine,
                 self->dying->registration.verdict == IPC_VERDICT_SILENT ? "fell silent" : "died");
        break;
    case SCHEDULER_NO_ENGINES:
        failure->code = IPC_E_ENGINE_LOST;
        snprintf(kind, LOSS_KIND, "EngineLost");
        snprintf(text, LOSS_TEXT, "no engine that may run %s is left", function->name);
        break;
    case SCHEDULER_UNMET:
    case SCHEDULER_REFUSED:
    case SCHEDULER_IMPOSSIBLE:
        failure->code = (uint32_t) describe_impossible(self, job, loss, text, LOSS_TEXT);
        ipc_text_copy(kind, LOSS_KIND, ipc_code_kind((int) failure->code));
        break;
    default:
        failure->code = IPC_E_ENGINE_LOST;
        snprintf(kind, LOSS_KIND, "EngineLost");
        snprintf(text, LOSS_TEXT, "engine %u is gone, %s did not run", engine, function->name);
    }
    failure->kind = ipc_bytes_of(kind);
    failure->text = ipc_bytes_of(text);
}

void action_again(void *context, const scheduler_job_t *job, uint64_t position, uint32_t engine, int64_t sent,
                  scheduler_loss_t loss)
{
    controller_t *self = context;
    attempt_t attempt = {.task = job->id + position, .engine = engine, .sent = sent, .ended = self->now};
    char text[LOSS_TEXT];
    ipc_failure_t failure;
    describe_loss(self, job, loss, engine, &failure, attempt.kind, text);
    attempts_note(self->attempts, &attempt);
}

void note_failure(controller_t *self, const scheduler_job_t *job, uint32_t engine, int64_t sent, const ipc_msg_t *done)
{
    attempt_t attempt = {.task = job->id + done->done.first, .engine = engine, .sent = sent, .ended = self->now};
    ipc_failure_t failure;
    if (ipc_failure_unpack(&failure, done->done.body))
        return;
    snprintf(attempt.kind, sizeof attempt.kind, "%.*s", (int) failure.kind.size, failure.kind.size ? failure.kind.data : "");
    attempts_note(self->attempts, &attempt);
}

void add_attempts(const controller_t *self, const scheduler_job_t *job, ipc_msg_t *done, ipc_writer_t *writer)
{
    char runs[ATTEMPTS_TEXT];
    ipc_failure_t failure;
    if (attempts_write(self->attempts, job->id + done->done.first, runs) == 0 ||
        ipc_failure_unpack(&failure, done->done.body))
        return;
    failure.attempts = ipc_bytes_of(runs);
    ipc_failure_pack(&failure, writer);
    done->done.body = (ipc_bytes_t){writer->data, writer->size};
}
