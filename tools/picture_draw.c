#include "tools/picture_draw.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

enum { TICK = 4, TICK_DISTANCE = 84, TICK_DISTANCE_BAR = 70, NAME_SIZE = 96 };
static const double ink = 0.15, ink_pale = 0.35; // grey of titles and frames, of numbers

double draw_width(canvas_t *self, const char *text, int size)
{
    cairo_text_extents_t extents;
    cairo_set_font_size(self->cairo, size * self->text);
    cairo_text_extents(self->cairo, text, &extents);
    return extents.x_advance;
}

static void draw_text(canvas_t *self, const char *text, double x, double y, int size,
                      align_t align)
{
    double shift = align == ALIGN_LEFT ? 0 : align == ALIGN_RIGHT ? 1 : 0.5;
    cairo_move_to(self->cairo, round(x - shift * draw_width(self, text, size)),
                  round(y + 0.36 * size * self->text));
    cairo_show_text(self->cairo, text);
}

static void set_grey(canvas_t *self, double grey)
{
    cairo_set_source_rgb(self->cairo, grey, grey, grey);
}

void draw_title(canvas_t *self, const char *text, double x, double y, int size)
{
    set_grey(self, ink);
    draw_text(self, text, x, y, size, ALIGN_MIDDLE);
}

//  A name that is read from below to above.
static void draw_upright(canvas_t *self, const char *text, double x, double y)
{
    cairo_save(self->cairo);
    cairo_translate(self->cairo, x, y);
    cairo_rotate(self->cairo, -M_PI / 2);
    draw_title(self, text, 0, 0, DRAW_TEXT);
    cairo_restore(self->cairo);
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
    set_grey(self, ink);
    cairo_set_line_width(self->cairo, 1);
    cairo_rectangle(self->cairo, box.x - 0.5, box.y - 0.5, box.width + 1, box.height + 1);
    cairo_stroke(self->cairo);
}

//  --- Numbers -----------------------------------------------------------------------------

//  Ticks at round numbers: multiples first … last of step, which is 1, 2 or 5 times a power
//  of ten, in units of a power of ten of their own.
typedef struct ticks {
    double step, unit;
    double first, last;
    int exponent; // of unit; 0 where the numbers are handy as they are
} ticks_t;

static ticks_t ticks_between(double a, double b, double wanted)
{
    const double low = fmin(a, b), high = fmax(a, b), largest = fmax(fabs(low), fabs(high));
    ticks_t ticks = {.unit = 1};
    if (largest > 0 && (largest < 0.01 || largest >= 1e5)) {
        ticks.exponent = (int) floor(log10(largest));
        ticks.unit = pow(10, ticks.exponent);
    }
    double raw = (high - low) / ticks.unit / fmax(2, wanted),
           power = pow(10, floor(log10(raw)));
    double lead = raw / power;
    ticks.step = power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
    ticks.first = ceil(low / ticks.unit / ticks.step - 1e-6);
    ticks.last = floor(high / ticks.unit / ticks.step + 1e-6);
    return ticks;
}

//  Where tick k is between a and b: 0 … 1.
static double tick_part(const ticks_t *ticks, double k, double a, double b)
{
    return (k * ticks->step * ticks->unit - a) / (b - a);
}

//  Numbers as people write them: a minus sign, as many decimals as the step needs.
static void format_tick(char *text, size_t size, const ticks_t *ticks, double k)
{
    int decimals = (int) fmax(0, -floor(log10(ticks->step) + 1e-9));
    snprintf(text, size, "%s%.*f", k < 0 ? "\u2212" : "", decimals, fabs(k * ticks->step));
}

