//  Pictures of fields: panels side by side, each with its title, axes and colour bar,
//  written as PNG with cairo. A build without cairo has picture_none.c instead, where both
//  functions fail and say why.
#ifndef IPC_TOOLS_PICTURE_H
#define IPC_TOOLS_PICTURE_H

#include "tools/colours.h"
#include "tools/field.h"

typedef struct picture_panel {
    const char *title;         // over the panel
    field_t field;             // row 0 is at the top
    const field_t *minus;      // of the same shape: shown is field - minus; or NULL
    colours_t colours;
    double low, high;          // the numbers at the two ends of the colours
} picture_panel_t;

typedef struct picture {
    const char *title;         // over all panels; or NULL
    const picture_panel_t *panels;
    size_t count;              // of panels, 1 to PICTURE_PANELS_MAX
    size_t columns;            // panels side by side, before the next line begins
    size_t size;               // pixels of the longer side of a field, PICTURE_SIZE or so
} picture_t;

enum {
    PICTURE_SIZE = 420,        // for a few panels
    PICTURE_SIZE_SMALL = 190,  // for a sheet of many
    PICTURE_PANELS_MAX = 256   // cairo draws up to 32767 pixels
};

//  Tells before long work whether a picture can be written there. 0, or -1 with *error:
//  ARGUMENT (the name does not end in .png, or there is no cairo), SYSTEM (no such folder,
//  or no permission).
//      path       borrowed
int picture_check(const char *path, ipc_error_t *error);

//  Draws and writes. 0, or -1 with *error: ARGUMENT, MEMORY, SYSTEM.
//      path       borrowed; replaced when it is there
//      picture    borrowed
int picture_write(const char *path, const picture_t *picture, ipc_error_t *error);

#endif
