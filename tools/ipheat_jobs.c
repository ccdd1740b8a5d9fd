#include "tools/ipheat_jobs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "tools/ipheat_report.h"
#include "tools/progress.h"

enum {
    ENGINE_WAIT_MS = 10000, // for the first engine of a cluster that is just starting
    ABORT_WAIT_MS = 5000,   // for engines to leave what they are at
    MOMENT_MS = 100         // between two looks at Ctrl-C
};

//  What an engine said of the device that it solves on. It is asked before all jobs, since a
//  question waits for what the engine is at; and again, once, behind its first job if it has
//  several devices: it keeps to the one that it took.
typedef struct engine {
    int id;
    ipc_view_t *view;
    ipc_result_t *info;              // under way; NULL: it has answered
    bool behind;                     // the question is behind a job
    char device[IPHEAT_DEVICE_SIZE]; // empty: it has several, and had not taken one
} engine_t;

struct ipheat_jobs {
    ipc_client_t *client;
    ipheat_options_t *options;
    ipheat_outputs_t *outputs;
    ipc_view_t *view;
    ipheat_job_t *jobs; // the methods of each combination side by side
    size_t count;
    size_t methods; // jobs of one combination
    size_t frames;  // of each job; 1: it is solved at once
    size_t printed; // jobs of which the table has the line
    engine_t *engines;
    size_t engine_count;
    progress_t progress;
};

//  --- Devices -----------------------------------------------------------------------------

static engine_t *add_engine(ipheat_jobs_t *self, int id)
{
    char target[16];
    snprintf(target, sizeof target, "%d", id);
    self->engines = ipc_xgrow(self->engines, self->engine_count, self->engine_count + 1,
                              sizeof *self->engines);
    engine_t *engine = &self->engines[self->engine_count++];
    *engine = (engine_t){.id = id, .view = ipc_direct_view(self->client, target, NULL)};
    return engine;
}

//  Asks an engine on which device it solves, if nobody knows or has asked.
//      behind     a job that it has done
static void ask_engine(ipheat_jobs_t *self, int id, bool behind)
{
    size_t i = 0;
    while (i < self->engine_count && self->engines[i].id != id) i++;
    engine_t *engine = i < self->engine_count ? &self->engines[i] : add_engine(self, id);
    if (!engine->view) // it has gone
        ipc_text_copy(engine->device, sizeof engine->device, "?");
    else if (!engine->info && !engine->device[0]) {
        engine->info = ipc_apply_named(engine->view, "heat.info");
        engine->behind = behind;
    }
}

static void ask_engines(ipheat_jobs_t *self)
{
    size_t count = 0;
    const int *ids = ipc_client_ids(self->client, &count);
    int *all = ipc_xalloc((count + 1) * sizeof *all); // ids are lent until the next call
    if (count > 0)
        memcpy(all, ids, count * sizeof *all);
    for (size_t i = 0; i < count; i++) ask_engine(self, all[i], false);
    free(all);
}

static void hear_engine(engine_t *engine)
{
    const char *said = "?";
    if (!ipc_result_error(engine->info)) { // looked at: the device is not worth an error
        ipc_value_t info = ipc_result_value(engine->info, 0);
        ipc_value_t devices = ipc_value_get(info, "devices");
        said = ipc_value_str(ipc_value_get(ipc_value_get(info, "last"), "device"));
        if (!said && ipc_value_count(devices) == 1)
            said = ipc_value_str(ipc_value_at(devices, 0));
        if (!said && engine->behind)
            said = "?";
    }
    if (said)
        ipc_text_copy(engine->device, sizeof engine->device, said);
    ipc_result_destroy(&engine->info);
}

//  Writes the device that a job ran on; false while its engine has not said so.
static bool find_device(ipheat_jobs_t *self, ipheat_job_t *job)
{
    const char *asked = job->settings.at[IPHEAT_DEVICE].text;
    if (asked && strcmp(asked, "auto") != 0) {
        ipc_text_copy(job->device, sizeof job->device, asked);
        return true;
    }
    for (size_t i = 0; i < self->engine_count; i++)
        if (self->engines[i].id == job->engine && self->engines[i].device[0]) {
            memcpy(job->device, self->engines[i].device, sizeof job->device);
            return true;
        }
    ask_engine(self, job->engine, true);
    return false;
}

//  --- Submitting --------------------------------------------------------------------------

