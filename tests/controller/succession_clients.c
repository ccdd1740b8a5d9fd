//  The clients: as client/resume.c, client/kept.c and client/given.c have it.
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "succession_body.h"

enum { SEEN_EVERY = 5 };

//  --- What others come to ------------------------------------------------------------------------------------------

//  What a client knows of a position that a job of it waits for.
static ipc_parent_t know(const parent_t *parent, uint64_t position)
{
    const position_t *ended = &parent->job->positions[position];
    if (!ended->got)
        return (ipc_parent_t){.job = parent->job->id, .first = position, .count = 1};
    return (ipc_parent_t){.count = 1, .engine = ended->engine,
                          .state = ended->failed ? IPC_PARENT_FAILED : IPC_PARENT_DONE};
}

//  Positions in a row of which it knows the same go together.
static void write_parents(const parent_t *self, ipc_writer_t *parents)
{
    ipc_parent_t row = {0};
    for (uint64_t i = 0; self->job && i < self->count; i++) {
        ipc_parent_t next = know(self, self->first + i);
        bool same = row.count > 0 && row.state == next.state &&
                    (next.state == IPC_PARENT_AWAITED || row.engine == next.engine);
        if (same) {
            row.count++;
            continue;
        }
        if (row.count > 0)
            ipc_write_raw(parents, &row, sizeof row);
        row = next;
    }
    if (row.count > 0)
        ipc_write_raw(parents, &row, sizeof row);
}

static bool waits(const job_t *job)
{
    return job->parents[AFTER].job || job->parents[FOLLOW].job || job->parents[GIVEN].job;
}

static terms_t *terms_of(const job_t *job, uint64_t seen)
{
    if (!waits(job))
        return NULL;
    terms_t *terms = ipc_xalloc(sizeof *terms);
    terms->seen = seen;
    for (size_t i = 0; i < CONDITIONS; i++) write_parents(&job->parents[i], &terms->parents[i]);
    return terms;
}

//  Sends values that a job is given, of those numbers that are here, some in one message.
static void supply_known(succession_t *self, job_t *job, uint64_t first, uint64_t end)
{
    const parent_t *given = &job->parents[GIVEN];
    for (uint64_t count; given->job && first < end; first += count + 1) {
        for (count = 0; first + count < end; count++) {
            const position_t *position = &given->job->positions[given->first + first + count];
            if (!position->got || position->failed)
                break;
        }
        if (count > 0)
            send_to_controller(self, ENGINES + job->client,
                               (note_t){.type = NOTE_SUPPLY, .job = job, .first = first, .count = count});
    }
}

//  --- What it submits ------------------------------------------------------------------------------------------------

static void ranges_copy(ipc_ranges_t *to, const ipc_ranges_t *from)
{
    for (size_t i = 0; i < from->count; i++) ipc_ranges_add(to, from->ranges[i].first, from->ranges[i].count);
}

static void say_submission(succession_t *self, job_t *job, bool resumes)
{
    note_t note = {.type = NOTE_SUBMIT, .job = job, .resumes = resumes,
                   .terms = terms_of(job, resumes ? 0 : self->clients[job->client].seen)};
    ranges_copy(&note.missing, &job->missing);
    send_to_controller(self, ENGINES + job->client, note);
    for (size_t i = 0; i < job->unwanted.count; i++)
        send_to_controller(self, ENGINES + job->client, (note_t){.type = NOTE_ABORT, .job = job,
                                                                 .first = job->unwanted.ranges[i].first,
                                                                 .count = job->unwanted.ranges[i].count});
    supply_known(self, job, 0, job->parents[GIVEN].count);
}

//  A job of before, all of it or some.
static void choose_parent(succession_t *self, const job_t *job, parent_t *parent)
{
    static const uint32_t modes[] = {IPC_DEPEND_SUCCESS, IPC_DEPEND_SUCCESS, IPC_DEPEND_FAILURE,
                                     IPC_DEPEND_SUCCESS | IPC_DEPEND_FAILURE};
    uint64_t skipped = random_below(self, 6);
    job_t *other = self->jobs;
    while (other && (skipped > 0 || other->client != job->client)) {
        skipped -= skipped > 0;
        other = other->next;
    }
    if (!other || other->session != job->session)
        return;
    uint64_t first = random_below(self, 2) ? 0 : random_below(self, other->count);
    *parent = (parent_t){.job = other, .first = first, .count = 1 + random_below(self, other->count - first),
                         .mode = modes[random_below(self, 4)] | (random_below(self, 3) ? 0 : IPC_DEPEND_ANY)};
}

//  Direct work may be given values alone, one position for each engine; balanced work that is given some is one call.
static void choose_parents(succession_t *self, job_t *job)
{
    uint64_t dice = random_below(self, 10);
    if (dice < 2)
        choose_parent(self, job, &job->parents[GIVEN]);
    if (!job->direct && dice > 0 && dice < 4)
        choose_parent(self, job, &job->parents[AFTER]);
    if (!job->direct && dice > 2 && dice < 6)
        choose_parent(self, job, &job->parents[FOLLOW]);
    parent_t *given = &job->parents[GIVEN];
    given->mode = IPC_DEPEND_SUCCESS;
    for (uint64_t i = 0; given->job && i < given->count; i++) {
        const position_t *position = &given->job->positions[given->first + i];
        if (position->got && position->failed) { // the call would be refused
            *given = (parent_t){0};
            return;
        }
    }
    if (given->job)
        job->count = job->direct ? ENGINES : 1;
}

