#include "controller/claims.h"

#include <stdlib.h>

#include "common/fail.h"

enum { BUCKETS = 1024 };

//  Claims, the oldest first: of two that an engine makes of one result the first one counts.
typedef struct bucket {
    claim_t *first, **end;             // end: where the next one goes
} bucket_t;

struct claims {
    const claims_actions_t *actions;
    bucket_t buckets[BUCKETS];         // by job
    claim_t **running;                 // by engine; NULL: nothing
    claim_t **buried;                  // by engine: what ran when its worker died, of which the next one has not told
    uint32_t *tellers;                 // by engine: the connection that has told what runs
    uint32_t engine_count;
    size_t count;
};

claims_t *claims_new(const claims_actions_t *actions)
{
    claims_t *self = ipc_xalloc(sizeof *self);
    self->actions = actions;
    for (size_t i = 0; i < BUCKETS; i++) self->buckets[i].end = &self->buckets[i].first;
    return self;
}

size_t claims_count(const claims_t *self)
{
    return self->count;
}

static bucket_t *bucket_of(claims_t *self, uint64_t job)
{
    return &self->buckets[(job ^ job >> 32) % BUCKETS];
}

static bool runs(const claim_t *claim)
{
    return claim->result.size == 0;
}

static claim_t *add(claims_t *self, claim_t made)
{
    claim_t *claim = ipc_xalloc(sizeof *claim);
    bucket_t *bucket = bucket_of(self, made.job);
    *claim = made;
    *bucket->end = claim;
    bucket->end = &claim->next;
    self->count++;
    return claim;
}

static void remove_at(claims_t *self, claim_t **at)
{
    claim_t *claim = *at;
    *at = claim->next;
    if (!claim->next)
        bucket_of(self, claim->job)->end = at;
    if (self->running[claim->engine] == claim)
        self->running[claim->engine] = NULL;
    if (self->buried[claim->engine] == claim)
        self->buried[claim->engine] = NULL;
    ipc_writer_destroy(&claim->result);
    free(claim);
    self->count--;
}

static void remove_claim(claims_t *self, const claim_t *claim)
{
    claim_t **at = &bucket_of(self, claim->job)->first;
    while (*at != claim) at = &(*at)->next;
    remove_at(self, at);
}

void claims_destroy(claims_t **self_p)
{
    claims_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (self->buckets[i].first) remove_at(self, &self->buckets[i].first);
    free(self->running);
    free(self->buried);
    free(self->tellers);
    free(self);
}

const claim_t *claims_running(const claims_t *self, uint32_t engine)
{
    return engine < self->engine_count ? self->running[engine] : NULL;
}

static void make_room_for(claims_t *self, uint32_t engine)
{
    if (engine < self->engine_count)
        return;
    self->running = ipc_xgrow(self->running, self->engine_count, engine + 1, sizeof self->running[0]);
    self->buried = ipc_xgrow(self->buried, self->engine_count, engine + 1, sizeof self->buried[0]);
    self->tellers = ipc_xgrow(self->tellers, self->engine_count, engine + 1, sizeof self->tellers[0]);
    self->engine_count = engine + 1;
}

bool claims_begin(claims_t *self, uint32_t engine, uint32_t peer, uint64_t job, uint64_t first, uint64_t count,
                  uint64_t span)
{
    make_room_for(self, engine);
    if (self->tellers[engine] == peer)
        return false;
    self->tellers[engine] = peer;
    if (self->running[engine])
        remove_claim(self, self->running[engine]);
    self->buried[engine] = NULL; // it has told
    if (count > 0)
        self->running[engine] = add(self, (claim_t){.job = job, .first = first, .count = count, .engine = engine,
                                                    .peer = peer, .span = span});
    return true;
}

void claims_bury(claims_t *self, uint32_t engine, ipc_writer_t *result)
{
    claim_t *claim = engine < self->engine_count ? self->running[engine] : NULL;
    if (!claim)
        return;
    claim->failed = true;
    claim->result = *result;
    *result = (ipc_writer_t){0};
    self->running[engine] = NULL;
    self->buried[engine] = claim;
}

//  A claim is not of these positions any more, nor of those before them: they come in order.
static void shorten(claims_t *self, claim_t *claim, uint64_t job, uint64_t first, uint64_t count)
{
    if (!claim || claim->job != job || first - claim->first >= claim->count)
        return;
    uint64_t end = claim->first + claim->count, next = first + count;
    claim->first = next;
    claim->count = next < end ? end - next : 0;
    if (claim->count == 0)
        remove_claim(self, claim);
}

void claims_finish(claims_t *self, uint32_t engine, uint32_t peer, uint64_t job, uint64_t first, uint64_t count,
                   uint64_t number, bool failed, ipc_writer_t *result)
{
    make_room_for(self, engine);
    shorten(self, self->running[engine], job, first, count);
    shorten(self, self->buried[engine], job, first, count);
    add(self, (claim_t){.job = job, .first = first, .count = count, .engine = engine, .peer = peer, .number = number,
                        .failed = failed, .result = *result});
    *result = (ipc_writer_t){0};
}

void claims_match(claims_t *self, void *context, uint64_t job, uint32_t retries, ipc_ranges_t *missing)
{
    ipc_ranges_t given = {0};
    for (claim_t **at = &bucket_of(self, job)->first; *at;) {
        const claim_t *claim = *at;
        if (claim->job != job || runs(claim)) {
            at = &(*at)->next;
            continue;
        }
        bool again = claim->failed && retries > 0;
        if (!again && ipc_ranges_have(missing, claim->first, claim->count)) {
            self->actions->deliver(context, claim);
            ipc_ranges_remove(missing, claim->first, claim->count);
            ipc_ranges_add(&given, claim->first, claim->count);
        } else if (!again && ipc_ranges_meet(&given, claim->first, claim->count)) {
            self->actions->repeat(context, claim);
        } else {
            self->actions->drop(context, claim);
        }
        remove_at(self, at);
    }
    ipc_ranges_free(&given);
}

bool claims_run(const claims_t *self, uint64_t job)
{
    const claim_t *claim = bucket_of((claims_t *) self, job)->first;
    while (claim && (claim->job != job || !runs(claim))) claim = claim->next;
    return claim != NULL;
}

void claims_adopt(claims_t *self, void *context, uint64_t job, ipc_ranges_t *missing)
{
    for (claim_t **at = &bucket_of(self, job)->first; *at;) {
        const claim_t *claim = *at;
        if (claim->job != job || !runs(claim)) {
            at = &(*at)->next;
            continue;
        }
        if (ipc_ranges_have(missing, claim->first, claim->count)) {
            self->actions->adopt(context, claim);
            ipc_ranges_remove(missing, claim->first, claim->count);
        }
        remove_at(self, at);
    }
}

void claims_end(claims_t *self, void *context)
{
    for (size_t i = 0; i < BUCKETS; i++)
        while (self->buckets[i].first) {
            if (!runs(self->buckets[i].first))
                self->actions->drop(context, self->buckets[i].first);
            remove_at(self, &self->buckets[i].first);
        }
}