//  Submits the leg that leads to the job's frame.
static void submit(ipheat_jobs_t *self, ipheat_job_t *job, const ipc_array_t *state)
{
    const ipheat_leg_t leg = ipheat_job_leg(job, self->options, state);
    ipheat_call_t call;
    ipheat_settings_call(&job->settings, &leg, &call);
    ipc_result_t *before = job->result; // it lends the state
    job->result = ipc_apply_named(self->view, "heat.solve",
                                  ipc_value_from_dict(call.items, call.count));
    ipc_result_destroy(&before);
}

static int make_jobs(ipheat_jobs_t *self, ipc_error_t *error)
{
    ipheat_options_t *options = self->options;
    self->count = ipheat_options_jobs(options);
    self->methods = options->axes[options->axis_count - 1].count;
    self->frames = ipheat_options_moves(options) ? (size_t) options->frames : 1;
    self->jobs = ipc_xalloc(self->count * sizeof *self->jobs);
    for (size_t i = 0; i < self->count; i++) {
        ipheat_job_t *job = &self->jobs[i];
        *job = (ipheat_job_t){.index = i, .engine = -1, .difference = NAN};
        if (ipheat_options_job(options, i, &job->settings, error))
            return -1;
        job->start = ipheat_settings_state(&job->settings, error);
        if (!job->start && error->code)
            return -1;
        submit(self, job, NULL);
        ipc_array_destroy(&job->start); // the call has copied it
    }
    return 0;
}

ipheat_jobs_t *ipheat_jobs_new(ipc_client_t *client, ipheat_options_t *options,
                               ipheat_outputs_t *outputs, ipc_error_t *error)
{
    if (ipc_client_wait(client, 1, ENGINE_WAIT_MS, error))
        return NULL;
    ipc_view_t *view = ipc_balanced_view(client, NULL, error);
    if (!view)
        return NULL;
    ipheat_jobs_t *self = ipc_xalloc(sizeof *self);
    *self = (ipheat_jobs_t){
        .client = client, .options = options, .outputs = outputs, .view = view};
    ask_engines(self);
    if (make_jobs(self, error))
        ipheat_jobs_destroy(&self);
    return self;
}

void ipheat_jobs_destroy(ipheat_jobs_t **self_p)
{
    ipheat_jobs_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++) {
        ipc_result_destroy(&self->jobs[i].result);
        ipc_array_destroy(&self->jobs[i].start);
    }
    for (size_t i = 0; i < self->engine_count; i++) {
        ipc_result_destroy(&self->engines[i].info);
        ipc_view_destroy(&self->engines[i].view);
    }
    ipc_view_destroy(&self->view);
    free(self->engines);
    free(self->jobs);
    free(self);
}

//  --- What comes in -----------------------------------------------------------------------

//  Reads what a leg gave. 0, or -1 with *error.
static int read_leg(ipheat_job_t *job, ipc_error_t *error)
{
    const ipc_item_t *item = ipc_result_next(job->result);
    if (!item)
        return ipc_fail(error, IPC_E_CONNECTION, "the cluster gave no answer");
    job->engine = item->engine;
    job->seconds += item->finished - item->started;
    if (item->error) {
        *error = *item->error;
        return -1;
    }
    job->array = ipc_value_array(item->value);
    if (field_of_array(&job->field, job->array, error) || field_of_planes(&job->whole, job->array, error))
        return -1;
    field_range(&job->whole, &job->low, &job->high);
    return 0;
}

static void fail(ipheat_jobs_t *self, ipheat_job_t *job)
{
    job->state = IPHEAT_FAILED;
    job->array = NULL;
    job->error.more = NULL; // which the result lends
    ipc_result_destroy(&job->result);
    self->progress.done += self->frames - job->frame;
    self->progress.skipped += self->frames - job->frame;
    self->progress.failed++;
}

static void finish(ipheat_jobs_t *self, ipheat_job_t *job)
{
    job->mean = field_mean(&job->whole);
    if (ipheat_outputs_job(self->outputs, job, &job->error))
        fail(self, job);
    else
        job->state = IPHEAT_DONE;
}

