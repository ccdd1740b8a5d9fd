//  A CUDA cell: its kernel runs on the engines' GPUs, on the arrays that their names stand for. Where an engine has no
//  GPU, the error says so, and a C cell does the work.
#include <ipclient.h>

enum { N = 12, PART = N / 4, THREADS = 128 }; // of four engines

static const char saxpy[] = "__global__ void saxpy(float *y, const float *x, float a, int n)\n"
                            "{\n"
                            "    int i = blockIdx.x * blockDim.x + threadIdx.x;\n"
                            "    if (i < n) y[i] += a * x[i];\n"
                            "}";

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    ipc_view_t *all = client ? ipc_direct_view(client, "all", &error) : NULL;
    if (!all) {
        ipc_error_print(&error, stderr);
        return 1;
    }
    float x[N], y[N];
    for (int i = 0; i < N; i++) {
        x[i] = (float) i;
        y[i] = 1;
    }
    ipc_scatter(all, "x", ipc_f32(x, N));
    ipc_scatter(all, "y", ipc_f32(y, N));

    ipc_result_t *cell = ipc_execute_with_sync(all, saxpy, &(ipc_options_t){.cuda = true});
    ipc_result_t *work;
    if (ipc_result_ok(cell)) {
        ipc_launch_t shape = {.grid = {(PART + THREADS - 1) / THREADS}, .block = {THREADS}};
        work = ipc_launch(all, "saxpy", &shape, ipc_ref("y"), ipc_ref("x"), 2, PART); // y: what is written stays
    } else {
        ipc_error_print(ipc_result_error(cell), stderr); // "engine 0 has no GPU: …"
        work = ipc_execute(all, "for (size_t i = 0; i < y_count; i++) y[i] += 2 * x[i];");
    }
    if (!ipc_result_ok(work))
        ipc_error_print(ipc_result_error(work), stdout);
    ipc_result_print(ipc_gather(all, "y"), stdout);
    ipc_client_destroy(&client); // frees the view and the results too
    return 0;
}
