#include "kernels/linalg/product.h"

#include <cblas.h>
#include <string.h>

static CBLAS_TRANSPOSE transpose_of(bool transpose)
{
    return transpose ? CblasTrans : CblasNoTrans;
}

//  The lengths of a matrix as it lies in memory.
static int rows_of(const kernel_input_t *matrix)
{
    return (int) matrix->shape[0];
}

static int columns_of(const kernel_input_t *matrix)
{
    return (int) matrix->shape[1];
}

static void multiply_vector(const linalg_options_t *o, void *out)
{
    static const float one_c64[2] = {1, 0}, zero_c64[2] = {0, 0};
    static const double one_c128[2] = {1, 0}, zero_c128[2] = {0, 0};
    const CBLAS_TRANSPOSE turn = transpose_of(o->transpose_left);
    const int rows = rows_of(&o->left), columns = columns_of(&o->left);
    const void *a = o->left.data, *x = o->right.data;
    switch (o->left.dtype) {
    case IPC_F32:
        cblas_sgemv(CblasRowMajor, turn, rows, columns, 1, a, columns, x, 1, 0, out, 1);
        break;
    case IPC_F64:
        cblas_dgemv(CblasRowMajor, turn, rows, columns, 1, a, columns, x, 1, 0, out, 1);
        break;
    case IPC_C64:
        cblas_cgemv(CblasRowMajor, turn, rows, columns, one_c64, a, columns, x, 1, zero_c64,
                    out, 1);
        break;
    default:
        cblas_zgemv(CblasRowMajor, turn, rows, columns, one_c128, a, columns, x, 1,
                    zero_c128, out, 1);
    }
}

static void multiply_matrix(const linalg_options_t *o, void *out)
{
    static const float one_c64[2] = {1, 0}, zero_c64[2] = {0, 0};
    static const double one_c128[2] = {1, 0}, zero_c128[2] = {0, 0};
    const CBLAS_TRANSPOSE left = transpose_of(o->transpose_left);
    const CBLAS_TRANSPOSE right = transpose_of(o->transpose_right);
    const int m = (int) o->rows, n = (int) o->columns, k = (int) o->inner;
    const int lda = columns_of(&o->left), ldb = columns_of(&o->right);
    const void *a = o->left.data, *b = o->right.data;
    switch (o->left.dtype) {
    case IPC_F32:
        cblas_sgemm(CblasRowMajor, left, right, m, n, k, 1, a, lda, b, ldb, 0, out, n);
        break;
    case IPC_F64:
        cblas_dgemm(CblasRowMajor, left, right, m, n, k, 1, a, lda, b, ldb, 0, out, n);
        break;
    case IPC_C64:
        cblas_cgemm(CblasRowMajor, left, right, m, n, k, one_c64, a, lda, b, ldb, zero_c64,
                    out, n);
        break;
    default:
        cblas_zgemm(CblasRowMajor, left, right, m, n, k, one_c128, a, lda, b, ldb,
                    zero_c128, out, n);
    }
}

void linalg_product(const linalg_options_t *options, int threads, void *out)
{
    const size_t size = ipc_dtype_size(options->left.dtype);
    if (options->rows == 0 || options->columns == 0)
        return;
    if (options->inner ==
        0) { // no products to add up; BLAS takes no matrix without columns
        memset(out, 0, options->rows * options->columns * size);
        return;
    }
    openblas_set_num_threads(threads);
    if (options->right.ndim == 1)
        multiply_vector(options, out);
    else
        multiply_matrix(options, out);
}

const char *linalg_library(void)
{
    return openblas_get_config();
}

const char *linalg_instructions(void)
{
    return openblas_get_corename();
}
