//  Arrays, values and how they print, memory that ends together, names.
#include <check.h>
#include <complex.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/array_body.h"
#include "common/names.h"
#include "common/needs.h"
#include "tests/common/run_suite.h"

static ipc_error_t error;

//  --- Arrays ----------------------------------------------------------------------------------------------

START_TEST(an_array_is_zeroed_and_aligned)
{
    for (int dtype = 0; dtype < IPC_DTYPE_COUNT; dtype++) {
        size_t shape[3] = {3, 5, 7};
        ipc_array_t *array = ipc_array_new((ipc_dtype_t) dtype, 3, shape, &error);
        ck_assert(array && ipc_array_dtype(array) == (ipc_dtype_t) dtype && ipc_array_ndim(array) == 3);
        ck_assert_mem_eq(ipc_array_shape(array), shape, sizeof shape);
        ck_assert_uint_eq(ipc_array_count(array), 105);
        ck_assert_uint_eq(ipc_array_size(array), 105 * ipc_dtype_size((ipc_dtype_t) dtype));
        ck_assert_uint_eq((uintptr_t) ipc_array_data(array) % 64, 0);
        for (size_t i = 0; i < ipc_array_size(array); i++) ck_assert_int_eq(((char *) ipc_array_data(array))[i], 0);
        ipc_array_destroy(&array);
        ck_assert_ptr_null(array);
        ipc_array_destroy(&array);
    }
}
END_TEST

START_TEST(impossible_arrays_are_refused)
{
    size_t shape[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1}, large[2] = {SIZE_MAX, 2}, larger[1] = {SIZE_MAX / 8};
    ck_assert_ptr_null(ipc_array_new(IPC_DTYPE_COUNT, 1, shape, &error));
    ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    ck_assert_ptr_null(ipc_array_new(IPC_F64, 0, shape, &error));
    ck_assert_ptr_null(ipc_array_new(IPC_F64, 9, shape, &error));
    ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    ck_assert_ptr_null(ipc_array_new(IPC_F64, 2, large, &error));
    ck_assert_int_eq(error.code, IPC_E_MEMORY);
    ck_assert_ptr_null(ipc_array_new(IPC_F64, 1, larger, &error));
    ck_assert_int_eq(error.code, IPC_E_MEMORY);
    size_t none[2] = {0, 5};
    ipc_array_t *empty = ipc_array_new(IPC_C128, 2, none, &error);
    ck_assert(empty && ipc_array_count(empty) == 0 && ipc_array_data(empty));
    ipc_array_destroy(&empty);
}
END_TEST

START_TEST(a_typed_pointer_is_null_for_another_dtype)
{
    size_t one = 1;
    for (int dtype = 0; dtype < IPC_DTYPE_COUNT; dtype++) {
        ipc_array_t *a = ipc_array_new((ipc_dtype_t) dtype, 1, &one, &error);
        const void *pointers[] = {ipc_array_bool(a), ipc_array_i8(a),  ipc_array_i16(a), ipc_array_i32(a),
                                  ipc_array_i64(a),  ipc_array_u8(a),  ipc_array_u16(a), ipc_array_u32(a),
                                  ipc_array_u64(a),  ipc_array_f32(a), ipc_array_f64(a), ipc_array_c64(a),
                                  ipc_array_c128(a)};
        for (int i = 0; i < IPC_DTYPE_COUNT; i++)
            ck_assert_ptr_eq(pointers[i], i == dtype ? ipc_array_data(a) : NULL);
        ipc_array_destroy(&a);
    }
    ck_assert_ptr_null(ipc_array_f64(NULL));
    ck_assert(!ipc_array_data(NULL) && ipc_array_count(NULL) == 0 && ipc_array_size(NULL) == 0);
}
END_TEST

START_TEST(dtypes_have_names_and_sizes)
{
    ck_assert_str_eq(ipc_dtype_name(IPC_F64), "float64");
    ck_assert_str_eq(ipc_dtype_name(IPC_C64), "complex64");
    ck_assert_uint_eq(ipc_dtype_size(IPC_C128), 16);
    ck_assert_uint_eq(ipc_dtype_size(IPC_BOOL), sizeof(bool));
    ck_assert(!ipc_dtype_name(IPC_DTYPE_COUNT) && ipc_dtype_size(IPC_DTYPE_COUNT) == 0);
}
END_TEST

