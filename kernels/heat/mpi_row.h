//  One step of a part of a line, compiled once for each element type and instruction set:
//  mpi_steps.c includes this file with ROW (the function's name), REAL and TARGET (an attribute)
//  defined. The operations and their order are those of the one-engine solver.

TARGET static void ROW(const mpi_line_t *line)
{
    REAL *restrict out = line->out;
    const REAL *middle = line->middle, *source = line->source;
    const size_t first = line->first, end = line->end;
    const REAL centre = (REAL) line->centre, x = (REAL) line->ratio[HEAT_X], y = (REAL) line->ratio[HEAT_Y],
               z = (REAL) line->ratio[HEAT_Z];
    const REAL *up = line->before[HEAT_Y], *down = line->behind[HEAT_Y];
    const REAL *over = line->before[HEAT_Z], *under = line->behind[HEAT_Z];
    if (line->rule == RULE_PLAIN)
        for (size_t c = first; c < end; c++)
            out[c] = centre * middle[c] + x * ((up[c] + down[c]) + (middle[(long) c - 1] + middle[c + 1]));
    else if (line->rule == RULE_PLANE)
        for (size_t c = first; c < end; c++)
            out[c] = centre * middle[c] + (y * (up[c] + down[c]) + x * (middle[(long) c - 1] + middle[c + 1]));
    else if (line->rule == RULE_CUBE)
        for (size_t c = first; c < end; c++)
            out[c] = centre * middle[c] + x * ((middle[(long) c - 1] + middle[c + 1]) +
                                               ((up[c] + down[c]) + (over[c] + under[c])));
    else if (line->rule == RULE_SPACE)
        for (size_t c = first; c < end; c++)
            out[c] = centre * middle[c] + (x * (middle[(long) c - 1] + middle[c + 1]) +
                                           (y * (up[c] + down[c]) + z * (over[c] + under[c])));
    else
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
