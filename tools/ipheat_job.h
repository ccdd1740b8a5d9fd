//  ipheat_job_t: one solve and what came of it. An open struct: jobs are run by
//  ipheat_jobs.h, drawn by ipheat_outputs.h and told of by ipheat_report.h.
#ifndef IPC_TOOLS_IPHEAT_JOB_H
#define IPC_TOOLS_IPHEAT_JOB_H

#include "tools/field.h"
#include "tools/ipheat_options.h"

enum { IPHEAT_DEVICE_SIZE = 48 };

typedef enum ipheat_state {
    IPHEAT_RUNNING,            // or waiting for an engine
    IPHEAT_DONE,
    IPHEAT_FAILED,
    IPHEAT_ABORTED             // by Ctrl-C
} ipheat_state_t;

typedef struct ipheat_job {
    ipheat_settings_t settings;
    size_t index;              // among all jobs
    ipheat_state_t state;
    ipc_result_t *result;      // of the leg that runs, or of the last one; NULL once it is not needed
    ipc_array_t *start;        // the state that it begins with, where the client made it
    size_t frame;              // of an animation, that the leg leads to
    const ipc_array_t *array;  // the solution, lent by the result; NULL when there is none, or none any more
    field_t field;             // of that: what pictures show
    field_t whole;             // of that, with all planes
    ipc_error_t error;         // of IPHEAT_FAILED
    int engine;                // that solved it, at last
    double seconds;            // that it took there
    double low, high, mean;    // of the solution
    double difference;         // the largest from the first method that is done; NaN: it is that
    char device[IPHEAT_DEVICE_SIZE]; // it ran on; empty: not known yet
    const char *files[IPHEAT_OUTPUTS_MAX]; // that were written of it alone, lent by the outputs
    size_t file_count;
} ipheat_job_t;

//  The name of a method, for people: "finite differences".
const char *ipheat_method_name(const ipheat_settings_t *settings);

//  Which plane of three dimensions pictures show: "z = 0.5", or, where points are 1 apart, "z / Δz = 12"; "" of
//  fewer dimensions.
const char *ipheat_plane_text(const ipheat_settings_t *settings, char *text, size_t size);

//  The value of a setting, for people: a number with six digits, the name of a file without
//  its folder, a method's name; "" when it was not given.
const char *ipheat_value_text(const ipheat_settings_t *settings, ipheat_key_t key, char *text,
                              size_t size);

//  Writes what tells a job from the others: "α = 0.1, spectral"; nothing when it is alone.
void ipheat_job_caption(const ipheat_job_t *self, const ipheat_options_t *options, char *text,
                        size_t size);

//  Frames of an animation lie between the beginning and the end of a solve: at whole steps
//  where one of its methods takes steps, else anywhere. The time of frame i.
double ipheat_job_instant(const ipheat_job_t *self, const ipheat_options_t *options,
                          size_t frame);

//  The leg that leads from the frame before to the one that the job is at, or the whole.
//      state      borrowed; of the frame before, NULL at the first one
ipheat_leg_t ipheat_job_leg(const ipheat_job_t *self, const ipheat_options_t *options,
                            const ipc_array_t *state);

#endif
