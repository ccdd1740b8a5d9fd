#include "tools/ipheat_jobs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "tools/picture.h"

enum {
    ENGINE_WAIT_MS = 10000,    // for the first engine of a cluster that is just starting
    KEYWORDS_MAX = IPHEAT_NUMBERS + 6,
    NAME_MAX_SIZE = 48,
    SHEET_COLUMNS = 5          // panels side by side in the picture of a sweep
};

typedef struct ipheat_job {
    ipheat_method_t method;
    double value;              // of the sweep
    ipc_result_t *result;      // the client's; NULL once it is not needed
    bool done;                 // the field is there: waited for, and no failure
    field_t field;             // lent by the result
    int engine;                // that solved it
    double seconds;            // that it took there
    double low, high;          // the range of the field
    char device[NAME_MAX_SIZE]; // it ran on; empty: not known yet
} ipheat_job_t;

struct ipheat_jobs {
    ipc_client_t *client;
    const ipheat_options_t *options;
    ipc_view_t *view;
    ipheat_job_t *jobs;          // value by value, the methods of each in their order
    size_t count;
    size_t methods;              // jobs of one value
};

//  A dictionary under construction; what is added is borrowed.
typedef struct keywords {
    ipc_value_t items[2 * KEYWORDS_MAX]; // key, value, key, …
    size_t count;
} keywords_t;

static void add_keyword(keywords_t *self, const char *key, ipc_value_t value)
{
    self->items[self->count++] = ipc_value_from_str(key);
    self->items[self->count++] = value;
}

static void submit(ipheat_jobs_t *self, ipheat_job_t *job)
{
    const ipheat_options_t *options = self->options;
    keywords_t keywords = {.count = 0};
    for (size_t k = 0; k < IPHEAT_NUMBERS; k++) {
        if (!options->given[k])
            continue;
        bool swept = options->sweep && k == options->sweep_of;
        double value = swept ? job->value : options->number[k];
        add_keyword(&keywords, ipheat_keywords[k].name,
                    ipheat_keywords[k].whole ? ipc_value_from_i64((int64_t) value)
                                             : ipc_value_from_f64(value));
    }
    const char *method = ipheat_methods[job->method].word;
    add_keyword(&keywords, "method", ipc_value_from_str(method));
    if (options->boundary)
        add_keyword(&keywords, "boundary", ipc_value_from_str(options->boundary));
    if (options->laplacian && job->method != IPHEAT_FD)
        add_keyword(&keywords, "laplacian", ipc_value_from_str(options->laplacian));
    if (options->dtype)
        add_keyword(&keywords, "dtype", ipc_value_from_str(options->dtype));
    if (options->device)
        add_keyword(&keywords, "device", ipc_value_from_str(options->device));
    if (options->threads)
        add_keyword(&keywords, "threads", ipc_value_from_i64(options->threads));
    job->result = ipc_apply_named(self->view, "heat.solve",
                                  ipc_value_from_dict(keywords.items, keywords.count));
}

ipheat_jobs_t *ipheat_jobs_new(ipc_client_t *client, const ipheat_options_t *options,
                               ipc_error_t *error)
{
    if (ipc_client_wait(client, 1, ENGINE_WAIT_MS, error))
        return NULL;
    ipc_view_t *view = ipc_balanced_view(client, NULL, error);
    if (!view)
        return NULL;
    ipheat_jobs_t *self = ipc_xalloc(sizeof *self);
    size_t values = options->sweep ? options->sweep_count : 1;
    *self = (ipheat_jobs_t){.client = client, .options = options, .view = view};
    self->jobs = ipc_xalloc(IPHEAT_METHODS * values * sizeof *self->jobs);
    for (size_t i = 0; i < values; i++) {
        double value = options->sweep ? ipheat_options_sweep_value(options, i) : 0;
        for (ipheat_method_t m = 0; m < IPHEAT_METHODS; m++)
            if (options->method[m])
                self->jobs[self->count++] = (ipheat_job_t){.method = m, .value = value};
    }
    self->methods = self->count / values;
    for (size_t i = 0; i < self->count; i++) submit(self, &self->jobs[i]);
    return self;
}

void ipheat_jobs_destroy(ipheat_jobs_t **self_p)
{
    ipheat_jobs_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++) ipc_result_destroy(&self->jobs[i].result);
    ipc_view_destroy(&self->view);
    free(self->jobs);
    free(self);
}

static const char *method_name(const ipheat_job_t *job)
{
    return ipheat_methods[job->method].name;
}