//  The methods of a combination keep their fields until all are through: then they are
//  compared to the first one that is done, and given back.
static void compare(ipheat_jobs_t *self, const ipheat_job_t *job)
{
    ipheat_job_t *first = &self->jobs[job->index / self->methods * self->methods];
    for (size_t m = 0; m < self->methods; m++)
        if (first[m].state == IPHEAT_RUNNING)
            return;
    const ipheat_job_t *reference = NULL;
    for (size_t m = 0; m < self->methods; m++) {
        ipheat_job_t *other = &first[m];
        if (other->array && reference)
            other->difference = field_distance(&reference->whole, &other->whole);
        else if (other->array)
            reference = other;
    }
    for (size_t m = 0; m < self->methods; m++) {
        first[m].array = NULL;
        ipc_result_destroy(&first[m].result);
    }
}

static void on_leg(ipheat_jobs_t *self, ipheat_job_t *job)
{
    if (read_leg(job, &job->error) ||
        ipheat_outputs_frame(self->outputs, job, job->frame, &job->error)) {
        fail(self, job);
        compare(self, job);
        return;
    }
    self->progress.done++;
    if (++job->frame < self->frames) {
        submit(self, job, job->array);
        job->array = NULL;
        return;
    }
    finish(self, job);
    compare(self, job);
}

//  --- The wait ----------------------------------------------------------------------------

//  Prints what can be: each line once those before it are, and all of it is known.
static void print_ready(ipheat_jobs_t *self)
{
    size_t ready = self->printed;
    for (; ready < self->count; ready++) {
        ipheat_job_t *job = &self->jobs[ready];
        const size_t first = ready / self->methods * self->methods;
        bool whole = true;
        for (size_t m = 0; m < self->methods; m++)
            whole = whole && self->jobs[first + m].state != IPHEAT_RUNNING;
        if (!whole || (job->state == IPHEAT_DONE && !find_device(self, job)))
            break;
    }
    if (ready == self->printed || self->options->quiet || self->options->json) {
        self->printed = ready;
        return;
    }
    progress_hide(&self->progress);
    for (; self->printed < ready; self->printed++)
        ipheat_report_line(self->options, self->jobs, self->printed);
    fflush(stdout);
}

//  Waits for an answer, for a moment, and deals with it if it came.
static void step(ipheat_jobs_t *self)
{
    const size_t count = self->count + self->engine_count;
    ipc_result_t **results = ipc_xalloc(count * sizeof *results);
    for (size_t i = 0; i < self->count; i++)
        results[i] = self->jobs[i].state == IPHEAT_RUNNING ? self->jobs[i].result : NULL;
    for (size_t i = 0; i < self->engine_count; i++)
        results[self->count + i] = self->engines[i].info;
    const int64_t done = ipc_wait_any(results, count, MOMENT_MS);
    free(results);
    if (done >= (int64_t) self->count)
        hear_engine(&self->engines[(size_t) done - self->count]);
    else if (done >= 0)
        on_leg(self, &self->jobs[done]);
}

//  Aborts what runs or waits, and awaits that: the end of a client may overtake its aborts.
static void abort_jobs(ipheat_jobs_t *self)
{
    ipc_client_abort(self->client);
    ipc_client_wait_all(self->client, ABORT_WAIT_MS);
    for (size_t i = 0; i < self->count; i++) {
        ipheat_job_t *job = &self->jobs[i];
        if (job->state != IPHEAT_RUNNING)
            continue;
        job->state = IPHEAT_ABORTED;
        if (ipc_result_wait(job->result, 0))
            ipc_result_error(job->result); // looked at: it is what was wanted
    }
    for (size_t i = 0; i < self->engine_count; i++)
        if (self->engines[i].info && ipc_result_wait(self->engines[i].info, 0))
            ipc_result_error(self->engines[i].info);
}

bool ipheat_jobs_run(ipheat_jobs_t *self, const interrupts_t *interrupts)
{
    progress_begin(&self->progress, self->frames > 1 ? "frames" : "jobs",
                   self->count * self->frames, !self->options->quiet);
    bool interrupted = false;
    while (self->printed < self->count && !interrupted) {
        step(self);
        print_ready(self);
        progress_show(&self->progress);
        interrupted = interrupts_came(interrupts);
    }
    progress_hide(&self->progress);
    if (!interrupted)
        return true;
    abort_jobs(self);
    return false;
}

const ipheat_job_t *ipheat_jobs_all(const ipheat_jobs_t *self, size_t *count)
{
    *count = self->count;
    return self->jobs;
}
