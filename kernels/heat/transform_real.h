//  Transforms for one element type: transform.c includes this file with REAL and N(name) (our
//  names) defined. A wave is two numbers, its real part and its imaginary one.

static void N(fill_turns)(const heat_transform_t *self)
{
    REAL *turn = self->turns;
    for (size_t k = 0; k < self->length; k++) {
        const double angle = M_PI * (double) k / (2 * (double) self->length);
        turn[2 * k] = (REAL) cos(angle);
        turn[2 * k + 1] = (REAL) sin(angle);
    }
}

static void N(from_periodic)(size_t n, const REAL *wave, REAL *line)
{
    for (size_t k = 0; k <= n / 2; k++) line[k] = wave[2 * k];
    for (size_t k = 1; k < n - k; k++) line[n - k] = wave[2 * k + 1];
}

static void N(to_periodic)(size_t n, const REAL *line, REAL *wave)
{
    for (size_t k = 0; k <= n / 2; k++) wave[2 * k] = line[k];
    for (size_t k = 1; k < n - k; k++) wave[2 * k + 1] = line[n - k];
    wave[1] = 0;
    if (n % 2 == 0)
        wave[n + 1] = 0;
}

//  The sine transform (RODFT00), which is its own inverse: of the line upside down behind itself nothing but
//  sines is left, twice.
static void N(sines)(const heat_transform_t *self, REAL *line, REAL *wave)
{
    const size_t n = self->length;
    memmove(line + 1, line, n * sizeof *line);
    line[0] = line[n + 1] = 0;
    for (size_t k = 1; k <= n; k++) line[2 * (n + 1) - k] = -line[k];
    heat_plan_there(self->plan, line, wave);
    for (size_t k = 0; k < n; k++) line[k] = -wave[2 * (k + 1) + 1];
}

//  The cosine transform (REDFT10): of the line and its mirror image, whose waves are turned, since these are even
//  about half a point before the first.
static void N(to_cosines)(const heat_transform_t *self, REAL *line, REAL *wave)
{
    const size_t n = self->length;
    const REAL *turn = self->turns;
    for (size_t k = 0; k < n; k++) line[2 * n - 1 - k] = line[k];
    heat_plan_there(self->plan, line, wave);
    for (size_t k = 0; k < n; k++) line[k] = turn[2 * k] * wave[2 * k] + turn[2 * k + 1] * wave[2 * k + 1];
}

//  Its inverse (REDFT01), likewise.
static void N(from_cosines)(const heat_transform_t *self, REAL *line, REAL *wave)
{
    const size_t n = self->length;
    const REAL *turn = self->turns;
    for (size_t k = 0; k < n; k++) {
        wave[2 * k] = turn[2 * k] * line[k];
        wave[2 * k + 1] = turn[2 * k + 1] * line[k];
    }
    wave[2 * n] = wave[2 * n + 1] = 0;
    heat_plan_back(self->plan, wave, line);
}

static void N(forward)(const heat_transform_t *self, void *line, void *wave)
{
    switch (self->boundary) {
    case HEAT_FIXED: N(sines)(self, line, wave); break;
    case HEAT_INSULATED: N(to_cosines)(self, line, wave); break;
    case HEAT_PERIODIC:
        heat_plan_there(self->plan, line, wave);
        N(from_periodic)(self->length, wave, line);
        break;
    }
}

static void N(backward)(const heat_transform_t *self, void *line, void *wave)
{
    switch (self->boundary) {
    case HEAT_FIXED: N(sines)(self, line, wave); break;
    case HEAT_INSULATED: N(from_cosines)(self, line, wave); break;
    case HEAT_PERIODIC:
        N(to_periodic)(self->length, line, wave);
        heat_plan_back(self->plan, wave, line);
        break;
    }
}

#undef REAL
#undef N
