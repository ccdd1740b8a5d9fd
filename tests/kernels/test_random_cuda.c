//  The module `random` on a CUDA device: the numbers of the host, bit for bit. 77 where there is no device.
#include <string.h>

#include "module_support.h"

static ipc_array_t *array_of(ipc_value_t value)
{
    ck_assert_int_eq(ipc_value_kind(value), IPC_KIND_ARRAY);
    return (ipc_array_t *) ipc_value_array(value);
}

static ipc_value_t keywords_of(int n, int first, const char *dtype, const char *device, ipc_value_t members[16])
{
    static const char *const names[] = {"n", "first", "dtype", "device", "seed", "stream"};
    const ipc_value_t values[] = {ipc_value_from_i64(n), ipc_value_from_i64(first), ipc_value_from_str(dtype),
                                  ipc_value_from_str(device), ipc_value_from_u64(UINT64_C(0xfedcba9876543210)),
                                  ipc_value_from_u64(UINT64_C(0x0123456789abcdef))};
    for (size_t i = 0; i < 6; i++) {
        members[2 * i] = ipc_value_from_str(names[i]);
        members[2 * i + 1] = values[i];
    }
    return ipc_value_from_dict(members, 6);
}

static void must_be_equal(const char *function, int n, int first, const char *dtype)
{
    ipc_value_t members[16];
    ipc_array_t *host = array_of(module_call(function, keywords_of(n, first, dtype, "cpu", members)));
    ipc_array_t *device = array_of(module_call(function, keywords_of(n, first, dtype, "cuda", members)));
    ck_assert_uint_eq(ipc_array_size(host), ipc_array_size(device));
    ck_assert(memcmp(ipc_array_data(host), ipc_array_data(device), ipc_array_size(host)) == 0);
    ipc_array_destroy(&host);
    ipc_array_destroy(&device);
}

START_TEST(numbers_are_the_hosts_bit_for_bit)
{
    static const int counts[] = {1, 2, 3, 7, 1000}, firsts[] = {0, 1, 2, 3, 1001};
    for (size_t c = 0; c < 5; c++)
        for (size_t f = 0; f < 5; f++)
            for (int single = 0; single < 2; single++) {
                must_be_equal("uniform", counts[c], firsts[f], single ? "float32" : "float64");
                must_be_equal("normal", counts[c], firsts[f], single ? "float32" : "float64");
            }
}
END_TEST

START_TEST(points_are_counted_as_on_the_host)
{
    for (int first = 0; first < 3; first++) {
        ipc_value_t host = module_call("pi", ipc_dict("samples", 100001, "first", first, "device", "cpu"));
        ipc_value_t device = module_call("pi", ipc_dict("samples", 100001, "first", first, "device", "cuda"));
        ck_assert_int_eq(ipc_value_i64(ipc_value_get(host, "inside")),
                         ipc_value_i64(ipc_value_get(device, "inside")));
    }
}
END_TEST

START_TEST(a_single_number_and_none)
{
    ck_assert(ipc_value_f64(module_call("normal", ipc_dict("device", "cuda"))) ==
              ipc_value_f64(module_call("normal", ipc_none())));
    must_be_equal("uniform", 0, 0, "float64");
}
END_TEST

START_TEST(numbers_that_are_kept_stay_on_the_device)
{
    module_call("uniform", ipc_dict("shape", ipc_list(3, 5), "device", "cuda", "keep", "u"));
    ipc_value_t kept = ipc_ns_get("u");
    ck_assert_str_eq(ipc_value_str(ipc_value_get(kept, "device")), "cuda");
    ck_assert_str_eq(ipc_value_str(ipc_value_get(kept, "dtype")), "float64");
    ck_assert_int_eq(ipc_value_i64(ipc_value_at(ipc_value_get(kept, "shape"), 1)), 5);
}
END_TEST

int main(void)
{
    if (!module_has_cuda())
        return 77;
    const TTest *const tests[] = {
        numbers_are_the_hosts_bit_for_bit,
        points_are_counted_as_on_the_host,
        a_single_number_and_none,
        numbers_that_are_kept_stay_on_the_device,
    };
    return module_run_tests("random on CUDA", tests, sizeof tests / sizeof *tests);
}
