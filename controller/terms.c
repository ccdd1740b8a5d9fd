//  Jobs that wait for other jobs of their client, or need something of an engine.
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "controller/state.h"

//  A TERMS message, until its submission comes: it is the next one.
struct job_terms {
    ipc_msg_t msg;
    parcel_t *parcel;
};

void terms_free(job_terms_t **self_p)
{
    job_terms_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    parcel_release(self->parcel);
    free(self);
}

void on_terms(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) self;
    terms_free(&peer->terms);
    peer->terms = ipc_xalloc(sizeof *peer->terms);
    *peer->terms = (job_terms_t){*msg, parcel};
    parcel->references++;
}

const ipc_msg_t *terms_msg(const job_terms_t *self)
{
    return self ? &self->msg : NULL;
}

bool terms_give(const job_terms_t *self)
{
    return self->msg.terms.arguments.size > 0;
}

//  A direct job that waits is one position for each of its engines, in order.
static bool is_one_for_each(const ipc_msg_t *submission)
{
    uint64_t count = submission->submit.targets.size / sizeof(ipc_target_t);
    for (uint64_t i = 0; i < count; i++) {
        ipc_target_t target = ipc_target_at(submission->submit.targets, i);
        if (target.first != i || target.count != 1)
            return false;
    }
    return count == submission->submit.count;
}

int terms_check(const job_terms_t *self, const ipc_msg_t *submission, ipc_error_t *error)
{
    bool direct = submission->submit.flags & IPC_SUBMIT_DIRECT, detached = submission->submit.flags & IPC_SUBMIT_DETACH;
    bool waits = self->msg.terms.after.size + self->msg.terms.follow.size > 0;
    if ((direct && (waits || self->msg.terms.needs.size > 0)) || (detached && (waits || terms_give(self))))
        return ipc_fail(error, IPC_E_ARGUMENT, "direct work takes none of the arguments after, follow and needs, and "
                                               "detached work waits for nothing");
    if (direct && terms_give(self) && !is_one_for_each(submission))
        return ipc_fail(error, IPC_E_PROTOCOL, "direct work that waits has positions that are not one for each engine");
    uint64_t given = 0;
    return given_count(self->msg.terms.arguments, &given, error);
}

int terms_needs(const job_terms_t *self, needs_t **needs, ipc_error_t *error)
{
    needs_t read = {0};
    if (needs_read(&read, self->msg.terms.needs.data, self->msg.terms.needs.size, error))
        return -1;
    if (read.count == 0)
        return 0;
    *needs = ipc_xalloc(sizeof **needs);
    **needs = read;
    return 0;
}

void terms_hold(controller_t *self, peer_t *peer, const job_terms_t *terms, scheduler_job_t *job)
{
    condition_terms_t after = {terms->msg.terms.after, terms->msg.terms.after_mode};
    condition_terms_t follow = {terms->msg.terms.follow, terms->msg.terms.follow_mode};
    ipc_bytes_t arguments = terms->msg.terms.arguments;
    if (after.parents.size == 0 && follow.parents.size == 0 && arguments.size == 0)
        return;
    if (arguments.size > 0)
        given_expect(peer, job, arguments);
    job->held = true;
    job->waits = dependencies_add(peer->dependencies, job, job->id, terms->msg.terms.seen, &after, &follow, arguments);
    self->decided = true;
}

//  Of the engines that a job may run on, those that it is to follow to. False when there is none.
static bool follow_to(scheduler_job_t *job, const uint32_t *engines, uint32_t count)
{
    uint32_t *both = ipc_xalloc((count + 1) * sizeof both[0]), both_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool allowed = !job->allowed;
        for (uint32_t k = 0; k < job->allowed_count && !allowed; k++) allowed = job->allowed[k] == engines[i];
        if (allowed)
            both[both_count++] = engines[i];
    }
    free(job->allowed);
    job->allowed = both;
    job->allowed_count = both_count;
    return both_count > 0;
}

bool terms_confine(peer_t *peer, const job_terms_t *terms, scheduler_job_t *job)
{
    condition_terms_t follow = {terms->msg.terms.follow, terms->msg.terms.follow_mode};
    uint32_t count = 0;
    const uint32_t *engines = follow.parents.size == 0
                                  ? NULL
                                  : dependencies_engines(peer->dependencies, job->id, &follow, &count);
    return !engines || follow_to(job, engines, count);
}

