#include "heat_support.h"

#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/heat/solver.h"

//  Outside of tests too, where Check's own assertions may not stand.
static void need(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "the heat module: %s\n", what);
    exit(EXIT_FAILURE);
}

static const ipc_module_t *load(void)
{
    static const ipc_module_t *module;
    if (module)
        return module;
    const char *path = getenv("HEAT_MODULE");
    void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    need(library != NULL, path ? dlerror() : "HEAT_MODULE is not set");
    module = dlsym(library, "ipc_module");
    need(module && module->magic == IPC_MODULE_MAGIC, "no module");
    ipc_error_t error;
    need(module->init(&error) == 0, "its init failed");
    return module;
}

ipc_value_t heat_call(const char *function, ipc_value_t keywords)
{
    const ipc_module_t *module = load();
    for (size_t i = 0; i < module->count; i++) {
        const ipc_remote_t *remote = module->functions[i];
        if (strcmp(remote->name, function) != 0)
            continue;
        *remote->runtime = ipc_runtime_local();
        ipc_value_t result = ipc_none();
        remote->call(&keywords, &result);
        return result;
    }
    need(false, "a function is missing");
    return ipc_none();
}

ipc_array_t *heat_solve(ipc_value_t keywords)
{
    ipc_value_t result = heat_call("solve", keywords);
    ck_assert_int_eq(ipc_value_kind(result), IPC_KIND_ARRAY);
    return (ipc_array_t *) ipc_value_array(result);
}

const char *heat_device_name(void)
{
    const char *name = getenv("HEAT_DEVICE");
    return name ? name : "cpu";
}

bool heat_device_found(void)
{
    ipc_value_t devices = ipc_value_get(heat_call("info", ipc_none()), "devices");
    for (size_t i = 0; i < ipc_value_count(devices); i++)
        if (strcmp(ipc_value_str(ipc_value_at(devices, i)), heat_device_name()) == 0)
            return true;
    return false;
}

ipc_array_t *heat_zeros(int ndim, const size_t *shape)
{
    ipc_error_t error;
    ipc_array_t *grid = ipc_array_new(IPC_F64, ndim, shape, &error);
    ck_assert_msg(grid != NULL, "%s", error.text);
    return grid;
}

ipc_array_t *heat_random_of(int ndim, const size_t *shape, unsigned seed)
{
    ipc_array_t *grid = heat_zeros(ndim, shape);
    for (size_t i = 0; i < ipc_array_count(grid); i++)
        ipc_array_f64(grid)[i] = rand_r(&seed) / (double) RAND_MAX;
    return grid;
}

ipc_array_t *heat_random(size_t rows, size_t columns, unsigned seed)
{
    return heat_random_of(2, (const size_t[]){rows, columns}, seed);
}

void heat_must_refuse(ipc_value_t keywords, const char *kind, const char *sentence)
{
    heat_options_t options;
    ipc_error_t error = {.text = "accepted"};
    heat_t *heat = heat_new();
    ipc_array_t *result = heat_options_read(&options, keywords, &error)
                              ? NULL
                              : heat_run(heat, &options, &error);
    ck_assert_str_eq(error.text, sentence);
    ck_assert_str_eq(error.kind, kind);
    ck_assert_ptr_null(result);
    heat_destroy(&heat);
}

double heat_at(const ipc_array_t *a, size_t i)
{
    return ipc_array_dtype(a) == IPC_F32 ? ipc_array_f32(a)[i] : ipc_array_f64(a)[i];
}

double heat_difference(const ipc_array_t *a, const ipc_array_t *b)
{
    double most = 0;
    ck_assert_uint_eq(ipc_array_count(a), ipc_array_count(b));
    for (size_t i = 0; i < ipc_array_count(a); i++) {
        double difference = fabs(heat_at(a, i) - heat_at(b, i));
        if (!(difference <= most)) // NaN too
            most = difference;
    }
    return most;
}

double heat_largest(const ipc_array_t *a)
{
    double most = 0;
    for (size_t i = 0; i < ipc_array_count(a); i++) most = fmax(most, fabs(heat_at(a, i)));
    return most;
}

int heat_run_tests(const char *name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, 120);
    for (size_t i = 0; i < count; i++) tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
