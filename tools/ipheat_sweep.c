#include "tools/ipheat_sweep.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

static void add_value(ipheat_axis_t *self, char *value)
{
    self->values =
        ipc_xgrow(self->values, self->count, self->count + 1, sizeof *self->values);
    self->values[self->count++] = value;
}

void ipheat_axis_clear(ipheat_axis_t *self)
{
    for (size_t i = 0; i < self->count; i++) free(self->values[i]);
    free(self->values);
    *self = (ipheat_axis_t){0};
}

//  The shortest text that reads as this number again.
static char *format_number(double number)
{
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    return ipc_xstrdup(text);
}

//  Reads a number that ends at a character, and goes behind that.
static bool read_number(const char **text, char end, double *number)
{
    char *rest = NULL;
    *number = strtod(*text, &rest);
    if (rest == *text || *rest != end || isspace((unsigned char) **text) ||
        !isfinite(*number))
        return false;
    *text = end ? rest + 1 : rest;
    return true;
}

static double value_at(double first, double last, double count, double i, bool ratios)
{
    if (count < 2)
        return first;
    const double part = i / (count - 1);
    // The ends are as they were written: a power may miss them by a last bit.
    const double value = part == 1 ? last
                         : ratios  ? first * pow(last / first, part)
                                   : first + part * (last - first);
    // A last bit must not make 192 of a sweep of n a fraction, nor 0.3 0.30000000000000004.
    char text[32];
    snprintf(text, sizeof text, "%.12g", value);
    return strtod(text, NULL);
}

//  Reads FIRST:LAST:COUNT.
static int read_range(ipheat_axis_t *self, const char *whole, const char *text, bool ratios,
                      ipc_error_t *error)
{
    double first = 0, last = 0, count = 0;
    if (!read_number(&text, ':', &first) || !read_number(&text, ':', &last) ||
        !read_number(&text, 0, &count))
        return ipc_fail(error, IPC_E_ARGUMENT,
                        "--sweep takes NAME=FIRST:LAST:COUNT such as alpha=0.1:2:20, or "
                        "NAME=log:FIRST:LAST:COUNT, or NAME=A,B,C, not '%s'",
                        whole);
    if (count != floor(count) || count < 1 || count > IPHEAT_JOBS_MAX)
        return ipc_fail(error, IPC_E_ARGUMENT, "--sweep takes 1 to %d values, not '%s'",
                        IPHEAT_JOBS_MAX, whole);
    if (ratios && (first <= 0 || last <= 0))
        return ipc_fail(error, IPC_E_ARGUMENT,
                        "equal ratios have no end at 0 or below, which --sweep %s has",
                        whole);
    for (double i = 0; i < count; i++)
        add_value(self, format_number(value_at(first, last, count, i, ratios)));
    return 0;
}

//  Reads A,B,C.
static int read_list(ipheat_axis_t *self, const char *whole, const char *text,
                     ipc_error_t *error)
{
    for (;; text++) {
        const size_t length = strcspn(text, ",");
        if (length == 0)
            return ipc_fail(error, IPC_E_ARGUMENT, "a value is missing in '%s'", whole);
        add_value(self, ipc_xformat("%.*s", (int) length, text));
        text += length;
        if (!*text)
            return 0;
    }
}

static bool is_numeric(ipheat_key_t key)
{
    const ipheat_kind_t kind = ipheat_keywords[key].kind;
    return kind != IPHEAT_WORD && kind != IPHEAT_STATE && kind != IPHEAT_LENGTHS &&
           kind != IPHEAT_FILE;
}

int ipheat_axis_read(ipheat_axis_t *self, const char *text, ipc_error_t *error)
{
    const size_t length = strcspn(text, "=");
    *self = (ipheat_axis_t){.key = ipheat_key_find(text, length)};
    if (self->key == IPHEAT_KEYS)
        return ipc_fail(
            error, IPC_E_ARGUMENT,
            "--sweep is of n, alpha, t, dt, steps or another option that a solve "
            "has, not of '%.*s'",
            (int) length, text);
    if (self->key == IPHEAT_METHOD)
        return ipc_fail(error, IPC_E_ARGUMENT,
                        "--method takes several methods by itself: --method fd,cn");
    const char *values = text + length + (text[length] == '=');
    const bool ratios = strncmp(values, "log:", 4) == 0;
    const bool list = !is_numeric(self->key) || (!strchr(values, ':') && *values);
    int status = list ? read_list(self, text, values, error)
                      : read_range(self, text, ratios ? values + 4 : values, ratios, error);
    if (status)
        ipheat_axis_clear(self);
    return status;
}

int ipheat_axis_read_methods(ipheat_axis_t *self, const char *text, ipc_error_t *error)
{
    const char *methods = strcmp(text, "both") == 0  ? "fd,fft"
                          : strcmp(text, "all") == 0 ? "fd,fft,cn"
                                                     : text;
    *self = (ipheat_axis_t){.key = IPHEAT_METHOD};
    if (read_list(self, text, methods, error)) {
        ipheat_axis_clear(self);
        return -1;
    }
    for (size_t i = 0; i < self->count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(self->values[i], self->values[k]) == 0)
                return ipc_fail(error, IPC_E_ARGUMENT, "--method %s names %s twice", text,
                                self->values[i]);
    return 0;
}

size_t ipheat_axes_jobs(const ipheat_axis_t *axes, size_t count)
{
    size_t jobs = 1;
    for (size_t k = 0; k < count && jobs <= IPHEAT_JOBS_MAX; k++) jobs *= axes[k].count;
    return jobs <= IPHEAT_JOBS_MAX ? jobs : IPHEAT_JOBS_MAX + 1;
}

size_t ipheat_axes_place(const ipheat_axis_t *axes, size_t count, size_t k, size_t job)
{
    for (size_t i = count - 1; i > k; i--) job /= axes[i].count;
    return job % axes[k].count;
}
