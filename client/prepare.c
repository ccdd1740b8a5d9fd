#include "client/prepare.h"

#include <stdlib.h>
#include <string.h>

#include "client/cells.h"
#include "client/views.h"
#include "common/fail.h"

struct prepare {
    char *headers, *require, *source, *file, *beside; // as in cell_t, owned
    uint64_t number;                   // of the cell
    uint32_t *ids;                     // engines that have it
    size_t count;
};

void prepare_destroy(prepare_t **self_p)
{
    prepare_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    free(self->headers);
    free(self->require);
    free(self->source);
    free(self->file);
    free(self->beside);
    free(self->ids);
    free(self);
}

void prepare_forget(prepare_t *self)
{
    if (self)
        self->count = 0;
}

//  --- What is prepared ----------------------------------------------------------------------------------------

//  "<a.h> \"b.h\"" as lines of #include: 0, or -1 with *error.
static int read_headers(prepare_t *self, const char *headers, ipc_error_t *error)
{
    self->headers = ipc_xstrdup("");
    for (const char *at = headers; *(at += strspn(at, " \t\n"));) {
        size_t size = cell_header(at);
        if (size == 0)
            return ipc_fail(error, IPC_E_ARGUMENT,
                            "the argument include names headers as in C, \"<complex.h> <time.h>\", not '%.100s'", at);
        char *longer = ipc_xformat("%s#include %.*s\n", self->headers, (int) size, at);
        free(self->headers);
        self->headers = longer;
        at += size;
    }
    return 0;
}

static int read_require(prepare_t *self, const char *require, ipc_error_t *error)
{
    if (strchr(require, '/'))
        return ipc_fail(error, IPC_E_ARGUMENT,
                        "the argument require names modules of the engines (\"heat\"), not '%.100s': libraries of "
                        "cells are given to ipc_compile_options()", require);
    self->require = ipc_xstrdup(require);
    return 0;
}

static int read_file(prepare_t *self, const char *path, ipc_error_t *error)
{
    self->file = ipc_xstrdup(path);
    self->source = cell_read_file(path, error);
    self->beside = self->source ? cell_beside(path, error) : NULL;
    return self->beside ? 0 : -1;
}

static prepare_t *prepare_new(const ipc_prepare_t *what, ipc_error_t *error)
{
    prepare_t *self = ipc_xalloc(sizeof *self);
    int rc = 0;
    if (what->source && what->file)
        rc = ipc_fail(error, IPC_E_ARGUMENT, "the arguments source and file are both given: it is one of them");
    if (!rc && what->include)
        rc = read_headers(self, what->include, error);
    if (!rc && what->require)
        rc = read_require(self, what->require, error);
    if (!rc && what->file)
        rc = read_file(self, what->file, error);
    if (!rc && !self->source)
        self->source = ipc_xstrdup(what->source ? what->source : "");
    if (rc)
        prepare_destroy(&self);
    return self;
}

//  --- Engines -------------------------------------------------------------------------------------------------

static bool has_had(const prepare_t *self, uint32_t id)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->ids[i] == id)
            return true;
    return false;
}

//  Engines of the view that have not had it, given; from now on they have. NULL: there is none. With the lock.
static uint32_t *take_new(ipc_view_t *view, size_t *count)
{
    prepare_t *self = view->prepare;
    size_t all;
    const uint32_t *engines = view_engines(view, &all);
    uint32_t *fresh = NULL;
    *count = 0;
    for (size_t i = 0; i < all; i++) {
        if (has_had(self, engines[i]))
            continue;
        fresh = fresh ? fresh : ipc_xalloc(all * sizeof fresh[0]);
        self->ids = ipc_xrealloc(self->ids, (self->count + 1) * sizeof self->ids[0]);
        fresh[(*count)++] = self->ids[self->count++] = engines[i];
    }
    return fresh;
}

//  Sends it to the engines in ids, as a view of them alone would.
static ipc_result_t *send(ipc_view_t *view, uint32_t *ids, size_t count)
{
    prepare_t *self = view->prepare;
    ipc_options_t options = {.restore = true};
    ipc_view_t of_these = {.client = view->client, .ids = ids, .count = count, .bare = view->bare,
                           .compile = view->compile};
    draft_t draft;
    draft_begin(&draft, &of_these, &(ipc_call_t){.options = &options, .options_size = sizeof options}, "prepare");
    self->number = self->number ? self->number : ++draft.client->cells;
    if (!draft.error.code)
        cell_send(&draft, &(cell_t){.source = self->source, .number = self->number, .file = self->file,
                                    .beside = self->beside, .headers = self->headers, .require = self->require});
    return draft_end(&draft, draft_shape(&draft));
}

void prepare_engines(ipc_view_t *view)
{
    size_t count;
    pthread_mutex_lock(&view->client->lock);
    uint32_t *ids = take_new(view, &count);
    pthread_mutex_unlock(&view->client->lock);
    if (ids)
        send(view, ids, count); // its result is the client's, who says so if nobody looks at an error
    free(ids);
}

ipc_result_t *ipc_view_prepare(ipc_view_t *self, size_t size, const ipc_prepare_t *what)
{
    ipc_client_t *client = self->client;
    ipc_prepare_t whole = {0};
    ipc_error_t error = {0};
    if (what)
        memcpy(&whole, what, size < sizeof whole ? size : sizeof whole);
    prepare_t *fresh = what ? prepare_new(&whole, &error) : NULL;
    size_t count = 0;
    uint32_t *ids = NULL;
    pthread_mutex_lock(&client->lock);
    if (!error.code && client_ensure(client, &error) == 0) {
        prepare_destroy(&self->prepare);
        self->prepare = fresh;
        fresh = NULL;
        ids = self->prepare ? take_new(self, &count) : NULL;
    }
    prepare_destroy(&fresh);
    ipc_result_t *result = ids ? NULL : result_new(client, "prepare", RESULT_LIST, error.code ? 1 : 0);
    if (result && error.code)
        result_refuse(result, &error);
    else if (result)
        result_settle(result);
    pthread_mutex_unlock(&client->lock);
    result = result ? result : send(self, ids, count);
    free(ids);
    return result;
}
