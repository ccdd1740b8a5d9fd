//  What ipheat was asked for on its command line.
#ifndef IPC_TOOLS_IPHEAT_OPTIONS_H
#define IPC_TOOLS_IPHEAT_OPTIONS_H

#include "tools/colours.h"
#include "tools/ipheat_sweep.h"

//  Exit codes of every program here; what Ctrl-C ends, ends of its signal, which shells call 130.
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

enum { IPHEAT_OUTPUTS_MAX = 16, IPHEAT_FRAMES_MAX = 1000 };

//  Which numbers the ends of the colours are.
typedef enum ipheat_range { IPHEAT_AUTO, IPHEAT_SYMMETRIC, IPHEAT_GIVEN } ipheat_range_t;

typedef struct ipheat_options {
    ipheat_settings_t settings; // that all jobs have
    ipheat_axis_t axes[IPHEAT_AXES_MAX]; // that they differ in; the last is of methods
    size_t axis_count;
    ipheat_files_t files;      // which settings lend from
    const char *out[IPHEAT_OUTPUTS_MAX]; // files to write
    size_t out_count;
    int frames, fps;           // of animations
    int size;                  // pixels of a panel's longer side; 0: as suits their number
    colours_t colours;
    ipheat_range_t range;
    double low, high;          // of IPHEAT_GIVEN
    const char *title;         // of pictures; NULL: what was solved
    const char *profile, *cluster_id; // or NULL
    bool quiet;                // no table, no progress
    bool json;                 // a summary as JSON instead of the table
} ipheat_options_t;

//  Reads the command line, and the files that it names; strings are lent by argv. True when
//  there is something to do; else *exit_code is written and help, the version or what is
//  wrong has been printed.
bool ipheat_options_read(ipheat_options_t *self, int argc, char **argv, int *exit_code);

void ipheat_options_clear(ipheat_options_t *self);

size_t ipheat_options_jobs(const ipheat_options_t *self);

//  The settings of job i. 0, or -1 with *error: ARGUMENT, SYSTEM.
int ipheat_options_job(ipheat_options_t *self, size_t i, ipheat_settings_t *settings,
                       ipc_error_t *error);

//  Whether jobs differ in a setting.
bool ipheat_options_varies(const ipheat_options_t *self, ipheat_key_t key);

//  Whether something is to be drawn over time.
bool ipheat_options_moves(const ipheat_options_t *self);

#endif