START_TEST(the_last_user_of_an_array_frees_it)
{
    size_t one = 1;
    ipc_array_t *array = ipc_array_new(IPC_F64, 1, &one, &error), *second = ipc_array_retain(array);
    ipc_array_destroy(&array);
    ipc_array_f64(second)[0] = 1; // a sanitizer sees it if it is gone
    second->in_task = 1;
    ipc_array_t *task = second;
    ipc_array_destroy(&task); // the task's: stays
    second->in_task = 0;
    ipc_array_destroy(&second);
}
END_TEST

//  --- Values ----------------------------------------------------------------------------------------------

START_TEST(a_value_is_made_of_anything)
{
    ck_assert_int_eq(ipc_value_kind(IPC_VALUE((char) 'a')), IPC_KIND_I64);
    ck_assert_int_eq(ipc_value_kind(IPC_VALUE((unsigned char) 1)), IPC_KIND_U64);
    ck_assert_int_eq(ipc_value_kind(IPC_VALUE((bool) true)), IPC_KIND_BOOL);
    ck_assert_int_eq(ipc_value_kind(IPC_VALUE(1.5f)), IPC_KIND_F64);
    ck_assert_int_eq(ipc_value_kind(IPC_VALUE(1.5f * I)), IPC_KIND_C128);
    ck_assert_int_eq(ipc_value_kind(IPC_VALUE("text")), IPC_KIND_STR);
    ck_assert_int_eq(ipc_value_kind(IPC_VALUE((const char *) NULL)), IPC_KIND_NONE);
    ck_assert_int_eq(ipc_value_kind(IPC_VALUE((ipc_array_t *) NULL)), IPC_KIND_NONE);
    ck_assert_int_eq(ipc_value_kind(IPC_VALUE(ipc_range(1, 2))), IPC_KIND_RANGE);
    ck_assert_int_eq(ipc_value_i64(IPC_VALUE(INT64_MIN)), INT64_MIN);
    ck_assert_uint_eq(ipc_value_u64(IPC_VALUE(UINT64_MAX)), UINT64_MAX);
}
END_TEST

START_TEST(a_reader_of_another_kind_gives_nothing)
{
    ipc_value_t text = IPC_VALUE("7"), big = IPC_VALUE(UINT64_MAX), minus = IPC_VALUE(-1);
    ck_assert(ipc_value_i64(text) == 0 && ipc_value_u64(text) == 0 && isnan(ipc_value_f64(text)));
    ck_assert(isnan(creal(ipc_value_c128(text))) && !ipc_value_bool(text));
    ck_assert(ipc_value_i64(big) == 0 && ipc_value_u64(minus) == 0 && ipc_value_f64(minus) == -1);
    ck_assert(ipc_value_i64(IPC_VALUE(1.0)) == 0 && !ipc_value_str(minus) && !ipc_value_array(minus));
    ck_assert(ipc_value_count(minus) == 0 && ipc_value_is_none(ipc_value_at(minus, 0)));
    ck_assert(!ipc_value_key(minus, 0) && !ipc_value_has(minus, "a") && ipc_value_is_none(ipc_value_get(minus, "a")));
    ck_assert(ipc_value_bool(IPC_VALUE(1)) && !ipc_value_bool(IPC_VALUE(2)));
    ck_assert(creal(ipc_value_c128(IPC_VALUE(2))) == 2);
}
END_TEST

START_TEST(members_are_read_by_place_and_key)
{
    ipc_value_t list = ipc_list(1, "b", 3.5), dict = ipc_dict("a", 1, "b", ipc_list(2, 3));
    ck_assert_uint_eq(ipc_value_count(list), 3);
    ck_assert_str_eq(ipc_value_str(ipc_value_at(list, 1)), "b");
    ck_assert(ipc_value_is_none(ipc_value_at(list, 3)));
    ck_assert_uint_eq(ipc_value_count(dict), 2);
    ck_assert_str_eq(ipc_value_key(dict, 1), "b");
    ck_assert(ipc_value_has(dict, "a") && !ipc_value_has(dict, "c"));
    ck_assert_int_eq(ipc_value_i64(ipc_value_at(ipc_value_get(dict, "b"), 1)), 3);
    ck_assert_int_eq(ipc_value_i64(ipc_value_at(ipc_range(5, 9), 3)), 8);
    ck_assert(ipc_value_is_none(ipc_value_at(ipc_range(5, 9), 4)) && ipc_value_count(ipc_range(9, 5)) == 0);
}
END_TEST

