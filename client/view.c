//  Views: which engines they address. What they do is in submit.c.
#include "client/views.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/draft.h"
#include "common/fail.h"

//  A text of targets, read from left to right.
typedef struct targets {
    ipc_view_t *view;
    const char *text;                  // the whole, for sentences
    const char *at;
    ipc_error_t *error;
} targets_t;

static int fail_syntax(targets_t *self)
{
    return ipc_fail(self->error, IPC_E_ARGUMENT,
                    "'%s' names no engines: write a number (\"0\", \"-1\"), a list (\"0,2\"), a slice (\"::2\") or "
                    "\"all\"",
                    self->text);
}

static void skip_space(targets_t *self)
{
    while (isspace((unsigned char) *self->at)) self->at++;
}

static bool read_number(targets_t *self, long *number)
{
    char *end = NULL;
    skip_space(self);
    if (*self->at != '-' && !isdigit((unsigned char) *self->at))
        return false;
    errno = 0;
    *number = strtol(self->at, &end, 10);
    if (end == self->at || errno)
        return false;
    self->at = end;
    skip_space(self);
    return true;
}

static void add(ipc_view_t *view, uint32_t id)
{
    view->ids = ipc_xrealloc(view->ids, (view->count + 1) * sizeof view->ids[0]);
    view->ids[view->count++] = id;
}

//  A number is an engine's id; a negative one counts from the end of the sorted ids.
static int add_number(targets_t *self, long number)
{
    const ipc_client_t *client = self->view->client;
    long count = (long) client->id_count;
    if (number < 0 && number >= -count) {
        add(self->view, (uint32_t) client->ids[count + number]);
        return 0;
    }
    for (long i = 0; i < count; i++)
        if (client->ids[i] == number) {
            add(self->view, (uint32_t) number);
            return 0;
        }
    if (count == 0)
        return ipc_fail(self->error, IPC_E_ENGINE_LOST,
                        "there is no engine %ld: no engine is ready yet, wait for them with ipc_client_wait()",
                        number);
    return ipc_fail(self->error, IPC_E_ENGINE_LOST, "there is no engine %ld: the ids are %d to %d (%ld engines)",
                    number, client->ids[0], client->ids[count - 1], count);
}

//  start:stop:step over the positions in the sorted ids, as Python has it.
static int read_slice(targets_t *self, bool has_start, long start)
{
    long count = (long) self->view->client->id_count, stop = 0, step = 1;
    self->at++; // ':'
    bool has_stop = read_number(self, &stop);
    skip_space(self);
    if (*self->at == ':') {
        self->at++;
        if (read_number(self, &step) && step == 0)
            return ipc_fail(self->error, IPC_E_ARGUMENT, "the step of the slice '%s' is 0", self->text);
    }
    step = step > count ? count + 1 : step < -count ? -count - 1 : step; // no further than over all
    long low = step > 0 ? 0 : -1, high = step > 0 ? count : count - 1;
    start = !has_start ? (step > 0 ? low : high) : start < 0 ? start + count : start;
    stop = !has_stop ? (step > 0 ? high : low) : stop < 0 ? stop + count : stop;
    start = start < low ? low : start > high ? high : start;
    stop = stop < low ? low : stop > high ? high : stop;
    for (long i = start; step > 0 ? i < stop : i > stop; i += step)
        add(self->view, (uint32_t) self->view->client->ids[i]);
    return 0;
}

//  One number or slice; *bare tells that it was a number.
static int read_member(targets_t *self, bool *bare)
{
    long number = 0;
    bool has_number = read_number(self, &number);
    *bare = false;
    if (*self->at == ':')
        return read_slice(self, has_number, number);
    if (!has_number)
        return fail_syntax(self);
    *bare = true;
    return add_number(self, number);
}

static int read_targets(targets_t *self)
{
    skip_space(self);
    if (strcmp(self->at, "all") == 0) {
        self->view->all = true;
        return 0;
    }
    bool bracket = *self->at == '[', bare = false;
    if (bracket)
        self->at++;
    skip_space(self);
    size_t members = 0;
    while (*self->at && *self->at != ']') {
        if (read_member(self, &bare))
            return -1;
        members++;
        skip_space(self);
        if (*self->at != ',')
            break;
        self->at++;
        skip_space(self);
        if (!*self->at || *self->at == ']')
            return fail_syntax(self); // nothing after the comma
    }
    if (*self->at == ']' && self->text[strspn(self->text, " ")] == '[')
        self->at++;
    else if (self->text[strspn(self->text, " ")] == '[')
        return fail_syntax(self);
    skip_space(self);
    if (*self->at || members == 0)
        return fail_syntax(self);
    self->view->bare = bare && members == 1 && !bracket;
    return 0;
}

