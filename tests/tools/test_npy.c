//  .npy files: what is written is read again, files of NumPy's in both orders and byte
//  orders too, and each cut or odd one is refused in a sentence.
#include "tools/npy.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/common/run_suite.h"
#include "tests/tools/place.h"

#define HEADER(type, order, shape)                                                         \
    "{'descr': '" type "', 'fortran_order': " order ", 'shape': " shape ", }\n"

static place_t place; // one for each test, which has its own process
static char *const path = place.path;

static void make_folder(void)
{
    place_make(&place, "a.npy");
}

static void remove_folder(void)
{
    place_remove(&place);
}

static void write_bytes(const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

//  Writes a file of version 1.0; gives its size.
static size_t write_file(const char *header, const void *data, size_t size)
{
    unsigned char bytes[1024] = "\x93NUMPY\x01";
    const size_t length = strlen(header);
    bytes[8] = (unsigned char) length;
    memcpy(bytes + 10, header, length);
    memcpy(bytes + 10 + length, data, size);
    write_bytes(bytes, 10 + length + size);
    return 10 + length + size;
}

static void refused(const char *text)
{
    ipc_error_t error;
    ck_assert_ptr_null(npy_read(path, &error));
    ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    ck_assert_msg(strstr(error.text, text) != NULL, "'%s' is not in: %s", text, error.text);
    ck_assert_ptr_nonnull(strstr(error.text, path));
}

START_TEST(every_dtype_and_shape_comes_back)
{
    static const size_t shape[] = {3, 4, 5};
    for (ipc_dtype_t dtype = 0; dtype < IPC_DTYPE_COUNT; dtype++)
        for (int ndim = 1; ndim <= 3; ndim++) {
            ipc_array_t *array = ipc_array_new(dtype, ndim, shape, NULL);
            unsigned char *bytes = ipc_array_data(array);
            for (size_t i = 0; i < ipc_array_size(array); i++)
                bytes[i] = dtype == IPC_BOOL ? i % 2 : (unsigned char) (i * 7 % 64);
            ck_assert_int_eq(npy_write(path, array, NULL), 0);
            ipc_array_t *again = npy_read(path, NULL);
            ck_assert_ptr_nonnull(again);
            ck_assert_int_eq(ipc_array_dtype(again), dtype);
            ck_assert_int_eq(ipc_array_ndim(again), ndim);
            ck_assert_mem_eq(ipc_array_shape(again), shape, (size_t) ndim * sizeof *shape);
            ck_assert_mem_eq(ipc_array_data(again), bytes, ipc_array_size(array));
            ipc_array_destroy(&again);
            ipc_array_destroy(&array);
        }
}
END_TEST

//  The first index runs fastest: element (r, c) of 2 x 3 is number r + 2 c of the file.
START_TEST(fortran_order_and_the_other_byte_order_are_read)
{
    static const unsigned char data[] = {0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 1, 0};
    static const uint16_t wanted[] = {1, 3, 5, 2, 4, 256};
    write_file(HEADER(">u2", "True", "(2, 3)"), data, sizeof data);
    ipc_array_t *array = npy_read(path, NULL);
    ck_assert_ptr_nonnull(array);
    ck_assert_mem_eq(ipc_array_u16(array), wanted, sizeof wanted);
    ipc_array_destroy(&array);
}
END_TEST

START_TEST(versions_2_and_3_are_read)
{
    static const char header[] = HEADER("|u1", "False", "(2,)");
    for (char version = 2; version <= 3; version++) {
        unsigned char bytes[256] = "\x93NUMPY";
        bytes[6] = (unsigned char) version;
        bytes[8] = sizeof header - 1;
        memcpy(bytes + 12, header, sizeof header - 1);
        bytes[12 + sizeof header - 1] = 9;
        write_bytes(bytes, 12 + sizeof header - 1 + 2);
        ipc_array_t *array = npy_read(path, NULL);
        ck_assert_ptr_nonnull(array);
        ck_assert_uint_eq(ipc_array_u8(array)[0], 9);
        ipc_array_destroy(&array);
    }
}
END_TEST

START_TEST(every_cut_file_is_refused)
{
    char data[16] = {0}, bytes[512];
    const size_t size = write_file(HEADER("<f8", "False", "(2,)"), data, sizeof data);
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fread(bytes, 1, size, file), size);
    fclose(file);
    for (size_t cut = 0; cut < size; cut++) {
        write_bytes(bytes, cut);
        refused("it ends within its");
    }
    bytes[size] = 0;
    write_bytes(bytes, size + 1);
    refused("something stands behind its numbers");
}
END_TEST

//  Every byte of a header, changed in every bit: a plain array, or a sentence; never harm.
START_TEST(every_changed_bit_is_read_or_refused)
{
    char data[16] = {0}, bytes[512];
    const size_t size = write_file(HEADER("<f8", "False", "(2,)"), data, sizeof data);
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fread(bytes, 1, size, file), size);
    fclose(file);
    size_t refusals = 0;
    for (size_t bit = 0; bit < 8 * (size - sizeof data); bit++) {
        bytes[bit / 8] ^= (char) (1 << bit % 8);
        write_bytes(bytes, size);
        bytes[bit / 8] ^= (char) (1 << bit % 8);
        ipc_error_t error = {0};
        ipc_array_t *array = npy_read(path, &error);
        ck_assert(array ? ipc_array_size(array) == sizeof data : error.text[0] != 0);
        refusals += !array;
        ipc_array_destroy(&array);
    }
    ck_assert_uint_gt(refusals, 400);
}
END_TEST

