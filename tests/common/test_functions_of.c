//  Libraries that are loaded late: all of their functions, or none.
#include <check.h>
#include <dlfcn.h>

#include "common/functions_of.h"
#include "tests/common/run_suite.h"

static const char library[] = "libm.so.6";

START_TEST(the_functions_of_a_library_come_in_the_order_of_their_names)
{
    static const char *const names[] = {"fabs", "floor"};
    struct {
        double (*fabs)(double), (*floor)(double);
    } functions;
    void *handle = ipc_functions_of(library, names, 2, &functions);
    ck_assert_ptr_nonnull(handle);
    ck_assert_double_eq(functions.fabs(-2.5), 2.5);
    ck_assert_double_eq(functions.floor(-2.5), -3);
    ck_assert_int_eq(dlclose(handle), 0);
}
END_TEST

START_TEST(a_library_that_lacks_a_function_or_is_not_there_gives_none)
{
    static const char *const names[] = {"fabs", "no_function_of_any_library"};
    void *functions[2];
    ck_assert_ptr_null(ipc_functions_of(library, names, 2, functions));
    ck_assert_ptr_null(ipc_functions_of("libno-such-library.so.1", names, 1, functions));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, the_functions_of_a_library_come_in_the_order_of_their_names);
    tcase_add_test(tests, a_library_that_lacks_a_function_or_is_not_there_gives_none);
    return run_suite("functions of", tests);
}
