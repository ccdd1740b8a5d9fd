//  The spectral method for one element type: host_fft.c includes this file with REAL,
//  COMPLEX, F(name) (FFTW's name) and N(name) (ours) defined.

static bool N(plan)(heat_plan_t *plan, void *real, void *complex)
{
    const int n = (int) plan->length;
    // Plans that FFTW measures take 0.3 s to make and were found to be a tenth faster at
    // best.
    plan->forward = F(plan_dft_r2c_1d)(n, real, complex, FFTW_ESTIMATE);
    plan->backward = F(plan_dft_c2r_1d)(n, complex, real, FFTW_ESTIMATE);
    return plan->forward && plan->backward;
}

static void N(forget)(heat_plan_t *plan)
{
    if (plan->forward)
        F(destroy_plan)((F(plan)) plan->forward);
    if (plan->backward)
        F(destroy_plan)((F(plan)) plan->backward);
    *plan = (heat_plan_t){0};
}

//  Multiplies the waves of one line of the grid by their factors.
static void N(decay)(const heat_plan_t *plan, const double *factor, void *line,
                     void *spectrum)
{
    COMPLEX *wave = spectrum;
    const double scale = 1.0 / (double) plan->length;
    F(execute_dft_r2c)((F(plan)) plan->forward, line, wave);
    for (size_t m = 0; m <= plan->length / 2; m++) {
        const REAL by = (REAL) (factor[m] * scale);
        wave[m][0] *= by;
        wave[m][1] *= by;
    }
    F(execute_dft_c2r)((F(plan)) plan->backward, wave, line);
}

static void N(rows)(const fft_job_t *job, char *block, size_t first, size_t end)
{
    const size_t columns = job->grid->columns;
    for (size_t row = first; row < end; row++) {
        memcpy(block, (const REAL *) job->grid->initial + row * columns,
               columns * sizeof(REAL));
        N(decay)(job->along_row, job->by_column, block, block + job->spectrum);
        memcpy((REAL *) job->grid->result + row * columns, block, columns * sizeof(REAL));
    }
}

//  Takes as many columns at a time as a cache line holds, so that each line is read and
//  written once.
static void N(columns)(const fft_job_t *job, char *block, size_t first, size_t end)
{
    enum { WIDTH = LINE / sizeof(REAL) };
    const size_t rows = job->grid->rows, columns = job->grid->columns;
    const size_t pitch = job->pitch / sizeof(REAL);
    REAL *restrict lines = (REAL *) block;
    for (size_t c = first * WIDTH; c < end * WIDTH && c < columns; c += WIDTH) {
        REAL *restrict corner = (REAL *) job->grid->result + c;
        const size_t width = columns - c < WIDTH ? columns - c : WIDTH;
        for (size_t row = 0; row < rows; row++)
            for (size_t k = 0; k < width; k++)
                lines[k * pitch + row] = corner[row * columns + k];
        for (size_t k = 0; k < width; k++)
            N(decay)
            (job->along_column, job->by_row, lines + k * pitch, block + job->spectrum);
        for (size_t row = 0; row < rows; row++)
            for (size_t k = 0; k < width; k++)
                corner[row * columns + k] = lines[k * pitch + row];
    }
}

#undef REAL
#undef COMPLEX
#undef F
#undef N