START_TEST(odd_headers_are_refused_in_a_sentence)
{
    static const struct {
        const char *header, *text;
    } odd[] = {
        {HEADER("<f2", "False", "(8,)"), "'<f2'"},
        {HEADER("<U4", "False", "(1,)"), "astype"},
        {HEADER("|f8", "False", "(2,)"), "'|f8'"},
        {HEADER("<f8", "False", "(2)"), "one plain array"},
        {HEADER("<f8", "False", "(-2,)"), "one plain array"},
        {HEADER("<f8", "False", "(2 1)"), "one plain array"},
        {HEADER("<f8", "maybe", "(2,)"), "one plain array"},
        {HEADER("<f8", "False", "()"), "single number"},
        {HEADER("<f8", "False", "(0, 2)"), "no numbers"},
        {HEADER("<f8", "False", "(4294967296, 4294967296, 2)"), "any memory"},
        {HEADER("<f8", "False", "(99999999999999999999,)"), "one plain array"},
        {HEADER("<f8", "False", "(1, 1, 1, 1, 1, 1, 1, 1, 2)"), "one plain array"},
        {HEADER("<f8", "False", "(3,)"), "within its numbers"},
        {"{'descr': '<f8', 'fortran_order': False}", "one plain array"},
        {"{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (2,)}",
         "plain"},
        {"{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': (2,)}", "plain"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,)} x", "one plain array"},
        {"{'descr': '', 'fortran_order': False, 'shape': (2,)}", "one plain array"},
        {"", "one plain array"},
    };
    char data[16] = {0};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        write_file(odd[i].header, data, sizeof data);
        refused(odd[i].text);
    }
    write_file(HEADER("|b1", "False", "(2,)"), "\1\2", 2);
    refused("neither 0 nor 1");
    write_bytes("\x93NUMPX\1\0\0\0", 10);
    refused("does not begin");
    write_bytes("\x93NUMPY\7\0\0\0", 10);
    refused("version");
    write_bytes("\x93NUMPY\2\0\xff\xff\xff\xff", 12);
    refused("longer");
}
END_TEST

START_TEST(files_that_cannot_be_had_say_why)
{
    ipc_error_t error;
    ck_assert_ptr_null(npy_read("/nowhere/a.npy", &error));
    ck_assert_int_eq(error.code, IPC_E_SYSTEM);
    ck_assert_ptr_null(npy_read("/tmp", &error));
    ck_assert_int_eq(error.code, IPC_E_SYSTEM);
    ipc_array_t *array = ipc_array_new(IPC_F64, 1, (size_t[]){4}, NULL);
    ck_assert_int_eq(npy_write("/nowhere/a.npy", array, &error), -1);
    ck_assert_int_eq(npy_write("/dev/full", array, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_SYSTEM);
    ck_assert_ptr_nonnull(strstr(error.text, "No space left"));
    ipc_array_destroy(&array);
}
END_TEST

//  NumPy reads what we write, and we read what it writes; where there is a NumPy.
START_TEST(numpy_agrees)
{
    char command[512];
    if (system("python3 -c 'import numpy' 2>/dev/null") != 0)
        return;
    ipc_array_t *array = ipc_array_new(IPC_F32, 2, (size_t[]){2, 3}, NULL);
    for (int i = 0; i < 6; i++) ipc_array_f32(array)[i] = (float) i / 4;
    ck_assert_int_eq(npy_write(path, array, NULL), 0);
    snprintf(
        command, sizeof command,
        "python3 -c 'import numpy as np; a = np.load(\"%s\"); assert a.dtype == \"f4\" "
        "and (a == np.arange(6).reshape(2, 3) / 4).all(); "
        "np.save(\"%s\", np.asfortranarray(a.astype(\">f8\")))'",
        path, path);
    ck_assert_int_eq(system(command), 0);
    ipc_array_t *again = npy_read(path, NULL);
    ck_assert_ptr_nonnull(again);
    for (int i = 0; i < 6; i++) ck_assert_double_eq(ipc_array_f64(again)[i], i / 4.0);
    ipc_array_destroy(&again);
    ipc_array_destroy(&array);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("npy");
    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_test(tests, every_dtype_and_shape_comes_back);
    tcase_add_test(tests, fortran_order_and_the_other_byte_order_are_read);
    tcase_add_test(tests, versions_2_and_3_are_read);
    tcase_add_test(tests, every_cut_file_is_refused);
    tcase_add_test(tests, every_changed_bit_is_read_or_refused);
    tcase_add_test(tests, odd_headers_are_refused_in_a_sentence);
    tcase_add_test(tests, files_that_cannot_be_had_say_why);
    tcase_add_test(tests, numpy_agrees);
    tcase_set_timeout(tests, 60);
    return run_suite("npy", tests);
}
