#include "tools/ipheat_settings.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "tools/file.h"
#include "tools/npy.h"
#include "tools/picture.h"

// clang-format off
const ipheat_keyword_t ipheat_keywords[IPHEAT_KEYS] = {
    [IPHEAT_N]         = {"n", "N", IPHEAT_COUNT, NULL, false},
    [IPHEAT_SHAPE]     = {"shape", "N", IPHEAT_LENGTHS, NULL, false},
    [IPHEAT_LX]        = {"lx", "Lx", IPHEAT_POSITIVE, NULL, false},
    [IPHEAT_LY]        = {"ly", "Ly", IPHEAT_POSITIVE, NULL, false},
    [IPHEAT_LZ]        = {"lz", "Lz", IPHEAT_POSITIVE, NULL, false},
    [IPHEAT_INITIAL]   = {"initial", "from", IPHEAT_STATE, "cross|disc|square|gauss|wave|half", false},
    [IPHEAT_SOURCE]    = {"source", "source", IPHEAT_FILE, NULL, false},
    [IPHEAT_ALPHA]     = {"alpha", "\u03b1", IPHEAT_POSITIVE_OR_FILE, NULL, false},
    [IPHEAT_BOUNDARY]  = {"boundary", "edges", IPHEAT_WORD, "fixed|periodic|insulated", false},
    [IPHEAT_METHOD]    = {"method", "method", IPHEAT_WORD, "fd|fft|cn", false},
    [IPHEAT_T]         = {"t", "t", IPHEAT_AMOUNT, NULL, true},
    [IPHEAT_DT]        = {"dt", "\u0394t", IPHEAT_POSITIVE, NULL, true},
    [IPHEAT_STEPS]     = {"steps", "steps", IPHEAT_COUNT_OR_NONE, NULL, true},
    [IPHEAT_DAMPED]    = {"damped", "damped", IPHEAT_COUNT_OR_NONE, NULL, true},
    [IPHEAT_LAPLACIAN] = {"laplacian", "Laplacian", IPHEAT_WORD, "continuous|discrete", false},
    [IPHEAT_DTYPE]     = {"dtype", "dtype", IPHEAT_WORD, "float64|float32", false},
    [IPHEAT_DEVICE]    = {"device", "device", IPHEAT_WORD, "auto|cpu|cuda", true},
    [IPHEAT_THREADS]   = {"threads", "threads", IPHEAT_COUNT, NULL, true},
};
// clang-format on

enum { WHOLE_MAX = 1000000000, THREADS_MAX = 4096 };

ipheat_key_t ipheat_key_find(const char *name, size_t length)
{
    ipheat_key_t key = 0;
    while (key < IPHEAT_KEYS && (strlen(ipheat_keywords[key].name) != length ||
                                 strncmp(ipheat_keywords[key].name, name, length) != 0))
        key++;
    return key;
}

void ipheat_files_clear(ipheat_files_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free(self->files[i].path);
        ipc_array_destroy(&self->files[i].array);
    }
    free(self->files);
    *self = (ipheat_files_t){0};
}

static bool names_file(const char *text)
{
    return file_ends(text, ".npy") || file_ends(text, ".png");
}

//  Gives the array of a file, or NULL with *error.
static const ipc_array_t *read_file(ipheat_files_t *self, const char *path,
                                    ipc_error_t *error)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp(self->files[i].path, path) == 0)
            return self->files[i].array;
    ipc_array_t *array =
        file_ends(path, ".npy") ? npy_read(path, error) : picture_read(path, error);
    if (!array)
        return NULL;
    const ipc_dtype_t dtype = ipc_array_dtype(array);
    if (dtype == IPC_C64 || dtype == IPC_C128 || ipc_array_ndim(array) > 3) {
        ipc_fail(
            error, IPC_E_ARGUMENT,
            "%s has %d dimensions of %s, and a state has one to three, of real numbers",
            path, ipc_array_ndim(array), ipc_dtype_name(dtype));
        ipc_array_destroy(&array);
        return NULL;
    }
    self->files = ipc_xgrow(self->files, self->count, self->count + 1, sizeof *self->files);
    self->files[self->count++] = (ipheat_file_t){ipc_xstrdup(path), array};
    return array;
}

