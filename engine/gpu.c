#include "engine/gpu.h"

#include <stdlib.h>

#include "common/fail.h"
#include "common/gpus.h"
#include "engine/state.h"

static bool is_owned(const worker_t *self)
{
    return self->gpu_is_owned && self->page;
}

void gpu_begin(worker_t *self)
{
    ipc_error_t error;
    self->gpu_is_owned = getenv("IPC_ENGINE_GPU") != NULL;
    unsetenv("IPC_ENGINE_GPU"); // a cluster that a task starts owns nothing by that
    if (!is_owned(self) || !self->page->gpu_failure[0])
        return;
    self->gpu_is_out = gpus_try(&error) != 0;
    if (!self->gpu_is_out) {
        dprintf(self->options.log_fd, "engine %d: its GPU works again\n", self->options.engine);
        self->page->gpu_failure[0] = 0;
        return;
    }
    dprintf(self->options.log_fd, "engine %d: warning: it goes on without its GPU, which failed: %s; and now: %s\n",
            self->options.engine, self->page->gpu_failure, error.text);
    size_t size = strlen(self->has);
    snprintf(self->has + size, sizeof self->has - size, ",gpu=0,gpumemory=0"); // goes before its share
    setenv("CUDA_VISIBLE_DEVICES", "", 1); // what would take any device takes the host instead
}

int gpu_check(const worker_t *self, ipc_error_t *error)
{
    if (!self->gpu_is_out)
        return 0;
    ipc_fail(error, IPC_E_CUDA, "the GPU of engine %d has failed: %s; \"ipcluster restart %d\" tries it again",
             self->options.engine, self->page->gpu_failure, self->options.engine);
    if (error)
        ipc_text_copy(error->kind, sizeof error->kind, "DeviceError");
    return -1;
}

void gpu_fail(worker_t *self, const char *why)
{
    if (!is_owned(self) || self->gpu_is_out || self->gpu_fails)
        return;
    self->gpu_fails = true;
    ipc_text_copy(self->page->gpu_failure, sizeof self->page->gpu_failure, why[0] ? why : "nobody said why");
    dprintf(self->options.log_fd, "engine %d: warning: its GPU has failed, the worker ends: %s\n", self->options.engine,
            why);
}

//  The reason alone: what else may be said does not hold any more.
static void rewrite(worker_t *self)
{
    outcome_t *outcome = &self->outcome;
    char text[sizeof outcome->text];
    snprintf(text, sizeof text, "the GPU of engine %d has failed, and the engine is started anew: %.300s",
             self->options.engine, self->page->gpu_failure);
    ipc_text_copy(outcome->text, sizeof outcome->text, text);
    ipc_text_copy(outcome->kind, sizeof outcome->kind, "DeviceError");
}

//  Threads that the driver starts are no task's, and it may replace handlers.
static int try_here(worker_t *self, bool mends)
{
    int threads = interrupt_threads(), rc = cuda_cells_try(self->cuda, mends);
    self->last_remote = NULL;
    pthread_mutex_lock(&self->lock);
    interrupt_accept_threads(threads);
    pthread_mutex_unlock(&self->lock);
    return rc;
}

void gpu_look(worker_t *self)
{
    outcome_t *outcome = &self->outcome;
    bool is_cells = !strcmp(outcome->kind, "CudaError"), is_modules = !strcmp(outcome->kind, "DeviceError");
    if (!outcome->failed || !is_owned(self) || self->gpu_is_out || !(is_cells || is_modules))
        return;
    if (!self->gpu_fails && try_here(self, is_cells)) {
        outcome->text[strcspn(outcome->text, ";")] = 0;
        gpu_fail(self, outcome->text);
    }
    if (self->gpu_fails)
        rewrite(self);
}

bool gpu_has_failed(const worker_t *self)
{
    return self->gpu_fails;
}
