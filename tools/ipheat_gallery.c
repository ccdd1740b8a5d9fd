#include "tools/ipheat_gallery.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "tools/file.h"
#include "tools/picture.h"

enum {
    SHEET_COLUMNS = 5, // panels side by side in a sheet, when nothing says more
    COLUMNS_MAX = 12,
    FEW = 5,   // up to so many panels are large
    EXACT = 4, // up to so many jobs are kept in doubles, for their differences
    TEXT_SIZE = 256
};

//  What one frame of a job shows.
typedef struct shot {
    void *numbers;    // NULL: it was not taken
    field_t field;    // of those
    double low, high; // of the frame, not only of its pixels
} shot_t;

struct ipheat_gallery {
    const ipheat_options_t *options;
    size_t jobs, frames;
    size_t size;   // of panels, in pixels
    bool exact;    // shots are of doubles
    shot_t *shots; // frames of job 0, of job 1, …
};

//  One picture, or animation, under way.
typedef struct show {
    ipheat_gallery_t *gallery;
    const ipheat_job_t *jobs;
    size_t count;
    picture_panel_t *panels; // of the jobs, then of the difference
    char (*captions)[TEXT_SIZE];
    picture_t picture;
    char title[TEXT_SIZE], frame_title[TEXT_SIZE], x[TEXT_SIZE], y[TEXT_SIZE];
    bool moves;      // all frames are shown
    bool timed;      // all jobs are at the same times
    bool difference; // is shown in the last panel
} show_t;

ipheat_gallery_t *ipheat_gallery_new(const ipheat_options_t *options)
{
    ipheat_gallery_t *self = ipc_xalloc(sizeof *self);
    const size_t jobs = ipheat_options_jobs(options);
    *self = (ipheat_gallery_t){
        .options = options,
        .jobs = jobs,
        .frames = ipheat_options_moves(options) ? (size_t) options->frames : 1,
        .size = options->size ? (size_t) options->size
                : jobs > FEW  ? PICTURE_SIZE_SMALL
                              : PICTURE_SIZE,
        .exact = jobs <= EXACT};
    self->shots = ipc_xalloc(jobs * self->frames * sizeof *self->shots);
    return self;
}

void ipheat_gallery_destroy(ipheat_gallery_t **self_p)
{
    ipheat_gallery_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (size_t i = 0; i < self->jobs * self->frames; i++) free(self->shots[i].numbers);
    free(self->shots);
    free(self);
}

static shot_t *shot_of(const ipheat_gallery_t *self, const ipheat_job_t *job, size_t frame)
{
    return &self->shots[job->index * self->frames + frame];
}

static size_t at_most(size_t count, size_t most)
{
    return count < most ? count : most;
}

int ipheat_gallery_take(ipheat_gallery_t *self, const ipheat_job_t *job, size_t frame,
                        ipc_error_t *error)
{
    const size_t rows = at_most(job->field.rows, self->size);
    const size_t columns = at_most(job->field.columns, self->size);
    const size_t count = rows * columns;
    double *numbers = malloc(count * sizeof *numbers);
    shot_t *shot = shot_of(self, job, frame);
    if (!numbers)
        return ipc_fail(error, IPC_E_MEMORY,
                        "no memory for the %zu x %zu pixels of a frame", rows, columns);
    field_resample(&job->field, NULL, rows, columns, numbers);
    *shot = (shot_t){.numbers = numbers,
                     .field = {.f64 = numbers, .rows = rows, .columns = columns},
                     .low = job->low,
                     .high = job->high};
    if (job->whole.rows != job->field.rows) // a plane of three dimensions has a range of its own
        field_range(&job->field, &shot->low, &shot->high);
    if (self->exact)
        return 0;
    float *single = (float *) numbers; // written behind what is read
    for (size_t i = 0; i < count; i++) {
        const float number = (float) numbers[i];
        memcpy(&single[i], &number, sizeof number);
    }
    single = realloc(single, count * sizeof *single);
    shot->numbers = single ? single : shot->numbers;
    shot->field.f64 = NULL;
    shot->field.f32 = shot->numbers;
    return 0;
}

