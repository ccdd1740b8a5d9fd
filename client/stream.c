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

typedef struct streaming {
    ipc_result_t *result;
    FILE *stream;
    const written_t *last;             // shown; NULL: nothing yet
    open_line_t *lines;
} streaming_t;

static const written_t *next_written(const streaming_t *self)
{
    if (self->last)
        return self->last->next;
    return self->result->more ? self->result->more->written : NULL;
}

static bool has_written(void *context)
{
    const streaming_t *self = context;
    return self->result->finished || next_written(self);
}

static void show_line(const streaming_t *self, open_line_t *line)
{
    fprintf(self->stream, "[%s:%d] %.*s\n", line->stream == 1 ? "stdout" : "stderr", line->engine,
            (int) line->text.size, line->text.data ? line->text.data : "");
    line->text.size = 0;
}

//  The open line of a piece; that of the same stream on another engine, a retry's, is ended.
static open_line_t *line_of(streaming_t *self, const written_t *written)
{
    open_line_t *line = self->lines;
    while (line && (line->position != written->position || line->stream != written->stream)) line = line->next;
    if (!line) {
        line = ipc_xalloc(sizeof *line);
        *line = (open_line_t){.position = written->position, .stream = written->stream, .next = self->lines};
        self->lines = line;
    } else if (line->engine != written->engine && line->text.size > 0) {
        show_line(self, line);
    }
    line->engine = written->engine;
    return line;
}

static void show_written(streaming_t *self, const written_t *written)
{
    open_line_t *line = line_of(self, written);
    const char *at = written->text, *end = at + written->size;
    for (const char *newline; (newline = memchr(at, '\n', (size_t) (end - at))); at = newline + 1) {
        ipc_write_raw(&line->text, at, (size_t) (newline - at));
        show_line(self, line);
    }
    ipc_write_raw(&line->text, at, (size_t) (end - at));
    fflush(self->stream);
}

//  Shows the open lines of positions that are done and have no more to be shown, or of all, and forgets them.
static void close_lines(streaming_t *self, bool all)
{
    for (open_line_t **at = &self->lines, *line; (line = *at);) {
        pthread_mutex_lock(&self->result->client->lock);
        bool done = all || (!next_written(self) && positions_is_done(&self->result->positions, line->position));
        pthread_mutex_unlock(&self->result->client->lock);
        if (!done) {
            at = &line->next;
            continue;
        }
        if (line->text.size > 0)
            show_line(self, line);
        *at = line->next;
        ipc_writer_destroy(&line->text);
        free(line);
    }
}

void ipc_result_stream(ipc_result_t *self, FILE *stream)
{
    streaming_t streaming = {.result = self, .stream = stream};
    const written_t *written;
    do {
        result_wait_until(self, has_written, &streaming, IPC_FOREVER);
        pthread_mutex_lock(&self->client->lock);
        written = next_written(&streaming);
        pthread_mutex_unlock(&self->client->lock);
        if (!written)
            break; // all is done, or the client is being destroyed
        show_written(&streaming, written);
        streaming.last = written;
        close_lines(&streaming, false);
    } while (true);
    close_lines(&streaming, true);
    result_look(self);
    if (self->positions.failed > 0)
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
