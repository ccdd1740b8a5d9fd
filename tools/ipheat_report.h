//  What ipheat tells of its jobs: a table, failures, a summary as JSON.
#ifndef IPC_TOOLS_IPHEAT_REPORT_H
#define IPC_TOOLS_IPHEAT_REPORT_H

#include "tools/ipheat_outputs.h"

//  Prints the line of job i to stdout, nothing for one that failed; before the first line
//  what its columns are.
//      jobs       borrowed; all of them up to this one
void ipheat_report_line(const ipheat_options_t *options, const ipheat_job_t *jobs, size_t i);

//  Prints what failed to stderr: one line if there is one job, else a table. Gives how many
//  did.
size_t ipheat_report_failures(const ipheat_options_t *options, const ipheat_job_t *jobs,
                              size_t count);

//  Prints which files were written, to stdout: of up to some jobs each, else how many.
void ipheat_report_files(const ipheat_outputs_t *outputs, const ipheat_job_t *jobs,
                         size_t count);

//  Prints a summary of all as one JSON object, to stdout.
//      seconds    that all took
void ipheat_report_json(const ipheat_outputs_t *outputs, const ipheat_job_t *jobs,
                        size_t count, double seconds);

#endif