//  --- One setting -------------------------------------------------------------------------

static bool is_word_of(const char *words, const char *text)
{
    const size_t length = strlen(text);
    for (const char *at = words; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        if (length == strcspn(at, "|") && strncmp(at, text, length) == 0)
            return true;
    return false;
}

//  Reads a number that is the whole text.
static bool read_number(const char *text, double *number)
{
    char *rest = NULL;
    *number = strtod(text, &rest);
    return rest != text && !*rest && !isspace((unsigned char) *text) && isfinite(*number);
}

//  Tells what a number must be that is none like that, or gives NULL.
static const char *refuse_number(ipheat_key_t key, double value)
{
    const ipheat_kind_t kind = ipheat_keywords[key].kind;
    const bool whole = kind == IPHEAT_COUNT || kind == IPHEAT_COUNT_OR_NONE;
    if (key == IPHEAT_THREADS)
        return value != floor(value) || value < 1 || value > THREADS_MAX
                   ? "a whole number from 1 to 4096"
                   : NULL;
    if (whole && (value != floor(value) || value > WHOLE_MAX))
        return "a whole number up to 1000000000";
    if (value < 0)
        return "a number that is not negative";
    if (value == 0 && kind != IPHEAT_COUNT_OR_NONE && kind != IPHEAT_AMOUNT)
        return "a number over 0";
    return NULL;
}

static int set_number(ipheat_setting_t *self, ipheat_key_t key, const char *text,
                      ipc_error_t *error)
{
    const char *wanted = "a number";
    if (read_number(text, &self->number))
        wanted = refuse_number(key, self->number);
    return wanted ? ipc_fail(error, IPC_E_ARGUMENT, "--%s takes %s, not '%s'",
                             ipheat_keywords[key].name, wanted, text)
                  : 0;
}

//  Reads "512x1024"; gives the number of lengths, 0 when it is none such.
static int read_lengths(const char *text, size_t shape[3])
{
    int ndim = 0;
    for (const char *at = text; ndim < 3; at++) {
        char *rest = NULL;
        unsigned long long length =
            isdigit((unsigned char) *at) ? strtoull(at, &rest, 10) : 0;
        if (length < 1 || length > WHOLE_MAX)
            return 0;
        shape[ndim++] = (size_t) length;
        at = rest;
        if (!*at)
            return ndim;
        if (*at != 'x')
            return 0;
    }
    return 0;
}

static int set_file(ipheat_setting_t *self, const char *text, ipheat_files_t *files,
                    ipc_error_t *error)
{
    self->array = read_file(files, text, error);
    return self->array ? 0 : -1;
}

static int set_value(ipheat_setting_t *self, ipheat_key_t key, const char *text,
                     ipheat_files_t *files, ipc_error_t *error)
{
    const ipheat_keyword_t *keyword = &ipheat_keywords[key];
    const char *name = keyword->name;
    size_t shape[3];
    switch (keyword->kind) {
    case IPHEAT_LENGTHS:
        return read_lengths(text, shape)
                   ? 0
                   : ipc_fail(error, IPC_E_ARGUMENT,
                              "--%s takes one to three lengths such as 512x1024, not '%s'",
                              name, text);
    case IPHEAT_WORD:
        return is_word_of(keyword->words, text)
                   ? 0
                   : ipc_fail(error, IPC_E_ARGUMENT, "--%s takes one of %s, not '%s'", name,
                              keyword->words, text);
    case IPHEAT_STATE:
        if (is_word_of(keyword->words, text))
            return 0;
        return names_file(text)
                   ? set_file(self, text, files, error)
                   : ipc_fail(error, IPC_E_ARGUMENT,
                              "--%s takes one of %s, or a file that ends in .npy "
                              "or .png, not '%s'",
                              name, keyword->words, text);
    case IPHEAT_FILE:
        return names_file(text)
                   ? set_file(self, text, files, error)
                   : ipc_fail(error, IPC_E_ARGUMENT,
                              "--%s takes a file that ends in .npy or .png, not '%s'", name,
                              text);
    case IPHEAT_POSITIVE_OR_FILE:
        return names_file(text) ? set_file(self, text, files, error)
                                : set_number(self, key, text, error);
    default: return set_number(self, key, text, error);
    }
}

int ipheat_settings_set(ipheat_settings_t *self, ipheat_key_t key, const char *text,
                        ipheat_files_t *files, ipc_error_t *error)
{
    ipheat_setting_t setting = {.text = text};
    if (set_value(&setting, key, text, files, error))
        return -1;
    self->at[key] = setting;
    return 0;
}

//  --- All of them -------------------------------------------------------------------------

static void set_default(ipheat_settings_t *self, ipheat_key_t key, const char *text)
{
    if (!self->at[key].text)
        ipheat_settings_set(self, key, text, NULL, NULL); // numbers alone, so no files
}

void ipheat_settings_complete(ipheat_settings_t *self)
{
    if (!self->at[IPHEAT_SHAPE].text && !self->at[IPHEAT_INITIAL].array)
        set_default(self, IPHEAT_N, "1024");
    if (!self->at[IPHEAT_STEPS].text)
        set_default(self, IPHEAT_T, "100");
    set_default(self, IPHEAT_DT, "0.1");
    set_default(self, IPHEAT_ALPHA, "1");
}

int ipheat_settings_check(const ipheat_settings_t *self, ipc_error_t *error)
{
    if (self->at[IPHEAT_T].text && self->at[IPHEAT_STEPS].text)
        return ipc_fail(error, IPC_E_ARGUMENT,
                        "--t and --steps both say how long: give one of them");
    if (self->at[IPHEAT_N].text && self->at[IPHEAT_SHAPE].text)
        return ipc_fail(error, IPC_E_ARGUMENT,
                        "--n and --shape both say what the grid is: give one of them");
    if (self->at[IPHEAT_INITIAL].array &&
        (self->at[IPHEAT_N].text || self->at[IPHEAT_SHAPE].text))
        return ipc_fail(error, IPC_E_ARGUMENT, "the grid is that of %s: leave --%s out",
                        self->at[IPHEAT_INITIAL].text,
                        self->at[IPHEAT_N].text ? "n" : "shape");
    return 0;
}

bool ipheat_settings_is(const ipheat_settings_t *self, ipheat_key_t key, const char *word)
{
    return self->at[key].text && strcmp(self->at[key].text, word) == 0;
}

int ipheat_settings_shape(const ipheat_settings_t *self, size_t shape[3])
{
    const ipc_array_t *initial = self->at[IPHEAT_INITIAL].array;
    if (initial) {
        const int ndim = ipc_array_ndim(initial);
        memcpy(shape, ipc_array_shape(initial), (size_t) ndim * sizeof *shape);
        return ndim;
    }
    if (self->at[IPHEAT_SHAPE].text)
        return read_lengths(self->at[IPHEAT_SHAPE].text, shape);
    shape[0] = shape[1] = (size_t) self->at[IPHEAT_N].number;
    return 2;
}

double ipheat_settings_time(const ipheat_settings_t *self)
{
    return self->at[IPHEAT_STEPS].text
               ? self->at[IPHEAT_STEPS].number * self->at[IPHEAT_DT].number
               : self->at[IPHEAT_T].number;
}

int64_t ipheat_settings_steps(const ipheat_settings_t *self)
{
    if (self->at[IPHEAT_STEPS].text)
        return (int64_t) self->at[IPHEAT_STEPS].number;
    const double steps = self->at[IPHEAT_T].number / self->at[IPHEAT_DT].number;
    return (int64_t) fmin(round(steps), INT32_MAX);
}

const char *ipheat_settings_boundary(const ipheat_settings_t *self)
{
    const char *boundary = self->at[IPHEAT_BOUNDARY].text;
    return boundary                                         ? boundary
           : ipheat_settings_is(self, IPHEAT_METHOD, "fft") ? "periodic"
                                                            : "fixed";
}

bool ipheat_settings_edges(const ipheat_settings_t *self, int axis, double *first,
                           double *last)
{
    size_t shape[3];
    const int ndim = ipheat_settings_shape(self, shape);
    const double n = axis < ndim ? (double) shape[ndim - 1 - axis] : 1;
    static const ipheat_key_t extents[] = {IPHEAT_LX, IPHEAT_LY, IPHEAT_LZ};
    const ipheat_setting_t *given = &self->at[extents[axis]];
    const char *boundary = ipheat_settings_boundary(self);
    double distance = 1;
    if (given->text && n > 1)
        distance = given->number / (strcmp(boundary, "fixed") == 0 ? n - 1 : n);
    const double shift = given->text && strcmp(boundary, "insulated") == 0 ? 0 : -0.5;
    *first = shift * distance;
    *last = (n + shift) * distance;
    return given->text != NULL;
}

//  --- Named states ------------------------------------------------------------------------

//  A state's number at a point, of which x are the places in a domain from 0 to 1.
typedef double state_fn(const double *x, int ndim);

static double disc(const double *x, int ndim)
{
    double squared = 0;
    for (int k = 0; k < ndim; k++) squared += (x[k] - 0.5) * (x[k] - 0.5);
    return squared <= 0.25 * 0.25;
}

static double square(const double *x, int ndim)
{
    bool inside = true;
    for (int k = 0; k < ndim; k++) inside = inside && fabs(x[k] - 0.5) <= 0.25;
    return inside;
}

static double gauss(const double *x, int ndim)
{
    double squared = 0;
    for (int k = 0; k < ndim; k++) squared += (x[k] - 0.5) * (x[k] - 0.5);
    return exp(-squared / (2 * 0.1 * 0.1));
}

static double wave(const double *x, int ndim)
{
    double product = 1;
    for (int k = 0; k < ndim; k++) product *= sin(2 * M_PI * x[k]);
    return product;
}

//  A wave of which no heat passes the edge.
static double insulated_wave(const double *x, int ndim)
{
    double product = 1;
    for (int k = 0; k < ndim; k++) product *= cos(2 * M_PI * x[k]);
    return product;
}

static double half(const double *x, int ndim)
{
    return x[ndim - 1] < 0.5;
}

static state_fn *state_of(const ipheat_settings_t *self)
{
    const bool insulated = strcmp(ipheat_settings_boundary(self), "insulated") == 0;
    return ipheat_settings_is(self, IPHEAT_INITIAL, "disc")     ? disc
           : ipheat_settings_is(self, IPHEAT_INITIAL, "square") ? square
           : ipheat_settings_is(self, IPHEAT_INITIAL, "gauss")  ? gauss
           : ipheat_settings_is(self, IPHEAT_INITIAL, "half")   ? half
           : !ipheat_settings_is(self, IPHEAT_INITIAL, "wave")  ? NULL
           : insulated                                          ? insulated_wave
                                                                : wave;
}

//  Where point i of n is, from 0 to 1. A wave is one of the domain's own, whose points are
//  where --boundary has them; all else lies in the middle, whatever that is.
static double place_of(const ipheat_settings_t *self, size_t i, size_t n)
{
    const char *boundary = ipheat_settings_boundary(self);
    if (!ipheat_settings_is(self, IPHEAT_INITIAL, "wave") ||
        strcmp(boundary, "insulated") == 0)
        return ((double) i + 0.5) / (double) n;
    return (double) i / (double) (strcmp(boundary, "fixed") == 0 && n > 1 ? n - 1 : n);
}

ipc_array_t *ipheat_settings_state(const ipheat_settings_t *self, ipc_error_t *error)
{
    *error = (ipc_error_t){0};
    state_fn *state = state_of(self);
    if (!state)
        return NULL;
    size_t shape[3];
    const int ndim = ipheat_settings_shape(self, shape);
    const bool single = ipheat_settings_is(self, IPHEAT_DTYPE, "float32");
    ipc_array_t *array = ipc_array_new(single ? IPC_F32 : IPC_F64, ndim, shape, error);
    for (size_t i = 0; array && i < ipc_array_count(array); i++) {
        double x[3];
        size_t rest = i;
        for (int k = ndim - 1; k >= 0; k--) {
            x[k] = place_of(self, rest % shape[k], shape[k]);
            rest /= shape[k];
        }
        if (single)
            ipc_array_f32(array)[i] = (float) state(x, ndim);
        else
            ipc_array_f64(array)[i] = state(x, ndim);
    }
    return array;
}

//  --- The call ----------------------------------------------------------------------------

static void add(ipheat_call_t *self, const char *key, ipc_value_t value)
{
    self->items[self->count++] = ipc_value_from_str(key);
    self->items[self->count++] = value;
}

//  What a setting is for heat.solve.
static ipc_value_t value_of(const ipheat_setting_t *setting, ipheat_kind_t kind,
                            ipheat_call_t *call)
{
    size_t shape[3];
    if (setting->array)
        return ipc_value_from_array(setting->array);
    if (kind == IPHEAT_WORD || kind == IPHEAT_STATE)
        return ipc_value_from_str(setting->text);
    if (kind == IPHEAT_COUNT || kind == IPHEAT_COUNT_OR_NONE)
        return ipc_value_from_i64((int64_t) setting->number);
    if (kind != IPHEAT_LENGTHS)
        return ipc_value_from_f64(setting->number);
    const int ndim = read_lengths(setting->text, shape);
    for (int k = 0; k < ndim; k++)
        call->lengths[k] = ipc_value_from_i64((int64_t) shape[k]);
    return ipc_value_from_list(call->lengths, (size_t) ndim);
}

//  A state says what the grid's shape is, a leg how long it is.
static bool is_said(const ipheat_settings_t *self, const ipheat_leg_t *leg,
                    ipheat_key_t key)
{
    if (key == IPHEAT_N || key == IPHEAT_SHAPE || key == IPHEAT_INITIAL)
        return !leg->state;
    if (key == IPHEAT_T || key == IPHEAT_STEPS)
        return leg->extent == IPHEAT_WHOLE;
    if (key == IPHEAT_DAMPED)
        return ipheat_settings_is(self, IPHEAT_METHOD, "cn") && self->at[key].number > (double) leg->before;
    return key != IPHEAT_LAPLACIAN || !ipheat_settings_is(self, IPHEAT_METHOD, "fd");
}

void ipheat_settings_call(const ipheat_settings_t *self, const ipheat_leg_t *leg,
                          ipheat_call_t *call)
{
    call->count = 0;
    for (ipheat_key_t key = 0; key < IPHEAT_KEYS; key++)
        if (self->at[key].text && is_said(self, leg, key))
            add(call, ipheat_keywords[key].name,
                key == IPHEAT_DAMPED ? ipc_value_from_i64((int64_t) self->at[key].number - leg->before)
                                     : value_of(&self->at[key], ipheat_keywords[key].kind, call));
    if (leg->state)
        add(call, "initial", ipc_value_from_array(leg->state));
    if (leg->extent == IPHEAT_FOR_STEPS)
        add(call, "steps", ipc_value_from_i64(leg->steps));
    if (leg->extent == IPHEAT_FOR_TIME)
        add(call, "t", ipc_value_from_f64(leg->t));
}
