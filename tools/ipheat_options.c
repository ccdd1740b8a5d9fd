#include "tools/ipheat_options.h"

#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "tools/file.h"

static const char help[] =
    "Usage: ipheat [OPTION]…\n"
    "Solves heat equations  du/dt = alpha Laplacian(u) + source  on whichever engines of the running\n"
    "cluster are free, prints a table, and writes pictures, animations and arrays.\n"
    "\n"
    "What is solved:\n"
    "  --n N                   a grid of N x N points (1024)\n"
    "  --shape 512x1024        or of these lengths, one to three\n"
    "  --lx, --ly, --lz SIZE   size of the domain (points are 1 apart)\n"
    "  --initial STATE         cross, disc, square, gauss, wave, half, or FILE.npy, FILE.png (cross)\n"
    "  --alpha NUMBER|FILE     the diffusivity; a file where it varies (1)\n"
    "  --source FILE           what each point gains in a unit of time (none)\n"
    "  --boundary EDGES        fixed, periodic or insulated (fft: periodic, else fixed)\n"
    "  --t TIME, --steps K     how long (t = 100)\n"
    "How:\n"
    "  --method METHODS        fd: finite differences, fft: spectral, cn: Crank-Nicolson; several\n"
    "                          with commas, both (fd,fft), or all (both; fd where alpha is a file)\n"
    "  --dt TIME               a time step of fd and cn (0.1)\n"
    "  --damped K              of cn: damp the first K steps, so that long ones leave no edges; 2 is enough (0)\n"
    "  --laplacian WHICH       continuous or discrete, of fft and cn (fft: continuous)\n"
    "  --dtype, --device, --threads   float64 or float32; auto, cpu or cuda; threads of a job\n"
    "  --sweep NAME=VALUES     a job for each value of an option above: FIRST:LAST:COUNT, for equal\n"
    "                          ratios log:FIRST:LAST:COUNT, or A,B,C; several: all combinations\n"
    "What comes out:\n"
    "  -o, --out FILE          .png: a picture of all jobs; .gif: the same over time; .npy: the array\n"
    "                          of one job. With {alpha}, {method}, {job}, … in the name: a file for\n"
    "                          each job. May be repeated\n"
    "  --frames COUNT, --fps RATE, --size PIXELS   of an animation (50, 12); of a panel (420, many: 190)\n"
    "  --colour-map MAP        viridis, inferno, grey, rdbu or coolwarm (viridis)\n"
    "  --range LOW:HIGH        the ends of the colours; auto, or symmetric about 0 (auto)\n"
    "  --title TEXT            over pictures\n"
    "  --json, --quiet         a summary as JSON instead of the table; neither\n"
    "Which cluster:\n"
    "  --profile NAME, --cluster-id ID    (IPC_PROFILE, IPC_CLUSTER_ID)\n"
    "\n"
    "--help, --version. Exit codes: 0 done, 1 failed (a job or more), 2 wrong usage. Ctrl-C aborts what\n"
    "runs, and leaves the files that are finished.\n";

//  What getopt_long() gives for each option: the settings by their own key, then these.
typedef enum option_id {
    OPTION_SWEEP = IPHEAT_KEYS,
    OPTION_OUT,
    OPTION_FRAMES,
    OPTION_FPS,
    OPTION_SIZE,
    OPTION_COLOUR_MAP,
    OPTION_RANGE,
    OPTION_TITLE,
    OPTION_JSON,
    OPTION_QUIET,
    OPTION_PROFILE,
    OPTION_CLUSTER_ID,
    OPTION_HELP,
    OPTION_VERSION
} option_id_t;

static const struct option other_options[] = {
    {"sweep", required_argument, NULL, OPTION_SWEEP},
    {"out", required_argument, NULL, OPTION_OUT},
    {"frames", required_argument, NULL, OPTION_FRAMES},
    {"fps", required_argument, NULL, OPTION_FPS},
    {"size", required_argument, NULL, OPTION_SIZE},
    {"colour-map", required_argument, NULL, OPTION_COLOUR_MAP},
    {"color-map", required_argument, NULL, OPTION_COLOUR_MAP},
    {"range", required_argument, NULL, OPTION_RANGE},
    {"title", required_argument, NULL, OPTION_TITLE},
    {"json", no_argument, NULL, OPTION_JSON},
    {"quiet", no_argument, NULL, OPTION_QUIET},
    {"profile", required_argument, NULL, OPTION_PROFILE},
    {"cluster-id", required_argument, NULL, OPTION_CLUSTER_ID},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};
