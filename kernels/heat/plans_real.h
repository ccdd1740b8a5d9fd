//  FFTW's plans for one element type: plans.c includes this file with REAL, COMPLEX, F(name)
//  (FFTW's name) and N(name) (ours) defined.

static bool N(plan)(heat_plan_t *plan, void *line, void *scratch)
{
    const int n = (int) plan->length;
    const unsigned how = plan->measured ? FFTW_MEASURE : FFTW_ESTIMATE;
    switch (plan->boundary) {
    case HEAT_FIXED:
        plan->scale = 0.5 / ((double) n + 1);
        plan->forward = F(plan_r2r_1d)(n, line, line, FFTW_RODFT00, how);
        plan->backward = F(plan_r2r_1d)(n, line, line, FFTW_RODFT00, how);
        break;
    case HEAT_INSULATED:
        plan->scale = 0.5 / n;
        plan->forward = F(plan_r2r_1d)(n, line, line, FFTW_REDFT10, how);
        plan->backward = F(plan_r2r_1d)(n, line, line, FFTW_REDFT01, how);
        break;
    case HEAT_PERIODIC: // into complex numbers, for which FFTW has the faster code
        plan->scale = 1.0 / n;
        plan->forward = F(plan_dft_r2c_1d)(n, line, scratch, how);
        plan->backward = F(plan_dft_c2r_1d)(n, scratch, line, how);
        break;
    }
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

static void N(forward)(const heat_plan_t *plan, void *line, void *scratch)
{
    const size_t n = plan->length;
    const COMPLEX *wave = scratch;
    REAL *real = line;
    if (plan->boundary != HEAT_PERIODIC) {
        F(execute_r2r)((F(plan)) plan->forward, line, line);
        return;
    }
    F(execute_dft_r2c)((F(plan)) plan->forward, line, scratch);
    for (size_t k = 0; k <= n / 2; k++) real[k] = wave[k][0];
    for (size_t k = 1; k < n - k; k++) real[n - k] = wave[k][1];
}

static void N(backward)(const heat_plan_t *plan, void *line, void *scratch)
{
    const size_t n = plan->length;
    COMPLEX *wave = scratch;
    const REAL *real = line;
    if (plan->boundary != HEAT_PERIODIC) {
        F(execute_r2r)((F(plan)) plan->backward, line, line);
        return;
    }
    for (size_t k = 0; k <= n / 2; k++) wave[k][0] = real[k];
    for (size_t k = 1; k < n - k; k++) wave[k][1] = real[n - k];
    wave[0][1] = 0;
    if (n % 2 == 0)
        wave[n / 2][1] = 0;
    F(execute_dft_c2r)((F(plan)) plan->backward, scratch, line);
}

static void N(multiply)(const heat_plan_t *plan, const void *factor, void *line,
                        void *scratch)
{
    const REAL *by = factor;
    REAL *wave = scratch;
    F(execute_dft_r2c)((F(plan)) plan->forward, line, scratch);
    for (size_t k = 0; k < 2 * (plan->length / 2 + 1); k++) wave[k] *= by[k];
    F(execute_dft_c2r)((F(plan)) plan->backward, scratch, line);
}

#undef REAL
#undef COMPLEX
#undef F
#undef N
