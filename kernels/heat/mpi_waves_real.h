//  The spectral methods over MPI for one element type: mpi_waves.c includes this file with REAL,
//  F(name) (FFTW's name) and N(name) (ours) defined.

static void N(cut)(mpi_waves_t *self)
{
    MPI_Comm comm = self->rows->world->comm;
    F(mpi_init)(); // as often as one likes
    self->room = F(mpi_local_size_many_transposed)(self->rows->options->ndim, self->length, 1,
                                                   FFTW_MPI_DEFAULT_BLOCK, FFTW_MPI_DEFAULT_BLOCK, comm,
                                                   &self->block_count, &self->block_first, &self->waves_count,
                                                   &self->waves_first);
    self->room = self->room > 0 ? self->room : 1;
}

static void *N(plan)(const mpi_waves_t *self, void *box, bool back)
{
    static const F(r2r_kind) kinds[][2] = {[HEAT_FIXED] = {FFTW_RODFT00, FFTW_RODFT00},
                                           [HEAT_PERIODIC] = {FFTW_R2HC, FFTW_HC2R},
                                           [HEAT_INSULATED] = {FFTW_REDFT10, FFTW_REDFT01}};
    const heat_options_t *options = self->rows->options;
    const F(r2r_kind) kind = kinds[options->boundary][back], all[HEAT_AXES] = {kind, kind, kind};
    const unsigned flags = (options->measure ? FFTW_MEASURE : FFTW_ESTIMATE) |
                           (back ? FFTW_MPI_TRANSPOSED_IN : FFTW_MPI_TRANSPOSED_OUT);
    return F(mpi_plan_many_r2r)(options->ndim, self->length, 1, FFTW_MPI_DEFAULT_BLOCK, FFTW_MPI_DEFAULT_BLOCK, box,
                                box, self->rows->world->comm, all, flags);
}

//  Of the first two axes; the numbers of the third stay together.
static void *N(plan_turn)(const mpi_waves_t *self, void *box, bool back)
{
    const ptrdiff_t together = self->rows->options->ndim == 3 ? self->length[2] : 1;
    return F(mpi_plan_many_transpose)(self->length[back], self->length[!back], together, FFTW_MPI_DEFAULT_BLOCK,
                                      FFTW_MPI_DEFAULT_BLOCK, box, box, self->rows->world->comm,
                                      self->rows->options->measure ? FFTW_MEASURE : FFTW_ESTIMATE);
}

static void N(execute)(void *plan, void *box)
{
    F(mpi_execute_r2r)((F(plan)) plan, box, box);
}

static void N(forget)(void *plan)
{
    if (plan)
        F(destroy_plan)((F(plan)) plan);
}

//  Adds what the edges give to row `row` of the box, which is number `at` of packed.
static void N(add_edges)(mpi_waves_t *self, size_t row, size_t at)
{
    const inner_t inner = inner_of(self);
    const mpi_rows_t *rows = self->rows;
    const bool solid = rows->options->ndim == 3;
    // The grid's row, of which the first and the last one have rows of halo around them.
    const size_t grid_row = row + self->inset - rows->first;
    const REAL *grid = (const REAL *) self->own + (grid_row + 1) * rows->points + inner.lead;
    const REAL across = (REAL) self->coupling[HEAT_X], along = (REAL) self->coupling[rows->axis];
    const REAL beside = (REAL) self->coupling[HEAT_Y];
    const bool low = row == 0, high = row + 1 == rows->total - 2 * self->inset;
    for (size_t line = 0; line < inner.lines; line++) {
        const REAL *u = grid + line * inner.width;
        REAL *out = (REAL *) self->packed + at * self->box_points + line * inner.columns;
        out[0] += across * u[-1];
        out[inner.columns - 1] += across * u[inner.columns];
        for (size_t c = 0; solid && line == 0 && c < inner.columns; c++)
            out[c] += beside * *(u + c - inner.width);
        for (size_t c = 0; solid && line + 1 == inner.lines && c < inner.columns; c++)
            out[c] += beside * u[c + inner.width];
        for (size_t c = 0; low && c < inner.columns; c++) out[c] += along * *(u + c - rows->points);
        for (size_t c = 0; high && c < inner.columns; c++) out[c] += along * u[c + rows->points];
    }
}

//  Multiplies the waves by what is left of them, and adds what they gain. They are transposed: of the
//  second axis these few, of the first and the third all.
static void N(combine)(mpi_waves_t *self)
{
    const heat_waves_t *waves = &self->scheme.waves;
    const int axis = self->rows->axis, ndim = self->rows->options->ndim;
    const ptrdiff_t rest = ndim == 3 ? self->length[2] : 1;
    REAL *u = self->box[FIELD];
    const REAL *source = self->box[SOURCE], *edges = self->box[EDGES];
    double scale = 1; // of there and back
    for (int k = 0; k < ndim; k++) {
        const double n = (double) self->length[k];
        scale /= self->rows->options->boundary == HEAT_FIXED      ? 2 * (n + 1)
                 : self->rows->options->boundary == HEAT_PERIODIC ? n
                                                                  : 2 * n;
    }
    for (ptrdiff_t second = 0; second < self->waves_count; second++)
        for (ptrdiff_t first = 0; first < self->length[0]; first++)
            for (ptrdiff_t third = 0; third < rest; third++, u++) {
                const ptrdiff_t k[] = {first, second + self->waves_first, third};
                double rate = 0, grid_rate = 0, keep, gain;
                for (int i = 0; i < ndim; i++) {
                    rate += waves->rate[axis + i][k[i]];
                    grid_rate += waves->grid_rate[axis + i][k[i]];
                }
                heat_weigh(waves, rate, &keep, &gain);
                double wave = keep * *u;
                if (source)
                    wave += gain * *source++;
                if (edges && rate > 0)
                    wave += gain * rate / grid_rate * *edges;
                edges = edges ? edges + 1 : NULL;
                *u = (REAL) (wave * scale);
            }
}

#undef REAL
#undef N
#undef F
