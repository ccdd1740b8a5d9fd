//  cuFFT's functions by FFTW: see cufft.h. Plans are made when they are run; as with cuFFT, a transform needs the
//  working memory that its plan asked for, and one into real numbers may write over what it reads.
#include "cufft.h"

#include <fftw3.h>
#include <string.h>

enum { PLANS = 64, AXES = 3, SCRATCH = 64 };

typedef struct plan {
    int used, made, rank, batch;
    int n[AXES], inembed[AXES], onembed[AXES];
    int istride, idist, ostride, odist;
    cufftType type;
    void *area;
} plan_t;

static plan_t *plan_of(cufftHandle handle)
{
    static plan_t plans[PLANS];
    return &plans[handle];
}

cufftResult cufftCreate(cufftHandle *plan)
{
    for (int i = 1; i < PLANS; i++)
        if (!plan_of(i)->used) {
            *plan_of(i) = (plan_t){.used = 1};
            *plan = i;
            return CUFFT_SUCCESS;
        }
    return CUFFT_ALLOC_FAILED;
}

cufftResult cufftDestroy(cufftHandle plan)
{
    *plan_of(plan) = (plan_t){0};
    return CUFFT_SUCCESS;
}

cufftResult cufftSetAutoAllocation(cufftHandle plan, int automatic)
{
    return plan_of(plan)->used && !automatic ? CUFFT_SUCCESS : CUFFT_INVALID_PLAN;
}

cufftResult cufftMakePlanMany64(cufftHandle plan, int rank, long long *n, long long *inembed, long long istride,
                                long long idist, long long *onembed, long long ostride, long long odist,
                                cufftType type, long long batch, size_t *size)
{
    plan_t *self = plan_of(plan);
    if (!self->used || self->made || rank < 1 || rank > AXES || batch < 1)
        return CUFFT_INVALID_SIZE;
    self->made = 1;
    self->rank = rank;
    self->batch = (int) batch;
    for (int k = 0; k < rank; k++) {
        self->n[k] = (int) n[k];
        self->inembed[k] = (int) inembed[k];
        self->onembed[k] = (int) onembed[k];
    }
    self->istride = (int) istride;
    self->idist = (int) idist;
    self->ostride = (int) ostride;
    self->odist = (int) odist;
    self->type = type;
    *size = SCRATCH;
    return CUFFT_SUCCESS;
}

cufftResult cufftSetWorkArea(cufftHandle plan, void *area)
{
    plan_of(plan)->area = area;
    memset(area, 0xff, SCRATCH);
    return CUFFT_SUCCESS;
}

//  The plan if it is of this type and has its memory.
static const plan_t *ready(cufftHandle plan, cufftType type)
{
    const plan_t *self = plan_of(plan);
    return self->made && self->type == type && self->area ? self : NULL;
}

cufftResult cufftExecR2C(cufftHandle plan, cufftReal *from, cufftComplex *to)
{
    const plan_t *p = ready(plan, CUFFT_R2C);
    if (!p)
        return CUFFT_INVALID_PLAN;
    fftwf_plan fftw = fftwf_plan_many_dft_r2c(p->rank, p->n, p->batch, from, p->inembed, p->istride, p->idist,
                                              (fftwf_complex *) to, p->onembed, p->ostride, p->odist,
                                              FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
    fftwf_execute(fftw);
    fftwf_destroy_plan(fftw);
    return CUFFT_SUCCESS;
}

cufftResult cufftExecC2R(cufftHandle plan, cufftComplex *from, cufftReal *to)
{
    const plan_t *p = ready(plan, CUFFT_C2R);
    if (!p)
        return CUFFT_INVALID_PLAN;
    fftwf_plan fftw = fftwf_plan_many_dft_c2r(p->rank, p->n, p->batch, (fftwf_complex *) from, p->inembed, p->istride,
                                              p->idist, to, p->onembed, p->ostride, p->odist, FFTW_ESTIMATE);
    fftwf_execute(fftw);
    fftwf_destroy_plan(fftw);
    return CUFFT_SUCCESS;
}

cufftResult cufftExecD2Z(cufftHandle plan, cufftDoubleReal *from, cufftDoubleComplex *to)
{
    const plan_t *p = ready(plan, CUFFT_D2Z);
    if (!p)
        return CUFFT_INVALID_PLAN;
    fftw_plan fftw = fftw_plan_many_dft_r2c(p->rank, p->n, p->batch, from, p->inembed, p->istride, p->idist,
                                            (fftw_complex *) to, p->onembed, p->ostride, p->odist,
                                            FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
    fftw_execute(fftw);
    fftw_destroy_plan(fftw);
    return CUFFT_SUCCESS;
}

cufftResult cufftExecZ2D(cufftHandle plan, cufftDoubleComplex *from, cufftDoubleReal *to)
{
    const plan_t *p = ready(plan, CUFFT_Z2D);
    if (!p)
        return CUFFT_INVALID_PLAN;
    fftw_plan fftw = fftw_plan_many_dft_c2r(p->rank, p->n, p->batch, (fftw_complex *) from, p->inembed, p->istride,
                                            p->idist, to, p->onembed, p->ostride, p->odist, FFTW_ESTIMATE);
    fftw_execute(fftw);
    fftw_destroy_plan(fftw);
    return CUFFT_SUCCESS;
}
