#include "tools/ipheat_job.h"

#include <math.h>
#include <string.h>

const char *ipheat_method_name(const ipheat_settings_t *settings)
{
    return ipheat_settings_is(settings, IPHEAT_METHOD, "fd")    ? "finite differences"
           : ipheat_settings_is(settings, IPHEAT_METHOD, "fft") ? "spectral"
                                                                : "Crank-Nicolson";
}

static bool is_number(ipheat_key_t key)
{
    const ipheat_kind_t kind = ipheat_keywords[key].kind;
    return kind == IPHEAT_POSITIVE || kind == IPHEAT_AMOUNT || kind == IPHEAT_COUNT ||
           kind == IPHEAT_COUNT_OR_NONE || kind == IPHEAT_POSITIVE_OR_FILE;
}

const char *ipheat_value_text(const ipheat_settings_t *settings, ipheat_key_t key,
                              char *text, size_t size)
{
    const ipheat_setting_t *setting = &settings->at[key];
    const char *slash = setting->text ? strrchr(setting->text, '/') : NULL;
    if (!setting->text)
        return "";
    if (key == IPHEAT_METHOD)
        return ipheat_method_name(settings);
    if (setting->array)
        return slash ? slash + 1 : setting->text;
    if (!is_number(key))
        return setting->text;
    snprintf(text, size, "%.6g", setting->number);
    return text;
}

const char *ipheat_plane_text(const ipheat_settings_t *settings, char *text, size_t size)
{
    size_t shape[3];
    double first, last;
    text[0] = 0;
    if (ipheat_settings_shape(settings, shape) < 3)
        return text;
    const bool given = ipheat_settings_edges(settings, 2, &first, &last);
    const double middle = (double) (shape[0] / 2) + 0.5;
    snprintf(text, size, "%s = %.4g", given ? "z" : "z / \u0394z",
             first + middle / (double) shape[0] * (last - first));
    return text;
}

//  Whether methods are side by side that have other edges each, since nobody said which.
static bool edges_differ(const ipheat_job_t *self, const ipheat_options_t *options)
{
    const ipheat_axis_t *methods = &options->axes[options->axis_count - 1];
    size_t spectral = 0;
    for (size_t i = 0; i < methods->count; i++) spectral += strcmp(methods->values[i], "fft") == 0;
    return !self->settings.at[IPHEAT_BOUNDARY].text && spectral > 0 && spectral < methods->count;
}

void ipheat_job_caption(const ipheat_job_t *self, const ipheat_options_t *options,
                        char *text, size_t size)
{
    const char *separator = "";
    size_t length = 0;
    text[0] = 0;
    for (size_t k = 0; k < options->axis_count && length < size; k++) {
        const ipheat_key_t key = options->axes[k].key;
        char number[32];
        const char *value = ipheat_value_text(&self->settings, key, number, sizeof number);
        const ipheat_kind_t kind = ipheat_keywords[key].kind;
        const bool word = kind == IPHEAT_WORD || kind == IPHEAT_STATE;
        if (value == number)
            snprintf(number, sizeof number, "%.4g", self->settings.at[key].number);
        if (options->axes[k].count < 2)
            continue;
        length += (size_t) snprintf(
            text + length, size - length, word ? "%s%.0s%s%s" : "%s%s = %s%s", separator,
            ipheat_keywords[key].symbol, value, key == IPHEAT_BOUNDARY ? " edges" : "");
        separator = ", ";
    }
    if (edges_differ(self, options) && length < size)
        snprintf(text + length, size - length, " (%s edges)", ipheat_settings_boundary(&self->settings));
}

//  Whether frames are at whole steps.
static bool takes_steps(const ipheat_job_t *self, const ipheat_options_t *options)
{
    const ipheat_axis_t *methods = &options->axes[options->axis_count - 1];
    for (size_t i = 0; i < methods->count; i++)
        if (strcmp(methods->values[i], "fft") != 0)
            return true;
    return self->settings.at[IPHEAT_STEPS].text != NULL;
}

//  The steps, or the time, that frame i comes after; none of its numbers may overflow.
static double part_of(const ipheat_options_t *options, double whole, size_t frame)
{
    return whole * (double) frame / (double) (options->frames - 1);
}

static int64_t step_of(const ipheat_job_t *self, const ipheat_options_t *options,
                       size_t frame)
{
    return llround(
        part_of(options, (double) ipheat_settings_steps(&self->settings), frame));
}

double ipheat_job_instant(const ipheat_job_t *self, const ipheat_options_t *options,
                          size_t frame)
{
    if (takes_steps(self, options))
        return (double) step_of(self, options, frame) * self->settings.at[IPHEAT_DT].number;
    return part_of(options, ipheat_settings_time(&self->settings), frame);
}

ipheat_leg_t ipheat_job_leg(const ipheat_job_t *self, const ipheat_options_t *options,
                            const ipc_array_t *state)
{
    ipheat_leg_t leg = {.state = state ? state : self->start};
    const size_t frame = self->frame, before = frame > 0 ? frame - 1 : 0;
    if (!ipheat_options_moves(options))
        return leg;
    const bool spectral = ipheat_settings_is(&self->settings, IPHEAT_METHOD, "fft");
    leg.extent = spectral ? IPHEAT_FOR_TIME : IPHEAT_FOR_STEPS;
    if (spectral)
        leg.t = ipheat_job_instant(self, options, frame) -
                ipheat_job_instant(self, options, before);
    else {
        leg.before = step_of(self, options, before);
        leg.steps = step_of(self, options, frame) - leg.before;
    }
    return leg;
}
