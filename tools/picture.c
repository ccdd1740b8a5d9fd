#include "tools/picture.h"

#include <cairo.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fail.h"

//  Distances in pixels, at a size of PICTURE_SIZE; the text of a small sheet is a little
//  smaller.
enum {
    LEFT = 62,                 // of a field, with the row numbers and the axis' name
    TOP = 42,                  // with the panel's title
    BOTTOM = 52,               // with the column numbers and the axis' name
    GAP = 14,                  // between field and colour bar
    BAR = 15,                  // the colour bar's width
    RIGHT = 66,                // with the colour bar's numbers
    HEAD = 44,                 // with the picture's title
    BORDER = 10,
    TICK = 4,
    TICKS = 5,                 // about how many an axis has
    TEXT = 12,                 // heights of letters
    TEXT_TITLE = 15,
    TEXT_HEAD = 18
};
static const double ink = 0.15, ink_pale = 0.35; // grey of titles and frames, of numbers

typedef struct canvas {
    cairo_t *cairo;
    double text;               // the size of the letters, 1 at PICTURE_SIZE
} canvas_t;

typedef struct box {
    double x, y, width, height;
} box_t;

typedef enum align { ALIGN_LEFT, ALIGN_MIDDLE, ALIGN_RIGHT } align_t;

//  Writes one line whose middle is at height y.
static void draw_text(canvas_t *self, const char *text, double x, double y, int size,
                      align_t align)
{
    cairo_text_extents_t extents;
    cairo_set_font_size(self->cairo, size * self->text);
    cairo_text_extents(self->cairo, text, &extents);
    double shift = align == ALIGN_LEFT ? 0 : align == ALIGN_RIGHT ? 1 : 0.5;
    cairo_move_to(self->cairo, round(x - shift * extents.x_advance),
                  round(y + 0.36 * size * self->text));
    cairo_show_text(self->cairo, text);
}

static void set_font(canvas_t *self, cairo_font_weight_t weight, double grey)
{
    cairo_select_font_face(self->cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL, weight);
    cairo_set_source_rgb(self->cairo, grey, grey, grey);
}

//  A line of one pixel from (x, y), which are whole numbers: its middle is half a pixel
//  further.
static void draw_tick(canvas_t *self, double x, double y, double dx, double dy)
{
    cairo_set_line_width(self->cairo, 1);
    cairo_move_to(self->cairo, x + 0.5, y + 0.5);
    cairo_rel_line_to(self->cairo, dx, dy);
    cairo_stroke(self->cairo);
}

static void draw_frame(canvas_t *self, box_t box)
{
    cairo_set_source_rgb(self->cairo, ink, ink, ink);
    cairo_set_line_width(self->cairo, 1);
    cairo_rectangle(self->cairo, box.x - 0.5, box.y - 0.5, box.width + 1, box.height + 1);
    cairo_stroke(self->cairo);
}

//  A round distance of ticks: 1, 2 or 5 times a power of ten, about TICKS of them in the
//  range.
static double tick_step(double range, double ticks)
{
    double raw = range / ticks, power = pow(10, floor(log10(raw)));
    double lead = raw / power;
    return power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
}

//  Numbers as people write them: a minus sign, as many decimals as the step needs.
static void format_number(char *buffer, size_t size, double value, double step)
{
    int decimals = (int) fmax(0, -floor(log10(step) + 1e-9));
    char digits[48];
    snprintf(digits, sizeof digits, "%.*f", decimals, fabs(value));
    snprintf(buffer, size, "%s%s", value < -step / 2 ? "\u2212" : "", digits);
}

//  The power of ten that is taken out of a bar's numbers: 0 where they are handy as they
//  are.
static int common_exponent(double low, double high)
{
    double largest = fmax(fabs(low), fabs(high));
    if (largest == 0 || (largest >= 0.01 && largest < 1e4))
        return 0;
    return (int) floor(log10(largest));
}