START_TEST(elements_of_a_1d_array_are_scalars)
{
    static const struct { int8_t i8; } one = {-3};
    uint16_t u16[2] = {1, 65535};
    float f32[1] = {0.5f};
    double _Complex c128[1] = {1 + 2 * I};
    bool truth[1] = {true};
    ck_assert_int_eq(ipc_value_i64(ipc_value_at(ipc_i8(&one.i8, 1), 0)), -3);
    ck_assert_uint_eq(ipc_value_u64(ipc_value_at(ipc_u16(u16, 2), 1)), 65535);
    ck_assert(ipc_value_f64(ipc_value_at(ipc_f32(f32, 1), 0)) == 0.5);
    ck_assert(cimag(ipc_value_c128(ipc_value_at(ipc_c128(c128, 1), 0))) == 2);
    ck_assert(ipc_value_bool(ipc_value_at(ipc_view1(IPC_BOOL, truth, 1), 0)));
    ck_assert(ipc_value_is_none(ipc_value_at(ipc_u16(u16, 2), 2)));
    ck_assert(ipc_value_is_none(ipc_value_at(ipc_view2(IPC_U16, u16, 1, 2), 0)));
    ck_assert(ipc_value_count(ipc_view2(IPC_U16, u16, 1, 2)) == 2 && !ipc_value_array(ipc_u16(u16, 2)));
}
END_TEST

START_TEST(the_widest_range_is_counted)
{
    ck_assert_uint_eq(ipc_value_count(ipc_range(INT64_MIN, INT64_MAX)), SIZE_MAX);
    ck_assert_int_eq(ipc_value_i64(ipc_value_at(ipc_range(INT64_MIN, INT64_MAX), SIZE_MAX - 1)), INT64_MAX - 1);
}
END_TEST

//  --- Printing ----------------------------------------------------------------------------------------------

static void prints(ipc_value_t value, const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    ipc_value_print(value, stream);
    fclose(stream);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(values_print_as_the_api_says)
{
    double numbers[6] = {1, 2.5, -3, 1e100, 1.0 / 3, 0};
    float _Complex c64[1] = {1 - 2 * I};
    bool truth[2] = {true, false};
    prints(ipc_none(), "null");
    prints(ipc_bool(true), "true");
    prints(IPC_VALUE(-5), "-5");
    prints(IPC_VALUE(UINT64_MAX), "18446744073709551615");
    prints(IPC_VALUE(1.0), "1");
    prints(IPC_VALUE(28.284271247), "28.2843");
    prints(IPC_VALUE(1 + 2 * I), "1+2i");
    prints(IPC_VALUE("a \"quoted\" \\ line\n\1"), "\"a \\\"quoted\\\" \\\\ line\\n\\x01\"");
    prints(ipc_ref("x"), "x");
    prints(ipc_range(0, 4), "[0, 1, 2, 3]");
    prints(ipc_range(0, 0), "[]");
    prints(ipc_f64(numbers, 5), "[1, 2.5, -3, 1e+100, 0.333333]");
    prints(ipc_view2(IPC_F64, numbers, 2, 3), "[[1, 2.5, -3], [1e+100, 0.333333, 0]]");
    prints(ipc_view2(IPC_F64, numbers, 2, 0), "[[], []]");
    prints(ipc_c64(c64, 1), "[1-2i]");
    prints(ipc_view1(IPC_BOOL, truth, 2), "[true, false]");
    prints(ipc_list(1, "two", ipc_value_from_list(NULL, 0)), "[1, \"two\", []]");
}
END_TEST

//  A locale that writes 2,5, made by the host's localedef; false if there is none.
static bool use_commas(void)
{
    static const char source[] = "LC_NUMERIC\\ndecimal_point \",\"\\nthousands_sep \"\"\\ngrouping -1\\n"
                                 "END LC_NUMERIC\\nLC_CTYPE\\ncopy \"POSIX\"\\nEND LC_CTYPE\\n";
    char folder[] = "/tmp/ipc-locale-XXXXXX", command[400];
    if (!mkdtemp(folder))
        return false;
    snprintf(command, sizeof command,
             "printf '%s' >%s/source; localedef -c -i %s/source -f ANSI_X3.4-1968 %s/comma >/dev/null 2>&1", source,
             folder, folder, folder);
    int warned = system(command); // that it lacks what no test asks for
    bool made = warned != -1 && setenv("LOCPATH", folder, 1) == 0 && setlocale(LC_NUMERIC, "comma");
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) == 0 && made;
}

START_TEST(the_programs_locale_changes_no_number)
{
    if (!use_commas())
        return; // nor is there one here that could
    char text[8];
    snprintf(text, sizeof text, "%g", 2.5);
    ck_assert_str_eq(text, "2,5");
    prints(ipc_f64((double[]){2.5, -0.125}, 2), "[2.5, -0.125]");
    prints(IPC_VALUE(0.5 - 1.5 * I), "0.5-1.5i");
    needs_t needs;
    ck_assert_int_eq(needs_read(&needs, "gpu=0.5", 7, &error), 0);
    ck_assert_double_eq(needs_find(&needs, "gpu")->amount, 0.5);
    snprintf(text, sizeof text, "%g", 2.5); // which is the program's still
    ck_assert_str_eq(text, "2,5");
}
END_TEST

