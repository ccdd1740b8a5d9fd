//  What comes of tasks while they run.
#include "client/stream.h"

#include <stdlib.h>
#include <string.h>

#include "client/results.h"
#include "common/fail.h"

//  --- Output -----------------------------------------------------------------------------------------------------

//  The line that one stream of one position has begun.
typedef struct open_line {
    uint64_t position;
    int engine, stream;
    ipc_writer_t text;
    struct open_line *next;
} open_line_t;

//  How far what tasks wrote has been taken.
typedef struct streaming {
    const written_t *last;             // the piece taken last; NULL: none yet
    size_t taken;                      // of its bytes
    open_line_t *lines;
    ipc_line_t line;                   // given last,
    ipc_writer_t text;                 //   and its text
} streaming_t;

void streaming_free(streaming_t *self)
{
    for (open_line_t *line = self ? self->lines : NULL, *next; line; line = next) {
        next = line->next;
        ipc_writer_destroy(&line->text);
        free(line);
    }
    if (self)
        ipc_writer_destroy(&self->text);
    free(self);
}

//  What a wait looks at.
typedef struct watch {
    const ipc_result_t *result;
    const streaming_t *streaming;
} watch_t;

static const written_t *next_written(const watch_t *self)
{
    if (self->streaming->last)
        return self->streaming->last->next;
    return self->result->more ? self->result->more->written : NULL;
}

static bool has_written(void *context)
{
    const watch_t *self = context;
    return self->result->finished || next_written(self);
}

//  Gives the line, which is empty then.
static const ipc_line_t *give_line(streaming_t *self, open_line_t *line)
{
    const char *text = line->text.data;
    size_t size = line->text.size;
    line_last_state(&text, &size);
    self->text.size = 0;
    ipc_write_raw(&self->text, text, size);
    ipc_write_raw(&self->text, "", 1);
    line->text.size = 0;
    self->line = (ipc_line_t){line->position, line->engine, line->stream != 1, self->text.data, size, {0}};
    return &self->line;
}

static open_line_t *line_of(streaming_t *self, const written_t *written)
{
    open_line_t *line = self->lines;
    while (line && (line->position != written->position || line->stream != written->stream)) line = line->next;
    if (!line) {
        line = ipc_xalloc(sizeof *line);
        *line = (open_line_t){.position = written->position, .engine = written->engine, .stream = written->stream,
                              .next = self->lines};
        self->lines = line;
    }
    return line;
}

//  The next line that ends in the piece taken last, or NULL, and then all of it is taken. A line of the same stream on
//  another engine, a retry's, ends.
static const ipc_line_t *take_line(streaming_t *self)
{
    const written_t *written = self->last;
    if (!written || self->taken == written->size)
        return NULL;
    open_line_t *line = line_of(self, written);
    if (line->engine != written->engine && line->text.size > 0)
        return give_line(self, line);
    line->engine = written->engine;
    const char *at = written->text + self->taken, *newline = memchr(at, '\n', written->size - self->taken);
    size_t size = newline ? (size_t) (newline - at) : written->size - self->taken;
    ipc_write_raw(&line->text, at, size);
    self->taken += size + (newline != NULL);
    return newline ? give_line(self, line) : NULL;
}

//  An open line of a position that is done and has no more to be shown, or NULL: none. What had nothing more in its
//  line is forgotten.
static const ipc_line_t *close_line(ipc_result_t *result, streaming_t *self)
{
    for (open_line_t **at = &self->lines, *line; (line = *at);) {
        pthread_mutex_lock(&result->client->lock);
        bool done = !next_written(&(watch_t){result, self}) && positions_is_done(&result->positions, line->position);
        pthread_mutex_unlock(&result->client->lock);
        if (done && line->text.size > 0)
            return give_line(self, line);
        if (!done) {
            at = &line->next;
            continue;
        }
        *at = line->next;
        ipc_writer_destroy(&line->text);
        free(line);
    }
    return NULL;
}

static const ipc_line_t *next_line(ipc_result_t *result, streaming_t *self, int timeout_ms)
{
    watch_t watch = {result, self};
    for (;;) {
        const ipc_line_t *line = take_line(self);
        if (!line)
            line = close_line(result, self);
        if (line)
            return line;
        if (!result_wait_until(result, has_written, &watch, timeout_ms))
            return NULL;
        pthread_mutex_lock(&result->client->lock);
        const written_t *written = next_written(&watch);
        pthread_mutex_unlock(&result->client->lock);
        if (!written)
            return close_line(result, self); // all is done, maybe since it was looked at above
        self->last = written;
        self->taken = 0;
    }
}