//  Waits for a job and reads what it gave. 0, or -1 with *error.
static int finish(ipheat_job_t *job, ipc_error_t *error)
{
    const ipc_item_t *item = ipc_result_next(job->result);
    if (!item)
        return ipc_fail(error, IPC_E_CONNECTION, "the cluster gave no answer");
    job->engine = item->engine;
    job->seconds = item->finished - item->started;
    if (item->error) {
        *error = *item->error;
        return -1;
    }
    if (field_of_array(&job->field, ipc_value_array(item->value), error))
        return -1;
    field_range(&job->field, &job->low, &job->high);
    job->done = true;
    return 0;
}

//  The device that the heat module of an engine used last; "?" when it does not say. False when Ctrl-C came.
static bool ask_device(const ipheat_jobs_t *self, int engine, char device[NAME_MAX_SIZE])
{
    char target[16];
    snprintf(target, sizeof target, "%d", engine);
    ipc_text_copy(device, NAME_MAX_SIZE, "?");
    ipc_auto(ipc_view_destroy) ipc_view_t *view =
        ipc_direct_view(self->client, target, NULL);
    if (!view)
        return true;
    ipc_auto(ipc_result_destroy) ipc_result_t *info =
        ipc_apply_named(view, "heat.info");
    if (!ipc_result_wait(info, IPC_FOREVER))
        return false;
    if (!ipc_result_ok(info))
        return true;
    ipc_value_t last = ipc_value_get(ipc_result_value(info, 0), "last");
    const char *said = ipc_value_str(ipc_value_get(last, "device"));
    if (said)
        ipc_text_copy(device, NAME_MAX_SIZE, said);
    return true;
}

//  Writes the device that a job ran on: what was asked for, else what its engine says. An
//  engine is asked once: it keeps its device, and each question waits for the job that it
//  is at. False when Ctrl-C came.
static bool find_device(const ipheat_jobs_t *self, ipheat_job_t *job)
{
    const char *asked = self->options->device;
    if (asked && strcmp(asked, "auto") != 0) {
        ipc_text_copy(job->device, sizeof job->device, asked);
        return true;
    }
    for (const ipheat_job_t *before = self->jobs; before < job; before++)
        if (before->device[0] && before->engine == job->engine) {
            memcpy(job->device, before->device, sizeof job->device);
            return true;
        }
    return ask_device(self, job->engine, job->device);
}

//  The job of the first method of the same value, when it is another one and done; or NULL.
static const ipheat_job_t *reference_of(const ipheat_jobs_t *self, const ipheat_job_t *job)
{
    const size_t i = (size_t) (job - self->jobs);
    const ipheat_job_t *first = job - i % self->methods;
    return first < job && first->done && first->field.rows == job->field.rows ? first : NULL;
}

static void forget(ipheat_job_t *job)
{
    job->done = false;
    ipc_result_destroy(&job->result);
}

//  Gives back what a long sweep without a picture needs no more when job i is printed: all
//  but the field that the next ones are compared to.
static void let_go(ipheat_jobs_t *self, size_t i)
{
    ipheat_job_t *job = &self->jobs[i], *first = job - i % self->methods;
    const bool last = (i + 1) % self->methods == 0;
    if (job != first || last)
        forget(job);
    if (last)
        forget(first);
}

static void print_head(const ipheat_jobs_t *self, FILE *stream)
{
    if (self->options->sweep)
        fprintf(stream, "%10s  ", ipheat_keywords[self->options->sweep_of].name);
    fprintf(stream, "%-18s  %-6s  %6s  %9s  %10s  %18s\n", "method", "device", "engine",
            "time", "highest", "largest difference");
}

static void print_job(const ipheat_jobs_t *self, const ipheat_job_t *job, FILE *stream)
{
    char difference[NAME_MAX_SIZE] = "-";
    const ipheat_job_t *reference = reference_of(self, job);
    if (reference)
        snprintf(difference, sizeof difference, "%.3g",
                 field_distance(&reference->field, &job->field));
    if (self->options->sweep)
        fprintf(stream, "%10.6g  ", job->value);
    fprintf(stream, "%-18s  %-6s  %6d  %7.4f s  %10.6g  %18s\n", method_name(job),
            job->device, job->engine, job->seconds, job->high, difference);
    fflush(stream);
}

static void print_failure(const ipheat_jobs_t *self, const ipheat_job_t *job,
                          const ipc_error_t *error)
{
    fprintf(stderr, "ipheat: %s", method_name(job));
    if (self->options->sweep)
        fprintf(stderr, " at %s = %g", ipheat_keywords[self->options->sweep_of].name,
                job->value);
    fprintf(stderr, ": %s\n", error->text);
}

//  The lines of a sweep are its progress. False when Ctrl-C came.
static bool await(const ipheat_jobs_t *self, const ipheat_job_t *job)
{
    return self->options->sweep ? ipc_result_wait(job->result, IPC_FOREVER) : ipc_result_wait_interactive(job->result);
}