//  --- Words -------------------------------------------------------------------------------

static void append(char *text, const char *separator, const char *more)
{
    const size_t length = strlen(text);
    snprintf(text + length, TEXT_SIZE - length, "%s%s", length > 0 ? separator : "", more);
}

//  Whether jobs take steps, so that dt is worth a word.
static bool any_steps(const show_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (!ipheat_settings_is(&self->jobs[i].settings, IPHEAT_METHOD, "fft"))
            return true;
    return false;
}

//  Whether a setting is told over all panels: one that all jobs of the picture have.
static bool is_common(const show_t *self, ipheat_key_t key)
{
    const ipheat_settings_t *first = &self->jobs[0].settings;
    if (key == IPHEAT_METHOD || !first->at[key].text || ipheat_keywords[key].is_time)
        return false;
    for (size_t i = 1; i < self->count; i++)
        if (strcmp(self->jobs[i].settings.at[key].text, first->at[key].text) != 0)
            return false;
    return true;
}

//  "512 × 1024"
static const char *shape_text(const ipheat_settings_t *settings, char *text, size_t size)
{
    size_t shape[3], length = 0;
    const int ndim = ipheat_settings_shape(settings, shape);
    for (int k = 0; k < ndim; k++)
        length += (size_t) snprintf(text + length, size - length, "%s%zu",
                                    k > 0 ? " \u00d7 " : "", shape[k]);
    return text;
}

static void add_setting(const show_t *self, ipheat_key_t key, char *text)
{
    char number[64], words[TEXT_SIZE];
    const ipheat_settings_t *settings = &self->jobs[0].settings;
    const char *value = key == IPHEAT_SHAPE
                            ? shape_text(settings, number, sizeof number)
                            : ipheat_value_text(settings, key, number, sizeof number);
    const char *symbol = ipheat_keywords[key].symbol;
    if (key == IPHEAT_BOUNDARY)
        snprintf(words, sizeof words, "%s edges", value);
    else if (ipheat_keywords[key].kind == IPHEAT_WORD || key == IPHEAT_INITIAL)
        snprintf(words, sizeof words, "%s %s", symbol, value);
    else
        snprintf(words, sizeof words, "%s = %s", symbol, value);
    append(text, ", ", words);
}

//  Whether all jobs of the picture come to the same times.
static bool is_timed(const show_t *self)
{
    for (size_t i = 1; i < self->count; i++)
        for (size_t frame = 0; frame < self->gallery->frames; frame++)
            if (ipheat_job_instant(&self->jobs[i], self->gallery->options, frame) !=
                ipheat_job_instant(&self->jobs[0], self->gallery->options, frame))
                return false;
    return true;
}

static bool same_time(const show_t *self)
{
    for (size_t i = 1; i < self->count; i++)
        if (ipheat_settings_time(&self->jobs[i].settings) !=
            ipheat_settings_time(&self->jobs[0].settings))
            return false;
    return true;
}

//  Tells which plane is shown where it is the same of all jobs.
static void add_plane(const show_t *self, char *text)
{
    char plane[64], other[64];
    ipheat_plane_text(&self->jobs[0].settings, plane, sizeof plane);
    for (size_t i = 1; i < self->count; i++)
        if (strcmp(ipheat_plane_text(&self->jobs[i].settings, other, sizeof other), plane) != 0)
            return;
    if (plane[0])
        append(text, ", ", plane);
}

//  "Heat equation, spectral: N = 1024, α = 1, Δt = 0.1, t = 100", without what varies.
static void write_title(show_t *self)
{
    char number[64], settings[TEXT_SIZE] = "";
    const ipheat_options_t *options = self->gallery->options;
    snprintf(self->title, TEXT_SIZE, "Heat equation");
    if (options->title) {
        snprintf(self->title, TEXT_SIZE, "%s", options->title);
        return;
    }
    const bool one = self->count == 1 || !ipheat_options_varies(options, IPHEAT_METHOD);
    if (one)
        append(self->title, ", ", ipheat_method_name(&self->jobs[0].settings));
    for (ipheat_key_t key = 0; key < IPHEAT_KEYS; key++)
        if (is_common(self, key))
            add_setting(self, key, settings);
    add_plane(self, settings);
    if (any_steps(self) && (self->count == 1 || !ipheat_options_varies(options, IPHEAT_DT)))
        add_setting(self, IPHEAT_DT, settings);
    if (!self->moves && same_time(self)) {
        snprintf(number, sizeof number, "t = %.6g",
                 ipheat_settings_time(&self->jobs[0].settings));
        append(settings, ", ", number);
    }
    append(self->title, ": ", settings);
}

