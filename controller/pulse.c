//  Peers that live and do not answer: stopped, swapped out, starved. Time is counted in beats, which come by a timer and
//  count once however late they are: while this process itself, or the machine, does not run, nobody falls silent.
//
//  An engine that was not heard for a beat or two is asked (PING); its connection thread answers whatever its task does.
//  One that does not answer is suspected: nothing more goes to it. Then it lapses: its tasks are accounted for as those
//  of a dead one, by its page, which also keeps it from starting any of them (common/page.h). It is told so, for when
//  it wakes: it drops them, says so, and goes on under its id with its namespace. What it still tells of them is of
//  spans that are no more, and dropped.
//
//  A client is known by its process. One whose process cannot be watched from here is asked too, and dropped after a
//  long silence.
#include <string.h>

#include "common/page.h"
#include "controller/state.h"

enum {
    BEATS_ASKED = 2,                   // of silence, after which a peer is asked
    BEATS_SUSPECTED = 4,
    BEAT_LEAST_MS = 10,
    CLIENT_LOSES = 12                  // times what an engine's silence may be
};

bool engine_is_here(const engine_entry_t *entry)
{
    return entry->peer && !entry->lapsed;
}

//  That it came is all: see receive().
void on_pong(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) self;
    (void) peer;
    (void) msg;
    (void) parcel;
}

static page_t *page_of(const controller_t *self, const peer_t *peer)
{
    page_t *page = page_find(self->client_file.shm, (int) peer->engine);
    if (page && (page->pid != peer->pid || page->epoch != peer->epoch))
        page_close(&page); // of another worker, or of none
    return page;
}

//  For those who look at the page (ipcluster status).
static void show_trust(const controller_t *self, const peer_t *peer, page_trust_t from, page_trust_t to)
{
    page_t *page = page_of(self, peer);
    uint32_t now = from;
    if (page)
        atomic_compare_exchange_strong(&page->trust, &now, to); // unless the worker has set it meanwhile
    page_close(&page);
}

static void suspect(controller_t *self, peer_t *peer)
{
    engine_entry_t *entry = &self->entries[peer->engine];
    peer->suspected = true;
    snprintf(entry->why, sizeof entry->why, "it has not answered for %.3g s", 1e-3 * self->suspect_ms);
    scheduler_engine_suspect(self->scheduler, peer->engine, true);
    show_trust(self, peer, PAGE_TRUSTED, PAGE_SUSPECTED);
    fprintf(stderr, "warning: engine %u is suspected: %s\n", peer->engine, entry->why);
}

void pulse_back(controller_t *self, peer_t *peer)
{
    engine_entry_t *entry = &self->entries[peer->engine];
    peer->suspected = false;
    snprintf(entry->why, sizeof entry->why, "it did not answer for a while");
    scheduler_engine_suspect(self->scheduler, peer->engine, false);
    show_trust(self, peer, PAGE_SUSPECTED, PAGE_TRUSTED);
    fprintf(stderr, "info: engine %u answers again\n", peer->engine);
}

//  What it had ends, or is others' now.
static void lapse(controller_t *self, peer_t *peer)
{
    engine_entry_t *entry = &self->entries[peer->engine];
    ipc_msg_t silence = {.type = IPC_MSG_REGISTER,
                         .registration = {.engine = peer->engine, .verdict = IPC_VERDICT_SILENT}};
    page_t *page = page_of(self, peer);
    page_work_t work = page ? page_lapse(page) : (page_work_t){.running = false};
    entry->lapsed = true;
    engines_change(self);
    scheduler_engine_down(self->scheduler, peer->engine);
    self->dying = &silence;
    scheduler_engine_died(self->scheduler, peer->engine,
                          &(scheduler_death_t){.span = work.running ? entry_span(entry, work.span) : 0,
                                               .item = work.item,
                                               .done_span = entry_span(entry, work.done_span),
                                               .done_item = work.done_item,
                                               .unknown = !page});
    self->dying = NULL;
    page_close(&page);
    peer->suspected = false;
    entry->epoch = 0; // should it die now, nothing is left to be accounted for
    entry->away_since = monotonic_ns();
    snprintf(entry->why, sizeof entry->why, "it has not answered for %.3g s: its tasks ended, or went to others",
             1e-3 * self->lose_ms);
    peer_send(peer, &(ipc_msg_t){.type = IPC_MSG_LAPSED, .lapsed = {.number = ++entry->lapses}});
    fprintf(stderr, "error: engine %u is lost: %s\n", peer->engine, entry->why);
}

