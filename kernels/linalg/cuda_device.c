//  Products on the CUDA device, by cuBLAS. It has the columns of a matrix behind one another,
//  so it sees each matrix of ours transposed, and is asked for the transposed product:
//  out' = right' left'.
#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <stdlib.h>

#include "kernels/linalg/device.h"

//  Memory of the device.
typedef struct block {
    void *memory;
    size_t size; // in bytes
} block_t;

struct linalg_device_state {
    cublasHandle_t cublas;
    block_t left, right, out; // copies of what is the host's
};

static int check(cudaError_t code, const char *what, ipc_error_t *error)
{
    if (code == cudaSuccess)
        return 0;
    cudaGetLastError(); // said here, and no more
    return kernel_refuse(
        error, code == cudaErrorMemoryAllocation ? "MemoryError" : "DeviceError",
        "the CUDA device failed to %s: %s", what, cudaGetErrorString(code));
}

static int check_blas(cublasStatus_t code, const char *what, ipc_error_t *error)
{
    if (code == CUBLAS_STATUS_SUCCESS)
        return 0;
    return kernel_refuse(
        error, code == CUBLAS_STATUS_ALLOC_FAILED ? "MemoryError" : "DeviceError",
        "cuBLAS failed to %s (code %d)", what, (int) code);
}

static void close_cuda(linalg_device_state_t **state_p)
{
    linalg_device_state_t *state = *state_p;
    *state_p = NULL;
    if (!state)
        return;
    if (state->cublas)
        cublasDestroy(state->cublas);
    cudaFree(state->left.memory);
    cudaFree(state->right.memory);
    cudaFree(state->out.memory);
    free(state);
}

static linalg_device_state_t *open_cuda(ipc_error_t *error)
{
    linalg_device_state_t *state = calloc(1, sizeof *state);
    if (!state)
        kernel_refuse(error, "MemoryError", "no memory for the state of the CUDA device");
    else if (check_blas(cublasCreate(&state->cublas), "start", error))
        close_cuda(&state);
    return state;
}

static int reserve(block_t *self, size_t size, ipc_error_t *error)
{
    if (size <= self->size)
        return 0;
    cudaFree(self->memory);
    *self = (block_t){0};
    if (check(cudaMalloc(&self->memory, size), "make room for a matrix", error))
        return -1;
    self->size = size;
    return 0;
}

//  Where an operand is on the device, once it is there; NULL with *error.
static const void *bring(block_t *block, const kernel_input_t *operand, ipc_error_t *error)
{
    size_t size = ipc_dtype_size(operand->dtype);
    for (int k = 0; k < operand->ndim; k++) size *= operand->shape[k];
    if (operand->on_device)
        return operand->data;
    if (reserve(block, size, error) ||
        check(cudaMemcpy(block->memory, operand->data, size, cudaMemcpyHostToDevice),
              "take a matrix", error))
        return NULL;
    return block->memory;
}

//  A matrix times a vector.
static cublasStatus_t multiply_vector(cublasHandle_t cublas, const linalg_work_t *work,
                                      const void *a, const void *x, void *out)
{
    const int columns = (int) work->left.shape[1], rows = (int) work->left.shape[0];
    const cublasOperation_t turn = work->transpose_left ? CUBLAS_OP_N : CUBLAS_OP_T;
    const float one = 1, zero = 0;
    const double one_f64 = 1, zero_f64 = 0;
    const cuComplex one_c64 = {1, 0}, zero_c64 = {0, 0};
    const cuDoubleComplex one_c128 = {1, 0}, zero_c128 = {0, 0};
    switch (work->left.dtype) {
    case IPC_F32:
        return cublasSgemv(cublas, turn, columns, rows, &one, a, columns, x, 1, &zero, out, 1);
    case IPC_F64:
        return cublasDgemv(cublas, turn, columns, rows, &one_f64, a, columns, x, 1, &zero_f64,
                           out, 1);
    case IPC_C64:
        return cublasCgemv(cublas, turn, columns, rows, &one_c64, a, columns, x, 1, &zero_c64,
                           out, 1);
    default:
        return cublasZgemv(cublas, turn, columns, rows, &one_c128, a, columns, x, 1,
                           &zero_c128, out, 1);
    }
}

//  A matrix times a matrix.
static cublasStatus_t multiply_matrix(cublasHandle_t cublas, const linalg_work_t *work,
                                      const void *a, const void *b, void *out)
{
    const cublasOperation_t left = work->transpose_left ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cublasOperation_t right = work->transpose_right ? CUBLAS_OP_T : CUBLAS_OP_N;
    const int m = (int) work->rows, n = (int) work->columns, k = (int) work->inner;
    const int lda = (int) work->left.shape[1], ldb = (int) work->right.shape[1];
    const float one = 1, zero = 0;
    const double one_f64 = 1, zero_f64 = 0;
    const cuComplex one_c64 = {1, 0}, zero_c64 = {0, 0};
    const cuDoubleComplex one_c128 = {1, 0}, zero_c128 = {0, 0};
    switch (work->left.dtype) {
    case IPC_F32:
        return cublasSgemm(cublas, right, left, n, m, k, &one, b, ldb, a, lda, &zero, out, n);
    case IPC_F64:
        return cublasDgemm(cublas, right, left, n, m, k, &one_f64, b, ldb, a, lda, &zero_f64,
                           out, n);
    case IPC_C64:
        return cublasCgemm(cublas, right, left, n, m, k, &one_c64, b, ldb, a, lda, &zero_c64,
                           out, n);
    default:
        return cublasZgemm(cublas, right, left, n, m, k, &one_c128, b, ldb, a, lda, &zero_c128,
                           out, n);
    }
}

static int product(linalg_device_state_t *state, const linalg_work_t *work,
                   ipc_error_t *error)
{
    const size_t size = work->rows * work->columns * ipc_dtype_size(work->left.dtype);
    if (work->rows > INT32_MAX || work->inner > INT32_MAX || work->columns > INT32_MAX)
        return kernel_refuse(error, "ValueError", "cuBLAS takes matrices of at most %d rows and columns", INT32_MAX);
    const void *left = bring(&state->left, &work->left, error);
    const void *right = left ? bring(&state->right, &work->right, error) : NULL;
    if (!right || (!work->out_on_device && reserve(&state->out, size, error)))
        return -1;
    void *out = work->out_on_device ? work->out : state->out.memory;
    const bool vector = work->right.ndim == 1;
    if (check_blas((vector ? multiply_vector : multiply_matrix)(state->cublas, work, left,
                                                                right, out),
                   "multiply", error))
        return -1;
    if (work->out_on_device)
        return check(cudaDeviceSynchronize(), "multiply", error);
    return check(cudaMemcpy(work->out, out, size, cudaMemcpyDeviceToHost), "give the product",
                 error);
}

//  What linalg.so looks up, under LINALG_CUDA_SYMBOL.
__attribute__((visibility("default"))) const linalg_device_t *linalg_cuda_device(void);

const linalg_device_t *linalg_cuda_device(void)
{
    static const linalg_device_t cuda = {.abi = LINALG_DEVICE_ABI,
                                         .open = open_cuda,
                                         .close = close_cuda,
                                         .product = product};
    return &cuda;
}
