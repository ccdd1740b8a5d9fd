#include "controller/hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

static const double ROUNDING = 1e-9;   // of what a host has: sums of fractions are not exact

void hosts_free(hosts_t *self)
{
    for (uint32_t i = 0; i < self->engine_count; i++) free(self->engines[i]);
    free(self->engines);
    free(self->all);
    *self = (hosts_t){.closed = HOSTS_NONE, .keeper = HOSTS_NONE};
}

//  --- Who has what -------------------------------------------------------------------------------------------

static uint32_t host_of_name(hosts_t *self, const char *name)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (strcmp(self->all[i].name, name) == 0)
            return i;
    self->all = ipc_xrealloc(self->all, (self->count + 1) * sizeof self->all[0]);
    self->all[self->count] = (host_t){.takers = 0};
    ipc_text_copy(self->all[self->count].name, HOSTS_NAME, name);
    return self->count++;
}

static host_engine_t *engine_at(hosts_t *self, uint32_t engine)
{
    if (engine >= self->engine_count) {
        uint32_t count = 2 * engine + 4;
        self->engines = ipc_xgrow(self->engines, self->engine_count, count, sizeof self->engines[0]);
        self->engine_count = count;
    }
    if (!self->engines[engine])
        self->engines[engine] = ipc_xalloc(sizeof *self->engines[engine]);
    return self->engines[engine];
}

static const host_engine_t *known(const hosts_t *self, uint32_t engine)
{
    return engine < self->engine_count ? self->engines[engine] : NULL;
}

//  What a host has keeps its place: what is taken is counted by places.
static void put(needs_t *has, const need_t *need)
{
    need_t *place = (need_t *) needs_find(has, need->name);
    if (!place && has->count < NEEDS_MAX) {
        place = &has->all[has->count++];
        *place = *need;
    } else if (place) {
        place->amount = need->amount;
    }
}

//  What an engine shares with some others of a thing: the entry "thing/…", or NULL.
static const need_t *shared(const host_engine_t *engine, const char *thing)
{
    size_t size = strlen(thing);
    for (uint32_t i = 0; i < engine->own.count; i++)
        if (!strncmp(engine->own.all[i].name, thing, size) && engine->own.all[i].name[size] == '/')
            return &engine->own.all[i];
    return NULL;
}

//  The thing of a name: "gpu" of "gpu/0".
static void thing_of(const char *name, char thing[NEEDS_NAME])
{
    snprintf(thing, NEEDS_NAME, "%.*s", (int) strcspn(name, "/"), name);
}

static double amount_of(const hosts_t *self, const host_engine_t *engine, const char *name)
{
    const need_t *own = needs_find(&engine->own, name), *part = own ? NULL : shared(engine, name);
    return own ? own->amount : needs_amount(&self->all[engine->host].has, part ? part->name : name);
}

bool hosts_join(hosts_t *self, uint32_t engine, const char *host, const needs_t *of_host, const needs_t *own)
{
    char thing[NEEDS_NAME];
    hosts_clear(self, engine);
    host_engine_t *that = engine_at(self, engine), before = *that;
    *that = (host_engine_t){.host = host_of_name(self, host), .own = *own};
    for (uint32_t i = 0; i < of_host->count; i++) put(&self->all[that->host].has, &of_host->all[i]);
    for (uint32_t i = 0; i < own->count; i++)
        if (strchr(own->all[i].name, '/'))
            put(&self->all[that->host].has, &own->all[i]);
    bool lacks = false;
    for (uint32_t i = 0; i < before.own.count; i++) {
        thing_of(before.own.all[i].name, thing);
        lacks = lacks || amount_of(self, that, thing) < amount_of(self, &before, thing);
    }
    return lacks;
}

uint32_t hosts_of(const hosts_t *self, uint32_t engine)
{
    const host_engine_t *that = known(self, engine);
    return that ? that->host : HOSTS_NONE;
}

double hosts_amount(const hosts_t *self, uint32_t engine, const char *name)
{
    const host_engine_t *that = known(self, engine);
    return that ? amount_of(self, that, name) : 0;
}

