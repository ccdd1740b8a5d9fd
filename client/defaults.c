#include "client/defaults.h"

#include <stdlib.h>
#include <string.h>

#include "client/results.h"
#include "common/fail.h"

struct defaults {
    ipc_options_t options;             // strings and dependencies are owned
};

static char *copy_text(const char *text)
{
    return text ? ipc_xstrdup(text) : NULL;
}

static ipc_dependency_t *copy_dependency(const ipc_dependency_t *dependency)
{
    if (!dependency)
        return NULL;
    ipc_result_t **results = ipc_xalloc((dependency->count + 1) * sizeof results[0]);
    for (size_t i = 0; i < dependency->count; i++) results[i] = result_hold(dependency->results[i]);
    ipc_dependency_t *copy = ipc_xalloc(sizeof *copy);
    *copy = *dependency;
    copy->results = results;
    return copy;
}

static void free_dependency(const ipc_dependency_t *dependency)
{
    for (size_t i = 0; dependency && i < dependency->count; i++) result_let_go(dependency->results[i]);
    if (dependency)
        free((ipc_result_t **) (uintptr_t) dependency->results);
    free((ipc_dependency_t *) (uintptr_t) dependency);
}

defaults_t *defaults_new(const ipc_options_t *options)
{
    defaults_t *self = ipc_xalloc(sizeof *self);
    self->options = *options;
    self->options.needs = copy_text(options->needs);
    self->options.label = copy_text(options->label);
    self->options.after = copy_dependency(options->after);
    self->options.follow = copy_dependency(options->follow);
    return self;
}

void defaults_destroy(defaults_t **self_p)
{
    defaults_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    free((char *) (uintptr_t) self->options.needs);
    free((char *) (uintptr_t) self->options.label);
    free_dependency(self->options.after);
    free_dependency(self->options.follow);
    free(self);
}

void defaults_fill(const defaults_t *self, ipc_options_t *options)
{
#define FILL(field) if (!options->field) options->field = self->options.field
    FILL(chunk);
    FILL(unordered);
    FILL(detach);
    FILL(retries);
    FILL(timeout_ms);
    FILL(run_limit_ms);
    FILL(priority);
    FILL(needs);
    FILL(label);
    FILL(after);
    FILL(follow);
    FILL(round_robin);
    FILL(flatten);
    FILL(restore);
    FILL(cuda);
#undef FILL
}
