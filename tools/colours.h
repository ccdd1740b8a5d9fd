//  Colour maps: a number between 0 and 1 as a colour.
#ifndef IPC_TOOLS_COLOURS_H
#define IPC_TOOLS_COLOURS_H

#include <stdbool.h>
#include <stdint.h>

//  The maps by name. The first three are for a state: dark is low, and they are fine in grey
//  too. The others diverge from a middle: blue is below, red is above.
// clang-format off
#define COLOURS(X)                                                                         \
    X(VIRIDIS, "viridis")  X(INFERNO, "inferno")  X(GREY, "grey")                          \
    X(RDBU, "rdbu")        X(COOLWARM, "coolwarm")
// clang-format on

#define COLOURS_NUMBER(name, text) COLOURS_##name,
typedef enum colours { COLOURS(COLOURS_NUMBER) COLOURS_COUNT } colours_t;
#undef COLOURS_NUMBER

//  The map of a name; false when there is none.
bool colours_find(colours_t *map, const char *name);

//  The colour of x as 0x00rrggbb. What lies outside of 0 … 1 gets the nearest end's, NaN a
//  grey that no map of colours has.
uint32_t colours_at(colours_t map, double x);

#endif
