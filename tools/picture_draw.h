//  canvas_t: what a picture is drawn on, and the parts that it is drawn of: fields, curves,
//  axes, colour bars. Needs cairo.
#ifndef IPC_TOOLS_PICTURE_DRAW_H
#define IPC_TOOLS_PICTURE_DRAW_H

#include <cairo.h>

#include "tools/picture.h"

//  Distances in pixels, at a size of PICTURE_SIZE; the text of a small sheet is a little
//  smaller.
enum {
    DRAW_LEFT = 64,            // of a field, with the numbers and the name of its axis
    DRAW_BOTTOM = 52,
    DRAW_GAP = 14,             // between field and colour bar
    DRAW_BAR = 15,             // the colour bar's width
    DRAW_RIGHT = 60,           // with the colour bar's numbers
    DRAW_TEXT = 12,            // heights of letters
    DRAW_TEXT_TITLE = 14,
    DRAW_TEXT_HEAD = 17
};

typedef struct canvas {
    cairo_surface_t *surface;
    cairo_t *cairo;
    double text;               // the size of the letters, 1 at PICTURE_SIZE
    int levels;                // colours of a map; 0: as many as there are
} canvas_t;

typedef struct box {
    double x, y, width, height;
} box_t;

typedef enum align { ALIGN_LEFT, ALIGN_MIDDLE, ALIGN_RIGHT } align_t;

//  Writes one line whose middle is at height y, in the colour of titles.
void draw_title(canvas_t *self, const char *text, double x, double y, int size);

//  How wide a line of such letters is.
double draw_width(canvas_t *self, const char *text, int size);

//  Paints the panel's field, or curve, and its frame. 0, or -1 with *error: MEMORY.
int draw_panel(canvas_t *self, const picture_panel_t *panel, box_t box, ipc_error_t *error);

//  Numbers and name of the axis below, of that at the left.
void draw_x_axis(canvas_t *self, const picture_panel_t *panel, box_t box, const char *name);
void draw_y_axis(canvas_t *self, const picture_panel_t *panel, box_t box, const char *name);

//  The colour bar, with the panel's range.
void draw_bar(canvas_t *self, const picture_panel_t *panel, box_t box, const char *name);

//  The colour of x, 0 … 1, among the canvas' levels.
uint32_t draw_shade(const canvas_t *self, colours_t map, double x);

//  Draws a whole picture on a new canvas. 0, or -1 with *error: ARGUMENT, MEMORY.
//      levels     of the canvas
int canvas_draw(canvas_t *self, const picture_t *picture, int levels, ipc_error_t *error);

//  Frees what a canvas holds.
void canvas_clear(canvas_t *self);

#endif