static bool print_jobs(ipheat_jobs_t *self, FILE *stream, size_t *failed)
{
    *failed = 0;
    for (size_t i = 0; i < self->count; i++) {
        ipheat_job_t *job = &self->jobs[i];
        if (!await(self, job))
            return false;
        ipc_error_t error;
        bool is_first = *failed == i;
        if (finish(job, &error)) {
            print_failure(self, job, &error);
            ++*failed;
            continue;
        }
        if (is_first)
            print_head(self, stream);
        if (!find_device(self, job))
            return false;
        print_job(self, job, stream);
        if (!self->options->out)
            let_go(self, i);
    }
    return true;
}

bool ipheat_jobs_print(ipheat_jobs_t *self, FILE *stream, size_t *failed)
{
    ipc_client_catch_interrupts(self->client, true);
    bool done = print_jobs(self, stream, failed);
    ipc_client_catch_interrupts(self->client, false);
    if (!done)
        ipc_client_abort(self->client);
    return done;
}

//  "Heat equation: N = 1024, α = 1, t = 100" without what is swept.
static void write_title(const ipheat_jobs_t *self, char *title, size_t size)
{
    const ipheat_options_t *options = self->options;
    size_t length = (size_t) snprintf(title, size, "Heat equation");
    const char *separator = ": ";
    for (size_t k = 0; k < IPHEAT_NUMBERS; k++) {
        bool swept = options->sweep && k == options->sweep_of;
        if (swept || (!options->given[k] && k != IPHEAT_ALPHA))
            continue;
        double value = options->given[k] ? options->number[k] : 1; // alpha's default
        length += (size_t) snprintf(title + length, size - length, "%s%s = %.6g", separator,
                                    ipheat_keywords[k].symbol, value);
        separator = ", ";
    }
}

//  One scale for all panels, so that equal colours are equal heat.
static void common_range(const ipheat_jobs_t *self, double *low, double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t i = 0; i < self->count; i++)
        if (self->jobs[i].done) {
            *low = fmin(*low, self->jobs[i].low);
            *high = fmax(*high, self->jobs[i].high);
        }
}

//  A panel for each method, and one for the difference of the first two.
static size_t panels_of_methods(const ipheat_jobs_t *self, picture_panel_t *panels,
                                char (*titles)[NAME_MAX_SIZE], double low, double high)
{
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++)
        if (self->jobs[i].done)
            panels[count++] = (picture_panel_t){.title = method_name(&self->jobs[i]),
                                                .field = self->jobs[i].field,
                                                .colours = COLOURS_STATE,
                                                .low = low,
                                                .high = high};
    if (count < 2)
        return count;
    double distance = field_distance(&panels[0].field, &panels[1].field);
    snprintf(titles[count], NAME_MAX_SIZE, "%s \u2212 %s", panels[0].title, panels[1].title);
    panels[count] = (picture_panel_t){.title = titles[count],
                                        .field = panels[0].field,
                                        .minus = &panels[1].field,
                                        .colours = COLOURS_DIFFERENCE,
                                        .low = -distance,
                                        .high = distance};
    return count + 1;
}

//  A panel for each value, of the first method that was solved for it.
static size_t panels_of_values(const ipheat_jobs_t *self, picture_panel_t *panels,
                               char (*titles)[NAME_MAX_SIZE], double low, double high)
{
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++) {
        const ipheat_job_t *job = &self->jobs[i];
        if (!job->done || (i > 0 && job[-1].done && i % self->methods > 0))
            continue;
        snprintf(titles[count], NAME_MAX_SIZE, "%s = %.4g",
                 ipheat_keywords[self->options->sweep_of].symbol, job->value);
        panels[count] = (picture_panel_t){.title = titles[count],
                                          .field = job->field,
                                          .colours = COLOURS_STATE,
                                          .low = low,
                                          .high = high};
        count++;
    }
    return count;
}

int ipheat_jobs_draw(ipheat_jobs_t *self, const char *path, ipc_error_t *error)
{
    bool sweep = self->options->sweep;
    double low = 0, high = 0;
    common_range(self, &low, &high);
    picture_panel_t *panels = ipc_xalloc((self->count + 1) * sizeof *panels);
    char(*titles)[NAME_MAX_SIZE] = ipc_xalloc((self->count + 1) * sizeof *titles);
    char title[160];
    write_title(self, title, sizeof title);
    picture_t picture = {.title = title, .panels = panels};
    picture.count = sweep ? panels_of_values(self, panels, titles, low, high)
                          : panels_of_methods(self, panels, titles, low, high);
    picture.columns = sweep ? SHEET_COLUMNS : picture.count;
    picture.size = picture.count > SHEET_COLUMNS ? PICTURE_SIZE_SMALL : PICTURE_SIZE;
    int status = picture_write(path, &picture, error);
    free(titles);
    free(panels);
    return status;
}
