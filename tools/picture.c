#include "tools/picture.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "tools/file.h"
#include "tools/picture_draw.h"

//  Distances in pixels, besides those of picture_draw.h.
enum {
    BORDER = 10,
    HEAD = 42,        // of the picture's title
    TOP = 30,         // of a panel's title
    BETWEEN = 30,     // two panels that share their axes: half of a number on each side
    LEAST = 24,       // of the shorter side of a field
    BAR_MAX = 640,    // a shared colour bar's height
    APART = 10,       // at least, from a panel's title to the next one
    LETTERS_LEAST = 9, // a long title's
    LETTERS_IN_TWO = 11, // at most, of a panel's title in two lines
    LETTERS_IN_TWO_LEAST = 7,
    CAPTION_SIZE = 256
};

//  Where everything of a picture is.
typedef struct layout {
    const picture_t *picture;
    size_t columns, rows; // of panels
    double width, height; // of the largest field
    double left, right;   // beside each field
    double below;
    double caption; // of the width of a panel's title, at most
    bool outer; // only the panels at the edges have numbers at their axes
} layout_t;

//  The size of a panel's field: as wide for its height as its domain is.
static void panel_size(const picture_t *picture, const picture_panel_t *panel,
                       double *width, double *height)
{
    double x = fabs(panel->right - panel->left), y = fabs(panel->bottom - panel->top);
    if (panel->field.rows == 1)
        y = 0.62 * x;
    double scale = (double) picture->size / fmax(x, y);
    *width = fmax(LEAST, round(x * scale));
    *height = fmax(LEAST, round(y * scale));
}

static bool has_axes_of(const picture_panel_t *panel, const picture_panel_t *first)
{
    return panel->left == first->left && panel->right == first->right &&
           panel->top == first->top && panel->bottom == first->bottom;
}

static layout_t layout_of(const picture_t *picture)
{
    layout_t self = {.picture = picture, .outer = picture->shared};
    self.columns = picture->count < picture->columns ? picture->count : picture->columns;
    self.rows = (picture->count + self.columns - 1) / self.columns;
    for (size_t i = 0; i < picture->count; i++) {
        double width, height;
        panel_size(picture, &picture->panels[i], &width, &height);
        self.width = fmax(self.width, width);
        self.height = fmax(self.height, height);
        self.outer = self.outer && has_axes_of(&picture->panels[i], picture->panels);
    }
    const bool bars = !picture->shared;
    self.left = self.outer ? BETWEEN : DRAW_LEFT;
    self.right = bars ? DRAW_GAP + DRAW_BAR + DRAW_RIGHT : self.outer ? 0 : BETWEEN;
    self.below = self.outer ? 0 : DRAW_BOTTOM;
    self.caption = self.width + self.left + self.right - APART;
    return self;
}

//  The height of all panels, with their titles, and without what is below the last ones.
static double height_of_panels(const layout_t *self)
{
    return (double) self->rows * (TOP + self->height) +
           (double) (self->rows - 1) * self->below;
}

static box_t place_of(const layout_t *self, size_t i)
{
    const picture_t *picture = self->picture;
    box_t box = {.x = BORDER + DRAW_LEFT, .y = BORDER + (picture->title ? HEAD : 0) + TOP};
    panel_size(picture, &picture->panels[i], &box.width, &box.height);
    box.x += (double) (i % self->columns) * (self->width + self->left + self->right);
    box.y += (double) (i / self->columns) * (self->height + TOP + self->below);
    return box;
}

//  The text up to the comma that is nearest to its middle, and what follows that; or all of it, and NULL.
static const char *split_caption(const char *text, char *first, size_t size)
{
    const size_t length = strlen(text);
    size_t best = length;
    for (const char *comma = text; (comma = strstr(comma, ", ")); comma++) {
        const size_t at = (size_t) (comma - text), far = at > length / 2 ? at - length / 2 : length / 2 - at;
        if (best == length || far < (best > length / 2 ? best - length / 2 : length / 2 - best))
            best = at;
    }
    snprintf(first, size, "%.*s", (int) (best == length ? length : best + 1), text);
    return best == length ? NULL : text + best + 2;
}

//  How wide a panel's title is, in two lines where it is wider than one may be.
static double caption_width(canvas_t *canvas, const char *text, int size, double most)
{
    char first[CAPTION_SIZE];
    const double whole = draw_width(canvas, text, size);
    const char *second = whole > most ? split_caption(text, first, sizeof first) : NULL;
    return second ? fmax(draw_width(canvas, first, size), draw_width(canvas, second, size)) : whole;
}

//  Whether all titles of panels keep away from those beside them.
static bool captions_fit(canvas_t *canvas, const layout_t *layout, int size, bool in_two)
{
    bool fit = true;
    for (size_t i = 0; i < layout->picture->count; i++)
        fit = fit && caption_width(canvas, layout->picture->panels[i].title, size,
                                   in_two ? layout->caption : INFINITY) <= layout->caption;
    return fit;
}

