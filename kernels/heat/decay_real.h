//  Lines that decay, for one element type: decay.c includes this file with REAL and N(name) (our
//  names) defined.

static void N(put)(const heat_decay_t *self, size_t k, double left)
{
    REAL *table = self->table;
    table[2 * k] = table[2 * k + 1] = (REAL) (left / (double) self->wide);
}

//  The table where a period is transformed.
static void N(take_factors)(const heat_decay_t *self, const double *factor)
{
    for (size_t k = 0; k <= self->wide / 2; k++) N(put)(self, k, left_of(self, factor, k));
}

//  The table where the kernel is made for other lines than a period.
//      whole    the plan of a period
static void N(take_kernel)(const heat_decay_t *self, const heat_plan_t *whole, const double *factor, void *memory,
                           void *scratch)
{
    REAL *line = memory, *wave = scratch;
    const size_t period = whole->length, reach = self->reach;
    for (size_t k = 0; k <= period / 2; k++) {
        wave[2 * k] = (REAL) (left_of(self, factor, k) / (double) period);
        wave[2 * k + 1] = 0;
    }
    heat_plan_back(whole, wave, line);
    // It is even. Half way round a period it is met from both sides.
    if (period % 2 == 0)
        line[reach] /= 2;
    memset(line + reach + 1, 0, (self->wide - reach - 1) * sizeof *line);
    for (size_t d = 1; d <= reach; d++) line[self->wide - d] = line[d];
    heat_plan_there(self->plan, line, wave);
    for (size_t k = 0; k <= self->wide / 2; k++) N(put)(self, k, wave[2 * k]);
}

static void N(multiply)(const heat_decay_t *self, void *scratch)
{
    const REAL *table = self->table;
    REAL *wave = scratch;
    for (size_t k = 0; k < 2 * (self->wide / 2 + 1); k++) wave[k] *= table[k];
}

//  Appends to a line what lies beyond its edges: what follows it, and at the end, for those before
//  the first come last, what precedes it. Between them zeros.
static void N(widen)(const heat_decay_t *self, void *memory)
{
    REAL *line = memory;
    const size_t n = self->length, wide = self->wide, reach = self->reach;
    const size_t gap = self->boundary == HEAT_FIXED ? 1 : 0; // zeros between a line and the next
    REAL *behind = line + n + gap, *before = line + wide - 1 - gap;
    if (self->boundary == HEAT_PERIODIC) {
        for (size_t k = 0; k < reach; k++) behind[k] = line[k];
        for (size_t k = 0; k < reach; k++) before[-(long) k] = line[n - 1 - k];
        if (reach > 0)
            memset(behind + reach, 0, (wide - n - 2 * reach) * sizeof *line);
        return;
    }
    const REAL sign = gap ? -1 : 1;
    for (size_t k = 0; k < n; k++) behind[k] = sign * line[n - 1 - k];
    memset(line + n, 0, gap * sizeof *line);
    memset(behind + n, 0, (wide - 2 * n - gap) * sizeof *line);
    for (size_t k = 0; k < n && reach > 0; k++) before[-(long) k] = sign * line[k];
}

#undef REAL
#undef N
