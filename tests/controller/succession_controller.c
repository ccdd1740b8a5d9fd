//  The controller: as controller/recovery.c and its neighbours have it.
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/partition.h"
#include "succession_body.h"

static void say_safe(succession_t *self, uint32_t e, uint32_t connection, uint64_t number)
{
    if (number > 0 && self->known[e].connection == connection)
        send_to_engine(self, e, (note_t){.type = NOTE_SAFE, .number = number});
}

//  --- Results to clients -----------------------------------------------------------------------------------------

known_client_t *client_of(succession_t *self, const job_t *job)
{
    const scheduler_job_t *scheduled = job->scheduled;
    for (uint32_t i = 0; scheduled && !scheduled->dropped && i < CONNECTIONS; i++)
        if (self->known_clients[i].here && self->known_clients[i].number == scheduled->client)
            return &self->known_clients[i];
    return NULL;
}

//  False when nobody is there to be told.
static bool tell(succession_t *self, known_client_t *client, note_t result, uint32_t engine, unseen_t unseen)
{
    if (!client)
        return false;
    for (uint64_t i = result.first; i < result.first + result.count; i++) {
        position_t *position = &result.job->positions[i];
        position->told = true;
        position->failed = result.failed;
        position->engine = engine;
    }
    unseen.result = ++client->results;
    if (unseen.number > 0)
        ipc_write_raw(&client->unseen, &unseen, sizeof unseen);
    result.type = NOTE_RESULT;
    terms_note(client, &result, engine);
    send_to_client(self, client, result);
    return true;
}

static void see(succession_t *self, known_client_t *client, uint64_t count)
{
    size_t at = 0;
    for (unseen_t unseen; at < client->unseen.size; at += sizeof unseen) {
        memcpy(&unseen, client->unseen.data + at, sizeof unseen);
        if (unseen.result > count)
            break;
        say_safe(self, unseen.engine, unseen.connection, unseen.number);
    }
    client->unseen.size -= at;
    if (client->unseen.size > 0)
        memmove(client->unseen.data, client->unseen.data + at, client->unseen.size);
}

//  --- Actions of the scheduler -----------------------------------------------------------------------------------

static void on_send(void *context, uint32_t e, scheduler_span_t *span)
{
    succession_t *self = context;
    MUST(self, self->known[e].up, "nothing is sent to an engine that is down");
    const job_t *job = span->job->payload;
    MUST(self, !job->supply || supply_is_complete(job->supply), "what is sent has all the values that it is given");
    for (uint64_t i = span->first; i < span->first + span->count; i++)
        MUST(self, !job->positions[i].got, "nothing is sent that has ended");
    send_to_engine(self, e, (note_t){.type = NOTE_TASK, .span = span->id, .first = span->first, .count = span->count,
                                   .job = span->job->payload});
}

static void on_recall(void *context, uint32_t e, uint64_t count)
{
    send_to_engine(context, e, (note_t){.type = NOTE_RECALL, .count = count});
}

static void on_drop(void *context, uint32_t e, scheduler_span_t *span, uint64_t first, uint64_t count,
                    scheduler_drop_t how)
{
    succession_t *self = context;
    (void) how;
    const known_engine_t *known = &self->known[e];
    uint64_t id = span->id == known->adopted_span ? known->former_span : span->id;
    if (self->alive && known->up)
        send_to_engine(self, e, (note_t){.type = NOTE_DROP, .span = id, .first = first, .count = count});
}

static void on_lose(void *context, scheduler_job_t *scheduled, uint64_t first, uint64_t count, uint32_t engine,
                    scheduler_loss_t loss, uint32_t attempts)
{
    succession_t *self = context;
    job_t *job = scheduled->payload;
    bool stays = loss == SCHEDULER_ABORTED || loss == SCHEDULER_IMPOSSIBLE; // at the controller
    MUST(self, stays || loss == SCHEDULER_CRASHED || loss == SCHEDULER_RESULT_LOST, "nothing else ends a task here");
    MUST(self, stays || attempts > job->retries || job->positions[first].unwanted || loss == SCHEDULER_CRASHED,
         "retries are used first");
    self->counts.lost += !stays;
    tell(self, client_of(self, job), (note_t){.job = job, .first = first, .count = count, .failed = true}, engine,
         (unseen_t){0});
}