bool hosts_could(const hosts_t *self, uint32_t engine, const needs_t *needs)
{
    for (uint32_t i = 0; i < needs->count; i++)
        if (hosts_amount(self, engine, needs->all[i].name) < needs->all[i].amount)
            return false;
    return known(self, engine) != NULL;
}

//  --- What is in use -----------------------------------------------------------------------------------------

//  How much of the host's k-th thing tasks with these needs take on an engine: of what is the engine's own they take
//  nothing from others.
static double share_of(const hosts_t *self, const host_engine_t *engine, const needs_t *needs, uint32_t k)
{
    const char *name = self->all[engine->host].has.all[k].name;
    char thing[NEEDS_NAME];
    if (!needs)
        return 0;
    if (!strchr(name, '/'))
        return needs_find(&engine->own, name) || shared(engine, name) ? 0 : needs_amount(needs, name);
    thing_of(name, thing);
    return needs_find(&engine->own, name) && !needs_find(&engine->own, thing) ? needs_amount(needs, thing) : 0;
}

static bool is_equal(const hosts_t *self, const host_engine_t *engine, const needs_t *needs, const host_use_t *use)
{
    for (uint32_t k = 0; k < self->all[engine->host].has.count; k++)
        if (share_of(self, engine, needs, k) != use->amounts[k])
            return false;
    return true;
}

static bool takes_nothing(const hosts_t *self, const host_engine_t *engine, const needs_t *needs)
{
    static const host_use_t nothing;
    return is_equal(self, engine, needs, &nothing);
}

//  Where an engine counts tasks of these needs; NULL when it has tasks of too many others.
static host_use_t *use_for(const hosts_t *self, host_engine_t *engine, const needs_t *needs)
{
    host_use_t *unused = NULL;
    for (uint32_t i = 0; i < HOSTS_USES; i++) {
        host_use_t *use = &engine->uses[i];
        if (use->spans > 0 && is_equal(self, engine, needs, use))
            return use;
        unused = use->spans == 0 ? use : unused;
    }
    return unused;
}

//  What is free of the host's k-th thing for an engine, where the rest holds what it does, but another one no more
//  than kept needs.
static double free_for(const hosts_t *self, const host_engine_t *engine, uint32_t k, const host_engine_t *other,
                       const needs_t *kept)
{
    const host_t *host = &self->all[engine->host];
    double taken = host->taken[k] - engine->held[k];
    if (other && other->host == engine->host)
        taken -= other->held[k] - share_of(self, other, kept, k);
    return host->has.all[k].amount - taken;
}

static bool is_enough(const host_t *host, uint32_t k, double free, double wanted)
{
    return wanted == 0 || wanted <= free + ROUNDING * host->has.all[k].amount;
}

static bool fits_beside(const hosts_t *self, const host_engine_t *engine, const needs_t *needs,
                        const host_engine_t *other, const needs_t *kept)
{
    const host_t *host = &self->all[engine->host];
    for (uint32_t k = 0; k < host->has.count; k++)
        if (!is_enough(host, k, free_for(self, engine, k, other, kept), share_of(self, engine, needs, k)))
            return false;
    return use_for(self, (host_engine_t *) engine, needs) != NULL;
}

bool hosts_fit(const hosts_t *self, uint32_t engine, const needs_t *needs)
{
    const host_engine_t *that = known(self, engine);
    return that && fits_beside(self, that, needs, NULL, NULL);
}

const need_t *hosts_short(const hosts_t *self, uint32_t engine, const needs_t *needs, double *free)
{
    const host_engine_t *that = known(self, engine);
    const host_t *host = that ? &self->all[that->host] : NULL;
    char thing[NEEDS_NAME];
    for (uint32_t k = 0; host && k < host->has.count; k++) {
        double left = host->has.all[k].amount - host->taken[k];
        *free = left > 0 ? left : 0;
        thing_of(host->has.all[k].name, thing);
        if (!is_enough(host, k, *free, share_of(self, that, needs, k)))
            return needs_find(needs, thing);
    }
    return NULL;
}

