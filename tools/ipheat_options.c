#include "tools/ipheat_options.h"

#include <ctype.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// clang-format off
const ipheat_keyword_t ipheat_keywords[IPHEAT_NUMBERS] = {
    [IPHEAT_N] = {"n", "N", true},
    [IPHEAT_ALPHA] = {"alpha", "\u03b1", false},
    [IPHEAT_DT] = {"dt", "\u0394t", false},
    [IPHEAT_STEPS] = {"steps", "steps", true},
    [IPHEAT_T] = {"t", "t", false},
};
const ipheat_method_name_t ipheat_methods[IPHEAT_METHODS] = {
    [IPHEAT_FD] = {"fd", "finite differences"},
    [IPHEAT_FFT] = {"fft", "spectral"},
    [IPHEAT_CN] = {"cn", "Crank-Nicolson"},
};
// clang-format on

static const char help[] =
    "Usage: ipheat [OPTION]…\n"
    "Solves the heat equation du/dt = alpha (d2u/dx2 + d2u/dy2) on the engines of the running\n"
    "cluster, one job for each method and value, and prints a table.\n"
    "\n"
    "  --n N               rows and columns of the grid (1024)\n"
    "  --t TIME            the instant to reach (100)\n"
    "  --dt TIME           the time step of the finite differences, and Crank-Nicolson's (0.1)\n"
    "  --steps COUNT       the number of time steps, instead of --t\n"
    "  --alpha NUMBER      the diffusivity (1)\n"
    "  --method METHOD     fd: finite differences; fft: spectral; both of them;\n"
    "                      cn: Crank-Nicolson's steps; all of them (both)\n"
    "  --boundary EDGES    fixed, periodic or insulated (fft: periodic, else fixed)\n"
    "  --laplacian WHICH   continuous or discrete, of fft and cn (fft: continuous, cn:\n"
    "                      discrete, which is that of the finite differences)\n"
    "  --dtype DTYPE       float64 or float32 (float64)\n"
    "  --device DEVICE     auto, cpu or cuda (auto)\n"
    "  --threads COUNT     threads of each job (the cores that are free)\n"
    "  --sweep NAME=FIRST:LAST:COUNT\n"
    "                      a job for each of COUNT values of n, t, dt, steps or alpha,\n"
    "                      such as alpha=0.1:2:20\n"
    "  --out FILE.png      writes a picture: of each method and their difference, or of\n"
    "                      each value of a sweep\n"
    "  --profile NAME      the cluster's profile (IPC_PROFILE, else default)\n"
    "  --cluster-id ID     the cluster's id (IPC_CLUSTER_ID, else none)\n"
    "  --help, --version   print this, or the version\n"
    "\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage. Ctrl-C aborts the jobs.\n";

//  What getopt_long() gives for each option: the numbers of heat.solve by their own index,
//  then these.
typedef enum option_id {
    OPTION_METHOD = IPHEAT_NUMBERS,
    OPTION_BOUNDARY,
    OPTION_LAPLACIAN,
    OPTION_DTYPE,
    OPTION_DEVICE,
    OPTION_THREADS,
    OPTION_SWEEP,
    OPTION_OUT,
    OPTION_PROFILE,
    OPTION_CLUSTER_ID,
    OPTION_HELP,
    OPTION_VERSION
} option_id_t;

