#include "tools/field.h"

#include <math.h>
#include <stdlib.h>

#include "common/fail.h"

int field_of_planes(field_t *self, const ipc_array_t *array, ipc_error_t *error)
{
    const int ndim = array ? ipc_array_ndim(array) : 0;
    if (ndim < 1 || ndim > 3 || ipc_array_count(array) == 0)
        return ipc_fail(error, IPC_E_ARGUMENT,
                        "a field is an array of one to three dimensions, not empty");
    const size_t *shape = ipc_array_shape(array);
    field_t field = {.f32 = ipc_array_f32(array),
                     .f64 = ipc_array_f64(array),
                     .rows = ndim > 1 ? shape[0] * (ndim > 2 ? shape[1] : 1) : 1,
                     .columns = shape[ndim - 1]};
    if (!field.f32 && !field.f64)
        return ipc_fail(error, IPC_E_ARGUMENT, "a field holds float32 or float64, not %s",
                        ipc_dtype_name(ipc_array_dtype(array)));
    *self = field;
    return 0;
}

int field_of_array(field_t *self, const ipc_array_t *array, ipc_error_t *error)
{
    field_t field;
    if (field_of_planes(&field, array, error))
        return -1;
    if (ipc_array_ndim(array) > 2) {
        const size_t *shape = ipc_array_shape(array);
        const size_t before = shape[0] / 2 * shape[1] * shape[2];
        field.rows = shape[1];
        field.f32 = field.f32 ? field.f32 + before : NULL;
        field.f64 = field.f64 ? field.f64 + before : NULL;
    }
    *self = field;
    return 0;
}

double field_at(const field_t *self, size_t row, size_t column)
{
    size_t i = row * self->columns + column;
    return self->f64 ? self->f64[i] : (double) self->f32[i];
}

void field_range(const field_t *self, double *low, double *high)
{
    double least = INFINITY, most = -INFINITY;
    for (size_t r = 0; r < self->rows; r++)
        for (size_t c = 0; c < self->columns; c++) {
            least = fmin(least, field_at(self, r, c));
            most = fmax(most, field_at(self, r, c));
        }
    bool some = least <= most;
    *low = some ? least : 0;
    *high = some ? most : 0;
}

double field_mean(const field_t *self)
{
    double sum = 0;
    for (size_t r = 0; r < self->rows; r++) {
        double row = 0; // sums of their own lose less to rounding
        for (size_t c = 0; c < self->columns; c++) row += field_at(self, r, c);
        sum += row;
    }
    return sum / ((double) self->rows * (double) self->columns);
}

double field_distance(const field_t *a, const field_t *b)
{
    if (a->rows != b->rows || a->columns != b->columns)
        return NAN;
    double largest = 0;
    for (size_t r = 0; r < a->rows; r++)
        for (size_t c = 0; c < a->columns; c++) {
            double distance = fabs(field_at(a, r, c) - field_at(b, r, c));
            if (!(distance <= largest)) // also true of a NaN, which fmax() would pass over
                largest = distance;
            if (isnan(largest))
                return NAN;
        }
    return largest;
}

//  One way of resampling: new element i covers the old ones from first[i] on, with these
//  weights.
typedef struct cover {
    size_t first, count; // old elements
    double head, tail;   // the parts of the first and the last one that are covered
} cover_t;

static cover_t cover_of(size_t i, size_t new_count, size_t old_count)
{
    double scale = (double) old_count / (double) new_count;
    double begin = (double) i * scale, end = (double) (i + 1) * scale;
    size_t first = (size_t) begin;
    size_t last = (size_t) ceil(end);
    last = last > old_count ? old_count : last;
    if (first + 1 >= last) // within one old element
        return (cover_t){.first = first, .count = 1, .head = 1, .tail = 1};
    return (cover_t){.first = first,
                     .count = last - first,
                     .head = (double) (first + 1) - begin,
                     .tail = end - (double) (last - 1)};
}

static double weight(const cover_t *cover, size_t k)
{
    return k == 0 ? cover->head : k + 1 == cover->count ? cover->tail : 1;
}

static double area_mean(const field_t *self, const field_t *minus, const cover_t *rows,
                        const cover_t *columns)
{
    double sum = 0, area = 0;
    for (size_t i = 0; i < rows->count; i++)
        for (size_t j = 0; j < columns->count; j++) {
            size_t r = rows->first + i, c = columns->first + j;
            double part = weight(rows, i) * weight(columns, j);
            sum += part * (field_at(self, r, c) - (minus ? field_at(minus, r, c) : 0));
            area += part;
        }
    return sum / area;
}

void field_resample(const field_t *self, const field_t *minus, size_t rows, size_t columns,
                    double *out)
{
    for (size_t i = 0; i < rows; i++) {
        cover_t row = cover_of(i, rows, self->rows);
        for (size_t j = 0; j < columns; j++) {
            cover_t column = cover_of(j, columns, self->columns);
            out[i * columns + j] = area_mean(self, minus, &row, &column);
        }
    }
}
