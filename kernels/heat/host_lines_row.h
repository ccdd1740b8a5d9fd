//  The inner loops of the general finite differences, compiled once for each element type
//  and instruction set: host_lines.c includes this file with ROW (the function's name), REAL
//  and TARGET (an attribute) defined. The operations and their order are the same in all.

TARGET static void ROW(const fd_line_t *line)
{
    REAL *restrict out = line->out;
    const REAL *middle = line->middle, *source = line->source;
    const size_t first = line->first, end = line->end;
    if (!line->face_before[HEAT_X]) {
        const REAL centre = (REAL) line->centre, x = (REAL) line->ratio[HEAT_X],
                   y = (REAL) line->ratio[HEAT_Y], z = (REAL) line->ratio[HEAT_Z];
        const REAL *up = line->before[HEAT_Y], *down = line->behind[HEAT_Y];
        const REAL *over = line->before[HEAT_Z], *under = line->behind[HEAT_Z];
        for (size_t c = first; c < end; c++)
            out[c] =
                centre * middle[c] + (x * (middle[(long) c - 1] + middle[c + 1]) +
                                      (y * (up[c] + down[c]) + z * (over[c] + under[c])));
    } else
        memcpy(out + first, middle + first, (end - first) * sizeof(REAL));
    for (int axis = HEAT_X; axis >= HEAT_Z && line->face_before[axis]; axis--) {
        const REAL *before = line->before[axis], *behind = line->behind[axis];
        const REAL *near = line->face_before[axis], *far = line->face_behind[axis];
        for (size_t c = first; c < end; c++)
            out[c] += far[c] * (behind[c] - middle[c]) - near[c] * (middle[c] - before[c]);
    }
    for (size_t c = first; source && c < end; c++) out[c] += source[c];
}

#undef ROW
#undef REAL
#undef TARGET