//  Writes "×10⁻⁵", or nothing.
static void format_power(char *text, size_t size, int exponent)
{
    static const char *const raised[] = {"\u2070", "\u00b9", "\u00b2", "\u00b3", "\u2074",
                                         "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};
    char digits[16];
    text[0] = 0;
    if (exponent == 0)
        return;
    snprintf(digits, sizeof digits, "%d", abs(exponent));
    size_t length =
        (size_t) snprintf(text, size, "\u00d710%s", exponent < 0 ? "\u207b" : "");
    for (const char *digit = digits; *digit; digit++)
        length +=
            (size_t) snprintf(text + length, size - length, "%s", raised[*digit - '0']);
}

//  Writes the name of an axis, with the power of ten that its numbers lack.
static void format_name(char *text, size_t size, const char *name, const ticks_t *ticks)
{
    char power[48];
    format_power(power, sizeof power, ticks->exponent);
    snprintf(text, size, power[0] ? "%s  (%s)" : "%s", name, power);
}

//  --- Fields and curves -------------------------------------------------------------------

//  A range that colours can be spread over, also when all is equal but for rounding.
static void widen(double *low, double *high)
{
    const double largest = fmax(fabs(*low), fabs(*high));
    if (*high - *low > 1e-9 * largest)
        return;
    double half = largest == 0 ? 1 : largest / 2;
    *low -= half;
    *high += half;
}

//  The range of a curve's axis: it leaves room, so that a curve does not lie on the frame.
static void curve_range(const picture_panel_t *panel, double *low, double *high)
{
    *low = panel->low, *high = panel->high;
    widen(low, high);
    const double room = 0.04 * (*high - *low);
    *low -= room;
    *high += room;
}

uint32_t draw_shade(const canvas_t *self, colours_t map, double x)
{
    if (self->levels == 0 || isnan(x))
        return colours_at(map, x);
    double level = floor(fmin(fmax(x, 0), 1) * self->levels);
    return colours_at(map, fmin(level, self->levels - 1) / (self->levels - 1));
}

//  Paints the field into the box, one area mean for each pixel.
static int draw_field(canvas_t *self, const picture_panel_t *panel, box_t box,
                      ipc_error_t *error)
{
    size_t rows = (size_t) box.height, columns = (size_t) box.width;
    cairo_surface_t *image =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int) columns, (int) rows);
    unsigned char *pixels = cairo_image_surface_get_data(image);
    if (!pixels) {
        cairo_surface_destroy(image);
        return ipc_fail(error, IPC_E_MEMORY, "no memory for a panel of %zu x %zu pixels",
                        rows, columns);
    }
    double *values = ipc_xalloc(rows * columns * sizeof *values);
    field_resample(&panel->field, panel->minus, rows, columns, values);
    size_t stride = (size_t) cairo_image_surface_get_stride(image);
    double low = panel->low, high = panel->high;
    widen(&low, &high);
    cairo_surface_flush(image);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            double x = (values[i * columns + j] - low) / (high - low);
            uint32_t colour = draw_shade(self, panel->colours, x);
            memcpy(pixels + i * stride + j * sizeof colour, &colour, sizeof colour);
        }
    free(values);
    cairo_surface_mark_dirty(image);
    cairo_set_source_surface(self->cairo, image, box.x, box.y);
    cairo_paint(self->cairo);
    cairo_surface_destroy(image);
    return 0;
}

//  Draws a field of one row as a curve, in the middle colour of its map.
static void draw_curve(canvas_t *self, const picture_panel_t *panel, box_t box)
{
    const size_t count = panel->field.columns;
    double low, high;
    curve_range(panel, &low, &high);
    cairo_save(self->cairo);
    cairo_rectangle(self->cairo, box.x, box.y, box.width, box.height);
    cairo_clip(self->cairo);
    set_grey(self, 0.9);
    if (low < 0 && high > 0)
        draw_tick(self, box.x, floor(box.y + high / (high - low) * box.height), box.width,
                  0);
    for (size_t i = 0; i < count; i++) {
        double value = field_at(&panel->field, 0, i);
        value -= panel->minus ? field_at(panel->minus, 0, i) : 0;
        cairo_line_to(self->cairo, box.x + ((double) i + 0.5) / (double) count * box.width,
                      box.y + (high - value) / (high - low) * box.height);
    }
    uint32_t colour = draw_shade(self, panel->colours, panel->minus ? 0.9 : 0.4);
    cairo_set_source_rgb(self->cairo, (colour >> 16) / 255.0, (colour >> 8 & 0xff) / 255.0,
                         (colour & 0xff) / 255.0);
    cairo_set_line_width(self->cairo, 1.5);
    cairo_set_line_join(self->cairo, CAIRO_LINE_JOIN_ROUND);
    cairo_stroke(self->cairo);
    cairo_restore(self->cairo);
}

