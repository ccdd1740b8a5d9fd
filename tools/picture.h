//  Pictures of fields: panels side by side, each with its title and axes, and colour bars;
//  drawn with cairo and written as PNG, or as a GIF that moves, with giflib. A build without
//  cairo has picture_none.c instead, one without giflib picture_gif_none.c, where all fails
//  and says why.
#ifndef IPC_TOOLS_PICTURE_H
#define IPC_TOOLS_PICTURE_H

#include "tools/colours.h"
#include "tools/field.h"

typedef struct picture_panel {
    const char *title;         // over the panel
    field_t field;             // row 0 is at the top; one row alone is drawn as a curve; no rows: there is none
    const field_t *minus;      // of the same shape: shown is field - minus; or NULL
    colours_t colours;
    double low, high;          // the numbers at the two ends of the colours, or of a curve's axis
    double left, right;        // what the axes say at the edges of the field
    double top, bottom;
} picture_panel_t;

typedef struct picture {
    const char *title;         // over all panels; or NULL
    const char *x, *y, *u;     // names of the axes, and of what colours and curves show
    const picture_panel_t *panels;
    size_t count;              // of panels, 1 to PICTURE_PANELS_MAX
    size_t columns;            // panels side by side, before the next line begins
    size_t size;               // pixels of the longer side of a field, PICTURE_SIZE or so
    bool shared;               // all panels have the range of the first, and one colour bar
} picture_t;

enum {
    PICTURE_SIZE = 420,        // for a few panels
    PICTURE_SIZE_SMALL = 190,  // for a sheet of many
    PICTURE_PANELS_MAX = 256   // cairo draws up to 32767 pixels
};

//  Tells before long work whether a picture can be written there. 0, or -1 with *error:
//  ARGUMENT (the name ends neither in .png nor in .gif, or the library for it is not there),
//  SYSTEM (no such folder, or no permission).
//      path       borrowed
int picture_check(const char *path, ipc_error_t *error);

//  Whether this build writes GIF: 0, or -1 with *error: ARGUMENT.
int picture_check_gif(const char *path, ipc_error_t *error);

//  Draws and writes a PNG. 0, or -1 with *error: ARGUMENT, MEMORY, SYSTEM; then what was
//  begun is removed.
//      path       borrowed; replaced when it is there
//      picture    borrowed
int picture_write(const char *path, const picture_t *picture, ipc_error_t *error);

//  Gives frame i of an animation, lent until the next call. All frames have the same count,
//  columns, size and axes.
typedef const picture_t *picture_frame_fn(void *context, size_t i);

//  Draws and writes a GIF that repeats. 0, or -1 with *error: as above.
//      count      frames, at least 1
//      fps        frames in a second, 1 to 50
int picture_animate(const char *path, picture_frame_fn *frame, void *context, size_t count,
                    int fps, ipc_error_t *error);

//  Reads a PNG as an array of float64, one row for each row of pixels: 0 is black (or
//  transparent), 1 is white. NULL with *error: SYSTEM, ARGUMENT (it is none, or there is no
//  cairo), MEMORY.
ipc_array_t *picture_read(const char *path, ipc_error_t *error);

#endif