static void on_end(void *context, scheduler_job_t *scheduled)
{
    succession_t *self = context;
    job_t *job = scheduled->payload;
    free(scheduled->allowed);
    if (!self->alive)
        return; // it is dead
    known_client_t *client = client_of(self, job);
    if (client && scheduled->waits)
        dependencies_forget(client->dependencies, scheduled->waits);
    supply_destroy(&job->supply);
    self->known_jobs--;
    job->scheduled = NULL;
}

static const scheduler_actions_t actions = {
    .send = on_send, .recall = on_recall, .drop = on_drop, .lose = on_lose, .end = on_end};

//  --- Claims -----------------------------------------------------------------------------------------------------

static void deliver(void *context, const claim_t *claim)
{
    succession_t *self = context;
    self->counts.delivered++;
    self->counts.lost += claim->failed;
    tell(self, self->speaks,
         (note_t){.job = self->resumed, .first = claim->first, .count = claim->count, .failed = claim->failed},
         claim->engine, (unseen_t){.number = claim->number, .engine = claim->engine, .connection = claim->peer});
}

//  It is safe when the client has what it was given.
static void repeat(void *context, const claim_t *claim)
{
    succession_t *self = context;
    unseen_t unseen = {.result = self->speaks->results, .number = claim->number, .engine = claim->engine,
                       .connection = claim->peer};
    self->counts.dropped++;
    ipc_write_raw(&self->speaks->unseen, &unseen, sizeof unseen);
}

static void drop(void *context, const claim_t *claim)
{
    succession_t *self = context;
    self->counts.dropped++;
    say_safe(self, claim->engine, claim->peer, claim->number);
}

static void adopt(void *context, const claim_t *claim)
{
    succession_t *self = context;
    self->counts.adopted++;
    self->known[claim->engine].adopted_span =
        scheduler_adopt(self->scheduler, self->resumed->scheduled, claim->engine, claim->first, claim->count, 0)->id;
}

static const claims_actions_t claims_actions = {.deliver = deliver, .repeat = repeat, .drop = drop, .adopt = adopt};

static void claim_done(succession_t *self, uint32_t e, const note_t *note)
{
    known_engine_t *known = &self->known[e];
    ipc_writer_t result = {0};
    if (self->is_over) {
        say_safe(self, e, known->connection, known->dones);
        return;
    }
    ipc_write_nil(&result);
    claims_finish(self->claims, e, known->connection, note->job->id, note->first, note->count, known->dones,
                  note->failed, &result);
}

//  --- Submissions ------------------------------------------------------------------------------------------------

//  Of a direct job every engine has a part.
static void target(succession_t *self, scheduler_job_t *scheduled, const job_t *job, const ipc_ranges_t *missing)
{
    for (uint32_t e = 0; e < ENGINES; e++) {
        uint64_t first = ipc_partition_first(job->count, ENGINES, e);
        uint64_t end = ipc_partition_first(job->count, ENGINES, e + 1);
        for (size_t i = 0; i < missing->count; i++) {
            ipc_range_t range = missing->ranges[i];
            uint64_t from = range.first > first ? range.first : first, to = range.first + range.count;
            to = to < end ? to : end;
            if (from < to)
                scheduler_job_target(self->scheduler, scheduled, e, from, to - from);
        }
    }
}

//  A direct job that is given values has its engines in allowed; one of which some has ended, or runs, leaves that out.
static void allow(scheduler_job_t *scheduled, const ipc_ranges_t *missing)
{
    scheduled->allowed = ipc_xalloc(ENGINES * sizeof scheduled->allowed[0]);
    scheduled->allowed_count = ENGINES;
    for (uint32_t e = 0; e < ENGINES; e++)
        scheduled->allowed[e] = ipc_ranges_have(missing, e, 1) ? e : SCHEDULER_NO_ENGINE;
}

//  Some of it; or has ended.
static bool has_begun(const job_t *job)
{
    for (uint64_t i = 0; i < job->count; i++)
        if (job->positions[i].runs > 0 || job->positions[i].got)
            return true;
    return false;
}

