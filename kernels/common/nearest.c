#include "kernels/common/nearest.h"

#include <string.h>

enum { LONGEST = 32 }; // letters that are compared: no known word is longer

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t distance(const char *a, const char *b)
{
    const size_t rows = strnlen(a, LONGEST), columns = strnlen(b, LONGEST);
    size_t cost[LONGEST + 1][LONGEST + 1];
    for (size_t i = 0; i <= rows; i++) cost[i][0] = i;
    for (size_t j = 0; j <= columns; j++) cost[0][j] = j;
    for (size_t i = 1; i <= rows; i++)
        for (size_t j = 1; j <= columns; j++) {
            size_t best = cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            best = least(best, least(cost[i - 1][j], cost[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = least(best, cost[i - 2][j - 2] + 1);
            cost[i][j] = best;
        }
    return cost[rows][columns];
}

const char *kernel_nearest(const char *word, const char *const *known, size_t count)
{
    const char *nearest = known[0];
    for (size_t i = 1; i < count; i++)
        if (distance(word, known[i]) < distance(word, nearest))
            nearest = known[i];
    return nearest;
}
