#include "tools/colours.h"

#include <math.h>
#include <stddef.h>

enum { ANCHORS_MAX = 11, GREY = 0x9a9a9a };

//  A map is a few published colours at equal distances; what lies between is interpolated.
typedef struct anchors {
    size_t count;
    uint32_t colour[ANCHORS_MAX]; // 0x00rrggbb, from 0 to 1
} anchors_t;

// clang-format off
static const anchors_t maps[] = {
    // viridis, by Stéfan van der Walt and Nathaniel Smith (CC0), at every eighth
    [COLOURS_STATE] = {9, {0x440154, 0x472d7b, 0x3b528b, 0x2c728e, 0x21918c, 0x28ae80, 0x5ec962,
                           0xaddc30, 0xfde725}},
    // RdBu of ColorBrewer, by Cynthia Brewer, from blue to red
    [COLOURS_DIFFERENCE] = {11, {0x053061, 0x2166ac, 0x4393c3, 0x92c5de, 0xd1e5f0, 0xf7f7f7,
                                 0xfddbc7, 0xf4a582, 0xd6604d, 0xb2182b, 0x67001f}},
};
// clang-format on
_Static_assert(sizeof maps / sizeof maps[0] == COLOURS_COUNT, "each map has its anchors");

static uint32_t mix_channel(uint32_t a, uint32_t b, double part, int shift)
{
    double low = (a >> shift) & 0xff, high = (b >> shift) & 0xff;
    return (uint32_t) lround(low + part * (high - low)) << shift;
}

uint32_t colours_at(colours_t map, double x)
{
    if (isnan(x))
        return GREY;
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