//  What is missing of a job of before.
static void submit_rest(succession_t *self, known_client_t *client, scheduler_job_t *scheduled, const note_t *note)
{
    job_t *job = note->job;
    bool given = note->terms && note->terms->parents[GIVEN].size > 0;
    if (given && note->missing.count > 0) {
        MUST(self, job->direct, "what is left of one call is all of it");
        allow(scheduled, &note->missing);
        terms_hold(self, client, scheduled, note->terms);
        scheduler_hold_some(self->scheduler, scheduled);
        return;
    }
    MUST(self, !note->terms || has_begun(job), "what has not begun waits for others");
    job->released = true;
    if (note->terms)
        terms_confine(self, client, scheduled, note->terms);
    if (job->direct)
        target(self, scheduled, job, &note->missing);
    scheduler_submit_some(self->scheduler, scheduled, (const scheduler_range_t *) note->missing.ranges,
                          note->missing.count);
}

static void submit(succession_t *self, known_client_t *client, note_t *note)
{
    job_t *job = note->job;
    bool runs = false;
    self->resumed = job;
    self->speaks = client;
    if (note->resumes) {
        claims_match(self->claims, self, job->id, job->retries, &note->missing);
        runs = claims_run(self->claims, job->id);
    }
    bool all = !runs && ipc_ranges_have(&note->missing, 0, job->count);
    if (note->missing.count == 0)
        return; // it is done
    scheduler_job_t *scheduled = job->scheduled = scheduler_job_new(self->scheduler);
    *scheduled = (scheduler_job_t){.id = job->id, .client = client->number, .function = job->function,
                                   .count = job->count, .retries = job->retries, .priority = job->priority,
                                   .direct = job->direct, .accepted = self->now, .payload = job};
    self->known_jobs++;
    self->counts.waited += note->resumes && note->terms;
    claims_adopt(self->claims, self, job->id, &note->missing);
    if (!all) {
        submit_rest(self, client, scheduled, note);
        return;
    }
    job->released = !note->terms;
    job->confined = 0;
    if (note->terms && job->direct)
        allow(scheduled, &note->missing);
    else if (job->direct)
        target(self, scheduled, job, &note->missing);
    if (note->terms)
        terms_hold(self, client, scheduled, note->terms);
    scheduler_submit(self->scheduler, scheduled);
}

//  Over a connection that nobody has greeted on, or that was refused, nothing counts.
static known_client_t *known_client(succession_t *self, const note_t *note)
{
    for (uint32_t i = 0; i < CONNECTIONS; i++)
        if (self->known_clients[i].here && self->known_clients[i].connection == note->connection)
            return &self->known_clients[i];
    return NULL;
}

static void join(succession_t *self, const note_t *note)
{
    uint32_t i = 0;
    while (i < CONNECTIONS && self->known_clients[i].here) i++;
    MUST(self, i < CONNECTIONS, "connections that are gone are not kept");
    self->known_clients[i] = (known_client_t){.here = true, .client = note->peer - ENGINES, .life = note->life,
                                              .connection = note->connection,
                                              .number = scheduler_client_join(self->scheduler),
                                              .dependencies = dependencies_new(&terms_actions, self)};
    send_to_client(self, &self->known_clients[i], (note_t){.type = NOTE_WELCOME});
}

static void leave(succession_t *self, known_client_t *client)
{
    see(self, client, UINT64_MAX);
    client->here = false;
    scheduler_client_leave(self->scheduler, client->number);
    dependencies_destroy(&client->dependencies);
    ipc_writer_destroy(&client->unseen);
}

static void on_submit(succession_t *self, known_client_t *client, note_t *note)
{
    if (note->resumes && self->is_over) { // too late
        send_to_client(self, client, (note_t){.type = NOTE_REFUSED});
        leave(self, client);
        return;
    }
    if (note->resumes)
        dependencies_remember(client->dependencies);
    bool is_new = scheduler_client_submits(self->scheduler, client->number, note->job->id);
    MUST(self, is_new != note->echo, "what comes for the first time is new, and nothing else");
    if (is_new)
        submit(self, client, note);
}