//  The letters of all titles of panels: smaller ones where some are long, and such that have room in two
//  lines where one would be too small to read.
static int caption_letters(canvas_t *canvas, const layout_t *layout)
{
    int size = DRAW_TEXT_TITLE;
    while (size > LETTERS_LEAST && !captions_fit(canvas, layout, size, false)) size--;
    if (captions_fit(canvas, layout, size, false))
        return size;
    size = LETTERS_IN_TWO;
    while (size > LETTERS_IN_TWO_LEAST && !captions_fit(canvas, layout, size, true)) size--;
    return size;
}

static void draw_caption(canvas_t *canvas, const layout_t *layout, const char *text, box_t box, int size)
{
    char first[CAPTION_SIZE];
    const double x = box.x + box.width / 2, y = box.y - TOP / 2.0, line = 6;
    const char *second =
        draw_width(canvas, text, size) > layout->caption ? split_caption(text, first, sizeof first) : NULL;
    draw_title(canvas, second ? first : text, x, second ? y - line : y, size);
    if (second)
        draw_title(canvas, second, x, y + line, size);
}

//      letters    of its title
static int draw_one(canvas_t *canvas, const layout_t *layout, size_t i, int letters, ipc_error_t *error)
{
    const picture_t *picture = layout->picture;
    const picture_panel_t *panel = &picture->panels[i];
    const bool curve = panel->field.rows == 1;
    box_t box = place_of(layout, i);
    if (draw_panel(canvas, panel, box, error))
        return -1;
    draw_caption(canvas, layout, panel->title, box, letters);
    if (!layout->outer || i + layout->columns >= picture->count)
        draw_x_axis(canvas, panel, box, picture->x);
    if (!layout->outer || i % layout->columns == 0)
        draw_y_axis(canvas, panel, box, curve ? picture->u : picture->y);
    if (!picture->shared && !curve && panel->field.rows > 0)
        draw_bar(canvas, panel,
                 (box_t){box.x + box.width + DRAW_GAP, box.y, DRAW_BAR, box.height},
                 picture->u);
    return 0;
}

//  The bar beside all panels, as tall as they are, up to a limit.
static void draw_shared_bar(canvas_t *canvas, const layout_t *layout)
{
    const picture_t *picture = layout->picture;
    size_t last = layout->columns - 1;
    box_t box = place_of(layout, last);
    const double whole = height_of_panels(layout) - TOP;
    box.x += layout->width + (layout->outer ? 0 : layout->right) + DRAW_GAP;
    box.width = DRAW_BAR;
    box.height = round(fmin(whole, BAR_MAX));
    box.y += floor((whole - box.height) / 2);
    draw_bar(canvas, picture->panels, box, picture->u);
}

//  A title that is too long for the picture has smaller letters, as far as one can read them.
static void draw_head(canvas_t *canvas, const char *title)
{
    const double width = cairo_image_surface_get_width(canvas->surface);
    int size = DRAW_TEXT_HEAD;
    while (size > LETTERS_LEAST && draw_width(canvas, title, size) > width - 2 * BORDER)
        size--;
    draw_title(canvas, title, width / 2, BORDER + HEAD / 2.0 - 4, size);
}

static int draw_all(canvas_t *canvas, const layout_t *layout, ipc_error_t *error)
{
    const picture_t *picture = layout->picture;
    bool fields = false;
    const int letters = caption_letters(canvas, layout);
    cairo_set_source_rgb(canvas->cairo, 1, 1, 1);
    cairo_paint(canvas->cairo);
    for (size_t i = 0; i < picture->count; i++) {
        fields = fields || picture->panels[i].field.rows > 1;
        if (draw_one(canvas, layout, i, letters, error))
            return -1;
    }
    if (picture->shared && fields)
        draw_shared_bar(canvas, layout);
    if (picture->title)
        draw_head(canvas, picture->title);
    if (cairo_status(canvas->cairo) == CAIRO_STATUS_SUCCESS)
        return 0;
    return ipc_fail(error, IPC_E_MEMORY, "a picture of %zu panels cannot be drawn: %s",
                    picture->count, cairo_status_to_string(cairo_status(canvas->cairo)));
}

//  Letters without colours at their edges, which would take room in a palette.
static void set_font(canvas_t *self)
{
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_set_font_options(self->cairo, options);
    cairo_font_options_destroy(options);
    cairo_select_font_face(self->cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           CAIRO_FONT_WEIGHT_NORMAL);
}