int draw_panel(canvas_t *self, const picture_panel_t *panel, box_t box, ipc_error_t *error)
{
    if (panel->field.rows == 0)
        draw_title(self, "failed", box.x + box.width / 2, box.y + box.height / 2,
                   DRAW_TEXT);
    else if (panel->field.rows == 1)
        draw_curve(self, panel, box);
    else if (draw_field(self, panel, box, error))
        return -1;
    draw_frame(self, box);
    return 0;
}

//  --- Axes --------------------------------------------------------------------------------

void draw_x_axis(canvas_t *self, const picture_panel_t *panel, box_t box, const char *name)
{
    char text[NAME_SIZE];
    ticks_t ticks =
        ticks_between(panel->left, panel->right, box.width / (TICK_DISTANCE * self->text));
    const double below = box.y + box.height;
    set_grey(self, ink_pale);
    for (double k = ticks.first; k <= ticks.last; k++) {
        double part = tick_part(&ticks, k, panel->left, panel->right);
        double x = fmin(floor(box.x + part * box.width), box.x + box.width - 1);
        draw_tick(self, x, below, 0, TICK);
        format_tick(text, sizeof text, &ticks, k);
        draw_text(self, text, x, below + TICK + DRAW_TEXT * self->text, DRAW_TEXT,
                  ALIGN_MIDDLE);
    }
    format_name(text, sizeof text, name, &ticks);
    draw_title(self, text, box.x + box.width / 2,
               below + TICK + 2.6 * DRAW_TEXT * self->text, DRAW_TEXT);
}

void draw_y_axis(canvas_t *self, const picture_panel_t *panel, box_t box, const char *name)
{
    char text[NAME_SIZE];
    double top = panel->top, bottom = panel->bottom;
    if (panel->field.rows == 1)
        curve_range(panel, &bottom, &top);
    ticks_t ticks = ticks_between(top, bottom, box.height / (TICK_DISTANCE * self->text));
    set_grey(self, ink_pale);
    for (double k = ticks.first; k <= ticks.last; k++) {
        double part = tick_part(&ticks, k, top, bottom);
        double y = fmin(floor(box.y + part * box.height), box.y + box.height - 1);
        draw_tick(self, box.x - 1, y, -TICK, 0);
        format_tick(text, sizeof text, &ticks, k);
        draw_text(self, text, box.x - TICK - 5, y, DRAW_TEXT, ALIGN_RIGHT);
    }
    format_name(text, sizeof text, name, &ticks);
    draw_upright(self, text, box.x - DRAW_LEFT + 14, box.y + box.height / 2);
}

void draw_bar(canvas_t *self, const picture_panel_t *panel, box_t box, const char *name)
{
    double low = panel->low, high = panel->high;
    widen(&low, &high);
    for (int y = 0; y < (int) box.height; y++) {
        uint32_t colour = draw_shade(self, panel->colours, 1 - (y + 0.5) / box.height);
        cairo_set_source_rgb(self->cairo, (colour >> 16) / 255.0,
                             ((colour >> 8) & 0xff) / 255.0, (colour & 0xff) / 255.0);
        cairo_rectangle(self->cairo, box.x, box.y + y, box.width, 1);
        cairo_fill(self->cairo);
    }
    draw_frame(self, box);

    char text[NAME_SIZE];
    ticks_t ticks = ticks_between(low, high, box.height / (TICK_DISTANCE_BAR * self->text));
    set_grey(self, ink_pale);
    for (double k = ticks.first; k <= ticks.last; k++) {
        double part = tick_part(&ticks, k, low, high);
        double y = round(box.y + (1 - part) * (box.height - 1));
        draw_tick(self, box.x + box.width, y, TICK, 0);
        format_tick(text, sizeof text, &ticks, k);
        draw_text(self, text, box.x + box.width + TICK + 4, y, DRAW_TEXT, ALIGN_LEFT);
    }
    format_name(text, sizeof text, name, &ticks);
    set_grey(self, ink);
    draw_text(self, text, box.x, box.y - 1.1 * DRAW_TEXT, DRAW_TEXT, ALIGN_LEFT);
}