static const struct option long_options[] = {
    {"n", required_argument, NULL, IPHEAT_N},
    {"alpha", required_argument, NULL, IPHEAT_ALPHA},
    {"dt", required_argument, NULL, IPHEAT_DT},
    {"steps", required_argument, NULL, IPHEAT_STEPS},
    {"t", required_argument, NULL, IPHEAT_T},
    {"method", required_argument, NULL, OPTION_METHOD},
    {"boundary", required_argument, NULL, OPTION_BOUNDARY},
    {"laplacian", required_argument, NULL, OPTION_LAPLACIAN},
    {"dtype", required_argument, NULL, OPTION_DTYPE},
    {"device", required_argument, NULL, OPTION_DEVICE},
    {"threads", required_argument, NULL, OPTION_THREADS},
    {"sweep", required_argument, NULL, OPTION_SWEEP},
    {"out", required_argument, NULL, OPTION_OUT},
    {"profile", required_argument, NULL, OPTION_PROFILE},
    {"cluster-id", required_argument, NULL, OPTION_CLUSTER_ID},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

__attribute__((format(printf, 1, 2))) static bool wrong(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("ipheat: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs("; 'ipheat --help' tells more\n", stderr);
    va_end(arguments);
    return false;
}

//  Reads a number that is the whole text up to end (a character, or the end of the string).
static bool read_number(const char **text, char end, double *number)
{
    char *rest = NULL;
    double value = strtod(*text, &rest);
    if (rest == *text || *rest != end || isspace((unsigned char) **text) ||
        !isfinite(value))
        return false;
    *text = end ? rest + 1 : rest;
    *number = value;
    return true;
}

//  Tells what is wrong with a value of one of heat.solve's numbers, or gives NULL.
static const char *refuse_number(ipheat_number_t which, double value)
{
    if (ipheat_keywords[which].whole && (value != floor(value) || value > 1e9))
        return "a whole number up to 1000000000";
    if (value < 0)
        return "a number that is not negative";
    if (value == 0 && which != IPHEAT_STEPS && which != IPHEAT_T)
        return "a number over 0";
    return NULL;
}

static bool set_number(ipheat_options_t *self, ipheat_number_t which, const char *text)
{
    const char *rest = text;
    double value = 0;
    const char *name = ipheat_keywords[which].name;
    if (!read_number(&rest, 0, &value))
        return wrong("--%s takes a number, not '%s'", name, text);
    const char *wanted = refuse_number(which, value);
    if (wanted)
        return wrong("--%s takes %s, not '%s'", name, wanted, text);
    self->number[which] = value;
    self->given[which] = true;
    return true;
}

static bool set_threads(ipheat_options_t *self, const char *text)
{
    double value = 0;
    const char *rest = text;
    if (!read_number(&rest, 0, &value) || value != floor(value) || value < 1 ||
        value > 4096)
        return wrong("--threads takes a whole number from 1 to 4096, not '%s'", text);
    self->threads = (int) value;
    return true;
}

//  Checks that text is one of the words, which are separated by a bar.
static bool set_word(const char **word, const char *option, const char *words,
                     const char *text)
{
    size_t length = strlen(text);
    for (const char *at = words; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        if (length == strcspn(at, "|") && strncmp(at, text, length) == 0)
            return *word = text, true;
    return wrong("--%s takes one of %s, not '%s'", option, words, text);
}

static bool set_method(ipheat_options_t *self, const char *text)
{
    const char *word;
    if (!set_word(&word, "method", "fd|fft|both|cn|all", text))
        return false;
    const bool all = strcmp(text, "all") == 0, both = all || strcmp(text, "both") == 0;
    for (size_t m = 0; m < IPHEAT_METHODS; m++)
        self->method[m] =
            strcmp(text, ipheat_methods[m].word) == 0 || (m == IPHEAT_CN ? all : both);
    return true;
}

static bool set_sweep(ipheat_options_t *self, const char *text)
{
    size_t length = strcspn(text, "=");
    ipheat_number_t which = 0;
    while (which < IPHEAT_NUMBERS &&
           (strlen(ipheat_keywords[which].name) != length ||
            strncmp(ipheat_keywords[which].name, text, length) != 0))
        which++;
    if (which == IPHEAT_NUMBERS)
        return wrong("--sweep is of n, t, dt, steps or alpha, not of '%.*s'", (int) length,
                     text);
    const char *rest = text + length + (text[length] == '=');
    double first = 0, last = 0, count = 0;
    if (!read_number(&rest, ':', &first) || !read_number(&rest, ':', &last) ||
        !read_number(&rest, 0, &count))
        return wrong("--sweep takes NAME=FIRST:LAST:COUNT such as alpha=0.1:2:20, not '%s'",
                     text);
    if (count != floor(count) || count < 1 || count > IPHEAT_SWEEP_MAX)
        return wrong("--sweep takes 1 to %d values, not '%s'", IPHEAT_SWEEP_MAX, text);
    self->sweep = true;
    self->sweep_of = which;
    self->sweep_first = first;
    self->sweep_last = last;
    self->sweep_count = (size_t) count;
    for (size_t i = 0; i < self->sweep_count; i++) {
        double value = ipheat_options_sweep_value(self, i);
        const char *wanted = refuse_number(which, value);
        if (wanted)
            return wrong("%s takes %s, but value %zu of --sweep %s is %.10g",
                         ipheat_keywords[which].name, wanted, i + 1, text, value);
    }
    return true;
}

static bool set_option(ipheat_options_t *self, int id, const char *text)
{
    switch (id) {
    case OPTION_METHOD: return set_method(self, text);
    case OPTION_BOUNDARY:
        return set_word(&self->boundary, "boundary", "fixed|periodic|insulated", text);
    case OPTION_LAPLACIAN:
        return set_word(&self->laplacian, "laplacian", "continuous|discrete", text);
    case OPTION_DTYPE: return set_word(&self->dtype, "dtype", "float64|float32", text);
    case OPTION_DEVICE: return set_word(&self->device, "device", "auto|cpu|cuda", text);
    case OPTION_THREADS: return set_threads(self, text);
    case OPTION_SWEEP: return set_sweep(self, text);
    case OPTION_OUT: return self->out = text, true;
    case OPTION_PROFILE: return self->profile = text, true;
    case OPTION_CLUSTER_ID: return self->cluster_id = text, true;
    default: return set_number(self, (ipheat_number_t) id, text);
    }
}

//  What several options together say, and the defaults.
static bool check_options(ipheat_options_t *self)
{
    if (self->sweep && self->given[self->sweep_of])
        return wrong("--sweep gives the values of %s, so --%s cannot too",
                     ipheat_keywords[self->sweep_of].name,
                     ipheat_keywords[self->sweep_of].name);
    if (self->sweep)
        self->given[self->sweep_of] = true;
    if (self->given[IPHEAT_T] && self->given[IPHEAT_STEPS])
        return wrong("--t and --steps both say how long: give one of them");
    if (!self->given[IPHEAT_T] && !self->given[IPHEAT_STEPS]) {
        self->given[IPHEAT_T] = true;
        self->number[IPHEAT_T] = 100;
    }
    if (!self->given[IPHEAT_N]) {
        self->given[IPHEAT_N] = true;
        self->number[IPHEAT_N] = 1024;
    }
    return true;
}

bool ipheat_options_read(ipheat_options_t *self, int argc, char **argv, int *exit_code)
{
    *self = (ipheat_options_t){.method = {[IPHEAT_FD] = true, [IPHEAT_FFT] = true}};
    *exit_code = EXIT_USAGE;
    opterr = 0; // the sentences are ours
    for (int id; (id = getopt_long(argc, argv, ":", long_options, NULL)) != -1;) {
        if (id == '?')
            return wrong("'%s' is no option", argv[optind - 1]);
        if (id == ':')
            return wrong("%s needs a value", argv[optind - 1]);
        if (id == OPTION_HELP || id == OPTION_VERSION) {
            fputs(id == OPTION_HELP ? help : "ipheat " IPC_VERSION "\n", stdout);
            *exit_code = EXIT_DONE;
            return false;
        }
        if (!set_option(self, id, optarg))
            return false;
    }
    if (optind < argc)
        return wrong("'%s' is no option", argv[optind]);
    return check_options(self);
}

double ipheat_options_sweep_value(const ipheat_options_t *self, size_t i)
{
    if (self->sweep_count < 2)
        return self->sweep_first;
    double part = (double) i / (double) (self->sweep_count - 1);
    double value = self->sweep_first + part * (self->sweep_last - self->sweep_first);
    // The division leaves a last bit, which must not make 192 of a sweep of n a fraction.
    bool whole = ipheat_keywords[self->sweep_of].whole && fabs(value - round(value)) < 1e-6;
    return whole ? round(value) : value;
}