static void serve_client(succession_t *self, note_t *note)
{
    known_client_t *client = known_client(self, note);
    if (note->type == NOTE_HELLO)
        join(self, note);
    if (!client)
        return;
    switch (note->type) {
    case NOTE_SUBMIT: on_submit(self, client, note); break;
    case NOTE_SUPPLY: terms_supply(self, client, note); break;
    case NOTE_LEAVE: leave(self, client); break;
    case NOTE_SEEN: see(self, client, note->count); break;
    default: scheduler_abort(self->scheduler, client->number, note->job->id, note->first, note->count);
    }
}

//  --- Engines ----------------------------------------------------------------------------------------------------

static uint64_t span_id(const known_engine_t *known, uint64_t id)
{
    return id && id == known->former_span ? known->adopted_span : id;
}

//  What it ran for a client that is not there yet has failed.
static void bury(succession_t *self, uint32_t e)
{
    ipc_auto(ipc_writer_destroy) ipc_writer_t result = {0};
    ipc_write_nil(&result);
    claims_bury(self->claims, e, &result);
}

static void on_register(succession_t *self, uint32_t e, const note_t *note)
{
    known_engine_t *known = &self->known[e];
    if (note->life < known->life || note->connection <= known->connection)
        return; // it is here, or has been succeeded
    if (known->life == note->life) { // what was sent to it did not arrive
        scheduler_engine_died(self->scheduler, e, &(scheduler_death_t){.unknown = false});
    } else if (known->life > 0) {
        scheduler_death_t death = note->death;
        death.unknown = known->life != note->died_life;
        death.span = span_id(known, death.span);
        death.done_span = span_id(known, death.done_span);
        scheduler_engine_died(self->scheduler, e, &death);
        bury(self, e);
    }
    bool told = known->told;
    *known = (known_engine_t){.life = note->life, .connection = note->connection, .up = true, .told = told};
    send_to_engine(self, e, (note_t){.type = NOTE_ACCEPTED});
    scheduler_engine_up(self->scheduler, e);
}

static void on_runs(succession_t *self, uint32_t e, const note_t *note)
{
    known_engine_t *known = &self->known[e];
    if (!claims_begin(self->claims, e, known->connection, note->job ? note->job->id : 0, note->first, note->count,
                      note->span))
        return;
    known->former_span = note->span;
    known->adopted_span = 0;
    known->told = true;
    bool all = true;
    for (uint32_t i = 0; i < ENGINES; i++) all = all && self->known[i].told;
    if (!all || self->hears)
        return;
    self->hears = true;
    for (size_t i = 0; i < self->unheard_count; i++) {
        serve_client(self, &self->unheard[i]);
        note_free(&self->unheard[i]);
    }
    self->unheard_count = 0;
    post(self, (note_t){.type = NOTE_LOOK, .controller = self->controller, .last = true}, (int64_t) OVER_MS * MS);
    if (self->deaths_left > 0 && random_below(self, 2) == 0) // soon again
        post(self, (note_t){.type = NOTE_KILL, .peer = ENGINES, .controller = self->controller},
             1 + (int64_t) random_below(self, 3 * MS));
}

static void on_done(succession_t *self, uint32_t e, const note_t *note)
{
    known_engine_t *known = &self->known[e];
    const claim_t *running = claims_running(self->claims, e);
    known->dones++;
    if (running && running->span == note->span) {
        claim_done(self, e, note);
        return;
    }
    scheduler_span_t *span = scheduler_span(self->scheduler, span_id(known, note->span), e);
    if (!scheduler_expects(span, note->first, note->count, note->failed)) {
        MUST(self, note->echo || note->span == known->former_span, "a result finds its span, and comes in order");
        say_safe(self, e, known->connection, known->dones);
        return;
    }
    MUST(self, !note->echo, "no result counts twice");
    job_t *job = span->job->payload;
    bool counts = scheduler_done(self->scheduler, span, note->first, note->count, note->failed, US);
    if (!counts || !tell(self, client_of(self, job),
                         (note_t){.job = job, .first = note->first, .count = note->count, .failed = note->failed}, e,
                         (unseen_t){.number = known->dones, .engine = e, .connection = known->connection}))
        say_safe(self, e, known->connection, known->dones);
    scheduler_settle(self->scheduler, span);
}