//  It has dropped what it had.
void on_lapsed(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    engine_entry_t *entry = &self->entries[peer->engine];
    if (entry->peer != peer || !entry->lapsed || msg->lapsed.number != entry->lapses)
        return;
    entry->lapsed = false;
    entry->known = true;
    entry->epoch = peer->epoch;
    snprintf(entry->why, sizeof entry->why, "it did not answer for so long that its tasks ended, or went to others");
    scheduler_engine_up(self->scheduler, peer->engine);
    engines_change(self);
    fprintf(stderr, "info: engine %u answers again, and goes on\n", peer->engine);
}

static void look_at_engine(controller_t *self, peer_t *peer)
{
    uint32_t silent = self->beat - peer->heard;
    bool is_lost = self->lose_ms > 0 && silent > (uint32_t) (self->lose_ms / self->beat_ms);
    if (silent == BEATS_ASKED)
        peer_send(peer, &(ipc_msg_t){.type = IPC_MSG_PING, .ping = {.number = self->beat}});
    if (is_lost)
        lapse(self, peer);
    else if (self->suspect_ms > 0 && silent > BEATS_SUSPECTED && !peer->suspected)
        suspect(self, peer);
}

//  True when it has been silent for too long.
static bool look_at_client(controller_t *self, peer_t *peer)
{
    uint32_t silent = self->beat - peer->heard;
    if (silent % BEATS_SUSPECTED == BEATS_ASKED)
        peer_send(peer, &(ipc_msg_t){.type = IPC_MSG_PING, .ping = {.number = self->beat}});
    return self->lose_ms > 0 && silent > CLIENT_LOSES * (uint32_t) (self->lose_ms / self->beat_ms);
}

static void look_at_all(controller_t *self)
{
    for (uint32_t i = 0; i < self->entry_count; i++)
        if (engine_is_here(&self->entries[i]))
            look_at_engine(self, self->entries[i].peer);
    for (size_t i = 0; i < self->by_client_count; i++) {
        peer_t *peer = self->by_client[i];
        if (!peer || peer->pidfd >= 0 || !look_at_client(self, peer))
            continue;
        fprintf(stderr, "warning: client %u (pid %d) has not answered for %.3g s and is dropped\n", peer->number,
                peer->pid, 1e-3 * CLIENT_LOSES * self->lose_ms);
        peer_drop(self, peer);
    }
}

static int on_beat(zloop_t *loop, int timer, void *argument)
{
    (void) loop;
    (void) timer;
    controller_t *self = argument;
    int64_t now = monotonic_ns();
    if (now - self->beaten < (int64_t) self->beat_ms * 1000000 / 2) // one that came late was just before it
        return 0;
    self->beaten = now;
    self->beat++;
    controller_begin_turn(self);
    look_at_all(self);
    controller_end_turn(self);
    return 0;
}

void pulse_start(controller_t *self)
{
    int least = self->suspect_ms > 0 && (self->suspect_ms < self->lose_ms || self->lose_ms == 0) ? self->suspect_ms
                                                                                                 : self->lose_ms;
    if (least == 0)
        return;
    self->beat_ms = least / BEATS_SUSPECTED > BEAT_LEAST_MS ? least / BEATS_SUSPECTED : BEAT_LEAST_MS;
    zloop_timer(self->loop, (size_t) self->beat_ms, 0, on_beat, self);
}
