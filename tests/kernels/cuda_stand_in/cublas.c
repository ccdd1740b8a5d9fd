//  cuBLAS's functions by OpenBLAS: see cublas_v2.h. Columns lie behind one another, as there.
#include "cublas_v2.h"

#include <cblas.h>

struct cublasContext {
    int unused;
};

cublasStatus_t cublasCreate(cublasHandle_t *handle)
{
    static struct cublasContext context;
    *handle = &context;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy(cublasHandle_t handle)
{
    return handle ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
}

static CBLAS_TRANSPOSE turn_of(cublasOperation_t turn)
{
    return turn == CUBLAS_OP_T ? CblasTrans : CblasNoTrans;
}

//  What cuBLAS refuses: lengths of 0 or less, and leading dimensions below them.
static int refused(cublasHandle_t handle, int m, int n, int lda, int rows)
{
    return !handle || m < 1 || n < 1 || lda < rows;
}

#define PRODUCTS(letter, cblas, number, BY)                                                                       \
    cublasStatus_t cublas##letter##gemv(cublasHandle_t handle, cublasOperation_t turn, int m, int n,              \
                                        const number *alpha, const number *a, int lda, const number *x, int incx, \
                                        const number *beta, number *y, int incy)                                  \
    {                                                                                                             \
        if (refused(handle, m, n, lda, m))                                                                        \
            return CUBLAS_STATUS_INVALID_VALUE;                                                                   \
        cblas_##cblas##gemv(CblasColMajor, turn_of(turn), m, n, BY alpha, (const void *) a, lda,                  \
                            (const void *) x, incx, BY beta, (void *) y, incy);                                   \
        return CUBLAS_STATUS_SUCCESS;                                                                             \
    }                                                                                                             \
    cublasStatus_t cublas##letter##gemm(cublasHandle_t handle, cublasOperation_t turn_a,                          \
                                        cublasOperation_t turn_b, int m, int n, int k, const number *alpha,       \
                                        const number *a, int lda, const number *b, int ldb, const number *beta,   \
                                        number *c, int ldc)                                                       \
    {                                                                                                             \
        if (refused(handle, m, n, ldc, m) || k < 1 || lda < (turn_a == CUBLAS_OP_N ? m : k) ||                    \
            ldb < (turn_b == CUBLAS_OP_N ? k : n))                                                                \
            return CUBLAS_STATUS_INVALID_VALUE;                                                                   \
        cblas_##cblas##gemm(CblasColMajor, turn_of(turn_a), turn_of(turn_b), m, n, k, BY alpha, (const void *) a, \
                            lda, (const void *) b, ldb, BY beta, (void *) c, ldc);                                \
        return CUBLAS_STATUS_SUCCESS;                                                                             \
    }
#define VALUE *
#define POINTER (const void *)
PRODUCTS(S, s, float, VALUE)
PRODUCTS(D, d, double, VALUE)
PRODUCTS(C, c, cuComplex, POINTER)
PRODUCTS(Z, z, cuDoubleComplex, POINTER)