static void format_power(char *buffer, size_t size, int exponent)
{
    static const char *const raised[] = {"\u2070", "\u00b9", "\u00b2", "\u00b3", "\u2074",
                                         "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};
    char digits[16];
    snprintf(digits, sizeof digits, "%d", abs(exponent));
    size_t length =
        (size_t) snprintf(buffer, size, "\u00d710%s", exponent < 0 ? "\u207b" : "");
    for (const char *digit = digits; *digit; digit++)
        length +=
            (size_t) snprintf(buffer + length, size - length, "%s", raised[*digit - '0']);
}

//  A range that colours can be spread over, also when all is equal.
static void widen(double *low, double *high)
{
    if (*high > *low)
        return;
    double half = *low == 0 ? 1 : fabs(*low) / 2;
    *low -= half;
    *high += half;
}

//  Paints the field into the box, one area mean for each pixel.
static int draw_field(canvas_t *self, const picture_panel_t *panel, box_t box,
                      ipc_error_t *error)
{
    size_t rows = (size_t) box.height, columns = (size_t) box.width;
    double *values = ipc_xalloc(rows * columns * sizeof *values);
    field_resample(&panel->field, panel->minus, rows, columns, values);
    cairo_surface_t *image =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int) columns, (int) rows);
    unsigned char *pixels = cairo_image_surface_get_data(image);
    if (!pixels) {
        free(values);
        cairo_surface_destroy(image);
        return ipc_fail(error, IPC_E_MEMORY, "no memory for a panel of %zu x %zu pixels",
                        rows, columns);
    }
    size_t stride = (size_t) cairo_image_surface_get_stride(image);
    double low = panel->low, high = panel->high;
    widen(&low, &high);
    cairo_surface_flush(image);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            double x = (values[i * columns + j] - low) / (high - low);
            uint32_t colour = colours_at(panel->colours, x);
            memcpy(pixels + i * stride + j * sizeof colour, &colour, sizeof colour);
        }
    cairo_surface_mark_dirty(image);
    cairo_set_source_surface(self->cairo, image, box.x, box.y);
    cairo_paint(self->cairo);
    cairo_surface_destroy(image);
    free(values);
    return 0;
}

//  Numbers of columns below the field, of rows at its left.
static void draw_axes(canvas_t *self, const field_t *field, box_t box, double ticks)
{
    char text[64];
    set_font(self, CAIRO_FONT_WEIGHT_NORMAL, ink_pale);
    double step = fmax(1, tick_step((double) field->columns, ticks));
    for (double c = 0; c < (double) field->columns; c += step) {
        double x = floor(box.x + (c + 0.5) / (double) field->columns * box.width);
        draw_tick(self, x, box.y + box.height, 0, TICK);
        format_number(text, sizeof text, c, step);
        draw_text(self, text, x, box.y + box.height + TICK + TEXT * self->text, TEXT,
                  ALIGN_MIDDLE);
    }
    step = fmax(1, tick_step((double) field->rows, ticks));
    for (double r = 0; r < (double) field->rows; r += step) {
        double y = floor(box.y + (r + 0.5) / (double) field->rows * box.height);
        draw_tick(self, box.x - 1, y, -TICK, 0);
        format_number(text, sizeof text, r, step);
        draw_text(self, text, box.x - TICK - 5, y, TEXT, ALIGN_RIGHT);
    }
}

static void draw_axis_names(canvas_t *self, box_t box)
{
    set_font(self, CAIRO_FONT_WEIGHT_NORMAL, ink);
    draw_text(self, "column", box.x + box.width / 2, box.y + box.height + BOTTOM - 16, TEXT,
              ALIGN_MIDDLE);
    cairo_save(self->cairo);
    cairo_translate(self->cairo, box.x - LEFT + 12, box.y + box.height / 2);
    cairo_rotate(self->cairo, -M_PI / 2);
    draw_text(self, "row", 0, 0, TEXT, ALIGN_MIDDLE);
    cairo_restore(self->cairo);
}

static void draw_bar(canvas_t *self, const picture_panel_t *panel, box_t box, double ticks)
{
    double low = panel->low, high = panel->high;
    widen(&low, &high);
    for (int y = 0; y < (int) box.height; y++) {
        uint32_t colour = colours_at(panel->colours, 1 - (y + 0.5) / box.height);
        cairo_set_source_rgb(self->cairo, (colour >> 16) / 255.0,
                             ((colour >> 8) & 0xff) / 255.0, (colour & 0xff) / 255.0);
        cairo_rectangle(self->cairo, box.x, box.y + y, box.width, 1);
        cairo_fill(self->cairo);
    }
    draw_frame(self, box);

    set_font(self, CAIRO_FONT_WEIGHT_NORMAL, ink_pale);
    char text[64];
    int exponent = common_exponent(low, high);
    double unit = pow(10, exponent), step = tick_step((high - low) / unit, ticks);
    for (double k = ceil(low / unit / step - 1e-6); k * step <= high / unit + step * 1e-6;
         k++) {
        double part = (k * step * unit - low) / (high - low);
        double y = round(box.y + (1 - part) * (box.height - 1));
        draw_tick(self, box.x + box.width, y, TICK, 0);
        format_number(text, sizeof text, k * step, step);
        draw_text(self, text, box.x + box.width + TICK + 4, y, TEXT, ALIGN_LEFT);
    }
    if (exponent == 0)
        return;
    format_power(text, sizeof text, exponent);
    draw_text(self, text, box.x, box.y - TEXT * self->text, TEXT, ALIGN_LEFT);
}

