#include "tools/colours.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

enum { ANCHORS_MAX = 17, NO_COLOUR = 0x9a9a9a };

//  A map is a few published colours at equal distances; what lies between is interpolated.
typedef struct anchors {
    size_t count;
    uint32_t colour[ANCHORS_MAX]; // 0x00rrggbb, from 0 to 1
} anchors_t;

// clang-format off
static const anchors_t maps[] = {
    // viridis, by Stéfan van der Walt and Nathaniel Smith (CC0), at every eighth
    [COLOURS_VIRIDIS] = {9, {0x440154, 0x472d7b, 0x3b528b, 0x2c728e, 0x21918c, 0x28ae80, 0x5ec962,
                           0xaddc30, 0xfde725}},
    // inferno, by the same two (CC0), at every ninth
    [COLOURS_INFERNO] = {10, {0x000004, 0x1b0c41, 0x4a0c6b, 0x781c6d, 0xa52c60, 0xcf4446, 0xed6925,
                              0xfb9b06, 0xf7d13d, 0xfcffa4}},
    [COLOURS_GREY] = {2, {0x000000, 0xffffff}},
    // RdBu of ColorBrewer, by Cynthia Brewer, from blue to red
    [COLOURS_RDBU] = {11, {0x053061, 0x2166ac, 0x4393c3, 0x92c5de, 0xd1e5f0, 0xf7f7f7,
                           0xfddbc7, 0xf4a582, 0xd6604d, 0xb2182b, 0x67001f}},
    // cool to warm, by Kenneth Moreland ("Diverging Color Maps for Scientific Visualization", 2009)
    [COLOURS_COOLWARM] = {17, {0x3b4cc0, 0x4d68d7, 0x6282ea, 0x779af7, 0x8db0fe, 0xa3c2ff,
                               0xb8d0f9, 0xccd9ee, 0xdddddd, 0xecd3c5, 0xf5c4ad, 0xf7b194,
                               0xf49a7b, 0xec7f63, 0xde604d, 0xcb3e38, 0xb40426}},
};
// clang-format on
_Static_assert(sizeof maps / sizeof maps[0] == COLOURS_COUNT, "each map has its anchors");

#define COLOURS_NAME(name, text) text,
static const char *const names[] = {COLOURS(COLOURS_NAME)};
#undef COLOURS_NAME

bool colours_find(colours_t *map, const char *name)
{
    for (size_t i = 0; i < COLOURS_COUNT; i++)
        if (strcmp(names[i], name) == 0)
            return *map = (colours_t) i, true;
    return false;
}

static uint32_t mix_channel(uint32_t a, uint32_t b, double part, int shift)
{
    double low = (a >> shift) & 0xff, high = (b >> shift) & 0xff;
    return (uint32_t) lround(low + part * (high - low)) << shift;
}

uint32_t colours_at(colours_t map, double x)
{
    if (isnan(x))
        return NO_COLOUR;
    const anchors_t *anchors = &maps[map];
    double place = fmin(fmax(x, 0), 1) * (double) (anchors->count - 1);
    size_t i = (size_t) place;
    if (i + 1 >= anchors->count)
        return anchors->colour[anchors->count - 1];
    uint32_t a = anchors->colour[i], b = anchors->colour[i + 1];
    double part = place - (double) i;
    return mix_channel(a, b, part, 16) | mix_channel(a, b, part, 8) |
           mix_channel(a, b, part, 0);
}
