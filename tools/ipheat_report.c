#include "tools/ipheat_report.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_SHOWN = 4, TEXT_SIZE = 256 }; // files of a job alone that are named one by one

static bool is_shown(const ipheat_axis_t *axis)
{
    return axis->count > 1 && axis->key != IPHEAT_METHOD;
}

static void print_head(const ipheat_options_t *options)
{
    for (size_t k = 0; k < options->axis_count; k++)
        if (is_shown(&options->axes[k]))
            printf("%10s  ", ipheat_keywords[options->axes[k].key].name);
    printf("%-18s  %-6s  %6s  %9s  %10s  %18s\n", "method", "device", "engine", "time",
           "highest", "largest difference");
}

void ipheat_report_line(const ipheat_options_t *options, const ipheat_job_t *jobs, size_t i)
{
    const ipheat_job_t *job = &jobs[i];
    char number[32], difference[32] = "-";
    size_t before = 0;
    while (before < i && jobs[before].state != IPHEAT_DONE) before++;
    if (job->state != IPHEAT_DONE)
        return;
    if (before == i)
        print_head(options);
    if (!isnan(job->difference))
        snprintf(difference, sizeof difference, "%.3g", job->difference);
    for (size_t k = 0; k < options->axis_count; k++)
        if (is_shown(&options->axes[k]))
            printf("%10s  ", ipheat_value_text(&job->settings, options->axes[k].key, number,
                                               sizeof number));
    printf("%-18s  %-6s  %6d  %7.4f s  %10.6g  %18s\n", ipheat_method_name(&job->settings),
           job->device, job->engine, job->seconds, job->high, difference);
}

size_t ipheat_report_failures(const ipheat_options_t *options, const ipheat_job_t *jobs,
                              size_t count)
{
    size_t failed = 0;
    for (size_t i = 0; i < count; i++) failed += jobs[i].state == IPHEAT_FAILED;
    if (failed > 0 && count > 1)
        fprintf(stderr, "ipheat: %zu of %zu jobs failed:\n", failed, count);
    for (size_t i = 0; i < count; i++) {
        char caption[TEXT_SIZE];
        ipheat_job_caption(&jobs[i], options, caption, sizeof caption);
        if (jobs[i].state != IPHEAT_FAILED)
            continue;
        if (count > 1)
            fprintf(stderr, "  %s: %s\n", caption, jobs[i].error.text);
        else
            fprintf(stderr, "ipheat: %s: %s\n", ipheat_method_name(&jobs[i].settings),
                    jobs[i].error.text);
    }
    return failed;
}

void ipheat_report_files(const ipheat_outputs_t *outputs, const ipheat_job_t *jobs,
                         size_t count)
{
    size_t files = 0;
    const char *first = NULL, *last = NULL;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < jobs[i].file_count; k++) {
            last = jobs[i].files[k];
            first = files++ == 0 ? last : first;
        }
    if (files > FILES_SHOWN)
        printf("wrote %zu files, %s to %s\n", files, first, last);
    for (size_t i = 0; i < count && files <= FILES_SHOWN; i++)
        for (size_t k = 0; k < jobs[i].file_count; k++)
            printf("wrote %s\n", jobs[i].files[k]);
    for (size_t i = 0; ipheat_outputs_written(outputs, i); i++)
        printf("wrote %s\n", ipheat_outputs_written(outputs, i));
}

//  --- JSON --------------------------------------------------------------------------------

//  A number, or null where there is none.
static json_t *json_number(double number)
{
    return isfinite(number) ? json_real(number) : json_null();
}

static json_t *json_setting(const ipheat_settings_t *settings, ipheat_key_t key)
{
    const ipheat_setting_t *setting = &settings->at[key];
    switch (ipheat_keywords[key].kind) {
    case IPHEAT_POSITIVE:
    case IPHEAT_AMOUNT: return json_real(setting->number);
    case IPHEAT_COUNT:
    case IPHEAT_COUNT_OR_NONE: return json_integer((json_int_t) setting->number);
    case IPHEAT_POSITIVE_OR_FILE:
        return setting->array ? json_string(setting->text) : json_real(setting->number);
    default: return json_string(setting->text);
    }
}

static json_t *json_job(const ipheat_job_t *job)
{
    static const char *const states[] = {[IPHEAT_RUNNING] = "running",
                                         [IPHEAT_DONE] = "done",
                                         [IPHEAT_FAILED] = "failed",
                                         [IPHEAT_ABORTED] = "aborted"};
    json_t *object = json_object(), *files = json_array();
    for (ipheat_key_t key = 0; key < IPHEAT_KEYS; key++)
        if (job->settings.at[key].text)
            json_object_set_new(object, ipheat_keywords[key].name,
                                json_setting(&job->settings, key));
    json_object_set_new(object, "job", json_integer((json_int_t) job->index + 1));
    json_object_set_new(object, "state", json_string(states[job->state]));
    if (job->state == IPHEAT_FAILED)
        json_object_set_new(object, "error", json_string(job->error.text));
    for (size_t k = 0; k < job->file_count; k++)
        json_array_append_new(files, json_string(job->files[k]));
    json_object_set_new(object, "files", files);
    if (job->state != IPHEAT_DONE)
        return object;
    json_object_set_new(object, "engine", json_integer(job->engine));
    json_object_set_new(object, "device", json_string(job->device));
    json_object_set_new(object, "seconds", json_number(job->seconds));
    json_object_set_new(object, "lowest", json_number(job->low));
    json_object_set_new(object, "highest", json_number(job->high));
    json_object_set_new(object, "mean", json_number(job->mean));
    json_object_set_new(object, "difference", json_number(job->difference));
    return object;
}

void ipheat_report_json(const ipheat_outputs_t *outputs, const ipheat_job_t *jobs,
                        size_t count, double seconds)
{
    json_t *object = json_object(), *list = json_array(), *files = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(list, json_job(&jobs[i]));
    for (size_t i = 0; ipheat_outputs_written(outputs, i); i++)
        json_array_append_new(files, json_string(ipheat_outputs_written(outputs, i)));
    json_object_set_new(object, "jobs", list);
    json_object_set_new(object, "files", files);
    json_object_set_new(object, "seconds", json_real(seconds));
    char *text = json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    puts(text ? text : "{}");
    free(text);
    json_decref(object);
}
