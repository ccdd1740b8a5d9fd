#include "controller/claims.h"

#include <stdlib.h>

#include "common/fail.h"

enum { BUCKETS = 1024 };

struct claims {
    const claims_actions_t *actions;
    claim_t *buckets[BUCKETS];         // by job
    claim_t **running;                 // by engine; NULL: nothing
    uint32_t engine_count;
    size_t count;
};

claims_t *claims_new(const claims_actions_t *actions)
{
    claims_t *self = ipc_xalloc(sizeof *self);
    self->actions = actions;
    return self;
}

size_t claims_count(const claims_t *self)
{
    return self->count;
}

static claim_t **bucket_of(claims_t *self, uint64_t job)
{
    return &self->buckets[(job ^ job >> 32) % BUCKETS];
}

static bool runs(const claim_t *claim)
{
    return claim->result.size == 0;
}

static claim_t *add(claims_t *self, claim_t made)
{
    claim_t *claim = ipc_xalloc(sizeof *claim), **bucket = bucket_of(self, made.job);
    *claim = made;
    claim->next = *bucket;
    *bucket = claim;
    self->count++;
    return claim;
}

static void remove_at(claims_t *self, claim_t **at)
{
    claim_t *claim = *at;
    *at = claim->next;
    if (runs(claim))
        self->running[claim->engine] = NULL;
    ipc_writer_destroy(&claim->result);
    free(claim);
    self->count--;
}

static void remove_claim(claims_t *self, const claim_t *claim)
{
    claim_t **at = bucket_of(self, claim->job);
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
        while (self->buckets[i]) remove_at(self, &self->buckets[i]);
    free(self->running);
    free(self);
}

const claim_t *claims_running(const claims_t *self, uint32_t engine)
{
    return engine < self->engine_count ? self->running[engine] : NULL;
}

void claims_begin(claims_t *self, uint32_t engine, uint32_t peer, uint64_t job, uint64_t first, uint64_t count,
                  uint64_t span)
{
    const claim_t *before = claims_running(self, engine);
    if (before)
        remove_claim(self, before);
    if (engine >= self->engine_count) {
        self->running = ipc_xgrow(self->running, self->engine_count, engine + 1, sizeof self->running[0]);
        self->engine_count = engine + 1;
    }
    if (count > 0)
        self->running[engine] = add(self, (claim_t){.job = job, .first = first, .count = count, .engine = engine,
                                                    .peer = peer, .span = span});
}

void claims_finish(claims_t *self, uint32_t engine, uint32_t peer, uint64_t job, uint64_t first, uint64_t count,
                   uint64_t number, bool failed, ipc_writer_t *result)
{
    claim_t *running = engine < self->engine_count ? self->running[engine] : NULL;
    if (running && running->job == job && first - running->first < running->count) { // they come in order
        uint64_t end = running->first + running->count, next = first + count;
        running->first = next;
        running->count = next < end ? end - next : 0;
        if (running->count == 0)
            remove_claim(self, running);
    }
    add(self, (claim_t){.job = job, .first = first, .count = count, .engine = engine, .peer = peer, .number = number,
                        .failed = failed, .result = *result});
    *result = (ipc_writer_t){0};
}

void claims_match(claims_t *self, void *context, uint64_t job, uint32_t retries, ipc_ranges_t *missing)
{
    for (claim_t **at = bucket_of(self, job); *at;) {
        const claim_t *claim = *at;
        if (claim->job != job || runs(claim)) {
            at = &(*at)->next;
            continue;
        }
        bool again = claim->failed && retries > 0;
        if (!again && ipc_ranges_have(missing, claim->first, claim->count)) {
            self->actions->deliver(context, claim);
            ipc_ranges_remove(missing, claim->first, claim->count);
        } else {
            self->actions->drop(context, claim);
        }
        remove_at(self, at);
    }
}

bool claims_run(const claims_t *self, uint64_t job)
{
    const claim_t *claim = *bucket_of((claims_t *) self, job);
    while (claim && (claim->job != job || !runs(claim))) claim = claim->next;
    return claim != NULL;
}

void claims_adopt(claims_t *self, void *context, uint64_t job, ipc_ranges_t *missing)
{
    for (claim_t **at = bucket_of(self, job); *at;) {
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
        while (self->buckets[i]) {
            if (!runs(self->buckets[i]))
                self->actions->drop(context, self->buckets[i]);
            remove_at(self, &self->buckets[i]);
        }
}