//  The title of a frame: a time with as many digits in all frames, so that nothing jumps.
static void write_frame_title(show_t *self, size_t frame)
{
    const ipheat_options_t *options = self->gallery->options;
    const double end = ipheat_settings_time(&self->jobs[0].settings);
    const double step = end / (double) (options->frames - 1);
    const int decimals = step > 0 ? (int) fmin(12, fmax(0, 2 - floor(log10(step)))) : 0;
    char text[TEXT_SIZE];
    if (self->timed)
        snprintf(text, sizeof text, "t = %.*f", decimals,
                 ipheat_job_instant(&self->jobs[0], options, frame));
    else
        snprintf(text, sizeof text, "frame %zu of %d", frame + 1, options->frames);
    snprintf(self->frame_title, TEXT_SIZE, "%s", self->title);
    append(self->frame_title, ", ", text);
}

//  --- Panels ------------------------------------------------------------------------------

static void place_panel(picture_panel_t *panel, const ipheat_settings_t *settings)
{
    ipheat_settings_edges(settings, 0, &panel->left, &panel->right);
    ipheat_settings_edges(settings, 1, &panel->top, &panel->bottom);
}

//  The range of all shots that are shown, so that equal colours are equal heat.
static void find_range(const show_t *self, double *low, double *high)
{
    const ipheat_options_t *options = self->gallery->options;
    const size_t frames = self->gallery->frames;
    *low = INFINITY, *high = -INFINITY;
    for (size_t i = 0; i < self->count; i++)
        for (size_t frame = self->moves ? 0 : frames - 1; frame < frames; frame++) {
            const shot_t *shot = shot_of(self->gallery, &self->jobs[i], frame);
            *low = shot->numbers ? fmin(*low, shot->low) : *low;
            *high = shot->numbers ? fmax(*high, shot->high) : *high;
        }
    if (options->range == IPHEAT_SYMMETRIC) {
        *high = fmax(fabs(*low), fabs(*high));
        *low = -*high;
    }
    if (options->range == IPHEAT_GIVEN)
        *low = options->low, *high = options->high;
}

//  The largest difference of the first two jobs in what is shown.
static double find_distance(const show_t *self)
{
    const size_t frames = self->gallery->frames;
    double most = 0;
    for (size_t frame = self->moves ? 0 : frames - 1; frame < frames; frame++) {
        const shot_t *a = shot_of(self->gallery, &self->jobs[0], frame);
        const shot_t *b = shot_of(self->gallery, &self->jobs[1], frame);
        most = fmax(most, field_distance(&a->field, &b->field));
    }
    return most;
}

//  Lets the panels show a frame.
static void show_frame(show_t *self, size_t frame)
{
    for (size_t i = 0; i < self->count; i++)
        self->panels[i].field = shot_of(self->gallery, &self->jobs[i], frame)->field;
    if (self->difference) {
        self->panels[self->count].field = self->panels[0].field;
        self->panels[self->count].minus = &self->panels[1].field;
    }
}

static void add_difference(show_t *self)
{
    char *caption = self->captions[self->count];
    const double distance = find_distance(self);
    snprintf(caption, TEXT_SIZE, "%s \u2212 %s", self->captions[0], self->captions[1]);
    picture_panel_t *panel = &self->panels[self->count];
    *panel = self->panels[0];
    panel->title = caption;
    panel->colours = COLOURS_RDBU;
    panel->low = -distance;
    panel->high = distance;
}