static ipc_view_t *view_new(ipc_client_t *client, const char *text, bool balanced, ipc_error_t *error)
{
    ipc_view_t *self = ipc_xalloc(sizeof *self);
    self->client = client;
    self->balanced = balanced;
    pthread_mutex_lock(&client->lock);
    targets_t targets = {.view = self, .text = text ? text : "all", .error = error};
    targets.at = targets.text;
    ipc_error_t ignored;
    int rc = client_ensure(client, error ? error : &ignored);
    if (rc == 0)
        link_flush(client); // what came in while nobody looked
    if (rc || read_targets(&targets)) {
        free(self->ids);
        free(self);
        self = NULL;
    } else {
        self->next = client->views;
        if (self->next)
            self->next->previous = self;
        client->views = self;
    }
    pthread_mutex_unlock(&client->lock);
    return self;
}

ipc_view_t *ipc_direct_view(ipc_client_t *client, const char *targets, ipc_error_t *error)
{
    return view_new(client, targets, false, error);
}

ipc_view_t *ipc_balanced_view(ipc_client_t *client, const char *targets, ipc_error_t *error)
{
    return view_new(client, targets, true, error);
}

void view_free(ipc_view_t *self)
{
    *(self->previous ? &self->previous->next : &self->client->views) = self->next;
    if (self->next)
        self->next->previous = self->previous;
    defaults_destroy(&self->defaults);
    compile_destroy(&self->compile);
    prepare_destroy(&self->prepare);
    free(self->ids);
    free(self->lent_ids);
    free(self);
}

//  Results that only its options held are freed with them: engines may use the memory of their arrays again.
static void tell_released(ipc_client_t *client)
{
    if (link_has_more(client))
        client_wake(client);
}

void ipc_view_destroy(ipc_view_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    ipc_view_t *self = *self_p;
    *self_p = NULL;
    ipc_client_t *client = self->client;
    pthread_mutex_lock(&client->lock);
    view_free(self);
    tell_released(client);
    pthread_mutex_unlock(&client->lock);
}

const uint32_t *view_engines(const ipc_view_t *self, size_t *count)
{
    const ipc_client_t *client = self->client;
    *count = self->all ? client->id_count : self->count;
    return self->all ? client->ids : self->ids;
}

size_t ipc_view_count(ipc_view_t *self)
{
    pthread_mutex_lock(&self->client->lock);
    link_flush(self->client); // what came in while nobody looked
    size_t count = self->all ? self->client->id_count : self->count;
    pthread_mutex_unlock(&self->client->lock);
    return count;
}

const int *ipc_view_ids(ipc_view_t *self, size_t *count)
{
    pthread_mutex_lock(&self->client->lock);
    link_flush(self->client); // what came in while nobody looked
    const uint32_t *ids = view_engines(self, count);
    self->lent_ids = ipc_xrealloc(self->lent_ids, *count * sizeof self->lent_ids[0]);
    for (size_t i = 0; i < *count; i++) self->lent_ids[i] = (int) ids[i];
    pthread_mutex_unlock(&self->client->lock);
    return self->lent_ids;
}

int ipc_view_take_options(ipc_view_t *self, size_t options_size, const ipc_options_t *options, ipc_error_t *error)
{
    ipc_options_t whole = {0};
    ipc_error_t why = {0}; // the check wants one
    if (options)
        memcpy(&whole, options, options_size < sizeof whole ? options_size : sizeof whole);
    pthread_mutex_lock(&self->client->lock);
    int rc = options ? draft_check_options(self->client, &whole, !self->balanced, &why) : 0;
    if (rc == 0) {
        defaults_t *before = self->defaults;
        self->defaults = options ? defaults_new(&whole) : NULL;
        defaults_destroy(&before); // after the new ones hold their results, which may be the same
        tell_released(self->client);
    }
    pthread_mutex_unlock(&self->client->lock);
    if (rc && error)
        *error = why;
    return rc;
}
