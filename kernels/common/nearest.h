//  Which of the known words somebody may have meant.
#ifndef KERNELS_COMMON_NEAREST_H
#define KERNELS_COMMON_NEAREST_H

#include <stddef.h>

//  The word that takes the fewest changes (a letter put in, left out, replaced, or two
//  exchanged) to become the given one; the first of several (lent).
//      word       borrowed
//      known      borrowed; count words, count > 0
const char *kernel_nearest(const char *word, const char *const *known, size_t count);

#endif