//  Recounts what an engine holds.
static void recount(hosts_t *self, host_engine_t *engine)
{
    host_t *host = &self->all[engine->host];
    bool held = false, holds = false;
    for (uint32_t k = 0; k < host->has.count; k++) {
        double most = 0;
        for (uint32_t i = 0; i < HOSTS_USES; i++)
            if (engine->uses[i].spans > 0 && engine->uses[i].amounts[k] > most)
                most = engine->uses[i].amounts[k];
        held = held || engine->held[k] > 0;
        holds = holds || most > 0;
        host->taken[k] += most - engine->held[k];
        engine->held[k] = most;
    }
    host->takers = host->takers + holds - held;
    if (host->takers == 0)
        memset(host->taken, 0, sizeof host->taken); // no error of rounding outlives the tasks
}

void hosts_take(hosts_t *self, uint32_t engine, const needs_t *needs)
{
    host_engine_t *that = engine_at(self, engine);
    host_use_t *use = takes_nothing(self, that, needs) ? NULL : use_for(self, that, needs);
    if (!use || use->spans++ > 0)
        return;
    for (uint32_t k = 0; k < self->all[that->host].has.count; k++) use->amounts[k] = share_of(self, that, needs, k);
    recount(self, that);
}

void hosts_give(hosts_t *self, uint32_t engine, const needs_t *needs)
{
    host_engine_t *that = engine_at(self, engine);
    host_use_t *use = takes_nothing(self, that, needs) ? NULL : use_for(self, that, needs);
    if (use && use->spans > 0 && --use->spans == 0)
        recount(self, that);
}

void hosts_clear(hosts_t *self, uint32_t engine)
{
    if (!known(self, engine))
        return;
    memset(self->engines[engine]->uses, 0, sizeof self->engines[engine]->uses);
    recount(self, self->engines[engine]);
}

//  --- Whose turn it is -----------------------------------------------------------------------------------------

static bool is_closed_for(const hosts_t *self, const host_engine_t *engine, const scheduler_job_t *job)
{
    return self->closed == engine->host && self->first != job && !takes_nothing(self, engine, job->needs);
}

bool hosts_would_admit(const hosts_t *self, uint32_t engine, const scheduler_job_t *job, uint32_t other,
                       const needs_t *kept)
{
    const host_engine_t *that = known(self, engine);
    return that && !is_closed_for(self, that, job) && fits_beside(self, that, job->needs, known(self, other), kept);
}

bool hosts_is_kept(const hosts_t *self, uint32_t engine, const scheduler_job_t *job)
{
    const host_engine_t *that = known(self, engine);
    return that && is_closed_for(self, that, job);
}

scheduler_job_t *hosts_passed_over(const hosts_t *self, int64_t now)
{
    return self->first && now - self->since >= HOSTS_PATIENCE_NS ? self->first : NULL;
}

bool hosts_admit(hosts_t *self, uint32_t engine, scheduler_job_t *job, int64_t now)
{
    const host_engine_t *that = known(self, engine);
    if (that && !is_closed_for(self, that, job) && hosts_fit(self, engine, job->needs))
        return true;
    self->refusals++;
    if (!that)
        return false;
    self->all[that->host].wanted = true;
    if (!self->first || now < self->since) { // the clock may be set back
        self->first = self->first ? self->first : job;
        self->since = now;
    }
    if (self->closed == HOSTS_NONE && hosts_passed_over(self, now) == job) {
        self->closed = that->host;
        self->keeper = engine;
    }
    return false;
}

bool hosts_forget(hosts_t *self, const scheduler_job_t *job)
{
    if (self->first != job)
        return false;
    bool kept = self->closed != HOSTS_NONE;
    self->first = NULL;
    hosts_reopen(self);
    return kept;
}

void hosts_reopen(hosts_t *self)
{
    self->closed = self->keeper = HOSTS_NONE;
}

bool hosts_take_wanted(hosts_t *self, uint32_t engine)
{
    uint32_t host = hosts_of(self, engine);
    bool wanted = host != HOSTS_NONE && self->all[host].wanted;
    if (wanted)
        self->all[host].wanted = false;
    return wanted;
}
