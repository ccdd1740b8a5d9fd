#include "common/ranges.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

void ipc_ranges_free(ipc_ranges_t *self)
{
    free(self->ranges);
    *self = (ipc_ranges_t){0};
}

//  The first range that ends behind a position, or at it.
static size_t find(const ipc_ranges_t *self, uint64_t position)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->ranges[middle].first + self->ranges[middle].count < position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

//  Puts ranges in the place of others.
static void replace(ipc_ranges_t *self, size_t at, size_t old, const ipc_range_t *ranges, size_t count)
{
    size_t total = self->count - old + count;
    if (total > self->room) {
        self->room = 2 * total;
        self->ranges = ipc_xrealloc(self->ranges, self->room * sizeof self->ranges[0]);
    }
    memmove(self->ranges + at + count, self->ranges + at + old, (self->count - at - old) * sizeof self->ranges[0]);
    memcpy(self->ranges + at, ranges, count * sizeof self->ranges[0]);
    self->count = total;
}

void ipc_ranges_add(ipc_ranges_t *self, uint64_t first, uint64_t count)
{
    if (count == 0)
        return;
    size_t at = find(self, first), old = 0;
    uint64_t end = first + count;
    for (; at + old < self->count && self->ranges[at + old].first <= end; old++) {
        const ipc_range_t *range = &self->ranges[at + old];
        first = range->first < first ? range->first : first;
        end = range->first + range->count > end ? range->first + range->count : end;
    }
    replace(self, at, old, &(ipc_range_t){first, end - first}, 1);
}

void ipc_ranges_remove(ipc_ranges_t *self, uint64_t first, uint64_t count)
{
    if (count == 0)
        return;
    uint64_t end = first + count;
    ipc_range_t rest[2];
    size_t at = find(self, first), old = 0, left = 0;
    for (; at + old < self->count && self->ranges[at + old].first < end; old++) {
        ipc_range_t range = self->ranges[at + old];
        uint64_t before = range.first < first ? first - range.first : 0;
        if (before > 0)
            rest[left++] = (ipc_range_t){range.first, before < range.count ? before : range.count};
        if (range.first + range.count > end)
            rest[left++] = (ipc_range_t){end, range.first + range.count - end};
    }
    if (old > 0)
        replace(self, at, old, rest, left);
}

//  How many of the positions are in it.
static uint64_t shared(const ipc_ranges_t *self, uint64_t first, uint64_t count)
{
    uint64_t end = first + count, sum = 0;
    for (size_t at = find(self, first); at < self->count && self->ranges[at].first < end; at++) {
        uint64_t begin = self->ranges[at].first, stop = begin + self->ranges[at].count;
        begin = begin > first ? begin : first;
        stop = stop < end ? stop : end;
        sum += stop > begin ? stop - begin : 0;
    }
    return sum;
}

bool ipc_ranges_meet(const ipc_ranges_t *self, uint64_t first, uint64_t count)
{
    return shared(self, first, count) > 0;
}

bool ipc_ranges_have(const ipc_ranges_t *self, uint64_t first, uint64_t count)
{
    return shared(self, first, count) == count;
}

uint64_t ipc_ranges_total(const ipc_ranges_t *self)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < self->count; i++) sum += self->ranges[i].count;
    return sum;
}