enum { OTHER_OPTIONS = sizeof other_options / sizeof other_options[0] };

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

static bool read_count(const char *option, const char *text, int least, int most,
                       int *count)
{
    char *rest = NULL;
    const long value = strtol(text, &rest, 10);
    if (rest == text || *rest || value < least || value > most)
        return wrong("--%s takes a whole number from %d to %d, not '%s'", option, least,
                     most, text);
    *count = (int) value;
    return true;
}

static bool set_range(ipheat_options_t *self, const char *text)
{
    char *rest = NULL;
    self->range = strcmp(text, "symmetric") == 0 ? IPHEAT_SYMMETRIC : IPHEAT_AUTO;
    if (self->range == IPHEAT_SYMMETRIC || strcmp(text, "auto") == 0)
        return true;
    self->range = IPHEAT_GIVEN;
    self->low = strtod(text, &rest);
    bool sound = rest != text && *rest == ':';
    const char *second = rest + 1;
    if (sound)
        self->high = strtod(second, &rest);
    if (!sound || rest == second || *rest || !isfinite(self->low) ||
        !isfinite(self->high) || self->low >= self->high)
        return wrong("--range takes LOW:HIGH such as -1:1, auto or symmetric, not '%s'",
                     text);
    return true;
}

static bool add_axis(ipheat_options_t *self, const char *text)
{
    ipc_error_t error;
    if (self->axis_count == IPHEAT_AXES_MAX - 1)
        return wrong("--sweep may be given %d times", IPHEAT_AXES_MAX - 1);
    if (ipheat_axis_read(&self->axes[self->axis_count], text, &error))
        return wrong("%s", error.text);
    self->axis_count++;
    return true;
}

static bool add_out(ipheat_options_t *self, const char *path)
{
    if (self->out_count == IPHEAT_OUTPUTS_MAX)
        return wrong("--out may be given %d times", IPHEAT_OUTPUTS_MAX);
    self->out[self->out_count++] = path;
    return true;
}

static bool set_setting(ipheat_options_t *self, ipheat_key_t key, const char *text)
{
    ipc_error_t error;
    if (ipheat_settings_set(&self->settings, key, text, &self->files, &error))
        return wrong("%s", error.text);
    return true;
}

static bool set_option(ipheat_options_t *self, int id, const char *text,
                       const char **methods)
{
    switch (id) {
    case IPHEAT_METHOD: return *methods = text, true;
    case OPTION_SWEEP: return add_axis(self, text);
    case OPTION_OUT: return add_out(self, text);
    case OPTION_FRAMES:
        return read_count("frames", text, 2, IPHEAT_FRAMES_MAX, &self->frames);
    case OPTION_SIZE: return read_count("size", text, 50, 2000, &self->size);
    case OPTION_FPS: return read_count("fps", text, 1, 50, &self->fps);
    case OPTION_COLOUR_MAP:
        return colours_find(&self->colours, text) ||
               wrong(
                   "--colour-map takes one of viridis|inferno|grey|rdbu|coolwarm, not '%s'",
                   text);
    case OPTION_RANGE: return set_range(self, text);
    case OPTION_TITLE: return self->title = text, true;
    case OPTION_JSON: return self->json = true;
    case OPTION_QUIET: return self->quiet = true;
    case OPTION_PROFILE: return self->profile = text, true;
    case OPTION_CLUSTER_ID: return self->cluster_id = text, true;
    default: return set_setting(self, (ipheat_key_t) id, text);
    }
}

//  --- What options say together ----------------------------------------------------------

static bool add_methods(ipheat_options_t *self, const char *text)
{
    ipc_error_t error;
    if (ipheat_axis_read_methods(&self->axes[self->axis_count], text, &error))
        return wrong("%s", error.text);
    self->axis_count++;
    return true;
}

static bool check_axes(const ipheat_options_t *self)
{
    for (size_t k = 0; k < self->axis_count; k++) {
        const char *name = ipheat_keywords[self->axes[k].key].name;
        if (self->settings.at[self->axes[k].key].text)
            return wrong("--sweep gives the values of %s, so --%s cannot too", name, name);
        for (size_t i = 0; i < k; i++)
            if (self->axes[i].key == self->axes[k].key)
                return wrong("two of --sweep are of %s", name);
    }
    if (ipheat_options_jobs(self) > IPHEAT_JOBS_MAX)
        return wrong("the values of --sweep and --method make more than %d jobs together",
                     IPHEAT_JOBS_MAX);
    return true;
}

