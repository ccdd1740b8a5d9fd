//  The engines: as engine/link.c and engine/kept.c have it.
#include <stdlib.h>

#include "common/fail.h"
#include "succession_body.h"

static void begin_next(succession_t *self, uint32_t e)
{
    engine_t *engine = &self->engines[e];
    while (engine->work && engine->work->cursor == engine->work->end) {
        work_t *over = engine->work;
        engine->work = over->next;
        free(over);
    }
    engine->running = engine->work != NULL;
    if (!engine->running)
        return;
    work_t *work = engine->work;
    job_t *job = work->job;
    position_t *position = &job->positions[work->cursor];
    MUST(self, !position->got || position->unwanted || job->session != self->clients[job->client].life,
         "nothing runs again that has ended");
    position->runs++;
    MUST(self, job->retries > 0 || position->runs == 1, "a task without retries is begun once");
    MUST(self, position->runs <= (job->retries + 1) * (self->controller - job->controllers + 1),
         "no more runs than one and the retries, of each controller");
    if (self->alive && engine->controller == self->controller && self->known[e].life == engine->life) {
        MUST(self, scheduler_span(self->scheduler, work->span, e), "what begins has a lease");
        MUST(self, job->released, "what begins waits for nothing more");
        MUST(self, !job->confined || job->confined >> e & 1, "what follows others runs where they ran");
    }
    engine->death.span = work->span;
    engine->death.item = work->cursor;
    static const int64_t scales[] = {US, 100 * US, 2 * MS, 5 * MS};
    post(self, (note_t){.type = NOTE_ITEM, .peer = e, .life = engine->life},
         1 + (int64_t) random_below(self, (uint64_t) scales[job->function % 4]));
}

static void keep(succession_t *self, engine_t *engine, job_t *job, uint64_t position, bool failed)
{
    (void) self;
    kept_t *kept = ipc_xalloc(sizeof *kept), **at = &engine->kept;
    *kept = (kept_t){.job = job, .first = position, .failed = failed};
    while (*at) at = &(*at)->next;
    *at = kept;
}

static void on_item(succession_t *self, uint32_t e)
{
    engine_t *engine = &self->engines[e];
    work_t *work = engine->work;
    uint64_t luck = random_below(self, 1000), position = work->cursor;
    if (luck < 4 && self->deaths_left > 0) {
        engine_dies(self, e);
        return;
    }
    bool failed = luck < 120;
    keep(self, engine, work->job, position, failed);
    if (engine->accepted) {
        kept_t *kept = engine->kept;
        while (kept->next) kept = kept->next;
        kept->number = ++engine->numbers;
        send_to_controller(self, e, (note_t){.type = NOTE_DONE, .span = work->span, .job = work->job, .first = position,
                                             .count = 1, .failed = failed});
    }
    engine->death.done_span = work->span;
    engine->death.done_item = position;
    engine->death.span = 0;
    work->cursor++;
    begin_next(self, e);
}

static void on_task(succession_t *self, uint32_t e, const note_t *note)
{
    engine_t *engine = &self->engines[e];
    work_t *work = ipc_xalloc(sizeof *work), **at = &engine->work;
    *work = (work_t){.span = note->span, .cursor = note->first, .end = note->first + note->count, .job = note->job};
    while (*at) at = &(*at)->next;
    *at = work;
    if (!engine->running)
        begin_next(self, e);
}

//  Positions from here on have not begun.
static uint64_t unbegun(const engine_t *engine, const work_t *work)
{
    return work->cursor + (engine->running && work == engine->work);
}

static uint64_t give_back(succession_t *self, uint32_t e, work_t *work, uint64_t wanted)
{
    if (!work || wanted == 0)
        return wanted;
    wanted = give_back(self, e, work->next, wanted);
    uint64_t from = unbegun(&self->engines[e], work), room = work->job->direct ? 0 : work->end - from;
    uint64_t count = room < wanted ? room : wanted;
    work->end -= count;
    if (count > 0)
        send_to_controller(self, e, (note_t){.type = NOTE_GAVE, .span = work->span, .first = work->end,
                                             .count = count});
    return wanted - count;
}

static void on_drop(succession_t *self, uint32_t e, const note_t *note)
{
    engine_t *engine = &self->engines[e];
    work_t *work = engine->work;
    while (work && work->span != note->span) work = work->next;
    uint64_t from = work ? unbegun(engine, work) : 0, end = note->first + note->count;
    from = note->first > from ? note->first : from;
    if (!work || from >= work->end || end < work->end)
        return;
    send_to_controller(self, e, (note_t){.type = NOTE_GAVE, .span = work->span, .first = from,
                                         .count = work->end - from});
    work->end = from;
}

