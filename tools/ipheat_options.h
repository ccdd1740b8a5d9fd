//  What ipheat was asked for on its command line.
#ifndef IPC_TOOLS_IPHEAT_OPTIONS_H
#define IPC_TOOLS_IPHEAT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

//  Exit codes of every program here; what Ctrl-C ends, ends of its signal, which shells call 130.
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

enum { IPHEAT_SWEEP_MAX = 256 }; // values of one sweep

//  The keywords of heat.solve that are numbers, in the order of ipheat_keywords.
typedef enum ipheat_number {
    IPHEAT_N,
    IPHEAT_ALPHA,
    IPHEAT_DT,
    IPHEAT_STEPS,
    IPHEAT_T,
    IPHEAT_NUMBERS
} ipheat_number_t;

typedef struct ipheat_keyword {
    const char *name;          // of the keyword and, behind "--", of the option
    const char *symbol;        // as pictures write it
    bool whole;                // 1, 2, 3, …
} ipheat_keyword_t;
extern const ipheat_keyword_t ipheat_keywords[IPHEAT_NUMBERS];

//  The methods of heat.solve, in the order of their lines.
typedef enum ipheat_method {
    IPHEAT_FD,
    IPHEAT_FFT,
    IPHEAT_CN,
    IPHEAT_METHODS
} ipheat_method_t;

typedef struct ipheat_method_name {
    const char *word;          // heat.solve's
    const char *name;          // for people
} ipheat_method_name_t;
extern const ipheat_method_name_t ipheat_methods[IPHEAT_METHODS];

typedef struct ipheat_options {
    double number[IPHEAT_NUMBERS];
    bool given[IPHEAT_NUMBERS];  // else heat.solve's own default holds
    bool method[IPHEAT_METHODS]; // to run
    const char *boundary, *laplacian, *dtype, *device; // for heat.solve; NULL: its defaults
    int threads;               // for heat.solve; 0: as it likes
    const char *out;           // picture to write, or NULL
    const char *profile, *cluster_id; // or NULL
    bool sweep;                // number[sweep_of] runs from sweep_first to sweep_last
    ipheat_number_t sweep_of;
    double sweep_first, sweep_last;
    size_t sweep_count;        // 1 to IPHEAT_SWEEP_MAX
} ipheat_options_t;

//  Reads the command line; strings are lent by argv. True when there is something to do;
//  else *exit_code is written and help, the version or what is wrong has been printed.
bool ipheat_options_read(ipheat_options_t *self, int argc, char **argv, int *exit_code);

//  Value i of the sweep, 0 ≤ i < sweep_count.
double ipheat_options_sweep_value(const ipheat_options_t *self, size_t i);

#endif
