//  Colour maps: a number between 0 and 1 as a colour.
#ifndef IPC_TOOLS_COLOURS_H
#define IPC_TOOLS_COLOURS_H

#include <stdint.h>

typedef enum colours {
    COLOURS_STATE,             // viridis: dark is low; fine in grey too
    COLOURS_DIFFERENCE,        // blue is below, white is none, red is above
    COLOURS_COUNT
} colours_t;

//  The colour of x as 0x00rrggbb. What lies outside of 0 … 1 gets the nearest end's, NaN a
//  grey that no map has.
uint32_t colours_at(colours_t map, double x);

#endif