static void serve_engine(succession_t *self, const note_t *note)
{
    uint32_t e = note->peer;
    known_engine_t *known = &self->known[e];
    if (note->type != NOTE_REGISTER && note->connection != known->connection)
        return; // of one that is gone
    switch (note->type) {
    case NOTE_REGISTER: on_register(self, e, note); break;
    case NOTE_RUNS: on_runs(self, e, note); break;
    case NOTE_DONE: on_done(self, e, note); break;
    case NOTE_KEPT:
        known->dones++;
        claim_done(self, e, note);
        break;
    case NOTE_GAVE:
        scheduler_gave(self->scheduler, e, scheduler_span(self->scheduler, span_id(known, note->span), e), note->first,
                       note->count, note->last);
        break;
    default: // it is down
        known->up = false;
        scheduler_engine_down(self->scheduler, e);
    }
}

void controller_hears(succession_t *self, note_t *note)
{
    if (note->peer < ENGINES || self->hears) {
        note->peer < ENGINES ? serve_engine(self, note) : serve_client(self, note);
        note_free(note);
        return;
    }
    if (self->unheard_count == self->unheard_room) {
        self->unheard_room = self->unheard_room ? 2 * self->unheard_room : 16;
        self->unheard = ipc_xrealloc(self->unheard, self->unheard_room * sizeof self->unheard[0]);
    }
    self->unheard[self->unheard_count++] = *note;
}

void controller_turn(succession_t *self)
{
    if (!self->alive)
        return;
    terms_decide(self);
    if (scheduler_dispatch(self->scheduler, self->now))
        post(self, (note_t){.type = NOTE_LOOK, .controller = self->controller}, (int64_t) 5 * MS);
}

//  --- Lives ------------------------------------------------------------------------------------------------------

void controller_starts(succession_t *self)
{
    self->controller++;
    self->alive = true;
    self->scheduler = scheduler_new(&actions, self);
    scheduler_begin_at(self->scheduler, (uint32_t) random_below(self, UINT32_MAX));
    self->claims = claims_new(&claims_actions);
}

//  What the controller alone knew of a job.
static void forget(job_t *job)
{
    job->scheduled = NULL;
    job->released = has_begun(job);
    supply_destroy(&job->supply);
    for (uint64_t i = 0; i < job->count; i++) job->positions[i].told = job->positions[i].got;
}

void controller_dies(succession_t *self)
{
    self->alive = self->hears = self->is_over = false;
    scheduler_destroy(&self->scheduler);
    claims_destroy(&self->claims);
    for (size_t i = 0; i < self->unheard_count; i++) note_free(&self->unheard[i]);
    self->unheard_count = 0;
    for (size_t i = 0; i < CONNECTIONS; i++) {
        ipc_writer_destroy(&self->known_clients[i].unseen);
        dependencies_destroy(&self->known_clients[i].dependencies);
    }
    memset(self->known_clients, 0, sizeof self->known_clients);
    memset(self->known, 0, sizeof self->known);
    for (job_t *job = self->jobs; job; job = job->next) forget(job);
    self->known_jobs = 0;
}

//  A reason, in words, for a position of a job that has not ended.
static bool has_reason(const succession_t *self, const job_t *job)
{
    const scheduler_job_t *scheduled = job->scheduled;
    char text[256] = "";
    for (uint64_t i = 0; i < job->count; i++)
        if (!job->positions[i].got &&
            scheduler_explain(self->scheduler, scheduled->client, job->id + i, text, sizeof text))
            return text[0] != 0;
    return false;
}

void controller_check(succession_t *self)
{
    if (!self->alive)
        return;
    MUST(self, scheduler_counts(self->scheduler).jobs == self->known_jobs, "the jobs add up");
    uint64_t left = 0, loads = 0;
    for (const job_t *job = self->jobs; job; job = job->next) {
        const scheduler_job_t *scheduled = job->scheduled;
        if (!scheduled)
            continue;
        left += scheduled->left;
        MUST(self, scheduled->dropped || scheduled->left > 0, "a job that is not over has something left");
        MUST(self, !client_of(self, job) || scheduled->dropped || has_reason(self, job),
             "what has not ended has a reason");
    }
    for (uint32_t e = 0; e < ENGINES; e++) loads += scheduler_engine_load(self->scheduler, e);
    MUST(self, loads <= left || self->counts.clients + self->counts.again > 0, "no engine has more than is left");
}