START_TEST(dictionaries_print_their_keys)
{
    prints(ipc_dict("a", 1), "{\"a\": 1}");
    prints(ipc_dict("a", 1, "b", ipc_list(1, 2)), "{\"a\": 1, \"b\": [1, 2]}");
    prints(ipc_value_from_dict(NULL, 0), "{}");
}
END_TEST

START_TEST(over_a_thousand_members_the_middle_is_left_out)
{
    prints(ipc_range(0, 1001), "[0, 1, 2, …, 998, 999, 1000]");
    prints(ipc_range(0, INT64_C(1) << 40), "[0, 1, 2, …, 1099511627773, 1099511627774, 1099511627775]");
    char text[8000], *at = text; // a thousand is shown
    for (int i = 0; i < 1000; i++) at += sprintf(at, "%s%d", i ? ", " : "[", i);
    strcpy(at, "]");
    prints(ipc_range(0, 1000), text);
    static int8_t zeros[4000];
    prints(ipc_view2(IPC_I8, zeros, 1000, 4),
           "[[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], …, [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]");
    prints(ipc_view2(IPC_I8, zeros, SIZE_MAX / 2, 0), "[[], [], [], …, [], [], []]"); // rows without elements
}
END_TEST

//  --- Memory that ends together -----------------------------------------------------------------------------

START_TEST(memory_of_an_arena_is_aligned_and_apart)
{
    ipc_arena_t *arena = ipc_arena_new();
    static const size_t sizes[] = {0, 1, 15, 16, 100, 4000, 4096, 5000, 1 << 20, 3};
    for (int round = 0; round < 3; round++) {
        char *taken[20];
        for (size_t i = 0; i < 20; i++) {
            size_t size = sizes[i / 2];
            taken[i] = i % 2 ? ipc_arena_alloc(arena, size) : ipc_arena_take(arena, size);
            ck_assert_uint_eq((uintptr_t) taken[i] % (i % 2 ? 64 : 16), 0);
            memset(taken[i], (int) i + 1, size);
        }
        for (size_t i = 0; i < 20; i++)
            for (size_t k = 0; k < sizes[i / 2]; k++)
                if (taken[i][k] != (char) (i + 1)) // a million times
                    ck_abort_msg("byte %zu of piece %zu was overwritten", k, i);
        ipc_arena_reset(arena);
    }
    ipc_arena_destroy(&arena);
    ipc_arena_destroy(&arena);
}
END_TEST

static size_t released;

static void note_release(ipc_array_t *array)
{
    (void) array;
    released++;
}

START_TEST(an_arena_lets_its_arrays_go)
{
    double number = 1;
    size_t one = 1;
    ipc_arena_t *arena = ipc_arena_new();
    for (int i = 0; i < 10; i++)
        ipc_arena_hold(arena, ipc_array_wrap(IPC_F64, 1, &one, &number, note_release, NULL));
    ipc_arena_reset(arena);
    ck_assert_uint_eq(released, 10);
    ipc_array_t *kept = ipc_array_wrap(IPC_F64, 1, &one, &number, note_release, NULL);
    ipc_arena_hold(arena, ipc_array_retain(kept));
    ipc_arena_destroy(&arena);
    ck_assert_uint_eq(released, 10);
    ipc_array_destroy(&kept);
    ck_assert_uint_eq(released, 11);
}
END_TEST

START_TEST(a_copy_holds_all_that_the_value_held)
{
    ipc_arena_t *arena = ipc_arena_new();
    char text[] = "text", name[] = "name";
    double numbers[3] = {1, 2, 3};
    ipc_value_t copy =
        ipc_value_copy(ipc_dict("t", text, "r", ipc_ref(name), "l", ipc_list(1, ipc_f64(numbers, 3))), arena);
    strcpy(text, "XXXX");
    strcpy(name, "XXXX");
    numbers[0] = 99;
    prints(copy, "{\"t\": \"text\", \"r\": name, \"l\": [1, [1, 2, 3]]}");
    ck_assert_ptr_nonnull(ipc_value_array(ipc_value_at(ipc_value_get(copy, "l"), 1)));
    ipc_value_t empty = ipc_value_copy(ipc_f64(NULL, 0), arena);
    ck_assert_uint_eq(ipc_value_count(empty), 0);
    ipc_arena_destroy(&arena);
}
END_TEST

