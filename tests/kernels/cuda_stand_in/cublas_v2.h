//  A stand-in for cuBLAS's header of this name: what the project calls, done by OpenBLAS (cublas.c). See
//  cuda_runtime_api.h.
#ifndef CUDA_STAND_IN_CUBLAS_V2_H
#define CUDA_STAND_IN_CUBLAS_V2_H

typedef enum cublasStatus {
    CUBLAS_STATUS_SUCCESS = 0,
    CUBLAS_STATUS_ALLOC_FAILED = 3,
    CUBLAS_STATUS_INVALID_VALUE = 7
} cublasStatus_t;

typedef enum cublasOperation { CUBLAS_OP_N, CUBLAS_OP_T } cublasOperation_t;

typedef struct cublasContext *cublasHandle_t;
typedef struct cuComplex {
    float x, y;
} cuComplex;
typedef struct cuDoubleComplex {
    double x, y;
} cuDoubleComplex;

cublasStatus_t cublasCreate(cublasHandle_t *handle);
cublasStatus_t cublasDestroy(cublasHandle_t handle);

//  The real and the complex products of one kind differ in their types alone.
#define CUBLAS_PRODUCTS(letter, number)                                                                           \
    cublasStatus_t cublas##letter##gemv(cublasHandle_t handle, cublasOperation_t turn, int m, int n,              \
                                        const number *alpha, const number *a, int lda, const number *x, int incx, \
                                        const number *beta, number *y, int incy);                                 \
    cublasStatus_t cublas##letter##gemm(cublasHandle_t handle, cublasOperation_t turn_a,                          \
                                        cublasOperation_t turn_b, int m, int n, int k, const number *alpha,       \
                                        const number *a, int lda, const number *b, int ldb, const number *beta,   \
                                        number *c, int ldc);
CUBLAS_PRODUCTS(S, float)
CUBLAS_PRODUCTS(D, double)
CUBLAS_PRODUCTS(C, cuComplex)
CUBLAS_PRODUCTS(Z, cuDoubleComplex)
#undef CUBLAS_PRODUCTS

#endif
