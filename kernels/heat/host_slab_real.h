//  The inner loops of solids, compiled once for each element type and instruction set
//  (host_variants.h says with what defined). Every point is computed by the same operations
//  in the same order in all of them, so their results are equal bit for bit.

typedef REAL N(vector) __attribute__((vector_size(VECTOR)));
typedef REAL N(loose) __attribute__((vector_size(VECTOR), aligned(sizeof(REAL))));

//  The vector at some bytes of an array, and the vectors one number before and behind it.
static inline const N(vector) * N(at)(const char *array, long offset)
{
    return (const N(vector) *) (array + offset);
}

static inline const N(loose) * N(left)(const char *array, long offset)
{
    return (const N(loose) *) (array + offset - (long) sizeof(REAL));
}

static inline const N(loose) * N(right)(const char *array, long offset)
{
    return (const N(loose) *) (array + offset + (long) sizeof(REAL));
}

//  Where one alpha holds; all neighbours count the same (equal), or those along an axis do.
TARGET static inline __attribute__((always_inline)) void N(even)(const fd_slab_t *slab,
                                                                 long line,
                                                                 const int planes,
                                                                 const bool equal,
                                                                 const bool gains)
{
    const REAL centre = (REAL) slab->centre, x = (REAL) slab->ratio[HEAT_X],
               y = (REAL) slab->ratio[HEAT_Y], z = (REAL) slab->ratio[HEAT_Z];
    const long pitch = slab->pitch, end = line + (long) slab->size;
    for (long at = line; at < end; at += VECTOR) {
        N(vector) over = *N(at)(slab->from[0], at), here = *N(at)(slab->from[1], at);
        for (int p = 0; p < planes; p++) {
            const char *from = slab->from[p + 1];
            const N(vector) under = *N(at)(slab->from[p + 2], at);
            const N(vector) sides = *N(left)(from, at) + *N(right)(from, at);
            const N(vector) lines = *N(at)(from, at - pitch) + *N(at)(from, at + pitch);
            const N(vector) ends = over + under;
            N(vector)
            sum = centre * here + (equal ? x * (sides + (lines + ends))
                                         : x * sides + (y * lines + z * ends));
            if (gains)
                sum += *N(at)(slab->source[p], at);
            *(N(vector) *) (slab->to[p] + at) = sum;
            over = here;
            here = under;
        }
    }
}

//  Where alpha varies. What flows out to behind a plane is what flows in from before the next.
TARGET static inline __attribute__((always_inline)) void N(faces)(const fd_slab_t *slab,
                                                                  long line,
                                                                  const int planes,
                                                                  const bool gains)
{
    const long pitch = slab->pitch, end = line + (long) slab->size;
    for (long at = line; at < end; at += VECTOR) {
        N(vector) here = *N(at)(slab->from[1], at);
        N(vector)
        flow = *N(at)(slab->face[HEAT_Z][0], at) * (here - *N(at)(slab->from[0], at));
        for (int p = 0; p < planes; p++) {
            const char *from = slab->from[p + 1];
            const char *x = slab->face[HEAT_X][p], *y = slab->face[HEAT_Y][p];
            const N(vector) under = *N(at)(slab->from[p + 2], at);
            const N(vector) along = *N(at)(x, at) * (here - *N(left)(from, at));
            const N(vector) on = *N(right)(x, at) * (*N(right)(from, at) - here);
            const N(vector) down =
                *N(at)(y, at + pitch) * (*N(at)(from, at + pitch) - here);
            const N(vector) up = *N(at)(y, at) * (here - *N(at)(from, at - pitch));
            const N(vector) leaves = *N(at)(slab->face[HEAT_Z][p + 1], at) * (under - here);
            N(vector) sum = here + (on - along);
            sum += down - up;
            sum += leaves - flow;
            if (gains)
                sum += *N(at)(slab->source[p], at);
            *(N(vector) *) (slab->to[p] + at) = sum;
            flow = leaves;
            here = under;
        }
    }
}

//  The outermost points of a line.
static inline void N(edges)(const fd_slab_t *slab, long line)
{
    for (int p = 0; p < slab->planes; p++)
        for (int k = 0; k < 2; k++) {
            const fd_edge_t *edge = &slab->edge[k];
            REAL *to = (REAL *) (slab->to[p] + line);
            if (edge->rule == FD_STAYS)
                to[edge->place] = ((const REAL *) (slab->from[p + 1] + line))[edge->place];
            else if (edge->rule == FD_TAKES)
                to[edge->place] = to[edge->other];
        }
}

TARGET static inline __attribute__((always_inline)) void N(lines)(const fd_slab_t *slab,
                                                                  long first, long count,
                                                                  const int planes,
                                                                  const bool varies,
                                                                  const bool equal,
                                                                  const bool gains)
{
    for (long l = first; l < first + count; l++) {
        if (varies)
            N(faces)(slab, l * slab->pitch, planes, gains);
        else
            N(even)(slab, l * slab->pitch, planes, equal, gains);
        N(edges)(slab, l * slab->pitch);
    }
}

TARGET static inline __attribute__((always_inline)) void N(kind)(const fd_slab_t *slab,
                                                                 long first, long count,
                                                                 const int planes)
{
    const bool varies = slab->face[HEAT_X][0] != NULL;
    const double *ratio = slab->ratio;
    if (varies && slab->source[0])
        N(lines)(slab, first, count, planes, true, false, true);
    else if (varies)
        N(lines)(slab, first, count, planes, true, false, false);
    else if (slab->source[0])
        N(lines)(slab, first, count, planes, false, false, true);
    else if (ratio[HEAT_X] == ratio[HEAT_Y] && ratio[HEAT_Y] == ratio[HEAT_Z])
        N(lines)(slab, first, count, planes, false, true, false);
    else
        N(lines)(slab, first, count, planes, false, false, false);
}

TARGET static void N(slab)(const fd_slab_t *slab, long first, long count)
{
    if (slab->planes == SLAB_PLANES)
        N(kind)(slab, first, count, SLAB_PLANES);
    else
        N(kind)(slab, first, count, 1);
}

#undef REAL
#undef VECTOR
#undef TARGET
#undef N