void client_submits(succession_t *self, uint32_t c)
{
    job_t *job = ipc_xalloc(sizeof *job);
    *job = (job_t){.id = self->next_id, .client = c, .session = self->clients[c].life,
                   .count = 1 + random_below(self, random_below(self, 4) ? 6 : 60),
                   .retries = (uint32_t) (random_below(self, 2) * (1 + random_below(self, 2))),
                   .function = (uint32_t) random_below(self, 4),
                   .priority = (int32_t) random_below(self, 3),
                   .direct = random_below(self, 2),
                   .controllers = self->controller,
                   .next = self->jobs};
    choose_parents(self, job);
    job->positions = ipc_xalloc(job->count * sizeof job->positions[0]);
    ipc_ranges_add(&job->missing, 0, job->count);
    self->next_id += job->count;
    self->jobs = job;
    say_submission(self, job, false);
}

//  All that is missing, in the order of before; then what is new.
static void say_all(succession_t *self, job_t *job, uint32_t c)
{
    const client_t *client = &self->clients[c];
    if (!job)
        return;
    say_all(self, job->next, c);
    if (job->client == c && job->session == client->life && job->missing.count > 0)
        say_submission(self, job, job->id < client->resume_job);
}

//  A connection that is new; that the one before is gone the controller finds some time.
static void open_connection(succession_t *self, uint32_t c)
{
    client_t *client = &self->clients[c];
    if (client->cut && client->controller == self->controller)
        send_to_controller(self, ENGINES + c, (note_t){.type = NOTE_LEAVE});
    client->controller = self->controller;
    client->connection = ++self->connections;
    client->arrival = client->arrival_back = 0;
    client->seen = client->told_seen = 0;
    client->welcome = client->cut = false;
    client->resume_job = self->next_id;
    send_to_controller(self, ENGINES + c, (note_t){.type = NOTE_HELLO});
}

//  Sometimes the connection is cut before the controller's answer has come.
void client_connects(succession_t *self, uint32_t c)
{
    client_t *client = &self->clients[c];
    open_connection(self, c);
    if (random_below(self, 12) > 0)
        return;
    self->counts.again++;
    client->cut = true;
    post(self, (note_t){.type = NOTE_CONNECT, .peer = ENGINES + c}, 1 + (int64_t) random_below(self, 300 * US));
}

//  --- What comes -----------------------------------------------------------------------------------------------------

static void on_result(succession_t *self, const note_t *note)
{
    client_t *client = &self->clients[note->peer - ENGINES];
    job_t *job = note->job;
    client->seen++;
    for (uint64_t i = note->first; i < note->first + note->count; i++) {
        MUST(self, !job->positions[i].got, "no result comes twice");
        MUST(self, note->failed || job->positions[i].runs > 0, "what has a value has run");
        job->positions[i].got = job->positions[i].told = true; // perhaps by a controller that is dead by now
    }
    ipc_ranges_remove(&job->missing, note->first, note->count);
    bool ended = job->missing.count == 0;
    if (!ended && client->seen - client->told_seen < SEEN_EVERY)
        return;
    client->told_seen = client->seen;
    send_to_controller(self, note->peer, (note_t){.type = NOTE_SEEN, .count = client->seen});
}

//  Its work of before is lost: all its waits end, and what it does next is new.
static void on_refused(succession_t *self, uint32_t c)
{
    self->counts.refused++;
    self->clients[c].life++;
    open_connection(self, c);
}

void client_serves(succession_t *self, const note_t *note)
{
    uint32_t c = note->peer - ENGINES;
    client_t *client = &self->clients[c];
    if (!client->controller || note->controller != client->controller || note->connection != client->connection ||
        client->cut)
        return;
    switch (note->type) {
    case NOTE_WELCOME:
        client->welcome = true;
        say_all(self, self->jobs, c);
        break;
    case NOTE_RESULT: on_result(self, note); break;
    case NOTE_REFUSED: on_refused(self, c); break;
    default: supply_known(self, note->job, note->first, note->first + note->count); // it is wanted
    }
}

//  --- What else it does ----------------------------------------------------------------------------------------------

void client_aborts_some(succession_t *self, uint32_t c)
{
    uint64_t skipped = random_below(self, 5);
    job_t *job = self->jobs;
    while (job && (skipped > 0 || job->client != c || job->missing.count == 0)) {
        skipped -= skipped > 0;
        job = job->next;
    }
    if (!job || job->session != self->clients[c].life)
        return;
    uint64_t first = random_below(self, job->count), count = 1 + random_below(self, job->count - first);
    ipc_ranges_add(&job->unwanted, first, count);
    for (uint64_t i = first; i < first + count; i++) job->positions[i].unwanted = true;
    self->counts.aborted += count;
    send_to_controller(self, ENGINES + c, (note_t){.type = NOTE_ABORT, .job = job, .first = first, .count = count});
}

//  It goes, and another comes in its place.
void client_dies(succession_t *self, uint32_t c)
{
    client_t *client = &self->clients[c];
    self->counts.clients++;
    send_to_controller(self, ENGINES + c, (note_t){.type = NOTE_LEAVE});
    client->life++;
    client->cut = false;
    client->controller = 0;
    post(self, (note_t){.type = NOTE_CONNECT, .peer = ENGINES + c}, 1);
}
