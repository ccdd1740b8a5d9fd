//  The passes of the spectral method for one element type: host_fft.c includes this file
//  with REAL and N(name) (our names) defined. Each pass does the units first … end - 1 of
//  its work.

//  A unit is one line along x.
static void N(along)(const fft_job_t *job, const box_t *box, const fft_act_t *act,
                     char *block, size_t first, size_t end)
{
    const size_t n = box->length[HEAT_X];
    for (size_t line = first; line < end; line++) {
        const size_t at = box_line(box, line);
        memcpy(block, (const REAL *) box->from + at, n * sizeof(REAL));
        fft_act(act, block, block + job->spectrum);
        memcpy((REAL *) box->at + at, block, n * sizeof(REAL));
    }
}

//  A unit is as many lines along y or z as a cache line holds, so that each is read and
//  written once.
static void N(across)(const fft_job_t *job, const box_t *box, const fft_act_t *act,
                      char *block, size_t first, size_t end)
{
    enum { WIDTH = LINE / sizeof(REAL) };
    const size_t n = box->length[act->axis], stride = box->stride[act->axis];
    const size_t pitch = job->pitch / sizeof(REAL), columns = box->length[HEAT_X];
    REAL *restrict lines = (REAL *) block;
    for (size_t unit = first; unit < end; unit++) {
        size_t c;
        const size_t at = box_block(box, act->axis, WIDTH, unit, &c);
        const size_t width = columns - c < WIDTH ? columns - c : WIDTH;
        const REAL *from = (const REAL *) box->from + at;
        REAL *to = (REAL *) box->at + at;
        for (size_t row = 0; row < n; row++)
            for (size_t k = 0; k < width; k++)
                lines[k * pitch + row] = from[row * stride + k];
        for (size_t k = 0; k < width; k++)
            fft_act(act, lines + k * pitch, block + job->spectrum);
        for (size_t row = 0; row < n; row++)
            for (size_t k = 0; k < width; k++)
                to[row * stride + k] = lines[k * pitch + row];
    }
}

//  Copies what changes of each point of the source.
static void N(take_source)(const fft_job_t *job, size_t first, size_t end)
{
    const box_t *term = &job->source;
    for (size_t line = first; line < end; line++)
        memcpy((REAL *) term->at + box_line(term, line),
               (const REAL *) term->from + box_line(&job->grid_box, line),
               term->length[HEAT_X] * sizeof(REAL));
}

//  Writes what fixed edges give to the points beside them in a unit of time.
static void N(take_edges)(const fft_job_t *job, size_t first, size_t end)
{
    const box_t *term = &job->edges, *box = &job->grid_box;
    const size_t n = term->length[HEAT_X];
    for (size_t line = first; line < end; line++) {
        REAL *out = (REAL *) term->at + box_line(term, line);
        const REAL *u = (const REAL *) term->from + box_line(box, line);
        const size_t place[] = {[HEAT_Z] =
                                    line / term->length[HEAT_Y] % term->length[HEAT_Z],
                                [HEAT_Y] = line % term->length[HEAT_Y]};
        const double pace = pace_of(job, line), *coupling = job->waves->coupling;
        memset(out, 0, n * sizeof(REAL));
        out[0] += (REAL) (pace * coupling[HEAT_X]) * u[-1];
        out[n - 1] += (REAL) (pace * coupling[HEAT_X]) * u[n];
        for (int axis = HEAT_Z; axis < HEAT_X; axis++) {
            const REAL by = (REAL) (pace * coupling[axis]);
            const REAL *below = u - box->stride[axis], *above = u + box->stride[axis];
            for (size_t c = 0; by != 0 && place[axis] == 0 && c < n; c++)
                out[c] += by * below[c];
            for (size_t c = 0; by != 0 && place[axis] + 1 == term->length[axis] && c < n;
                 c++)
                out[c] += by * above[c];
        }
    }
}

//  Multiplies the waves of a line by what is left of them, and adds what they gain.
static void N(combine_line)(const fft_job_t *job, size_t line, REAL *u, const REAL *source,
                            const REAL *edges)
{
    const heat_waves_t *waves = job->waves;
    const double pace = pace_of(job, line), rates = rate_of(job, waves->rate, line),
                 grid_rates = rate_of(job, waves->grid_rate, line), left = left_of(job, line);
    for (size_t k = 0; k < job->grid_box.length[HEAT_X]; k++) {
        const double rate = (waves->rate[HEAT_X][k] + rates) * pace;
        double keep, gain = 0;
        if (!waves->left[HEAT_X])
            heat_weigh(waves, rate, &keep, &gain);
        else
            gain = heat_gain(waves, rate, keep = left * waves->left[HEAT_X][k]);
        double wave = keep * u[k];
        if (source)
            wave += gain * source[k];
        if (edges && rate > 0)
            wave += gain * rate / ((waves->grid_rate[HEAT_X][k] + grid_rates) * pace) * edges[k];
        u[k] = (REAL) (wave * job->scale);
    }
}

static void N(combine)(const fft_job_t *job, size_t first, size_t end)
{
    const box_t *source = &job->source, *edges = &job->edges;
    for (size_t line = first; line < end; line++)
        N(combine_line)(job, line, (REAL *) job->grid_box.at + box_line(&job->grid_box, line),
                        source->at ? (const REAL *) source->at + box_line(source, line) : NULL,
                        edges->at ? (const REAL *) edges->at + box_line(edges, line) : NULL);
}

#undef REAL
#undef N