static void carry_out(controller_t *self, peer_t *peer, decision_t *decision)
{
    scheduler_job_t *job = decision->job;
    job->waits = NULL;
    if (decision->verdict == VERDICT_READY && decision->engines &&
        !follow_to(job, decision->engines, decision->engine_count)) {
        decision->verdict = VERDICT_IMPOSSIBLE;
        snprintf(decision->reason, sizeof decision->reason, "it may not run on the engine that it was to follow to");
    }
    const char *problem = decision->verdict == VERDICT_READY ? given_complete(peer, job) : NULL;
    if (problem) {
        decision->verdict = VERDICT_IMPOSSIBLE;
        ipc_text_copy(decision->reason, sizeof decision->reason, problem);
    }
    self->decision = decision;
    if (decision->verdict == VERDICT_READY)
        scheduler_release(self->scheduler, job);
    else
        scheduler_give_up(self->scheduler, job, SCHEDULER_IMPOSSIBLE);
    self->decision = NULL;
}

void decisions_serve(controller_t *self)
{
    while (self->decided) {
        self->decided = false;
        for (size_t i = 0; i < self->by_client_count; i++) {
            decision_t decision;
            while (self->by_client[i] && dependencies_next(self->by_client[i]->dependencies, &decision))
                carry_out(self, self->by_client[i], &decision);
        }
    }
}

//  The most that an engine has of something.
static double most_of(const controller_t *self, const char *name)
{
    double most = 0;
    for (uint32_t i = 0; i < self->entry_count; i++) {
        double amount = self->entries[i].known ? scheduler_engine_amount(self->scheduler, i, name) : 0;
        most = amount > most ? amount : most;
    }
    return most;
}

//  One thing that is too little everywhere, else all of them: no engine has them together.
static void describe_unmet(const controller_t *self, const scheduler_job_t *job, const char *function, char *text,
                           size_t size)
{
    for (uint32_t i = 0; i < job->needs->count; i++) {
        const need_t *need = &job->needs->all[i];
        double most = most_of(self, need->name);
        if (most >= need->amount)
            continue;
        if (most > 0)
            snprintf(text, size, "%s needs %s=%g, and no engine has more than %g", function, need->name, need->amount,
                     most);
        else
            snprintf(text, size, "%s needs %s=%g, and no engine has any%s", function, need->name, need->amount,
                     strcmp(need->name, "gpu") ? "" : ": 'ipcluster start --gpus auto' gives them theirs");
        return;
    }
    snprintf(text, size, "no engine that may run %s has all that it needs at a time", function);
}

int describe_impossible(const controller_t *self, const scheduler_job_t *job, scheduler_loss_t loss, char *text,
                        size_t size)
{
    const char *function = functions_at(self->functions, job->function)->name;
    if (loss == SCHEDULER_UNMET)
        describe_unmet(self, job, function, text, size);
    else if (loss == SCHEDULER_REFUSED)
        snprintf(text, size, "all engines that are left and may run %s have refused it", function);
    else
        snprintf(text, size, "%s did not run: %s", function, self->decision->reason);
    bool invalid = loss == SCHEDULER_IMPOSSIBLE && self->decision->verdict == VERDICT_INVALID;
    return invalid ? IPC_E_DEPENDENCY : IPC_E_IMPOSSIBLE;
}

void refusal_end(const controller_t *self, const scheduler_job_t *job, uint32_t engine, ipc_msg_t *done,
                 ipc_writer_t *writer)
{
    const char *function = functions_at(self->functions, job->function)->name;
    ipc_failure_t failure;
    char text[512];
    if (ipc_failure_unpack(&failure, done->done.body))
        failure = (ipc_failure_t){.where = ipc_bytes_of(function)};
    snprintf(text, sizeof text, "engine %u refused %s%s: %.*s", engine, function,
             job->direct ? "" : ", as all others did that may run it", (int) failure.text.size,
             failure.text.data ? failure.text.data : "");
    failure.code = IPC_E_IMPOSSIBLE;
    failure.kind = ipc_bytes_of(ipc_code_kind(IPC_E_IMPOSSIBLE));
    failure.text = ipc_bytes_of(text);
    ipc_failure_pack(&failure, writer);
    done->done.failed = 1;
    done->done.body = (ipc_bytes_t){writer->data, writer->size};
}

char *controller_explain(controller_t *self, uint64_t job)
{
    char text[256];
    for (uint32_t c = 0; c < self->by_client_count; c++)
        if (scheduler_explain(self->scheduler, c, job, text, sizeof text))
            return ipc_xstrdup(text);
    return NULL;
}
