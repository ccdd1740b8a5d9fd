#include "tools/ipheat_outputs.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "tools/file.h"
#include "tools/ipheat_gallery.h"
#include "tools/ipheat_names.h"
#include "tools/npy.h"
#include "tools/picture.h"

//  One --out.
typedef struct output {
    char **names; // of the file of each job, or of the one for all
    size_t count;
    bool array;   // else a picture
    bool written; // of the one for all
} output_t;

struct ipheat_outputs {
    ipheat_options_t *options;
    output_t outputs[IPHEAT_OUTPUTS_MAX];
    size_t count;
    size_t jobs;
    ipheat_gallery_t *gallery; // NULL: there are no pictures
};

//  --- Names -------------------------------------------------------------------------------

static int check_name(const output_t *output, const char *name, ipc_error_t *error)
{
    return output->array ? file_check(name, error) : picture_check(name, error);
}

static int fill_names(ipheat_outputs_t *self, output_t *output, const char *pattern,
                      ipc_error_t *error)
{
    const size_t count = ipheat_name_varies(pattern) ? self->jobs : 1;
    output->names = ipc_xalloc(count * sizeof *output->names);
    for (; output->count < count; output->count++) {
        ipheat_settings_t settings;
        const size_t i = output->count;
        if (ipheat_options_job(self->options, i, &settings, error))
            return -1;
        output->names[i] = ipheat_name_fill(pattern, &settings, i, self->jobs, error);
        if (!output->names[i])
            return -1;
        for (size_t k = 0; k < i; k++)
            if (strcmp(output->names[k], output->names[i]) == 0) {
                ipc_fail(error, IPC_E_ARGUMENT,
                         "two jobs would write %s: name what they differ in, or {job}",
                         output->names[i]);
                free(output->names[i]);
                return -1;
            }
        if (check_name(output, output->names[i], error)) {
            free(output->names[i]);
            return -1;
        }
    }
    return 0;
}

static int add_output(ipheat_outputs_t *self, const char *pattern, ipc_error_t *error)
{
    output_t *output = &self->outputs[self->count++];
    output->array = file_ends(pattern, ".npy");
    if (!output->array && !file_ends(pattern, ".png") && !file_ends(pattern, ".gif"))
        return ipc_fail(error, IPC_E_ARGUMENT,
                        "%s is no name for --out: end it in .png, .gif or .npy", pattern);
    if (!ipheat_name_varies(pattern) && output->array && self->jobs > 1)
        return ipc_fail(
            error, IPC_E_ARGUMENT,
            "%s is one array, of %zu jobs: put what they differ in into the name, "
            "such as {alpha}, {method} or {job}",
            pattern, self->jobs);
    if (!ipheat_name_varies(pattern) && !output->array && self->jobs > PICTURE_PANELS_MAX)
        return ipc_fail(
            error, IPC_E_ARGUMENT,
            "%s would show %zu jobs, and a picture has room for %d: put {job} into "
            "the name",
            pattern, self->jobs, PICTURE_PANELS_MAX);
    return fill_names(self, output, pattern, error);
}

ipheat_outputs_t *ipheat_outputs_new(ipheat_options_t *options, ipc_error_t *error)
{
    ipheat_outputs_t *self = ipc_xalloc(sizeof *self);
    bool pictures = false;
    *self = (ipheat_outputs_t){.options = options, .jobs = ipheat_options_jobs(options)};
    for (size_t i = 0; i < options->out_count; i++) {
        if (add_output(self, options->out[i], error)) {
            ipheat_outputs_destroy(&self);
            return NULL;
        }
        pictures = pictures || !self->outputs[i].array;
    }
    if (pictures)
        self->gallery = ipheat_gallery_new(options);
    return self;
}

void ipheat_outputs_destroy(ipheat_outputs_t **self_p)
{
    ipheat_outputs_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++) {
        for (size_t k = 0; k < self->outputs[i].count; k++) free(self->outputs[i].names[k]);
        free(self->outputs[i].names);
    }
    ipheat_gallery_destroy(&self->gallery);
    free(self);
}

//  --- Files -------------------------------------------------------------------------------

int ipheat_outputs_frame(ipheat_outputs_t *self, const ipheat_job_t *job, size_t frame,
                         ipc_error_t *error)
{
    return self->gallery ? ipheat_gallery_take(self->gallery, job, frame, error) : 0;
}

//  A file is of each job when it is named after jobs, or when there is one job.
static bool is_of_each(const ipheat_outputs_t *self, size_t i)
{
    return ipheat_name_varies(self->options->out[i]) || self->jobs == 1;
}

int ipheat_outputs_job(ipheat_outputs_t *self, ipheat_job_t *job, ipc_error_t *error)
{
    for (size_t i = 0; i < self->count; i++) {
        const output_t *output = &self->outputs[i];
        if (!is_of_each(self, i))
            continue;
        const char *name = output->names[output->count > 1 ? job->index : 0];
        if (output->array ? npy_write(name, job->array, error)
                          : ipheat_gallery_draw(self->gallery, job, 1, name, error))
            return -1;
        job->files[job->file_count++] = name;
    }
    return 0;
}

int ipheat_outputs_all(ipheat_outputs_t *self, const ipheat_job_t *jobs, ipc_error_t *error)
{
    bool some = false;
    for (size_t i = 0; i < self->jobs; i++) some = some || jobs[i].state == IPHEAT_DONE;
    for (size_t i = 0; some && i < self->count; i++) {
        output_t *output = &self->outputs[i];
        if (is_of_each(self, i))
            continue;
        if (ipheat_gallery_draw(self->gallery, jobs, self->jobs, output->names[0], error))
            return -1;
        output->written = true;
    }
    return 0;
}

const char *ipheat_outputs_written(const ipheat_outputs_t *self, size_t i)
{
    for (size_t k = 0; k < self->count; k++)
        if (self->outputs[k].written && i-- == 0)
            return self->outputs[k].names[0];
    return NULL;
}