int canvas_draw(canvas_t *self, const picture_t *picture, int levels, ipc_error_t *error)
{
    if (picture->count == 0 || picture->count > PICTURE_PANELS_MAX || picture->columns == 0)
        return ipc_fail(error, IPC_E_ARGUMENT, "a picture has 1 to %d panels, not %zu",
                        PICTURE_PANELS_MAX, picture->count);
    layout_t layout = layout_of(picture);
    box_t last = place_of(&layout, layout.columns - 1);
    double bar = picture->shared ? DRAW_GAP + DRAW_BAR + DRAW_RIGHT : 0;
    double width = last.x + layout.width + layout.right + bar + BORDER;
    double height =
        2 * BORDER + (picture->title ? HEAD : 0) + height_of_panels(&layout) + DRAW_BOTTOM;
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int) width, (int) height);
    *self = (canvas_t){.surface = surface,
                       .cairo = cairo_create(surface),
                       .text = picture->size >= PICTURE_SIZE ? 1 : 0.9,
                       .levels = levels};
    set_font(self);
    if (draw_all(self, &layout, error)) {
        canvas_clear(self);
        return -1;
    }
    cairo_surface_flush(surface);
    return 0;
}

void canvas_clear(canvas_t *self)
{
    if (self->cairo)
        cairo_destroy(self->cairo);
    if (self->surface)
        cairo_surface_destroy(self->surface);
    *self = (canvas_t){0};
}

//  --- Files -------------------------------------------------------------------------------

int picture_check(const char *path, ipc_error_t *error)
{
    if (file_ends(path, ".gif"))
        return picture_check_gif(path, error) ? -1 : file_check(path, error);
    if (file_ends(path, ".png"))
        return file_check(path, error);
    return ipc_fail(error, IPC_E_ARGUMENT,
                    "%s is no name for a picture: end it in .png, or in .gif for one that "
                    "moves",
                    path);
}

static cairo_status_t write_bytes(void *stream, const unsigned char *data, unsigned size)
{
    return fwrite(data, 1, size, stream) == size ? CAIRO_STATUS_SUCCESS
                                                 : CAIRO_STATUS_WRITE_ERROR;
}

static int write_png(const char *path, cairo_surface_t *surface, ipc_error_t *error)
{
    FILE *stream = fopen(path, "wb");
    if (!stream)
        return ipc_fail(error, IPC_E_SYSTEM, "%s cannot be written: %s", path,
                        strerror(errno));
    errno = 0;
    cairo_status_t status = cairo_surface_write_to_png_stream(surface, write_bytes, stream);
    int first = errno;
    bool closed = fclose(stream) == 0;
    if (status == CAIRO_STATUS_SUCCESS && closed)
        return 0;
    const char *reason =
        first || !closed ? strerror(first ? first : errno) : cairo_status_to_string(status);
    return file_spoilt(path, reason, error);
}

int picture_write(const char *path, const picture_t *picture, ipc_error_t *error)
{
    canvas_t canvas;
    if (canvas_draw(&canvas, picture, 0, error))
        return -1;
    int status = write_png(path, canvas.surface, error);
    canvas_clear(&canvas);
    return status;
}

//  What cairo reads may have any of its formats: it is painted on one of ours.
static ipc_array_t *array_of_image(cairo_surface_t *image, ipc_error_t *error)
{
    const int columns = cairo_image_surface_get_width(image);
    const int rows = cairo_image_surface_get_height(image);
    const size_t shape[] = {(size_t) rows, (size_t) columns};
    ipc_array_t *array = ipc_array_new(IPC_F64, 2, shape, error);
    if (!array)
        return NULL;
    cairo_surface_t *plain = cairo_image_surface_create(CAIRO_FORMAT_RGB24, columns, rows);
    cairo_t *cairo = cairo_create(plain);
    cairo_set_source_surface(cairo, image, 0, 0);
    cairo_paint(cairo);
    cairo_destroy(cairo);
    cairo_surface_flush(plain);
    const unsigned char *pixels = cairo_image_surface_get_data(plain);
    const size_t stride = (size_t) cairo_image_surface_get_stride(plain);
    double *u = ipc_array_f64(array);
    for (size_t i = 0; pixels && i < shape[0] * shape[1]; i++) {
        uint32_t p;
        memcpy(&p, pixels + i / shape[1] * stride + i % shape[1] * sizeof p, sizeof p);
        // The weights of Rec. 709, which make 1 together.
        u[i] =
            (0.2126 * (p >> 16 & 0xff) + 0.7152 * (p >> 8 & 0xff) + 0.0722 * (p & 0xff)) /
            255;
    }
    if (!pixels) {
        ipc_fail(error, IPC_E_MEMORY, "no memory for %d x %d pixels", rows, columns);
        ipc_array_destroy(&array);
    }
    cairo_surface_destroy(plain);
    return array;
}

ipc_array_t *picture_read(const char *path, ipc_error_t *error)
{
    cairo_surface_t *image = cairo_image_surface_create_from_png(path);
    const cairo_status_t status = cairo_surface_status(image);
    ipc_array_t *array = NULL;
    if (status == CAIRO_STATUS_SUCCESS)
        array = array_of_image(image, error);
    else
        ipc_fail(error,
                 status == CAIRO_STATUS_FILE_NOT_FOUND ? IPC_E_SYSTEM : IPC_E_ARGUMENT,
                 "%s cannot be read as PNG: %s", path, cairo_status_to_string(status));
    cairo_surface_destroy(image);
    return array;
}