//  Draws a panel whose corner is at (x, y).
static int draw_panel(canvas_t *self, const picture_panel_t *panel, double x, double y,
                      size_t size, ipc_error_t *error)
{
    const field_t *field = &panel->field;
    double longer = (double) (field->rows > field->columns ? field->rows : field->columns);
    box_t box = {x + LEFT, y + TOP,
                 fmax(1, round((double) size * (double) field->columns / longer)),
                 fmax(1, round((double) size * (double) field->rows / longer))};
    double ticks = fmax(2, (double) size / ((double) PICTURE_SIZE / TICKS));
    if (draw_field(self, panel, box, error))
        return -1;
    draw_frame(self, box);
    draw_axes(self, field, box, ticks);
    if (size >= PICTURE_SIZE)
        draw_axis_names(self, box);
    draw_bar(self, panel, (box_t){box.x + box.width + GAP, box.y, BAR, box.height},
             ticks * 1.2);
    set_font(self, CAIRO_FONT_WEIGHT_BOLD, ink);
    draw_text(self, panel->title, box.x + box.width / 2, box.y - TOP / 2.0, TEXT_TITLE,
              ALIGN_MIDDLE);
    return 0;
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
    return ipc_fail(error, IPC_E_SYSTEM, "%s cannot be written: %s", path, reason);
}

static int draw_panels(canvas_t *canvas, const picture_t *picture, box_t panel, double head,
                       ipc_error_t *error)
{
    for (size_t i = 0; i < picture->count; i++) {
        double x = BORDER + (double) (i % picture->columns) * panel.width;
        double y = BORDER + head + (double) (i / picture->columns) * panel.height;
        if (draw_panel(canvas, &picture->panels[i], x, y, picture->size, error))
            return -1;
    }
    return 0;
}

int picture_check(const char *path, ipc_error_t *error)
{
    size_t length = strlen(path);
    if (length < 5 || strcmp(path + length - 4, ".png") != 0)
        return ipc_fail(
            error, IPC_E_ARGUMENT,
            "%s is no name for a picture: it is written as PNG, so end it in .png", path);
    const char *slash = strrchr(path, '/');
    char *folder =
        slash ? ipc_xformat("%.*s/", (int) (slash - path), path) : ipc_xstrdup(".");
    int reason = access(folder, W_OK | X_OK) ? errno : 0;
    free(folder);
    if (reason)
        return ipc_fail(error, IPC_E_SYSTEM, "%s cannot be written: %s", path,
                        strerror(reason));
    return 0;
}

int picture_write(const char *path, const picture_t *picture, ipc_error_t *error)
{
    if (picture->count == 0 || picture->count > PICTURE_PANELS_MAX || picture->columns == 0)
        return ipc_fail(error, IPC_E_ARGUMENT, "a picture has 1 to %d panels, not %zu",
                        PICTURE_PANELS_MAX, picture->count);
    double head = picture->title ? HEAD : 0;
    double bottom = picture->size >= PICTURE_SIZE ? BOTTOM : BOTTOM / 2.0;
    box_t panel = {.width = (double) picture->size + LEFT + GAP + BAR + RIGHT,
                   .height = (double) picture->size + TOP + bottom};
    size_t across = picture->count < picture->columns ? picture->count : picture->columns;
    size_t down = (picture->count + picture->columns - 1) / picture->columns;
    int width = (int) (2 * BORDER + (double) across * panel.width);
    int height = (int) (2 * BORDER + head + (double) down * panel.height);

    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    canvas_t canvas = {cairo_create(surface), picture->size >= PICTURE_SIZE ? 1 : 0.85};
    cairo_set_source_rgb(canvas.cairo, 1, 1, 1);
    cairo_paint(canvas.cairo);
    if (picture->title) {
        set_font(&canvas, CAIRO_FONT_WEIGHT_NORMAL, ink);
        draw_text(&canvas, picture->title, width / 2.0, BORDER + HEAD / 2.0, TEXT_HEAD,
                  ALIGN_MIDDLE);
    }
    int status = draw_panels(&canvas, picture, panel, head, error);
    if (status == 0 && cairo_status(canvas.cairo) != CAIRO_STATUS_SUCCESS)
        status =
            ipc_fail(error, IPC_E_MEMORY, "%s cannot be drawn at %d x %d pixels: %s", path,
                     width, height, cairo_status_to_string(cairo_status(canvas.cairo)));
    if (status == 0)
        status = write_png(path, surface, error);
    cairo_destroy(canvas.cairo);
    cairo_surface_destroy(surface);
    return status;
}