//  --- Names -------------------------------------------------------------------------------------------------

START_TEST(names_are_bound_and_removed)
{
    enum { MANY = 2000 };
    names_t *names = names_new();
    char name[32];
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "name%d", i);
        names_set(names, name, IPC_VALUE(i));
    }
    ck_assert_uint_eq(names_count(names), MANY);
    for (int i = 0; i < MANY; i += 2) {
        snprintf(name, sizeof name, "name%d", i);
        names_remove(names, name);
        names_remove(names, name);
    }
    ck_assert_uint_eq(names_count(names), MANY / 2);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "name%d", i);
        const ipc_value_t *value = names_get(names, name);
        ck_assert(i % 2 ? value && ipc_value_i64(*value) == i : !value);
    }
    names_clear(names);
    ck_assert(names_count(names) == 0 && !names_get(names, "name1"));
    names_set(names, "", IPC_VALUE(1));
    ck_assert_ptr_nonnull(names_get(names, ""));
    names_destroy(&names);
    names_destroy(&names);
}
END_TEST

START_TEST(a_name_owns_its_value)
{
    names_t *names = names_new();
    char text[] = "first";
    names_set(names, "x", IPC_VALUE(text));
    strcpy(text, "XXXXX");
    ck_assert_str_eq(ipc_value_str(*names_get(names, "x")), "first");
    names_set(names, "x", ipc_list(*names_get(names, "x"), 2)); // made of the old one
    prints(*names_get(names, "x"), "[\"first\", 2]");
    ipc_arena_t *arena = ipc_arena_new();
    ipc_value_t value = ipc_value_copy(IPC_VALUE("put"), arena);
    names_put(names, "x", value, &arena);
    ck_assert_ptr_null(arena);
    ck_assert_uint_eq(names_count(names), 1);
    ck_assert_str_eq(ipc_value_str(*names_get(names, "x")), "put");
    names_destroy(&names);
}
END_TEST

START_TEST(a_zip_is_as_long_as_its_shortest_sequence)
{
    static const double numbers[] = {1, 2, 3, 4};
    ipc_value_t zip = ipc_zip(ipc_range(0, 9), ipc_view2(IPC_F64, numbers, 2, 2), ipc_list(5, 6, 7));
    ck_assert_int_eq(ipc_value_kind(zip), IPC_KIND_ZIP);
    ck_assert_uint_eq(ipc_value_count(zip), 2);
    ck_assert_uint_eq(ipc_value_count(ipc_value_from_zip(NULL, 0)), 0);
    ipc_arena_t *arena = ipc_arena_new();
    ipc_value_t copy = ipc_value_copy(zip, arena);
    ck_assert_uint_eq(ipc_value_count(copy), 2);
    ck_assert_ptr_ne(ipc_value_array(copy.as.items[1]), NULL); // of its own
    ipc_arena_destroy(&arena);
}
END_TEST

static void add_values(TCase *tests)
{
    tcase_add_test(tests, an_array_is_zeroed_and_aligned);
    tcase_add_test(tests, impossible_arrays_are_refused);
    tcase_add_test(tests, a_typed_pointer_is_null_for_another_dtype);
    tcase_add_test(tests, dtypes_have_names_and_sizes);
    tcase_add_test(tests, the_last_user_of_an_array_frees_it);
    tcase_add_test(tests, a_value_is_made_of_anything);
    tcase_add_test(tests, a_reader_of_another_kind_gives_nothing);
    tcase_add_test(tests, members_are_read_by_place_and_key);
    tcase_add_test(tests, elements_of_a_1d_array_are_scalars);
}

int main(void)
{
    TCase *tests = tcase_create("values");
    add_values(tests);
    tcase_add_test(tests, values_print_as_the_api_says);
    tcase_add_test(tests, the_programs_locale_changes_no_number);
    tcase_add_test(tests, dictionaries_print_their_keys);
    tcase_add_test(tests, over_a_thousand_members_the_middle_is_left_out);
    tcase_add_test(tests, memory_of_an_arena_is_aligned_and_apart);
    tcase_add_test(tests, an_arena_lets_its_arrays_go);
    tcase_add_test(tests, a_copy_holds_all_that_the_value_held);
    tcase_add_test(tests, names_are_bound_and_removed);
    tcase_add_test(tests, a_name_owns_its_value);
    tcase_add_test(tests, the_widest_range_is_counted);
    tcase_add_test(tests, a_zip_is_as_long_as_its_shortest_sequence);
    return run_suite("values", tests);
}
