//  FFTW's plans for one element type: plans.c includes this file with F(name) (FFTW's name) and
//  N(name) (ours) defined.

static bool N(plan)(heat_plan_t *plan, void *line, void *waves)
{
    const int n = (int) plan->length;
    const unsigned how = plan->measured ? FFTW_MEASURE : FFTW_ESTIMATE;
    plan->there = F(plan_dft_r2c_1d)(n, line, waves, how);
    plan->back = F(plan_dft_c2r_1d)(n, waves, line, how);
    return plan->there && plan->back;
}

static void N(forget)(heat_plan_t *plan)
{
    if (plan->there)
        F(destroy_plan)((F(plan)) plan->there);
    if (plan->back)
        F(destroy_plan)((F(plan)) plan->back);
    *plan = (heat_plan_t){0};
}

static void N(there)(const heat_plan_t *plan, void *line, void *waves)
{
    F(execute_dft_r2c)((F(plan)) plan->there, line, waves);
}

static void N(back)(const heat_plan_t *plan, void *waves, void *line)
{
    F(execute_dft_c2r)((F(plan)) plan->back, waves, line);
}

#undef F
#undef N