//  Columns of a sheet that has no other order than its own: as few empty places as can be.
static size_t even_columns(size_t count)
{
    size_t best = SHEET_COLUMNS, least = SIZE_MAX;
    for (size_t columns = SHEET_COLUMNS + 1; columns >= SHEET_COLUMNS - 1; columns--) {
        const size_t empty = (columns - count % columns) % columns;
        if (empty < least)
            least = empty, best = columns;
    }
    return count <= SHEET_COLUMNS ? count : best;
}

//  Of several axes the last one is along the columns, if it is not too long; of a short one,
//  such as methods, as many values of the one before as have room.
static size_t find_columns(const show_t *self)
{
    const ipheat_options_t *options = self->gallery->options;
    size_t axes = 0, last = 0;
    for (size_t k = 0; k < options->axis_count; k++)
        if (options->axes[k].count > 1) {
            axes++;
            last = options->axes[k].count;
        }
    if (axes < 2 || last > COLUMNS_MAX)
        return even_columns(self->count);
    return last < SHEET_COLUMNS - 2 ? SHEET_COLUMNS / last * last : last;
}

static void fill_panels(show_t *self)
{
    const ipheat_options_t *options = self->gallery->options;
    double low, high;
    find_range(self, &low, &high);
    for (size_t i = 0; i < self->count; i++) {
        if (self->count > 1)
            ipheat_job_caption(&self->jobs[i], options, self->captions[i], TEXT_SIZE);
        self->panels[i] = (picture_panel_t){.title = self->captions[i],
                                            .colours = options->colours,
                                            .low = low,
                                            .high = high};
        place_panel(&self->panels[i], &self->jobs[i].settings);
    }
    if (self->difference)
        add_difference(self);
}

//  Whether the picture has the jobs of one combination alone, and two of them to compare.
static bool has_difference(const show_t *self)
{
    const ipheat_options_t *options = self->gallery->options;
    const size_t last = self->gallery->frames - 1;
    if (self->count < 2 || self->count != options->axes[options->axis_count - 1].count)
        return false;
    return shot_of(self->gallery, &self->jobs[0], last)->numbers &&
           shot_of(self->gallery, &self->jobs[1], last)->numbers;
}

static void fill_picture(show_t *self)
{
    double edge;
    const ipheat_settings_t *settings = &self->jobs[0].settings;
    const size_t methods =
        self->gallery->options->axes[self->gallery->options->axis_count - 1].count;
    snprintf(self->x, TEXT_SIZE, "%s",
             ipheat_settings_edges(settings, 0, &edge, &edge) ? "x" : "x / \u0394x");
    snprintf(self->y, TEXT_SIZE, "%s",
             ipheat_settings_edges(settings, 1, &edge, &edge) ? "y" : "y / \u0394y");
    self->picture = (picture_t){.title = self->title,
                                .x = self->x,
                                .y = self->y,
                                .u = "u",
                                .panels = self->panels,
                                .count = self->count + self->difference,
                                .size = self->gallery->size,
                                .shared = self->count > 1 && !self->difference};
    self->picture.columns = self->count == methods || self->count == 1 ? self->picture.count
                                                                       : find_columns(self);
}

static const picture_t *frame_of(void *context, size_t i)
{
    show_t *self = context;
    show_frame(self, i);
    write_frame_title(self, i);
    self->picture.title = self->frame_title;
    return &self->picture;
}

int ipheat_gallery_draw(ipheat_gallery_t *self, const ipheat_job_t *jobs, size_t count,
                        const char *path, ipc_error_t *error)
{
    show_t show = {
        .gallery = self, .jobs = jobs, .count = count, .moves = file_ends(path, ".gif")};
    show.panels = ipc_xalloc((count + 1) * sizeof *show.panels);
    show.captions = ipc_xalloc((count + 1) * sizeof *show.captions);
    show.timed = is_timed(&show);
    show.difference = has_difference(&show);
    write_title(&show);
    fill_panels(&show);
    fill_picture(&show);
    show_frame(&show, self->frames - 1);
    const int status = show.moves ? picture_animate(path, frame_of, &show, self->frames,
                                                    self->options->fps, error)
                                  : picture_write(path, &show.picture, error);
    free(show.captions);
    free(show.panels);
    return status;
}