static void on_safe(engine_t *engine, uint64_t number)
{
    for (kept_t **at = &engine->kept; *at; at = &(*at)->next)
        if ((*at)->number == number) {
            kept_t *kept = *at;
            *at = kept->next;
            free(kept);
            return;
        }
}

//  --- Lives --------------------------------------------------------------------------------------------------

static void forget_unbegun(engine_t *engine)
{
    work_t *first = engine->running ? engine->work : NULL, *rest = first ? first->next : engine->work;
    if (first) {
        first->end = first->cursor + 1;
        first->next = NULL;
    } else {
        engine->work = NULL;
    }
    for (work_t *next; rest; rest = next) {
        next = rest->next;
        free(rest);
    }
}

//  The worker dies. What it had begun and was not safe is noted, and ends so.
void engine_dies(succession_t *self, uint32_t e)
{
    engine_t *engine = &self->engines[e];
    if (!engine->alive)
        return;
    self->counts.workers++;
    self->deaths_left -= self->deaths_left > 0;
    for (kept_t *kept = engine->kept; kept; kept = kept->next) kept->failed = true;
    if (engine->running)
        keep(self, engine, engine->work->job, engine->work->cursor, true);
    else
        engine->death.span = 0;
    engine->running = false;
    forget_unbegun(engine);
    engine->alive = false;
    if (engine->death.span || engine->death.done_span || engine->died_life == 0) {
        engine->died = engine->death;
        engine->died_life = engine->life;
    }
    engine->death = (scheduler_death_t){0};
    if (engine->controller)
        send_to_controller(self, e, (note_t){.type = NOTE_DOWN});
    engine->controller = 0;
    engine->accepted = false;
    engine->life++;
    post(self, (note_t){.type = NOTE_BACK, .peer = e}, (int64_t) random_below(self, 3 * MS));
}

void engine_notices(succession_t *self, uint32_t e)
{
    engine_t *engine = &self->engines[e];
    forget_unbegun(engine);
    engine->controller = 0;
    engine->accepted = false;
}

//  It says who it is. Sometimes it has no answer for so long that it does so again, over another connection.
void engine_connects(succession_t *self, uint32_t e)
{
    engine_t *engine = &self->engines[e];
    engine->controller = self->controller;
    engine->connection = ++self->connections;
    engine->arrival = engine->arrival_back = 0;
    send_to_controller(self, e, (note_t){.type = NOTE_REGISTER, .death = engine->died,
                                         .died_life = engine->died_life});
    if (random_below(self, 5) > 0)
        return;
    self->counts.again++;
    engine->controller = 0;
    post(self, (note_t){.type = NOTE_CONNECT, .peer = e}, 1 + (int64_t) random_below(self, MS));
}

//  --- What comes ---------------------------------------------------------------------------------------------

//  It has an answer: it says what it keeps, and what it runs; and may die of that before clients have come back.
static void on_accepted(succession_t *self, uint32_t e)
{
    engine_t *engine = &self->engines[e];
    engine->accepted = true;
    engine->numbers = 0;
    for (kept_t *kept = engine->kept; kept; kept = kept->next) {
        kept->number = ++engine->numbers;
        send_to_controller(self, e, (note_t){.type = NOTE_KEPT, .job = kept->job, .first = kept->first, .count = 1,
                                             .failed = kept->failed});
    }
    const work_t *work = engine->running ? engine->work : NULL;
    send_to_controller(self, e, (note_t){.type = NOTE_RUNS, .job = work ? work->job : NULL,
                                         .first = work ? work->cursor : 0, .count = work != NULL,
                                         .span = work ? work->span : 0});
    if (work && self->deaths_left > 0 && random_below(self, 2) == 0)
        post(self, (note_t){.type = NOTE_KILL, .peer = e, .life = engine->life},
             1 + (int64_t) random_below(self, 500 * US));
}

void engine_serves(succession_t *self, const note_t *note)
{
    uint32_t e = note->peer;
    engine_t *engine = &self->engines[e];
    if (!engine->alive || note->life != engine->life ||
        (note->type != NOTE_ITEM && (note->controller != engine->controller || note->connection != engine->connection)))
        return;
    switch (note->type) {
    case NOTE_ITEM: on_item(self, e); break;
    case NOTE_ACCEPTED: on_accepted(self, e); break;
    case NOTE_TASK: on_task(self, e, note); break;
    case NOTE_DROP: on_drop(self, e, note); break;
    case NOTE_SAFE: on_safe(engine, note->number); break;
    case NOTE_RECALL:
        give_back(self, e, engine->work, note->count);
        send_to_controller(self, e, (note_t){.type = NOTE_GAVE, .last = true});
        break;
    default: break;
    }
}