const ipc_line_t *ipc_result_next_line(ipc_result_t *self, int timeout_ms)
{
    pthread_mutex_lock(&self->client->lock);
    result_more_t *more = result_more(self);
    if (!more->streaming)
        more->streaming = ipc_xalloc(sizeof *more->streaming);
    pthread_mutex_unlock(&self->client->lock);
    return next_line(self, more->streaming, timeout_ms);
}

void ipc_result_stream(ipc_result_t *self, FILE *stream)
{
    streaming_t *streaming = ipc_xalloc(sizeof *streaming);
    const ipc_line_t *line;
    do {
        while ((line = next_line(self, streaming, 0))) line_print(line, stream);
        fflush(stream);
        line = next_line(self, streaming, IPC_FOREVER);
        if (line)
            line_print(line, stream);
    } while (line);
    streaming_free(streaming);
    result_look(self);
    if (!self->finished)
        ipc_error_print(result_unfinished(), stream);
    else if (self->positions.failed > 0)
        ipc_error_print(ipc_result_error(self), stream);
    fflush(stream);
}

//  --- Published values --------------------------------------------------------------------------------------------

//  The latest of a name at a position: packed as it came, until somebody looks.
typedef struct publication {
    uint64_t position;
    char *name;
    ipc_writer_t packed;
    bool fresh;                        // nobody has looked at it
    ipc_arena_t *arena;                // of the value that was looked at last; or NULL
    ipc_value_t value;
    struct publication *next;
} publication_t;

static publication_t *find(const result_more_t *more, uint64_t position, ipc_bytes_t name)
{
    publication_t *found = more->publications;
    while (found && (found->position != position || strlen(found->name) != name.size ||
                     memcmp(found->name, name.data, name.size) != 0))
        found = found->next;
    return found;
}

void result_take_published(ipc_result_t *self, const ipc_msg_t *msg, uint64_t position)
{
    if (position >= self->positions.count || self->finished)
        return;
    result_more_t *more = result_more(self);
    publication_t *publication = find(more, position, msg->publish.name);
    if (!publication) {
        publication = ipc_xalloc(sizeof *publication);
        *publication = (publication_t){.position = position, .name = ipc_bytes_text(msg->publish.name),
                                       .value = ipc_none(), .next = more->publications};
        more->publications = publication;
    }
    publication->packed.size = 0;
    ipc_write_raw(&publication->packed, msg->publish.value.data, msg->publish.value.size);
    publication->fresh = more->published_news = true;
    if (self->client->waiters > 0)
        client_tell(self->client);
}

void publications_free(publication_t *first)
{
    for (publication_t *publication = first, *next; publication; publication = next) {
        next = publication->next;
        ipc_arena_destroy(&publication->arena);
        ipc_writer_destroy(&publication->packed);
        free(publication->name);
        free(publication);
    }
}

//  Published arrays travel inside their value.
static ipc_array_t *open_none(void *context, const ipc_array_ref_t *ref, ipc_error_t *error)
{
    (void) context;
    (void) ref;
    ipc_fail(error, IPC_E_PROTOCOL, "a published value that refers to an object");
    return NULL;
}

ipc_value_t ipc_result_published(ipc_result_t *self, size_t i, const char *name)
{
    pthread_mutex_lock(&self->client->lock);
    if (!self->finished)
        link_flush(self->client); // what came in while nobody looked
    publication_t *publication = self->more ? find(self->more, i, ipc_bytes_of(name)) : NULL;
    if (publication && publication->fresh) {
        ipc_reader_t reader = ipc_reader(publication->packed.data, publication->packed.size);
        ipc_arena_destroy(&publication->arena);
        publication->arena = ipc_arena_new();
        publication->fresh = false;
        if (ipc_value_unpack(&publication->value, &reader, publication->arena, open_none, NULL, NULL))
            publication->value = ipc_none();
    }
    ipc_value_t value = publication ? publication->value : ipc_none();
    pthread_mutex_unlock(&self->client->lock);
    return value;
}

static bool has_news(void *context)
{
    const ipc_result_t *self = context;
    return self->finished || (self->more && self->more->published_news);
}

bool ipc_result_wait_published(ipc_result_t *self, int timeout_ms)
{
    result_wait_until(self, has_news, self, timeout_ms);
    pthread_mutex_lock(&self->client->lock);
    bool news = self->more && self->more->published_news;
    if (news)
        self->more->published_news = false;
    pthread_mutex_unlock(&self->client->lock);
    return news;
}