//  Says which value of a sweep is wrong; a single job's settings speak for themselves.
static bool check_values(ipheat_options_t *self)
{
    ipc_error_t error;
    for (size_t k = 0; k < self->axis_count; k++)
        for (size_t i = 0; i < self->axes[k].count; i++) {
            ipheat_settings_t settings = {0};
            const ipheat_axis_t *axis = &self->axes[k];
            if (ipheat_settings_set(&settings, axis->key, axis->values[i], &self->files,
                                    &error) == 0)
                continue;
            if (axis->key == IPHEAT_METHOD)
                return wrong(
                    "--method takes one or more of fd|fft|cn, both or all, not '%s'",
                    axis->values[i]);
            return wrong("value %zu of --sweep %s: %s", i + 1,
                         ipheat_keywords[axis->key].name, error.text);
        }
    for (size_t i = 0; i < ipheat_options_jobs(self); i++) {
        ipheat_settings_t settings;
        if (ipheat_options_job(self, i, &settings, &error))
            return wrong("%s", error.text);
    }
    return true;
}

static bool check_options(ipheat_options_t *self, const char *methods)
{
    if (!add_methods(self, methods) || !check_axes(self) || !check_values(self))
        return false;
    if ((self->frames || self->fps) && !ipheat_options_moves(self))
        return wrong("--%s is of an animation, which --out FILE.gif writes",
                     self->frames ? "frames" : "fps");
    self->frames = self->frames ? self->frames : 50;
    self->fps = self->fps ? self->fps : 12;
    return true;
}

static void fill_options(struct option options[IPHEAT_KEYS + OTHER_OPTIONS])
{
    for (ipheat_key_t key = 0; key < IPHEAT_KEYS; key++)
        options[key] =
            (struct option){ipheat_keywords[key].name, required_argument, NULL, (int) key};
    memcpy(options + IPHEAT_KEYS, other_options, sizeof other_options);
}

bool ipheat_options_read(ipheat_options_t *self, int argc, char **argv, int *exit_code)
{
    struct option options[IPHEAT_KEYS + OTHER_OPTIONS];
    const char *methods = NULL;
    *self = (ipheat_options_t){.colours = COLOURS_VIRIDIS};
    *exit_code = EXIT_USAGE;
    fill_options(options);
    opterr = 0; // the sentences are ours
    optind = 1;
    for (int id; (id = getopt_long(argc, argv, ":o:", options, NULL)) != -1;) {
        if (id == '?')
            return wrong("'%s' is no option", argv[optind - 1]);
        if (id == ':')
            return wrong("%s needs a value", argv[optind - 1]);
        if (id == OPTION_HELP || id == OPTION_VERSION) {
            fputs(id == OPTION_HELP ? help : "ipheat " IPC_VERSION "\n", stdout);
            *exit_code = EXIT_DONE;
            return false;
        }
        if (!set_option(self, id == 'o' ? OPTION_OUT : id, optarg, &methods))
            return false;
    }
    if (optind < argc)
        return wrong("'%s' is no option", argv[optind]);
    if (!methods) // a diffusivity that varies is for finite differences alone
        methods = self->settings.at[IPHEAT_ALPHA].array ? "fd" : "both";
    return check_options(self, methods);
}

void ipheat_options_clear(ipheat_options_t *self)
{
    for (size_t k = 0; k < IPHEAT_AXES_MAX; k++) ipheat_axis_clear(&self->axes[k]);
    ipheat_files_clear(&self->files);
}

size_t ipheat_options_jobs(const ipheat_options_t *self)
{
    return ipheat_axes_jobs(self->axes, self->axis_count);
}

int ipheat_options_job(ipheat_options_t *self, size_t i, ipheat_settings_t *settings,
                       ipc_error_t *error)
{
    *settings = self->settings;
    for (size_t k = 0; k < self->axis_count; k++) {
        const ipheat_axis_t *axis = &self->axes[k];
        const size_t place = ipheat_axes_place(self->axes, self->axis_count, k, i);
        if (ipheat_settings_set(settings, axis->key, axis->values[place], &self->files,
                                error))
            return -1;
    }
    ipheat_settings_complete(settings);
    return ipheat_settings_check(settings, error);
}

bool ipheat_options_varies(const ipheat_options_t *self, ipheat_key_t key)
{
    for (size_t k = 0; k < self->axis_count; k++)
        if (self->axes[k].key == key)
            return self->axes[k].count > 1;
    return false;
}

bool ipheat_options_moves(const ipheat_options_t *self)
{
    for (size_t i = 0; i < self->out_count; i++)
        if (file_ends(self->out[i], ".gif"))
            return true;
    return false;
}
